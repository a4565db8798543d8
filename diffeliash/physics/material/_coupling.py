"""The phonon-mediated coupling at bosonic Matsubara frequencies."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..numerics import require_x64
from ._material import AbstractMaterial
from ._spectrum import Spectrum


def lambda_kernel(spectrum: Spectrum, nu: Float[Array, " boson"]) -> Float[Array, " boson"]:
    r"""Phonon-mediated coupling at bosonic Matsubara frequencies: Eq. (8) of arXiv:2007.07512.

    $$ \lambda(\nu) = 2\int_0^\infty
       \frac{\omega\,\alpha^2F(\omega)}{\omega^2+\nu^2}\,\mathrm{d}\omega $$

    Args:
        spectrum: Spectral function of one material.
        nu: Bosonic frequencies $2\pi k_BT\,l$ [meV]. Shape `(boson,)`.

    Returns:
        $\lambda(\nu)$, dimensionless, shape `(boson,)`; its value at $\nu = 0$ is $\lambda$.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    return coupling_of(jnp.asarray(spectrum.omega), spectrum.weights * spectrum.a2f, nu)


def couplings(material: AbstractMaterial, nu: Float[Array, " boson"]) -> Float[Array, "channel boson"]:
    r"""$\lambda(\nu)$ for each spectral function of a material, at bosonic frequencies $\nu$ [meV]; dimensionless."""
    return jnp.stack([lambda_kernel(channel, nu) for channel in material.channels])


def strong_coupling_energy(material: AbstractMaterial) -> Float[Array, ""]:
    r"""The energy $\sqrt\lambda\,\bar\omega_2$ [meV] of the bosons that pair, the scale of strong coupling."""
    spectrum = material.channels[-1]
    return jnp.sqrt(jnp.maximum(spectrum.integrate(2 * spectrum.a2f * spectrum.omega), 0.0))


def coupling_of(
    omega: Float[Array, " point"], weight: Float[Array, " point"], nu: Float[Array, " boson"]
) -> Float[Array, " boson"]:
    r"""Coupling $\sum_i 2\omega_iw_i/(\omega_i^2+\nu^2)$ from bosons at $\omega_i$ [meV] with weights $w_i$ [meV].

    The weights are values of $\alpha^2F$ times those of the integration rule; the result is dimensionless.
    """
    omega = omega[None, :]
    at_zero = (omega == 0) & (nu[:, None] == 0)
    denominator = jnp.where(at_zero, 1.0, omega**2 + nu[:, None] ** 2)
    return (2 * omega / denominator) @ weight
