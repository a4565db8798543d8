"""Measured functions back to their spectral functions, with error bars, against spectra that are known."""

import dataclasses

import jax
import numpy as np
import optimistix as optx
import pytest
import scipy.stats

from diffeliash import (
    ComplexFamily,
    ComplexGap,
    DensityOfStates,
    GapModulus,
    GenerateConfig,
    InputError,
    RealGap,
    Spectrum,
    continue_gap,
    invert,
    invert_many,
    resolution,
    solve_gap,
    solve_tc,
)
from diffeliash.data.generation._sample_record import sample_key
from diffeliash.inverse._model_tests import largest_consistent_chi2
from diffeliash.inverse.linear._gap_from_dos import gap_from_dos
from diffeliash.inverse.nonlinear._forward_model import Conditions, forward_model
from diffeliash.inverse.nonlinear._gauss_newton import Measurement, gauss_newton
from diffeliash.inverse.nonlinear._smoothness_prior import Prior
from diffeliash.models import Setting

from ..conftest import rest_slow

N = 64
OMEGA = 10.0 * np.arange(1, N + 1) / N
A2F = 0.9 * np.exp(-(((OMEGA - 3.2) / 0.8) ** 2)) + 1.1 * np.exp(-(((OMEGA - 7.0) / 0.6) ** 2))
A2F[-1] = 0.0
ENERGIES = np.linspace(0, 35, 141)
KNOWN = {"T": 3.0, "broadening": 0.3, "omega_max": 10.0, "n_points": N}
CUTOFFS = {"omega_c": 100.0, "matsubara_cutoff": 220.0}
CONDITIONS = Conditions(T=3.0, broadening=0.3, omega_max=10.0, **CUTOFFS)
NOISE = 1e-3
"""Of the largest value."""


@pytest.fixture(scope="module")
def real():
    """The gap function of the spectrum."""
    spectrum = Spectrum(OMEGA, A2F)
    sol = solve_gap(spectrum, 3.0)
    assert 0.5 < float(sol.Delta[0]) < 2
    return continue_gap(sol, spectrum, ENERGIES, broadening=0.3)


@pytest.fixture(scope="module")
def Delta(real):
    return np.asarray(real.Delta)


@pytest.fixture(scope="module")
def size(Delta):
    return NOISE * float(np.max(np.abs(Delta)))


def with_noise(Delta, size, seed):
    rng = np.random.default_rng(seed)
    return Delta + size * (rng.normal(size=Delta.shape) + 1j * rng.normal(size=Delta.shape))


@pytest.fixture(scope="module")
def batch(Delta, size):
    """Inversions of four noisy copies, one of them invalid, one of a normal metal."""
    rows = np.stack([with_noise(Delta, size, seed) for seed in range(4)])
    rows[2, 5] = np.nan
    rows[3] = with_noise(np.zeros_like(Delta), size, 9)
    counts = []
    found = invert_many(ENERGIES, rows, **KNOWN, noise=size, progress=counts.append)
    assert counts == [1, 2, 3, 4]
    return rows, found


def unlike(found, expected=A2F):
    return 1 - np.corrcoef(found, expected)[0, 1]


@pytest.mark.parametrize(("factor", "consistent"), [(0.99, True), (1.01, False)])
def test_the_verdict_changes_at_the_largest_consistent_chi2(batch, factor, consistent):
    one = batch[1][0]
    n_dof = one.values.size - one.n_resolved
    found = dataclasses.replace(one, chi2=factor * largest_consistent_chi2(n_dof) * n_dof / one.values.size)
    assert (found.consistent, found.ok) == (consistent, consistent)
    assert any("chi^2/N" in note for note in found.notes) is not consistent


def test_the_largest_consistent_chi2_is_that_of_noise():
    assert largest_consistent_chi2(10**6) == 1.2
    assert 0.995 < scipy.stats.chi2.cdf(50 * largest_consistent_chi2(50), 50) < 0.9999


