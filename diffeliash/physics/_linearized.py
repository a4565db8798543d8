r"""The linearized equations: leading pairing eigenvalue $\eta(T)$, and $T_c$ from $\eta(T_c) = 1$.

For $\Delta \to 0$, $y_n = \Delta_n/\omega_n$ obeys $K^+ y = \eta\,D y$ with $D_n = \omega_n Z_n$ of the normal
state; the normal state is unstable where the leading $\eta$ exceeds one.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._equations import FoldedKernels, MatsubaraProblem, folded_kernels, renormalization


class Eigenpair(eqx.Module):
    r"""Leading eigenvalue and eigenvector of the linearized gap equation.

    Args:
        eta: Eigenvalue, dimensionless; above one the normal state is unstable.
        y: Eigenvector $\Delta_n/\omega_n$, largest component one.
    """

    eta: Float[Array, ""]
    y: Float[Array, " matsubara"]


class _PowerState(eqx.Module):
    pair: Eigenpair
    previous: Float[Array, ""]
    step: Float[Array, ""]


def _normal_state_Z(problem: MatsubaraProblem, kernels: FoldedKernels) -> Float[Array, " matsubara"]:
    return renormalization(problem, kernels, jnp.zeros_like(problem.omega_n))


def leading_eigenpair(
    problem: MatsubaraProblem,
    matrix: Float[Array, " matsubara matsubara"],
    omega_Z: Float[Array, " matsubara"],
    *,
    rtol: float,
    decide: bool = False,
    max_steps: int = 2000,
) -> Eigenpair:
    r"""Power iteration for $K y = \eta D y$.

    The phonon part of $K$ is positive definite and the Coulomb part has one negative eigenvalue,
    $-2\pi k_BT\sum_m \mu^*\theta/D_m$: half of that as a shift keeps the wanted eigenvalue the largest.

    Args:
        problem: Supplies the Coulomb part, for the shift.
        matrix: $K$, or its transpose for the left eigenvector.
        omega_Z: $D_n = \omega_nZ_n$ of the normal state [meV].
        rtol: Stop when $\eta$ changes by less than this, relative.
        decide: Stop as soon as it is clear on which side of one $\eta$ lies.
        max_steps: Most iterations.
    """
    shift = jnp.pi * problem.kT * jnp.sum(problem.coulomb / omega_Z)

    def step(state: _PowerState) -> _PowerState:
        y = state.pair.y
        image = matrix @ y
        eta = jnp.sum(y * image) / jnp.sum(y * omega_Z * y)
        y = image / omega_Z + shift * y
        return _PowerState(Eigenpair(eta, y / jnp.max(jnp.abs(y))), state.pair.eta, state.step + 1)

    def unfinished(state: _PowerState) -> Bool[Array, ""]:
        change = jnp.abs(state.pair.eta - state.previous)
        moving = change > rtol * jnp.abs(state.pair.eta)
        if decide:
            moving &= change > 0.01 * jnp.abs(state.pair.eta - 1)
        return (state.step < 2) | (moving & (state.step < max_steps))

    infinite = jnp.array(jnp.inf)
    y = problem.omega_n[0] / problem.omega_n
    return jax.lax.while_loop(unfinished, step, _PowerState(Eigenpair(infinite, y), infinite, jnp.array(0.0))).pair


def rough_eigenpair(problem: MatsubaraProblem, kernels: FoldedKernels) -> Eigenpair:
    """The leading eigenpair, just well enough to tell on which side of one the eigenvalue lies."""
    omega_Z = problem.omega_n * _normal_state_Z(problem, kernels)
    return leading_eigenpair(problem, kernels.even, omega_Z, rtol=1e-13, decide=True)


@jax.custom_jvp
def pairing_eigenvalue(problem: MatsubaraProblem) -> Float[Array, ""]:
    r"""Leading eigenvalue $\eta$ of the linearized gap equation; $\eta = 1$ at $T_c$.

    Differentiable: with left and right eigenvectors $u$, $y$,
    $\mathrm{d}\eta = u\cdot(\mathrm{d}K - \eta\,\mathrm{d}D)\,y / u\cdot D y$.
    """
    kernels = folded_kernels(problem)
    omega_Z = problem.omega_n * _normal_state_Z(problem, kernels)
    return leading_eigenpair(problem, kernels.even, omega_Z, rtol=1e-14).eta


@pairing_eigenvalue.defjvp
def _pairing_eigenvalue_jvp(primals, tangents):
    (problem,) = primals
    kernels = folded_kernels(problem)
    omega_Z = problem.omega_n * _normal_state_Z(problem, kernels)
    right = leading_eigenpair(problem, kernels.even, omega_Z, rtol=1e-14)
    left = leading_eigenpair(problem, kernels.even.T, omega_Z, rtol=1e-14)

    def imbalance(inputs: MatsubaraProblem) -> Float[Array, ""]:
        k = folded_kernels(inputs)
        D = inputs.omega_n * _normal_state_Z(inputs, k)
        return jnp.sum(left.y * (k.even @ right.y)) - right.eta * jnp.sum(left.y * D * right.y)

    _, dimbalance = jax.jvp(imbalance, primals, tangents)
    return right.eta, dimbalance / jnp.sum(left.y * omega_Z * right.y)
