r"""The critical temperature: where the leading pairing eigenvalue crosses one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._errors import InputError
from ...units import BOLTZMANN
from ..material import AbstractMaterial, Spectrum, check_coupling, check_sequence, per_material, stack_spectra
from ..matsubara import (
    AbstractCutoff,
    AbstractFrequencies,
    AbstractFrequencySet,
    AbstractZSum,
    CompressedMatsubara,
    SplitCutoff,
    TruncatedSum,
    checked_cutoffs,
    count_frequencies,
    frequency_set,
)
from ..numerics import default_chunk_size, fitting_size, is_concrete, map_materials, refuse, require_x64
from ._tc_search import (
    LARGEST_SEARCH,
    NUMBERS,
    TcInputs,
    critical_temperature,
    critical_temperature_batch,
    eigenvalue,
    lowest_temperature,
    unstable_batch,
    upper_bound,
)

WORST_REACH = 0.02
"""The search must reach down to k_B T of this many omega_2, T_c for a coupling constant of 0.4, or it is refused."""

SLACK = 1e-4
"""The last search goes at least this far (relative) below the critical temperature of the one before."""


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
        $T_c$ [K]; 0 if the normal state is stable down to `lowest_temperature(matsubara_cutoff)`, which takes 4096
        frequencies. NaN if there is none above what the given `n` reaches and McMillan's formula does not rule out
        one below, if an input is not finite or out of its range, or if the search failed.

    Raises:
        InputError: A concrete value out of its range, or a cutoff too high to search down to low temperatures.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The inputs are traced and no `n` is given.
    """
    require_x64()
    if frequencies.n is None and is_concrete(*jax.tree.leaves((spectrum, mu_star, omega_c, matsubara_cutoff))):
        found = solve_tc_many(
            [spectrum], mu_star=mu_star, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff,
            frequencies=frequencies, cutoff=cutoff, z_sum=z_sum,
        )  # fmt: skip
        return jnp.asarray(found[0])
    if frequencies.n is None:
        name = type(frequencies).__name__
        raise ValueError(
            f"inputs are traced here: give the largest set, as in frequencies={name}(n={LARGEST_SEARCH}). Fewer are "
            "faster, and give NaN where T_c is lower than they reach, matsubara_cutoff / (2 pi k_B n)."
        )
    inputs = _checked_inputs(spectrum, mu_star, omega_c, matsubara_cutoff)
    search = _Search(frequencies, cutoff, z_sum)
    return critical_temperature(inputs, search.points(frequencies.n), frequencies.n)


