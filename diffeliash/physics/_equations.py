r"""The isotropic Migdal-Eliashberg equations on the imaginary axis, once: map, residual, Jacobian; no loop.

Eqs. (6) and (7) of arXiv:2007.07512. $\Delta(i\omega_n)$ and $Z(i\omega_n)$ are even in $n$, so the sums are
folded onto positive frequencies. With $R_m = \sqrt{\omega_m^2 + \Delta_m^2}$, $l = n-m$ and $l' = n+m+1$,

$$ Z_n = 1 + \frac{\pi k_BT}{\omega_n}\sum_{m\ge0}
         \frac{\omega_m}{R_m}\,[\lambda(l) - \lambda(l')] $$
$$ \phi_n = Z_n\Delta_n = \pi k_BT\sum_{m\ge0}
            \frac{\Delta_m}{R_m}\,[\lambda(l) + \lambda(l') - 2\mu^*\theta(\omega_c-\omega_m)] $$
"""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..units import BOLTZMANN
from ._kernel import lambda_kernel, toeplitz_and_hankel
from ._matsubara import fermionic_frequencies
from ._spectrum import Spectrum

Cutoff = Callable[[Float[Array, " matsubara"], Float[Array, ""]], Float[Array, " matsubara"]]


class MatsubaraProblem(eqx.Module):
    r"""What the equations need to know of one material at one temperature; the differentiable inputs.

    Args:
        kT: Thermal energy [meV].
        omega_n: Positive fermionic frequencies [meV].
        lambda_l: Coupling at the bosonic frequencies $l = 0 .. 2N-1$.
        weights: How much each frequency counts in the sums (one, or zero beyond the Matsubara cutoff).
        coulomb: $\mu^*\theta(\omega_c - \omega_n)$ times the weight.
    """

    kT: Float[Array, ""]
    omega_n: Float[Array, " matsubara"]
    lambda_l: Float[Array, " boson"]
    weights: Float[Array, " matsubara"]
    coulomb: Float[Array, " matsubara"]


class FoldedKernels(eqx.Module):
    r"""Kernels on positive frequencies with the thermal factor $\pi k_BT$ and the weights inside [meV].

    Args:
        odd: $\pi k_BT\,[\lambda(n-m) - \lambda(n+m+1)]$, for $Z$.
        even: $\pi k_BT\,[\lambda(n-m) + \lambda(n+m+1) - 2\mu^*\theta]$, for $\phi$.
    """

    odd: Float[Array, " matsubara matsubara"]
    even: Float[Array, " matsubara matsubara"]


def matsubara_problem(
    spectrum: Spectrum,
    T: Float[Array, ""],
    *,
    mu_star: Float[Array, ""],
    omega_c: Float[Array, ""],
    matsubara_cutoff: Float[Array, ""],
    n: int,
    cutoff: Cutoff,
) -> MatsubaraProblem:
    """The equations' inputs for `n` frequencies [meV, K], with the given shape of the two cutoffs."""
    omega_n = fermionic_frequencies(T, n)
    nu_l = 2 * jnp.pi * BOLTZMANN * T * jnp.arange(2 * n, dtype=jnp.float64)
    weights = cutoff(omega_n, matsubara_cutoff)
    return MatsubaraProblem(
        kT=BOLTZMANN * T,
        omega_n=omega_n,
        lambda_l=lambda_kernel(spectrum, nu_l),
        weights=weights,
        coulomb=mu_star * cutoff(omega_n, omega_c) * weights,
    )


def folded_kernels(problem: MatsubaraProblem) -> FoldedKernels:
    """Both kernels of one problem."""
    near, far = toeplitz_and_hankel(problem.lambda_l)
    weights = problem.weights[None, :]
    return FoldedKernels(
        odd=jnp.pi * problem.kT * weights * (near - far),
        even=jnp.pi * problem.kT * (weights * (near + far) - 2 * problem.coulomb[None, :]),
    )


def renormalization(
    problem: MatsubaraProblem, kernels: FoldedKernels, Delta: Float[Array, " matsubara"]
) -> Float[Array, " matsubara"]:
    r"""$Z_n$ for a given gap function [meV], Eq. (6); dimensionless."""
    R = jnp.hypot(problem.omega_n, Delta)
    return 1 + kernels.odd @ (problem.omega_n / R) / problem.omega_n


def pairing(
    problem: MatsubaraProblem, kernels: FoldedKernels, Delta: Float[Array, " matsubara"]
) -> Float[Array, " matsubara"]:
    r"""$\phi_n$ for a given gap function, Eq. (7) [meV]."""
    return kernels.even @ (Delta / jnp.hypot(problem.omega_n, Delta))


def gap_residual(
    problem: MatsubaraProblem, kernels: FoldedKernels, Delta: Float[Array, " matsubara"]
) -> Float[Array, " matsubara"]:
    r"""$\phi_n[\Delta] - Z_n[\Delta]\,\Delta_n$ [meV], zero at a solution."""
    return pairing(problem, kernels, Delta) - renormalization(problem, kernels, Delta) * Delta


def gap_jacobian(
    problem: MatsubaraProblem, kernels: FoldedKernels, Delta: Float[Array, " matsubara"]
) -> Float[Array, " matsubara matsubara"]:
    r"""Derivative of `gap_residual` with respect to the gap function, dimensionless.

    $$ J_{nm} = K^+_{nm}\frac{\omega_m^2}{R_m^3}
       + \frac{\Delta_n}{\omega_n}K^-_{nm}\frac{\omega_m\Delta_m}{R_m^3} - Z_n\delta_{nm} $$
    """
    omega_n = problem.omega_n
    R3 = jnp.hypot(omega_n, Delta) ** 3
    from_phi = kernels.even * (omega_n**2 / R3)[None, :]
    from_Z = (Delta / omega_n)[:, None] * kernels.odd * (omega_n * Delta / R3)[None, :]
    return from_phi + from_Z - jnp.diag(renormalization(problem, kernels, Delta))
