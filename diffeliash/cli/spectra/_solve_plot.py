"""Figures of solutions: one solution on both axes, or the gap against temperature."""

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..._errors import InputError
from ..arguments import Source, source_of
from ..terminal import tell

if TYPE_CHECKING:
    from ...physics import GapSolution, RealAxisGap

IMAGINARY_RANGE, REAL_RANGE = 4, 4
"""Largest energies shown on the imaginary and the real axis, in units of the last energy of a2F."""

DOS_RANGE = 5
"""Largest energy of the density of states shown, in units of the gap edge."""

CLOSE_TO_TC = 1.25
"""Largest ratio of T_c to the highest temperature from which the curve is extrapolated to T_c."""

MOST_NAMES = 8
"""Largest number of curves in the legend."""


def plot_solution(source: str, sol: "GapSolution", real: "RealAxisGap", result: dict[str, Any]) -> Figure:
    """Plot the spectrum, the density of states, and gap function and renormalization on both axes.

    Args:
        source: Name of the file of the spectrum.
        sol: Solution on the imaginary axis.
        real: Its continuation.
        result: Its result.
    """
    figure = Figure(figsize=(8.6, 8.2), layout="constrained")
    panels = figure.subplots(3, 2)
    end = float(sol.spectrum.omega_max)
    _plot_spectrum(panels[0, 0], sol)
    _plot_dos(panels[0, 1], sol, real, edge=result["gap_edge_meV"])
    near = np.asarray(sol.omega_n) <= IMAGINARY_RANGE * end
    for axes, values, name in ((panels[1, 0], sol.Delta, r"\Delta"), (panels[2, 0], sol.Z, "Z")):
        axes.plot(np.asarray(sol.omega_n)[near], np.asarray(values)[near], ".-", color="k", ms=3, lw=0.8)
        axes.set(xlabel=r"$\omega_n$ [meV]", ylabel=_label(name, r"i\omega_n"), xlim=(0, IMAGINARY_RANGE * end))
    for axes, values, name in ((panels[1, 1], real.Delta, r"\Delta"), (panels[2, 1], real.Z, "Z")):
        axes.plot(real.omega, np.real(values), lw=1.2, label=f"Re ${name}$")
        axes.plot(real.omega, np.imag(values), lw=1.2, label=f"Im ${name}$")
        axes.set(xlabel=r"$\omega$ [meV]", ylabel=_label(name, r"\omega"), xlim=(0, REAL_RANGE * end))
        axes.axhline(0, color="gray", lw=0.5)
        axes.legend(frameon=False)
    figure.suptitle(f"{pathlib.Path(source).name}\n{_setting(sol, real, result)}", fontsize="medium")
    return figure


def _label(name: str, argument: str) -> str:
    return rf"${name}({argument})$" + ("" if name == "Z" else " [meV]")


def _setting(sol: "GapSolution", real: "RealAxisGap", result: dict[str, Any]) -> str:
    method = "exact"
    if result["real_axis_method"] == "Pade":
        worth = f", uncertain by {100 * float(real.error):.2g} %" if float(real.error) > 0 else ""
        method = f"Padé{worth}"
    state = f"$T_c$ = {result['T_c_K']:.4g} K" if result["T_c_K"] > 0 else "no $T_c$"
    if not result["superconducting"]:
        state += ", normal state"
    return (
        f"T = {float(sol.T):g} K, {state}, $\\mu^*$ = {float(sol.mu_star):g} at $\\omega_c$ = "
        f"{float(sol.omega_c):g} meV\nreal axis: {method}, $\\Gamma$ = {float(real.broadening):.3g} meV"
    )


def _plot_spectrum(axes: Axes, sol: "GapSolution") -> None:
    (spectrum,) = sol.spectrum.channels
    axes.fill_between(spectrum.omega, spectrum.a2f, color="0.85")
    axes.plot(spectrum.omega, spectrum.a2f, color="k", lw=1.2)
    axes.set(xlabel=r"$\omega$ [meV]", ylabel=r"$\alpha^2F(\omega)$", xlim=(0, float(spectrum.omega_max)))
    axes.set_ylim(0, None)
    words = rf"$\lambda$ = {float(spectrum.lambda_ep):.3f}, $\omega_{{\log}}$ = {float(spectrum.omega_log):.3g} meV"
    axes.set_title(words, fontsize="small")


