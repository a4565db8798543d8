r"""The Coulomb pseudopotential $\mu^*$ at another cutoff."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..numerics import require_x64


def rescale_mu_star(mu_star: Any, *, old_cutoff: Any, new_cutoff: Any) -> Float[Array, ""]:
    r"""The Coulomb pseudopotential at another cutoff, for the same Coulomb repulsion.

    $$ \frac{1}{\mu^*(\omega_{new})} = \frac{1}{\mu^*(\omega_{old})} + \ln\frac{\omega_{old}}{\omega_{new}} $$

    Morel and Anderson, Phys. Rev. 125, 1263 (1962), doi:10.1103/PhysRev.125.1263. The $\mu^*$ of the McMillan and
    Allen-Dynes formulas belongs to a cutoff of the order of the largest phonon energy:
    `rescale_mu_star(mu_star_ad, old_cutoff=omega_max, new_cutoff=omega_c)` is the value to use in `solve_gap` and
    `solve_tc`.

    Args:
        mu_star: $\mu^*$ at the old cutoff, dimensionless.
        old_cutoff: The cutoff that `mu_star` belongs to [meV].
        new_cutoff: The cutoff that the result belongs to [meV].

    Returns:
        $\mu^*$ at the new cutoff; infinite or negative where the formula diverges, for a new cutoff so far above the
        old one that no repulsion corresponds to it.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    mu, old, new = (jnp.asarray(x, dtype=jnp.float64) for x in (mu_star, old_cutoff, new_cutoff))
    return mu / (1 + mu * jnp.log(old / new))
