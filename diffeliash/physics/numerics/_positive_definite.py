r"""Solution of linear systems with a symmetric, positive definite matrix by block elimination.

Its blocks are eliminated one after the other without pivoting, which is stable for such matrices (N. J. Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, Sec. 13.3). It consists of products of matrices
only, because the batched factorizations of JAX can deadlock on a CPU (see `_linear_solvers`).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

BLOCK = 16
"""Number of rows of a block."""


def solve_positive_definite(matrix: Float[Array, "n n"], b: Float[Array, " n"]) -> Float[Array, " n"]:
    """Solve `matrix @ x = b` for a symmetric, positive definite matrix; differentiable in both arguments."""
    return jax.lax.custom_linear_solve(
        lambda x: matrix @ x, b, lambda _, right: _eliminate(matrix, right), symmetric=True
    )


def _eliminate(matrix: Float[Array, "n n"], b: Float[Array, " n"]) -> Float[Array, " n"]:
    n = b.size
    rest = jnp.concatenate([matrix, b[:, None]], axis=1)
    solved = []
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        top = _inverse(rest[:size, :size]) @ rest[:size, size:]
        rest = rest[size:, size:] - rest[size:, :size] @ top
        solved.append(top)
    x = jnp.zeros(0, b.dtype)
    for top in reversed(solved):
        x = jnp.concatenate([top[:, -1] - top[:, :-1] @ x, x])
    return x


def _inverse(matrix: Float[Array, "block block"]) -> Float[Array, "block block"]:
    """The inverse of a small positive definite matrix, by Gauss-Jordan elimination without pivoting."""
    n = matrix.shape[0]

    def eliminate(i: Array, both: Float[Array, "block two"]) -> Float[Array, "block two"]:
        row = both[i] / both[i, i]
        here = jnp.arange(n) == i
        return jnp.where(here[:, None], row[None, :], both - both[:, i][:, None] * row[None, :])

    both = jnp.concatenate([matrix, jnp.eye(n, dtype=matrix.dtype)], axis=1)
    return jax.lax.fori_loop(0, n, eliminate, both)[:, n:]