def _plot_dos(axes: Axes, sol: "GapSolution", real: "RealAxisGap", *, edge: float) -> None:
    """Plot density of states and conductance of a junction near the gap, and their phonon structure in an inset."""
    omega, dos, conductance = np.asarray(real.omega), np.asarray(real.dos), _conductance(sol, real)
    window = 2 * float(sol.spectrum.omega_max)
    axes.plot(omega, dos, color="k", lw=1.2, label=r"$N(\omega)/N_F$")
    if np.all(np.isfinite(conductance)):
        axes.plot(omega, conductance, color="C0", lw=1.0, label=rf"$dI/dV$ at {float(sol.T):g} K, $eV = \omega$")
    axes.legend(frameon=False, fontsize="x-small", loc="lower right")
    axes.axhline(1, color="gray", lw=0.5)
    axes.set(xlabel=r"$\omega$ [meV]", ylabel=r"$N(\omega)/N_F$", ylim=(0, max(2.6, 1.05 * np.max(dos))))
    axes.set_xlim(0, min(omega[-1], DOS_RANGE * edge) if np.isfinite(edge) else window)
    if not np.isfinite(edge):
        return
    axes.axvline(edge, color="C3", lw=0.8, ls=":")
    axes.set_title(rf"gap edge $\Delta_0$ = {edge:.5g} meV", fontsize="small")
    shown = (omega >= 2 * edge) & (omega <= 2 * edge + window)
    if np.any(shown):
        inset = axes.inset_axes((0.52, 0.55, 0.45, 0.41))
        inset.plot(omega[shown], dos[shown], color="k", lw=0.9)
        inset.plot(omega[shown], conductance[shown], color="C0", lw=0.9)
        inset.axhline(1, color="gray", lw=0.5)
        inset.set_xlim(omega[shown][0], omega[shown][-1])
        inset.tick_params(labelsize="x-small")


def _conductance(sol: "GapSolution", real: "RealAxisGap") -> np.ndarray:
    """The differential conductance of a junction to a normal metal at the temperature of a solution.

    NaN, with a note, where the energies are too far apart for the temperature.
    """
    from ...physics import differential_conductance

    try:
        return np.asarray(differential_conductance(real, float(sol.T)))
    except InputError as error:
        tell(f"note: the figure is without dI/dV: {error}")
        return np.full(np.shape(real.omega), np.nan)


def plot_temperatures(results: list[dict[str, Any]]) -> Figure:
    r"""Plot $\Delta(i\omega_0)$ and the gap edge against temperature, extrapolated to $T_c$ (dotted).

    Args:
        results: Results without error of one or several spectra.
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    T_c = {source_of(each): each["T_c_K"] for each in results}
    names = [path.name for path in {source.file for source in T_c}]
    for number, (source, critical) in enumerate(T_c.items()):
        points = sorted(
            (each["T_K"], each["Delta_iw0_meV"], each["gap_edge_meV"])
            for each in results
            if source_of(each) == source and each["converged"]
        )
        T, Delta, edge = np.array(points, dtype=float).reshape(-1, 3).T
        bound, color = Delta > 0, f"C{number % 10}"
        path = source.file
        short = pathlib.Path(path.parent.name, path.name) if names.count(path.name) > 1 else pathlib.Path(path.name)
        name = Source(short, source.key)
        closes = f"$T_c$ = {critical:.4g} K" if critical > 0 else "normal"
        label = f"{name}, {closes}" if number < MOST_NAMES else None
        axes.plot(T[bound], Delta[bound], color=color, lw=1, label=label)
        last = int(np.argmax(np.where(bound, T, 0.0)))
        if np.any(bound) and T[last] <= critical <= CLOSE_TO_TC * T[last]:
            part = np.linspace(0, 1, 100)  # the gap closes as a square root
            axes.plot(critical - part**2 * (critical - T[last]), part * Delta[last], ":", color=color, lw=1)
        axes.plot(T, Delta, "o", color=color, ms=4)
        axes.plot(T[bound], edge[bound], "x", color=color, ms=5)
    if len(T_c) > MOST_NAMES:
        axes.plot([], [], " ", label=f"and {len(T_c) - MOST_NAMES} more")
    if any(line.get_linestyle() == ":" for line in axes.lines):
        axes.plot([], [], ":k", lw=1, label=r"to $T_c$ by the square root")
    axes.plot([], [], "ok", ms=4, label=r"$\Delta(i\omega_0)$")
    setting = results[0]
    if any(np.isfinite(each["gap_edge_meV"]) for each in results):
        method = " (Padé)" if setting["real_axis_method"] == "Pade" else ""
        axes.plot([], [], "xk", ms=5, label=rf"gap edge $\Delta_0${method}")
    axes.set_title(f"$\\mu^*$ = {setting['mu_star']:g}, sum in $Z$: {setting['z_sum']}", fontsize="small")
    axes.set(xlabel="$T$ [K]", ylabel=r"$\Delta$ [meV]", xlim=(0, None), ylim=(0, None))
    axes.set_xlim(0, 1.04 * axes.get_xlim()[1])
    axes.legend(frameon=False, fontsize="small")
    return figure
