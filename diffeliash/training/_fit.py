"""The training loop: epochs in phases, early stopping, and resumption after an interruption."""

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
from ._hosts import fail_together, from_main_process, is_main_process
from ._optimizer import averaged_weights, optimizer_of
from ._state import EpochRecord, StateFiles, TrainingState
from ._step import Losses, make_epoch, validation_loss


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phase:
    """A phase of a training: epochs with one loss, one learning-rate schedule and one training set.

    Args:
        number: Number of the phase, from 1.
        epochs: Largest number of epochs.
        batch_size: Samples in a batch.
        learning_rate: Initial learning rate of Adam.
        objective: The loss: a function of the network and a batch, for example an `Objective`.
        rows: The training set.
        validation: The validation set, whose loss decides which weights are best.
        fresh: Makes the training set of an epoch from its number; `rows` for all epochs if `None`.
        schedule: Schedule of the learning rate, see `TrainConfig`.
        gradient_clip: Largest norm of a gradient; no limit if zero.
        averaging: Weights are averages over about 1 / (1 - `averaging`) updates; not averaged if zero.
        optimizer: Another optimizer in place of Adam with the schedule.
        weight_decay: Decoupled weight decay (I. Loshchilov and F. Hutter, arXiv:1711.05101); Adam without any if zero.
        decayed: Marks the weights that decay, as a pytree of booleans; all if `None`.
    """

    number: int
    epochs: int
    batch_size: int
    learning_rate: float
    objective: Any
    rows: Any
    validation: Any
    fresh: Callable[[int], Any] | None = None
    schedule: str = "cosine"
    gradient_clip: float = 0.0
    averaging: float = 0.0
    optimizer: optax.GradientTransformation | None = None
    weight_decay: float = 0.0
    decayed: Callable[[Any], Any] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """The result of the training loop.

    Args:
        model: The network with the weights of the smallest validation loss in the last phase.
        best_epoch: The epoch of these weights.
        history: One record for each epoch.
    """

    model: Any
    best_epoch: int
    history: tuple[EpochRecord, ...]


def fit(
    model: Network,
    phases: Sequence[Phase],
    *,
    patience: int,
    key: PRNGKeyArray,
    progress: Callable[[EpochRecord], None] = lambda record: None,
    files: StateFiles | None = None,
    saved: Callable[[Fit], None] = lambda fit: None,
) -> Fit:
    """Train a network in phases, each from the best weights of the one before.

    Args:
        model: The network with its initial weights.
        phases: The phases, in order.
        patience: A phase ends after this many epochs without a smaller validation loss.
        key: Random key of the order of the samples.
        progress: Called with the record of every epoch.
        files: Files for the state of the training, written from time to time and at the end of each phase; if they
            have a state already, the training is resumed from it.
        saved: Called after a state has been written, with the result that the training would have now.

    Raises:
        InputError: The training set of a phase has fewer samples than a batch, or the files are of another run.
        ConvergenceError: The training diverges.
        StorageError: The state cannot be written, or processes that train together have different states.
    """
    for phase in phases:
        _check_batch_size(phase)
    weights, static = eqx.partition(model, trainable(model))

    def result_of(state: TrainingState) -> Fit:
        return Fit(model=eqx.combine(state.best, static), best_epoch=state.best_epoch, history=state.history)

    def save(state: TrainingState, *, now: bool) -> None:
        if files and is_main_process() and files.write(state, now=now):
            saved(result_of(state))

    state = _start_phase(phases[0], weights, history=())
    with fail_together():
        state = (files and files.newest(state)) or state
    _check_same_epoch(state)
    try:
        for phase in phases[state.phase - 1 :]:
            if state.phase != phase.number:
                state = _start_phase(phase, state.best, history=state.history)
            run_epoch = make_epoch(static, _optimizer(phase), phase.objective, batch_size=phase.batch_size)
            while not _is_finished(phase, state, patience):
                started, epoch = time.perf_counter(), len(state.history) + 1
                rows = phase.fresh(epoch) if phase.fresh else phase.rows
                trained = run_epoch(state.weights, state.optimizer, rows, jax.random.fold_in(key, epoch))
                used = averaged_weights(trained[1]) if phase.averaging else trained[0]
                checked = validation_loss(used, static, phase.validation, phase.objective)
                state = _next_state(state, trained, used, checked, seconds=time.perf_counter() - started)
                with fail_together():
                    progress(state.history[-1])
                    save(state, now=_is_finished(phase, state, patience))
    finally:
        if state.history:
            save(state, now=True)
    return result_of(state)


