"""The time to generate a data set, compared with a loop in NumPy and SciPy over the same samples. See README.md.

python experiments/benchmark-generate/run.py
"""

import argparse
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import jax
import numpy as np
from scipy.interpolate import CubicSpline

import diffeliash as de
from diffeliash.data import sample_key

HERE = pathlib.Path(__file__).parent
OPTIONS = ("-T", "1.16", "--mu-star", "0.1", "--omega-c", "50", "--matsubara-cutoff", "220.2", "--broadening", "0.1")


def load(name):
    """Load the script of another benchmark, which has the NumPy implementations."""
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), HERE.parent / name / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def generate(folder, n, family, cache):
    """Run the command: seconds in all, samples a second in steady state by its own progress, and its JSON report."""
    words = ("generate", str(folder), "--family", family, "--num-samples", str(n), *OPTIONS, "--json")
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache)}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "diffeliash", *words], env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    rate = re.findall(r"(\d+)/s", done.stderr)[-1]
    return seconds, float(rate), json.loads(done.stdout)


def numpy_loop(rows, dataset, step):
    """Compute the same samples by broyden1 and the continuation in NumPy: seconds and error of each sample."""
    solver, axis = load("benchmark-solver"), load("benchmark-real-axis")
    family, config = de.ComplexFamily(), dataset.config
    equations = solver.NumpyEquations(dataset.omega)
    draw = jax.jit(lambda key: family.sample_spectrum(key).a2f)
    draw(jax.random.key(0))
    stride = round(step / (dataset.omega[1] - dataset.omega[0]))
    coarse = dataset.omega[stride - 1 :: stride]
    seconds, errors = [], []
    for row in rows:
        number = int(dataset.fields["number"][row])
        start = time.perf_counter()
        a2f = np.asarray(draw(sample_key(0, *divmod(number, config["shard_size"]))))
        Delta_iw = solver.solve_scipy(equations, a2f)
        Delta = axis.plain_numpy(coarse, a2f[stride - 1 :: stride], equations.omega_n, Delta_iw, step=step)
        found = CubicSpline(step * np.arange(Delta.size), Delta)(dataset.omega_real)
        seconds.append(time.perf_counter() - start)
        errors.append(np.max(np.abs(found - dataset.Delta[row])) / np.max(np.abs(found)))
    return np.array(seconds), np.array(errors)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--peers", type=int, default=40)
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores; JAX {jax.__version__}; {args.samples} samples of the complex family\n")
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        seconds, rate, report = generate(work / "new", args.samples, "complex", work / "cache")
        again, _, _ = generate(work / "again", args.samples, "complex", work / "cache")
        dataset = de.read_dataset(work / "new", ("a2f", "Delta_meV", "error"))
        start = time.perf_counter()
        de.read_dataset(work / "again")
        reading = time.perf_counter() - start
        print(f"`diffeliash generate`, new process, empty cache: {seconds:.1f} s; programs in the cache: {again:.1f} s")
        counts = ", ".join(f"{name} {report[f'n_{name}']}" for name in ("kept", "normal", "rejected"))
        print(f"{counts}; steady: {rate:.0f}/s")
        errors = dataset.fields["error"]
        print(f"estimated error of Delta: median {np.median(errors):.0e}, largest {errors.max():.0e}")
        print(f"read back and checked: {reading:.2f} s\n")
        rows = np.linspace(0, len(dataset) - 1, args.peers).astype(int)
        print("| broyden1 and MSC in NumPy | differs from ours by | ms a sample | / ours, steady | / ours, all |")
        print("|---|---|---|---|---|")
        for step in (0.02, 0.01):
            times, misses = numpy_loop(rows, dataset, step)
            each = np.mean(times)
            ratios = f"{each * rate:.0f} | {each * args.samples / seconds:.0f}"
            print(f"| Gamma 0.1, h = {step} meV | {np.median(misses):.0e} | {1e3 * each:.1f} | {ratios} |")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
