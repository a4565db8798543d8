"""The normal distribution of spectral functions that has the mean and the principal functions of a training set."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

REST_OF_VARIANCE = 1e-5
"""Part of the variance that the principal functions leave out."""


COUPLING_ERROR = 0.2
r"""Relative standard deviation of $\lambda$ in the prior of later stages."""


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


def fit_shape_prior(spectra: Float[np.ndarray, "sample boson"], weights: Float[np.ndarray, " boson"]) -> Prior:
    r"""The distribution of $\alpha^2F/\lambda$, with another mode, the last one, for the error of $\lambda$.

    Args:
        spectra: Spectral functions, one a row.
        weights: Weights of the sum over boson energies that gives $\lambda$.
    """
    found = fit_prior(spectra / (spectra @ weights)[:, None])
    return Prior(found.mean, jnp.concatenate([found.modes, COUPLING_ERROR * found.mean[:, None]], axis=1))


def shape_coefficients(
    prior: Prior, a2f: Float[Array, " boson"], scale: Float[Array, ""], weights: Float[Array, " boson"]
) -> Float[Array, " mode"]:
    r"""The coefficients of a spectral function in units of an approximate $\lambda$, in a prior of `fit_shape_prior`.

    Args:
        prior: The distribution of $\alpha^2F/\lambda$.
        a2f: The spectral function.
        scale: The approximate $\lambda$.
        weights: Weights of the sum over boson energies that gives $\lambda$.
    """
    coupling = weights @ a2f
    modes, ratio = prior.modes[:, :-1], coupling / scale
    shape = (modes.T @ (a2f / coupling - prior.mean)) / jnp.sum(modes**2, axis=0)
    return ratio * jnp.append(shape, (1 - 1 / ratio) / COUPLING_ERROR)
