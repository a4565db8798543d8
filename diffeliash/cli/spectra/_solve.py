"""The command `solve`: gap functions on the imaginary and the real axis."""

import functools
import itertools
import math
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._errors import InputError
from ..._suggested_files import A2F_NAMES
from .._interrupt import stop_if_requested
from ..arguments import (
    InputSpectrum,
    UnusableSpectrum,
    check_count,
    check_output_files,
    check_ranges,
    collect_errors,
    error_entry,
    evaluate_each,
    exit_if_no_file_is_readable,
    parse_temperatures,
    ranges_of,
    read_input_spectra,
    z_sum_of,
)
from ..terminal import (
    Broadening,
    Column,
    Csv,
    DeviceOption,
    Files,
    FormatOption,
    Json,
    Key,
    MatsubaraCutoff,
    Method,
    MuStar,
    OmegaC,
    UnitOption,
    ZSum,
    finish,
    print_json,
    print_table,
    progress_bar,
    session,
    start_jax,
    tell,
    write_table,
)
from ._solve_entry import Solved, continue_solution, row, tell_accuracy, tell_raised_cutoffs

if TYPE_CHECKING:
    from ...physics import MSC, CutoffConvergence, GapSolution, Pade

COMPRESSED_RTOL = 1e-9
"""Tolerance of the compressed set of Matsubara frequencies, used if there are too many of them."""


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
            help="Double the Matsubara cutoff until Delta and Z change by less than this, relative.",
            show_default="no search",
        ),
    ] = None,
    z_sum: ZSum = "truncated",
    broadening: Broadening = None,
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="Continuation to the real axis: msc (exact; Marsiglio, Schossmann, Carbotte) or a Pade approximant.",
        ),
    ] = "msc",
    pade_points: Annotated[
        int | None, typer.Option("--pade-points", help="Frequencies of the Pade approximant.", show_default="all")
    ] = None,
    unit: UnitOption = None,
    format: FormatOption = "auto",
    column: Column = None,
    key: Key = None,
    output: Annotated[
        pathlib.Path | None,
        typer.Option("--output", readable=False, help="HDF5 file for Delta, Z and the DOS on both axes."),
    ] = None,
    plot: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--plot",
            readable=False,
            help="Figure (png, pdf, svg) of both axes, or of Delta(T) for several temperatures.",
        ),
    ] = None,
    csv: Csv = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Solve the Eliashberg equations for a2F files at one or several temperatures."""
    at = parse_temperatures(temperatures)
    with session(json):
        numbers = {"mu_star": mu_star, "omega_c": omega_c, "matsubara_cutoff": matsubara_cutoff}
        options = numbers | {"broadening": broadening, "converge_cutoff": converge_cutoff, "pade_points": pade_points}
        with collect_errors() as check:
            check(check_ranges, "solve", column=column, **options)
            check(check_count, at)
            check(_check_temperatures, at)
            check(_check_method, method, pade_points)
            check(check_output_files, files, output=output, plot=plot, csv=csv)
        exit_if_no_file_is_readable(files, json, entries=[{"T_K": T} for T in at], names=A2F_NAMES)
        start_jax(device)
        inputs = read_input_spectra(files, {"format": format, "unit": unit, "column": column, "key": key})
        numbers |= {"z_sum": z_sum_of(z_sum)}
        real_axis = {"broadening": broadening, "method": _method(method, pade_points)}
        results, solved = _answers(inputs, at, numbers, converge=converge_cutoff, real_axis=real_axis)
        if output and solved:
            from ...data import write_solution

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
    inputs: list[InputSpectrum | UnusableSpectrum],
    at: list[float],
    numbers: dict[str, Any],
    *,
    converge: float | None,
    real_axis: dict[str, Any],
) -> tuple[list[dict[str, Any]], Solved]:
    """Return one result for each spectrum and temperature, in order, and the solutions of those without error."""
    members = [(given, T) for given in inputs if isinstance(given, InputSpectrum) for T in at]
    found = _solutions(members, numbers, converge)
    results: list[dict[str, Any]] = []
    solved: Solved = []
    answered: dict[InputSpectrum, list[dict[str, Any]]] = {}
    for given in inputs:
        source = given.source
        if isinstance(given, UnusableSpectrum):
            bad = error_entry(source, given.error)
            results += [bad | {"T_K": T} for T in at]
            continue
        for notice in given.found.notices:
            tell(f"note: {source}: {notice}")
        good = []
        for T in at:
            stop_if_requested()
            try:
                result, sol, real = continue_solution(given, found[given, T], T=T, **real_axis)
            except InputError as error:
                results.append(error_entry(source, error) | {"T_K": T})
                continue
            results.append(result)
            good.append(result)
            solved.append((str(source), sol, real))
        tell_accuracy(source, good)
        if numbers["matsubara_cutoff"] is None:
            tell_raised_cutoffs(source, good)
        if good:
            answered[given] = good
    _add_critical_temperatures(answered, numbers)
    return results, solved


def _check_temperatures(at: list[float]) -> None:
    """Refuse temperatures if all are out of range; a single bad one gets its own error in the results."""
    if not any(T in ranges_of("solve")["temperature"] for T in at):
        check_ranges("solve", temperature=at)


def _check_method(name: Method, pade_points: int | None) -> None:
    if name == "msc" and pade_points is not None:
        raise InputError("--pade-points is for --method pade.")


def _method(name: Method, pade_points: int | None) -> "MSC | Pade":
    """Return the method of analytic continuation that the options `--method` and `--pade-points` choose."""
    from ...physics import MSC, Pade

    return MSC() if name == "msc" else Pade(pade_points)


def _add_critical_temperatures(answered: dict[InputSpectrum, list[dict[str, Any]]], numbers: dict[str, Any]) -> None:
    r"""Add $T_c$ and the gap ratio $2\Delta_0/k_BT_c$ to the results without error."""
    from ...physics import gap_ratio, solve_tc_many

    found = solve_tc_many([given.spectrum for given in answered], **numbers) if answered else []
    for results, critical in zip(answered.values(), map(float, found), strict=True):
        for result in results:
            result["T_c_K"] = critical
            result["gap_ratio"] = float(gap_ratio(result["gap_edge_meV"], critical))


Member = tuple[InputSpectrum, float]


def _solutions(
    members: list[Member], numbers: dict[str, Any], converge: float | None
) -> dict[Member, "GapSolution | CutoffConvergence | InputError"]:
    """Solve all members in few batches, and return their solutions, or errors in place of them."""
    from ...physics import CompressedMatsubara, FullMatsubara, Newton, converge_cutoff, solve_gap_many

    with progress_bar("solving", len(members)) as update:
        done = itertools.count(1)

        def advance(*_: object) -> None:
            update(next(done), "")

        def converged(part: Sequence[Member]) -> Sequence[Any]:
            found = [converge_cutoff(given.spectrum, T, rtol=converge or 0.0, **numbers) for given, T in part]
            advance()
            return found

        def batch(part: Sequence[Member], **strategy: Any) -> Sequence[Any]:
            spectra, at = [given.spectrum for given, _ in part], [T for _, T in part]
            return solve_gap_many(spectra, at, **strategy, progress=advance, **numbers)

        if converge is not None:
            return {member: evaluate_each(converged, [member])[0] for member in members}
        # all frequencies, to rounding error: the output file holds all, and a Pade approximant needs this accuracy
        every = functools.partial(batch, frequencies=FullMatsubara(), solver=Newton())
        some = functools.partial(batch, frequencies=CompressedMatsubara(rtol=COMPRESSED_RTOL))
        is_long = {member: _is_long(*member, numbers["matsubara_cutoff"]) for member in members}
        long, short = ([member for member in members if is_long[member] == wanted] for wanted in (True, False))
        answers = evaluate_each(every, short) + evaluate_each(some, long)
        return dict(zip(short + long, answers, strict=True))


def _is_long(given: InputSpectrum, T: float, cutoff: float | None) -> bool:
    """Whether there are too many Matsubara frequencies to solve at all of them."""
    from ...physics import FullMatsubara, count_frequencies, default_cutoffs

    # a default cutoff that `solve_gap` raises at high temperature leaves eight frequencies, which are not many
    _, energy = default_cutoffs(float(given.spectrum.omega_max), None, cutoff)
    return T > 0 and math.isfinite(energy) and count_frequencies(T, energy) > FullMatsubara.largest


def _plot(path: pathlib.Path, solved: Solved, results: list[dict[str, Any]]) -> None:
    """Write the figure: both axes of one solution, or Delta against temperature for several."""
    from ..._figure import figure_bytes
    from ...data import write_file
    from ._solve_plot import plot_solution, plot_temperatures

    figure = plot_solution(*solved[0], results[0]) if len(solved) == 1 else plot_temperatures(results)
    write_file(path, figure_bytes(figure, path))
