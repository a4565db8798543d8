"""Spectral functions from the files of other programs, checked."""

import dataclasses
import pathlib
import warnings

import numpy as np
from jaxtyping import Float

from .._errors import InputError
from ..physics import Spectrum
from ..units import MEV_PER_UNIT, to_meV
from ._formats import FORMATS, RawSpectrum, parse_spectrum
from ._text import read_bytes

TINY_NEGATIVE = 0.01
"""Negative values up to this part of the largest are interpolation noise: set to zero, with a notice."""

LAMBDA_TOLERANCE = 0.01
"""The coupling constant that a file states must agree with its spectrum this well, relative."""

PLAUSIBLE_END = (1.0, 600.0)
"""A phonon spectrum ends between these energies [meV]; used to guess units."""

POSSIBLE_END = (0.01, 5000.0)
"""A spectrum that ends outside these energies [meV] has the wrong unit."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpectrumFile:
    """What a file holds, after all checks.

    Args:
        omega: Energies [meV].
        a2f: Spectral function.
        format: Layout it was read as.
        unit: Unit of energy in the file.
        column: Column taken, from 1.
        notices: What was changed or assumed.
    """

    omega: Float[np.ndarray, " freq"]
    a2f: Float[np.ndarray, " freq"]
    format: str
    unit: str
    column: int
    notices: tuple[str, ...]


def read_spectrum(
    path: str | pathlib.Path, format: str = "auto", unit: str | None = None, column: int | None = None
) -> Spectrum:
    """Read a spectral function from a file of EPW, Quantum ESPRESSO, Elk, ABINIT, IsoME, or a plain table.

    What was changed or assumed is told by a `UserWarning`.

    Args:
        path: The file.
        format: `auto`, `epw`, `qe`, `elk`, `abinit`, `isome` or `plain`.
        unit: Unit of energy: `meV`, `eV`, `THz`, `cm-1`, `K`, `Ry` or `Ha`; needed where the file does not state it.
        column: Which column of a2F, from 1; by default the first, of several smearings the middle one.

    Raises:
        InputError: What is wrong, where, and what to do.
    """
    found = read_spectrum_file(path, format, unit, column)
    for notice in found.notices:
        warnings.warn(f"{path}: {notice}", stacklevel=2)
    return Spectrum(found.omega, found.a2f)


def read_spectrum_file(
    path: str | pathlib.Path, format: str = "auto", unit: str | None = None, column: int | None = None
) -> SpectrumFile:
    """As `read_spectrum`, with the notices returned beside the numbers."""
    path = pathlib.Path(path)
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}, got {format!r}.")
    if unit is not None and unit not in MEV_PER_UNIT:
        raise InputError(f"`unit` must be one of {', '.join(MEV_PER_UNIT)}, got {unit!r}.")
    raw = parse_spectrum(path, read_bytes(path), format)
    notices: list[str] = []
    chosen = _choose_column(path, raw, column, notices)
    used_unit = _choose_unit(path, raw, unit, notices)
    omega, a2f = _positive_energies(path, raw.omega, raw.columns[chosen], raw.lines, notices)
    omega = omega * to_meV(used_unit)
    _check_end(path, omega[-1], used_unit)
    _check_stated_lambda(path, raw, chosen, Spectrum(omega, a2f))
    if raw.footer_expected and not raw.stated_lambda:
        notices.append("no coupling constant at the end, where this code writes one: the file may be cut off.")
    a2f = _not_negative(path, omega, a2f, notices)
    return SpectrumFile(
        omega=omega, a2f=a2f, format=raw.format, unit=used_unit, column=chosen + 1, notices=tuple(notices)
    )


def _choose_column(path: pathlib.Path, raw: RawSpectrum, column: int | None, notices: list[str]) -> int:
    n = raw.columns.shape[0]
    if column is not None:
        if not 1 <= column <= n:
            raise InputError(f"there is no column {column} of a2F", where=str(path), why=f"the file has {n}.")
        return column - 1
    if n > 1 and raw.smearings:
        notices.append(f"{n} smearings; took column {(n + 1) // 2}. Choose another with --column.")
        return (n + 1) // 2 - 1
    if n > 1 and raw.format == "plain":
        notices.append(f"{n + 1} columns; took the second as a2F. Choose another with --column.")
    return 0


def _choose_unit(path: pathlib.Path, raw: RawSpectrum, unit: str | None, notices: list[str]) -> str:
    if unit is not None:
        if raw.unit is not None and raw.unit != unit:
            notices.append(f"the file states energies in {raw.unit}; took them as {unit}, as told.")
        return unit
    if raw.unit is not None:
        return raw.unit
    end = float(np.max(raw.omega))
    guesses = [
        f"{name} (ends at {end * size:.3g} meV)"
        for name, size in MEV_PER_UNIT.items()
        if PLAUSIBLE_END[0] <= end * size <= PLAUSIBLE_END[1]
    ]
    hint = f"Give it with --unit; possible: {', '.join(guesses) or 'none of those known'}."
    raise InputError("the unit of energy is not known", where=str(path), why="the file does not state it.", hint=hint)


def _positive_energies(
    path: pathlib.Path,
    omega: Float[np.ndarray, " freq"],
    a2f: Float[np.ndarray, " freq"],
    lines: list[int],
    notices: list[str],
) -> tuple[Float[np.ndarray, " positive"], Float[np.ndarray, " positive"]]:
    if not (np.all(np.isfinite(omega)) and np.all(np.isfinite(a2f))):
        raise InputError("a value is not finite", where=str(path))
    falling = np.flatnonzero(np.diff(omega) <= 0)
    if falling.size:
        where = f"{path}:{lines[falling[0] + 1]}" if lines else str(path)
        before, after = omega[falling[0]], omega[falling[0] + 1]
        raise InputError("energies must increase", where=where, why=f"{after:g} comes after {before:g}.")
    positive = omega > 0
    dropped = int(np.sum(~positive))
    if dropped:
        notices.append(f"dropped {dropped} row{'s' * (dropped > 1)} at energies <= 0.")
    if np.sum(positive) < 2:
        raise InputError("fewer than two rows at positive energies", where=str(path))
    return omega[positive], a2f[positive]


def _not_negative(
    path: pathlib.Path, omega: Float[np.ndarray, " freq"], a2f: Float[np.ndarray, " freq"], notices: list[str]
) -> Float[np.ndarray, " freq"]:
    largest, smallest = float(np.max(a2f)), float(np.min(a2f))
    if largest <= 0:
        raise InputError("a2F is nowhere positive", where=str(path), hint="Is it the right column? See --column.")
    if smallest < -TINY_NEGATIVE * largest:
        why = f"it goes down to {smallest:g} where its maximum is {largest:g}."
        raise InputError("a2F is negative", where=str(path), why=why, hint="Is it the right column? See --column.")
    clipped = np.maximum(a2f, 0.0)
    if smallest < 0:
        before, after = (float(Spectrum(omega, values).lambda_ep) for values in (a2f, clipped))
        notices.append(
            f"set {int(np.sum(a2f < 0))} slightly negative values of a2F to zero (down to {smallest:.2g}; "
            f"lambda {before:.5g} becomes {after:.5g})."
        )
    return clipped


def _check_end(path: pathlib.Path, end: float, unit: str) -> None:
    if not POSSIBLE_END[0] <= end <= POSSIBLE_END[1]:
        guesses = [
            name
            for name, size in MEV_PER_UNIT.items()
            if PLAUSIBLE_END[0] <= end / to_meV(unit) * size <= PLAUSIBLE_END[1]
        ]
        hint = f"Is it {' or '.join(guesses)}?" if guesses else ""
        raise InputError(f"in {unit} this spectrum would end at {end:.3g} meV", where=str(path), hint=hint)


def _check_stated_lambda(path: pathlib.Path, raw: RawSpectrum, chosen: int, spectrum: Spectrum) -> None:
    if chosen >= len(raw.stated_lambda) or raw.stated_lambda[chosen] <= 0:
        return
    stated, computed = raw.stated_lambda[chosen], float(spectrum.lambda_ep)
    if abs(computed - stated) > LAMBDA_TOLERANCE * stated:
        why = f"the file states lambda = {stated:g}, its spectrum gives {computed:g}."
        raise InputError("spectrum and stated lambda disagree", where=str(path), why=why, hint="Is the file complete?")
