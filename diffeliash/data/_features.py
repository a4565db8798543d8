"""What a network sees of a gap function; defined once for data, models and prediction."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

N_ENERGIES = 150
"""Energies of the predictor's input: 150 real and 150 imaginary parts."""

RANGE_FACTOR = 3.5
"""The features reach this many times the last energy of the spectral function: 35 meV for 10 meV."""


def feature_grid(omega_max: float, n: int = N_ENERGIES) -> Float[np.ndarray, " freq"]:
    """Uniform energies from 0 to 3.5 times the end of the spectral function [meV]."""
    return np.linspace(0.0, RANGE_FACTOR * omega_max, n)


def gap_features(
    omega: Float[Array | np.ndarray, " freq"], Delta: Complex[Array | np.ndarray, " freq"], grid: Any
) -> Float[Array, " feature"]:
    r"""Real parts of the gap function on the grid, then imaginary parts [meV].

    Args:
        omega: Energies of the gap function [meV], increasing.
        Delta: Gap function on the line $\omega + i\Gamma$ [meV].
        grid: Energies of the features [meV]; between the given energies the gap function is taken as linear.
    """
    real, imaginary = (jnp.interp(grid, omega, part) for part in (jnp.real(Delta), jnp.imag(Delta)))
    return jnp.concatenate([real, imaginary])
