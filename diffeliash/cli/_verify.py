"""`diffeliash verify`: is a data set or checkpoint whole?"""

import pathlib
from typing import Annotated

import typer

from .._errors import IntegrityError
from ._options import Json
from ._session import INTEGRITY, print_json, session, tell


def verify_command(
    path: Annotated[pathlib.Path, typer.Argument(help="A data set folder or a checkpoint file.")],
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

    try:
        if path.is_file():
            read_checkpoint(path)
            return []
        return verify_dataset(path)
    except IntegrityError as error:
        return [str(error)]
