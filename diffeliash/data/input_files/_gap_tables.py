"""Text files of gap functions and densities of states: choice of columns, and parameters in the header."""

import pathlib
import re
from typing import Any

import numpy as np

from ..._errors import InputError
from ._column_labels import Label, column_labels, energy_units
from ._misplaced_files import refuse_a2f
from ._plausibility import grid_notices
from ._stated_parameters import stated_parameters
from ._text_layouts import recognize
from ._text_tables import parse_table

_NUMBERS = {2: "two", 3: "three"}

_REAL_GAP, _IMAGINARY_GAP = r"re(al)?(part|delta|gap)", r"im(ag|aginary)?(part|delta|gap)"


def read_gap_table(
    path: pathlib.Path, content: bytes, what: str, columns: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Parse a text file of a gap function or a density of states.

    Args:
        path: The file, named in error messages.
        content: Its content.
        what: Name of the function: `gap function` or `density of states`.
        columns: Names of the expected columns.

    Returns:
        Energies [meV], the function, and a dictionary of the stated parameters and `notices`.

    Raises:
        InputError: The file holds something else, for example a2F, or its header states another unit than meV.
    """
    table = parse_table(path, content)
    refuse_a2f(table, recognize(table), what)
    data = table.rectangle()
    if len(data) < 2:
        after = next((line.strip() for line in table.footer if line.strip()), "")
        why = f"the next line is {after[:40]!r}." if after else ""
        raise InputError("only one row of numbers", where=f"{path}:{table.lines[0]}", why=why)
    labels = column_labels(table.header, data.shape[1])
    chosen, notices = _labeled_columns(path, labels, what) if labels else (None, [])
    if chosen is None and data.shape[1] != len(columns):
        why = f"a {what} needs {_NUMBERS[len(columns)]}: {', '.join(columns)}."
        raise InputError(f"{data.shape[1]} columns", where=str(path), why=why)
    units = set(energy_units(table.header, labels))
    if units - {"meV"}:
        why = f"the header says {' and '.join(sorted(units))}."
        raise InputError(
            "energies must be in meV", where=str(path), why=why, hint="Convert the energies in the file to meV."
        )
    data = data if chosen is None else data[:, chosen]
    stated, doubts = stated_parameters(table.header)
    notices = [*table.notices, *notices, *doubts, *grid_notices(data[:, 0], table.lines, between_only=True)]
    values = data[:, 1] if data.shape[1] == 2 else data[:, 1] + 1j * data[:, 2]
    return data[:, 0], values, stated | {"notices": tuple(notices)}


def _labeled_columns(path: pathlib.Path, labels: list[Label], what: str) -> tuple[list[int] | None, list[str]]:
    """Return the columns of energies and values by the header, or `None` for the usual order, and notices.

    Raises:
        InputError: The header names other quantities.
    """
    names = [re.sub(r"[^a-z|]", "", label.text.lower()) for label in labels]
    energy = next(n for n, label in enumerate(labels) if label.kind == "energy")
    if what == "gap function":
        wanted = [
            next((n for n, name in enumerate(names) if re.match(p, name)), -1) for p in (_REAL_GAP, _IMAGINARY_GAP)
        ]
    else:
        wanted = [next((n for n, label in enumerate(labels) if label.kind == "density of states"), -1)]
    others = [label.kind for n, label in enumerate(labels) if n != energy and label.kind not in (None, "error")]
    foreign = any(kind != what for kind in others) or len(others) >= len(wanted)
    if -1 in wanted and (foreign or any(name.startswith("|") for name in names)):
        said = ", ".join(label.text for n, label in enumerate(labels) if n != energy)
        raise InputError(f"no {what} in this file", where=str(path), why=f"the header calls its columns {said}.")
    if -1 in wanted or [energy, *wanted] == list(range(len(labels))):
        return None, []
    taken = ", ".join(labels[n].text for n in (energy, *wanted))
    return [energy, *wanted], [f"took the columns {taken}, as the header names them."]
