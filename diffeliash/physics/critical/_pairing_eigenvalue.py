r"""The leading pairing eigenvalue $\eta$ as a differentiable function of the material."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..matsubara import FoldedKernels, apply_pairing_kernel, leading_eigenpair, renormalized_frequencies
from ..numerics import attach_root

Vector = Float[Array, " matsubara"]


def pairing_eigenvalue(kernels: FoldedKernels) -> Float[Array, ""]:
    r"""Leading eigenvalue $\eta$ of the linearized gap equation $K y = \eta D y$; $\eta = 1$ at $T_c$.

    Differentiable to any order, as $(y, \eta)$ is a root of $(D^{-1}K - \eta)\,y = 0$ and $w\cdot y = 1$.
    """
    frozen = jax.lax.stop_gradient(kernels)
    pair = leading_eigenpair(frozen, rtol=1e-14)
    norm = pair.y / jnp.sum(pair.y**2)
    return attach_root(_eigenvalue_residual, _eigenvalue_jacobian, (kernels, norm), jnp.append(pair.y, pair.eta))[-1]


Bordered = Float[Array, " unknown"]
"""The unknowns: the eigenvector $y$ followed by the eigenvalue $\\eta$, or the residuals of their equations."""


def _eigenvalue_residual(inputs: tuple[FoldedKernels, Vector], unknowns: Bordered) -> Bordered:
    (kernels, norm), y, eta = inputs, unknowns[:-1], unknowns[-1]
    return jnp.append(
        apply_pairing_kernel(kernels, y) / renormalized_frequencies(kernels) - eta * y, jnp.sum(norm * y) - 1
    )


def _eigenvalue_jacobian(inputs: tuple[FoldedKernels, Vector], unknowns: Bordered) -> Float[Array, " unknown unknown"]:
    (kernels, norm), y, eta = inputs, unknowns[:-1], unknowns[-1]
    matrix = kernels.even + jnp.diag(kernels.thermal)
    square = matrix / renormalized_frequencies(kernels)[:, None] - eta * jnp.eye(y.size)
    return jnp.block([[square, -y[:, None]], [norm[None, :], jnp.zeros((1, 1))]])
