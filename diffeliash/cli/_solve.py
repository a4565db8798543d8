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
from ._materials import Material, answer_each, failure, read_materials, z_sum_of
from ._options import (
    Broadening,
    Column,
    Csv,
    DeviceOption,
    Files,
    FormatOption,
    Json,
    MatsubaraCutoff,
    Method,
    MuStar,
    OmegaC,
    UnitOption,
    ZSum,
)
from ._progress import progress_bar
from ._session import finish, print_json, print_table, session, tell, write_table
from ._solve_entry import Solved, continued, row, tell_of_lifted_cutoffs, tell_what_to_trust
from ._targets import check_targets
from ._temperatures import parse_temperatures

if TYPE_CHECKING:
    from ..physics import MSC, CutoffConvergence, GapSolution, Pade

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
            help="Double the Matsubara cutoff until Delta and Z move by less than this, relative.",
            show_default="the cutoff stays",
        ),
    ] = None,
    z_sum: ZSum = "truncated",
    broadening: Broadening = None,
    method: Annotated[
        Method, typer.Option("--method", help="Continuation to the real axis: exact, or the paper's Pade approximant.")
    ] = "msc",
    pade_points: Annotated[
        int | None, typer.Option("--pade-points", help="Frequencies of the Pade approximant.", show_default="all")
    ] = None,
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
        real_axis = {"broadening": broadening, "method": _method(method, pade_points)}
        results, solved = _answers(files, materials, at, numbers, converge=converge_cutoff, real_axis=real_axis)
        if output and solved:
            from ..data import write_solution

            write_solution(output, solved)
        if plot and solved:
            _plot(plot, solved, [result for result in results if "error" not in result])
        if csv:
            write_table(csv, results)
        if json:
            print_json({"results": results})
        elif good := [result for result in results if "error" not in result]:
            print_table([row(result) for result in good])
        finish(results)


def _answers(
    files: list[pathlib.Path],
    materials: list[Material | InputError],
    at: list[float],
    numbers: dict[str, Any],
    *,
    converge: float | None,
    real_axis: dict[str, Any],
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
        good = []
        for T in at:
            stop_if_requested()
            try:
                result, sol, real = continued(material, found[material, T], T=T, **real_axis)
            except InputError as error:
                results.append(failure(file, error) | {"T_K": T})
                continue
            results.append(result)
            good.append(result)
            solved.append((str(file), sol, real))
        tell_what_to_trust(file, good)
        if numbers["matsubara_cutoff"] is None:
            tell_of_lifted_cutoffs(file, good)
    _add_critical_temperatures(results, materials, numbers)
    return results, solved


def _method(name: Method, pade_points: int | None) -> "MSC | Pade":
    """The strategy behind the options `--method` and `--pade-points`."""
    from ..physics import MSC, Pade

    if name == "msc":
        if pade_points is not None:
            raise InputError("--pade-points is for --method pade")
        return MSC()
    try:
        return Pade(pade_points)
    except ValueError as error:
        raise InputError(f"--pade-points: {error}") from error


def _add_critical_temperatures(
    results: list[dict[str, Any]], materials: list[Material | InputError], numbers: dict[str, Any]
) -> None:
    """$T_c$ of every good file, and the ratio of the gap to it."""
    from ..physics import gap_ratio, solve_tc_many

    good = [result for result in results if "error" not in result]
    files = {result["file"] for result in good}
    known = [m for m in materials if isinstance(m, Material) and str(m.file) in files]
    found = solve_tc_many([m.spectrum for m in known], **numbers) if known else []
    T_c = {str(m.file): float(value) for m, value in zip(known, found, strict=True)}
    for result in good:
        critical = T_c[result["file"]]
        result["T_c_K"] = critical
        result["gap_ratio"] = float(gap_ratio(result["gap_edge_meV"], critical))


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
        # every frequency, to rounding: the file holds them all, and a Pade approximant needs them so
        every = functools.partial(batch, frequencies=FullMatsubara(), solver=Newton())
        some = functools.partial(batch, frequencies=CompressedMatsubara(rtol=COMPRESSED_RTOL))
        long = [member for member in members if _is_long(*member, numbers["matsubara_cutoff"])]
        short = [member for member in members if member not in long]
        answers = answer_each(every, short) + answer_each(some, long)
        return dict(zip(short + long, answers, strict=True))


def _is_long(material: Material, T: float, cutoff: float | None) -> bool:
    """Whether there are too many frequencies to solve at all of them."""
    from ..physics import FullMatsubara, count_frequencies, default_cutoffs

    _, energy = default_cutoffs(float(material.spectrum.omega_max), None, cutoff)  # a lifted one leaves eight
    return T > 0 and math.isfinite(energy) and count_frequencies(T, energy) > FullMatsubara.largest


def _plot(path: pathlib.Path, solved: Solved, results: list[dict[str, Any]]) -> None:
    """Both axes of one solution; of several, Delta against temperature."""
    from .._figure import figure_bytes
    from ..data import write_file
    from ._solve_plot import plot_solution, plot_temperatures

    figure = plot_solution(*solved[0], results[0]) if len(solved) == 1 else plot_temperatures(results)
    write_file(path, figure_bytes(figure, path))
