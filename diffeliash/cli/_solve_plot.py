"""Pictures of solutions: one on both axes, or the gap against temperature."""

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from ..physics import GapSolution, RealAxisGap

CLOSE_TO_TC = 1.25
"""The curve is continued to T_c from temperatures at most this factor below it."""

MOST_NAMES = 8
"""Curves that the legend names; it would cover the picture with more."""


def plot_solution(source: str, sol: "GapSolution", real: "RealAxisGap") -> Figure:
    """Spectrum, gap function and renormalization on both axes, density of states."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    panels = figure.subplots(3, 2)
    omega, end = np.asarray(sol.spectrum.omega), float(sol.spectrum.omega_max)
    panels[0, 0].plot(omega, sol.spectrum.a2f, color="k")
    panels[0, 0].set(xlabel=r"$\omega$ [meV]", ylabel=r"$\alpha^2F(\omega)$", xlim=(0, end), ylim=(0, None))
    window = max(2 * end, 2.5 * float(sol.Delta[0]))  # for strong coupling the gap lies beyond the bosons
    shown = np.asarray(real.omega) <= window
    panels[0, 1].plot(np.asarray(real.omega)[shown], np.asarray(real.dos)[shown], color="k", lw=1)
    panels[0, 1].set(xlabel=r"$\omega$ [meV]", ylabel=r"$N(\omega)/N_F$", xlim=(0, window), ylim=(0, None))
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
    return figure


def plot_temperatures(results: list[dict[str, Any]], T_c: dict[str, float]) -> Figure:
    r"""$\Delta(i\omega_0)$ and the gap edge against temperature, a curve for each file; dotted towards $T_c$.

    Args:
        results: Entries of the answer.
        T_c: Critical temperature of each file [K].
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    names = [pathlib.Path(file).name for file in T_c]
    for number, (file, critical) in enumerate(T_c.items()):
        points = sorted(
            (each["T_K"], each["Delta_iw0_meV"], each["gap_edge_meV"])
            for each in results
            if each["file"] == file and each["converged"]
        )
        T, Delta, edge = np.array(points, dtype=float).reshape(-1, 3).T
        bound, color = Delta > 0, f"C{number % 10}"
        path = pathlib.Path(file)
        name = f"{path.parent.name}/{path.name}" if names.count(path.name) > 1 else path.name
        closes = f"$T_c$ = {critical:.4g} K" if critical > 0 else "normal"
        label = f"{name}, {closes}" if number < MOST_NAMES else None
        axes.plot(T[bound], Delta[bound], color=color, lw=1, label=label)
        last = int(np.argmax(np.where(bound, T, 0.0)))
        if np.any(bound) and T[last] <= critical <= CLOSE_TO_TC * T[last]:
            part = np.linspace(0, 1, 100)  # the gap closes as the square root
            axes.plot(critical - part**2 * (critical - T[last]), part * Delta[last], ":", color=color, lw=1)
        axes.plot(T, Delta, "o", color=color, ms=4)
        axes.plot(T[bound], edge[bound], "x", color=color, ms=5)
    if len(T_c) > MOST_NAMES:
        axes.plot([], [], " ", label=f"and {len(T_c) - MOST_NAMES} more")
    if any(line.get_linestyle() == ":" for line in axes.lines):
        axes.plot([], [], ":k", lw=1, label=r"to $T_c$ by the square root")
    axes.plot([], [], "ok", ms=4, label=r"$\Delta(i\omega_0)$")
    if any(each["gap_edge_meV"] and np.isfinite(each["gap_edge_meV"]) for each in results):
        axes.plot([], [], "xk", ms=5, label=r"gap edge $\Delta_0$ (Padé)")
    setting = results[0]
    axes.set_title(f"$\\mu^*$ = {setting['mu_star']:g}, sum in $Z$: {setting['z_sum']}", fontsize="small")
    axes.set(xlabel="$T$ [K]", ylabel=r"$\Delta$ [meV]", xlim=(0, None), ylim=(0, None))
    axes.set_xlim(0, 1.04 * axes.get_xlim()[1])
    axes.legend(frameon=False, fontsize="small")
    return figure
