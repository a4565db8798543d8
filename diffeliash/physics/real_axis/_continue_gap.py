r"""The gap function, renormalization and density of states on a line $\omega + i\Gamma$."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int

from ...units import BOLTZMANN
from ..material import AbstractMaterial
from ..matsubara import GapSolution
from ..numerics import as_known, is_concrete, larger_than_zero, not_a_number, refuse, require_x64
from ._cauchy_test import cauchy_test
from ._matsubara_sums import Tests, matsubara_side
from ._msc import MSC, Prepared, prepare, solve_line
from ._pade import Pade, check_points, continue_by_pade, pade_samples
from ._sampling_error import Sampling, sampling, sampling_error
from .line import LARGEST_LINE, choose_line, gap_and_renormalization, interpolate, on_finer_grid, self_energy_waves

SHORTEST = (2.5, 3.0, 3.0)
r"""For the Cauchy test the line reaches at least this many times the end of a2F and, where they are known,
$\Delta(i\omega_0)$ and $\int\alpha^2F$, above which self-energies cease to depend on energy."""

REFINEMENTS = 3
"""How often the number of points is doubled where the error is too large."""

WIDEST = 100.0
"""A broadening may be this many times the end of a2F: beyond the end all structure is gone."""

CAUCHY_TOLERANCE = 1e-2
"""A larger residual of the Cauchy test is that of a wrong curve."""


class RealAxisGap(eqx.Module):
    r"""Gap function, renormalization and density of states on the line $\omega + i\Gamma$.

    Args:
        omega: Energies $\omega$ [meV].
        Delta: Gap function $\Delta(\omega + i\Gamma)$ [meV]; zero in the normal state.
        Z: Renormalization $Z(\omega + i\Gamma)$, dimensionless.
        dos: Density of states over that of the normal state,
            $\mathrm{Re}[z/\sqrt{z^2 - \Delta^2}]$ with $z = \omega + i\Gamma$.
        broadening: $\Gamma$ [meV].
        continuation_error: Estimated error of $\Delta$, relative to the largest, for the sampled a2F with its
            trapezoidal rule. Of `MSC`, that of the integrals and iterations; that of the solution on the imaginary axis
            is to be added (`sol.error`). Of `Pade`, the largest $|\Delta - \phi/Z|$ with $\phi$ continued on its own:
            the paper's acceptance test.
        sampling_error: Estimate of how far $\Delta$ would move, relative to the largest, if a2F were the straight lines
            between its points, on both axes: what a finer grid of a2F would change. Two to ten times the change, most
            often. Zero for `Pade`, of which it is not estimated, and in the normal state.
        cauchy: Residual of the Cauchy test: how far $G = z/\sqrt{z^2-\Delta^2}$ at the lowest Matsubara frequencies,
            from its values on the line, is from $\omega_n/R_n$. NaN for `Pade`, which knows no line.
        converged: Whether the solution on the imaginary axis is converged and, for `MSC`, the iteration on the line
            too, with `continuation_error` within the tolerance and the Cauchy test passed.
        n_steps: Iterations; zero for `Pade`.
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

    @property
    def error(self) -> Float[Array, " *material"]:
        r"""Estimated error of $\Delta$, relative to the largest: of the continuation and of the sampling of a2F."""
        require_x64()
        return self.continuation_error + self.sampling_error


def default_broadening(T: Any, omega_max: Any) -> Any:
    r"""A third of $\pi k_BT$, at most a hundredth of the last grid point [meV]."""
    xp = np if is_concrete(T, omega_max) else jnp
    return xp.minimum(np.pi * BOLTZMANN * as_known(T) / 3, as_known(omega_max) / 100)


