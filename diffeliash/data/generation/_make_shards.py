"""Making shards: the devices compute the next ones while the last are written."""

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
"""Finished shards that may wait for the disk while the next ones are computed."""

Progress = Callable[[dict[str, int]], None]
"""Told the number of samples of each status so far."""


def make_shards(
    config: GenerateConfig,
    folder: pathlib.Path,
    manifest: Manifest,
    shards: list[int],
    known: CompletionRecord | None,
    counts: dict[str, int],
    progress: Progress,
) -> dict[int, ShardSummary]:
    """Make shards; whatever stops it, those that are computed are still written.

    Args:
        config: Of the data set.
        folder: Of the data set.
        manifest: Of the data set.
        shards: Their numbers.
        known: What the data set held when it was finished, if it was.
        counts: Samples of each status before.
        progress: Told them after every call of the program.

    Raises:
        StorageError: A shard cannot be written.
        IntegrityError: It comes out otherwise than before.
    """
    made: dict[int, Future[ShardSummary]] = {}

    def write(shard: int, records: dict[str, np.ndarray]) -> ShardSummary:
        summary, content = shard_bytes(manifest, shard, records)
        if known and known.shards[shard] != summary:
            raise IntegrityError(
                "comes out differently", where=str(folder / shard_name(shard)), why="its digest is not that of before.",
                hint="This machine does not compute what the data set was made of; make a new one.",
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
    """The records of whole shards, in order; the devices go on with the next ones meanwhile."""
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
    """The keys of each call; the last of a shard is filled up with keys of samples that it does not have."""
    for shard in shards:
        n = config.samples_in(shard)
        keys = sample_keys(config.seed, shard, per_call * -(-n // per_call))
        for start in range(0, n, per_call):
            yield (keys[start : start + per_call],)
