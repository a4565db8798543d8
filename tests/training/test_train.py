import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    ComplexFamily,
    ConvergenceError,
    GenerateConfig,
    InputError,
    TrainConfig,
    generate,
    read_dataset,
    train,
)
from diffeliash.training import StateFiles, evaluate, make_examples, pearson

DATA = GenerateConfig(
    family=ComplexFamily(n_points=50, window=0.1), num_samples=600, T=3.0, omega_c=30.0, matsubara_cutoff=40.0,
    n_energies=60, broadening=0.4,
)  # fmt: skip
CONFIG = TrainConfig(network="fully-connected", hidden_sizes=(20, 20), epochs=8, batch_size=8, learning_rate=1e-2)
FIELDS = ("a2f", "Delta_meV", "Delta_iw_meV", "dos")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "set"
    generate(DATA, folder)
    return read_dataset(folder, FIELDS)


def weights(training):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(training.model)]


def equal(one, two):
    return all(np.array_equal(a, b) for a, b in zip(weights(one), weights(two), strict=True))


def errors(training, dataset, rows):
    """1 - PCC of the predictions, without solving anything."""
    inputs = make_examples(TrainConfig(network="fully-connected", task=training.setting.task), dataset).inputs[rows]
    found = np.asarray(jax.vmap(training.model)(jnp.asarray(inputs)))
    return 1 - pearson(found, dataset.a2f[rows])


def test_training_learns_and_keeps_the_best_epoch(dataset):
    seen = []
    training = train(dataclasses.replace(CONFIG, epochs=30, learning_rate=3e-3), dataset, progress=seen.append)
    assert [record.epoch for record in seen] == list(range(1, 31))
    labels = dataset.a2f[training.split.validation]
    always_the_mean = np.mean((dataset.a2f[training.split.train].mean(axis=0) - labels) ** 2)
    best = min(seen, key=lambda record: record.validation_mse)
    assert training.best_epoch == best.epoch
    assert best.validation_mse < 0.9 * always_the_mean
    inputs = make_examples(CONFIG, dataset).inputs[training.split.validation]
    found = np.mean((np.asarray(jax.vmap(training.model)(jnp.asarray(inputs))) - labels) ** 2)
    assert found == pytest.approx(best.validation_mse, rel=1e-4)


def test_same_seed_same_weights(dataset):
    one = train(CONFIG, dataset)
    assert equal(one, train(CONFIG, dataset))
    assert not equal(one, train(dataclasses.replace(CONFIG, seed=1), dataset))


def test_standardization_knows_the_training_rows_only(dataset):
    training = train(dataclasses.replace(CONFIG, max_labels=50), dataset)
    known = training.split.train[:50]
    np.testing.assert_allclose(training.model.standardization.output_mean, dataset.a2f[known].mean(axis=0), rtol=1e-5)
    assert not np.allclose(training.model.standardization.output_mean, dataset.a2f.mean(axis=0), rtol=1e-5)


def test_equations_stand_in_for_labels(dataset):
    """Gap functions alone teach a2F nearly as well as labels do, and far better than few labels."""
    config = dataclasses.replace(CONFIG, epochs=40, learning_rate=3e-3, hidden_sizes=(100, 100))
    equations = dataclasses.replace(config, equation_weight=1.0, max_labels=0)
    without, every, few = train(equations, dataset), train(config, dataset), dataclasses.replace(config, max_labels=20)
    rows = without.split.test
    mean = [float(np.mean(errors(training, dataset, rows))) for training in (without, every, train(few, dataset))]
    assert mean[0] < 1.5 * mean[1]
    assert mean[0] < 0.5 * mean[2]
    # labels do not enter: other ones lead to the same weights
    other = dataclasses.replace(dataset, fields=dataset.fields | {"a2f": np.ones_like(dataset.a2f)})
    assert equal(without, train(equations, other))


@pytest.mark.slow
def test_the_solver_phase_lowers_the_miss_of_the_gap_function_and_goes_on_after_an_interruption(dataset, tmp_path):
    config = dataclasses.replace(CONFIG, solver_weight=30.0, solver_epochs=4, max_labels=60, solver_learning_rate=3e-3)
    ends = {}
    whole = train(
        config, dataset, files=StateFiles(tmp_path, {}), saved=lambda now: ends.update({now.history[-1].phase: now})
    )
    assert [record.phase for record in whole.history] == 8 * [1] + 4 * [2]
    assert all(record.solver == 0 for record in whole.history[:8])
    measured = [record.solver for record in whole.history[8:]]
    assert measured[-1] < measured[0]
    before, after = (_evaluate(config, ends[phase], dataset).metrics["gap_l2_mean"] for phase in (1, 2))
    assert after < 0.7 * before  # 0.2 to 0.5 with three seeds

    (tmp_path / "broken").mkdir()
    for stop in (3, 10):  # once in each phase
        with pytest.raises(KeyboardInterrupt):
            train(config, dataset, files=StateFiles(tmp_path / "broken", {}), progress=_stop_at(stop))
    found = train(config, dataset, files=StateFiles(tmp_path / "broken", {}))
    assert equal(found, whole)
    strip = [dataclasses.replace(record, seconds=0.0) for record in found.history]
    assert strip == [dataclasses.replace(record, seconds=0.0) for record in whole.history]


def _stop_at(epoch):
    def stop(record):
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return stop


