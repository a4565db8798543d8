"""Figure of inversions: the data with the fitted function, residuals, and a2F with its uncertainty."""

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..._figure import LABEL_COLOR, PREDICTION_COLOR
from ._invert_output import BAND

if TYPE_CHECKING:
    from ...inverse import Inversion, SelfEnergyInversion
    from ...physics import Spectrum
    from ._invert_inputs import Measured

IMAGINARY, REFERENCE = "tab:green", "0.25"

MOST_ROWS = 6
"""Largest number of inversions in a figure."""

SHOWN_SAMPLES = 12
"""Number of posterior samples drawn as thin lines."""

ABOVE_GAP = 2.0
"""The phonon structure is shown above the bias of the largest conductance times this."""

NUMBERS_A_LINE = 2
"""Largest number of results in a line of the title."""

MOST_LAGS = 40
"""Largest number of lags of the correlation of residuals."""

_UNITS = {"broadening": "meV", "scale": "", "offset": "meV", "mu_star": ""}
_SYMBOLS = {"broadening": r"\Gamma", "scale": "s", "offset": "V_0", "mu_star": r"\mu^*"}


def plot_inversions(
    inversions: "list[tuple[pathlib.Path, Measured, Inversion]]", reference: "Spectrum | None" = None
) -> Figure:
    """Plot the first inversions, two rows of panels for each: data and phonon structure, residuals and a2F.

    Args:
        inversions: Files, their content and their inversions.
        reference: Another spectral function, to compare with.
    """
    shown = inversions[:MOST_ROWS]
    figure, panels = two_rows_each(len(shown))
    for i, (file, data, found) in enumerate(shown):
        (curve, structure), (residuals, spectrum) = panels[2 * i], panels[2 * i + 1]
        _plot_data(curve, data, found)
        curve.set_title(_title(file, found), fontsize="medium", pad=20, loc="left")
        _plot_structure(structure, data, found)
        _plot_residuals(residuals, data, found)
        plot_spectrum(spectrum, found, reference)
    return figure


def two_rows_each(n: int) -> tuple[Figure, np.ndarray]:
    """A figure with two rows of two panels for each of `n` inversions, and the panels."""
    figure = Figure(figsize=(10.5, 7.0 * n + 0.3), layout="constrained")
    return figure, figure.subplots(2 * n, 2, squeeze=False)


def _title(file: pathlib.Path, found: "Inversion") -> str:
    if not found.determined:
        return f"{file.name}: a2F is not determined"
    return f"{file.name}" + ("" if found.ok else ": the model does NOT describe these data")


