"""Bad members of a batch: found, and replaced by harmless ones before the computation.

A masked NaN result would still have a NaN gradient, so it is the inputs that are replaced.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float

from ._spectrum import Spectrum


def all_finite(inputs: Any) -> Bool[Array, ""]:
    """Whether every number of a pytree is finite."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(inputs)]))


def in_range(omega_c: ArrayLike, matsubara_cutoff: ArrayLike, mu_star: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether the numbers mean something; a cutoff below the end of the spectrum, refused where it is known, does."""
    lowest = jnp.minimum(jnp.asarray(omega_c), jnp.asarray(matsubara_cutoff))
    return (mu_star >= 0) & (mu_star <= 1) & (lowest > 0)


def larger_than_zero(x: Array) -> Array:
    """A number, or one if it is not finite or not positive."""
    return jnp.where(jnp.isfinite(x) & (x > 0), x, jnp.ones_like(x))


def harmless_unless(usable: Bool[Array, ""], spectrum: Spectrum, numbers: Any) -> tuple[Spectrum, Any]:
    """The inputs, or where they are not usable a spectrum that vanishes, and one for each number that is not positive.

    Only a2F depends on the verdict on all inputs. What the members of a batch share (grid, temperature) stays
    shared, and with it the kernels made from it: that is worth a third of the time of a solve.
    """
    grid, steps = jnp.asarray(spectrum.omega), jnp.arange(1.0, spectrum.omega.size + 1)
    omega = jnp.where(jnp.all(jnp.isfinite(grid)), grid, steps)
    positive = jax.tree.map(lambda x: jnp.where(jnp.isfinite(x) & (x >= 0), x, jnp.ones_like(x)), numbers)
    return Spectrum(omega, jnp.where(usable, spectrum.a2f, 0.0)), positive
