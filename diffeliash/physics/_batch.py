"""Many materials: the only place that chunks, vmaps and runs over them."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from ._spectrum import Spectrum

CHUNK_SIZE = 16
"""Materials solved together: the matrices of a larger batch fall out of a CPU's cache."""


def batched(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one material, compiled for many: the materials are the leading axis of inputs and results."""
    return jax.jit(jax.vmap(function))


def map_materials(
    function: Callable[..., Any], *inputs: Any, chunk_size: int = CHUNK_SIZE
) -> Iterator[tuple[slice, Any]]:
    """Apply a batched function to many materials, a chunk at a time; on a CPU as many chunks at once as it has cores.

    A program for a batch of small matrices keeps one core busy, so that each core is given its own chunk. A last,
    shorter chunk is filled up with copies of its last member, so that there is one compilation. The memory needed does
    not grow with the number of materials.

    Args:
        function: Made by `batched`; keep it to use its compilation again.
        inputs: Pytrees whose leaves have a leading material axis of the same length.
        chunk_size: Materials per chunk.

    Yields:
        The slice of materials and their results as NumPy arrays, in order.
    """
    n = jax.tree.leaves(inputs)[0].shape[0]
    x64 = jax.config.read("jax_enable_x64")

    def solve(start: int) -> tuple[slice, Any]:
        stop = min(start + chunk_size, n)
        whole = start + chunk_size <= n
        index = slice(start, stop) if whole else np.minimum(np.arange(start, start + chunk_size), n - 1)
        with jax.enable_x64(x64):  # of the thread that asked, not of this one
            results = function(*jax.tree.map(lambda leaf: leaf[index], inputs))
            return slice(start, stop), jax.tree.map(lambda leaf: np.asarray(leaf)[: stop - start], results)

    starts = list(range(0, n, chunk_size))
    yield from map(solve, starts[:1])  # compiles: once, not in every thread
    yield from _in_threads(solve, starts[1:])


def _in_threads(function: Callable[[int], Any], items: list[int]) -> Iterator[Any]:
    """Results in order; no more of them in hand or under way than twice the number of threads."""
    workers = _n_cores() if jax.default_backend() == "cpu" else 1
    if workers == 1 or len(items) < 2:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers)
    pending = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Table = Float[np.ndarray, "material freq"]


def stack_spectra(spectra: Sequence[Spectrum]) -> tuple[Table, Table]:
    """Energies [meV] and a2F of several spectra, the shorter ones filled up with zeros just beyond their last point.

    The filling has no width to speak of: it changes an integral by 1e-13 of the last point's part in it.
    """
    size = max(spectrum.omega.size for spectrum in spectra)
    omega, a2f = np.zeros((len(spectra), size)), np.zeros((len(spectra), size))
    for row, spectrum in enumerate(spectra):
        n = spectrum.omega.size
        last = float(spectrum.omega[-1])
        omega[row, :n], a2f[row, :n] = spectrum.omega, spectrum.a2f
        omega[row, n:] = last * (1 + 4 * np.finfo(float).eps * np.arange(1, size - n + 1))
    return omega, a2f


def fitting_size(needed: float) -> int:
    """The next larger of the sizes 4, 5, 6, 7 times a power of two: few, so that few programs are compiled."""
    octave = 2 ** max(0, math.floor(math.log2(needed)) - 2)
    return octave * (math.floor(needed / octave) + 1)


def check_sequence(spectra: Any) -> None:
    """Refuse one spectrum where several are expected.

    Raises:
        TypeError: It is one spectrum, or not all are spectra.
    """
    if isinstance(spectra, Spectrum) or not all(isinstance(spectrum, Spectrum) for spectrum in spectra):
        raise TypeError("`spectra` must be a sequence of `Spectrum`.")


def per_material(value: Any, n: int, name: str) -> list[Any]:
    """One value for each of `n` materials, from one for all (a number or `None`) or from a sequence."""
    if value is None or np.ndim(value) == 0:
        return [value] * n
    if len(value) != n:
        raise ValueError(f"`{name}` must be one number or one for each of the {n} materials, got {len(value)}.")
    return list(value)
