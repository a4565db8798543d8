r"""The latent dimension of a set of functions, from autoencoders with bottlenecks of increasing width.

The fraction of the variance that an autoencoder with a bottleneck of $d_L$ neurons leaves unexplained,

$$ u(d_L) = \frac{\sum_i |v_i - \hat v_i|^2}{\sum_i |v_i - \bar v|^2}, $$

is computed for functions on which it was not trained. The latent dimension is the smallest $d_L$ with $u \le$
`tolerance`.
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
    apply_network,
    block_standardization,
    fit_standardization,
)
from ..training import Fit, Objective, Phase, as_rows, fit
from ._reduce_config import ReduceConfig

Values = Float[np.ndarray, "sample _"]
Progress = Callable[[str, int, float], None]
"""A function that is called with the name of what is trained, the epoch, and the validation loss."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatentScan:
    """The reconstruction errors of autoencoders with different latent dimensions; the result of `scan_latent_sizes`.

    Args:
        sizes: Latent dimensions that were tried, up to the first that suffices.
        unexplained: Fraction of the variance of the validation set that each leaves unexplained.
        sufficient: Whether the last one suffices.
    """

    sizes: tuple[int, ...]
    unexplained: tuple[float, ...]
    sufficient: bool

    @property
    def chosen(self) -> int:
        """The smallest latent dimension that suffices; if none does, the largest that was tried."""
        return self.sizes[-1]


def scan_latent_sizes(
    name: str, values: Values, *, split: Split, config: ReduceConfig, progress: Progress
) -> LatentScan:
    """Train autoencoders with increasing latent dimensions until one suffices.

    Args:
        name: Name of the functions, for the progress.
        values: The functions, one a row.
        split: Rows of the training and validation sets.
        config: Latent dimensions, tolerance and training parameters.
        progress: Called with every epoch.
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
    r"""Train an autoencoder on concatenated functions of several kinds (Sec. III B and App. F of arXiv:2007.07512).

    Adam minimizes the mean of $|v - \hat v|^2$, with $v$ standardized by one standard deviation for each kind, so that
    all kinds have the same weight.

    Args:
        name: Name of the functions, for the progress.
        blocks: Functions of each kind, one a row.
        latent_size: Latent dimension.
        split: Rows of the training and validation sets.
        config: Training parameters.
        progress: Called with every epoch.
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
    """Reconstruct functions of several kinds with an autoencoder of their concatenation, and split them again."""
    reconstructed = apply_network(model, np.concatenate(blocks, axis=1))
    return np.split(reconstructed, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=1)


def transform_separately(
    name: str,
    blocks: Sequence[Values],
    latent_size: int,
    *,
    split: Split,
    config: ReduceConfig,
    progress: Progress,
) -> list[Values]:
    """Reconstruct functions of several kinds, each with an autoencoder of that kind alone.

    The components that it keeps of one kind may differ from those that the other kinds determine; the autoencoder of
    their concatenation (`fit_autoencoder`, then `after_bottleneck`; App. F of arXiv:2007.07512) keeps what they share.

    Args:
        name: Name of the functions, for the progress.
        blocks: Functions of each kind, one a row.
        latent_size: Latent dimension of every autoencoder.
        split: Rows of the training and validation sets.
        config: Training parameters.
        progress: Called with every epoch.
    """
    how = {"split": split, "config": config, "progress": progress}
    models = [fit_autoencoder(f"{name}, kind {i + 1}", [block], latent_size, **how) for i, block in enumerate(blocks)]
    return [after_bottleneck(model, [block])[0] for model, block in zip(models, blocks, strict=True)]


def unexplained(model: Autoencoder, values: Values) -> float:
    """Compute the fraction of the variance of standardized functions that an autoencoder leaves unexplained."""
    scale = np.asarray(model.standardization.output_scale)[None, :]
    return unexplained_part(values / scale, apply_network(model, values) / scale)


def unexplained_part(values: Values, predicted: Values) -> float:
    """Compute the fraction of the variance of functions that predictions of them leave unexplained."""
    return float(np.sum((predicted - values) ** 2) / np.sum((values - np.mean(values, axis=0, keepdims=True)) ** 2))


def unexplained_by_components(values: Values, sizes: Sequence[int], *, split: Split) -> Float[np.ndarray, " size"]:
    """Compute the fraction of the variance of the test set that principal components leave unexplained.

    Args:
        values: The functions, one a row.
        sizes: Numbers of principal components of the training set.
        split: Rows of the training and test sets.
    """
    mean = np.mean(values[split.train], axis=0, keepdims=True)
    components = np.linalg.svd(values[split.train] - mean, full_matrices=False)[2]
    test = values[split.test]
    projections = (mean + (test - mean) @ components[:size].T @ components[:size] for size in sizes)
    return np.array([unexplained_part(test, each) for each in projections])


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
    """Train a network with labels only.

    Args:
        name: Name of the network, for the progress.
        model: The network with its initial weights.
        tables: Inputs and outputs, one a row.
        split: Rows of the training and validation sets.
        config: Training parameters.
        progress: Called with every epoch.
        epochs: Number of epochs.
        key: Random key of the order of the samples.
    """
    rows, validation = (as_rows(tables[0][part], tables[1][part]) for part in (split.train, split.validation))
    phase = Phase(
        number=1,
        epochs=epochs,
        learning_rate=config.learning_rate,
        objective=Objective(),
        rows=rows,
        validation=validation,
        batch_size=config.batch_size,
    )
    return fit(
        model,
        [phase],
        patience=epochs,
        key=key,
        progress=lambda record: progress(name, record.epoch, record.validation_loss),
    )


def fit_predictor(
    name: str, inputs: Values, outputs: Values, *, split: Split, config: ReduceConfig, progress: Progress
) -> Fit:
    r"""Train a predictor $S$ with labels only.

    Adam minimizes the mean of $|S(g_i) - f_i|^2$, with inputs $g_i$ and outputs $f_i$ standardized by the training set.

    Args:
        name: Name of the network, for the progress.
        inputs: Inputs, one a row.
        outputs: Outputs, one a row.
        split: Rows of the training and validation sets.
        config: Training parameters.
        progress: Called with every epoch.

    Returns:
        The trained `model` and the `history` of the losses.
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
    """The layer sizes of the predictor that `fit_predictor` trains."""
    return PredictorConfig(input_size=inputs.shape[1], hidden_sizes=config.hidden_sizes, output_size=outputs.shape[1])
