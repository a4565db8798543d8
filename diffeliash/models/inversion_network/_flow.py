r"""A conditional normalizing flow: an invertible map of a random vector to a standard normal one, given a context.

A coupling (L. Dinh, J. Sohl-Dickstein and S. Bengio, arXiv:1605.08803) keeps one half of the components and maps each
of the others by

$$ v = e^s y + t, \qquad z = v + a\,(\sqrt{1 + v^2} - 1), \qquad |a| < 1, $$

where $s$, $t$ and $a$ are functions, given by a small network, of the components that it keeps and of the context. The
second map makes a distribution skew. Both have inverses in closed form. Before the couplings the vector is stretched
and shifted along one given direction $d$ by functions of the context, $y \to y + (t + (e^s - 1)\,d\cdot y)\,d$.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from .._predictor import Constants

LARGEST_LOG_SCALE = 0.5
"""Largest $|s|$ of one coupling."""

LARGEST_SKEW = 0.9
"""Largest $|a|$."""

LARGEST_LOG_STRETCH = 1.5
"""Largest $|s|$ along the given direction."""

INPUT_SCALE = 0.5
"""Factor of the kept components at the input of the network."""

BYPASS = 0.3
"""Factor of the second layer, which has a bypass."""


class Coupling(eqx.Module):
    """One coupling.

    Args:
        n: Number of components.
        n_context: Number of components of the context.
        width: Number of neurons of the two hidden layers.
        number: Its number in the flow, which decides the half that it keeps.
        key: Random key of the initial weights.
    """

    layers: tuple[eqx.nn.Linear, eqx.nn.Linear, eqx.nn.Linear]
    number: int = eqx.field(static=True)

    def __init__(self, n: int, n_context: int, width: int, number: int, key: PRNGKeyArray):
        first, second, last = jax.random.split(key, 3)
        zero = eqx.nn.Linear(width, 3 * n, dtype=jnp.float32, key=last)
        arrays = jnp.zeros_like(zero.weight), jnp.zeros(3 * n, jnp.float32)
        self.layers = (
            eqx.nn.Linear(n + n_context, width, dtype=jnp.float32, key=first),
            eqx.nn.Linear(width, width, dtype=jnp.float32, key=second),
            eqx.tree_at(lambda each: (each.weight, each.bias), zero, arrays),
        )
        self.number = number

    def __call__(self, y: Float[Array, " mode"], context: Float[Array, " context"]) -> tuple[Array, Array]:
        """The result and the logarithm of the determinant of its derivative."""
        log_scale, shift, skew = self._parameters(y, context)
        v = jnp.exp(log_scale) * y + shift
        root = jnp.sqrt(1 + v**2)
        return v + skew * (root - 1), jnp.sum(log_scale + jnp.log1p(skew * v / root))

    def inverse(self, z: Float[Array, " mode"], context: Float[Array, " context"]) -> Float[Array, " mode"]:
        """The vector that it maps to `z`."""
        log_scale, shift, skew = self._parameters(z, context)
        u, rest = z + skew, 1 - skew**2
        return jnp.exp(-log_scale) * ((u - skew * jnp.sqrt(rest + u**2)) / rest - shift)

    def _parameters(self, y: Array, context: Array) -> tuple[Array, Array, Array]:
        """Logarithm of the scale, shift and skewness; zero for the components that are kept."""
        kept = kept_half(y.size, self.number)
        first, second, last = self.layers
        x = jax.nn.gelu(first(jnp.concatenate([jnp.where(kept, INPUT_SCALE * y, 0.0), context])))
        x = x + BYPASS * jax.nn.gelu(second(x))
        log_scale, shift, skew = (jnp.where(kept, 0.0, part) for part in jnp.split(last(x), 3))
        return LARGEST_LOG_SCALE * jnp.tanh(log_scale), shift, LARGEST_SKEW * jnp.tanh(skew)


def kept_half(n: int, number: int) -> Bool[np.ndarray, " mode"]:
    """Which components a coupling keeps: every second one, or every second group of 2, 4, 8, ..., and the others."""
    group = 1 << (number // 2) % max((n - 1).bit_length(), 1)
    return np.arange(n) // group % 2 == number % 2


class Stretch(eqx.Module):
    """The change along one direction.

    Args:
        n_context: Number of components of the context.
        width: Number of neurons of the hidden layer.
        key: Random key of the initial weights.
    """

    layers: tuple[eqx.nn.Linear, eqx.nn.Linear]

    def __init__(self, n_context: int, width: int, key: PRNGKeyArray):
        first, last = jax.random.split(key)
        zero = eqx.nn.Linear(width, 2, dtype=jnp.float32, key=last)
        arrays = jnp.zeros_like(zero.weight), jnp.zeros(2, jnp.float32)
        self.layers = (
            eqx.nn.Linear(n_context, width, dtype=jnp.float32, key=first),
            eqx.tree_at(lambda each: (each.weight, each.bias), zero, arrays),
        )

    def __call__(self, y: Float[Array, " mode"], direction: Array, context: Array) -> tuple[Array, Array]:
        """The result and the logarithm of the determinant of its derivative."""
        log_scale, shift = self._parameters(context)
        return y + (shift + jnp.expm1(log_scale) * (direction @ y)) * direction, log_scale

    def inverse(self, z: Float[Array, " mode"], direction: Array, context: Array) -> Float[Array, " mode"]:
        """The vector that it maps to `z`."""
        log_scale, shift = self._parameters(context)
        part = direction @ z
        return z + (jnp.exp(-log_scale) * (part - shift) - part) * direction

    def _parameters(self, context: Array) -> tuple[Array, Array]:
        first, last = self.layers
        log_scale, shift = last(jax.nn.gelu(first(context)))
        return LARGEST_LOG_STRETCH * jnp.tanh(log_scale), shift


class ContextScaling(Constants):
    """Mean and standard deviation of every component of the context in the training set."""

    mean: Float[Array, " context"]
    scale: Float[Array, " context"]


class Flow(eqx.Module):
    """A stretch along a direction, and couplings, one after the other; without training the identity.

    Args:
        stretch: The stretch.
        couplings: The couplings.
        scaling: Standardization of the context.
    """

    stretch: Stretch
    couplings: tuple[Coupling, ...]
    scaling: ContextScaling

    def log_density(
        self, y: Float[Array, " mode"], direction: Float[Array, " mode"], context: Float[Array, " context"]
    ) -> Float[Array, ""]:
        """The logarithm of the probability density of `y`, relative to that of the standard normal distribution.

        Args:
            y: The vector.
            direction: The direction $d$, of unit length.
            context: The context.
        """
        given = self._standardized(context)
        z, total = self.stretch(y, direction, given)
        for coupling in self.couplings:
            z, log_determinant = coupling(z, given)
            total = total + log_determinant
        return total + jnp.sum(y**2 - z**2) / 2

    def transform(
        self, z: Float[Array, "sample mode"], direction: Float[Array, " mode"], context: Float[Array, " context"]
    ) -> Float[Array, "sample mode"]:
        """Turn samples of the standard normal distribution, one a row, into samples of the distribution of the flow."""
        given = self._standardized(context)
        for coupling in reversed(self.couplings):
            z = jax.vmap(coupling.inverse, in_axes=(0, None))(z, given)
        return jax.vmap(self.stretch.inverse, in_axes=(0, None, None))(z, direction.astype(z.dtype), given)

    def _standardized(self, context: Float[Array, " context"]) -> Float[Array, " context"]:
        return (context.astype(jnp.float32) - self.scaling.mean) / self.scaling.scale


def identity_flow(n: int, scaling: ContextScaling, n_couplings: int, width: int, key: PRNGKeyArray) -> Flow:
    """A flow before the training."""
    *keys, last = jax.random.split(key, n_couplings + 1)
    couplings = tuple(Coupling(n, scaling.mean.size, width, number, each) for number, each in enumerate(keys))
    return Flow(Stretch(scaling.mean.size, width, last), couplings, scaling)


def fit_context_scaling(context: Float[np.ndarray, "sample context"]) -> ContextScaling:
    """The standardization of the contexts of a training set; a component that is constant is not scaled."""
    mean, scale = np.mean(context, axis=0), np.std(context, axis=0)
    arrays = mean, np.where(scale > 1e-6 * np.maximum(np.abs(mean), 1e-6), scale, 1.0)
    return ContextScaling(*(jnp.asarray(each, dtype=jnp.float32) for each in arrays))
