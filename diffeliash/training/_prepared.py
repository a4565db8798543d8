"""What the training loop needs for each kind of network: rows and initial weights, and the whole network at the end."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..data import Dataset, Split, as_features
from ..models import (
    N_STAGES,
    AnyNetwork,
    Head,
    InversionNetwork,
    Network,
    Predictor,
    PredictorConfig,
    Setting,
    fit_front_end,
    fit_head_constants,
    fit_standardization,
    head_features,
    invert_all,
    n_inversions_of_fit,
    sample_weights,
)
from ._config import TrainConfig
from ._rows import Rows, as_rows, make_examples, make_rows

Preparing = Callable[[int, int], None]
"""Called with the numbers of inversions of gap functions done and in all, before the first epoch."""

COPIES = 3
"""Number of copies of every training sample with different noise."""

SMALLEST_NOISE = 1e-4
"""Smallest noise of the copies that have any."""

WITHOUT_NOISE = 0.1
"""Part of the copies that have no noise."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the training loop needs.

    Args:
        network: The part that is trained, with its initial weights.
        rows: The training set.
        validation: The validation set.
        complete: Makes the whole network from the trained part.
    """

    network: Network
    rows: Rows
    validation: Rows
    complete: Callable[[Any], AnyNetwork]


def prepare_predictor(
    config: TrainConfig, dataset: Dataset, setting: Setting, split: Split, key: PRNGKeyArray, preparing: Preparing
) -> Prepared:
    """Prepare the training of a fully connected network."""
    del preparing  # it takes no time
    rows, validation = make_rows(config, make_examples(config, dataset), setting, split)
    shape = PredictorConfig(
        input_size=rows.features.shape[1],
        hidden_sizes=config.hidden_sizes,
        output_size=rows.target.shape[1],
        positive=config.positive,
    )
    known = rows if config.equation_weight else rows.with_labels_only()
    scaling = fit_standardization(np.asarray(known.features), np.asarray(known.target))
    network = Predictor(shape, scaling, key)
    return Prepared(network=network, rows=rows, validation=validation, complete=lambda trained: trained)


def prepare_inversion_network(
    config: TrainConfig, dataset: Dataset, setting: Setting, split: Split, key: PRNGKeyArray, preparing: Preparing
) -> Prepared:
    r"""Prepare the training of an inversion network.

    The front end is determined from the training samples with a label. It is then applied to copies of all samples
    with noise of log-uniformly distributed size between $10^{-4}$ and the largest noise of the configuration (a tenth
    of them without), and the head is trained with the results.
    """
    train = split.train if config.solver_weight else split.train[: config.max_labels]
    known = train[: config.max_labels]
    to_fit, of_copies = n_inversions_of_fit(known.size), N_STAGES * COPIES * train.size
    total = to_fit + of_copies + N_STAGES * split.validation.size

    def after(before: int) -> Callable[[int], None]:
        return lambda done: preparing(before + done, total)

    front_end = fit_front_end(setting, dataset.Delta[known], dataset.a2f[known], progress=after(0))
    rng = np.random.default_rng([config.seed, 2])
    copies = np.tile(train, COPIES)
    measured = [draw_noise(rng, dataset.Delta[rows], config.largest_noise) for rows in (copies, split.validation)]
    found = [
        invert_all(front_end, *each, progress=after(before))
        for each, before in zip(measured, (to_fit, to_fit + of_copies), strict=True)
    ]
    last, noise = found[0][:, -1], measured[0][1]
    labelled = np.tile(np.arange(train.size) < config.max_labels, COPIES)
    constants, scaling = fit_head_constants(setting, last[labelled], noise[labelled], dataset.a2f[copies[labelled]])
    weights = [sample_weights(constants, each[:, -1], given[1]) for each, given in zip(found, measured, strict=True)]
    scale = 1 / np.mean(weights[0])
    rows, validation = (
        as_rows(
            np.asarray(head_features(inverted, given[1])),
            dataset.a2f[which],
            with_label,
            weights=scale * weight,
            given=as_features(given[0]),
        )
        for inverted, given, which, with_label, weight in zip(
            found, measured, (copies, split.validation), (labelled, None), weights, strict=True
        )
    )
    return Prepared(
        network=Head(constants, scaling, config.hidden_sizes, key),
        rows=rows,
        validation=validation,
        complete=lambda head: InversionNetwork(front_end, head),
    )


def draw_noise(
    rng: np.random.Generator, Delta: np.ndarray, largest: float
) -> tuple[np.ndarray, Float[np.ndarray, " sample"]]:
    r"""Add noise of random size to gap functions.

    Args:
        rng: Random numbers.
        Delta: Gap functions without noise, one a row [meV].
        largest: Largest standard deviation, relative to the largest $|\Delta|$.

    Returns:
        The gap functions with noise [meV], and its standard deviation relative to their largest $|\Delta|$.
    """
    levels = np.exp(rng.uniform(np.log(min(SMALLEST_NOISE, largest) or 1.0), np.log(largest or 1.0), len(Delta)))
    levels = np.where(rng.random(len(Delta)) < (WITHOUT_NOISE if largest else 1.0), 0.0, levels)
    return add_noise(rng, Delta, levels)


def add_noise(
    rng: np.random.Generator, Delta: np.ndarray, levels: Float[np.ndarray, " sample"] | float
) -> tuple[np.ndarray, Float[np.ndarray, " sample"]]:
    """Add noise of given size to gap functions; arguments and results as for `draw_noise`."""
    sizes = levels * np.max(np.abs(Delta), axis=1)
    normal = rng.normal(size=(2, *Delta.shape))
    measured = Delta + sizes[:, None] * (normal[0] + 1j * normal[1])
    return measured, sizes / np.max(np.abs(measured), axis=1)


def noisy_inputs(Delta: np.ndarray, level: float, seed: int) -> tuple[np.ndarray, Float[np.ndarray, " sample"]]:
    """Features of gap functions with noise of one size, and the noise relative to the largest values."""
    measured, noise = add_noise(np.random.default_rng([seed, 3]), Delta, level)
    return as_features(measured), noise
