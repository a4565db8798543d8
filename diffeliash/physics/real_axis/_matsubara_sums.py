"""Sums over Matsubara frequencies that enter the equations on a line above the real axis."""

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
    GapSolution,
    SumLimits,
    averages_at_all_frequencies,
    fermionic_frequencies,
)
from ..numerics import is_concrete, positive_or_one, rounded_up_size
from .line import Line, interpolate_from_nodes, interpolation_nodes

BLOCK = 16
"""Number of points at which the sums are evaluated at a time."""

CLEARANCE = 4.0
"""Smallest distance of a frequency of the Cauchy test from the line, in steps of the line. A sum over the points of the
line is then accurate for an integral with a pole at this frequency."""

N_CAUCHY_FREQUENCIES = 8
"""Number of frequencies in the Cauchy test, the lowest ones above the line."""


CauchyData = tuple[Float[Array, " test"], Float[Array, " test"], Bool[Array, " test"]]
r"""Frequencies of the Cauchy test [meV], $\omega_n/R_n$ at them, and which of them to compare."""


class MatsubaraSums(eqx.Module):
    r"""Sums over the Matsubara frequencies of a solution, at the interpolation nodes of a line.

    Args:
        T: Temperature [K].
        start: $\Delta(i\omega_0)$ [meV], from which the iteration on the line starts.
        coulomb: $\pi k_BT\mu^*\sum_{|\omega_m|<\omega_c}\Delta_m/R_m$ [meV].
        normal: $\sum_{m\ge0}(\omega_m^2/R_m)/(z^2+\omega_m^2)$, up to a constant [1/meV].
        anomalous: $\sum_{m\ge0}(\Delta_m/R_m)/(z^2+\omega_m^2)$ [1/meV^2].
        omega_test: Frequencies of the Cauchy test [meV].
        G_test: $\omega_n/R_n$ at these frequencies.
        comparable: Which of them the sums contain with weight one.
    """

    T: Float[Array, ""]
    start: Float[Array, ""]
    coulomb: Float[Array, ""]
    normal: Complex[Array, " node"]
    anomalous: Complex[Array, " node"]
    omega_test: Float[Array, " test"]
    G_test: Float[Array, " test"]
    comparable: Bool[Array, " test"]

    @property
    def cauchy_data(self) -> CauchyData:
        """The frequencies and values of the Cauchy test."""
        return self.omega_test, self.G_test, self.comparable

    def poles(self, line: Line) -> tuple[Complex[Array, " line"], Complex[Array, " line"]]:
        r"""$k_BT\sum_m(\omega_m/R_m)/(z-i\omega_m)$ and $ik_BT\sum_m(\Delta_m/R_m)/(z-i\omega_m)$ at all points."""
        normal, anomalous = interpolate_from_nodes(jnp.stack([self.normal, self.anomalous]), line)
        kT = BOLTZMANN * self.T
        return 2j * kT * normal, 2j * kT * line.z * anomalous

    def line_inputs(self) -> list[Any]:
        """All fields that the solution on the line depends on, beginning with the temperature."""
        return [self.T, self.start, self.coulomb, self.normal, self.anomalous]


def matsubara_sums(sol: GapSolution, line: Line) -> MatsubaraSums:
    """The sums for a solution, padded with zeros so that solutions at many temperatures share a compiled program."""
    averages = averages_at_all_frequencies(sol.frequencies, sol.spectrum.average, sol.omega_n, sol.Delta)
    size = averages[0].size
    if is_concrete(*averages):
        size = rounded_up_size(size - 0.5)
    one_minus_G, Delta_over_R = (jnp.pad(values, (0, size - values.size)) for values in averages)
    limits = SumLimits(sol.T, sol.omega_c, sol.matsubara_cutoff)
    start = jnp.where(jnp.isfinite(sol.Delta[0]), sol.Delta[0], 0.0)
    return sum_averages(
        (one_minus_G, Delta_over_R), limits, (start, sol.mu_star), line, cutoff=sol.cutoff, z_sum=sol.z_sum
    )


@eqx.filter_jit
def sum_averages(
    averages: Averages,
    limits: SumLimits,
    numbers: tuple[Float[Array, ""], Float[Array, ""]],
    line: Line,
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> MatsubaraSums:
    r"""The sums from the averages $1 - \omega_m/R_m$ and $\Delta_m/R_m$ at all frequencies.

    Args:
        averages: $1 - \omega_m/R_m$ and $\Delta_m/R_m$, at all frequencies from the lowest one on.
        limits: Temperature and cutoffs.
        numbers: $\Delta(i\omega_0)$ [meV] and $\mu^*$.
        line: The line.
        cutoff: The weights of the frequencies next to the cutoffs.
        z_sum: Whether the sum in $Z$ is truncated or infinite.
    """
    given, (one_minus_G, Delta_over_R) = limits.T, averages
    start, mu_star = numbers
    n = Delta_over_R.size
    T = positive_or_one(jnp.asarray(limits.T))
    limits = eqx.tree_at(lambda limits: limits.T, limits, T)
    kT, omega_n = BOLTZMANN * T, fermionic_frequencies(T, jnp.arange(n) * 1.0)
    weights, in_coulomb = limits.weights(n, cutoff)
    G = weights * (1 - one_minus_G) + z_sum.normal_state_weights(weights)
    coefficients = jnp.stack([G * omega_n, weights * Delta_over_R])
    z = interpolation_nodes(jax.tree.map(positive_or_one, line))
    normal, anomalous = jax.lax.map(lambda one: coefficients @ (1 / (one**2 + omega_n**2)), z, batch_size=BLOCK).T
    first = jnp.sum(omega_n <= line.broadening + CLEARANCE * line.step)
    index = jnp.minimum(first + jnp.arange(N_CAUCHY_FREQUENCIES), n - 1)
    comparable = (first + jnp.arange(N_CAUCHY_FREQUENCIES) < n) & (weights[index] == 1)
    return MatsubaraSums(
        T=jnp.asarray(given),
        start=start,
        coulomb=2 * jnp.pi * kT * mu_star * jnp.sum(in_coulomb * Delta_over_R),
        normal=normal + z_sum.tail_pole_sum(z, kT, n),
        anomalous=anomalous,
        omega_test=omega_n[index],
        G_test=G[index],
        comparable=comparable,
    )
