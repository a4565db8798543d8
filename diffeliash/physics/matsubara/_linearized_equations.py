r"""The linearized equations and their leading eigenvalue $\eta$; the normal state is unstable where $\eta > 1$.

For $\Delta \to 0$, $y_n = \Delta_n/\omega_n$ obeys $K y = \eta\,D y$. $K = K^+ - K_C$ is the phonon kernel
$\pi k_BT[\lambda(n-m) + \lambda(n+m+1)]$ minus the Coulomb kernel, and $D_n = \omega_n Z_n$ in the normal state.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._gap_equations import FoldedKernels

Vector = Float[Array, " matsubara"]


class Eigenpair(eqx.Module):
    r"""Leading eigenvalue and eigenvector of the linearized gap equation.

    Args:
        eta: Eigenvalue, dimensionless; the normal state is unstable if it is larger than one.
        y: Eigenvector $\Delta_n/\omega_n$, normalized to a largest component of one.
    """

    eta: Float[Array, ""]
    y: Vector


class _PowerState(eqx.Module):
    pair: Eigenpair
    change: Float[Array, ""]
    step: Int[Array, ""]


def renormalized_frequencies(kernels: FoldedKernels) -> Vector:
    r"""The renormalized Matsubara frequencies of the normal state, $D_n = \omega_nZ_n$ [meV]."""
    return kernels.omega_n + kernels.normal + kernels.thermal


def apply_pairing_kernel(kernels: FoldedKernels, y: Vector) -> Vector:
    """The pairing kernel applied to a vector, $K y$ [meV], with the thermal term on its diagonal."""
    return kernels.even @ y + kernels.thermal * y


def leading_eigenpair(
    kernels: FoldedKernels, *, rtol: float, stability_only: bool = False, max_steps: int = 2000
) -> Eigenpair:
    r"""The leading eigenpair of $K y = \eta D y$ by power iteration.

    The phonon part of $K$ is positive definite and the Coulomb part has one negative eigenvalue,
    $-\sum_m (K_C)_m/D_m$. With half of its magnitude as a shift the leading eigenvalue is the largest in magnitude.

    Args:
        kernels: The kernels of the material.
        rtol: Relative change of $\eta$ at which the iteration ends.
        stability_only: End the iteration as soon as it is clear whether $\eta$ is larger than one.
        max_steps: Largest number of iterations.
    """
    D = renormalized_frequencies(kernels)
    shift = jnp.sum(kernels.coulomb / D) / 2

    def step(state: _PowerState) -> _PowerState:
        y = state.pair.y
        image = apply_pairing_kernel(kernels, y)
        eta = jnp.sum(y * image) / jnp.sum(y * D * y)
        y = image / D + shift * y
        return _PowerState(Eigenpair(eta, y / jnp.max(jnp.abs(y))), jnp.abs(eta - state.pair.eta), state.step + 1)

    def unfinished(state: _PowerState) -> Bool[Array, ""]:
        eta = state.pair.eta
        moving = state.change > rtol * jnp.abs(eta)
        if stability_only:
            moving &= state.change > 0.01 * jnp.abs(eta - 1)
        return (state.step < 2) | (moving & (state.step < max_steps))

    infinite = jnp.array(jnp.inf)
    y = kernels.omega_n[0] / kernels.omega_n
    return jax.lax.while_loop(unfinished, step, _PowerState(Eigenpair(infinite, y), infinite, jnp.array(0))).pair


def with_reduced_thermal_term(kernels: FoldedKernels) -> FoldedKernels:
    r"""The same kernels with only the part of the thermal term that the power iteration needs.

    The thermal term adds the same matrix to $K$ and $D$. It drops out where $\eta = 1$, and elsewhere brings $\eta$
    closer to one, arbitrarily close for bosons of low energy. $T_c$, its derivatives and the sign of $\eta - 1$ do not
    depend on it.
    """
    return eqx.tree_at(
        lambda k: k.thermal, kernels, jax.lax.stop_gradient(kernels.thermal_in_iteration) * kernels.thermal
    )


def stability_eigenpair(kernels: FoldedKernels) -> Eigenpair:
    """The leading eigenpair, converged only until it is clear whether the eigenvalue is larger than one."""
    return leading_eigenpair(kernels, rtol=1e-13, stability_only=True)
