"""Which line to solve the equations on: how far it reaches, how fine it is, and how a2F is laid out along it."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len

from ...._errors import InputError
from ....units import BOLTZMANN
from ...material import AbstractMaterial
from ...numerics import as_known, fitting_size, is_concrete
from ._boson_transforms import AbstractComb, EvenComb, LinearComb, ScatteredComb, even_grid
from ._line import Line

BUFFER = 1.25
"""The line goes on beyond the energies for which it is solved by this many times the end of a2F: by once, from where
emitted bosons come, and a part in which all is brought to zero."""

DENSITY = 4.0
"""Points of the line within a broadening at a tolerance of 1e-8; as the logarithm of the tolerance at others."""

FEWEST = 80
"""Points within the range of a2F, however large the broadening: what is made smooth at the end must look so."""

QUANTUM = 0.25
"""A period is a whole number of this part of the end of a2F, so that lines at many temperatures share a program."""

CLEARANCE = 1e-3
"""Distance of a line from the nearest Matsubara frequency, in units of the lowest."""

COARSE = 1 / 3
"""Steps of an uneven grid above this part of the broadening are seen: a2F is then joined by straight lines."""

PART = 0.5
"""Straight lines are integrated over in parts no longer than this, in units of the broadening."""

FINER = 4
"""Points of the grid on which an uneven a2F is laid out for each point of the line."""

LARGEST_LINE = 2**22
"""Points of a line: a GiB of memory, half a minute."""


def _beside_frequencies(broadening: Any, T: Any) -> Any:
    """The broadening, or one next to it that is no Matsubara frequency, where 0/0 would have to be formed."""
    xp = np if is_concrete(broadening, T) else jnp
    lowest = np.pi * BOLTZMANN * T
    nearest = lowest * (2 * xp.maximum(xp.floor(broadening / (2 * lowest)), 0) + 1)
    away = xp.where(broadening > nearest, 1.0, -1.0) * CLEARANCE * lowest
    return xp.where(xp.abs(broadening - nearest) < CLEARANCE * lowest, nearest + away, broadening)


def choose_line(
    material: AbstractMaterial, T: Any, reach: Any, broadening: Any, *, rtol: float, n: int | None, normal: bool = False
) -> tuple[Line, AbstractComb]:
    """The line, and the layout of a2F along it.

    What is not known beyond the end of the solution acts on energies below by thermal bosons only: its effect falls
    by a factor e every k_B T.

    Args:
        material: The material, for the grid of its spectral functions.
        T: Temperature [K].
        reach: Energy up to which the solution is wanted [meV].
        broadening: Distance from the real axis [meV]; the line may lie a little beside it.
        rtol: Relative error asked for.
        n: Number of points, if it is given.
        normal: Whether the state is known to be normal: thermal bosons then bring nothing back.

    Raises:
        ValueError: The number of points is not known.
        InputError: It is too large, or too small for the broadening.
    """
    end, T = as_known(material.omega)[-1], as_known(T)
    broadening = _beside_frequencies(as_known(broadening), T)
    solved = reach if normal else reach + BOLTZMANN * T * math.log(1 / rtol)
    half_period = _whole(solved / end + BUFFER) * end
    grid = even_grid(material.omega) if is_concrete(half_period) else None
    n_comb = 0
    if grid is not None:
        n_comb = _even(math.ceil(2 * float(half_period) / grid[1] * (1 - 1e-12)))
        half_period = n_comb * grid[1] / 2
    n = _number_of_points(half_period, end, broadening, rtol=rtol) if n is None else n
    _refuse_unresolved(half_period, broadening, n)
    line = Line(n, *(jnp.asarray(x, dtype=jnp.float64) for x in (half_period, solved, solved + end, broadening)))
    if grid is not None:
        return line, EvenComb(n_comb, grid[0])
    if is_concrete(material.omega, broadening):
        widest = float(np.max(np.diff(np.asarray(material.omega), prepend=0.0)))
        if widest > COARSE * float(broadening):
            return line, LinearComb(FINER * n, math.ceil(widest / (PART * float(broadening))))
    return line, ScatteredComb(FINER * n)


def _whole(ratio: Any) -> Any:
    """The next multiple of `QUANTUM`."""
    xp = np if is_concrete(ratio) else jnp
    return QUANTUM * xp.ceil(ratio / QUANTUM)


def _even(n: int) -> int:
    """The next even number of which a Fourier transform is fast."""
    half = -(-n // 2)
    while (fast := next_fast_len(half, real=True)) is None:
        half += 1
    return 2 * fast


def _number_of_points(half_period: Any, end: Any, broadening: Any, *, rtol: float) -> int:
    if not is_concrete(half_period, end, broadening):
        raise ValueError(
            "the number of points on the line depends on the broadening, the energies and the end of the spectrum, "
            "some of which are traced here: give it, as in method=MSC(n=4096)."
        )
    within = DENSITY * math.log(rtol) / math.log(1e-8)
    needed = 2 * float(half_period) * max(within / float(broadening), FEWEST / float(end))
    n = fitting_size(needed - 0.5) if needed <= LARGEST_LINE else LARGEST_LINE + 1
    if n > LARGEST_LINE:
        raise InputError(
            f"a broadening of {float(broadening):g} meV needs {needed:.2g} points on a line of {float(half_period):g} "
            f"meV, more than the {LARGEST_LINE} it can have: raise it, or ask for a shorter range of energies."
        )
    return n


def _refuse_unresolved(half_period: Any, broadening: Any, n: int) -> None:
    if not is_concrete(half_period, broadening):
        return
    step = 2 * float(half_period) / n
    if step > float(broadening):
        enough = 8 * math.ceil(DENSITY * n * step / float(broadening) / 8)
        raise InputError(
            f"`n` = {n} points, {step:.3g} meV apart, do not resolve a broadening of {float(broadening):g} meV: "
            f"{enough} would."
        )
