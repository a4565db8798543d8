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
from .nonlinear import ComplexGap, Conditions, DensityOfStates, ForwardModel, Measurement

CANDIDATE_COUPLINGS = (0.4, 16.0)
r"""Smallest and largest coupling constant $\lambda$ of the smooth candidates."""

CANDIDATE_SPACING = 2.5, 0.005, 0.1
r"""Spacing of $\ln\lambda$ of the smooth candidates: the first number times $\Gamma/\omega_{\max}$, at least the second
and at most the third. A step moves a peak at $\omega_{\max}/4$, the position for a large gap, by $\Gamma/2$ to
$\Gamma$."""

INITIAL_MU_STAR = 0.1
r"""Initial value of $\mu^*$ if it is fitted."""


def choose_starting_point(
    forward: ForwardModel, measurement: Measurement, measured: np.ndarray, starts: Sequence[Spectrum]
) -> Float[np.ndarray, " unknown"]:
    r"""Choose the candidate with the smallest $\chi^2$ as the starting point of the iteration.

    Args:
        forward: Forward model.
        measurement: The data as real numbers, with their errors.
        measured: The data as the user gave them.
        starts: Candidates that the user gives.

    Returns:
        The unknowns: $\mu^*$ if it is fitted, then a2F on the grid of the forward model.
    """
    mu_star = INITIAL_MU_STAR if measurement.mu_star is None else measurement.mu_star
    given = [np.interp(forward.omega[:-1], each.omega, each.a2f, right=0.0) for each in starts]
    spectra = [np.maximum(a2f, 0.0) for a2f in [*given, *_linear_candidates(forward, measured, mu_star)]]
    candidates = [Candidate(a2f, *forward.values_at(mu_star, a2f)) for a2f in spectra]
    best = best_candidate(measurement, [*candidates, *smooth_candidates(forward, mu_star)])
    return np.append(mu_star, best) if measurement.mu_star is None else best


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


def best_candidate(measurement: Measurement, candidates: Sequence[Candidate]) -> Float[np.ndarray, " boson"]:
    r"""The usable spectral function with the smallest $\chi^2$; the first candidate if none is usable."""
    return min(candidates, key=lambda each: measurement.misfit(each.values) if each.usable else math.inf).a2f


@functools.lru_cache(maxsize=8)
def smooth_candidates(forward: ForwardModel, mu_star: float) -> tuple[Candidate, ...]:
    r"""Candidates $\alpha^2F \propto \sin^2(\pi\omega/\omega_{\max})$ with many couplings, independent of the data."""
    omega, c = forward.omega[:-1], forward.conditions
    shape = np.sin(np.pi * omega / c.omega_max) ** 2
    shape /= 2 * np.sum(shape / omega) * omega[0]
    factor, least, most = CANDIDATE_SPACING
    spacing = np.clip(factor * c.broadening / c.omega_max, least, most)
    n = math.ceil(math.log(CANDIDATE_COUPLINGS[1] / CANDIDATE_COUPLINGS[0]) / spacing) + 1
    spectra = [coupling * shape for coupling in np.geomspace(*CANDIDATE_COUPLINGS, n)]
    return tuple(Candidate(a2f, *forward.values_at(mu_star, a2f)) for a2f in spectra)


def _linear_candidates(
    forward: ForwardModel, measured: np.ndarray, mu_star: float
) -> list[Float[np.ndarray, " boson"]]:
    """The linear inversion of the data, or nothing if their energies or the observable do not allow it."""
    energies, c = forward.energies, forward.conditions
    if isinstance(forward.observable, ComplexGap):
        Delta = measured
    elif isinstance(forward.observable, DensityOfStates) and energies[0] == 0 and is_uniform_grid(energies):
        Delta = gap_from_dos(energies, measured, broadening=c.broadening)
    else:
        return []
    try:
        return [linear_inversion_on_grid(forward, energies, Delta, mu_star)]
    except InputError:  # the energies are not uniform or end too early, or the broadening is too large
        return []


def linear_inversion_on_grid(
    forward: ForwardModel, energies: Float[np.ndarray, " freq"], Delta: Complex[np.ndarray, " freq"], mu_star: float
) -> Float[np.ndarray, " boson"]:
    """The linear inversion of a gap function [meV], interpolated to the grid of the forward model.

    Args:
        forward: Forward model.
        energies: Uniform energies from zero [meV].
        Delta: Gap function at these energies [meV].
        mu_star: Coulomb pseudopotential.

    Raises:
        InputError: `pose_inverse_problem` refuses the energies or the broadening.
    """
    problem = _problem(forward.conditions, energies.tobytes(), mu_star)
    return problem.spline_to(forward.omega[:-1]) @ invert_one_linearly(problem, Delta)


@functools.lru_cache(maxsize=8)
def _problem(conditions: Conditions, energies: bytes, mu_star: float) -> InverseProblem:
    """`pose_inverse_problem`, cached so that the programs compiled for a problem are used again."""
    c = conditions
    return pose_inverse_problem(
        np.frombuffer(energies), T=c.T, mu_star=mu_star, omega_c=c.omega_c, matsubara_cutoff=c.matsubara_cutoff,
        broadening=c.broadening, omega_max=c.omega_max,
    )  # fmt: skip
