"""The inversion network: linear inversions of the Eliashberg equations, followed by a learned correction."""

import dataclasses
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from pydantic import Field

from .._predictor import HiddenSizes, LayerSize, Standardization
from .._setting import Setting
from ._expected_errors import LEVELS, ExpectedErrors
from ._front_end import FrontEnd, inverse_problem_of
from ._head import Head, HeadConstants, OutputGrid, head_features
from ._prior import Prior
from ._stage import Stage

MOST_STAGES = 10
"""Largest number of inversions of a network."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InversionNetworkConfig:
    """Sizes of an inversion network.

    Args:
        n_modes: Number of principal functions in the prior of every inversion.
        hidden_sizes: Numbers of neurons of the hidden layers of the correction.
    """

    n_modes: Annotated[tuple[LayerSize, ...], Field(min_length=1, max_length=MOST_STAGES)]
    hidden_sizes: HiddenSizes


class InversionNetwork(eqx.Module):
    r"""A network with the Eliashberg equations inside: from a gap function and its noise to a2F.

    With the gap function given, the equations on a line above the real axis are linear in a2F. The front end solves
    them with the mean, the principal functions and the errors of the training set (`FrontEnd`); the head corrects the
    result (`Head`). Everything is differentiable with respect to the input and to all arrays of the network; only the
    head is trained by gradients. Batch with `jax.vmap`.

    Args:
        front_end: The linear inversions, in double precision.
        head: The correction, in single precision.
    """

    front_end: FrontEnd
    head: Head

    @property
    def standardization(self) -> Standardization:
        """The standardization of the head."""
        return self.head.standardization

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " freq"]:
        r"""Compute a2F from a gap function.

        Args:
            features: Real, then imaginary parts of the gap function at the energies of the setting [meV], then the
                standard deviation of their noise relative to the largest $|\Delta|$; shape (2 n_energies + 1,).

        Returns:
            a2F at the energies of the setting, positive, in single precision.

        Raises:
            RuntimeError: JAX is not in 64-bit mode.
        """
        Delta, noise = split_features(features)
        return self.head(head_features(self.front_end(Delta, noise), noise))

    @property
    def config(self) -> InversionNetworkConfig:
        """Its sizes."""
        return InversionNetworkConfig(
            n_modes=tuple(stage.prior.modes.shape[1] for stage in self.front_end.stages),
            hidden_sizes=tuple(layer.weight.shape[0] for layer in self.head.layers[:-1]),
        )


def split_features(features: Float[Array, "*sample feature"]) -> tuple[Array, Array]:
    """The gap function and the relative noise of an input, in double precision."""
    n = features.shape[-1] // 2
    values = features.astype(jnp.float64)
    return values[..., :n] + 1j * values[..., n : 2 * n], values[..., 2 * n]


def untrained_inversion_network(config: InversionNetworkConfig, setting: Setting) -> InversionNetwork:
    """A network with arrays of the right types and shapes."""
    n, both = inverse_problem_of(setting).omega.size, 2 * setting.n_energies
    stages = tuple(
        Stage(Prior(jnp.zeros(n), jnp.zeros((n, modes))), jnp.zeros((both, both)), jnp.zeros(both))
        for modes in config.n_modes
    )

    def single(*shape: int) -> Array:
        return jnp.zeros(shape, jnp.float32)

    constants = HeadConstants(
        weights=single(n),
        expected=ExpectedErrors(single(LEVELS.size, n)),
        grid=OutputGrid(single(setting.n_points, n), single(setting.n_points)),
    )
    scaling = Standardization(single(n), single(n), single(setting.n_points), single())
    return InversionNetwork(FrontEnd(stages, setting), Head(constants, scaling, config.hidden_sizes, jax.random.key(0)))
