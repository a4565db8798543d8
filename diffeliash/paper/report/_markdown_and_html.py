"""The report as Markdown, and as one HTML file with its figures in it."""

import base64
import html
from typing import NamedTuple

from ...data import GenerateConfig
from .._published_numbers import SOURCE
from ..verdicts import GOOD, Answer, PaperItem, Table, percent

TITLE = "Spectral functions from gap functions by networks: the paper reproduced"

QUESTION = "Is the map from spectra to gap functions many-to-one?"

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0; font-size: 90% }
td, th { border: 1px solid #ccc; padding: .2em .6em; text-align: left }
figcaption { font-size: 90%; color: #555 }
img { max-width: 100% } .reproduced { color: #17692c } .trend { color: #8a5a00 } .not { color: #a11 }"""

_DATA = GenerateConfig()

GLOSSARY = (
    "a2F: the spectral function, 1000 points up to 10 meV.",
    f"gap function: Delta(omega + i Gamma) up to 35 meV, Gamma = {_DATA.broadening:g} meV, T = {_DATA.T:g} K, mu* = "
    f"{_DATA.mu_star:g}; real and imaginary parts side by side for a network. The paper's is a Pade approximant at "
    "Gamma -> 0+.",
    f"exact: computed by the equations on that line, with a relative error of {_DATA.max_error:g} or less.",
    "Pade, double precision: the Pade approximant of Matsubara values that have the rounding errors of 64-bit numbers.",
    "1 - PCC: one minus the Pearson correlation coefficient of two functions over their points: 0 if they differ only "
    "by a factor and a constant, 1 if they are uncorrelated; Df of spectra, Dg of gap functions, means over the test "
    "set.",
    "d_L: latent dimension, the number of neurons in the bottleneck of an autoencoder.",
    "unexplained: fraction of the variance that an autoencoder leaves unexplained, the sum of squared reconstruction "
    f"errors over the sum of squared distances from the mean; {percent(GOOD)} or less counts as sufficient.",
    "loss: mean square error of the predictor on the test set, for spectra after the autoencoder.",
    "l_n: the largest distance of a gap function after the autoencoder from its nearest neighbor; portion: fraction of "
    "the original gap functions that have one of these within l_n.",
    "best linear estimate: the posterior mean of the linearized problem, for normal errors and a normal prior with "
    "the covariance of the family.",
    "±: standard error over samples, unless stated otherwise.",
)
"""The glossary of the report."""


class Content(NamedTuple):
    """The content of a report.

    Args:
        items: The figures, tables and statements of the paper with their verdicts.
        answer: The answer to the question of the paper.
        about: Command, configuration, time, machine and software.
        summary: The summary of the verdicts.
    """

    items: list[PaperItem]
    answer: Answer
    about: dict[str, str]
    summary: str


QUESTION_PICTURES = (
    (
        "fig-question.png",
        "Left: singular values of the Jacobian of the gap function, for some test spectra. Right: mean 1 - PCC of "
        "spectra against the error of the gap functions from which they are found. The band of the best linear "
        "estimate is its range over these spectra; that of Pade is the middle 80 % of its errors, which are not "
        "independent, as those on the horizontal axis are. Exact data are shown at 1e-6, and the networks are those "
        "that were trained longer.",
    ),
    (
        "fig-modes.png",
        "Unexplained fraction of the variance of each mode of the family (eigenvectors of its covariance, largest "
        "variance first), on the test set: 0 for a mode that is predicted exactly, 1 for one predicted as its mean.",
    ),
)
"""File names and captions of the figures on the question of the paper."""


def pictures_of(item: PaperItem) -> list[tuple[str, str]]:
    """The file names and captions of the figures of an item."""
    latent = ("fig-06-latent.png", "Unexplained fraction of the variance of the test set, by latent dimension.")
    more = [latent] if item.name == "Fig. 6" else []
    return [(item.figure, item.caption), *more] if item.figure else []


def as_markdown(content: Content) -> str:
    """The report as Markdown, with the figures in separate files."""
    found, conclusion = content.items, content.answer
    head = ("item", "what", "verdict")
    parts = [f"# {TITLE}", SOURCE]
    parts += [content.summary, _md_table((head, *((i.name, i.title, i.verdict_in_table) for i in found)))]
    parts += [f"## {QUESTION}", *conclusion.text, _md_table(conclusion.table)]
    parts += [part for picture in QUESTION_PICTURES for part in _md_picture(*picture)]
    parts += ["## Glossary", _md_list(GLOSSARY)]
    for item in found:
        parts += [f"## {item.name}: {item.title}", f"Paper: {item.paper}", f"Here: {item.ours}"]
        parts += [f"Verdict: **{item.verdict}**. {item.why}"]
        parts += [part for picture in pictures_of(item) for part in _md_picture(*picture)]
        parts += [_md_table(item.table)] if item.table else []
    parts += ["## About this run", _md_list([f"{name}: {value}" for name, value in content.about.items()])]
    return "\n\n".join(parts) + "\n"


def _md_picture(name: str, caption: str) -> tuple[str, str]:
    return f"![{caption}]({name})", f"*{caption}*"


def _md_list(lines: "tuple[str, ...] | list[str]") -> str:
    return "\n".join(f"* {line}" for line in lines)


def _md_table(table: Table) -> str:
    lines = [table[0], tuple("---" for _ in table[0]), *table[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_html(content: Content, pictures: dict[str, bytes]) -> str:
    """The report as HTML, with the figures embedded."""
    found, conclusion = content.items, content.answer

    def image(name: str, caption: str) -> str:
        data = base64.b64encode(pictures[name]).decode()
        words = html.escape(caption)
        return (
            f'<figure><img alt="{words}" src="data:image/png;base64,{data}"><figcaption>{words}</figcaption></figure>'
        )

    rows = "".join(f"<tr><td>{i.name}</td><td>{html.escape(i.title)}</td><td>{_verdict(i)}</td></tr>" for i in found)
    parts = [f"<h1>{TITLE}</h1>", _paragraph(SOURCE)]
    parts += [_paragraph(content.summary), f"<table>{rows}</table>", f"<h2>{QUESTION}</h2>"]
    parts += [*map(_paragraph, conclusion.text), _html_table(conclusion.table)]
    parts += [image(*picture) for picture in QUESTION_PICTURES]
    parts += ["<h2>Glossary</h2>", "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in GLOSSARY) + "</ul>"]
    for item in found:
        parts += [f"<h2>{item.name}: {html.escape(item.title)}</h2>", _paragraph(f"Paper: {item.paper}")]
        parts += [_paragraph(f"Here: {item.ours}"), f"<p>Verdict: {_verdict(item)}. {html.escape(item.why)}</p>"]
        parts += [image(*picture) for picture in pictures_of(item)]
        parts += [_html_table(item.table)] if item.table else []
    parts += ["<h2>About this run</h2>", *(_paragraph(f"{name}: {value}") for name, value in content.about.items())]
    meta = f'<meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{meta}</head><body>' + "\n".join(parts) + "</body></html>\n"


def _paragraph(text: str) -> str:
    bold = html.escape(text).split("**")
    return "<p>" + "".join(f"<b>{part}</b>" if i % 2 else part for i, part in enumerate(bold)) + "</p>"


def _verdict(item: PaperItem) -> str:
    return f'<span class="{item.verdict.split()[0]}">{item.verdict_in_table}</span>'


def _html_table(table: Table) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line(table[0], 'th')}{''.join(line(row, 'td') for row in table[1:])}</table>"
