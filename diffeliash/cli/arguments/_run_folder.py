"""Folders for the results of commands; a new folder is removed again if it stays empty."""

import contextlib
import pathlib
from collections.abc import Collection, Iterator

from ..._errors import InputError, StorageError
from ..._inputs import check_input
from ._output_paths import status_of

RUNS = "runs"
"""Folder of runs for which no --run is given."""

CHECKPOINT = "model.ckpt"
"""File with the network of smallest validation loss."""

CONFIG = "config.toml"
"""File with the configuration of a training run."""

DATA = "data"
"""Folder of the data set that was made for the run."""

FINISHED, LOCK = "DONE", ".lock"
"""Completion record and lock file of a data set, as in `diffeliash.data`, which imports JAX."""

METRICS = "metrics.json"
"""File with the errors on the test set."""

HISTORY = "history.csv"
"""File with one line for each epoch."""

EVENTS = "tensorboard"
"""Folder of the event files of TensorBoard."""

PICTURES = ("history.png", "predictions.png")
"""Figures of a training run."""


def check_new_run(run: pathlib.Path | None, may_hold: Collection[str] = ()) -> None:
    """Check that results can be written to a folder: it does not exist, or is empty.

    Args:
        run: The folder; `None` for the next free one, which is always allowed.
        may_hold: Names of files that the folder may contain.

    Raises:
        StorageError: The folder is not empty, or is not a folder.
    """
    if run is None or status_of(run) is None:
        return
    if not run.is_dir():
        raise StorageError("cannot write", where=str(run), why="it is not a folder.", hint="Choose another --run.")
    try:
        occupied = any(path.name not in may_hold for path in run.iterdir())
    except OSError as error:
        raise StorageError("cannot write", where=str(run), why=f"{error.strerror}.") from error
    if occupied:
        hint = "Choose another --run, or resume this run by --resume."
        raise StorageError("will not overwrite", where=str(run), why="it is not empty.", hint=hint)


@contextlib.contextmanager
def new_run(run: pathlib.Path | None, may_hold: Collection[str] = ()) -> Iterator[pathlib.Path]:
    """Make a folder for results, and yield it in a `with` block; folders that stay empty are removed at the end.

    Args:
        run: The folder; `None` for the next free number in the folder `runs`.
        may_hold: Names of files that the folder may contain.

    Raises:
        StorageError: The folder cannot be made, or is not empty.
    """
    if run is None:
        taken = [int(path.name) for path in pathlib.Path(RUNS).glob("*") if path.name.isdecimal()]
        run = pathlib.Path(RUNS) / f"{max(taken, default=0) + 1:03d}"
    check_new_run(run, may_hold)
    made = [path for path in (run, *run.parents) if status_of(path) is None]
    try:
        _make(run)
        yield run
    finally:
        with contextlib.suppress(OSError):  # a folder that is not empty stays
            for path in made:
                path.rmdir()


def _make(folder: pathlib.Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.") from error


def check_resumable(run: pathlib.Path | None, config: str, *, others: str) -> None:
    """Check that a run can be resumed.

    Args:
        run: Folder of the run.
        config: Name of the configuration file, without which the folder is not a run.
        others: Message about other options that were given and are not allowed; empty if there are none.

    Raises:
        InputError: There is no such folder or configuration file, or other options were given.
    """
    if run is None:
        raise InputError("--resume needs the folder of the run: --run FOLDER.")
    if others:
        raise InputError(f"--resume uses the options of the interrupted run: {others}.")
    try:
        check_input(run / config)
    except InputError as error:
        why = f"there is no {config}." if error.what == "no such file" else f"{config}: {error.what}. {error.why}"
        raise InputError("no run to resume", where=str(run), why=why) from error
