r"""Where the steps of an inversion begin: the linear inversion, or a smooth arch of the best of many couplings.

Steps lead to the spectral function only from where a peak of the density of states or of the gap function is about
where it was measured, within the broadening: it is the coupling that moves it.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from .._errors import InputError
from ..physics import Spectrum
from .linear import InverseProblem, gap_from_dos, invert_one_linearly, is_even, pose_inverse_problem
from .refinement import ComplexGap, Conditions, DensityOfStates, Forward, Measurement

COUPLINGS = (0.4, 16.0)
r"""Of the arches, from the smallest $\lambda$ to the largest."""

SPACING = 2.5, 0.005, 0.1
r"""Of the logarithms of their $\lambda$: the first times $\Gamma/\omega_{\max}$, which moves a peak at
$\omega_{\max}/4$, that of a large gap, by half of $\Gamma$ to all of it; at least the second, at most the third."""

GUESSED_MU_STAR = 0.1
r"""Of a $\mu^*$ that is not known."""


def choose_start(
    forward: Forward, measurement: Measurement, measured: np.ndarray, given: Sequence[Spectrum]
) -> Float[np.ndarray, " unknown"]:
    """The unknowns whose values come closest to what was measured.

    Args:
        forward: From unknowns to values.
        measurement: The numbers that were measured.
        measured: What was measured, as it came.
        given: Spectral functions to begin with, if there are any.
    """
    mu_star = GUESSED_MU_STAR if measurement.mu_star is None else measurement.mu_star
    first = [np.interp(forward.omega[:-1], each.omega, each.a2f, right=0.0) for each in given]
    candidates = [np.maximum(a2f, 0.0) for a2f in [*first, *_from_equations(forward, measured, mu_star)]]
    tried = [Tried(a2f, *forward.values_at(mu_star, a2f)) for a2f in candidates]
    best = closest(measurement, [*tried, *arches(forward, mu_star)])
    return np.append(mu_star, best) if measurement.mu_star is None else best


class Tried(NamedTuple):
    """A spectral function, its values, and whether there is a gap."""

    a2f: Float[np.ndarray, " boson"]
    values: Float[np.ndarray, " value"]
    usable: bool


def closest(measurement: Measurement, tried: Sequence[Tried]) -> Float[np.ndarray, " boson"]:
    """Which of several spectral functions comes closest to what was measured; the first if none has a gap."""
    return min(tried, key=lambda each: measurement.misfit(each.values) if each.usable else math.inf).a2f


@functools.lru_cache(maxsize=8)
def arches(forward: Forward, mu_star: float) -> tuple[Tried, ...]:
    """Smooth spectral functions of many couplings, with their values: the same whatever was measured."""
    omega, c = forward.omega[:-1], forward.conditions
    shape = np.sin(np.pi * omega / c.omega_max) ** 2
    shape /= 2 * np.sum(shape / omega) * omega[0]
    factor, least, most = SPACING
    spacing = np.clip(factor * c.broadening / c.omega_max, least, most)
    n = math.ceil(math.log(COUPLINGS[1] / COUPLINGS[0]) / spacing) + 1
    spectra = [coupling * shape for coupling in np.geomspace(*COUPLINGS, n)]
    return tuple(Tried(a2f, *forward.values_at(mu_star, a2f)) for a2f in spectra)


def _from_equations(forward: Forward, measured: np.ndarray, mu_star: float) -> list[Float[np.ndarray, " boson"]]:
    """The linear inversion, where the energies and what was measured there allow one."""
    energies, c = forward.energies, forward.conditions
    if isinstance(forward.observable, ComplexGap):
        Delta = measured
    elif isinstance(forward.observable, DensityOfStates) and energies[0] == 0 and is_even(energies):
        Delta = gap_from_dos(energies, measured, broadening=c.broadening)
    else:
        return []
    try:
        return [invert_at_once(forward, energies, Delta, mu_star)]
    except InputError:  # energies that are not even, or end too early; a line too far from the axis
        return []


def invert_at_once(
    forward: Forward, energies: Float[np.ndarray, " freq"], Delta: Complex[np.ndarray, " freq"], mu_star: float
) -> Float[np.ndarray, " boson"]:
    """The linear inversion of a gap function at even energies from zero on, at the points of the grid.

    Raises:
        InputError: Of `pose_inverse_problem`.
    """
    problem = _problem(forward.conditions, energies.tobytes(), mu_star)
    return problem.spline_to(forward.omega[:-1]) @ invert_one_linearly(problem, Delta)


@functools.lru_cache(maxsize=8)
def _problem(conditions: Conditions, energies: bytes, mu_star: float) -> InverseProblem:
    """The same problem for the same conditions: what is compiled for it is kept."""
    c = conditions
    return pose_inverse_problem(
        np.frombuffer(energies), T=c.T, mu_star=mu_star, omega_c=c.omega_c, matsubara_cutoff=c.matsubara_cutoff,
        broadening=c.broadening, omega_max=c.omega_max,
    )  # fmt: skip