def _check_batch_size(phase: Phase) -> None:
    if len(phase.rows) < phase.batch_size:
        raise InputError(
            f"{len(phase.rows)} training samples do not fill one batch of {phase.batch_size}.",
            hint="Use more samples or labels, or a smaller --batch-size.",
        )


def _check_same_epoch(state: TrainingState) -> None:
    """Check that all processes that train together resume from the same epoch."""
    (epochs,) = from_main_process(float(len(state.history)))
    with fail_together():
        if len(state.history) != epochs:
            raise StorageError(
                f"this process resumes from epoch {len(state.history)}, the main process from epoch {epochs:g}.",
                hint="All processes must be able to read the folder of the run.",
            )


def _optimizer(phase: Phase) -> optax.GradientTransformation:
    return optimizer_of(
        phase.optimizer,
        n_updates=phase.epochs * (len(phase.rows) // phase.batch_size),
        learning_rate=phase.learning_rate,
        schedule=phase.schedule,
        gradient_clip=phase.gradient_clip,
        averaging=phase.averaging,
        weight_decay=phase.weight_decay,
        decayed=phase.decayed,
    )


def _start_phase(phase: Phase, weights: Any, *, history: tuple[EpochRecord, ...]) -> TrainingState:
    optimizer = _optimizer(phase).init(weights)
    return TrainingState(
        phase=phase.number, weights=weights, optimizer=optimizer, best=weights, best_epoch=0, history=history
    )


def _is_finished(phase: Phase, state: TrainingState, patience: int) -> bool:
    done = state.in_phase
    return len(done) >= phase.epochs or bool(done and done[-1].epoch - state.best_epoch >= patience)


def _next_state(
    state: TrainingState,
    trained: tuple[Any, Any, Losses],
    used: Any,
    checked: tuple[Float[Array, ""], Losses],
    *,
    seconds: float,
) -> TrainingState:
    """The state after an epoch, from the results of `make_epoch` and `validation_loss` with the weights `used`."""
    weights, optimizer, losses = trained
    parts = checked[1]
    validation, of_labelled, of_unlabelled, of_posterior = from_main_process(
        *map(float, (checked[0], parts.data, parts.equation, parts.posterior))
    )
    if not math.isfinite(validation):
        hint = "Use a smaller --learning-rate."
        what = f"the training has diverged in epoch {len(state.history) + 1}: the validation loss is not finite."
        raise ConvergenceError(what, hint=hint)
    record = EpochRecord(
        epoch=len(state.history) + 1,
        phase=state.phase,
        train_mse=float(losses.data),
        validation_mse=of_labelled,
        validation_loss=validation,
        equation=float(losses.equation),
        validation_equation=of_unlabelled,
        solver=float(losses.solver),
        n_masked=int(losses.n_masked),
        posterior=float(losses.posterior),
        validation_posterior=of_posterior,
        seconds=seconds,
    )
    better = all(record.validation_loss < past.validation_loss for past in state.in_phase)
    return TrainingState(
        phase=state.phase,
        weights=weights,
        optimizer=optimizer,
        best=used if better else state.best,
        best_epoch=record.epoch if better else state.best_epoch,
        history=(*state.history, record),
    )
