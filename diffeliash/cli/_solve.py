"""`diffeliash solve`: the gap function on both axes."""

import functools
import itertools
import math
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._errors import InputError
from ._interrupt import stop_if_requested
from ._materials import MU_STAR_IS_CUT, Material, answer_each, failure, read_materials, z_sum_of
from ._options import (
    Broadening,
    Column,
    Csv,
    DeviceOption,
    Files,
    FormatOption,
    Json,
    MatsubaraCutoff,
    MuStar,
    OmegaC,
    UnitOption,
    ZSum,
)
from ._progress import progress_bar
from ._session import finish, print_json, print_table, session, tell, write_table
from ._targets import check_targets
from ._temperatures import parse_temperatures

if TYPE_CHECKING:
    from ..physics import CutoffConvergence, GapSolution, RealAxisGap

N_ENERGIES = 601
"""Energies of the real axis in the output."""

RANGE_FACTOR = 6
"""The output reaches this many times the end of the spectrum."""

PADE_WARNING = 0.01
"""Above this disagreement between the two ways of continuing Delta the user is told."""

COMPRESSED_RTOL = 1e-9
"""Accuracy where there are too many frequencies to solve at all of them."""


def solve_command(
    files: Files,
    temperatures: Annotated[
        list[str], typer.Option("--temperature", "-T", help="Temperatures [K]: 5 or 1,2,4 or 1:10:0.5; repeatable.")
    ],
    mu_star: MuStar = 0.1,
    omega_c: OmegaC = None,
    matsubara_cutoff: MatsubaraCutoff = None,
    converge_cutoff: Annotated[
        float | None,
        typer.Option(
            "--converge-cutoff",
            help="Double the Matsubara cutoff until Delta and Z move by less than this, relative. With more than 8192 "
            "frequencies there is no real axis.",
            show_default="the cutoff stays",
        ),
    ] = None,
    z_sum: ZSum = "truncated",
    broadening: Broadening = None,
    unit: UnitOption = None,
    format: FormatOption = "auto",
    column: Column = None,
    output: Annotated[
        pathlib.Path | None, typer.Option("--output", help="HDF5 file for Delta, Z and the DOS on both axes.")
    ] = None,
    plot: Annotated[
        pathlib.Path | None,
        typer.Option("--plot", help="Picture (png, pdf, svg): both axes; of several temperatures Delta(T)."),
    ] = None,
    csv: Csv = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Gap functions of a2F files at one or several temperatures."""
    at = parse_temperatures(temperatures)
    with session(json, device):
        check_targets(files, output=output, plot=plot, csv=csv)
        materials = read_materials(files, {"format": format, "unit": unit, "column": column})
        numbers = {"mu_star": mu_star, "omega_c": omega_c, "matsubara_cutoff": matsubara_cutoff}
        numbers |= {"z_sum": z_sum_of(z_sum)}
        results, solved = _answers(files, materials, at, numbers, converge=converge_cutoff, broadening=broadening)
        if output and solved:
            from ..data import write_solution

            write_solution(output, solved)
        if plot and solved:
            _plot(plot, solved, [result for result in results if "error" not in result], numbers)
        if csv:
            write_table(csv, results)
        if json:
            print_json({"results": results})
        elif good := [result for result in results if "error" not in result]:
            print_table([_row(result) for result in good])
        finish(results)


Solved = list[tuple[str, "GapSolution", "RealAxisGap | None"]]


def _answers(
    files: list[pathlib.Path],
    materials: list[Material | InputError],
    at: list[float],
    numbers: dict[str, Any],
    *,
    converge: float | None,
    broadening: float | None,
) -> tuple[list[dict[str, Any]], Solved]:
    """One entry for each file and temperature, in order, and the solutions of the good ones."""
    members = [(material, T) for material in materials if isinstance(material, Material) for T in at]
    found = _solutions(members, numbers, converge)
    results: list[dict[str, Any]] = []
    solved: Solved = []
    for file, material in zip(files, materials, strict=True):
        if isinstance(material, InputError):
            bad = failure(file, material)
            results += [bad | {"T_K": T} for T in at]
            continue
        for notice in material.found.notices:
            tell(f"note: {file}: {notice}")
        continued = []
        for T in at:
            stop_if_requested()
            try:
                result, sol, real = _continued(material, T, found[material, T], broadening)
            except InputError as error:
                results.append(failure(file, error) | {"T_K": T})
                continue
            results.append(result)
            continued.append((str(file), sol, real))
        _tell_what_to_trust(file, continued)
        solved += continued
    return results, solved


Member = tuple[Material, float]


def _solutions(
    members: list[Member], numbers: dict[str, Any], converge: float | None
) -> dict[Member, "GapSolution | CutoffConvergence | InputError"]:
    """The solutions of all members, in few batches, or the errors of those that cannot be solved."""
    from ..physics import CompressedMatsubara, FullMatsubara, Newton, converge_cutoff, solve_gap_many

    with progress_bar("solving", len(members)) as update:
        done = itertools.count(1)

        def advance(*_: object) -> None:
            update(next(done), "")

        def converged(part: Sequence[Member]) -> Sequence[Any]:
            found = [converge_cutoff(material.spectrum, T, rtol=converge or 0.0, **numbers) for material, T in part]
            advance()
            return found

        def batch(part: Sequence[Member], **strategy: Any) -> Sequence[Any]:
            spectra, at = [material.spectrum for material, _ in part], [T for _, T in part]
            return solve_gap_many(spectra, at, **strategy, progress=advance, **numbers)

        if converge is not None:
            return {member: answer_each(converged, [member])[0] for member in members}
        # every frequency, to rounding: the file holds them all, and the continuation needs them so
        every = functools.partial(batch, frequencies=FullMatsubara(), solver=Newton())
        some = functools.partial(batch, frequencies=CompressedMatsubara(rtol=COMPRESSED_RTOL))
        long = [member for member in members if _is_long(*member, numbers["matsubara_cutoff"])]
        short = [member for member in members if member not in long]
        answers = answer_each(every, short) + answer_each(some, long)
        return dict(zip(short + long, answers, strict=True))


def _is_long(material: Material, T: float, cutoff: float | None) -> bool:
    """Whether there are too many frequencies to solve at all of them."""
    from ..physics import FullMatsubara, count_frequencies, default_cutoffs

    _, energy = default_cutoffs(float(material.spectrum.omega_max), None, cutoff)
    return T > 0 and math.isfinite(energy) and count_frequencies(T, energy) > FullMatsubara.largest


def _continued(
    material: Material, T: float, answer: "GapSolution | CutoffConvergence | InputError", broadening: float | None
) -> tuple[dict[str, Any], "GapSolution", "RealAxisGap | None"]:
    """One entry of the results, and the solution on both axes."""
    from ..physics import CutoffConvergence

    if isinstance(answer, InputError):
        raise answer
    raised, sol = (answer, answer.solution) if isinstance(answer, CutoffConvergence) else (None, answer)
    real, edge = _on_real_axis(material, sol, broadening)
    result = {
        "file": str(material.file),
        "T_K": T,
        "Delta_iw0_meV": float(sol.Delta[0]),
        "Z_iw0": float(sol.Z[0]),
        "gap_edge_meV": edge,
        "superconducting": bool(sol.superconducting),
        "converged": bool(sol.converged) and (raised is None or raised.converged),
        "residual": float(sol.residual),
        "frequency_error": float(sol.error),
        "n_steps": int(sol.n_steps),
        "n_frequencies": count_of(sol),
        "mu_star": float(sol.mu_star),
        "omega_c_meV": float(sol.omega_c),
        "matsubara_cutoff_meV": float(sol.matsubara_cutoff),
        "z_sum": type(sol.z_sum).__name__,
        "broadening_meV": float(real.broadening) if real else None,
        "pade_discrepancy": float(real.discrepancy) if real else None,
    }
    if raised:
        result["cutoff_change"] = raised.changes[-1] if raised.changes else None
    return result, sol, real


def count_of(sol: "GapSolution") -> int:
    """Number of positive frequencies that the sums of a solution run over."""
    return sol.cutoff.count(float(sol.T), float(sol.matsubara_cutoff))


def _on_real_axis(
    material: Material, sol: "GapSolution", broadening: float | None
) -> tuple["RealAxisGap | None", float | None]:
    """The continuation and the gap edge; nothing where there are too many frequencies for them."""
    import numpy as np

    from ..physics import FullMatsubara, continue_gap, gap_edge

    if count_of(sol) > FullMatsubara.largest:
        return None, None
    omega = np.linspace(0.0, RANGE_FACTOR * float(material.spectrum.omega_max), N_ENERGIES)
    real = continue_gap(sol, material.spectrum, omega, broadening=broadening)
    return real, float(gap_edge(sol, material.spectrum))


def _tell_what_to_trust(file: pathlib.Path, solved: Solved) -> None:
    """What a user should know about the solutions of one file."""
    missed = ((float(real.discrepancy), float(sol.T)) for _, sol, real in solved if real and real.discrepancy > 0)
    worst, T = max(missed, default=(0.0, 0.0))
    if worst > PADE_WARNING:
        tell(
            f"note: {file}: Delta on the real axis comes from a Pade approximant in double precision and is uncertain: "
            f"two ways of computing it differ by up to {100 * worst:.0f} % of its maximum (at {T:g} K)."
        )
    if any(real is None for _, _, real in solved):
        tell(f"note: {file}: too many frequencies for the real axis: Delta and Z on the imaginary axis only.")
    if any(sol.omega_c > sol.matsubara_cutoff for _, sol, _ in solved):
        tell(f"note: {file}: {MU_STAR_IS_CUT}")


def _plot(path: pathlib.Path, solved: Solved, results: list[dict[str, Any]], numbers: dict[str, Any]) -> None:
    """Both axes of one solution; of several, Delta against temperature."""
    from ..data import write_file
    from ._figure import figure_bytes
    from ._solve_plot import plot_solution, plot_temperatures

    source, sol, real = solved[0]
    if len(solved) == 1 and real:
        figure = plot_solution(source, sol, real)
    else:
        from ..physics import solve_tc_many

        spectra = {source: sol.spectrum for source, sol, _ in solved}
        figure = plot_temperatures(
            results, dict(zip(spectra, solve_tc_many([*spectra.values()], **numbers), strict=True))
        )
    write_file(path, figure_bytes(figure, path))


def _row(result: dict[str, Any]) -> dict[str, str]:
    bound = result["superconducting"]
    return {
        "file": result["file"],
        "T [K]": f"{result['T_K']:g}",
        "state": ("superconducting" if bound else "normal") if result["converged"] else "NOT CONVERGED",
        "Delta(iw_0) [meV]": f"{result['Delta_iw0_meV']:.6f}",
        "Z(iw_0)": f"{result['Z_iw0']:.6f}",
        "gap edge [meV]": f"{result['gap_edge_meV']:.5f}" if bound and result["gap_edge_meV"] else "-",
        "mu*": f"{result['mu_star']:g}",
        "omega_c [meV]": f"{result['omega_c_meV']:g}",
        "frequencies": str(result["n_frequencies"]),
    }