def solve_tc_many(
    spectra: Sequence[Spectrum],
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: AbstractFrequencies = CompressedMatsubara(),
    cutoff: AbstractCutoff = SplitCutoff(),
    z_sum: AbstractZSum = TruncatedSum(),
    progress: Callable[[int], object] = lambda done: None,
) -> Float[np.ndarray, " material"]:
    """Critical temperatures of any number of materials, on different grids too, in a few batched calls.

    The same numbers as from `solve_tc` for each. Not to be traced or differentiated; for that batch `solve_tc` with
    `jax.vmap`.

    Args:
        spectra: Spectral functions.
        mu_star: Coulomb pseudopotential, one for all or one for each material; the two cutoffs likewise.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the sums [meV].
        frequencies: As in `solve_tc`.
        cutoff: As in `solve_tc`.
        z_sum: As in `solve_tc`.
        progress: Called after every batch of a search, with the number of materials that are done; one whose $T_c$ is
            known but not refined yet counts one half.

    Returns:
        $T_c$ [K], as of `solve_tc`.

    Raises:
        InputError: A value out of its range, or a cutoff too high to search down to low temperatures.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    check_sequence(spectra)
    n = len(spectra)
    settings = map(per_material, (mu_star, omega_c, matsubara_cutoff), [n] * 3, NUMBERS)
    inputs = [_checked_inputs(*each) for each in zip(spectra, *settings, strict=True)]
    if not inputs:
        return np.zeros(0)
    search = _Search(frequencies, cutoff, z_sum)
    if frequencies.n is not None:
        return search.critical_temperatures(inputs, [frequencies.n] * n, progress)
    sizes = search.sizes_that_reach_tc(inputs, lambda: progress(0))
    T_c = search.critical_temperatures(inputs, sizes, lambda done: progress(done // 2))
    if not isinstance(frequencies, CompressedMatsubara):
        return T_c
    fitting = {}
    for i in np.flatnonzero(T_c > 0):
        needed = (1 + SLACK) * lowest_temperature(float(inputs[i].matsubara_cutoff), 1) / T_c[i]
        fitting[i] = min(sizes[i], fitting_size(needed))
    again = [i for i, size in fitting.items() if size < sizes[i]]
    refined = search.critical_temperatures(
        [inputs[i] for i in again],
        [fitting[i] for i in again],
        lambda done: progress(n // 2 + done * (n - n // 2) // len(again)),
    )
    T_c[again] = refined
    return T_c


def leading_eigenvalue(
    spectrum: AbstractMaterial,
    T: Any,
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: AbstractFrequencies = CompressedMatsubara(),
    cutoff: AbstractCutoff = SplitCutoff(),
    z_sum: AbstractZSum = TruncatedSum(),
) -> Float[Array, ""]:
    r"""Leading pairing eigenvalue $\eta(T)$ of the linearized equations; the normal state is unstable where $\eta > 1$.

    With $\Delta \to 0$, $\sum_m [\lambda(n-m) - \mu^*\theta]\,\Delta_m/|\omega_m| = \eta\,Z_n\Delta_n/(\pi k_BT)$.
    Differentiable to any order; dimensionless.

    Args:
        spectrum: Spectral function of one material.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential that belongs to `omega_c`.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: Where to solve; the size must be given if `T` or the cutoff is traced.
        cutoff: How the sums end at their cutoffs.
        z_sum: Whether the sum in $Z$ ends at the cutoff too.

    Raises:
        InputError: A concrete value out of its range.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The number of frequencies is not known or does not fit.
    """
    require_x64()
    inputs = _checked_inputs(spectrum, mu_star, omega_c, matsubara_cutoff, T=T)
    sized = frequencies.resolve(T, inputs.matsubara_cutoff, spectrum.omega_max, cutoff)
    points = frequency_set(sized, None, cutoff=cutoff, z_sum=z_sum)[0]
    return eigenvalue(inputs, points, jnp.asarray(T, dtype=jnp.float64))


def _checked_inputs(
    spectrum: AbstractMaterial, mu_star: Any, omega_c: Any, matsubara_cutoff: Any, *, T: Any = None
) -> TcInputs:
    refuse(check_coupling(spectrum))
    cutoffs = checked_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    return TcInputs(spectrum, *(jnp.asarray(x, dtype=jnp.float64) for x in (mu_star, *cutoffs)))


class _Search(eqx.Module):
    """A search for critical temperatures, on sets of any size."""

    frequencies: AbstractFrequencies
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def points(self, n: int) -> AbstractFrequencySet:
        """The set of a given size, for temperatures that are not known yet."""
        sized = self.frequencies.with_size(n, needed=n, cutoff_ratio=1)
        return frequency_set(sized, None, cutoff=self.cutoff, z_sum=self.z_sum)[0]

    def critical_temperatures(
        self, inputs: list[TcInputs], sizes: list[int], report: Callable[[int], object]
    ) -> Float[np.ndarray, " material"]:
        """T_c from sums over at most as many frequencies as `sizes` says, each size in one batch."""
        T_c, done = np.zeros(len(inputs)), 0
        for n in sorted(set(sizes)):
            members = np.array([i for i, size in enumerate(sizes) if size == n])
            for part, values in self._in_batches(critical_temperature_batch, [inputs[i] for i in members], n):
                T_c[members[part]] = values
                done += len(values)
                report(done)
        return T_c

    def sizes_that_reach_tc(self, inputs: list[TcInputs], report: Callable[[], object]) -> list[int]:
        """For each material the smallest power of two whose lowest temperature lies below T_c, or the largest one."""
        sizes = [_first_size(each) for each in inputs]
        open_ = list(range(len(inputs)))
        n = 32
        while open_:
            now = [i for i in open_ if sizes[i] <= n]
            unstable = []
            for _, values in self._in_batches(unstable_batch, [inputs[i] for i in now], n) if now else ():
                unstable.extend(values)
                report()
            for i, found in zip(now, unstable, strict=True):
                if not found and n >= LARGEST_SEARCH:
                    _refuse_short_reach(inputs[i])
                if found or n >= LARGEST_SEARCH or not float(upper_bound(inputs[i].spectrum)) > 0:
                    sizes[i] = n
                    open_.remove(i)
            n *= 2
        return sizes

    def _in_batches(
        self, function: Callable[..., Any], inputs: list[TcInputs], n: int
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Results of a batched function of inputs and `n`, for materials whose grids may differ."""
        points = self.points(n)
        omega, a2f = stack_spectra([each.spectrum.channels[-1] for each in inputs])
        numbers = (np.array([float(getattr(each, name)) for each in inputs]) for name in NUMBERS)
        chunk_size = min(default_chunk_size(), len(inputs))
        return map_materials(
            lambda *rows: function(rows, points, n, chunk_size=chunk_size), omega, a2f, *numbers, chunk_size=chunk_size
        )


def _first_size(inputs: TcInputs) -> int:
    """The size at which the search for the smallest useful set begins."""
    top = float(upper_bound(inputs.spectrum))
    n = 32
    while top > 0 and n < LARGEST_SEARCH and n < 2 * count_frequencies(top, float(inputs.matsubara_cutoff)):
        n *= 2
    return n


def _refuse_short_reach(inputs: TcInputs) -> None:
    """A search that found nothing but did not go down far enough is no answer."""
    lowest, omega_2 = float(lowest_temperature(inputs.matsubara_cutoff)), float(inputs.spectrum.channels[-1].omega_2)
    if BOLTZMANN * lowest > WORST_REACH * omega_2:
        raise InputError(
            f"with `matsubara_cutoff` {float(inputs.matsubara_cutoff):g} meV the search for T_c ended at "
            f"{lowest:.3g} K already, too high for a spectrum with omega_2 = {omega_2:.3g} meV: lower the cutoff."
        )
