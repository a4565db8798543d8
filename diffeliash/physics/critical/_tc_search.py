r"""Compiled search for the temperature at which the leading pairing eigenvalue is one."""

import functools
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ...units import BOLTZMANN
from ..material import (
    AbstractMaterial,
    Spectrum,
    coupling_in_range,
    mcmillan_tc,
    parameters_in_range,
    replace_unusable,
    rescale_mu_star,
    strong_coupling_energy,
)
from ..matsubara import (
    AbstractFrequencySet,
    FoldedKernels,
    SumLimits,
    folded_kernels,
    leading_eigenpair,
    stability_eigenpair,
    with_reduced_thermal_term,
)
from ..numerics import all_finite, attach_root, in_chunks
from ._pairing_eigenvalue import pairing_eigenvalue

STRONG_COUPLING_LIMIT = 0.1827262477
r"""$k_BT_c / (\sqrt\lambda\,\bar\omega_2)$ for $\lambda \to \infty$ and $\mu^* = 0$, an upper bound
(arXiv:2409.02121)."""

ABOVE_BOUND = 1.1
"""Highest temperature of the search in units of the upper bound, which holds for infinite sums. A cutoff can raise T_c
above it by a percent."""

LARGEST_SEARCH = 4096
"""Largest number of frequencies, and with it the lowest temperature, of the search for an unstable normal state."""

SMALLEST_STEP = 1e-14
"""Change of ln T, or width of its bracket, at which the search ends."""

MARGIN = 10.0
"""Safety factor on the estimate of T_c from McMillan's formula that decides whether T_c may lie below the search."""

MAX_STEPS = 100
"""Largest number of evaluations of the eigenvalue; bisection alone would need half as many."""


class TcInputs(eqx.Module):
    """The quantities that T_c depends on: a material, mu* and the two cutoffs [meV]."""

    material: AbstractMaterial
    mu_star: Float[Array, ""]
    omega_c: Float[Array, ""]
    matsubara_cutoff: Float[Array, ""]


NUMBERS = ("mu_star", "omega_c", "matsubara_cutoff")


def lowest_temperature(matsubara_cutoff: Any, n: int = LARGEST_SEARCH) -> Any:
    """The lowest temperature [K] for sums over `n` frequencies, where these fill the range up to the cutoff [meV]."""
    return matsubara_cutoff / (2 * math.pi * BOLTZMANN * n)


def upper_bound(material: AbstractMaterial) -> Float[Array, ""]:
    """An upper bound of T_c [K] of an isotropic material, from a moment of its a2F, with a margin for the cutoffs."""
    return ABOVE_BOUND * STRONG_COUPLING_LIMIT * strong_coupling_energy(material) / BOLTZMANN


