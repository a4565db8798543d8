r"""Iterative solution of linear systems $A x = b$, where $A$ is a multiple of the identity plus a few large modes.

All linear systems of this package are of that kind (derivatives of the gap equations), and 10 to 30 products with
the matrix solve them to 1e-12 by Krylov methods. The batched LU factorization of JAX is avoided, because it can
deadlock on a CPU: each factorization blocks one thread of the pool that its own parts need, so that as many
simultaneous ones as there are cores wait for each other (seen with jaxlib 0.10 on 2 cores). It is also slower.
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
"""Norm of the residual, relative to the right-hand side, at which a Krylov iteration ends."""

RESTART_FACTOR = 10.0
"""The Krylov iteration is restarted only if the true residual exceeds the tolerance by more than this factor."""

KRYLOV_DIMENSION = 32
"""Dimension of the Krylov space at which the minimal-residual iteration is restarted."""

MAX_RESTARTS = 16

FIXED_POINT_TOLERANCE = 1e-9
"""Largest element of the residual, relative to the right-hand side, at which the fixed-point iteration ends."""

MAX_ITERATIONS = 500

BICGSTAB_STEPS = 12
"""Largest number of BiCGSTAB steps. For most systems 5 to 8 are enough."""


def solve_linear(matrix: Float[Array, "n n"], b: Vector) -> Vector:
    """Solve `matrix @ x = b`; differentiable to any order in both arguments, forward and backward."""
    return jax.lax.custom_linear_solve(lambda x: matrix @ x, b, _solve, transpose_solve=_solve)


def solve_by_iteration(matvec: MatVec, b: Array) -> Array:
    r"""Solve `matvec(x) = b` by $x \leftarrow x + (b - Ax)$, for $A$ so close to the identity that this converges.

    `matvec` is linear over the real numbers; `b` may be complex and of any shape.
    """
    return jax.lax.custom_linear_solve(matvec, b, _iterate, transpose_solve=_iterate)


def _iterate(matvec: MatVec, b: Array) -> Array:
    goal = FIXED_POINT_TOLERANCE * jnp.max(jnp.abs(b))

    def unfinished(state: tuple[Array, Array, Int[Array, ""]]) -> Bool[Array, ""]:
        _, residual, count = state
        return (count < MAX_ITERATIONS) & (jnp.max(jnp.abs(residual)) > goal)

    def step(state: tuple[Array, Array, Int[Array, ""]]) -> tuple[Array, Array, Int[Array, ""]]:
        x, residual, count = state
        return x + residual, residual - matvec(residual), count + 1

    return jax.lax.while_loop(unfinished, step, (jnp.zeros_like(b), b, jnp.array(0)))[0]


def _solve(matvec: MatVec, b: Vector) -> Vector:
    """BiCGSTAB, followed by a minimal-residual iteration, which takes no step where BiCGSTAB has converged.

    BiCGSTAB needs no orthogonalization and takes a third of the time, but it may break down to values that are not
    finite, and at a coupling constant of 60 far below T_c `BICGSTAB_STEPS` are not enough.
    """
    x, _ = bicgstab(matvec, b, tol=TOLERANCE, maxiter=BICGSTAB_STEPS)
    return _minimal_residual(matvec, b, jnp.where(jnp.all(jnp.isfinite(x)), x, 0.0))


class _State(eqx.Module):
    """Each row of `pairs` holds an image $q = A p$ of unit length, followed by its direction $p$."""

    x: Vector
    residual: Vector
    direction: Vector
    pairs: Float[Array, "memory 2*n"]
    step: Int[Array, ""]


def _minimal_residual(matvec: MatVec, b: Vector, x: Vector) -> Vector:
    r"""Minimize the residual over the Krylov space, with orthonormal images $q_i = A p_i$ (ORTHODIR), from a given `x`.

    The next direction is the last image and not the residual, so that the iteration cannot stagnate. Images are
    orthogonalized twice; restarts begin with the true residual.
    """
    n = b.size
    memory = min(KRYLOV_DIMENSION, n)
    goal = TOLERANCE**2 * jnp.sum(b**2)
    slots = jnp.arange(memory)

    def step(state: _State) -> _State:
        pair = jnp.append(matvec(state.direction), state.direction)
        for _ in range(2):  # multiplying by zeros is cheaper than copying half of the array
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
        return x, residual, count + 1, (after < 0.25 * before) & (after > RESTART_FACTOR**2 * goal)

    residual = b - matvec(x)
    start = (x, residual, jnp.array(0), jnp.sum(residual**2) > RESTART_FACTOR**2 * goal)
    return jax.lax.while_loop(lambda c: c[3] & (c[2] < MAX_RESTARTS), cycle, start)[0]
