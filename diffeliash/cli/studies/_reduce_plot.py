"""Figure of a reduction of complexity."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..._figure import figure_bytes

if TYPE_CHECKING:
    from ...analysis import Reduction

INPUTS, OUTPUTS = "tab:blue", "tab:orange"
N_EXAMPLES = 2
"""Number of test samples shown."""


def plot_reduction(inputs: np.ndarray, outputs: np.ndarray, found: "Reduction", tolerance: float) -> bytes:
    """Plot the unexplained variance against the bottleneck size, and functions before and after the autoencoder."""
    figure = Figure(figsize=(11, 2.8 * N_EXAMPLES), layout="constrained")
    grid = figure.add_gridspec(N_EXAMPLES, 3)
    axes = figure.add_subplot(grid[:, 0])
    for scan, color, name in ((found.inputs, INPUTS, "inputs"), (found.outputs, OUTPUTS, "outputs")):
        if scan:
            axes.loglog(scan.sizes, scan.unexplained, "o-", color=color, label=f"{name}: {scan.chosen}")
    tried = sorted({size for scan in (found.inputs, found.outputs) if scan for size in scan.sizes})
    axes.set_xticks(tried, [str(size) for size in tried])
    axes.minorticks_off()
    axes.axhline(tolerance, color="gray", lw=0.8, ls=":")
    axes.set_xlabel("bottleneck size $d_L$")
    axes.set_ylabel("unexplained fraction of the variance")
    if found.inputs:
        axes.legend(frameon=False)
    else:
        axes.text(0.5, 0.5, "the predictor is good", ha="center", transform=axes.transAxes)
    predicted = found.predict(inputs[found.split.test[:N_EXAMPLES]])
    for i, row in enumerate(found.split.test[:N_EXAMPLES].tolist()):
        _functions(figure.add_subplot(grid[i, 1]), "input", inputs[row], found.new_inputs, row, INPUTS)
        panel = figure.add_subplot(grid[i, 2])
        _functions(panel, "output", outputs[row], found.new_outputs, row, OUTPUTS)
        panel.plot(predicted[i], "k:", label="predicted from the original input")
        panel.legend(frameon=False, fontsize="small")
    return figure_bytes(figure, "reduction.png")


def _functions(axes, name: str, values: np.ndarray, new: np.ndarray | None, row: int, color: str) -> None:
    axes.plot(values, color=color, alpha=0.5, label="original")
    if new is not None:
        axes.plot(new[row], color=color, ls="--", label="after the bottleneck")
    axes.set_xlabel("point")
    axes.set_ylabel(name)
    axes.legend(frameon=False, fontsize="small")
