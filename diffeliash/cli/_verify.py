"""`diffeliash verify`: is a data set or checkpoint whole?"""

import pathlib
from typing import Annotated

import typer

from .._errors import InputError, IntegrityError
from ._interrupt import stop_if_requested
from ._options import Json
from ._progress import progress_bar
from ._session import INTEGRITY, print_json, session, tell
from ._train import CHECKPOINT


def verify_command(
    path: Annotated[pathlib.Path, typer.Argument(help="A data set, a run, a checkpoint or an HDF5 file of ours.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Make damaged and missing files of a data set again, and no others.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a data set, a checkpoint, or a file of `solve` or `export` against its checksums."""
    with session(json, "auto" if repair else None):
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
            print(f"ok: {len(found)} repaired" if found else "ok")
        if remaining:
            raise typer.Exit(INTEGRITY)


def _problems(path: pathlib.Path) -> list[str]:
    from ..data import is_hdf5_file, read_hdf5, verify_dataset
    from ..models import read_checkpoint

    if not path.exists():
        raise InputError("no such file or folder", where=str(path))
    if (path / CHECKPOINT).is_file():
        path = path / CHECKPOINT
    try:
        if path.is_file():
            (read_hdf5 if is_hdf5_file(path) else read_checkpoint)(path)
            return []
        n = _n_shards(path)
        if n is None:
            return verify_dataset(path, progress=lambda done: stop_if_requested())
        with progress_bar("checking", n) as update:
            return verify_dataset(path, progress=lambda done: update(done, ""))
    except IntegrityError as error:
        return [str(error)]


def _repair(path: pathlib.Path) -> list[str]:
    from ..data import MANIFEST, repair_dataset

    if not (path / MANIFEST).exists() and not list(path.glob("shard-*.h5")):
        raise InputError("cannot repair", where=str(path), why="only data sets can be made again.")
    tell("making them again")
    return repair_dataset(path, progress=lambda counts: stop_if_requested())


def _n_shards(path: pathlib.Path) -> int | None:
    """As the manifest says, if it is whole."""
    from ..data import read_manifest

    try:
        return read_manifest(path).n_shards
    except IntegrityError:
        return None
