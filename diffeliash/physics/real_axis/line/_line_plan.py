"""Choice of the line on which the equations are solved: its length and points, and the representation of a2F."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len

from ...._errors import InputError
from ....units import BOLTZMANN
from ...material import AbstractMaterial
from ...numerics import is_concrete, numpy_if_concrete, rounded_up_size
from ._boson_transforms import (
    AbstractBosonGrid,
    PiecewiseLinearBosonGrid,
    SpreadBosonGrid,
    UniformBosonGrid,
    uniform_grid,
)
from ._line import Line

BUFFER = 1.25
"""Length of the line above the highest energy of the solution, in units of the end of a2F: 1 for electrons that emit
bosons, and the rest for the taper."""

POINTS_PER_BROADENING = 4.0
"""Number of points of the line per broadening at a tolerance of 1e-8; it goes as the logarithm of the tolerance."""

POINTS_IN_A2F = 80
"""Least number of points of the line in the range of a2F, which resolves the taper for any broadening."""

PERIOD_UNIT = 0.25
"""Half of the period is a multiple of this, in units of the end of a2F, so that lines at many temperatures share a
compiled program."""

CLEARANCE = 1e-3
"""Least distance of the line from the nearest Matsubara frequency, in units of the lowest one."""

COARSE_STEP = 1 / 3
"""Step of a nonuniform grid, in units of the broadening, above which the line would resolve its points and a2F is taken
as piecewise linear."""

PART_LENGTH = 0.5
"""Longest part of an interval of the piecewise linear a2F for one integration rule, in units of the broadening."""

OVERSAMPLING = 4
"""Number of points of the uniform grid that represents a nonuniform one, per point of the line."""

LARGEST_LINE = 2**22
"""Largest number of points of a line, which takes one GiB of memory and half a minute."""


def avoid_matsubara_frequencies(broadening: Any, T: Any) -> Any:
    """The broadening, moved slightly where it is close to a Matsubara frequency, at which 0/0 would occur."""
    xp = np if is_concrete(broadening, T) else jnp
    lowest = np.pi * BOLTZMANN * T
    nearest = lowest * (2 * xp.maximum(xp.floor(broadening / (2 * lowest)), 0) + 1)
    away = xp.where(broadening > nearest, 1.0, -1.0) * CLEARANCE * lowest
    return xp.where(xp.abs(broadening - nearest) < CLEARANCE * lowest, nearest + away, broadening)


def choose_line(
    material: AbstractMaterial, T: Any, reach: Any, broadening: Any, *, rtol: float, n: int | None, normal: bool = False
) -> tuple[Line, AbstractBosonGrid]:
    """Choose the line and the representation of a2F along it.

    Energies above the end of the solution affect lower ones only by absorption of thermal bosons, by a factor of e less
    for every k_B T.

    Args:
        material: The material, for the grid of its spectral functions.
        T: Temperature [K].
        reach: Energy up to which the solution is requested [meV].
        broadening: Distance from the real axis [meV]; the line avoids Matsubara frequencies.
        rtol: Requested relative error.
        n: Number of points, or `None` to choose it.
        normal: Whether the state is known to be normal; the solution then ends at `reach`.

    Raises:
        ValueError: The number of points is not given and depends on traced inputs.
        InputError: The number of points is too large, or too small for the broadening.
    """
    end, T = numpy_if_concrete(material.omega)[-1], numpy_if_concrete(T)
    broadening = avoid_matsubara_frequencies(numpy_if_concrete(broadening), T)
    solved = reach if normal else reach + BOLTZMANN * T * math.log(1 / rtol)
    half_period = _rounded_up(solved / end + BUFFER) * end
    grid = uniform_grid(material.omega) if is_concrete(half_period) else None
    n_boson_grid = 0
    if grid is not None:
        n_boson_grid = _next_fast_even(math.ceil(2 * float(half_period) / grid[1] * (1 - 1e-12)))
        half_period = n_boson_grid * grid[1] / 2
    n = _number_of_points(half_period, end, broadening, rtol=rtol) if n is None else n
    _refuse_unresolved(half_period, broadening, n)
    line = Line(n, *(jnp.asarray(x, dtype=jnp.float64) for x in (half_period, solved, solved + end, broadening)))
    if grid is not None:
        return line, UniformBosonGrid(n_boson_grid, grid[0])
    if is_concrete(material.omega, broadening):
        widest = float(np.max(np.diff(np.asarray(material.omega), prepend=0.0)))
        if widest > COARSE_STEP * float(broadening):
            return line, PiecewiseLinearBosonGrid(
                OVERSAMPLING * n, math.ceil(widest / (PART_LENGTH * float(broadening)))
            )
    return line, SpreadBosonGrid(OVERSAMPLING * n)


def _rounded_up(ratio: Any) -> Any:
    """The next multiple of `PERIOD_UNIT`."""
    xp = np if is_concrete(ratio) else jnp
    return PERIOD_UNIT * xp.ceil(ratio / PERIOD_UNIT)


def _next_fast_even(n: int) -> int:
    """The next even number for which an FFT is fast."""
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
    within = POINTS_PER_BROADENING * math.log(rtol) / math.log(1e-8)
    needed = 2 * float(half_period) * max(within / float(broadening), POINTS_IN_A2F / float(end))
    n = rounded_up_size(needed - 0.5) if needed <= LARGEST_LINE else LARGEST_LINE + 1
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
        enough = 8 * math.ceil(POINTS_PER_BROADENING * n * step / float(broadening) / 8)
        raise InputError(
            f"`n` = {n} points, {step:.3g} meV apart, do not resolve a broadening of {float(broadening):g} meV: "
            f"{enough} would."
        )
