"""Checks of the arguments of the inversion of a self-energy."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..._limits import (
    FEWEST_A2F_POINTS,
    FEWEST_SAMPLES,
    LARGEST_ENERGY,
    MOST_A2F_POINTS,
    MOST_SAMPLES,
    too_much_for_inversion,
    unphysical_magnitude,
)
from .._measured_data import FEWEST_ENERGIES, check_noise
from ._observable import NormalSelfEnergy

Noise = float | int | Float[np.ndarray, " freq"] | None
"""The noise of one part."""


def check_data(omega: np.ndarray, measured: np.ndarray, observable: NormalSelfEnergy) -> list[str]:
    """The errors in the energies and the data, as parts of a message; empty if there are none."""
    bad = []
    if omega.ndim != 1 or omega.size < FEWEST_ENERGIES or not np.all(np.isfinite(omega)) or np.any(np.diff(omega) <= 0):
        bad.append(f"`omega` must be a list of at least {FEWEST_ENERGIES} finite, ascending energies [meV]")
    elif np.max(np.abs(omega)) > LARGEST_ENERGY:
        bad.append(f"`omega` must not go beyond {LARGEST_ENERGY:g} meV")
    if measured.shape != omega.shape:
        bad.append(f"`measured` must have one number for each energy, got shapes {measured.shape} and {omega.shape}")
    elif np.iscomplexobj(measured) != (observable.part == "both"):
        bad.append(f'`measured` must be complex for the part "both" and else real, got {measured.dtype}')
    elif not np.all(np.isfinite(measured)):
        bad.append("`measured` must be finite")
    elif too_much := unphysical_magnitude(measured, is_dos=False):
        bad.append(f"`measured` {too_much}")
    return bad


def check_noises(noises: tuple[Any, ...], omega: np.ndarray, observable: NormalSelfEnergy) -> list[str]:
    """The errors in the noise of all parts."""
    if len(noises) != len(observable.names):
        return ["`noise` must be one for each measured part, or one for all"]
    return [bad for noise in noises for bad in check_noise(noise, omega.shape)][:1]


def check_sizes(n_points: int, n_samples: int, omega: np.ndarray, omega_max: float | None) -> list[str]:
    """The errors in the number of points and of samples and in the end of a2F."""
    bad = []
    if not FEWEST_A2F_POINTS <= n_points <= MOST_A2F_POINTS:
        bad.append(f"`n_points` must lie in [{FEWEST_A2F_POINTS}, {MOST_A2F_POINTS}], got {n_points}")
    if not FEWEST_SAMPLES <= n_samples <= MOST_SAMPLES:
        bad.append(f"`n_samples` must lie in [{FEWEST_SAMPLES}, {MOST_SAMPLES}], got {n_samples}")
    if omega_max is not None and not 0 < omega_max <= LARGEST_ENERGY:
        bad.append(f"`omega_max` must be positive and at most {LARGEST_ENERGY:g} meV, got {omega_max:g}")
    return bad or too_much_for_inversion(n_points, n_samples=n_samples, n_energies=omega.size)
