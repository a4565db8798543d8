"""The loop: epochs in phases, the best weights, going on after an interruption."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from .._errors import ConvergenceError, InputError, StorageError
from ..models import Network, trainable
from ._hosts import leads, of_leader, together
from ._rows import Rows
from ._state import EpochRecord, StateFiles, TrainingState
from ._step import Losses, Objective, make_epoch, validation_loss

END = 0.01
"""Of the learning rate, in units of that at the start."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phase:
    """Epochs with one objective, one learning-rate schedule and one set of rows.

    Args:
        number: From 1.
        epochs: At most so many passes over the rows.
        learning_rate: Of Adam, at the start; it falls to a hundredth along a cosine.
        objective: What is minimized.
        rows: Training rows.
    """

    number: int
    epochs: int
    learning_rate: float
    objective: Objective
    rows: Rows


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """What the loop leaves.

    Args:
        model: The weights of the epoch with the smallest validation loss, of the last phase.
        best_epoch: The epoch of the weights.
        history: One record an epoch.
    """

    model: Any
    best_epoch: int
    history: tuple[EpochRecord, ...]


def fit(
    model: Network,
    phases: Sequence[Phase],
    validation: Rows,
    *,
    batch_size: int,
    patience: int,
    key: PRNGKeyArray,
    progress: Callable[[EpochRecord], None] = lambda record: None,
    files: StateFiles | None = None,
    saved: Callable[[Fit], None] = lambda fit: None,
) -> Fit:
    """Train a network, each phase from the best weights of the one before.

    Args:
        model: With its initial weights.
        phases: In order.
        validation: Rows that the weights are chosen by.
        batch_size: Rows per update.
        patience: A phase ends after so many epochs without a smaller validation loss.
        key: Of the order of rows.
        progress: Told of every epoch.
        files: Where the state is kept, now and then and at the end of a phase.
        saved: Told whenever a state has been written, with what would be left if it ended there.

    Raises:
        InputError: A phase has too few rows for a batch, or the files are of another run.
        ConvergenceError: Training diverges.
    """
    for phase in phases:
        _refuse_small(phase, batch_size)
    weights, static = eqx.partition(model, trainable(model))

    def leave(state: TrainingState) -> Fit:
        return Fit(model=eqx.combine(state.best, static), best_epoch=state.best_epoch, history=state.history)

    def keep(state: TrainingState, *, now: bool) -> None:
        if files and leads() and files.write(state, now=now):
            saved(leave(state))

    state = _begin(phases[0], weights, batch_size, history=())
    with together():
        state = (files and files.newest(state)) or state
    _refuse_different(state)
    try:
        for phase in phases[state.phase - 1 :]:
            if state.phase != phase.number:
                state = _begin(phase, state.best, batch_size, history=state.history)
            run_epoch = make_epoch(static, _optimizer(phase, batch_size), phase.objective, batch_size=batch_size)
            while not _finished(phase, state, patience):
                started, epoch = time.perf_counter(), len(state.history) + 1
                trained = run_epoch(state.weights, state.optimizer, phase.rows, jax.random.fold_in(key, epoch))
                checked = validation_loss(trained[0], static, validation, phase.objective)
                state = _after(state, trained, checked, seconds=time.perf_counter() - started)
                with together():
                    progress(state.history[-1])
                    keep(state, now=_finished(phase, state, patience))
    finally:
        if state.history:
            keep(state, now=True)
    return leave(state)


def _refuse_small(phase: Phase, batch_size: int) -> None:
    if len(phase.rows) < batch_size:
        raise InputError(
            f"{len(phase.rows)} training samples do not fill one batch of {batch_size}.",
            hint="Give more samples or labels, or use a smaller --batch-size.",
        )


def _refuse_different(state: TrainingState) -> None:
    """Refuse to go on if processes that train together do not go on from the same epoch."""
    (epochs,) = of_leader(float(len(state.history)))
    with together():
        if len(state.history) != epochs:
            hint = "All processes need the folder of the run."
            raise StorageError("not the state that the first process found", why="another epoch.", hint=hint)


def _optimizer(phase: Phase, batch_size: int) -> optax.GradientTransformation:
    n_updates = phase.epochs * (len(phase.rows) // batch_size)
    return optax.adam(optax.cosine_decay_schedule(phase.learning_rate, n_updates, alpha=END))


def _begin(phase: Phase, weights: Any, batch_size: int, *, history: tuple[EpochRecord, ...]) -> TrainingState:
    optimizer = _optimizer(phase, batch_size).init(weights)
    return TrainingState(
        phase=phase.number, weights=weights, optimizer=optimizer, best=weights, best_epoch=0, history=history
    )


def _finished(phase: Phase, state: TrainingState, patience: int) -> bool:
    done = state.in_phase
    return len(done) >= phase.epochs or bool(done and done[-1].epoch - state.best_epoch >= patience)


def _after(
    state: TrainingState,
    trained: tuple[Any, Any, Losses],
    checked: tuple[Float[Array, ""], Losses],
    *,
    seconds: float,
) -> TrainingState:
    """The state after an epoch, from what `make_epoch` and `validation_loss` give."""
    weights, optimizer, losses = trained
    validation, of_labelled, of_others = of_leader(*map(float, (checked[0], checked[1].data, checked[1].equation)))
    if not math.isfinite(validation):
        hint = "Use a smaller --learning-rate."
        what = f"training has diverged in epoch {len(state.history) + 1}: the loss is not finite."
        raise ConvergenceError(what, hint=hint)
    record = EpochRecord(
        epoch=len(state.history) + 1,
        phase=state.phase,
        train_mse=float(losses.data),
        validation_mse=of_labelled,
        validation_loss=validation,
        equation=float(losses.equation),
        validation_equation=of_others,
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
