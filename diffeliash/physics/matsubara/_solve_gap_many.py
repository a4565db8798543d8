"""The gap functions of many materials and temperatures, in a few batched computations."""

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..material import Spectrum, check_coupling, check_sequence, per_material, stack_spectra
from ..numerics import (
    Anderson,
    Solver,
    default_chunk_size,
    in_chunks,
    map_materials,
    refuse,
    require_x64,
    rounded_up_size,
)
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
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    FullMatsubara,
    SharpCutoff,
    checked_cutoffs,
    raised_cutoff,
)
from ._solve_gap import CompiledSolution, GapSolution, as_solution, find_gap, solve_gap, tolerance

LARGEST_CHUNK = 2**22
"""Largest number of elements of one matrix for all materials of a chunk (32 MiB)."""

CHEAP_SIZE = 512
"""Largest full set that is enlarged to a power of two, so that fewer programs are compiled."""


def solve_gap_many(
    spectra: Sequence[Spectrum],
    T: Any,
    *,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    frequencies: AbstractFrequencies = CompressedMatsubara(),
    solver: Solver = Anderson(),
    cutoff: AbstractCutoff = SharpCutoff(),
    z_sum: AbstractZSum = TruncatedSum(),
    progress: Callable[[int], object] | None = None,
) -> list[GapSolution]:
    r"""Solve the equations of `solve_gap` for many materials, each at its own temperature and on its own grid.

    Materials that need about the same number of frequencies share one compiled program and are solved in batches. The
    results agree with those of `solve_gap` within the tolerance of `frequencies`; they may have nodes above the cutoff.
    A material whose error estimate is too large is solved again on its own. Not to be traced or differentiated; use
    `solve_gap` with `jax.vmap` for that.

    Args:
        spectra: Spectral functions; repeat one for several temperatures.
        T: Temperature [K], one for all or one for each material. The same holds for the next three arguments.
        mu_star: Coulomb pseudopotential that belongs to `omega_c`, dimensionless.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: Cutoff of the sums [meV]; if `None` the default of `solve_gap`.
        frequencies: As in `solve_gap`.
        solver: As in `solve_gap`.
        cutoff: As in `solve_gap`.
        z_sum: As in `solve_gap`.
        progress: A function that is called after each solution with the number of solutions so far.

    Returns:
        The solutions, in the order of the spectra.

    Raises:
        InputError: A value is out of its range, or there are too few or too many frequencies.
        RuntimeError: JAX is not in 64-bit mode.
        TypeError: `spectra` is not a sequence of `Spectrum`.
        ValueError: A sequence of parameters has another length than `spectra`.
    """
    require_x64()
    check_sequence(spectra)
    n = len(spectra)
    names = ("T", "mu_star", "omega_c", "matsubara_cutoff")
    columns = map(per_material, (T, mu_star, omega_c, matsubara_cutoff), [n] * 4, names)
    members = [
        _member(spectrum, numbers, frequencies, cutoff) for spectrum, *numbers in zip(spectra, *columns, strict=True)
    ]
    solutions: dict[int, GapSolution] = {}
    for shared in dict.fromkeys(member.shared for member in members):
        group = [i for i in range(n) if members[i].shared == shared]
        for i, solution in zip(group, _solve_group([members[i] for i in group], solver, cutoff, z_sum), strict=True):
            solutions[i] = solution
            if progress:
                progress(len(solutions))
    return [solutions[i] for i in range(n)]


@dataclasses.dataclass(frozen=True)
class _Member:
    """One material at one temperature, with its choice of frequencies."""

    spectrum: Spectrum
    limits: SumLimits
    mu_star: float
    own: AbstractFrequencies

    @functools.cached_property
    def shared(self) -> AbstractFrequencies:
        """The same choice with the number of frequencies rounded up, so that materials can share a frequency set."""
        n = self.own.size
        cheap = isinstance(self.own, FullMatsubara) and n <= CHEAP_SIZE
        size = max(64, 2 ** (n - 1).bit_length()) if cheap else min(rounded_up_size(n - 0.5), self.own.largest)
        return self.own.with_size(size, needed=size, cutoff_ratio=1)


