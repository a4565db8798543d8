"""Training with labels only compared with both forms of physics consistency, with many and few labels and with noise.

    python experiments/physics-consistency/run.py FOLDER

--seeds 0,1,2, --noise 0,1e-3,1e-2 and --labels 0,100,1000,10000 choose among the runs.
FOLDER stores the data sets and one line of numbers for each run; runs that it has are not repeated. The table is
printed, and written to results/.
"""

import argparse
import dataclasses
import functools
import json
import pathlib
import tempfile

import jax
import numpy as np

import diffeliash as de
from diffeliash.training import StateFiles, evaluate, make_examples, train

HERE = pathlib.Path(__file__).parent
SAMPLES = {0: 18000, 100: 18000, 1000: 18000, 10000: 24000}
"""Random spectra by the number of labels; 61 % of them become training samples, 4 700 more than labels for 10 000."""
EPOCHS = {100: 1500, 1000: 300, 10000: 75}
"""Epochs of the training with labels only: 1 500, 4 500 and 11 700 updates."""
PHYSICS_EPOCHS = 50
SOLVER_EPOCHS = 1
MEASURES = ("df_mean", "dg_mean", "gap_l2_mean")
METHODS = {"plain": "labels only", "a": "labels + solver", "b": "labels + equations", "ab": "labels + both"}


def configs(seed: int, noise: float, labels: int) -> list[tuple[tuple[str, str], de.TrainConfig]]:
    """Pairs of methods with their configuration; the second method is the second phase of the training."""
    common = de.TrainConfig(
        network="fully-connected", hidden_sizes=(500, 800), seed=seed, noise=noise, max_labels=labels,
        solver_weight=30.0, solver_epochs=SOLVER_EPOCHS, epochs=PHYSICS_EPOCHS, equation_weight=1.0,
    )  # fmt: skip
    found = [(("b", "ab"), common)]
    if labels:
        found.append((("plain", "a"), dataclasses.replace(common, equation_weight=0.0, epochs=EPOCHS[labels])))
    return found


def measure(config: de.TrainConfig, dataset, names: tuple[str, str]) -> list[dict]:
    """Train through both phases, and evaluate the network after each."""
    ends = {}
    with tempfile.TemporaryDirectory() as folder:
        last = train(
            config,
            dataset,
            files=StateFiles(pathlib.Path(folder), {}),
            saved=lambda now: ends.update({now.history[-1].phase: now}),
        )
    inputs = make_examples(config, dataset).inputs
    lines = []
    for name, training in zip(names, (ends[1], last), strict=True):
        rows = training.split.test
        mean = training.model.standardization.output_mean
        found = evaluate(training.model, training.setting, dataset, rows, inputs=inputs[rows], mean_output=mean)
        seconds = sum(record.seconds for record in training.history)
        lines.append({"method": name, "seconds": round(seconds, 1)} | found.metrics)
    return lines


def table(lines: list[dict]) -> str:
    """Means over the seeds, and half the range they span."""
    text = ["| noise | labels | method | seeds | 1 - PCC a2F | 1 - PCC gap | rel. L2 gap | seconds |", "|" + "---|" * 8]
    keys = sorted({(line["noise"], -line["labels"], list(METHODS).index(line["method"])) for line in lines})
    for noise, labels, method in keys:
        name = list(METHODS)[method]
        same = [x for x in lines if (x["noise"], -x["labels"], x["method"]) == (noise, labels, name)]
        cells = [f"{np.mean(v):.2e} ± {np.ptp(v) / 2:.0e}" for v in ([x[m] for x in same] for m in MEASURES)]
        seconds = np.mean([x["seconds"] for x in same])
        text.append(
            f"| {noise:g} | {-labels} | {METHODS[name]} | {len(same)} | " + " | ".join(cells) + f" | {seconds:.0f} |"
        )
    return "\n".join(text)


@functools.cache
def read_data(folder: pathlib.Path, num_samples: int):
    path = folder / f"data-{num_samples}"
    if not (path / "DONE").exists():
        de.generate(de.GenerateConfig(num_samples=num_samples, seed=0), path, resume=True)
    return de.read_dataset(path, ("a2f", "Delta_meV", "Delta_iw_meV"))


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    for name, default in (("seeds", "0,1,2"), ("noise", "0,1e-3,1e-2"), ("labels", "0,100,1000,10000")):
        parser.add_argument(f"--{name}", type=lambda text: [float(x) for x in text.split(",")], default=default)
    args = parser.parse_args()
    args.folder.mkdir(exist_ok=True)
    kept = args.folder / "runs.jsonl"
    lines = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(x["seed"], x["noise"], x["labels"], x["method"]) for x in lines}
    for seed, noise, labels in ((s, n, k) for s in args.seeds for n in args.noise for k in args.labels):
        for names, config in configs(int(seed), noise, int(labels)):
            if {(int(seed), noise, int(labels), name) for name in names} <= done:
                continue
            for found in measure(config, read_data(args.folder, SAMPLES[int(labels)]), names):
                line = {"seed": int(seed), "noise": noise, "labels": int(labels)} | found
                lines.append(line)
                with kept.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, flush=True)
    text = table(lines)
    print(text)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "table.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
