"""The self-energy of CsV3Sb5, the coverage of the error bars of lambda, and false alarms of the test of compatibility.

    python experiments/self-energy/run.py measured [--data ../shared/measured/CsV3Sb5]
    python experiments/self-energy/run.py coverage [--n 300]

Each prints a table and writes it to results/NAME.md; `measured` draws results/measured.png.
"""

import argparse
import pathlib
import time

import jax
import matplotlib.pyplot as plt
import numpy as np

import diffeliash as de

jax.config.update("jax_enable_x64", True)

RESULTS = pathlib.Path(__file__).parent / "results"
T = 6.0
MAXIMUM_ENTROPY = {"alpha": (0.400, 0.513), "beta": (0.444, 0.895)}
"""lambda by the authors' maximum-entropy fits of the real and of the imaginary part."""

ENERGIES = np.linspace(-95.0, 0.0, 191)
CASES = ((40.0, 0.3, 0.5), (40.0, 0.6, 1.0), (80.0, 0.3, 0.5))
"""End of a2F and noise of the real and of the imaginary part [meV] of synthetic curves."""


def write(name, lines):
    text = "\n".join(lines) + "\n"
    print(text)
    (RESULTS / f"{name}.md").write_text(text)


def number(pair):
    return f"{pair[0]:.3f} +- {pair[1]:.3f}"


def measured(args):
    lines = [
        "| band | free | lambda, Re and Im | Re alone | Im alone | maximum entropy, Re and Im | chi^2/N "
        "| factor of the errors | noise Re, Im [meV] | probability | end [meV] | ok | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    figure, axes = plt.subplots(3, 2, figsize=(11, 10), sharex="row", layout="constrained")
    for column, band in enumerate(MAXIMUM_ENTROPY):
        data = de.read_self_energy(args.data / f"{band}_real.dat", args.data / f"{band}_imaginary.dat")
        for electrons in (False, True):
            observable = de.NormalSelfEnergy(electrons=electrons)
            for _ in range(2):  # the second time it is compiled
                start = time.perf_counter()
                found = de.invert_self_energy(data.omega, data.sigma, T=T, observable=observable)
                seconds = time.perf_counter() - start
            real, imaginary = found.parts
            lines.append(
                f"| {band} | {', '.join(found.nuisances)} | {number(found.lambda_ep)} | {number(real.alone.lambda_ep)} "
                f"| {number(imaginary.alone.lambda_ep)} | {MAXIMUM_ENTROPY[band]} | {found.chi2:.2f} "
                f"| {found.error_factor:.2f} | {real.noise:.2f}, {imaginary.noise:.2f} | {found.probability:.0e} "
                f"| {found.omega_max:.0f} | {found.ok} | {seconds:.2f} |"
            )
            if not electrons:
                draw(axes[:, column], band, data, found)
                notes = [f"* {band}: {note}" for note in found.notes]
                lines_of_notes = notes if column == 0 else [*lines_of_notes, *notes]
    figure.savefig(RESULTS / "measured.png", dpi=90)
    write("measured", [*lines, "", "Notes without `electrons`:", "", *lines_of_notes])


def draw(axes, band, data, found):
    n = len(data.omega)
    for axis, part, name in ((axes[0], np.real, "Re"), (axes[1], np.imag, "Im")):
        values = found.inversion.values[:n] if name == "Re" else found.inversion.values[n:]
        axis.plot(data.omega, part(data.sigma), "k.", ms=3, label="measured")
        axis.plot(data.omega, values, "C1", label="joint fit")
        axis.set(xlabel="energy [meV]", ylabel=f"{name} Sigma [meV]", title=f"{band}, {name}")
        axis.legend()
    for inversion, color, label in (
        (found.inversion, "C1", "both"),
        (found.parts[0].alone, "C0", "Re alone"),
        (found.parts[1].alone, "C2", "Im alone"),
    ):
        low, high = np.quantile(inversion.samples, (0.16, 0.84), axis=0)
        axes[2].fill_between(inversion.omega, low, high, color=color, alpha=0.3)
        axes[2].plot(inversion.omega, inversion.a2f, color=color, label=label)
    axes[2].set(xlabel="boson energy [meV]", ylabel="a2F", title=f"{band}: lambda = {number(found.lambda_ep)}")
    axes[2].legend()


def coverage(args):
    lines = [
        "| a2F ends at [meV] | noise Re, Im [meV] | curves | truth within lambda +- std "
        "| within the 16 and 84 % quantiles | (lambda - truth)/std | std/truth (median) "
        "| noise found/true, Re and Im | incompatible | ok | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for end, *noise in CASES:
        rows = np.array([one_curve(seed, end, noise) for seed in range(args.n)])
        truth, found, std, low, high, real, imaginary, compatible, ok, seconds = rows.T
        deviation = (found - truth) / std
        inside, quantiles = np.mean(np.abs(deviation) < 1), np.mean((low < truth) & (truth < high))
        lines.append(
            f"| {end:g} | {noise[0]:g}, {noise[1]:g} | {args.n} | {100 * inside:.0f} % | {100 * quantiles:.0f} % "
            f"| {np.mean(deviation):.2f} +- {np.std(deviation):.2f} | {np.median(std / truth):.3f} "
            f"| {np.median(real) / noise[0]:.2f}, {np.median(imaginary) / noise[1]:.2f} "
            f"| {100 * np.mean(1 - compatible):.1f} % | {100 * np.mean(ok):.0f} % | {np.median(seconds):.2f} |"
        )
        write("coverage", lines)


def one_curve(seed, end, noise):
    rng = np.random.default_rng(seed)
    spectrum = de.MaterialsFamily(omega_max=end).sample_spectrum(jax.random.key(1_000_000 + seed))
    sigma = np.asarray(de.normal_self_energy(spectrum, ENERGIES, T))
    data = sigma + noise[0] * rng.normal(size=191) + 1j * noise[1] * rng.normal(size=191)
    data += 3.0 - 20j + 0.03 * ENERGIES  # a constant, impurities and a slope
    start = time.perf_counter()
    found = de.invert_self_energy(ENERGIES, data, T=T, seed=seed)
    seconds = time.perf_counter() - start
    samples = 2 * np.sum(found.inversion.samples / found.omega[None, :], axis=1) * found.omega[0]
    return (
        float(spectrum.lambda_ep), *found.lambda_ep, *np.quantile(samples, (0.16, 0.84)),
        *(part.noise for part in found.parts), found.compatible, found.ok, seconds,
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("measured")
    one.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/measured/CsV3Sb5"))
    one.set_defaults(run=measured)
    other = commands.add_parser("coverage")
    other.add_argument("--n", type=int, default=300)
    other.set_defaults(run=coverage)
    args = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    args.run(args)


if __name__ == "__main__":
    main()
