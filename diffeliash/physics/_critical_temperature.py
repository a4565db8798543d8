r"""The critical temperature: where the leading pairing eigenvalue crosses one."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._errors import InputError
from ..units import BOLTZMANN
from ._checks import check_cutoffs, check_mu_star, is_concrete, refuse, require_x64
from ._equations import FoldedKernels, folded_kernels
from ._frequency_set import AbstractFrequencySet, AbstractZSum, Ends, TruncatedSum, frequency_set
from ._implicit import attach_root
from ._linearized import leading_eigenpair, pairing_eigenvalue, rough_eigenpair
from ._matsubara import (
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    SplitCutoff,
    count_frequencies,
    default_cutoffs,
)
from ._sanitize import all_finite, harmless_unless
from ._spectrum import Spectrum

STRONG_COUPLING_LIMIT = 0.1827262477
r"""$k_BT_c / (\sqrt\lambda\,\omega_2)$ for $\lambda \to \infty$ and $\mu^* = 0$, an upper bound (arXiv:2409.02121)."""

ABOVE_BOUND = 1.1
"""The search starts this far above the bound, which holds for infinite sums: a cutoff raises T_c by a percent."""

LARGEST_SEARCH = 4096
"""Frequencies at which the downward search for an unstable normal state ends."""

WORST_REACH = 0.02
"""The search must reach down to k_B T of this many omega_2, T_c for a coupling constant of 0.4, or it is refused."""

SLACK = 1e-4
"""The last search goes at least this far (relative) below the critical temperature of the one before."""


SMALLEST_STEP = 1e-14
"""Change of ln T at which the search ends."""

MAX_STEPS = 100
"""Most evaluations of the eigenvalue; a bisection alone needs half of them."""


class _Inputs(eqx.Module):
    spectrum: Spectrum
    mu_star: Float[Array, ""]
    omega_c: Float[Array, ""]
    matsubara_cutoff: Float[Array, ""]


def solve_tc(
    spectrum: Spectrum,
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: AbstractFrequencies = CompressedMatsubara(),
    cutoff: AbstractCutoff = SplitCutoff(),
    z_sum: AbstractZSum = TruncatedSum(),
) -> Float[Array, ""]:
    r"""Critical temperature from $\eta(T_c) = 1$ of the linearized Migdal-Eliashberg equations.

    Differentiable to any order with respect to the spectrum, `mu_star` and the cutoffs. The cutoffs are energies, and
    by default the frequency that a cutoff splits counts in part (`SplitCutoff`), so that $\eta(T)$ and $T_c$ are
    continuous. `solve_gap` counts whole frequencies by default (`SharpCutoff`), and its gap then closes up to 1e-3
    away from this temperature; with the same `cutoff` in both the two agree.

    Args:
        spectrum: Spectral function of one material.
        mu_star: Coulomb pseudopotential $\mu^*$ that belongs to `omega_c`; used as it stands.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: Where to solve. Its `n` fixes the longest sum and with it the lowest temperature looked at,
            `matsubara_cutoff / (2 pi k_B n)`; it is needed if the inputs are traced. Otherwise `n` grows to 4096,
            and the search is repeated on a set fitted to the temperature that was found. A compressed set is good to
            1e-7 then; with a given `n` several times too large, to 1e-6.
        cutoff: How the sums end at their cutoffs.
        z_sum: Whether the sum in $Z$ ends at the cutoff too.

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
    numbers = (jnp.asarray(x, dtype=jnp.float64) for x in (mu_star, omega_c, matsubara_cutoff))
    search = _Search(_Inputs(spectrum, *numbers), frequencies, cutoff, z_sum)
    if frequencies.n is not None:
        return search.critical_temperature(frequencies.n)
    if not is_concrete(*jax.tree.leaves(search.inputs)):
        name = type(frequencies).__name__
        raise ValueError(f"inputs are traced here: give the largest set, as in frequencies={name}(n=512).")
    n = search.size_that_reaches_tc()
    T_c = search.critical_temperature(n)
    if not (isinstance(frequencies, CompressedMatsubara) and T_c > 0):
        return T_c
    fitting = _fitting_size(float(matsubara_cutoff) / (2 * math.pi * BOLTZMANN * float(T_c)))
    return search.critical_temperature(fitting) if fitting < n else T_c


def _fitting_size(needed: float) -> int:
    """The next larger of the sizes 4, 5, 6, 7 times a power of two: few, so that few programs are compiled."""
    octave = 2 ** max(0, math.floor(math.log2(needed)) - 2)
    return octave * (math.floor(needed * (1 + SLACK) / octave) + 1)


