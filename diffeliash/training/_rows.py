"""The inputs and targets of a training, from a data set."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import Dataset, Split, as_features, as_gap_functions
from ..models import Setting
from ._config import TrainConfig
from ._losses import EquationResidual


class Rows(eqx.Module):
    """Samples for training or validation, one a row, in single precision.

    Args:
        features: Inputs of the network.
        target: Label of each sample, or, for those without, the linear inversion of the gap function (zeros if the
            equation residual is not used).
        labelled: One for samples with a label, zero for those without.
        weights: Weights of the samples in the mean square errors.
        given: Gap functions or densities of states that the samples belong to, for the solver consistency: the
            features themselves, except for a network whose features are computed from them.
    """

    features: Float[Array, "sample feature"]
    target: Float[Array, "sample out"]
    labelled: Float[Array, " sample"]
    weights: Float[Array, " sample"]
    given: Float[Array, "sample input"]

    def __len__(self) -> int:
        return self.labelled.shape[0]

    def with_labels_only(self) -> "Rows":
        """The samples that have a label."""
        chosen = np.flatnonzero(np.asarray(self.labelled))
        return jax.tree.map(lambda values: values[chosen], self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Examples:
    """Inputs and outputs of a network for all rows of a data set.

    Args:
        inputs: Inputs, with the noise of the configuration.
        outputs: Correct outputs, without noise.
    """

    inputs: Float[np.ndarray, "sample feature"]
    outputs: Float[np.ndarray, "sample out"]


def as_rows(
    features: np.ndarray,
    target: np.ndarray,
    labelled: np.ndarray | None = None,
    *,
    weights: np.ndarray | None = None,
    given: np.ndarray | None = None,
) -> Rows:
    """Make rows from arrays of any precision; all have a label and the weight one if nothing else is given."""
    ones = np.ones(len(target))
    arrays = (
        features, target, ones if labelled is None else labelled, ones if weights is None else weights,
        features if given is None else given,
    )  # fmt: skip
    return Rows(*(jnp.asarray(values, dtype=jnp.float32) for values in arrays))


def fields_for(config: TrainConfig) -> tuple[str, ...]:
    """The fields of a data set that training and evaluation need for the task of a configuration."""
    return ("a2f", "Delta_meV", "Delta_iw_meV", *(("dos",) if config.task == "dos-to-a2f" else ()))


def make_examples(config: TrainConfig, dataset: Dataset, stream: int = 0) -> Examples:
    """Make the inputs, with noise, and the outputs for all rows of a data set; `stream` chooses the random numbers."""
    gap = as_features(dataset.Delta)
    if config.task == "a2f-to-gap":
        inputs, outputs = dataset.a2f, gap
    else:
        inputs, outputs = (gap if config.task == "gap-to-a2f" else dataset.fields["dos"]), dataset.a2f
    if config.noise:
        size = np.max(np.abs(dataset.Delta if config.task == "gap-to-a2f" else inputs), axis=1, keepdims=True)
        inputs = inputs + config.noise * size * np.random.default_rng(
            [config.seed, 1, stream][: 3 if stream else 2]
        ).normal(size=inputs.shape)
    return Examples(inputs=inputs, outputs=outputs)


def make_rows(config: TrainConfig, examples: Examples, setting: Setting, split: Split) -> tuple[Rows, Rows]:
    """Make the training set, of which the first `max_labels` samples have labels, and the validation set.

    If training samples without labels use the equation residual, the validation set has no labels either: otherwise
    more labels would be used than `max_labels` states.
    """
    with_label = np.arange(split.train.size) < config.max_labels
    labels_missing = config.equation_weight > 0 and not np.all(with_label)
    parts = (split.train, with_label), (split.validation, np.full(split.validation.size, not labels_missing))
    targets = [np.where(known[:, None], examples.outputs[rows], 0.0) for rows, known in parts]
    if labels_missing:
        everything = np.concatenate([rows[~known] for rows, known in parts])
        estimates = EquationResidual(setting).prepare(as_gap_functions(examples.inputs[everything]))
        n_train = np.sum(~with_label)
        targets[0][~with_label], targets[1][~parts[1][1]] = estimates[:n_train], estimates[n_train:]
    train, validation = (
        as_rows(examples.inputs[rows], target, known) for (rows, known), target in zip(parts, targets, strict=True)
    )
    return (train if config.uses_physics else train.with_labels_only()), validation
