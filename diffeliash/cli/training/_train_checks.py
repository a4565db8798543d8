"""What `train` is given, looked at before JAX is loaded."""

import difflib
import importlib.util
import pathlib
import tomllib
from typing import Any

import typer

from ..._errors import InputError
from ..._inputs import read_input
from ..._limits import LARGEST_CONFIG
from ..arguments import DATA, FINISHED, check_folder, check_ranges, ranges_of
from ..terminal import parse_address

TASKS = ("gap-to-a2f", "dos-to-a2f", "a2f-to-gap")
"""What a network answers what with."""

SHARED = "--distributed needs DATA and --run: the processes share both."

PRESETS = pathlib.Path(__file__).parents[2] / "training" / "presets"
"""Configurations that come with the program."""


def check_names(task: str | None, preset: str | None) -> None:
    """Refuse names of what there is not, with the nearest one.

    Raises:
        typer.BadParameter: Saying which.
    """
    presets = sorted(path.name.removesuffix(".toml") for path in PRESETS.glob("*.toml"))
    for option, word, known in (("--task", task, TASKS), ("--preset", preset, presets)):
        if word is not None and word not in known:
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            raise typer.BadParameter(f"unknown {option} {word!r}. {hint}")


def check_config(path: pathlib.Path | None, preset: str | None) -> None:
    """Refuse a configuration that cannot be read, and numbers in it that are out of range; the rest is for its reader.

    Raises:
        InputError: Saying what is wrong.
    """
    if path is None:
        return
    if preset is not None:
        raise InputError("--config and --preset cannot both be given.")
    try:
        tables = tomllib.loads(read_input(path, largest=LARGEST_CONFIG).decode())
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError("not a TOML file", where=str(path), why=f"{error}.") from error
    if isinstance(folder := tables.get("dataset"), str) and folder:
        check_folder(pathlib.Path(folder))
    try:
        check_ranges("train", **_numbers(tables.get("train")))
    except InputError as error:
        raise InputError("bad configuration", where=str(path), why=error.what.replace("--", "")) from error


def _numbers(table: Any) -> dict[str, float | int]:
    """What is said in a table of numbers that options can be, too."""
    found = table if isinstance(table, dict) else {}
    return {name: value for name, value in found.items() if name in ranges_of("train") and type(value) in (int, float)}


def check_data(data: pathlib.Path | None, num_samples: int | None) -> None:
    """Refuse a data set that is not there, and one that is to be made besides.

    Raises:
        InputError: Saying which.
    """
    if data is None:
        return
    if num_samples is not None:
        raise InputError("--num-samples is for a data set that is made, not for DATA.")
    check_folder(data)


def check_distributed(where: str, *, named: bool) -> None:
    """Refuse an address that is none, and to wait for other processes where they would have nothing in common.

    Args:
        where: As the option says.
        named: Whether the run has a name, and the data set may have one.

    Raises:
        InputError: Saying which.
    """
    parse_address(where)
    if not named:
        raise InputError(SHARED)


def check_extras(*, tensorboard: bool) -> None:
    """Refuse event files without the library that writes them.

    Raises:
        InputError: It is not there.
    """
    if tensorboard and importlib.util.find_spec("tensorboardX") is None:
        hint = 'Install it: pip install "diffeliash[tensorboard]".'
        raise InputError("there is no tensorboardX", where="--tensorboard", hint=hint)


def reusable_contents(run: pathlib.Path | None, data: object) -> tuple[str, ...]:
    """What may be in the folder of a new run: the data set of one whose training failed, if none is given."""
    if run is None or data or [path.name for path in run.glob("*")] != [DATA]:
        return ()
    return (DATA,) if (run / DATA / FINISHED).is_file() else ()
