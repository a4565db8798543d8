"""The gap function of one material at one temperature on the imaginary axis."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from ..material import AbstractMaterial, as_float64, can_be_solved, check_coupling, harmless_unless, in_range
from ..numerics import Anderson, Newton, Solver, all_finite, attach_root, is_concrete, refuse, require_x64
from ._any_frequency import averages_everywhere, gap_at
from ._compression_error import frequency_error
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
    lifted_cutoff,
)
from ._frequency_set import AbstractFrequencySet, AbstractZSum, Ends, Probe, TruncatedSum, frequency_set
from ._gap_equations import FoldedKernels, folded_kernels, gap_jacobian, gap_residual, renormalization
from ._linearized_equations import rough_eigenpair, without_static_bosons

RESIDUAL_TOLERANCE = 1e-11
"""A residual below this part of the largest gap is always good enough, ten times the solver's tolerance also."""

SMALLEST_GAP = 1e-7
"""A gap below this many k_B T is the trivial root of a superconductor: not converged."""

HALVINGS = 7
"""Of the range of amplitudes, eight orders of magnitude: to 15 percent, and by interpolation to one."""

REFINEMENT = 1e-2
"""The tolerance of a compressed set is tightened by this factor where the estimated error is too large."""


class GapSolution(eqx.Module):
    r"""Gap and renormalization at the positive fermionic Matsubara frequencies.

    Args:
        omega_n: Frequencies $(2n+1)\pi k_BT$ [meV], ascending, the lowest one first: those of `frequencies`.
        Delta: Gap function $\Delta(i\omega_n)$ [meV]; zero in the normal state. The gauge is $\Delta(i\omega_0) > 0$.
        Z: Renormalization function $Z(i\omega_n)$, dimensionless.
        converged: Whether the equations are solved, on the superconducting branch where there is one.
        superconducting: Whether the normal state is unstable: leading pairing eigenvalue above one.
        residual: Largest $|\Delta_n - \phi_n/Z_n|$ [meV], the thermal term $\lambda_0$, which drops out, taken out of
            $\phi$ and $Z$.
        error: Estimated error, relative to the largest value, from solving at fewer frequencies than the sums run
            over; zero for the full set.
        n_steps: Steps of the root finder, those of Newton's method included where it had to take over.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential belonging to `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the sums [meV].
        spectrum: The material that it belongs to.
        frequencies: The frequency set it was solved on.
        cutoff: How the sums end.
        z_sum: How far the sum in $Z$ goes.
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
        r"""$\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$ at any Matsubara index, negative or beyond the set too.

        The right-hand sides of the equations give both at every frequency from the values on the set.

        Raises:
            RuntimeError: JAX is not in 64-bit mode.
        """
        require_x64()
        everywhere = averages_everywhere(self.frequencies, self.spectrum.average, self.omega_n, self.Delta)
        inputs = (self.spectrum, Ends(self.T, self.omega_c, self.matsubara_cutoff), self.mu_star)
        return gap_at(n, everywhere, inputs, cutoff=self.cutoff, z_sum=self.z_sum)


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

    Eqs. (6)-(8) of arXiv:2007.07512, both sums over $|\omega_m| \le$ `matsubara_cutoff`. Batch over materials
    with `jax.vmap`. The derivative with respect to the spectrum, `T` and `mu_star` follows the implicit
    function theorem. A normal-state answer is $\Delta = 0$ with `converged` true. A bad member of a batch, with an
    input that is not finite, a $\mu^*$ outside $[0, 1]$ or a temperature or cutoff that is not positive, gives
    $\Delta = 0$ with `converged` false and zero gradients.

    Args:
        spectrum: Spectral function of one material.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential $\mu^*$ that belongs to `omega_c`; used as it stands.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`, or, at a known
            temperature so high that no frequency lies below that, as much as takes eight of them.
        frequencies: Where to solve. `CompressedMatsubara()` reports an estimate of its error and, where all inputs are
            concrete, is refined until that is below its tolerance; `FullMatsubara()` is exact to rounding. The
            static size must be given if `T` or the cutoff is traced.
        solver: The root finder. What `Anderson` or `Broyden` leaves unsolved is solved by `Newton`.
        cutoff: How the sums end at their cutoffs.
        z_sum: Whether the sum in $Z$ ends at the cutoff too.

    Raises:
        InputError: A concrete value out of its range; all of them in one message.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The number of frequencies is not known or does not fit.
    """
    require_x64()
    refuse(check_coupling(spectrum))
    matsubara_cutoff = lifted_cutoff(T, spectrum.omega_max, matsubara_cutoff)
    omega_c, matsubara_cutoff = checked_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    frequencies = frequencies.resolve(T, matsubara_cutoff, spectrum.omega_max, cutoff)
    given = Ends(*(float(x) if is_concrete(x) else x for x in (T, omega_c, matsubara_cutoff)))
    ends, mu_star = jax.tree.map(lambda x: jnp.asarray(x, dtype=jnp.float64), (given, mu_star))

    def attempt(frequencies: AbstractFrequencies) -> Found:
        points, probe = frequency_set(frequencies, given, cutoff=cutoff, z_sum=z_sum)
        return _find_alone((spectrum, ends, mu_star), points, probe, solver)

    used, found = frequencies, attempt(frequencies)
    for finer in _ever_finer(frequencies):
        if not is_concrete(found.error) or float(found.error) <= tolerance(frequencies):
            break
        used, found = finer, attempt(finer)
    beyond = fermionic_frequencies(ends.T, jnp.arange(frequencies.size + 1.0))
    enough = cutoff(beyond, ends.matsubara_cutoff)[-1] == 0
    converged = found.converged & enough & (found.error <= tolerance(frequencies))
    found = dataclasses.replace(found, converged=converged)
    return as_solution(found, (spectrum, given, mu_star), used, cutoff=cutoff, z_sum=z_sum)


