r"""Analytic continuation of a solution from the Matsubara frequencies to a line $\omega + i\Gamma$."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int

from ...units import BOLTZMANN
from ..material import AbstractFermiSurfaceAverage, AbstractMaterial
from ..matsubara import GapSolution
from ..numerics import is_concrete, not_a_number, numpy_if_concrete, positive_or_one, refuse, require_x64
from ._cauchy_test import cauchy_test
from ._matsubara_sums import CauchyData, matsubara_sums
from ._msc import MSC, LineProblem, make_line_problem, solve_line
from ._pade import Pade, check_points, continue_by_pade, pade_samples
from ._sampling_error import SamplingChange, sampling_change, sampling_error
from .line import (
    LARGEST_LINE,
    choose_line,
    gap_and_renormalization,
    gap_between_points,
    on_finer_grid,
    self_energy_coefficients,
)

MIN_REACH = (2.5, 3.0, 3.0)
r"""Shortest line, for the Cauchy test, in units of the end of a2F and, where they are concrete, of $\Delta(i\omega_0)$
and $\int\alpha^2F\,\mathrm{d}\omega$. Above these energies the self-energies no longer depend on energy."""

REFINEMENTS = 3
"""Largest number of times that the number of points is doubled where the error is too large."""

MAX_BROADENING = 100.0
"""Largest broadening in units of the end of a2F. So far from the real axis the gap function has no structure."""

CAUCHY_TOLERANCE = 1e-2
"""Largest deviation in the Cauchy test that is accepted. That of a wrong branch is larger."""


class RealAxisGap(eqx.Module):
    r"""Gap function, renormalization and density of states on a line $\omega + i\Gamma$; result of `continue_gap`.

    All arrays over energies have the shape `(freq,)`.

    Args:
        omega: Energies $\omega$ [meV].
        Delta: Gap function $\Delta(\omega + i\Gamma)$ [meV]; zero in the normal state.
        Z: Renormalization function $Z(\omega + i\Gamma)$, dimensionless.
        dos: Density of states over that of the normal state,
            $\mathrm{Re}[z/\sqrt{z^2 - \Delta^2}]$ with $z = \omega + i\Gamma$, dimensionless.
        broadening: $\Gamma$ [meV].
        continuation_error: Estimated error of $\Delta$ from the continuation, relative to the largest $|\Delta|$, where
            a2F is taken at its points with the trapezoidal rule. For `MSC`, the error of integrals and iteration, to
            which that of the solution on the imaginary axis (`sol.error`) must be added. For `Pade`, the largest
            $|\Delta - \phi/Z|$ with $\phi$ continued separately, as in the consistency check of arXiv:2007.07512,
            Appendix C.
        sampling_error: Estimated change of $\Delta$, relative to the largest $|\Delta|$, if a2F were linear between its
            points, on both axes; usually two to ten times the actual change. Zero in the normal state, and for `Pade`,
            where it is not estimated.
        cauchy: Largest deviation in the Cauchy test, between $G = z/\sqrt{z^2-\Delta^2}$ at Matsubara frequencies
            from Cauchy's integral along the line, and $\omega_n/R_n$ of the solution. NaN for `Pade`.
        converged: Whether the solution on the imaginary axis is converged and, for `MSC`, also the iteration on the
            line, with `continuation_error` within the tolerance and the Cauchy test passed.
        n_steps: Number of iterations on the line; zero for `Pade`.
        average: The average over the Fermi surface, which gives the density of states.
    """

    omega: Float[Array, " freq"]
    Delta: Complex[Array, " freq"]
    Z: Complex[Array, " freq"]
    dos: Float[Array, " freq"]
    broadening: Float[Array, ""]
    continuation_error: Float[Array, ""]
    sampling_error: Float[Array, ""]
    cauchy: Float[Array, ""]
    converged: Bool[Array, ""]
    n_steps: Int[Array, ""]
    average: AbstractFermiSurfaceAverage

    @property
    def error(self) -> Float[Array, " *material"]:
        r"""Estimated error of $\Delta$ from continuation and sampling of a2F, relative to the largest $|\Delta|$."""
        require_x64()
        return self.continuation_error + self.sampling_error


def default_broadening(T: Any, omega_max: Any) -> Any:
    r"""The default $\Gamma$ [meV]: a third of $\pi k_BT$, but at most a hundredth of the last grid point of a2F."""
    xp = np if is_concrete(T, omega_max) else jnp
    return xp.minimum(np.pi * BOLTZMANN * numpy_if_concrete(T) / 3, numpy_if_concrete(omega_max) / 100)


def continue_gap(
    sol: GapSolution, spectrum: AbstractMaterial, omega: Any, *, broadening: Any = None, method: MSC | Pade = MSC()
) -> RealAxisGap:
    r"""Continue a solution from the Matsubara frequencies to a line $\omega + i\Gamma$ above the real axis.

    `MSC` solves the Eliashberg equations on the line, `Pade` uses a Pade approximant. Batch over materials with
    `jax.vmap`. With `MSC` the derivative follows the implicit function theorem. A member of a batch with numbers that
    are not finite gives $\Delta = 0$ with `converged` false.

    Args:
        sol: Solution on the imaginary axis.
        spectrum: The spectral function that was solved for.
        omega: Real energies [meV], shape `(freq,)`; at negative ones $\Delta(-\omega) = \Delta(\omega)^*$.
        broadening: $\Gamma$ [meV], positive (for `Pade` it may be zero); by default a third of $\pi k_BT$, but at most
            a hundredth of the last grid point of the spectrum. It may be up to a hundred times that point, below or
            above $\pi k_BT$.
        method: The method of continuation.

    Returns:
        $\Delta$, $Z$ and the density of states, with error estimates and a flag for convergence.

    Raises:
        InputError: A concrete broadening is out of its range or not resolved by the given number of points, the
            energies are not finite, there are more points of a Pade approximant than frequencies or too many points
            on the line, or the spectrum is not that of the solution.
        RuntimeError: JAX is not in 64-bit mode.
        TypeError: `method` is neither an `MSC` nor a `Pade`.
        ValueError: The number of points on the line is not given and depends on traced inputs.
    """
    require_x64()
    end = numpy_if_concrete(spectrum.omega)[-1]
    broadening = default_broadening(sol.T, end) if broadening is None else broadening
    refuse(_check_line(omega, broadening, method, end) + check_same(sol, spectrum) + check_points(sol, method))
    points = jnp.asarray(omega, dtype=jnp.float64), jnp.asarray(broadening, dtype=jnp.float64)
    if isinstance(method, Pade):
        return _continue_by_pade(sol, *points, method)
    reach = _reach(omega, spectrum, sol.Delta)
    normal = is_concrete(sol.Delta) and not np.any(np.asarray(sol.Delta))

    def solve_with(n: int | None) -> tuple[int, RealAxisGap]:
        line, boson_grid = choose_line(spectrum, sol.T, reach, broadening, rtol=method.rtol, n=n, normal=normal)
        sums = matsubara_sums(sol, line)
        problem = make_line_problem(spectrum, sums, line, boson_grid)
        change = sampling_change(spectrum, problem, boson_grid, (sums.T, sol.mu_star, jnp.asarray(sol.omega_c)))
        return line.n, _continue_by_msc(problem, change, sums.cauchy_data, points, rtol=method.rtol)

    n, found = solve_with(method.n)
    for _ in range(REFINEMENTS):
        refinable = method.n is None and 2 * n <= LARGEST_LINE
        if not refinable or not is_concrete(found.converged) or bool(found.converged):
            break
        n, found = solve_with(2 * n)
    return eqx.tree_at(lambda real: real.converged, found, found.converged & sol.converged)


def _reach(omega: Any, material: AbstractMaterial, Delta: Any) -> Any:
    """Energy up to which the equations on the line are to be solved [meV]."""
    xp = np if is_concrete(omega, material.omega) else jnp
    grid, Delta, *channels = (
        numpy_if_concrete(x) for x in (material.omega, Delta, *(one.a2f for one in material.channels))
    )
    least = MIN_REACH[0] * grid[-1]
    if is_concrete(grid, Delta, *channels):
        area = max(np.trapezoid(a2f, grid) for a2f in channels)
        least = np.fmax(least, np.fmax(MIN_REACH[1] * Delta[0], MIN_REACH[2] * area))
    return xp.maximum(xp.max(xp.abs(xp.asarray(omega)), initial=0.0), least)


def _check_line(omega: Any, broadening: Any, method: MSC | Pade, end: Any) -> list[str]:
    bad = []
    if not isinstance(method, MSC | Pade):
        raise TypeError(f"`method` must be an `MSC` or a `Pade`, got {method!r}.")
    real = np.ndim(omega) == 1 and not np.iscomplexobj(omega)
    if not real or (is_concrete(omega) and not np.all(np.isfinite(np.asarray(omega)))):
        bad.append("`omega` must be a one-dimensional array of finite real energies [meV]")
    if np.ndim(broadening) or np.iscomplexobj(broadening):
        bad.append("`broadening` must be one real number [meV]; batch with jax.vmap")
    elif is_concrete(broadening):
        value, least = float(broadening), "not negative" if isinstance(method, Pade) else "positive"
        if not np.isfinite(value) or value < 0 or (value == 0 and isinstance(method, MSC)):
            bad.append(f"`broadening` must be finite and {least} [meV], got {value:g}")
        elif is_concrete(end) and value > MAX_BROADENING * float(end):
            bad.append(
                f"`broadening` must be at most {MAX_BROADENING:g} times the end of the spectrum, {float(end):g} meV "
                f"(further from the real axis the gap function has no structure), got {value:g}"
            )
    return bad


def check_same(sol: GapSolution, spectrum: AbstractMaterial) -> list[str]:
    """A complaint if the spectrum is known to differ from that of the solution."""
    mine, given = (jax.tree.leaves(material) for material in (sol.spectrum, spectrum))
    same = type(sol.spectrum) is type(spectrum) and all(map(_may_be_equal, mine, given))
    return [] if same else ["`spectrum` must be the one that `sol` belongs to"]


def _may_be_equal(mine: Any, given: Any) -> bool:
    if mine is given or mine.shape != given.shape or not is_concrete(mine, given):
        return mine.shape == given.shape
    return np.allclose(numpy_if_concrete(mine), numpy_if_concrete(given), rtol=1e-6, atol=1e-12)


@eqx.filter_jit
def _continue_by_msc(
    problem: LineProblem,
    change: SamplingChange,
    cauchy_data: CauchyData,
    points: tuple[Float[Array, " freq"], Float[Array, ""]],
    *,
    rtol: float,
) -> RealAxisGap:
    """Solve the equations on a line, interpolate to the requested energies, and test the result.

    Args:
        problem: The equations on the line.
        change: The change of these equations from linear interpolation of a2F.
        cauchy_data: The frequencies and values of the Cauchy test.
        points: The requested energies and the broadening [meV].
        rtol: Requested relative error.
    """
    equations, line = problem.equations, problem.equations.line
    omega, broadening = jnp.where(jnp.isfinite(points[0]), points[0], 0.0), positive_or_one(points[1])
    found = solve_line(problem, rtol)
    fine = on_finer_grid(self_energy_coefficients(equations, found.Delta))
    Delta, Z = gap_between_points(equations, fine, omega, broadening)
    end = fine[:, 2 * line.last, None]
    tails = (
        lambda z: gap_and_renormalization(equations, z, end)[0],
        lambda z: jnp.broadcast_to(found.Delta[-1], z.shape),
    )
    cauchy, tail_uncertainty = cauchy_test(
        line,
        found.Delta,
        equations.average,
        tails=tails,
        omega_n=cauchy_data[0],
        G_n=cauchy_data[1],
        comparable=cauchy_data[2],
    )
    return RealAxisGap(
        omega=omega,
        Delta=Delta,
        Z=Z,
        dos=equations.average.density_of_states(omega + 1j * broadening, Delta),
        broadening=points[1],
        continuation_error=jnp.where(problem.usable, found.error, jnp.nan),
        sampling_error=jnp.where(problem.usable, sampling_error(problem, change, found.Delta), jnp.nan),
        cauchy=cauchy,
        converged=found.converged & (found.error <= rtol) & (cauchy <= CAUCHY_TOLERANCE + tail_uncertainty),
        n_steps=found.n_steps,
        average=equations.average,
    )


def _continue_by_pade(
    sol: GapSolution, omega: Float[Array, " freq"], broadening: Float[Array, ""], method: Pade
) -> RealAxisGap:
    values, error = continue_by_pade(pade_samples(sol), omega, broadening, method)
    Delta, Z = values
    return RealAxisGap(
        omega=omega,
        Delta=Delta,
        Z=Z,
        dos=sol.spectrum.average.density_of_states(omega + 1j * broadening, Delta),
        broadening=broadening,
        continuation_error=error,
        sampling_error=jnp.zeros(()),
        cauchy=not_a_number(),
        converged=sol.converged,
        n_steps=jnp.array(0),
        average=sol.spectrum.average,
    )
