"""Random data sets: draw, solve, continue, accept, store, and go on where a run was interrupted."""

import dataclasses
import pathlib
import time

from ..._errors import InputError, IntegrityError, StorageError
from ...physics import require_x64
from ..dataset import (
    CompletionRecord,
    GenerateConfig,
    Manifest,
    ShardSummary,
    differences,
    lock_shards,
    make_completion_record,
    make_manifest,
    read_completion_record,
    read_manifest,
    read_shard,
    read_summary,
    refuse_foreign_manifest,
    total_counts,
)
from ..storage import (
    DONE,
    LOCK,
    MANIFEST,
    SHARD_PATTERN,
    STATUS_NAMES,
    numerical_environment,
    remove_temporary,
    shard_name,
    temporary_prefix,
    write_file,
)
from ._make_shards import Progress, make_shards
from ._sample_record import check_computable


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateReport:
    """What became of the samples of one data set.

    Args:
        n_requested: Samples to be drawn.
        n_kept: Stored.
        n_normal: In the normal state, not stored.
        n_rejected: Not accepted for another reason, not stored.
        seconds: Of this run.
        digest: Of configuration and content; `None` as long as shards are missing, which other workers make.
        reasons: Samples of each status.
        n_shards: Files of the data set.
        n_missing: Those that are not there yet.
        replaced: What was wrong with shards that were there and had to be made again.
    """

    n_requested: int
    n_kept: int
    n_normal: int
    n_rejected: int
    seconds: float
    digest: str | None
    reasons: dict[str, int]
    n_shards: int
    n_missing: int
    replaced: tuple[str, ...]


def shards_of_worker(config: GenerateConfig, shard_index: int, num_shards: int) -> range:
    """The shard files that one of several workers makes: every `num_shards`-th, from `shard_index` on.

    Raises:
        InputError: There is no such worker.
    """
    if num_shards < 1 or not 0 <= shard_index < num_shards:
        raise InputError(
            f"0 <= shard index < number of shards needed, got {shard_index} and {num_shards}.",
            hint="Workers are counted from 0.",
        )
    return range(shard_index, config.n_shards, num_shards)


def generate(
    config: GenerateConfig,
    folder: pathlib.Path,
    *,
    resume: bool = False,
    shard_index: int = 0,
    num_shards: int = 1,
    progress: Progress = lambda counts: None,
) -> GenerateReport:
    """Fill a folder with a data set, alone or as one of several workers.

    Sample j of shard i depends on the configuration, the seed, i and j only. Shards are files that appear whole and
    never change; whatever ends a run, all that were there stay, and the next run goes on with the others. The digest
    is the same however often it was interrupted, by however many workers and on however many cores or devices.

    Args:
        config: What to generate.
        folder: Does not exist yet, or is empty; or, with `resume` or several workers, holds the beginning of this very
            data set.
        resume: Go on with a data set, and make damaged shards again.
        shard_index: Which worker this is, from 0.
        num_shards: How many workers share out the shards; they need no contact but the folder.
        progress: Told the number of samples of each status among this worker's so far, all zero before the folder is
            made. What it raises ends the run; what is computed is written.

    Raises:
        InputError: The folder holds another data set, or one that was made with other software or hardware, there is no
            such worker, or the configuration cannot be computed.
        RuntimeError: JAX is not in 64-bit mode.
        StorageError: The folder is not empty, cannot be written, or another process is writing there.
        IntegrityError: A file of the data set is damaged and cannot be made again, or comes out differently; or the
            manifest is not that of most shards.
    """
    started = time.perf_counter()
    require_x64()
    folder = pathlib.Path(folder)
    mine = shards_of_worker(config, shard_index, num_shards)
    if not (folder / MANIFEST).exists():
        check_computable(config)
    progress(dict.fromkeys(STATUS_NAMES, 0))
    _make_folder(folder, resume or num_shards > 1)
    with lock_shards(folder, mine):
        manifest = _open_manifest(config, folder, alone=num_shards == 1)
        known = _read_previous_record(folder, manifest)
        there, replaced = _check_existing_shards(folder, manifest, mine, known, progress)
        if known is None and len(replaced) > len(there):
            refuse_foreign_manifest(folder, manifest)
        missing = [shard for shard in mine if shard not in there]
        if missing:
            _refuse_other_machine(folder, manifest)
            there |= make_shards(config, folder, manifest, missing, known, total_counts(there.values()), progress)
        shards = _all_summaries(folder, manifest, there)
        done = None
        if len(shards) == manifest.n_shards:
            done, content = make_completion_record(manifest, [shards[shard] for shard in range(manifest.n_shards)])
            if known != done:
                write_file(folder / DONE, content)
    return _report(config, shards, done, time.perf_counter() - started, replaced)


