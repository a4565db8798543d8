"""Checks of the files that a command will write, made before it computes anything."""

import os
import pathlib

from ..._errors import DiffeliashError, InputError, StorageError

PICTURES = (".png", ".pdf", ".svg")
"""Supported suffixes of figures."""

TABLES = (".h5", ".npz", ".csv")
"""Supported suffixes of the files that `export` writes."""


def check_output_files(inputs: list[pathlib.Path], **targets: pathlib.Path | None) -> None:
    """Check that the output files of a command can be written.

    Args:
        inputs: Input files.
        targets: Output files, by the names of their options; `plot` is a figure. `None` is an option not given.

    Raises:
        InputError: An output file is an input file, two are the same, or the suffix of a figure is not supported.
        StorageError: The folder of an output file does not exist, or cannot be written to.
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
        raise StorageError("cannot write", where=str(target), why="it is a folder.", hint="Give the name of a file.")
    if not target.absolute().parent.is_dir():
        raise StorageError(
            "cannot write", where=str(target), why="its folder does not exist.", hint="Make the folder first."
        )
    special = there is not None and not target.is_file()
    if not os.access(target if special else os.path.dirname(os.path.realpath(target)), os.W_OK):
        raise StorageError("cannot write", where=str(target), why="permission denied.", hint="Choose another folder.")


def status_of(path: pathlib.Path, kind: type[DiffeliashError] = StorageError) -> os.stat_result | None:
    """Return the file status of a path, or `None` if nothing exists there.

    Raises:
        DiffeliashError: Of class `kind`, if the status cannot be read, for example in a cycle of symbolic links.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        why = f"{getattr(error, 'strerror', None) or error}."
        raise kind("cannot be used", where=str(path), why=why) from error
