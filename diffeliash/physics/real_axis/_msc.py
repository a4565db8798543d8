"""Continuation by the Marsiglio-Schossmann-Carbotte equations on a line, iterated on finer and finer grids."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, Int

from ..material import AbstractMaterial, coupling_in_range, replace_unusable
from ..numerics import all_finite, attach_fixed_point, positive_or_one
from ._matsubara_sums import MatsubaraSums
from .line import AbstractBosonGrid, Line, LineEquations, boson_transforms, fermi_tanh, gap_map, with_midpoints

LEVELS = (4, 2, 1)
"""Strides of the grids: the equations are solved with every fourth point of the line, every second one, and all."""

COARSE_TOLERANCES = (1e-4, 1e-6)
"""Relative changes at which the iterations on the first two grids end, smaller than the errors of these grids."""

FINE_TOLERANCE = 0.3
"""Relative change at which the iteration on the last grid ends, in units of `rtol`."""

SAFETY = 3.0
"""Safety factor of the estimated error."""

MAX_STEPS = 500
"""Largest number of iterations on one grid. A dozen are enough for ordinary coupling, two hundred close to T_c at a
coupling constant of 60."""


class MSC(eqx.Module):
    r"""Continue by the equations of Marsiglio, Schossmann and Carbotte on the line itself, exactly within a tolerance.

    F. Marsiglio, M. Schossmann and J. P. Carbotte, Phys. Rev. B 37, 4965 (1988), doi:10.1103/PhysRevB.37.4965,
    generalized to complex energies $z = \omega + i\Gamma$. Used as `method` of `continue_gap` and `gap_edge`.

    Args:
        rtol: Requested error, relative to the largest $|\Delta|$; between 1e-12 and 1e-2. It determines the distance
            of the points of the line, which is reduced until the estimated error is below `rtol` where all inputs are
            concrete.
        n: Number of points of the line, static, a multiple of 8 and at least 64. `None` chooses it from `rtol`, the
            broadening and the energies, which must then be concrete.

    Raises:
        ValueError: `rtol` or `n` is out of its range.
    """

    rtol: float = eqx.field(default=1e-8, static=True)
    n: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        if not 1e-12 <= self.rtol <= 1e-2:
            raise ValueError(f"`rtol` must lie in [1e-12, 1e-2], got {self.rtol}.")
        if self.n is not None and (self.n < 64 or self.n % 8):
            raise ValueError(f"`n` must be a multiple of 8 and at least 64, got {self.n}.")


class LineSolution(NamedTuple):
    r"""The solution of the equations on a line.

    Args:
        Delta: Gap function at the points of the line with $\omega \ge 0$ [meV].
        error: Estimated error, relative to the largest value.
        n_steps: Number of iterations on all grids together.
        converged: Whether the last iteration changed $\Delta$ by less than the tolerance.
    """

    Delta: Complex[Array, " line"]
    error: Float[Array, ""]
    n_steps: Int[Array, ""]
    converged: Bool[Array, ""]


class LineProblem(NamedTuple):
    """The equations of one material on a line, and the starting point of their iteration.

    Args:
        equations: The equations, without coupling if the inputs are not usable.
        start: The constant gap function from which the iteration starts [meV].
        usable: Whether the inputs are finite and in their ranges.
    """

    equations: LineEquations
    start: Float[Array, ""]
    usable: Bool[Array, ""]


@eqx.filter_jit
def make_line_problem(
    material: AbstractMaterial, sums: MatsubaraSums, line: Line, boson_grid: AbstractBosonGrid
) -> LineProblem:
    """The equations of one material on a line.

    They are computed in a separate program, so that one compiled program solves those of different discretizations.
    """
    usable = all_finite((material, sums.line_inputs(), line)) & coupling_in_range(material)
    usable &= (line.broadening > 0) & (sums.T > 0)
    material, T = replace_unusable(usable, material, positive_or_one(sums.T))
    line_inputs = [T, *(jnp.where(usable, x, 0.0) for x in sums.line_inputs()[1:])]
    sums = eqx.tree_at(MatsubaraSums.line_inputs, sums, line_inputs)
    line = jax.tree.map(positive_or_one, line)
    z, taper = line.z, line.taper
    poles_Z, poles_phi = sums.poles(line)
    transforms = [
        boson_transforms(channel, T, boson_grid=boson_grid, n=line.n, period=2 * line.half_period)
        for channel in material.channels
    ]
    even, odd = jax.tree.map(lambda *channels: jnp.stack(channels), *transforms)
    equations = LineEquations(
        line=line,
        z=z,
        inverse_z=1 / z,
        taper=taper,
        tanh=taper * fermi_tanh(z, T),
        poles_Z=taper * poles_Z,
        poles_phi=taper * poles_phi,
        even=even,
        odd=odd,
        coulomb=sums.coulomb,
        average=material.average,
    )
    return LineProblem(equations, sums.start, usable)


def solve_line(problem: LineProblem, rtol: float) -> LineSolution:
    r"""Solve the equations on a line by fixed-point iteration; differentiable with respect to the equations.

    Integrals along the line are sums over its points. With the distance $h$ of the points their error falls as
    $e^{-2\pi\Gamma/h}$ if a2F is smooth, and no slower than $e^{-\pi\Gamma/h}$ otherwise. The change from every second
    point to all of them is the error of the former grid, and that of the latter is smaller by at least a factor
    $e^{-\pi\Gamma/2h}$.
    """
    equations = problem.equations
    frozen, start = jax.lax.stop_gradient((equations, problem.start))
    Delta = jnp.full(equations.line.n // (2 * LEVELS[0]) + 1, start + 0j)
    n_steps, change, step = jnp.array(0), jnp.zeros(()), jnp.zeros(())
    for stride, goal in zip(LEVELS, (*COARSE_TOLERANCES, FINE_TOLERANCE * rtol), strict=True):
        level = frozen.coarser(stride) if stride > 1 else frozen
        coarse = Delta if stride == LEVELS[0] else with_midpoints(Delta)
        Delta, step, count = _iterate(level, coarse, goal)
        last = frozen.line.coarser(2 * stride).last  # on the grid before
        solved = jnp.arange(0, Delta.size, 2) <= 2 * last
        change = relative(jnp.where(solved, (Delta - coarse)[::2], 0.0), Delta)
        n_steps = n_steps + count
    decay = jnp.exp(-jnp.pi * equations.line.broadening / (2 * equations.line.step))
    return LineSolution(
        Delta=attach_fixed_point(gap_map, equations, Delta),
        error=SAFETY * change * decay + step,
        n_steps=n_steps,
        converged=problem.usable & (step <= FINE_TOLERANCE * rtol),
    )


def _iterate(
    equations: LineEquations, start: Complex[Array, " line"], goal: float
) -> tuple[Complex[Array, " line"], Float[Array, ""], Int[Array, ""]]:
    """Iterate until the relative change is at most `goal` or NaN; return gap function, last change and step count."""

    def unfinished(state: tuple[Array, Array, Array]) -> Bool[Array, ""]:
        return (state[1] > goal) & (state[2] < MAX_STEPS)

    def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        new = gap_map(equations, state[0])
        return new, relative(new - state[0], new), state[2] + 1

    return jax.lax.while_loop(unfinished, advance, (start, jnp.array(jnp.inf), jnp.array(0)))


def relative(change: Complex[Array, " point"], values: Complex[Array, " line"]) -> Float[Array, ""]:
    """The largest magnitude of a change, in units of the largest magnitude of the values."""
    largest, moved = (jnp.sqrt(jnp.max(jnp.real(x) ** 2 + jnp.imag(x) ** 2)) for x in (values, change))
    return moved / jnp.where(largest > 0, largest, 1.0)