def plot_spectrum(axes: Axes, found: "Inversion | SelfEnergyInversion", reference: "Spectrum | None") -> None:
    """Plot a2F with its uncertainty and the numbers that follow from it."""
    low, high = np.quantile(found.samples, BAND, axis=0)
    axes.fill_between(found.omega, low, high, color=PREDICTION_COLOR, alpha=0.25, lw=0, label="68 % of the samples")
    for sample in found.samples[:: max(1, len(found.samples) // SHOWN_SAMPLES)]:
        axes.plot(found.omega, sample, color=PREDICTION_COLOR, lw=0.4, alpha=0.5)
    if found.determined:
        axes.plot(found.omega, found.a2f, color=PREDICTION_COLOR, lw=1.6, label="most probable")
    end = float(found.omega[-1])
    if reference is not None:
        axes.plot(reference.omega, reference.a2f, "--", color=REFERENCE, lw=1.2, label="compared with")
        end = max(end, float(reference.omega[-1]))
    axes.set(xlabel=r"$\omega$ [meV]", ylabel=r"$\alpha^2F(\omega)$", xlim=(0, end), ylim=(0, None))
    numbers = _numbers(found)
    lines = [", ".join(numbers[i : i + NUMBERS_A_LINE]) for i in range(0, len(numbers), NUMBERS_A_LINE)]
    axes.set_title("\n".join(lines), fontsize="small", pad=20, loc="left")
    legend_above(axes)


def _numbers(found: "Inversion | SelfEnergyInversion") -> list[str]:
    """Lines with the coupling constant, T_c, and the fitted parameters."""
    if not found.determined:
        return []
    lines = [rf"$\lambda$ = {_pair(found.lambda_ep)}", rf"$T_c$ = {_pair(found.T_c)} K"]
    for name, symbol in _SYMBOLS.items():
        pair = (found.mu_star, found.mu_star_std) if name == "mu_star" else getattr(found, name)
        if pair and pair[1]:
            lines.append(f"${symbol}$ = {_pair(pair)} {_UNITS[name]}".rstrip())
    return lines


def _pair(pair: tuple[float, float]) -> str:
    value, std = pair
    if not 0 < std < np.inf:
        return f"{value:.4g}"
    digits = min(6, max(0, 1 - int(np.floor(np.log10(std)))))
    return rf"{value:.{digits}f} $\pm$ {std:.{digits}f}"


def _plot_data(axes: Axes, data: "Measured", found: "Inversion") -> None:
    omega, curves = data.file.omega, _curves(data, found)
    for name, given, part, color in curves:
        axes.plot(omega, given, ".", ms=2.5, color=color, label=f"{name}measured")
        axes.plot(omega, part, lw=1.0, color=PREDICTION_COLOR, label="model" if part is curves[-1][2] else None)
    axes.set(xlabel=_energy_label(data), ylabel=_value_label(data), xlim=(min(0.0, float(omega[0])), float(omega[-1])))
    legend_above(axes)


def _plot_structure(axes: Axes, data: "Measured", found: "Inversion") -> None:
    """Plot the phonon structure, enlarged; for gap functions their real part only."""
    omega, (_, given, part, color) = data.file.omega, _curves(data, found)[0]
    if data.kind == "gap":
        axes.set_visible(False)
        return
    peak = abs(float(omega[int(np.argmax(part))]))
    shown = np.abs(omega) > ABOVE_GAP * peak
    if not np.any(shown):
        shown = np.ones(omega.size, dtype=bool)
    normal = found.parameters.scale + found.parameters.slope * omega + found.parameters.curvature * omega**2
    axes.plot(np.abs(omega[shown]), (given / normal - 1)[shown], ".", ms=3, color=color, label="measured")
    order = np.argsort(np.abs(omega[shown]))
    axes.plot(
        np.abs(omega[shown])[order], (part / normal - 1)[shown][order], lw=1.0, color=PREDICTION_COLOR, label="model"
    )
    axes.axhline(0, color="gray", lw=0.5)
    label = r"$(dI/dV)_S/(dI/dV)_N - 1$" if data.kind == "didv" else r"$N/N_F - 1$"
    axes.set(xlabel=_energy_label(data), ylabel=label)
    axes.set_title("phonon structure", fontsize="medium", pad=20)


def legend_above(axes: Axes) -> None:
    """Place the legend above the panel, where it covers no curve."""
    axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def _plot_residuals(axes: Axes, data: "Measured", found: "Inversion") -> None:
    """Plot the residuals in units of the errors, and in an inset their correlation along the energy."""
    curves, largest = _curves(data, found), 0.0
    for _, given, part, color in curves:
        residuals = (given - part) / _errors(data, found)
        largest = max(largest, float(np.max(np.abs(residuals), initial=0.0)))
        axes.plot(data.file.omega, residuals, ".", ms=2.5, color=color)
    axes.axhline(0, color=PREDICTION_COLOR, lw=1.0)
    axes.set(
        xlabel=_energy_label(data), ylabel="(measured - model) / error", ylim=(-1.1 * largest, 2.8 * largest or 1.0)
    )
    axes.set_xlim(min(0.0, float(data.file.omega[0])), float(data.file.omega[-1]))
    lines = rf"$\chi^2/N$ = {found.chi2:.3f}", f"{found.n_resolved} components resolved"
    axes.set_title(", ".join(lines), fontsize="medium")
    if not found.determined:
        return
    inset = axes.inset_axes((0.55, 0.68, 0.42, 0.28))
    for _, given, part, color in curves:
        residuals = (given - part) / _errors(data, found)
        n, lags = residuals.size, np.arange(1, min(MOST_LAGS, residuals.size // 3) + 1)
        square = float(np.mean(residuals**2)) or 1.0
        inset.plot(lags, [np.mean(residuals[k:] * residuals[:-k]) / square for k in lags], color=color, lw=0.9)
        inset.axhspan(-2 / np.sqrt(n), 2 / np.sqrt(n), color="0.9", lw=0)
    inset.set_ylabel("correlation", fontsize="x-small")
    inset.set_xlabel("distance in points", fontsize="x-small", labelpad=0)
    inset.tick_params(labelsize="x-small")


def _errors(data: "Measured", found: "Inversion") -> Any:
    return data.errors if data.errors is not None and found.noise_known else found.noise


def _energy_label(data: "Measured") -> str:
    return r"$eV$ [meV]" if data.kind == "didv" else r"$\omega$ [meV]"


def _value_label(data: "Measured") -> str:
    labels = {"gap": r"$\Delta(\omega)$ [meV]", "dos": r"$N(\omega)/N_F$", "didv": r"$(dI/dV)_S/(dI/dV)_N$"}
    return labels[data.kind]


def _curves(data: "Measured", found: "Inversion") -> list[tuple[str, np.ndarray, np.ndarray, str]]:
    """Return label, given values, fitted values and color of each function in the data."""
    if data.kind != "gap":
        return [("", data.values, found.values, LABEL_COLOR)]
    Re, Im = np.split(found.values, 2)
    return [("Re ", data.values.real, Re, LABEL_COLOR), ("Im ", data.values.imag, Im, IMAGINARY)]
