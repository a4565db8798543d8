"""The errors of a linear inversion as a function of the noise, from a training set."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

NOISE_FLOOR = 1e-5
"""Noise that is added before its logarithm is taken, so that data without noise have one."""

LEVELS = np.linspace(-5.0, 0.0, 11)
"""Logarithms (base 10) of the noise at which the errors are tabulated."""

SMALLEST_ERROR = 1e-5
"""Smallest tabulated error."""

LARGEST_RATIO = 10.0
"""Errors count up to this ratio to the median of their level, so that a few bad samples do not matter."""


class ExpectedErrors(eqx.Module):
    r"""Root mean square errors of $\alpha^2F/\lambda$ at every energy, for several noise levels.

    Args:
        errors: Errors at the noise levels `LEVELS`.
    """

    errors: Float[Array, "level boson"]

    def __call__(self, noise: Float[Array, ""]) -> Float[Array, " boson"]:
        """The errors at one noise level, by interpolation between logarithms."""
        place = (log_noise(noise) - LEVELS[0]) / (LEVELS[1] - LEVELS[0])
        place = jnp.clip(place, 0.0, LEVELS.size - 1.0)
        lower = jnp.clip(jnp.floor(place).astype(int), 0, LEVELS.size - 2)
        part, logarithms = place - lower, jnp.log(self.errors)
        return jnp.exp((1 - part) * logarithms[lower] + part * logarithms[lower + 1])


def log_noise(noise: Array) -> Array:
    """The logarithm (base 10) of a noise level, finite without noise."""
    return jnp.log10(noise + NOISE_FLOOR)


def fit_expected_errors(
    noise: Float[np.ndarray, " sample"], errors: Float[np.ndarray, "sample boson"]
) -> ExpectedErrors:
    r"""Tabulate errors by noise level; levels without samples get those of the nearest level with some.

    Args:
        noise: Noise of every sample, relative to the largest $|\Delta|$.
        errors: Errors of $\alpha^2F/\lambda$ of every sample.
    """
    nearest = np.argmin(np.abs(np.asarray(log_noise(jnp.asarray(noise)))[:, None] - LEVELS[None, :]), axis=1)
    there = np.unique(nearest)
    tabulated = {level: _robust_size(errors[nearest == level]) for level in there}
    chosen = there[np.argmin(np.abs(there[None, :] - np.arange(LEVELS.size)[:, None]), axis=1)]
    return ExpectedErrors(jnp.asarray(np.stack([tabulated[level] for level in chosen]), dtype=jnp.float32))


def _robust_size(errors: Float[np.ndarray, "sample boson"]) -> Float[np.ndarray, " boson"]:
    total = np.linalg.norm(errors, axis=1)
    usual = np.minimum(1.0, LARGEST_RATIO * np.median(total) / np.maximum(total, SMALLEST_ERROR))
    return np.maximum(np.sqrt(np.mean((usual[:, None] * errors) ** 2, axis=0)), SMALLEST_ERROR)
