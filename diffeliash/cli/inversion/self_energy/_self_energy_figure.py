"""Figure of inversions of self-energies: each part with the model, residuals, and a2F with its uncertainty."""

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...._figure import LABEL_COLOR, PREDICTION_COLOR
from .._invert_plot import IMAGINARY, MOST_ROWS, legend_above, plot_spectrum, two_rows_each

if TYPE_CHECKING:
    from ....data import SelfEnergyFile
    from ....inverse import SelfEnergyInversion, SelfEnergyPart
    from ....physics import Spectrum

    Inverted = tuple[pathlib.Path, SelfEnergyFile, SelfEnergyInversion]

_COLORS = {"real": LABEL_COLOR, "imaginary": IMAGINARY}
_LABELS = {"real": r"$\mathrm{Re}\,\Sigma$", "imaginary": r"$\mathrm{Im}\,\Sigma$"}


def plot_self_energies(inversions: "Sequence[Inverted]", reference: "Spectrum | None" = None) -> Figure:
    """Plot the first inversions, two rows of panels for each: the parts of the data, residuals and a2F.

    Args:
        inversions: Files, their content and their inversions.
        reference: Another spectral function, to compare with.
    """
    shown = inversions[:MOST_ROWS]
    figure, panels = two_rows_each(len(shown))
    for i, (file, data, found) in enumerate(shown):
        parts, (residuals, spectrum) = panels[2 * i], panels[2 * i + 1]
        parts[1].set_visible(len(found.parts) > 1)
        for axes, part in zip(parts, found.parts, strict=False):
            _plot_part(axes, data, found, part)
        parts[0].set_title(_title(file, found), fontsize="medium", pad=20, loc="left")
        _plot_residuals(residuals, data, found)
        plot_spectrum(spectrum, found, reference)
        if len(found.parts) > 1 and found.determined:
            _plot_parts_alone(spectrum, found)
    return figure


def _title(file: pathlib.Path, found: "SelfEnergyInversion") -> str:
    if not found.determined:
        return f"{file.name}: a2F is not determined"
    if not found.compatible:
        return f"{file.name}: the parts are NOT compatible"
    return f"{file.name}" + ("" if found.ok else ": the model does NOT describe these data")


def _curves(
    data: "SelfEnergyFile", found: "SelfEnergyInversion", part: "SelfEnergyPart"
) -> tuple[np.ndarray, np.ndarray]:
    """The measured values of a part, and those of the model."""
    names = [each.name for each in found.parts]
    measured = np.imag(data.sigma) if data.part == "both" and part.name == "imaginary" else np.real(data.sigma)
    return measured, np.split(found.values, len(names))[names.index(part.name)]


def _plot_parts_alone(axes: Axes, found: "SelfEnergyInversion") -> None:
    """Plot a2F of each part alone, with a legend of its own inside the panel."""
    if (legend := axes.get_legend()) is not None:
        axes.add_artist(legend)
    lines = [
        axes.plot(
            part.alone.omega, part.alone.a2f, ":", lw=1.2, color=_COLORS[part.name], label=f"{_LABELS[part.name]} alone"
        )[0]
        for part in found.parts
    ]
    axes.legend(handles=lines, frameon=False, fontsize="small", loc="upper right")


def _plot_part(axes: Axes, data: "SelfEnergyFile", found: "SelfEnergyInversion", part: "SelfEnergyPart") -> None:
    measured, model = _curves(data, found, part)
    axes.plot(data.omega, measured, ".", ms=3, color=_COLORS[part.name], label="measured")
    axes.plot(data.omega, model, lw=1.2, color=PREDICTION_COLOR, label="model")
    axes.set(xlabel=r"$\omega$ [meV]", ylabel=f"{_LABELS[part.name]} [meV]")
    axes.set_xlim(float(data.omega[0]), float(data.omega[-1]))
    legend_above(axes)


def _plot_residuals(axes: Axes, data: "SelfEnergyFile", found: "SelfEnergyInversion") -> None:
    """Plot the residuals in units of the errors of the joint fit."""
    for part in found.parts:
        measured, model = _curves(data, found, part)
        residuals = (measured - model) / (part.noise * found.error_factor)
        axes.plot(data.omega, residuals, ".-", ms=3, lw=0.5, color=_COLORS[part.name], label=_LABELS[part.name])
    axes.axhline(0, color=PREDICTION_COLOR, lw=1.0)
    axes.set(xlabel=r"$\omega$ [meV]", ylabel="(measured - model) / error")
    axes.set_xlim(float(data.omega[0]), float(data.omega[-1]))
    axes.set_title(rf"$\chi^2/N$ = {found.chi2:.3f}, {found.n_resolved} components resolved", fontsize="medium", pad=20)
    legend_above(axes)
