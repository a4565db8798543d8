"""The stages on the paper's own question: is the map from spectra to gap functions many-to-one?"""

import functools
from collections.abc import Callable
from typing import Literal

import numpy as np

from ...analysis import expected_difference, family_spread, fit_predictor, gap_jacobian, unexplained_by_mode
from ...data import as_features
from ...physics import Pade, Spectrum, continue_gap
from ...training import EquationResidual, apply_network, pearson, solve_gaps
from ._stage_files import N_EXAMPLES, Arrays, Work, take

NOISES = np.logspace(-6, -1, 16)
"""Errors of gap functions for which the limit is computed, in units of the largest $|\\Delta|$."""

NOISE = 1e-3
"""Of a good measurement, in units of the largest $|\\Delta|$."""

ROUNDED = 1e-15
"""Error of a gap function on the imaginary axis in double precision, in units of the largest value: four roundings."""

SCALE = 5.0
"""The paper's: 0 .. 10 meV at 1.16 K and 0 .. 50 meV at 5.8 K."""

N_SCALED = 8
"""Spectra that the scaling law is tested on."""

N_MODES = 40
"""Modes of the family for which it is said whether a method gets them right."""

ACCEPTED = 0.1
"""Relative difference of Delta and phi/Z of a Pade approximant that passes the paper's test; the number is ours."""

Data = Literal["exact", "pade", "accepted"]
"""Gap functions: exact, all Pade approximants, or those that pass the paper's test."""


def scaling(work: Work) -> Arrays:
    """Whether energies and temperature five times as large give a gap function five times as large."""
    dataset = take(work.complex, slice(0, N_SCALED))
    one = work.setting(dataset)
    other = one.scaled(SCALE)
    worst = []
    for a2f, Delta in zip(dataset.a2f, dataset.Delta, strict=True):
        spectrum = Spectrum(other.omega, a2f)
        found = continue_gap(other.solve(spectrum), spectrum, other.omega_real, broadening=other.broadening)
        worst.append(np.max(np.abs(np.asarray(found.Delta) / SCALE - Delta)) / np.max(np.abs(Delta)))
    return {"worst": np.max(worst), "n": len(worst)}


def information(work: Work) -> Arrays:
    """Singular values of the derivative of the gap function, and what they leave open, for some test spectra."""
    dataset = work.complex
    setting, spread = work.setting(dataset), family_spread(dataset.a2f)
    rows = work.split(dataset).test[: work.config.n_jacobians]
    found: dict[str, list[np.ndarray]] = {name: [] for name in ("real", "imaginary", "df", "n", "df_iw", "n_iw")}
    for number, row in enumerate(rows):
        work.progress(f"derivative of gap function {number + 1} of {rows.size}")
        f, size = dataset.a2f[row], float(np.max(np.abs(dataset.Delta[row])))
        real, imaginary = (gap_jacobian(setting, f, axis=axis) for axis in ("real", "imaginary"))
        limits = [expected_difference(real, f, spread, noise=noise * size) for noise in NOISES]
        largest = float(np.max(np.abs(dataset.Delta_iw[row])))
        rounded = expected_difference(imaginary, f, spread, noise=ROUNDED * largest)
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


def pade(work: Work) -> Arrays:
    """Gap functions of the complex family by the Pade approximant in double precision, and their errors."""
    dataset = work.complex
    solved = solve_gaps(
        work.setting(dataset), dataset.a2f, method=Pade(), largest_error=np.inf,
        progress=work.counted("Pade approximants", len(dataset)),
    )  # fmt: skip
    size = np.max(np.abs(dataset.Delta), axis=1)
    miss = np.abs(solved.Delta - dataset.Delta)
    return {
        "Delta": solved.Delta,
        "acceptance": solved.error,
        "largest": np.max(miss, axis=1) / size,
        "rms": np.sqrt(np.mean(miss**2, axis=1) / 2) / size,  # of real and imaginary parts each
    }


def network(data: Data, seed: int, *, longer: bool = False) -> Callable[[Work], Arrays]:
    """The paper's predictor on exact gap functions or on Pade approximants: 1 - PCC of the best epoch's weights."""
    return functools.partial(_network, data=data, seed=seed, longer=longer)


def _network(work: Work, *, data: Data, seed: int, longer: bool) -> Arrays:
    dataset, Delta = work.complex, work.complex.Delta
    if data != "exact":
        approximants = work.kept("pade", pade)
        rows = approximants["acceptance"] < ACCEPTED if data == "accepted" else slice(None)
        dataset, Delta = take(dataset, rows), approximants["Delta"][rows]
    inputs, seed = as_features(Delta), work.config.seed + seed
    split = work.split(dataset, seed)
    config = work.training(epochs=work.config.more_epochs if longer else None, seed=seed)
    found = fit_predictor(
        f"{data} data, seed {seed}", inputs, dataset.a2f, split=split, config=config, progress=work.epoch_told
    )
    answers = apply_network(found.model, inputs)
    df: Arrays = {
        name: np.mean(1 - pearson(answers[rows], dataset.a2f[rows]))
        for name, rows in (("df", split.test), ("df_train", split.train))
    }
    mean = np.broadcast_to(np.mean(dataset.a2f[split.train], axis=0, keepdims=True), dataset.a2f.shape)
    df["df_mean"] = np.mean(1 - pearson(mean[split.test], dataset.a2f[split.test]))
    df["best_epoch"] = found.best_epoch
    shown = split.test[:N_EXAMPLES]
    examples = {"a2f": dataset.a2f[shown], "predicted": answers[shown]}
    missed = unexplained_by_mode(
        family_spread(dataset.a2f), dataset.a2f[split.test], answers[split.test], n_modes=N_MODES
    )
    return df | examples | {"by_mode": missed}


def inversion(work: Work) -> Arrays:
    """Gap functions of the test rows inverted by the equations alone: no network."""
    dataset = work.complex
    rows, equations = work.split(dataset).test, EquationResidual(work.setting(dataset))
    of = {"exact": dataset.Delta[rows], "pade": work.kept("pade", pade)["Delta"][rows]}
    size = np.max(np.abs(of["exact"]), axis=1, keepdims=True)
    noise = np.random.default_rng(work.config.seed).normal(size=(2, *of["exact"].shape))
    of["noise"] = of["exact"] + NOISE * size * (noise[0] + 1j * noise[1])
    found: Arrays = {}
    spread, label = family_spread(dataset.a2f), dataset.a2f[rows]
    for name, Delta in of.items():
        work.progress(f"linear inversion, {name}")
        answers = equations.prepare(Delta)
        df = 1 - pearson(answers, label)
        found |= {name: np.mean(df), f"{name}_error": np.std(df) / np.sqrt(df.size), f"{name}_median": np.median(df)}
        found[f"{name}_by_mode"] = unexplained_by_mode(spread, label, answers, n_modes=N_MODES)
    return found
