r"""The isotropic Migdal-Eliashberg equations on the imaginary axis, once: map, residual, Jacobian; no loop.

Eqs. (6) and (7) of arXiv:2007.07512, folded onto positive frequencies. With $R_m = \sqrt{\omega_m^2 + \Delta_m^2}$,
$l = n-m$ and $l' = n+m+1$,

$$ Z_n = 1 + \frac{\pi k_BT}{\omega_n}\Big[\sum_{m\ge0} [\lambda(l) - \lambda(l')]
         - \sum_{m\ge0} [\lambda(l) - \lambda(l')]\,\Big(1 - \frac{\omega_m}{R_m}\Big)\Big] $$
$$ \phi_n = Z_n\Delta_n = \pi k_BT\sum_{m\ge0}
            \frac{\Delta_m}{R_m}\,[\lambda(l) + \lambda(l') - 2\mu^*\theta(\omega_c-\omega_m)] $$

The normal-state part of $Z$ is kept apart: it needs no solution, and what is left vanishes with the gap.

The term $m = n$, $\lambda_0$, adds $\pi k_BT\lambda_0/R_n$ to $Z_n$ and $\Delta_n$ times as much to $\phi_n$: it drops
out of $\Delta_n = \phi_n/Z_n$ (Anderson's theorem for thermal bosons, which act like static impurities). The equations
are solved without it. For strong coupling it is by far the largest term, and all that makes them ill-conditioned.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...units import BOLTZMANN
from ..material import AbstractLocalAverage, AbstractMaterial, couplings
from ._frequencies import bosonic_frequencies, fermionic_frequencies
from ._frequency_set import AbstractFrequencySet, Ends


class FoldedKernels(eqx.Module):
    r"""Everything the equations know of one material at one temperature; $\pi k_BT$ is inside [meV].

    The kernels act on values at the nodes of a frequency set and give values at its rows, which are the same
    frequencies unless the set is made for tests.

    Args:
        omega_n: Frequencies of the rows [meV].
        odd: $\pi k_BT\,[\lambda(n-m) - \lambda(n+m+1)]$ without $\lambda_0$, for $Z$.
        even: $\pi k_BT\,[\lambda(n-m) + \lambda(n+m+1) - 2\mu^*\theta(\omega_c - \omega_m)]$ without $\lambda_0$,
            for $\phi$.
        normal: Row sums of the odd kernel: $\omega_n(Z_n - 1)$ in the normal state, without $\lambda_0$.
        coulomb: $2\pi k_BT\,\mu^*\theta(\omega_c - \omega_m)$ on its own, the same for all rows.
        thermal: $\pi k_BT\lambda_0$, the term $m = n$ that is left out of the others.
        thermal_in_residual: As much of the thermal term [meV] as makes $Z$ without the rest positive: without all of it
            $Z$ falls to $1 - \lambda(N)$ where the sum in $Z$ ends at $N$ frequencies, below zero for strong coupling.
        thermal_in_iteration: The fraction of the thermal term, at most one, with which the phonon kernel is positive
            definite, as the power iteration for its leading eigenvalue needs it: $2\lambda_1/\lambda_0$. The
            eigenvalues of the kernel are those of a sequence that falls and is convex, smallest for alternating
            signs, where the rest adds up to $2\sum_{l\ge1}(-1)^l\lambda_l > -2\lambda_1$.
        average: How $\omega/R$ and $\Delta/R$ are averaged over the electrons of the material.
    """

    omega_n: Float[Array, " row"]
    odd: Float[Array, "row matsubara"]
    even: Float[Array, "row matsubara"]
    normal: Float[Array, " row"]
    coulomb: Float[Array, " matsubara"]
    thermal: Float[Array, " row"]
    thermal_in_residual: Float[Array, ""]
    thermal_in_iteration: Float[Array, ""]
    average: AbstractLocalAverage


def folded_kernels(
    material: AbstractMaterial, points: AbstractFrequencySet, ends: Ends, *, mu_star: Float[Array, ""]
) -> FoldedKernels:
    """The kernels of one material on a frequency set: the only place where the equations ask it for its bosons."""
    T = jnp.asarray(ends.T)
    pi_kT = jnp.pi * BOLTZMANN * T
    lambda_l = couplings(material, bosonic_frequencies(T, jnp.asarray(points.bosonic)))
    folded = points.fold(pi_kT * lambda_l, ends)
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
    r"""$Z_n - \pi k_BT\lambda_0/R_n$ at the rows for a gap function [meV] at the nodes $\omega_m$; dimensionless."""
    deficit, _ = kernels.average.averages(omega_m, Delta)
    return 1 + (kernels.normal - kernels.odd @ deficit) / kernels.omega_n


def reduced_pairing(
    kernels: FoldedKernels, omega_m: Float[Array, " matsubara"], Delta: Float[Array, " matsubara"]
) -> Float[Array, " row"]:
    r"""$\phi_n - \pi k_BT\lambda_0\Delta_n/R_n$ at the rows for a gap function at the nodes $\omega_m$ [meV]."""
    _, Y = kernels.average.averages(omega_m, Delta)
    return kernels.even @ Y


def renormalization(kernels: FoldedKernels, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    r"""$Z_n$ of a gap function [meV], Eq. (6); dimensionless."""
    omega_n = kernels.omega_n
    thermal = kernels.average.over_energy(kernels.thermal, omega_n, Delta)
    return reduced_renormalization(kernels, omega_n, Delta) + thermal


def gap_residual(kernels: FoldedKernels, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    r"""$\phi_n[\Delta]/Z_n[\Delta] - \Delta_n$ [meV], most of the thermal term left out; zero at a solution."""
    omega_n = kernels.omega_n
    thermal = kernels.average.over_energy(kernels.thermal_in_residual, omega_n, Delta)
    phi = reduced_pairing(kernels, omega_n, Delta) + thermal * Delta
    return phi / (reduced_renormalization(kernels, omega_n, Delta) + thermal) - Delta


def gap_jacobian(kernels: FoldedKernels, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara matsubara"]:
    r"""Derivative of $\phi_n - Z_n\Delta_n$ over $Z_n$, dimensionless: at a solution that of `gap_residual`.

    $$ J_{nm} = \frac{1}{Z_n}\Big[K^+_{nm}\frac{\omega_m^2}{R_m^3}
       + \frac{\Delta_n}{\omega_n}K^-_{nm}\frac{\omega_m\Delta_m}{R_m^3}\Big] - \delta_{nm} $$

    Newton's step with it is the one for $\phi_n - Z_n\Delta_n = 0$, whatever the residual is divided by: here by $Z$
    without most of the thermal term, of which the part that is kept adds its share of $Z_n$ to the diagonal.
    """
    omega_n = kernels.omega_n
    deficit_slope, Y_slope = kernels.average.slopes(omega_n, Delta)
    from_phi = kernels.even * Y_slope[None, :]
    from_Z = (Delta / omega_n)[:, None] * kernels.odd * deficit_slope[None, :]
    thermal = kernels.average.over_energy(kernels.thermal_in_residual, omega_n, Delta)
    Z = reduced_renormalization(kernels, omega_n, Delta) + thermal
    return (from_phi + from_Z) / Z[:, None] - jnp.diag(1 - thermal / Z)
