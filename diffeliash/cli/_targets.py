"""Files that a command will write: refused before the work, not after it."""

import os
import pathlib

from .._errors import InputError, StorageError

PICTURES = (".png", ".pdf", ".svg")
"""Kinds of pictures that can be drawn."""


def check_targets(inputs: list[pathlib.Path], **targets: pathlib.Path | None) -> None:
    """Refuse to write onto an input, twice to one file, into a folder that is not there, or an unknown picture.

    Args:
        inputs: Files that are read.
        targets: Files to be written, under the names of their options; `plot` is a picture.

    Raises:
        InputError: The target is an input file, or the picture's suffix is unknown.
        StorageError: There is no such folder, or it cannot be written to.
    """
    plot = targets.get("plot")
    if plot and plot.suffix.lower() not in PICTURES:
        raise InputError(f"--plot must end in {' or '.join(PICTURES)}, got {plot.name}.")
    taken = {path.resolve(): "an input file" for path in inputs}
    for name, target in targets.items():
        if target is None:
            continue
        if taken.get(target.resolve()) == "an input file":
            raise InputError("will not overwrite an input file", where=str(target))
        if target.resolve() in taken:
            raise InputError(f"{taken[target.resolve()]} and --{name} are the same file.")
        if target.is_dir():
            raise StorageError("cannot write", where=str(target), why="it is a folder.", hint="Name a file.")
        if not target.absolute().parent.is_dir():
            raise StorageError("cannot write", where=str(target), why="its folder is missing.", hint="Make it first.")
        special = target.exists() and not target.is_file()
        if not os.access(target if special else target.resolve().parent, os.W_OK):
            raise StorageError(
                "cannot write", where=str(target), why="permission denied.", hint="Choose another folder."
            )
        taken[target.resolve()] = f"--{name}"
