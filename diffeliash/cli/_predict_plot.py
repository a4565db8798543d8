"""The picture of one prediction."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ._train_plot import LABEL, PREDICTION

if TYPE_CHECKING:
    from ..data import GapFile
    from ..physics import RealAxisGap, Spectrum


def plot_prediction(name: str, spectrum: "Spectrum", gap: "GapFile", real: "RealAxisGap") -> Figure:
    """The predicted spectrum, and the gap function given against the one recomputed from the prediction."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, 3)
    panels[0].plot(spectrum.omega, spectrum.a2f, color=PREDICTION)
    panels[0].set(xlabel=r"$\omega$ [meV]", ylabel=r"predicted $\alpha^2F(\omega)$", xlim=(0, None))
    for panel, part, label in zip(panels[1:], (np.real, np.imag), ("Re", "Im"), strict=True):
        panel.plot(gap.omega, part(gap.Delta), color=LABEL, label="given")
        panel.plot(gap.omega, part(real.Delta), "--", color=PREDICTION, label="recomputed from the prediction")
        reach = 3.5 * float(spectrum.omega_max)
        panel.set(xlabel=r"$\omega$ [meV]", ylabel=rf"{label} $\Delta(\omega)$ [meV]", xlim=(0, reach))
    panels[2].legend(frameon=False)
    figure.suptitle(name)
    return figure
