"""The inversion network: linear inversions of the Eliashberg equations, followed by a learned correction."""

import dataclasses
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._errors import InputError
from .._predictor import HiddenSizes, LayerSize, Standardization
from .._setting import Setting
from ._expected_errors import LEVELS, ExpectedErrors
from ._fit_front_end import chunk_size, invert_all
from ._flow import ContextScaling, Flow, identity_flow
from ._front_end import FrontEnd, inverse_problem_of
from ._head import Head, HeadConstants, OutputGrid, head_features
from ._posterior import draw_samples, n_context
from ._prior import Prior
from ._stage import Stage

MOST_STAGES = 10
"""Largest number of inversions of a network."""

MOST_COUPLINGS = 100
"""Largest number of couplings of a flow."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InversionNetworkConfig:
    """Sizes of an inversion network.

    Args:
        n_modes: Number of principal functions in the prior of every inversion.
        hidden_sizes: Numbers of neurons of the hidden layers of the correction.
        n_couplings: Number of couplings of the flow; without any the network has no posterior distribution.
        flow_width: Numbers of neurons of the hidden layers of a coupling.
    """

    n_modes: Annotated[tuple[LayerSize, ...], Field(min_length=1, max_length=MOST_STAGES)]
    hidden_sizes: HiddenSizes
    n_couplings: Annotated[int, Field(ge=0, le=MOST_COUPLINGS)] = 0
    flow_width: LayerSize = 1


class InversionNetwork(eqx.Module):
    r"""A network with the Eliashberg equations inside: from a gap function and its noise to a2F.

    With the gap function given, the equations on a line above the real axis are linear in a2F. The front end solves
    them with the mean, the principal functions and the errors of the training set (`FrontEnd`); the head corrects the
    result (`Head`). Everything is differentiable with respect to the input and to all arrays of the network; only the
    head and the flow are trained by gradients. Batch with `jax.vmap`. `samples` draws from the posterior distribution
    of a2F, which is that of the last inversion, corrected by the flow.

    Args:
        front_end: The linear inversions, in double precision.
        head: The correction, in single precision.
        flow: The correction of the posterior distribution, in single precision; `None` without one.
    """

    front_end: FrontEnd
    head: Head
    flow: Flow | None = None

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

    def samples(
        self, features: Float[np.ndarray, "sample feature"], n_samples: int, *, seed: int = 0
    ) -> Float[np.ndarray, "sample draw freq"]:
        """Draw samples of the posterior distribution of a2F for many gap functions.

        Args:
            features: Inputs as for `__call__`, one a row.
            n_samples: Number of samples of each.
            seed: Seed of the random numbers.

        Returns:
            Samples of a2F at the energies of the setting, not negative.

        Raises:
            InputError: The network was trained without a posterior distribution.
            RuntimeError: JAX is not in 64-bit mode.
        """
        if self.flow is None:
            raise InputError("this network was trained without a posterior distribution.", hint="Train it again.")
        Delta, noise = (np.asarray(part) for part in split_features(jnp.asarray(features)))
        found = invert_all(self.front_end, Delta, noise).stages
        return draw_samples(self, found[:, -2], Delta, noise, n_samples, seed, chunk_size())

    @property
    def config(self) -> InversionNetworkConfig:
        """Its sizes."""
        return InversionNetworkConfig(
            n_modes=tuple(stage.prior.modes.shape[1] for stage in self.front_end.stages),
            hidden_sizes=tuple(layer.weight.shape[0] for layer in self.head.layers[:-1]),
            n_couplings=len(self.flow.couplings) if self.flow else 0,
            flow_width=self.flow.couplings[0].layers[0].weight.shape[0] if self.flow else 1,
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
    head = Head(constants, scaling, config.hidden_sizes, jax.random.key(0))
    return InversionNetwork(FrontEnd(stages, setting), head, _untrained_flow(config))


def _untrained_flow(config: InversionNetworkConfig) -> Flow | None:
    if not config.n_couplings:
        return None
    n = config.n_modes[-1]
    zeros = jnp.zeros(n_context(n), jnp.float32)
    return identity_flow(n, ContextScaling(zeros, zeros), config.n_couplings, config.flow_width, jax.random.key(0))
