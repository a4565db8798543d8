"""Generation of a data set, and its resumption after an interruption."""

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
    """Result of `generate`: numbers of samples, over all shards that exist so far.

    Args:
        n_requested: Number of samples of the finished data set, stored or not.
        n_kept: Number of samples stored.
        n_normal: Number of samples in the normal state, which are not stored.
        n_rejected: Number of samples not accepted for another reason, which are not stored.
        seconds: Duration of this run [s].
        digest: SHA-256 digest of configuration and content; `None` while shards of other workers are missing.
        reasons: Number of samples of each status.
        n_shards: Number of shards of the finished data set.
        n_missing: Number of shards that do not exist yet.
        replaced: Error messages of damaged shards that this run made again.
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
    """Return the numbers of the shards that one of several workers makes: every `num_shards`-th from `shard_index` on.

    Raises:
        InputError: `shard_index` does not lie in [0, num_shards).
    """
    if num_shards < 1 or not 0 <= shard_index < num_shards:
        raise InputError(
            f"the shard index must lie in [0, number of workers), got {shard_index} and {num_shards}.",
            hint="Workers are numbered from 0.",
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
    """Generate a data set in a folder, alone or as one of several workers.

    For each sample, a spectral function is drawn, the Eliashberg equations are solved on the imaginary axis, and the
    gap function is continued to the line above the real axis. Samples that superconduct and are accurate enough are
    stored.

    Sample j of shard i depends only on the configuration (with the seed), i and j. A shard is written completely or not
    at all, and never changes afterwards; an interrupted run leaves its complete shards, and can be resumed. The digest
    does not depend on interruptions or on the number of workers, cores and devices.

    Args:
        config: Configuration of the data set.
        folder: Folder of the data set. It must be new or empty; with `resume` or several workers it may hold a part of
            the same data set.
        resume: Complete an existing data set, and make its damaged shards again.
        shard_index: Number of this worker, from 0. It is not the number of a shard, which is a file.
        num_shards: Number of workers, which divide the shards (files) among them and share only the folder; worker i
            makes the shards i, i + `num_shards`, and so on. It is not the number of shards, `config.n_shards`.
        progress: Function called with a dictionary of the numbers of this worker's samples so far, by status (kept,
            normal, ...); the first call, with zeros, comes before the folder is made. If it raises, the run ends, and
            complete shards are written.

    Returns:
        Numbers of samples of each status and of shards, and the digest; see `GenerateReport`.

    Raises:
        InputError: The folder holds another data set, or its missing shards need other software or hardware; the worker
            number is out of range; or the configuration cannot be computed.
        RuntimeError: JAX is not in 64-bit mode.
        StorageError: The folder is not empty, cannot be written, or another process is writing there.
        IntegrityError: A file of the data set is damaged and cannot be made again, a shard is not reproduced exactly,
            or most shards belong to another manifest.
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
    """Make the folder, or refuse an existing one that holds anything but the data set to resume."""
    hint = "Choose another name or remove it."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.", hint=hint) from error
    ours = {LOCK} | {name for name in names if name.startswith(temporary_prefix(MANIFEST))}
    if MANIFEST in names and not may_exist:
        hint = "Complete it by --resume (in Python resume=True), choose another name, or remove it."
        raise StorageError("will not overwrite", where=str(folder), why="it holds a data set.", hint=hint)
    if MANIFEST not in names and any(folder.glob(SHARD_PATTERN)):
        read_manifest(folder)  # raises an error that says how to restore it
    if MANIFEST not in names and names - ours:
        raise StorageError("will not overwrite", where=str(folder), why="it exists and is not empty.", hint=hint)


def _open_manifest(config: GenerateConfig, folder: pathlib.Path, *, alone: bool) -> Manifest:
    """Read the manifest, or write it if there is none, and check that it has this configuration."""
    if alone:
        remove_temporary(folder, (MANIFEST, DONE))
    if not (folder / MANIFEST).exists():
        manifest = make_manifest(config)
        try:
            write_file(folder / MANIFEST, manifest.text.encode(), new=True)
            return manifest
        except FileExistsError:
            pass  # another worker has just written it
    manifest = read_manifest(folder)
    found = differences(manifest.config, config.as_dict())
    if found:
        hint = "Use the same options, or choose another folder."
        raise InputError("another data set", where=str(folder), why=f"it has {'; '.join(found)}.", hint=hint)
    return manifest


def _read_previous_record(folder: pathlib.Path, manifest: Manifest) -> CompletionRecord | None:
    """Return the completion record, or `None` if the data set is unfinished or the record is damaged."""
    try:
        return read_completion_record(folder, manifest)
    except (InputError, IntegrityError):
        return None


def _check_existing_shards(
    folder: pathlib.Path, manifest: Manifest, shards: range, known: CompletionRecord | None, progress: Progress
) -> tuple[dict[int, ShardSummary], tuple[str, ...]]:
    """Return the summaries of the valid shards that exist, and the error messages of damaged ones."""
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
            hint="Its missing or damaged shards would not be the same to the last digit: make them with the software "
            "and hardware of the data set, or make a new data set.",
        )  # fmt: skip


def _all_summaries(folder: pathlib.Path, manifest: Manifest, there: dict[int, ShardSummary]) -> dict[int, ShardSummary]:
    """Return the summaries of all shards that exist, including those of other workers."""
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
