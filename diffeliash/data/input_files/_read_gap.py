"""Files of gap functions and densities of states, as `solve` writes and `predict` and `invert` read them."""

import dataclasses
import json
import pathlib
import reprlib
import warnings
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from ..._errors import InputError, IntegrityError
from ..._headers import LARGEST_VALUE, Fraction, Positive, ShortText, parse_header, part_of_header
from ...physics import GapSolution, RealAxisGap
from ..storage import (
    COMPLEX_FIELDS,
    hdf5_bytes,
    is_hdf5,
    parse_hdf5,
    software_versions,
    with_numbered_names,
    write_file,
)
from ._gap_tables import read_gap_table
from ._stated_parameters import FunctionOfEnergy
from ._text_tables import read_bytes

SOLUTION_FORMAT_VERSION = 3
"""Version of the format of solutions; readers refuse other versions."""

NOTABLE_ERROR = 1e-2
"""Error of a continuation, relative to the largest |Delta|, above which the reader gives a notice."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GapFile(FunctionOfEnergy):
    """A gap function read from a file, on the line omega + i broadening above the real axis.

    Args:
        omega: Energies [meV].
        Delta: Gap function [meV].
        T: Temperature [K], if the file states it.
        broadening: Distance of the line from the real axis [meV], if the file states it.
        mu_star: Coulomb pseudopotential, if the file states it.
        omega_c: Cutoff of the Coulomb pseudopotential [meV], if the file states it.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV], if the file states it.
        omega_max: Where the spectral function ends [meV], if the file states it.
        z_sum: Name of the class of the sum in Z, if the file states it.
        notices: What was assumed when it was read.
    """

    Delta: Complex[np.ndarray, " freq"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DosFile(FunctionOfEnergy):
    r"""A density of states read from a file, on the line $z = \omega + i\Gamma$ above the real axis.

    $$ N(\omega)/N_F = \mathrm{Re}\,\frac{z}{\sqrt{z^2 - \Delta^2(z)}} $$

    Args:
        omega: Energies [meV].
        dos: Density of states $N/N_F$, in units of the normal-state one.
        T: Temperature [K], if the file states it.
        broadening: Distance of the line from the real axis [meV], if the file states it.
        mu_star: Coulomb pseudopotential, if the file states it.
        omega_c: Cutoff of the Coulomb pseudopotential [meV], if the file states it.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV], if the file states it.
        omega_max: Where the spectral function ends [meV], if the file states it.
        z_sum: Name of the class of the sum in Z, if the file states it.
        notices: What was assumed when it was read.
    """

    dos: Float[np.ndarray, " freq"]


def write_solution(path: pathlib.Path, solutions: list[tuple[str, GapSolution, RealAxisGap]]) -> None:
    """Write solutions on both axes to one HDF5 file.

    With several solutions, the names of their fields get the suffixes `_0`, `_1`, ...

    Args:
        path: File to write.
        solutions: For each solution the name of the source file, the solution on the imaginary axis, and its
            continuation.

    Raises:
        StorageError: The file cannot be written.
    """
    results = []
    for source, sol, real in solutions:
        (spectrum,) = sol.spectrum.channels
        fields = {
            "omega_meV": (spectrum.omega, "meV"),
            "a2f": (spectrum.a2f, "1"),
            "omega_n_meV": (sol.omega_n, "meV"),
            "Delta_iw_meV": (sol.Delta, "meV"),
            "Z_iw": (sol.Z, "1"),
            "omega_real_meV": (real.omega, "meV"),
            "Delta_meV": (real.Delta, "meV"),
            "Z": (real.Z, "1"),
            "dos": (real.dos, "1"),
        }
        numbers = {
            "T_K": sol.T,
            "mu_star": sol.mu_star,
            "omega_c_meV": sol.omega_c,
            "matsubara_cutoff_meV": sol.matsubara_cutoff,
            "broadening_meV": real.broadening,
            "real_axis_error": real.error,
            "continuation_error": real.continuation_error,
            "sampling_error": real.sampling_error,
            "cauchy_residual": real.cauchy,
        }
        attributes = {name: float(value) for name, value in numbers.items()}
        words = {"z_sum": type(sol.z_sum).__name__, "source": source}
        results.append((fields, attributes | words | {"converged": bool(real.converged)}))
    arrays, attributes = with_numbered_names(results)
    stated = {"format_version": SOLUTION_FORMAT_VERSION, "versions": json.dumps(software_versions())}
    write_file(path, hdf5_bytes(arrays, stated | attributes))


def read_gap(path: str | pathlib.Path) -> GapFile:
    r"""Read a gap function $\Delta(\omega + i\Gamma)$ from a text file or an HDF5 file of `diffeliash solve`.

    What was assumed, and doubts about the accuracy, are reported by a `UserWarning` and in `notices`.

    Args:
        path: Text file with the columns $\omega$, Re $\Delta$, Im $\Delta$ [meV], or HDF5 file with one solution; `-`
            is standard input.

    Returns:
        Energies and gap function, shape (n,) [meV], and the parameters that the file states.

    Raises:
        InputError: The file cannot be read, is not a gap function, or is not in meV; or its energies do not increase.
        IntegrityError: The HDF5 file is damaged.
    """
    omega, Delta, stated = _read(
        pathlib.Path(path), "gap function", "Delta_meV", ("energy", "real part", "imaginary part")
    )
    return GapFile(omega=omega, Delta=Delta.astype(complex), **stated)


def read_dos(path: str | pathlib.Path) -> DosFile:
    r"""Read a density of states $N(\omega)/N_F$ from a text file or an HDF5 file of `diffeliash solve`.

    What was assumed, and doubts about the accuracy, are reported by a `UserWarning` and in `notices`.

    Args:
        path: Text file with the columns $\omega$ [meV], $N/N_F$, or HDF5 file with one solution; `-` is standard input.

    Returns:
        Energies [meV] and density of states, shape (n,), and the parameters that the file states.

    Raises:
        InputError: The file cannot be read, is not a density of states, or is not in meV; or its energies do not
            increase.
        IntegrityError: The HDF5 file is damaged.
    """
    omega, dos, stated = _read(pathlib.Path(path), "density of states", "dos", ("energy", "N/N_F"))
    return DosFile(omega=omega, dos=dos, **stated)


def _read(
    path: pathlib.Path, what: str, field: str, columns: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Read energies, a function of them, and the parameters that the file states.

    Args:
        path: HDF5 file of `solve`, or table of numbers.
        what: Name of the function in error messages.
        field: Name of the function in the HDF5 file.
        columns: Names of the columns of the table in error messages.
    """
    content = read_bytes(path)
    if is_hdf5(content):
        omega, values, stated = _read_solution(path, content, what, field)
    else:
        omega, values, stated = read_gap_table(path, content, what, columns)
    falls = np.flatnonzero(np.diff(omega) <= 0)
    if omega.size < 2 or falls.size:
        why = (
            f"{omega[falls[0]]:g} is followed by {omega[falls[0] + 1]:g}."
            if falls.size
            else "there is only one energy."
        )
        raise InputError("energies must increase", where=str(path), why=why)
    if not np.all(np.isfinite(values)):
        raise InputError("a value is not finite", where=str(path))
    notices: tuple[str, ...] = stated.get("notices", ())
    for notice in notices:
        warnings.warn(f"{path}: {notice}", stacklevel=3)
    return omega, values, stated


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _SolutionHeader:
    T_K: Positive | None = None
    broadening_meV: Positive | None = None
    mu_star: Fraction | None = None
    omega_c_meV: Positive | None = None
    matsubara_cutoff_meV: Positive | None = None
    real_axis_error: float | None = None
    z_sum: ShortText | None = None
    source: str = ""
    converged: bool = True

    @property
    def doubts(self) -> tuple[str, ...]:
        """Notices about the accuracy of the solution."""
        texts = [] if self.converged else ["the file states that the solution did not converge."]
        if self.real_axis_error is not None and not self.real_axis_error <= NOTABLE_ERROR:
            percent = f"{100 * self.real_axis_error:.2g} %"
            texts.append(f"the file states an error of {percent} of the largest |Delta| on the real axis.")
        return tuple(texts)


