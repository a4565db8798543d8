"""The training loop."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any, cast

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import Array, Float

from .._errors import InputError
from ..data import Dataset, Split, split_rows
from ..models import Predictor, PredictorConfig, Setting, Task, fit_standardization, setting_of, trainable
from ._config import TrainConfig
from ._losses import SolverConsistency
from ._rows import Rows, make_examples, make_rows
from ._state import EpochRecord, StateFiles, TrainingState
from ._step import Losses, Objective, make_epoch, validation_loss

END = 0.01
"""Of the learning rate, in units of that at the start."""


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Phase:
    """Epochs with one objective, one learning-rate schedule and one set of rows."""

    number: int
    epochs: int
    learning_rate: float
    objective: Objective
    rows: Rows


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
    """
    split, setting = split_rows(len(dataset), config.seed), setting_of(dataset.config, cast(Task, config.task))
    rows, validation = make_rows(config, make_examples(config, dataset), setting, split)
    shape = PredictorConfig(
        input_size=rows.features.shape[1],
        hidden_sizes=config.hidden_sizes,
        output_size=rows.target.shape[1],
        positive=config.positive,
    )
    phases = _phases(config, rows, setting)
    for phase in phases:
        _refuse_small(phase, config.batch_size)
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    known = phases[0].rows
    scaling = fit_standardization(np.asarray(known.features), np.asarray(known.target))
    model = Predictor(shape, scaling, model_key)
    weights, static = eqx.partition(model, trainable(model))

    def leave(state: TrainingState) -> Training:
        return Training(
            model=eqx.combine(state.best, static),
            model_config=shape,
            setting=setting,
            split=split,
            best_epoch=state.best_epoch,
            history=state.history,
        )

    state = _begin(phases[0], weights, config, history=())
    state = (files and files.newest(state)) or state
    try:
        for phase in phases[state.phase - 1 :]:
            if state.phase != phase.number:
                state = _begin(phase, state.best, config, history=state.history)
            run_epoch = make_epoch(static, _optimizer(phase, config), phase.objective, batch_size=config.batch_size)
            while not _finished(phase, state, config):
                started, epoch = time.perf_counter(), len(state.history) + 1
                trained = run_epoch(state.weights, state.optimizer, phase.rows, jax.random.fold_in(order_key, epoch))
                checked = validation_loss(trained[0], static, validation, phase.objective)
                state = _after(state, trained, checked, seconds=time.perf_counter() - started)
                progress(state.history[-1])
                if files and files.write(state, now=_finished(phase, state, config)):
                    saved(leave(state))
    finally:
        if files and state.history and files.write(state, now=True):
            saved(leave(state))
    return leave(state)


def _phases(config: TrainConfig, rows: Rows, setting: Setting) -> list[_Phase]:
    """With labels and equations first; then, if it is switched on, with the solver too."""
    solver, first = SolverConsistency(setting), rows if config.equation_weight else rows.with_labels_only()
    phases = [
        _Phase(
            number=1,
            epochs=config.epochs,
            learning_rate=config.learning_rate,
            objective=Objective(solver, config.equation_weight, 0.0),
            rows=first,
        )
    ]
    if config.solver_weight:
        second = _Phase(
            number=2,
            epochs=config.solver_epochs,
            learning_rate=config.solver_learning_rate,
            objective=Objective(solver, config.equation_weight, config.solver_weight),
            rows=rows,
        )
        phases.append(second)
    return phases


def _refuse_small(phase: _Phase, batch_size: int) -> None:
    if len(phase.rows) < batch_size:
        raise InputError(
            f"{len(phase.rows)} training samples do not fill one batch of {batch_size}.",
            hint="Generate more samples or use a smaller --batch-size.",
        )


def _optimizer(phase: _Phase, config: TrainConfig) -> optax.GradientTransformation:
    n_updates = phase.epochs * (len(phase.rows) // config.batch_size)
    return optax.adam(optax.cosine_decay_schedule(phase.learning_rate, n_updates, alpha=END))


def _begin(
    phase: _Phase, weights: Predictor, config: TrainConfig, *, history: tuple[EpochRecord, ...]
) -> TrainingState:
    optimizer = _optimizer(phase, config).init(weights)  # pyright: ignore[reportArgumentType]
    return TrainingState(
        phase=phase.number, weights=weights, optimizer=optimizer, best=weights, best_epoch=0, history=history
    )


def _finished(phase: _Phase, state: TrainingState, config: TrainConfig) -> bool:
    done = state.in_phase
    return len(done) >= phase.epochs or bool(done and done[-1].epoch - state.best_epoch >= config.patience)


def _after(
    state: TrainingState,
    trained: tuple[Predictor, Any, Losses],
    checked: tuple[Float[Array, ""], Losses],
    *,
    seconds: float,
) -> TrainingState:
    """The state after an epoch, from what `make_epoch` and `validation_loss` give."""
    weights, optimizer, losses = trained
    validation, parts = checked
    record = EpochRecord(
        epoch=len(state.history) + 1,
        phase=state.phase,
        train_mse=float(losses.data),
        validation_mse=float(parts.data),
        validation_loss=float(validation),
        equation=float(losses.equation),
        solver=float(losses.solver),
        n_masked=int(losses.n_masked),
        seconds=seconds,
    )
    better = all(record.validation_loss < past.validation_loss for past in state.in_phase)
    return TrainingState(
        phase=state.phase,
        weights=weights,
        optimizer=optimizer,
        best=weights if better else state.best,
        best_epoch=record.epoch if better else state.best_epoch,
        history=(*state.history, record),
    )
