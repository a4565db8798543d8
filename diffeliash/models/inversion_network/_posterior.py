r"""The posterior distribution of a2F for a given gap function: that of the last inversion, corrected by a flow.

The last inversion gives the normal distribution $c \sim N(\hat c, P^{-1})$ of the coefficients of the principal
functions, $P = 1 + M^TE^{-1}M = RR^T$ (`Stage`). It is one Gauss-Newton step from the result before. The whitened
coefficients $y = R^T(c - \hat c)$ of the true a2F would be standard normal if the equations were linear and a2F were
normally distributed. Their real distribution is learned from the training set: a flow (`Flow`) maps them to a standard
normal vector, given a context. It first changes the component of $y$ along which the gap function becomes larger as a
whole: the linear equations leave this out, and so its error is smaller than they say. The context consists of the
logarithms of noise, error and coupling constant, of $\hat c$, and of the logarithms of the diagonal elements of $R$.
Samples are

$$ \alpha^2F = \kappa\max\big(0,\; \lambda_0\,[\bar x + B(\hat c + R^{-T}y)]\big), $$

with $y$ from the flow, $\lambda_0$ from the inversion before, and a factor $\kappa$ that keeps $\lambda$ as it is
without the maximum.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...inverse import InverseProblem, gap_gradient
from ...physics import batched, map_materials, positive_or_one
from .._setting import Setting
from ._expected_errors import log_noise
from ._front_end import PosedStage, inverse_problem_of, pose_first, pose_next
from ._head import SMALLEST_COUPLING
from ._stage import NormalPosterior, Stage

LARGEST_COEFFICIENT = 5.0
r"""Largest $|\hat c|$ in the context."""


class StagePosterior(NamedTuple):
    r"""The posterior distribution of an inversion.

    Args:
        coefficients: Most probable coefficients $\hat c$.
        factor: Cholesky factor $R$ of the precision matrix $P = RR^T$.
        direction: The direction of $y$ along which the size of the gap function changes, a unit vector.
        context: Context of the flow.
    """

    coefficients: Float[Array, " mode"]
    factor: Float[Array, "mode mode"]
    direction: Float[Array, " mode"]
    context: Float[Array, " context"]

    def whitened(self, true: Float[Array, " mode"]) -> Float[Array, " mode"]:
        r"""$y = R^T(c - \hat c)$ of coefficients $c$."""
        return self.factor.T @ (true - self.coefficients)

    def coefficients_of(self, y: Float[Array, "sample mode"]) -> Float[Array, "mode sample"]:
        r"""$\hat c + R^{-T}y$, one sample a column."""
        return self.coefficients[:, None] + jax.scipy.linalg.solve_triangular(self.factor, y.T, lower=True, trans=1)


def n_context(n_modes: int) -> int:
    """The number of components of a context."""
    return 2 * n_modes + 3


def stage_posterior(stage: Stage, posed: PosedStage, gradient: Float[Array, " boson"]) -> StagePosterior:
    """The posterior distribution of one inversion.

    Args:
        stage: The inversion.
        posed: Its equations.
        gradient: How the size of the gap function grows with a2F, up to a factor.
    """
    found: NormalPosterior = stage.posterior(posed.equations, posed.inputs, posed.scale)
    factor = jnp.linalg.cholesky(found.precision)
    known = (log_noise(posed.inputs.noise), jnp.log(posed.inputs.interpolation), _log(posed.scale))
    context = jnp.concatenate(
        [
            jnp.stack(known),
            jnp.clip(found.coefficients, -LARGEST_COEFFICIENT, LARGEST_COEFFICIENT),
            jnp.log(jnp.diagonal(factor)),
        ]
    )
    direction = jax.scipy.linalg.solve_triangular(factor, stage.prior.modes.T @ gradient, lower=True)
    return StagePosterior(found.coefficients, factor, direction / jnp.linalg.norm(direction), context)


def last_posterior(
    problem: InverseProblem, stage: Stage, before: Float[Array, " boson"], Delta: Array, noise: Array
) -> tuple[PosedStage, StagePosterior]:
    """The equations of the last inversion, and its posterior distribution; `before` is the result before it."""
    posed = pose_next(problem, before, Delta, noise)
    return posed, stage_posterior(stage, posed, gap_gradient(problem, posed.inputs.approximate))


def _log(coupling: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.log(jnp.maximum(coupling, SMALLEST_COUPLING))


class PosteriorExamples(NamedTuple):
    """What the flow learns from, one sample a row.

    Args:
        whitened: Whitened coefficients of the true a2F.
        direction: The directions along which the size of the gap function changes.
        context: Contexts.
        usable: Whether the last inversion has a meaning.
    """

    whitened: Float[np.ndarray, "sample mode"]
    direction: Float[np.ndarray, "sample mode"]
    context: Float[np.ndarray, "sample context"]
    usable: Bool[np.ndarray, " sample"]


def draw_samples(
    network: Any,
    before: Float[np.ndarray, "sample boson"],
    Delta: np.ndarray,
    noise: Float[np.ndarray, " sample"],
    n_samples: int,
    seed: int,
    chunk_size: int,
) -> Float[np.ndarray, "sample draw freq"]:
    """Draw samples of a2F for many gap functions.

    Where the last inversion has no meaning, because the spectrum found before is that of a normal metal, they are drawn
    from the posterior distribution of the first one.

    Args:
        network: The network.
        before: The results of the inversion before the last one.
        Delta: Gap functions at the energies of the setting, one a row [meV].
        noise: The noise of each, relative to its largest absolute value.
        n_samples: Number of samples of each.
        seed: Seed of the random numbers.
        chunk_size: Number of gap functions computed together.
    """
    setting, (first, *_, last) = network.front_end.setting, network.front_end.stages
    rng = np.random.default_rng([seed, 4])
    samples, usable = _draw(_last_sampler(setting, chunk_size), network, last, n_samples, rng, before, Delta, noise)
    rest = np.flatnonzero(~usable)
    if rest.size:
        means = np.tile(np.asarray(first.prior.mean), (rest.size, 1))
        sampler = _first_sampler(setting, chunk_size)
        samples[rest], _ = _draw(sampler, network, first, n_samples, rng, means, Delta[rest], noise[rest])
    return samples


def _draw(
    sampler: tuple[Callable[..., Any], int],
    network: Any,
    stage: Stage,
    n_samples: int,
    rng: np.random.Generator,
    *arrays: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """The results of a sampler for many gap functions."""
    draw, chunk_size = sampler
    z = rng.normal(size=(len(arrays[0]), n_samples, stage.prior.modes.shape[1])).astype(np.float32)
    function = functools.partial(draw, network)
    parts = [each for _, each in map_materials(function, *arrays, z, chunk_size=chunk_size, chunks_per_call=1)]
    samples, usable = (np.concatenate(each) for each in zip(*parts, strict=True))
    return samples, usable


@functools.lru_cache(maxsize=4)
def _last_sampler(setting: Setting, chunk_size: int) -> tuple[Callable[..., Any], int]:
    """The compiled function that draws samples of a2F at the energies of the data, and the size of its chunks."""
    problem = inverse_problem_of(setting)

    def draw(network: Any, before: Array, Delta: Array, noise: Array, z: Array) -> tuple[Array, Array]:
        stage = network.front_end.stages[-1]
        posed, found = last_posterior(problem, stage, before, Delta, noise)
        y = network.flow.transform(z.astype(jnp.float32), found.direction, found.context).astype(jnp.float64)
        return _spectra(network, stage, posed, found.coefficients_of(y)), posed.usable

    return batched(draw, chunk_size=chunk_size, n_shared=1), chunk_size


@functools.lru_cache(maxsize=4)
def _first_sampler(setting: Setting, chunk_size: int) -> tuple[Callable[..., Any], int]:
    """The same for the normal distribution of the first inversion."""
    problem = inverse_problem_of(setting)

    def draw(network: Any, mean: Array, Delta: Array, noise: Array, z: Array) -> tuple[Array, Array]:
        stage, posed = network.front_end.stages[0], pose_first(problem, mean, Delta, noise)
        found = stage_posterior(stage, posed, jnp.ones_like(mean))
        return _spectra(network, stage, posed, found.coefficients_of(z.astype(jnp.float64))), posed.usable

    return batched(draw, chunk_size=chunk_size, n_shared=1), chunk_size


def _spectra(network: Any, stage: Stage, posed: PosedStage, c: Float[Array, "mode draw"]) -> Float[Array, "draw freq"]:
    r"""Spectral functions of coefficients at the energies of the data, without negative values.

    They keep their $\lambda$: where a2F vanishes, cutting off negative values would add to it.
    """
    a2f = posed.scale * (stage.prior.mean[:, None] + stage.prior.modes @ c)
    at_energies = jax.vmap(network.head.constants.grid)(a2f.T)
    positive, weights = jnp.maximum(at_energies, 0.0), 1 / network.front_end.setting.omega
    return positive * (jnp.maximum(at_energies @ weights, 0.0) / positive_or_one(positive @ weights))[:, None]
