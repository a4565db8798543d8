r"""How many numbers a set of functions needs: autoencoders with ever wider bottlenecks.

The part of the variance that a bottleneck of $d_L$ neurons leaves unexplained,

$$ u(d_L) = \frac{\sum_i |v_i - \hat v_i|^2}{\sum_i |v_i - \bar v|^2}, $$

is taken over functions that the autoencoder was not trained on. The latent dimension is the smallest $d_L$ with
$u \le$ `tolerance`.
"""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..data import Split
from ..models import (
    Autoencoder,
    AutoencoderConfig,
    Network,
    Predictor,
    PredictorConfig,
    block_standardization,
    fit_standardization,
)
from ..training import Fit, Objective, Phase, apply_network, as_rows, fit
from ._reduce_config import ReduceConfig

Values = Float[np.ndarray, "sample _"]
Progress = Callable[[str, int, float], None]
"""Told what is trained, the epoch, and the validation loss."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatentScan:
    """How well autoencoders with different bottlenecks reproduce a set of functions.

    Args:
        sizes: Bottlenecks that were tried, up to the first that suffices.
        unexplained: Part of the variance of the validation rows that each leaves unexplained.
        sufficient: Whether the last one does.
    """

    sizes: tuple[int, ...]
    unexplained: tuple[float, ...]
    sufficient: bool

    @property
    def chosen(self) -> int:
        """The smallest that suffices; if none does, the widest that was tried."""
        return self.sizes[-1]


def scan_latent_sizes(
    name: str, values: Values, *, split: Split, config: ReduceConfig, progress: Progress
) -> LatentScan:
    """Try bottlenecks in ascending order until one suffices.

    Args:
        name: Of the functions, for the progress.
        values: The functions, one a row.
        split: Which rows are for training and which for validation.
        config: Bottlenecks, tolerance and how to train.
        progress: Told of every epoch.
    """
    how = {"split": split, "config": config, "progress": progress}
    found = []
    for size in config.latent_sizes:
        model = fit_autoencoder(f"{name}, bottleneck {size}", [values], size, **how)
        found.append(unexplained(model, values[split.validation]))
        if found[-1] <= config.tolerance:
            break
    return LatentScan(
        sizes=config.latent_sizes[: len(found)],
        unexplained=tuple(found),
        sufficient=found[-1] <= config.tolerance,
    )


def fit_autoencoder(
    name: str, blocks: Sequence[Values], latent_size: int, *, split: Split, config: ReduceConfig, progress: Progress
) -> Autoencoder:
    r"""Train an autoencoder on functions of several kinds side by side, which count alike.

    It is a chain of layers, ReLU on all but the bottleneck and the last; Adam makes the mean of $|v - \hat v|^2$ small,
    with $v$ standardized by one spread for each kind (the paper's Sec. III B).

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
    found = fit_with_labels(
        name,
        Autoencoder(shape, scaling, model_key),
        (values, values),
        split=split,
        config=config,
        progress=progress,
        epochs=config.autoencoder_epochs,
        key=order_key,
    )
    return found.model


def after_bottleneck(model: Autoencoder, blocks: Sequence[Values]) -> list[Values]:
    """Functions of several kinds after an autoencoder of all of them side by side; each kind on its own again."""
    through = apply_network(model, np.concatenate(blocks, axis=1))
    return np.split(through, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=1)


def transform_separately(
    name: str,
    blocks: Sequence[Values],
    latent_size: int,
    *,
    split: Split,
    config: ReduceConfig,
    progress: Progress,
) -> list[Values]:
    """Functions of several kinds, each after an autoencoder of its own kind alone.

    What it keeps of one kind need not be what the others know of it: `fit_autoencoder` of all kinds side by side and
    `after_bottleneck` (the paper's co-transformation) keep what they share.

    Args:
        name: Of the functions, for the progress.
        blocks: Functions of each kind, one a row.
        latent_size: Neurons of every bottleneck.
        split: Which rows are for training and which for validation.
        config: How to train.
        progress: Told of every epoch.
    """
    how = {"split": split, "config": config, "progress": progress}
    models = [fit_autoencoder(f"{name}, kind {i + 1}", [block], latent_size, **how) for i, block in enumerate(blocks)]
    return [after_bottleneck(model, [block])[0] for model, block in zip(models, blocks, strict=True)]


def unexplained(model: Autoencoder, values: Values) -> float:
    """The part of the variance of some functions that an autoencoder leaves unexplained, in its own units."""
    scale = np.asarray(model.standardization.output_scale)[None, :]
    return unexplained_part(values / scale, apply_network(model, values) / scale)


def unexplained_part(values: Values, instead: Values) -> float:
    """The part of the variance of some functions that others in their place leave unexplained."""
    return float(np.sum((instead - values) ** 2) / np.sum((values - np.mean(values, axis=0, keepdims=True)) ** 2))


def unexplained_by_components(values: Values, sizes: Sequence[int], *, split: Split) -> Float[np.ndarray, " size"]:
    """What principal components of the training rows leave unexplained of test rows, as linear bottlenecks would.

    Args:
        values: The functions, one a row.
        sizes: Numbers of components.
        split: Which rows are for training and which are for the test.
    """
    mean = np.mean(values[split.train], axis=0, keepdims=True)
    components = np.linalg.svd(values[split.train] - mean, full_matrices=False)[2]
    test = values[split.test]
    instead = (mean + (test - mean) @ components[:size].T @ components[:size] for size in sizes)
    return np.array([unexplained_part(test, each) for each in instead])


def fit_with_labels(
    name: str,
    model: Network,
    tables: tuple[Values, Values],
    *,
    split: Split,
    config: ReduceConfig,
    progress: Progress,
    epochs: int,
    key: PRNGKeyArray,
) -> Fit:
    """Train a network with labels alone.

    Args:
        name: Of what is trained, for the progress.
        model: With its initial weights.
        tables: Inputs and outputs, one a row.
        split: Which rows are for training and which for validation.
        config: How to train.
        progress: Told of every epoch.
        epochs: Passes over the training rows.
        key: Of the order of rows.
    """
    rows, validation = (as_rows(tables[0][part], tables[1][part]) for part in (split.train, split.validation))
    phase = Phase(number=1, epochs=epochs, learning_rate=config.learning_rate, objective=Objective(), rows=rows)
    return fit(
        model,
        [phase],
        validation,
        batch_size=config.batch_size,
        patience=epochs,
        key=key,
        progress=lambda record: progress(name, record.epoch, record.validation_loss),
    )


def fit_predictor(
    name: str, inputs: Values, outputs: Values, *, split: Split, config: ReduceConfig, progress: Progress
) -> Fit:
    r"""Train a predictor with labels.

    It is a chain of layers, ReLU on all but the last; Adam makes the mean of $|S(g_i) - f_i|^2$ per point small, with
    inputs and outputs standardized by the training rows.

    Args:
        name: Of what is trained, for the progress.
        inputs: One function a row.
        outputs: What belongs to them.
        split: Which rows are for training and which for validation.
        config: How to train.
        progress: Told of every epoch.

    Returns:
        The training: its `model` and its `history`.
    """
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    scaling = fit_standardization(inputs[split.train], outputs[split.train])
    return fit_with_labels(
        name,
        Predictor(predictor_shape(inputs, outputs, config), scaling, model_key),
        (inputs, outputs),
        split=split,
        config=config,
        progress=progress,
        epochs=config.epochs,
        key=order_key,
    )


def predictor_shape(inputs: Values, outputs: Values, config: ReduceConfig) -> PredictorConfig:
    """The shape of the predictor that `fit_predictor` trains."""
    return PredictorConfig(input_size=inputs.shape[1], hidden_sizes=config.hidden_sizes, output_size=outputs.shape[1])
