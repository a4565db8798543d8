"""Solution of the Migdal-Eliashberg equations for one material at one temperature on the imaginary axis."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from ..material import (
    AbstractMaterial,
    as_float64,
    check_coupling,
    coupling_in_range,
    parameters_in_range,
    replace_unusable,
    strong_coupling_energy,
)
from ..numerics import Anderson, Newton, Solver, all_finite, attach_root, is_concrete, refuse, require_x64
from ._any_frequency import averages_at_all_frequencies, gap_at
from ._compression_error import frequency_error
from ._folded_coupling import (
    AbstractFrequencySet,
    AbstractZSum,
    ErrorEstimator,
    GapProblem,
    SumLimits,
    TruncatedSum,
    frequency_set,
)
from ._frequencies import (
    LARGEST_FULL_SET,
    SMALLEST_RTOL,
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    FullMatsubara,
    SharpCutoff,
    checked_cutoffs,
    fermionic_frequencies,
    raised_cutoff,
)
from ._gap_equations import FoldedKernels, folded_kernels, gap_jacobian, gap_residual, renormalization
from ._linearized_equations import stability_eigenpair, with_reduced_thermal_term

RESIDUAL_TOLERANCE = 1e-11
"""Largest residual of a converged solution, in units of the largest gap. It is raised to ten times the tolerance of the
root finder where that is larger."""

SMALLEST_GAP = 1e-7
"""Smallest gap of a converged superconducting solution, in units of pi k_B T. A smaller one is the trivial root."""

N_BISECTIONS = 7
"""Number of bisections for the amplitude of the initial guess. They reduce an interval of eight orders of magnitude to
15 percent, and linear interpolation reduces the error to one percent."""

REFINEMENT = 1e-2
"""Factor by which the tolerance of a compressed set is reduced where the estimated error is too large."""


class GapSolution(eqx.Module):
    r"""Gap function and renormalization function at positive fermionic Matsubara frequencies; result of `solve_gap`.

    Args:
        omega_n: Frequencies $(2n+1)\pi k_BT$ of the solution [meV], ascending from the lowest one: all frequencies up
            to the cutoff, or the nodes of a compressed set. Shape `(matsubara,)`.
        Delta: Gap function $\Delta(i\omega_n)$ [meV], with the sign $\Delta(i\omega_0) > 0$; zero in the normal state.
            Shape `(matsubara,)`.
        Z: Renormalization function $Z(i\omega_n)$, dimensionless. Shape `(matsubara,)`.
        converged: Whether the equations are solved within the tolerances, with a nonzero gap if the normal state is
            unstable.
        superconducting: Whether the normal state is unstable, with a leading pairing eigenvalue larger than one.
        residual: Largest $|\Delta_n - \phi_n/Z_n|$ [meV], where $\phi_n$ and $Z_n$ do not contain the thermal term
            $\lambda_0$, which drops out, except as far as is necessary to keep $Z_n$ positive.
        error: Estimated error of $\Delta$ and $Z$ from the compression of the sums, relative to the largest value;
            zero without compression.
        n_steps: Number of steps of the root finder, including those of Newton's method where another one failed.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential that belongs to `omega_c`, dimensionless.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the sums [meV].
        spectrum: The material that was solved for.
        frequencies: The choice of frequencies that was used.
        cutoff: Whether the frequencies next to the cutoffs count as a whole or in part.
        z_sum: Whether the sum in $Z$ is truncated at the cutoff or infinite.
    """

    omega_n: Float[Array, " matsubara"]
    Delta: Float[Array, " matsubara"]
    Z: Float[Array, " matsubara"]
    converged: Bool[Array, ""]
    superconducting: Bool[Array, ""]
    residual: Float[Array, ""]
    error: Float[Array, ""]
    n_steps: Int[Array, ""]
    T: Float[Array | np.ndarray, ""]
    mu_star: Float[Array, ""]
    omega_c: Float[Array | np.ndarray, ""]
    matsubara_cutoff: Float[Array | np.ndarray, ""]
    spectrum: AbstractMaterial
    frequencies: AbstractFrequencies
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def at(self, n: Int[ArrayLike, " index"] | int) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
        r"""$\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$ at any Matsubara frequency, negative or above the cutoff too.

        The right-hand sides of the equations give both at every frequency from the values at those of the solution.

        Args:
            n: Index of the frequency $(2n+1)\pi k_BT$, or an array of them.

        Returns:
            $\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$, each of the shape of `n`.

        Raises:
            RuntimeError: JAX is not in 64-bit mode.
            ValueError: `n` is traced and the sum in $Z$ is infinite.
        """
        require_x64()
        everywhere = averages_at_all_frequencies(self.frequencies, self.spectrum.average, self.omega_n, self.Delta)
        problem = GapProblem(self.spectrum, SumLimits(self.T, self.omega_c, self.matsubara_cutoff), self.mu_star)
        return gap_at(n, everywhere, problem, cutoff=self.cutoff, z_sum=self.z_sum)


def solve_gap(
    spectrum: AbstractMaterial,
    T: Any,
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: AbstractFrequencies = CompressedMatsubara(),
    solver: Solver = Anderson(),
    cutoff: AbstractCutoff = SharpCutoff(),
    z_sum: AbstractZSum = TruncatedSum(),
) -> GapSolution:
    r"""Solve the isotropic Migdal-Eliashberg equations on the imaginary axis.

    $$ Z_n = 1 + \frac{\pi k_BT}{\omega_n}\sum_{m} \frac{\omega_m}{R_m}\lambda(m-n), \quad
       Z_n\Delta_n = \pi k_BT\sum_{m} \frac{\Delta_m}{R_m}[\lambda(m-n) - \mu^*\theta(\omega_c - |\omega_m|)] $$

    These are Eqs. (6)-(8) of arXiv:2007.07512 with $R_m = \sqrt{\omega_m^2 + \Delta_m^2}$. By default both sums run
    over $|\omega_m| \le$ `matsubara_cutoff`. Batch over materials with `jax.vmap`. The derivative with respect to the
    spectrum, `T` and `mu_star` follows the implicit function theorem. Where the normal state is stable, the result is
    $\Delta = 0$ with `converged` true. A member of a batch with an input that is not finite, a $\mu^*$ outside
    $[0, 1]$, or a temperature or cutoff that is not positive, gives $\Delta = 0$ with `converged` false and zero
    gradients.

    Args:
        spectrum: Spectral function of one material.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential $\mu^*$ that belongs to `omega_c`, dimensionless; it is not rescaled.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`, or, at a concrete
            temperature so high that no frequency lies below it, as high as needed for eight frequencies.
        frequencies: The frequencies at which to solve. `CompressedMatsubara()` estimates its error and, where all
            inputs are concrete, is refined until the estimate is below its tolerance; `FullMatsubara()` is exact to
            rounding. The number `n` must be given if `T` or `matsubara_cutoff` is traced.
        solver: The root finder. Where `Anderson` or `Broyden` does not converge, `Newton` is used.
        cutoff: Whether the frequencies next to the cutoffs count as a whole (`SharpCutoff`) or in part
            (`SplitCutoff`).
        z_sum: Whether the sum in $Z$ is truncated at the cutoff (`TruncatedSum`) or infinite (`InfiniteSum`).

    Returns:
        The solution, with a flag for convergence and an estimate of the error.

    Raises:
        InputError: A concrete value is out of its range; the message names all such values. Or there are too few or
            too many frequencies.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The number of frequencies is not given and `T` or `matsubara_cutoff` is traced.
    """
    require_x64()
    refuse(check_coupling(spectrum))
    matsubara_cutoff = raised_cutoff(T, spectrum.omega_max, matsubara_cutoff)
    omega_c, matsubara_cutoff = checked_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    frequencies = frequencies.resolve(T, matsubara_cutoff, spectrum.omega_max, cutoff)
    given = SumLimits(*(float(x) if is_concrete(x) else x for x in (T, omega_c, matsubara_cutoff)))
    limits, mu_star = jax.tree.map(lambda x: jnp.asarray(x, dtype=jnp.float64), (given, mu_star))

    def solve_on(frequencies: AbstractFrequencies) -> CompiledSolution:
        points, estimator = frequency_set(frequencies, given, cutoff=cutoff, z_sum=z_sum)
        return _find_gap_compiled(GapProblem(spectrum, limits, mu_star), points, estimator, solver)

    used, found = frequencies, solve_on(frequencies)
    for finer in _finer_frequencies(frequencies):
        if not is_concrete(found.error) or float(found.error) <= tolerance(frequencies):
            break
        used, found = finer, solve_on(finer)
    one_more = fermionic_frequencies(limits.T, jnp.arange(frequencies.size + 1.0))
    enough = cutoff(one_more, limits.matsubara_cutoff)[-1] == 0
    converged = found.converged & enough & (found.error <= tolerance(frequencies))
    found = dataclasses.replace(found, converged=converged)
    return as_solution(found, GapProblem(spectrum, given, mu_star), used, cutoff=cutoff, z_sum=z_sum)


def tolerance(frequencies: AbstractFrequencies) -> float:
    """The largest acceptable error estimate of a solution at given frequencies."""
    return frequencies.rtol if isinstance(frequencies, CompressedMatsubara) else 0.0


def _finer_frequencies(frequencies: AbstractFrequencies) -> Iterator[AbstractFrequencies]:
    """The choices of frequencies to try, in this order, where the error of the requested one is too large."""
    if not isinstance(frequencies, CompressedMatsubara):
        return
    rtol = frequencies.rtol * REFINEMENT
    while rtol >= SMALLEST_RTOL:
        yield CompressedMatsubara(rtol=rtol, n=frequencies.n, cutoff_ratio=frequencies.cutoff_ratio)
        rtol *= REFINEMENT
    if frequencies.size <= LARGEST_FULL_SET:
        yield FullMatsubara(frequencies.n)


class CompiledSolution(eqx.Module):
    """The result of the compiled function; the fields are those of `GapSolution`."""

    omega_n: Float[Array, " matsubara"]
    Delta: Float[Array, " matsubara"]
    Z: Float[Array, " matsubara"]
    converged: Bool[Array, ""]
    superconducting: Bool[Array, ""]
    residual: Float[Array, ""]
    error: Float[Array, ""]
    n_steps: Int[Array, ""]


def as_solution(
    found: CompiledSolution,
    problem: GapProblem,
    frequencies: AbstractFrequencies,
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> GapSolution:
    """Combine the result of the compiled function with the problem that it solves."""
    spectrum, limits, mu_star = problem
    return GapSolution(
        omega_n=found.omega_n,
        Delta=found.Delta,
        Z=found.Z,
        converged=found.converged,
        superconducting=found.superconducting,
        residual=found.residual,
        error=found.error,
        n_steps=found.n_steps,
        T=as_float64(limits.T),
        mu_star=mu_star,
        omega_c=as_float64(limits.omega_c),
        matsubara_cutoff=as_float64(limits.matsubara_cutoff),
        spectrum=spectrum,
        frequencies=frequencies,
        cutoff=cutoff,
        z_sum=z_sum,
    )


def find_gap(
    problem: GapProblem, points: AbstractFrequencySet, estimator: ErrorEstimator | None, solver: Solver
) -> CompiledSolution:
    """Solve the equations of one material on a frequency set.

    Unusable inputs are replaced, and the normal state has a zero gap, so that no member of a batch affects another.
    """
    T = jnp.asarray(problem.limits.T)
    usable = all_finite(problem) & coupling_in_range(problem.material) & (T > 0)
    usable &= parameters_in_range(problem.limits.omega_c, problem.limits.matsubara_cutoff, problem.mu_star)
    limits = eqx.tree_at(lambda limits: limits.T, problem.limits, jnp.where(T > 0, T, 1.0))
    material, (limits, mu_star) = replace_unusable(usable, problem.material, (limits, problem.mu_star))
    kernels = folded_kernels(material, points, limits, mu_star=mu_star)
    frozen = jax.lax.stop_gradient(kernels)
    pair = stability_eigenpair(with_reduced_thermal_term(frozen))
    superconducting = pair.eta > 1
    start = _initial_guess(frozen, pair.y * frozen.omega_n, jax.lax.stop_gradient(strong_coupling_energy(material)))
    Delta, n_steps = _find_root(frozen, jnp.where(superconducting, start, 0.0), solver)
    solved = superconducting & _is_superconducting_root(frozen, Delta, solver)
    Delta = jnp.where(superconducting & jnp.all(jnp.isfinite(Delta)), Delta, 0.0)
    Delta = attach_root(_masked_residual, _masked_jacobian, (kernels, solved), Delta)
    return CompiledSolution(
        omega_n=kernels.omega_n,
        Delta=Delta,
        Z=renormalization(kernels, Delta),
        converged=usable & (solved | ~superconducting),
        superconducting=superconducting,
        residual=jnp.max(jnp.abs(gap_residual(kernels, Delta))),
        error=frequency_error(estimator, GapProblem(material, limits, mu_star), kernels, Delta, eta=pair.eta),
        n_steps=n_steps,
    )


_find_gap_compiled = eqx.filter_jit(find_gap)


def _initial_guess(
    kernels: FoldedKernels, shape: Float[Array, " matsubara"], largest_gap: Float[Array, ""]
) -> Float[Array, " matsubara"]:
    r"""The leading eigenvector, with an amplitude from a projection of the equations that is good to a few percent.

    For $\Delta = a s$, with the eigenvector as the shape $s$, the equations summed with weights $p_n$ are one equation
    for the amplitude $a$: $\sum_n p_n(\phi_n - Z_n\Delta_n)$ changes sign between the trivial root and a large gap.
    From this guess the number of steps hardly depends on the temperature (docs/theory.md). From a fixed large gap
    Newton's method needs one more for every factor of 1.5 by which the gap is smaller near $T_c$, and Anderson mixing
    fails.
    """
    omega_n = kernels.omega_n
    shape = shape / jnp.max(jnp.abs(shape))
    p = shape / (omega_n * (omega_n + kernels.normal + kernels.thermal_in_residual))
    from_phi = p @ kernels.even
    from_Z = (p * shape / omega_n) @ kernels.odd
    normal = jnp.sum(p * shape * (1 + kernels.normal / omega_n))
    smallest = SMALLEST_GAP * omega_n[0]

    def projected_residual(log_amplitude):
        amplitude = jnp.exp(log_amplitude)
        one_minus_G, Delta_over_R = kernels.average.averages(omega_n, amplitude * shape)
        return jnp.sum(from_phi * Delta_over_R) / amplitude + jnp.sum(from_Z * one_minus_G) - normal

    def bisect(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        root_above = projected_residual(middle) > 0
        return jnp.where(root_above, middle, low), jnp.where(root_above, high, middle)

    bracket = jnp.log(smallest), jnp.log(10 * jnp.maximum(largest_gap, omega_n[0]))
    low, high = jax.lax.fori_loop(0, N_BISECTIONS, bisect, bracket)
    at_low, at_high = projected_residual(low), projected_residual(high)
    found = (at_low > 0) & (at_high < 0)
    part = jnp.where(found, at_low, 0.0) / jnp.where(found, at_low - at_high, 1.0)
    return jnp.exp(low + part * (high - low)) * shape


def _find_root(
    kernels: FoldedKernels, start: Float[Array, " matsubara"], solver: Solver
) -> tuple[Float[Array, " matsubara"], Int[Array, ""]]:
    """The superconducting solution, or zero if the initial guess is zero, and the number of steps.

    Where a quasi-Newton method does not converge (mostly for strong coupling within a percent of T_c), Newton's method
    starts again from the initial guess; elsewhere it takes no step.
    """
    Delta, n_steps = _root_find(kernels, start, solver)
    if isinstance(solver, Newton):
        return Delta, n_steps
    skip = _is_superconducting_root(kernels, Delta, solver) | (start[0] == 0)
    by_newton, n_more = _root_find(kernels, start, Newton(), skip=skip)
    return jnp.where(skip, Delta, by_newton), n_steps + n_more


def _root_find(
    kernels: FoldedKernels, start: Float[Array, " matsubara"], solver: Solver, *, skip: Bool[ArrayLike, ""] = False
) -> tuple[Float[Array, " matsubara"], Int[Array, ""]]:
    """A root and the number of steps; of the two roots of opposite sign the one with a positive gap is returned."""
    solution = optx.root_find(
        lambda Delta, args: gap_residual(args, Delta),
        solver,
        start,
        args=kernels,
        options={"jacobian": lambda Delta, args: gap_jacobian(args, Delta), "skip": skip},
        max_steps=solver.max_steps,
        throw=False,
    )
    Delta = solution.value
    return jnp.where(Delta[0] < 0, -Delta, Delta), solution.stats["num_steps"]


def _is_superconducting_root(
    kernels: FoldedKernels, Delta: Float[Array, " matsubara"], solver: Solver
) -> Bool[Array, ""]:
    tolerance = jnp.maximum(RESIDUAL_TOLERANCE, 10 * solver.rtol)
    largest = jnp.max(jnp.abs(Delta))
    residual = jnp.max(jnp.abs(gap_residual(kernels, Delta)))
    return (Delta[0] > 0) & (largest > SMALLEST_GAP * kernels.omega_n[0]) & (residual <= tolerance * largest)


Masked = tuple[FoldedKernels, Bool[Array, ""]]


def _masked_residual(inputs: Masked, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    kernels, solved = inputs
    return jnp.where(solved, gap_residual(kernels, Delta), 0.0)


def _masked_jacobian(inputs: Masked, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara matsubara"]:
    kernels, solved = inputs
    return jnp.where(solved, gap_jacobian(kernels, Delta), -jnp.eye(Delta.size))
