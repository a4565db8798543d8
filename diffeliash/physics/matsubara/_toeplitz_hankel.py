"""The Toeplitz and Hankel matrices of the couplings between fermionic frequencies."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def toeplitz_and_hankel(
    lambda_l: Float[Array, " boson"],
) -> tuple[Float[Array, " matsubara matsubara"], Float[Array, " matsubara matsubara"]]:
    r"""$\lambda(n-m)$ and $\lambda(n+m+1)$ for $0 \le n, m < N$, from $\lambda_l$ at $l = 0 .. 2N-1$.

    Only copies and reshapes are used, as indexing with arrays is nine times slower on a CPU.
    """
    n = lambda_l.size // 2
    circular = jnp.concatenate([lambda_l[: n + 1], lambda_l[1:n][::-1]])
    return _shifted_rows(circular, n, shift=1), _shifted_rows(jnp.roll(lambda_l, -1), n, shift=-1)


def _shifted_rows(values: Float[Array, " boson"], n: int, *, shift: int) -> Float[Array, " matsubara matsubara"]:
    """The first `n` columns of the matrix whose row i is `values` rolled by i times `shift`.

    Periodic repetitions of `values`, cut into rows that are shorter (longer) by one, are rolled right (left) by one
    from row to row.
    """
    width = values.size - shift
    repeated = jnp.broadcast_to(values, (n + 1, values.size)).reshape(-1)
    return repeated[: n * width].reshape(n, width)[:, :n]
