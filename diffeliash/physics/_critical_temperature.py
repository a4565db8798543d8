r"""The critical temperature: where the leading pairing eigenvalue crosses one."""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._errors import InputError
from ..units import BOLTZMANN
from ._checks import check_cutoffs, check_mu_star, is_concrete, refuse, require_x64
from ._equations import MatsubaraProblem, folded_kernels, matsubara_problem
from ._implicit import attach_root
from ._linearized import pairing_eigenvalue, rough_eigenpair
from ._matsubara import FullMatsubara, count_frequencies, default_cutoffs, split_cutoff
from ._spectrum import Spectrum

STRONG_COUPLING_LIMIT = 0.1827262477
r"""$k_BT_c / (\sqrt\lambda\,\omega_2)$ for $\lambda \to \infty$ and $\mu^* = 0$, an upper bound (arXiv:2409.02121)."""

ABOVE_BOUND = 1.1
"""The search starts this far above the bound, which holds for infinite sums: a cutoff raises T_c by a percent."""

LARGEST_SEARCH = 4096
"""Frequencies at which the downward search for an unstable normal state ends."""

WORST_REACH = 0.02
"""The search must reach down to k_B T of this many omega_2, T_c for a coupling constant of 0.4, or it is refused."""

Inputs = tuple[Spectrum, Float[Array, ""], Float[Array, ""], Float[Array, ""]]


def solve_tc(
    spectrum: Spectrum,
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: FullMatsubara = FullMatsubara(),
) -> Float[Array, ""]:
    r"""Critical temperature from $\eta(T_c) = 1$ of the linearized Migdal-Eliashberg equations.

    The cutoffs are energies, and the frequency that a cutoff splits counts in part, so that $\eta(T)$ does not
    jump where the number of frequencies changes; `solve_gap` counts whole frequencies, and its gap closes up to
    1e-3 away from this temperature. Differentiable with respect to the spectrum and `mu_star`.

    Args:
        spectrum: Spectral function of one material.
        mu_star: Coulomb pseudopotential $\mu^*$ that belongs to `omega_c`; used as it stands.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: `FullMatsubara(n=...)` fixes the largest set and with it the lowest temperature looked at,
            `matsubara_cutoff / (2 pi k_B n)`; needed if the inputs are traced. Otherwise `n` grows to 4096.

    Returns:
        $T_c$ [K]; 0 if the normal state is stable down to `lowest_temperature(matsubara_cutoff, n)`, NaN if an input
        is not finite or the search failed.

    Raises:
        InputError: A concrete value out of its range, or a cutoff too high to search down to low temperatures.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The inputs are traced and no `n` is given.
    """
    require_x64()
    omega_c, matsubara_cutoff = default_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff)
    refuse(check_mu_star(mu_star) + check_cutoffs(omega_c, matsubara_cutoff, spectrum.omega_max))
    mu_star, omega_c, matsubara_cutoff = (
        jnp.asarray(x, dtype=jnp.float64) for x in (mu_star, omega_c, matsubara_cutoff)
    )
    inputs = (spectrum, mu_star, omega_c, matsubara_cutoff)
    n = frequencies.n
    if n is None:
        if not is_concrete(*jax.tree.leaves(inputs)):
            raise ValueError("inputs are traced here: give the largest set, as in frequencies=FullMatsubara(n=512).")
        n = _size_that_reaches_tc(inputs)
    return _solve_tc(inputs, n)


def _upper_bound(spectrum: Spectrum) -> Float[Array, ""]:
    moment = spectrum.integrate(2 * spectrum.a2f * spectrum.omega)
    return ABOVE_BOUND * STRONG_COUPLING_LIMIT * jnp.sqrt(jnp.maximum(moment, 0.0)) / BOLTZMANN


def lowest_temperature(matsubara_cutoff: Any, n: int = LARGEST_SEARCH) -> Any:
    """The temperature [K] at which `n` frequencies fill the cutoff [meV]: `solve_tc` looks no lower."""
    return matsubara_cutoff / (2 * math.pi * BOLTZMANN * n)


def _size_that_reaches_tc(inputs: Inputs) -> int:
    """The smallest power of two whose lowest temperature lies below T_c; the largest one if none does."""
    top = float(_upper_bound(inputs[0]))
    n = 32
    if not top > 0:
        return n
    while n < LARGEST_SEARCH and n < 2 * count_frequencies(top, float(inputs[3])):
        n *= 2
    while not bool(_unstable(inputs, lowest_temperature(inputs[3], n), n)):
        if n >= LARGEST_SEARCH:
            _refuse_short_reach(inputs)
            break
        n *= 2
    return n


