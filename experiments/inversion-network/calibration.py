"""Simulation-based calibration of the posterior distribution of an inversion network.

    python experiments/inversion-network/calibration.py FOLDER [--families complex,materials] [--draws 1000]
        [--inversions 60]

FOLDER is that of `run.py`, which makes the data sets and networks that are missing. For every held-out spectrum a gap
function with noise is drawn, and samples of the posterior distribution: if that is right, the rank of the true value
among the samples is uniformly distributed (S. Talts et al., arXiv:1804.06788). The table has, for every quantity, the
part of the central 68 % intervals that hold the true value, the same for value +- standard deviation, the largest
deviation of the cumulative distribution of the ranks times the root of their number (95 % of uniform ones are below
1.36), and how many of 16 bins of their histogram lie outside their 95 % band. With `--inversions` the moments are
compared with those of the samples of `invert`, for the same gap functions. The tables are printed and written to
results/calibration.md, the histograms to results/calibration-FAMILY.png.
"""

import argparse
import os
import pathlib
import platform
import time

import jax
import numpy as np
from matplotlib.figure import Figure
from run import LARGEST_SIZE, trained  # the program beside this one

import diffeliash as de
from diffeliash.data import as_gap_functions, split_rows
from diffeliash.models import apply_network, network_inputs
from diffeliash.training import noisy_inputs

HERE = pathlib.Path(__file__).parent
NOISES = (1e-3, 1e-2, 1e-1)
N_SAMPLES, N_BINS = 255, 16
TC_EVERY, TC_SPECTRA = 255 // 51, 300
"""T_c is computed for 51 samples of 300 spectra."""

rng = np.random.default_rng(0)


