"""The families by their names, and as text."""

import dataclasses
import math
from typing import Any

import numpy as np

from ._brownian_family import BrownianFamily
from ._complex_family import ComplexFamily
from ._family import Family
from ._materials_family import MaterialsFamily
from ._simple_family import SimpleFamily

FAMILIES = {"simple": SimpleFamily, "complex": ComplexFamily, "gbm": BrownianFamily, "materials": MaterialsFamily}
"""The families by their names on the command line."""


def family_as_dict(family: Family) -> dict[str, Any]:
    """Name and parameters; a family that is not of ours has the name of its class."""
    name = next((name for name, kind in FAMILIES.items() if type(family) is kind), None)
    parameters = dataclasses.asdict(family)  # pyright: ignore[reportArgumentType]
    if name is None:
        return {"name": type(family).__qualname__} | parameters
    kinds = _parameters(name)  # 1 and 1.0 are the same
    return {"name": name} | {key: kinds[key](value) for key, value in parameters.items()}


def _parameters(name: str) -> dict[str, type]:
    return {field.name: type(field.default) for field in dataclasses.fields(FAMILIES[name])}


def make_family(name: str, **parameters: Any) -> Family:
    """One of our families.

    Raises:
        ValueError: The name or a parameter is unknown, or a value out of its range.
    """
    if name not in FAMILIES:
        raise ValueError(f"`family` must be one of {', '.join(FAMILIES)}, got {name}.")
    kinds = _parameters(name)
    unknown = sorted(set(parameters) - set(kinds))
    if unknown:
        raise ValueError(f"the family {name} has no parameter {', '.join(unknown)}; it has {', '.join(kinds)}.")
    wrong = [
        f"`{key}` must be {kinds[key].__name__}, got {value!r}"
        for key, value in parameters.items()
        if not fits(value, kinds[key])
    ]
    if wrong:
        raise ValueError("; ".join(wrong) + ".")
    return FAMILIES[name](**{key: kinds[key](value) for key, value in parameters.items()})


def fits(value: Any, kind: type) -> bool:
    """Whether a value is as good as one of this kind: 3.0 is an integer, 3 a float, `True` neither."""
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if not isinstance(value, int | float | np.integer | np.floating):
        return False
    return kind is float or (math.isfinite(value) and bool(int(value) == value))
