"""Spectra of several materials as arrays with a leading material axis, and one value for each of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ._spectrum import Spectrum

Table = Float[np.ndarray, "material freq"]


def stack_spectra(spectra: Sequence[Spectrum]) -> tuple[Table, Table]:
    """Energies [meV] and a2F of several spectra, the shorter ones filled up with zeros just beyond their last point.

    The filling has no width to speak of: it changes an integral by 1e-13 of the last point's part in it.
    """
    size = max(spectrum.omega.size for spectrum in spectra)
    omega, a2f = np.zeros((len(spectra), size)), np.zeros((len(spectra), size))
    for row, spectrum in enumerate(spectra):
        n = spectrum.omega.size
        last = float(spectrum.omega[-1])
        omega[row, :n], a2f[row, :n] = spectrum.omega, spectrum.a2f
        omega[row, n:] = last * (1 + 4 * np.finfo(float).eps * np.arange(1, size - n + 1))
    return omega, a2f


def check_sequence(spectra: Any) -> None:
    """Refuse one spectrum where several are expected.

    Raises:
        TypeError: It is one spectrum, or not all are spectra.
    """
    if isinstance(spectra, Spectrum) or not all(isinstance(spectrum, Spectrum) for spectrum in spectra):
        raise TypeError("`spectra` must be a sequence of `Spectrum`.")


def per_material(value: Any, n: int, name: str) -> list[Any]:
    """One value for each of `n` materials, from one for all (a number or `None`) or from a sequence."""
    if value is None or np.ndim(value) == 0:
        return [value] * n
    if len(value) != n:
        raise ValueError(f"`{name}` must be one number or one for each of the {n} materials, got {len(value)}.")
    return list(value)
