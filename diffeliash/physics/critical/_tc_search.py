r"""T_c as a compiled function: the search for the temperature at which the leading pairing eigenvalue is one."""

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
    can_be_solved,
    harmless_unless,
    in_range,
    mcmillan_tc,
    rescale_mu_star,
)
from ..matsubara import (
    AbstractFrequencySet,
    Ends,
    FoldedKernels,
    folded_kernels,
    leading_eigenpair,
    rough_eigenpair,
    without_static_bosons,
)
from ..numerics import all_finite, attach_root, in_chunks
from ._pairing_eigenvalue import pairing_eigenvalue

STRONG_COUPLING_LIMIT = 0.1827262477
r"""$k_BT_c / (\sqrt\lambda\,\omega_2)$ for $\lambda \to \infty$ and $\mu^* = 0$, an upper bound (arXiv:2409.02121)."""

ABOVE_BOUND = 1.1
"""The search starts this far above the bound, which holds for infinite sums: a cutoff raises T_c by a percent."""

LARGEST_SEARCH = 4096
"""Frequencies at which the downward search for an unstable normal state ends."""

SMALLEST_STEP = 1e-14
"""Change of ln T at which the search ends."""

MARGIN = 10.0
"""McMillan's formula, with a prefactor of 1.2 left out, is not off by this factor where it decides anything."""

MAX_STEPS = 100
"""Most evaluations of the eigenvalue; a bisection alone needs half of them."""


class TcInputs(eqx.Module):
    """What T_c depends on: a spectrum, mu* and the two cutoffs [meV]."""

    spectrum: AbstractMaterial
    mu_star: Float[Array, ""]
    omega_c: Float[Array, ""]
    matsubara_cutoff: Float[Array, ""]


NUMBERS = ("mu_star", "omega_c", "matsubara_cutoff")


def lowest_temperature(matsubara_cutoff: Any, n: int = LARGEST_SEARCH) -> Any:
    """The temperature [K] at which `n` frequencies fill the cutoff [meV]: `solve_tc` looks no lower."""
    return matsubara_cutoff / (2 * math.pi * BOLTZMANN * n)


def upper_bound(material: AbstractMaterial) -> Float[Array, ""]:
    """A temperature [K] above which no isotropic material with the moments of these bosons superconducts."""
    spectrum = material.channels[-1]
    moment = spectrum.integrate(2 * spectrum.a2f * spectrum.omega)
    return ABOVE_BOUND * STRONG_COUPLING_LIMIT * jnp.sqrt(jnp.maximum(moment, 0.0)) / BOLTZMANN


