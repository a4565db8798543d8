"""Choice of the columns of a tunneling curve: bias, conductance, and the error of each point."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ...._errors import InputError
from ...storage import is_hdf5
from .._misplaced_files import refuse_a2f
from .._text_layouts import recognize
from .._text_tables import parse_table, read_bytes
from ._curve_labels import SIEMENS, CurveLabel, Quantity, curve_labels, stated_bias_units

FEWEST_POINTS = 8
"""Smallest number of points of a curve."""

LARGEST_RELATIVE_ERROR = 0.1
"""A third column without a label counts as errors if none is larger than this fraction of the median conductance."""

_HINTS: dict[Quantity, str] = {
    "resistance": "Give the conductance dI/dV, the inverse of dV/dI.",
    "current": "Give dI/dV: a current must be differentiated first.",
    "second derivative": "Give dI/dV itself, the first derivative.",
    "density of states": "Give it as a density of states: --kind dos, in Python `read_dos`.",
}
"""What to do with a file that holds another quantity in place of the conductance."""


@dataclasses.dataclass(frozen=True)
class CurveTable:
    """The columns of a tunneling curve, as they stand in its file.

    Args:
        header: Lines before the first row.
        bias: Bias in the unit of the file.
        conductance: Conductance in the unit of the file.
        errors: Standard deviation of each value of the conductance, or `None`.
        bias_units: Units of the bias that the header states: one, several or none.
        normalized: Whether the header says that the conductance is divided by that of the normal state (true) or has a
            unit (false); `None` if it says neither.
        siemens: Value of the unit of the conductance [S], if the header states it.
        notices: What was assumed about the columns.
    """

    header: list[str]
    bias: Float[np.ndarray, " point"]
    conductance: Float[np.ndarray, " point"]
    errors: Float[np.ndarray, " point"] | None
    bias_units: tuple[str, ...]
    normalized: bool | None
    siemens: float | None
    notices: list[str]


def read_curve_table(path: pathlib.Path, *, wants_normalized: bool) -> CurveTable:
    """Read a file and choose its columns of the bias, the conductance, and the errors.

    Args:
        path: Text file; `-` is standard input.
        wants_normalized: Whether a normalized column is preferred to one with a unit if the header names both.

    Raises:
        InputError: The file is no table of a tunneling curve, or it is not clear which column is which.
    """
    content = read_bytes(path)
    if is_hdf5(content):
        hint = "A file of `diffeliash solve` holds a density of states: --kind dos, in Python `read_dos`."
        raise InputError("an HDF5 file, not a measured conductance", where=str(path), hint=hint)
    table = parse_table(path, content)
    refuse_a2f(table, recognize(table), "measured conductance")
    data = table.rectangle()
    labels = curve_labels(table.header, data.shape[1])
    chosen, notices = (
        _labeled_columns(path, labels, wants_normalized) if labels else _columns_by_place(path, table.header, data)
    )
    if len(data) < FEWEST_POINTS:
        why = f"a curve needs at least {FEWEST_POINTS} points."
        raise InputError(f"only {len(data)} rows of numbers", where=str(path), why=why)
    bias, conductance = data[:, chosen[0]], data[:, chosen[1]]
    errors = data[:, chosen[2]] if len(chosen) == 3 else None
    unit = labels[chosen[1]].unit if labels else ""
    if labels and errors is not None:
        errors = _in_unit_of_values(path, errors, conductance, unit=labels[chosen[2]].unit, unit_of_values=unit)
    return CurveTable(
        header=table.header,
        bias=bias,
        conductance=conductance,
        errors=None if errors is None else _positive(path, errors, table.lines),
        bias_units=_bias_units(table.header, labels, chosen[0]),
        normalized=_stated_normalization(labels[chosen[1]] if labels else None),
        siemens=SIEMENS.get(unit),
        notices=[*table.notices, *notices],
    )


def _bias_units(header: Sequence[str], labels: Sequence[CurveLabel] | None, column: int) -> tuple[str, ...]:
    own = labels[column].unit if labels else ""
    return (own,) if own else stated_bias_units(header)


def _stated_normalization(label: CurveLabel | None) -> bool | None:
    """Whether a label says that the conductance is normalized (true), or that it has a unit (false)."""
    if label is None or not (label.normalized or label.unit):
        return None
    return label.normalized


def _columns_by_place(
    path: pathlib.Path, header: Sequence[str], data: Float[np.ndarray, "row column"]
) -> tuple[list[int], list[str]]:
    """Return the usual columns of a file without labels, and notices.

    Raises:
        InputError: There are too few or too many columns, or a third one that cannot be errors.
    """
    hint = "Name the columns in a line before the first row: # bias (mV), dI/dV (S), standard error (S)."
    if data.shape[1] not in (2, 3):
        why = "a curve needs two: bias, conductance." if data.shape[1] < 2 else "the header does not name them."
        plural = "s" if data.shape[1] > 1 else ""
        raise InputError(f"{data.shape[1]} column{plural}", where=str(path), why=why, hint=hint)
    if data.shape[1] == 2:
        return [0, 1], []
    third, usual = data[:, 2], float(np.median(np.abs(data[:, 1])))
    if not (np.all(third > 0) and np.all(third < LARGEST_RELATIVE_ERROR * usual)):
        why = "the header does not say, and its values are not positive and small as errors would be."
        raise InputError("it is not clear what the third column is", where=str(path), why=why, hint=hint)
    return [0, 1, 2], ["the third column is taken as the standard error of each value of the conductance."]


def _labeled_columns(
    path: pathlib.Path, labels: Sequence[CurveLabel], wants_normalized: bool
) -> tuple[list[int], list[str]]:
    """Return the columns of the bias, the conductance and, if there is one, the error by their labels, and notices.

    Raises:
        InputError: The header names no conductance, or several.
    """
    bias = _only(path, labels, "bias", _of_kind(labels, "bias") or _unnamed(labels))
    values = _of_kind(labels, "conductance")
    preferred = [n for n in values if labels[n].normalized == wants_normalized]
    values = values if len(values) == 1 or not preferred else preferred
    conductance = _only(path, labels, "conductance", values or _unnamed(labels))
    errors = _of_kind(labels, "error")
    if len(errors) > 1:
        raise _ambiguous(path, labels, "error", errors)
    chosen = [bias, conductance, *errors]
    notices = []
    if chosen != list(range(len(labels))) or not (labels[bias].kind and labels[conductance].kind):
        taken = ", ".join(labels[n].text for n in chosen)
        others = ", ".join(label.text for n, label in enumerate(labels) if n not in chosen)
        notices.append(f"took the columns {taken} by the header{f'; not used: {others}' if others else ''}.")
    return chosen, notices


def _of_kind(labels: Sequence[CurveLabel], kind: Quantity) -> list[int]:
    return [n for n, label in enumerate(labels) if label.kind == kind]


def _unnamed(labels: Sequence[CurveLabel]) -> list[int]:
    """Return the one column of two whose label is not recognized."""
    return [n for n, label in enumerate(labels) if label.kind is None and len(labels) == 2]


def _only(path: pathlib.Path, labels: Sequence[CurveLabel], what: str, columns: Sequence[int]) -> int:
    """Return the only one of some columns.

    Raises:
        InputError: There is none, or there are several.
    """
    if not columns:
        said = ", ".join(label.text for label in labels)
        hint = next((_HINTS[label.kind] for label in labels if label.kind in _HINTS), "")
        raise InputError(
            f"no {what} in this file", where=str(path), why=f"the header calls its columns {said}.", hint=hint
        )
    if len(columns) > 1:
        raise _ambiguous(path, labels, what, columns)
    return columns[0]


def _ambiguous(path: pathlib.Path, labels: Sequence[CurveLabel], what: str, columns: Sequence[int]) -> InputError:
    said = " and ".join(labels[n].text for n in columns)
    hint = "Leave one of them in the file."
    return InputError(
        f"several columns could be the {what}", where=str(path), why=f"they are called {said}.", hint=hint
    )


def _in_unit_of_values(
    path: pathlib.Path, errors: np.ndarray, values: np.ndarray, *, unit: str, unit_of_values: str
) -> np.ndarray:
    """Convert errors, in percent or in another unit of conductance, to the unit of the values.

    Raises:
        InputError: The two units have nothing to do with each other.
    """
    if unit in ("%", "relative"):
        return np.abs(values) * errors * (0.01 if unit == "%" else 1.0)
    if unit in (unit_of_values, "") or (unit == "arbitrary" and unit_of_values not in SIEMENS):
        return errors
    if unit in SIEMENS and unit_of_values in SIEMENS:
        return errors * (SIEMENS[unit] / SIEMENS[unit_of_values])
    why = f"the errors are in {unit}, the conductance {f'is in {unit_of_values}' if unit_of_values else 'has no unit'}."
    raise InputError("the unit of the errors does not fit", where=str(path), why=why)


def _positive(path: pathlib.Path, errors: np.ndarray, lines: Sequence[int]) -> np.ndarray:
    """Return errors that are all positive.

    Raises:
        InputError: One is zero or negative.
    """
    bad = np.flatnonzero(errors <= 0)
    if bad.size:
        where = f"{path}:{lines[bad[0]]}"
        raise InputError(f"an error of {errors[bad[0]] + 0:g}", where=where, why="standard errors must be positive.")
    return errors