def quantities(omega: np.ndarray, a2f: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers whose ranks are tested, for spectra with any leading axes."""

    def moments(one: jax.Array) -> tuple[jax.Array, jax.Array]:
        spectrum = de.Spectrum(omega, one)
        return spectrum.lambda_ep, spectrum.omega_log

    leading = a2f.shape[:-1]
    lam, log = (np.asarray(each).reshape(leading) for each in jax.vmap(moments)(a2f.reshape(-1, omega.size)))
    found = {"lambda": lam, "omega_log": log}
    at = [int(part * omega.size) - 1 for part in (0.05, 0.25, 0.5, 0.75, 0.95)]
    return found | {f"a2F({omega[i]:.2g} meV)": a2f[..., i] for i in at}


def critical_temperatures(setting, spectra: np.ndarray) -> np.ndarray:
    many = [de.Spectrum(setting.omega, a2f) for a2f in spectra.reshape(-1, spectra.shape[-1])]
    found = de.solve_tc_many(
        many, mu_star=setting.mu_star, omega_c=setting.omega_c, matsubara_cutoff=setting.matsubara_cutoff
    )
    return np.asarray(found).reshape(spectra.shape[:-1])


def line(name: str, true: np.ndarray, value: np.ndarray, samples: np.ndarray) -> tuple[list[str], np.ndarray]:
    """One row of the table, and the ranks."""
    n, draws = samples.shape
    ties = np.sum(samples == true[:, None], axis=1)  # values that are zero in the truth and in samples
    ranks = np.sum(samples < true[:, None], axis=1) + rng.integers(0, ties + 1)
    place = (ranks + rng.uniform(size=n)) / (draws + 1)
    within = np.mean((place > 0.16) & (place < 0.84))
    bars = np.mean(np.abs(true - value) < np.std(samples, axis=1))
    ordered = np.sort(place)
    distance = np.max(np.abs(ordered - (np.arange(n) + 0.5) / n)) * np.sqrt(n)
    counts = np.histogram(place, bins=N_BINS, range=(0, 1))[0]
    expected, spread = n / N_BINS, np.sqrt(n / N_BINS * (1 - 1 / N_BINS))
    outside = np.sum(np.abs(counts - expected) > 1.96 * spread + 0.5)
    return [name, f"{100 * within:.1f}", f"{100 * bars:.1f}", f"{distance:.2f}", f"{outside}"], counts


def calibrate(folder: pathlib.Path, family: str, draws: int) -> list[str]:
    checkpoint, data = trained(folder, family, 0, LARGEST_SIZE)
    model, setting = checkpoint.model, checkpoint.setting
    rows = split_rows(len(data), 0).test[:draws]
    true, lines, pictures = data.a2f[rows], [], {}
    for noise in NOISES:
        features, relative = noisy_inputs(data.Delta[rows], noise, 1)
        inputs = network_inputs(model, features, relative)
        value = apply_network(model, inputs)
        samples = np.concatenate([model.samples(inputs[i : i + 100], N_SAMPLES, seed=i) for i in range(0, draws, 100)])
        one = inputs[:1]
        model.samples(one, 256)
        started = time.monotonic()
        for i in range(20):
            model.samples(inputs[i : i + 1], 256, seed=i)
        took = (time.monotonic() - started) / 20
        of_true, of_value, of_samples = (quantities(setting.omega, each) for each in (true, value, samples))
        some = slice(0, min(TC_SPECTRA, draws))
        of_true["T_c"], of_value["T_c"] = (critical_temperatures(setting, each[some]) for each in (true, value))
        of_samples["T_c"] = critical_temperatures(setting, samples[some, ::TC_EVERY])
        for name in of_true:
            cells, counts = line(name, of_true[name], of_value[name], of_samples[name])
            lines.append("| " + " | ".join([family, f"{noise:g}", *cells]) + " |")
            pictures[name, noise] = counts, len(of_true[name])
            print(lines[-1], flush=True)
        print(f"256 samples of one gap function: {1e3 * took:.1f} ms", flush=True)
        lines.append(f"| {family} | {noise:g} | 256 samples: {1e3 * took:.1f} ms | | | | |")
    plot(pictures, HERE / "results" / f"calibration-{family}.png")
    return lines


def plot(pictures: dict, path: pathlib.Path) -> None:
    names = list(dict.fromkeys(name for name, _ in pictures))
    figure = Figure(figsize=(2.1 * len(names), 5.4), layout="constrained")
    panels = figure.subplots(len(NOISES), len(names), squeeze=False, sharex=True)
    for i, noise in enumerate(NOISES):
        for j, name in enumerate(names):
            counts, n = pictures[name, noise]
            expected, spread = n / N_BINS, np.sqrt(n / N_BINS * (1 - 1 / N_BINS))
            panel = panels[i, j]
            panel.axhspan(expected - 1.96 * spread, expected + 1.96 * spread, color="0.85")
            panel.stairs(counts, np.linspace(0, 1, N_BINS + 1), fill=True, alpha=0.6)
            panel.set(ylim=(0, 2 * expected), yticks=[])
            if i == 0:
                panel.set_title(name, fontsize="small")
            if j == 0:
                panel.set_ylabel(f"noise {noise:g}")
    figure.supxlabel("rank of the true value among the samples (gray: 95 % band of each bin)")
    figure.savefig(path, dpi=110)


def compare(folder: pathlib.Path, family: str, n: int) -> list[str]:
    """Moments of the samples of the network and of `invert` for the same gap functions."""
    checkpoint, data = trained(folder, family, 0, LARGEST_SIZE)
    model, setting = checkpoint.model, checkpoint.setting
    rows, lines = split_rows(len(data), 0).test[:n], []
    for noise in NOISES:
        features, relative = noisy_inputs(data.Delta[rows], noise, 1)
        measured, inputs = as_gap_functions(features), network_inputs(model, features, relative)
        ours = quantities(setting.omega, model.samples(inputs, 256))
        found = de.invert_many(
            setting.omega_real, measured, T=setting.T, mu_star=setting.mu_star, broadening=setting.broadening,
            omega_max=setting.omega_max, omega_c=setting.omega_c, matsubara_cutoff=setting.matsubara_cutoff,
            noise=(relative * np.max(np.abs(measured), axis=1)).tolist(),
        )  # fmt: skip
        theirs = [quantities(each.omega, each.samples) for each in found]
        good = np.array([each.ok for each in found])
        for name in ("lambda", "omega_log"):
            mean, std = np.mean(ours[name], axis=1), np.std(ours[name], axis=1)
            other = np.array([(np.mean(each[name]), np.std(each[name])) for each in theirs])
            shift = (mean - other[:, 0]) / np.hypot(std, other[:, 1])
            cells = (
                f"{np.median(np.abs(mean / other[:, 0] - 1)[good]):.1e}",
                f"{np.median(std[good] / other[good, 1]):.2f}",
                f"{np.sqrt(np.mean(shift[good] ** 2)):.2f}",
            )
            lines.append(f"| {family} | {noise:g} | {name} | {' | '.join(cells)} | {np.sum(good)} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--families", default="complex,materials")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--inversions", type=int, default=0)
    args = parser.parse_args()
    cores, today = len(os.sched_getaffinity(0)), time.strftime("%Y-%m-%d")
    lines = [
        f"{cores} cores of {platform.machine()}, JAX {jax.__version__}, {today}. {args.draws} held-out spectra, "
        f"{N_SAMPLES} samples of each (T_c: {TC_SPECTRA} spectra, {N_SAMPLES // TC_EVERY} samples).",
        "",
        "| family | noise | quantity | 68 % intervals hold [%] | value +- std holds [%] | KS | bins outside of 16 |",
        "|" + "---|" * 7,
    ]
    families = args.families.split(",")
    for family in families:
        lines += calibrate(args.folder, family, args.draws)
    if args.inversions:
        lines += [
            "",
            f"Samples of the network and of `invert` for the first {args.inversions} gap functions: median of the "
            "relative difference of the means, median ratio of the standard deviations, root mean square of the "
            "difference of the means in units of both standard deviations, and number of inversions that are `ok`.",
            "",
            "| family | noise | quantity | means differ by | ratio of std | in standard deviations | inversions |",
            "|" + "---|" * 7,
            *(each for family in families for each in compare(args.folder, family, args.inversions)),
        ]
    (HERE / "results" / "calibration.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
