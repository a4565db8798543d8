"""The self-energy of the normal state against what is known of it in other ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, Spectrum, normal_self_energy
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, einstein, gaussian_peak

SPECTRUM = gaussian_peak(1.3, n=200)
ENERGIES = np.array([-30.0, -7.3, -5.0, -0.4, 0.0, 0.4, 5.0, 7.3, 30.0])


def fermi(x):
    return 0.5 - 0.5 * np.tanh(x / 2)


def test_an_einstein_mode_at_low_temperature_gives_a_logarithm_and_a_step():
    weight = 2.0 * 3.0 / 2  # of the mode: lambda times its energy, halved
    found = normal_self_energy(einstein(2.0, omega_E=3.0), ENERGIES, 1e-3)
    exact = weight * np.log(np.abs((3 - ENERGIES) / (3 + ENERGIES))) - 1j * np.pi * weight * (np.abs(ENERGIES) > 3)
    np.testing.assert_allclose(found, exact, atol=1e-7)


@pytest.mark.parametrize("T", [1.0, 6.0, 300.0])
def test_imaginary_part_is_that_of_the_golden_rule(T):
    kT, W = BOLTZMANN * T, SPECTRUM.omega[None, :]
    w = ENERGIES[:, None]
    rates = 2 / np.expm1(W / kT) + fermi((W + w) / kT) + fermi((W - w) / kT)
    expected = -np.pi * rates @ (np.asarray(SPECTRUM.weights) * SPECTRUM.a2f)
    found = normal_self_energy(SPECTRUM, ENERGIES, T)
    assert np.min(-expected) > 0 or T < 2
    np.testing.assert_allclose(jnp.imag(found), expected, rtol=1e-12, atol=1e-12)


def test_symmetry_in_the_energy():
    found = normal_self_energy(SPECTRUM, ENERGIES, 6.0)
    np.testing.assert_allclose(found, -np.conj(found[::-1]), atol=1e-12)


def test_slope_at_the_fermi_energy_is_the_coupling_constant():
    def excess(T):
        """The enhancement of the mass minus the coupling constant, which is of order T^2."""
        sigma = jax.grad(lambda omega: jnp.real(normal_self_energy(SPECTRUM, omega[None], T)[0]))
        return -float(sigma(jnp.array(0.0))) - 1.3

    assert 0 < excess(0.5) < 2e-3
    assert excess(0.5) / excess(0.25) == pytest.approx(4.0, rel=0.05)


def test_real_part_follows_from_the_imaginary_one():
    """Kramers and Kronig, with the value at the pole subtracted and a constant beyond the last energy."""
    grid = np.linspace(0.0, 40.0, 4001)
    imaginary = np.asarray(jnp.imag(normal_self_energy(SPECTRUM, grid, 6.0)))
    for at in (400, 730, 2000):
        w, others = grid[at], np.arange(grid.size) != at
        integrand = np.zeros(grid.size)
        integrand[others] = (imaginary - imaginary[at])[others] / (grid[others] ** 2 - w**2)
        integrand[at] = (imaginary[at + 1] - imaginary[at - 1]) / (2 * grid[1]) / (2 * w)
        tail = (imaginary[-1] - imaginary[at]) * np.log((grid[-1] + w) / (grid[-1] - w)) / (2 * w)
        expected = 2 * w / np.pi * (np.trapezoid(integrand, grid) + tail)
        found = float(jnp.real(normal_self_energy(SPECTRUM, np.array([w]), 6.0)[0]))
        assert abs(expected) > 0.5
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("T", [2.0, 40.0])
def test_derivatives_match_central_differences(T):
    def parts(T, scale, shift):
        spectrum = Spectrum(SPECTRUM.omega, scale * SPECTRUM.a2f)
        found = normal_self_energy(spectrum, jnp.array([4.0, -6.0]) + shift, T)
        return jnp.real(found[0]) + 0.7 * jnp.imag(found[1])

    at = [jnp.array(T), jnp.array(1.0), jnp.array(0.3)]
    for n, gradient in enumerate(jax.grad(parts, argnums=(0, 1, 2))(*at)):
        expected = central_difference(lambda x, n=n: parts(*at[:n], x, *at[n + 1 :]), at[n], 1e-3)
        assert abs(float(expected)) > 1e-4
        assert float(gradient) == pytest.approx(float(expected), rel=1e-6)


def test_a_batch_of_temperatures_and_a_grid_from_zero():
    found = jax.jit(jax.vmap(lambda T: normal_self_energy(SPECTRUM, ENERGIES, T)))(jnp.array([1.0, 50.0]))
    np.testing.assert_allclose(found[1], normal_self_energy(SPECTRUM, ENERGIES, 50.0), rtol=1e-10)
    with_zero = Spectrum(np.append(0.0, SPECTRUM.omega), np.append(0.0, SPECTRUM.a2f))
    np.testing.assert_allclose(normal_self_energy(with_zero, ENERGIES, 50.0), found[1], rtol=1e-10)


def test_what_is_wrong_is_said():
    with pytest.raises(InputError, match="`T` must be positive"):
        normal_self_energy(SPECTRUM, ENERGIES, 0.0)
    with pytest.raises(InputError, match="`omega` must be finite"):
        normal_self_energy(SPECTRUM, np.array([np.nan]), 1.0)
    with pytest.raises(InputError, match="list of energies"):
        normal_self_energy(SPECTRUM, np.ones((2, 2)), 1.0)
