"""What the equations on a line need of a solution on the imaginary axis, whatever its number of frequencies."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float

from ...units import BOLTZMANN
from ..material import Averages
from ..matsubara import (
    AbstractCutoff,
    AbstractZSum,
    Ends,
    GapSolution,
    averages_everywhere,
    fermionic_frequencies,
)
from ..numerics import fitting_size, is_concrete, larger_than_zero
from .line import Line, from_nodes, smooth_nodes

BLOCK = 16
"""Points at which the sums are done at a time."""

CLEARANCE = 4.0
"""Distance from the line, in steps, from which on the sum over its points is an integral with a pole there."""

TESTED = 8
"""Frequencies next above the line that the Cauchy test looks at."""


Tests = tuple[Float[Array, " test"], Float[Array, " test"], Bool[Array, " test"]]
r"""Frequencies [meV], $\omega_n/R_n$ there, and which of them count."""


class MatsubaraSide(eqx.Module):
    r"""A solution on the imaginary axis as the equations on a line see it.

    Args:
        T: Temperature [K].
        start: $\Delta(i\omega_0)$ [meV].
        coulomb: $\pi k_BT\mu^*\sum_{|\omega_m|<\omega_c}\Delta_m/R_m$ [meV].
        normal: $\sum_{m\ge0}(\omega_m^2/R_m)/(z^2+\omega_m^2)$ at the nodes of the line, but for a constant.
        anomalous: $\sum_{m\ge0}(\Delta_m/R_m)/(z^2+\omega_m^2)$ there [1/meV^2].
        tested: The frequencies of the Cauchy test [meV].
        G_tested: $\omega_n/R_n$ there.
        there: Which of them the sums contain, far enough from the line.
    """

    T: Float[Array, ""]
    start: Float[Array, ""]
    coulomb: Float[Array, ""]
    normal: Complex[Array, " node"]
    anomalous: Complex[Array, " node"]
    tested: Float[Array, " test"]
    G_tested: Float[Array, " test"]
    there: Bool[Array, " test"]

    @property
    def tests(self) -> Tests:
        """What the Cauchy test compares."""
        return self.tested, self.G_tested, self.there

    def poles(self, line: Line) -> tuple[Complex[Array, " line"], Complex[Array, " line"]]:
        r"""$k_BT\sum_m(\omega_m/R_m)/(z-i\omega_m)$ and $ik_BT\sum_m(\Delta_m/R_m)/(z-i\omega_m)$ on the line."""
        normal, anomalous = from_nodes(jnp.stack([self.normal, self.anomalous]), line)
        kT = BOLTZMANN * self.T
        return 2j * kT * normal, 2j * kT * line.z * anomalous

    def numbers(self) -> list[Any]:
        """All that the solution on the line depends on."""
        return [self.T, self.start, self.coulomb, self.normal, self.anomalous]


def matsubara_side(sol: GapSolution, line: Line) -> MatsubaraSide:
    """The sums over all frequencies, filled up with zeros so that solutions at many temperatures share a program."""
    averages = averages_everywhere(sol.frequencies, sol.spectrum.average, sol.omega_n, sol.Delta)
    size = averages[0].size
    if is_concrete(*averages):
        size = fitting_size(size - 0.5)
    deficit, Y = (jnp.pad(values, (0, size - values.size)) for values in averages)
    ends = Ends(sol.T, sol.omega_c, sol.matsubara_cutoff)
    start = jnp.where(jnp.isfinite(sol.Delta[0]), sol.Delta[0], 0.0)
    return sum_averages((deficit, Y), ends, (start, sol.mu_star), line, cutoff=sol.cutoff, z_sum=sol.z_sum)


@eqx.filter_jit
def sum_averages(
    averages: Averages,
    ends: Ends,
    numbers: tuple[Float[Array, ""], Float[Array, ""]],
    line: Line,
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> MatsubaraSide:
    r"""The sums, from the averages $1 - \omega_m/R_m$ and $\Delta_m/R_m$, $\Delta(i\omega_0)$ and $\mu^*$."""
    given, (deficit, Y) = ends.T, averages
    start, mu_star = numbers
    n = Y.size
    T = larger_than_zero(jnp.asarray(ends.T))
    ends = eqx.tree_at(lambda e: e.T, ends, T)
    kT, omega_n = BOLTZMANN * T, fermionic_frequencies(T, jnp.arange(n) * 1.0)
    weights, in_coulomb = ends.weights(n, cutoff)
    G = weights * (1 - deficit) + z_sum.weights_beyond(weights)
    coefficients = jnp.stack([G * omega_n, weights * Y])
    z = smooth_nodes(jax.tree.map(larger_than_zero, line))
    normal, anomalous = jax.lax.map(lambda one: coefficients @ (1 / (one**2 + omega_n**2)), z, batch_size=BLOCK).T
    first = jnp.sum(omega_n <= line.broadening + CLEARANCE * line.step)
    index = jnp.minimum(first + jnp.arange(TESTED), n - 1)
    there = (first + jnp.arange(TESTED) < n) & (weights[index] == 1)
    return MatsubaraSide(
        T=jnp.asarray(given),
        start=start,
        coulomb=2 * jnp.pi * kT * mu_star * jnp.sum(in_coulomb * Y),
        normal=normal + z_sum.poles_beyond(z, kT, n),
        anomalous=anomalous,
        tested=omega_n[index],
        G_tested=G[index],
        there=there,
    )
