"""The noise of a curve from the scatter of its points, against the noise that was added."""

import numpy as np
import pytest

from diffeliash.inverse._scatter import RELATIVE_ERROR, noise_from_scatter

N = 401
UNIFORM = np.linspace(0.0, 20.0, N)
UNEVEN = np.concatenate([np.linspace(0.0, 4.0, 201), 4 + 16 * (np.arange(1, N - 200) / (N - 201)) ** 1.5])
SEEDS = range(40)


def sharp_peak(x):
    """A conductance whose peak is as wide as four of its points."""
    z = x + 0.15j
    return np.abs(np.real(z / np.sqrt(z**2 - 1.4**2))) + 0.02 * np.tanh((x - 6.0) / 0.3)


def estimates(x, curve, size, seeds=SEEDS):
    return np.array([
        noise_from_scatter(x, curve + size * np.random.default_rng(seed).normal(size=x.size)) for seed in seeds
    ])  # fmt: skip


@pytest.mark.parametrize("size", [1e-3, 1e-2])
@pytest.mark.parametrize("x", [UNIFORM, UNEVEN])
def test_white_noise_on_a_curve_with_a_sharp_peak(x, size):
    found = estimates(x, sharp_peak(x), size) / size
    assert 0.9 < np.mean(found) < 1.1
    assert np.max(np.abs(found - 1)) < 4 * RELATIVE_ERROR / np.sqrt(N)


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_bias_and_scatter_are_those_that_are_stated(n):
    found = estimates(np.linspace(0.0, 1.0, n), np.zeros(n), 1.0, range(300))
    assert abs(np.mean(found) - 1) < 0.25 * RELATIVE_ERROR / np.sqrt(n)
    assert 0.6 < np.std(found) * np.sqrt(n) / RELATIVE_ERROR < 1.3


def test_one_bad_point_hardly_matters():
    noisy = sharp_peak(UNIFORM) + 1e-3 * np.random.default_rng(0).normal(size=N)
    bad = noisy + 0.5 * (np.arange(N) == 250)
    expected = noise_from_scatter(UNIFORM, noisy)
    assert noise_from_scatter(UNIFORM, bad) == pytest.approx(expected, rel=0.1)
    assert np.std(np.diff(bad)[200:]) > 10 * expected  # where a variance would not be the same


def test_a_smooth_curve_has_next_to_none():
    assert noise_from_scatter(UNIFORM, sharp_peak(UNIFORM)) < 1e-5
    assert noise_from_scatter(UNEVEN, sharp_peak(UNEVEN)) < 1e-5


def test_it_has_the_unit_of_the_values_and_none_of_the_energies():
    noisy = sharp_peak(UNIFORM) + 1e-3 * np.random.default_rng(0).normal(size=N)
    expected = noise_from_scatter(UNIFORM, noisy)
    assert noise_from_scatter(1e3 * UNIFORM + 5, 7 * noisy) == pytest.approx(7 * expected, rel=1e-6)


def test_too_few_points():
    assert noise_from_scatter(np.arange(6.0), np.arange(6.0) ** 2) == np.inf
    assert noise_from_scatter(np.arange(8.0), np.random.default_rng(0).normal(size=8)) < 10
