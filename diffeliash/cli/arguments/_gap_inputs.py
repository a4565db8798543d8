"""Files of gap functions, densities of states and measured curves as inputs of commands."""

import dataclasses
import math
import pathlib
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from ..._inputs import STANDARD_INPUT
from ..terminal import tell

if TYPE_CHECKING:
    from ...data import ConductanceFile, DosFile, GapFile

Curve = TypeVar("Curve", bound=Any)
"""`GapFile`, `DosFile` or `ConductanceFile`; these names are not known at run time, which the checks of types need."""

SAME_VALUE_RTOL = 1e-6
"""Relative difference up to which a stated and a given value are the same."""


def read_curve(file: pathlib.Path, *, is_dos: bool) -> "GapFile | DosFile":
    """Read a density of states or a gap function, and print the notices about it.

    Raises:
        InputError: The file cannot be read, or holds something else.
        IntegrityError: The HDF5 file is damaged.
    """
    from ...data import read_dos, read_gap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the notices are printed below instead
        given = (read_dos if is_dos else read_gap)(file)
    for notice in given.notices:
        tell(f"note: {file}: {notice}")
    return given


def read_measured_curve(file: pathlib.Path, *, unit: str | None, normal: pathlib.Path | None) -> "ConductanceFile":
    """Read a measured tunneling curve, and print the notices about it.

    Raises:
        InputError: The file cannot be read, or holds something else.
    """
    from ...data import read_conductance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the notices are printed below instead
        given = read_conductance(file, unit=unit, normal=normal)
    for notice in given.notices:
        tell(f"note: {file}: {notice}")
    return given


def override_stated(file: pathlib.Path, given: Curve, stated: dict[str, float | None]) -> Curve:
    """Replace the parameters that a file states by those of the command line, and print a note if they differ.

    Args:
        file: The file, named in messages.
        given: Its content.
        stated: Parameters of the command line; `None` for those not given.
    """
    told = {name: value for name, value in stated.items() if value is not None}
    for name, value in told.items():
        old = getattr(given, name)
        if old is not None and not math.isclose(old, value, rel_tol=SAME_VALUE_RTOL):
            tell(f"note: {file}: the file states {name} = {old:g}; {value:g} is used, as requested.")
    return dataclasses.replace(given, **told)


def stem_of(file: pathlib.Path) -> str:
    """Return the first part of the names of files that are made from an input file."""
    return "standard-input" if file == STANDARD_INPUT else file.stem
