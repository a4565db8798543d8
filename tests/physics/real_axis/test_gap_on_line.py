"""Continuation on a line that was chosen before, against the one that chooses its line for each solution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import Spectrum, continue_gap, solve_gap
from diffeliash.physics import continue_on_line, plan_line
from diffeliash.physics.material import IsotropicAverage
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, gaussian_peak

SPECTRUM = gaussian_peak(1.3, n=100)
SHORT = gaussian_peak(1.3, center=3.0, width=0.5, omega_max=6.0, n=50)
T, LEAST = 3.0, 0.3
ENERGIES = np.linspace(-2.0, 20.0, 45)


@pytest.fixture(scope="module")
def plan():
    return plan_line(SPECTRUM, T, 30.0, LEAST, rtol=1e-9)


@pytest.mark.parametrize("broadening", [LEAST, 0.42, np.pi * BOLTZMANN * T])  # or on a Matsubara frequency
def test_the_gap_function_of_continue_gap(plan, broadening):
    sol = solve_gap(SPECTRUM, T)
    expected = continue_gap(sol, SPECTRUM, ENERGIES, broadening=broadening)
    found = continue_on_line(sol, SPECTRUM, jnp.asarray(ENERGIES), broadening, plan)
    assert bool(found.converged)
    assert isinstance(found.average, IsotropicAverage)
    assert float(jnp.max(jnp.abs(expected.Delta))) > 1
    for name in ("Delta", "Z", "dos"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=1e-6)


def test_a_spectrum_that_ends_below_the_grid_of_the_plan():
    open_plan = plan_line(SPECTRUM, T, 30.0, LEAST, rtol=1e-9, end_known=False)
    for spectrum in (SPECTRUM, SHORT):
        sol = solve_gap(spectrum, T)
        expected = continue_gap(sol, spectrum, ENERGIES, broadening=LEAST)
        found = continue_on_line(sol, spectrum, jnp.asarray(ENERGIES), LEAST, open_plan)
        assert bool(found.converged)
        np.testing.assert_allclose(found.Delta, expected.Delta, rtol=0, atol=1e-6)


def test_derivatives_match_central_differences(plan):
    """With respect to the broadening, to the place of the energies, and to a2F."""

    @jax.jit
    def values(broadening, shift, scale):
        spectrum = Spectrum(SPECTRUM.omega, scale * SPECTRUM.a2f)
        sol = solve_gap(spectrum, T, omega_c=100.0, matsubara_cutoff=220.0)
        real = continue_on_line(sol, spectrum, jnp.array([0.0, 1.3, 6.0]) - shift, broadening, plan)
        return jnp.concatenate([jnp.real(real.Delta), jnp.imag(real.Delta), real.dos])

    at = [jnp.array(x) for x in (0.4, 0.1, 1.0)]
    found = jax.jit(jax.jacfwd(values, argnums=(0, 1, 2)))(*at)
    for n, each in enumerate(found):
        expected = central_difference(lambda x, n=n: values(*at[:n], x, *at[n + 1 :]), at[n], 3e-3)
        assert np.max(np.abs(expected)) > 0.1
        np.testing.assert_allclose(each, expected, rtol=0, atol=3e-6 * np.max(np.abs(expected)))
