"""The accuracy of a2F from inversion networks, for several families, seeds and sizes of the training set.

    python experiments/inversion-network/run.py FOLDER [--seeds 0,1,2] [--sizes 10000,1000,200]

FOLDER stores data sets and the errors of every network, so that the run may be interrupted; what it has is not computed
again. The table is printed, and written to results/.
"""

import argparse
import json
import os
import pathlib
import platform
import time

import jax
import numpy as np

import diffeliash as de
from diffeliash.data import split_rows
from diffeliash.models import apply_network, network_inputs
from diffeliash.training import noisy_inputs, pearson

jax.config.update("jax_enable_x64", True)

HERE = pathlib.Path(__file__).parent
NOISES = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
LARGEST_SIZE, N_TEST = 10_000, 1000
DRAWN = {"complex": 16_700, "materials": 13_600}
"""Spectra to draw: without those in the normal state at least 10 000 are left for the training and 1000 to test."""

FAMILIES = {"complex": de.ComplexFamily, "materials": de.MaterialsFamily}


def data_of(folder: pathlib.Path, family: str, seed: int):
    path = folder / f"{family}-{seed}"
    if not (path / "DONE").exists():
        config = de.GenerateConfig(family=FAMILIES[family](), num_samples=DRAWN[family], seed=seed)
        de.generate(config, path, resume=path.exists())
    return de.read_dataset(path)


def errors(folder: pathlib.Path, family: str, seed: int, size: int) -> dict[str, dict[str, float]]:
    """Median, mean and time for each noise level."""
    path = folder / f"{family}-{seed}-{size}.json"
    if path.exists():
        return json.loads(path.read_text())
    data = data_of(folder, family, seed)
    config = de.TrainConfig(seed=seed, max_labels=size, epochs=20, patience=8)
    started = time.monotonic()
    training = de.train(config, data)
    seconds = time.monotonic() - started
    test = split_rows(len(data), seed).test[:N_TEST]
    assert test.size == N_TEST
    assert training.split.train.size >= LARGEST_SIZE
    found = {"training": {"seconds": seconds, "best_epoch": training.best_epoch}}
    for noise in NOISES:
        inputs = network_inputs(training.model, *noisy_inputs(data.Delta[test], noise, seed))
        started = time.monotonic()
        predicted = apply_network(training.model, inputs)
        took = (time.monotonic() - started) / N_TEST
        df = 1 - pearson(predicted, data.a2f[test])
        found[f"{noise:g}"] = {"median": float(np.median(df)), "mean": float(np.mean(df)), "seconds": took}
    path.write_text(json.dumps(found))
    print(family, seed, size, found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--sizes", default="10000,1000,200")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    seeds = [int(each) for each in args.seeds.split(",")]
    cores, today = len(os.sched_getaffinity(0)), time.strftime("%Y-%m-%d")
    lines = [
        f"{cores} cores of {platform.machine()}, JAX {jax.__version__}, {today}. Median of 1 - PCC over {N_TEST} "
        f"held-out spectra, mean in parentheses; each the mean over {len(seeds)} seeds, and behind the slash the "
        "largest of the seeds.",
        "",
        "| family | training samples | " + " | ".join(f"noise {noise:g}" for noise in NOISES) + " | training [s] |",
        "|" + "---|" * (len(NOISES) + 3),
    ]
    for family in FAMILIES:
        for size in map(int, args.sizes.split(",")):
            found = [errors(args.folder, family, seed, size) for seed in seeds]
            cells = []
            for noise in NOISES:
                median, mean = ([each[f"{noise:g}"][what] for each in found] for what in ("median", "mean"))
                cells.append(f"{np.mean(median):.2e}/{np.max(median):.2e} ({np.mean(mean):.2e}/{np.max(mean):.2e})")
            seconds = np.mean([each["training"]["seconds"] for each in found])
            lines.append(f"| {family} | {size} | {' | '.join(cells)} | {seconds:.0f} |")
    (HERE / "results" / "accuracy.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
