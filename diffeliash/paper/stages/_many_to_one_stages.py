"""The stages on the question of the paper: is the map from spectra to gap functions many-to-one?"""

import functools
from collections.abc import Callable
from typing import Literal

import numpy as np

from ...analysis import expected_difference, family_spread, fit_predictor, gap_jacobian, unexplained_by_mode
from ...data import as_features
from ...models import apply_network
from ...physics import Pade, Spectrum, continue_gap
from ...training import EquationResidual, pearson, solve_gaps
from ._stage_files import N_EXAMPLES, Arrays, StageContext, select_rows

NOISES = np.logspace(-6, -1, 16)
"""Errors of gap functions, in units of the largest $|\\Delta|$, for which the best linear estimate is computed."""

NOISE = 1e-3
"""Noise of a good measurement, in units of the largest $|\\Delta|$."""

ROUNDING_NOISE = 1e-15
"""Rounding error of a gap function on the imaginary axis in double precision, in units of the largest value."""

SCALE = 5.0
"""The ratio of energy scales in the paper: 0 .. 10 meV at 1.16 K and 0 .. 50 meV at 5.8 K."""

N_SCALED = 8
"""Number of spectra on which the scaling law is tested."""

N_MODES = 40
"""Number of modes of the family (eigenvectors of its covariance) for which errors are computed."""

ACCEPTANCE_LIMIT = 0.1
"""Largest relative difference of Delta and phi/Z for which a Pade approximant passes the acceptance test of the paper,
which does not state a limit."""

Data = Literal["exact", "pade", "accepted"]
"""The gap functions of a data set: exact, all Pade approximants, or those that pass the acceptance test."""


def scaling(context: StageContext) -> Arrays:
    """Test the scaling law: energies and temperature five times as large give a gap function five times as large."""
    dataset = select_rows(context.complex, slice(0, N_SCALED))
    one = context.setting(dataset)
    other = one.scaled(SCALE)
    worst = []
    for a2f, Delta in zip(dataset.a2f, dataset.Delta, strict=True):
        spectrum = Spectrum(other.omega, a2f)
        found = continue_gap(other.solve(spectrum), spectrum, other.omega_real, broadening=other.broadening)
        worst.append(np.max(np.abs(np.asarray(found.Delta) / SCALE - Delta)) / np.max(np.abs(Delta)))
    return {"worst": np.max(worst), "n": len(worst)}


def information(context: StageContext) -> Arrays:
    """Compute the singular values of the Jacobian and the best linear estimate, for some test spectra."""
    dataset = context.complex
    setting, spread = context.setting(dataset), family_spread(dataset.a2f)
    rows = context.split(dataset).test[: context.config.n_jacobians]
    found: dict[str, list[np.ndarray]] = {name: [] for name in ("real", "imaginary", "df", "n", "df_iw", "n_iw")}
    for number, row in enumerate(rows):
        context.progress(f"Jacobian of gap function {number + 1} of {rows.size}")
        f, size = dataset.a2f[row], float(np.max(np.abs(dataset.Delta[row])))
        real, imaginary = (gap_jacobian(setting, f, axis=axis) for axis in ("real", "imaginary"))
        limits = [expected_difference(real, f, spread, noise=noise * size) for noise in NOISES]
        largest = float(np.max(np.abs(dataset.Delta_iw[row])))
        rounded = expected_difference(imaginary, f, spread, noise=ROUNDING_NOISE * largest)
        values = {
            "real": np.linalg.svd(real, compute_uv=False),
            "imaginary": np.linalg.svd(imaginary, compute_uv=False),
            "df": [limit.df for limit in limits],
            "n": [limit.n_resolved for limit in limits],
            "df_iw": rounded.df,
            "n_iw": rounded.n_resolved,
        }
        for name, value in values.items():
            found[name].append(np.asarray(value))
    share = np.sum(spread[:, ::-1] ** 2, axis=0)[:N_MODES] / np.sum(spread**2)
    return {name: np.stack(values) for name, values in found.items()} | {"noise": NOISES, "share_by_mode": share}


