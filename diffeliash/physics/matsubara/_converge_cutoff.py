"""Convergence of a solution with respect to the Matsubara cutoff."""

import dataclasses
from typing import Any

import numpy as np

from ..material import Spectrum
from ..numerics import Anderson, Solver, refuse, require_x64
from ._folded_coupling import AbstractZSum, TruncatedSum
from ._frequencies import (
    SMALLEST_RTOL,
    AbstractCutoff,
    CompressedMatsubara,
    SharpCutoff,
    checked_cutoffs,
    count_frequencies,
    raised_cutoff,
)
from ._solve_gap import GapSolution, solve_gap

HEADROOM = 0.1
"""Requested error of each solution, in units of the tolerance on the change from one cutoff to the next."""


@dataclasses.dataclass(frozen=True)
class CutoffConvergence:
    r"""How a solution changes while the Matsubara cutoff is doubled; the result of `converge_cutoff`.

    Args:
        solution: The solution at the last cutoff.
        matsubara_cutoffs: All $k$ cutoffs used, ascending, each twice the one before [meV].
        Delta: $\Delta(i\omega_0)$ at each of them, $k$ numbers [meV].
        Z: $Z(i\omega_0)$ at each of them, $k$ numbers, dimensionless.
        changes: At each of the $k - 1$ doublings the largest change of $\Delta(i\omega_n)$ and $Z(i\omega_n)$ with
            $\omega_n$ up to the last boson energy, relative to the largest value.
        converged: Whether the last change is at most the tolerance and all solutions converged.
    """

    solution: GapSolution
    matsubara_cutoffs: tuple[float, ...]
    Delta: tuple[float, ...]
    Z: tuple[float, ...]
    changes: tuple[float, ...]
    converged: bool


def converge_cutoff(
    spectrum: Spectrum,
    T: float,
    *,
    rtol: float = 1e-6,
    mu_star: Any = 0.1,
    omega_c: Any = None,
    matsubara_cutoff: Any = None,
    solver: Solver = Anderson(),
    cutoff: AbstractCutoff = SharpCutoff(),
    z_sum: AbstractZSum = TruncatedSum(),
) -> CutoffConvergence:
    r"""Double the Matsubara cutoff until $\Delta$ and $Z$ no longer change, as in Appendix C of arXiv:2007.07512.

    The Coulomb cutoff and $\mu^*$ stay fixed. The error of a truncated sum falls as the inverse square of the cutoff,
    so that the error left is about a third of the last change; with `z_sum=InfiniteSum()` it is ten times smaller. The
    solutions come from `solve_gap` with compressed sums over up to 131 072 frequencies; where that is not enough,
    `converged` is false. Not to be traced or differentiated.

    Args:
        spectrum: Spectral function of one material.
        T: Temperature [K].
        rtol: Largest acceptable change of $\Delta(i\omega_n)$ and $Z(i\omega_n)$ at the last doubling, relative to the
            largest value; between 1e-11 and 0.1.
        mu_star: Coulomb pseudopotential that belongs to `omega_c`, dimensionless.
        omega_c: Coulomb cutoff [meV]; 10 times the last grid point if `None`.
        matsubara_cutoff: The first Matsubara cutoff [meV]; if `None` the default of `solve_gap`.
        solver: The root finder.
        cutoff: Whether the frequencies next to the cutoffs count as a whole or in part.
        z_sum: Whether the sum in $Z$ is truncated at the cutoff or infinite.

    Returns:
        The last solution, and $\Delta(i\omega_0)$, $Z(i\omega_0)$ and the changes at all cutoffs.

    Raises:
        InputError: A value is out of its range.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    smallest = SMALLEST_RTOL / HEADROOM
    refuse([] if smallest <= rtol <= 0.1 else [f"`rtol` must lie in [{smallest:g}, 0.1], got {rtol:g}"])
    matsubara_cutoff = raised_cutoff(T, spectrum.omega_max, matsubara_cutoff)
    omega_c, energy = checked_cutoffs(spectrum.omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    frequencies = CompressedMatsubara(rtol=min(1e-7, HEADROOM * rtol))

    def solve(energy: float) -> GapSolution:
        return solve_gap(
            spectrum, T, mu_star=mu_star, omega_c=omega_c, matsubara_cutoff=energy, frequencies=frequencies,
            solver=solver, cutoff=cutoff, z_sum=z_sum,
        )  # fmt: skip

    solutions = [solve(float(energy))]
    changes: list[float] = []
    while not (changes and changes[-1] <= rtol):
        energy = 2 * float(solutions[-1].matsubara_cutoff)
        if count_frequencies(float(T), energy) > frequencies.largest:
            break
        solutions.append(solve(energy))
        changes.append(_change(*solutions[-2:]))
    return CutoffConvergence(
        solution=solutions[-1],
        matsubara_cutoffs=tuple(float(sol.matsubara_cutoff) for sol in solutions),
        Delta=tuple(float(sol.Delta[0]) for sol in solutions),
        Z=tuple(float(sol.Z[0]) for sol in solutions),
        changes=tuple(changes),
        converged=bool(changes) and changes[-1] <= rtol and all(bool(sol.converged) for sol in solutions),
    )


def _change(coarse: GapSolution, fine: GapSolution) -> float:
    """The larger one of the changes of Delta and Z below the last boson energy, each relative to its largest value."""
    omega_n = np.asarray(coarse.omega_n)
    near = omega_n <= max(float(coarse.spectrum.omega_max), omega_n[0])
    index = np.rint((omega_n[near] / omega_n[0] - 1) / 2).astype(int)
    changes = []
    for before, after in zip((coarse.Delta, coarse.Z), fine.at(index), strict=True):
        largest = float(np.max(np.abs(after)))
        change = float(np.max(np.abs(np.asarray(before)[near] - np.asarray(after))))
        changes.append(change / largest if largest > 0 else change)
    return max(changes)
