"""The error of the double-precision Pade approximant for several numbers of points. See README.md."""

import pathlib
import sys

import jax
import numpy as np
from matplotlib.figure import Figure

jax.config.update("jax_enable_x64", True)

import diffeliash as de  # noqa: E402 - after the flag

NAMES = ("G1", "G2", "G3", "G6", "P2")
POINTS = (351, 200, 120, 80, 60, 40)
BROADENING = 0.1
END = 35.0


def row(references: pathlib.Path, name: str) -> str:
    """The errors and acceptance tests of one spectrum as a row of the table."""
    reference = np.load(references / f"{name}_wc50.npz")
    spectrum = de.Spectrum(reference["w"], reference["a2f"])
    sol = de.solve_gap(spectrum, 1.16, mu_star=0.1, omega_c=50.0, matsubara_cutoff=220.2)
    omega = reference["x"][reference["x"] <= END]
    line = int(np.flatnonzero(reference["Gamma"] == BROADENING)[0])
    exact = reference["msc_Delta"][line, : omega.size]
    cells = []
    for n_points in POINTS:
        real = de.continue_gap(sol, spectrum, omega, broadening=BROADENING, method=de.Pade(n_points))
        error = np.max(np.abs(real.Delta - exact)) / np.max(np.abs(exact))
        cells.append(f"{100 * error:.1f} / {100 * float(real.error):.1f}")
    edge = 1e6 * abs(float(de.gap_edge(sol, spectrum, method=de.Pade())) - float(reference["gap_edge_msc"]))
    return f"| {name} | {' | '.join(cells)} | {edge:.3f} |"


def draw(references: pathlib.Path, path: pathlib.Path) -> None:
    """Draw the exact gap functions and the Pade approximants of two spectra."""
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    for column, name in zip(panels.T, ("G1", "P2"), strict=True):
        reference = np.load(references / f"{name}_wc50.npz")
        spectrum = de.Spectrum(reference["w"], reference["a2f"])
        sol = de.solve_gap(spectrum, 1.16, mu_star=0.1, omega_c=50.0, matsubara_cutoff=220.2)
        omega = np.linspace(0, END, 1401)
        for method, words, style in (
            (de.MSC(), "exact", {"color": "k", "lw": 2.5, "alpha": 0.35}),
            (de.Pade(), "Padé, 351 points", {"color": "C3", "lw": 0.9}),
            (de.Pade(80), "Padé, 80 points", {"color": "C0", "lw": 0.9}),
        ):
            real = de.continue_gap(sol, spectrum, omega, broadening=BROADENING, method=method)
            for axes, part in zip(column, (np.real, np.imag), strict=True):
                axes.plot(omega, part(real.Delta), label=words, **style)
                if method == de.MSC():
                    margin = 0.3 * np.ptp(part(real.Delta))
                    axes.set_ylim(np.min(part(real.Delta)) - margin, np.max(part(real.Delta)) + margin)
        column[0].set(title=name, ylabel=r"Re $\Delta(\omega + 0.1i)$ [meV]")
        column[1].set(xlabel=r"$\omega$ [meV]", ylabel=r"Im $\Delta(\omega + 0.1i)$ [meV]", xlim=(0, END))
    panels[0, 0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    references = pathlib.Path(sys.argv[1])
    if len(sys.argv) > 2:
        draw(references, pathlib.Path(sys.argv[2]))
    print("largest error / acceptance test of Delta, % of max |Delta|, by number of points; error of the gap edge\n")
    print("| spectrum | " + " | ".join(map(str, POINTS)) + " | gap edge [1e-6 meV] |")
    print("|---" * (len(POINTS) + 2) + "|")
    for name in NAMES:
        print(row(references, name), flush=True)


if __name__ == "__main__":
    main()