def test_noise_down_to_which_it_goes(batch, size):
    for one in batch[1][:2]:
        assert one.converged
        assert one.consistent
        assert one.determined
        assert 0.8 < one.chi2 < 1.2
        assert unlike(one.a2f) < 2e-3
        assert one.noise == size
        assert np.min(one.a2f) == 0
        assert one.a2f[-1] == 0
        np.testing.assert_allclose(one.omega, OMEGA)
        there = A2F > 0.1  # where there is nothing, nothing is found
        # 0.45 over many draws: this spectrum is smoother than those that the prior expects
        assert 0.2 < np.sqrt(np.mean((one.a2f - A2F)[there] ** 2 / one.a2f_std[there] ** 2)) < 1.2


@pytest.mark.slow
def test_moments_with_their_errors(batch):
    spectrum = Spectrum(OMEGA, A2F)
    T_c = float(solve_tc(spectrum))
    for one in batch[1][:2]:
        for found, exact in (
            (one.lambda_ep, spectrum.lambda_ep),
            (one.omega_log, spectrum.omega_log),
            (one.omega_2, spectrum.omega_2),
            (one.T_c, T_c),
        ):
            assert 0 < found[1] < 0.05 * exact
            assert abs(found[0] - exact) < 4 * found[1]


def test_error_of_tc_is_that_of_the_samples(batch):
    one = batch[1][0]
    direct = [float(solve_tc(Spectrum(one.omega, sample))) for sample in one.samples[::20]]
    assert 0.5 < np.std(direct) / one.T_c[1] < 2


def test_a_bad_row_harms_no_other(batch):
    rows, found = batch
    alone = invert(ENERGIES, rows[1], **KNOWN, noise=found[1].noise, seed=1)
    np.testing.assert_allclose(alone.a2f, found[1].a2f, atol=1e-10)
    np.testing.assert_allclose(alone.a2f_std, found[1].a2f_std, rtol=1e-6)
    assert not found[2].converged
    assert not found[2].determined
    assert not found[2].consistent


def test_a_normal_metal_is_answered_by_wide_bars(batch):
    one = batch[1][3]
    assert one.converged
    assert not one.determined
    assert one.n_resolved == 0
    assert np.all(one.a2f_std[4:-4] > 0.3 * one.a2f[4:-4])
    assert np.min(one.a2f_std[4:-4]) > np.max(A2F)
    assert one.lambda_ep[1] > 1


@pytest.mark.slow
def test_a_normal_metal_is_noticed_without_known_noise(Delta, size):
    found = invert(ENERGIES, with_noise(np.zeros_like(Delta), size, 3), **KNOWN)
    assert not found.determined
    assert np.min(found.a2f_std[4:-4]) > np.max(A2F)
    np.testing.assert_allclose(found.noise, size, rtol=0.1)
    nothing = invert(ENERGIES, np.zeros_like(Delta), **KNOWN)
    assert not nothing.determined


@pytest.mark.slow
def test_exact_data_give_back_the_spectrum(Delta):
    found = invert(ENERGIES, Delta, **KNOWN)
    assert found.converged
    assert unlike(found.a2f) < 1e-8
    assert found.noise < 1e-6 * np.max(np.abs(Delta))


def sample_of_a_data_set(number):
    """A spectrum of the default data set, what the solver finds for it, and what an inversion is told."""
    data = GenerateConfig()
    assert isinstance(data.family, ComplexFamily)
    setting = Setting(
        task="gap-to-a2f", n_energies=data.n_energies, T=data.T, mu_star=data.mu_star, broadening=data.broadening,
        omega_max=data.family.omega_max, n_points=data.family.n_points, **CUTOFFS,
    )  # fmt: skip
    a2f = np.asarray(data.family.sample_spectrum(sample_key(0, *divmod(number, data.shard_size))).a2f)
    known = {"T": data.T, "mu_star": data.mu_star, "broadening": data.broadening, "omega_max": setting.omega_max}
    spectrum = Spectrum(setting.omega, a2f)
    real = continue_gap(setting.solve(spectrum), spectrum, setting.omega_real, broadening=data.broadening)
    return spectrum, real, known | CUTOFFS


