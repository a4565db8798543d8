"""Many materials: the only place that chunks and vmaps over them."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

CHUNK_SIZE = 16
"""Materials solved together: the matrices of a larger batch fall out of a CPU's cache."""


def batched(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one material, compiled for many: the materials are the leading axis of inputs and results."""
    return jax.jit(jax.vmap(function))


def map_materials(
    function: Callable[..., Any], *inputs: Any, chunk_size: int = CHUNK_SIZE
) -> Iterator[tuple[slice, Any]]:
    """Apply a batched function to many materials, a chunk at a time.

    A last, shorter chunk is filled up with copies of its last member, so that there is one compilation.
    One chunk is in flight at a time: batched LAPACK calls of two executions can deadlock the thread pool of a CPU.

    Args:
        function: Made by `batched`; keep it to use its compilation again.
        inputs: Pytrees whose leaves have a leading material axis of the same length.
        chunk_size: Materials per chunk.

    Yields:
        The slice of materials and their results as NumPy arrays, in order.
    """
    n = jax.tree.leaves(inputs)[0].shape[0]

    def solve(start: int) -> tuple[slice, Any]:
        stop = min(start + chunk_size, n)
        index = np.minimum(np.arange(start, start + chunk_size), n - 1)
        results = function(*jax.tree.map(lambda leaf: jnp.asarray(leaf)[index], inputs))
        return slice(start, stop), jax.tree.map(lambda leaf: np.asarray(leaf)[: stop - start], results)

    yield from map(solve, range(0, n, chunk_size))
