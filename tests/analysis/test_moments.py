"""Moments of powers of the energy, which are known."""

import numpy as np
import pytest

from diffeliash import Spectrum
from diffeliash.analysis import moment_differences, moments

OMEGA = np.linspace(0.005, 10, 2000)


@pytest.mark.parametrize("power", [2, 1, 0, -1])
def test_moments_of_a_parabola(power):
    found = moments(OMEGA, np.stack([OMEGA**2, 3 * OMEGA**2]), (power,))
    expected = 10.0 ** (power + 3) / (power + 3)
    np.testing.assert_allclose(found[:, 0], [expected, 3 * expected], rtol=1e-5)


def test_the_moment_of_power_minus_one_is_half_the_coupling():
    a2f = np.exp(-((OMEGA - 4) ** 2))
    assert 2 * moments(OMEGA, a2f[None, :])[0, 3] == pytest.approx(float(Spectrum(OMEGA, a2f).lambda_ep), rel=1e-12)


def test_differences_are_relative_to_the_original():
    original = np.stack([OMEGA, OMEGA**2, 1 + OMEGA])
    found = moment_differences(OMEGA, original, original * np.array([0.9, 1.0, 0.8])[:, None])
    assert found.powers == (2, 1, 0, -1)
    np.testing.assert_allclose(found.mean, np.mean([0.1, 0, 0.2]))
    np.testing.assert_allclose(found.std, np.std([0.1, 0, 0.2]))
