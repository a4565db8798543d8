"""Names of the families, and their conversion to and from dictionaries."""

import dataclasses
from typing import Any

from ._brownian_family import BrownianFamily
from ._complex_family import ComplexFamily
from ._family import Family, wrong_types
from ._materials_family import MaterialsFamily
from ._simple_family import SimpleFamily

FAMILIES = {"simple": SimpleFamily, "complex": ComplexFamily, "gbm": BrownianFamily, "materials": MaterialsFamily}
"""Classes of the families by their names on the command line and in files."""


def family_as_dict(family: Family) -> dict[str, Any]:
    """Return name and parameters of a family as a dictionary; a user's own family gets the name of its class."""
    name = next((name for name, kind in FAMILIES.items() if type(family) is kind), None)
    parameters = dataclasses.asdict(family)  # pyright: ignore[reportArgumentType]
    if name is None:
        return {"name": type(family).__qualname__} | parameters
    kinds = _parameters(name)  # 1 and 1.0 must give the same JSON
    return {"name": name} | {key: kinds[key](value) for key, value in parameters.items()}


def _parameters(name: str) -> dict[str, type]:
    return {field.name: type(field.default) for field in dataclasses.fields(FAMILIES[name])}


def make_family(name: str, **parameters: Any) -> Family:
    """Make a family of this package from its name and parameters.

    Raises:
        ValueError: The name or a parameter is unknown, or a value has the wrong type or is out of its range.
    """
    if name not in FAMILIES:
        raise ValueError(f"`family` must be one of {', '.join(FAMILIES)}, got {name}.")
    kinds = _parameters(name)
    unknown = sorted(set(parameters) - set(kinds))
    if unknown:
        raise ValueError(f"the family {name} has no parameter {', '.join(unknown)}; it has {', '.join(kinds)}.")
    wrong = wrong_types(parameters, kinds)
    if wrong:
        raise ValueError("; ".join(wrong) + ".")
    return FAMILIES[name](**{key: kinds[key](value) for key, value in parameters.items()})
