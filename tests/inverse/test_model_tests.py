"""Tests of a model, with residuals of linear fits whose model is right or wrong in a known way."""

import dataclasses

import numpy as np
import pytest

from diffeliash import DifferentialConductance
from diffeliash.inverse._model_tests import Condition, Residuals, conditions_that_matter, run_model_tests
from diffeliash.inverse._scatter import noise_from_scatter
from diffeliash.inverse._settings import Settings
from diffeliash.inverse.nonlinear import Parameters
from diffeliash.units import BOLTZMANN

N, N_FITTED = 200, 10
ENERGIES = np.linspace(0.0, 20.0, N)
COLUMNS = np.cos(np.pi * np.arange(N_FITTED)[None, :] * ENERGIES[:, None] / 20.0)
PRIOR = 1e-3 * np.eye(N_FITTED)
FIXED = {"scale": np.exp(-(((ENERGIES - 5.0) / 0.5) ** 2)), "slope": ENERGIES * np.exp(-2 * ENERGIES)}
CONDITIONS = {
    "scale": Condition("scale ({change:+.3g})", "the scale is wrong ({change:+.3g} +- {error:.2g}).", 1e-4),
    "slope": Condition("slope ({change:+.3g})", "the slope is wrong ({change:+.3g} +- {error:.2g}).", 1e-4),
}


def noise(seed, n=N):
    return np.random.default_rng(seed).normal(size=n)


def fit(data):
    """The residuals of a least-squares fit to data of unit errors."""
    left = data - COLUMNS @ np.linalg.lstsq(COLUMNS, data)[0]
    return Residuals(ENERGIES, left, np.concatenate([COLUMNS, PRIOR]), FIXED, N_FITTED)


def judged(data, *, known=True, conditions=CONDITIONS):
    return run_model_tests(fit(data), None if known else noise_from_scatter(ENERGIES, data), conditions)


@pytest.mark.parametrize("known", [True, False])
def test_noise_passes(known):
    failed = [seed for seed in range(200) if judged(noise(seed), known=known).failures]
    assert len(failed) <= 4


def test_level_of_noise():
    found = judged(noise(0))
    left = fit(noise(0))
    assert found.misfit == pytest.approx(np.sqrt(np.sum(left.values**2) / (N - N_FITTED)))
    assert 0.9 < found.misfit < 1.1
    assert abs(found.correlation) < 4
    assert 2 < found.largest[0] < 4


def test_misfit_above_the_scatter_of_the_points():
    """A wave that the fit cannot follow, with hardly a correlation that sums of neighbors would show."""
    data = noise(1) + 1.5 * np.cos(np.pi * 30 * ENERGIES / 20.0)
    found = judged(data, known=False)
    assert found.misfit > 1.3
    assert any("times the scatter of" in failure for failure in found.failures)
    assert not any("times the scatter of" in failure for failure in judged(data).failures)


def test_correlated_residuals():
    shocks, data = noise(2), np.zeros(N)
    for i in range(1, N):
        data[i] = 0.8 * data[i - 1] + 0.6 * shocks[i]
    found = judged(data, conditions={})
    assert found.correlation > 4
    (failure,) = found.failures
    assert "correlated along the energy" in failure


def test_one_bad_point():
    found = judged(noise(3) + 11.0 * (np.arange(N) == 120), conditions={})
    assert found.largest[1] == ENERGIES[120]
    assert 7 < found.largest[0] < 13
    (failure,) = found.failures
    assert f"the point at {ENERGIES[120]:.4g} meV deviates by" in failure


def test_the_energy_of_a_bad_point_in_the_imaginary_part():
    values = np.concatenate([noise(3), noise(4) + 11.0 * (np.arange(N) == 120)])
    residuals = Residuals(ENERGIES, values, np.tile(COLUMNS, (2, 1)), {}, N_FITTED)
    assert len(residuals.curves) == 2
    assert run_model_tests(residuals, None, {}).largest[1] == ENERGIES[120]


@pytest.mark.parametrize("name", ["scale", "slope"])
@pytest.mark.parametrize("deviations", [8.0, -12.0])
def test_a_wrong_condition_is_found_with_its_size(name, deviations):
    """Size and error bar are those of a fit of the condition, too."""
    everything = np.column_stack([COLUMNS, FIXED[name]])
    error = np.sqrt(np.linalg.inv(everything.T @ everything)[-1, -1])
    data = noise(5) + deviations * error * FIXED[name]
    expected = np.linalg.lstsq(everything, data)[0][-1]
    found = judged(data)
    change, std = found.corrections[name]
    assert change == pytest.approx(expected, rel=1e-4)
    assert std == pytest.approx(error * found.misfit, rel=1e-4)
    assert abs(change - deviations * error) < 4 * std < abs(change)
    assert f"the {name} is wrong ({change:+.3g} +- {std:.2g})." in found.failures


