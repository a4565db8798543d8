"""The figures of the paper without data: the procedure of Fig. 1 and the two networks."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon

BOX, HIGHLIGHT = "#dce9f5", "#fde3c8"


def flow(remarks: dict[str, str]) -> Figure:
    """Draw the procedure of Fig. 1 with the result of each step.

    Args:
        remarks: Results for the boxes `predictor`, `good`, `complexities`, `reduced` and `new`.
    """
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 4.6)
    axes.set_axis_off()
    boxes = {
        "predictor": (0.1, 3.0, "1  train a predictor on inputs and outputs", BOX),
        "good": (6.9, 3.0, "2  it is good: use it", HIGHLIGHT),
        "complexities": (0.1, 0.6, "3  compare latent dimensions of\ninputs and outputs by autoencoders", BOX),
        "reduced": (3.5, 0.6, "4  autoencode both together with\nthe latent dimension of the inputs", BOX),
        "new": (6.9, 0.6, "5, 6  train a new predictor on the\nnew data: use it", HIGHLIGHT),
    }
    for name, (x, y, text, color) in boxes.items():
        axes.add_patch(FancyBboxPatch((x, y), 3.0, 1.3, boxstyle="round,pad=0.05", fc=color, ec="gray"))
        axes.text(x + 1.5, y + 0.95, text, ha="center", va="center", fontsize=9)
        axes.text(x + 1.5, y + 0.32, remarks.get(name, ""), ha="center", va="center", fontsize=8, color="tab:blue")
    arrows = (
        ((3.2, 3.65), (6.8, 3.65), "good performance"),
        ((1.6, 2.9), (1.6, 2.0), "not good"),
        ((3.2, 1.25), (3.4, 1.25), ""),
        ((6.6, 1.25), (6.8, 1.25), ""),
        ((0.6, 2.0), (0.6, 2.9), ""),
    )
    for start, end, text in arrows:
        axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "black"})
        axes.text((start[0] + end[0]) / 2 + 0.1, (start[1] + end[1]) / 2 + 0.12, text, fontsize=8)
    axes.text(0.05, 0.25, "outputs no more complex: other hyper-parameters, back to 1 (arrow on the left)", fontsize=8)
    return figure


def networks(predictor: Sequence[int], autoencoder: Sequence[int | str]) -> Figure:
    """Draw the layers of the two networks (Figs. 2 and 5), with heights that grow with the numbers of neurons.

    Args:
        predictor: Numbers of neurons of its layers.
        autoencoder: The same; a word for a number that varies.
    """
    figure = Figure(figsize=(10, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    _layers(left, predictor, ["gap function", "", "", r"$\alpha^2F$"], "predictor: ReLU, linear output")
    names = [r"$\alpha^2F$, $\Delta$", "", "bottleneck", "", r"$\alpha^2F$, $\Delta$"]
    _layers(right, autoencoder, names, "autoencoder: ReLU, linear bottleneck and output")
    return figure


def _layers(axes: Any, sizes: Sequence[int | str], names: Sequence[str], title: str) -> None:
    heights = [0.25 if isinstance(size, str) else 0.25 + size / 1400 for size in sizes]
    for x, (size, height, name) in enumerate(zip(sizes, heights, names, strict=True)):
        if x:
            before = heights[x - 1]
            corners = [(x - 0.9, -before / 2), (x - 0.9, before / 2), (x - 0.1, height / 2), (x - 0.1, -height / 2)]
            axes.add_patch(Polygon(corners, fc="#eeeeee", ec="none"))
        axes.add_patch(Polygon([(x - 0.1, -height / 2), (x - 0.1, height / 2), (x + 0.1, height / 2),
                                (x + 0.1, -height / 2)], fc=BOX, ec="gray"))  # fmt: skip
        axes.text(x, height / 2 + 0.03, str(size), ha="center", fontsize=9)
        axes.text(x, -height / 2 - 0.04, name, ha="center", va="top", fontsize=8)
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    axes.set_ylim(-0.85, 0.85)
    axes.set_title(title, fontsize="medium")
    axes.set_axis_off()