def unlike_on_a_grid(found, spectrum):
    return unlike(np.interp(spectrum.omega, np.append(0, found.omega), np.append(0, found.a2f)), spectrum.a2f)


@pytest.mark.slowest
def test_exact_data_at_weak_coupling():
    """What is left is structure finer than the points: errors as small as that must not be believed at once."""
    spectrum, real, known = sample_of_a_data_set(209)
    found = invert(np.asarray(real.omega), np.asarray(real.Delta), **known)
    assert found.converged
    assert unlike_on_a_grid(found, spectrum) < 1e-3


@pytest.mark.slowest
@pytest.mark.parametrize("number", [847, 1169])
def test_an_exact_density_of_states(number):
    """Where the first step would end at another minimum, did it follow the linear problem as far as that fits."""
    spectrum, real, known = sample_of_a_data_set(number)
    found = invert(np.asarray(real.omega), np.asarray(real.dos), **known, observable=DensityOfStates())
    assert found.consistent
    assert unlike_on_a_grid(found, spectrum) < 1e-3


@pytest.mark.slowest
@pytest.mark.parametrize("number", [18, 67, 72, 74, 88])
def test_a_narrow_peak_of_the_density_of_states(number):
    """At a gap of 2.4 to 3.2 meV, as wide as half the distance of the energies: where it is the start must know."""
    spectrum, real, known = sample_of_a_data_set(number)
    dos = np.asarray(real.dos) + 1e-3 * np.random.default_rng(0).normal(size=real.omega.size)
    found = invert(np.asarray(real.omega), dos, **known, noise=1e-3, observable=DensityOfStates())
    assert found.consistent
    assert unlike_on_a_grid(found, spectrum) < 0.15


@pytest.mark.slow
def test_noise_that_is_not_known(Delta, size):
    found = invert(ENERGIES, with_noise(Delta, size, 0), **KNOWN)
    assert 0.9 < found.noise / size < 1.1
    assert unlike(found.a2f) < 2e-3


@pytest.mark.slow
def test_noise_that_differs(Delta, size):
    """Energies that are not to be trusted do no harm if that is said."""
    sizes = np.where(ENERGIES > 15, 100 * size, size)
    found = invert(ENERGIES, with_noise(Delta, sizes, 0), **KNOWN, noise=sizes)
    assert 0.8 < found.chi2 < 1.2
    assert unlike(found.a2f) < 4e-3


def test_mu_star_is_found_too(Delta, size):
    found = invert(ENERGIES, with_noise(Delta, size, 0), **KNOWN, noise=size, mu_star=None)
    assert 0 < found.mu_star_std < 0.03
    assert abs(found.mu_star - 0.1) < 3 * found.mu_star_std
    assert unlike(found.a2f) < 2e-3
    np.testing.assert_allclose(np.std(found.mu_star_samples), found.mu_star_std)


@pytest.mark.slow
def test_density_of_states(real):
    dos = np.asarray(real.dos) + 1e-4 * np.random.default_rng(0).normal(size=ENERGIES.size)
    found = invert(ENERGIES, dos, **KNOWN, noise=1e-4, observable=DensityOfStates())
    assert found.consistent
    assert unlike(found.a2f) < 5e-3


@pytest.mark.slowest
@pytest.mark.parametrize(("observable", "part"), [(RealGap(), np.real), (GapModulus(), np.abs)])
def test_a_part_of_the_gap_function(Delta, size, observable, part):
    measured = part(Delta) + size * np.random.default_rng(0).normal(size=Delta.shape)
    found = invert(ENERGIES, measured, **KNOWN, noise=size, observable=observable)
    assert found.consistent
    assert unlike(found.a2f) < 5e-3


def test_observables(real, Delta):
    for observable, measured in (
        (ComplexGap(), Delta),
        (RealGap(), np.real(Delta)),
        (GapModulus(), np.abs(Delta)),
        (DensityOfStates(), np.asarray(real.dos)),
    ):
        values = observable.as_values(measured)
        np.testing.assert_allclose(observable(real), values)
        assert observable.in_normal_state(ENERGIES.size).shape == values.shape


