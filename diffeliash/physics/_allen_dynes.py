"""The Allen-Dynes formula."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..units import BOLTZMANN
from ._spectrum import Spectrum


def allen_dynes_tc(spectrum: Spectrum, mu_star_ad: Any = 0.1) -> Float[Array, ""]:
    r"""Critical temperature of the Allen-Dynes formula with both correction factors [K].

    $$ k_BT_c = \frac{f_1f_2\,\omega_{\log}}{1.2}
       \exp\left[-\frac{1.04(1+\lambda)}{\lambda-\mu^*(1+0.62\lambda)}\right] $$
    $$ f_1 = [1+(\lambda/\Lambda_1)^{3/2}]^{1/3},\quad
       f_2 = 1+\frac{(\bar\omega_2/\omega_{\log}-1)\lambda^2}{\lambda^2+\Lambda_2^2} $$

    with $\Lambda_1 = 2.46(1+3.8\mu^*)$, $\Lambda_2 = 1.82(1+6.3\mu^*)\bar\omega_2/\omega_{\log}$; Allen and Dynes,
    Phys. Rev. B 12, 905 (1975), Eqs. (34)-(38), doi:10.1103/PhysRevB.12.905.

    Args:
        spectrum: Spectral function of one material.
        mu_star_ad: The $\mu^*$ of this formula. It is not the $\mu^*(\omega_c)$ of `solve_gap`, and it is not
            converted.

    Returns:
        $T_c$ [K]; 0 where the denominator of the exponent is not positive.
    """
    lam, omega_log, mu = spectrum.lambda_ep, spectrum.omega_log, jnp.asarray(mu_star_ad, dtype=jnp.float64)
    attraction = lam - mu * (1 + 0.62 * lam)
    bound = (attraction > 0) & (lam > 0)
    ratio = spectrum.omega_2 / omega_log
    lam_safe = jnp.where(bound, lam, 1.0)
    f_1 = jnp.cbrt(1 + (lam_safe / (2.46 * (1 + 3.8 * mu))) ** 1.5)
    f_2 = 1 + (ratio - 1) * lam_safe**2 / (lam_safe**2 + (1.82 * (1 + 6.3 * mu) * ratio) ** 2)
    exponent = -1.04 * (1 + lam_safe) / jnp.where(bound, attraction, 1.0)
    return jnp.where(bound, f_1 * f_2 * omega_log / (1.2 * BOLTZMANN) * jnp.exp(exponent), 0.0)
