"""The figures of the paper that show data, with our results."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...analysis import POWERS, loss_steps, smoothness
from ...analysis import SMOOTH as FOUND
from ...data import feature_grid, spectrum_grid
from ..stages import Arrays

LABEL, ANSWER, THIRD = "tab:orange", "tab:blue", "tab:green"
OMEGA_MAX = 10.0
"""Last energy of all spectra [meV]."""

DOS_RANGE = 12.0
"""Largest energy of the figures of densities of states, which have no structure beyond it [meV]."""

MEV = r"$\omega$ [meV]"
A2F = r"$\alpha^2F(\omega)$"


def _figure(width: float | int, height: float | int) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _omega(values: np.ndarray) -> np.ndarray:
    return spectrum_grid(OMEGA_MAX, values.shape[-1])


def _omega_real(values: np.ndarray) -> np.ndarray:
    return feature_grid(OMEGA_MAX, values.shape[-1])


def _flush(axes: Any, *, bottom: float | int | None = None) -> None:
    axes.margins(x=0)
    if bottom is not None:
        axes.set_ylim(bottom=bottom)


def predictions(found: Arrays, what: str) -> Figure:
    """Draw spectra and predictions, and the gap functions that are the inputs (Fig. 3)."""
    figure = _figure(11, 5)
    upper, lower = figure.subplots(2, len(found["a2f"]), squeeze=False)
    for i, (above, below) in enumerate(zip(upper, lower, strict=True)):
        above.plot(_omega(found["a2f"]), found["a2f"][i], "--", color=LABEL, label="label", zorder=3)
        above.plot(_omega(found["a2f"]), found["predicted"][i], color=ANSWER, label="prediction")
        above.set_title(f"1 - PCC = {found['shown_df'][i]:.2g}", fontsize="medium")
        above.set_xlabel(MEV)
        Delta = found["Delta"][i]
        below.plot(_omega_real(Delta), np.real(Delta), color=ANSWER, label=r"Re $\Delta$")
        below.plot(_omega_real(Delta), np.imag(Delta), "--", color=LABEL, label=r"Im $\Delta$")
        below.set_xlabel(MEV)
        _flush(above, bottom=0)
        _flush(below)
    upper[0].set_ylabel(A2F)
    lower[0].set_ylabel(r"$\Delta(\omega)$ [meV]")
    upper[0].legend(frameon=False)
    lower[0].legend(frameon=False)
    figure.suptitle(what)
    return figure


def complex_predictions(exact: Arrays, pade: Arrays) -> Figure:
    """Draw complex spectra and predictions from exact gap functions and from Pade approximants (Fig. 4)."""
    figure = _figure(11, 5)
    grid = figure.subplots(2, len(exact["a2f"]), sharex=True, sharey="col", squeeze=False)
    rows = ((exact, "exact"), (pade, "from Pade"))
    for axes, (found, name) in zip(grid, rows, strict=True):
        for i, panel in enumerate(axes):
            panel.plot(_omega(found["a2f"]), found["a2f"][i], "--", color=LABEL, label="label", zorder=3)
            panel.plot(_omega(found["a2f"]), found["predicted"][i], color=ANSWER, label="prediction")
            correlation = np.corrcoef(found["a2f"][i], found["predicted"][i])[0, 1]
            panel.set_title(f"1 - PCC = {1 - correlation:.2g}", fontsize="small")
            _flush(panel, bottom=min(0.0, float(np.min(found["predicted"][i]))))
        axes[0].set_ylabel(f"{A2F}\n{name}", fontsize="medium")
    for panel in grid[-1]:
        panel.set_xlabel(MEV)
    figure.legend(*grid[0][0].get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=2)
    return figure


def reconstructions(by_size: dict[int, Arrays]) -> Figure:
    """Draw spectrum and gap function of one sample with their reconstructions for every latent dimension (Fig. 6)."""
    figure = _figure(11, 1.9 * -(-len(by_size) // 2))
    grid = figure.subplots(-(-len(by_size) // 2), 2, squeeze=False)
    for axes, (size, found) in zip(grid.flat, by_size.items(), strict=False):
        n = found["f"].shape[1]
        for values, style, color, name in (("f g", "--", LABEL, "original"), ("f_n g_n", "-", ANSWER, "reconstructed")):
            f, g = (found[each][0] for each in values.split())
            axes.plot(np.concatenate([f, g]), style, color=color, label=name, lw=1.2, zorder=3 if style == "--" else 2)
        axes.axvline(n, color="gray", lw=0.8, ls=":")
        axes.set_title(f"$d_L$ = {size}", fontsize="medium")
        _flush(axes)
    for axes in list(grid.flat)[len(by_size) :]:
        axes.set_axis_off()
    grid[0][0].legend(frameon=False, fontsize="small")
    n = len(next(iter(by_size.values()))["f"][0])
    figure.supxlabel(f"component: {A2F} up to {n}, then real and imaginary part of the gap function", fontsize="medium")
    figure.supylabel(r"$\alpha^2F$, or $\Delta$ [meV]", fontsize="medium")
    return figure


def recomputed(found: Arrays) -> Figure:
    """Draw predicted and true spectra, and the gap functions of both (Fig. 7)."""
    figure = _figure(11, 5)
    shown = range(1, min(3, len(found["a2f"])))
    grid = figure.subplots(len(shown), 3, squeeze=False)
    for axes, i in zip(grid, shown, strict=True):
        pairs: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, str]] = (
            (_omega(found["a2f"]), found["a2f"][i], found["predicted"][i], A2F),
            *(
                (_omega_real(found["Delta"]), part(found["Delta"][i]), part(found["recomputed"][i]), name)
                for part, name in ((np.real, r"Re $\Delta$ [meV]"), (np.imag, r"Im $\Delta$ [meV]"))
            ),
        )
        for panel, (x, true, other, name) in zip(axes, pairs, strict=True):
            panel.plot(x, other, color=ANSWER, label="predicted spectrum")
            panel.plot(x, true, "--", color=LABEL, label="true spectrum")
            panel.set_ylabel(name)
            panel.set_xlabel(MEV)
            _flush(panel)
        axes[1].legend(frameon=False, fontsize="small")
    return figure


def reduced_predictions(by_size: dict[int, Arrays]) -> Figure:
    """Draw reconstructed spectra and their predictions from reconstructed gap functions (Fig. 8)."""
    rows = 2
    figure = _figure(11, 2.3 * rows)
    grid = figure.subplots(rows, len(by_size), squeeze=False, sharex=True, sharey="row")
    for column, (size, found) in zip(grid.T, by_size.items(), strict=True):
        for i, axes in enumerate(column):
            axes.plot(_omega(found["f_n"]), found["f_n"][i], "--", color=LABEL, label="label", zorder=3)
            axes.plot(_omega(found["f_n"]), found["answers"][i], color=ANSWER, label="prediction")
            axes.plot(_omega(found["f"]), found["f"][i], color="gray", lw=0.7, zorder=1, label="original spectrum")
            _flush(axes)
        column[0].set_title(f"$d_L$ = {size}", fontsize="medium")
        column[-1].set_xlabel(MEV)
    for axes in grid[:, 0]:
        axes.set_ylabel(A2F)
    figure.legend(*grid[0][0].get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=3)
    return figure


def bases(by_neurons: dict[int, Arrays]) -> Figure:
    """Draw the basis functions, in color if they are smooth (Fig. 9)."""
    figure = _figure(11, 1.7 * len(by_neurons) * 2)
    parts = figure.subfigures(len(by_neurons), 1, squeeze=False)[:, 0]
    for part, (neurons, found) in zip(parts, by_neurons.items(), strict=True):
        columns = 4
        grid = part.subplots(-(-neurons // columns), columns, squeeze=False)
        smooth = smoothness(found["functions"])
        for axes, values, r in zip(grid.flat, found["functions"], smooth, strict=False):
            axes.plot(_omega(values), values, color=ANSWER if r > FOUND else "gray", lw=1 if r > FOUND else 0.4)
            axes.axhline(0, color="black", lw=0.5)
            _flush(axes)
        for axes in list(grid.flat)[neurons:]:
            axes.set_axis_off()
        proper = int(np.sum(smooth > FOUND))
        left = found["loss"][-1] / found["variance"]
        part.suptitle(f"{neurons} neurons: {proper} proper bases, {100 * left:.1f} % of the variance unexplained")
        part.supxlabel(MEV, fontsize="medium")
    return figure


def loss_history(by_neurons: dict[int, Arrays]) -> Figure:
    """Draw the loss and the smoothness of the basis functions during training (Fig. 10)."""
    figure = _figure(11, 5)
    upper, lower = figure.subplots(2, len(by_neurons), sharex=True, squeeze=False)
    for above, below, (neurons, found) in zip(upper, lower, by_neurons.items(), strict=True):
        loss, epochs = found["loss"], np.arange(1, len(found["loss"]) + 1)
        above.loglog(epochs, loss, color="black")
        steps = np.array([epoch for epoch, _ in loss_steps(loss)], dtype=int)
        if steps.size:
            above.plot(steps, loss[steps - 1], "v", color=LABEL, ms=8, label="fastest descent of a step")
            above.legend(frameon=False, fontsize="small")
        for number, each in enumerate(found["smoothness"].T):
            below.semilogx(epochs, each, label=f"basis {number + 1}")
        for axes in (above, below):
            for epoch in found["found"]:
                if epoch:
                    axes.axvline(epoch, color="gray", lw=0.8, ls=":")
        below.axhline(FOUND, color="gray", lw=0.8)
        below.text(1, FOUND, "found above this", va="bottom", fontsize="small", color="gray")
        above.set_title(f"{neurons} neurons", fontsize="medium")
        below.set_xlabel("epoch")
    upper[0].set_ylabel("mean square error")
    lower[0].set_ylabel("smoothness of bases")
    return figure


def moment_figure(columns: dict[str, Arrays]) -> Figure:
    """Draw mean and standard deviation of the relative differences of moments (Fig. 11)."""
    figure = _figure(8, 4)
    axes = figure.subplots()
    x = np.arange(len(columns))
    for number, power in enumerate(POWERS):
        mean, std = (
            100 * np.array([found[name][number] for found in columns.values()])
            for name in ("moments_mean", "moments_std")
        )
        shift = 0.15 * (number - (len(POWERS) - 1) / 2)
        axes.errorbar(x + shift, mean, std, fmt="o", ms=4, capsize=3, label=f"p = {power}")
    axes.axhline(0, color="gray", lw=0.8)
    axes.set_xticks(x, list(columns))
    axes.set_xlabel("latent dimension; predictor of the original data")
    axes.set_ylabel(r"$(\mu_{p,o} - \mu_{p,n})/\mu_{p,o}$ [%]")
    axes.legend(frameon=False, ncols=len(POWERS))
    return figure


def dos_figure(found: Arrays, reduced: dict[int, Arrays]) -> Figure:
    """Draw densities of states with their reconstructions, and a spectrum predicted from one."""
    figure = _figure(11, 2.6)
    grid = figure.subplots(1, 1 + len(reduced), squeeze=False, width_ratios=[1.6, *[1] * len(reduced)])[0]
    grid[0].plot(_omega(found["a2f"]), found["a2f"][1], "--", color=LABEL, label="label", zorder=3)
    grid[0].plot(_omega(found["a2f"]), found["predicted"][1], color=ANSWER, label="predicted from the DOS")
    grid[0].set_ylabel(A2F)
    grid[0].set_xlabel(MEV)
    grid[0].set_ylim(0, 1.5 * np.max(found["a2f"][1]))
    for axes, (size, each) in zip(grid[1:], reduced.items(), strict=True):
        i = int(np.argmax(np.sum((each["g"] - 1) ** 2, axis=1)))  # the sample with most structure
        axes.plot(_omega_real(each["g"]), each["g"][i], ".--", color=LABEL, label="original", zorder=3, lw=0.8, ms=4)
        axes.plot(_omega_real(each["g"]), each["g_n"][i], ".-", color=ANSWER, label="reconstructed", lw=0.8, ms=4)
        axes.set_title(f"$N(\\omega)/N_F$, $d_L$ = {size}", fontsize="medium")
        axes.set_xlim(0, DOS_RANGE)
        axes.set_xlabel(MEV)
    for axes in grid[:2]:
        axes.legend(frameon=False, fontsize="small")
    return figure


def reverse_figure(found: Arrays) -> Figure:
    """Draw gap functions and their predictions from spectra."""
    figure = _figure(11, 2.6)
    grid = figure.subplots(1, len(found["Delta"]), squeeze=False)[0]
    for axes, true, answer in zip(grid, found["Delta"], found["predicted"], strict=True):
        for part, name, color in ((np.real, "Re", ANSWER), (np.imag, "Im", THIRD)):
            axes.plot(_omega_real(true), part(true), "--", color=LABEL, zorder=3)
            axes.plot(_omega_real(true), part(answer), color=color, label=rf"{name} $\Delta$, predicted")
        axes.set_xlabel(MEV)
        _flush(axes)
    grid[0].set_ylabel(r"$\Delta(\omega)$ [meV] (true: dashed)")
    grid[0].legend(frameon=False, fontsize="small")
    return figure


def latent_figure(by_size: dict[int, Arrays], dos: dict[int, Arrays], components: Arrays, tolerance: float) -> Figure:
    """Draw the variance that autoencoders, and principal components, leave unexplained against the latent dimension."""
    figure = _figure(7, 4)
    axes = figure.subplots()
    curves = (
        (by_size, "unexplained_f", r"$\alpha^2F$", LABEL, "f"),
        (by_size, "unexplained_g", r"$\Delta(\omega)$", ANSWER, "g"),
        (dos, "unexplained_g", r"$N(\omega)$, with $\alpha^2F$", THIRD, "dos"),
    )
    for found, name, label, color, kind in curves:
        axes.loglog(list(by_size), components[f"components_{kind}"], "--", color=color, lw=1)
        axes.loglog(list(found), [float(each[name]) for each in found.values()], "o-", color=color, label=label)
    axes.set_xticks(list(by_size), [str(size) for size in by_size])
    axes.minorticks_off()
    axes.axhline(tolerance, color="gray", lw=0.8, ls=":", label=f"{100 * tolerance:g} %")
    axes.plot([], [], "--", color="black", lw=1, label="principal components")
    axes.set_ylim(bottom=2e-4)
    axes.set_xlabel("latent dimension $d_L$")
    axes.set_ylabel("part of the variance unexplained")
    axes.legend(frameon=False)
    return figure
