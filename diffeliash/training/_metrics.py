"""How good predictions are, in numbers that do not depend on units."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from .._headers import Count, Digest, ShortText, header, parse_header
from .._inputs import read_input
from ..data import Dataset, as_features, as_gap_functions
from ..models import Setting
from ..physics import MSC, Pade, Spectrum, batched, continue_gap, map_materials

LARGEST_ERROR = 1e-3
"""Of a recomputed gap function, relative: predictions are rough, and their continuation is less exact than usual."""

BATCH = 256
"""Rows that a network is given at a time."""


def apply_network(
    model: Callable[..., Any], inputs: Float[np.ndarray, "sample feature"]
) -> Float[np.ndarray, "sample out"]:
    """Outputs of a network for many inputs."""
    parts = map_materials(batched(model, chunk_size=BATCH), inputs, chunk_size=BATCH)
    return np.concatenate([values for _, values in parts]).astype(np.float64)


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


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class Measures:
    """What the file of measures of a network that answers with spectra says.

    Args:
        metrics: Numbers by name; nothing where there is none.
        data_digest: Of the data set.
        best_epoch: Of the weights.
    """

    metrics: dict[ShortText, float | None]
    data_digest: Digest
    best_epoch: Count

    def __post_init__(self):
        missing = {"df_mean", "dg_mean"} - set(self.metrics)
        if missing:
            raise ValueError(f"there is no {', '.join(sorted(missing))}")


def read_measures(path: pathlib.Path) -> Measures:
    """The file of measures of a run.

    Raises:
        InputError: It cannot be read.
        IntegrityError: It is not what was written.
    """
    return parse_header(Measures, read_input(path), str(path))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Predictions for the test rows and what became of them.

    Args:
        metrics: Numbers by name.
        rows: Rows of the data set.
        predicted: Outputs of the network.
        recomputed: Gap functions recomputed from predicted spectra [meV], NaN where there is none; or, where gap
            functions are what is predicted, these.
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
    r"""Predict for some rows, recompute the gap functions of predicted spectra, and compare both with the truth.

    The metrics are `test_mse` and, for comparison, `baseline_mse` of always answering the mean; `df_mean` and
    `df_median` of $1 - \mathrm{PCC}$ of the spectra; `dg_mean` and `dg_median` of $1 - \mathrm{PCC}$ of the gap
    functions on the line $\omega + i\Gamma$, real and imaginary parts in one vector; `gap_l2_mean` and
    `gap_l2_median` of $|\Delta^{pred} - \Delta|/|\Delta|$ there; `dg_iw_mean`, the mean of the same on the imaginary
    axis; and the number of samples whose predicted spectrum does not superconduct or does not converge, which the gap
    metrics leave out. Where gap functions are predicted, there are those of the real axis only.

    Args:
        model: The network.
        setting: What it was trained for.
        dataset: Where the rows come from.
        rows: Their numbers.
        inputs: Of the network for these rows; their noise, if they have any, is not in what is compared with.
        mean_output: Mean output of the training rows.
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
    """Gap functions of many spectra.

    Args:
        Delta: On the line [meV].
        Delta_iw: At the Matsubara frequencies [meV].
        error: Of the continuation, relative; for the Pade approximant that of the paper's acceptance test.
        superconducting: Whether there is one.
        converged: Whether both axes were solved accurately enough.
    """

    Delta: Complex[np.ndarray, "sample real"]
    Delta_iw: Float[np.ndarray, "sample matsubara"]
    error: Float[np.ndarray, " sample"]
    superconducting: Bool[np.ndarray, " sample"]
    converged: Bool[np.ndarray, " sample"]

    @property
    def ok(self) -> Bool[np.ndarray, " sample"]:
        """Which can be compared with others."""
        return self.converged & self.superconducting


def solve_gaps(
    setting: Setting,
    a2f: Float[np.ndarray, "sample freq"],
    *,
    method: MSC | Pade = MSC(),
    largest_error: float = LARGEST_ERROR,
    progress: Callable[[int], None] = lambda done: None,
) -> Gaps:
    """Gap functions on both axes of many spectra, as a data set has them.

    Args:
        setting: Temperature, cutoffs and grids.
        a2f: Spectra on its grid, one a row; predicted ones may be negative here and there.
        method: How they are continued.
        largest_error: Of a continuation that counts as converged, relative, and of its Cauchy test.
        progress: Told how many are done; it may stop the work by an exception.
    """
    parts = []
    for rows, values in map_materials(_gap_solver(setting, method, largest_error), a2f):
        parts.append(values)
        progress(rows.stop)
    return Gaps(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


@functools.lru_cache(maxsize=8)
def _gap_solver(setting: Setting, method: MSC | Pade, largest_error: float) -> Callable[..., dict[str, Any]]:
    """The compiled function of `solve_gaps`."""

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
