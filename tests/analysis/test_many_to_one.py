"""Pairs of spectra whose difference, and that of their gap functions, is known."""

import numpy as np
import pytest

from diffeliash import Pade, Spectrum, continue_gap
from diffeliash.analysis import many_to_one
from diffeliash.models import Setting
from diffeliash.training import solve_gaps

from ..cases import gaussian_peak

SETTING = Setting(
    omega_max=10.0, n_points=100, n_energies=30, T=1.16, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0,
    broadening=0.1,
)  # fmt: skip
PEAK = np.asarray(gaussian_peak(1.3).a2f)
A2F = np.interp(SETTING.omega, np.asarray(gaussian_peak(1.3).omega), PEAK)


def gap_function(a2f, method):
    spectrum = Spectrum(SETTING.omega, a2f)
    sol = SETTING.solve(spectrum)
    return np.asarray(continue_gap(sol, spectrum, SETTING.omega_real, broadening=0.1, method=method).Delta)


def test_known_differences():
    """The same spectrum; a multiple of it, which no correlation sees; half of it moved; one without a gap function."""
    moved = np.where(SETTING.omega > 5, 0.5, 1.0) * A2F
    other = np.stack([A2F, 1.2 * A2F, moved, 0 * A2F + 1e-3])
    Delta = solve_gaps(SETTING, A2F[None, :]).Delta
    found = many_to_one(SETTING, np.tile(A2F, (4, 1)), np.tile(Delta, (4, 1)), other)
    expected = 1 - np.corrcoef(A2F, moved)[0, 1]
    np.testing.assert_allclose(found.df[:3], [0, 0, expected], atol=1e-12)
    np.testing.assert_array_equal(found.comparable, [True, True, True, False])
    assert found.dg[0] == pytest.approx(0, abs=1e-12)
    other_gap = solve_gaps(SETTING, other[1:2]).Delta[0]
    parts = [np.concatenate([values.real, values.imag]) for values in (Delta[0], other_gap)]
    assert found.dg[1] == pytest.approx(1 - np.corrcoef(*parts)[0, 1]) != 0
    assert found.df_mean[0] == pytest.approx(expected / 3)
    assert found.df_mean[1] == pytest.approx(np.std([0, 0, expected]) / np.sqrt(3))
    np.testing.assert_array_equal(np.isnan(found.recomputed[:, 0]), ~found.comparable)


@pytest.mark.slow
def test_gap_functions_are_those_of_one_spectrum():
    many = solve_gaps(SETTING, np.stack([A2F, 1.1 * A2F]), method=Pade(8), largest_error=np.inf)
    assert np.all(many.ok)
    for found, factor in zip(many.Delta, (1, 1.1), strict=True):
        # few points: with all of them the approximant blows up the last digit of its input
        np.testing.assert_allclose(found, gap_function(factor * A2F, Pade(8)), atol=1e-5)
    normal = solve_gaps(SETTING, 0.01 * A2F[None, :], method=Pade(8))
    assert (normal.converged[0], normal.superconducting[0], normal.ok[0]) == (True, False, False)
    strict = solve_gaps(SETTING, A2F[None, :], method=Pade(8), largest_error=0.0)
    assert not strict.ok[0]
