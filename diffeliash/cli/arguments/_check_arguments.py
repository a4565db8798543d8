"""Checks of the arguments of a command, made before it computes anything and before JAX is imported."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..._errors import DiffeliashError, InputError
from ..._inputs import LARGEST_OWN_FILE, check_input
from ..._suggested_files import suggest_files
from ..terminal import finish, print_json
from ._output_paths import status_of
from ._run_folder import CHECKPOINT
from ._spectrum_inputs import error_entry

Check = Callable[..., None]


@contextlib.contextmanager
def collect_errors() -> Iterator[Check]:
    """Yield a function that runs a check; the errors of all checks are raised as one at the end of the `with` block.

    Raises:
        DiffeliashError: One or several checks failed; an `InputError` if one of several errors is an `InputError`.
    """
    errors: list[DiffeliashError] = []

    def check(function: Callable[..., Any], *args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except DiffeliashError as error:
            if str(error) not in map(str, errors):
                errors.append(error)

    yield check
    if len(errors) == 1:
        raise errors[0]
    if errors:
        gravest = next((error for error in errors if isinstance(error, InputError)), errors[0])
        raise type(gravest)(" ".join(map(_sentence, errors)))


def _sentence(error: DiffeliashError) -> str:
    text = str(error)
    return text if text.endswith((".", "?")) else f"{text}."


def exit_if_no_file_is_readable(
    files: Sequence[pathlib.Path],
    json_output: bool,
    *,
    entries: Sequence[dict[str, Any]] = ({},),
    names: Sequence[str] = (),
) -> None:
    """End the command with the errors of all input files if none of them can be read.

    Args:
        files: Input files.
        json_output: Whether to print the results as JSON.
        entries: Further items of the results; each file has one result for each of them.
        names: Patterns of the files to suggest if a folder is given instead of a file.
    """
    errors = [_file_error(file, names) for file in files]
    if any(error is None for error in errors):
        return
    bad = [error_entry(file, error) for file, error in zip(files, errors, strict=True) if error]
    results = [result | entry for result in bad for entry in entries]
    if json_output:
        print_json({"results": results})
    finish(results)


def _file_error(file: pathlib.Path, names: Sequence[str]) -> InputError | None:
    """Return the error of a file that cannot be read, or `None`; for a folder the hint suggests files in it."""
    if file.is_dir():
        return InputError("a folder, not a file", where=str(file), hint=suggest_files(file, names))
    try:
        check_input(file)
    except InputError as error:
        return error
    return None


def check_checkpoint(run: pathlib.Path) -> None:
    """Check that a path is the folder of a training run with a checkpoint, or a file.

    Raises:
        InputError: It is neither, or the file cannot be read.
    """
    check_input(checkpoint_of(run), largest=LARGEST_OWN_FILE)


def checkpoint_of(run: pathlib.Path) -> pathlib.Path:
    """Return the checkpoint file: the path itself, or the checkpoint in the folder of a training run."""
    return run / CHECKPOINT if os.path.isdir(run) else run


def check_folder(path: pathlib.Path, what: str = "data set") -> None:
    """Check that a folder exists and holds only files and folders, since reading a pipe would block.

    Raises:
        InputError: It does not; the message says why.
    """
    hint = "Give a folder that `diffeliash generate` wrote." if what == "data set" else ""
    if status_of(path, InputError) is None:
        raise InputError(f"no such {what}", where=str(path), hint=hint)
    if not path.is_dir():
        raise InputError(f"not a {what}", where=str(path), why="it is a file, not a folder.", hint=hint)
    try:
        with os.scandir(path) as entries:
            odd = [entry.name for entry in entries if _is_special(entry.path)]
    except OSError as error:
        raise InputError("cannot be read", where=str(path), why=f"{error.strerror}.") from error
    if odd:
        raise InputError("cannot be read", where=str(path / min(odd)), why="it is neither a file nor a folder.")


def _is_special(path: str) -> bool:
    """Whether a path is a pipe or a device; a broken link counts as missing."""
    return os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path)
