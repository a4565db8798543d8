r"""Continuation inside a compiled program, on a line that was chosen before: for inversions with a traced broadening.

`continue_gap` chooses the number of points of the line from its arguments. Where the broadening or the end of a2F is an
unknown, that number must be chosen once, for the smallest broadening and the largest energy.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..material import AbstractMaterial
from ..matsubara import GapSolution
from ..numerics import not_a_number
from ._continue_gap import RealAxisGap
from ._matsubara_sums import matsubara_sums
from ._msc import make_line_problem, solve_line
from .line import (
    OVERSAMPLING,
    AbstractBosonGrid,
    Line,
    SpreadBosonGrid,
    avoid_matsubara_frequencies,
    choose_line,
    gap_between_points,
    on_finer_grid,
    self_energy_coefficients,
)


class LinePlan(NamedTuple):
    """A line on which solutions are continued, and the representation of a2F on it.

    Args:
        line: The line, with the smallest broadening for which it has enough points.
        boson_grid: The representation of a2F.
        rtol: Requested error, relative to the largest gap.
    """

    line: Line
    boson_grid: AbstractBosonGrid
    rtol: float


def plan_line(
    material: AbstractMaterial, T: float, reach: float, broadening: float, *, rtol: float, end_known: bool = True
) -> LinePlan:
    """Choose a line for all spectral functions on a grid, or, if its end is not known, on any grid that ends below.

    Args:
        material: A material with the (longest) grid of a2F.
        T: Temperature [K].
        reach: Largest energy at which the gap function will be needed [meV].
        broadening: Smallest distance from the real axis [meV].
        rtol: Requested error, relative to the largest gap.
        end_known: Whether all spectral functions have the grid of this material.

    Raises:
        InputError: The line would have too many points.
    """
    line, boson_grid = choose_line(material, T, reach, broadening, rtol=rtol, n=None)
    if not end_known:
        boson_grid = SpreadBosonGrid(OVERSAMPLING * line.n)
    return LinePlan(line, boson_grid, rtol)


def continue_on_line(
    sol: GapSolution, material: AbstractMaterial, omega: Float[Array, " freq"], broadening: Any, plan: LinePlan
) -> RealAxisGap:
    r"""Continue a solution to energies $\omega + i\Gamma$, differentiable with respect to both, too.

    The Cauchy test is not made (`cauchy` is NaN), and the error of the sampling of a2F is not estimated.

    Args:
        sol: Solution on the imaginary axis.
        material: The material that was solved for.
        omega: Energies [meV].
        broadening: $\Gamma$ [meV], not smaller than that of the plan.
        plan: The line.
    """
    broadening = jnp.asarray(broadening, dtype=jnp.float64)
    # the gap function is analytic: where the line lies does not matter, and has no derivative
    placed = avoid_matsubara_frequencies(jax.lax.stop_gradient(broadening), sol.T)
    line = eqx.tree_at(lambda line: line.broadening, plan.line, placed)
    problem = make_line_problem(material, matsubara_sums(sol, line), line, plan.boson_grid)
    found = solve_line(problem, plan.rtol)
    fine = on_finer_grid(self_energy_coefficients(problem.equations, found.Delta))
    Delta, Z = gap_between_points(problem.equations, fine, omega, broadening)
    return RealAxisGap(
        omega=omega,
        Delta=Delta,
        Z=Z,
        dos=material.average.density_of_states(omega + 1j * broadening, Delta),
        broadening=broadening,
        continuation_error=found.error,
        sampling_error=jnp.zeros(()),
        cauchy=not_a_number(),
        converged=found.converged & sol.converged,
        n_steps=found.n_steps,
        average=material.average,
    )
