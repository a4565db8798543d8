"""The predictor: a fully connected network from one function to another, for example from a gap function to a2F."""

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
"""A standard deviation below this fraction of the largest value is due to rounding errors."""

SMALLEST_MEAN = 1e-3
"""Smallest mean of a positive output, in units of its standard deviation; a2F has the mean zero at its ends."""


LayerSize = Annotated[int, Field(ge=1, le=MOST_FEATURES)]
"""A number of inputs or outputs, as headers may have it."""

HiddenSizes = Annotated[tuple[Annotated[int, Field(ge=1, le=MOST_NEURONS)], ...], Field(max_length=MOST_LAYERS)]
"""The numbers of neurons of the hidden layers, as headers may have them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """Layer sizes of a predictor; the defaults are those of arXiv:2007.07512, Fig. 2.

    Args:
        input_size: Number of inputs, 300 features of the gap function.
        hidden_sizes: Numbers of neurons of the hidden layers.
        output_size: Number of outputs, 1000 points of the spectral function.
        positive: Whether the outputs are positive by construction.
    """

    input_size: LayerSize = 300
    hidden_sizes: HiddenSizes = (500, 800)
    output_size: LayerSize = 1000
    positive: bool = False

    def __post_init__(self):
        if min(self.sizes) < 1:
            raise ValueError(f"The layer sizes of a predictor must be positive, got {self.sizes}.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of all layers, from input to output."""
        return (self.input_size, *self.hidden_sizes, self.output_size)


class Constants(eqx.Module):
    """Arrays of a network that are determined from the training set and not trained by gradients."""


class Standardization(Constants):
    """Means and standard deviations that standardize inputs and outputs, computed from the training set only.

    Args:
        input_mean: Mean of every input.
        input_scale: Standard deviation of every input.
        output_mean: Mean of every output.
        output_scale: One standard deviation for all outputs, or one for each.
    """

    input_mean: Float[Array, " feature"]
    input_scale: Float[Array, " feature"]
    output_mean: Float[Array, " output"]
    output_scale: Float[Array, " output"] | Float[Array, ""]


@runtime_checkable
class Network(Protocol):
    """A trainable network: a pytree of weights, with a standardization that is not trained."""

    @property
    def standardization(self) -> Standardization:
        """The standardization of its inputs and outputs."""
        ...

    def __call__(self, features: Float[Array, " feature"], /) -> Float[Array, " output"]:
        """Compute the output for one input."""
        ...


def fit_standardization(
    features: Float[np.ndarray, "sample feature"], outputs: Float[np.ndarray, "sample output"]
) -> Standardization:
    """Compute the standardization of a training set; inputs that are constant, up to rounding, are not scaled.

    Args:
        features: Inputs of the training set, one a row.
        outputs: Its outputs, one a row; they get one standard deviation for all.
    """
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
    r"""Fully connected network with ReLU on all layers but the last, 300-500-800-1000 in arXiv:2007.07512 (Fig. 2).

    With the last layer $y$, and the mean $\bar f$ and standard deviation $s$ of the outputs of the training set, the
    output is

    $$ f = \bar f + s\,y \qquad\text{or, if `positive`,}\qquad f = s\ln\big(1 + e^{y + y_0}\big), $$

    with $y_0$ such that $y = 0$ gives the mean. The units of inputs and outputs are those of the training set: for the
    gap function meV, for a2F and the density of states none. Weights and arithmetic are in single precision; inputs in
    double precision are cast.

    Args:
        config: Layer sizes.
        standardization: Standardization from the training set.
        key: Random key of the initial weights.
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

    @property
    def config(self) -> PredictorConfig:
        """Its layer sizes."""
        return PredictorConfig(
            input_size=self.standardization.input_mean.size,
            hidden_sizes=tuple(layer.weight.shape[0] for layer in self.layers[:-1]),
            output_size=self.standardization.output_mean.size,
            positive=self.positive,
        )

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " output"]:
        """Compute the output for one input, not standardized; batch with `jax.vmap`.

        Args:
            features: Input, shape (input_size,): real, then imaginary parts of the gap function [meV], a density of
                states, or a2F, as the network was trained.

        Returns:
            Output, shape (output_size,), in single precision: a2F (dimensionless), or the features of a gap function
            [meV].

        Raises:
            TypeError: The input has another number of values than the network.
        """
        x = standardized_inputs(self.standardization, features)
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return with_output_scale(self.standardization, self.layers[-1](x), positive=self.positive)


def standardized_inputs(scaling: Standardization, features: Float[Array, " feature"]) -> Float[Array, " feature"]:
    """The inputs of the first layer, in single precision."""
    return (features.astype(jnp.float32) - scaling.input_mean) / scaling.input_scale


def with_output_scale(
    scaling: Standardization, y: Float[Array, " output"], *, positive: bool
) -> Float[Array, " output"]:
    """The output of a network from that of its last layer; see `Predictor`."""
    if not positive:
        return scaling.output_mean + scaling.output_scale * y
    mean = jnp.maximum(scaling.output_mean / scaling.output_scale, SMALLEST_MEAN)
    return scaling.output_scale * jax.nn.softplus(y + mean + jnp.log(-jnp.expm1(-mean)))


def glorot_initialized(model: Predictor, key: PRNGKeyArray) -> Predictor:
    r"""Initialize the weights uniformly within $\pm\sqrt{6/(n_{in} + n_{out})}$, and the biases with zero.

    X. Glorot and Y. Bengio, Proc. AISTATS 9, 249 (2010); the default of Keras, which the paper used. The default of
    Equinox is within $\pm 1/\sqrt{n_{in}}$: after a layer of few neurons it is ten times as large, and hides the basis
    functions that the network learns.
    """
    layers = []
    for layer, k in zip(model.layers, jax.random.split(key, len(model.layers)), strict=True):
        limit = math.sqrt(6 / sum(layer.weight.shape))
        weight = jax.random.uniform(k, layer.weight.shape, layer.weight.dtype, -limit, limit)
        arrays = (weight, jnp.zeros(layer.weight.shape[0], layer.weight.dtype))
        layers.append(eqx.tree_at(lambda each: (each.weight, each.bias), layer, arrays))
    return eqx.tree_at(lambda each: each.layers, model, tuple(layers))


def trainable(model: Any) -> Any:
    """Mark the leaves that the optimizer changes, as a pytree of booleans: all arrays but those of a `Constants`."""

    def mark(part: Any) -> Any:
        if isinstance(part, Constants):
            return jax.tree.map(lambda _: False, part)
        return eqx.is_inexact_array(part)

    return jax.tree.map(mark, model, is_leaf=lambda part: isinstance(part, Constants))
