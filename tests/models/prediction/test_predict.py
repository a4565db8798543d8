"""Prediction in Python: from a run, a checkpoint or its file, with error bars where the network has them."""

import jax
import numpy as np
import pytest

import diffeliash as de
from diffeliash.data import GapFile
from diffeliash.models import (
    Checkpoint,
    Predictor,
    PredictorConfig,
    Setting,
    fit_standardization,
    predict_function,
    write_checkpoint,
)

from ..inversion_network.test_inversion_network import dataset, network  # noqa: F401 - fixtures
from ..inversion_network.test_posterior import with_flow  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def checkpoint(with_flow):  # noqa: F811
    setting = with_flow.front_end.setting
    origin = {"metrics": {"dg_mean": 1e-6, "df_mean": 1e-3, "bad": "text", "missing": None}}
    return Checkpoint(model=with_flow, config=with_flow.config, setting=setting, origin=origin)


@pytest.fixture(scope="module")
def found(dataset, checkpoint):  # noqa: F811
    size = np.max(np.abs(dataset.Delta[300]))
    return de.predict(checkpoint, checkpoint.setting.omega_real, dataset.Delta[300], T=3.0, noise=1e-3 * size)


@pytest.mark.slow
def test_the_prediction_with_its_error_bars(found, dataset, checkpoint):  # noqa: F811
    assert found.ok
    assert found.notes == ()
    assert found.setting == checkpoint.setting
    true, weights = dataset.a2f[300], de.Spectrum(dataset.omega, dataset.a2f[300])
    assert found.samples.shape == (256, true.size)
    np.testing.assert_array_equal(found.a2f_std, np.std(found.samples, axis=0))
    for pair, exact in (
        (found.lambda_ep, float(weights.lambda_ep)),
        (found.omega_log, float(weights.omega_log)),
        (found.omega_2, float(weights.omega_2)),
        (found.T_c, float(de.solve_tc(weights, mu_star=0.1, omega_c=30.0, matsubara_cutoff=40.0))),
    ):
        assert 0 < pair[1] < 0.05 * exact
        assert abs(pair[0] - exact) < 5 * pair[1]
    moments = [float(de.Spectrum(found.omega, each).lambda_ep) for each in found.samples]
    np.testing.assert_allclose(found.lambda_ep[1], np.std(moments), rtol=1e-9)
    assert checkpoint.metrics == {"dg_mean": 1e-6, "df_mean": 1e-3, "missing": None}


@pytest.mark.slow
def test_files_and_other_temperatures_give_the_same(found, dataset, checkpoint, tmp_path):  # noqa: F811
    write_checkpoint(tmp_path / "model.ckpt", checkpoint)
    size, given = np.max(np.abs(dataset.Delta[300])), (2 * checkpoint.setting.omega_real, 2 * dataset.Delta[300])
    other = de.predict(tmp_path, *given, T=6.0, broadening=0.8, noise=2e-3 * size, n_samples=20)
    np.testing.assert_allclose(other.a2f, found.a2f, rtol=1e-4, atol=1e-6)
    assert abs(other.lambda_ep[0] - found.lambda_ep[0]) < 0.7 * found.lambda_ep[1]  # 20 samples
    np.testing.assert_allclose(other.lambda_ep[1], found.lambda_ep[1], rtol=0.5)
    assert abs(other.T_c[0] - 2 * found.T_c[0]) < 2 * 0.7 * found.T_c[1]
    assert other.samples.shape[0] == 20


@pytest.mark.slow
def test_an_answer_of_another_metal_is_doubted(dataset, checkpoint):  # noqa: F811
    """The network sees a function that no a2F has."""
    Delta = dataset.Delta[300] * np.exp(0.2j * np.arange(60))
    found = de.predict(checkpoint, checkpoint.setting.omega_real, Delta, noise=1e-3)
    assert not found.ok
    assert found.notes


def test_without_a_posterior_there_are_no_error_bars():
    setting = Setting(
        omega_max=10.0, n_points=40, n_energies=71, T=3.0, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0,
        broadening=0.3,
    )  # fmt: skip
    a2f = np.exp(-((setting.omega - 5) ** 2))
    shape = PredictorConfig(input_size=142, hidden_sizes=(4,), output_size=40)
    scaling = fit_standardization(np.random.default_rng(0).normal(size=(5, 142)), a2f + np.zeros((5, 40)))
    model = Predictor(shape, scaling, jax.random.key(0))
    checkpoint = Checkpoint(model=model, config=shape, setting=setting, origin={})
    given = GapFile(omega=setting.omega_real, Delta=np.ones(71, complex))
    found = predict_function(checkpoint, given, noise=None)
    assert len(found.samples) == 0
    assert np.all(np.isnan(found.a2f_std))
    assert np.isnan(found.lambda_ep[1])
    assert np.isnan(found.T_c[1])
    assert found.T_c[0] > 0
    assert checkpoint.metrics is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("omega", "values", "why"),
    [
        (np.linspace(0, 35, 60), np.ones(60), "a gap function"),
        (np.linspace(35, 0, 60), np.ones(60) + 0j, "ascending"),
        (np.linspace(0, 35, 60), np.full(60, np.nan) + 0j, "finite"),
        (np.linspace(0, 5, 60), np.ones(60) + 0j, "needs it from 0 to 35"),
    ],
)
def test_what_it_cannot_use_is_refused(checkpoint, omega, values, why):
    with pytest.raises(de.InputError) as caught:
        de.predict(checkpoint, omega, values, noise=1e-3)
    assert why in f"{caught.value}"
