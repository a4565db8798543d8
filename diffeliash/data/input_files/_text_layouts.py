"""Layouts of the text and netCDF files in which programs write the spectral function."""

import dataclasses
import io
import itertools
import pathlib
import re
from collections.abc import Callable

import numpy as np
import scipy.io
from jaxtyping import Float

from ..._errors import InputError
from ._column_labels import Label, column_labels, energy_units, mentions_columns, named_before_a2f
from ._text_tables import TextTable, parse_table


@dataclasses.dataclass(frozen=True)
class RawSpectrum:
    """A spectral function as it stands in a file, before any checks.

    Args:
        format: Name of the layout.
        omega: Energies in the unit of the file.
        columns: All columns but that of the energies, one per row; one of them is a2F.
        lines: Line number of every energy, for messages; empty if the file has no lines.
        units: Units of energy that the file states: one if it is unambiguous, otherwise several or none.
        labels: Labels of the columns; empty if the header has none.
        other_quantity: Another quantity that a header without labels names before a2F.
        mentions_columns: Whether a header without labels mentions columns.
        smearings: Whether the columns are the same function at several smearings.
        stated_lambda: Coupling constant that the footer of the file states for each column; a difference to that of
            the spectrum is an error. May be empty.
        other_lambda: Coupling constant for each column from a column of the cumulative integral or from text; a
            difference to that of the spectrum gives a notice. May be empty.
        footer_expected: Whether a complete file states the coupling constant at its end.
        notices: Messages to the user about how the file was read.
    """

    format: str
    omega: Float[np.ndarray, " freq"]
    columns: Float[np.ndarray, "column freq"]
    lines: list[int]
    units: tuple[str, ...]
    labels: tuple[Label, ...] = ()
    other_quantity: str | None = None
    mentions_columns: bool = False
    smearings: bool = False
    stated_lambda: tuple[float, ...] = ()
    other_lambda: tuple[float, ...] = ()
    footer_expected: bool = False
    notices: tuple[str, ...] = ()


def parse_spectrum(path: pathlib.Path, content: bytes, format: str) -> RawSpectrum:
    """Parse a file by the named layout, or by the recognized one if `format` is `auto`.

    Raises:
        InputError: The file does not have the layout.
    """
    if content.startswith(b"CDF") and format in ("auto", "abinit"):
        return _abinit(path, content)
    if format == "abinit":
        raise InputError("not a netCDF-3 file", where=str(path), hint="ABINIT writes a2F into *_A2F.nc.")
    table = parse_table(path, content)
    name = recognize(table) if format == "auto" else format
    raw = LAYOUTS[name](table)
    return dataclasses.replace(raw, notices=(*table.notices, *raw.notices))


def recognize(table: TextTable) -> str:
    """Return the name of the layout that a table of a2F has."""
    header = " ".join(table.header).lower()
    if "integrated 2*a2f/w" in header:
        return "epw"
    if ("eliashberg function a2f" in header and "rydberg" in header) or "frequency[ry], a2f" in header:
        return "qe"
    if "alpha^2f" in header and _smearing_values(table):
        return "qe"
    if _ELK.search(table.path.name) and not energy_units(table.header, None):
        return "elk"
    return "isome" if _smearing_values(table) else "plain"


_ELK = re.compile(r"(?<![a-z])alpha2f[^/]*\.out$", re.IGNORECASE)


