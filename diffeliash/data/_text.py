"""Tables of numbers in text files, as Fortran, spreadsheets and people write them."""

import dataclasses
import pathlib
import re

import numpy as np
from jaxtyping import Float

from .._errors import InputError
from .._inputs import read_input

_SEPARATORS = re.compile(r"[\s,;]+")
_MISSING_E = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))([+-]\d+)$")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[EeDd][+-]?\d+)?")
_COMMENT = re.compile("[#!%]")


@dataclasses.dataclass(frozen=True)
class TextTable:
    """A text file cut into what stands before, in and after its rows of numbers.

    Args:
        path: The file.
        header: Lines before the first row.
        rows: The numbers of every row; rows may differ in length.
        lines: The line number of every row, from 1.
        footer: Lines after the last row.
    """

    path: pathlib.Path
    header: list[str]
    rows: list[list[float]]
    lines: list[int]
    footer: list[str]

    def rectangle(self) -> Float[np.ndarray, "row column"]:
        """The rows as one array.

        Raises:
            InputError: A row has another number of columns than the first.
        """
        width = len(self.rows[0])
        for row, line in zip(self.rows, self.lines, strict=True):
            if len(row) != width:
                raise InputError(f"{len(row)} columns where the first row has {width}", where=f"{self.path}:{line}")
        return np.array(self.rows)


def read_bytes(path: pathlib.Path) -> bytes:
    """The content of an input file.

    Raises:
        InputError: There is no such file, it cannot be read, is empty or far too large.
    """
    content = read_input(path)
    if not content.strip():
        raise InputError("the file is empty", where=str(path))
    return content


def parse_table(path: pathlib.Path, content: bytes) -> TextTable:
    """Find the rows of numbers in a text file.

    Comments start with #, ! or % and run to the end of the line. Text before the first and after the last row is
    kept; text between rows is an error. Fortran's `1.0D-03` and `0.123-100` are numbers, `******` is not.

    Raises:
        InputError: The file is binary, has no rows, or a row holds something that is not a finite number.
    """
    if b"\0" in content:
        raise InputError("a binary file, not a table of numbers", where=str(path))
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    cells = [_cells(line) for line in lines]
    starts = [number for number, row in enumerate(cells) if row and _looks_numeric(row[0])]
    if not starts:
        raise InputError("no rows of numbers in this file", where=str(path))
    first, last = starts[0], starts[-1]
    _refuse_decimal_commas(path, first, lines[first])
    inside = [number for number in range(first, last + 1) if cells[number]]
    rows = [[_number(path, number, cell) for cell in cells[number]] for number in inside]
    return TextTable(path, lines[:first], rows, [number + 1 for number in inside], lines[last + 1 :])


def _refuse_decimal_commas(path: pathlib.Path, number: int, line: str) -> None:
    """`0,5  1,25` is two numbers with decimal commas, not four with separators."""
    words = re.split(r"[\s;]+", _COMMENT.split(line, maxsplit=1)[0].strip())
    if len(words) > 1 and all(_DECIMAL_COMMA.fullmatch(word) for word in words):
        hint = "Write 0.5 instead of 0,5."
        raise InputError("decimal commas", where=f"{path}:{number + 1}", why=f"{words[0]!r} is ambiguous.", hint=hint)


def _cells(line: str) -> list[str]:
    line = _COMMENT.split(line, maxsplit=1)[0]
    return [cell for cell in _SEPARATORS.split(line) if cell]


def _looks_numeric(cell: str) -> bool:
    return _to_float(cell) is not None or set(cell) == {"*"}


def _to_float(cell: str) -> float | None:
    cell = cell.replace("D", "E").replace("d", "e")
    cell = _MISSING_E.sub(r"\1E\2", cell)
    try:
        return float(cell)
    except ValueError:
        return None


def _number(path: pathlib.Path, line: int, cell: str) -> float:
    where = f"{path}:{line + 1}"
    if set(cell) == {"*"}:
        raise InputError(f"{cell!r} is not a number", where=where, why="the field was too narrow for its value.")
    value = _to_float(cell)
    if value is None:
        raise InputError(f"{cell!r} is not a number", where=where)
    if not np.isfinite(value):
        raise InputError(f"{cell!r} is not a finite number", where=where)
    return value
