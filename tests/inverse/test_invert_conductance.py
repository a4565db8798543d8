"""Measured conductances back to their spectral functions, with right models of the junction and with wrong ones."""

import json
import warnings

import numpy as np
import pytest

from diffeliash import (
    ComplexGap,
    DensityOfStates,
    DifferentialConductance,
    InputError,
    Spectrum,
    continue_gap,
    differential_conductance,
    invert,
    invert_many,
    read_conductance,
    solve_gap,
    solve_tc,
)
from diffeliash.units import BOLTZMANN

from ..conftest import shared

N, T, BROADENING, MU_STAR, OFFSET, RMS = 64, 2.0, 0.3, 0.12, 0.05, 0.3
OMEGA = 10.0 * np.arange(1, N + 1) / N
A2F = 0.9 * np.exp(-(((OMEGA - 3.2) / 0.8) ** 2)) + 1.1 * np.exp(-(((OMEGA - 7.0) / 0.6) ** 2))
A2F[-1] = 0.0
CUTOFFS = {"omega_c": 100.0, "matsubara_cutoff": 220.0}
BIAS = np.concatenate([-np.linspace(0.2, 22.0, 60)[::-1], np.linspace(0.3, 30.0, 120)])
NOISE = 5e-4 * np.random.default_rng(0).normal(size=BIAS.size)
CURVED = 1.02 + 1e-3 * BIAS - 3e-5 * BIAS**2
KNOWN = {
    "T": T, "broadening": BROADENING, "mu_star": MU_STAR, "offset": OFFSET, "omega_max": 10.0, "n_points": N,
    "observable": DifferentialConductance(modulation=RMS),
}  # fmt: skip
FITTED = dict.fromkeys(("broadening", "mu_star", "scale", "offset"))


@pytest.fixture(scope="module")
def curve():
    """The conductance of the junction, without noise, by the public functions."""
    spectrum = Spectrum(OMEGA, A2F)
    sol = solve_gap(spectrum, T, mu_star=MU_STAR, **CUTOFFS)
    at = np.abs(BIAS - OFFSET)
    energies = np.union1d(np.linspace(0.0, 36.0, 361), at)
    real = continue_gap(sol, spectrum, energies, broadening=BROADENING)
    return np.asarray(differential_conductance(real, T, RMS))[np.searchsorted(energies, at)]


def within(pair, truth, most):
    """Whether a value is that of the truth within four standard deviations, which are smaller than `most`."""
    value, std = pair
    assert 0 < std < most
    assert abs(value - truth) < 4 * std


@pytest.mark.slow
def test_everything_about_the_junction_is_found(curve):
    found = invert(BIAS, CURVED * curve + NOISE, **KNOWN | FITTED)
    assert found.ok
    assert found.notes == []
    spectrum = Spectrum(OMEGA, A2F)
    within(found.lambda_ep, float(spectrum.lambda_ep), 0.02)
    within(found.T_c, float(solve_tc(spectrum, mu_star=MU_STAR, **CUTOFFS)), 0.01)
    within((found.mu_star, found.mu_star_std), MU_STAR, 0.01)
    for pair, truth, most in (
        (found.broadening, BROADENING, 5e-3),
        (found.scale, 1.02, 5e-4),
        (found.slope, 1e-3, 2e-5),
        (found.curvature, -3e-5, 2e-6),
        (found.offset, OFFSET, 2e-3),
    ):
        within(pair, truth, most)
    assert found.noise == pytest.approx(5e-4, rel=0.15)
    np.testing.assert_allclose(found.parameter_samples["mu_star"], found.mu_star_samples)
    assert found.conditions.broadening == found.parameters.broadening


@pytest.mark.slow
def test_large_errors_of_the_normal_state_are_a_fitted_normalization(curve):
    """Shared errors far larger than the noise leave the same data to a2F as a fitted parabola."""
    rows = 0.05 * curve * np.stack([np.ones_like(BIAS), BIAS / 30, (BIAS / 30) ** 2])
    data = CURVED * curve + NOISE
    shared_errors = invert(BIAS, data, systematic_errors=rows, noise=5e-4, **KNOWN)
    fitted = invert(BIAS, data, noise=5e-4, **KNOWN | {"scale": None})
    assert shared_errors.ok
    assert fitted.ok
    for name in ("lambda_ep", "T_c", "omega_log"):
        (value, std), (other, other_std) = getattr(shared_errors, name), getattr(fitted, name)
        assert std == pytest.approx(other_std, rel=0.3)
        assert abs(value - other) < 0.5 * other_std
    without = invert(BIAS, data, noise=5e-4, **KNOWN)
    assert not without.ok


