"""Configurations of training runs as TOML files: training parameters, and the data set or how to generate it."""

import dataclasses
import difflib
import importlib.resources
import pathlib
import reprlib
import tomllib
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Any

from .._errors import InputError
from .._inputs import read_input
from .._limits import LARGEST_CONFIG
from ..data import GenerateConfig, family_as_dict, make_family
from ._config import TrainConfig, other_defaults


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The configuration of a training run.

    Args:
        train: Training parameters.
        data: Parameters of the data set that is generated if none is given.
        dataset: Folder of the data set; empty if one is to be generated.
    """

    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    data: GenerateConfig = dataclasses.field(default_factory=lambda: GenerateConfig(num_samples=4000))
    dataset: str = ""

    def as_toml(self) -> str:
        """The configuration as TOML, as `parse_run_config` reads it."""
        family = family_as_dict(self.data.family)
        data = {field.name: getattr(self.data, field.name) for field in dataclasses.fields(self.data)}
        del data["family"]
        lines = [f"dataset = {_toml(self.dataset)}"] if self.dataset else []
        for title, table in (("train", dataclasses.asdict(self.train)), ("data", data), ("data.family", family)):
            lines += ["", f"[{title}]", *(f"{name} = {_toml(value)}" for name, value in table.items())]
        return "\n".join(lines).strip() + "\n"


def _presets() -> Traversable:
    return importlib.resources.files("diffeliash.training") / "presets"


def preset_names() -> list[str]:
    """The names of the configurations that are installed with the package."""
    return sorted(path.name.removesuffix(".toml") for path in _presets().iterdir() if path.name.endswith(".toml"))


def read_preset(name: str) -> RunConfig:
    """Read a configuration that is installed with the package.

    Raises:
        InputError: There is no configuration of this name.
    """
    _refuse_unknown([name], preset_names(), "preset", "--preset")
    text = (_presets() / f"{name}.toml").read_text()
    return parse_run_config(text, f"preset {name}")


def read_run_config(path: pathlib.Path) -> RunConfig:
    """Read a configuration from a TOML file.

    Raises:
        InputError: The file cannot be read, is not TOML, or has unknown keys or invalid values.
    """
    try:
        text = read_input(path, largest=LARGEST_CONFIG).decode()
    except UnicodeDecodeError as error:
        raise InputError("cannot read configuration", where=str(path), why=f"{error}.") from error
    return parse_run_config(text, str(path))


def parse_run_config(text: str, where: str) -> RunConfig:
    """Parse the text of a TOML file; keys that it does not have get the values of `RunConfig()`.

    Args:
        text: The text.
        where: Name of the file, for messages.

    Raises:
        InputError: The text is not TOML, or has unknown keys or invalid values.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise InputError("not a TOML file", where=where, why=f"{error}.") from error
    default = RunConfig()
    _refuse_unknown(tables, [field.name for field in dataclasses.fields(RunConfig)], "key", where)
    train, data = (_table(tables, name, where) for name in ("train", "data"))
    dataset = tables.get("dataset", "")
    if not isinstance(dataset, str):
        raise InputError("bad configuration", where=where, why=f"`dataset` must be a folder, got {dataset!r}.")
    try:
        return RunConfig(
            train=replace_known(default.train, other_defaults(train) | train, f"{where}, [train]"),
            data=replace_known(default.data, _with_family(data, where), f"{where}, [data]"),
            dataset=dataset,
        )
    except InputError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError("bad configuration", where=where, why=str(error)) from error


def replace_known(config: Any, values: dict[str, Any], where: str) -> Any:
    """Replace some fields of a configuration.

    Args:
        config: The configuration, a dataclass.
        values: New values by field.
        where: Where they come from, for messages.

    Raises:
        InputError: A name is unknown (the message suggests the nearest one), or a value has the wrong type.
    """
    kinds = {field.name: type(getattr(config, field.name)) for field in dataclasses.fields(config)}
    _refuse_unknown(values, kinds, "key", where)
    bad, changed = [], {}
    for name, value in values.items():
        kind = kinds[name]
        value = tuple(value) if kind is tuple and isinstance(value, list) else value
        value = float(value) if kind is float and type(value) is int else value
        if kind in (bool, int, float, str, tuple, dict) and type(value) is not kind:
            bad.append(f"`{name}` must be of the type {kind.__name__}, got {reprlib.repr(value)}")
        elif isinstance(value, tuple) and any(type(each) is not int for each in value):
            bad.append(f"`{name}` must be a list of whole numbers, got {reprlib.repr(value)}")
        changed[name] = value
    if bad:
        raise InputError("bad configuration", where=where, why="; ".join(bad) + ".")
    return dataclasses.replace(config, **changed)


def _with_family(data: dict[str, Any], where: str) -> dict[str, Any]:
    if "family" not in data:
        return data
    family = _table(data, "family", where)
    return data | {"family": make_family(**({"name": "complex"} | family))}


def _table(tables: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise InputError("bad configuration", where=where, why=f"`{name}` must be a table, [{name}].")
    return table


def _refuse_unknown(names: Iterable[str], known: Iterable[str], what: str, where: str) -> None:
    known, messages = list(known), []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            messages.append(
                f"`{name}`" + (f", did you mean `{near[0]}`?" if near else f"; there are {', '.join(known)}.")
            )
    if messages:
        raise InputError(f"unknown {what}", where=where, why=" ".join(messages))


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)
