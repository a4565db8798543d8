"""Inversions of conductances with right and wrong models: how many are refused, and how many error bars hold the truth.

python experiments/measured/wrong_models.py [--spectra 100] [--output results]
"""

import argparse
import pathlib
import time

import jax
import numpy as np

import diffeliash as de

FAMILY = de.MaterialsFamily(omega_max=10.0, n_points=200, lambda_min=0.8, lambda_max=2.0)
T, BROADENING, MU_STAR, NOISE = 1.0, 0.06, 0.12, 1e-3
OMEGA_C = 100.0
BIAS = np.linspace(0, 20, 201)
FINE = np.linspace(0, 24, 2401)
KNOWN = {"T": T, "broadening": None, "mu_star": None, "omega_max": 10.0, "omega_c": OMEGA_C}
"""Broadening and mu* are fitted; where they are wrong they are given."""


def noise(seed, correlated=False):
    error = np.random.default_rng(seed).normal(size=BIAS.size)
    if correlated:
        error = np.convolve(np.random.default_rng(seed).normal(size=BIAS.size + 8), np.ones(9) / 3, mode="valid")
    return NOISE * error


def bad_point(G, seed):
    G = G.copy()
    G[np.random.default_rng(seed).integers(20, BIAS.size)] += 12 * NOISE
    return G


CASES = {
    "right model": ({}, {}),
    "right model, all given": ({}, {"broadening": BROADENING, "mu_star": MU_STAR}),
    "right model, all fitted": ({}, {"scale": None, "offset": None}),
    "right model, end not stated": ({}, {"omega_max": None}),
    "temperature +30 %": ({}, {"T": 1.3 * T}),
    "temperature -30 %": ({}, {"T": 0.7 * T}),
    "broadening x 2": ({}, {"broadening": 2 * BROADENING}),
    "broadening / 2": ({}, {"broadening": BROADENING / 2}),
    "modulation missing": ({"modulation": 0.15}, {}),
    "scale 2 %": ({"change": lambda G, seed: 1.02 * G}, {}),
    "slope": ({"change": lambda G, seed: (1 + 0.001 * BIAS) * G}, {}),
    "bias offset": ({"shift": 0.05}, {}),
    "a2F cut short": ({}, {"omega_max": 8.0}),
    "mu* wrong": ({}, {"mu_star": 0.15}),
    "cutoff wrong": ({}, {"omega_c": 50.0, "mu_star": MU_STAR}),
    "step in the background": ({"change": lambda G, seed: G + 0.005 * (BIAS > 6.0)}, {}),
    "correlated noise": ({"correlated": True}, {}),
    "one bad point": ({"change": bad_point}, {}),
}


def run(name, spectra, truth):
    wrong, told = CASES[name]
    shift = wrong.get("shift", 0.0)
    curves = [truth[n]["curves"][(wrong.get("modulation", 0.0), shift)] for n in range(spectra)]
    if change := wrong.get("change"):
        curves = [change(G, n) for n, G in enumerate(curves)]
    curves = [G + noise(n, wrong.get("correlated", False)) for n, G in enumerate(curves)]
    start = time.time()
    found = de.invert_many(BIAS, np.array(curves), observable=de.DifferentialConductance(), **(KNOWN | told))
    seconds = (time.time() - start) / spectra
    rows = []
    for n, one in enumerate(found):
        values = {"lambda": one.lambda_ep, "T_c": one.T_c}
        z = {key: (value - truth[n][key]) / error for key, (value, error) in values.items()}
        rows.append({"ok": one.ok, **z})
    return rows, seconds


def make_truth(spectra):
    made = []
    shifted = np.abs(FINE - 0.05)
    for n in range(spectra):
        spectrum = FAMILY.sample_spectrum(jax.random.key(n))
        sol = de.solve_gap(spectrum, T, mu_star=MU_STAR, omega_c=OMEGA_C)
        real = de.continue_gap(sol, spectrum, FINE, broadening=BROADENING)
        G = np.asarray(de.differential_conductance(real, T))
        curves = {
            (0.0, 0.0): G[:2001:10],
            (0.15, 0.0): np.asarray(de.differential_conductance(real, T, 0.15))[:2001:10],
        }
        curves[(0.0, 0.05)] = G[np.round(shifted / 0.01).astype(int)][:2001:10]
        T_c = float(de.solve_tc(spectrum, mu_star=MU_STAR, omega_c=OMEGA_C))
        made.append({"lambda": float(spectrum.lambda_ep), "T_c": T_c, "curves": curves})
    return made


def table_row(name, rows):
    """A row of the table: shares of answers in percent."""
    ok = np.array([row["ok"] for row in rows])
    z = {key: np.array([row[key] for row in rows]) for key in ("lambda", "T_c")}
    parts = [np.mean(ok), np.mean(~ok | holds(rows)), *(np.mean(np.abs(z[k]) < s) for s in (1, 1.96) for k in z)]
    return f"| {name} | " + " | ".join(f"{100 * part:.0f}" for part in parts) + " |"


def holds(rows):
    """Whether the 95 % intervals of lambda and of T_c hold the truth."""
    return np.array([abs(row["lambda"]) < 1.96 and abs(row["T_c"]) < 1.96 for row in rows])


def draw(results, path):
    """Draw what became of each model, and the deviations of right models in units of their error bars."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    names = list(results)[::-1]
    ok = [np.array([row["ok"] for row in results[name]]) for name in names]
    hold = [holds(results[name]) for name in names]
    start = np.zeros(len(names))
    for label, color, members in (
        ("not ok", "C0", [~a for a in ok]),
        ("ok, 95 % intervals hold the truth", "C2", [a & b for a, b in zip(ok, hold, strict=True)]),
        ("ok, but they do not", "C3", [a & ~b for a, b in zip(ok, hold, strict=True)]),
    ):
        share = np.array([100 * np.mean(each) for each in members])
        left.barh(names, share, left=start, color=color, label=label)
        start += share
    left.set(xlabel="answers [%]", xlim=(0, 100))
    left.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    x, edges = np.linspace(-4, 4, 201), np.linspace(-4, 4, 33)
    for key, label, color in (("lambda", r"$\lambda$", "C0"), ("T_c", "$T_c$", "C1")):
        z = [row[key] for name, rows in results.items() if name.startswith("right") for row in rows]
        right.hist(z, edges, density=True, histtype="step", color=color, label=label)
    right.plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), "k", lw=0.8, label="normal distribution")
    right.set(xlabel="(answer - truth) / error bar, right models", ylabel="density")
    right.legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=90)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--spectra", type=int, default=100)
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=pathlib.Path)
    args = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    truth, results = make_truth(args.spectra), {}
    lines = [
        "| model | ok [%] | not ok, or bars hold [%] | 68 % lambda | 68 % T_c | 95 % lambda | 95 % T_c |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for name in CASES:
        if args.only not in name:
            continue
        results[name], seconds = run(name, args.spectra, truth)
        lines.append(table_row(name, results[name]))
        print(f"{lines[-1]} {seconds:.1f} s each", flush=True)
    if args.output:
        args.output.mkdir(exist_ok=True)
        (args.output / "wrong_models.md").write_text("\n".join(lines) + "\n")
        draw(results, args.output / "wrong_models.png")


if __name__ == "__main__":
    main()
