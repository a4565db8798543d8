r"""The gap edge $\Delta_0 = \mathrm{Re}\,\Delta(\omega = \Delta_0)$ on the real axis."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...units import BOLTZMANN
from ..material import Spectrum
from ..matsubara import GapSolution
from ..numerics import attach_root, is_concrete, not_a_number, numpy_if_concrete, refuse, require_x64
from ._continue_gap import check_same
from ._matsubara_sums import matsubara_sums
from ._msc import MSC, LineProblem, make_line_problem, solve_line
from ._pade import Pade, check_points, continue_values, pade_samples
from .line import LARGEST_LINE, Line, choose_line, interpolate

REACH = 1.5
"""Length of the line in units of the end of a2F. Higher energies do not affect the edge."""

SEARCH_GRID = np.linspace(0.05, 2.0, 79)
r"""Energies, in units of $\Delta(i\omega_0)$, between which the edge is searched: the lowest one at which
$\mathrm{Re}\,\Delta(\omega) - \omega$ changes from positive to negative."""

MAX_DISTANCE = (24, 1000)
r"""Divisors of $\pi k_BT$ and of the end of a2F. The smaller quotient is the first distance of the line from the real
axis."""

POINTS = 10
"""Number of points of the polynomial that continues from the line to the real axis."""

FEWER_POINTS = 6
"""Number of points of a second polynomial, for the estimate of the error."""

TOLERANCE = 1e-9
"""Largest relative difference between the edges from the two polynomials that is accepted."""

N_BISECTIONS = 52

REFINEMENTS = 2
"""Largest number of times that the distance of the line is halved where this difference is too large."""


def gap_edge(sol: GapSolution, spectrum: Spectrum, *, method: MSC | Pade = MSC()) -> Float[Array, ""]:
    r"""Gap edge, the solution of $\Delta_0 = \mathrm{Re}\,\Delta(\omega = \Delta_0)$ in the limit $\Gamma \to 0$.

    With `MSC`, the gap function is continued from a line close to the real axis by a polynomial through the points
    around $\Delta_0$, with a relative error of 1e-9 at any temperature. `Pade` loses digits as $T \to T_c$. The lowest
    solution up to twice $\Delta(i\omega_0)$ is returned. Differentiable.

    Args:
        sol: Solution on the imaginary axis.
        spectrum: The spectral function that was solved for.
        method: The method of continuation.

    Returns:
        $\Delta_0$ [meV]. NaN in the normal state, for a solution that is not converged, and where there is no such
        energy, as for strong coupling close to $T_c$, where thermal bosons fill the gap; for traced inputs also where
        it is larger than 1.5 times the end of the spectrum.

    Raises:
        InputError: The spectrum is not that of the solution, or there are more points of a Pade approximant than
            frequencies, or too many or too few points on the line.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The number of points on the line is not given and depends on traced inputs.
    """
    require_x64()
    refuse(check_same(sol, spectrum) + check_points(sol, method))
    end, Delta = numpy_if_concrete(spectrum.omega)[-1], numpy_if_concrete(sol.Delta)
    if is_concrete(Delta) and not Delta[0] > 0:
        return not_a_number()
    if isinstance(method, Pade):
        return jnp.where(sol.converged, _edge_by_pade(pade_samples(sol)[:2], method), jnp.nan)
    reach, broadening = REACH * end, _first_distance(numpy_if_concrete(sol.T), end)
    if is_concrete(Delta, reach):
        reach = np.maximum(reach, 1.1 * SEARCH_GRID[-1] * Delta[0])
    rtol = min(method.rtol, TOLERANCE)

    def edge_at(broadening: Any) -> tuple[Float[Array, ""], Float[Array, ""], int]:
        line, boson_grid = choose_line(spectrum, sol.T, reach, broadening, rtol=rtol, n=method.n)
        problem = make_line_problem(spectrum, matsubara_sums(sol, line), line, boson_grid)
        return *_edge_by_msc(problem, rtol), line.n

    edge, difference, n = edge_at(broadening)
    for _ in range(REFINEMENTS):
        if (
            not is_concrete(difference)
            or method.n is not None
            or not float(difference) > TOLERANCE
            or 2 * n > LARGEST_LINE
        ):
            break
        broadening = broadening / 2
        edge, difference, n = edge_at(broadening)
    return jnp.where(sol.converged, edge, jnp.nan)


def gap_ratio(gap_edge: Any, T_c: Any) -> Any:
    r"""The gap ratio $2\Delta_0/k_BT_c$, which is 3.53 for weak coupling and $T \to 0$.

    J. Bardeen, L. N. Cooper and J. R. Schrieffer, Phys. Rev. 108, 1175 (1957), doi:10.1103/PhysRev.108.1175; strong
    coupling makes it larger.

    Args:
        gap_edge: $\Delta_0$ [meV] at the temperature of interest.
        T_c: Critical temperature [K].

    Returns:
        The ratio, dimensionless; NaN where $T_c$ is not positive.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    safe = jnp.where(jnp.asarray(T_c) > 0, T_c, 1.0)
    return jnp.where(jnp.asarray(T_c) > 0, 2 * gap_edge / (BOLTZMANN * safe), jnp.nan)