def _member(
    spectrum: Spectrum, numbers: list[Any], frequencies: AbstractFrequencies, cutoff: AbstractCutoff
) -> _Member:
    T, mu_star, omega_c, matsubara_cutoff = numbers
    refuse(check_coupling(spectrum))
    matsubara_cutoff = raised_cutoff(T, spectrum.omega_max, matsubara_cutoff)
    cutoffs = checked_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    limits = SumLimits(float(T), *map(float, cutoffs))
    own = frequencies.resolve(limits.T, limits.matsubara_cutoff, spectrum.omega_max, cutoff)
    return _Member(spectrum, limits, float(mu_star), own)


def _solve_group(
    members: list[_Member], solver: Solver, cutoff: AbstractCutoff, z_sum: AbstractZSum
) -> Iterator[GapSolution]:
    """Solve for materials that share a frequency set."""
    shared = members[0].shared
    equal = len({(*jax.tree.leaves(member.limits), member.own.size) for member in members}) == 1
    used = members[0].own if equal else shared
    points, estimator = frequency_set(used, members[0].limits if equal else None, cutoff=cutoff, z_sum=z_sum)
    omega, a2f = stack_spectra([member.spectrum for member in members])
    numbers = (np.array([(*jax.tree.leaves(member.limits), member.mu_star) for member in members])).T
    full = isinstance(used, FullMatsubara)
    most = LARGEST_CHUNK // used.size**2 if full else len(members)
    chunk_size = max(1, min(default_chunk_size(), len(members), most))
    parts = map_materials(
        lambda *rows: _find_batch(rows, points, estimator, solver, chunk_size=chunk_size),
        omega, a2f, *numbers, chunk_size=chunk_size,
    )  # fmt: skip
    for part, found in parts:
        for row, member in enumerate(members[part]):
            one = jax.tree.map(operator.itemgetter(row), found)
            if not full and float(one.error) > tolerance(used):
                yield _solve_alone(member, solver, cutoff, z_sum)
            else:
                yield _as_solution(one, member, used, cutoff, z_sum)


@eqx.filter_jit
def _find_batch(
    inputs: tuple[Array, ...],
    points: AbstractFrequencySet,
    estimator: ErrorEstimator | None,
    solver: Solver,
    *,
    chunk_size: int,
) -> CompiledSolution:
    def find(omega, a2f, T, omega_c, matsubara_cutoff, mu_star):
        return find_gap(
            GapProblem(Spectrum(omega, a2f), SumLimits(T, omega_c, matsubara_cutoff), mu_star),
            points,
            estimator,
            solver,
        )

    return in_chunks(find, chunk_size)(*inputs)


def _solve_alone(member: _Member, solver: Solver, cutoff: AbstractCutoff, z_sum: AbstractZSum) -> GapSolution:
    limits = member.limits
    return solve_gap(
        member.spectrum, limits.T, mu_star=member.mu_star, omega_c=limits.omega_c,
        matsubara_cutoff=limits.matsubara_cutoff, frequencies=member.own, solver=solver, cutoff=cutoff, z_sum=z_sum,
    )  # fmt: skip


def _as_solution(
    found: CompiledSolution, member: _Member, used: AbstractFrequencies, cutoff: AbstractCutoff, z_sum: AbstractZSum
) -> GapSolution:
    """The solution from one row of a batch, without the additional frequencies of an enlarged full set."""
    found = jax.tree.map(jnp.asarray, found)
    n = member.own.size if isinstance(used, FullMatsubara) else found.omega_n.size
    shown = dataclasses.replace(found, omega_n=found.omega_n[:n], Delta=found.Delta[:n], Z=found.Z[:n])
    problem = GapProblem(member.spectrum, member.limits, jnp.asarray(member.mu_star))
    frequencies = member.own if isinstance(used, FullMatsubara) else used
    return as_solution(shown, problem, frequencies, cutoff=cutoff, z_sum=z_sum)
