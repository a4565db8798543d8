"""The network that answers a gap function with a spectral function."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """Shape of a predictor.

    Args:
        input_size: Features of the gap function: 300 in the paper.
        hidden_sizes: Neurons of the hidden layers.
        output_size: Points of the spectral function: 1000 in the paper.
    """

    input_size: int = 300
    hidden_sizes: tuple[int, ...] = (500, 800)
    output_size: int = 1000

    def __post_init__(self):
        if min(self.sizes) < 1:
            raise ValueError(f"layer sizes must be positive, got {self.sizes}.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of all layers, from input to output."""
        return (self.input_size, *self.hidden_sizes, self.output_size)


class Standardization(eqx.Module):
    """Means and scales that bring inputs and outputs to order one; fitted on the training rows only.

    Args:
        input_mean: Mean of every feature [meV].
        input_scale: Spread of every feature [meV].
        output_mean: Mean spectral function.
        output_scale: One spread for all points of the spectral function.
    """

    input_mean: Float[Array, " feature"]
    input_scale: Float[Array, " feature"]
    output_mean: Float[Array, " freq"]
    output_scale: Float[Array, ""]


def fit_standardization(
    features: Float[np.ndarray, "sample feature"], a2f: Float[np.ndarray, "sample freq"]
) -> Standardization:
    """Means and standard deviations of the training rows; a constant feature keeps its unit."""
    scale = np.std(features, axis=0)
    arrays = (
        np.mean(features, axis=0),
        np.where(scale > 0, scale, 1.0),
        np.mean(a2f, axis=0),
        np.sqrt(np.mean(np.var(a2f, axis=0))) or 1.0,
    )
    return Standardization(*(jnp.asarray(array, dtype=jnp.float32) for array in arrays))


class Predictor(eqx.Module):
    """Fully connected network, ReLU on all layers but the last: the paper's 300-500-800-1000.

    Weights and arithmetic are single precision; features in double precision are cast on entry.

    Args:
        config: Layer sizes.
        standardization: Fitted on the training rows.
        key: Of the random initial weights.
    """

    layers: tuple[eqx.nn.Linear, ...]
    standardization: Standardization

    def __init__(self, config: PredictorConfig, standardization: Standardization, key: PRNGKeyArray):
        keys = jax.random.split(key, len(config.sizes) - 1)
        pairs = zip(config.sizes, config.sizes[1:], keys, strict=False)
        self.layers = tuple(eqx.nn.Linear(i, o, dtype=jnp.float32, key=k) for i, o, k in pairs)
        self.standardization = standardization

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " freq"]:
        """Spectral function for the features of one gap function [meV]."""
        scaling = self.standardization
        x = (features.astype(jnp.float32) - scaling.input_mean) / scaling.input_scale
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return scaling.output_mean + scaling.output_scale * self.layers[-1](x)


def trainable(model: Predictor) -> Predictor:
    """Which leaves an optimizer may change, as a pytree of booleans: weights and biases, not the standardization."""
    mask = jax.tree.map(eqx.is_inexact_array, model)
    fixed = jax.tree.map(lambda _: False, model.standardization)
    return eqx.tree_at(lambda m: m.standardization, mask, fixed)
