"""The normal distribution of spectral functions that has the mean and the principal functions of a training set."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

REST_OF_VARIANCE = 1e-5
"""Part of the variance that the principal functions leave out."""


class Prior(eqx.Module):
    r"""Spectral functions $\bar x + Bc$ with independent standard normal $c$.

    Args:
        mean: Mean $\bar x$.
        modes: Principal functions as the columns of $B$, each times its standard deviation.
    """

    mean: Float[Array, " boson"]
    modes: Float[Array, "boson mode"]


def fit_prior(spectra: Float[np.ndarray, "sample boson"]) -> Prior:
    """The mean and the principal functions of spectral functions, one a row."""
    mean = np.mean(spectra, axis=0)
    _, singular, rows = np.linalg.svd(spectra - mean, full_matrices=False)
    variance = singular**2 / len(spectra)
    n = int(np.searchsorted(np.cumsum(variance), (1 - REST_OF_VARIANCE) * np.sum(variance))) + 1
    return Prior(jnp.asarray(mean), jnp.asarray(rows[:n].T * np.sqrt(variance[:n])))
