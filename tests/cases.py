"""Spectra with known answers, and helpers that compare."""

import jax
import jax.numpy as jnp
import numpy as np

from diffeliash import RealAxisGap, Spectrum
from diffeliash.physics.material import IsotropicAverage


def gaussian_peak(lambda_ep, *, center=5.0, width=0.8, omega_max=10.0, n=200):
    """A smooth peak with the given coupling constant."""
    omega = np.arange(1, n + 1) * (omega_max / n)
    shape = omega**2 * np.exp(-((omega - center) ** 2) / (2 * width**2))
    return Spectrum(omega, shape * (lambda_ep / float(Spectrum(omega, shape).lambda_ep)))


def einstein(lambda_ep, omega_E=1.0, half_width=1e-6):
    """The narrowest peak the grid rules allow: all weight at one energy."""
    omega = omega_E * np.array([1 - half_width, 1.0, 1 + half_width])
    # trapezoidal weight of the middle point is half_width * omega_E
    return Spectrum(omega, np.array([0.0, lambda_ep / (2 * half_width), 0.0]))


def constant_gap(energies, gap, broadening):
    """A gap function that does not depend on the energy, whose density of states is that of R. C. Dynes."""
    z, n = energies + 1j * broadening, energies.size
    return RealAxisGap(
        omega=jnp.asarray(energies), Delta=gap + jnp.zeros(n, complex), Z=jnp.ones(n, complex),
        dos=jnp.asarray(np.abs(np.real(z / np.sqrt(z**2 - gap**2)))), broadening=jnp.array(broadening),
        continuation_error=jnp.array(0.0), sampling_error=jnp.array(0.0), cauchy=jnp.array(0.0),
        converged=jnp.array(True), n_steps=jnp.array(0), average=IsotropicAverage(),
    )  # fmt: skip


def central_difference(function, x, step):
    """Derivative of a scalar function by a fourth-order central difference."""
    near = function(x + step) - function(x - step)
    far = function(x + 2 * step) - function(x - 2 * step)
    return (8 * near - far) / (12 * step)


def compiled_text(function, *args):
    """The compiled program, as text."""
    return jax.jit(function).lower(*args).compile().as_text()
