"""Input vectors of networks (features): gap functions and densities of states on a fixed energy grid."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._errors import InputError
from ..physics import RealAxisGap, is_concrete
from .input_files import DosFile, GapFile

N_ENERGIES = 150
"""Default number of energies: 150 real and 150 imaginary parts for the predictor of arXiv:2007.07512."""

RANGE_FACTOR = 3.5
"""Last energy of the features in units of that of the spectral function: 35 meV for 10 meV."""


class GapFunction(NamedTuple):
    """Energies [meV] and values [meV] of a gap function."""

    omega: Float[Array | np.ndarray, " freq"]
    Delta: Complex[Array | np.ndarray, " freq"]


def spectrum_grid(omega_max: float, n: int) -> Float[np.ndarray, " freq"]:
    """Return the uniform grid omega_max i/n, i = 1 .. n, of a spectral function [meV]."""
    return np.arange(1, n + 1) * (omega_max / n)


def feature_grid(omega_max: float, n: int = N_ENERGIES) -> Float[np.ndarray, " freq"]:
    """Return `n` uniform energies from 0 to 3.5 `omega_max` [meV], the energies of network inputs.

    Args:
        omega_max: Last energy of the spectral functions [meV].
        n: Number of energies; the networks of arXiv:2007.07512 have 150 (predictor) and 200 (autoencoder).

    Returns:
        Energies, ascending from zero, shape (n,) [meV].
    """
    return np.linspace(0.0, RANGE_FACTOR * omega_max, n)


PAPER_GRID = feature_grid(10.0)
"""The 150 energies from 0 to 35 meV of the predictor of arXiv:2007.07512."""


def gap_features(
    real: RealAxisGap | GapFile | GapFunction | Complex[Array | np.ndarray, "*sample freq"],
    grid: Float[Array | np.ndarray, " feature"] = PAPER_GRID,
) -> Float[Array, "*sample input"]:
    r"""Return a gap function as the input vector of a network: real parts on the grid, then imaginary parts [meV].

    Args:
        real: Gap function at $\omega + i\Gamma$, as `continue_gap` and `read_gap` return it. It is interpolated
            linearly between its energies; to avoid this, continue it to the energies of the grid. Or values of one or
            many gap functions that are on the grid already, such as `Delta` of a data set; shape (..., n) [meV].
        grid: Energies of the features [meV], as `feature_grid` returns them; shape (n,).

    Returns:
        Features, shape (2n,) or (..., 2n) [meV].

    Raises:
        InputError: The energies of the gap function do not cover the grid (not checked while JAX traces them).
    """
    if isinstance(real, np.ndarray | Array):
        return jnp.concatenate([jnp.real(real), jnp.imag(real)], axis=-1)
    _refuse_short_range(real.omega, grid, "gap function")
    omega, Delta, at = jnp.asarray(real.omega), jnp.asarray(real.Delta), jnp.asarray(grid)
    return jnp.concatenate([jnp.interp(at, omega, part) for part in (jnp.real(Delta), jnp.imag(Delta))])


def dos_features(
    real: RealAxisGap | DosFile, grid: Float[Array | np.ndarray, " feature"] = PAPER_GRID
) -> Float[Array, " input"]:
    r"""Return a density of states as the input vector of a network: its values on the grid.

    Args:
        real: Density of states $N(\omega)/N_F$ at $\omega + i\Gamma$, as `continue_gap` and `read_dos` return it. It
            is interpolated linearly between its energies.
        grid: Energies of the features [meV], as `feature_grid` returns them; shape (n,).

    Returns:
        Features, shape (n,), dimensionless.

    Raises:
        InputError: The energies of the density of states do not cover the grid (not checked while JAX traces them).
    """
    _refuse_short_range(real.omega, grid, "density of states")
    return jnp.interp(jnp.asarray(grid), jnp.asarray(real.omega), jnp.asarray(real.dos))


def as_features(Delta: Complex[np.ndarray, "sample freq"]) -> Float[np.ndarray, "sample input"]:
    """Return input vectors of gap functions that are given on the grid: real parts, then imaginary parts [meV]."""
    return np.concatenate([np.real(Delta), np.imag(Delta)], axis=1)


def as_gap_functions(features: Float[np.ndarray, "sample input"]) -> Complex[np.ndarray, "sample freq"]:
    """Return the complex gap functions of input vectors [meV]; the inverse of `as_features`."""
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
            why=f"the network needs it from {grid[0]:g} to {grid[-1]:g} meV.",
        )
