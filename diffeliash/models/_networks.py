"""What all networks from a gap function or density of states to a2F have in common."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..physics import batched, map_materials
from ._custom_network import CustomConfig, CustomNetwork
from ._predictor import Predictor, PredictorConfig
from .inversion_network import InversionNetwork, InversionNetworkConfig, head_features, invert_all, split_features

AnyNetwork = Predictor | InversionNetwork | CustomNetwork
"""The networks that a checkpoint may contain."""

AnyConfig = PredictorConfig | InversionNetworkConfig | CustomConfig
"""Their sizes."""

BATCH = 256
"""Number of inputs that a network evaluates at a time."""


def apply_network(
    model: Callable[..., Any], inputs: Float[np.ndarray, "sample feature"]
) -> Float[np.ndarray, "sample out"]:
    """Compute the outputs of a network for many inputs, one a row, in double precision."""
    if isinstance(model, InversionNetwork):  # on a CPU the front end is faster one by one, the head in batches
        Delta, noise = (np.asarray(part) for part in split_features(jnp.asarray(inputs)))
        inputs = np.asarray(head_features(invert_all(model.front_end, Delta, noise).stages, noise))
        model = model.head
    parts = map_materials(batched(model, chunk_size=BATCH), inputs, chunk_size=BATCH)
    return np.concatenate([values for _, values in parts]).astype(np.float64)


def network_inputs(
    model: Callable[..., Any], features: Float[np.ndarray | Array, "sample feature"], noise: Any
) -> Float[np.ndarray, "sample input"]:
    r"""Add the noise to the inputs of a network that takes it.

    Args:
        model: The network.
        features: Real, then imaginary parts of gap functions [meV], or densities of states, one a row.
        noise: Their noise relative to the largest $|\Delta|$, a number or one for each row.
    """
    features = np.asarray(features)
    if not isinstance(model, InversionNetwork):
        return features
    return np.concatenate([features, np.broadcast_to(noise, len(features))[:, None]], axis=1)
