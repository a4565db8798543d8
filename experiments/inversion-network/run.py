"""The accuracy of a2F from inversion networks, for several families, seeds and sizes of the training set.

    python experiments/inversion-network/run.py FOLDER [--seeds 0,1,2] [--sizes 10000,1000,200] [--inversions 200]

With `--inversions` the inversion through the solver (`invert`) gets the first of the same gap functions. FOLDER stores
data sets, networks and errors, so that the run may be interrupted; what it has is not computed again. The table is
printed, and written to results/.
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
from diffeliash.data import as_gap_functions, split_rows
from diffeliash.models import Checkpoint, apply_network, network_inputs, write_checkpoint
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


def trained(folder: pathlib.Path, family: str, seed: int, size: int):
    """The network, its data set, and the seconds of its training."""
    path, data = folder / f"{family}-{seed}-{size}.network", data_of(folder, family, seed)
    if not path.exists():
        started = time.monotonic()
        found = de.train(de.TrainConfig(seed=seed, max_labels=size, epochs=20, patience=8), data)
        assert found.split.train.size >= LARGEST_SIZE
        origin = {"seconds": time.monotonic() - started, "best_epoch": found.best_epoch}
        kept = Checkpoint(model=found.model, config=found.model_config, setting=found.setting, origin=origin)
        write_checkpoint(path, kept)
    return de.read_checkpoint(path), data


def errors(folder: pathlib.Path, family: str, seed: int, size: int) -> dict[str, dict[str, float]]:
    """Median, mean and time for each noise level, and of the training."""
    path = folder / f"{family}-{seed}-{size}.json"
    if path.exists():
        return json.loads(path.read_text())
    checkpoint, data = trained(folder, family, seed, size)
    test = split_rows(len(data), seed).test[:N_TEST]
    assert test.size == N_TEST
    found = {"training": checkpoint.origin}
    for noise in NOISES:
        inputs = network_inputs(checkpoint.model, *noisy_inputs(data.Delta[test], noise, seed))
        started = time.monotonic()
        predicted = apply_network(checkpoint.model, inputs)
        took = (time.monotonic() - started) / N_TEST
        df = 1 - pearson(predicted, data.a2f[test])
        found[f"{noise:g}"] = {"median": float(np.median(df)), "mean": float(np.mean(df)), "seconds": took}
    path.write_text(json.dumps(found))
    print(family, seed, size, found, flush=True)
    return found


def compare(folder: pathlib.Path, family: str, n: int) -> list[str]:
    """The network and the inversion through the solver, for the same gap functions."""
    checkpoint, data = trained(folder, family, 0, LARGEST_SIZE)
    setting, test, lines = checkpoint.setting, split_rows(len(data), 0).test[:n], []
    for noise in NOISES[2:]:
        features, relative = noisy_inputs(data.Delta[test], noise, 0)
        measured = as_gap_functions(features)
        ours = 1 - pearson(apply_network(checkpoint.model, network_inputs(checkpoint.model, features, relative)),
                           data.a2f[test])  # fmt: skip
        started = time.monotonic()
        found = de.invert_many(
            setting.omega_real, measured, T=setting.T, mu_star=setting.mu_star, broadening=setting.broadening,
            omega_max=setting.omega_max, omega_c=setting.omega_c, matsubara_cutoff=setting.matsubara_cutoff,
            noise=(relative * np.max(np.abs(measured), axis=1)).tolist(),
        )  # fmt: skip
        took = (time.monotonic() - started) / n
        a2f = [np.interp(setting.omega, np.append(0.0, x.omega), np.append(0.0, x.a2f)) for x in found]
        theirs = 1 - pearson(np.array(a2f), data.a2f[test])
        cells = (f"{np.median(each):.2e} ({np.mean(each):.2e})" for each in (ours, theirs))
        lines.append(f"| {family} | {noise:g} | {' | '.join(cells)} | {took:.2f} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--sizes", default="10000,1000,200")
    parser.add_argument("--inversions", type=int, default=0)
    parser.add_argument("--families", default="complex,materials")
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
    families = args.families.split(",")
    for family in families:
        for size in map(int, args.sizes.split(",")):
            found = [errors(args.folder, family, seed, size) for seed in seeds]
            cells = []
            for noise in NOISES:
                median, mean = ([each[f"{noise:g}"][what] for each in found] for what in ("median", "mean"))
                cells.append(f"{np.mean(median):.2e}/{np.max(median):.2e} ({np.mean(mean):.2e}/{np.max(mean):.2e})")
            seconds = np.mean([each["training"]["seconds"] for each in found])
            lines.append(f"| {family} | {size} | {' | '.join(cells)} | {seconds:.0f} |")
    if args.inversions:
        lines += [
            "",
            f"The first {args.inversions} of the same gap functions, network and inversion through the solver:",
            "",
            "| family | noise | network | `invert` | seconds for an inversion |",
            "|" + "---|" * 5,
            *(line for family in families for line in compare(args.folder, family, args.inversions)),
        ]
    (HERE / "results" / "accuracy.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