def forward_of(observable, rtol):
    """One that an inversion above has compiled, too."""
    return forward_model(CONDITIONS, N, ENERGIES, observable, rtol, mu_star=0.1)


@pytest.mark.parametrize(("observable", "rtol"), rest_slow([(ComplexGap(), 1e-9), (DensityOfStates(), 1e-6)]))
def test_jacobian_matches_central_differences(observable, rtol):
    forward = forward_of(observable, rtol)
    forward = dataclasses.replace(forward, fitted=dataclasses.replace(forward.fitted, names=("mu_star",)))
    unknowns = np.append(0.1, A2F[:-1])
    exact = forward.jacobian_at(unknowns).unknowns
    for column, h in ((0, 1e-4), (20, 1e-5), (45, 1e-5)):
        step = h * (np.arange(N) == column)
        ahead, back = (forward.values_at(unknowns + s)[0] for s in (step, -step))
        expected = (ahead - back) / (2 * h)
        assert np.max(np.abs(expected)) > 0.01
        np.testing.assert_allclose(exact[:, column], expected, atol=1e-4 * np.max(np.abs(expected)))


@pytest.mark.slowest
def test_the_minimum_is_that_of_another_method(Delta, size, monkeypatch):
    """Of optimistix, from elsewhere, for one prior and a spectrum that no wall touches."""
    prior = Prior(strength=1e-2, correlation=0.0, onset=0.0, variance=1.0)
    monkeypatch.setattr("diffeliash.inverse.nonlinear._smoothness_prior.Evidence.best", property(lambda self: prior))
    a2f = 0.8 * np.sin(np.pi * OMEGA / 10)[:-1]
    forward = forward_of(ComplexGap(), 1e-9)
    values = forward.values_at(a2f)[0]
    measured = values + size * np.random.default_rng(0).normal(size=values.shape)
    measurement = Measurement(values=measured, errors=np.full(values.shape, size), known=True)
    found = gauss_newton(forward, measurement, 1.5 * a2f)
    assert found.converged
    assert np.min(found.unknowns) > 0

    def residual(x, _):
        variables = jax.numpy.concatenate([jax.numpy.array([0.1, 0.3, 0.0]), x])
        miss = (measured - forward.program._solve(variables, None, forward.program._plan)[0]) / size
        return jax.numpy.concatenate([miss, prior.root(N - 1) @ x])

    other = optx.least_squares(residual, optx.LevenbergMarquardt(1e-8, 1e-8), jax.numpy.asarray(1.2 * a2f)).value
    other = np.asarray(other)
    away = found.problem.with_prior(prior).length(found.unknowns - other) / np.sqrt(N - 1)
    assert away < 0.1  # standard deviations
    assert found.problem.with_prior(prior).length(other - a2f) / np.sqrt(N - 1) > 0.3


def test_gap_function_from_a_density_of_states():
    spectrum = Spectrum(OMEGA, A2F)
    sol, energies = solve_gap(spectrum, 3.0), np.linspace(0, 60, 601)
    real = continue_gap(sol, spectrum, energies, broadening=0.3)
    found = gap_from_dos(energies, np.asarray(real.dos), broadening=0.3)
    inside = energies < 20
    np.testing.assert_allclose(found[inside], np.asarray(real.Delta)[inside], atol=2e-3)


@pytest.mark.slow
def test_resolution():
    spectrum = Spectrum(OMEGA, A2F)
    fine, rough = (resolution(spectrum, 3.0, broadening=0.3, noise=noise, n_points=N) for noise in (1e-3, 3e-2))
    assert rough.n_resolved < fine.n_resolved < N
    assert np.median(rough.widths) > 1.2 * np.median(fine.widths)
    assert np.all(rough.std[2:-2] > fine.std[2:-2])
    middle = fine.kernels[10:-10]
    np.testing.assert_allclose(np.sum(middle, axis=1), 1, atol=0.1)
    assert np.all(np.diff(fine.singular_values) <= 0)
    # half of what the width of a kernel says lies within it
    i = 30
    near = np.abs(fine.omega - fine.omega[i]) < fine.widths[i]
    assert 0.6 < np.sum(fine.kernels[i][near]) < 1.4


