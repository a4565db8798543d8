"""Training of the network with the linear inversion inside."""

import dataclasses

import jax
import numpy as np
import pytest

from diffeliash import TrainConfig, train
from diffeliash.data import as_features, split_rows
from diffeliash.models import InversionNetwork, apply_network, network_inputs, setting_of
from diffeliash.training import StateFiles, pearson
from diffeliash.training._prepared import COPIES, prepare_inversion_network

from .test_train import dataset, equal  # noqa: F401 - a fixture

CONFIG = TrainConfig(hidden_sizes=(30, 30), epochs=3, batch_size=32, seed=1)


def errors(training, dataset):  # noqa: F811
    rows = training.split.test
    found = apply_network(training.model, network_inputs(training.model, as_features(dataset.Delta[rows]), 0.0))
    return 1 - pearson(found, dataset.a2f[rows])


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):  # noqa: F811
    counts = []
    files = StateFiles(tmp_path_factory.mktemp("run"), {})
    training = train(CONFIG, dataset, preparing=lambda *count: counts.append(count), files=files)
    return training, counts, files.folder


def test_few_samples_are_enough(trained, dataset):  # noqa: F811
    """A fully connected network has errors of 0.1 with these 400 samples."""
    training, _, _ = trained
    assert isinstance(training.model, InversionNetwork)
    assert training.model_config == training.model.config
    assert np.median(errors(training, dataset)) < 5e-3
    done, total = zip(*trained[1], strict=True)
    assert set(total) == {done[-1]}
    assert list(done) == sorted(done)


def test_the_correction_lowers_the_loss(trained):
    history = trained[0].history
    first = [record for record in history if record.phase == 1]
    assert first[-1].train_mse < first[0].train_mse
    assert trained[0].best_epoch == min(first, key=lambda record: record.validation_loss).epoch


def test_a_run_goes_on_from_its_state_with_the_same_result(trained, dataset, tmp_path):  # noqa: F811
    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, dataset, progress=stop, files=StateFiles(tmp_path, {}))
    assert equal(train(CONFIG, dataset, files=StateFiles(tmp_path, {})), trained[0])


@pytest.mark.slow
def test_only_the_labels_that_are_allowed_are_used(dataset):  # noqa: F811
    config = dataclasses.replace(CONFIG, max_labels=40, epochs=1)
    one = train(config, dataset)
    others = np.setdiff1d(one.split.train, one.split.train[:40])
    a2f = dataset.a2f.copy()
    a2f[others] = 1.0
    changed = dataclasses.replace(dataset, fields=dataset.fields | {"a2f": a2f})
    assert equal(one, train(config, changed))
    assert np.median(errors(one, dataset)) < 0.05


def test_samples_without_label_are_rows_too_but_their_labels_do_not_enter(dataset):  # noqa: F811
    """With the solver consistency, which needs no labels; nothing is trained here."""
    config = dataclasses.replace(CONFIG, max_labels=40, solver_weight=1.0)
    setting, split = setting_of(dataset.config), split_rows(len(dataset), 1)
    a2f = dataset.a2f.copy()
    a2f[split.train[40:]] = 1.0
    changed = dataclasses.replace(dataset, fields=dataset.fields | {"a2f": a2f})
    one, other = (
        prepare_inversion_network(config, data, setting, split, jax.random.key(0), lambda done, total: None)
        for data in (dataset, changed)
    )
    assert len(one.rows) == COPIES * split.train.size
    assert float(np.sum(one.rows.labelled)) == COPIES * 40
    whole, others = (each.complete(each.network) for each in (one, other))
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(others), strict=True))
    np.testing.assert_array_equal(one.rows.features, other.rows.features)
    # the functions that belong to the rows are the gap functions with noise
    size = np.max(np.abs(dataset.Delta[split.train]), axis=1)
    difference = np.asarray(one.rows.given)[: split.train.size] - as_features(dataset.Delta[split.train])
    noise = np.asarray(one.rows.features)[: split.train.size, -1]
    strong = noise > 1e-2
    measured = np.std(difference[strong], axis=1) / size[strong]
    np.testing.assert_allclose(np.median(measured / noise[strong]), 1, atol=0.15)


@pytest.mark.slow
def test_the_solver_consistency_works_with_it(trained, dataset):  # noqa: F811
    config = dataclasses.replace(CONFIG, max_labels=40, epochs=1, solver_weight=1.0, solver_epochs=1)
    found = train(config, dataset)
    assert [record.phase for record in found.history[:3]] == [1, 2, 3]
    assert 0 < found.history[1].solver < 0.1
    assert found.history[1].n_masked == 0
    assert found.best_epoch == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"task": "dos-to-a2f"}, "needs gap functions"),
        ({"noise": 0.1}, "largest_noise"),
        ({"equation_weight": 1.0}, "equation_weight"),
        ({"max_labels": 3}, "at least 20 labels"),
        ({"network": "convolutional"}, "`network` must be one of inversion, fully-connected"),
        ({"largest_noise": 1.5}, "largest_noise"),
    ],
)
def test_contradictions_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        dataclasses.replace(CONFIG, **change)
