"""One solution of `solve`: its continuation to the real axis, its result, and notes on its accuracy."""

import math
from typing import TYPE_CHECKING, Any

from ..._errors import InputError
from ...units import BOLTZMANN
from ..arguments import MU_STAR_CUTOFF_NOTICE, InputSpectrum, Source, source_of
from ..terminal import tell

if TYPE_CHECKING:
    from ...physics import MSC, CutoffConvergence, GapSolution, Pade, RealAxisGap

N_ENERGIES = 600
"""Number of steps of the real axis in the output; it is doubled until the broadening is resolved."""

RESOLUTION = 0.25
"""Largest step in units of the broadening."""

MOST_DOUBLINGS = 5
"""Largest number of doublings, after which the broadening may be unresolved."""

RANGE_FACTOR = 6
"""Last energy of the output in units of the last energy of a2F."""

UNCERTAIN = 1e-3
"""Error on the real axis, relative to the largest |Delta|, above which a note is printed."""

Solved = list[tuple[str, "GapSolution", "RealAxisGap"]]
"""Source, solution and continuation of each result without error."""


def continue_solution(
    given: InputSpectrum,
    answer: "GapSolution | CutoffConvergence | InputError",
    *,
    T: float,
    broadening: float | None,
    method: "MSC | Pade",
) -> tuple[dict[str, Any], "GapSolution", "RealAxisGap"]:
    """Continue a solution to the real axis, and return its result and the solution on both axes.

    Args:
        given: The spectrum and its source.
        answer: The solution on the imaginary axis, possibly from a convergence of the cutoff, or an error.
        T: Temperature [K].
        broadening: Distance of the line from the real axis [meV]; `None` for the default.
        method: Method of the continuation.

    Raises:
        InputError: There is no solution, or it cannot be continued with this broadening or method.
    """
    from ...physics import CutoffConvergence, continue_gap, default_broadening, gap_edge

    if isinstance(answer, InputError):
        raise answer
    raised, sol = (answer, answer.solution) if isinstance(answer, CutoffConvergence) else (None, answer)
    spectrum = given.spectrum
    width = float(default_broadening(sol.T, spectrum.omega_max) if broadening is None else broadening)
    real = continue_gap(sol, spectrum, _energies(float(spectrum.omega_max), width), broadening=width, method=method)
    result = given.source.entry | {
        "T_K": T,
        "Delta_iw0_meV": float(sol.Delta[0]),
        "Z_iw0": float(sol.Z[0]),
        "gap_edge_meV": float(gap_edge(sol, spectrum, method=method)),
        "superconducting": bool(sol.superconducting),
        "converged": bool(real.converged) and (raised is None or raised.converged),
        "residual": float(sol.residual),
        "frequency_error": float(sol.error),
        "n_steps": int(sol.n_steps),
        "n_frequencies": sol.cutoff.count(float(sol.T), float(sol.matsubara_cutoff)),
        "mu_star": float(sol.mu_star),
        "omega_c_meV": float(sol.omega_c),
        "matsubara_cutoff_meV": float(sol.matsubara_cutoff),
        "z_sum": type(sol.z_sum).__name__,
        "broadening_meV": float(real.broadening),
        "real_axis_method": type(method).__name__,
        "real_axis_error": float(real.error),
        "continuation_error": float(real.continuation_error),
        "sampling_error": float(real.sampling_error),
        "cauchy_residual": float(real.cauchy),
        "n_a2f_points": spectrum.omega.size,
        "omega_max_meV": float(spectrum.omega_max),
    }
    if raised:
        result["cutoff_change"] = raised.changes[-1] if raised.changes else None
    return result, sol, real


def _energies(omega_max: float, broadening: float) -> Any:
    """Return energies [meV] that resolve the broadening, if they are not too many."""
    import numpy as np

    steps, end = N_ENERGIES, RANGE_FACTOR * omega_max
    for _ in range(MOST_DOUBLINGS):
        if end / steps <= RESOLUTION * broadening:
            break
        steps *= 2
    return np.linspace(0.0, end, steps + 1)