def _first_distance(T: Any, omega_max: Any) -> Any:
    """Distance of the line from the real axis [meV] at the first attempt."""
    xp = np if is_concrete(T, omega_max) else jnp
    return xp.minimum(np.pi * BOLTZMANN * T / MAX_DISTANCE[0], omega_max / MAX_DISTANCE[1])


Values = Any
"""The data of a continuation: a line with the gap function on it, or Matsubara frequencies with the gap function."""


class _FromLine(eqx.Module):
    """Continuation from a line to a real energy by a polynomial through the points around it."""

    n_points: int = eqx.field(static=True)

    def __call__(self, values: tuple[Line, Complex[Array, " line"]], omega: Float[Array, ""]) -> Complex[Array, ""]:
        line, Delta = values
        below = omega / line.step - 1j * line.broadening / line.step
        return interpolate(Delta, below[None], self.n_points)[0]


class _FromPade(eqx.Module):
    """Continuation to a real energy by a Pade approximant."""

    method: Pade

    def __call__(
        self, values: tuple[Float[Array, " matsubara"], Float[Array, " matsubara"]], omega: Float[Array, ""]
    ) -> Complex[Array, ""]:
        omega_n, Delta = values
        return continue_values(omega_n, Delta, omega[None] + 0j, self.method)[0]


@eqx.filter_jit
def _edge_by_msc(problem: LineProblem, rtol: float) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The gap edge [meV], and its relative change with a polynomial of lower order."""
    found = solve_line(problem, rtol)
    values = problem.equations.line, found.Delta
    edge, other = (_find_edge(values, _FromLine(n), problem.start) for n in (POINTS, FEWER_POINTS))
    return jnp.where(found.converged, edge, jnp.nan), jnp.abs(other / edge - 1)


@eqx.filter_jit
def _edge_by_pade(
    values: tuple[Float[Array, " matsubara"], Float[Array, " matsubara"]], method: Pade
) -> Float[Array, ""]:
    return _find_edge(values, _FromPade(method), values[1][0])


RootInputs = tuple[Values, _FromLine | _FromPade]


def _gap_minus_energy(inputs: RootInputs, omega: Float[Array, ""]) -> Float[Array, ""]:
    values, continuation = inputs
    return jnp.real(continuation(values, omega)) - omega


def _gap_minus_energy_slope(inputs: RootInputs, omega: Float[Array, ""]) -> Float[Array, ""]:
    _, slope = jax.jvp(lambda x: _gap_minus_energy(inputs, x), (omega,), (jnp.ones(()),))
    return jnp.where(slope == 0, -1.0, slope)


def _find_edge(values: Values, continuation: _FromLine | _FromPade, start: Float[Array, ""]) -> Float[Array, ""]:
    r"""The root of $\mathrm{Re}\,\Delta(\omega) = \omega$ by bisection, in units of a scale; NaN if there is none.

    Args:
        values: The data of the continuation.
        continuation: The method of continuation.
        start: The scale $\Delta(i\omega_0)$ [meV] of `SEARCH_GRID`.
    """
    inputs = (values, continuation)
    frozen = jax.lax.stop_gradient(inputs)
    start = jax.lax.stop_gradient(start)

    def bisect(_: Any, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        inside = _gap_minus_energy(frozen, middle) > 0
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    searched = SEARCH_GRID * start
    inside = jax.vmap(lambda x: _gap_minus_energy(frozen, x) > 0)(searched)
    crossed = inside[:-1] & ~inside[1:]
    first = jnp.argmax(crossed)
    found = (start > 0) & crossed[first]
    low, _ = jax.lax.fori_loop(0, N_BISECTIONS, bisect, (searched[first], searched[first + 1]))
    edge = attach_root(_gap_minus_energy, _gap_minus_energy_slope, inputs, jnp.where(found, low, 1.0))
    return jnp.where(found, edge, jnp.nan)
