"""What a network sees of a gap function; defined once for data, models and prediction."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._errors import InputError
from ..physics import RealAxisGap, is_concrete
from .input_files import DosFile, GapFile

N_ENERGIES = 150
"""Energies of the predictor's input: 150 real and 150 imaginary parts. The autoencoder's are 200."""

RANGE_FACTOR = 3.5
"""The features reach this many times the last energy of the spectral function: 35 meV for 10 meV."""


class GapFunction(NamedTuple):
    """A gap function on its own."""

    omega: Float[Array | np.ndarray, " freq"]
    Delta: Complex[Array | np.ndarray, " freq"]


def spectrum_grid(omega_max: float, n: int) -> Float[np.ndarray, " freq"]:
    """Uniform energies of a spectral function, without zero [meV]."""
    return np.arange(1, n + 1) * (omega_max / n)


def feature_grid(omega_max: float, n: int = N_ENERGIES) -> Float[np.ndarray, " freq"]:
    """Uniform energies from 0 to 3.5 times the end of the spectral function [meV]."""
    return np.linspace(0.0, RANGE_FACTOR * omega_max, n)


PAPER_GRID = feature_grid(10.0)
"""The 150 energies from 0 to 35 meV of the paper's predictor."""


def gap_features(
    real: RealAxisGap | GapFile | GapFunction, grid: Float[Array | np.ndarray, " feature"] = PAPER_GRID
) -> Float[Array, " input"]:
    r"""Real parts of the gap function on the grid, then imaginary parts [meV].

    Args:
        real: A gap function on the line $\omega + i\Gamma$, as `continue_gap` and `read_gap` give it. Between its
            energies it is taken as linear: continue it at those of the grid where that matters.
        grid: Energies of the features [meV]: `feature_grid(omega_max, n)`, with 150 points for the paper's predictor
            and 200 for its autoencoder.

    Raises:
        InputError: The gap function is known not to cover the grid.
    """
    _refuse_short_range(real.omega, grid, "gap function")
    omega, Delta, at = jnp.asarray(real.omega), jnp.asarray(real.Delta), jnp.asarray(grid)
    return jnp.concatenate([jnp.interp(at, omega, part) for part in (jnp.real(Delta), jnp.imag(Delta))])


def dos_features(
    real: RealAxisGap | DosFile, grid: Float[Array | np.ndarray, " feature"] = PAPER_GRID
) -> Float[Array, " input"]:
    r"""Density of states on the grid, linear between its energies.

    Args:
        real: On the line $\omega + i\Gamma$, as `continue_gap` and `read_dos` give it.
        grid: Energies of the features [meV].

    Raises:
        InputError: It is known not to cover the grid.
    """
    _refuse_short_range(real.omega, grid, "density of states")
    return jnp.interp(jnp.asarray(grid), jnp.asarray(real.omega), jnp.asarray(real.dos))


def as_features(Delta: Complex[np.ndarray, "sample freq"]) -> Float[np.ndarray, "sample input"]:
    """Many gap functions at the energies of the features as inputs: real parts, then imaginary parts [meV]."""
    return np.concatenate([np.real(Delta), np.imag(Delta)], axis=1)


def as_gap_functions(features: Float[np.ndarray, "sample input"]) -> Complex[np.ndarray, "sample freq"]:
    """The inverse of `as_features`."""
    half = features.shape[1] // 2
    return features[:, :half] + 1j * features[:, half:]


def _refuse_short_range(
    omega: Float[Array | np.ndarray, " freq"], grid: Float[Array | np.ndarray, " feature"], what: str
) -> None:
    if not is_concrete(omega, grid):
        return
    omega, grid = np.asarray(omega), np.asarray(grid)
    step = grid[1] - grid[0]
    if omega[0] > grid[0] + step or omega[-1] < grid[-1] - step / 2:
        raise InputError(
            f"the {what} covers {omega[0]:g} to {omega[-1]:g} meV",
            why=f"features from {grid[0]:g} to {grid[-1]:g} meV are needed.",
        )
