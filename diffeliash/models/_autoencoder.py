"""The network that reduces functions to a few numbers and makes them again."""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ._predictor import Standardization


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Shape of an autoencoder.

    Args:
        size: Points of the functions: 1400 in the paper, a2F and gap function in one vector.
        latent_size: Neurons of the bottleneck, $d_L$.
        hidden_sizes: Neurons of the layers before the bottleneck; those after it mirror them.
    """

    size: int
    latent_size: int
    hidden_sizes: tuple[int, ...] = (500,)

    def __post_init__(self):
        if min(self.size, self.latent_size, *self.hidden_sizes) < 1:
            raise ValueError(f"layer sizes must be positive, got {self}.")


def block_standardization(blocks: Sequence[Float[np.ndarray, "sample _"]]) -> Standardization:
    """Means of every point, and one spread for each kind of function, so that all kinds count alike."""
    mean = np.concatenate([np.mean(block, axis=0) for block in blocks])
    spreads = [np.sqrt(np.mean(np.var(block, axis=0))) or 1.0 for block in blocks]
    scale = np.repeat(spreads, [block.shape[1] for block in blocks])
    mean, scale = (jnp.asarray(values, dtype=jnp.float32) for values in (mean, scale))
    return Standardization(mean, scale, mean, scale)


class Autoencoder(eqx.Module):
    """Fully connected, ReLU between the layers but linear at the bottleneck and at the end (the paper's Fig. 5).

    Args:
        config: Layer sizes.
        standardization: Of the functions: that of `block_standardization`.
        key: Of the random initial weights.
    """

    encoder: tuple[eqx.nn.Linear, ...]
    decoder: tuple[eqx.nn.Linear, ...]
    standardization: Standardization

    def __init__(self, config: AutoencoderConfig, standardization: Standardization, key: PRNGKeyArray):
        down = (config.size, *config.hidden_sizes, config.latent_size)
        keys = jax.random.split(key, 2)
        self.encoder, self.decoder = (_layers(sizes, k) for sizes, k in zip((down, down[::-1]), keys, strict=True))
        self.standardization = standardization

    def encode(self, values: Float[Array, " point"]) -> Float[Array, " latent"]:
        """The latent vector of a function."""
        scaling = self.standardization
        return _through(self.encoder, (values.astype(jnp.float32) - scaling.input_mean) / scaling.input_scale)

    def decode(self, latent: Float[Array, " latent"]) -> Float[Array, " point"]:
        """The function of a latent vector."""
        return self.standardization.output_mean + self.standardization.output_scale * _through(self.decoder, latent)

    def __call__(self, values: Float[Array, " point"]) -> Float[Array, " point"]:
        """A function after the bottleneck."""
        return self.decode(self.encode(values))


def _layers(sizes: tuple[int, ...], key: PRNGKeyArray) -> tuple[eqx.nn.Linear, ...]:
    keys = jax.random.split(key, len(sizes) - 1)
    return tuple(eqx.nn.Linear(i, o, dtype=jnp.float32, key=k) for i, o, k in zip(sizes, sizes[1:], keys, strict=False))


def _through(layers: tuple[eqx.nn.Linear, ...], x: Float[Array, " first"]) -> Float[Array, " last"]:
    for layer in layers[:-1]:
        x = jax.nn.relu(layer(x))
    return layers[-1](x)
