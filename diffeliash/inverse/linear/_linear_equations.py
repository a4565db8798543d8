r"""The Eliashberg equations on a line above the real axis as linear equations for a2F, with the gap function given.

With $\Delta$ known, $z(Z - 1)$ and $\phi$ in the equations of F. Marsiglio, M. Schossmann and J. P. Carbotte, Phys.
Rev. B 37, 4965 (1988), are integrals of a2F with known functions, and $Z\Delta = \phi$ is one complex linear equation
for a2F at every energy.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...physics import SharpCutoff, TruncatedSum, fermi_tanh, propagators, sum_averages
from ...units import BOLTZMANN
from ._averages_from_gap import Averages, matsubara_averages
from ._inverse_problem import InverseProblem


class LinearEquations(eqx.Module):
    r"""The linear system $Z\Delta - \phi = A\,\alpha^2F + b = 0$ at the energies of a gap function.

    Args:
        matrix: $A$ [meV].
        offset: $b$ [meV].
        normal: The matrix from a2F to $Z - 1$, dimensionless.
    """

    matrix: Complex[Array, "real boson"]
    offset: Complex[Array, " real"]
    normal: Complex[Array, "real boson"]

    def residual(self, a2f: Float[Array, " boson"]) -> Complex[Array, " real"]:
        r"""$Z\Delta - \phi$ [meV] for a spectral function at the boson energies of the problem."""
        return self.matrix @ a2f + self.offset


def linear_equations(
    problem: InverseProblem, Delta: Complex[Array, " real"], averages: Averages | None = None
) -> LinearEquations:
    r"""Set up the linear equations for one gap function; batch with `jax.vmap`.

    Args:
        problem: Temperature, cutoffs and grids.
        Delta: Gap function at the energies of the problem [meV].
        averages: $1 - \omega_m/R_m$ and $\Delta_m/R_m$; computed from the gap function by `matsubara_averages` if
            `None`.
    """
    inside = problem.on_line(Delta)
    averages = matsubara_averages(problem, inside) if averages is None else averages
    return linear_equations_on_line(problem, inside, averages)


def linear_equations_on_line(
    problem: InverseProblem, inside: Complex[Array, " inside"], averages: Averages
) -> LinearEquations:
    r"""Set up the linear equations at the energies of the problem for a gap function that is given on the whole line.

    Args:
        problem: Temperature, cutoffs and grids.
        inside: Gap function at the points of the line from zero to its last energy [meV].
        averages: $1 - \omega_m/R_m$ and $\Delta_m/R_m$.
    """
    line, n = problem.line, problem.omega.size
    Delta = inside[:: problem.stride]
    numbers = (jnp.zeros(()), jnp.asarray(problem.mu_star, dtype=jnp.float64))
    sums = sum_averages(averages, problem.ends, numbers, line, cutoff=SharpCutoff(), z_sum=TruncatedSum())
    poles_Z, poles_phi = sums.poles(line)
    G, F = propagators(1 / line.z, jnp.pad(inside, (0, line.n // 2 + 1 - inside.size), mode="edge"))
    tanh = fermi_tanh(line.z, jnp.asarray(problem.ends.T))
    even = jnp.stack([_hermitian(G, 1), _hermitian(F, -1)])
    odd = jnp.stack([_hermitian(tanh * G - poles_Z, -1), _hermitian(tanh * F + poles_phi, 1)])
    even, odd = jax.lax.optimization_barrier((even, odd))  # else they are computed again for every element below
    row, boson = problem.stride * np.arange(problem.n_energies)[:, None] + line.n // 2, np.arange(1, n + 1)[None, :]
    occupation = 0.5 / jnp.tanh(jnp.asarray(problem.omega) / (2 * BOLTZMANN * problem.ends.T))
    emitted, absorbed = row - boson, row + boson
    kernels = odd[:, emitted] - odd[:, absorbed]
    kernels += occupation[None, None, :] * (even[:, emitted] + even[:, absorbed])
    z = line.z[:: problem.stride][: problem.n_energies, None]
    normal, anomalous = 1j * jnp.pi * line.step * kernels
    normal = normal / z
    return LinearEquations(matrix=Delta[:, None] * normal - anomalous, offset=Delta + sums.coulomb, normal=normal)


def _hermitian(values: Complex[Array, " line"], sign: int) -> Complex[Array, " both"]:
    r"""Extend a function on the line with the symmetry $f(-z^*) = \pm f(z)^*$ to negative energies."""
    return jnp.concatenate([sign * jnp.conj(values[:0:-1]), values])
