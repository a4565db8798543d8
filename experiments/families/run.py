"""Samples of every family of random spectral functions. See README.md."""

import pathlib
import sys

import jax
import numpy as np
from matplotlib.figure import Figure

jax.config.update("jax_enable_x64", True)

from diffeliash.data import FAMILIES, family_grid  # noqa: E402 - after the flag

N_SHOWN, COLORS = 3, ("tab:blue", "tab:orange", "tab:green")


def read_materials(folder: pathlib.Path) -> list[np.ndarray]:
    """Spectra of real materials, with energies scaled to end at 10 meV and a coupling constant of one."""
    spectra = []
    for name in ("Pb_EPW60_Elphgap", "Al_Elk", "Nb_IsoME_s15"):
        omega, a2f = np.loadtxt(folder / f"{name}.dat").T[:2]
        lambda_ep = 2 * np.trapezoid(a2f / omega, omega)
        spectra.append(np.stack([10 * omega / omega[-1], a2f / lambda_ep]))
    return spectra


def main(materials: pathlib.Path | None, out: pathlib.Path) -> None:
    n = len(FAMILIES) + (materials is not None)
    figure = Figure(figsize=(2.9 * n, 4.6), layout="constrained")
    grid = figure.subplots(N_SHOWN, n, sharex=True, squeeze=False)
    for column, (name, kind) in zip(grid.T, FAMILIES.items(), strict=False):
        family = kind()
        column[0].set_title(name)
        for row, (axes, color) in enumerate(zip(column, COLORS, strict=True)):
            spectrum = family.sample_spectrum(jax.random.key(row))
            axes.plot(family_grid(family), spectrum.a2f / spectrum.lambda_ep, color=color, lw=1)
    if materials is not None:
        grid[0, -1].set_title("for comparison: Pb, Al, Nb")
        for axes, (omega, a2f) in zip(grid[:, -1], read_materials(materials), strict=True):
            axes.plot(omega, a2f, color="gray", lw=1)
    for axes in grid[-1]:
        axes.set_xlabel(
            r"$\omega$ [meV]" if axes is not grid[-1, -1] or materials is None else r"$10\,\omega/\omega_{max}$"
        )
    for axes in grid.flat:
        axes.set_ylim(bottom=0)
    grid[1, 0].set_ylabel(r"$\alpha^2F(\omega)/\lambda$")
    figure.savefig(out, dpi=110)
    print(f"wrote {out}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None, pathlib.Path("docs/figures/families.png"))
