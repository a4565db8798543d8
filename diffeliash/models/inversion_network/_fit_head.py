"""What the head of an inversion network takes from the training set."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._predictor import Standardization, fit_standardization
from .._setting import Setting
from ._expected_errors import fit_expected_errors
from ._front_end import coupling_weights, inverse_problem_of
from ._head import SMALLEST_COUPLING, HeadConstants, OutputGrid

RIDGE = 1e-5
"""Regularization of the fit of the output grid, relative to the mean variance."""


def fit_head_constants(
    setting: Setting,
    last: Float[np.ndarray, "sample boson"],
    noise: Float[np.ndarray, " sample"],
    a2f: Float[np.ndarray, "sample freq"],
) -> tuple[HeadConstants, Standardization]:
    """Determine the constants and the standardization of a head.

    Args:
        setting: Temperature, cutoffs and grids.
        last: Results of the last inversion, for gap functions with noise.
        noise: The noise of each.
        a2f: The true spectral functions at the energies of the setting.
    """
    problem = inverse_problem_of(setting)
    weights = coupling_weights(problem)
    true = a2f @ problem.averages_from(setting.omega).T
    coupling = np.maximum(np.maximum(last, 0.0) @ weights, SMALLEST_COUPLING)[:, None]
    expected = fit_expected_errors(noise, (true - last) / coupling)
    constants = HeadConstants(
        weights=jnp.asarray(weights, dtype=jnp.float32),
        expected=expected,
        grid=_fit_output_grid(problem.spline_to(setting.omega), true, a2f),
    )
    return constants, fit_standardization(last / coupling, a2f)


def sample_weights(
    constants: HeadConstants, last: Float[np.ndarray, "sample boson"], noise: Float[np.ndarray, " sample"]
) -> Float[np.ndarray, " sample"]:
    r"""Weights of samples in the loss: the inverse of the expected mean square error of $\alpha^2F$."""
    coupling = np.maximum(np.maximum(last, 0.0) @ np.asarray(constants.weights), SMALLEST_COUPLING)
    expected = np.asarray(jax.vmap(constants.expected)(jnp.asarray(noise)))
    return 1 / (coupling**2 * np.mean(expected**2, axis=1))


def _fit_output_grid(
    spline: Float[np.ndarray, "freq boson"],
    coarse: Float[np.ndarray, "sample boson"],
    a2f: Float[np.ndarray, "sample freq"],
) -> OutputGrid:
    """Interpolation by splines, corrected by a regression of what they leave out."""
    rest = a2f - coarse @ spline.T
    mean, mean_rest = np.mean(coarse, axis=0), np.mean(rest, axis=0)
    covariance = (coarse - mean).T @ (coarse - mean)
    ridge = RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    correction = np.linalg.solve(covariance + ridge, (coarse - mean).T @ (rest - mean_rest)).T
    matrix, offset = spline + correction, mean_rest - correction @ mean
    return OutputGrid(jnp.asarray(matrix, dtype=jnp.float32), jnp.asarray(offset, dtype=jnp.float32))
