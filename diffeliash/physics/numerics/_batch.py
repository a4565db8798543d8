"""Many materials: the only place that chunks, vmaps and runs over them, and spreads them over devices and cores."""

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
"""Materials solved together on a CPU: the matrices of a larger batch fall out of its cache."""

DEVICE_CHUNK_SIZE = 256
"""Materials solved together on an accelerator, which fewer of them do not keep busy."""

CHUNKS_PER_CALL = 8
"""Chunks that one execution works off: starting it and collecting its results costs as much as a quarter of a chunk,
and threads of one Python process stand in line for it."""

CALLS_PER_DEVICE = 2
"""Calls at once on an accelerator: one computes while the results of the other are fetched."""

SAME_DIGITS = {
    "cpu": {"xla_disable_hlo_passes": "cpu-parallel-task-assigner", "xla_cpu_multi_thread_eigen": False},
    "gpu": {"xla_gpu_autotune_level": 0},
}
"""What makes the last digits of a result the same every time. On a CPU, loops that are not cut for several cores, whose
number would matter: nothing is lost where every core has a program of its own. On a GPU, algorithms that are not chosen
by their speed in a trial."""

FULL_CALLS = 2
"""Full calls that there must be for every core: else the last one, filled up with copies, would cost too much."""


def default_chunk_size() -> int:
    """The number of materials to solve together where JAX computes."""
    return CHUNK_SIZE if jax.default_backend() == "cpu" else DEVICE_CHUNK_SIZE


def in_chunks(function: Callable[..., Any], chunk_size: int) -> Callable[..., Any]:
    """A function of one material as one of many, `chunk_size` of them at a time; the materials are the leading axis."""
    return lambda *inputs: jax.lax.map(lambda one: function(*one), inputs, batch_size=chunk_size)


def batched(function: Callable[..., Any], *, chunk_size: int | None = None) -> Callable[..., Any]:
    """A function of one material, compiled for many: the materials are the leading axis of inputs and results.

    Args:
        function: Of arrays or pytrees that belong to one material.
        chunk_size: Materials computed together; `None` for what suits the solver where JAX computes.
    """
    chunks = in_chunks(function, chunk_size or default_chunk_size())
    return jax.jit(chunks, compiler_options=SAME_DIGITS.get(jax.default_backend()))


def run_calls(function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> Generator[Any, None, None]:
    """Results of calls as NumPy arrays, in order, on all local devices and all cores.

    The next calls are computed while the caller works with a result; no more of them are in hand or under way than
    twice what runs at once. Every call runs the same program on one device, so that no digit of a result depends on
    how many devices or cores there are.

    Args:
        function: Of arrays; compiled.
        calls: Arguments of each call; taken as they are needed.
    """
    x64 = jax.config.read("jax_enable_x64")
    chosen = jax.config.jax_default_device  # pyright: ignore[reportAttributeAccessIssue]
    named = chosen is None or isinstance(chosen, str)
    devices = jax.local_devices(backend=chosen) if named else [chosen]
    at_once = max(_n_cores(), len(devices)) if jax.default_backend() == "cpu" else CALLS_PER_DEVICE * len(devices)

    def run(number: int, inputs: tuple[Any, ...]) -> Any:
        with jax.enable_x64(x64):  # of the thread that asked, not of this one
            if chosen or len(devices) > 1:
                inputs = jax.device_put(inputs, SingleDeviceSharding(devices[number % len(devices)]))
            return jax.tree.map(np.asarray, function(*inputs))

    yield from _in_threads(run, calls, at_once)


def map_materials(
    function: Callable[..., Any], *inputs: Any, chunk_size: int | None = None, chunks_per_call: int = CHUNKS_PER_CALL
) -> Iterator[tuple[slice, Any]]:
    """Apply a batched function to many materials, some chunks a call; on a CPU as many calls at once as it has cores.

    A program for a batch of small matrices keeps one core busy, so that each core is given its own materials. The
    last ones of a call that is not full are filled up with copies, so that there is one compilation. The memory needed
    does not grow with the number of materials.

    Args:
        function: Made by `batched` with the same `chunk_size`; keep it to use its compilation again.
        inputs: Pytrees whose leaves have a leading material axis of the same length.
        chunk_size: Materials per chunk; `None` for what suits the solver where JAX computes.
        chunks_per_call: Most chunks in a call; one if there are not enough of them to keep all cores busy.

    Yields:
        The slice of materials and their results as NumPy arrays, in order, after every call.
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
    """Results of `function(number, inputs)`, in order."""
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
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting_size(needed: float) -> int:
    """The next larger of the sizes 4, 5, 6, 7 times a power of two: few, so that few programs are compiled."""
    octave = 2 ** max(0, math.floor(math.log2(needed)) - 2)
    return octave * (math.floor(needed / octave) + 1)
