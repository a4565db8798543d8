"""`diffeliash solve`: the gap function on both axes."""

import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._errors import InputError
from ._interrupt import stop_if_requested
from ._options import (
    Broadening,
    Column,
    DeviceOption,
    Files,
    FormatOption,
    Json,
    MatsubaraCutoff,
    MuStar,
    OmegaC,
    UnitOption,
)
from ._session import finish, print_json, print_table, session, tell
from ._targets import PICTURES, check_targets

if TYPE_CHECKING:
    from ..physics import GapSolution, RealAxisGap, Spectrum

N_ENERGIES = 601
"""Energies of the real axis in the output."""

RANGE_FACTOR = 6
"""The output reaches this many times the end of the spectrum."""

PADE_WARNING = 0.01
"""Above this disagreement between the two ways of continuing Delta the user is told."""


def solve_command(
    files: Files,
    temperatures: Annotated[list[float], typer.Option("--temperature", "-T", help="Temperature [K]; repeatable.")],
    mu_star: MuStar = 0.1,
    omega_c: OmegaC = None,
    matsubara_cutoff: MatsubaraCutoff = None,
    broadening: Broadening = None,
    unit: UnitOption = None,
    format: FormatOption = "auto",
    column: Column = None,
    output: Annotated[
        pathlib.Path | None, typer.Option("--output", help="HDF5 file for Delta, Z and the DOS on both axes.")
    ] = None,
    plot: Annotated[pathlib.Path | None, typer.Option("--plot", help="Picture of the same (png, pdf, svg).")] = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Gap function of a2F files at one or several temperatures."""
    with session(json, device):
        check_targets(files, output, plot, PICTURES)
        if plot and len(files) * len(temperatures) > 1:
            raise InputError("--plot draws one file at one temperature.")
        cutoffs = {"mu_star": mu_star, "omega_c": omega_c, "matsubara_cutoff": matsubara_cutoff}
        reading = {"format": format, "unit": unit, "column": column}
        answers = [
            answer
            for file in files
            for answer in _solve_file(file, temperatures, reading, cutoffs, broadening)
        ]  # fmt: skip
        results = [result for result, _ in answers]
        solved = [(result["file"], *solution) for result, solution in answers if solution]
        if output and solved:
            _write(output, solved)
        if plot and solved:
            from ._solve_plot import plot_solution

            plot_solution(plot, *solved[0])
        if json:
            print_json({"results": results})
        elif good := [result for result in results if "error" not in result]:
            print_table([_row(result) for result in good])
        finish(results)


def _write(output: pathlib.Path, solved: list[tuple[str, "GapSolution", "RealAxisGap"]]) -> None:
    from ..data import write_solution

    write_solution(output, solved)


Answer = tuple[dict[str, Any], tuple["GapSolution", "RealAxisGap"] | None]


def _solve_file(
    file: pathlib.Path,
    temperatures: list[float],
    reading: dict[str, Any],
    cutoffs: dict[str, Any],
    broadening: float | None,
) -> list[Answer]:
    from ..data import read_spectrum_file
    from ..physics import Spectrum

    try:
        found = read_spectrum_file(file, **reading)
    except InputError as error:
        return [_failed(file, T, error) for T in temperatures]
    for notice in found.notices:
        tell(f"note: {file}: {notice}")
    spectrum = Spectrum(found.omega, found.a2f)
    answers = []
    for T in temperatures:
        stop_if_requested()
        try:
            answers.append(_solve_one(file, spectrum, T, cutoffs, broadening))
        except InputError as error:
            answers.append(_failed(file, T, error))
    return answers


def _failed(file: pathlib.Path, T: float, error: InputError) -> Answer:
    tell(f"error: {error}")
    return {"file": str(file), "T_K": T, "error": error.as_dict()}, None


def _solve_one(
    file: pathlib.Path, spectrum: "Spectrum", T: float, cutoffs: dict[str, Any], broadening: float | None
) -> Answer:
    import numpy as np

    from ..physics import FullMatsubara, Newton, continue_gap, gap_edge, solve_gap

    # every frequency, to rounding: the file holds them all, and the continuation needs them so
    sol = solve_gap(spectrum, T, **cutoffs, frequencies=FullMatsubara(), solver=Newton())
    omega = np.linspace(0.0, RANGE_FACTOR * float(spectrum.omega_max), N_ENERGIES)
    real = continue_gap(sol, spectrum, omega, broadening=broadening)
    if float(real.discrepancy) > PADE_WARNING:
        tell(
            f"note: {file} at {T:g} K: Delta on the real axis comes from a Pade approximant in double precision and is "
            f"uncertain: two ways of computing it differ by {100 * float(real.discrepancy):.0f} % of its maximum."
        )
    if sol.omega_c > sol.matsubara_cutoff:
        tell(f"note: {file} at {T:g} K: mu* acts up to --matsubara-cutoff only, which lies below --omega-c.")
    result = {
        "file": str(file),
        "T_K": T,
        "Delta_iw0_meV": float(sol.Delta[0]),
        "Z_iw0": float(sol.Z[0]),
        "gap_edge_meV": float(gap_edge(sol, spectrum)),
        "superconducting": bool(sol.superconducting),
        "converged": bool(sol.converged),
        "residual": float(sol.residual),
        "n_steps": int(sol.n_steps),
        "n_frequencies": int(sol.omega_n.size),
        "mu_star": float(sol.mu_star),
        "omega_c_meV": float(sol.omega_c),
        "matsubara_cutoff_meV": float(sol.matsubara_cutoff),
        "broadening_meV": float(real.broadening),
        "pade_discrepancy": float(real.discrepancy),
    }
    return result, (sol, real)


def _row(result: dict[str, Any]) -> dict[str, str]:
    bound = result["superconducting"]
    return {
        "file": result["file"],
        "T [K]": f"{result['T_K']:g}",
        "state": ("superconducting" if bound else "normal") if result["converged"] else "NOT CONVERGED",
        "Delta(iw_0) [meV]": f"{result['Delta_iw0_meV']:.6f}",
        "Z(iw_0)": f"{result['Z_iw0']:.6f}",
        "gap edge [meV]": f"{result['gap_edge_meV']:.5f}" if bound else "-",
        "mu*": f"{result['mu_star']:g}",
        "omega_c [meV]": f"{result['omega_c_meV']:g}",
        "frequencies": str(result["n_frequencies"]),
    }
