"""Parsing of tables of numbers in text files, as Fortran programs, spreadsheets and people write them."""

import dataclasses
import pathlib
import re

import numpy as np
from jaxtyping import Float

from ..._errors import InputError
from ..._inputs import read_input

LARGEST_TABLE = 2**25
"""Size limit of a text file [bytes], about a million rows."""

FEW_ROWS, MANY_COLUMNS = 4, 50
"""A table with at most so few rows, of at least so many numbers each, is refused as transposed."""

LONGEST_NUMBER = 64
"""Largest number of characters of a number; no program writes longer ones."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile("[#!%]")
_SEPARATORS = re.compile(r"[\s,;]+")
_OTHER_SEPARATORS = re.compile(r"[\s;]+")
_NUMBER = re.compile(
    r"(?P<digits>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[EeDd](?P<power>[+-]?[0-9]{1,3})|(?P<bare>[+-][0-9]{3}))?"
    r"|(?P<no_number>[+-]?(?:nan|inf|infinity))",
    re.IGNORECASE,
)
"""A number, also in the Fortran form without E before an exponent of three digits (`0.123-100`)."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?(?:[EeDd][+-]?\d+)?")
_APART_WITHOUT_COMMA = re.compile(r"[^\s,;][ \t]+[^\s,;]|;")
_BEGINS_LIKE_A_NUMBER = re.compile(r"[+-]?\.?\d")
_LEADING_ZERO = re.compile(r"0\d+")
_ANY_NUMBER = re.compile(
    r"(?<![\w.])[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[EeDd][+-]?[0-9]+)?|(?<=[A-Za-z])[0-9]+\.[0-9]+"
)
_DATE = re.compile(r"\d{4}[-/]\d\d?[-/]\d\d?|\d\d?:\d\d(?::\d\d)?")
_WORD = re.compile(r"[A-Za-z]{2,}")

_AS_TYPED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-") | dict.fromkeys("\u200b\u2060\ufeff", "")
)
"""Replacements of Unicode minus signs and invisible characters, which web pages and PDF files contain."""


@dataclasses.dataclass(frozen=True)
class TextTable:
    """A text file, divided into header, rows of numbers and footer.

    Args:
        path: The file.
        header: Lines before the first row.
        rows: Numbers of every row; rows may differ in length.
        lines: Line number of every row, from 1.
        footer: Lines after the last row.
        notices: Messages to the user about assumptions and doubtful lines.
    """

    path: pathlib.Path
    header: list[str]
    rows: list[list[float]]
    lines: list[int]
    footer: list[str]
    notices: list[str] = dataclasses.field(default_factory=list)

    def rectangle(self) -> Float[np.ndarray, "row column"]:
        """Return the rows as one array.

        Raises:
            InputError: A row has another number of columns than the first, or the table is transposed.
        """
        width = len(self.rows[0])
        if len(self.rows) <= FEW_ROWS and width >= MANY_COLUMNS:
            why = "energies and their values must be columns, not rows."
            raise InputError(f"{len(self.rows)} rows of {width} numbers", where=str(self.path), why=why)
        for row, line in zip(self.rows, self.lines, strict=True):
            if len(row) != width:
                raise InputError(f"{len(row)} columns where the first row has {width}", where=f"{self.path}:{line}")
        return np.array(self.rows)


def read_bytes(path: pathlib.Path) -> bytes:
    """Read the content of an input file.

    Raises:
        InputError: The file does not exist, cannot be read, is empty or too large.
    """
    content = read_input(path)
    if not content.strip():
        raise InputError("the file is empty", where=str(path))
    return content


def parse_table(path: pathlib.Path, content: bytes) -> TextTable:
    """Find the rows of numbers in a text file.

    Comments start with #, ! or % and run to the end of the line. Text before the first row is the header, text after
    the last one the footer; text between rows is an error. Fortran's `1.0D-03` and `0.123-100` are numbers, `******` is
    not. Unicode spaces and minus signs are accepted. Numbers with decimal commas are read if another character
    separates them. No row is ignored silently: a line outside the rows that begins like a number is an error, or a
    notice if it cannot be a row; rows that are commented out give a notice.

    Raises:
        InputError: The file is binary, too large or has no rows, or a row holds something that is not a finite number.
    """
    if len(content) > LARGEST_TABLE:
        raise InputError("the table is far too large", where=str(path), why=f"it has more than {LARGEST_TABLE} bytes.")
    text = _decoded(path, content)
    unquoted = text.replace('","', ";").replace('"', "")  # spreadsheets quote cells
    lines = [line.translate(_AS_TYPED) for line in _LINE_END.split(unquoted.rstrip())]
    bare = [_COMMENT.split(line, maxsplit=1)[0] for line in lines]
    decimal_commas = _has_decimal_commas(path, bare)
    cells = [_cells(line, decimal_commas) for line in bare]
    starts = [number for number, row in enumerate(cells) if row and _is_numeric(row[0])]
    if not starts:
        raise InputError("no rows of numbers in this file", where=str(path))
    first, last = starts[0], starts[-1]
    inside = [number for number in range(first, last + 1) if cells[number]]
    rows = [[_number(path, number, cell) for cell in cells[number]] for number in inside]
    notices = ["commas are taken as decimal commas."] if decimal_commas else []
    outside = [number for number, row in enumerate(cells) if row and not first <= number <= last]
    notices += _lines_not_read(path, [(number, bare[number]) for number in outside], len(rows[0]))
    hidden = [n for n in range(last) if not cells[n] and _is_hidden_row(lines[n], decimal_commas, len(rows[0]))]
    if hidden:
        notices.append(f"{_numbered(hidden)} commented out, but would be read as rows without the comment sign.")
    if (
        inside[-1] == len(lines) - 1
        and text == text.rstrip()
        and _is_shortest(lines[-1], [lines[n] for n in inside[:-1]])
    ):
        notices.append("the last row is shorter than all others and has no end of line: the file may be cut off.")
    return TextTable(path, lines[:first], rows, [number + 1 for number in inside], lines[last + 1 :], notices)


