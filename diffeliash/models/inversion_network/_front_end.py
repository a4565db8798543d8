r"""The part of an inversion network that contains the Eliashberg equations: linear inversions, one after the other.

The first one inverts the gap function as it is, the others the linear equations around the solution for the result
before. Their prior is a distribution of $\alpha^2F/\lambda$, since $\lambda$ is known by then.
"""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from ..._errors import InputError
from ...inverse import (
    LINE_POINTS_PER_BROADENING,
    InverseProblem,
    LinearEquations,
    linear_equations,
    linear_equations_at_solution,
    pose_inverse_problem,
)
from ...physics import positive_or_one
from .._predictor import Constants
from .._setting import Setting
from ._stage import Stage, StageInputs

SMALLEST_ERROR = 1e-4
r"""Least size $q$ of the errors, relative to the gap function, that are not noise."""

NOISE_ALLOWANCE = 1.5
"""Mean square of the noise, in units of its expectation, that is subtracted from the misfit of a solution."""

LARGEST_SPLINE = 2**25
"""Largest number of elements of the matrix that interpolates a gap function to the line."""


@functools.lru_cache(maxsize=8)
def inverse_problem_of(setting: Setting) -> InverseProblem:
    """The grids of the linear inversion for a setting, the same object for the same setting.

    Raises:
        InputError: Gap functions of the setting cannot be inverted.
    """
    n_line = LINE_POINTS_PER_BROADENING * setting.omega_real[-1] / setting.broadening
    if setting.n_energies * max(n_line, setting.n_energies) > LARGEST_SPLINE:
        raise InputError(
            f"gap functions at {setting.n_energies} energies with a broadening of {setting.broadening:g} meV have too "
            "many points for an inversion network.",
            hint=OTHER_NETWORK,
        )
    try:
        return pose_inverse_problem(
            setting.omega_real,
            T=setting.T,
            mu_star=setting.mu_star,
            omega_c=setting.omega_c,
            matsubara_cutoff=setting.matsubara_cutoff,
            broadening=setting.broadening,
            omega_max=setting.omega_max,
        )
    except InputError as error:
        raise InputError(error.what, why=error.why, hint=f"{error.hint} {OTHER_NETWORK}".strip()) from error


OTHER_NETWORK = "A fully connected network (--network fully-connected) has no such limit."


class PosedStage(NamedTuple):
    """The equations of one stage.

    Args:
        equations: The linear equations.
        inputs: Approximate a2F, size of the gap function and of its errors.
        scale: Factor of the prior.
        usable: Whether the equations have a meaning; if not, the stage is left out.
    """

    equations: LinearEquations
    inputs: StageInputs
    scale: Float[Array, ""]
    usable: Bool[Array, ""]


def pose_first(
    problem: InverseProblem, mean: Float[Array, " boson"], Delta: Complex[Array, " real"], noise: Float[Array, ""]
) -> PosedStage:
    """The linear equations with the gap function as it is; `mean` is the approximate a2F."""
    one = jnp.ones(())
    given = StageInputs(mean, positive_or_one(jnp.max(jnp.abs(Delta))), noise, one)
    return PosedStage(linear_equations(problem, Delta), given, one, jnp.array(True))


def pose_next(
    problem: InverseProblem, a2f: Float[Array, " boson"], Delta: Complex[Array, " real"], noise: Float[Array, ""]
) -> PosedStage:
    """The linear equations around the solution for the result of the stage before."""
    a2f = jnp.maximum(a2f, 0.0)
    found = linear_equations_at_solution(problem, Delta, a2f)
    size = positive_or_one(jnp.max(jnp.abs(Delta)))
    of_noise = 2 * (noise * size) ** 2 / positive_or_one(jnp.mean(jnp.abs(Delta) ** 2))
    q = jnp.sqrt(jnp.maximum(found.misfit - NOISE_ALLOWANCE * of_noise, 0.0) + SMALLEST_ERROR**2)
    return PosedStage(found.equations, StageInputs(a2f, size, noise, q), coupling(problem, a2f), found.usable)


def apply_stage(stage: Stage, posed: PosedStage) -> Float[Array, " boson"]:
    """The result of a stage, or that of the stage before where its equations have no meaning."""
    found = stage(posed.equations, posed.inputs, posed.scale)
    return jnp.where(posed.usable, found, posed.inputs.approximate)


class FrontEnd(Constants):
    """Linear inversions of a gap function.

    Args:
        stages: The inversions, in order.
        setting: Temperature, cutoffs and grids.
    """

    stages: tuple[Stage, ...]
    setting: Setting = eqx.field(static=True)

    def __call__(self, Delta: Complex[Array, " real"], noise: Float[Array, ""]) -> Float[Array, "stage boson"]:
        r"""Invert a gap function; batch with `jax.vmap`.

        Args:
            Delta: Gap function at the energies of the setting [meV].
            noise: Standard deviation of its real and of its imaginary part, relative to the largest $|\Delta|$.

        Returns:
            The result of every stage at the boson energies of the problem.
        """
        problem, first = inverse_problem_of(self.setting), self.stages[0]
        start = apply_stage(first, pose_first(problem, first.prior.mean, Delta, noise))
        if len(self.stages) == 1:
            return start[None]

        def step(a2f: Array, stage: Stage) -> tuple[Array, Array]:
            found = apply_stage(stage, pose_next(problem, a2f, Delta, noise))
            return found, found

        stacked = jax.tree.map(lambda *arrays: jnp.stack(arrays), *self.stages[1:])  # compiled once, not for each
        return jnp.concatenate([start[None], jax.lax.scan(step, start, stacked)[1]])


def coupling(problem: InverseProblem, a2f: Float[Array, " boson"]) -> Float[Array, ""]:
    r"""The coupling constant $\lambda = 2\int\alpha^2F/\omega\,\mathrm{d}\omega$."""
    return jnp.asarray(coupling_weights(problem)) @ a2f


def coupling_weights(problem: InverseProblem) -> Float[np.ndarray, " boson"]:
    """The weights of the sum over boson energies that gives the coupling constant."""
    return 2 * problem.omega[0] / problem.omega
