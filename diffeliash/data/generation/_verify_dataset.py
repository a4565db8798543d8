"""Verification and repair of data sets."""

import pathlib
from collections.abc import Callable

from ..._errors import InputError, IntegrityError
from ..dataset import (
    CompletionRecord,
    Manifest,
    config_of,
    manifest_of_shards,
    read_completion_record,
    read_manifest,
    read_shard,
    refuse_foreign_manifest,
)
from ..storage import DONE, MANIFEST, shard_name, write_file
from ._generate import Progress, generate


def verify_dataset(folder: pathlib.Path, *, progress: Callable[[int], None] = lambda done: None) -> list[str]:
    """Verify all checksums of a data set, and return its problems.

    Found are damaged and missing shards, shards under the name of another one or from another data set, files that do
    not belong to the data set, a damaged manifest, and an unfinished data set.

    Args:
        folder: Folder of the data set, made by `generate`.
        progress: Function called with the number of shards checked so far.

    Returns:
        One message for each problem; empty if there is none.

    Raises:
        InputError: The folder is not a data set, or has another format version.
    """
    folder = pathlib.Path(folder)
    problems = []
    try:
        manifest = _trusted_manifest(folder)
    except IntegrityError as error:
        problems.append(str(error))
        manifest = manifest_of_shards(folder)
    if manifest is None:
        return problems
    done = _done(folder, manifest, problems)
    n = manifest.n_shards
    for shard in range(n):
        try:
            read_shard(folder, manifest, shard, done)
        except (InputError, IntegrityError) as error:
            if done or (folder / shard_name(shard)).exists():
                problems.append(str(error))
        progress(shard + 1)
    names = {MANIFEST, DONE, *map(shard_name, range(n))}
    strange = sorted(path.name for path in folder.iterdir() if path.name not in names and not path.name.startswith("."))
    return problems + [f"{folder / name}: not part of this data set: move it elsewhere." for name in strange]


def repair_dataset(folder: pathlib.Path, *, progress: Progress = lambda counts: None) -> list[str]:
    """Make the damaged and missing files of a data set again, and return the problems that remain.

    Valid shards are not touched. A manifest that is damaged or belongs to another data set is restored from the copies
    in the shards.

    Args:
        folder: Folder of the data set, made by `generate`.
        progress: Function called with a dictionary of the numbers of samples so far, by status, as in `generate`.

    Returns:
        One message for each remaining problem, as in `verify_dataset`; empty if there is none.

    Raises:
        InputError: The folder is not a data set, its family is not one of this package, or it was made with other
            software or hardware, so that new shards would not be the same to the last digit.
        RuntimeError: JAX is not in 64-bit mode.
        StorageError: The folder cannot be written, or another process is writing there.
        IntegrityError: The manifest is damaged and no shard has a copy of it; or a shard is not reproduced exactly.
    """
    folder = pathlib.Path(folder)
    try:
        manifest = _trusted_manifest(folder)
    except IntegrityError as error:
        manifest = manifest_of_shards(folder)
        if manifest is None:
            raise IntegrityError(
                error.what, where=error.where, why=error.why, hint="No shard has a copy of it."
            ) from error
        write_file(folder / MANIFEST, manifest.text.encode())
    generate(config_of(manifest.config), folder, resume=True, progress=progress)
    return verify_dataset(folder)


def _trusted_manifest(folder: pathlib.Path) -> Manifest:
    """Read the manifest, and check that the completion record or the shards agree with it."""
    manifest = read_manifest(folder)
    if _done(folder, manifest, []) is None:
        refuse_foreign_manifest(folder, manifest)
    return manifest


def _done(folder: pathlib.Path, manifest: Manifest, problems: list[str]) -> CompletionRecord | None:
    try:
        return read_completion_record(folder, manifest)
    except (InputError, IntegrityError) as error:
        problems.append(str(error))
        return None
