"""The picture of one solution: spectrum, gap function and renormalization on both axes, density of states."""

import io
import pathlib
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..data import write_file

if TYPE_CHECKING:
    from ..physics import GapSolution, RealAxisGap


def plot_solution(path: pathlib.Path, source: str, sol: "GapSolution", real: "RealAxisGap") -> None:
    """Draw one solution into a file; the suffix decides the kind of file."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    panels = figure.subplots(3, 2)
    omega, end = np.asarray(sol.spectrum.omega), float(sol.spectrum.omega_max)
    panels[0, 0].plot(omega, sol.spectrum.a2f, color="k")
    panels[0, 0].set(xlabel=r"$\omega$ [meV]", ylabel=r"$\alpha^2F(\omega)$", xlim=(0, end), ylim=(0, None))
    panels[0, 1].plot(real.omega, real.dos, color="k", lw=1)
    panels[0, 1].set(xlabel=r"$\omega$ [meV]", ylabel=r"$N(\omega)/N_F$", xlim=(0, 2 * end), ylim=(0, None))
    near = np.asarray(sol.omega_n) <= 4 * end
    for axes, values, name in ((panels[1, 0], sol.Delta, r"\Delta"), (panels[2, 0], sol.Z, "Z")):
        axes.plot(np.asarray(sol.omega_n)[near], np.asarray(values)[near], ".-", color="k", ms=3, lw=0.8)
        unit = " [meV]" if name != "Z" else ""
        axes.set(xlabel=r"$\omega_n$ [meV]", ylabel=rf"${name}(i\omega_n)${unit}", xlim=(0, 4 * end))
    for axes, values, name in ((panels[1, 1], real.Delta, r"\Delta"), (panels[2, 1], real.Z, "Z")):
        axes.plot(real.omega, np.real(values), label="real part")
        axes.plot(real.omega, np.imag(values), label="imaginary part")
        unit = " [meV]" if name != "Z" else ""
        axes.set(xlabel=r"$\omega$ [meV]", ylabel=rf"${name}(\omega)${unit}", xlim=(0, 4 * end))
        axes.axhline(0, color="gray", lw=0.5)
    panels[1, 1].legend(frameon=False)
    figure.suptitle(
        f"{pathlib.Path(source).name}, {float(sol.T):g} K, $\\mu^*$ = {float(sol.mu_star):g} at "
        f"$\\omega_c$ = {float(sol.omega_c):g} meV; real axis: Padé, $\\Gamma$ = {float(real.broadening):.3g} meV"
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:].lower(), dpi=150)
    write_file(path, buffer.getvalue())
