r"""The linearized equations: the leading pairing eigenvalue $\eta$; the normal state is unstable where $\eta > 1$.

For $\Delta \to 0$, $y_n = \Delta_n/\omega_n$ obeys $(K^+ - K_C)\,y = \eta\,D y$ with $D_n = \omega_n Z_n$ of the
normal state.
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
        eta: Eigenvalue, dimensionless; above one the normal state is unstable.
        y: Eigenvector $\Delta_n/\omega_n$, largest component one.
    """

    eta: Float[Array, ""]
    y: Vector


class _PowerState(eqx.Module):
    pair: Eigenpair
    change: Float[Array, ""]
    step: Int[Array, ""]


def normal_state(kernels: FoldedKernels) -> Vector:
    r"""$D_n = \omega_nZ_n$ of the normal state [meV]."""
    return kernels.omega_n + kernels.normal + kernels.thermal


def paired(kernels: FoldedKernels, y: Vector) -> Vector:
    """$K y$ [meV]."""
    return kernels.even @ y + kernels.thermal * y


def leading_eigenpair(kernels: FoldedKernels, *, rtol: float, decide: bool = False, max_steps: int = 2000) -> Eigenpair:
    r"""Power iteration for $K y = \eta D y$.

    The phonon part of $K$ is positive definite and the Coulomb part has one negative eigenvalue,
    $-\sum_m (K_C)_m/D_m$: half of that as a shift keeps the wanted eigenvalue the largest.

    Args:
        kernels: The material.
        rtol: Stop when $\eta$ changes by less than this, relative.
        decide: Stop as soon as it is clear on which side of one $\eta$ lies.
        max_steps: Most iterations.
    """
    D = normal_state(kernels)
    shift = jnp.sum(kernels.coulomb / D) / 2

    def step(state: _PowerState) -> _PowerState:
        y = state.pair.y
        image = paired(kernels, y)
        eta = jnp.sum(y * image) / jnp.sum(y * D * y)
        y = image / D + shift * y
        return _PowerState(Eigenpair(eta, y / jnp.max(jnp.abs(y))), jnp.abs(eta - state.pair.eta), state.step + 1)

    def unfinished(state: _PowerState) -> Bool[Array, ""]:
        eta = state.pair.eta
        moving = state.change > rtol * jnp.abs(eta)
        if decide:
            moving &= state.change > 0.01 * jnp.abs(eta - 1)
        return (state.step < 2) | (moving & (state.step < max_steps))

    infinite = jnp.array(jnp.inf)
    y = kernels.omega_n[0] / kernels.omega_n
    return jax.lax.while_loop(unfinished, step, _PowerState(Eigenpair(infinite, y), infinite, jnp.array(0))).pair


def without_static_bosons(kernels: FoldedKernels) -> FoldedKernels:
    r"""The same material with as little of the thermal term as the power iteration needs.

    The term adds the same to both sides of $K y = \eta D y$: it drops out where $\eta = 1$, and only brings $\eta$
    closer to one elsewhere, without bound for bosons of low energy. $T_c$, its derivatives and on which side of one
    $\eta$ lies do not depend on it.
    """
    return eqx.tree_at(
        lambda k: k.thermal, kernels, jax.lax.stop_gradient(kernels.thermal_in_iteration) * kernels.thermal
    )


def rough_eigenpair(kernels: FoldedKernels) -> Eigenpair:
    """The leading eigenpair, just well enough to tell on which side of one the eigenvalue lies."""
    return leading_eigenpair(kernels, rtol=1e-13, decide=True)
