"""The first guess of the broadening, from curves with a constant gap and a known broadening."""

import numpy as np
import pytest

from diffeliash import ComplexGap, DensityOfStates, DifferentialConductance, differential_conductance
from diffeliash.inverse._first_guess import guess_broadening

from ..cases import constant_gap

BIAS = np.linspace(0.0, 20.0, 401)


@pytest.mark.parametrize("T", [1.2, 4.2])
@pytest.mark.parametrize("broadening", [0.05, 0.12, 0.3])
@pytest.mark.parametrize("gap", [1.4, 1.1])
def test_broadening_of_a_conductance(T, broadening, gap):
    values = differential_conductance(constant_gap(BIAS, gap, broadening), T, 0.1)
    noisy = np.asarray(values) + 1e-3 * np.random.default_rng(0).normal(size=BIAS.size)
    assert guess_broadening(DifferentialConductance(0.1), BIAS, noisy, T) == pytest.approx(broadening, rel=0.3)


@pytest.mark.parametrize("broadening", [0.05, 0.3])
def test_broadening_of_a_density_of_states_at_biases_of_both_signs(broadening):
    bias = np.concatenate([-BIAS[:0:-1], BIAS])
    values = np.asarray(constant_gap(np.abs(bias), 1.4, broadening).dos)
    assert guess_broadening(DensityOfStates(), bias, values, 1.2) == pytest.approx(broadening, rel=0.3)


def test_gap_functions_get_the_default():
    found = guess_broadening(ComplexGap(), BIAS, np.zeros(2 * BIAS.size), 1.2)
    assert found == pytest.approx(min(np.pi * 0.0861733 * 1.2 / 3, 20 / 3.5 / 100), rel=1e-4)
