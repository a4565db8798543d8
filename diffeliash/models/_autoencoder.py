"""The autoencoder: a network that compresses functions to a few latent variables and reconstructs them."""

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
    """Layer sizes of an autoencoder.

    Args:
        size: Length of the input vector: 1400 in the paper, a2F and gap function in one vector.
        latent_size: Latent dimension $d_L$, the number of neurons of the bottleneck.
        hidden_sizes: Numbers of neurons of the layers before the bottleneck; those after it are in reverse order.
    """

    size: int
    latent_size: int
    hidden_sizes: tuple[int, ...] = (500,)

    def __post_init__(self):
        if min(self.size, self.latent_size, *self.hidden_sizes) < 1:
            raise ValueError(f"The layer sizes of an autoencoder must be positive, got {self}.")


def block_standardization(blocks: Sequence[Float[np.ndarray, "sample _"]]) -> Standardization:
    """Standardize by the mean at every point and by one standard deviation for each block of functions.

    Args:
        blocks: Training functions of each kind (a2F, gap functions), one a row; all kinds get the same weight.
    """
    mean = np.concatenate([np.mean(block, axis=0) for block in blocks])
    spreads = [np.sqrt(np.mean(np.var(block, axis=0))) or 1.0 for block in blocks]
    scale = np.repeat(spreads, [block.shape[1] for block in blocks])
    mean, scale = (jnp.asarray(values, dtype=jnp.float32) for values in (mean, scale))
    return Standardization(mean, scale, mean, scale)


class Autoencoder(eqx.Module):
    """Fully connected autoencoder (Fig. 5 of arXiv:2007.07512): ReLU layers, linear bottleneck and linear output.

    Args:
        config: Layer sizes.
        standardization: Standardization of the functions, from `block_standardization`.
        key: Random key of the initial weights.
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
        """Encode a function as its latent vector."""
        scaling = self.standardization
        return _apply_layers(self.encoder, (values.astype(jnp.float32) - scaling.input_mean) / scaling.input_scale)

    def decode(self, latent: Float[Array, " latent"]) -> Float[Array, " point"]:
        """Decode a latent vector as a function."""
        return self.standardization.output_mean + self.standardization.output_scale * _apply_layers(
            self.decoder, latent
        )

    def __call__(self, values: Float[Array, " point"]) -> Float[Array, " point"]:
        """Reconstruct a function: encode and decode it."""
        return self.decode(self.encode(values))


def _layers(sizes: tuple[int, ...], key: PRNGKeyArray) -> tuple[eqx.nn.Linear, ...]:
    keys = jax.random.split(key, len(sizes) - 1)
    return tuple(eqx.nn.Linear(i, o, dtype=jnp.float32, key=k) for i, o, k in zip(sizes, sizes[1:], keys, strict=False))


def _apply_layers(layers: tuple[eqx.nn.Linear, ...], x: Float[Array, " first"]) -> Float[Array, " last"]:
    for layer in layers[:-1]:
        x = jax.nn.relu(layer(x))
    return layers[-1](x)
