"""What a junction makes of a density of states, against `differential_conductance` of a constant gap function."""

import copy

import numpy as np
import pytest

from diffeliash import DifferentialConductance, InputError, differential_conductance
from diffeliash.inverse.nonlinear._instrument import Conductance, Direct

from ...cases import central_difference, constant_gap

GAP, BROADENING = 1.4, 0.1
T, MODULATION = 2.0, 0.3
BIAS = np.linspace(0.0, 12.0, 97)
SIGNED = np.linspace(-6.0, 12.0, 73)


def on_line(instrument):
    """What the solver would hand to an instrument: that of G at the height of its line."""
    z = instrument.line_energies + 1j * (BROADENING + instrument.raised)
    return instrument.from_propagator(np.sign(np.real(z / np.sqrt(z**2 - GAP**2))) * z / np.sqrt(z**2 - GAP**2))


def measured(bias=BIAS, T=T, modulation=MODULATION, offset=0.0, broadening=BROADENING):
    instrument = Conductance(bias, T, modulation, broadening)
    return instrument.measured(on_line(instrument), offset)


@pytest.mark.parametrize(("T", "modulation"), [(2.0, 0.3), (2.0, 0.0), (0.3, 0.0), (6.0, 0.5)])
def test_measured_values_are_the_differential_conductance(T, modulation):
    expected = differential_conductance(constant_gap(BIAS, GAP, BROADENING), T, modulation)
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose(measured(T=T, modulation=modulation), expected, rtol=0, atol=2e-5)


def test_a_line_for_a_smaller_broadening_gives_the_same():
    np.testing.assert_allclose(measured(broadening=BROADENING / 3), measured(), rtol=0, atol=1e-5)


def test_the_sign_of_the_bias_makes_no_difference():
    both = np.concatenate([-BIAS[:0:-1], BIAS])
    found = measured(both)
    np.testing.assert_allclose(found, found[::-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[BIAS.size - 1 :], measured(), rtol=0, atol=1e-12)


def test_an_offset_displaces_the_bias():
    assert np.max(np.abs(measured(SIGNED, offset=0.7) - measured(SIGNED))) > 0.1
    np.testing.assert_allclose(measured(SIGNED, offset=0.7), measured(SIGNED - 0.7), rtol=0, atol=1e-5)


def test_normal_metal_and_linearity():
    instrument = Conductance(SIGNED, T, MODULATION, BROADENING)
    values = on_line(instrument)
    columns = np.random.default_rng(0).normal(size=(values.size, 2))
    changed = instrument.measured(values[:, None] + columns, 0.2)
    expected = instrument.measured(values, 0.2)[:, None] + instrument.derivative(columns, 0.2)
    np.testing.assert_allclose(changed, expected, rtol=0, atol=1e-12)
    normal = instrument.measured(instrument.from_propagator(np.ones(instrument.line_energies.size, complex)), 0.2)
    np.testing.assert_array_equal(normal, 1.0)


@pytest.mark.parametrize("modulation", [0.0, MODULATION])
@pytest.mark.parametrize("offset", [0.0, 0.4])
def test_derivatives_match_central_differences(modulation, offset):
    instrument = Conductance(SIGNED, T, modulation, BROADENING)
    values = on_line(instrument)
    found = instrument.by_conditions(values, offset)

    def measured_with(at=offset, **conditions):
        other = copy.copy(instrument)
        vars(other).update(conditions)
        return other.measured(values, at)

    functions = {
        "offset": (measured_with, offset),
        "temperature": (lambda x: measured_with(T=x), T),
    }
    if modulation:  # a smaller one than zero there is not
        functions["modulation"] = (lambda x: measured_with(modulation=np.sqrt(2 * x)), modulation**2 / 2)
    for name, (function, at) in functions.items():
        expected = central_difference(function, at, 2e-3)
        assert np.max(np.abs(expected)) > 0.02
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=3e-5 * np.max(np.abs(expected)))


def test_the_first_modulation_is_that_of_a_small_one():
    """The derivative with respect to half the mean square, where there is none."""
    instrument = Conductance(SIGNED, T, 0.0, BROADENING)
    found = instrument.by_conditions(on_line(instrument), 0.0)["modulation"]
    expected = (measured(SIGNED, modulation=0.02) - measured(SIGNED, modulation=0.0)) / (0.02**2 / 2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02 * np.max(np.abs(expected)))


def test_what_is_measured_directly():
    instrument, values = Direct(BIAS), np.sin(BIAS)
    assert instrument.moves_line
    np.testing.assert_array_equal(instrument.line_energies, BIAS)
    np.testing.assert_array_equal(instrument.measured(values, 0.3), values)
    np.testing.assert_array_equal(instrument.derivative(values, 0.3), values)
    assert instrument.by_conditions(values, 0.3) == {}


def test_what_is_refused():
    with pytest.raises(InputError, match=r"100000 bias energies.*too many"):
        Conductance(np.linspace(-100, 100, 100_000), 0.1, 0.0, 0.01)
    for modulation in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="`modulation` must be an rms amplitude"):
            DifferentialConductance(modulation=modulation)
    with pytest.raises(InputError, match="modulation of 1000 meV is too large"):
        measured(modulation=1e3)
