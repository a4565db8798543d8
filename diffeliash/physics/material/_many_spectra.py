"""Arrays with a leading material axis from the spectra of several materials, and lists of their parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ._spectrum import Spectrum

Table = Float[np.ndarray, "material freq"]


def stack_spectra(spectra: Sequence[Spectrum], multiple: int = 1) -> tuple[Table, Table]:
    """Energies [meV] and a2F of several spectra, the shorter ones padded with zeros just above their last point.

    The padding is so narrow that it changes an integral by 1e-13 of the contribution of the last point.

    Args:
        spectra: The spectra.
        multiple: The number of points is rounded up to a multiple of this.
    """
    size = multiple * -(-max(spectrum.omega.size for spectrum in spectra) // multiple)
    omega, a2f = np.zeros((len(spectra), size)), np.zeros((len(spectra), size))
    for row, spectrum in enumerate(spectra):
        n = spectrum.omega.size
        last = float(spectrum.omega[-1])
        omega[row, :n], a2f[row, :n] = spectrum.omega, spectrum.a2f
        omega[row, n:] = last * (1 + 4 * np.finfo(float).eps * np.arange(1, size - n + 1))
    return omega, a2f


def check_sequence(spectra: Any) -> None:
    """Check that the argument is a sequence of spectra.

    Raises:
        TypeError: It is a single spectrum, or contains something else.
    """
    if isinstance(spectra, Spectrum) or not all(isinstance(spectrum, Spectrum) for spectrum in spectra):
        raise TypeError("`spectra` must be a sequence of `Spectrum`.")


def per_material(value: Any, n: int, name: str) -> list[Any]:
    """A list with one value for each of `n` materials, from one value for all (a number or `None`) or a sequence.

    Raises:
        ValueError: The sequence has another length.
    """
    if value is None or np.ndim(value) == 0:
        return [value] * n
    if len(value) != n:
        raise ValueError(f"`{name}` must be one number or one for each of the {n} materials, got {len(value)}.")
    return list(value)