def _read_solution(
    path: pathlib.Path, content: bytes, what: str, field: str
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    arrays, attributes = parse_hdf5(path, content, ("omega_real_meV", field, f"{field}_0", "omega_meV"))
    missing = {"omega_real_meV", field} - set(arrays)
    if missing:
        why = "it holds several solutions." if f"{field}_0" in arrays else f"it lacks {', '.join(sorted(missing))}."
        hint = "Give a file of `diffeliash solve` with one spectrum and one temperature."
        raise InputError(f"no {what} in this file", where=str(path), why=why, hint=hint)
    version = attributes.get("format_version")
    if version != SOLUTION_FORMAT_VERSION or isinstance(version, bool):
        why = f"it is {reprlib.repr(version)}, this diffeliash reads {SOLUTION_FORMAT_VERSION}."
        raise InputError("unknown format version", where=str(path), why=why)
    omega, values = arrays["omega_real_meV"], arrays[field]
    if values.ndim == 2 and omega.ndim == 1:
        hint = f"Give a file of `diffeliash solve`, or a text file with one {what}."
        why = f"it holds {len(values)} samples of a data set."
        raise InputError(f"no single {what} in this file", where=str(path), why=why, hint=hint)
    header = parse_header(_SolutionHeader, json.dumps(attributes), str(path))
    stated: dict[str, Any] = {name: getattr(header, attribute) for name, attribute in _STATED.items()}
    stated["notices"] = header.doubts
    _check_column(path, "omega_real_meV", omega, "f")
    _check_column(path, field, values, "c" if field in COMPLEX_FIELDS else "f", omega.size)
    if "omega_meV" in arrays:
        _check_column(path, "omega_meV", arrays["omega_meV"], "f")
        stated["omega_max"] = float(arrays["omega_meV"][-1])
        if not 0 < stated["omega_max"] < LARGEST_VALUE:
            raise IntegrityError("damaged file", where=f"{path}:omega_meV", why="its energies are not positive.")
    return omega, values, stated


def _check_column(path: pathlib.Path, name: str, values: np.ndarray, kind: str, size: int | None = None) -> None:
    """Check that an array is one column of finite numbers of a type, and of a length if it is given.

    Raises:
        IntegrityError: It is not; the message names it.
    """
    wrong = values.ndim != 1 or values.dtype.kind != kind or values.size < 2 or size not in (None, values.size)
    if wrong or not np.all(np.isfinite(values)):
        number = "complex" if kind == "c" else "real"
        length = "two or more" if size is None else str(size)
        why = f"it must be one column of {length} finite {number} numbers, it is {values.dtype}{values.shape}."
        raise IntegrityError("damaged file", where=f"{path}:{name}", why=why)


_STATED = {
    "T": "T_K",
    "broadening": "broadening_meV",
    "mu_star": "mu_star",
    "omega_c": "omega_c_meV",
    "matsubara_cutoff": "matsubara_cutoff_meV",
    "z_sum": "z_sum",
}
"""Attributes of an HDF5 file of `solve` that state the parameters of a `GapFile` or `DosFile`."""
