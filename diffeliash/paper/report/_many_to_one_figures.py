"""The figures on the question of the paper, whether the map is many-to-one."""

import numpy as np
from matplotlib.figure import Figure

from ...analysis import ROUNDING
from .._published_numbers import TABLE_I
from ..stages import Arrays
from ..verdicts import Point

SHOWN = 120
"""Number of singular values that are drawn, if they are not rounding errors."""

EXACT, PADE, LIMIT = "tab:blue", "tab:orange", "black"


MARKERS = {
    "network": ("o", "tab:green"),
    "linear inversion": ("s", "tab:purple"),
    "best from the rounded imaginary axis": ("D", "tab:red"),
}


def question_figure(information: Arrays, pade: Arrays, points: tuple[Point, ...]) -> Figure:
    """Draw the singular values of the Jacobian, and the errors of spectra against those of gap functions.

    Args:
        information: Results of the stage `information`.
        pade: Results of the stage `pade`.
        points: Errors of networks and inversions.
    """
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for values, color, name in (
        (information["real"], EXACT, r"$\mathrm{d}\Delta(\omega + i\Gamma)/\mathrm{d}\alpha^2F$"),
        (information["imaginary"], PADE, r"$\mathrm{d}\Delta(i\omega_n)/\mathrm{d}\alpha^2F$"),
    ):
        relative = (values / values[:, :1])[:, :SHOWN]
        for i, each in enumerate(np.where(relative > ROUNDING, relative, np.nan)):
            left.semilogy(np.arange(1, each.size + 1), each, color=color, lw=1, label=name if i == 0 else None)
    left.axhline(ROUNDING, color="gray", lw=0.8, ls=":")
    left.text(SHOWN, 1.3 * ROUNDING, "rounding of double precision", ha="right", va="bottom", fontsize="small",
              color="gray")  # fmt: skip
    left.set_xlim(0, SHOWN)
    left.set_xlabel("number of the singular value")
    left.set_ylabel("singular values, relative")
    left.legend(frameon=False, loc="upper right")
    noise, df = information["noise"], information["df"]
    right.loglog(noise, np.mean(df, axis=0), color=LIMIT, label="best linear estimate")
    right.fill_between(noise, np.min(df, axis=0), np.max(df, axis=0), color=LIMIT, alpha=0.15, lw=0)
    low, high = np.quantile(pade["rms"], [0.1, 0.9])
    right.axvspan(low, high, color=PADE, alpha=0.2, lw=0, label="error of double-precision Pade")
    published = [value for _, value in TABLE_I.values()]
    right.axhspan(min(published), max(published), color="tab:olive", alpha=0.35, lw=0, label="the paper's Table I")
    for method, (marker, color) in MARKERS.items():
        shown = [point for point in points if point.method == method]
        x, y, error = ([*map(float, values)] for values in zip(*((p.noise, *p.df) for p in shown), strict=True))
        right.errorbar(x, y, np.nan_to_num(error), fmt=marker, color=color, mfc="none", ms=8, capsize=3, label=method)
    right.set_xlabel(r"error of the gap function, relative to max $|\Delta|$")
    right.set_ylabel(r"1 - PCC of $\alpha^2F$")
    right.set_xlim(noise[0] / 1.5, noise[-1])
    figure.legend(*right.get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=3)
    return figure


def modes_figure(missed: dict[str, np.ndarray], share: np.ndarray) -> Figure:
    """Draw the unexplained fraction of the variance of each mode of the family.

    Args:
        missed: Unexplained fraction of the variance of each mode, by the name of the method.
        share: Fraction of the variance of the family in each mode.
    """
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    numbers = np.arange(1, share.size + 1)
    axes.fill_between(numbers, share, color="gray", alpha=0.25, lw=0, label="share of the variance of the family")
    for name, values in missed.items():
        marker, color = next(style for method, style in MARKERS.items() if name.startswith(method))
        exact = name.endswith("exact data")
        axes.semilogy(numbers, values, "-" if exact else "--", marker=marker, ms=3, color=color, label=name)
    axes.axhline(1, color="black", lw=0.5)
    axes.set_xlabel("mode of the family")
    axes.set_ylabel("part of its variance that is missed")
    axes.set_xlim(1, share.size)
    figure.legend(*axes.get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=3)
    return figure
