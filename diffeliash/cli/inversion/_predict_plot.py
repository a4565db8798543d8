"""Figure of a prediction."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..._figure import LABEL_COLOR, PREDICTION_COLOR

if TYPE_CHECKING:
    from ...data import DosFile, GapFile
    from ...physics import RealAxisGap, Spectrum


def plot_prediction(name: str, spectrum: "Spectrum", given: "GapFile | DosFile", real: "RealAxisGap") -> Figure:
    """Plot the predicted spectrum, and the given function with the one recomputed from the prediction."""
    pairs = _pairs(given, real)
    figure = Figure(figsize=(3.7 * (1 + len(pairs)), 3.4), layout="constrained")
    first, *others = figure.subplots(1, 1 + len(pairs))
    first.plot(spectrum.omega, spectrum.a2f, color=PREDICTION_COLOR)
    first.set(xlabel=r"$\omega$ [meV]", ylabel=r"predicted $\alpha^2F(\omega)$", xlim=(0, None))
    reach = 3.5 * float(spectrum.omega_max)
    for panel, (label, one, other) in zip(others, pairs, strict=True):
        panel.plot(given.omega, one, color=LABEL_COLOR, label="given")
        panel.plot(given.omega, other, "--", color=PREDICTION_COLOR, label="recomputed from the prediction")
        panel.set(xlabel=r"$\omega$ [meV]", ylabel=label, xlim=(0, reach))
    figure.legend(*others[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(name)
    return figure


def _pairs(given: "GapFile | DosFile", real: "RealAxisGap") -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return label, given values and recomputed values of each compared function."""
    from ...data import DosFile

    if isinstance(given, DosFile):
        return [(r"$N(\omega)/N_F$", given.dos, np.asarray(real.dos))]
    parts = ("Re", np.real), ("Im", np.imag)
    return [
        (rf"{name} $\Delta(\omega)$ [meV]", part(given.Delta), part(np.asarray(real.Delta))) for name, part in parts
    ]