def _refuse_short_reach(inputs: Inputs) -> None:
    """A search that found nothing but did not go down far enough is no answer."""
    lowest, omega_2 = float(lowest_temperature(inputs[3])), float(inputs[0].omega_2)
    if BOLTZMANN * lowest > WORST_REACH * omega_2:
        raise InputError(
            f"with `matsubara_cutoff` {float(inputs[3]):g} meV the search for T_c ended at {lowest:.3g} K already, "
            f"too high for a spectrum with omega_2 = {omega_2:.3g} meV: lower the cutoff."
        )


def _problem(inputs: Inputs, T: Float[Array, ""], n: int) -> MatsubaraProblem:
    spectrum, mu_star, omega_c, matsubara_cutoff = inputs
    cutoffs = {"omega_c": omega_c, "matsubara_cutoff": matsubara_cutoff}
    return matsubara_problem(spectrum, T, mu_star=mu_star, **cutoffs, n=n, cutoff=split_cutoff)


def _eta(inputs: Inputs, T: Float[Array, ""], n: int) -> Float[Array, ""]:
    return pairing_eigenvalue(_problem(inputs, T, n))


@eqx.filter_jit
def _unstable(inputs: Inputs, T: Float[Array, ""], n: int) -> Bool[Array, ""]:
    """Whether the normal state is unstable."""
    problem = _problem(inputs, T, n)
    return rough_eigenpair(problem, folded_kernels(problem)).eta > 1


@eqx.filter_jit
def _solve_tc(inputs: Inputs, n: int) -> Float[Array, ""]:
    finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(inputs)]))
    safe = jax.tree.map(lambda x: jnp.where(finite, x, jnp.arange(1.0, x.size + 1).reshape(x.shape)), inputs)
    frozen = jax.lax.stop_gradient(safe)
    low = lowest_temperature(frozen[3], n)
    high = jnp.maximum(_upper_bound(frozen[0]), 2 * low)
    superconducting = _unstable(frozen, low, n)
    T_c = _find_tc(frozen, low, jnp.where(superconducting, high, low), n)
    solved = superconducting & (jnp.abs(_eta(frozen, T_c, n) - 1) < 1e-9)
    T_c = attach_root(_TcResidual(n), _TcSlope(n), (safe, solved), T_c)
    return jnp.where(finite, jnp.where(superconducting, jnp.where(solved, T_c, jnp.nan), 0.0), jnp.nan)


class _Search(eqx.Module):
    low: Float[Array, ""]
    high: Float[Array, ""]
    log_T: Float[Array, ""]
    change: Float[Array, ""]
    step: Int[Array, ""]


def _find_tc(inputs: Inputs, low: Float[Array, ""], high: Float[Array, ""], n: int) -> Float[Array, ""]:
    """Newton in ln T, replaced by bisection where it would leave the bracket; eta falls with T.

    An empty bracket, of a spectrum that does not superconduct, is given back at once.
    """

    def refine(search: _Search) -> _Search:
        x = search.log_T
        eta, slope = jax.jvp(lambda log_T: _eta(inputs, jnp.exp(log_T), n), (x,), (jnp.ones(()),))
        low = jnp.where(eta > 1, x, search.low)
        high = jnp.where(eta > 1, search.high, x)
        newton = x - (eta - 1) / slope
        next_x = jnp.where((newton > low) & (newton < high), newton, (low + high) / 2)
        return _Search(low, high, next_x, jnp.abs(next_x - x), search.step + 1)

    def unfinished(search: _Search) -> Bool[Array, ""]:
        return (search.change > 1e-13) & (search.high > search.low) & (search.step < 60)

    log_low, log_high = jnp.log(low), jnp.log(high)
    start = _Search(log_low, log_high, (log_low + log_high) / 2, jnp.array(jnp.inf), jnp.array(0))
    return jnp.exp(jax.lax.while_loop(unfinished, refine, start).log_T)


@dataclasses.dataclass(frozen=True)
class _TcResidual:
    n: int

    def __call__(self, inputs: tuple[Inputs, Bool[Array, ""]], T: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.where(inputs[1], _eta(inputs[0], T, self.n) - 1, 0.0)


@dataclasses.dataclass(frozen=True)
class _TcSlope:
    n: int

    def __call__(self, inputs: tuple[Inputs, Bool[Array, ""]], T: Float[Array, ""]) -> Float[Array, ""]:
        _, slope = jax.jvp(lambda x: _eta(inputs[0], x, self.n), (T,), (jnp.ones(()),))
        return jnp.where(inputs[1], slope, -1.0)
