r"""The Migdal-Eliashberg equations on the imaginary axis: right-hand sides, residual and Jacobian.

Eqs. (6) and (7) of arXiv:2007.07512, folded onto positive frequencies. With $R_m = \sqrt{\omega_m^2 + \Delta_m^2}$,
$l = n-m$ and $l' = n+m+1$,

$$ Z_n = 1 + \frac{\pi k_BT}{\omega_n}\Big[\sum_{m\ge0} [\lambda(l) - \lambda(l')]
         - \sum_{m\ge0} [\lambda(l) - \lambda(l')]\,\Big(1 - \frac{\omega_m}{R_m}\Big)\Big] $$
$$ \phi_n = Z_n\Delta_n = \pi k_BT\sum_{m\ge0}
            \frac{\Delta_m}{R_m}\,[\lambda(l) + \lambda(l') - 2\mu^*\theta(\omega_c-\omega_m)] $$

The normal-state part of $Z$ is written separately: it does not depend on the solution, and the rest vanishes with the
gap.

The thermal term is the one with $m = n$, or zero boson frequency: it adds $\pi k_BT\lambda_0/R_n$ to $Z_n$ and
$\Delta_n$ times as much to $\phi_n$, and so drops out of $\Delta_n = \phi_n/Z_n$ (Anderson's theorem for thermal
bosons, which act like static impurities). The equations are solved without it. For strong coupling it is by far the
largest term, and the only one that makes the equations ill-conditioned.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...units import BOLTZMANN
from ..material import AbstractFermiSurfaceAverage, AbstractMaterial, couplings
from ._folded_coupling import AbstractFrequencySet, SumLimits
from ._frequencies import bosonic_frequencies, fermionic_frequencies


class FoldedKernels(eqx.Module):
    r"""The kernels of the equations for one material at one temperature; they include the factor $\pi k_BT$ [meV].

    The kernels act on values at the nodes of a frequency set and give values at its rows, which are the same
    frequencies except for a set of test frequencies.

    Args:
        omega_n: Frequencies of the rows [meV].
        odd: $\pi k_BT\,[\lambda(n-m) - \lambda(n+m+1)]$ without $\lambda_0$, for $Z$.
        even: $\pi k_BT\,[\lambda(n-m) + \lambda(n+m+1) - 2\mu^*\theta(\omega_c - \omega_m)]$ without $\lambda_0$,
            for $\phi$.
        normal: Row sums of the odd kernel: $\omega_n(Z_n - 1)$ in the normal state, without $\lambda_0$.
        coulomb: $2\pi k_BT\,\mu^*\theta(\omega_c - \omega_m)$, the Coulomb part of `even`, the same for all rows.
        thermal: $\pi k_BT\lambda_0$, the thermal term, which is left out of the other kernels.
        thermal_in_residual: The part of the thermal term [meV] that is kept in the residual, so that $Z$ is positive
            there. Without the thermal term $Z$ falls to $1 - \lambda(N)$ at the end of a truncated sum over $N$
            frequencies, which is negative for strong coupling.
        thermal_in_iteration: The fraction of the thermal term, at most one, that makes the phonon kernel positive
            definite, as the power iteration for its leading eigenvalue requires: $2\lambda_1/\lambda_0$. As
            $\lambda_l$ is decreasing and convex, the smallest eigenvalue belongs to alternating signs, where the other
            terms add up to $2\sum_{l\ge1}(-1)^l\lambda_l > -2\lambda_1$.
        average: The Fermi-surface average of $\omega/R$ and $\Delta/R$.
    """

    omega_n: Float[Array, " row"]
    odd: Float[Array, "row matsubara"]
    even: Float[Array, "row matsubara"]
    normal: Float[Array, " row"]
    coulomb: Float[Array, " matsubara"]
    thermal: Float[Array, " row"]
    thermal_in_residual: Float[Array, ""]
    thermal_in_iteration: Float[Array, ""]
    average: AbstractFermiSurfaceAverage


def folded_kernels(
    material: AbstractMaterial, points: AbstractFrequencySet, limits: SumLimits, *, mu_star: Float[Array, ""]
) -> FoldedKernels:
    """The kernels of one material on a frequency set, from its couplings at the bosonic frequencies."""
    T = jnp.asarray(limits.T)
    pi_kT = jnp.pi * BOLTZMANN * T
    lambda_l = couplings(material, bosonic_frequencies(T, jnp.asarray(points.bosonic)))
    folded = points.fold(pi_kT * lambda_l, limits)
    coulomb = 2 * pi_kT * mu_star * folded.coulomb
    return FoldedKernels(
        omega_n=fermionic_frequencies(T, jnp.asarray(points.index)),
        odd=folded.odd,
        even=folded.even - coulomb[None, :],
        normal=folded.normal,
        coulomb=coulomb,
        thermal=folded.thermal,
        thermal_in_residual=-jnp.min(folded.normal, initial=0.0),
        thermal_in_iteration=jnp.minimum(1.0, 2 * lambda_l[0, 1] / jnp.where(lambda_l[0, 0] > 0, lambda_l[0, 0], 1.0)),
        average=material.average,
    )


def reduced_renormalization(
    kernels: FoldedKernels, omega_m: Float[Array, " matsubara"], Delta: Float[Array, " matsubara"]
) -> Float[Array, " row"]:
    r"""$Z_n$ without the thermal term, at the rows, for a gap function [meV] at the nodes $\omega_m$; dimensionless."""
    one_minus_G, _ = kernels.average.averages(omega_m, Delta)
    return 1 + (kernels.normal - kernels.odd @ one_minus_G) / kernels.omega_n


def reduced_pairing(
    kernels: FoldedKernels, omega_m: Float[Array, " matsubara"], Delta: Float[Array, " matsubara"]
) -> Float[Array, " row"]:
    r"""$\phi_n$ [meV] without the thermal term, at the rows, for a gap function [meV] at the nodes $\omega_m$."""
    _, Delta_over_R = kernels.average.averages(omega_m, Delta)
    return kernels.even @ Delta_over_R


def renormalization(kernels: FoldedKernels, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    r"""$Z_n$ for a gap function [meV], Eq. (6) of arXiv:2007.07512; dimensionless."""
    omega_n = kernels.omega_n
    thermal = kernels.average.divided_by_R(kernels.thermal, omega_n, Delta)
    return reduced_renormalization(kernels, omega_n, Delta) + thermal


def gap_residual(kernels: FoldedKernels, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    r"""$\phi_n[\Delta]/Z_n[\Delta] - \Delta_n$ [meV], zero at a solution.

    Of the thermal term only the part `thermal_in_residual` is included in $\phi_n$ and $Z_n$.
    """
    omega_n = kernels.omega_n
    thermal = kernels.average.divided_by_R(kernels.thermal_in_residual, omega_n, Delta)
    phi = reduced_pairing(kernels, omega_n, Delta) + thermal * Delta
    return phi / (reduced_renormalization(kernels, omega_n, Delta) + thermal) - Delta


def gap_jacobian(kernels: FoldedKernels, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara matsubara"]:
    r"""Derivative of $\phi_n - Z_n\Delta_n$ divided by $Z_n$, dimensionless; at a solution that of `gap_residual`.

    $$ J_{nm} = \frac{1}{Z_n}\Big[K^+_{nm}\frac{\omega_m^2}{R_m^3}
       + \frac{\Delta_n}{\omega_n}K^-_{nm}\frac{\omega_m\Delta_m}{R_m^3}\Big] - \delta_{nm} $$

    Newton's step is that for $\phi_n - Z_n\Delta_n = 0$, as residual and Jacobian are divided by the same $Z_n$. Here
    $Z_n$ contains only the part `thermal_in_residual` of the thermal term, which enters on the diagonal.
    """
    omega_n = kernels.omega_n
    one_minus_G_slope, Delta_over_R_slope = kernels.average.slopes(omega_n, Delta)
    from_phi = kernels.even * Delta_over_R_slope[None, :]
    from_Z = (Delta / omega_n)[:, None] * kernels.odd * one_minus_G_slope[None, :]
    thermal = kernels.average.divided_by_R(kernels.thermal_in_residual, omega_n, Delta)
    Z = reduced_renormalization(kernels, omega_n, Delta) + thermal
    return (from_phi + from_Z) / Z[:, None] - jnp.diag(1 - thermal / Z)
