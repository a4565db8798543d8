"""Reading of spectral functions from the files of other programs, with checks."""

import dataclasses
import pathlib
import re
import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ..._errors import InputError
from ...physics import Spectrum, coupling_constant
from ...units import MEV_PER_UNIT, to_meV
from ._array_files import holds_arrays, parse_arrays
from ._column_labels import Label
from ._misplaced_files import explain_failure, refuse_misplaced, refuse_other_content
from ._plausibility import grid_notices, value_notices
from ._text_layouts import FORMATS, RawSpectrum, parse_spectrum
from ._text_tables import read_bytes

NEGATIVE_TOLERANCE = 0.01
"""Negative values up to this fraction of the largest value are set to zero with a notice, larger ones refused."""

LAMBDA_TOLERANCE = 0.01
"""Largest relative difference between the stated coupling constant and that of the spectrum."""

PLAUSIBLE_END = (1.0, 600.0)
"""Usual range of the last energy of a phonon spectrum [meV], from which units are suggested."""

POSSIBLE_END = (0.01, 5000.0)
"""Range of the last energy [meV] outside which a spectrum is refused, since its unit must be wrong."""

LONGEST_LIST = 120
"""Largest number of characters of a list of labels in a notice."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpectrumFile:
    """A spectral function read from a file, after all checks.

    Args:
        omega: Energies [meV].
        a2f: Spectral function, dimensionless.
        format: Name of the layout of the file.
        unit: Unit of energy in the file.
        column: Number of the column among those of a2F, from 1.
        key: Name of the spectrum in a file of several; empty otherwise.
        notices: Messages about changes, assumptions and doubts.
    """

    omega: Float[np.ndarray, " freq"]
    a2f: Float[np.ndarray, " freq"]
    format: str
    unit: str
    column: int
    key: str
    notices: tuple[str, ...]


def read_spectrum(
    path: str | pathlib.Path,
    format: str = "auto",
    unit: str | None = None,
    column: int | None = None,
    *,
    key: str | None = None,
) -> Spectrum:
    """Read a spectral function from a file of EPW, Quantum ESPRESSO, Elk, ABINIT, IsoME, or a plain table.

    A plain table may be a text, npy, npz or JSON file. Changes, assumptions and doubts are reported by `UserWarning`.

    Args:
        path: The file; `-` is standard input.
        format: Layout of the file: `auto`, `epw`, `qe`, `elk`, `abinit`, `isome` or `plain`.
        unit: Unit of energy: `meV`, `eV`, `THz`, `cm-1`, `K`, `Ry` or `Ha`; needed if the file does not state it.
        column: Number of the column, from 1, counted without that of the energies. By default the column that the
            header calls a2F is taken, otherwise the first, or the middle one of several smearings.
        key: Name or number (from 0) of the spectrum in an npz or JSON file of several; `read_spectra` reads all.

    Returns:
        The spectral function, with positive ascending energies in meV.

    Raises:
        InputError: The file cannot be read, is not a2F, or leaves its unit, column or spectrum open.
        RuntimeError: JAX is not in 64-bit mode.
    """
    found = read_spectrum_file(path, format, unit, column, key=key)
    for notice in found.notices:
        warnings.warn(f"{path}: {notice}", stacklevel=2)
    return Spectrum(found.omega, found.a2f)


def read_spectra(
    path: str | pathlib.Path, format: str = "auto", unit: str | None = None, column: int | None = None
) -> dict[str, Spectrum]:
    """Read all spectral functions of a file, in particular of an npz or JSON file of several.

    Changes, assumptions, doubts, and the spectra that cannot be used are reported by `UserWarning`.

    Args:
        path: The file; `-` is standard input.
        format: Layout of the file, as in `read_spectrum`.
        unit: Unit of energy, as in `read_spectrum`.
        column: Number of the column of a2F, as in `read_spectrum`.

    Returns:
        The usable spectra by name, in the order of the file; the name is empty if the file holds only one.

    Raises:
        InputError: The file cannot be read, or none of its spectra can be used.
        RuntimeError: JAX is not in 64-bit mode.
    """
    spectra: dict[str, Spectrum] = {}
    found = read_spectrum_files(path, format, unit, column)
    for name, one in found.items():
        texts = [f"not used: {one}"] if isinstance(one, InputError) else one.notices
        for text in texts:
            warnings.warn(f"{path}: {f'{name}: ' if name else ''}{text}", stacklevel=2)
        if not isinstance(one, InputError):
            spectra[name] = Spectrum(one.omega, one.a2f)
    if not spectra:
        raise next(one for one in found.values() if isinstance(one, InputError))
    return spectra


def read_spectrum_file(
    path: str | pathlib.Path,
    format: str = "auto",
    unit: str | None = None,
    column: int | None = None,
    *,
    key: str | None = None,
) -> SpectrumFile:
    """Read a spectral function as `read_spectrum` does, but return the notices instead of warning."""
    found = list(read_spectrum_files(path, format, unit, column, key=key).items())
    if len(found) > 1:
        names = ", ".join(repr(name) for name, _ in found[:3])
        hint = "Choose one with --key, in Python key=; read_spectra reads all."
        raise InputError(f"{len(found)} spectra in this file", where=str(path), why=f"{names}, ...", hint=hint)
    _, one = found[0]
    if isinstance(one, InputError):
        raise one
    return one


def read_spectrum_files(
    path: str | pathlib.Path,
    format: str = "auto",
    unit: str | None = None,
    column: int | None = None,
    *,
    key: str | None = None,
) -> dict[str, SpectrumFile | InputError]:
    """Read all spectra of a file by name, and the errors in place of those that cannot be used.

    The name is empty if the file holds only one spectrum.

    Raises:
        InputError: The file itself cannot be read, or holds no spectrum with this key.
    """
    path = pathlib.Path(path)
    if format not in FORMATS:
        raise InputError(f"`format` must be one of {', '.join(FORMATS)}, got {format!r}.")
    if unit is not None and unit not in MEV_PER_UNIT:
        raise InputError(f"`unit` must be one of {', '.join(MEV_PER_UNIT)}, got {unit!r}.")
    refuse_misplaced(path)
    content = read_bytes(path)
    refuse_other_content(path, content)
    if not holds_arrays(content):
        if key is not None:
            raise InputError(f"no spectrum {key!r}", where=str(path), why="only npz and JSON files have keys.")
        try:
            raw = parse_spectrum(path, content, format)
        except InputError as error:
            raise explain_failure(error, path, content) from error
        return {"": _checked(path, "", raw, unit, column)}
    raws = parse_arrays(path, content, key)
    found: dict[str, SpectrumFile | InputError] = {}
    for name, raw in raws.items():
        where = pathlib.Path(f"{path}[{name}]") if name else path
        try:
            if isinstance(raw, InputError):
                raise raw
            found[name] = _checked(where, name, raw, unit, column)
        except InputError as error:
            found[name] = (
                error if error.where else InputError(error.what, where=str(where), why=error.why, hint=error.hint)
            )
    return found


def _checked(path: pathlib.Path, key: str, raw: RawSpectrum, unit: str | None, column: int | None) -> SpectrumFile:
    """Check a spectrum, convert it to meV, and collect notices about changes, assumptions and doubts.

    Raises:
        InputError: The spectrum cannot be used.
    """
    notices = list(raw.notices)
    chosen = _choose_column(path, raw, column, notices)
    used_unit = _choose_unit(path, raw, unit, notices)
    omega, a2f, lines = _positive_energies(path, raw.omega, raw.columns[chosen], raw.lines, notices)
    omega = omega * to_meV(used_unit)
    _check_end(path, omega[-1], used_unit)
    lambda_ep = coupling_constant(omega, a2f)
    _check_stated_lambda(path, raw, chosen, lambda_ep)
    if raw.footer_expected and not raw.stated_lambda:
        notices.append(
            "there is no coupling constant at the end, where the program writes one: the file may be cut off."
        )
    a2f, lambda_ep = _not_negative(path, omega, a2f, lambda_ep, notices)
    other = raw.other_lambda[chosen] if chosen < len(raw.other_lambda) else None
    notices += grid_notices(omega, lines)
    notices += value_notices(path, a2f, lambda_ep, other, LAMBDA_TOLERANCE)
    return SpectrumFile(
        omega=omega, a2f=a2f, format=raw.format, unit=used_unit, column=chosen + 1, key=key, notices=tuple(notices)
    )


def _choose_column(path: pathlib.Path, raw: RawSpectrum, column: int | None, notices: list[str]) -> int:
    """Return the index of the column of a2F: as requested, by the header, or by its position."""
    n = raw.columns.shape[0]
    if column is not None:
        if not 1 <= column <= n:
            raise InputError(f"there is no column {column} of a2F", where=str(path), why=f"the file has {n}.")
        label = raw.labels[column - 1] if raw.labels else None
        if label and label.kind not in (None, "a2f", "part of a2f"):
            notices.append(f"the header calls this column {label.text!r}; it is taken as a2F, as requested.")
        return column - 1
    if raw.labels:
        return _labelled_column(path, raw.labels, notices)
    if n > 1 and raw.smearings:
        notices.append(f"there are {n} smearings; column {(n + 1) // 2} is taken. Choose another with --column.")
        return (n + 1) // 2 - 1
    if n > 1 and (raw.other_quantity or raw.mentions_columns):
        said = f"names {raw.other_quantity}" if raw.other_quantity else "mentions columns"
        why = f"the header {said}, but does not make clear which column is which."
        raise InputError("the column of a2F is not known", where=str(path), why=why, hint="Choose it with --column.")
    if raw.other_quantity:
        notices.append(f"the header names {raw.other_quantity!r}, not a2F; the second column is taken as a2F.")
    if n > 1:
        notices.append(f"there are {n + 1} columns; the second is taken as a2F. Choose another with --column.")
    return 0


def _labelled_column(path: pathlib.Path, labels: Sequence[Label], notices: list[str]) -> int:
    """Return the index of the column that the header calls a2F, or its total if there are several."""
    own = [i for i, label in enumerate(labels) if label.kind == "a2f"]
    own = (
        [i for i in own if _TOTAL.search(labels[i].text)] or [i for i in own if _PLAIN.fullmatch(labels[i].text)] or own
    )
    named = bool(own)
    own = own or [i for i, label in enumerate(labels) if label.kind is None]
    wrong = next((label.kind for label in labels if label.kind in ("gap function", "density of states")), None)
    if not own or (wrong and not named):
        names = ", ".join(label.text for label in labels)
        hint = "If one of them is a2F, choose it with --column."
        if wrong:
            hint = f"This looks like a {wrong}: `diffeliash invert` and `predict` find a2F from it. {hint}"
        raise InputError("no column of a2F", where=str(path), why=f"the header calls the others {names}.", hint=hint)
    chosen = own[0]
    if _SCALED.search(labels[chosen].text):
        notices.append(f"the header says {labels[chosen].text!r}; the values are taken as a2F itself.")
    if len(labels) > 1:
        left_out = ", ".join(label.text for i, label in enumerate(labels) if i != chosen)
        reason = "as the file names it" if named else "though the file does not name it so"
        notices.append(
            f"the column {labels[chosen].text!r} is taken as a2F, {reason} (--column {chosen + 1}); not used: "
            f"{left_out if len(left_out) <= LONGEST_LIST else left_out[:LONGEST_LIST] + ' ...'}."
        )
    return chosen


# labels that are exactly a2F, that state a factor or a logarithm, and that state a sum over modes
_PLAIN = re.compile(r"(?:a|alpha|\u03b1)\^?[2\u00b2]F(?:\(\w+\))?", re.IGNORECASE)
_SCALED = re.compile(r"\b(?:ln|log\d*)\b|[*x\u00d7]\s*\(?\d|percent|%|\barb\b|\barb\.", re.IGNORECASE)
_TOTAL = re.compile(r"total|tot\b|sum\b", re.IGNORECASE)


def _choose_unit(path: pathlib.Path, raw: RawSpectrum, unit: str | None, notices: list[str]) -> str:
    stated = " and ".join(raw.units)
    if unit is not None:
        if raw.units and raw.units != (unit,):
            notices.append(f"the file states energies in {stated}; they are taken as {unit}, as requested.")
        return unit
    if len(raw.units) == 1:
        return raw.units[0]
    end = float(np.max(raw.omega))
    guesses = [
        f"{name} (ends at {end * size:.3g} meV)"
        for name, size in MEV_PER_UNIT.items()
        if PLAUSIBLE_END[0] <= end * size <= PLAUSIBLE_END[1] and name in (raw.units or MEV_PER_UNIT)
    ]
    why = f"the file names {stated}, and either could be meant." if raw.units else "the file does not state it."
    hint = f"Give it with --unit; possible: {', '.join(guesses) or 'none of the known units'}."
    raise InputError("the unit of energy is not known", where=str(path), why=why, hint=hint)


def _positive_energies(
    path: pathlib.Path,
    omega: Float[np.ndarray, " freq"],
    a2f: Float[np.ndarray, " freq"],
    lines: list[int],
    notices: list[str],
) -> tuple[Float[np.ndarray, " positive"], Float[np.ndarray, " positive"], list[int]]:
    """Return ascending positive energies with their values and line numbers; append notices about changes."""
    if not (np.all(np.isfinite(omega)) and np.all(np.isfinite(a2f))):
        raise InputError("a value is not finite", where=str(path))
    if omega.size > 1 and np.all(np.diff(omega) < 0):
        notices.append("energies descend; the order of the rows was reversed.")
        omega, a2f, lines = omega[::-1], a2f[::-1], lines[::-1]
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
    return omega[positive], a2f[positive], lines[dropped:]


def _not_negative(
    path: pathlib.Path,
    omega: Float[np.ndarray, " freq"],
    a2f: Float[np.ndarray, " freq"],
    lambda_ep: float,
    notices: list[str],
) -> tuple[Float[np.ndarray, " freq"], float]:
    """Set slightly negative values to zero, and return the spectrum and its coupling constant.

    Raises:
        InputError: Negative values are large, or no value is positive.
    """
    largest, smallest = float(np.max(a2f)), float(np.min(a2f))
    if largest <= 0:
        raise InputError("a2F is nowhere positive", where=str(path), hint="Is it the right column? See --column.")
    if smallest < -NEGATIVE_TOLERANCE * largest:
        why = f"it goes down to {smallest:g} where its maximum is {largest:g}."
        hint = "Is it the right column (see --column), or a gap function?"
        raise InputError("a2F is negative", where=str(path), why=why, hint=hint)
    if smallest >= 0:
        return a2f, lambda_ep
    clipped = np.maximum(a2f, 0.0)
    after = coupling_constant(omega, clipped)
    notices.append(
        f"set {int(np.sum(a2f < 0))} slightly negative values of a2F to zero (down to {smallest:.2g}; "
        f"lambda {lambda_ep:.5g} becomes {after:.5g})."
    )
    return clipped, after


def _check_end(path: pathlib.Path, end: float, unit: str) -> None:
    if not POSSIBLE_END[0] <= end <= POSSIBLE_END[1]:
        guesses = [
            name
            for name, size in MEV_PER_UNIT.items()
            if PLAUSIBLE_END[0] <= end / to_meV(unit) * size <= PLAUSIBLE_END[1]
        ]
        hint = f"Is it {' or '.join(guesses)}?" if guesses else ""
        raise InputError(f"in {unit} this spectrum would end at {end:.3g} meV", where=str(path), hint=hint)


def _check_stated_lambda(path: pathlib.Path, raw: RawSpectrum, chosen: int, computed: float) -> None:
    if chosen >= len(raw.stated_lambda) or raw.stated_lambda[chosen] <= 0:
        return
    stated = raw.stated_lambda[chosen]
    if abs(computed - stated) > LAMBDA_TOLERANCE * stated:
        why = f"the file states lambda = {stated:g}, its spectrum gives {computed:g}."
        raise InputError("spectrum and stated lambda disagree", where=str(path), why=why, hint="Is the file complete?")
