"""Whether a predicted a2F accounts for what it was predicted from: solving it must give that back."""

import math
from typing import Any

import numpy as np

from ...data import DosFile, GapFile
from ...units import BOLTZMANN

SIZE_FACTOR = 1.5
"""Sizes of gaps that differ by more are different gaps."""

SHAPE_TOLERANCE = 0.05
"""Up to this 1 - PCC the shape of a gap function is never in doubt."""

TEST_ERROR_FACTOR = 10.0
"""Nor is it below so many times the mean of the network's own test set."""

DEFAULT_SHAPE_TOLERANCE = 0.5
"""1 - PCC of functions that have nothing in common; of densities of states, whose peaks are narrow, no less says so."""

NORMAL_GAP, NORMAL_DOS = 1e-4, 1e-3
"""A gap function that is everywhere below this part of k_B T, and a density of states this near to 1, have no gap."""


def prediction_notes(
    given: GapFile | DosFile, spectrum: Any, sol: Any, real: Any, *, unlike: float, test: dict[str, Any] | None
) -> list[str]:
    """Reasons not to believe an answer; none if it gives back what was asked.

    Args:
        given: What the network was given.
        spectrum: What it answered.
        sol: The solution of that on the imaginary axis.
        real: Its continuation, at the energies that were given.
        unlike: 1 - PCC of the functions given and recomputed.
        test: Measures of success on the test set of the network, if they are known.
    """
    texts = _of_spectrum(spectrum)
    if not sol.converged:
        texts.append("the equations were not solved for the predicted a2F.")
    if _is_normal(given, float(sol.T)):
        return [*texts, "this is what a normal metal has: it does not determine a2F."]
    if not sol.superconducting:
        return [
            *texts,
            f"the predicted a2F does not superconduct at {float(sol.T):.4g} K; the metal of this file does.",
        ]
    limit = _limit(given, test)
    if not unlike <= limit:
        texts.append(
            f"what is recomputed from the predicted a2F has another shape: 1 - PCC {unlike:.3g} > {limit:.3g}."
        )
    return texts + [
        f"{name} is {new:.4g} meV recomputed from the predicted a2F, {old:.4g} meV in the file."
        for name, new, old, step in _sizes(given, real)
        if abs(new - old) > 2 * step and not old / SIZE_FACTOR <= new <= old * SIZE_FACTOR
    ]


def _of_spectrum(spectrum: Any) -> list[str]:
    a2f = np.asarray(spectrum.a2f)
    negative, positive = -np.sum(a2f[a2f < 0]), np.sum(a2f[a2f > 0])
    if not np.all(np.isfinite(a2f)):
        return ["the predicted a2F is not finite."]
    texts = [] if spectrum.lambda_ep > 0 else [f"lambda = {float(spectrum.lambda_ep):.4g} is not positive."]
    return texts + (["the predicted a2F is mostly negative."] if negative >= positive else [])


def _is_normal(given: GapFile | DosFile, T: float) -> bool:
    if isinstance(given, DosFile):
        return bool(np.all(np.abs(given.dos - 1) < NORMAL_DOS))
    return bool(np.all(np.abs(given.Delta) < NORMAL_GAP * BOLTZMANN * T))


def _limit(given: GapFile | DosFile, test: dict[str, Any] | None) -> float:
    """Of 1 - PCC; how near a network comes to gap functions is known from its test set."""
    reached: float | None = test.get("dg_mean") if test else None
    return (
        DEFAULT_SHAPE_TOLERANCE
        if isinstance(given, DosFile) or not reached
        else max(SHAPE_TOLERANCE, TEST_ERROR_FACTOR * reached)
    )


def _sizes(given: GapFile | DosFile, real: Any) -> list[tuple[str, float, float, float]]:
    """Name, new value, old value [meV] and what the grid leaves open, of the measures of a gap."""
    step = float(np.max(np.diff(given.omega)))
    if isinstance(given, DosFile):
        new, old = (float(given.omega[np.argmax(np.asarray(dos))]) for dos in (real.dos, given.dos))
        return [("the peak of the density of states", new, old, step)]
    both = [np.asarray(Delta) for Delta in (real.Delta, given.Delta)]
    (new, old), (new_edge, old_edge) = (
        [float(np.max(np.abs(Delta))) for Delta in both],
        [_edge(given.omega, np.real(Delta)) for Delta in both],
    )
    sizes = [("the largest |Delta|", new, old, 0.0), ("the edge of the gap", new_edge, old_edge, 0.0)]
    return sizes[: 1 if math.isnan(new_edge + old_edge) else 2]


def _edge(omega: np.ndarray, re_Delta: np.ndarray) -> float:
    r"""The first $\omega = \mathrm{Re}\,\Delta(\omega)$, NaN if there is none."""
    above = np.flatnonzero((re_Delta[:-1] > omega[:-1]) & (re_Delta[1:] <= omega[1:]))
    if not above.size:
        return math.nan
    i = above[0]
    left, right = re_Delta[i] - omega[i], omega[i + 1] - re_Delta[i + 1]
    return float(omega[i] + (omega[i + 1] - omega[i]) * left / (left + right))
