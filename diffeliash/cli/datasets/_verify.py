"""The command `verify`: check the checksums of data sets, checkpoints and HDF5 files."""

import pathlib
from typing import Annotated

import typer

from ..._errors import InputError, IntegrityError
from ..._inputs import LARGEST_OWN_FILE, check_input
from .._interrupt import stop_if_requested
from ..arguments import CHECKPOINT, check_folder, status_of
from ..terminal import INTEGRITY, Json, print_json, progress_bar, session, start_jax, tell


def verify_command(
    path: Annotated[
        pathlib.Path,
        typer.Argument(
            readable=False, help="A data set, a run, a checkpoint, or HDF5 of `solve`, `generate` or `export`."
        ),
    ],
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the damaged and missing files of a data set again, and no others.")
    ] = False,
    json: Json = False,
) -> None:
    """Verify the checksums of a data set, a training run, a checkpoint, or an HDF5 file written by diffeliash.

    The exit code is 6 if a file is damaged or missing, or a data set is unfinished.
    """
    with session(json):
        _check_path(path)
        if repair:
            start_jax("auto")
        from ...data import is_dataset

        found = _problems(path)
        for problem in found:
            tell(f"error: {problem}")
        remaining = _repair(path) if repair and found else found
        if repair and found:
            for problem in remaining:
                tell(f"error: not repaired: {problem}")
        if json:
            repaired = {"repaired": [problem for problem in found if problem not in remaining]} if repair else {}
            print_json({"ok": not remaining, "problems": remaining} | repaired)
        elif not remaining:
            print(f"ok: {_what(path)}" + (f", {len(found)} repaired" if found else ""))
        if remaining:
            if not repair and is_dataset(path):
                tell(f"`diffeliash verify {path} --repair` makes damaged and missing files again")
            raise typer.Exit(INTEGRITY)


def _check_path(path: pathlib.Path) -> None:
    if status_of(path, InputError) is None:
        raise InputError("no such file or folder", where=str(path), hint="Give an existing file or folder.")
    if path.is_dir():
        check_folder(path)
    else:
        check_input(path, largest=LARGEST_OWN_FILE)


def _problems(path: pathlib.Path) -> list[str]:
    from ...data import verify_dataset

    if (path / CHECKPOINT).is_file():
        from ...training import STATE_FILES

        return [problem for file in (path / CHECKPOINT, *sorted(path.glob(STATE_FILES))) for problem in _problems(file)]
    try:
        if not path.is_dir():
            _check_file(path)
            return []
        n = _n_shards(path)
        if n is None:
            return verify_dataset(path, progress=lambda done: stop_if_requested())
        with progress_bar("checking", n) as update:
            return verify_dataset(path, progress=lambda done: update(done, ""))
    except IntegrityError as error:
        return [str(error)]


def _check_file(path: pathlib.Path) -> None:
    """Read a file and verify its checksum.

    Raises:
        InputError: The file has no checksum, since diffeliash did not write it.
        IntegrityError: The file is damaged.
    """
    from ...data import is_hdf5_file, read_hdf5
    from ...models import CHECKPOINT_KINDS, check_envelope, read_checkpoint
    from ...training import STATE_KIND, read_state

    try:
        if is_hdf5_file(path):
            read_hdf5(path)
            return
        read = {**dict.fromkeys(CHECKPOINT_KINDS, read_checkpoint), STATE_KIND: read_state}.get(check_envelope(path))
    except InputError as error:
        hint = "Data sets, checkpoints, and HDF5 files of `solve`, `generate` and `export` have checksums."
        why = ": ".join(part.rstrip(".") for part in (error.what, error.why) if part)
        raise InputError("the file has no checksum", where=str(path), why=f"{why}.", hint=hint) from error
    if read:
        start_jax("auto")  # networks may contain numbers in double precision
        read(path)


def _repair(path: pathlib.Path) -> list[str]:
    from ...data import is_dataset, repair_dataset

    if not is_dataset(path):
        raise InputError("cannot repair", where=str(path), why="only data sets can be made again.")
    tell("repairing")
    return repair_dataset(path, progress=lambda counts: stop_if_requested())


def _what(path: pathlib.Path) -> str:
    """Return a short description of what was verified."""
    from ...data import is_dataset, read_completion_record, read_manifest

    if not is_dataset(path):
        return str(path)
    manifest = read_manifest(path)
    done = read_completion_record(path, manifest)
    n = manifest.config["num_samples"]
    stored = f"{done.counts['kept']} samples stored of {n} drawn"
    return f"{path}, {manifest.n_shards} files, {stored}, digest {done.digest[:12]}"


def _n_shards(path: pathlib.Path) -> int | None:
    """Return the number of shards in the manifest, or `None` if it is damaged."""
    from ...data import read_manifest

    try:
        return read_manifest(path).n_shards
    except IntegrityError:
        return None