def test_damaged_and_foreign_states(dataset, tmp_path):
    def until(epoch):
        with pytest.raises(KeyboardInterrupt):
            train(CONFIG, dataset, files=StateFiles(tmp_path, {"seed": 0}), progress=_stop_at(epoch))

    until(3)
    with pytest.raises(InputError, match="another run: seed differ"):
        train(CONFIG, dataset, files=StateFiles(tmp_path, {"seed": 1}))
    (state,) = tmp_path.iterdir()
    newer = tmp_path / "state-000007.ckpt"  # as of a machine that lost its power
    newer.write_bytes(state.read_bytes()[:-100])
    seen = []
    train(CONFIG, dataset, files=StateFiles(tmp_path, {"seed": 0}), progress=seen.append)
    assert [record.epoch for record in seen] == [4, 5, 6, 7, 8]
    assert [path.name for path in tmp_path.iterdir()] == ["state-000008.ckpt"]


def test_patience(dataset):
    history = train(dataclasses.replace(CONFIG, epochs=200, patience=5, max_labels=20), dataset).history
    best = min(history, key=lambda record: record.validation_loss).epoch
    assert len(history) == best + 5 < 200


def test_divergence_is_an_error_and_leaves_no_weights(dataset, tmp_path):
    config = dataclasses.replace(CONFIG, learning_rate=1e30)
    with pytest.raises(ConvergenceError, match="diverged in epoch 1"):
        train(config, dataset, files=StateFiles(tmp_path, {}))
    assert not list(tmp_path.iterdir())


def test_noise_is_on_the_inputs_and_always_the_same(dataset):
    config = dataclasses.replace(CONFIG, noise=0.01)
    clean, noisy = make_examples(CONFIG, dataset), make_examples(config, dataset)
    size = np.max(np.abs(dataset.Delta), axis=1, keepdims=True)
    deviation = (noisy.inputs - clean.inputs) / size
    assert np.std(deviation) == pytest.approx(0.01, rel=0.02)
    assert np.abs(np.mean(deviation)) < 1e-4
    np.testing.assert_array_equal(noisy.inputs, make_examples(config, dataset).inputs)
    np.testing.assert_array_equal(noisy.outputs, clean.outputs)


@pytest.mark.parametrize(("task", "sizes"), [("dos-to-a2f", (60, 50)), ("a2f-to-gap", (50, 120))])
def test_other_tasks(dataset, task, sizes):
    config = dataclasses.replace(CONFIG, task=task, epochs=30, learning_rate=3e-3, hidden_sizes=(40, 40))
    training = train(config, dataset)
    assert (training.model_config.input_size, training.model_config.output_size) == sizes
    assert training.history[training.best_epoch - 1].validation_mse < 0.7 * training.history[0].validation_mse
    if task == "a2f-to-gap":
        m = _evaluate(config, training, dataset).metrics
        assert m["test_mse"] < 0.3 * m["baseline_mse"]
        assert 0 < m["dg_mean"] < 0.1
        assert "df_mean" not in m


def test_positive_outputs(dataset):
    training = train(dataclasses.replace(CONFIG, positive=True), dataset)
    found = jax.vmap(training.model)(jnp.asarray(make_examples(CONFIG, dataset).inputs))
    assert float(jnp.min(found)) > 0
    assert np.mean(errors(training, dataset, training.split.test)) < 0.5


@pytest.mark.slow
def test_evaluation_of_a_perfect_predictor(dataset):
    training = train(dataclasses.replace(CONFIG, epochs=1), dataset)
    rows = training.split.test
    table = jnp.asarray(dataset.a2f[rows])
    keys = jnp.asarray(make_examples(CONFIG, dataset).inputs[rows])

    def look_up(features):
        return table[jnp.argmin(jnp.sum((keys - features[None, :]) ** 2, axis=1))].astype(jnp.float32)

    m = evaluate(
        look_up, training.setting, dataset, rows, inputs=np.asarray(keys), mean_output=dataset.a2f[rows].mean(axis=0)
    ).metrics
    assert m["n_test"] == rows.size == m["n_recomputed"] + m["n_normal"] + m["n_not_converged"]
    assert m["baseline_mse"] == pytest.approx(np.mean(np.var(dataset.a2f[rows], axis=0)))
    assert m["test_mse"] < 1e-12
    assert m["df_mean"] < 1e-9
    assert m["gap_l2_mean"] < 1e-4  # labels pass through single precision
    assert m["dg_iw_mean"] < 1e-5


def _evaluate(config, training, dataset):
    rows, mean = training.split.test, training.model.standardization.output_mean
    inputs = make_examples(config, dataset).inputs[rows]
    return evaluate(training.model, training.setting, dataset, rows, inputs=inputs, mean_output=mean)


def test_pearson():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 30))
    np.testing.assert_allclose(pearson(a, b), [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)], rtol=1e-12)
    np.testing.assert_allclose(pearson(a, 3 * a + 2), 1.0, rtol=1e-14)
    assert np.isnan(pearson(a, np.ones_like(a))).all()


def test_too_small_data_and_bad_settings(dataset):
    with pytest.raises(InputError, match="batch"):
        train(dataclasses.replace(CONFIG, batch_size=1000), dataset)
    with pytest.raises(ValueError, match=r"epochs.*solver_weight"):
        TrainConfig(epochs=0, solver_weight=-1.0)
    for bad in ({"max_labels": 0}, {"task": "dos-to-a2f", "equation_weight": 1.0}, {"task": "gap"}):
        with pytest.raises(ValueError, match=r"needed|needs|must be one of"):
            TrainConfig(**bad)
