"""The first guess of the broadening, from curves with a constant gap and a known broadening."""

import numpy as np
import pytest

from diffeliash import ComplexGap, DensityOfStates, DifferentialConductance, RealGap, differential_conductance
from diffeliash.inverse._first_guess import guess_broadening, unseen_below
from diffeliash.units import BOLTZMANN

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


@pytest.mark.parametrize(("first", "unseen"), [(4.0, 2.3), (2.5, 0.8), (1.2, -0.5), (0.0, -1.7)])
def test_what_data_that_begin_above_the_gap_do_not_show(first, unseen):
    """The smearing, 3.5 k_B T, is 0.3 meV wide."""
    bias, T, gap = BIAS[BIAS >= first], 0.3 / (3.52549 * BOLTZMANN), 1.4
    values = np.asarray(differential_conductance(constant_gap(BIAS, gap, 0.05), T))[BIAS >= first]
    noisy = values + 1e-4 * np.random.default_rng(0).normal(size=bias.size)
    assert unseen_below(DifferentialConductance(), bias, noisy, T) == pytest.approx(unseen, abs=0.15)
    real = np.full(bias.size, gap)
    assert unseen_below(RealGap(), bias, real, T) == pytest.approx(first - gap, abs=1e-9)
