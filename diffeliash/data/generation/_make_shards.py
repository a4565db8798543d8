"""Computation of shards on all devices, while a thread writes the previous ones."""

import pathlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import jax
import numpy as np

from ..._errors import IntegrityError
from ...physics import run_calls
from ..dataset import CompletionRecord, GenerateConfig, Manifest, ShardSummary, count_statuses, shard_bytes
from ..storage import shard_name, write_file
from ._sample_record import record_function, sample_keys, samples_per_call

MOST_PENDING_WRITES = 2
"""Largest number of computed shards that wait to be written."""

Progress = Callable[[dict[str, int]], None]
"""Function called with the number of samples of each status so far."""


def make_shards(
    config: GenerateConfig,
    folder: pathlib.Path,
    manifest: Manifest,
    shards: list[int],
    known: CompletionRecord | None,
    counts: dict[str, int],
    progress: Progress,
) -> dict[int, ShardSummary]:
    """Compute and write shards; if an exception ends the computation, complete shards are still written.

    Args:
        config: Configuration of the data set.
        folder: Folder of the data set.
        manifest: Manifest of the data set.
        shards: Numbers of the shards to make.
        known: Completion record, if the data set was finished before; the shards must have the digests given there.
        counts: Number of samples of each status in the other shards; it is updated.
        progress: Function called with these numbers after every call of the compiled program.

    Returns:
        Digest and counts of each shard, by its number.

    Raises:
        StorageError: A shard cannot be written.
        IntegrityError: A shard does not have the digest of the completion record.
    """
    made: dict[int, Future[ShardSummary]] = {}

    def write(shard: int, records: dict[str, np.ndarray]) -> ShardSummary:
        summary, content = shard_bytes(manifest, shard, records)
        if known and known.shards[shard] != summary:
            raise IntegrityError(
                "the shard is not reproduced exactly", where=str(folder / shard_name(shard)),
                why="its digest is not that of the finished data set.",
                hint="This computer gives other digits than the one that made the data set; make a new data set.",
            )  # fmt: skip
        write_file(folder / shard_name(shard), content)
        return summary

    with ThreadPoolExecutor(1) as disk, closing(_compute(config, shards, counts, progress)) as computed:
        for shard, records in computed:
            made[shard] = disk.submit(write, shard, records)
            if len(made) > MOST_PENDING_WRITES:
                made[shards[len(made) - 1 - MOST_PENDING_WRITES]].result()
    return {shard: future.result() for shard, future in made.items()}


def _compute(
    config: GenerateConfig, shards: list[int], counts: dict[str, int], progress: Progress
) -> Generator[tuple[int, dict[str, np.ndarray]], None, None]:
    """Yield number and records of each shard, in order, while the devices compute the following ones."""
    per_call = samples_per_call(jax.default_backend(), config.shard_size)
    calls = ((shard, start) for shard in shards for start in range(0, config.samples_in(shard), per_call))
    parts = []
    with closing(run_calls(record_function(config), _inputs(config, shards, per_call))) as results:
        for (shard, start), records in zip(calls, results, strict=True):
            n = config.samples_in(shard)
            parts.append({name: values[: n - start] for name, values in records.items()})
            for name, more in count_statuses(parts[-1]["status"]).items():
                counts[name] += more
            progress(counts)
            if start + per_call >= n:
                yield shard, {name: np.concatenate([part[name] for part in parts]) for name in records}
                parts = []


def _inputs(config: GenerateConfig, shards: list[int], per_call: int) -> Iterator[tuple[np.ndarray]]:
    """Yield the random keys of each call; those of the last call of a shard are padded with unused keys."""
    for shard in shards:
        n = config.samples_in(shard)
        keys = sample_keys(config.seed, shard, per_call * -(-n // per_call))
        for start in range(0, n, per_call):
            yield (keys[start : start + per_call],)
