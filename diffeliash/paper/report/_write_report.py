"""Writes the files of the report."""

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
from ..stages import VERDICTS, Arrays, Results, all_stages, bases_name
from ..verdicts import GOOD, Answer, PaperItem, Verdict, answer, digits, items, latent_size_text
from . import _figures_with_data as figures
from . import _figures_without_data as diagrams
from ._many_to_one_figures import modes_figure, question_figure
from ._markdown_and_html import Content, as_html, as_markdown

TOO_SMALL = (
    "The sizes are not those of the paper: nothing can be concluded from these verdicts, nor from the errors of "
    "networks below. Singular values, best linear estimates, inversions and Pade approximants do not depend on the "
    "sizes."
)
"""The remark of the summary if the configuration is not the default one."""

CURVES = frozenset({"a2f", "predicted", "Delta", "recomputed", "f", "g", "f_n", "g_n", "answers", "functions"})
"""Names of results that are left out of `numbers.json`: functions, of single samples or of the last layer."""

LONGEST = 2500
"""Largest number of elements of an array in `numbers.json`; longer ones are replaced by their quantiles."""


def write_report(results: Results, config: PaperConfig, folder: pathlib.Path, *, command: str) -> Content:
    """Draw all figures and write them with `report.md`, `report.html` and `numbers.json`.

    Args:
        results: The results of all stages.
        config: The configuration of the run.
        folder: Folder for the files.
        command: The command that started the run, which the report states.

    Returns:
        The content of the report.

    Raises:
        StorageError: A file cannot be written.
    """
    found, conclusion = items(results, config), answer(results, config)
    pictures = {
        name: figure_bytes(f, name, small=True) for name, f in make_figures(results, config, conclusion).items()
    }
    for name, content in pictures.items():
        write_file(folder / name, content)
    about = _about(results, config, command)
    content = Content(found, conclusion, about, _summary(found, config))
    write_file(folder / "report.md", as_markdown(content).encode())
    write_file(folder / "report.html", as_html(content, pictures).encode())
    numbers = {
        "about": about,
        "summary": content.summary,
        "items": [vars(item) for item in found],
        "question": conclusion.table,
        "answer": conclusion.text,
        "stages": _numbers(results),
    }
    write_file(folder / "numbers.json", _compact(numbers).encode())
    return content


def make_figures(results: Results, config: PaperConfig, conclusion: Answer) -> dict[str, Figure]:
    """All figures by the names of their files."""
    by_size = {size: results[f"reduced-{size}"] for size in config.latent_sizes}
    measured = {size: found for size, found in by_size.items() if "df" in found}
    dos = {size: results[f"dos-reduced-{size}"] for size in config.dos_sizes}
    by_neurons = {neurons: results[bases_name(neurons, 0)] for neurons in config.neurons}
    columns = {str(size): found for size, found in measured.items()} | {"original data": results["plain"]}
    return {
        "fig-01.png": diagrams.flow(_remarks(results["flow-simple"], results["flow-complex"])),
        "fig-02-05.png": diagrams.networks((300, 500, 800, 1000), (1400, 500, "$d_L$", 500, 1400)),
        "fig-03.png": figures.predictions(results["simple"], "Simple family, test samples from good to bad"),
        "fig-04.png": figures.complex_predictions(results["exact-seed-0"], results["pade-seed-0"]),
        "fig-06.png": figures.reconstructions(by_size),
        "fig-06-latent.png": figures.latent_figure(by_size, dos, results["baseline"], GOOD),
        "fig-07.png": figures.recomputed(results["plain"]),
        "fig-08.png": figures.reduced_predictions(measured),
        "fig-09.png": figures.bases(by_neurons),
        "fig-10.png": figures.loss_history(by_neurons),
        "fig-11.png": figures.moment_figure(columns),
        "fig-dos.png": figures.dos_figure(results["dos"], dos),
        "fig-reverse.png": figures.reverse_figure(results["reverse"]),
        "fig-question.png": question_figure(results["information"], results["pade"], conclusion.points),
        "fig-modes.png": modes_figure(conclusion.missed, results["information"]["share_by_mode"]),
    }


def _remarks(simple: Arrays, many: Arrays) -> dict[str, str]:
    names = {name: VERDICTS[int(found["verdict"])] for name, found in (("simple", simple), ("complex", many))}
    remarks = {
        "predictor": f"1 - PCC: simple {digits(simple['error'])}, complex {digits(many['error'])}",
        "good": ", ".join(name for name, verdict in names.items() if verdict == "good"),
    }
    if "inputs" in many:
        remarks["complexities"] = (
            f"complex: gap functions {latent_size_text(many, 'inputs')},\na2F {latent_size_text(many, 'outputs')}"
        )
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
        "time": f"{seconds / 60:.0f} minutes in {len(all_stages(config))} stages",
        "machine": f"{numerical_environment()['device']}, {os.cpu_count()} cores",
        "software": ", ".join(f"{name} {value}" for name, value in versions.items()),
    }


def _numbers(results: Results) -> dict[str, Any]:
    """All results that are not functions; values that are not finite become null."""
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
    """Single numbers and integers unchanged, arrays of real numbers with six digits."""
    values = np.asarray(value)
    if values.ndim == 0 or values.dtype.kind in "iub":
        return values.tolist()
    return np.array([float(f"{x:.6g}") for x in values.ravel()]).reshape(values.shape).tolist()


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {f"quantile {q:g}": float(np.quantile(values, q)) for q in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)}


def _compact(numbers: dict[str, Any]) -> str:
    """The numbers as JSON, with one line for each result."""
    stages = {
        stage: [f"   {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()]
        for stage, found in numbers["stages"].items()
    }
    lines = (f"  {json.dumps(stage)}: {{\n" + ",\n".join(found) + "\n  }" for stage, found in stages.items())
    rest = json.dumps(numbers | {"stages": None}, indent=1)
    return rest.replace('"stages": null', '"stages": {\n' + ",\n".join(lines) + "\n }")


def _summary(found: list[PaperItem], config: PaperConfig) -> str:
    counted = Counter(item.verdict for item in found if item.counted)
    verdicts = ", ".join(f"{counted[name]} {name}" for name in get_args(Verdict))
    others = "; ".join(item.name for item in found if not item.counted)
    of_paper = dataclasses.replace(config, seed=0) == PaperConfig()
    return f"Verdicts: {verdicts} (not counted, because they do not test the method: {others})." + (
        "" if of_paper else f" {TOO_SMALL}"
    )
