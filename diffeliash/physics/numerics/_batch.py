"""Computations for many materials: divided into chunks, vectorized, and distributed over devices and cores.

A chunk is vectorized with `jax.vmap`. A call is one execution of a compiled program; it computes some chunks.
"""

import functools
import itertools
import math
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jax.sharding import SingleDeviceSharding

CHUNK_SIZE = 16
"""Number of materials solved together on a CPU. The matrices of a larger chunk do not fit into its cache."""

DEVICE_CHUNK_SIZE = 256
"""Number of materials solved together on an accelerator, which a smaller chunk does not keep busy."""

CHUNKS_PER_CALL = 8
"""Number of chunks in one call. Starting a call and collecting its results costs a quarter of the time of a chunk, and
only one Python thread at a time can do it."""

CALLS_PER_DEVICE = 2
"""Number of simultaneous calls on an accelerator: one computes while the results of the other are copied."""

REPRODUCIBLE_OPTIONS = {
    "cpu": {"xla_disable_hlo_passes": "cpu-parallel-task-assigner", "xla_cpu_multi_thread_eigen": False},
    "gpu": {"xla_gpu_autotune_level": 0},
}
"""Compiler options with which a result is the same to the last digit in every run. On a CPU, loops are not split among
the cores, so that their number does not matter; this costs no time, as every core runs a call of its own. On a GPU,
algorithms are not selected by timing them."""

FULL_CALLS = 2
"""Least number of full calls for each core. With fewer of them, a call computes one chunk only: padding the last call
with copies would cost too much."""


def default_chunk_size() -> int:
    """The number of materials to solve together on JAX's default backend."""
    return CHUNK_SIZE if jax.default_backend() == "cpu" else DEVICE_CHUNK_SIZE


def in_chunks(function: Callable[..., Any], chunk_size: int) -> Callable[..., Any]:
    """Map a function of one material over the leading axis of its inputs, `chunk_size` materials at a time."""
    return lambda *inputs: jax.lax.map(lambda one: function(*one), inputs, batch_size=chunk_size)


def batched(function: Callable[..., Any], *, chunk_size: int | None = None, n_shared: int = 0) -> Callable[..., Any]:
    """Compile a function of one material for many: the materials are the leading axis of inputs and results.

    Args:
        function: A function of arrays or pytrees that belong to one material.
        chunk_size: Number of materials computed together; `None` for `default_chunk_size()`.
        n_shared: Number of arguments, the first ones, that are the same for all materials.
    """
    size = chunk_size or default_chunk_size()

    def many(*inputs: Any) -> Any:
        return in_chunks(functools.partial(function, *inputs[:n_shared]), size)(*inputs[n_shared:])

    return jax.jit(many, compiler_options=REPRODUCIBLE_OPTIONS.get(jax.default_backend()))


def run_calls(function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> Generator[Any, None, None]:
    """Apply a compiled function to many sets of arguments, on all local devices and all cores.

    The next calls are computed while the caller works with a result. At most twice as many calls as run at once are
    waiting, running or finished but not yet yielded. Every call runs the same program on one device, so that no digit
    of a result depends on the number of devices or cores.

    Args:
        function: A compiled function of arrays.
        calls: Arguments of each call; the iterable is read as they are needed.

    Yields:
        The result of each call as NumPy arrays, in order.
    """
    x64 = jax.config.read("jax_enable_x64")
    chosen = jax.config.jax_default_device  # pyright: ignore[reportAttributeAccessIssue]
    named = chosen is None or isinstance(chosen, str)
    devices = jax.local_devices(backend=chosen) if named else [chosen]
    at_once = max(_n_cores(), len(devices)) if jax.default_backend() == "cpu" else CALLS_PER_DEVICE * len(devices)

    def run(number: int, inputs: tuple[Any, ...]) -> Any:
        with jax.enable_x64(x64):  # the mode of the calling thread; this one has its own
            if chosen or len(devices) > 1:
                inputs = jax.device_put(inputs, SingleDeviceSharding(devices[number % len(devices)]))
            return jax.tree.map(np.asarray, function(*inputs))

    yield from _in_threads(run, calls, at_once)


def map_materials(
    function: Callable[..., Any], *inputs: Any, chunk_size: int | None = None, chunks_per_call: int = CHUNKS_PER_CALL
) -> Iterator[tuple[slice, Any]]:
    """Apply a batched function to many materials, several chunks in a call, on a CPU with one call for each core.

    A program for a batch of small matrices uses one core only, so that each core is given its own materials. A call
    that is not full is padded with copies of the last material, so that one compilation serves all calls. The memory
    needed does not grow with the number of materials.

    Args:
        function: A function made by `batched` with the same `chunk_size`; keep it to reuse its compilation.
        inputs: Pytrees whose leaves have a leading material axis of the same length.
        chunk_size: Number of materials in a chunk; `None` for `default_chunk_size()`.
        chunks_per_call: Largest number of chunks in a call; one chunk is taken if there are too few materials to keep
            all cores busy.

    Yields:
        After every call, in order: the slice of materials and their results as NumPy arrays.
    """
    n = jax.tree.leaves(inputs)[0].shape[0]
    cores = _n_cores() if jax.default_backend() == "cpu" else 1
    chunk_size = chunk_size or default_chunk_size()
    per_call = chunk_size * (chunks_per_call if n >= FULL_CALLS * cores * chunks_per_call * chunk_size else 1)

    def rows(start: int) -> tuple[Any, ...]:
        whole = start + per_call <= n
        index = slice(start, start + per_call) if whole else np.minimum(np.arange(start, start + per_call), n - 1)
        return jax.tree.map(lambda leaf: leaf[index], inputs)

    starts = range(0, n, per_call)
    for start, results in zip(starts, run_calls(function, map(rows, starts)), strict=True):
        part = slice(start, min(start + per_call, n))
        yield part, jax.tree.map(lambda leaf, size=part.stop - start: leaf[:size], results)


def _in_threads(function: Callable[..., Any], calls: Iterable[tuple[Any, ...]], at_once: int) -> Iterator[Any]:
    """Results of `function(number, inputs)` in order, `at_once` of them computed at a time."""
    calls = enumerate(calls)
    first = list(itertools.islice(calls, 2))
    if at_once == 1 or len(first) < 2:
        yield from itertools.starmap(function, itertools.chain(first, calls))
        return
    pool = ThreadPoolExecutor(at_once)
    pending = deque()
    try:
        for call in itertools.chain(first, calls):
            pending.append(pool.submit(function, *call))
            if len(pending) >= 2 * at_once:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _n_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rounded_up_size(needed: float) -> int:
    """The next larger one of the numbers 4, 5, 6 and 7 times a power of two.

    Array sizes are rounded up so that problems of similar size share a compiled program.
    """
    octave = 2 ** max(0, math.floor(math.log2(needed)) - 2)
    return octave * (math.floor(needed / octave) + 1)