def _decoded(path: pathlib.Path, content: bytes) -> str:
    """Decode text in UTF-8, in UTF-16 with a byte order mark, or in Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        raise InputError("a binary file, not a table of numbers", where=str(path))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _has_decimal_commas(path: pathlib.Path, lines: list[str]) -> bool:
    """Whether commas are decimal commas: every row has several numbers that other characters separate.

    Raises:
        InputError: The commas may be decimal commas or separators.
    """
    rows = [(number, line.strip()) for number, line in enumerate(lines) if _BEGINS_LIKE_A_NUMBER.match(line.lstrip())]
    if not any("," in line for _, line in rows):
        return False
    words = [[word for word in _OTHER_SEPARATORS.split(line) if word] for _, line in rows]
    if all(len(row) > 1 and all(map(_DECIMAL_COMMA.fullmatch, row)) for row in words):
        return True
    for number, line in rows:
        mixed = _APART_WITHOUT_COMMA.search(line) and re.search(r"\d,\d", line)
        if mixed or any(map(_LEADING_ZERO.fullmatch, re.split(r"[,\s]+", line))):
            why = f"in {line[:40]!r} commas may separate numbers or be part of them."
            hint = "Write 0.5 instead of 0,5, or put tabs or semicolons between numbers."
            raise InputError("decimal commas", where=f"{path}:{number + 1}", why=why, hint=hint)
    return False


def _cells(line: str, decimal_commas: bool) -> list[str]:
    if decimal_commas:
        return [cell.replace(",", ".") for cell in _OTHER_SEPARATORS.split(line) if cell]
    return [cell for cell in _SEPARATORS.split(line) if cell]


def _lines_not_read(path: pathlib.Path, outside: list[tuple[int, str]], width: int) -> list[str]:
    """Return notices about lines outside the rows that begin like a number.

    Raises:
        InputError: Such a line may be a row of numbers.
    """
    disguised = [(number, line.strip()) for number, line in outside if _is_disguised(line, width)]
    begun = [(number, line.strip()) for number, line in outside if _BEGINS_LIKE_A_NUMBER.match(line.lstrip())]
    rows = disguised + [(number, line) for number, line in begun if len(_SEPARATORS.split(line)) == width]
    if rows or len(begun) > 1:
        lost = sorted({*rows, *begun})
        number, line = lost[0]
        why = f"{_numbered([number for number, _ in lost])} not made of numbers only." if len(lost) > 1 else ""
        hint = "Rows must consist of numbers only; put # before all other lines."
        raise InputError(f"{_shown(line)} is no row of numbers", where=f"{path}:{number + 1}", why=why, hint=hint)
    return [f"line {number + 1} begins like a number and was not read: {_shown(line)}" for number, line in begun]


def _is_disguised(line: str, width: int) -> bool:
    """Whether a line holds as many numbers as a row, and no words: a row in brackets, or after some character."""
    line = _DATE.sub(" ", line)
    return not _WORD.search(line) and len(_ANY_NUMBER.findall(line)) >= width > 1


def _is_shortest(line: str, others: list[str]) -> bool:
    return bool(others) and len(line.rstrip()) < min(len(other.rstrip()) for other in others)


def _is_hidden_row(line: str, decimal_commas: bool, width: int) -> bool:
    """Whether a comment is a row of numbers that was commented out."""
    cells = _cells(line.strip().lstrip("#!% \t"), decimal_commas)
    return len(cells) == width > 1 and all(_is_numeric(cell) for cell in cells)


def _numbered(numbers: list[int]) -> str:
    """Return line numbers and the verb `is` or `are`, for a message."""
    if len(numbers) == 1:
        return f"line {numbers[0] + 1} is"
    some = ", ".join(str(number + 1) for number in numbers[:3])
    return f"{len(numbers)} lines ({some}{', ...' if len(numbers) > 3 else ''}) are"


def _is_numeric(cell: str) -> bool:
    return _to_float(cell) is not None or set(cell) == {"*"}


def _to_float(cell: str) -> float | None:
    found = _NUMBER.fullmatch(cell) if len(cell) <= LONGEST_NUMBER else None
    if found is None:
        return None
    return float(found["no_number"] or f"{found['digits']}E{found['power'] or found['bare'] or 0}")


def _number(path: pathlib.Path, line: int, cell: str) -> float:
    where = f"{path}:{line + 1}"
    if set(cell) == {"*"}:
        raise InputError(f"{_shown(cell)} is not a number", where=where, why="the field was too narrow for its value.")
    value = _to_float(cell)
    if value is None:
        raise InputError(f"{_shown(cell)} is not a number", where=where)
    if not np.isfinite(value):
        raise InputError(f"{_shown(cell)} is not a finite number", where=where)
    return value


def _shown(cell: str) -> str:
    """Return text from a file for a message, shortened if it is long."""
    return repr(cell if len(cell) <= LONGEST_NUMBER else f"{cell[:LONGEST_NUMBER]}...")
