"""The forward model of the inversion against the public solver, and its Jacobian against central differences."""

import copy
import dataclasses

import numpy as np
import pytest

from diffeliash import DensityOfStates, DifferentialConductance, Spectrum, continue_gap, differential_conductance
from diffeliash import solve_gap as solve
from diffeliash.inverse.nonlinear import Conditions, ForwardModel, Parameters, compiled_model, fitted_parameters
from diffeliash.inverse.nonlinear._instrument import Conductance
from diffeliash.inverse.nonlinear._parameters import FittedParameters

from ...conftest import rest_slow

N, T, LEAST = 64, 3.0, 0.3
OMEGA = 10.0 * np.arange(1, N + 1) / N
A2F = 0.9 * np.exp(-(((OMEGA - 3.2) / 0.8) ** 2)) + 1.1 * np.exp(-(((OMEGA - 7.0) / 0.6) ** 2))
BIAS = np.concatenate([-np.linspace(0.3, 15.0, 15)[::-1], np.linspace(0.1, 20.0, 26)])
CUTOFFS = {"omega_c": 100.0, "matsubara_cutoff": 220.0}
CONDITIONS = Conditions(T=T, broadening=LEAST, omega_max=10.0, **CUTOFFS)
TRUE = Parameters(mu_star=0.12, broadening=0.36, scale=1.05, slope=2e-3, curvature=-1e-4, offset=0.17)
CONDUCTANCE = DifferentialConductance(modulation=0.25)
OBSERVABLES = (CONDUCTANCE, DensityOfStates())
STEPS = {"mu_star": 1e-3, "broadening": 3e-3, "scale": 1e-2, "slope": 1e-3, "curvature": 1e-4, "offset": 1e-2}


def model(observable, *, names=Parameters._fields, end_known=True, conditions=CONDITIONS, given=TRUE):
    longest = conditions if end_known else CONDITIONS
    program = compiled_model(longest, N, BIAS.tobytes(), observable, 1e-8, end_known)
    fitted = fitted_parameters(names, given, least_broadening=LEAST, last=20.0)
    return ForwardModel(program, conditions, fitted)


def values_at(forward, parameters, a2f=A2F[:-1]):
    values, usable = forward.values_at(forward.fitted.join(parameters, a2f))
    assert usable
    return values


def central_difference(function, h):
    near, far = function(h) - function(-h), function(2 * h) - function(-2 * h)
    return (8 * near - far) / (12 * h)


@pytest.mark.parametrize("observable", OBSERVABLES)
def test_values_are_those_of_the_public_solver(observable):
    """At biases of both signs, displaced, and with a normalization that is not one."""
    spectrum = Spectrum(OMEGA, np.append(A2F[:-1], 0.0))
    sol = solve(spectrum, T, mu_star=TRUE.mu_star, **CUTOFFS)
    at = np.abs(BIAS - TRUE.offset)
    order = np.argsort(at)
    if isinstance(observable, DifferentialConductance):
        energies = np.union1d(np.linspace(0.0, 30.0, 301), at)
        real = continue_gap(sol, spectrum, energies, broadening=TRUE.broadening)
        expected = np.asarray(differential_conductance(real, T, observable.modulation))[np.searchsorted(energies, at)]
    else:
        real = continue_gap(sol, spectrum, at[order], broadening=TRUE.broadening)
        expected = np.empty(at.size)
        expected[order] = real.dos
    expected *= TRUE.scale + TRUE.slope * BIAS + TRUE.curvature * BIAS**2
    found = values_at(model(observable), TRUE)
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("observable", OBSERVABLES)
def test_columns_of_the_parameters(observable):
    forward = model(observable)
    found = forward.jacobian_at(forward.fitted.join(TRUE, A2F[:-1])).unknowns
    assert found.shape == (BIAS.size, len(Parameters._fields) + N - 1)
    for column, name in enumerate(Parameters._fields):
        expected = central_difference(
            lambda h, name=name: values_at(forward, TRUE._replace(**{name: getattr(TRUE, name) + h})), STEPS[name]
        )
        assert np.max(np.abs(expected)) > 0.1
        np.testing.assert_allclose(found[:, column], expected, rtol=0, atol=2e-4 * np.max(np.abs(expected)))


@pytest.mark.parametrize("observable", OBSERVABLES)
def test_columns_of_a2f(observable):
    forward = model(observable)
    found = forward.jacobian_at(forward.fitted.join(TRUE, A2F[:-1])).unknowns[:, len(Parameters._fields) :]
    for i in (0, 14, 33, N - 2):
        expected = central_difference(
            lambda h, i=i: values_at(forward, TRUE, A2F[:-1] + h * (np.arange(N - 1) == i)), 1e-3
        )
        assert np.max(np.abs(expected)) > 0.01
        np.testing.assert_allclose(found[:, i], expected, rtol=0, atol=2e-4 * np.max(np.abs(expected)))


