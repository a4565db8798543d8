"""The loss of labels and equations is the one that `TrainConfig` states, part by part."""

import equinox as eqx
import jax
import numpy as np
import pytest

from diffeliash.models import Predictor, PredictorConfig, fit_standardization, trainable
from diffeliash.training import Objective, as_rows
from diffeliash.training._step import total_loss


@pytest.mark.parametrize("labelled", [(1, 1, 0, 1, 0), (1, 1, 1, 1, 1), (0, 0, 0, 0, 0)])
def test_the_total_loss(labelled):
    inputs, target = np.random.default_rng(0).normal(size=(2, 5, 4))
    labelled = np.array(labelled)
    shape = PredictorConfig(input_size=4, hidden_sizes=(3,), output_size=4)
    model = Predictor(shape, fit_standardization(inputs, 3 * target), jax.random.key(0))
    weights, static = eqx.partition(model, trainable(model))
    given = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    rows = as_rows(inputs, target, labelled, weights=given)
    total, parts = total_loss(weights, static, rows, Objective(equation_weight=0.7))

    predicted = np.stack([model(row) for row in rows.features])
    square = np.mean((predicted - target) ** 2, axis=1)
    s2 = float(np.mean(np.asarray(model.standardization.output_scale) ** 2))
    known, others = (given * square)[labelled == 1], (given * square)[labelled == 0]
    assert s2 > 2  # it does matter
    assert float(total) == pytest.approx((known.sum() + 0.7 * others.sum()) / (5 * s2), rel=1e-5)
    assert float(parts.data) == pytest.approx(known.sum() / given[labelled == 1].sum() if known.size else 0.0, rel=1e-5)
    assert float(parts.equation) == pytest.approx(
        others.sum() / given[labelled == 0].sum() if others.size else 0.0, rel=1e-5
    )
