"""How wrong is the double-precision Pade approximant? See README.md."""

import pathlib
import sys

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import diffeliash as de  # noqa: E402 - after the flag

NAMES = ("G1", "G2", "G3", "G6", "P2")
POINTS = (351, 200, 120, 80, 60, 40)
BROADENING = 0.1
END = 35.0


def row(references: pathlib.Path, name: str) -> str:
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
        cells.append(f"{100 * error:.1f} / {100 * float(real.discrepancy):.1f}")
    edge = 1e6 * abs(float(de.gap_edge(sol, spectrum)) - float(reference["gap_edge_msc"]))
    return f"| {name} | {' | '.join(cells)} | {edge:.3f} |"


def main() -> None:
    references = pathlib.Path(sys.argv[1])
    print("largest error / discrepancy of Delta, % of max |Delta|, by number of points; error of the gap edge\n")
    print("| spectrum | " + " | ".join(map(str, POINTS)) + " | gap edge [1e-6 meV] |")
    print("|---" * (len(POINTS) + 2) + "|")
    for name in NAMES:
        print(row(references, name), flush=True)


if __name__ == "__main__":
    main()
