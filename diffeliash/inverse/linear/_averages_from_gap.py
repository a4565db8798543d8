r"""The Matsubara sums of the Eliashberg equations from a gap function on a line above the real axis.

$G(z) = z/\sqrt{z^2-\Delta^2}$ is analytic above the line and tends to one, so that Cauchy's integral gives
$\omega_n/R_n = G(i\omega_n)$ and $\Delta_n/R_n = \sqrt{1 - G^2}$. Far above the gap this is a small difference of large
numbers; there $\Delta(i\omega_n)$ itself is computed, by the same integral over $\Delta(z)$ minus its last value, which
is assumed to continue beyond the last energy. (Fitting the expansion $\Delta_\infty + \kappa/z^2$ to the last energies
is less accurate at strong coupling, where $\Delta$ still has structure there.)
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...physics import cauchy_integral, fermionic_frequencies, positive_or_one, propagators
from ._inverse_problem import InverseProblem

LOW, HIGH = 2.0, 6.0
r"""Below `LOW` times the largest $|\Delta|$ the averages are computed from $G$, above `HIGH` times it from
$\Delta(i\omega_n)$, and in between by interpolation between the two."""

Averages = tuple[Float[Array, " full"], Float[Array, " full"]]
r"""$1 - \omega_m/R_m$ and $\Delta_m/R_m$ at all Matsubara frequencies of the sums."""


def matsubara_averages(problem: InverseProblem, Delta: Complex[Array, " inside"]) -> Averages:
    r"""Compute $1 - \omega_m/R_m$ and $\Delta_m/R_m$, $R_m = \sqrt{\omega_m^2+\Delta_m^2}$, from a gap function.

    Args:
        problem: Temperature, cutoffs and grids.
        Delta: Gap function at the points of the line from zero to its last energy, see `InverseProblem.on_line` [meV].

    Returns:
        Both averages at all Matsubara frequencies of the sums, dimensionless.
    """
    rule, line, n = problem.frequencies.rule, problem.line, Delta.size
    omega_n = fermionic_frequencies(jnp.asarray(problem.ends.T), jnp.asarray(rule.nodes, dtype=jnp.float64))
    z = line.z[:n]
    step = line.step * jnp.asarray(np.r_[0.5, np.ones(n - 2), 0.5])
    last = jnp.real(Delta[-1])
    G = jnp.clip(1 + cauchy_integral(z, propagators(1 / z, Delta)[0] - 1, step, omega_n), 0.0, 1.0)
    above = last + cauchy_integral(z, Delta - last, step, omega_n)
    R = jnp.sqrt(omega_n**2 + above**2)
    high = jnp.clip((omega_n / jnp.max(jnp.abs(Delta)) - LOW) / (HIGH - LOW), 0.0, 1.0)
    missing = (1 - high) * (1 - G) + high * (1 - omega_n / R)
    small = 1 - G**2
    root = jnp.where(small > 0, jnp.sqrt(positive_or_one(small)), 0.0)  # its derivative is finite also at G = 1
    Y = (1 - high) * root + high * above / R
    interpolation = jnp.asarray(rule.interpolation)
    return interpolation @ missing, interpolation @ Y