def _kernels(inputs: TcInputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> FoldedKernels:
    limits = SumLimits(T, inputs.omega_c, inputs.matsubara_cutoff)
    return folded_kernels(inputs.material, points, limits, mu_star=inputs.mu_star)


def _search_kernels(inputs: TcInputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> FoldedKernels:
    return with_reduced_thermal_term(_kernels(inputs, points, T))


@eqx.filter_jit
def eigenvalue(inputs: TcInputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> Float[Array, ""]:
    """The leading pairing eigenvalue at a temperature [K], as a differentiable compiled function."""
    return pairing_eigenvalue(_kernels(inputs, points, T))


def _batch(function: Callable[..., Any]) -> Callable[..., Any]:
    """Map a function of one material over many: of arrays with a material axis, a frequency set and its size."""

    def one(points, n, omega, a2f, *numbers):
        return function(TcInputs(Spectrum(omega, a2f), *numbers), points, n)

    @eqx.filter_jit
    def many(rows, points, n, *, chunk_size):
        return in_chunks(functools.partial(one, points, n), chunk_size)(*rows)

    return many


def _unstable(inputs: TcInputs, points: AbstractFrequencySet, n: int) -> Bool[Array, ""]:
    """Whether the normal state is unstable at the lowest temperature that `n` frequencies reach."""
    return stability_eigenpair(_search_kernels(inputs, points, lowest_temperature(inputs.matsubara_cutoff, n))).eta > 1


def _tc_may_lie_lower(inputs: TcInputs) -> Bool[Array, ""]:
    r"""Whether T_c may lie in the range of a search with `LARGEST_SEARCH` frequencies where one with fewer found none.

    The estimate of T_c is the exponential of McMillan's formula times $\sqrt\lambda\,\bar\omega_2$, which depends less
    on bosons of low energy than $\omega_{\log}$ does, times `MARGIN`.
    """
    spectrum = inputs.material.channels[-1]
    mu_star_ad = rescale_mu_star(inputs.mu_star, old_cutoff=inputs.omega_c, new_cutoff=spectrum.omega_max)
    estimate = strong_coupling_energy(inputs.material) / spectrum.omega_log * mcmillan_tc(spectrum, mu_star_ad)
    return MARGIN * estimate > lowest_temperature(inputs.matsubara_cutoff)


def _critical_temperature(inputs: TcInputs, points: AbstractFrequencySet, n: int) -> Float[Array, ""]:
    numbers = (inputs.mu_star, inputs.omega_c, inputs.matsubara_cutoff)
    usable = all_finite(inputs) & coupling_in_range(inputs.material)
    usable &= parameters_in_range(inputs.omega_c, inputs.matsubara_cutoff, inputs.mu_star)
    material, numbers = replace_unusable(usable, inputs.material, numbers)
    safe = TcInputs(material, *numbers)
    frozen = jax.lax.stop_gradient(safe)
    low = lowest_temperature(frozen.matsubara_cutoff, n)
    high = jnp.maximum(upper_bound(frozen.material), 2 * low)
    search = _find_tc(lambda T: leading_eigenpair(_search_kernels(frozen, points, T), rtol=1e-14).eta, low, high)
    T_c = attach_root(_eta_minus_one, _eta_slope, (safe, points, search.found), search.T_c)
    normal = jnp.where(_tc_may_lie_lower(frozen), jnp.nan, 0.0) if n < LARGEST_SEARCH else 0.0
    return jnp.where(usable, jnp.where(search.unstable, jnp.where(search.found, T_c, jnp.nan), normal), jnp.nan)


critical_temperature = eqx.filter_jit(_critical_temperature)
critical_temperature_batch, unstable_batch = _batch(_critical_temperature), _batch(_unstable)


class _Outcome(eqx.Module):
    T_c: Float[Array, ""]
    unstable: Bool[Array, ""]
    found: Bool[Array, ""]


class _State(eqx.Module):
    """Bracket of ln T_c, the last two values of x = ln T, and y = ln eta at them."""

    low: Float[Array, ""]
    high: Float[Array, ""]
    x: Float[Array, ""]
    y: Float[Array, ""]
    previous_x: Float[Array, ""]
    previous_y: Float[Array, ""]
    step: Int[Array, ""]


def _find_tc(
    eta: Callable[[Float[Array, ""]], Float[Array, ""]], low: Float[Array, ""], high: Float[Array, ""]
) -> _Outcome:
    """Find the root of ln eta as a function of ln T by secant steps, with bisection where one would leave the bracket.

    An eigenvalue that jumps across one, as it can with sharp cutoffs, has its root at the jump.
    """

    def log_eta(log_T: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.log(jnp.maximum(eta(jnp.exp(log_T)), 1e-6))

    def refine(state: _State) -> _State:
        slope = (state.y - state.previous_y) / (state.x - state.previous_x)
        guess = state.x - state.y / slope
        x = jnp.where((guess > state.low) & (guess < state.high), guess, (state.low + state.high) / 2)
        y = log_eta(x)
        low, high = jnp.where(y > 0, x, state.low), jnp.where(y > 0, state.high, x)
        return _State(low, high, x, y, state.x, state.y, state.step + 1)

    def unfinished(state: _State) -> Bool[Array, ""]:
        moving = (jnp.abs(state.x - state.previous_x) > SMALLEST_STEP) & (state.high - state.low > SMALLEST_STEP)
        return moving & (state.y != 0) & (state.step < MAX_STEPS)

    log_low, log_high = jnp.log(low), jnp.log(high)
    y_low, y_high = log_eta(log_low), log_eta(log_high)
    unstable = y_low > 0
    # for a stable normal state an empty bracket ends the loop at once
    bracket_high = jnp.where(unstable, log_high, log_low)
    start = _State(log_low, bracket_high, log_low, y_low, log_high, y_high, jnp.array(0))
    end = jax.lax.while_loop(unfinished, refine, start)
    found = unstable & ((jnp.abs(end.y) < 1e-9) | (end.high - end.low <= SMALLEST_STEP))
    return _Outcome(jnp.exp(end.x), unstable, found)


RootInputs = tuple[TcInputs, AbstractFrequencySet, Bool[Array, ""]]


def _eta_minus_one(inputs: RootInputs, T: Float[Array, ""]) -> Float[Array, ""]:
    safe, points, found = inputs
    return jnp.where(found, pairing_eigenvalue(_search_kernels(safe, points, T)) - 1, 0.0)


def _eta_slope(inputs: RootInputs, T: Float[Array, ""]) -> Float[Array, ""]:
    _, slope = jax.jvp(lambda x: _eta_minus_one(inputs, x), (T,), (jnp.ones(()),))
    return jnp.where(inputs[2], slope, -1.0)
