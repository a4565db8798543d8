"""Figure of inversions: spectral functions with their uncertainty, and the data with the fitted functions."""

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..._figure import LABEL_COLOR, PREDICTION_COLOR
from ._invert_output import BAND

if TYPE_CHECKING:
    from ...inverse import Inversion

IMAGINARY = "tab:green"

MOST_ROWS = 6
"""Largest number of inversions in a figure."""

SHOWN_SAMPLES = 12
"""Number of posterior samples drawn as thin lines."""


def plot_inversions(inversions: "list[tuple[pathlib.Path, Any, Inversion]]") -> Figure:
    """Plot the first inversions, one row of panels for each."""
    shown = inversions[:MOST_ROWS]
    figure = Figure(figsize=(10.5, 3.3 * len(shown) + 0.3), layout="constrained")
    for row, (file, data, found) in zip(figure.subplots(len(shown), 3, squeeze=False), shown, strict=True):
        _plot_spectrum(row[0], found)
        row[0].set_title(_title(file, found), fontsize="medium", pad=18)
        _plot_data(row[1], data, found)
        _plot_misfit(row[2], data, found)
    return figure


def _title(file: pathlib.Path, found: "Inversion") -> str:
    if not found.determined:
        return f"{file.name}: not determined"
    return rf"{file.name}: $\lambda$ = {found.lambda_ep[0]:.3g} $\pm$ {found.lambda_ep[1]:.2g}"


def _plot_spectrum(axes: Axes, found: "Inversion") -> None:
    low, high = np.quantile(found.samples, BAND, axis=0)
    axes.fill_between(found.omega, low, high, color=PREDICTION_COLOR, alpha=0.25, lw=0, label="68 % of the samples")
    for sample in found.samples[:: max(1, len(found.samples) // SHOWN_SAMPLES)]:
        axes.plot(found.omega, sample, color=PREDICTION_COLOR, lw=0.4, alpha=0.5)
    if found.determined:
        axes.plot(found.omega, found.a2f, color=PREDICTION_COLOR, lw=1.6, label="most probable")
    axes.set(xlabel=r"$\omega$ [meV]", ylabel=r"$\alpha^2F(\omega)$", xlim=(0, None), ylim=(0, None))
    _legend_above(axes)


def _plot_data(axes: Axes, data: Any, found: "Inversion") -> None:
    curves = _curves(data, found)
    for name, given, part, color in curves:
        axes.plot(data.omega, given, ".", ms=2.5, color=color, label=f"{name}given")
        axes.plot(data.omega, part, lw=1.0, color=PREDICTION_COLOR, label="fitted" if part is curves[-1][2] else None)
    label = r"$\Delta(\omega)$ [meV]" if len(curves) == 2 else r"$N(\omega)/N_F$"
    axes.set(xlabel=r"$\omega$ [meV]", ylabel=label, xlim=(0, float(data.omega[-1])))
    _legend_above(axes)


def _legend_above(axes: Axes) -> None:
    """Place the legend above the panel, where it covers no curve."""
    axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def _plot_misfit(axes: Axes, data: Any, found: "Inversion") -> None:
    for _, given, part, color in _curves(data, found):
        axes.plot(data.omega, (given - part) / found.noise, ".", ms=2.5, color=color)
    axes.axhline(0, color=PREDICTION_COLOR, lw=1.0)
    axes.set(xlabel=r"$\omega$ [meV]", ylabel="(given - fitted) / noise", xlim=(0, float(data.omega[-1])))
    lines = rf"$\chi^2/N$ = {found.chi2:.3f}", f"{found.n_resolved} components resolved"
    axes.set_title("\n".join(lines), fontsize="medium")


def _curves(data: Any, found: "Inversion") -> list[tuple[str, np.ndarray, np.ndarray, str]]:
    """Return label, given values, fitted values and color of each function in the data."""
    from ...data import DosFile

    if isinstance(data, DosFile):
        return [("", data.dos, found.values, LABEL_COLOR)]
    Re, Im = np.split(found.values, 2)
    return [("Re ", data.Delta.real, Re, LABEL_COLOR), ("Im ", data.Delta.imag, Im, IMAGINARY)]
