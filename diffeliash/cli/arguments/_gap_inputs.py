"""Gap functions and densities of states as inputs of commands."""

import dataclasses
import math
import pathlib
import warnings
from typing import TYPE_CHECKING

from ..._inputs import STANDARD_INPUT
from ..terminal import tell

if TYPE_CHECKING:
    from ...data import DosFile, GapFile

SAME_VALUE_RTOL = 1e-6
"""Numbers that differ by no more, relative, are the same."""


def read_curve(file: pathlib.Path, *, is_dos: bool) -> "GapFile | DosFile":
    """A density of states or a gap function; the user is told what was assumed when it was read.

    Raises:
        InputError: It cannot be read, or is something else.
        IntegrityError: A damaged HDF5 file.
    """
    from ...data import read_dos, read_gap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # its notices say the same
        given = (read_dos if is_dos else read_gap)(file)
    for notice in given.notices:
        tell(f"note: {file}: {notice}")
    return given


def override_stated(
    file: pathlib.Path, given: "GapFile | DosFile", stated: dict[str, float | None]
) -> "GapFile | DosFile":
    """A curve with the numbers that the command line states in place of those of the file; the user is told of both."""
    told = {name: value for name, value in stated.items() if value is not None}
    for name, value in told.items():
        old = getattr(given, name)
        if old is not None and not math.isclose(old, value, rel_tol=SAME_VALUE_RTOL):
            tell(f"note: {file}: the file states {name} = {old:g}; took {value:g}, as told.")
    return dataclasses.replace(given, **told)


def stem_of(file: pathlib.Path) -> str:
    """How the names of files that are made from an input begin."""
    return "standard-input" if file == STANDARD_INPUT else file.stem
