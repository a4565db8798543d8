"""Many materials: the only place that chunks and vmaps over them."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

CHUNK_SIZE = 16
"""Materials solved together: the matrices of a larger batch fall out of a CPU's cache."""


def map_materials(
    function: Callable[..., Any], *inputs: Any, chunk_size: int = CHUNK_SIZE
) -> Iterator[tuple[slice, Any]]:
    """Apply a function of one material to many, a chunk at a time.

    The function is vmapped and compiled once; a last, shorter chunk is filled up with copies of its last member.
    One chunk is in flight at a time: two executions at once can deadlock XLA's thread pool on a CPU with 2 cores.

    Args:
        function: Takes one member of every input; returns a pytree of arrays.
        inputs: Pytrees whose leaves have a leading material axis of the same length.
        chunk_size: Materials per chunk.

    Yields:
        The slice of materials and their results as NumPy arrays, in order.
    """
    n = jax.tree.leaves(inputs)[0].shape[0]
    compiled = jax.jit(jax.vmap(function))

    def solve(start: int) -> tuple[slice, Any]:
        stop = min(start + chunk_size, n)
        index = np.minimum(np.arange(start, start + chunk_size), n - 1)
        results = compiled(*jax.tree.map(lambda leaf: jnp.asarray(leaf)[index], inputs))
        return slice(start, stop), jax.tree.map(lambda leaf: np.asarray(leaf)[: stop - start], results)

    yield from map(solve, range(0, n, chunk_size))