def _epw(table: TextTable) -> RawSpectrum:
    """Parse prefix.a2f of EPW: w [meV], N columns of a2F, N of cumulative lambda; N follows from the rows."""
    data = table.rectangle()
    n = (data.shape[1] - 1) // 2
    if n < 1 or data.shape[1] != 2 * n + 1:
        raise InputError(
            f"{data.shape[1]} columns, but EPW writes w, then as many of a2F as of lambda", where=str(table.path)
        )
    stated = ()
    for title, values in zip(table.footer, table.footer[1:], strict=False):
        if title.strip().startswith("Integrated el-ph coupling"):
            stated = tuple(float(cell) for cell in re.findall(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+", values))
    return RawSpectrum(
        "epw",
        data[:, 0],
        data[:, 1 : n + 1].T,
        table.lines,
        ("meV",),
        smearings=n > 1,
        stated_lambda=stated if len(stated) == n else (),
        other_lambda=tuple(data[-1, n + 1 :]),
        footer_expected=True,
    )


def _qe(table: TextTable) -> RawSpectrum:
    """Parse a file of matdyn.x (a2F.dosN), alpha2f.x or lambda.x (alpha2F.dat), distinguished by the header."""
    header = " ".join(table.header).lower()
    if "eliashberg function a2f" in header:
        return _matdyn(table)
    if "frequency[ry]" in header:
        return dataclasses.replace(_plain(table), format="qe", units=("Ry",))
    return _smearing_table(table, "qe")


def _matdyn(table: TextTable) -> RawSpectrum:
    """Parse a2F.dosN: w [Ry], total, modes; older versions split a row into several lines. The footer states lambda."""
    lengths = [len(row) for row in table.rows]
    period = next(p for p in range(1, len(lengths) + 1) if lengths[p:] == lengths[:-p])
    records = [list(itertools.chain(*table.rows[i : i + period])) for i in range(0, len(lengths), period)]
    if len(records[-1]) != len(records[0]) or len(records[0]) < 2:
        raise InputError("the last row is cut off", where=f"{table.path}:{table.lines[-1]}")
    data = np.array(records)
    modes = data.shape[1] - 2
    labels = (Label("total", "a2f", ()), *(Label(f"mode {n + 1}", "part of a2f", ()) for n in range(modes)))
    return RawSpectrum(
        "qe",
        data[:, 0],
        data[:, 1:].T,
        table.lines[::period],
        ("Ry",),
        labels=labels,
        stated_lambda=_lambdas_in(table.footer)[:1],
        footer_expected=True,
    )


def _smearing_table(table: TextTable, name: str) -> RawSpectrum:
    """Parse energies and one column of a2F for each electronic smearing, whose values stand in the header."""
    found = _plain(table)
    return dataclasses.replace(found, format=name, labels=(), smearings=len(found.columns) > 1)


def _isome(table: TextTable) -> RawSpectrum:
    return _smearing_table(table, "isome")


def _elk(table: TextTable) -> RawSpectrum:
    """Parse ALPHA2F.OUT of Elk: w [Ha] and a2F, without header, beginning at negative (imaginary) frequencies."""
    data = table.rectangle()
    if data.shape[1] != 2:
        raise InputError(f"{data.shape[1]} columns where Elk writes two", where=str(table.path))
    return RawSpectrum("elk", data[:, 0], data[:, 1:].T, table.lines, ("Ha",))


def _plain(table: TextTable) -> RawSpectrum:
    """Parse a plain table: energies in the column that the header names, or in the first; the others may be a2F."""
    data = table.rectangle()
    width = data.shape[1]
    if width < 2:
        raise InputError("one column where energy and a2F are needed", where=str(table.path))
    labels = column_labels(table.header, width)
    if labels and labels[0].kind != "energy" and any(" " in label.text for label in labels):
        labels = None  # a sentence, which may not name the columns in order
    energy = next((n for n, label in enumerate(labels or ()) if label.kind == "energy"), 0)
    others = [n for n in range(width) if n != energy]
    cumulative = [n for n in others if labels and labels[n].kind == "lambda"]
    stated = _lambdas_in(table.header + table.footer)
    other = (float(data[np.argmax(data[:, energy]), cumulative[0]]),) if len(cumulative) == 1 else stated
    return RawSpectrum(
        "plain",
        data[:, energy],
        data[:, others].T,
        table.lines,
        energy_units(table.header, labels),
        labels=tuple(labels[n] for n in others) if labels else (),
        other_quantity=None if labels else named_before_a2f(table.header),
        mentions_columns=not labels and mentions_columns(table.header),
        other_lambda=other * len(others) if len(other) == 1 else (),
        notices=(f"energies are in column {energy + 1}, as the header says.",) if energy else (),
    )


def _abinit(path: pathlib.Path, content: bytes) -> RawSpectrum:
    """Parse *_A2F.nc of ABINIT (netCDF-3), whose function is twice the standard one."""
    try:
        with scipy.io.netcdf_file(io.BytesIO(content), mmap=False) as file:
            omega = np.array(file.variables["a2f_mesh_qintp"][:], dtype=float)
            values = np.array(file.variables["a2f_values_qintp"][:], dtype=float)
    except Exception as error:  # SciPy raises errors of many types on damaged files
        raise InputError("not an ABINIT a2F file", where=str(path), why=f"{type(error).__name__}: {error}.") from error
    if values.ndim != 3 or values.shape[0] != 1 or omega.ndim != 1 or values.shape[2] != omega.size:
        raise InputError(f"unexpected shape {values.shape} of a2f_values_qintp", where=str(path))
    labels = (Label("total", "a2f", ()), *(Label(f"mode {n}", "part of a2f", ()) for n in range(1, values.shape[1])))
    with np.errstate(all="ignore"):  # values of a damaged file are refused later
        columns = values[0] / 2
    return RawSpectrum("abinit", omega, columns, [], ("Ha",), labels=labels)


LAYOUTS: dict[str, Callable[[TextTable], RawSpectrum]] = {
    "epw": _epw,
    "qe": _qe,
    "elk": _elk,
    "isome": _isome,
    "plain": _plain,
}
"""Functions that parse the text layouts, by name."""

FORMATS = ("auto", *LAYOUTS, "abinit")
"""Names of all layouts."""


_STATED_LAMBDA = re.compile(
    r"(?:(?<!wave )(?<!length )(?<![A-Za-z])(?:lambda|\u03bb)(?:[_ ]?(?:tot(?:al)?|ep|eph|el-ph|epc))?|"
    r"(?:el(?:ectron)?[- ]ph(?:onon)?|EPC)(?: coupling)?(?: constant| strength)?)\s*(?:\(\w+\))?"
    r"\s*(?:,\s*lambda)?\s*(?:=|:|\u2248|~|is|of)?\s*([+-]?\d*[.,]?\d+(?:[EeDd][+-]?\d+)?)(?![\w.])(?!\s*(?:A|nm|\u00c5)\b)",
    re.IGNORECASE,
)
"""A stated coupling constant (`lambda = 0.9`, `lambda_tot 0.9`, `el-ph coupling constant: 0.9`), not a wavelength."""


def _lambdas_in(lines: list[str]) -> tuple[float, ...]:
    """Return the coupling constants that lines of text state."""
    found = [value for line in lines for value in _STATED_LAMBDA.findall(line)]
    return tuple(float(value.upper().replace("D", "E").replace(",", ".")) for value in found)


def _smearing_values(table: TextTable) -> bool:
    """Whether a header line names a unit of energy and ends with one number (smearing) for each column of a2F."""
    width = len(table.rows[0]) - 1
    for line in table.header:
        words = re.split(r"[\s,;]+", line.strip())
        first = next((n for n, word in enumerate(words) if re.match(r"[+-]?[.\d]", word)), len(words))
        numbers = all(re.fullmatch(r"[+-]?\d*\.\d*(?:[EeDd][+-]?\d+)?", word) for word in words[first:])
        if width > 1 and len(words) - first == width and numbers and energy_units([line], None):
            return True
    return False
