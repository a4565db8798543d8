"""States of a run that somebody forged: not believed, or refused."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from diffeliash import IntegrityError
from diffeliash._errors import DiffeliashError
from diffeliash.models import trainable
from diffeliash.training import STATE_KIND, EpochRecord, StateFiles, read_state
from diffeliash.training._state import TrainingState

from ..hostile import as_json, mutations
from ..models.test_hostile_checkpoint import forge, parts
from ..models.test_predictor import make

IDENTITY = {"train": {"epochs": 3}, "data": "0" * 64}
RECORD = EpochRecord(
    epoch=1, phase=1, train_mse=0.5, validation_mse=0.4, validation_loss=0.4, equation=0.0, validation_equation=0.0,
    solver=0.0, n_masked=0, seconds=0.1,
)  # fmt: skip


@pytest.fixture
def state():
    model = make(3)
    weights = eqx.filter(model, trainable(model))
    optimizer = optax.adam(1e-3).init(weights)
    history = (RECORD, dataclasses.replace(RECORD, epoch=2))
    return TrainingState(phase=1, weights=weights, optimizer=optimizer, best=weights, best_epoch=2, history=history)


def written(folder, state):
    files = StateFiles(folder, IDENTITY)
    assert files.write(state, now=True)
    return files, folder / "state-000002.ckpt"


def test_round_trip(tmp_path, state):
    files, path = written(tmp_path, state)
    found = files.newest(state)
    assert (found.phase, found.best_epoch, found.history) == (1, 2, state.history)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(state), strict=True):
        np.testing.assert_array_equal(a, b)
    assert read_state(path)[0].kind == STATE_KIND


def test_losses_that_are_not_finite_but_the_one_that_decides(tmp_path, state):
    record = dataclasses.replace(RECORD, epoch=2, train_mse=float("inf"), solver=float("nan"))
    files, _ = written(tmp_path, dataclasses.replace(state, history=(RECORD, record)))
    assert files.newest(state).history[1].train_mse == np.inf


def test_every_field_of_every_kind(tmp_path, state):
    files, path = written(tmp_path, state)
    header, payload = parts(path)
    accepted = []
    for what, forged in mutations(header):
        forge(path, as_json(forged).encode(), payload)
        try:
            found = files.newest(state)
        except DiffeliashError:
            continue
        if found is not None:
            accepted.append(what)
            assert [record.epoch for record in found.history] == list(range(1, len(found.history) + 1)), what
            assert 0 <= found.best_epoch <= len(found.history)
    losses = ("train_mse", "validation_mse", "equation", "validation_equation", "solver", "seconds", "n_masked",
              "posterior", "validation_posterior")  # fmt: skip
    free = ("versions", "identity.train.", "identity.", *(f"history.0.{name}" for name in losses))
    left = [what for what in accepted if not what.startswith(free)]
    small = {"fraction", "zero", "negative", "huge", "huge and whole", "beyond int64"}
    assert {what for what in left if not what.startswith("history.0.validation_loss")} <= {"best_epoch: zero"}
    assert {what.split(": ")[1] for what in left if what.startswith("history.0.validation_loss")} <= small


@pytest.mark.parametrize("part", ["weights", "best"])
def test_weights_are_numbers(tmp_path, state, part):
    broken = jax.tree.map(lambda leaf: jnp.full_like(leaf, np.nan), state.weights)
    files, _ = written(tmp_path, dataclasses.replace(state, **{part: broken}))
    with pytest.raises(IntegrityError, match="not finite"):
        files.newest(state)


def test_a_history_that_cannot_be(tmp_path, state):
    _, path = written(tmp_path, state)
    header, payload = parts(path)
    for changed in ({"best_epoch": 3}, {"phase": 2, "history": header["history"][::-1]}, {"history": []}):
        forge(path, json.dumps(header | changed).encode(), payload)
        with pytest.raises(IntegrityError):
            read_state(path)
