r"""Linear systems $A x = b$ with a matrix that is a multiple of one plus a few strong modes, by Krylov iteration.

All linear systems of this package are of that kind (derivatives of the gap equations), and 10 to 30 products with
the matrix solve them to rounding. The batched LU factorization of JAX is not used on purpose: on a CPU each of them
blocks a thread of the pool that its own parts need, so that as many independent ones as there are cores, in one
program or in two, wait for each other forever (seen with jaxlib 0.10 on 2 cores). This is also faster.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Vector = Float[Array, " n"]
MatVec = Callable[[Vector], Vector]

TOLERANCE = 1e-14
"""Size of the residual, relative to the right-hand side, at which the iteration ends."""

MEMORY = 16
"""Directions kept before the iteration starts again from the residual that is left: 8 to 12 do for most systems, and
more would fall out of the cache."""

MAX_RESTARTS = 16


class _State(eqx.Module):
    x: Vector
    residual: Vector
    direction: Vector
    images: Float[Array, "memory n"]
    directions: Float[Array, "memory n"]
    step: Int[Array, ""]


def solve_linear(matrix: Float[Array, "n n"], b: Vector) -> Vector:
    """The solution of `matrix @ x = b`, differentiable to any order in both, forward and backward."""
    return jax.lax.custom_linear_solve(lambda x: matrix @ x, b, _krylov, transpose_solve=_krylov)


def _krylov(matvec: MatVec, b: Vector) -> Vector:
    r"""Minimal residual over the Krylov space, with orthonormal images $q_i = A p_i$ (ORTHODIR).

    The next direction is the last image, never the residual: it cannot stagnate. Twice orthogonalized, restarted
    from the true residual.
    """
    memory = min(MEMORY, b.size)
    goal = TOLERANCE * jnp.sqrt(jnp.sum(b**2))

    def begin(x: Vector) -> _State:
        residual = b - matvec(x)
        empty = jnp.zeros((memory, b.size))
        return _State(x, residual, residual, empty, empty, jnp.array(0))

    def step(state: _State) -> _State:
        image, direction = matvec(state.direction), state.direction
        for _ in range(2):
            overlap = state.images @ image
            image, direction = image - overlap @ state.images, direction - overlap @ state.directions
        size = jnp.sqrt(jnp.sum(image**2))
        scale = jnp.where(size > 0, 1.0, 0.0) / jnp.where(size > 0, size, 1.0)
        image, direction = scale * image, scale * direction
        amount = jnp.sum(image * state.residual)
        slot = (jnp.arange(memory) == state.step)[:, None]
        return _State(
            x=state.x + amount * direction,
            residual=state.residual - amount * image,
            direction=image,
            images=jnp.where(slot, image[None, :], state.images),
            directions=jnp.where(slot, direction[None, :], state.directions),
            step=state.step + 1,
        )

    def unfinished(state: _State) -> Bool[Array, ""]:
        return (state.step < memory) & (jnp.sqrt(jnp.sum(state.residual**2)) > goal)

    def cycle(carry: tuple[Vector, Int[Array, ""], Bool[Array, ""]]):
        x, count, _ = carry
        first = begin(x)
        last = jax.lax.while_loop(unfinished, step, first)
        before, after = (jnp.sum((b - matvec(y)) ** 2) for y in (x, last.x))
        better = after < before
        return jnp.where(better, last.x, x), count + 1, (after < 0.25 * before) & (jnp.sqrt(after) > goal)

    start = (jnp.zeros_like(b), jnp.array(0), jnp.array(True))
    return jax.lax.while_loop(lambda c: c[2] & (c[1] < MAX_RESTARTS), cycle, start)[0]
