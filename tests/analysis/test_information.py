"""Derivatives against differences, and limits against draws from the distribution they are for."""

import numpy as np
import pytest

from diffeliash import Spectrum, continue_gap
from diffeliash.analysis import expected_difference, family_spread, gap_jacobian, unexplained_by_mode

from ..conftest import rest_slow
from .test_many_to_one import A2F, SETTING


@pytest.mark.parametrize("axis", rest_slow(["imaginary", "real"]))
def test_derivative_of_the_gap_function(axis):
    def gap(a2f):
        spectrum = Spectrum(SETTING.omega, a2f)
        sol = SETTING.solve(spectrum)
        if axis == "imaginary":
            return np.asarray(sol.Delta)
        Delta = np.asarray(continue_gap(sol, spectrum, SETTING.omega_real, broadening=0.1).Delta)
        return np.concatenate([Delta.real, Delta.imag])

    change = A2F * np.cos(SETTING.omega)
    found = gap_jacobian(SETTING, A2F, axis=axis) @ change
    h = 1e-3
    expected = (gap(A2F + h * change) - gap(A2F - h * change)) / (2 * h)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.max(np.abs(expected)))


RNG = np.random.default_rng(3)
N = 40
SHAPES = RNG.normal(size=(6, N))
F = 3 * np.sin(np.arange(N)) + RNG.normal(size=N)
SHAPES[0] = F  # more or less of the same, which no correlation sees


def test_the_spread_of_a_family_is_a_root_of_its_covariance():
    spectra = 5 + RNG.normal(size=(300, 6)) @ SHAPES
    L = family_spread(spectra)
    assert L.shape[1] == 6
    np.testing.assert_allclose(L @ L.T, np.cov(spectra.T, bias=True), atol=1e-10)


def test_the_limit_is_what_the_best_estimate_leaves():
    """Small spread around F, so that 1 - PCC is what its leading order says; the best estimate is a linear one."""
    L, J, noise = 0.02 * SHAPES.T, RNG.normal(size=(9, N)), 0.3
    found = expected_difference(J, F, L, noise=noise)
    draws = RNG.normal(size=(20_000, 6)) @ L.T
    seen = draws @ J.T + noise * RNG.normal(size=(20_000, 9))
    C = L @ L.T
    best = seen @ np.linalg.solve(J @ C @ J.T + noise**2 * np.eye(9), J @ C)
    left = draws - best
    assert found.unexplained == pytest.approx(np.sum(left**2) / np.sum(draws**2), rel=0.02)
    differences = [1 - np.corrcoef(F, F + each)[0, 1] for each in left[:4000]]
    assert found.df == pytest.approx(np.mean(differences), rel=0.05)
    assert 0.01 < found.unexplained < 0.99


def test_rounding_errors_fix_nothing():
    """A derivative that sees one combination only, but for its last digits."""
    J = np.outer(RNG.normal(size=9), RNG.normal(size=N))
    assert np.linalg.matrix_rank(J) == 1
    assert np.linalg.svd(J @ SHAPES.T, compute_uv=False)[1] > 0
    assert expected_difference(J, F, SHAPES.T, noise=1e-30).n_resolved == 1


def test_limits_of_the_limit():
    L, J = SHAPES.T, np.eye(N)[:4]
    exact, blind = (expected_difference(J, F, L, noise=noise) for noise in (1e-9, 1e9))
    assert (exact.n_resolved, blind.n_resolved) == (4, 0)
    assert blind.unexplained == pytest.approx(1)
    assert 0 < exact.unexplained < 1  # four numbers do not fix six
    everything = expected_difference(np.eye(N), F, L, noise=1e-9)
    assert everything.n_resolved == 6
    assert everything.df == pytest.approx(0, abs=1e-15)


def test_modes_that_are_right_and_modes_that_are_not():
    """Three modes, of which the first is known, the second half known, and the third answered by its mean."""
    rng = np.random.default_rng(0)
    modes = np.linalg.qr(rng.normal(size=(50, 3)))[0].T
    numbers = rng.normal(size=(4000, 3)) * [3.0, 2.0, 1.0]
    answers = numbers * [1.0, 0.5, 0.0]
    spectra, instead = (7 + values @ modes for values in (numbers, answers))
    found = unexplained_by_mode(family_spread(spectra), spectra, instead, n_modes=3)
    np.testing.assert_allclose(found, [0, 0.25, 1], atol=0.01)
