"""Files and folders that a command will write: refused before the work, not after it."""

import os
import pathlib

from ..._errors import DiffeliashError, InputError, StorageError

PICTURES = (".png", ".pdf", ".svg")
"""Kinds of pictures that can be drawn."""

TABLES = (".h5", ".npz", ".csv")
"""Kinds of files that `export` writes."""


def check_output_files(inputs: list[pathlib.Path], **targets: pathlib.Path | None) -> None:
    """Refuse to write onto an input, twice to one file, into a folder that is not there, or an unknown kind of file.

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
    taken = {os.path.realpath(path): "an input file" for path in inputs}
    for name, target in targets.items():
        if target is None:
            continue
        real = os.path.realpath(target)
        if taken.get(real) == "an input file":
            raise InputError("will not overwrite an input file", where=str(target))
        if real in taken:
            raise InputError(f"{taken[real]} and --{name} are the same file.")
        _check_output_file(target)
        taken[real] = f"--{name}"


def _check_output_file(target: pathlib.Path) -> None:
    there = status_of(target)
    if target.is_dir():
        raise StorageError("cannot write", where=str(target), why="it is a folder.", hint="Name a file.")
    if not target.absolute().parent.is_dir():
        raise StorageError("cannot write", where=str(target), why="its folder is missing.", hint="Make it first.")
    special = there is not None and not target.is_file()
    if not os.access(target if special else os.path.dirname(os.path.realpath(target)), os.W_OK):
        raise StorageError("cannot write", where=str(target), why="permission denied.", hint="Choose another folder.")


def status_of(path: pathlib.Path, kind: type[DiffeliashError] = StorageError) -> os.stat_result | None:
    """What is at a path; nothing if nothing is.

    Raises:
        DiffeliashError: Of this kind: nobody can say, as of a loop of links.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        why = f"{getattr(error, 'strerror', None) or error}."
        raise kind("cannot be used", where=str(path), why=why) from error
