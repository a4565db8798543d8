"""The command `tc`: critical temperature and moments of spectral functions."""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ..._errors import InputError
from ..._suggested_files import A2F_NAMES
from .._interrupt import stop_if_requested
from ..arguments import (
    MU_STAR_CUTOFF_NOTICE,
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
    read_input_spectra,
    source_of,
    z_sum_of,
)
from ..terminal import (
    Column,
    Csv,
    DeviceOption,
    Files,
    FormatOption,
    Json,
    Key,
    MatsubaraCutoff,
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

FEW_FREQUENCIES = 8
"""Number of Matsubara frequencies below the cutoff under which a notice is given."""

LARGEST_UNCOMPRESSED = 2048
"""Largest number of Matsubara frequencies for which the sums are not compressed."""


def tc_command(
    files: Files,
    temperatures: Annotated[
        list[str],
        typer.Option(
            "--temperature", "-T", help="Temperatures for the pairing eigenvalue [K]: 5 or 1,2,4 or 1:10:0.5."
        ),
    ] = [],  # noqa: B006
    mu_star: MuStar = 0.1,
    omega_c: OmegaC = None,
    matsubara_cutoff: MatsubaraCutoff = None,
    z_sum: ZSum = "truncated",
    unit: UnitOption = None,
    format: FormatOption = "auto",
    column: Column = None,
    key: Key = None,
    csv: Csv = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Compute critical temperature, coupling constant and moments for a2F files.

    T_c is the highest temperature at which the linearized Migdal-Eliashberg equations have a solution.
    """
    at = parse_temperatures(temperatures)
    with session(json):
        numbers = {"mu_star": mu_star, "omega_c": omega_c, "matsubara_cutoff": matsubara_cutoff}
        with collect_errors() as check:
            check(check_count, at)
            check(check_ranges, "tc", temperature=at, column=column, **numbers)
            check(check_output_files, files, csv=csv)
        exit_if_no_file_is_readable(files, json, names=A2F_NAMES)
        start_jax(device)
        inputs = read_input_spectra(files, {"format": format, "unit": unit, "column": column, "key": key})
        results = _answers(inputs, at, {**numbers, "z_sum": z_sum_of(z_sum)})
        good = [result for result in results if "error" not in result]
        if csv:
            write_table(csv, results)
        if json:
            print_json({"results": results})
        elif good:
            print_table([_row(result) for result in good])
        finish(results)


def _answers(
    inputs: list[InputSpectrum | UnusableSpectrum], at: list[float], numbers: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return one result for each spectrum, in order."""
    from ...physics import solve_tc_many

    good = [each for each in inputs if isinstance(each, InputSpectrum)]
    with progress_bar("T_c of", len(good)) as update:

        def critical_temperatures(members: Sequence[InputSpectrum]) -> Sequence[Any]:
            spectra = [member.spectrum for member in members]
            return solve_tc_many(spectra, **numbers, progress=lambda done: update(done, "")).tolist()

        found = iter(evaluate_each(critical_temperatures, good))
    results = []
    for given in inputs:
        stop_if_requested()
        try:
            if isinstance(given, UnusableSpectrum):
                raise given.error
            if isinstance(T_c := next(found), InputError):
                raise T_c
            results.append(_result(given, T_c, at, numbers))
        except InputError as error:
            results.append(error_entry(given.source, error))
    return results


def _result(given: InputSpectrum, T_c: float, at: list[float], numbers: dict[str, Any]) -> dict[str, Any]:
    from ...physics import allen_dynes_tc, count_frequencies, default_cutoffs, lowest_temperature

    spectrum, found, mu_star = given.spectrum, given.found, numbers["mu_star"]
    cutoffs = default_cutoffs(float(spectrum.omega_max), numbers["omega_c"], numbers["matsubara_cutoff"])
    notices = list(found.notices)
    if T_c == 0:
        notices.append(
            f"no superconductivity down to {lowest_temperature(cutoffs[1]):.3g} K, the lowest temperature searched."
        )
    elif T_c > 0 and count_frequencies(T_c, cutoffs[1]) < FEW_FREQUENCIES:
        notices.append("T_c is so high that few Matsubara frequencies lie below --matsubara-cutoff: raise it.")
    if cutoffs[0] > cutoffs[1]:
        notices.append(MU_STAR_CUTOFF_NOTICE)
    result = given.source.entry | {
        "lambda_ep": float(spectrum.lambda_ep),
        "omega_log_meV": float(spectrum.omega_log),
        "omega_2_meV": float(spectrum.omega_2),
        "T_c_K": T_c,
        "T_c_allen_dynes_K": float(allen_dynes_tc(spectrum, mu_star)),
        "mu_star": mu_star,
        "mu_star_ad": mu_star,  # another quantity, for which the option is used too: see docs/conventions.md
        "omega_c_meV": cutoffs[0],
        "matsubara_cutoff_meV": cutoffs[1],
        "z_sum": type(numbers["z_sum"]).__name__,
        "format": found.format,
        "unit": found.unit,
        "column": found.column,
        "notices": notices,
        "converged": not math.isnan(T_c),  # NaN if the search failed
    }
    if at:
        result |= {"T_K": at, "eta": _eigenvalues(given, at, numbers)}
    for notice in notices:
        tell(f"note: {given.source}: {notice}")
    return result


def _eigenvalues(given: InputSpectrum, at: list[float], numbers: dict[str, Any]) -> list[float | None]:
    """Return pairing eigenvalues at several temperatures, `None` where the computation is refused.

    All temperatures share one compiled program if the sums are not too long.
    """
    from ...physics import CompressedMatsubara, FullMatsubara, SplitCutoff, default_cutoffs, leading_eigenvalue

    _, cutoff = default_cutoffs(float(given.spectrum.omega_max), numbers["omega_c"], numbers["matsubara_cutoff"])
    largest = SplitCutoff().count(min(at), cutoff)
    frequencies = FullMatsubara(2 ** largest.bit_length()) if largest <= LARGEST_UNCOMPRESSED else CompressedMatsubara()
    found: list[float | None] = []
    for T in at:
        stop_if_requested()
        try:
            found.append(float(leading_eigenvalue(given.spectrum, T, frequencies=frequencies, **numbers)))
        except InputError as error:
            found.append(None)
            tell(f"note: {given.source}: no eigenvalue at {T:g} K: {error}")
    return found


def _row(result: dict[str, Any]) -> dict[str, str]:
    return {
        "file": str(source_of(result)),
        "lambda": f"{result['lambda_ep']:.5g}",
        "omega_log [meV]": f"{result['omega_log_meV']:.5g}",
        "omega_2 [meV]": f"{result['omega_2_meV']:.5g}",
        "T_c [K]": f"{result['T_c_K']:.6g}" if result["T_c_K"] else "normal",
        "T_c Allen-Dynes [K]": f"{result['T_c_allen_dynes_K']:.6g}",
        "mu*": f"{result['mu_star']:g}",
        "omega_c [meV]": f"{result['omega_c_meV']:g}",
    } | {
        f"eta({T:g} K)": "-" if eta is None else f"{eta:.5f}"
        for T, eta in zip(result.get("T_K", ()), result.get("eta", ()), strict=True)
    }
