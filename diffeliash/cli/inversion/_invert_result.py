"""Results of `invert`: the entries of JSON, and the rows of the table."""

import math
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..terminal import tell
from ._invert_output import BAND

if TYPE_CHECKING:
    from ...inverse import Inversion, SelfEnergyInversion
    from ...models import Prediction

FITTED = {"broadening": "meV", "scale": "", "slope": "per_meV", "curvature": "per_meV2", "offset": "meV"}
"""Parameters that may be fitted, with their units."""


MOST_DIGITS = 6
"""Most decimals of a number in the table; smaller ones are shown with an exponent."""

_LABELS = {
    "broadening": "Gamma [meV]", "scale": "scale", "slope": "slope [1/meV]", "curvature": "curvature [1/meV^2]",
    "offset": "offset [meV]",
}  # fmt: skip


def result_entry(file: pathlib.Path, given: Any, found: "Inversion") -> dict[str, Any]:
    """The result of one file as an entry of JSON; its notes are printed."""
    result = shared_entry(file, given.file.notices, found) | {"modulation_meV": given.modulation}
    for name, unit in FITTED.items():
        pair = getattr(found, name)
        result |= named_pair(name, pair or (float(getattr(found.parameters, name)), 0.0), unit)
    return result


def shared_entry(
    file: pathlib.Path, notices: Sequence[str], found: "Inversion | SelfEnergyInversion"
) -> dict[str, Any]:
    """What all kinds have in common; the notes are printed."""
    for note in found.notes:
        tell(f"note: {file}: {note}")
    c = found.conditions
    moments = moment_entries(found, found.T_c if found.determined else (math.nan, math.nan))
    return (
        {"file": str(file)}
        | moments
        | {
            "mu_star": found.mu_star,
            "mu_star_std": found.mu_star_std,
            "T_K": c.T,
            "omega_max_meV": c.omega_max,
            "omega_c_meV": c.omega_c,
            "matsubara_cutoff_meV": c.matsubara_cutoff,
            "noise": found.noise,
            "chi2": found.chi2,
            "n_resolved": found.n_resolved,
            "determined": found.determined,
            "converged": found.converged,
            "ok": found.ok,
            **spectrum_entries(found),
            "notes": found.notes,
            "notices": list(notices),
        }
    )


def moment_entries(found: "Inversion | SelfEnergyInversion | Prediction", T_c: tuple[float, float]) -> dict[str, float]:
    """Coupling constant, averages of the frequency and critical temperature, with their standard deviations."""
    return (
        named_pair("lambda_ep", found.lambda_ep)
        | named_pair("omega_log", found.omega_log, "meV")
        | named_pair("omega_2", found.omega_2, "meV")
        | named_pair("T_c", T_c, "K")
    )


def spectrum_entries(found: "Inversion | SelfEnergyInversion | Prediction") -> dict[str, list[float]]:
    """The spectral function with its standard deviation and band, NaN without samples."""
    import numpy as np

    low, high = np.quantile(found.samples, BAND, axis=0) if len(found.samples) else (found.a2f_std, found.a2f_std)
    return {
        "omega_meV": found.omega.tolist(),
        "a2f": found.a2f.tolist(),
        "a2f_std": found.a2f_std.tolist(),
        "a2f_low": low.tolist(),
        "a2f_high": high.tolist(),
    }


def named_pair(stem: str, pair: tuple[float, float], unit: str = "") -> dict[str, float]:
    """A number and its standard deviation under their JSON keys."""
    value, std = pair
    return {f"{stem}_{unit}": value, f"{stem}_std_{unit}": std} if unit else {stem: value, f"{stem}_std": std}


def shown_pair(value: float, std: float) -> str:
    """A number and its standard deviation with two digits of the latter, for the table."""
    digits = max(0, 1 - math.floor(math.log10(std))) if 0 < std < math.inf else 4
    if digits > MOST_DIGITS:
        return f"{value:.2g} +- {std:.2g}"
    return f"{value:.{digits}f} +- {std:.{digits}f}"


def as_row(result: dict[str, Any]) -> dict[str, str]:
    """A row of the table; parameters have a column if they are fitted."""

    def shown(value: float, std: float) -> str:
        return shown_pair(value, std) if result["determined"] else "not determined"

    row = {
        "file": result["file"],
        "ok": "yes" if result["ok"] else "NO",
        "lambda": shown(result["lambda_ep"], result["lambda_ep_std"]),
        "omega_log [meV]": shown(result["omega_log_meV"], result["omega_log_std_meV"]),
        "T_c [K]": shown(result["T_c_K"], result["T_c_std_K"]),
        "mu*": shown(result["mu_star"], result["mu_star_std"]) if result["mu_star_std"] else f"{result['mu_star']:g}",
    }
    for name, unit in FITTED.items():
        end = f"_{unit}" if unit else ""
        if std := result[f"{name}_std{end}"]:
            label = _LABELS[name]
            row[label] = shown(result[f"{name}{end}"], std)
    return row | {
        "noise": f"{result['noise']:.3g}",
        "chi2/N": f"{result['chi2']:.3f}",
        "resolved": str(result["n_resolved"]),
    }
