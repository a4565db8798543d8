"""`diffeliash tc`: critical temperature and moments of spectral functions."""

import pathlib
from typing import Any

from .._errors import InputError
from ._interrupt import stop_if_requested
from ._options import (
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

FEW_FREQUENCIES = 8
"""With fewer frequencies below the cutoff the user is told."""


def tc_command(
    files: Files,
    mu_star: MuStar = 0.1,
    omega_c: OmegaC = None,
    matsubara_cutoff: MatsubaraCutoff = None,
    unit: UnitOption = None,
    format: FormatOption = "auto",
    column: Column = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Critical temperature, coupling constant and moments of a2F files.

    T_c is the temperature at which the linearized Migdal-Eliashberg equations first have a solution.
    """
    with session(json, device):
        reading = {"format": format, "unit": unit, "column": column}
        results = [_answer(file, reading, mu_star, omega_c, matsubara_cutoff) for file in files]
        if json:
            print_json({"results": results})
        elif good := [result for result in results if "error" not in result]:
            print_table([_row(result) for result in good])
        finish(results)


def _answer(
    file: pathlib.Path, reading: dict[str, Any], mu_star: float, omega_c: float | None, cutoff: float | None
) -> dict[str, Any]:
    stop_if_requested()
    try:
        return _critical_temperature(file, reading, mu_star, omega_c, cutoff)
    except InputError as error:
        tell(f"error: {error}")
        return {"file": str(file), "error": error.as_dict()}


def _critical_temperature(
    file: pathlib.Path, reading: dict[str, Any], mu_star: float, omega_c: float | None, cutoff: float | None
) -> dict[str, Any]:
    from ..data import read_spectrum_file
    from ..physics import Spectrum, allen_dynes_tc, count_frequencies, default_cutoffs, lowest_temperature, solve_tc

    found = read_spectrum_file(file, **reading)
    notices = list(found.notices)
    spectrum = Spectrum(found.omega, found.a2f)
    cutoffs = default_cutoffs(float(spectrum.omega_max), omega_c, cutoff)
    T_c = float(solve_tc(spectrum, mu_star=mu_star, omega_c=cutoffs[0], matsubara_cutoff=cutoffs[1]))
    if T_c == 0:
        notices.append(f"no superconductivity down to {lowest_temperature(cutoffs[1]):.3g} K, the lowest looked at.")
    elif T_c == T_c and count_frequencies(T_c, cutoffs[1]) < FEW_FREQUENCIES:
        notices.append("T_c is so high that few frequencies lie below --matsubara-cutoff: raise it.")
    if cutoffs[0] > cutoffs[1]:
        notices.append("mu* acts up to --matsubara-cutoff only, which lies below --omega-c.")
    for notice in notices:
        tell(f"note: {file}: {notice}")
    return {
        "file": str(file),
        "lambda_ep": float(spectrum.lambda_ep),
        "omega_log_meV": float(spectrum.omega_log),
        "omega_2_meV": float(spectrum.omega_2),
        "T_c_K": T_c,
        "T_c_allen_dynes_K": float(allen_dynes_tc(spectrum, mu_star)),
        "mu_star": mu_star,
        "mu_star_ad": mu_star,
        "omega_c_meV": cutoffs[0],
        "matsubara_cutoff_meV": cutoffs[1],
        "format": found.format,
        "unit": found.unit,
        "column": found.column,
        "notices": notices,
        "converged": T_c == T_c,  # NaN if the search failed
    }


def _row(result: dict[str, Any]) -> dict[str, str]:
    return {
        "file": result["file"],
        "lambda": f"{result['lambda_ep']:.5g}",
        "omega_log [meV]": f"{result['omega_log_meV']:.5g}",
        "omega_2 [meV]": f"{result['omega_2_meV']:.5g}",
        "T_c [K]": f"{result['T_c_K']:.6g}" if result["T_c_K"] else "normal",
        "T_c Allen-Dynes [K]": f"{result['T_c_allen_dynes_K']:.6g}",
        "mu*": f"{result['mu_star']:g}",
        "omega_c [meV]": f"{result['omega_c_meV']:g}",
    }