def pade(context: StageContext) -> Arrays:
    """Compute the gap functions of the complex family by Pade approximants in double precision, and their errors."""
    dataset = context.complex
    solved = solve_gaps(
        context.setting(dataset), dataset.a2f, method=Pade(), largest_error=np.inf,
        progress=context.report_samples("Pade approximants", len(dataset)),
    )  # fmt: skip
    size = np.max(np.abs(dataset.Delta), axis=1)
    miss = np.abs(solved.Delta - dataset.Delta)
    return {
        "Delta": solved.Delta,
        "acceptance": solved.error,
        "largest": np.max(miss, axis=1) / size,
        "rms": np.sqrt(np.mean(miss**2, axis=1) / 2) / size,  # of real and imaginary parts each
    }


def network(data: Data, seed: int, *, longer: bool = False) -> Callable[[StageContext], Arrays]:
    """The stage that trains the predictor of the paper on exact gap functions or on Pade approximants."""
    return functools.partial(_network, data=data, seed=seed, longer=longer)


def _network(context: StageContext, *, data: Data, seed: int, longer: bool) -> Arrays:
    dataset, Delta = context.complex, context.complex.Delta
    if data != "exact":
        approximants = context.cached("pade", pade)
        rows = approximants["acceptance"] < ACCEPTANCE_LIMIT if data == "accepted" else slice(None)
        dataset, Delta = select_rows(dataset, rows), approximants["Delta"][rows]
    inputs, seed = as_features(Delta), context.config.seed + seed
    split = context.split(dataset, seed)
    config = context.training(epochs=context.config.more_epochs if longer else None, seed=seed)
    found = fit_predictor(
        f"{data} data, seed {seed}", inputs, dataset.a2f, split=split, config=config, progress=context.report_epoch
    )
    predictions = apply_network(found.model, inputs)
    df: Arrays = {
        name: np.mean(1 - pearson(predictions[rows], dataset.a2f[rows]))
        for name, rows in (("df", split.test), ("df_train", split.train))
    }
    mean = np.broadcast_to(np.mean(dataset.a2f[split.train], axis=0, keepdims=True), dataset.a2f.shape)
    df["df_mean"] = np.mean(1 - pearson(mean[split.test], dataset.a2f[split.test]))
    df["best_epoch"] = found.best_epoch
    shown = split.test[:N_EXAMPLES]
    examples = {"a2f": dataset.a2f[shown], "predicted": predictions[shown]}
    missed = unexplained_by_mode(
        family_spread(dataset.a2f), dataset.a2f[split.test], predictions[split.test], n_modes=N_MODES
    )
    return df | examples | {"by_mode": missed}


def inversion(context: StageContext) -> Arrays:
    """Invert the gap functions of the test set linearly, without a network."""
    dataset = context.complex
    rows, equations = context.split(dataset).test, EquationResidual(context.setting(dataset))
    of = {"exact": dataset.Delta[rows], "pade": context.cached("pade", pade)["Delta"][rows]}
    size = np.max(np.abs(of["exact"]), axis=1, keepdims=True)
    noise = np.random.default_rng(context.config.seed).normal(size=(2, *of["exact"].shape))
    of["noise"] = of["exact"] + NOISE * size * (noise[0] + 1j * noise[1])
    found: Arrays = {}
    spread, label = family_spread(dataset.a2f), dataset.a2f[rows]
    for name, Delta in of.items():
        context.progress(f"linear inversion, {name}")
        predictions = equations.prepare(Delta)
        df = 1 - pearson(predictions, label)
        found |= {name: np.mean(df), f"{name}_error": np.std(df) / np.sqrt(df.size), f"{name}_median": np.median(df)}
        found[f"{name}_by_mode"] = unexplained_by_mode(spread, label, predictions, n_modes=N_MODES)
    return found
