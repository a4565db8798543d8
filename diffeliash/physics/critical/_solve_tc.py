r"""The critical temperature, at which the leading pairing eigenvalue is one."""

import math
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
from ..numerics import default_chunk_size, is_concrete, map_materials, refuse, require_x64, rounded_up_size
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

HIGHEST_SEARCH_END = 0.02
"""Largest k_B T, in units of omega_2, at which a search that finds no T_c may end: about k_B T_c for a coupling
constant of 0.4. A search that ends at a higher temperature raises an error."""

SLACK = 1e-4
"""The last search extends at least by this relative amount below the critical temperature found before."""


GRID_MULTIPLE = 32
"""Grids are padded to a multiple of this number of points, so that few programs are compiled: each takes memory maps of
the process, of which there are 65 530."""


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
    r"""Critical temperature, at which the leading eigenvalue of the linearized Migdal-Eliashberg equations is one.

    It is the root of $\eta(T_c) = 1$ with $\eta$ from `leading_eigenvalue`, differentiable to any order with respect to
    the spectrum, `mu_star` and the cutoffs. By default the last frequency below a cutoff counts in part
    (`SplitCutoff`), so that $\eta(T)$ and $T_c$ are continuous. `solve_gap` counts whole frequencies by default
    (`SharpCutoff`), and its gap then closes at a temperature that differs by up to a relative 1e-3; with the same
    `cutoff` the two agree.

    Args:
        spectrum: Spectral function of one material.
        mu_star: Coulomb pseudopotential $\mu^*$ that belongs to `omega_c`, dimensionless; it is not rescaled.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: The frequencies at which to solve. `n`, the largest number of frequencies in a sum, sets the
            lowest temperature of the search, `matsubara_cutoff / (2 pi k_B n)`; it must be given if the inputs are
            traced. Otherwise `n` is increased up to 4096, and the search is repeated with the number of frequencies
            that the result requires. A compressed set is then accurate to 1e-7; with a given `n` that is several times
            too large, to 1e-6.
        cutoff: Whether the frequencies next to the cutoffs count as a whole (`SharpCutoff`) or in part
            (`SplitCutoff`).
        z_sum: Whether the sum in $Z$ is truncated at the cutoff (`TruncatedSum`) or infinite (`InfiniteSum`).

    Returns:
        $T_c$ [K]; 0 if the normal state is stable down to the lowest temperature that 4096 frequencies reach. NaN if
        a given `n` reaches no $T_c$ and McMillan's formula does not rule out a lower one, if a traced input is not
        finite or out of its range, or if the search failed.

    Raises:
        InputError: A concrete value is out of its range, or the Matsubara cutoff is so high that the search cannot
            reach low temperatures.
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
    """Critical temperatures of many materials, each on its own grid, in a few batched computations.

    The results are the same as those of `solve_tc`. Not to be traced or differentiated; use `solve_tc` with
    `jax.vmap` for that.

    Args:
        spectra: Spectral functions.
        mu_star: Coulomb pseudopotential that belongs to `omega_c`, one for all or one for each material. The same
            holds for the next two arguments.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: As in `solve_tc`.
        cutoff: As in `solve_tc`.
        z_sum: As in `solve_tc`.
        progress: A function that is called after every batch with the number of materials that are done; one whose
            $T_c$ is found but not yet refined counts one half.

    Returns:
        $T_c$ [K], shape `(material,)`, in the order of the spectra; 0 and NaN as in `solve_tc`.

    Raises:
        InputError: A value is out of its range, or the Matsubara cutoff is so high that the search cannot reach low
            temperatures.
        RuntimeError: JAX is not in 64-bit mode.
        TypeError: `spectra` is not a sequence of `Spectrum`.
        ValueError: A sequence of parameters has another length than `spectra`.
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
    sizes_at_tc = {}
    for i in np.flatnonzero(T_c > 0):
        needed = (1 + SLACK) * lowest_temperature(float(inputs[i].matsubara_cutoff), 1) / T_c[i]
        sizes_at_tc[i] = min(sizes[i], rounded_up_size(needed))
    again = [i for i, size in sizes_at_tc.items() if size < sizes[i]]
    refined = search.critical_temperatures(
        [inputs[i] for i in again],
        [sizes_at_tc[i] for i in again],
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

    $$ \pi k_BT\sum_m [\lambda(n-m) - \mu^*\theta(\omega_c - |\omega_m|)]\,\frac{\Delta_m}{|\omega_m|}
       = \eta\,Z_n\Delta_n $$

    is Eq. (7) of arXiv:2007.07512 for $\Delta \to 0$, where $\eta = 1$ at $T_c$. $Z_n$ is that of the normal state.
    Differentiable to any order.

    Args:
        spectrum: Spectral function of one material.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential that belongs to `omega_c`, dimensionless; it is not rescaled.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; 22 times the last grid point if `None`.
        frequencies: The frequencies at which to solve; `n` must be given if `T` or `matsubara_cutoff` is traced.
        cutoff: Whether the frequencies next to the cutoffs count as a whole (`SharpCutoff`) or in part
            (`SplitCutoff`).
        z_sum: Whether the sum in $Z$ is truncated at the cutoff (`TruncatedSum`) or infinite (`InfiniteSum`).

    Returns:
        $\eta$, dimensionless.

    Raises:
        InputError: A concrete value is out of its range, or there are too few or too many frequencies.
        RuntimeError: JAX is not in 64-bit mode.
        ValueError: The number of frequencies is not given and `T` or `matsubara_cutoff` is traced.
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
    """A search for critical temperatures with sums over any number of frequencies."""

    frequencies: AbstractFrequencies
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def points(self, n: int) -> AbstractFrequencySet:
        """The frequency set for sums over `n` frequencies at temperatures that are not yet known."""
        sized = self.frequencies.with_size(n, needed=n, cutoff_ratio=1)
        return frequency_set(sized, None, cutoff=self.cutoff, z_sum=self.z_sum)[0]

    def critical_temperatures(
        self, inputs: list[TcInputs], sizes: list[int], report: Callable[[int], object]
    ) -> Float[np.ndarray, " material"]:
        """T_c from sums over at most `sizes[i]` frequencies for material i; equal sizes are computed together."""
        T_c, done = np.zeros(len(inputs)), 0
        for n in sorted(set(sizes)):
            members = np.array([i for i, size in enumerate(sizes) if size == n])
            for part, values in self._in_batches(critical_temperature_batch, [inputs[i] for i in members], n):
                T_c[members[part]] = values
                done += len(values)
                report(done)
        return T_c

    def sizes_that_reach_tc(self, inputs: list[TcInputs], report: Callable[[], object]) -> list[int]:
        """For each material the smallest power of two with which the sums reach temperatures below T_c.

        It is `LARGEST_SEARCH` where no T_c is found.
        """
        sizes = [_first_size(each) for each in inputs]
        undecided = list(range(len(inputs)))
        n = 32
        while undecided:
            now = [i for i in undecided if sizes[i] <= n]
            unstable = []
            for _, values in self._in_batches(unstable_batch, [inputs[i] for i in now], n) if now else ():
                unstable.extend(values)
                report()
            for i, found in zip(now, unstable, strict=True):
                if not found and n >= LARGEST_SEARCH:
                    _refuse_short_reach(inputs[i])
                if found or n >= LARGEST_SEARCH or not float(upper_bound(inputs[i].material)) > 0:
                    sizes[i] = n
                    undecided.remove(i)
            n *= 2
        return sizes

    def _in_batches(
        self, function: Callable[..., Any], inputs: list[TcInputs], n: int
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Results of a batched function of inputs and `n`, for materials whose grids may have different lengths."""
        points = self.points(n)
        spectra = [spectrum for (spectrum,) in (each.material.channels for each in inputs)]
        omega, a2f = stack_spectra(spectra, GRID_MULTIPLE)
        numbers = (np.array([float(getattr(each, name)) for each in inputs]) for name in NUMBERS)
        # a power of two: few programs for any numbers of materials
        chunk_size = min(default_chunk_size(), 2 ** math.ceil(math.log2(len(inputs))))
        return map_materials(
            lambda *rows: function(rows, points, n, chunk_size=chunk_size), omega, a2f, *numbers, chunk_size=chunk_size
        )


def _first_size(inputs: TcInputs) -> int:
    """The number of frequencies at which `sizes_that_reach_tc` begins, enough to reach half of the bound on T_c."""
    top = float(upper_bound(inputs.material))
    n = 32
    while top > 0 and n < LARGEST_SEARCH and n < 2 * count_frequencies(top, float(inputs.matsubara_cutoff)):
        n *= 2
    return n


def _refuse_short_reach(inputs: TcInputs) -> None:
    """Raise an error if a search without a result ended at too high a temperature to exclude superconductivity."""
    lowest, omega_2 = float(lowest_temperature(inputs.matsubara_cutoff)), float(inputs.material.channels[-1].omega_2)
    if BOLTZMANN * lowest > HIGHEST_SEARCH_END * omega_2:
        raise InputError(
            f"with `matsubara_cutoff` {float(inputs.matsubara_cutoff):g} meV the search for T_c ended at "
            f"{lowest:.3g} K already, too high for a spectrum with omega_2 = {omega_2:.3g} meV: lower the cutoff."
        )