def test_error_bars_of_corrections_are_right():
    found = [judged(noise(seed)).corrections["scale"] for seed in range(200)]
    assert 0.85 < np.std([change / std for change, std in found]) < 1.15


def test_a_condition_between_noise_and_contradiction_is_doubtful():
    """Allowed for is the excess of the correction over its own error."""
    for seed in range(20):
        change, error = judged(noise(seed) + 3.0 * FIXED["scale"] / np.linalg.norm(FIXED["scale"])).corrections["scale"]
        data = noise(seed) + 3.0 * FIXED["scale"] / np.linalg.norm(FIXED["scale"])
        found = judged(data, conditions={"scale": CONDITIONS["scale"]})
        if 2 < change / error < 4:
            assert found.doubtful == {"scale": pytest.approx(np.sqrt(change**2 - error**2))}
            (said,) = found.doubts
            assert f"would rather have another scale ({change:+.3g}): too little to contradict it" in said
            assert not found.failures
        else:
            assert found.doubtful == {}
            assert len(found.failures) == (change / error > 4)
    sensitive = {"scale": dataclasses.replace(CONDITIONS["scale"], doubtful=1.0)}
    doubted = [judged(noise(seed), conditions=sensitive) for seed in range(100)]
    assert 0.2 < np.mean([bool(each.doubtful) for each in doubted]) < 0.45
    assert sum(len(each.doubts) for each in doubted) <= 10


def test_negligible_corrections_and_those_that_a_fit_can_follow():
    data = noise(6) + 7.0 * FIXED["scale"]
    (wrong,) = [failure for failure in judged(data).failures if "scale is wrong" in failure]
    tolerant = CONDITIONS | {"scale": dataclasses.replace(CONDITIONS["scale"], negligible=20.0)}
    assert wrong not in judged(data, conditions=tolerant).failures
    residuals = fit(data)._replace(fixed={"scale": COLUMNS @ np.arange(10.0)})
    residuals = residuals._replace(columns=COLUMNS)
    assert run_model_tests(residuals, None, CONDITIONS).corrections == {}


def settings(**changes):
    known = {
        "omega": ENERGIES, "observable": DifferentialConductance(), "T": 4.0, "broadening": 0.1, "mu_star": 0.1,
        "scale": 1.0, "offset": 0.0, "omega_max": 10.0, "omega_c": None, "matsubara_cutoff": None, "n_points": 64,
        "n_samples": 200,
    }  # fmt: skip
    return Settings(**(known | changes))


def test_conditions_that_matter():
    found = conditions_that_matter(settings(), Parameters(mu_star=0.1, broadening=0.1))
    kT = BOLTZMANN * 4.0
    sizes = {
        "temperature": 0.02, "broadening": 0.002, "mu_star": 1e-3, "scale": 1e-4, "slope": 1e-4 / 20,
        "curvature": 1e-4 / 400, "offset": 2e-3 * (0.1 + kT), "modulation": (0.1 * kT) ** 2 / 2,
    }  # fmt: skip
    assert {name: condition.negligible for name, condition in found.items()} == pytest.approx(sizes)
    for condition in found.values():
        assert "the data ask for +0.123 +- 0.046" in condition.words.format(change=0.1234, error=0.0456)
    for name, option in (
        ("broadening", "--fit-broadening"), ("mu_star", "--fit-mu-star"), ("scale", "--fit-scale"),
        ("slope", "--fit-scale"), ("offset", "--fit-offset"), ("modulation", "--modulation"),
    ):  # fmt: skip
        assert option in found[name].words
        assert "(by +0.123 +- 0.046" in found[name].name.format(change=0.1234, error=0.0456)
    assert "4 K" in found["temperature"].words
    assert {name for name, each in found.items() if each.doubtful != 2.0} == {"mu_star"}


def test_deviations_far_below_the_stated_noise_are_not_held_against_the_model():
    n = 200
    wave = 1e-2 * np.sin(np.linspace(0, 6, n))
    residuals = Residuals(np.linspace(0, 20, n), wave, np.eye(n)[:, :1], {"scale": np.ones(n)}, 1)
    conditions = {"scale": Condition("scale", "the scale is wrong by {change} +- {error}.", 1e-4)}
    assert not run_model_tests(residuals, None, conditions).failures
    assert run_model_tests(residuals._replace(values=300 * wave), None, conditions).failures
