"""Figure of a prediction."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..._figure import LABEL_COLOR, PREDICTION_COLOR
from ._invert_output import BAND

if TYPE_CHECKING:
    from ...data import DosFile, GapFile
    from ...models import Prediction
    from ...physics import RealAxisGap


def plot_prediction(name: str, found: "Prediction") -> Figure:
    """Plot the predicted spectrum with its uncertainty, and the given and the recomputed function."""
    given = found.given
    pairs = _pairs(given, found.real)
    figure = Figure(figsize=(3.7 * (1 + len(pairs)), 3.4), layout="constrained")
    first, *others = figure.subplots(1, 1 + len(pairs))
    if len(found.samples):
        low, high = np.quantile(found.samples, BAND, axis=0)
        first.fill_between(
            found.omega, low, high, color=PREDICTION_COLOR, alpha=0.25, lw=0, label="68 % of the samples"
        )
        first.legend(frameon=False, fontsize="small")
    first.plot(found.omega, found.a2f, color=PREDICTION_COLOR)
    first.set(xlabel=r"$\omega$ [meV]", ylabel=r"predicted $\alpha^2F(\omega)$", xlim=(0, None))
    reach = 3.5 * float(found.omega[-1])
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
