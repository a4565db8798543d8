"""Output files of `invert`: text with a2F and its error, HDF5 also with the posterior samples."""

import json
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..._errors import InputError

if TYPE_CHECKING:
    from ...inverse import Inversion, SelfEnergyInversion

FORMAT_VERSION = 1
"""Version of the format of the HDF5 files."""

BAND = (0.16, 0.84)
"""Quantiles of the central 68 % of the samples."""


def check_output(files: list[pathlib.Path], output: pathlib.Path | None) -> None:
    """Refuse one text file for the results of several files.

    Raises:
        InputError: That is wanted.
    """
    if output and output.suffix != ".h5" and len(files) > 1:
        raise InputError(
            "the results of several files cannot be written to one text file.", hint="Let --output end in .h5."
        )


def as_text(found: "Inversion | SelfEnergyInversion") -> bytes:
    """Return a text file with the columns energy, a2F and standard deviation of a2F."""
    c = found.conditions
    head = (
        f"# omega_meV a2F a2F_std  (T = {c.T:.6g} K, broadening {c.broadening:.6g} meV, mu* = {found.mu_star:.6g} at "
        f"{c.omega_c:g} meV, noise {found.noise:.4g}, chi2/N {found.chi2:.4g})\n"
    )
    rows = zip(found.omega, found.a2f, found.a2f_std, strict=True)
    return (head + "".join(f"{w:.8g} {a:.8g} {s:.4g}\n" for w, a, s in rows)).encode()


def as_hdf5(inversions: "Sequence[tuple[pathlib.Path, Any, Inversion | SelfEnergyInversion]]") -> bytes:
    """Return an HDF5 file with all inversions; with more than one, names get the suffixes `_0`, `_1`, ..."""
    from ...data import hdf5_bytes, software_versions, with_numbered_names

    results = []
    for file, _, found in inversions:
        c = found.conditions
        fields = {
            "omega_meV": (found.omega, "meV"),
            "a2f": (found.a2f, "1"),
            "a2f_std": (found.a2f_std, "1"),
            "a2f_samples": (found.samples, "1"),
            "mu_star_samples": (found.mu_star_samples, "1"),
        }
        attributes = {
            "T_K": c.T, "broadening_meV": c.broadening, "omega_c_meV": c.omega_c,
            "matsubara_cutoff_meV": c.matsubara_cutoff, "mu_star": found.mu_star, "noise": found.noise,
            "chi2": found.chi2, "n_resolved": found.n_resolved, "source": str(file), "converged": found.consistent,
            "determined": found.determined,
        }  # fmt: skip
        results.append((fields, attributes))
    arrays, attributes = with_numbered_names(results)
    stated = {"format_version": FORMAT_VERSION, "versions": json.dumps(software_versions())}
    return hdf5_bytes(arrays, stated | attributes)
