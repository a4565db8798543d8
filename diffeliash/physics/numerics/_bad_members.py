"""Numbers that cannot be computed with, in one member of a batch: detected, and replaced before the computation."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool


def all_finite(inputs: Any) -> Bool[Array, ""]:
    """Whether every number of a pytree is finite."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(inputs)]))


def positive_or_one(x: Array) -> Array:
    """The number itself where it is finite and positive, and 1 elsewhere; element by element."""
    return jnp.where(jnp.isfinite(x) & (x > 0), x, jnp.ones_like(x))
