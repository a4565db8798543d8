import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.models import Predictor, PredictorConfig, fit_standardization, glorot_initialized, trainable

CONFIG = PredictorConfig(input_size=6, hidden_sizes=(5, 4), output_size=3)


def make(seed=0):
    rng = np.random.default_rng(seed)
    scaling = fit_standardization(rng.normal(2, 3, (20, 6)), rng.normal(1, 0.5, (20, 3)))
    return Predictor(CONFIG, scaling, jax.random.key(seed))


def test_the_papers_network():
    config = PredictorConfig()
    assert config.sizes == (300, 500, 800, 1000)
    scaling = fit_standardization(np.ones((2, 300)), np.ones((2, 1000)))
    model = Predictor(config, scaling, jax.random.key(0))
    count = sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(model.layers, eqx.is_array)))
    assert count == 300 * 500 + 500 + 500 * 800 + 800 + 800 * 1000 + 1000


def test_forward_pass_written_out():
    model, x = make(), np.linspace(-1, 2, 6)
    s = model.standardization
    y = (x - np.asarray(s.input_mean)) / np.asarray(s.input_scale)
    for layer in model.layers[:-1]:
        y = np.maximum(np.asarray(layer.weight) @ y + np.asarray(layer.bias), 0)
    y = np.asarray(model.layers[-1].weight) @ y + np.asarray(model.layers[-1].bias)
    expected = np.asarray(s.output_mean) + float(s.output_scale) * y
    np.testing.assert_allclose(model(jnp.asarray(x)), expected, rtol=1e-5, atol=1e-6)


def test_arithmetic_is_single_precision():
    model = make()
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array)))
    assert model(jnp.zeros(6, jnp.float64)).dtype == jnp.float32


def test_standardization_is_not_trained():
    mask = trainable(make())
    assert all(jax.tree.leaves(mask.layers))
    assert not any(jax.tree.leaves(mask.standardization))


def test_constant_features_do_not_divide_by_zero():
    scaling = fit_standardization(np.ones((5, 6)), np.ones((5, 3)))
    assert np.all(np.isfinite(Predictor(CONFIG, scaling, jax.random.key(0))(jnp.ones(6))))


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="positive"):
        PredictorConfig(hidden_sizes=(0,))


def test_glorot_initialization():
    scaling = fit_standardization(np.ones((2, 300)), np.ones((2, 1000)))
    model = Predictor(PredictorConfig(hidden_sizes=(500, 4)), scaling, jax.random.key(0))
    found = glorot_initialized(model, jax.random.key(1))
    for before, layer in zip(model.layers, found.layers, strict=True):
        assert layer.weight.shape == before.weight.shape
        limit = np.sqrt(6 / sum(layer.weight.shape))
        assert 0.95 * limit < np.max(np.abs(layer.weight)) <= limit
        assert np.std(layer.weight) == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert not np.any(layer.bias)
