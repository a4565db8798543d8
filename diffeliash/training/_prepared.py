"""What the training loop needs for each kind of network: rows and initial weights, and the whole network at the end."""

import dataclasses
from collections.abc import Callable
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._user_code import UserCode
from ..data import Dataset, Split, as_features, config_of, draw_samples
from ..models import (
    N_STAGES,
    AnyNetwork,
    Flow,
    Head,
    InversionNetwork,
    Inverted,
    Network,
    PosteriorExamples,
    Predictor,
    PredictorConfig,
    Setting,
    Standardization,
    fit_context_scaling,
    fit_front_end,
    fit_head_constants,
    fit_standardization,
    head_features,
    identity_flow,
    invert_all,
    make_custom_network,
    n_inversions_of_fit,
    sample_weights,
)
from ._config import TrainConfig
from ._rows import Rows, as_rows, make_examples, make_rows
from ._step import PosteriorRows

Preparing = Callable[[int, int], None]
"""Called with the numbers of inversions of gap functions done and in all, before the first epoch."""

COPIES = 3
"""Number of copies of every training sample with different noise."""

SMALLEST_NOISE = 1e-4
"""Smallest noise of the copies that have any."""

WITHOUT_NOISE = 0.1
"""Part of the copies that have no noise."""


N_COUPLINGS, FLOW_WIDTH = 4, 128
"""Sizes of the flow of an inversion network."""

POSTERIOR_BATCH_SIZE = 256
"""Samples in a batch of the training of the flow."""

POSTERIOR_LEARNING_RATE = 3e-4
"""Its initial learning rate."""

POSTERIOR_WEIGHT_DECAY = 1.0
"""Its weight decay; without any the flow learns the training set by heart."""

LARGEST_WHITENED = 12.0
"""Largest absolute value of a whitened coefficient, so that a few bad samples do not matter."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the training loop needs.

    Args:
        network: The part that is trained, with its initial weights.
        rows: The training set.
        validation: The validation set.
        complete: Makes the whole network from the trained part.
        posterior: Training and validation set of the posterior distribution; `None` if the network has none.
        fresh: Makes a training set of new samples from the number of an epoch; `None` if there is only one.
        fresh_posterior: The same for the posterior distribution.
    """

    network: Network
    rows: Rows
    validation: Rows
    complete: Callable[[Any], AnyNetwork]
    posterior: tuple[PosteriorRows, PosteriorRows] | None = None
    fresh: Callable[[int], Rows] | None = None
    fresh_posterior: Callable[[int], PosteriorRows] | None = None


class Learned(eqx.Module):
    """The parts of an inversion network that are trained by gradients.

    Args:
        head: The correction, whose output is that of the network.
        flow: The correction of the posterior distribution.
    """

    head: Head
    flow: Flow | None

    @property
    def standardization(self) -> Standardization:
        """The standardization of the head."""
        return self.head.standardization

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " freq"]:
        """Compute a2F from the results of the front end."""
        return self.head(features)


