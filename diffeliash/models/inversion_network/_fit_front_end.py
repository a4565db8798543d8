"""The front end of an inversion network from a training set, in closed form, and its results for many gap functions."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...inverse import InverseProblem
from ...physics import batched, map_materials
from .._setting import Setting
from ._front_end import (
    FrontEnd,
    PosedStage,
    apply_stage,
    coupling_weights,
    inverse_problem_of,
    pose_first,
    pose_next,
)
from ._posterior import PosteriorExamples, last_posterior
from ._prior import Prior, fit_prior, fit_shape_prior, shape_coefficients
from ._stage import Stage, relative_residual

N_STAGES = 3
"""Number of inversions. The second one removes the errors of interpolation, the third one matters at strong noise."""

MOST_SAMPLES = 2000
"""Number of training samples from which the errors of a stage are estimated."""

LARGEST_RESIDUAL = 6.0
"""Largest square of a residual that counts, in units of the median."""

SMALLEST_VARIANCE = 1e-8
"""Smallest variance of a direction, relative to the largest."""

CHUNK_SIZE = {"cpu": 1}
"""Number of gap functions inverted together, by platform: on a CPU the matrices of one fill its cache."""

DEVICE_CHUNK_SIZE = 256
"""Number of gap functions inverted together on an accelerator."""

Pose = Callable[[InverseProblem, Array, Array, Array], PosedStage]
"""`pose_first` or `pose_next`."""


def fit_front_end(
    setting: Setting,
    Delta: Complex[np.ndarray, "sample real"],
    a2f: Float[np.ndarray, "sample freq"],
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> FrontEnd:
    """Determine the priors and the covariances of the errors from gap functions without noise and their a2F.

    Args:
        setting: Temperature, cutoffs and grids.
        Delta: Gap functions of the training set at the energies of the setting [meV].
        a2f: Their spectral functions at the energies of the setting.
        progress: Called with the number of inversions done; there are `n_inversions_of_fit`.
    """
    problem = inverse_problem_of(setting)
    spectra = a2f @ problem.averages_from(setting.omega).T
    of_a2f, of_shape = fit_prior(spectra), fit_shape_prior(spectra, coupling_weights(problem))
    Delta, spectra = Delta[:MOST_SAMPLES], spectra[:MOST_SAMPLES]
    n, found = len(Delta), np.tile(np.asarray(of_a2f.mean), (len(Delta), 1))
    exact = np.zeros(n)
    stages: list[Stage] = []
    for number, pose, prior in _stage_plan(of_a2f, of_shape):
        unknown = Stage(prior, jnp.eye(2 * setting.n_energies), jnp.ones(2 * setting.n_energies))
        _, residuals = _run_stage(
            setting, pose, unknown, found, Delta, exact, spectra, _after(progress, 2 * number * n)
        )
        stages.append(Stage(prior, *_principal_errors(residuals)))
        if len(stages) < N_STAGES:
            done = _after(progress, (2 * number + 1) * n)
            found, _ = _run_stage(setting, pose, stages[-1], found, Delta, exact, spectra, done)
    return FrontEnd(tuple(stages), setting)


def n_inversions_of_fit(n: int) -> int:
    """The number of inversions that `fit_front_end` makes for a training set of `n` samples."""
    return (2 * N_STAGES - 1) * min(n, MOST_SAMPLES)


class Inverted(NamedTuple):
    """The results of a front end for many gap functions, one a row.

    Args:
        stages: The result of every inversion at the boson energies, see `FrontEnd.__call__`.
        examples: The true a2F in the posterior distribution of the last one; `None` where it was not given.
    """

    stages: Float[np.ndarray, "sample stage boson"]
    examples: PosteriorExamples | None = None


def invert_all(
    front_end: FrontEnd,
    Delta: Complex[np.ndarray, "sample real"],
    noise: Float[np.ndarray, " sample"],
    *,
    a2f: Float[np.ndarray, "sample freq"] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Inverted:
    """Invert many gap functions.

    Args:
        front_end: The front end.
        Delta: Gap functions at the energies of its setting, one a row [meV].
        noise: The noise of each, relative to its largest absolute value.
        a2f: Their true spectral functions at the energies of the setting, where the posterior distribution is to be
            learned.
        progress: Called with the number of inversions done; there are three for every gap function.
    """
    setting, n = front_end.setting, len(Delta)
    found = [np.tile(np.asarray(front_end.stages[0].prior.mean), (n, 1))]
    unknown, examples = np.zeros_like(found[0]), None
    for number, stage in enumerate(front_end.stages):
        pose, done = pose_next if number else pose_first, _after(progress, number * n)
        if a2f is None or number < len(front_end.stages) - 1:
            found.append(_run_stage(setting, pose, stage, found[-1], Delta, noise, unknown, done)[0])
            continue
        true = a2f @ inverse_problem_of(setting).averages_from(setting.omega).T
        function = _last_stage_function(setting, chunk_size())
        last, *values = _map(functools.partial(function, stage), found[-1], Delta, noise, true, progress=done)
        found.append(last)
        examples = PosteriorExamples(*values)
    return Inverted(np.stack(found[1:], axis=1), examples)


def chunk_size() -> int:
    """The number of gap functions inverted together."""
    return CHUNK_SIZE.get(jax.default_backend(), DEVICE_CHUNK_SIZE)


def _stage_plan(of_a2f: Prior, of_shape: Prior) -> list[tuple[int, Pose, Prior]]:
    return [(0, pose_first, of_a2f), *((number, pose_next, of_shape) for number in range(1, N_STAGES))]


def _after(progress: Callable[[int], None], before: int) -> Callable[[int], None]:
    return lambda done: progress(before + done)


def _run_stage(
    setting: Setting,
    pose: Pose,
    stage: Stage,
    approximate: np.ndarray,
    Delta: np.ndarray,
    noise: np.ndarray,
    a2f: np.ndarray,
    progress: Callable[[int], None],
) -> tuple[np.ndarray, np.ndarray]:
    """The results of a stage for many gap functions, and the residuals of the true a2F relative to the size $q$."""
    function = functools.partial(_stage_function(setting, pose, chunk_size()), stage)
    results, residuals = _map(function, approximate, Delta, noise, a2f, progress=progress)
    return results, residuals


def _map(function: Callable[..., Any], *arrays: np.ndarray, progress: Callable[[int], None]) -> list[np.ndarray]:
    parts = []
    for rows, values in map_materials(function, *arrays, chunk_size=chunk_size(), chunks_per_call=1):
        parts.append(values)
        progress(rows.stop)
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


@functools.lru_cache(maxsize=4)
def _stage_function(setting: Setting, pose: Pose, chunk_size: int) -> Callable[..., Any]:
    """The compiled function of one stage; one for all later stages, whose arrays have the same shapes."""
    problem = inverse_problem_of(setting)

    def run(
        stage: Stage, approximate: Array, Delta: Array, noise: Array, a2f: Array
    ) -> tuple[Float[Array, " boson"], Float[Array, " both"]]:
        posed = pose(problem, approximate, Delta, noise)
        matrix, offset = relative_residual(posed.equations, posed.inputs)
        residual = (matrix @ a2f + offset) / posed.inputs.interpolation
        return apply_stage(stage, posed), jnp.where(posed.usable, residual, 0.0)

    return batched(run, chunk_size=chunk_size, n_shared=1)


@functools.lru_cache(maxsize=4)
def _last_stage_function(setting: Setting, chunk_size: int) -> Callable[..., Any]:
    """The compiled function of the last stage, with the true a2F in its posterior distribution."""
    problem = inverse_problem_of(setting)
    weights = jnp.asarray(coupling_weights(problem))

    def run(
        stage: Stage, approximate: Array, Delta: Array, noise: Array, a2f: Array
    ) -> tuple[Array, Array, Array, Array, Array]:
        posed, found = last_posterior(problem, stage, approximate, Delta, noise)
        x = posed.scale * (stage.prior.mean + stage.prior.modes @ found.coefficients)
        true = shape_coefficients(stage.prior, a2f, posed.scale, weights)
        result = jnp.where(posed.usable, x, posed.inputs.approximate)
        return result, found.whitened(true), found.direction, found.context, posed.usable

    return batched(run, chunk_size=chunk_size, n_shared=1)


def _principal_errors(
    residuals: Float[np.ndarray, "sample both"],
) -> tuple[Float[Array, "both both"], Float[Array, " both"]]:
    """Principal directions and variances of residuals, without those of the few samples that are far off.

    The covariance of few residuals is shrunk towards a multiple of the identity (O. Ledoit and M. Wolf, J. Multivar.
    Anal. 88, 365 (2004), doi:10.1016/S0047-259X(03)00096-4), since it has directions without any variance.
    """
    square = np.sum(residuals**2, axis=1)
    size = residuals.shape[1]
    if not np.any(square > 0):  # no sample has a solution near its gap function, and the stage is never used
        return jnp.eye(size), jnp.ones(size)
    usual = residuals[(square > 0) & (square < LARGEST_RESIDUAL * np.median(square[square > 0]))]
    n = len(usual)
    covariance = usual.T @ usual / n
    mean = np.trace(covariance) / size
    distance = np.sum(covariance**2) - size * mean**2
    error = (np.mean(np.sum(usual**2, axis=1) ** 2) - np.sum(covariance**2)) / n
    part = min(1.0, max(error / distance, 0.0)) if distance > 0 else 1.0
    variances, directions = np.linalg.eigh((1 - part) * covariance + part * mean * np.eye(size))
    return jnp.asarray(directions), jnp.asarray(np.maximum(variances, SMALLEST_VARIANCE * variances[-1]))
