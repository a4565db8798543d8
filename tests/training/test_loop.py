import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import ComplexFamily, GenerateConfig, InputError, TrainConfig, generate, read_dataset, train
from diffeliash.training import evaluate, pearson

DATA = GenerateConfig(
    family=ComplexFamily(n_points=50), num_samples=600, T=3.0, omega_c=30.0, matsubara_cutoff=40.0, n_energies=20,
)  # fmt: skip
CONFIG = TrainConfig(hidden_sizes=(20, 20), epochs=8, batch_size=8, learning_rate=1e-2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "set"
    generate(DATA, folder)
    return read_dataset(folder)


def weights(training):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(training.model)]


def test_training_learns_and_keeps_the_best_epoch(dataset):
    seen = []
    training = train(dataclasses.replace(CONFIG, epochs=30, learning_rate=3e-3), dataset, progress=seen.append)
    assert [record.epoch for record in seen] == list(range(1, 31))
    labels = dataset.a2f[training.split.validation]
    always_the_mean = np.mean((dataset.a2f[training.split.train].mean(axis=0) - labels) ** 2)
    best = min(seen, key=lambda record: record.validation_mse)
    assert training.best_epoch == best.epoch
    assert best.validation_mse < 0.9 * always_the_mean
    found = np.mean(
        (_predict(training, dataset, training.split.validation) - dataset.a2f[training.split.validation]) ** 2
    )
    assert found == pytest.approx(best.validation_mse, rel=1e-4)


def _predict(training, dataset, rows):
    features = np.concatenate([dataset.Delta[rows].real, dataset.Delta[rows].imag], axis=1)
    return np.asarray(jax.vmap(training.model)(features))


def test_same_seed_same_weights(dataset):
    one, two = weights(train(CONFIG, dataset)), weights(train(CONFIG, dataset))
    other = weights(train(dataclasses.replace(CONFIG, seed=1), dataset))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_standardization_knows_the_training_rows_only(dataset):
    training = train(CONFIG, dataset)
    rows = training.split.train
    np.testing.assert_allclose(training.model.standardization.output_mean, dataset.a2f[rows].mean(axis=0), rtol=1e-5)
    assert not np.allclose(training.model.standardization.output_mean, dataset.a2f.mean(axis=0), rtol=1e-5)


def test_consistency_is_one_switch_and_lowers_the_consistency_loss(dataset):
    config = dataclasses.replace(CONFIG, consistency_weight=1.0, consistency_epochs=6)
    off, on = train(CONFIG, dataset), train(config, dataset)
    assert len(on.history) == len(off.history) + 6
    assert all(record.consistency == 0 for record in off.history)
    assert on.best_epoch > 8
    measured = [record.consistency for record in on.history[8:]]
    assert measured[-1] < 0.7 * measured[0]
    before, after = (_evaluate(t, dataset, t.split.train).metrics["dg_iw_mean"] for t in (off, on))
    assert after < before


def test_evaluation_of_a_trained_and_of_a_perfect_predictor(dataset):
    training = train(CONFIG, dataset)
    rows = training.split.test
    evaluation = _evaluate(training, dataset, rows)
    m = evaluation.metrics
    assert m["n_test"] == rows.size == m["n_recomputed"] + m["n_normal"] + m["n_not_converged"]
    assert m["test_mse"] == pytest.approx(np.mean((evaluation.predicted - dataset.a2f[rows]) ** 2))
    assert m["df_mean"] == pytest.approx(np.mean(1 - pearson(evaluation.predicted, dataset.a2f[rows])))

    table = jnp.asarray(dataset.a2f[rows])
    keys = jnp.asarray(np.concatenate([dataset.Delta[rows].real, dataset.Delta[rows].imag], axis=1))

    def look_up(features):
        return table[jnp.argmin(jnp.sum((keys - features[None, :]) ** 2, axis=1))].astype(jnp.float32)

    m = evaluate(look_up, training.setting, dataset, rows, mean_spectrum=dataset.a2f[rows].mean(axis=0)).metrics
    assert m["baseline_mse"] == pytest.approx(np.mean(np.var(dataset.a2f[rows], axis=0)))
    assert m["test_mse"] < 1e-12
    assert m["df_mean"] < 1e-9
    assert m["dg_iw_mean"] < 1e-5  # labels pass through single precision


def _evaluate(training, dataset, rows):
    mean = training.model.standardization.output_mean
    return evaluate(training.model, training.setting, dataset, rows, mean_spectrum=mean)


def test_pearson():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 30))
    np.testing.assert_allclose(pearson(a, b), [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)], rtol=1e-12)
    np.testing.assert_allclose(pearson(a, 3 * a + 2), 1.0, rtol=1e-14)
    assert np.isnan(pearson(a, np.ones_like(a))).all()


def test_too_small_data_and_bad_settings(dataset):
    with pytest.raises(InputError, match="batch"):
        train(dataclasses.replace(CONFIG, batch_size=1000), dataset)
    with pytest.raises(ValueError, match=r"epochs.*consistency_weight"):
        TrainConfig(epochs=0, consistency_weight=-1.0)
