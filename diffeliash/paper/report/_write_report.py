"""The report: pictures, text and numbers."""

import dataclasses
import json
import os
import pathlib
from collections import Counter
from typing import Any, get_args

import numpy as np
from matplotlib.figure import Figure

from ..._figure import figure_bytes
from ..._json import nonfinite_to_null
from ...data import numerical_environment, software_versions, write_file
from .._paper_config import PaperConfig
from ..stages import VERDICTS, Arrays, Results, bases_name, stages
from ..verdicts import WELL, Answer, Item, Verdict, answer, digits, items, needed
from . import _figures_with_data as figures
from . import _figures_without_data as diagrams
from ._many_to_one_figures import modes_figure, question_figure
from ._markdown_and_html import Content, as_html, as_markdown

TOO_SMALL = (
    "The sizes are not those of the paper: nothing can be concluded from these verdicts, nor from what networks come "
    "to below. Singular values, best linear estimates, inversions and Pade approximants do not depend on the sizes."
)

CURVES = frozenset({"a2f", "predicted", "Delta", "recomputed", "f", "g", "f_n", "g_n", "answers", "functions"})
"""Results that `numbers.json` does not have: functions, of single samples or of the last layer."""

LONGEST = 2500
"""Longest table in `numbers.json`; of longer ones, with a number for every sample, it has quantiles."""


def write_report(results: Results, config: PaperConfig, folder: pathlib.Path, *, command: str) -> Content:
    """Draw all figures and write `report.md`, `report.html`, `numbers.json` and the pictures beside them.

    Args:
        results: Of all stages.
        config: Sizes.
        folder: Where to.
        command: How the run was started, for the report.

    Returns:
        What it says.

    Raises:
        StorageError: A file cannot be written.
    """
    found, reply = items(results, config), answer(results, config)
    pictures = {name: figure_bytes(f, name, small=True) for name, f in draw(results, config, reply).items()}
    for name, content in pictures.items():
        write_file(folder / name, content)
    about = _about(results, config, command)
    content = Content(found, reply, about, _summary(found, config))
    write_file(folder / "report.md", as_markdown(content).encode())
    write_file(folder / "report.html", as_html(content, pictures).encode())
    numbers = {
        "about": about,
        "summary": content.summary,
        "items": [vars(item) for item in found],
        "question": reply.table,
        "answer": reply.text,
        "stages": _numbers(results),
    }
    write_file(folder / "numbers.json", _compact(numbers).encode())
    return content


def draw(results: Results, config: PaperConfig, reply: Answer) -> dict[str, Figure]:
    """All pictures by the names of their files."""
    by_size = {size: results[f"reduced-{size}"] for size in config.latent_sizes}
    measured = {size: found for size, found in by_size.items() if "df" in found}
    dos = {size: results[f"dos-reduced-{size}"] for size in config.dos_sizes}
    by_neurons = {neurons: results[bases_name(neurons, 0)] for neurons in config.neurons}
    columns = {str(size): found for size, found in measured.items()} | {"as they are": results["plain"]}
    return {
        "fig-01.png": diagrams.flow(_remarks(results["flow-simple"], results["flow-complex"])),
        "fig-02-05.png": diagrams.networks((300, 500, 800, 1000), (1400, 500, "$d_L$", 500, 1400)),
        "fig-03.png": figures.predictions(results["simple"], "Simple family, test samples from good to bad"),
        "fig-04.png": figures.complex_predictions(results["exact-seed-0"], results["pade-seed-0"]),
        "fig-06.png": figures.reconstructions(by_size),
        "fig-06-latent.png": figures.latent_figure(by_size, dos, results["baseline"], WELL),
        "fig-07.png": figures.recomputed(results["plain"]),
        "fig-08.png": figures.reduced_predictions(measured),
        "fig-09.png": figures.bases(by_neurons),
        "fig-10.png": figures.loss_history(by_neurons),
        "fig-11.png": figures.moment_figure(columns),
        "fig-dos.png": figures.dos_figure(results["dos"], dos),
        "fig-reverse.png": figures.reverse_figure(results["reverse"]),
        "fig-question.png": question_figure(results["information"], results["pade"], reply.points),
        "fig-modes.png": modes_figure(reply.missed, results["information"]["share_by_mode"]),
    }


def _remarks(simple: Arrays, many: Arrays) -> dict[str, str]:
    names = {name: VERDICTS[int(found["verdict"])] for name, found in (("simple", simple), ("complex", many))}
    remarks = {
        "predictor": f"1 - PCC: simple {digits(simple['error'])}, complex {digits(many['error'])}",
        "good": ", ".join(name for name, verdict in names.items() if verdict == "good"),
    }
    if "inputs" in many:
        remarks["complexities"] = f"complex: gap functions {needed(many, 'inputs')},\na2F {needed(many, 'outputs')}"
    if "new_error" in many:
        remarks |= {
            "reduced": f"complex: bottleneck {int(many['inputs'])}",
            "new": f"complex: 1 - PCC {digits(many['new_error'])} on new data,\n"
            f"{digits(many['new_error_original'])} from data as they were to data as they were",
        }
    return remarks


def _about(results: Results, config: PaperConfig, command: str) -> dict[str, str]:
    seconds = sum(float(found["seconds"]) for found in results.values())
    versions = software_versions()
    return {
        "command": command,
        "configuration": ", ".join(f"{name} {value}" for name, value in vars(config).items()),
        "time": f"{seconds / 60:.0f} minutes in {len(stages(config))} stages",
        "machine": f"{numerical_environment()['device']}, {os.cpu_count()} cores",
        "software": ", ".join(f"{name} {value}" for name, value in versions.items()),
    }


def _numbers(results: Results) -> dict[str, Any]:
    """All results that are no functions; what is not finite becomes null."""
    return nonfinite_to_null(
        {
            stage: {
                name: _rounded(value) if np.size(value) <= LONGEST else _quantiles(value)
                for name, value in found.items()
                if name not in CURVES
            }
            for stage, found in results.items()
        }
    )


def _rounded(value: Any) -> Any:
    """Single numbers as they are, tables with six digits."""
    values = np.asarray(value)
    if values.ndim == 0 or values.dtype.kind in "iub":
        return values.tolist()
    return np.array([float(f"{x:.6g}") for x in values.ravel()]).reshape(values.shape).tolist()


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {f"quantile {q:g}": float(np.quantile(values, q)) for q in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)}


def _compact(numbers: dict[str, Any]) -> str:
    """JSON, one line for each result."""
    stages = {
        stage: [f"   {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
        for stage, found in numbers["stages"].items()
    }
    lines = (f"  {json.dumps(stage)}: {{\n" + ",\n".join(found) + "\n  }" for stage, found in stages.items())
    rest = json.dumps(numbers | {"stages": None}, indent=1)
    return rest.replace('"stages": null', '"stages": {\n' + ",\n".join(lines) + "\n }")


def _summary(found: list[Item], config: PaperConfig) -> str:
    counted = Counter(item.verdict for item in found if item.counted)
    verdicts = ", ".join(f"{counted[name]} {name}" for name in get_args(Verdict))
    others = "; ".join(item.name for item in found if not item.counted)
    of_paper = dataclasses.replace(config, seed=0) == PaperConfig()
    return f"Verdicts: {verdicts} (not counted, because they do not speak of the method: {others})." + (
        "" if of_paper else f" {TOO_SMALL}"
    )
