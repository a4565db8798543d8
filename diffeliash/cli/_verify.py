"""`diffeliash verify`: is a data set or checkpoint whole?"""

import pathlib
from typing import Annotated

import typer

from .._errors import InputError, IntegrityError
from ._options import Json
from ._session import INTEGRITY, print_json, session, tell
from ._train import CHECKPOINT


def verify_command(
    path: Annotated[pathlib.Path, typer.Argument(help="A data set, a run, or a checkpoint file.")],
    json: Json = False,
) -> None:
    """Check a data set or a checkpoint against its checksums."""
    with session(json):
        problems = _problems(path)
        for problem in problems:
            tell(f"error: {problem}")
        if json:
            print_json({"ok": not problems, "problems": problems})
        elif not problems:
            print("ok")
        if problems:
            raise typer.Exit(INTEGRITY)


def _problems(path: pathlib.Path) -> list[str]:
    from ..data import verify_dataset
    from ..models import read_checkpoint

    if not path.exists():
        raise InputError("no such file or folder", where=str(path))
    if (path / CHECKPOINT).is_file():
        path = path / CHECKPOINT
    try:
        if path.is_file():
            read_checkpoint(path)
            return []
        return verify_dataset(path)
    except IntegrityError as error:
        return [str(error)]
