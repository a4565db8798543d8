"""Names of the families, and their conversion to and from dictionaries."""

import dataclasses
from typing import Any, cast

from ..._user_code import UserCode, is_reference, load_user_code
from ._brownian_family import BrownianFamily
from ._complex_family import ComplexFamily
from ._family import Family, wrong_types
from ._materials_family import MaterialsFamily
from ._simple_family import SimpleFamily

FAMILIES = {"simple": SimpleFamily, "complex": ComplexFamily, "gbm": BrownianFamily, "materials": MaterialsFamily}
"""Classes of the families by their names on the command line and in files."""


_LOADED: dict[type, UserCode] = {}
"""Classes of users that were loaded by their name."""


def family_as_dict(family: Family) -> dict[str, Any]:
    """Return name and parameters of a family as a dictionary; a user's own family gets the name of its class."""
    name = next((name for name, kind in FAMILIES.items() if type(family) is kind), None)
    parameters = dataclasses.asdict(family)  # pyright: ignore[reportArgumentType]
    if type(family) in _LOADED:
        code = _LOADED[type(family)]
        return {"name": code.reference, "source_digest": code.source_digest} | parameters
    if name is None:
        return {"name": type(family).__qualname__} | parameters
    kinds = _parameters(name)  # 1 and 1.0 must give the same JSON
    return {"name": name} | {key: kinds[key](value) for key, value in parameters.items()}


def _parameters(name: str) -> dict[str, type]:
    return {field.name: type(field.default) for field in dataclasses.fields(FAMILIES[name])}


def make_family(name: str, **parameters: Any) -> Family:
    """Make a family of this package, or of a user's class, from its name and parameters.

    Args:
        name: A name, or `module:Class` or `file.py:Class` for a class as `Family` describes it.
        parameters: Its parameters, and for a user's class `source_digest`, the digest that its source must have.

    Raises:
        ValueError: The name or a parameter is unknown, or a value has the wrong type or is out of its range.
    """
    if is_reference(name):
        return _own_family(name, **parameters)
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


def _own_family(reference: str, source_digest: str | None = None, **parameters: Any) -> Family:
    """A family of a user's class.

    Raises:
        ValueError: It is not a frozen dataclass with the attributes of `Family`, or a parameter is unknown.
    """
    code = load_user_code(reference, source_digest)
    if not (isinstance(code.value, type) and dataclasses.is_dataclass(code.value)):
        raise ValueError(f"{reference} is not a dataclass, as a family must be")
    kinds = {field.name: type(field.default) for field in dataclasses.fields(code.value)}
    unknown = sorted(set(parameters) - set(kinds))
    if unknown:
        raise ValueError(f"the family {reference} has no parameter {', '.join(unknown)}; it has {', '.join(kinds)}.")
    _LOADED[code.value] = code
    return cast(Family, code.value(**parameters))