@pytest.mark.slow
def test_bars_are_those_of_the_resolution(batch, size):
    """Where no wall is near, up to the strength that the data choose."""
    found = resolution(Spectrum(OMEGA, A2F), 3.0, broadening=0.3, noise=size, energies=ENERGIES, n_points=N)
    far = A2F[:-1] > 0.3
    ratio = batch[1][0].a2f_std[:-1][far] / found.std[far]
    assert 0.5 < np.median(ratio) < 2


def test_what_is_wrong_is_said_at_once():
    ok = np.zeros(141, dtype=complex)
    bad = KNOWN | {"T": -1.0, "mu_star": 3.0, "n_points": 2, "noise": -1.0}
    with pytest.raises(InputError, match=r"noise.*n_points.*`T`.*mu_star"):
        invert(ENERGIES, ok, **bad)
    for energies, measured, message in (
        (ENERGIES[::-1], ok, "ascending"),
        (ENERGIES - 1, ok, "negative"),
        (ENERGIES, ok[:-1], "one number for each energy"),
        (ENERGIES, ok.real, "complex"),
        (ENERGIES, ok + np.nan, "finite"),
        (ENERGIES[:4], ok[:4], "at least 8"),
    ):
        with pytest.raises(InputError, match=message):
            invert(energies, measured, **KNOWN)
    with pytest.raises(InputError, match="broadening"):
        invert(ENERGIES, ok, T=3.0, broadening=-0.1)
    for size, message in (
        ({"n_points": 10**9}, r"`n_points` must lie in \[8, 2048\]"),
        ({"n_samples": 10**9}, r"`n_samples` must lie in \[2, 100000\]"),
        ({"n_points": 2000, "n_samples": 90_000}, "2000 points with 90000 samples need a matrix of more than 4e"),
        ({"omega_max": 2e5}, "`omega_max` must be at most 100000 meV"),
    ):
        for call, rows in ((invert, ok), (invert_many, ok[None])):
            with pytest.raises(InputError, match=message):
                call(ENERGIES, rows, **KNOWN | size)
    for energies, message in (
        (np.append(ENERGIES[:-1], 1e12), "`omega` must not go beyond 100000 meV, got 1e"),
        (np.linspace(0, 35, 100_001), "`omega` must be at most 100000 energies"),
    ):
        with pytest.raises(InputError, match=message):
            invert(energies, np.ones(energies.size, complex), **KNOWN)
    for noise in (-1.0, float("nan")):
        for call, rows in ((invert, ok), (invert_many, ok[None])):
            with pytest.raises(InputError, match="`noise` must be positive"):
                call(ENERGIES, rows, **KNOWN, noise=noise)
    with pytest.raises(InputError, match="`systematic_errors` and `starts`"):
        invert_many(ENERGIES, ok[None], **KNOWN, noise=[1.0, 2.0])
    with pytest.raises(InputError, match="no gap at 300 K"):
        resolution(Spectrum(OMEGA, A2F), 300.0, noise=1e-3)


@pytest.mark.parametrize(
    ("value", "observable", "words"),
    [
        (1e300 + 0j, ComplexGap(), r"`measured` reaches 1e\+300 meV, more than 100000 meV"),
        (1e308 + 1e308j, ComplexGap(), r"`measured` reaches 1e\+308 meV"),
        (-1.1e5, RealGap(), r"`measured` reaches 1\.1e\+05 meV"),
        (2e6, DensityOfStates(), r"`measured` reaches 2e\+06, more than 1e\+06"),
    ],
)
def test_values_that_no_metal_has(value, observable, words):
    measured = np.append(np.ones(ENERGIES.size - 1), value)
    with pytest.raises(InputError, match=words):
        invert(ENERGIES, measured, T=3.0, broadening=0.3, observable=observable)
