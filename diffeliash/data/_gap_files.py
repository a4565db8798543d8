"""Gap functions on disk: written by `solve`, read by `predict`."""

import dataclasses
import json
import pathlib

import numpy as np
from jaxtyping import Complex, Float

from .._errors import InputError
from ..physics import GapSolution, RealAxisGap
from ._files import write_file
from ._hdf5 import hdf5_bytes, is_hdf5, read_hdf5
from ._provenance import software_versions
from ._text import parse_table, read_bytes

SOLUTION_FORMAT_VERSION = 3
"""Readers refuse any other."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GapFile:
    """A gap function on the line omega + i broadening.

    Args:
        omega: Energies [meV].
        Delta: Gap function [meV].
        T: Temperature [K], if the file states it.
        broadening: Distance of the line from the real axis [meV], if the file states it.
        mu_star: Coulomb pseudopotential, if the file states it.
    """

    omega: Float[np.ndarray, " freq"]
    Delta: Complex[np.ndarray, " freq"]
    T: float | None = None
    broadening: float | None = None
    mu_star: float | None = None


def write_solution(path: pathlib.Path, solutions: list[tuple[str, GapSolution, RealAxisGap]]) -> None:
    """Write solutions on both axes to one HDF5 file.

    One solution lies at the top of the file; with several, field names end in `_0`, `_1` and so on.

    Args:
        path: Where to.
        solutions: Source file, solution and continuation of each.

    Raises:
        StorageError: The file cannot be written.
    """
    arrays, attributes = {}, {"format_version": SOLUTION_FORMAT_VERSION, "versions": json.dumps(software_versions())}
    for number, (source, sol, real) in enumerate(solutions):
        end = f"_{number}" if len(solutions) > 1 else ""
        fields = {
            "omega_meV": (sol.spectrum.omega, "meV"),
            "a2f": (sol.spectrum.a2f, "1"),
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
            "cauchy_residual": real.cauchy,
        }
        arrays |= {name + end: value for name, value in fields.items()}
        attributes |= {name + end: float(value) for name, value in numbers.items()}
        attributes |= {f"source{end}": source, f"converged{end}": bool(real.converged)}
    write_file(path, hdf5_bytes(arrays, attributes))


def read_gap(path: str | pathlib.Path) -> GapFile:
    r"""Read a gap function: text with the columns $\omega$, Re $\Delta$, Im $\Delta$ [meV], or a file of `solve`.

    Raises:
        InputError: What is wrong, where, and what to do.
        IntegrityError: A damaged HDF5 file.
    """
    path = pathlib.Path(path)
    content = read_bytes(path)
    found = _read_hdf5_gap(path) if is_hdf5(content) else _read_text_gap(path, content)
    if found.omega.size < 2 or np.any(np.diff(found.omega) <= 0):
        raise InputError("energies must increase, and be at least two", where=str(path))
    if not np.all(np.isfinite(found.Delta)):
        raise InputError("a value is not finite", where=str(path))
    return found


def _read_hdf5_gap(path: pathlib.Path) -> GapFile:
    arrays, attributes = read_hdf5(path)
    missing = {"omega_real_meV", "Delta_meV"} - set(arrays)
    if missing:
        why = "it holds several solutions." if "Delta_meV_0" in arrays else f"{', '.join(sorted(missing))} missing."
        hint = "Give a file of `diffeliash solve` with one spectrum and one temperature."
        raise InputError("no gap function in this file", where=str(path), why=why, hint=hint)
    if attributes.get("format_version") != SOLUTION_FORMAT_VERSION:
        raise InputError("unknown format version", where=str(path), why=f"{attributes.get('format_version')}.")
    omega, Delta = arrays["omega_real_meV"], arrays["Delta_meV"]
    if omega.ndim != 1 or omega.shape != Delta.shape:
        hint = "Give a file of `diffeliash solve`, or text with one of them."
        why = f"it holds {len(Delta)} samples of a data set."
        raise InputError("no single gap function in this file", where=str(path), why=why, hint=hint)
    stated = {field: attributes.get(name) for field, name in _STATED.items()}
    return GapFile(omega=omega, Delta=Delta.astype(complex), **stated)


_STATED = {"T": "T_K", "broadening": "broadening_meV", "mu_star": "mu_star"}


def _read_text_gap(path: pathlib.Path, content: bytes) -> GapFile:
    data = parse_table(path, content).rectangle()
    if data.shape[1] != 3:
        raise InputError(
            f"{data.shape[1]} columns", where=str(path), why="a gap function has three: energy, real, imaginary part."
        )
    return GapFile(omega=data[:, 0], Delta=data[:, 1] + 1j * data[:, 2])
