"""Exact continuation: the equations on a line above the real axis, solved by iteration from coarse to fine."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, Int

from ..material import AbstractMaterial, can_be_solved, harmless_unless
from ..numerics import all_finite, attach_fixed_point, larger_than_zero
from ._matsubara_sums import MatsubaraSide
from .line import AbstractComb, Line, LineEquations, boson_waves, double, fermi_tanh, gap_map

LEVELS = (4, 2, 1)
"""The equations are solved with every fourth point of the line first, then with every second, then with all."""

ROUGH = (1e-4, 1e-6)
"""Steps, relative, at which the first two levels end: below their own errors."""

FINE = 0.3
"""Step at which the last level ends, in units of the tolerance."""

SAFETY = 3.0
"""Factor on the estimated error."""

MAX_STEPS = 500
"""A dozen iterations do for ordinary coupling; close to T_c at a coupling of 60 it takes two hundred."""


class MSC(eqx.Module):
    r"""Continue exactly, by the equations of Marsiglio, Schossmann and Carbotte on the line itself.

    Args:
        rtol: Error asked for, relative to the largest $|\Delta|$. It sets how fine the line is; where all inputs are
            known the line is refined until the estimated error is below it.
        n: Number of points of the line, static, a multiple of 8. `None` takes what `rtol`, the broadening and the
            energies ask for, which must then be known.
    """

    rtol: float = eqx.field(default=1e-8, static=True)
    n: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        if not 1e-12 <= self.rtol <= 1e-2:
            raise ValueError(f"`rtol` must lie in [1e-12, 1e-2], got {self.rtol}.")
        if self.n is not None and (self.n < 64 or self.n % 8):
            raise ValueError(f"`n` must be a multiple of 8 and at least 64, got {self.n}.")


class LineSolution(NamedTuple):
    """A gap function on a line.

    Args:
        Delta: At the points of the line from zero on [meV].
        error: Estimated error, relative to the largest value.
        n_steps: Iterations, in units of those on the finest level.
        converged: Whether the last step was small enough.
    """

    Delta: Complex[Array, " line"]
    error: Float[Array, ""]
    n_steps: Int[Array, ""]
    converged: Bool[Array, ""]


class Prepared(NamedTuple):
    """A problem on a line.

    Args:
        equations: The equations; of a normal state without coupling if the inputs are not usable.
        start: Gap function to start from [meV].
        usable: Whether the inputs are finite and in their ranges.
    """

    equations: LineEquations
    start: Float[Array, ""]
    usable: Bool[Array, ""]


@eqx.filter_jit
def prepare(material: AbstractMaterial, side: MatsubaraSide, line: Line, comb: AbstractComb) -> Prepared:
    """The equations of one material on a line. A program of its own: that of the solution is then the same for all."""
    usable = all_finite((material, side.numbers(), line)) & can_be_solved(material)
    usable &= (line.broadening > 0) & (side.T > 0)
    material, T = harmless_unless(usable, material, larger_than_zero(side.T))
    numbers = [T, *(jnp.where(usable, x, 0.0) for x in side.numbers()[1:])]
    side = eqx.tree_at(MatsubaraSide.numbers, side, numbers)
    line = jax.tree.map(larger_than_zero, line)
    z, taper = line.z, line.taper
    poles_Z, poles_phi = side.poles(line)
    transforms = [
        boson_waves(channel, T, comb=comb, n=line.n, period=2 * line.half_period) for channel in material.channels
    ]
    even, odd = (jnp.stack(channels) for channels in zip(*transforms, strict=True))
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
        coulomb=side.coulomb,
        average=material.average,
    )
    return Prepared(equations, side.start, usable)


def solve_line(prepared: Prepared, rtol: float) -> LineSolution:
    r"""The fixed point, from a constant gap function; differentiable with respect to the equations.

    The integrals over a line are sums over its points, with an error that falls as $e^{-2\pi\Gamma/h}$ with the
    distance $h$ of the points if a2F is smooth, and no slower than $e^{-\pi\Gamma/h}$ if it is not. The change from
    every second point to all of them is the error of the former, and that of the latter is smaller by at least
    $e^{-\pi\Gamma/2h}$.
    """
    equations = prepared.equations
    frozen, start = jax.lax.stop_gradient((equations, prepared.start))
    Delta = jnp.full(equations.line.n // (2 * LEVELS[0]) + 1, start + 0j)
    n_steps, change, step = jnp.array(0), jnp.zeros(()), jnp.zeros(())
    for stride, goal in zip(LEVELS, (*ROUGH, FINE * rtol), strict=True):
        level = frozen.coarser(stride) if stride > 1 else frozen
        coarse = Delta if stride == LEVELS[0] else double(Delta)
        Delta, step, count = _iterate(level, coarse, goal)
        last = frozen.line.coarser(2 * stride).last  # of the level before
        solved = jnp.arange(0, Delta.size, 2) <= 2 * last
        change = relative(jnp.where(solved, (Delta - coarse)[::2], 0.0), Delta)
        n_steps = n_steps + count
    decay = jnp.exp(-jnp.pi * equations.line.broadening / (2 * equations.line.step))
    return LineSolution(
        Delta=attach_fixed_point(gap_map, equations, Delta),
        error=SAFETY * change * decay + step,
        n_steps=n_steps,
        converged=prepared.usable & (step <= FINE * rtol),
    )


def _iterate(
    equations: LineEquations, start: Complex[Array, " line"], goal: float
) -> tuple[Complex[Array, " line"], Float[Array, ""], Int[Array, ""]]:
    """The gap function after enough iterations, the size of the last step, and their number; it stops at a NaN."""

    def unfinished(state: tuple[Array, Array, Array]) -> Bool[Array, ""]:
        return (state[1] > goal) & (state[2] < MAX_STEPS)

    def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        new = gap_map(equations, state[0])
        return new, relative(new - state[0], new), state[2] + 1

    return jax.lax.while_loop(unfinished, advance, (start, jnp.array(jnp.inf), jnp.array(0)))


def relative(change: Complex[Array, " point"], values: Complex[Array, " line"]) -> Float[Array, ""]:
    """Largest size of a change, in units of the largest value."""
    largest, moved = (jnp.sqrt(jnp.max(jnp.real(x) ** 2 + jnp.imag(x) ** 2)) for x in (values, change))
    return moved / jnp.where(largest > 0, largest, 1.0)
