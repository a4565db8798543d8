"""The state of a training run, and the files from which it is resumed."""

import dataclasses
import pathlib
import time
from typing import Annotated, Any

import jax
import numpy as np
from pydantic import Field, JsonValue

from .._errors import DiffeliashError, InputError
from .._headers import Count, Finite, header
from ..models import EnvelopeHeader, check_finite_weights, fill, read_envelope, write_envelope

STATE_KIND = "training state"
"""The `kind` in the header of a file with a training state."""

STATE_FILES = "state-*.ckpt"
"""Pattern of the names of these files, with the number of the epoch."""

SAVE_EVERY = 20.0
"""Seconds between two files."""


PhaseNumber = Annotated[int, Field(ge=1, le=3)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """The losses of one epoch.

    Args:
        epoch: Number of the epoch, from 1, counted through all phases.
        phase: Phase of the training: first without the solver consistency, then with it, then the posterior
            distribution; phases that a training does not have are not counted.
        train_mse: Mean square error of training samples with a label, averaged over the epoch.
        validation_mse: Mean square error of the validation set after the epoch; zero if it has no labels.
        validation_loss: Loss of the validation set, which decides which weights are best.
        equation: Mean square distance from the linear inversion for training samples without a label, averaged over
            the epoch.
        validation_equation: The same for the validation set after the epoch; zero if it has labels.
        solver: Solver consistency, averaged over the epoch; zero if it is not used.
        n_masked: Number of samples left out of the solver consistency because they did not converge.
        seconds: Time of the epoch, validation included [s].
        posterior: Negative logarithm of the probability density of the posterior distribution, relative to the normal
            one, averaged over the epoch; zero before its phase.
        validation_posterior: The same for the validation set after the epoch.
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
    posterior: float = 0.0
    validation_posterior: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingState:
    """The state of a training after an epoch; resumed from it, the training gives the same result bit by bit.

    Args:
        phase: Number of the phase, from 1.
        weights: Weights of the network.
        optimizer: State of the optimizer.
        best: Weights with the smallest validation loss of this phase.
        best_epoch: Epoch of these weights; 0 before the first epoch.
        history: One record for each epoch.
    """

    phase: int
    weights: Any
    optimizer: Any
    best: Any
    best_epoch: int
    history: tuple[EpochRecord, ...]

    @property
    def in_phase(self) -> tuple[EpochRecord, ...]:
        """The records of the epochs of this phase."""
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
            raise ValueError("the epochs of `history` are not numbered 1, 2, 3 and so on")
        if phases != sorted(phases) or phases[-1] > self.phase or self.best_epoch > len(phases):
            raise ValueError("`phase` or `best_epoch` does not agree with `history`")


def read_state(path: pathlib.Path) -> tuple[_StateHeader, list[np.ndarray]]:
    """Read the header and the arrays of a file that `StateFiles` wrote.

    Raises:
        InputError: There is no such file, it is of another kind, or it has an unknown format version.
        IntegrityError: The file is damaged.
    """
    return read_envelope(path, STATE_KIND, _StateHeader)


class StateFiles:
    """The files with the state of one run; a new file is read back and checked before the old one is removed.

    Args:
        folder: Folder of the run.
        identity: Configuration and data of the run; a state with another identity is refused.
    """

    def __init__(self, folder: pathlib.Path, identity: dict[str, Any]):
        self.folder, self.identity = folder, identity
        self._written_at, self._written_epoch = time.monotonic(), 0

    def newest(self, skeleton: TrainingState) -> TrainingState | None:
        """Read the newest undamaged state, if there is one.

        Args:
            skeleton: A state with arrays of the same types and shapes.

        Raises:
            InputError: The state belongs to another configuration or other data.
            IntegrityError: Its arrays have other types or shapes, or its weights are not finite.
        """
        for path in sorted(self.folder.glob(STATE_FILES), reverse=True):
            try:
                found, arrays = read_state(path)
            except DiffeliashError:  # damaged: an older one may exist
                continue
            self._check_identity(found.identity, path)
            self._written_epoch = len(found.history)
            weights, optimizer, best = fill(jax.eval_shape(lambda: _arrays(skeleton)), arrays, path)
            check_finite_weights((weights, best), path)
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
        """Write a state if the last one is older than `SAVE_EVERY`, or at once if `now`; whether it was written."""
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

    def _check_identity(self, identity: dict[str, Any], path: pathlib.Path) -> None:
        differing = [name for name in self.identity if identity.get(name) != self.identity[name]]
        if differing:
            raise InputError(
                "the state in this folder belongs to another run",
                where=str(path),
                why=f"{', '.join(differing)} differ.",
                hint="Use another folder, or the configuration and data of that run.",
            )


def _arrays(state: TrainingState) -> tuple[Any, Any, Any]:
    return state.weights, state.optimizer, state.best
