r"""The leading pairing eigenvalue $\eta$ as a differentiable function of the material."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..matsubara import FoldedKernels, leading_eigenpair, normal_state, paired
from ..numerics import attach_root

Vector = Float[Array, " matsubara"]


def pairing_eigenvalue(kernels: FoldedKernels) -> Float[Array, ""]:
    r"""Leading eigenvalue $\eta$ of the linearized gap equation; $\eta = 1$ at $T_c$.

    Differentiable to any order: $(y, \eta)$ is the root of $(D^{-1}K - \eta)\,y = 0$, $w\cdot y = 1$.
    """
    frozen = jax.lax.stop_gradient(kernels)
    pair = leading_eigenpair(frozen, rtol=1e-14)
    norm = pair.y / jnp.sum(pair.y**2)
    return attach_root(_imbalance, _imbalance_jacobian, (kernels, norm), jnp.append(pair.y, pair.eta))[-1]


Bordered = Float[Array, " unknown"]


def _imbalance(inputs: tuple[FoldedKernels, Vector], unknowns: Bordered) -> Bordered:
    (kernels, norm), y, eta = inputs, unknowns[:-1], unknowns[-1]
    return jnp.append(paired(kernels, y) / normal_state(kernels) - eta * y, jnp.sum(norm * y) - 1)


def _imbalance_jacobian(inputs: tuple[FoldedKernels, Vector], unknowns: Bordered) -> Float[Array, " unknown unknown"]:
    (kernels, norm), y, eta = inputs, unknowns[:-1], unknowns[-1]
    matrix = kernels.even + jnp.diag(kernels.thermal)
    square = matrix / normal_state(kernels)[:, None] - eta * jnp.eye(y.size)
    return jnp.block([[square, -y[:, None]], [norm[None, :], jnp.zeros((1, 1))]])
