"""The layouts in which other programs write the spectral function."""

import dataclasses
import io
import itertools
import pathlib
import re
from collections.abc import Callable

import numpy as np
import scipy.io
from jaxtyping import Float

from .._errors import InputError
from ..units import MEV_PER_UNIT
from ._text import TextTable, parse_table


@dataclasses.dataclass(frozen=True)
class RawSpectrum:
    """A spectral function as a file has it, before any checks.

    Args:
        format: Name of the layout.
        omega: Energies in the unit of the file.
        columns: The candidates for a2F, one a row.
        lines: Line number of every energy, for messages; empty if the file has no lines.
        unit: Unit of the energies if the file states it, else `None`.
        smearings: Whether the columns are the same function at several smearings.
        stated_lambda: Coupling constant that the file states for each column; may be empty.
        footer_expected: Whether a whole file states it at its end.
    """

    format: str
    omega: Float[np.ndarray, " freq"]
    columns: Float[np.ndarray, "column freq"]
    lines: list[int]
    unit: str | None
    smearings: bool = False
    stated_lambda: tuple[float, ...] = ()
    footer_expected: bool = False


def parse_spectrum(path: pathlib.Path, content: bytes, format: str) -> RawSpectrum:
    """Take a file apart by the layout named, or by the one it looks like.

    Raises:
        InputError: The file does not have the layout.
    """
    if content.startswith(b"CDF") and format in ("auto", "abinit"):
        return _abinit(path, content)
    if format == "abinit":
        raise InputError("not a netCDF-3 file", where=str(path), hint="ABINIT writes a2F into *_A2F.nc.")
    table = parse_table(path, content)
    name = _recognize(table) if format == "auto" else format
    return LAYOUTS[name](table)


def _recognize(table: TextTable) -> str:
    header = " ".join(table.header).lower()
    if "integrated 2*a2f/w" in header:
        return "epw"
    if "eliashberg function a2f" in header or "frequency[ry], a2f" in header or "alpha^2f" in header:
        return "qe"
    if table.path.name.upper() == "ALPHA2F.OUT":
        return "elk"
    return "isome" if _smearing_values(table) else "plain"


def _epw(table: TextTable) -> RawSpectrum:
    """w[meV], N columns a2F, N columns cumulative lambda; N from the rows, never from the header."""
    data = table.rectangle()
    n = (data.shape[1] - 1) // 2
    if n < 1 or data.shape[1] != 2 * n + 1:
        raise InputError(
            f"{data.shape[1]} columns, but EPW writes w, then as many of a2F as of lambda", where=str(table.path)
        )
    stated = ()
    for title, values in zip(table.footer, table.footer[1:], strict=False):
        if title.strip().startswith("Integrated el-ph coupling"):
            stated = tuple(float(cell) for cell in re.findall(r"[\d.]+(?:[eE][+-]?\d+)?", values))
    columns = data[:, 1 : n + 1].T
    stated = stated if len(stated) == n else ()
    return RawSpectrum("epw", data[:, 0], columns, table.lines, "meV", n > 1, stated, footer_expected=True)


def _qe(table: TextTable) -> RawSpectrum:
    """matdyn.x (a2F.dosN), alpha2f.x or lambda.x (alpha2F.dat), told apart by the header."""
    header = " ".join(table.header).lower()
    if "eliashberg function a2f" in header:
        return _matdyn(table)
    if "frequency[ry]" in header:
        data = table.rectangle()
        return RawSpectrum("qe", data[:, 0], data[:, 1:2].T, table.lines, "Ry")
    return _smearing_table(table, "qe")


