"""Checks of the arguments of `train`, made before JAX is imported."""

import difflib
import importlib.util
import json
import pathlib
import tomllib
from typing import Any

import typer

from ..._errors import InputError
from ..._inputs import read_input
from ..._limits import LARGEST_CONFIG
from ..arguments import DATA, FINISHED, check_folder, check_ranges, ranges_of
from ..terminal import parse_address

NETWORKS = ("inversion", "fully-connected")
"""Names of the kinds of networks that can be chosen."""

SCHEDULES = ("cosine", "constant", "exponential", "warmup-cosine")
"""Names of the schedules of the learning rate."""

TASKS = ("gap-to-a2f", "dos-to-a2f", "a2f-to-gap")
"""Names of the tasks of networks: input and output."""

DISTRIBUTED_NEEDS = "--distributed needs DATA and --run, which all processes must share."
"""Error message about missing arguments of a distributed run."""

PRESETS = pathlib.Path(__file__).parents[2] / "training" / "presets"
"""Folder of the configurations that come with the package."""


def check_names(task: str | None, preset: str | None, network: str | None, schedule: str | None) -> None:
    """Check the names of task, preset, network and schedule.

    Raises:
        typer.BadParameter: A name is unknown; the message suggests the most similar one.
    """
    presets = sorted(path.name.removesuffix(".toml") for path in PRESETS.glob("*.toml"))
    for option, word, known in (
        ("--task", task, TASKS),
        ("--preset", preset, presets),
        ("--network", network, NETWORKS),
        ("--schedule", schedule, SCHEDULES),
    ):
        if word is not None and word not in known:
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
            raise typer.BadParameter(f"unknown {option} {word!r}. {hint}")


def check_config(path: pathlib.Path | None, preset: str | None) -> None:
    """Check that a configuration file can be read, and the ranges of its numbers; `read_run_config` checks the rest.

    Raises:
        InputError: The file is not readable TOML, or numbers are out of range, or a preset is given as well.
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
    """Return the numbers of the table `[train]` that are also options of the command."""
    found = table if isinstance(table, dict) else {}
    return {name: value for name, value in found.items() if name in ranges_of("train") and type(value) in (int, float)}


def check_data(data: pathlib.Path | None, num_samples: int | None, family: str | None) -> None:
    """Check that a data set exists, and that its size or family is not given as well.

    Raises:
        InputError: It does not exist, or `--num-samples` or `--family` is given.
    """
    if data is None:
        return
    if num_samples is not None:
        raise InputError("--num-samples is the size of a new data set and cannot be given with DATA.")
    if family is not None:
        raise InputError("--family is that of a new data set and cannot be given with DATA.")
    check_folder(data)


def option_of(text: str) -> tuple[str, Any]:
    """The name and the value of an option NAME=VALUE; the value is JSON, or else a text.

    Raises:
        typer.BadParameter: It has another form.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"--model-option must be NAME=VALUE, got {text!r:.100}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def check_distributed(where: str, *, named: bool) -> None:
    """Check the option `--distributed`, and that the processes share a run folder and a data set.

    Args:
        where: Value of the option.
        named: Whether the folders of the run and the data set are given.

    Raises:
        InputError: The option has another form, or a folder is not given.
    """
    parse_address(where)
    if not named:
        raise InputError(DISTRIBUTED_NEEDS)


def check_extras(*, tensorboard: bool) -> None:
    """Check that the optional library for TensorBoard is installed if it is needed.

    Raises:
        InputError: It is not installed.
    """
    if tensorboard and importlib.util.find_spec("tensorboardX") is None:
        hint = 'Install it: pip install "diffeliash[tensorboard]".'
        raise InputError("tensorboardX is not installed", where="--tensorboard", hint=hint)


def reusable_contents(run: pathlib.Path | None, data: object) -> tuple[str, ...]:
    """Return the names that the folder of a new run may contain: a finished data set of a run whose training failed."""
    if run is None or data or [path.name for path in run.glob("*")] != [DATA]:
        return ()
    return (DATA,) if (run / DATA / FINISHED).is_file() else ()
