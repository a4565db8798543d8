"""The public function `train`: train a predictor on a data set."""

import dataclasses
from collections.abc import Callable
from typing import cast

import jax

from ..data import Dataset, Split, split_rows
from ..models import AnyConfig, AnyNetwork, Setting, Task, setting_of
from ..physics import require_x64
from ._config import TrainConfig
from ._fit import Fit, Phase, fit
from ._losses import SolverConsistency
from ._prepared import (
    POSTERIOR_BATCH_SIZE,
    POSTERIOR_LEARNING_RATE,
    POSTERIOR_WEIGHT_DECAY,
    Prepared,
    Preparing,
    only_flow,
    prepare_inversion_network,
    prepare_predictor,
)
from ._state import EpochRecord, StateFiles
from ._step import Objective, PosteriorObjective


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """The result of `train`.

    Args:
        model: The network with the weights of the smallest validation loss in each phase.
        model_config: Its layer sizes.
        setting: Temperature, cutoffs and grids of its training data.
        split: Rows of the training, validation and test sets.
        best_epoch: The epoch of the weights that decide its output.
        history: One record for each epoch.
    """

    model: AnyNetwork
    model_config: AnyConfig
    setting: Setting
    split: Split
    best_epoch: int
    history: tuple[EpochRecord, ...]


def train(
    config: TrainConfig,
    dataset: Dataset,
    *,
    preparing: Preparing = lambda done, total: None,
    progress: Callable[[EpochRecord], None] = lambda record: None,
    files: StateFiles | None = None,
    saved: Callable[[Training], None] = lambda training: None,
) -> Training:
    """Train a network on a data set: an inversion network, or a fully connected one as in the paper.

    The loss is given in `TrainConfig`. The front end of an inversion network is determined from the training samples in
    closed form before the first epoch; the epochs train its head, then its posterior distribution. arXiv:2007.07512,
    Sec. III, has a fully connected network, the same split and the same optimizer (Adam), and uses labels only.

    Args:
        config: Network, optimizer, labels, noise and weights of the loss.
        dataset: The data set (energies and gap functions in meV); it is split into 81 % training, 9 % validation and
            10 % test samples.
        preparing: Called before the first epoch of an inversion network, with the numbers of inversions of gap
            functions done and in all.
        progress: Called with the record of every epoch.
        files: Files for the state of the training, written from time to time and at the end of each phase; if they
            have a state already, the training is resumed from it.
        saved: Called after a state has been written, with the result that the training would have now.

    Returns:
        The network with the weights of the smallest validation loss, its setting, the split, and the history.

    Raises:
        InputError: The data set is too small for the split or the batch size, or the files are of another run.
        ConvergenceError: The training diverges.
        StorageError: The state cannot be written.
        RuntimeError: JAX is not in 64-bit mode, which the solver and the linear inversion need.
    """
    require_x64()
    split, setting = split_rows(len(dataset), config.seed), setting_of(dataset.config, cast(Task, config.task))
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    prepare = prepare_inversion_network if config.network == "inversion" else prepare_predictor
    prepared = prepare(config, dataset, setting, split, model_key, preparing)

    def result_of(found: Fit) -> Training:
        model = prepared.complete(found.model)
        return Training(
            model=model,
            model_config=model.config,
            setting=setting,
            split=split,
            best_epoch=_best_epoch(found.history, 2 if config.solver_weight else 1),
            history=found.history,
        )

    found = fit(
        prepared.network,
        _phases(config, prepared, setting),
        patience=config.patience,
        key=order_key,
        progress=progress,
        files=files,
        saved=lambda now: saved(result_of(now)),
    )
    return result_of(found)


def _best_epoch(history: tuple[EpochRecord, ...], last_phase: int) -> int:
    """The epoch of the smallest validation loss in the last phase that trains the output of the network."""
    of_output = [record for record in history if record.phase <= last_phase]
    return min(
        (r for r in of_output if r.phase == of_output[-1].phase), key=lambda record: record.validation_loss
    ).epoch


def _phases(config: TrainConfig, prepared: Prepared, setting: Setting) -> list[Phase]:
    """The phases: labels and equation residual; if it has a weight, the solver too; if there is one, the posterior."""
    rows = prepared.rows
    phases = [
        Phase(
            number=1,
            epochs=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            objective=Objective(equation_weight=config.equation_weight),
            rows=rows if config.equation_weight else rows.with_labels_only(),
            validation=prepared.validation,
        )
    ]
    if config.solver_weight:
        objective = Objective(SolverConsistency(setting), config.equation_weight, config.solver_weight)
        second = Phase(
            number=2,
            epochs=config.solver_epochs,
            batch_size=config.batch_size,
            learning_rate=config.solver_learning_rate,
            objective=objective,
            rows=rows,
            validation=prepared.validation,
        )
        phases.append(second)
    if prepared.posterior:
        last = Phase(
            number=len(phases) + 1,
            epochs=config.posterior_epochs,
            batch_size=min(POSTERIOR_BATCH_SIZE, len(prepared.posterior[0])),
            learning_rate=POSTERIOR_LEARNING_RATE,
            objective=PosteriorObjective(),
            rows=prepared.posterior[0],
            validation=prepared.posterior[1],
            weight_decay=POSTERIOR_WEIGHT_DECAY,
            decayed=only_flow,
        )
        phases.append(last)
    return phases