def _kernels(inputs: TcInputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> FoldedKernels:
    ends = Ends(T, inputs.omega_c, inputs.matsubara_cutoff)
    return folded_kernels(inputs.spectrum, points, ends, mu_star=inputs.mu_star)


def _search_kernels(inputs: TcInputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> FoldedKernels:
    return without_static_bosons(_kernels(inputs, points, T))


@eqx.filter_jit
def eigenvalue(inputs: TcInputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> Float[Array, ""]:
    """The leading pairing eigenvalue at a temperature [K], differentiable."""
    return pairing_eigenvalue(_kernels(inputs, points, T))


def _batch(function: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled function of (stacked grids, spectra, mu* and cutoffs), of a frequency set and its size."""

    def one(points, n, omega, a2f, *numbers):
        return function(TcInputs(Spectrum(omega, a2f), *numbers), points, n)

    @eqx.filter_jit
    def many(rows, points, n, *, chunk_size):
        return in_chunks(functools.partial(one, points, n), chunk_size)(*rows)

    return many


def _unstable(inputs: TcInputs, points: AbstractFrequencySet, n: int) -> Bool[Array, ""]:
    """Whether the normal state is unstable at the lowest temperature that `n` frequencies reach."""
    return rough_eigenpair(_search_kernels(inputs, points, lowest_temperature(inputs.matsubara_cutoff, n))).eta > 1


def _might_lie_lower(inputs: TcInputs) -> Bool[Array, ""]:
    r"""Whether T_c, where few frequencies find none, may be one that `LARGEST_SEARCH` of them would find.

    Judged by the exponential of McMillan's formula times $\sqrt\lambda\,\bar\omega_2$, which does not depend on
    bosons of low energy as $\omega_{\log}$ does, with a generous margin.
    """
    spectrum = inputs.spectrum.channels[-1]
    mu_star_ad = rescale_mu_star(inputs.mu_star, old_cutoff=inputs.omega_c, new_cutoff=spectrum.omega_max)
    energy = upper_bound(spectrum) / (ABOVE_BOUND * STRONG_COUPLING_LIMIT)
    estimate = energy * BOLTZMANN / spectrum.omega_log * mcmillan_tc(spectrum, mu_star_ad)
    return MARGIN * estimate > lowest_temperature(inputs.matsubara_cutoff)


def _critical_temperature(inputs: TcInputs, points: AbstractFrequencySet, n: int) -> Float[Array, ""]:
    numbers = (inputs.mu_star, inputs.omega_c, inputs.matsubara_cutoff)
    usable = all_finite(inputs) & can_be_solved(inputs.spectrum)
    usable &= in_range(inputs.omega_c, inputs.matsubara_cutoff, inputs.mu_star)
    spectrum, numbers = harmless_unless(usable, inputs.spectrum, numbers)
    safe = TcInputs(spectrum, *numbers)
    frozen = jax.lax.stop_gradient(safe)
    low = lowest_temperature(frozen.matsubara_cutoff, n)
    high = jnp.maximum(upper_bound(frozen.spectrum), 2 * low)
    search = _find_tc(lambda T: leading_eigenpair(_search_kernels(frozen, points, T), rtol=1e-14).eta, low, high)
    T_c = attach_root(_excess, _excess_slope, (safe, points, search.found), search.T_c)
    normal = jnp.where(_might_lie_lower(frozen), jnp.nan, 0.0) if n < LARGEST_SEARCH else 0.0
    return jnp.where(usable, jnp.where(search.unstable, jnp.where(search.found, T_c, jnp.nan), normal), jnp.nan)


critical_temperature = eqx.filter_jit(_critical_temperature)
critical_temperature_batch, unstable_batch = _batch(_critical_temperature), _batch(_unstable)


class _Outcome(eqx.Module):
    T_c: Float[Array, ""]
    unstable: Bool[Array, ""]
    found: Bool[Array, ""]


class _State(eqx.Module):
    """Logarithms of the temperatures around T_c, of the last two tried, and of their eigenvalues."""

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
    """Secant steps for ln eta over ln T, replaced by a bisection where one would leave the bracket.

    An eigenvalue that jumps across one, as it can with sharp cutoffs, is found where it jumps.
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
    # a stable normal state has nothing to search: the empty bracket ends the loop at once
    bracket_high = jnp.where(unstable, log_high, log_low)
    start = _State(log_low, bracket_high, log_low, y_low, log_high, y_high, jnp.array(0))
    end = jax.lax.while_loop(unfinished, refine, start)
    found = unstable & ((jnp.abs(end.y) < 1e-9) | (end.high - end.low <= SMALLEST_STEP))
    return _Outcome(jnp.exp(end.x), unstable, found)


Rooted = tuple[TcInputs, AbstractFrequencySet, Bool[Array, ""]]


def _excess(inputs: Rooted, T: Float[Array, ""]) -> Float[Array, ""]:
    safe, points, found = inputs
    return jnp.where(found, pairing_eigenvalue(_search_kernels(safe, points, T)) - 1, 0.0)


def _excess_slope(inputs: Rooted, T: Float[Array, ""]) -> Float[Array, ""]:
    _, slope = jax.jvp(lambda x: _excess(inputs, x), (T,), (jnp.ones(()),))
    return jnp.where(inputs[2], slope, -1.0)
