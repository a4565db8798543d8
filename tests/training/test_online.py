"""Training with samples that are drawn and solved while the network trains."""

import dataclasses

import jax
import numpy as np
import pytest

from diffeliash import ComplexFamily, GenerateConfig, InputError, TrainConfig, train
from diffeliash._limits import MOST_SHARDS
from diffeliash.data import config_of, draw_samples, split_rows
from diffeliash.data.generation._draw_samples import FIRST_BLOCK
from diffeliash.data.generation._sample_record import sample_keys
from diffeliash.models import setting_of
from diffeliash.training import StateFiles
from diffeliash.training._prepared import prepare_inversion_network, prepare_predictor

from .test_train import dataset, equal  # noqa: F401 - a fixture

CONFIG = TrainConfig(network="fully-connected", hidden_sizes=(16,), epochs=3, batch_size=32, online=True)


def test_samples_are_those_of_generate_and_of_no_data_set(dataset):  # noqa: F811
    config = config_of(dataset.config)
    assert FIRST_BLOCK > MOST_SHARDS
    one, again = draw_samples(config, 3, 20), draw_samples(dataclasses.replace(config, num_samples=7), 3, 20)
    np.testing.assert_array_equal(one.a2f, again.a2f)
    np.testing.assert_array_equal(one.Delta, again.Delta)
    assert one.a2f.shape == (20, dataset.omega.size)
    np.testing.assert_array_equal(one.omega, dataset.omega)
    np.testing.assert_array_equal(one.omega_real, dataset.omega_real)
    # the first ones are also those of a longer draw, and differ from those of another block and of the data set
    np.testing.assert_allclose(draw_samples(config, 3, 40).a2f[:20], one.a2f, rtol=1e-12)
    others = np.concatenate([dataset.a2f, draw_samples(config, 4, 20).a2f])
    assert np.min(np.max(np.abs(one.a2f[:, None] - others[None]), axis=2)) > 1e-3
    # the solutions are right: the gap functions of the same spectra
    keys = sample_keys(config.seed, FIRST_BLOCK + 3, 64)
    spectra = [config.family.sample_spectrum(jax.random.wrap_key_data(key, impl="threefry2x32")).a2f for key in keys]
    distances = np.max(np.abs(one.a2f[:, None] - np.asarray(spectra)[None]), axis=2)
    assert np.all(np.min(distances, axis=1) < 1e-9)
    assert np.all(np.diff(np.argmin(distances, axis=1)) > 0)


def test_a_run_goes_on_from_its_state_with_the_same_result(dataset, tmp_path):  # noqa: F811
    whole = train(CONFIG, dataset)

    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, dataset, progress=stop, files=StateFiles(tmp_path, {}))
    assert equal(train(CONFIG, dataset, files=StateFiles(tmp_path, {})), whole)
    assert not equal(train(dataclasses.replace(CONFIG, online=False), dataset), whole)


def test_the_training_set_is_new_in_every_epoch_and_the_labels_fit(dataset):  # noqa: F811
    setting, split = setting_of(dataset.config), split_rows(len(dataset), 0)
    found = prepare_predictor(CONFIG, dataset, setting, split, jax.random.key(0))
    one, other = found.fresh(1), found.fresh(2)
    assert one.features.shape == other.features.shape == found.rows.features.shape
    assert not np.any(np.all(np.asarray(one.target) == np.asarray(other.target), axis=1))
    drawn = draw_samples(config_of(dataset.config), 1, len(one))
    np.testing.assert_allclose(one.target, drawn.a2f, rtol=1e-6)
    np.testing.assert_allclose(one.features[:, : drawn.omega_real.size], np.real(drawn.Delta), rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_an_inversion_network_learns_from_new_samples(dataset):  # noqa: F811
    config = TrainConfig(hidden_sizes=(30, 30), epochs=1, batch_size=32, posterior_epochs=2, online=True)
    setting, split = setting_of(dataset.config), split_rows(len(dataset), 0)
    prepared = prepare_inversion_network(config, dataset, setting, split, jax.random.key(0), lambda done, total: None)
    one, posterior = prepared.fresh(1), prepared.fresh_posterior(2)
    assert one.features.shape == prepared.rows.features.shape
    assert 0.5 < float(np.mean(one.weights)) < 2
    assert posterior.whitened.shape == prepared.posterior[0].whitened.shape
    assert 0.7 < float(np.std(posterior.whitened)) < 1.6
    found = train(config, dataset)
    assert [record.phase for record in found.history] == [1, 2, 2]
    assert found.history[-1].validation_posterior < found.history[1].validation_posterior + 0.5


def test_a_family_without_superconductors_is_refused():
    family = ComplexFamily(n_points=20, lambda_min=1e-3, lambda_max=2e-3)
    with pytest.raises(InputError, match="only 0 of"):
        draw_samples(GenerateConfig(family=family, num_samples=1, n_energies=20), 0, 16)


@pytest.mark.parametrize("change", [{"max_labels": 100}, {"solver_weight": 1.0}])
def test_contradictions_are_refused(change):
    with pytest.raises(ValueError, match="online"):
        dataclasses.replace(CONFIG, **change)
