"""Formulas for the critical temperature: McMillan, Allen and Dynes."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...units import BOLTZMANN
from ..numerics import require_x64
from ._spectrum import Spectrum


def mcmillan_tc(spectrum: Spectrum, mu_star_ad: Any = 0.1) -> Float[Array, ""]:
    r"""Critical temperature [K] from McMillan's formula with the prefactor of Allen and Dynes.

    $$ k_BT_c = \frac{\omega_{\log}}{1.2}
       \exp\left[-\frac{1.04(1+\lambda)}{\lambda-\mu^*(1+0.62\lambda)}\right] $$

    McMillan, Phys. Rev. 167, 331 (1968), doi:10.1103/PhysRev.167.331, Eq. (18), with the Debye temperature over 1.45
    replaced by $\omega_{\log}/1.2$: Allen and Dynes, Phys. Rev. B 12, 905 (1975), doi:10.1103/PhysRevB.12.905. It is
    too low for $\lambda > 1.5$, where `allen_dynes_tc` corrects it.

    Args:
        spectrum: Spectral function of one material.
        mu_star_ad: The $\mu^*$ of this formula, dimensionless. It differs from the $\mu^*(\omega_c)$ of `solve_gap`;
            `rescale_mu_star` converts between them.

    Returns:
        $T_c$ [K]; 0 where the denominator of the exponent is not positive.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    lam, mu = spectrum.lambda_ep, jnp.asarray(mu_star_ad, dtype=jnp.float64)
    attraction = lam - mu * (1 + 0.62 * lam)
    bound = (attraction > 0) & (lam > 0)
    exponent = -1.04 * (1 + jnp.where(bound, lam, 1.0)) / jnp.where(bound, attraction, 1.0)
    return jnp.where(bound, spectrum.omega_log / (1.2 * BOLTZMANN) * jnp.exp(exponent), 0.0)


def allen_dynes_tc(spectrum: Spectrum, mu_star_ad: Any = 0.1) -> Float[Array, ""]:
    r"""Critical temperature [K] from the Allen-Dynes formula with both correction factors.

    $$ k_BT_c = \frac{f_1f_2\,\omega_{\log}}{1.2}
       \exp\left[-\frac{1.04(1+\lambda)}{\lambda-\mu^*(1+0.62\lambda)}\right] $$
    $$ f_1 = [1+(\lambda/\Lambda_1)^{3/2}]^{1/3},\quad
       f_2 = 1+\frac{(\bar\omega_2/\omega_{\log}-1)\lambda^2}{\lambda^2+\Lambda_2^2} $$

    with $\Lambda_1 = 2.46(1+3.8\mu^*)$, $\Lambda_2 = 1.82(1+6.3\mu^*)\bar\omega_2/\omega_{\log}$; Allen and Dynes,
    Phys. Rev. B 12, 905 (1975), Eqs. (34)-(38), doi:10.1103/PhysRevB.12.905.

    Args:
        spectrum: Spectral function of one material.
        mu_star_ad: The $\mu^*$ of this formula, dimensionless. It differs from the $\mu^*(\omega_c)$ of `solve_gap`;
            `rescale_mu_star` converts between them.

    Returns:
        $T_c$ [K]; 0 where the denominator of the exponent is not positive.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    lam, mu = spectrum.lambda_ep, jnp.asarray(mu_star_ad, dtype=jnp.float64)
    lam = jnp.where(lam > 0, lam, 1.0)
    ratio = spectrum.omega_2 / spectrum.omega_log
    f_1 = jnp.cbrt(1 + (lam / (2.46 * (1 + 3.8 * mu))) ** 1.5)
    f_2 = 1 + (ratio - 1) * lam**2 / (lam**2 + (1.82 * (1 + 6.3 * mu) * ratio) ** 2)
    return f_1 * f_2 * mcmillan_tc(spectrum, mu_star_ad)
