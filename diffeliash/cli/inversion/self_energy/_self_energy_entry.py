"""Results of `invert --kind self-energy`: the entries of JSON, and the rows of the table."""

import pathlib
from typing import TYPE_CHECKING, Any

from .._invert_result import named_pair, shared_entry, shown_pair

if TYPE_CHECKING:
    from ....data import SelfEnergyFile
    from ....inverse import SelfEnergyInversion

UNITS = {"constant": "meV", "slope": "", "impurity": "meV", "electrons": "per_meV"}
"""Free parameters besides a2F, with their units."""


def self_energy_entry(file: pathlib.Path, data: "SelfEnergyFile", found: "SelfEnergyInversion") -> dict[str, Any]:
    """The result of one file as an entry of JSON; its notes are printed."""
    result = shared_entry(file, data.notices, found) | {
        "part": data.part,
        "compatible": found.compatible,
        "probability": found.probability,
        "error_factor": found.error_factor,
    }
    for name, pair in found.nuisances.items():
        result |= named_pair(name, pair, UNITS[name])
    for part in found.parts:
        result |= named_pair(f"lambda_ep_{part.name}", part.alone.lambda_ep) | {
            f"noise_{part.name}_meV": part.noise,
            f"noise_{part.name}_known": part.noise_known,
            f"scatter_{part.name}_meV": part.scatter,
            f"n_correlated_{part.name}": part.n_correlated,
            f"chi2_{part.name}": part.chi2,
        }
    return result


def self_energy_row(result: dict[str, Any]) -> dict[str, str]:
    """A row of the table."""

    def shown(name: str, unit: str = "") -> str:
        end = f"_{unit}" if unit else ""
        return shown_pair(result[f"{name}{end}"], result[f"{name}_std{end}"])

    def of_a2f(name: str, unit: str = "") -> str:
        return shown(name, unit) if result["determined"] else "not determined"

    row = {
        "file": result["file"],
        "ok": "yes" if result["ok"] else "NO",
        "lambda": of_a2f("lambda_ep"),
    }
    names = ("real", "imaginary") if result["part"] == "both" else (result["part"],)
    if len(names) > 1:
        row |= {f"{name} part alone": of_a2f(f"lambda_ep_{name}") for name in names}
        row["compatible"] = "yes" if result["compatible"] else "NO"
    row |= {
        "omega_log [meV]": of_a2f("omega_log", "meV"),
        "T_c [K]": of_a2f("T_c", "K"),
        "mu*": f"{result['mu_star']:g}",
        "a2F ends [meV]": f"{result['omega_max_meV']:.4g}",
    }
    for name, unit in UNITS.items():
        end = f"_{unit}" if unit else ""
        if f"{name}{end}" in result:
            row[f"{name} [{unit.replace('per_', '1/')}]" if unit else name] = shown(name, unit)
    return row | {
        "noise [meV]": ", ".join(f"{result[f'noise_{name}_meV']:.3g}" for name in names),
        "chi2/N": f"{result['chi2']:.3f}",
        "resolved": str(result["n_resolved"]),
    }