def tolerance(frequencies: AbstractFrequencies) -> float:
    """The largest acceptable error estimate."""
    return frequencies.rtol if isinstance(frequencies, CompressedMatsubara) else 0.0


def _ever_finer(frequencies: AbstractFrequencies) -> Iterator[AbstractFrequencies]:
    """The sets to try when the error of the one asked for turns out too large."""
    if not isinstance(frequencies, CompressedMatsubara):
        return
    rtol = frequencies.rtol * REFINEMENT
    while rtol >= SMALLEST_RTOL:
        yield CompressedMatsubara(rtol=rtol, n=frequencies.n, cutoff_ratio=frequencies.cutoff_ratio)
        rtol *= REFINEMENT
    if frequencies.size <= LARGEST_FULL_SET:
        yield FullMatsubara(frequencies.n)


class Found(eqx.Module):
    """What the compiled solve finds; the fields are those of `GapSolution`."""

    omega_n: Float[Array, " matsubara"]
    Delta: Float[Array, " matsubara"]
    Z: Float[Array, " matsubara"]
    converged: Bool[Array, ""]
    superconducting: Bool[Array, ""]
    residual: Float[Array, ""]
    error: Float[Array, ""]
    n_steps: Int[Array, ""]


Inputs = tuple[AbstractMaterial, Ends, Float[Array, ""]]


def as_solution(
    found: Found, inputs: Inputs, frequencies: AbstractFrequencies, *, cutoff: AbstractCutoff, z_sum: AbstractZSum
) -> GapSolution:
    """What was found, with what it was solved for."""
    spectrum, ends, mu_star = inputs
    return GapSolution(
        omega_n=found.omega_n,
        Delta=found.Delta,
        Z=found.Z,
        converged=found.converged,
        superconducting=found.superconducting,
        residual=found.residual,
        error=found.error,
        n_steps=found.n_steps,
        T=as_float64(ends.T),
        mu_star=mu_star,
        omega_c=as_float64(ends.omega_c),
        matsubara_cutoff=as_float64(ends.matsubara_cutoff),
        spectrum=spectrum,
        frequencies=frequencies,
        cutoff=cutoff,
        z_sum=z_sum,
    )


def find_gap(inputs: Inputs, points: AbstractFrequencySet, probe: Probe | None, solver: Solver) -> Found:
    """The gap function of one material on a frequency set; a bad or normal member of a batch harms no other."""
    T = jnp.asarray(inputs[1].T)
    usable = all_finite(inputs) & can_be_solved(inputs[0]) & (T > 0)
    usable &= in_range(inputs[1].omega_c, inputs[1].matsubara_cutoff, inputs[2])
    ends = eqx.tree_at(lambda e: e.T, inputs[1], jnp.where(T > 0, T, 1.0))
    material, (ends, mu_star) = harmless_unless(usable, inputs[0], (ends, inputs[2]))
    kernels = folded_kernels(material, points, ends, mu_star=mu_star)
    frozen = jax.lax.stop_gradient(kernels)
    pair = rough_eigenpair(without_static_bosons(frozen))
    superconducting = pair.eta > 1
    start = _start(frozen, pair.y * frozen.omega_n, jax.lax.stop_gradient(_largest_gap(material)))
    Delta, n_steps = _find_root(frozen, jnp.where(superconducting, start, 0.0), solver)
    solved = superconducting & _is_superconducting_root(frozen, Delta, solver)
    Delta = jnp.where(superconducting & jnp.all(jnp.isfinite(Delta)), Delta, 0.0)
    Delta = attach_root(_masked_residual, _masked_jacobian, (kernels, solved), Delta)
    return Found(
        omega_n=kernels.omega_n,
        Delta=Delta,
        Z=renormalization(kernels, Delta),
        converged=usable & (solved | ~superconducting),
        superconducting=superconducting,
        residual=jnp.max(jnp.abs(gap_residual(kernels, Delta))),
        error=frequency_error(probe, (material, ends, mu_star), kernels, Delta, eta=pair.eta),
        n_steps=n_steps,
    )