def lowest_temperature(matsubara_cutoff: Any, n: int = LARGEST_SEARCH) -> Any:
    """The temperature [K] at which `n` frequencies fill the cutoff [meV]: `solve_tc` looks no lower."""
    return matsubara_cutoff / (2 * math.pi * BOLTZMANN * n)


def _upper_bound(spectrum: Spectrum) -> Float[Array, ""]:
    moment = spectrum.integrate(2 * spectrum.a2f * spectrum.omega)
    return ABOVE_BOUND * STRONG_COUPLING_LIMIT * jnp.sqrt(jnp.maximum(moment, 0.0)) / BOLTZMANN


class _Search(eqx.Module):
    """One search for T_c, on sets of any size."""

    inputs: _Inputs
    frequencies: AbstractFrequencies
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def points(self, n: int) -> AbstractFrequencySet:
        """The set of a given size, for temperatures that are not known yet."""
        sized = self.frequencies.with_size(n, needed=n, cutoff_ratio=1)
        return frequency_set(sized, None, cutoff=self.cutoff, z_sum=self.z_sum)[0]

    def critical_temperature(self, n: int) -> Float[Array, ""]:
        """T_c from sums over at most `n` frequencies."""
        return _solve_tc(self.inputs, self.points(n), n)

    def size_that_reaches_tc(self) -> int:
        """The smallest power of two whose lowest temperature lies below T_c; the largest one if none does."""
        inputs = self.inputs
        top = float(_upper_bound(inputs.spectrum))
        n = 32
        if not top > 0:
            return n
        while n < LARGEST_SEARCH and n < 2 * count_frequencies(top, float(inputs.matsubara_cutoff)):
            n *= 2
        while not bool(_unstable(inputs, self.points(n), lowest_temperature(inputs.matsubara_cutoff, n))):
            if n >= LARGEST_SEARCH:
                _refuse_short_reach(inputs)
                break
            n *= 2
        return n


def _refuse_short_reach(inputs: _Inputs) -> None:
    """A search that found nothing but did not go down far enough is no answer."""
    lowest, omega_2 = float(lowest_temperature(inputs.matsubara_cutoff)), float(inputs.spectrum.omega_2)
    if BOLTZMANN * lowest > WORST_REACH * omega_2:
        raise InputError(
            f"with `matsubara_cutoff` {float(inputs.matsubara_cutoff):g} meV the search for T_c ended at "
            f"{lowest:.3g} K already, too high for a spectrum with omega_2 = {omega_2:.3g} meV: lower the cutoff."
        )


def _kernels(inputs: _Inputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> FoldedKernels:
    ends = Ends(T, inputs.omega_c, inputs.matsubara_cutoff)
    return folded_kernels(inputs.spectrum, points, ends, mu_star=inputs.mu_star)


@eqx.filter_jit
def _unstable(inputs: _Inputs, points: AbstractFrequencySet, T: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether the normal state is unstable."""
    return rough_eigenpair(_kernels(inputs, points, T)).eta > 1


@eqx.filter_jit
def _solve_tc(inputs: _Inputs, points: AbstractFrequencySet, n: int) -> Float[Array, ""]:
    finite = all_finite(inputs)
    numbers = (inputs.mu_star, inputs.omega_c, inputs.matsubara_cutoff)
    spectrum, numbers = harmless_unless(finite, inputs.spectrum, numbers)
    safe = _Inputs(spectrum, *numbers)
    frozen = jax.lax.stop_gradient(safe)
    low = lowest_temperature(frozen.matsubara_cutoff, n)
    high = jnp.maximum(_upper_bound(frozen.spectrum), 2 * low)
    search = _find_tc(lambda T: leading_eigenpair(_kernels(frozen, points, T), rtol=1e-14).eta, low, high)
    T_c = attach_root(_excess, _excess_slope, (safe, points, search.found), search.T_c)
    return jnp.where(finite, jnp.where(search.unstable, jnp.where(search.found, T_c, jnp.nan), 0.0), jnp.nan)


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


Rooted = tuple[_Inputs, AbstractFrequencySet, Bool[Array, ""]]


def _excess(inputs: Rooted, T: Float[Array, ""]) -> Float[Array, ""]:
    safe, points, found = inputs
    return jnp.where(found, pairing_eigenvalue(_kernels(safe, points, T)) - 1, 0.0)


def _excess_slope(inputs: Rooted, T: Float[Array, ""]) -> Float[Array, ""]:
    _, slope = jax.jvp(lambda x: _excess(inputs, x), (T,), (jnp.ones(()),))
    return jnp.where(inputs[2], slope, -1.0)
