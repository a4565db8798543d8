"""The Toeplitz and Hankel matrices of the couplings between fermionic frequencies."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def toeplitz_and_hankel(
    lambda_l: Float[Array, " boson"],
) -> tuple[Float[Array, " matsubara matsubara"], Float[Array, " matsubara matsubara"]]:
    r"""$\lambda(n-m)$ and $\lambda(n+m+1)$ for $0 \le n, m < N$, from $\lambda_l$ at $l = 0 .. 2N-1$.

    For $N = 3$, with $l$ for $\lambda_l$, these are

        0 1 2        1 2 3
        1 0 1        2 3 4
        2 1 0        3 4 5

    Only copies and reshapes are used, as indexing with arrays is nine times slower on a CPU.
    """
    n = lambda_l.size // 2
    circular = jnp.concatenate([lambda_l[: n + 1], lambda_l[1:n][::-1]])
    return _shifted_rows(circular, n, shift=1), _shifted_rows(jnp.roll(lambda_l, -1), n, shift=-1)


def _shifted_rows(values: Float[Array, " boson"], n: int, *, shift: int) -> Float[Array, " matsubara matsubara"]:
    """The first `n` columns of the matrix whose row i is `values` rolled to the right by i times `shift` (1 or -1).

    Periodic repetitions of `values` are cut into rows that are shorter (`shift` 1) or longer (-1) by one than
    `values`, so that each row begins one element earlier or later in the period than the row above. For the matrices
    of the example, n = 3:

        values 0 1 2 3 2 1, `shift` 1:   0 1 2 3 2 | 1 0 1 2 3 | 2 1 0 1 2
        values 1 2 3 4 5 0, `shift` -1:  1 2 3 4 5 0 1 | 2 3 4 5 0 1 2 | 3 4 5 0 1 2 3
    """
    width = values.size - shift
    repeated = jnp.broadcast_to(values, (n + 1, values.size)).reshape(-1)
    return repeated[: n * width].reshape(n, width)[:, :n]
