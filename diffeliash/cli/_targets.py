"""Files that a command will write: refused before the work, not after it."""

import pathlib

from .._errors import InputError, StorageError

PICTURES = (".png", ".pdf", ".svg")
"""Kinds of pictures that can be drawn."""


def check_targets(
    inputs: list[pathlib.Path], output: pathlib.Path | None, plot: pathlib.Path | None, pictures: tuple[str, ...]
) -> None:
    """Refuse to write onto an input, into a folder that is not there, or an unknown kind of picture.

    Raises:
        InputError: The target is an input file, or the picture's suffix is unknown.
        StorageError: There is no such folder.
    """
    if plot and plot.suffix.lower() not in pictures:
        raise InputError(f"--plot must end in {' or '.join(pictures)}, got {plot.name}.")
    if output and plot and output.resolve() == plot.resolve():
        raise InputError("--output and --plot are the same file.")
    for target in (output, plot):
        if target is None:
            continue
        if target.resolve() in [path.resolve() for path in inputs]:
            raise InputError("will not overwrite an input file", where=str(target))
        if target.is_dir() or not target.resolve().parent.is_dir():
            raise StorageError("cannot write", where=str(target), why="the folder is missing, or it is a folder.")
