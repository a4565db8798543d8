"""Is a data set what was generated? And making it so again."""

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
    """Every problem of a data set, one line each; empty if it is whole.

    Damaged, missing, swapped and foreign shards, files that do not belong there, a damaged manifest, an unfinished set.

    Args:
        folder: Of `generate`.
        progress: Told the number of shards checked.

    Raises:
        InputError: The folder is no data set, or of another format version.
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
    """Make the damaged and missing files of a data set again, and no others; what remains wrong, one line each.

    A damaged or foreign manifest is restored from the copies in the shards.

    Raises:
        InputError: The folder is no data set, or its shards were made with other software or hardware, so that new ones
            would not come out the same.
        StorageError: It cannot be written, or another process is writing there.
        IntegrityError: The manifest is damaged, and no shard has a copy; or a shard comes out differently.
    """
    folder = pathlib.Path(folder)
    try:
        manifest = _trusted_manifest(folder)
    except IntegrityError as error:
        manifest = manifest_of_shards(folder)
        if manifest is None:
            raise IntegrityError(error.what, where=error.where, why=error.why, hint="No shard has a copy.") from error
        write_file(folder / MANIFEST, manifest.text.encode())
    generate(config_of(manifest.config), folder, resume=True, progress=progress)
    return verify_dataset(folder)


def _trusted_manifest(folder: pathlib.Path) -> Manifest:
    """The manifest, if `DONE` or the shards do not contradict it."""
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
