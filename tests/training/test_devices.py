"""A batch shared out among devices gives the same weights, to rounding."""

import json
import os
import subprocess
import sys

import numpy as np

SCRIPT = """
import json, sys
import jax
import numpy as np
jax.config.update("jax_enable_x64", True)
from diffeliash.models import Predictor, PredictorConfig, fit_standardization
from diffeliash.training import Objective, Phase, Rows, fit

rng = np.random.default_rng(0)
features, target = rng.normal(size=(24, 5)), rng.normal(size=(24, 3))
rows = Rows(*(jax.numpy.asarray(x, "float32") for x in (features, target, np.ones(24))))
shape, scaling = PredictorConfig(input_size=5, hidden_sizes=(7,), output_size=3), fit_standardization(features, target)
model = Predictor(shape, scaling, jax.random.key(0))
phase = Phase(number=1, epochs=3, learning_rate=1e-2, objective=Objective(), rows=rows)
found = fit(model, [phase], rows, batch_size=6, patience=3, key=jax.random.key(1))
weights = [np.asarray(x).tolist() for x in jax.tree.leaves(found.model)]
print(json.dumps({"devices": jax.local_device_count(), "weights": weights}))
"""


def weights(n_devices):
    flags = f"--xla_force_host_platform_device_count={n_devices}"
    environment = os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["devices"] == n_devices
    return answer["weights"]


def test_the_same_weights_on_several_devices():
    one, four = weights(1), weights(4)  # of four devices three share a batch of six
    for a, b in zip(one, four, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
