"""Numbers of a bad member of a batch: found, and replaced by harmless ones before the computation."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool


def all_finite(inputs: Any) -> Bool[Array, ""]:
    """Whether every number of a pytree is finite."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(inputs)]))


def larger_than_zero(x: Array) -> Array:
    """A number, or one if it is not finite or not positive."""
    return jnp.where(jnp.isfinite(x) & (x > 0), x, jnp.ones_like(x))