def _matdyn(table: TextTable) -> RawSpectrum:
    """w[Ry], total, modes; older versions wrap a record over several lines. The footer states lambda."""
    lengths = [len(row) for row in table.rows]
    period = next(p for p in range(1, len(lengths) + 1) if lengths[p:] == lengths[:-p])
    records = [list(itertools.chain(*table.rows[i : i + period])) for i in range(0, len(lengths), period)]
    if len(records[-1]) != len(records[0]) or len(records[0]) < 2:
        raise InputError("the last record is cut off", where=f"{table.path}:{table.lines[-1]}")
    data = np.array(records)
    stated = re.findall(r"lambda\s*=\s*([\d.EeDd+-]+)", " ".join(table.footer))
    found = tuple(float(value.replace("D", "E")) for value in stated[:1])
    return RawSpectrum(
        "qe", data[:, 0], data[:, 1:].T, table.lines[::period], "Ry", stated_lambda=found, footer_expected=True
    )


def _smearing_table(table: TextTable, name: str) -> RawSpectrum:
    """Energy and one column of a2F for each electron smearing, whose values stand in the header."""
    found = _plain(table)
    return dataclasses.replace(found, format=name, smearings=len(found.columns) > 1)


def _isome(table: TextTable) -> RawSpectrum:
    return _smearing_table(table, "isome")


def _elk(table: TextTable) -> RawSpectrum:
    """ALPHA2F.OUT: w[Ha] and a2F, no header, from negative (imaginary) frequencies on."""
    data = table.rectangle()
    if data.shape[1] != 2:
        raise InputError(f"{data.shape[1]} columns where Elk writes two", where=str(table.path))
    return RawSpectrum("elk", data[:, 0], data[:, 1:].T, table.lines, "Ha")


def _plain(table: TextTable) -> RawSpectrum:
    """Energy and a2F in the first two columns."""
    data = table.rectangle()
    if data.shape[1] < 2:
        raise InputError("one column where energy and a2F are needed", where=str(table.path))
    return RawSpectrum("plain", data[:, 0], data[:, 1:].T, table.lines, _header_unit(table))


def _abinit(path: pathlib.Path, content: bytes) -> RawSpectrum:
    """*_A2F.nc (netCDF-3); ABINIT's function is twice the standard one."""
    try:
        with scipy.io.netcdf_file(io.BytesIO(content), mmap=False) as file:
            omega = np.array(file.variables["a2f_mesh_qintp"][:], dtype=float)
            values = np.array(file.variables["a2f_values_qintp"][:], dtype=float)
    except (KeyError, ValueError, TypeError, IndexError, AssertionError, OverflowError, MemoryError) as error:
        raise InputError("not an ABINIT a2F file", where=str(path), why=f"{type(error).__name__}: {error}.") from error
    if values.ndim != 3 or values.shape[0] != 1 or values.shape[2] != omega.size:
        raise InputError(f"unexpected shape {values.shape} of a2f_values_qintp", where=str(path))
    return RawSpectrum("abinit", omega, values[0] / 2, [], "Ha")


LAYOUTS: dict[str, Callable[[TextTable], RawSpectrum]] = {
    "epw": _epw,
    "qe": _qe,
    "elk": _elk,
    "isome": _isome,
    "plain": _plain,
}
FORMATS = ("auto", *LAYOUTS, "abinit")
"""Names of the layouts."""


def _header_unit(table: TextTable) -> str | None:
    """The energy unit, if the header names exactly one as a word of its own (`omega_meV`, `E (THz)`, `w[Ry]`)."""
    words = {word.lower() for line in table.header for word in re.split(r"[^A-Za-z0-9-]+", line.replace("_", " "))}
    spelled = {name.lower(): name for name in MEV_PER_UNIT if name != "K"}
    found = [spelled[word] for word in words if word in spelled]
    return found[0] if len(found) == 1 else None


def _smearing_values(table: TextTable) -> bool:
    """Whether a header line names an energy unit and then one number for each further column."""
    width = len(table.rows[0]) - 1
    for line in table.header:
        numbers = re.findall(r"(?<![\w.])[+-]?\d+\.\d*(?:[EeDd][+-]?\d+)?", line)
        if width > 1 and len(numbers) == width and _header_unit(table):
            return True
    return False
