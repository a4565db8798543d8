"""Files of self-energies from angle-resolved photoemission, as published: one part a file, or both in one."""

import dataclasses
import pathlib
import warnings

import numpy as np
from jaxtyping import Complex, Float

from ..._errors import InputError
from ...units import MEV_PER_UNIT, to_meV
from ._column_labels import column_labels, energy_units
from ._text_tables import parse_table, read_bytes

SMALLEST_RATIO = 0.005
"""A self-energy below this fraction of the largest energy is taken to be in eV where the energies are in meV."""

LARGEST_EV = 2.0
"""Energies up to this number are taken to be in eV: no phonon spectrum would be visible below 2 meV."""

SAME_ENERGY = 0.05
"""Two files have the same energies if they differ by less than this fraction of a step."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfEnergyFile:
    r"""A retarded self-energy read from a file or two.

    Args:
        omega: Energies from the Fermi energy, ascending, negative below it, shape (n,) [meV].
        sigma: Self-energy with a negative imaginary part [meV]: complex, or real if one part was read, shape (n,).
        part: `"both"`, `"real"` or `"imaginary"`.
        notices: What was assumed when it was read.
    """

    omega: Float[np.ndarray, " freq"]
    sigma: Complex[np.ndarray, " freq"] | Float[np.ndarray, " freq"]
    part: str
    notices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Columns:
    """Ascending energies below zero [meV], and one or two columns of the self-energy in the units of the file."""

    path: pathlib.Path
    omega: Float[np.ndarray, " freq"]
    values: Float[np.ndarray, "part freq"]
    notices: list[str]


def read_self_energy(
    path: str | pathlib.Path | None,
    imaginary: str | pathlib.Path | None = None,
    *,
    energy_unit: str | None = None,
    unit: str | None = None,
    imaginary_unit: str | None = None,
) -> SelfEnergyFile:
    r"""Read a self-energy from text files.

    The column of energies is the one that the header names, or else the one that ascends or descends, whichever stands
    first. Units that are neither given nor stated are recognized by the size of the numbers, binding energies and an
    imaginary part of positive sign by their signs. What was assumed is reported by a `UserWarning` and in `notices`.

    Args:
        path: Table of the energies and the real part, or of the energies, the real and the imaginary part in this
            order; `None` if there is only an imaginary part.
        imaginary: Table of the energies and the imaginary part.
        energy_unit: Unit of the energies.
        unit: Unit of the real part.
        imaginary_unit: Unit of the imaginary part.

    Returns:
        Energies and the retarded self-energy [meV].

    Raises:
        InputError: A file cannot be read, has other columns or no column of energies, or the energies of both files
            differ.
        ValueError: A unit is unknown.
    """
    for name in (energy_unit, unit, imaginary_unit):
        to_meV(name or "meV")
    real = None if path is None else _read_columns(pathlib.Path(path), energy_unit)
    other = None if imaginary is None else _read_columns(pathlib.Path(imaginary), energy_unit)
    first = real or other
    if first is None:
        raise InputError("no file is given.")
    _check_columns(real, other)
    notices = [notice for each in (real, other) if each for notice in each.notices]
    notices = [notice for n, notice in enumerate(notices) if notice not in notices[:n]]
    parts = {}
    if real:
        parts["real"] = _in_meV(real, 0, "real", unit, notices)
        _note_zero(parts["real"], notices)
    if other or first.values.shape[0] == 2:
        source, column = (other, 0) if other else (first, 1)
        parts["imaginary"] = _retarded(_in_meV(source, column, "imaginary", imaginary_unit, notices), notices)
    for notice in notices:
        warnings.warn(f"{first.path}: {notice}", stacklevel=2)
    sigma = parts["real"] + 1j * parts["imaginary"] if len(parts) == 2 else next(iter(parts.values()))
    part = "both" if len(parts) == 2 else next(iter(parts))
    return SelfEnergyFile(omega=first.omega, sigma=sigma, part=part, notices=tuple(notices))


def _read_columns(path: pathlib.Path, energy_unit: str | None) -> _Columns:
    """Read one table, its energies ascending and below zero [meV]."""
    table = parse_table(path, read_bytes(path))
    data, notices = table.rectangle(), list(table.notices)
    if data.shape[1] not in (2, 3) or len(data) < 2:
        why = "a self-energy needs energies and one or both parts."
        raise InputError(f"{data.shape[1]} columns and {len(data)} rows", where=str(path), why=why)
    labels = column_labels(table.header, data.shape[1])
    named = [n for n, label in enumerate(labels or []) if label.kind == "energy"]
    column = named[0] if named else _ascending_column(path, data)
    if column != 0:
        notices.append(f"the energies are taken from column {column + 1}.")
    omega, values = data[:, column], np.delete(data, column, axis=1).T
    if energy_unit is None:
        energy_unit = _energy_unit(path, energy_units(table.header, labels), omega, notices)
    omega = omega * to_meV(energy_unit)
    if np.all(omega >= 0) and np.sum(values[0]) > 0:
        notices.append("positive energies are taken as binding energies, below the Fermi energy.")
        omega = -omega
    order = slice(None, None, -1) if omega[0] > omega[-1] else slice(None)
    omega, values = omega[order], values[:, order]
    if np.any(np.diff(omega) <= 0):
        raise InputError("energies must ascend or descend", where=str(path))
    return _Columns(path=path, omega=omega, values=values, notices=notices)


def _ascending_column(path: pathlib.Path, data: Float[np.ndarray, "row column"]) -> int:
    """The first column that ascends or descends, an evenly spaced one before all others."""
    steps = np.diff(data, axis=0)
    monotonic = np.all(steps > 0, axis=0) | np.all(steps < 0, axis=0)
    even = monotonic & (np.ptp(steps, axis=0) < SAME_ENERGY * np.max(np.abs(steps), axis=0))
    found = np.flatnonzero(even if np.any(even) else monotonic)
    if not found.size:
        raise InputError("no column of energies", where=str(path), why="no column ascends or descends.")
    return int(found[0])


def _energy_unit(
    path: pathlib.Path, stated: tuple[str, ...], omega: Float[np.ndarray, " freq"], notices: list[str]
) -> str:
    if len(stated) > 1:
        raise InputError("two units of energy", where=str(path), why=f"the header says {' and '.join(stated)}.")
    if stated and stated[0] in MEV_PER_UNIT:
        return stated[0]
    found = "eV" if np.max(np.abs(omega)) < LARGEST_EV else "meV"
    notices.append(f"the energies are taken to be in {found}, by their size.")
    return found


def _check_columns(real: _Columns | None, other: _Columns | None) -> None:
    """Refuse two files of which one has both parts, or whose energies differ."""
    for each in (real, other):
        if each and other and len(each.values) != 1:
            raise InputError("3 columns", where=str(each.path), why="of two files each must hold one part.")
    if real and other:
        same = real.omega.shape == other.omega.shape
        if not same or np.max(np.abs(real.omega - other.omega)) > SAME_ENERGY * np.min(np.diff(real.omega)):
            raise InputError("the energies of both parts differ", where=str(other.path))


def _in_meV(
    source: _Columns, column: int, name: str, unit: str | None, notices: list[str]
) -> Float[np.ndarray, " freq"]:
    """One part of the self-energy [meV]."""
    values = source.values[column]
    if unit is None:
        unit = "eV" if np.max(np.abs(values)) < SMALLEST_RATIO * np.max(np.abs(source.omega)) else "meV"
        notices.append(f"the {name} part is taken to be in {unit}, by its size.")
    return values * to_meV(unit)


def _retarded(values: Float[np.ndarray, " freq"], notices: list[str]) -> Float[np.ndarray, " freq"]:
    if np.mean(values) <= 0:
        return values
    notices.append("the sign of the imaginary part is reversed: that of a retarded self-energy is negative.")
    return -values


def _note_zero(values: Float[np.ndarray, " freq"], notices: list[str]) -> None:
    if values[0] == 0 or values[-1] == 0:
        notices.append(
            "the real part is exactly zero at an end of the energies: a constant or a slope was subtracted, which must "
            "be free in a fit."
        )
