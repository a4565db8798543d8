r"""The learned part of an inversion network: a correction of the result of its linear inversions.

With the results $x_1$ and $x_n$ of the first and the last inversion, $\lambda$ of the latter, and the errors
$e(s)$ of $\alpha^2F/\lambda$ that are expected at the noise $s$ (`ExpectedErrors`), the output is

$$ \alpha^2F = P\big[\lambda\,(x_n/\lambda + e(s)\,y)\big], \qquad
   y = y\big(x_n/\lambda,\;(x_1-x_n)/\lambda e,\;\lambda,\;\ln s\big), $$

where $y$ is a network of fully connected layers, each with a bypass where the sizes allow it, and zero before the
training. $P$ interpolates to the grid of the data and makes the output positive.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._predictor import Constants, Standardization
from ._expected_errors import ExpectedErrors, log_noise

SHARPNESS = 1e-3
r"""Values of $\alpha^2F/\lambda$ below which the output is bent to stay positive."""

BYPASS = 0.3
"""Factor of a layer that has a bypass."""


class OutputGrid(eqx.Module):
    """The affine map from a2F at the boson energies to the grid of the data.

    Args:
        matrix: Its matrix.
        offset: Its value for a vanishing a2F.
    """

    matrix: Float[Array, "freq boson"]
    offset: Float[Array, " freq"]

    def __call__(self, a2f: Float[Array, " boson"]) -> Float[Array, " freq"]:
        return self.matrix @ a2f + self.offset


class HeadConstants(Constants):
    """What the head takes from the training set and does not train.

    Args:
        weights: Weights of the sum over boson energies that gives the coupling constant.
        expected: Expected errors of the last inversion.
        grid: The map to the grid of the data.
    """

    weights: Float[Array, " boson"]
    expected: ExpectedErrors
    grid: OutputGrid


class Head(eqx.Module):
    r"""The correction; its input are the first and the last inversion, and the noise, in one vector.

    Args:
        constants: What it takes from the training set.
        standardization: Mean and standard deviation of $x_n/\lambda$ and of the output.
        hidden_sizes: Numbers of neurons of the hidden layers.
        key: Random key of the initial weights.
    """

    layers: tuple[eqx.nn.Linear, ...]
    constants: HeadConstants
    standardization: Standardization

    def __init__(
        self,
        constants: HeadConstants,
        standardization: Standardization,
        hidden_sizes: tuple[int, ...],
        key: PRNGKeyArray,
    ):
        n = constants.weights.size
        sizes = (2 * n + 2, *hidden_sizes, n)
        keys = jax.random.split(key, len(sizes) - 1)
        layers = [
            eqx.nn.Linear(i, o, dtype=jnp.float32, key=k) for i, o, k in zip(sizes, sizes[1:], keys, strict=False)
        ]
        last = layers[-1]
        zeros = jnp.zeros_like(last.weight), jnp.zeros(n, jnp.float32)
        layers[-1] = eqx.tree_at(lambda each: (each.weight, each.bias), last, zeros)
        self.layers, self.constants, self.standardization = tuple(layers), constants, standardization

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " freq"]:
        """Compute a2F at the energies of the data; batch with `jax.vmap`.

        Args:
            features: First and last inversion, and the noise, as `head_features` puts them together.
        """
        n = self.constants.weights.size
        first, last, noise = features[:n], features[n : 2 * n], features[2 * n]
        coupling = jnp.maximum(self.constants.weights @ jnp.maximum(last, 0.0), SMALLEST_COUPLING)
        shape, expected = last / coupling, self.constants.expected(noise)
        scaling = self.standardization
        x = jnp.concatenate(
            [
                (shape - scaling.input_mean) / scaling.input_scale,
                jnp.clip((first / coupling - shape) / expected, -LARGEST_CHANGE, LARGEST_CHANGE),
                jnp.log(coupling)[None],
                log_noise(noise)[None],
            ]
        )
        for layer in self.layers[:-1]:
            y = jax.nn.gelu(layer(x))
            x = x + BYPASS * y if x.size == y.size else y
        corrected = shape + expected * self.layers[-1](x)
        a2f = self.constants.grid(coupling * corrected)
        return (a2f + jnp.sqrt(a2f**2 + (SHARPNESS * coupling) ** 2)) / 2


SMALLEST_COUPLING = 1e-3
r"""Smallest $\lambda$ by which a result is divided."""

LARGEST_CHANGE = 10.0
"""Largest difference of first and last inversion that the network is given, in units of the expected errors."""


def head_features(
    found: Float[Array | np.ndarray, "*sample stage boson"], noise: Float[Array | np.ndarray, "*sample"]
) -> Float[Array, "*sample feature"]:
    """Put the results of the inversions and the noise together as the input of the head."""
    parts = jnp.asarray(found[..., 0, :]), jnp.asarray(found[..., -1, :]), jnp.asarray(noise)[..., None]
    return jnp.concatenate([part.astype(jnp.float32) for part in parts], axis=-1)
