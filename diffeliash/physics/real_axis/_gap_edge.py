r"""The gap edge: $\Delta_0 = \mathrm{Re}\,\Delta(\omega = \Delta_0)$ on the real axis itself."""

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
"""The line reaches this many times the end of a2F: energies below matter, those above do not."""

SEARCHED = np.linspace(0.05, 2.0, 79)
r"""Where the edge is searched, in units of $\Delta(i\omega_0)$; the lowest at which Re Delta falls below is taken."""

CLOSE = (24, 1000)
r"""The line is at most $\pi k_BT$ over the first, and the end of a2F over the second, from the real axis."""

POINTS = 10
"""Points of the polynomial that leads from the line down to the real axis."""

FEWER_POINTS = 6
"""Points of the polynomial that it is compared with."""

TOLERANCE = 1e-9
"""Relative difference between the two that is small enough."""

HALVINGS = 52

REFINEMENTS = 2
"""How often the line is brought closer by a factor of two where it is not."""


def gap_edge(sol: GapSolution, spectrum: Spectrum, *, method: MSC | Pade = MSC()) -> Float[Array, ""]:
    r"""Gap edge $\Delta_0 = \mathrm{Re}\,\Delta(\omega = \Delta_0)$ in the limit $\Gamma \to 0$ [meV].

    With `MSC`, from a line close to the real axis by a polynomial through the points around $\Delta_0$: good to 1e-9,
    relative, at any temperature. `Pade` loses digits towards $T_c$. Searched up to twice $\Delta(i\omega_0)$. NaN in
    the normal state; for a solution that is not converged; where there is no such energy, as close to $T_c$ for strong
    coupling, where thermal bosons fill the gap; and, for traced inputs, where it is larger than 1.5 times the end of
    the spectrum.

    Args:
        sol: Solution on the imaginary axis.
        spectrum: The spectral function it belongs to.
        method: How to continue.

    Raises:
        InputError: A spectrum that is not the one of the solution, more points of a Pade approximant than there are
            frequencies, or too many points on the line.
        ValueError: The number of points on the line is not known.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    refuse(check_same(sol, spectrum) + check_points(sol, method))
    end, Delta = numpy_if_concrete(spectrum.omega)[-1], numpy_if_concrete(sol.Delta)
    if is_concrete(Delta) and not Delta[0] > 0:
        return not_a_number()
    if isinstance(method, Pade):
        return jnp.where(sol.converged, _edge_by_pade(pade_samples(sol)[:2], method), jnp.nan)
    reach, broadening = REACH * end, _close(numpy_if_concrete(sol.T), end)
    if is_concrete(Delta, reach):
        reach = np.maximum(reach, 1.1 * SEARCHED[-1] * Delta[0])
    rtol = min(method.rtol, TOLERANCE)

    def attempt(broadening: Any) -> tuple[Float[Array, ""], Float[Array, ""], int]:
        line, boson_grid = choose_line(spectrum, sol.T, reach, broadening, rtol=rtol, n=method.n)
        problem = make_line_problem(spectrum, matsubara_sums(sol, line), line, boson_grid)
        return *_edge_exactly(problem, rtol), line.n

    edge, miss, n = attempt(broadening)
    for _ in range(REFINEMENTS):
        if not is_concrete(miss) or method.n is not None or not float(miss) > TOLERANCE or 2 * n > LARGEST_LINE:
            break
        broadening = broadening / 2
        edge, miss, n = attempt(broadening)
    return jnp.where(sol.converged, edge, jnp.nan)


def gap_ratio(gap_edge: Any, T_c: Any) -> Any:
    r"""$2\Delta_0/k_BT_c$: 3.53 for weak coupling at low temperature.

    Args:
        gap_edge: $\Delta_0$ [meV], at whatever temperature.
        T_c: Critical temperature [K]; where it is zero, the answer is NaN.

    Raises:
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    safe = jnp.where(jnp.asarray(T_c) > 0, T_c, 1.0)
    return jnp.where(jnp.asarray(T_c) > 0, 2 * gap_edge / (BOLTZMANN * safe), jnp.nan)


def _close(T: Any, omega_max: Any) -> Any:
    xp = np if is_concrete(T, omega_max) else jnp
    return xp.minimum(np.pi * BOLTZMANN * T / CLOSE[0], omega_max / CLOSE[1])


Values = Any
"""What a continuation starts from."""


class _FromLine(eqx.Module):
    """By the polynomial through the points of a line around an energy."""

    n_points: int = eqx.field(static=True)

    def __call__(self, values: tuple[Line, Complex[Array, " line"]], omega: Float[Array, ""]) -> Complex[Array, ""]:
        line, Delta = values
        below = omega / line.step - 1j * line.broadening / line.step
        return interpolate(Delta, below[None], self.n_points)[0]


class _FromPade(eqx.Module):
    """By the approximant."""

    method: Pade

    def __call__(
        self, values: tuple[Float[Array, " matsubara"], Float[Array, " matsubara"]], omega: Float[Array, ""]
    ) -> Complex[Array, ""]:
        omega_n, Delta = values
        return continue_values(omega_n, Delta, omega[None] + 0j, self.method)[0]


@eqx.filter_jit
def _edge_exactly(problem: LineProblem, rtol: float) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The edge, and by how much it moves with a polynomial of lower order, relative."""
    found = solve_line(problem, rtol)
    values = problem.equations.line, found.Delta
    edge, other = (_find(values, _FromLine(n), problem.start) for n in (POINTS, FEWER_POINTS))
    return jnp.where(found.converged, edge, jnp.nan), jnp.abs(other / edge - 1)


@eqx.filter_jit
def _edge_by_pade(
    values: tuple[Float[Array, " matsubara"], Float[Array, " matsubara"]], method: Pade
) -> Float[Array, ""]:
    return _find(values, _FromPade(method), values[1][0])


RootInputs = tuple[Values, _FromLine | _FromPade]


def _excess(inputs: RootInputs, omega: Float[Array, ""]) -> Float[Array, ""]:
    values, continuation = inputs
    return jnp.real(continuation(values, omega)) - omega


def _excess_slope(inputs: RootInputs, omega: Float[Array, ""]) -> Float[Array, ""]:
    _, slope = jax.jvp(lambda x: _excess(inputs, x), (omega,), (jnp.ones(()),))
    return jnp.where(slope == 0, -1.0, slope)


def _find(values: Values, continuation: _FromLine | _FromPade, start: Float[Array, ""]) -> Float[Array, ""]:
    r"""The root of $\mathrm{Re}\,\Delta(\omega) = \omega$ around a first guess, by bisection; NaN if there is none."""
    inputs = (values, continuation)
    frozen = jax.lax.stop_gradient(inputs)
    start = jax.lax.stop_gradient(start)

    def halve(_: Any, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        inside = _excess(frozen, middle) > 0
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    searched = SEARCHED * start
    inside = jax.vmap(lambda x: _excess(frozen, x) > 0)(searched)
    crossed = inside[:-1] & ~inside[1:]
    first = jnp.argmax(crossed)
    found = (start > 0) & crossed[first]
    low, _ = jax.lax.fori_loop(0, HALVINGS, halve, (searched[first], searched[first + 1]))
    edge = attach_root(_excess, _excess_slope, inputs, jnp.where(found, low, 1.0))
    return jnp.where(found, edge, jnp.nan)
