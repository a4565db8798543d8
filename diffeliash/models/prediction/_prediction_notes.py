"""Check of a predicted a2F: the gap function solved from it must agree with the one that was given."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...data import DosFile, GapFile
from ...units import BOLTZMANN

SIZE_FACTOR = 1.5
"""Factor by which the sizes of the given and the recomputed gap may differ."""

SHAPE_TOLERANCE = 0.05
"""1 - PCC (Pearson correlation coefficient) up to which the shapes of two gap functions always count as equal."""

TEST_ERROR_FACTOR = 10.0
"""The same limit in units of the mean of 1 - PCC on the test set of the network; the larger of the two holds."""

DEFAULT_SHAPE_TOLERANCE = 0.5
"""Limit of 1 - PCC for densities of states, whose narrow peaks make it large, and for networks without a test set."""

NORMAL_GAP, NORMAL_DOS = 1e-4, 1e-3
"""A state is normal if |Delta| is everywhere below this fraction of k_B T, or N/N_F differs from 1 by less."""


def prediction_notes(
    given: GapFile | DosFile,
    spectrum: Any,
    sol: Any,
    real: Any,
    *,
    shape_difference: float,
    test: Mapping[str, Any] | None,
) -> list[str]:
    """Return the reasons to doubt a predicted spectral function; empty if there are none.

    Args:
        given: Input of the network.
        spectrum: Predicted spectral function.
        sol: Solution for it on the imaginary axis.
        real: Its continuation at the energies of the input.
        shape_difference: 1 - PCC of the given and the recomputed function.
        test: Errors of the network on its test set, if they are known.
    """
    texts = _of_spectrum(spectrum)
    if not sol.converged:
        texts.append("the equations were not solved for the predicted a2F.")
    if _is_normal(given, float(sol.T)):
        return [*texts, "the file is that of a normal metal, which does not determine a2F."]
    if not sol.superconducting:
        return [
            *texts,
            f"the predicted a2F is not superconducting at {float(sol.T):.4g} K, but the metal of this file is.",
        ]
    limit = _limit(given, test)
    if not shape_difference <= limit:
        texts.append(
            "the function recomputed from the predicted a2F has another shape: "
            f"1 - PCC = {shape_difference:.3g} > {limit:.3g}."
        )
    return texts + [
        f"{name} is {new:.4g} meV if recomputed from the predicted a2F, but {old:.4g} meV in the file."
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


def _limit(given: GapFile | DosFile, test: Mapping[str, Any] | None) -> float:
    """Return the limit of 1 - PCC of the given and the recomputed function."""
    reached: float | None = test.get("dg_mean") if test else None
    return (
        DEFAULT_SHAPE_TOLERANCE
        if isinstance(given, DosFile) or not reached
        else max(SHAPE_TOLERANCE, TEST_ERROR_FACTOR * reached)
    )


def _sizes(given: GapFile | DosFile, real: Any) -> list[tuple[str, float, float, float]]:
    """Return name, recomputed value, given value and uncertainty by the grid [meV] of each measure of the gap."""
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
    r"""Return the first solution of $\omega = \mathrm{Re}\,\Delta(\omega)$ [meV], or NaN if there is none."""
    above = np.flatnonzero((re_Delta[:-1] > omega[:-1]) & (re_Delta[1:] <= omega[1:]))
    if not above.size:
        return math.nan
    i = above[0]
    left, right = re_Delta[i] - omega[i], omega[i + 1] - re_Delta[i + 1]
    return float(omega[i] + (omega[i + 1] - omega[i]) * left / (left + right))
