"""The accuracy of inversions, the coverage of their error bars, their resolution, and the roughness of spectra.

    python experiments/inversion/run.py accuracy [--n 200] [--points 1000] [--energies 701] [--family complex]
    python experiments/inversion/run.py coverage [--n 1000]
    python experiments/inversion/run.py resolution
    python experiments/inversion/run.py roughness [--materials FOLDER]

Each prints a table and writes it to results/NAME.md; `resolution` draws results/resolution.png.
"""

import argparse
import os
import pathlib
import platform
import time

import jax
import numpy as np

import diffeliash as de
from diffeliash.inverse import ComplexGap, DensityOfStates, _inverter
from diffeliash.inverse.nonlinear._posterior_samples import sample_perturbed as draw_from
from diffeliash.inverse.nonlinear._smoothness_prior import N_LONG_WAVES, Prior, most_likely_prior
from diffeliash.physics import MSC, batched, continue_gap, map_materials, solve_gap

jax.config.update("jax_enable_x64", True)

RESULTS = pathlib.Path(__file__).parent / "results"
FAMILIES = {
    "complex": de.ComplexFamily,
    "simple": de.SimpleFamily,
    "gbm": de.BrownianFamily,
    "materials": de.MaterialsFamily,
}
T, BROADENING, OMEGA_MAX = 2.0, 0.1, 10.0
CUTOFFS = {"omega_c": 100.0, "matsubara_cutoff": 220.0}
NOISES = (0.0, 1e-4, 1e-3, 1e-2)
COUPLINGS, BROADEST = (0.5, 3.0), ((0.0, -0.6, -0.6), (1.2, 0.6, 0.6))
"""Ranges of the couplings, and of the amplitudes of the waves of longest wavelength, of spectra from the prior."""

SMALLEST_GAP = 0.05
"""Smallest gap [meV]: spectra with a smaller one are close to normal and left out."""


def solve_all(omega, a2f, energies, *, T, broadening):
    """Compute exact gap functions and densities of states on the line."""

    def one(values):
        spectrum = de.Spectrum(omega, values)
        sol = solve_gap(spectrum, T, **CUTOFFS)
        real = continue_gap(sol, spectrum, energies, broadening=broadening, method=MSC(rtol=1e-9))
        return real.Delta, real.dos, sol.superconducting & real.converged

    parts = [part for _, part in map_materials(batched(one), a2f)]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def draw_family(name, n, n_points, energies):
    """Sample spectra of a family with a gap, and compute their gap functions and densities of states."""
    family = FAMILIES[name](n_points=n_points)
    keys = jax.random.split(jax.random.key(2_000_000), 2 * n)  # far from the seeds of data sets
    a2f = np.asarray(jax.vmap(lambda key: family.sample_spectrum(key).a2f)(keys))
    omega = OMEGA_MAX / n_points * np.arange(1, n_points + 1)
    Delta, dos, good = solve_all(omega, a2f, energies, T=T, broadening=BROADENING)
    kept = np.flatnonzero(good & (np.max(np.abs(Delta), axis=1) > SMALLEST_GAP))[:n]
    return omega, a2f[kept], Delta[kept], dos[kept]


def one_minus_pcc(found, omega, a2f):
    at = np.interp(omega, np.append(0.0, found.omega), np.append(0.0, found.a2f))
    return 1 - np.corrcoef(at, a2f)[0, 1]


