"""The report: Markdown, one HTML file that needs no other, and all numbers as JSON."""

import base64
import dataclasses
import html
import json
import os
import pathlib
from collections import Counter
from typing import Any, NamedTuple, get_args

import numpy as np
from matplotlib.figure import Figure

from .._figure import figure_bytes
from .._json import finite
from ..data import machine, software_versions, write_file
from . import _diagrams as diagrams
from . import _figures as figures
from ._answer import Answer, answer
from ._config import PaperConfig
from ._item import WELL, Item, Table, Verdict, digits
from ._items import items
from ._networks import VERDICTS
from ._published import SOURCE
from ._question_figure import EXACT, PADE, question_figure
from ._run import Results, bases_name, stages
from ._stages import Arrays

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0; font-size: 90% }
td, th { border: 1px solid #ccc; padding: .2em .6em; text-align: left }
img { max-width: 100% } .reproduced { color: #17692c } .trend { color: #8a5a00 } .not { color: #a11 }"""

TOO_SMALL = "The sizes are not those of the paper: nothing can be concluded from these verdicts."

QUESTION = "Is the map from spectra to gap functions many-to-one?"


class _Content(NamedTuple):
    """What a report says."""

    items: list[Item]
    answer: Answer
    about: dict[str, str]
    summary: str


def write_report(results: Results, config: PaperConfig, folder: pathlib.Path, *, command: str) -> list[Item]:
    """Draw all figures and write `report.md`, `report.html`, `numbers.json` and the pictures beside them.

    Args:
        results: Of all stages.
        config: Sizes.
        folder: Where to.
        command: How the run was started, for the report.

    Returns:
        The items with their verdicts.

    Raises:
        StorageError: A file cannot be written.
    """
    found, reply = items(results, config), answer(results, config)
    pictures = {name: figure_bytes(f, name, small=True) for name, f in draw(results, config, reply).items()}
    for name, content in pictures.items():
        write_file(folder / name, content)
    about = _about(results, config, command)
    content = _Content(found, reply, about, _summary(found, config))
    write_file(folder / "report.md", _markdown(content).encode())
    write_file(folder / "report.html", _html(content, pictures).encode())
    numbers = {
        "about": about,
        "items": [vars(item) for item in found],
        "question": reply.table,
        "stages": _numbers(results),
    }
    write_file(folder / "numbers.json", json.dumps(numbers, indent=1).encode())
    return found


def draw(results: Results, config: PaperConfig, reply: Answer) -> dict[str, Figure]:
    """All pictures by the names of their files."""
    by_size = {size: results[f"reduced-{size}"] for size in config.latent_sizes}
    measured = {size: found for size, found in by_size.items() if "df" in found}
    dos = {size: results[f"dos-reduced-{size}"] for size in config.dos_sizes}
    by_neurons = {neurons: results[bases_name(neurons, 0)] for neurons in config.neurons}
    columns = {str(size): found for size, found in measured.items()} | {"as they are": results["plain"]}
    colors = {"exact": EXACT, "pade": PADE}
    levels = {name: (level, colors[data]) for name, (level, data) in reply.levels.items()}
    return {
        "fig-01.png": diagrams.flow(_remarks(results["flow-simple"], results["flow-complex"])),
        "fig-02-05.png": diagrams.networks((300, 500, 800, 1000), (1400, 500, "$d_L$", 500, 1400)),
        "fig-03.png": figures.predictions(results["simple"], "Simple family, test samples from good to bad"),
        "fig-04.png": figures.complex_predictions(results["exact-seed-0"], results["pade-seed-0"]),
        "fig-06.png": figures.reconstructions(by_size),
        "fig-06-latent.png": figures.latent_figure(by_size, dos, WELL),
        "fig-07.png": figures.recomputed(results["plain"]),
        "fig-08.png": figures.reduced_predictions(measured),
        "fig-09.png": figures.bases(by_neurons),
        "fig-10.png": figures.loss_history(by_neurons),
        "fig-11.png": figures.moment_figure(columns),
        "fig-dos.png": figures.dos_figure(results["dos"], dos),
        "fig-reverse.png": figures.reverse_figure(results["reverse"]),
        "fig-question.png": question_figure(results["information"], results["pade"], levels),
    }


def _remarks(simple: Arrays, many: Arrays) -> dict[str, str]:
    remarks = {
        "predictor": f"1 - PCC: simple {digits(simple['error'])}, complex {digits(many['error'])}",
        "good": ", ".join(
            name for name, found in (("simple", simple), ("complex", many)) if VERDICTS[int(found["verdict"])] == "good"
        ),
    }
    if "inputs" in many:
        remarks["complexities"] = f"complex: {int(many['inputs'])} and {int(many['outputs'])}"
    if "new_error" in many:
        remarks |= {
            "reduced": f"complex: bottleneck {int(many['inputs'])}",
            "new": f"complex: 1 - PCC {digits(many['new_error'])}",
        }
    return remarks


def _about(results: Results, config: PaperConfig, command: str) -> dict[str, str]:
    seconds = sum(float(found["seconds"]) for found in results.values())
    versions = software_versions()
    return {
        "command": command,
        "configuration": ", ".join(f"{name} {value}" for name, value in vars(config).items()),
        "time": f"{seconds / 60:.0f} minutes in {len(stages(config))} stages",
        "machine": f"{machine()['device']}, {os.cpu_count()} cores",
        "software": ", ".join(f"{name} {value}" for name, value in versions.items()),
    }


def _numbers(results: Results) -> dict[str, Any]:
    """All results that are numbers or short lists; what is not finite becomes null."""
    return finite(
        {
            stage: {name: np.asarray(value).tolist() for name, value in found.items() if np.size(value) <= 16}
            for stage, found in results.items()
        }
    )


def _summary(found: list[Item], config: PaperConfig) -> str:
    counted = Counter(item.verdict for item in found)
    verdicts = ", ".join(f"{counted[name]} {name}" for name in get_args(Verdict))
    of_paper = dataclasses.replace(config, seed=0) == PaperConfig()
    return f"Verdicts: {verdicts}." + ("" if of_paper else f" {TOO_SMALL}")


def _markdown(content: _Content) -> str:
    found, reply = content.items, content.answer
    head = ("item", "what", "verdict")
    parts = ["# The seed paper, reproduced", SOURCE]
    parts += [content.summary, _md_table((head, *((i.name, i.title, i.verdict) for i in found)))]
    parts += [f"## {QUESTION}", *reply.text, "![](fig-question.png)", _md_table(reply.table)]
    for item in found:
        parts += [f"## {item.name}: {item.title}", f"Paper: {item.paper}", f"Here: {item.ours}"]
        parts += [f"Verdict: **{item.verdict}**. {item.why}"]
        parts += [f"![]({name})" for name in _pictures(item)]
        parts += [_md_table(item.table)] if item.table else []
    parts += ["## How it was made", "\n".join(f"* {name}: {value}" for name, value in content.about.items())]
    return "\n\n".join(parts) + "\n"


def _pictures(item: Item) -> list[str]:
    return [item.figure, *(["fig-06-latent.png"] if item.name == "Fig. 6" else [])] if item.figure else []


def _md_table(table: Table) -> str:
    lines = [table[0], tuple("---" for _ in table[0]), *table[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html(content: _Content, pictures: dict[str, bytes]) -> str:
    found, reply = content.items, content.answer

    def paragraph(text: str) -> str:
        bold = html.escape(text).split("**")
        return "<p>" + "".join(f"<b>{part}</b>" if i % 2 else part for i, part in enumerate(bold)) + "</p>"

    def image(name: str) -> str:
        return f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(pictures[name]).decode()}">'

    def verdict(item: Item) -> str:
        return f'<span class="{item.verdict.split()[0]}">{item.verdict}</span>'

    rows = "".join(f"<tr><td>{i.name}</td><td>{html.escape(i.title)}</td><td>{verdict(i)}</td></tr>" for i in found)
    parts = ["<h1>The seed paper, reproduced</h1>", paragraph(SOURCE)]
    parts += [paragraph(content.summary), f"<table>{rows}</table>", f"<h2>{QUESTION}</h2>"]
    parts += [*map(paragraph, reply.text), image("fig-question.png"), _html_table(reply.table)]
    for item in found:
        parts += [f"<h2>{item.name}: {html.escape(item.title)}</h2>", paragraph(f"Paper: {item.paper}")]
        parts += [paragraph(f"Here: {item.ours}"), f"<p>Verdict: {verdict(item)}. {html.escape(item.why)}</p>"]
        parts += [image(name) for name in _pictures(item)]
        parts += [_html_table(item.table)] if item.table else []
    parts += ["<h2>How it was made</h2>", *(paragraph(f"{name}: {value}") for name, value in content.about.items())]
    meta = f'<meta charset="utf-8"><title>The seed paper, reproduced</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{meta}</head><body>' + "\n".join(parts) + "</body></html>\n"


def _html_table(table: Table) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line(table[0], 'th')}{''.join(line(row, 'td') for row in table[1:])}</table>"
