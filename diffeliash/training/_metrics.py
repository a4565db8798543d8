"""How good predictions are, in numbers that do not depend on units."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..data import Dataset, GapFunction, gap_features
from ..models import Setting
from ..physics import Spectrum, batched, continue_gap, map_materials

LARGEST_ERROR = 1e-3
"""Of a recomputed gap function, relative: predictions are rough, and their continuation is less exact than usual."""

BATCH = 256
"""Rows that a network, or what makes its inputs, is given at a time."""


def pearson(
    a: Float[Array | np.ndarray, "sample point"], b: Float[Array | np.ndarray, "sample point"]
) -> Float[np.ndarray, " sample"]:
    """Pearson correlation coefficient of each pair of rows; NaN where a row is constant."""
    a = np.asarray(a, dtype=np.float64)
    b = np.asarray(b, dtype=np.float64)
    a = a - np.mean(a, axis=1, keepdims=True)
    b = b - np.mean(b, axis=1, keepdims=True)
    norm = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.sum(a * b, axis=1) / np.where(norm > 0, norm, np.nan)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Predictions for the test rows and what became of them.

    Args:
        metrics: Numbers by name.
        rows: Rows of the data set.
        predicted: Predicted spectral functions.
        recomputed: Gap functions recomputed from them [meV]; NaN where there is none.
    """

    metrics: dict[str, float | int]
    rows: np.ndarray
    predicted: Float[np.ndarray, "sample freq"]
    recomputed: Complex[np.ndarray, "sample real"]


def row_features(dataset: Dataset, rows: np.ndarray) -> Float[np.ndarray, "sample feature"]:
    """Network inputs of some rows of a data set [meV]."""
    grid = jnp.asarray(dataset.omega_real)
    features = batched(lambda Delta: gap_features(GapFunction(grid, Delta), dataset.omega_real), chunk_size=BATCH)
    parts = map_materials(features, dataset.Delta[rows], chunk_size=BATCH)
    return np.concatenate([values for _, values in parts])


def evaluate(
    model: Callable[..., Any],
    setting: Setting,
    dataset: Dataset,
    rows: np.ndarray,
    *,
    mean_spectrum: Float[Array | np.ndarray, " freq"],
) -> Evaluation:
    r"""Predict the spectra of some rows, recompute their gap functions, and compare both with the labels.

    The metrics are `test_mse` and, for comparison, `baseline_mse` of always answering the mean spectrum; `df_mean` and
    `df_median` of $1 - \mathrm{PCC}$ of the spectra; `dg_mean` and `dg_median` of $1 - \mathrm{PCC}$ of the gap
    functions on the line $\omega + i\Gamma$, real and imaginary parts in one vector; `dg_iw_mean`, the mean
    relative distance $|\Delta^{pred} - \Delta|/|\Delta|$ on the imaginary axis; and the number of samples whose
    predicted spectrum does not superconduct or does not converge, which the gap metrics leave out.

    Args:
        model: From the features of one gap function [meV] to a spectral function.
        setting: What it was trained for.
        dataset: Where the rows come from.
        rows: Their numbers.
        mean_spectrum: Mean spectral function of the training rows.
    """
    features = row_features(dataset, rows)
    parts = map_materials(batched(model, chunk_size=BATCH), features, chunk_size=BATCH)
    predicted = np.concatenate([values for _, values in parts]).astype(np.float64)
    label = dataset.a2f[rows]
    solved = _recompute(setting, predicted)
    ok = solved["ok"]
    gap_labels, gap_found = features[ok], _as_features(solved["Delta"][ok])
    distance = np.linalg.norm(solved["Delta_iw"] - dataset.Delta_iw[rows], axis=1)
    relative = distance / np.linalg.norm(dataset.Delta_iw[rows], axis=1)
    df = 1 - pearson(predicted, label)
    dg = 1 - pearson(gap_found, gap_labels) if np.any(ok) else np.array([np.nan])
    metrics = {
        "n_test": int(rows.size),
        "test_mse": float(np.mean((predicted - label) ** 2)),
        "baseline_mse": float(np.mean((np.asarray(mean_spectrum) - label) ** 2)),
        "df_mean": float(np.mean(df)),
        "df_median": float(np.median(df)),
        "dg_mean": float(np.mean(dg)),
        "dg_median": float(np.median(dg)),
        "dg_iw_mean": float(np.mean(relative[ok])) if np.any(ok) else float("nan"),
        "n_recomputed": int(np.sum(ok)),
        "n_normal": int(np.sum(~solved["superconducting"])),
        "n_not_converged": int(np.sum(~solved["converged"])),
    }
    recomputed = np.where(ok[:, None], solved["Delta"], np.nan)
    return Evaluation(metrics=metrics, rows=rows, predicted=predicted, recomputed=recomputed)


def _as_features(Delta: Complex[np.ndarray, "sample real"]) -> Float[np.ndarray, "sample feature"]:
    return np.concatenate([np.real(Delta), np.imag(Delta)], axis=1)


def _recompute(setting: Setting, predicted: Float[np.ndarray, "sample freq"]) -> dict[str, np.ndarray]:
    """Gap functions of predicted spectra on both axes."""

    def solve(a2f: Float[Array, " freq"]) -> dict[str, Array]:
        spectrum = Spectrum(setting.omega, a2f)
        sol = setting.solve(spectrum)
        real = continue_gap(sol, spectrum, setting.omega_real, broadening=setting.broadening)
        accurate = (real.error <= LARGEST_ERROR) & (real.cauchy <= LARGEST_ERROR)
        return {
            "Delta": real.Delta,
            "Delta_iw": sol.Delta,
            "converged": sol.converged & accurate,
            "superconducting": sol.superconducting,
            "ok": sol.converged & accurate & sol.superconducting,
        }

    parts = [values for _, values in map_materials(batched(solve), predicted)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
