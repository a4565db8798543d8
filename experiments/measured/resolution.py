"""How many independent numbers of a2F a junction resolves between 0.3 and 4.2 K.

    python experiments/measured/resolution.py

The conductance of a material with the transverse and longitudinal peaks of lead is linearized at its a2F
(`diffeliash.resolution`); counted are the combinations of the values of a2F that the data determine better than the
prior does. Writes results/resolution.md and results/resolution.png.
"""

import pathlib

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import diffeliash as de  # noqa: E402

RESULTS = pathlib.Path(__file__).parent / "results"
END, N = 10.0, 200
BIAS = np.linspace(0.0, 25.0, 501)
TEMPERATURES = (0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 4.2)
NOISES = (1e-4, 1e-3, 1e-2)
BROADENING, MODULATION = 0.05, 0.2
STYLES = ("o-", "s--", ":")
CASES = {
    "conductance": de.DifferentialConductance(),
    f"modulation {MODULATION:g} meV": de.DifferentialConductance(modulation=MODULATION),
    "density of states": de.DensityOfStates(),
}


def lead():
    """A spectrum with the two peaks of lead and a coupling constant of 1.4."""
    omega = END * np.arange(1, N + 1) / N
    peaks = np.exp(-(((omega - 4.4) / 0.7) ** 2)) + 1.1 * np.exp(-(((omega - 8.5) / 0.35) ** 2))
    peaks += 0.35 * np.exp(-(((omega - 6.2) / 1.2) ** 2))
    a2f = peaks * omega**2 / (omega**2 + 4.0)
    a2f[-1] = 0.0
    return de.Spectrum(omega, a2f * 1.4 / float(de.Spectrum(omega, a2f).lambda_ep))


def main():
    from matplotlib.figure import Figure

    spectrum, found = lead(), {}
    lines = ["| what | T [K] | noise | numbers resolved | median width of a kernel [meV] |", "|---|---|---|---|---|"]
    for name, observable in CASES.items():
        for T in TEMPERATURES:
            for noise in NOISES:
                one = de.resolution(
                    spectrum, T, noise=noise, broadening=BROADENING, energies=BIAS, observable=observable, mu_star=0.12,
                    n_points=N,
                )  # fmt: skip
                found[name, T, noise] = one
                width = np.median(one.widths)
                lines.append(f"| {name} | {T:g} | {noise:g} | {one.n_resolved} | {width:.2f} |")
                print(lines[-1], flush=True)
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    numbers, widths, kernels = figure.subplots(1, 3)
    for i, noise in enumerate(NOISES):
        for name, style in zip(CASES, STYLES, strict=True):
            resolved = [found[name, T, noise].n_resolved for T in TEMPERATURES]
            numbers.loglog(TEMPERATURES, resolved, style, color=f"C{i}", markersize=4)
        numbers.plot([], [], color=f"C{i}", label=f"noise {noise:g}")
    for T in (0.3, 1.2, 4.2):
        one = found["conductance", T, 1e-3]
        widths.plot(one.omega, one.widths, label=f"{T:g} K")
        middle = int(np.argmin(np.abs(one.omega - 4.4)))
        kernels.plot(one.omega, one.kernels[middle], label=f"{T:g} K")
    for name, style in zip(CASES, STYLES, strict=True):
        numbers.plot([], [], style, color="k", markersize=4, label=name)
    ticks = (0.3, 0.5, 1, 2, 4)
    numbers.set_xticks(ticks, [f"{T:g}" for T in ticks])
    numbers.set_xticks([], minor=True)
    numbers.set_yticks((5, 10, 20, 50), ("5", "10", "20", "50"))
    numbers.set_yticks([], minor=True)
    numbers.set(xlabel="T [K]", ylabel="independent numbers of a2F resolved", ylim=(2, 110))
    widths.set(xlabel="energy [meV]", ylabel="width of the averaging kernels [meV]", title="noise 1e-3", ylim=(0, None))
    kernels.set(xlabel="energy [meV]", ylabel="averaging kernel at 4.4 meV", title="noise 1e-3", xlim=(1, 8))
    numbers.legend(frameon=False, fontsize="x-small", ncols=2, loc="lower left")
    for axes in (widths, kernels):
        axes.legend(frameon=False, fontsize="small")
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "resolution.png", dpi=100)
    title = f"A spectrum like that of lead, lambda 1.4, broadening {BROADENING:g} meV, 501 bias energies up to 25 meV."
    (RESULTS / "resolution.md").write_text("\n".join([title, "", *lines]) + "\n")


if __name__ == "__main__":
    main()
