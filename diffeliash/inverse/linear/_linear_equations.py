r"""The equations on a line with the gap function given: linear in a2F.

With $\Delta$ known, $z(Z - 1)$ and $\phi$ of Marsiglio, Schossmann and Carbotte (see `physics._line_equations`) are
integrals of a2F with known functions, and $Z\Delta = \phi$ at every energy is one complex linear equation for it.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...physics import SharpCutoff, TruncatedSum, fermi_tanh, propagators, sum_averages
from ...units import BOLTZMANN
from ._averages_from_gap import Averages, matsubara_averages
from ._inverse_problem import InverseProblem


class LinearEquations(eqx.Module):
    r"""$Z\Delta - \phi = A\,\alpha^2F + b$ at the energies of a gap function.

    Args:
        matrix: $A$ [meV].
        offset: $b$ [meV].
        normal: From a2F to $Z - 1$.
    """

    matrix: Complex[Array, "real boson"]
    offset: Complex[Array, " real"]
    normal: Complex[Array, "real boson"]

    def residual(self, a2f: Float[Array, " boson"]) -> Complex[Array, " real"]:
        r"""$Z\Delta - \phi$ [meV] for a spectral function at the bosons of the problem."""
        return self.matrix @ a2f + self.offset


def linear_equations(
    problem: InverseProblem, Delta: Complex[Array, " real"], averages: Averages | None = None
) -> LinearEquations:
    r"""The equations for one gap function; batch with `jax.vmap`.

    Args:
        problem: What is known beside it.
        Delta: Gap function at the energies of the problem [meV].
        averages: $1 - \omega_m/R_m$ and $\Delta_m/R_m$, if they are known better than from the gap function.
    """
    line, n = problem.line, problem.omega.size
    inside = problem.on_line(Delta)
    averages = matsubara_averages(problem, inside) if averages is None else averages
    numbers = (jnp.zeros(()), jnp.asarray(problem.mu_star, dtype=jnp.float64))
    side = sum_averages(averages, problem.ends, numbers, line, cutoff=SharpCutoff(), z_sum=TruncatedSum())
    poles_Z, poles_phi = side.poles(line)
    G, F = propagators(1 / line.z, jnp.pad(inside, (0, line.n // 2 + 1 - inside.size), mode="edge"))
    tanh = fermi_tanh(line.z, jnp.asarray(problem.ends.T))
    even = jnp.stack([_hermitian(G, 1), _hermitian(F, -1)])
    odd = jnp.stack([_hermitian(tanh * G - poles_Z, -1), _hermitian(tanh * F + poles_phi, 1)])
    row, boson = problem.stride * np.arange(problem.n_energies)[:, None] + line.n // 2, np.arange(1, n + 1)[None, :]
    occupation = 0.5 / jnp.tanh(jnp.asarray(problem.omega) / (2 * BOLTZMANN * problem.ends.T))
    emitted, absorbed = row - boson, row + boson
    kernels = odd[:, emitted] - odd[:, absorbed]
    kernels += occupation[None, None, :] * (even[:, emitted] + even[:, absorbed])
    z = line.z[:: problem.stride][: problem.n_energies, None]
    normal, anomalous = 1j * jnp.pi * line.step * kernels
    normal = normal / z
    return LinearEquations(matrix=Delta[:, None] * normal - anomalous, offset=Delta + side.coulomb, normal=normal)


def _hermitian(values: Complex[Array, " line"], sign: int) -> Complex[Array, " both"]:
    r"""A function with $f(-z^*) = \pm f(z)^*$ on both sides of zero."""
    return jnp.concatenate([sign * jnp.conj(values[:0:-1]), values])
