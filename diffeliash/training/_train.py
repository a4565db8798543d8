"""Training a predictor on a data set."""

import dataclasses
from collections.abc import Callable
from typing import cast

import jax
import numpy as np

from ..data import Dataset, Split, split_rows
from ..models import Predictor, PredictorConfig, Setting, Task, fit_standardization, setting_of
from ..physics import require_x64
from ._config import TrainConfig
from ._fit import Fit, Phase, fit
from ._losses import SolverConsistency
from ._rows import Rows, make_examples, make_rows
from ._state import EpochRecord, StateFiles
from ._step import Objective


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """What a training run leaves.

    Args:
        model: The weights of the epoch with the smallest validation loss, of the last phase.
        model_config: Shape of the network.
        setting: What it was trained for.
        split: Rows used for what.
        best_epoch: The epoch of the weights.
        history: One record an epoch.
    """

    model: Predictor
    model_config: PredictorConfig
    setting: Setting
    split: Split
    best_epoch: int
    history: tuple[EpochRecord, ...]


def train(
    config: TrainConfig,
    dataset: Dataset,
    *,
    progress: Callable[[EpochRecord], None] = lambda record: None,
    files: StateFiles | None = None,
    saved: Callable[[Training], None] = lambda training: None,
) -> Training:
    """Train a network on a data set, with labels, with physics, or with both.

    Args:
        config: How.
        dataset: On what; split into 81 % training, 9 % validation and 10 % test rows.
        progress: Told of every epoch.
        files: Where the state of the run is kept, now and then and at the end of a phase, so that it can go on after
            an interruption.
        saved: Told whenever a state has been written, with what the run would leave if it ended there.

    Raises:
        InputError: The data set is too small for the split or the batch size, or the files are of another run.
        ConvergenceError: Training diverges.
        RuntimeError: JAX is not in 64-bit mode, which targets and losses of the physics need.
    """
    require_x64()
    split, setting = split_rows(len(dataset), config.seed), setting_of(dataset.config, cast(Task, config.task))
    rows, validation = make_rows(config, make_examples(config, dataset), setting, split)
    shape = PredictorConfig(
        input_size=rows.features.shape[1],
        hidden_sizes=config.hidden_sizes,
        output_size=rows.target.shape[1],
        positive=config.positive,
    )
    phases = _phases(config, rows, setting)
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    known = phases[0].rows
    scaling = fit_standardization(np.asarray(known.features), np.asarray(known.target))

    def leave(found: Fit) -> Training:
        return Training(
            model=found.model,
            model_config=shape,
            setting=setting,
            split=split,
            best_epoch=found.best_epoch,
            history=found.history,
        )

    found = fit(
        Predictor(shape, scaling, model_key),
        phases,
        validation,
        batch_size=config.batch_size,
        patience=config.patience,
        key=order_key,
        progress=progress,
        files=files,
        saved=lambda now: saved(leave(now)),
    )
    return leave(found)


def _phases(config: TrainConfig, rows: Rows, setting: Setting) -> list[Phase]:
    """With labels and equations first; then, if it is switched on, with the solver too."""
    phases = [
        Phase(
            number=1,
            epochs=config.epochs,
            learning_rate=config.learning_rate,
            objective=Objective(equation_weight=config.equation_weight),
            rows=rows if config.equation_weight else rows.with_labels_only(),
        )
    ]
    if config.solver_weight:
        objective = Objective(SolverConsistency(setting), config.equation_weight, config.solver_weight)
        second = Phase(
            number=2,
            epochs=config.solver_epochs,
            learning_rate=config.solver_learning_rate,
            objective=objective,
            rows=rows,
        )
        phases.append(second)
    return phases