def test_the_right_model_passes_and_is_the_same_in_a_batch(curve):
    rows = np.stack([curve + NOISE, np.full(BIAS.size, np.nan)])
    one, invalid = invert_many(BIAS, rows, **KNOWN)
    assert one.ok
    assert one.notes == []
    assert one.broadening is one.scale is one.slope is one.curvature is one.offset is None
    assert one.mu_star_std == 0
    within(one.lambda_ep, float(Spectrum(OMEGA, A2F).lambda_ep), 0.02)
    assert not invalid.ok
    assert not invalid.converged
    alone = invert(BIAS, rows[0], **KNOWN)
    np.testing.assert_allclose(alone.a2f, one.a2f, rtol=0, atol=1e-9)
    np.testing.assert_allclose(alone.a2f_std, one.a2f_std, rtol=1e-6)


BAD = 0.02 * (np.arange(BIAS.size) == 100)

WRONG = {
    "mu_star": ({"mu_star": 0.2}, lambda G: G, -0.08, "contradict mu* = 0.2"),
    "scale": ({}, lambda G: 1.02 * G, 0.02, "contradict the normalization"),
    "slope": ({}, lambda G: (1 + 1e-3 * BIAS) * G, 1e-3, "per meV): fit it with --fit-scale"),
    "offset": ({"offset": 0.0}, lambda G: G, OFFSET, "the zero of the bias is displaced"),
}  # fmt: skip
"""For each wrong condition the arguments, the data, the correction that they need, and words of the note."""

WRONG_WITH_OTHER_PROGRAMS = {
    "temperature": ({"T": 1.7}, lambda G: G, 0.3, "contradict the temperature of 1.7 K"),
    "broadening": ({"broadening": 0.36}, lambda G: G, -0.06, "contradict the broadening of 0.36 meV"),
    "modulation": (
        {"observable": DifferentialConductance()}, lambda G: G, RMS**2 / 2, "contradict the modulation",
    ),
}  # fmt: skip


def check_wrong(curve, name, case):
    arguments, data, correction, words = case
    found = invert(BIAS, data(curve) + NOISE, **KNOWN | arguments)
    assert found.converged
    assert not found.ok
    assert any(words in note for note in found.notes)
    change, std = found.tests.corrections[name]
    assert abs(change - correction) < 4 * std < abs(change)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_named(curve, name):
    check_wrong(curve, name, WRONG[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG_WITH_OTHER_PROGRAMS)
def test_another_wrong_model_is_named(curve, name):
    check_wrong(curve, name, WRONG_WITH_OTHER_PROGRAMS[name])


def test_the_error_bars_allow_for_a_doubtful_mu_star(curve):
    """They are nearly those of a fit of mu* where the data doubt the given one, and narrower where they do not."""
    data, truth = curve + NOISE, float(Spectrum(OMEGA, A2F).lambda_ep)
    right, fitted = (invert(BIAS, data, **KNOWN | {"mu_star": mu_star}) for mu_star in (MU_STAR, None))
    given = fitted.mu_star + 2.5 * fitted.mu_star_std
    doubted = invert(BIAS, data, **KNOWN | {"mu_star": given})
    assert doubted.ok
    assert 0.5 * abs(given - MU_STAR) < doubted.tests.doubtful["mu_star"] < 2 * abs(given - MU_STAR)
    assert doubted.lambda_ep[1] > 1.5 * right.lambda_ep[1]
    assert abs(doubted.lambda_ep[0] - truth) < 2.5 * doubted.lambda_ep[1]
    assert any("would rather have another mu*" in note for note in doubted.notes)
    assert (doubted.mu_star, doubted.mu_star_std) == (given, 0.0)
    assert np.std(doubted.mu_star_samples) == pytest.approx(doubted.tests.doubtful["mu_star"], rel=0.2)
    assert np.std(right.mu_star_samples) < 0.5 * np.std(doubted.mu_star_samples)


def test_one_bad_point_is_named(curve):
    found = invert(BIAS, curve + NOISE + BAD, **KNOWN)
    assert not found.ok
    assert any(f"the point at {BIAS[100]:.4g} meV deviates by" in note for note in found.notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mu_star", "scale", "offset"])
def test_a_wrong_model_is_named_where_everything_else_is_fitted(curve, name):
    value, words = {
        "mu_star": (0.2, "contradict mu*"),
        "scale": (1.0, "contradict the normalization"),
        "offset": (0.0, "displaced"),
    }[name]
    found = invert(BIAS, CURVED * curve + NOISE, **KNOWN | FITTED | {name: value})
    assert not found.ok
    assert any(words in note for note in found.notes)


@pytest.mark.slow
def test_a_batch_with_a_fitted_broadening(curve):
    rows = np.stack([curve + NOISE, curve + NOISE[::-1]])
    arguments = KNOWN | {"broadening": None}
    many = invert_many(BIAS, rows, **arguments)
    for number, row in enumerate(rows):
        alone = invert(BIAS, row, **arguments, seed=number)
        assert alone.ok
        assert many[number].ok
        assert many[number].parameters.broadening == pytest.approx(
            alone.parameters.broadening, abs=0.1 * alone.broadening[1]
        )
        np.testing.assert_allclose(many[number].a2f, alone.a2f, rtol=0, atol=0.1 * np.max(alone.a2f_std))


@pytest.mark.parametrize("arguments", [{}, FITTED])
def test_a_normal_metal_is_not_determined(arguments):
    found = invert(BIAS, 1 + (CURVED - 1) * bool(arguments) + NOISE, **KNOWN | arguments)
    assert not found.determined
    assert not found.ok
    assert "normal metal" in found.notes[0]
    assert found.tests is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scale": 0.0}, "`scale` must be positive"),
        ({"scale": float("nan")}, "`scale` must be positive"),
        ({"offset": float("inf")}, "`offset` must be finite"),
        ({"T": 300.0}, "check the unit of the energies"),
        ({"systematic_errors": np.zeros((2, 3))}, "`systematic_errors` must have one row for each error"),
        ({"systematic_errors": np.full((1, BIAS.size), np.nan)}, "`systematic_errors` must be finite"),
        ({"broadening": 0.0}, "`broadening` must be positive"),
        ({"observable": ComplexGap()}, "`measured` must be complex.*`scale` and `offset` are for"),
    ],
)
def test_what_is_wrong_is_said_at_once(curve, arguments, words):
    with pytest.raises(InputError, match=words):
        invert(BIAS, curve, **KNOWN | arguments)