def prepare_predictor(
    config: TrainConfig,
    dataset: Dataset,
    setting: Setting,
    split: Split,
    key: PRNGKeyArray,
    code: UserCode | None = None,
) -> Prepared:
    """Prepare the training of a fully connected network, or of one of the user's own class `code`."""
    rows, validation = make_rows(config, make_examples(config, dataset), setting, split)
    fresh = _fresh_examples(config, dataset, len(rows)) if config.online else None
    known = rows if config.equation_weight else rows.with_labels_only()
    scaling = fit_standardization(np.asarray(known.features), np.asarray(known.target))
    if code is not None:
        network = make_custom_network(code, scaling, options=config.model_options, positive=config.positive, key=key)
        return Prepared(
            network=network, rows=rows, validation=validation, complete=lambda trained: trained, fresh=fresh
        )
    shape = PredictorConfig(
        input_size=rows.features.shape[1],
        hidden_sizes=config.hidden_sizes,
        output_size=rows.target.shape[1],
        positive=config.positive,
    )
    network = Predictor(shape, scaling, key)
    return Prepared(network=network, rows=rows, validation=validation, complete=lambda trained: trained, fresh=fresh)


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
    inverted = [
        invert_all(front_end, *each, a2f=dataset.a2f[which], progress=after(before))
        for each, which, before in zip(measured, (copies, split.validation), (to_fit, to_fit + of_copies), strict=True)
    ]
    found = [each.stages for each in inverted]
    last, noise = found[0][:, -1], measured[0][1]
    labelled = np.tile(np.arange(train.size) < config.max_labels, COPIES)
    constants, scaling = fit_head_constants(setting, last[labelled], noise[labelled], dataset.a2f[copies[labelled]])
    weights = [sample_weights(constants, each[:, -1], given[1]) for each, given in zip(found, measured, strict=True)]
    scale = 1 / np.mean(weights[0])

    def rows_of(
        stages: np.ndarray, given: Any, a2f: np.ndarray, weight: np.ndarray, with_label: np.ndarray | None = None
    ) -> Rows:
        features = np.asarray(head_features(stages, given[1]))
        return as_rows(features, a2f, with_label, weights=scale * weight, given=as_features(given[0]))

    rows = rows_of(found[0], measured[0], dataset.a2f[copies], weights[0], labelled)
    validation = rows_of(found[1], measured[1], dataset.a2f[split.validation], weights[1])

    def fresh_samples(epoch: int) -> tuple[Any, np.ndarray, Inverted]:
        drawn = draw_samples(config_of(dataset.config), epoch, len(rows))
        given = draw_noise(np.random.default_rng([config.seed, 5, epoch]), drawn.Delta, config.largest_noise)
        return given, drawn.a2f, invert_all(front_end, *given, a2f=drawn.a2f)

    def fresh(epoch: int) -> Rows:
        given, a2f, inverted = fresh_samples(epoch)
        return rows_of(inverted.stages, given, a2f, sample_weights(constants, inverted.stages[:, -1], given[1]))

    def fresh_posterior(epoch: int) -> PosteriorRows:
        examples = cast(PosteriorExamples, fresh_samples(epoch)[2].examples)
        return _posterior_rows(examples, np.ones(len(rows), bool))

    head_key, flow_key = jax.random.split(key)
    posterior = None
    if config.posterior_epochs:
        examples = [cast(PosteriorExamples, each.examples) for each in inverted]
        posterior = _posterior_rows(examples[0], labelled), _posterior_rows(examples[1], np.ones(len(validation), bool))
    return Prepared(
        network=Learned(
            Head(constants, scaling, config.hidden_sizes, head_key),
            _untrained_flow(posterior[0], flow_key) if posterior else None,
        ),
        rows=rows,
        validation=validation,
        complete=lambda learned: InversionNetwork(front_end, learned.head, learned.flow),
        posterior=posterior,
        fresh=fresh if config.online else None,
        fresh_posterior=fresh_posterior if config.online else None,
    )


def _fresh_examples(config: TrainConfig, dataset: Dataset, n: int) -> Callable[[int], Rows]:
    """Training sets of new samples for a network that takes them as they are."""

    def fresh(epoch: int) -> Rows:
        drawn = draw_samples(config_of(dataset.config), epoch, n)
        examples = make_examples(config, drawn, stream=epoch)
        return as_rows(examples.inputs, examples.outputs)

    return fresh


def only_flow(learned: Any) -> Any:
    """Mark the weights of the flow, as a pytree of booleans."""
    nothing = jax.tree.map(lambda _: False, learned)
    return eqx.tree_at(lambda each: each.flow, nothing, jax.tree.map(lambda _: True, learned.flow))


def _posterior_rows(examples: PosteriorExamples, labelled: np.ndarray) -> PosteriorRows:
    """The samples with a label from which the flow learns."""
    whitened = np.clip(examples.whitened, -LARGEST_WHITENED, LARGEST_WHITENED)
    usable = examples.usable & np.all(np.isfinite(whitened), axis=1) & np.all(np.isfinite(examples.context), axis=1)
    arrays = (
        np.where(usable[:, None], whitened, 0.0)[labelled],
        np.where(usable[:, None], examples.direction, 0.0)[labelled],
        np.where(usable[:, None], examples.context, 0.0)[labelled],
        usable[labelled],
    )
    return PosteriorRows(*(jnp.asarray(each, dtype=jnp.float32) for each in arrays))


def _untrained_flow(rows: PosteriorRows, key: PRNGKeyArray) -> Flow:
    known = np.asarray(rows.context, np.float64)[np.asarray(rows.weights) > 0]
    context = known if len(known) else np.zeros((1, rows.context.shape[1]))
    return identity_flow(rows.whitened.shape[1], fit_context_scaling(context), N_COUPLINGS, FLOW_WIDTH, key)


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
