"""Where a training run stands, and the files that keep it."""

import dataclasses
import pathlib
import time
from typing import Annotated, Any

import jax
import numpy as np
from pydantic import Field, JsonValue

from .._errors import DiffeliashError, InputError
from .._headers import Count, Finite, header
from ..models import EnvelopeHeader, fill, read_envelope, refuse_not_finite, write_envelope

STATE_KIND = "training state"

STATE_FILES = "state-*.ckpt"

SAVE_EVERY = 20.0
"""Seconds between two files."""


PhaseNumber = Annotated[int, Field(ge=1, le=2)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One line of the history of a run.

    Args:
        epoch: From 1, through both phases.
        phase: 1 with the data loss and the equation residual, 2 with the solver consistency too.
        train_mse: Of labelled rows, mean over the epoch, while the weights change.
        validation_mse: Of labelled rows, after the epoch; zero if there are none.
        validation_loss: What the weights are chosen by.
        equation: Mean square distance to the linear inversion of rows without a label, mean over the epoch.
        validation_equation: The same after the epoch; zero where labels are used.
        solver: Solver consistency, mean over the epoch; 0 where it is switched off.
        n_masked: Samples left out of it because they did not converge.
        seconds: The epoch took, validation included.
    """

    epoch: Count
    phase: PhaseNumber
    train_mse: float
    validation_mse: float
    validation_loss: Finite
    equation: float
    validation_equation: float
    solver: float
    n_masked: Count
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Where a run stands after an epoch: with the same data it goes on from here to the same end, bit by bit.

    Args:
        phase: From 1.
        weights: Of the network.
        optimizer: State of the optimizer.
        best: The weights with the smallest validation loss of this phase.
        best_epoch: Their epoch; 0 before the first.
        history: One record an epoch.
    """

    phase: int
    weights: Any
    optimizer: Any
    best: Any
    best_epoch: int
    history: tuple[EpochRecord, ...]

    @property
    def in_phase(self) -> tuple[EpochRecord, ...]:
        """The epochs of this phase."""
        return tuple(record for record in self.history if record.phase == self.phase)


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _StateHeader(EnvelopeHeader):
    identity: dict[str, JsonValue]
    phase: PhaseNumber
    best_epoch: Count
    history: Annotated[tuple[EpochRecord, ...], Field(min_length=1)]

    def __post_init__(self):
        phases = [record.phase for record in self.history]
        if [record.epoch for record in self.history] != list(range(1, len(phases) + 1)):
            raise ValueError("the epochs of `history` are not 1, 2, 3 and so on")
        if phases != sorted(phases) or phases[-1] > self.phase or self.best_epoch > len(phases):
            raise ValueError("`phase` or `best_epoch` do not fit `history`")


def read_state(path: pathlib.Path) -> tuple[_StateHeader, list[np.ndarray]]:
    """A file of `StateFiles`: header and arrays.

    Raises:
        InputError: There is no such file, it is something else, or of another format version.
        IntegrityError: The file is damaged.
    """
    return read_envelope(path, STATE_KIND, _StateHeader)


class StateFiles:
    """The states of one run in its folder: each is read back and checked before the one before is removed.

    Args:
        folder: Of the run.
        identity: What a state belongs to; one that belongs to something else is refused.
    """

    def __init__(self, folder: pathlib.Path, identity: dict[str, Any]):
        self.folder, self.identity = folder, identity
        self._written_at, self._written_epoch = time.monotonic(), 0

    def newest(self, skeleton: TrainingState) -> TrainingState | None:
        """The newest state that is whole, if there is one.

        Args:
            skeleton: A state with arrays of the same types and shapes.

        Raises:
            InputError: It belongs to another configuration or other data.
            IntegrityError: Its arrays do not fit, or its weights are not finite.
        """
        for path in sorted(self.folder.glob(STATE_FILES), reverse=True):
            try:
                found, arrays = read_state(path)
            except DiffeliashError:  # the one before is still there
                continue
            self._refuse_other(found.identity, path)
            self._written_epoch = len(found.history)
            weights, optimizer, best = fill(jax.eval_shape(lambda: _arrays(skeleton)), arrays, path)
            refuse_not_finite((weights, best), path)
            return TrainingState(
                phase=found.phase,
                weights=weights,
                optimizer=optimizer,
                best=best,
                best_epoch=found.best_epoch,
                history=found.history,
            )
        return None

    def write(self, state: TrainingState, *, now: bool = False) -> bool:
        """Write a state if it is time to, or at once; whether there is a new file."""
        epoch = len(state.history)
        due = now or time.monotonic() - self._written_at >= SAVE_EVERY
        if not due or epoch == self._written_epoch:
            return False
        path = self.folder / STATE_FILES.replace("*", f"{epoch:06d}")
        header = {
            "identity": self.identity,
            "phase": state.phase,
            "best_epoch": state.best_epoch,
            "history": [dataclasses.asdict(record) for record in state.history],
        }
        write_envelope(path, STATE_KIND, header, _arrays(state))
        read_state(path)
        for other in set(self.folder.glob(STATE_FILES)) - {path}:
            other.unlink(missing_ok=True)
        self._written_at, self._written_epoch = time.monotonic(), epoch
        return True

    def _refuse_other(self, identity: dict[str, Any], path: pathlib.Path) -> None:
        differing = [name for name in self.identity if identity.get(name) != self.identity[name]]
        if differing:
            what, why = "the state in this folder belongs to another run", f"{', '.join(differing)} differ."
            raise InputError(what, where=str(path), why=why)


def _arrays(state: TrainingState) -> tuple[Any, Any, Any]:
    return state.weights, state.optimizer, state.best
