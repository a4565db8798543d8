"""The gap function of one material at one temperature on the imaginary axis."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from ..units import BOLTZMANN
from ._checks import check_cutoffs, check_mu_star, check_temperature, refuse, require_x64
from ._equations import (
    FoldedKernels,
    MatsubaraProblem,
    folded_kernels,
    gap_jacobian,
    gap_residual,
    matsubara_problem,
    pairing,
    renormalization,
)
from ._implicit import attach_root
from ._kernel import lambda_kernel
from ._linearized import rough_eigenpair
from ._matsubara import AbstractFrequencies, FullMatsubara, default_cutoffs, sharp_cutoff
from ._newton import Newton
from ._spectrum import Spectrum

RESIDUAL_TOLERANCE = 1e-9
"""A solution whose residual exceeds this part of the largest gap is reported as not converged."""

SMALLEST_GAP = 1e-7
"""A gap below this many k_B T is the trivial root of a superconductor: not converged."""


class GapSolution(eqx.Module):
    r"""Gap and renormalization at the positive fermionic Matsubara frequencies.

    Args:
        omega_n: Frequencies $(2n+1)\pi k_BT$ [meV], ascending.
        Delta: Gap function $\Delta(i\omega_n)$ [meV]; zero in the normal state. The gauge is $\Delta(i\omega_0) > 0$.
        Z: Renormalization function $Z(i\omega_n)$, dimensionless.
        converged: Whether the equations are solved, on the superconducting branch where there is one.
        superconducting: Whether the normal state is unstable: leading pairing eigenvalue above one.
        residual: Largest $|\Delta_n - \phi_n/Z_n|$ [meV].
        n_steps: Steps of the root finder.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential belonging to `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the sums [meV].
        spectrum: The spectral function it belongs to.
        frequencies: The frequency set it was solved on.
    """

    omega_n: Float[Array, " matsubara"]
    Delta: Float[Array, " matsubara"]
    Z: Float[Array, " matsubara"]
    converged: Bool[Array, ""]
    superconducting: Bool[Array, ""]
    residual: Float[Array, ""]
    n_steps: Int[Array, ""]
    T: Float[Array, ""]
    mu_star: Float[Array, ""]
    omega_c: Float[Array, ""]
    matsubara_cutoff: Float[Array, ""]
    spectrum: Spectrum
    frequencies: FullMatsubara

    def at(self, n: Int[ArrayLike, " index"] | int) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
        r"""$\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$ at any Matsubara index, negative or beyond the set too.

        The right-hand sides of the equations give both at every frequency from the values on the set.
        """
        index = jnp.asarray(n)
        index = jnp.where(index < 0, -index - 1, index)
        return jax.vmap(self._at_one)(index) if index.ndim else self._at_one(index)

    def _at_one(self, n: Int[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        kT, R = BOLTZMANN * self.T, jnp.hypot(self.omega_n, self.Delta)
        m = jnp.arange(self.omega_n.size)
        near = lambda_kernel(self.spectrum, 2 * jnp.pi * kT * (n - m).astype(jnp.float64))
        far = lambda_kernel(self.spectrum, 2 * jnp.pi * kT * (n + m + 1).astype(jnp.float64))
        weights = sharp_cutoff(self.omega_n, self.matsubara_cutoff)
        coulomb = self.mu_star * sharp_cutoff(self.omega_n, self.omega_c)
        omega_n = jnp.pi * kT * (2 * n + 1).astype(jnp.float64)
        Z = 1 + jnp.pi * kT / omega_n * jnp.sum(weights * self.omega_n / R * (near - far))
        phi = jnp.pi * kT * jnp.sum(weights * self.Delta / R * (near + far - 2 * coulomb))
        return phi / Z, Z


def solve_gap(
    spectrum: Spectrum,
    T: Any,
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: AbstractFrequencies = FullMatsubara(),
    solver: Newton = Newton(),
) -> GapSolution:
    r"""Solve the isotropic Migdal-Eliashberg equations on the imaginary axis.

    $$ Z_n = 1 + \frac{\pi k_BT}{\omega_n}\sum_{m} \frac{\omega_m}{R_m}\lambda(m-n), \quad
       Z_n\Delta_n = \pi k_BT\sum_{m} \frac{\Delta_m}{R_m}[\lambda(m-n) - \mu^*\theta(\omega_c - |\omega_m|)] $$

    Eqs. (6)-(8) of arXiv:2007.07512, both sums over $|\omega_m| \le$ `matsubara_cutoff`. Batch over materials
    with `jax.vmap`. The derivative with respect to the spectrum, `T` and `mu_star` follows the implicit
    function theorem. A normal-state answer is $\Delta = 0$ with `converged` true. A bad member of a batch, with an
    input that is not finite or a temperature that is not positive, gives $\Delta = 0$ with `converged` false and
    zero gradients.

    Args:
        spectrum: Spectral function of one material.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential $\mu^*$ that belongs to `omega_c`; used as it stands.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: Where to solve; its static size must be given if `T` or the cutoff is traced.
        solver: The root finder.

    Raises:
        InputError: A concrete value out of its range; all of them in one message.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The number of frequencies is not known or does not fit.
    """
    require_x64()
    omega_c, matsubara_cutoff = default_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff)
    complaints = check_temperature(T) + check_mu_star(mu_star)
    refuse(complaints + check_cutoffs(omega_c, matsubara_cutoff, spectrum.omega_max))
    frequencies = frequencies.resolve(T, matsubara_cutoff)
    numbers = tuple(jnp.asarray(x, dtype=jnp.float64) for x in (T, mu_star, omega_c, matsubara_cutoff))
    return _solve_gap(spectrum, numbers, frequencies, solver)


@eqx.filter_jit
def _solve_gap(
    spectrum: Spectrum, numbers: tuple[Float[Array, ""], ...], frequencies: FullMatsubara, solver: Newton
) -> GapSolution:
    T, mu_star, omega_c, matsubara_cutoff = numbers
    usable = _all_finite(spectrum, *numbers) & (T > 0)
    safe_spectrum, safe_T, safe_mu_star, safe_omega_c, safe_cutoff = _sanitize(usable, spectrum, *numbers)
    problem = matsubara_problem(
        safe_spectrum,
        safe_T,
        mu_star=safe_mu_star,
        omega_c=safe_omega_c,
        matsubara_cutoff=safe_cutoff,
        n=frequencies.size,
        cutoff=sharp_cutoff,
    )
    found = _find_gap(*jax.lax.stop_gradient((problem, _largest_gap(safe_spectrum, problem))), solver)
    Delta = attach_root(_masked_residual, _masked_jacobian, (problem, found.solved), found.Delta)
    kernels = folded_kernels(problem)
    Z = renormalization(problem, kernels, Delta)
    complete = matsubara_cutoff < (2 * frequencies.size + 1) * jnp.pi * BOLTZMANN * safe_T
    return GapSolution(
        omega_n=problem.omega_n,
        Delta=Delta,
        Z=Z,
        converged=usable & complete & (found.solved | ~found.superconducting),
        superconducting=found.superconducting,
        residual=jnp.max(jnp.abs(pairing(problem, kernels, Delta) / Z - Delta)),
        n_steps=found.n_steps,
        T=T,
        mu_star=mu_star,
        omega_c=omega_c,
        matsubara_cutoff=matsubara_cutoff,
        spectrum=spectrum,
        frequencies=frequencies,
    )


def _all_finite(*inputs: Any) -> Bool[Array, ""]:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(inputs)]))


def _sanitize(usable: Bool[Array, ""], spectrum: Spectrum, *numbers: Float[Array, ""]) -> tuple[Any, ...]:
    """Harmless inputs in place of unusable ones: a masked NaN result would still have a NaN gradient."""
    harmless = Spectrum(jnp.arange(1.0, spectrum.omega.size + 1), jnp.zeros(spectrum.omega.size))
    harmless_inputs = (harmless, *[jnp.ones(()) for _ in numbers])
    return jax.tree.map(lambda x, y: jnp.where(usable, x, y), (spectrum, *numbers), harmless_inputs)


def _largest_gap(spectrum: Spectrum, problem: MatsubaraProblem) -> Float[Array, ""]:
    r"""The strong-coupling scale of the gap, $\sqrt\lambda\,\omega_2$ [meV], at least $k_BT$."""
    moment = jnp.maximum(spectrum.integrate(2 * spectrum.a2f * spectrum.omega), 0.0)
    return jnp.maximum(jnp.sqrt(moment), problem.kT)


class _Found(eqx.Module):
    Delta: Float[Array, " matsubara"]
    solved: Bool[Array, ""]
    superconducting: Bool[Array, ""]
    n_steps: Int[Array, ""]


def _find_gap(problem: MatsubaraProblem, largest_gap: Float[Array, ""], solver: Newton) -> _Found:
    """The superconducting root if the normal state is unstable, else zero. Without derivatives."""
    kernels = folded_kernels(problem)
    pair = rough_eigenpair(problem, kernels)
    solution = optx.root_find(
        lambda Delta, args: gap_residual(args[0], args[1], Delta),
        solver,
        _start(problem, kernels, pair.y * problem.omega_n, largest_gap),
        args=(problem, kernels),
        options={"jacobian": lambda Delta, args: gap_jacobian(args[0], args[1], Delta)},
        max_steps=solver.max_steps,
        throw=False,
    )
    superconducting = pair.eta > 1
    solved = superconducting & _is_superconducting_root(problem, kernels, solution.value)
    Delta = jnp.where(superconducting & jnp.all(jnp.isfinite(solution.value)), solution.value, 0.0)
    return _Found(Delta, solved, superconducting, solution.stats["num_steps"])


def _start(
    problem: MatsubaraProblem,
    kernels: FoldedKernels,
    shape: Float[Array, " matsubara"],
    largest_gap: Float[Array, ""],
) -> Float[Array, " matsubara"]:
    """The leading eigenvector with the amplitude at which the residual along it changes sign, to a few percent.

    From there Newton takes 3 to 6 steps at any temperature; from a fixed large gap it needs one more for every
    factor of 1.5 that the gap has shrunk near T_c.
    """
    shape = shape / jnp.max(jnp.abs(shape))

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        above = jnp.sum(shape / problem.omega_n * gap_residual(problem, kernels, jnp.exp(middle) * shape)) > 0
        return jnp.where(above, middle, low), jnp.where(above, high, middle)

    bracket = jnp.log(SMALLEST_GAP * problem.kT), jnp.log(10 * largest_gap)
    low, _ = jax.lax.fori_loop(0, 10, halve, bracket)
    return jnp.exp(low) * shape


def _is_superconducting_root(
    problem: MatsubaraProblem, kernels: FoldedKernels, Delta: Float[Array, " matsubara"]
) -> Bool[Array, ""]:
    largest = jnp.max(jnp.abs(Delta))
    miss = jnp.max(jnp.abs(gap_residual(problem, kernels, Delta) / renormalization(problem, kernels, Delta)))
    return (Delta[0] > 0) & (largest > SMALLEST_GAP * problem.kT) & (miss <= RESIDUAL_TOLERANCE * largest)


Masked = tuple[MatsubaraProblem, Bool[Array, ""]]


def _masked_residual(inputs: Masked, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara"]:
    problem, solved = inputs
    return jnp.where(solved, gap_residual(problem, folded_kernels(problem), Delta), 0.0)


def _masked_jacobian(inputs: Masked, Delta: Float[Array, " matsubara"]) -> Float[Array, " matsubara matsubara"]:
    problem, solved = inputs
    return jnp.where(solved, gap_jacobian(problem, folded_kernels(problem), Delta), -jnp.eye(Delta.size))