def accuracy(args):
    energies = np.linspace(0, 3.5 * OMEGA_MAX, args.energies)
    omega, a2f, Delta, dos = draw_family(args.family, args.n, args.points, energies)
    n_points = min(args.points, 200)
    lines = [
        f"{args.family} family on {args.points} points, {len(a2f)} spectra; {args.kind} at {args.energies} energies to "
        f"{energies[-1]:g} meV, {T:g} K, broadening {BROADENING:g} meV; a2F found at {n_points} points. {machine()}",
        "",
        "| noise | 1 - PCC: median | 16 % | 84 % | mean | chi2/N in 0.8-1.2 | converged | truth in 68 % bars | "
        "pull of lambda | of T_c | resolved | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for noise in args.noises:
        rng = np.random.default_rng(0)
        if args.kind == "dos":
            sizes, observable = np.full(len(a2f), noise), DensityOfStates()
            measured = dos + noise * rng.normal(size=dos.shape)
        else:
            sizes, observable = noise * np.max(np.abs(Delta), axis=1), ComplexGap()
            error = rng.normal(size=Delta.shape) + 1j * rng.normal(size=Delta.shape)
            measured = Delta + sizes[:, None] * error
        started = time.monotonic()
        found = de.invert_many(
            energies, measured, T=T, broadening=BROADENING, omega_max=OMEGA_MAX, n_points=n_points,
            noise=sizes.tolist() if noise else None, observable=observable, **CUTOFFS,
        )  # fmt: skip
        seconds = (time.monotonic() - started) / len(found)
        lines.append(row_of(noise, found, omega, a2f, seconds))
        print(lines[-1], flush=True)
    write(f"accuracy-{args.family}-{args.points}-{args.kind}-{args.energies}", lines)


def row_of(noise, found, omega, a2f, seconds):
    miss = np.array([one_minus_pcc(one, omega, true) for one, true in zip(found, a2f, strict=True)])
    inside, pulls, pulls_T_c = [], [], []
    for one, true in zip(found, a2f, strict=True):
        expected = np.interp(one.omega, omega, true)[:-1]
        low, high = np.quantile(one.samples[:, :-1], (0.16, 0.84), axis=0)
        inside.append(np.mean((low <= expected) & (expected <= high)))
        spectrum = de.Spectrum(omega, true)
        pulls.append((one.lambda_ep[0] - float(spectrum.lambda_ep)) / one.lambda_ep[1])
    for one, true in list(zip(found, a2f, strict=True))[:20]:
        T_c = float(de.solve_tc(de.Spectrum(omega, true), **CUTOFFS))
        pulls_T_c.append((one.T_c[0] - T_c) / one.T_c[1])
    chi2 = np.array([one.chi2 for one in found])
    cells = (
        f"{noise:g}", f"{np.median(miss):.1e}", *(f"{x:.1e}" for x in np.quantile(miss, (0.16, 0.84))),
        f"{np.mean(miss):.1e}", f"{np.mean((chi2 >= 0.8) & (chi2 <= 1.2)):.3f}",
        f"{np.mean([one.converged for one in found]):.3f}", f"{np.mean(inside):.2f}",
        f"{np.sqrt(np.mean(np.square(pulls))):.2f}", f"{np.sqrt(np.mean(np.square(pulls_T_c))):.2f}",
        f"{np.median([one.n_resolved for one in found]):.0f}", f"{seconds:.2f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def draw_prior(rng, prior, n, n_samples):
    """Sample non-negative spectra from the prior, with couplings in `COUPLINGS`.

    The amplitudes of the waves of longest wavelength, which the prior hardly constrains, are uniformly distributed.
    """
    broad = np.sin(np.pi * np.outer(np.arange(1, n), np.arange(1, N_LONG_WAVES + 1)) / n)
    omega, found = OMEGA_MAX / n * np.arange(1, n), []
    while sum(map(len, found)) < n_samples:
        rest = np.linalg.solve(prior.root(n - 1), rng.standard_normal((n - 1, 20_000)))
        rest -= 2 / n * broad @ (broad.T @ rest)
        a2f = (rest + broad @ rng.uniform(BROADEST[0], BROADEST[1], size=(20_000, N_LONG_WAVES)).T).T
        coupling = 2 * a2f @ (omega[0] / omega)
        kept = (np.min(a2f, axis=1) >= 0) & (coupling > COUPLINGS[0]) & (coupling < COUPLINGS[1])
        found.append(np.pad(a2f[kept], ((0, 0), (0, 1))))
    return np.concatenate(found)[:n_samples]


def coverage(args):
    n, T, broadening, energies = 64, 3.0, 0.3, np.linspace(0, 35, 141)
    prior, rng = Prior(strength=3e-3, correlation=20.0, onset=0.0, variance=1.0), np.random.default_rng(0)
    a2f = draw_prior(rng, prior, n, 2 * args.n)
    omega = OMEGA_MAX / n * np.arange(1, n + 1)
    Delta, _, good = solve_all(omega, a2f, energies, T=T, broadening=broadening)
    kept = np.flatnonzero(good & (np.max(np.abs(Delta), axis=1) > SMALLEST_GAP))[: args.n]
    true, Delta, weights = a2f[kept, :-1], Delta[kept], 2 * omega[0] / omega[:-1]
    lines = [
        f"{len(kept)} spectra drawn from the prior (strength {prior.strength:g}, correlation {prior.correlation:g}, 64 "
        f"points, not negative, coupling {COUPLINGS[0]:g} to {COUPLINGS[1]:g}); gap functions at 141 energies to "
        f"35 meV, {T:g} K, broadening {broadening:g} meV. {machine()}",
        "",
        "| noise | prior | truth in 68 % of samples | a2F above 2 std | a2F below 2 std (constraint active) | lambda | "
        "within one std of the most probable | converged | s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    draw_with_both_priors(prior)
    for noise in args.noises:
        sizes = noise * np.max(np.abs(Delta), axis=1)
        error = rng.normal(size=Delta.shape) + 1j * rng.normal(size=Delta.shape)
        started = time.monotonic()
        found = de.invert_many(
            energies, Delta + sizes[:, None] * error, T=T, broadening=broadening, omega_max=OMEGA_MAX, n_points=n,
            noise=sizes.tolist(), **CUTOFFS,
        )  # fmt: skip
        seconds = (time.monotonic() - started) / len(found)
        probable, converged = np.array([one.a2f[:-1] for one in found]), np.mean([one.converged for one in found])
        for number, name in enumerate(("found from the data", "known")):
            samples = np.array([np.array_split(one.samples, 2)[number][:, :-1] for one in found])
            std = np.std(samples, axis=1)
            inside, free = in_the_middle(samples, true), true > 2 * std
            cells = (
                f"{noise:g}", name, *(f"{np.mean(x):.3f}" for x in (inside, inside[free], inside[~free])),
                f"{np.mean(in_the_middle(samples @ weights, true @ weights)):.3f}",
                f"{np.mean(np.abs(probable - true) < std):.3f}", f"{converged:.3f}", f"{seconds:.2f}",
            )  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    write("coverage", lines)


def draw_with_both_priors(prior):
    """Make every inversion add as many samples of the posterior under the prior from which the truth was sampled."""
    original = _inverter.sample_posterior

    def both(rng, problem, n_samples, changes):
        known = draw_from(rng, problem.with_prior(prior), n_samples)
        return np.concatenate([original(rng, problem, n_samples, changes), known])

    _inverter.sample_posterior = both


def in_the_middle(samples, true):
    """Whether the truth lies in the middle 68 % of the samples."""
    low, high = np.quantile(samples, (0.16, 0.84), axis=1)
    return (low <= true) & (true <= high)


def resolution(args):
    from matplotlib.figure import Figure

    del args
    omega, a2f, Delta, _ = draw_family("complex", 1, 1000, np.linspace(0, 35, 351))
    spectrum, largest = de.Spectrum(omega, a2f[0]), np.max(np.abs(Delta))
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    values, kernels, widths = figure.subplots(1, 3)
    lines = ["| broadening [meV] | noise | numbers resolved | median width of a kernel [meV] |", "|---|---|---|---|"]
    for broadening in (0.05, 0.1, 0.2, 0.4):
        for noise in (1e-4, 1e-3, 1e-2):
            found = de.resolution(
                spectrum, T, broadening=broadening, noise=noise * largest, energies=np.linspace(0, 35, 701),
                n_points=200, **CUTOFFS,
            )  # fmt: skip
            lines.append(f"| {broadening:g} | {noise:g} | {found.n_resolved} | {np.median(found.widths):.3f} |")
            print(lines[-1], flush=True)
            if noise == 1e-3:
                values.semilogy(found.singular_values / found.singular_values[0], label=f"{broadening:g} meV")
            if broadening == 0.1:
                kernels.plot(found.omega, found.kernels[99], label=f"noise {noise:g}")
                widths.plot(found.omega, found.widths, label=f"noise {noise:g}")
    values.set(xlabel="number", ylabel="singular value, relative", ylim=(1e-9, 2), title="broadening")
    kernels.set(xlabel="energy [meV]", ylabel="averaging kernel at 5 meV", xlim=(3.5, 6.5))
    widths.set(xlabel="energy [meV]", ylabel="width of the kernels [meV]", ylim=(0, None))
    for axes in (values, kernels, widths):
        axes.legend(frameon=False, fontsize="small")
    figure.savefig(RESULTS / "resolution.png", dpi=100)
    write(
        "resolution", ["One spectrum of the complex family, gap function at 701 energies to 35 meV, 2 K.", "", *lines]
    )


def roughness(args):
    """Compute the most likely strength of the prior for spectra of the families and of real materials, maximum one."""
    lines = ["| spectra | strength: 10 % | median | 90 % |", "|---|---|---|---|"]
    for name, family in FAMILIES.items():
        keys = jax.random.split(jax.random.key(1), args.n)
        a2f = np.asarray(jax.vmap(lambda key, family=family(): family.sample_spectrum(key).a2f)(keys))
        found = [strength_of(np.arange(1, 1001) / 1000, each) for each in a2f]
        lines.append(f"| {name} family | " + " | ".join(f"{x:.1e}" for x in np.quantile(found, (0.1, 0.5, 0.9))) + " |")
    for path in sorted((args.materials / "grid").glob("*.dat")):
        omega, a2f = np.loadtxt(path).T
        lines.append(f"| {path.stem} | | {strength_of(omega / omega[-1], a2f):.1e} | |")
    write("roughness", lines)


def strength_of(x, a2f, n_points=200):
    values = np.interp(np.arange(1, n_points) / n_points, x, a2f)
    return most_likely_prior(values / np.max(values)).strength


def machine():
    cores, today = len(os.sched_getaffinity(0)), time.strftime("%Y-%m-%d")
    return f"{cores} cores of {platform.machine()}, JAX {jax.__version__}, {today}."


def write(name, lines):
    text = "\n".join(lines)
    (RESULTS / f"{name}.md").write_text(text + "\n")
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("accuracy", "coverage", "resolution", "roughness"))
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--energies", type=int, default=701)
    parser.add_argument("--family", choices=FAMILIES, default="complex")
    parser.add_argument("--kind", choices=("gap", "dos"), default="gap")
    parser.add_argument("--materials", type=pathlib.Path, default=RESULTS.parents[3] / "shared" / "materials")
    parser.add_argument("--noises", type=lambda text: [float(x) for x in text.split(",")], default=None)
    args = parser.parse_args()
    args.noises = args.noises or (NOISES if args.what == "accuracy" else (1e-3, 1e-2, 1e-1))
    RESULTS.mkdir(exist_ok=True)
    {"accuracy": accuracy, "coverage": coverage, "resolution": resolution, "roughness": roughness}[args.what](args)


if __name__ == "__main__":
    main()