def tell_accuracy(source: Source, results: list[dict[str, Any]]) -> None:
    """Print notes about the accuracy of the results of one spectrum."""
    _tell_pade_accuracy(source, [result for result in results if result["real_axis_method"] == "Pade"])
    uncertain = [each for each in results if each["real_axis_error"] > UNCERTAIN and each["real_axis_method"] != "Pade"]
    if uncertain:
        worst = max(uncertain, key=lambda result: result["real_axis_error"])
        percent, T = 100 * worst["real_axis_error"], worst["T_K"]
        why = ""
        if 2 * worst["sampling_error"] > worst["real_axis_error"]:
            why = (
                f", because a2F has only {worst['n_a2f_points']} points: give it on a finer grid, or use a "
                "larger --broadening"
            )
        tell(f"note: {source}: Delta on the real axis is accurate to {percent:.2g} % of its maximum (at {T:g} K){why}.")
    if any(result["superconducting"] and not math.isfinite(result["gap_edge_meV"]) for result in results):
        tell(f"note: {source}: no gap edge so close to T_c, where thermal bosons fill the gap.")
    if any(result["broadening_meV"] > result["omega_max_meV"] for result in results):
        tell(
            f"note: {source}: the broadening is larger than all energies of a2F (up to {results[0]['omega_max_meV']:g} "
            "meV): nothing of its structure is left in Delta and the density of states."
        )
    if any(result["omega_c_meV"] > result["matsubara_cutoff_meV"] for result in results):
        tell(f"note: {source}: {MU_STAR_CUTOFF_NOTICE}")


def _tell_pade_accuracy(source: Source, results: list[dict[str, Any]]) -> None:
    """Print a note about Pade approximants, however small their estimated errors, which can be small by chance."""
    superconducting = [result for result in results if result["superconducting"]]
    if superconducting:
        worst = max(superconducting, key=lambda result: result["real_axis_error"])
        percent = 100 * worst["real_axis_error"]
        tell(
            f"note: {source}: Delta on the real axis comes from a Pade approximant in double precision and is "
            f"uncertain: two ways of computing it differ by up to {percent:.2g} % of its maximum (at "
            f"{worst['T_K']:g} K), and its true error can be many times larger; --method msc is exact."
        )


def tell_raised_cutoffs(source: Source, results: list[dict[str, Any]]) -> None:
    """Print a note about temperatures at which the default Matsubara cutoff was raised."""
    from ...physics import default_cutoffs

    usual = default_cutoffs(results[0]["omega_max_meV"], None, None)[1] if results else math.inf
    lifted = [f"{each['T_K']:g}" for each in results if each["T_K"] * math.pi * BOLTZMANN > usual]
    if lifted:
        tell(
            f"note: {source}: no Matsubara frequency lies below the default cutoff of {usual:g} meV at "
            f"{', '.join(lifted)} K: it was raised there (matsubara_cutoff_meV of --json and --csv)."
        )


def row(result: dict[str, Any]) -> dict[str, str]:
    """Return the row of a result in the printed table."""
    edge, ratio = result["gap_edge_meV"], result["gap_ratio"]
    return {
        "file": str(source_of(result)),
        "T [K]": f"{result['T_K']:g}",
        "state": _state(result),
        "Delta(iw_0) [meV]": f"{result['Delta_iw0_meV']:.6f}",
        "Z(iw_0)": f"{result['Z_iw0']:.6f}",
        "gap edge [meV]": f"{edge:.6f}" if math.isfinite(edge) else "-",
        "T_c [K]": f"{result['T_c_K']:.4f}",
        "2 Delta_0/k_B T_c": f"{ratio:.3f}" if math.isfinite(ratio) else "-",
        "mu*": f"{result['mu_star']:g}",
        "omega_c [meV]": f"{result['omega_c_meV']:g}",
        "frequencies": str(result["n_frequencies"]),
        "broadening [meV]": f"{result['broadening_meV']:.3g}",
    }


def _state(result: dict[str, Any]) -> str:
    if not result["converged"]:
        return "NOT CONVERGED"
    return "superconducting" if result["superconducting"] else "normal"