def continue_gap(
    sol: GapSolution, spectrum: AbstractMaterial, omega: Any, *, broadening: Any = None, method: MSC | Pade = MSC()
) -> RealAxisGap:
    r"""Continue a solution from the Matsubara frequencies to the line $\omega + i\Gamma$.

    Batch over materials with `jax.vmap`. With `MSC` the derivative follows the implicit function theorem. A bad member
    of a batch, with numbers that are not finite, gives $\Delta = 0$ with `converged` false.

    Args:
        sol: Solution on the imaginary axis.
        spectrum: The spectral function it belongs to.
        omega: Real energies [meV]; at negative ones $\Delta(-\omega) = \Delta(\omega)^*$.
        broadening: $\Gamma$ [meV], positive (for `Pade` it may be zero); by default a third of $\pi k_BT$, at most a
            hundredth of the last grid point of the spectrum. Any value up to a hundred times that point is exact, below
            or above $\pi k_BT$.
        method: How to continue.

    Raises:
        InputError: A concrete broadening out of its range or not resolved by the number of points given, more points
            of a Pade approximant than there are frequencies, energies that are not finite, a spectrum that is not the
            one of the solution.
        ValueError: The number of points on the line is not known.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    end = as_known(spectrum.omega)[-1]
    broadening = default_broadening(sol.T, end) if broadening is None else broadening
    refuse(_check_line(omega, broadening, method, end) + check_same(sol, spectrum) + check_points(sol, method))
    points = jnp.asarray(omega, dtype=jnp.float64), jnp.asarray(broadening, dtype=jnp.float64)
    if isinstance(method, Pade):
        return _continue_by_pade(sol, *points, method)
    reach = _reach(omega, spectrum, sol.Delta)
    normal = is_concrete(sol.Delta) and not np.any(np.asarray(sol.Delta))

    def attempt(n: int | None) -> tuple[int, RealAxisGap]:
        line, comb = choose_line(spectrum, sol.T, reach, broadening, rtol=method.rtol, n=n, normal=normal)
        side = matsubara_side(sol, line)
        prepared = prepare(spectrum, side, line, comb)
        moved = sampling(spectrum, prepared, comb, (side.T, sol.mu_star, jnp.asarray(sol.omega_c)))
        return line.n, _continue_exactly(prepared, moved, side.tests, points, rtol=method.rtol)

    n, found = attempt(method.n)
    for _ in range(REFINEMENTS):
        refinable = method.n is None and 2 * n <= LARGEST_LINE
        if not refinable or not is_concrete(found.converged) or bool(found.converged):
            break
        n, found = attempt(2 * n)
    return eqx.tree_at(lambda real: real.converged, found, found.converged & sol.converged)


def _reach(omega: Any, material: AbstractMaterial, Delta: Any) -> Any:
    """Energy up to which the line is to be solved [meV]."""
    xp = np if is_concrete(omega, material.omega) else jnp
    grid, Delta, *channels = (as_known(x) for x in (material.omega, Delta, *(one.a2f for one in material.channels)))
    least = SHORTEST[0] * grid[-1]
    if is_concrete(grid, Delta, *channels):
        area = max(np.trapezoid(a2f, grid) for a2f in channels)
        least = np.fmax(least, np.fmax(SHORTEST[1] * Delta[0], SHORTEST[2] * area))
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
        elif is_concrete(end) and value > WIDEST * float(end):
            bad.append(
                f"`broadening` must be at most {WIDEST:g} times the end of the spectrum, {float(end):g} meV: nothing "
                f"is left to be seen beyond, got {value:g}"
            )
    return bad


def check_same(sol: GapSolution, spectrum: AbstractMaterial) -> list[str]:
    """A complaint if a solution is known to belong to another spectrum."""
    mine, given = (jax.tree.leaves(material) for material in (sol.spectrum, spectrum))
    same = type(sol.spectrum) is type(spectrum) and all(map(_may_be_equal, mine, given))
    return [] if same else ["`spectrum` must be the one that `sol` belongs to"]


def _may_be_equal(mine: Any, given: Any) -> bool:
    if mine is given or mine.shape != given.shape or not is_concrete(mine, given):
        return mine.shape == given.shape
    return np.allclose(as_known(mine), as_known(given), rtol=1e-6, atol=1e-12)


@eqx.filter_jit
def _continue_exactly(
    prepared: Prepared,
    moved: Sampling,
    tests: Tests,
    points: tuple[Float[Array, " freq"], Float[Array, ""]],
    *,
    rtol: float,
) -> RealAxisGap:
    """From the equations, what the Cauchy test compares, and the energies and the broadening."""
    equations, line = prepared.equations, prepared.equations.line
    omega, broadening = jnp.where(jnp.isfinite(points[0]), points[0], 0.0), larger_than_zero(points[1])
    found = solve_line(prepared, rtol)
    fine = on_finer_grid(self_energy_waves(equations, found.Delta))
    z = jnp.abs(omega) + 1j * broadening
    position = (z - 1j * line.broadening) / line.step * 2
    convolved = jnp.stack([interpolate(values, position) for values in fine])
    Delta, Z = gap_and_renormalization(equations, z, convolved)
    Delta, Z = (jnp.where(omega < 0, jnp.conj(values), values) for values in (Delta, Z))
    end = fine[:, 2 * line.last, None]
    beyond = (
        lambda z: gap_and_renormalization(equations, z, end)[0],
        lambda z: jnp.broadcast_to(found.Delta[-1], z.shape),
    )
    cauchy, doubt = cauchy_test(
        line, found.Delta, equations.average, beyond=beyond, omega_n=tests[0], G_n=tests[1], there=tests[2]
    )
    return RealAxisGap(
        omega=omega,
        Delta=Delta,
        Z=Z,
        dos=equations.average.density_of_states(omega + 1j * broadening, Delta),
        broadening=points[1],
        continuation_error=jnp.where(prepared.usable, found.error, jnp.nan),
        sampling_error=jnp.where(prepared.usable, sampling_error(prepared, moved, found.Delta), jnp.nan),
        cauchy=cauchy,
        converged=found.converged & (found.error <= rtol) & (cauchy <= CAUCHY_TOLERANCE + doubt),
        n_steps=found.n_steps,
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
    )
