r"""The starting point of the Gauss-Newton iteration: the linear inversion, or a smooth a2F with the best coupling.

The iteration converges to the solution only if the peaks of the density of states or of the gap function start within
about the broadening of the measured ones; mostly the coupling constant determines where they are. Smooth spectral
functions of many couplings are therefore compared with the data.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from .._errors import InputError
from ..physics import Spectrum
from .linear import InverseProblem, gap_from_dos, invert_one_linearly, is_uniform_grid, pose_inverse_problem
from .nonlinear import (
    MOST_MODELS,
    CompiledModel,
    ComplexGap,
    Conditions,
    DensityOfStates,
    FittedParameters,
    ForwardModel,
    Measurement,
    Parameters,
    Unknowns,
)

CANDIDATE_COUPLINGS = (0.4, 16.0)
r"""Smallest and largest coupling constant $\lambda$ of the smooth candidates."""

CANDIDATE_SPACING = 2.5, 0.005, 0.1
r"""Spacing of $\ln\lambda$ of the smooth candidates: the first number times $\Gamma/\omega_{\max}$, at least the second
and at most the third. A step moves a peak at $\omega_{\max}/4$, the position for a large gap, by $\Gamma/2$ to
$\Gamma$."""


def choose_starting_point(
    forward: ForwardModel, measurement: Measurement, measured: np.ndarray, starts: Sequence[Spectrum]
) -> Unknowns:
    r"""Choose the candidate with the smallest $\chi^2$ as the starting point of the iteration.

    Args:
        forward: Forward model, with the initial values of the parameters.
        measurement: The data as real numbers, with their errors.
        measured: The data as the user gave them.
        starts: Candidates that the user gives.

    Returns:
        The unknowns: the initial values of the fitted parameters, then a2F on the grid of the forward model.
    """
    given = [np.interp(forward.omega[:-1], each.omega, each.a2f, right=0.0) for each in starts]
    spectra = [np.maximum(a2f, 0.0) for a2f in [*given, *_linear_candidates(forward, measured)]]
    candidates = [candidate(forward, a2f) for a2f in spectra]
    best = best_candidate(measurement, [*candidates, *smooth_candidates(forward)])
    return forward.fitted.join(forward.fitted.given, best)


class Candidate(NamedTuple):
    """A candidate for the starting point.

    Args:
        a2f: Spectral function on the grid of the forward model.
        values: Its observable.
        usable: Whether the values are finite and those of a superconductor.
    """

    a2f: Float[np.ndarray, " boson"]
    values: Float[np.ndarray, " value"]
    usable: bool


def candidate(forward: ForwardModel, a2f: Float[np.ndarray, " boson"]) -> Candidate:
    """A spectral function on the grid of the forward model, with its observable for the initial parameters."""
    return Candidate(a2f, *forward.values_at(forward.fitted.join(forward.fitted.given, a2f)))


def best_candidate(measurement: Measurement, candidates: Sequence[Candidate]) -> Float[np.ndarray, " boson"]:
    r"""The usable spectral function with the smallest $\chi^2$; the first candidate if none is usable."""
    return min(candidates, key=lambda each: measurement.misfit(each.values) if each.usable else math.inf).a2f


def smooth_candidates(forward: ForwardModel) -> tuple[Candidate, ...]:
    r"""Candidates $\alpha^2F \propto \sin^2(\pi\omega/\omega_{\max})$ with many couplings, independent of the data."""
    return _smooth_candidates(forward.program, forward.conditions, forward.fitted)


@functools.lru_cache(maxsize=MOST_MODELS)
def _smooth_candidates(
    program: CompiledModel, conditions: Conditions, fitted: FittedParameters
) -> tuple[Candidate, ...]:
    forward = ForwardModel(program, conditions, fitted)
    omega, end = forward.omega[:-1], conditions.omega_max
    shape = np.sin(np.pi * omega / end) ** 2
    shape /= 2 * np.sum(shape / omega) * omega[0]
    factor, least, most = CANDIDATE_SPACING
    width = program.observable.smearing(conditions.T) + fitted.given.broadening
    spacing = np.clip(factor * width / end, least, most)
    n = math.ceil(math.log(CANDIDATE_COUPLINGS[1] / CANDIDATE_COUPLINGS[0]) / spacing) + 1
    return tuple(candidate(forward, coupling * shape) for coupling in np.geomspace(*CANDIDATE_COUPLINGS, n))


def _linear_candidates(forward: ForwardModel, measured: np.ndarray) -> list[Float[np.ndarray, " boson"]]:
    """The linear inversion of the data, or nothing if their energies or the observable do not allow it."""
    energies, parameters = forward.energies, forward.fitted.given
    if isinstance(forward.observable, ComplexGap):
        Delta = measured
    elif isinstance(forward.observable, DensityOfStates) and energies[0] == 0 and is_uniform_grid(energies):
        Delta = gap_from_dos(energies, measured, broadening=parameters.broadening)
    else:
        return []
    try:
        return [linear_inversion_on_grid(forward, energies, Delta, parameters)]
    except InputError:  # the energies are not uniform or end too early, or the broadening is too large
        return []


def linear_inversion_on_grid(
    forward: ForwardModel,
    energies: Float[np.ndarray, " freq"],
    Delta: Complex[np.ndarray, " freq"],
    parameters: Parameters,
) -> Float[np.ndarray, " boson"]:
    """The linear inversion of a gap function [meV], interpolated to the grid of the forward model.

    Args:
        forward: Forward model.
        energies: Uniform energies from zero [meV].
        Delta: Gap function at these energies [meV].
        parameters: Coulomb pseudopotential and broadening.

    Raises:
        InputError: `pose_inverse_problem` refuses the energies or the broadening.
    """
    problem = _problem(forward.conditions, energies.tobytes(), parameters)
    return problem.spline_to(forward.omega[:-1]) @ invert_one_linearly(problem, Delta)


@functools.lru_cache(maxsize=8)
def _problem(conditions: Conditions, energies: bytes, parameters: Parameters) -> InverseProblem:
    """`pose_inverse_problem`, cached so that the programs compiled for a problem are used again."""
    c = conditions
    return pose_inverse_problem(
        np.frombuffer(energies), T=c.T, mu_star=parameters.mu_star, omega_c=c.omega_c,
        matsubara_cutoff=c.matsubara_cutoff, broadening=parameters.broadening, omega_max=c.omega_max,
    )  # fmt: skip
