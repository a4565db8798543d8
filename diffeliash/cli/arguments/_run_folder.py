"""Folders that commands put their results into: new ones, of which nothing is left if there are no results."""

import contextlib
import math
import pathlib
from collections.abc import Collection, Iterator
from typing import Any

from ..._errors import DiffeliashError, InputError, StorageError
from ..._inputs import check_input
from ._output_paths import status_of

RUNS = "runs"
"""Where runs without a name of their own go."""

CHECKPOINT = "model.ckpt"
"""The network with the smallest validation loss."""

CONFIG = "config.toml"
"""The whole configuration."""

DATA = "data"
"""The data set that was made for the run."""

FINISHED, LOCK = "DONE", ".lock"
"""Of a data set, as the library calls them."""

METRICS = "metrics.json"
"""The measures of success on the test set."""

HISTORY = "history.csv"
"""One line an epoch."""

EVENTS = "tensorboard"
"""Folder of the event files of TensorBoard."""

PICTURES = ("history.png", "predictions.png")


def check_new_run(run: pathlib.Path | None, may_hold: Collection[str] = ()) -> None:
    """Refuse a folder for results that cannot be one, or in which there is something already.

    Args:
        run: The folder; any free one if `None`.
        may_hold: Names that do no harm.

    Raises:
        StorageError: Saying what is there.
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
        hint = "Choose another --run, or go on with this one: --resume."
        raise StorageError("will not overwrite", where=str(run), why="it is not empty.", hint=hint)


@contextlib.contextmanager
def new_run(run: pathlib.Path | None, may_hold: Collection[str] = ()) -> Iterator[pathlib.Path]:
    """A folder that is new: the one named, or the next free number in `runs`.

    Folders that had to be made for it, and into which nothing came, are gone afterwards.

    Args:
        run: The folder, if it is named.
        may_hold: Names that do no harm in it.

    Raises:
        StorageError: It cannot be made, or is not empty.
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
        with contextlib.suppress(OSError):  # what is not empty stays
            for path in made:
                path.rmdir()


def _make(folder: pathlib.Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.") from error


def check_resumable(run: pathlib.Path | None, config: str, *, others: str) -> None:
    """Refuse to go on with what is no run.

    Args:
        run: Its folder.
        config: Name of the file in it without which it is none.
        others: Of options that were given besides, what to say of them.

    Raises:
        InputError: There is no such folder or file, or there are such options.
    """
    if run is None:
        raise InputError("--resume needs the folder of the run: --run FOLDER.")
    if others:
        raise InputError(f"--resume goes on as the run was begun: {others}.")
    try:
        check_input(run / config)
    except InputError as error:
        why = f"there is no {config}." if error.what == "no such file" else f"{config}: {error.what}. {error.why}"
        raise InputError("no run to go on with", where=str(run), why=why) from error


def read_metrics(folder: pathlib.Path, origin: dict[str, Any]) -> dict[str, Any] | None:
    """The measures of success in the folder of a run, if they are those of the network with this origin."""
    from ...training import read_saved_metrics

    try:
        found = read_saved_metrics(folder / METRICS)
    except DiffeliashError:
        return None
    same = (found.data_digest, found.best_epoch) == (origin.get("data_digest"), origin.get("best_epoch"))
    return {name: math.nan if value is None else value for name, value in found.metrics.items()} if same else None