def _make_folder(folder: pathlib.Path, may_exist: bool) -> None:
    """Make the folder, or refuse one with anything in it but the data set to go on with."""
    hint = "Choose another name or remove it."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.", hint=hint) from error
    ours = {LOCK} | {name for name in names if name.startswith(temporary_prefix(MANIFEST))}
    if MANIFEST in names and not may_exist:
        hint = "Go on with it by --resume (in Python resume=True), choose another name, or remove it."
        raise StorageError("will not overwrite", where=str(folder), why="it holds a data set.", hint=hint)
    if MANIFEST not in names and any(folder.glob(SHARD_PATTERN)):
        read_manifest(folder)  # says how to restore it
    if MANIFEST not in names and names - ours:
        raise StorageError("will not overwrite", where=str(folder), why="it exists and is not empty.", hint=hint)


def _open_manifest(config: GenerateConfig, folder: pathlib.Path, *, alone: bool) -> Manifest:
    """The manifest: that of this configuration, written if there is none yet."""
    if alone:
        remove_temporary(folder, (MANIFEST, DONE))
    if not (folder / MANIFEST).exists():
        manifest = make_manifest(config)
        try:
            write_file(folder / MANIFEST, manifest.text.encode(), new=True)
            return manifest
        except FileExistsError:
            pass  # another worker was faster
    manifest = read_manifest(folder)
    found = differences(manifest.config, config.as_dict())
    if found:
        hint = "Ask for the same, or choose another folder."
        raise InputError("another data set", where=str(folder), why=f"it has {'; '.join(found)}.", hint=hint)
    return manifest


def _read_previous_record(folder: pathlib.Path, manifest: Manifest) -> CompletionRecord | None:
    """What the data set held when it was finished, if it was."""
    try:
        return read_completion_record(folder, manifest)
    except (InputError, IntegrityError):
        return None


def _check_existing_shards(
    folder: pathlib.Path, manifest: Manifest, shards: range, known: CompletionRecord | None, progress: Progress
) -> tuple[dict[int, ShardSummary], tuple[str, ...]]:
    """The shards that are there and whole, and what is wrong with others."""
    there, replaced, counts = {}, [], dict.fromkeys(STATUS_NAMES, 0)
    remove_temporary(folder, {shard_name(shard) for shard in shards})
    names = {path.name for path in folder.iterdir()}
    for shard in shards:
        if shard_name(shard) not in names:
            continue
        if not (folder / shard_name(shard)).is_file():
            where = str(folder / shard_name(shard))
            raise StorageError("will not overwrite", where=where, why="it is not a file.", hint="Remove it.")
        try:
            _, there[shard] = read_shard(folder, manifest, shard, known)
        except (InputError, IntegrityError) as error:
            replaced.append(str(error))
            continue
        counts = {name: counts[name] + there[shard].counts[name] for name in STATUS_NAMES}
        progress(counts)
    return there, tuple(replaced)


def _refuse_other_machine(folder: pathlib.Path, manifest: Manifest) -> None:
    found = differences(manifest.machine, numerical_environment())
    if found:
        raise InputError(
            "made by other software or hardware", where=str(folder), why=f"it has {'; '.join(found)}.",
            hint="Its missing or damaged shards would not come out the same to the last digit: make them with what it "
            "was made with, or make a new data set.",
        )  # fmt: skip


def _all_summaries(folder: pathlib.Path, manifest: Manifest, there: dict[int, ShardSummary]) -> dict[int, ShardSummary]:
    """What all shards hold that are there, those of other workers too."""
    found, names = dict(there), {path.name for path in folder.iterdir()}
    for shard in range(manifest.n_shards):
        if shard not in found and shard_name(shard) in names:
            found[shard] = read_summary(folder, manifest, shard)
    return found


def _report(
    config: GenerateConfig,
    shards: dict[int, ShardSummary],
    done: CompletionRecord | None,
    seconds: float,
    replaced: tuple[str, ...],
) -> GenerateReport:
    counts = total_counts(shards.values())
    return GenerateReport(
        n_requested=config.num_samples,
        n_kept=counts["kept"],
        n_normal=counts["normal"],
        n_rejected=sum(counts.values()) - counts["kept"] - counts["normal"],
        seconds=seconds,
        digest=done.digest if done else None,
        reasons=counts,
        n_shards=config.n_shards,
        n_missing=config.n_shards - len(shards),
        replaced=replaced,
    )
