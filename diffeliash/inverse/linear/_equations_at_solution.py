r"""The linear equations for a2F around the solution for an approximate a2F.

With a measured gap function in all their integrals, the linear equations have two errors: between the energies the gap
function must be interpolated, and its noise enters the integrals. Both are avoided if the integrals contain the
solution $\Delta_0$ for an approximate a2F instead, and the difference from it is taken into account to first order:

$$ Z\Delta - \phi \approx A\,\alpha^2F + b + Z_0\,(\Delta - \beta\Delta_0), $$

with $A$ and $b$ for the gap function $\beta\Delta_0$. The change of the integrals themselves is neglected, which
matters near the gap edge only, and less the better the approximate a2F is. The factor $\beta$ is that of the best
agreement: near $T_c$ the size of the gap depends strongly on a2F, but its shape does not.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from ...physics import MSC, GapSolution, Spectrum, continue_gap, positive_or_one, solve_gap
from ._inverse_problem import InverseProblem
from ._linear_equations import LinearEquations, linear_equations_on_line

CONTINUATION = MSC(rtol=1e-4)
"""Analytic continuation of the approximate solution."""

LARGEST_MISFIT = 0.5
r"""Largest relative mean square of $\Delta - \beta\Delta_0$ for which the solution is used."""

SMALLEST_FACTOR, LARGEST_FACTOR = 0.1, 10.0
r"""Bounds of $\beta$."""


class EquationsAtSolution(NamedTuple):
    r"""Linear equations around a solution.

    Args:
        equations: The equations.
        misfit: Mean square of $\Delta - \beta\Delta_0$, relative to that of $\Delta$.
        usable: Whether there is a superconducting solution and the misfit is small enough; if not, the equations are
            finite but have no meaning.
    """

    equations: LinearEquations
    misfit: Float[Array, ""]
    usable: Bool[Array, ""]


def linear_equations_at_solution(
    problem: InverseProblem, Delta: Complex[Array, " real"], a2f: Float[Array, " boson"]
) -> EquationsAtSolution:
    r"""Set up the linear equations around the solution for an approximate a2F; batch with `jax.vmap`.

    Args:
        problem: Temperature, cutoffs and grids.
        Delta: Gap function at the energies of the problem [meV].
        a2f: Approximate spectral function at the boson energies of the problem.
    """
    step, n = float(problem.omega[0]), problem.stride * (problem.n_energies - 1) + 1
    spectrum, sol = _solution(problem, a2f)
    real = continue_gap(
        sol, spectrum, step * np.arange(n), broadening=float(problem.line.broadening), method=CONTINUATION
    )
    solved = sol.converged & sol.superconducting & jnp.all(jnp.isfinite(real.Delta))
    on_line = jnp.where(solved, real.Delta, 1.0)
    at_energies = on_line[:: problem.stride]
    factor = jnp.sum(jnp.real(jnp.conj(at_energies) * Delta)) / jnp.sum(jnp.abs(at_energies) ** 2)
    factor = jnp.clip(factor, SMALLEST_FACTOR, LARGEST_FACTOR)
    ratio = factor * jnp.where(solved, sol.Delta, 1.0) / sol.omega_n
    root = jnp.sqrt(1 + ratio**2)
    interpolation = jnp.asarray(problem.frequencies.rule.interpolation)
    averages = interpolation @ (1 - 1 / root), interpolation @ (ratio / root)
    equations = linear_equations_on_line(problem, factor * on_line, averages)
    difference = Delta - factor * at_energies
    Z = 1 + equations.normal @ a2f
    misfit = jnp.mean(jnp.abs(difference) ** 2) / positive_or_one(jnp.mean(jnp.abs(Delta) ** 2))
    return EquationsAtSolution(
        equations=eqx.tree_at(lambda each: each.offset, equations, equations.offset + Z * difference),
        misfit=misfit,
        usable=solved & (misfit < LARGEST_MISFIT),
    )


def gap_gradient(problem: InverseProblem, a2f: Float[Array, " boson"]) -> Float[Array, " boson"]:
    r"""The derivative of $\ln\Delta(i\omega_0)$ with respect to a2F: how the size of the gap function grows with it.

    The equations around the solution leave it out, apart from the factor $\beta$. In the normal state it is one.

    Args:
        problem: Temperature, cutoffs and grids.
        a2f: Spectral function at the boson energies of the problem.
    """

    def size(a2f: Float[Array, " boson"]) -> tuple[Array, Array]:
        _, sol = _solution(problem, a2f)
        solved = sol.converged & sol.superconducting & (sol.Delta[0] > 0)
        return jnp.log(jnp.where(solved, sol.Delta[0], 1.0)), solved

    gradient, solved = jax.grad(size, has_aux=True)(a2f)
    return jnp.where(solved & jnp.all(jnp.isfinite(gradient)), gradient, 1.0)


def _solution(problem: InverseProblem, a2f: Float[Array, " boson"]) -> tuple[Spectrum, GapSolution]:
    """The spectrum of an approximate a2F, and its solution on the imaginary axis."""
    step = float(problem.omega[0])
    spectrum = Spectrum(np.append(problem.omega, problem.omega[-1] + step), jnp.append(a2f, 0.0))
    T, omega_c, matsubara_cutoff = (float(value) for value in jax.tree.leaves(problem.ends))
    sol = solve_gap(
        spectrum, T, mu_star=problem.mu_star, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff,
        frequencies=problem.frequencies,
    )  # fmt: skip
    return spectrum, sol
