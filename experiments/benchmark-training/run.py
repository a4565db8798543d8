"""Milliseconds for an update of the weights: this package, PyTorch, and with physics consistency. See README.md."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import equinox as eqx
import jax
import numpy as np
import optax

import diffeliash as de
from diffeliash.data import as_features
from diffeliash.models import Predictor, PredictorConfig, fit_standardization, setting_of, trainable
from diffeliash.training import EquationResidual, Objective, Rows, SolverConsistency, as_rows, make_epoch

N_ROWS, BATCH, EPOCHS = 2048, 128, 5


def per_update(rows: Rows, objective: Objective, epochs: int) -> float:
    """Seconds for an update, the shortest of several epochs."""
    scaling = fit_standardization(np.asarray(rows.features), np.asarray(rows.target))
    model = Predictor(PredictorConfig(), scaling, jax.random.key(0))
    weights, static = eqx.partition(model, trainable(model))
    optimizer = optax.adam(1e-4)
    epoch = make_epoch(static, optimizer, objective, batch_size=BATCH)
    state, best = (weights, optimizer.init(weights)), np.inf
    for number in range(epochs + 1):
        started = time.perf_counter()
        found = jax.block_until_ready(epoch(*state, rows, jax.random.key(number)))
        state = found[:2]
        best = min(best, time.perf_counter() - started) if number else best
    return best / (len(rows) // BATCH)


def torch_update(python: str, device: str) -> float | None:
    """Seconds for an update by PyTorch; `None` if it is not installed."""
    script = pathlib.Path(__file__).with_name("torch_part.py")
    words = [python, script, {"gpu": "cuda"}.get(device, "cpu"), *map(str, (N_ROWS, BATCH, EPOCHS))]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        print(f"no PyTorch: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return float(done.stdout) / 1e3


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser()
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        de.generate(de.GenerateConfig(num_samples=3000), pathlib.Path(folder) / "data")
        data = de.read_dataset(pathlib.Path(folder) / "data")
    Delta, a2f = data.Delta[:N_ROWS], data.a2f[:N_ROWS]
    setting = setting_of(data.config)
    rows = as_rows(as_features(Delta), a2f)
    loss = EquationResidual(setting)
    loss.linear_inversion(Delta[:256])
    started = time.perf_counter()
    estimates = loss.linear_inversion(Delta)
    inversion = (time.perf_counter() - started) / N_ROWS
    without = as_rows(as_features(Delta), estimates, np.zeros(N_ROWS))
    plain = per_update(rows, Objective(), EPOCHS)
    times = {
        "PyTorch": torch_update(args.torch, args.device),
        "equations, no labels": per_update(without, Objective(equation_weight=1.0), EPOCHS),
        "solver and labels": per_update(rows, Objective(SolverConsistency(setting), 0.0, 30.0), 1),
    }
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind}; batches of {BATCH}\n")
    print("| update | ms | in units of ours with labels |\n|---|---|---|")
    print(f"| labels | {1e3 * plain:.1f} | 1 |")
    for name, seconds in times.items():
        print(f"| {name} | {1e3 * seconds:.1f} | {seconds / plain:.2f} |" if seconds else f"| {name} | - | - |")
    flops = 6 * BATCH * (300 * 500 + 500 * 800 + 800 * 1000)
    print(f"\n{flops / plain / 1e9:.0f} GFLOP/s with labels. Linear inversion of a sample: {1e3 * inversion:.1f} ms.")


if __name__ == "__main__":
    main()