_find_alone = eqx.filter_jit(find_gap)


def _largest_gap(material: AbstractMaterial) -> Float[Array, ""]:
    r"""The strong-coupling scale of the gap, $\sqrt\lambda\,\omega_2$ [meV], of the bosons that pair."""
    spectrum = material.channels[-1]
    return jnp.sqrt(jnp.maximum(spectrum.integrate(2 * spectrum.a2f * spectrum.omega), 0.0))


def _start(
    kernels: FoldedKernels, shape: Float[Array, " matsubara"], largest_gap: Float[Array, ""]
) -> Float[Array, " matsubara"]:
    r"""The leading eigenvector with an amplitude that is right to a few percent.

    With $\Delta = a s$ the equations, summed with weights $p_n$, leave one for $a$, whose sums over the kernels are
    done beforehand: $\sum_n p_n(\phi_n - Z_n\Delta_n)$ changes sign between the trivial root and a large gap. From
    there Newton takes 3 to 5 steps at any temperature and Anderson's mixing 8 to 14; from a fixed large gap Newton
    needs one more for every factor of 1.5 that the gap has shrunk near T_c, and the other fails.
    """
    omega_n = kernels.omega_n
    shape = shape / jnp.max(jnp.abs(shape))
    p = shape / (omega_n * (omega_n + kernels.normal + kernels.thermal_in_residual))
    from_phi = p @ kernels.even
    from_Z = (p * shape / omega_n) @ kernels.odd
    normal = jnp.sum(p * shape * (1 + kernels.normal / omega_n))
    smallest = SMALLEST_GAP * omega_n[0]

    def excess(log_amplitude):
        amplitude = jnp.exp(log_amplitude)
        deficit, Y = kernels.average.averages(omega_n, amplitude * shape)
        return jnp.sum(from_phi * Y) / amplitude + jnp.sum(from_Z * deficit) - normal

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        above = excess(middle) > 0
        return jnp.where(above, middle, low), jnp.where(above, high, middle)

    bracket = jnp.log(smallest), jnp.log(10 * jnp.maximum(largest_gap, omega_n[0]))
    low, high = jax.lax.fori_loop(0, HALVINGS, halve, bracket)
    from_low, from_high = excess(low), excess(high)
    found = (from_low > 0) & (from_high < 0)
    part = jnp.where(found, from_low, 0.0) / jnp.where(found, from_low - from_high, 1.0)
    return jnp.exp(low + part * (high - low)) * shape


def _find_root(
    kernels: FoldedKernels, start: Float[Array, " matsubara"], solver: Solver
) -> tuple[Float[Array, " matsubara"], Int[Array, ""]]:
    """The superconducting root, or zero from a start at zero, and the number of steps.

    What a quasi-Newton method leaves unsolved (strong coupling within a percent of T_c, mostly) is handed to
    Newton's; where nothing is left, that costs nothing.
    """
    Delta, n_steps = _root_find(kernels, start, solver)
    if isinstance(solver, Newton):
        return Delta, n_steps
    skip = _is_superconducting_root(kernels, Delta, solver) | (start[0] == 0)
    rescued, n_more = _root_find(kernels, start, Newton(), skip=skip)
    return jnp.where(skip, Delta, rescued), n_steps + n_more


def _root_find(
    kernels: FoldedKernels, start: Float[Array, " matsubara"], solver: Solver, *, skip: Bool[ArrayLike, ""] = False
) -> tuple[Float[Array, " matsubara"], Int[Array, ""]]:
    """A root and the number of steps; of the two that differ in their sign the one with a positive gap."""
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
    miss = jnp.max(jnp.abs(gap_residual(kernels, Delta)))
    return (Delta[0] > 0) & (largest > SMALLEST_GAP * kernels.omega_n[0]) & (miss <= tolerance * largest)


Masked = tuple[FoldedKernels, Bool[Array, ""]]


def _masked_residual(inputs: Masked, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    kernels, solved = inputs
    return jnp.where(solved, gap_residual(kernels, Delta), 0.0)


def _masked_jacobian(inputs: Masked, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara matsubara"]:
    kernels, solved = inputs
    return jnp.where(solved, gap_jacobian(kernels, Delta), -jnp.eye(Delta.size))
