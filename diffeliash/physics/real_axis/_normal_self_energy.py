r"""The self-energy of the normal state on the real axis, which angle-resolved photoemission measures."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...units import BOLTZMANN
from ..material import Spectrum, check_temperature
from ..numerics import digamma, is_concrete, refuse, require_x64


def normal_self_energy(spectrum: Spectrum, omega: Any, T: Any) -> Complex[Array, " real"]:
    r"""Retarded self-energy of electrons in the normal state, from their coupling to bosons.

    $$ \Sigma(\omega) = \int_0^\infty \mathrm{d}\Omega\,\alpha^2F(\Omega)
       \Big\{ -2\pi i\big[n(\Omega) + \tfrac12\big]
       + \psi\Big(\tfrac12 + i\frac{\Omega - \omega}{2\pi k_BT}\Big)
       - \psi\Big(\tfrac12 - i\frac{\Omega + \omega}{2\pi k_BT}\Big) \Big\} $$

    with the Bose function $n$ and the digamma function $\psi$, for a constant electronic density of states (P. B. Allen
    and B. Mitrovic, Solid State Physics 37, 1 (1982), doi:10.1016/S0081-1947(08)60665-7). $\mathrm{Re}\,\Sigma$ is odd
    and $\mathrm{Im}\,\Sigma < 0$ even in $\omega$, and
    $-\mathrm{d}\,\mathrm{Re}\,\Sigma/\mathrm{d}\omega = \lambda$ at $\omega = 0$ for $T \to 0$. Differentiable, also
    with respect to energies and temperature; batch with `jax.vmap`.

    Args:
        spectrum: The spectral function; the integral is its trapezoidal rule, whose error is small where the points
            are closer than about $\pi k_BT/2$.
        omega: Energies from the Fermi energy, of either sign, shape (n,) [meV].
        T: Temperature [K].

    Returns:
        $\Sigma(\omega + i0)$, shape (n,) [meV].

    Raises:
        InputError: The temperature is not positive and finite, or the energies are not a list of finite numbers.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    refuse([*check_temperature(T), *_check_energies(omega)])
    bosons = jnp.asarray(spectrum.omega)
    kernel = self_energy_kernel(jnp.asarray(omega, dtype=float), bosons, jnp.asarray(T, dtype=float))
    return kernel @ (spectrum.weights * spectrum.a2f).astype(complex)


def self_energy_kernel(
    omega: Float[Array, " real"], bosons: Float[Array, " freq"], T: Float[Array, ""]
) -> Complex[Array, "real freq"]:
    r"""The expression in braces of `normal_self_energy`, dimensionless: the self-energy per $\alpha^2F\,d\Omega$.

    It is zero for a boson of zero energy, where $\alpha^2F$ vanishes.

    Args:
        omega: Energies of the electrons [meV].
        bosons: Energies $\Omega \ge 0$ of the bosons [meV].
        T: Temperature [K].
    """
    kT = BOLTZMANN * T
    positive = bosons > 0
    bosons = jnp.where(positive, bosons, 1.0)
    half_coth = 0.5 / jnp.tanh(bosons / (2 * kT))  # n + 1/2
    emission = digamma(0.5 + 1j * (bosons[None, :] - omega[:, None]) / (2 * jnp.pi * kT))
    absorption = digamma(0.5 - 1j * (bosons[None, :] + omega[:, None]) / (2 * jnp.pi * kT))
    return jnp.where(positive[None, :], emission - absorption - 2j * jnp.pi * half_coth[None, :], 0.0)


def _check_energies(omega: Any) -> list[str]:
    if np.ndim(omega) != 1:
        return [f"`omega` must be a list of energies, got shape {np.shape(omega)}"]
    finite = not is_concrete(omega) or bool(np.all(np.isfinite(np.asarray(omega))))
    return [] if finite else ["`omega` must be finite [meV]"]
