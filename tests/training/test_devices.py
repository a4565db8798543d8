"""A batch shared out among devices, of one process or of several, gives the same weights, to rounding."""

import json
import socket
import subprocess
import sys

import numpy as np
import pytest

from ..conftest import output, with_flag

SCRIPT = """
import json, sys
import jax
import numpy as np
jax.config.update("jax_enable_x64", True)
if len(sys.argv) > 1:
    jax.distributed.initialize(sys.argv[1], num_processes=2, process_id=int(sys.argv[2]))
from diffeliash.models import Predictor, PredictorConfig, fit_standardization
from diffeliash.training import Objective, Phase, as_rows, fit
from diffeliash.training._step import _devices_for

rng = np.random.default_rng(0)
features, target = rng.normal(size=(24, 5)), rng.normal(size=(24, 3))
rows = as_rows(features, target)
shape, scaling = PredictorConfig(input_size=5, hidden_sizes=(7,), output_size=3), fit_standardization(features, target)
model = Predictor(shape, scaling, jax.random.key(0))
phase = Phase(number=1, epochs=3, learning_rate=1e-2, objective=Objective(), rows=rows, validation=rows, batch_size=6)
found = fit(model, [phase], patience=3, key=jax.random.key(1))
mesh = _devices_for(6)
weights = [np.asarray(x).tolist() for x in jax.tree.leaves(found.model)]
print(json.dumps({"devices": mesh.size if mesh else 1, "weights": weights}))
"""


def start(*arguments, devices=1):
    environment = with_flag(f"--xla_force_host_platform_device_count={devices}") | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def weights(process, devices):
    out, err = output(process)
    assert process.returncode == 0, err
    answer = json.loads(out.splitlines()[-1])
    assert answer["devices"] == devices
    return answer["weights"]


@pytest.fixture(scope="module")
def on_one_device():
    return weights(start(), 1)


@pytest.mark.slow
def test_the_same_weights_on_several_devices(on_one_device):
    on_four = weights(start(devices=4), 3)  # of four, three share a batch of six
    for a, b in zip(on_one_device, on_four, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_the_same_weights_in_several_processes(on_one_device):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    first, second = (start(address, index, devices=3) for index in "01")  # a row of each batch on each of six devices
    of_first, of_second = weights(first, 6), weights(second, 6)
    for a, b, c in zip(on_one_device, of_first, of_second, strict=True):
        np.testing.assert_array_equal(b, c)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