@pytest.mark.parametrize("observable", OBSERVABLES)
@pytest.mark.parametrize("names", [(), ("broadening", "offset")])
def test_what_is_not_fitted_has_the_same_columns_beside_the_unknowns(observable, names):
    everything, some = model(observable), model(observable, names=names)
    full = everything.jacobian_at(everything.fitted.join(TRUE, A2F[:-1]))
    part = some.jacobian_at(some.fitted.join(TRUE, A2F[:-1]))
    of_instrument = {"temperature", "modulation"} if observable is CONDUCTANCE else set()
    assert set(full.fixed) == of_instrument
    assert set(part.fixed) == (set(Parameters._fields) - set(names)) | of_instrument
    for column, name in enumerate(Parameters._fields):
        found = part.unknowns[:, names.index(name)] if name in names else part.fixed[name]
        np.testing.assert_allclose(found, full.unknowns[:, column], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(
        part.unknowns[:, len(names) :], full.unknowns[:, len(Parameters._fields) :], rtol=1e-9, atol=1e-14
    )


def test_columns_of_the_conditions_of_a_junction():
    """Temperature of the normal metal and half the mean square of the modulation, for the same density of states."""
    forward = model(CONDUCTANCE)
    unknowns = forward.fitted.join(TRUE, A2F[:-1])
    found = forward.jacobian_at(unknowns).fixed

    def values(**conditions):
        instrument = copy.copy(forward.program.instrument)
        assert isinstance(instrument, Conductance)
        vars(instrument).update(conditions)
        program = copy.copy(forward.program)
        program.instrument = instrument
        return values_at(dataclasses.replace(forward, program=program), TRUE)

    by_temperature = central_difference(lambda h: values(T=T + h), 0.02)
    by_modulation = central_difference(lambda h: values(modulation=np.sqrt(0.25**2 + 2 * h)), 1e-3)
    for name, expected in (("temperature", by_temperature), ("modulation", by_modulation)):
        assert np.max(np.abs(expected)) > 0.05
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-4 * np.max(np.abs(expected)))


@pytest.mark.slow
@pytest.mark.parametrize("observable", rest_slow([(CONDUCTANCE,), (DensityOfStates(),)]))
def test_an_end_that_is_not_known_makes_no_difference(observable):
    for end, cutoffs in ((10.0, CUTOFFS), (8.0, {"omega_c": 80.0, "matsubara_cutoff": 176.0})):
        conditions = Conditions(T=T, broadening=LEAST, omega_max=end, **cutoffs)
        known, free = (model(observable, conditions=conditions, end_known=known) for known in (True, False))
        np.testing.assert_allclose(free.omega, conditions.grid(N))
        np.testing.assert_allclose(values_at(free, TRUE), values_at(known, TRUE), rtol=0, atol=2e-5)
        unknowns = known.fitted.join(TRUE, A2F[:-1])
        expected = known.jacobian_at(unknowns).unknowns
        scale = np.max(np.abs(expected), axis=0)
        np.testing.assert_allclose(free.jacobian_at(unknowns).unknowns / scale, expected / scale, rtol=0, atol=2e-3)


def test_values_that_are_not_usable():
    forward = model(CONDUCTANCE)
    for a2f in (0.01 * A2F[:-1], np.full(N - 1, np.nan)):
        values, usable = forward.values_at(forward.fitted.join(TRUE, a2f))
        assert not usable
        assert np.all(np.isnan(values))


def test_parameters_to_unknowns_and_back():
    fitted = fitted_parameters(("offset", "mu_star"), TRUE, least_broadening=0.1, last=20.0)
    assert fitted.names == ("mu_star", "offset")
    other = TRUE._replace(mu_star=0.05, offset=-0.4, broadening=9.0)
    unknowns = fitted.join(other, A2F)
    assert np.all(unknowns >= 0)
    parameters, a2f = fitted.split(unknowns)
    np.testing.assert_allclose(parameters, TRUE._replace(mu_star=0.05, offset=-0.4), atol=1e-14)
    np.testing.assert_array_equal(a2f, A2F)
    rows = np.stack([unknowns, unknowns + 0.1])
    np.testing.assert_allclose(fitted.samples("offset", rows), [-0.4, -0.3])
    np.testing.assert_allclose(fitted.samples("broadening", rows), TRUE.broadening)
    below = FittedParameters(("broadening",), TRUE, TRUE).join(TRUE._replace(broadening=0.0), A2F)
    assert below[0] == 0
