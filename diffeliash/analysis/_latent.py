r"""How many numbers a set of functions needs: autoencoders with ever wider bottlenecks.

The part of the variance that a bottleneck of $d_L$ neurons leaves unexplained,

$$ u(d_L) = \frac{\sum_i |v_i - \hat v_i|^2}{\sum_i |v_i - \bar v|^2}, $$

is taken over functions that the autoencoder was not trained on. The latent dimension is the smallest $d_L$ with
$u \le$ `tolerance`.
"""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..data import Split
from ..models import Autoencoder, AutoencoderConfig, block_standardization
from ..physics import batched, map_materials
from ..training import Objective, Phase, Rows, fit
from ._reduce_config import ReduceConfig

BATCH = 256
"""Functions that a network is given at a time."""

Values = Float[np.ndarray, "sample _"]
Progress = Callable[[str, int, float], None]
"""Told what is trained, the epoch, and the validation loss."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatentScan:
    """How well autoencoders with different bottlenecks reproduce a set of functions.

    Args:
        sizes: Bottlenecks that were tried, up to the first that suffices.
        unexplained: Part of the variance of the validation rows that each leaves unexplained.
        chosen: The smallest that suffices.
        sufficient: Whether one does; else `chosen` is the widest that was tried.
    """

    sizes: tuple[int, ...]
    unexplained: tuple[float, ...]
    chosen: int
    sufficient: bool


def scan_latent_sizes(name: str, values: Values, split: Split, config: ReduceConfig, progress: Progress) -> LatentScan:
    """Try bottlenecks in ascending order until one suffices.

    Args:
        name: Of the functions, for the progress.
        values: The functions, one a row.
        split: Which rows are for training and which for validation.
        config: Bottlenecks, tolerance and how to train.
        progress: Told of every epoch.
    """
    found = []
    for size in config.latent_sizes:
        model = fit_autoencoder(f"{name}, bottleneck {size}", [values], size, split, config, progress)
        found.append(unexplained(model, values[split.validation]))
        if found[-1] <= config.tolerance:
            break
    return LatentScan(
        sizes=config.latent_sizes[: len(found)],
        unexplained=tuple(found),
        chosen=config.latent_sizes[len(found) - 1],
        sufficient=found[-1] <= config.tolerance,
    )


def fit_autoencoder(
    name: str, blocks: Sequence[Values], latent_size: int, split: Split, config: ReduceConfig, progress: Progress
) -> Autoencoder:
    """Train an autoencoder on functions of several kinds side by side, which count alike.

    Args:
        name: Of the functions, for the progress.
        blocks: Functions of each kind, one a row.
        latent_size: Neurons of the bottleneck.
        split: Which rows are for training and which for validation.
        config: How to train.
        progress: Told of every epoch.
    """
    values = np.concatenate(blocks, axis=1)
    shape = AutoencoderConfig(size=values.shape[1], latent_size=latent_size, hidden_sizes=config.autoencoder_sizes)
    scaling = block_standardization([block[split.train] for block in blocks])
    model_key, order_key = jax.random.split(jax.random.fold_in(jax.random.key(config.seed), latent_size))
    rows, validation = (complete_rows(values[part], values[part]) for part in (split.train, split.validation))
    found = fit(
        Autoencoder(shape, scaling, model_key),
        [only_phase(config.autoencoder_epochs, config, rows)],
        validation,
        batch_size=config.batch_size,
        patience=config.autoencoder_epochs,
        key=order_key,
        progress=lambda record: progress(name, record.epoch, record.validation_loss),
    )
    return found.model


def unexplained(model: Autoencoder, values: Values) -> float:
    """The part of the variance of some functions that an autoencoder leaves unexplained, in its own units."""
    scale = np.asarray(model.standardization.output_scale)[None, :]
    miss = (apply(model, values) - values) / scale
    return float(np.sum(miss**2) / np.sum(((values - np.mean(values, axis=0, keepdims=True)) / scale) ** 2))


def apply(model: Callable, values: Values) -> Values:
    """Outputs of a network for many inputs."""
    parts = map_materials(batched(model, chunk_size=BATCH), values, chunk_size=BATCH)
    return np.concatenate([rows for _, rows in parts]).astype(np.float64)


def only_phase(epochs: int, config: ReduceConfig, rows: Rows) -> Phase:
    """Training with labels alone."""
    return Phase(number=1, epochs=epochs, learning_rate=config.learning_rate, objective=Objective(), rows=rows)


def complete_rows(features: Values, target: Values) -> Rows:
    """Rows that all have a label."""
    return Rows(
        features=jnp.asarray(features, dtype=jnp.float32),
        target=jnp.asarray(target, dtype=jnp.float32),
        labelled=jnp.ones(len(target), jnp.float32),
    )
