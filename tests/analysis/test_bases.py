"""Basis functions and steps of a loss that were planted."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.analysis import BasisHistory, basis_functions, follow_bases, loss_steps, smoothness
from diffeliash.models import Predictor, PredictorConfig, fit_standardization, glorot_initialized
from diffeliash.training import as_rows

X = np.linspace(0, 1, 300)


def predictor(inputs, outputs, neurons, *, positive=False):
    shape = PredictorConfig(
        input_size=inputs.shape[1], hidden_sizes=(40, neurons), output_size=outputs.shape[1], positive=positive
    )
    return Predictor(shape, fit_standardization(inputs, outputs), jax.random.key(0))


def test_basis_functions_add_up_to_the_output():
    rng = np.random.default_rng(0)
    inputs, outputs = rng.normal(size=(50, 6)), rng.normal(size=(50, 300))
    model = predictor(inputs, outputs, 3)
    functions = basis_functions(model)
    assert functions.shape == (3, 300)
    changed = eqx.tree_at(lambda m: m.layers[-2].bias, model, model.layers[-2].bias + jnp.array([5.0, 0, 0]))
    x = jnp.asarray(10 + rng.normal(size=6))

    def hidden(m):
        a = (x - m.standardization.input_mean) / m.standardization.input_scale
        for layer in m.layers[:-1]:
            a = jax.nn.relu(layer(a.astype(jnp.float32)))
        return np.asarray(a)

    difference = np.asarray(changed(x)) - np.asarray(model(x))
    np.testing.assert_allclose(difference, (hidden(changed) - hidden(model)) @ functions, atol=2e-5)
    assert np.max(np.abs(difference)) > 0.1
    with pytest.raises(ValueError, match="positive"):
        basis_functions(predictor(inputs, outputs, 3, positive=True))


def test_smoothness_of_smooth_functions_noise_and_their_sum():
    rng = np.random.default_rng(0)
    smooth, noise = np.sin(9 * X), rng.normal(size=X.size)
    noise *= np.std(smooth) / np.std(noise)
    found = smoothness(np.stack([smooth, noise, smooth + noise]))
    assert found[0] > 0.98
    assert abs(found[1]) < 0.15
    assert found[2] == pytest.approx(0.5, abs=0.12)


def test_a_network_finds_the_functions_that_its_outputs_are_made_of():
    rng = np.random.default_rng(0)
    planted = np.stack([np.sin(7 * X), np.exp(-(((X - 0.6) / 0.1) ** 2))])
    numbers = rng.normal(size=(400, 2))
    inputs, outputs = numbers @ rng.normal(size=(2, 12)), numbers @ planted
    model = glorot_initialized(predictor(inputs, outputs, 4), jax.random.key(1))
    losses = []
    found = follow_bases(
        model, as_rows(inputs, outputs), epochs=80, learning_rate=2e-3, batch_size=20, key=jax.random.key(2),
        progress=lambda epoch, loss: losses.append((epoch, loss)),
    )  # fmt: skip
    assert losses == list(zip(range(1, 81), found.loss.tolist(), strict=True))
    assert found.loss[-1] < 0.02 * np.mean(np.var(outputs, axis=0))
    smooth = smoothness(found.functions)
    np.testing.assert_allclose(found.smoothness[-1], smooth)
    assert [epoch is not None for epoch in found.found] == (smooth > 0.5).tolist()
    proper = found.functions[smooth > 0.9]
    assert 2 <= len(proper) <= 4
    U = np.linalg.svd(planted, full_matrices=False)[2]
    inside = np.linalg.norm(proper @ U.T, axis=1) / np.linalg.norm(proper, axis=1)
    assert np.all(inside > 0.95)  # all that was found lies in the plane that was planted


def test_the_epoch_in_which_a_basis_is_found():
    smooth = np.array([[0.1, 0.9, 0.6, 0.0], [0.6, 0.9, 0.3, 0.1], [0.9, 0.9, 0.8, 0.2]])
    history = BasisHistory(loss=np.ones(3), smoothness=smooth, functions=np.ones((4, 5)))
    assert history.found == [2, 1, 3, None]


def staircase(epochs, places, drops, sharpness):
    t = np.log(np.arange(1, epochs + 1))[:, None]
    return np.exp(-np.sum(drops / (1 + np.exp(-sharpness * (t - np.log(places)))), axis=1))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_steps_that_were_planted(n):
    places, drops = np.array([4, 15, 50, 170])[:n], np.array([0.8, 0.5, 0.6, 0.4])[:n]
    noise = np.exp(0.005 * np.random.default_rng(0).normal(size=400))
    found = loss_steps(staircase(400, places, drops, 9.0) * noise)
    assert len(found) == n
    np.testing.assert_allclose([epoch for epoch, _ in found], places, rtol=0.15)
    np.testing.assert_allclose([drop for _, drop in found], drops, atol=0.05)


def test_what_has_no_steps():
    assert loss_steps(np.ones(50)) == []
    assert loss_steps(np.linspace(1, 2, 50)) == []
    assert len(loss_steps(np.exp(-0.3 * np.log(np.arange(1, 200))))) <= 1
