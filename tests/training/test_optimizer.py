"""Schedules, clipping of gradients and averages of weights."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from diffeliash import TrainConfig, train
from diffeliash.training._optimizer import averaged_weights, optimizer_of, schedule_of, with_average

from .test_train import dataset  # noqa: F401 - a fixture


def test_the_schedules_begin_and_end_as_stated():
    values = {name: [float(schedule_of(name, 0.1, 200)(n)) for n in (0, 10, 100, 200)] for name in
              ("cosine", "constant", "exponential", "warmup-cosine")}  # fmt: skip
    np.testing.assert_allclose(values["constant"], 0.1, rtol=1e-6)
    np.testing.assert_allclose(values["cosine"][::3], [0.1, 1e-3], rtol=1e-5)
    np.testing.assert_allclose(values["exponential"][::2], [0.1, 1e-2], rtol=1e-5)
    np.testing.assert_allclose(values["exponential"][3], 1e-3, rtol=1e-5)
    np.testing.assert_allclose([values["warmup-cosine"][i] for i in (0, 1, 3)], [0, 0.1, 1e-3], rtol=1e-5)


def test_a_large_gradient_is_scaled_and_a_small_one_is_not():
    clipped = optimizer_of(optax.sgd(1.0), n_updates=1, learning_rate=1.0, gradient_clip=2.0)
    weights = jnp.zeros(2)
    for gradient, expected in (([30.0, 40.0], [-1.2, -1.6]), ([0.3, 0.4], [-0.3, -0.4])):
        changes, _ = clipped.update(jnp.array(gradient), clipped.init(weights), weights)
        np.testing.assert_allclose(changes, expected, rtol=1e-6)


def test_the_average_of_weights_is_that_of_the_definition():
    decay = 0.6
    averaged = with_average(optax.sgd(1.0), decay)
    weights, expected = jnp.array([1.0]), 1.0
    state = averaged.init(weights)
    for n, gradient in enumerate((0.5, -0.2, 0.1, 0.7)):
        changes, state = averaged.update(jnp.array([gradient]), state, weights)
        weights = weights + changes
        d = min(decay, (1 + n) / (10 + n))
        expected = d * expected + (1 - d) * float(weights[0])
    np.testing.assert_allclose(averaged_weights(state), [expected], rtol=1e-6)
    assert abs(expected - float(weights[0])) > 0.01


def test_they_take_part_in_the_training(dataset):  # noqa: F811
    config = TrainConfig(network="fully-connected", hidden_sizes=(8,), epochs=2, batch_size=32)
    plain = train(config, dataset).history[-1].validation_mse
    changes = ({"schedule": "constant"}, {"gradient_clip": 1e-3}, {"averaging": 0.9})
    for change in changes:
        assert train(dataclasses.replace(config, **change), dataset).history[-1].validation_mse != plain
    frozen = train(config, dataset, optimizer=optax.sgd(0.0)).history
    assert frozen[0].validation_mse == frozen[1].validation_mse


@pytest.mark.parametrize(
    ("change", "why"),
    [({"schedule": "linear"}, "`schedule` must be one of"), ({"averaging": 1.0}, "`averaging`"),
     ({"gradient_clip": -1.0}, "gradient_clip")],
)  # fmt: skip
def test_bad_values_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        TrainConfig(**change)
