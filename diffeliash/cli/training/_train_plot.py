"""Figures of a training run."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..._figure import LABEL_COLOR, PREDICTION_COLOR, figure_bytes

if TYPE_CHECKING:
    from ...data import Dataset
    from ...training import Evaluation, Training

N_EXAMPLES = 4
"""Number of test samples shown."""


def plot_history(training: "Training") -> bytes:
    """Plot training and validation errors against the epoch, as a PNG file."""
    of_posterior = [record for record in training.history if record.posterior]
    figure = Figure(figsize=(10 if of_posterior else 6, 4), layout="constrained")
    axes, *others = np.atleast_1d(figure.subplots(1, 2 if of_posterior else 1))
    epochs = [record.epoch for record in training.history if not record.posterior]
    curves = {
        "train_mse": "training, labels",
        "validation_mse": "validation, labels",
        "equation": "training, equations",
        "validation_equation": "validation, equations",
    }
    for name, label in curves.items():
        values = np.array([getattr(record, name) for record in training.history if not record.posterior])
        if np.any(values > 0):
            axes.semilogy(epochs, np.where(values > 0, values, np.nan), label=label)
    solver = np.array([record.solver for record in training.history if not record.posterior])
    if np.any(solver > 0):
        axes.semilogy(epochs, np.where(solver > 0, solver, np.nan), ".-", label="training, solver consistency")
    axes.axvline(training.best_epoch, color="gray", lw=0.8, ls=":", label="weights used")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean square error" + (", relative distance (solver)" if np.any(solver > 0) else ""))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    for panel in others:
        panel.plot([r.epoch for r in of_posterior], [r.posterior for r in of_posterior], label="training")
        panel.plot([r.epoch for r in of_posterior], [r.validation_posterior for r in of_posterior], label="validation")
        panel.set(xlabel="epoch", ylabel="-ln(density of the posterior / normal density)")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.legend(frameon=False)
    return figure_bytes(figure, "history.png")


def plot_predictions(dataset: "Dataset", training: "Training", evaluation: "Evaluation") -> bytes:
    """Plot predicted and true functions for some test samples, as a PNG file.

    For predicted spectra the gap functions recomputed from them are shown, too.
    """
    reverse = training.setting.task == "a2f-to-gap"
    solved = np.flatnonzero(np.isfinite(evaluation.recomputed[:, 0]))
    examples = solved[np.linspace(0, solved.size - 1, min(N_EXAMPLES, solved.size)).astype(int)]
    figure = Figure(figsize=(11, 2.4 * max(1, examples.size)), layout="constrained")
    grid = figure.subplots(max(1, examples.size), 3, squeeze=False)
    for axes, example in zip(grid, examples, strict=False):
        row = evaluation.rows[example]
        axes[0].plot(dataset.omega, dataset.a2f[row], color=LABEL_COLOR, label="input" if reverse else "label")
        if not reverse:
            axes[0].plot(dataset.omega, evaluation.predicted[example], color=PREDICTION_COLOR, label="prediction")
        for panel, part in zip(axes[1:], (np.real, np.imag), strict=True):
            found = part(evaluation.recomputed[example])
            panel.plot(
                dataset.omega_real, part(dataset.Delta[row]), color=LABEL_COLOR, label="label" if reverse else "true"
            )
            panel.plot(
                dataset.omega_real, found, "--", color=PREDICTION_COLOR, label="prediction" if reverse else "recomputed"
            )
        axes[0].set_ylabel(r"$\alpha^2F(\omega)$")
        axes[1].set_ylabel(r"Re $\Delta(\omega)$ [meV]")
        axes[2].set_ylabel(r"Im $\Delta(\omega)$ [meV]")
    for panel in grid[-1]:
        panel.set_xlabel(r"$\omega$ [meV]")
    for panel in grid[0][: 2 * bool(examples.size)]:
        panel.legend(frameon=False)
    figure.suptitle(
        f"Test samples; gap functions at {training.setting.T:g} K, $\\Gamma$ = {training.setting.broadening:g} meV"
    )
    return figure_bytes(figure, "predictions.png")
