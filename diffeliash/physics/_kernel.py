"""The phonon-mediated coupling at bosonic Matsubara frequencies."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._checks import require_x64
from ._spectrum import Spectrum


def lambda_kernel(spectrum: Spectrum, nu: Float[Array, " boson"]) -> Float[Array, " boson"]:
    r"""Phonon-mediated coupling at bosonic Matsubara frequencies, Eq. (8) of arXiv:2007.07512.

    $$ \lambda(\nu) = 2\int_0^\infty
       \frac{\omega\,\alpha^2F(\omega)}{\omega^2+\nu^2}\,\mathrm{d}\omega $$

    Args:
        spectrum: Spectral function of one material.
        nu: Bosonic frequencies $2\pi k_BT\,l$ [meV].

    Returns:
        $\lambda(\nu)$, dimensionless; its value at $\nu = 0$ is $\lambda$.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    return coupling_of(jnp.asarray(spectrum.omega), spectrum.weights * spectrum.a2f, nu)


def coupling_of(
    omega: Float[Array, " point"], weight: Float[Array, " point"], nu: Float[Array, " boson"]
) -> Float[Array, " boson"]:
    r"""$\sum_i 2\omega_iw_i/(\omega_i^2+\nu^2)$: the coupling of bosons at $\omega_i$ with weights $w_i$ [meV]."""
    omega = omega[None, :]
    at_zero = (omega == 0) & (nu[:, None] == 0)
    denominator = jnp.where(at_zero, 1.0, omega**2 + nu[:, None] ** 2)
    return (2 * omega / denominator) @ weight


def toeplitz_and_hankel(
    lambda_l: Float[Array, " boson"],
) -> tuple[Float[Array, " matsubara matsubara"], Float[Array, " matsubara matsubara"]]:
    r"""$\lambda(n-m)$ and $\lambda(n+m+1)$ for $0 \le n, m < N$, from $\lambda_l$ at $l = 0 .. 2N-1$.

    Copies and reshapes only: a gather of the same matrices is nine times slower on a CPU.
    """
    n = lambda_l.size // 2
    circular = jnp.concatenate([lambda_l[: n + 1], lambda_l[1:n][::-1]])
    return _shifted_rows(circular, n, shift=1), _shifted_rows(jnp.roll(lambda_l, -1), n, shift=-1)


def _shifted_rows(values: Float[Array, " boson"], n: int, *, shift: int) -> Float[Array, " matsubara matsubara"]:
    """The first `n` columns of the matrix whose row i is `values` rolled by i times `shift`.

    `values` repeated without end and cut into rows one shorter (longer) rolls right (left) by one each row.
    """
    width = values.size - shift
    endless = jnp.broadcast_to(values, (n + 1, values.size)).reshape(-1)
    return endless[: n * width].reshape(n, width)[:, :n]
