"""The network that answers one function with another: a gap function with a spectral function, or the reverse."""

import dataclasses
import math
from typing import Annotated, Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from pydantic import Field

from .._limits import MOST_FEATURES, MOST_LAYERS, MOST_NEURONS

ROUNDING = 1e-6
"""A spread below this part of the largest value is that of rounding."""

SMALLEST_MEAN = 1e-3
"""Of positive outputs, in units of their spread: where the mean is zero, as at the ends of a2F."""


LayerSize = Annotated[int, Field(ge=1, le=MOST_FEATURES)]
"""Numbers that go in or come out, in a header."""

HiddenSizes = Annotated[tuple[Annotated[int, Field(ge=1, le=MOST_NEURONS)], ...], Field(max_length=MOST_LAYERS)]
"""Neurons of many layers, in a header."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """Shape of a predictor.

    Args:
        input_size: Features of the gap function: 300 in the paper.
        hidden_sizes: Neurons of the hidden layers.
        output_size: Points of the spectral function: 1000 in the paper.
        positive: Whether the output cannot be negative.
    """

    input_size: LayerSize = 300
    hidden_sizes: HiddenSizes = (500, 800)
    output_size: LayerSize = 1000
    positive: bool = False

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
        input_mean: Mean of every input.
        input_scale: Spread of every input.
        output_mean: Mean of every output.
        output_scale: One spread for all outputs, or one for each.
    """

    input_mean: Float[Array, " feature"]
    input_scale: Float[Array, " feature"]
    output_mean: Float[Array, " output"]
    output_scale: Float[Array, " output"] | Float[Array, ""]


@runtime_checkable
class Network(Protocol):
    """What can be trained: a pytree of weights, with a standardization that is not."""

    standardization: Standardization

    def __call__(self, features: Float[Array, " feature"], /) -> Float[Array, " output"]:
        """The output for one input."""
        ...


def fit_standardization(
    features: Float[np.ndarray, "sample feature"], outputs: Float[np.ndarray, "sample output"]
) -> Standardization:
    """Means and standard deviations of the training rows; what is constant but for rounding keeps its unit."""
    scale = np.std(features, axis=0)
    varies = scale > ROUNDING * np.max(np.abs(features), axis=0, initial=0.0)
    arrays = (
        np.mean(features, axis=0),
        np.where(varies, scale, 1.0),
        np.mean(outputs, axis=0),
        np.sqrt(np.mean(np.var(outputs, axis=0))) or 1.0,
    )
    return Standardization(*(jnp.asarray(array, dtype=jnp.float32) for array in arrays))


class Predictor(eqx.Module):
    r"""Fully connected network, ReLU on all layers but the last: the paper's 300-500-800-1000.

    Weights and arithmetic are single precision; inputs in double precision are cast on entry. With $y$ the last layer,
    the output is $\bar f + s y$ with the mean and the spread of the training rows, or, where it must not be negative,
    $s\ln(1 + e^{y + y_0})$ with $y_0$ such that $y = 0$ gives the mean there too.

    Args:
        config: Layer sizes.
        standardization: Fitted on the training rows.
        key: Of the random initial weights.
    """

    layers: tuple[eqx.nn.Linear, ...]
    standardization: Standardization
    positive: bool = eqx.field(static=True)

    def __init__(self, config: PredictorConfig, standardization: Standardization, key: PRNGKeyArray):
        keys = jax.random.split(key, len(config.sizes) - 1)
        pairs = zip(config.sizes, config.sizes[1:], keys, strict=False)
        self.layers = tuple(eqx.nn.Linear(i, o, dtype=jnp.float32, key=k) for i, o, k in pairs)
        self.standardization = standardization
        self.positive = config.positive

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " output"]:
        """The output for one input, in its own units."""
        scaling = self.standardization
        x = (features.astype(jnp.float32) - scaling.input_mean) / scaling.input_scale
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        y = self.layers[-1](x)
        if not self.positive:
            return scaling.output_mean + scaling.output_scale * y
        mean = jnp.maximum(scaling.output_mean / scaling.output_scale, SMALLEST_MEAN)
        return scaling.output_scale * jax.nn.softplus(y + mean + jnp.log(-jnp.expm1(-mean)))


def glorot_initialized(model: Predictor, key: PRNGKeyArray) -> Predictor:
    r"""The network with other initial weights: uniform within $\pm\sqrt{6/(n_{in} + n_{out})}$, and biases of zero.

    X. Glorot and Y. Bengio, Proc. AISTATS 9, 249 (2010); the default of Keras, which the paper used. Those of Equinox
    lie within $\pm 1/\sqrt{n_{in}}$: behind a layer of few neurons they are ten times as large, and what a network
    learns hides in them.
    """
    layers = []
    for layer, k in zip(model.layers, jax.random.split(key, len(model.layers)), strict=True):
        limit = math.sqrt(6 / sum(layer.weight.shape))
        weight = jax.random.uniform(k, layer.weight.shape, layer.weight.dtype, -limit, limit)
        arrays = (weight, jnp.zeros(layer.weight.shape[0], layer.weight.dtype))
        layers.append(eqx.tree_at(lambda each: (each.weight, each.bias), layer, arrays))
    return eqx.tree_at(lambda each: each.layers, model, tuple(layers))


def trainable(model: Network) -> Any:
    """Which leaves an optimizer may change, as a pytree of booleans: weights and biases, not the standardization."""
    mask = jax.tree.map(eqx.is_inexact_array, model)
    fixed = jax.tree.map(lambda _: False, model.standardization)
    return eqx.tree_at(lambda m: m.standardization, mask, fixed)
