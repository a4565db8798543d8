r"""Linear systems $A x = b$ with a matrix that is a multiple of one plus a few strong modes, by Krylov iterations.

All linear systems of this package are of that kind (derivatives of the gap equations), and 10 to 30 products with
the matrix solve them to 1e-12. The batched LU factorization of JAX is not used on purpose: on a CPU each of them
blocks a thread of the pool that its own parts need, so that as many independent ones as there are cores, in one
program or in two, wait for each other forever (seen with jaxlib 0.10 on 2 cores). This is also faster.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import bicgstab
from jaxtyping import Array, Bool, Float, Int

Vector = Float[Array, " n"]
MatVec = Callable[[Vector], Vector]

TOLERANCE = 1e-12
"""Size of the residual, relative to the right-hand side, at which the iteration ends."""

ENOUGH = 10.0
"""A true residual within this factor of the tolerance is not worth a restart."""

MEMORY = 32
"""Directions kept before the slow iteration starts again from the residual that is left."""

MAX_RESTARTS = 16

ITERATION_TOLERANCE = 1e-9
"""Where plain iteration ends, relative to the right-hand side."""

MOST_ITERATIONS = 500

MOST_SHORT_STEPS = 12
"""Steps of the fast iteration: 5 to 8 do for most systems."""


def solve_linear(matrix: Float[Array, "n n"], b: Vector) -> Vector:
    """The solution of `matrix @ x = b`, differentiable to any order in both, forward and backward."""
    return jax.lax.custom_linear_solve(lambda x: matrix @ x, b, _solve, transpose_solve=_solve)


def solve_by_iteration(matvec: MatVec, b: Array) -> Array:
    r"""The solution of `matvec(x) = b` by $x \to x + (b - Ax)$, for a matrix so close to one that this converges.

    `matvec` is linear over the real numbers; `b` may be complex and of any shape.
    """
    return jax.lax.custom_linear_solve(matvec, b, _iterate, transpose_solve=_iterate)


def _iterate(matvec: MatVec, b: Array) -> Array:
    """Until the correction is below `ITERATION_TOLERANCE` of the first."""
    goal = ITERATION_TOLERANCE * jnp.max(jnp.abs(b))

    def unfinished(state: tuple[Array, Array, Int[Array, ""]]) -> Bool[Array, ""]:
        _, residual, count = state
        return (count < MOST_ITERATIONS) & (jnp.max(jnp.abs(residual)) > goal)

    def step(state: tuple[Array, Array, Int[Array, ""]]) -> tuple[Array, Array, Int[Array, ""]]:
        x, residual, count = state
        return x + residual, residual - matvec(residual), count + 1

    return jax.lax.while_loop(unfinished, step, (jnp.zeros_like(b), b, jnp.array(0)))[0]


def _solve(matvec: MatVec, b: Vector) -> Vector:
    """The fast iteration, and for what it leaves the slow one: nothing, as a rule, and then that is free.

    BiCGSTAB needs no orthogonalization, and a third of the time. It may break down, to values that are not finite, and
    at a coupling of 60 far below T_c `MOST_SHORT_STEPS` are not enough.
    """
    x, _ = bicgstab(matvec, b, tol=TOLERANCE, maxiter=MOST_SHORT_STEPS)
    return _krylov(matvec, b, jnp.where(jnp.all(jnp.isfinite(x)), x, 0.0))


class _State(eqx.Module):
    """In each row of `pairs` an image of unit length, then the direction it is the image of."""

    x: Vector
    residual: Vector
    direction: Vector
    pairs: Float[Array, "memory 2*n"]
    step: Int[Array, ""]


def _krylov(matvec: MatVec, b: Vector, x: Vector) -> Vector:
    r"""Minimal residual over the Krylov space, with orthonormal images $q_i = A p_i$ (ORTHODIR), from a given `x`.

    The next direction is the last image, never the residual: it cannot stagnate. Twice orthogonalized, restarted
    from the true residual.
    """
    n = b.size
    memory = min(MEMORY, n)
    goal = TOLERANCE**2 * jnp.sum(b**2)
    slots = jnp.arange(memory)

    def step(state: _State) -> _State:
        pair = jnp.append(matvec(state.direction), state.direction)
        for _ in range(2):  # the zeros are cheaper than a copy of half of the pairs
            pair = pair - (state.pairs @ jnp.append(pair[:n], jnp.zeros(n))) @ state.pairs
        size = jnp.sqrt(jnp.sum(pair[:n] ** 2))
        pair = jnp.where(size > 0, 1.0, 0.0) / jnp.where(size > 0, size, 1.0) * pair
        image, direction = pair[:n], pair[n:]
        amount = jnp.sum(image * state.residual)
        return _State(
            x=state.x + amount * direction,
            residual=state.residual - amount * image,
            direction=image,
            pairs=jnp.where((slots == state.step)[:, None], pair[None, :], state.pairs),
            step=state.step + 1,
        )

    def unfinished(state: _State) -> Bool[Array, ""]:
        return (state.step < memory) & (jnp.sum(state.residual**2) > goal)

    def cycle(carry: tuple[Vector, Vector, Int[Array, ""], Bool[Array, ""]]):
        x, residual, count, _ = carry
        first = _State(x, residual, residual, jnp.zeros((memory, 2 * n)), jnp.array(0))
        x_new = jax.lax.while_loop(unfinished, step, first).x
        residual_new = b - matvec(x_new)
        before, after = jnp.sum(residual**2), jnp.sum(residual_new**2)
        better = after < before
        x, residual = jnp.where(better, x_new, x), jnp.where(better, residual_new, residual)
        return x, residual, count + 1, (after < 0.25 * before) & (after > ENOUGH**2 * goal)

    residual = b - matvec(x)
    start = (x, residual, jnp.array(0), jnp.sum(residual**2) > ENOUGH**2 * goal)
    return jax.lax.while_loop(lambda c: c[3] & (c[2] < MAX_RESTARTS), cycle, start)[0]