def test_a_negative_conductance_is_refused(curve):
    with pytest.raises(InputError, match="`measured` must not be negative"):
        invert(BIAS, curve - 1.0, **KNOWN)


@pytest.mark.slow
def test_a_density_of_states_at_both_signs_with_an_offset(curve):
    spectrum = Spectrum(OMEGA, A2F)
    sol = solve_gap(spectrum, T, mu_star=MU_STAR, **CUTOFFS)
    at = np.abs(BIAS - OFFSET)
    real = continue_gap(sol, spectrum, np.sort(at), broadening=BROADENING)
    dos = 1.02 * np.asarray(real.dos)[np.argsort(np.argsort(at))]
    arguments = KNOWN | {"observable": DensityOfStates(), "offset": None, "scale": None}
    found = invert(BIAS, dos + NOISE, **arguments)
    assert found.ok
    within(found.offset, OFFSET, 2e-3)
    within(found.scale, 1.02, 5e-4)
    within(found.lambda_ep, float(spectrum.lambda_ep), 0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "normal", "end"),
    [("pb_1.2K_normalised", None, None), ("pb_4.2K_raw", "pb_normal_raw.txt", 10.1)],
)
def test_a_curve_as_an_experimentalist_has_it(name, normal, end):
    truth = json.loads(shared("measured", "truth.json").read_text())[f"public/{name}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the notices about the file, of which other tests ask
        file = read_conductance(shared("measured", f"{name}.txt"), normal=normal and shared("measured", normal))
    found = invert(
        file.omega, file.conductance, T=truth["T_K"], noise=file.errors, observable=DifferentialConductance(),
        broadening=None, mu_star=None, scale=None if normal else 1.0, omega_max=end,
    )  # fmt: skip
    assert found.ok
    assert found.conditions.omega_max == pytest.approx(truth["omega_max_meV"], rel=0.15)
    assert found.T_c[0] == pytest.approx(truth["T_c_K"], rel=3e-3)
    assert found.lambda_ep[0] == pytest.approx(truth["lambda_ep"], rel=0.02)
    assert found.mu_star == pytest.approx(truth["mu_star"], abs=3e-3)
    assert found.broadening[0] == pytest.approx(truth["broadening_meV"], rel=0.1)
    assert found.noise == pytest.approx(truth["noise"], rel=0.2)
    assert any("the end of a2F was not stated" in note for note in found.notes) is (end is None)


@pytest.mark.slow
def test_a_curve_that_begins_above_the_gap_leaves_low_energies_open(curve):
    """The gap shows what a2F is at low energies; without it, lambda is far less certain."""
    above = BIAS > 5.0
    found = invert(BIAS[above], (curve + NOISE)[above], **KNOWN)
    whole = invert(BIAS, curve + NOISE, **KNOWN)
    assert found.ok
    assert whole.unseen_below == 0
    gap = float(solve_gap(Spectrum(OMEGA, A2F), T, mu_star=MU_STAR, **CUTOFFS).Delta[0])
    width = 3.52549 * BOLTZMANN * T + RMS + BROADENING
    assert found.unseen_below == pytest.approx(np.min(BIAS[above]) - gap - width, rel=0.1)
    assert any("do not show a2F below" in note for note in found.notes)
    assert found.lambda_ep[1] > 3 * whole.lambda_ep[1]
    within(found.lambda_ep, float(Spectrum(OMEGA, A2F).lambda_ep), 0.8)
