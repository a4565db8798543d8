"""Metrics of a trained network: errors of predicted spectra and of the gap functions recomputed from them."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from ..data import Dataset, as_features, as_gap_functions
from ..models import InversionNetwork, Setting, apply_network, network_inputs, pearson
from ..physics import MSC, Pade, Spectrum, batched, continue_gap, map_materials
from ._prepared import noisy_inputs

NOISE_LEVELS = 1e-3, 1e-2, 1e-1
r"""Noise at which a network is tested, relative to the largest $|\Delta|$."""

LARGEST_ERROR = 1e-3
"""Largest relative error of a recomputed gap function; predictions are rough, and so less accurately continued."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Predictions for some rows of a data set, with their metrics; the result of `evaluate`.

    Args:
        metrics: Metrics by name, see `evaluate`.
        rows: Indices of the rows.
        predicted: Outputs of the network, one a row.
        recomputed: Gap functions that the solver finds for the predicted spectra [meV], NaN in the normal state or
            without convergence; for the task a2f-to-gap the predicted gap functions.
    """

    metrics: dict[str, float | int]
    rows: np.ndarray
    predicted: Float[np.ndarray, "sample out"]
    recomputed: Complex[np.ndarray, "sample real"]


def evaluate(
    model: Callable[..., Any],
    setting: Setting,
    dataset: Dataset,
    rows: np.ndarray,
    *,
    inputs: Float[np.ndarray, "sample feature"],
    mean_output: Float[Array | np.ndarray, " out"],
) -> Evaluation:
    r"""Predict outputs for some rows of a data set, recompute the gap functions, and compare both with the data.

    The metrics are

    * `n_test`, the number of rows;
    * `test_mse`, the mean square error of the outputs, and `baseline_mse`, that of a constant prediction, the mean
      output of the training set;
    * `df_mean` and `df_median` of $1 - \mathrm{PCC}$ of the spectra;
    * `dg_mean` and `dg_median` of $1 - \mathrm{PCC}$ of the gap functions on the line $\omega + i\Gamma$, real and
      imaginary parts in one vector;
    * `gap_l2_mean` and `gap_l2_median` of $|\Delta^{pred} - \Delta|/|\Delta|$ on that line, and `dg_iw_mean`, its mean
      on the imaginary axis;
    * `n_recomputed`, the number of samples in the metrics of the gap functions; `n_normal` and `n_not_converged`, the
      numbers of predicted spectra that do not superconduct or do not converge, which these metrics leave out.

    For the task a2f-to-gap only those of the outputs and of the gap functions on the line are computed.

    Args:
        model: The network.
        setting: The setting for which it was trained.
        dataset: The data set.
        rows: Indices of the rows.
        inputs: Inputs of the network for these rows, with their noise if there is any; the comparison is with data
            without noise.
        mean_output: Mean output of the training set.
    """
    predicted = apply_network(model, inputs)
    gap = as_features(dataset.Delta[rows])
    reverse = setting.task == "a2f-to-gap"
    label = gap if reverse else dataset.a2f[rows]
    metrics: dict[str, float | int] = {
        "n_test": int(rows.size),
        "test_mse": float(np.mean((predicted - label) ** 2)),
        "baseline_mse": float(np.mean((np.asarray(mean_output) - label) ** 2)),
    }
    if reverse:
        metrics |= _compare_gaps(predicted, gap)
        return Evaluation(metrics=metrics, rows=rows, predicted=predicted, recomputed=as_gap_functions(predicted))
    solved = solve_gaps(setting, predicted)
    ok = solved.ok
    df = 1 - pearson(predicted, label)
    distance = np.linalg.norm(solved.Delta_iw - dataset.Delta_iw[rows], axis=1)
    relative = distance / np.linalg.norm(dataset.Delta_iw[rows], axis=1)
    metrics |= {"df_mean": float(np.mean(df)), "df_median": float(np.median(df))}
    metrics |= _compare_gaps(as_features(solved.Delta[ok]), gap[ok])
    metrics |= {
        "dg_iw_mean": float(np.mean(relative[ok])) if np.any(ok) else float("nan"),
        "n_recomputed": int(np.sum(ok)),
        "n_normal": int(np.sum(~solved.superconducting)),
        "n_not_converged": int(np.sum(~solved.converged)),
    }
    recomputed = np.where(ok[:, None], solved.Delta, np.nan)
    return Evaluation(metrics=metrics, rows=rows, predicted=predicted, recomputed=recomputed)


def _compare_gaps(
    found: Float[np.ndarray, "sample feature"], true: Float[np.ndarray, "sample feature"]
) -> dict[str, float | int]:
    if not len(found):
        return dict.fromkeys(("dg_mean", "dg_median", "gap_l2_mean", "gap_l2_median"), float("nan"))
    dg = 1 - pearson(found, true)
    l2 = np.linalg.norm(found - true, axis=1) / np.linalg.norm(true, axis=1)
    return {
        "dg_mean": float(np.mean(dg)),
        "dg_median": float(np.median(dg)),
        "gap_l2_mean": float(np.mean(l2)),
        "gap_l2_median": float(np.median(l2)),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gaps:
    """Gap functions of many spectra, one a row; the result of `solve_gaps`.

    Args:
        Delta: On the line above the real axis [meV].
        Delta_iw: At the Matsubara frequencies [meV].
        error: Relative error of the continuation; for the Pade approximant that of the acceptance test of the paper.
        superconducting: Whether the spectrum has a gap.
        converged: Whether the solutions on both axes are accurate enough.
    """

    Delta: Complex[np.ndarray, "sample real"]
    Delta_iw: Float[np.ndarray, "sample matsubara"]
    error: Float[np.ndarray, " sample"]
    superconducting: Bool[np.ndarray, " sample"]
    converged: Bool[np.ndarray, " sample"]

    @property
    def ok(self) -> Bool[np.ndarray, " sample"]:
        """Which gap functions are superconducting and accurate."""
        return self.converged & self.superconducting


def solve_gaps(
    setting: Setting,
    a2f: Float[np.ndarray, "sample freq"],
    *,
    method: MSC | Pade = MSC(),
    largest_error: float = LARGEST_ERROR,
    progress: Callable[[int], None] = lambda done: None,
) -> Gaps:
    """Compute the gap functions of many spectra on both axes, at the frequencies and energies of a data set.

    Args:
        setting: Temperature, cutoffs and grids.
        a2f: Spectra on the grid of the setting, one a row; predicted ones may have negative values.
        method: Method of the analytic continuation.
        largest_error: Largest relative error of a continuation, and of its Cauchy test, that counts as converged.
        progress: Called with the number of spectra done; an exception that it raises stops the computation.
    """
    parts = []
    for rows, values in map_materials(_gap_solver(setting, method, largest_error), a2f):
        parts.append(values)
        progress(rows.stop)
    return Gaps(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


@functools.lru_cache(maxsize=8)
def _gap_solver(setting: Setting, method: MSC | Pade, largest_error: float) -> Callable[..., dict[str, Any]]:
    """The batched function of `solve_gaps`, cached so that its compiled program is used again."""

    def solve(one: Float[Array, " freq"]) -> dict[str, Array]:
        spectrum = Spectrum(setting.omega, one)
        sol = setting.solve(spectrum)
        real = continue_gap(sol, spectrum, setting.omega_real, broadening=setting.broadening, method=method)
        accurate = (real.continuation_error <= largest_error) & (
            isinstance(method, Pade) | (real.cauchy <= largest_error)
        )
        return {
            "Delta": real.Delta,
            "Delta_iw": sol.Delta,
            "error": real.continuation_error,
            "superconducting": sol.superconducting,
            "converged": sol.converged & (accurate | ~sol.superconducting),
        }

    return batched(solve)


def errors_by_noise(
    model: InversionNetwork, dataset: Dataset, rows: np.ndarray, *, largest: float, seed: int
) -> dict[str, float]:
    r"""Compute $1 - \mathrm{PCC}$ of predicted spectra at the noise levels for which a network was trained.

    Args:
        model: The network.
        dataset: The data set.
        rows: Indices of the samples.
        largest: Largest noise of the training, relative to the largest $|\Delta|$.
        seed: Seed of the noise.

    Returns:
        Mean and median by name: `df_mean_noise_0.01`, `df_median_noise_0.01`, and so on.
    """
    found = {}
    for level in (level for level in NOISE_LEVELS if level <= largest):
        predicted = apply_network(model, network_inputs(model, *noisy_inputs(dataset.Delta[rows], level, seed)))
        df = 1 - pearson(predicted, dataset.a2f[rows])
        found |= {f"df_mean_noise_{level:g}": float(np.mean(df)), f"df_median_noise_{level:g}": float(np.median(df))}
    return found
