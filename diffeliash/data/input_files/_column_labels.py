"""Interpretation of the header of a table: the quantity in each column, and the unit of the energies."""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from ...units import MEV_PER_UNIT

Quantity = Literal["energy", "a2f", "part of a2f", "lambda", "density of states", "gap function", "error"]
"""Quantities that the label of a column can name."""

_GREEK = str.maketrans(
    {
        "\u03b1": "alpha",
        "\u03c9": "omega",
        "\u03a9": "omega",
        "\u03bb": "lambda",
        "\u0394": "delta",
        "\u03b4": "delta",
        "\u03bd": "nu",
        "\u222b": "int",
        "\u2212": "-",
        "\u03bc": "u",
        "\u03c3": "sigma",
    }
)
"""ASCII names of Greek letters and other symbols."""

_SPELLINGS = {
    "meV": r"(?i:m\.?ev|milli-?electron-?volts?)",
    "eV": r"(?i:ev|electron-?volts?)",
    "THz": r"(?i:thz|tera-?hertz)",
    "cm-1": r"(?i:cm\s*(?:\^|\*\*)?\s*\(?\s*-\s*1\)?|1\s*/\s*cm|inverse\s+(?:cm|centimet(?:er|re)s?)|wave-?numbers?)",
    "K": r"(?:(?i:kelvins?)|(?<=[\[(])\s*K\s*(?=[\])]))",
    "Ry": r"(?i:ry|ryd|rydbergs?)",
    "Ha": r"(?:Ha|HA|(?i:hartrees?))",
}
_UNITS = {name: re.compile(rf"(?<![A-Za-z0-9.]){_SPELLINGS[name]}(?![A-Za-z0-9])") for name in MEV_PER_UNIT}
_ANGULAR = re.compile(r"(?:2\s*\*?\s*(?:pi|π)|rad)\s*[*/]?\s*$", re.IGNORECASE)

_ENERGY = r"omega|w|e|energy|energies|freq\w*|phonons?|nu|bias"
_OTHER = (
    r"al(?:pha)?\^?\s?2\s?f|a\^?2\s?f|eliashberg|p?dos|density|lambda|smearings?|widths?|sigma|degauss|broad\w*|fermi|"
    r"temperature|t|t_?c|mu\*?|mustar|cut-?off|delta|gap|coupling|window|linewidths?|gamma|ecut\w*|f\(\w+\)"
)
_NOUN = re.compile(rf"(?<![a-z0-9])(?:(?P<energy>{_ENERGY})|(?P<other>{_OTHER}))(?![a-z0-9])", re.IGNORECASE)

_JOINED = re.compile(r"\s+(?=[(\[][^)\]]*[)\]](?:[\s,;|]|$))|(?<=\b[RI][em])\s+(?=[A-Za-z])")
"""Spaces that do not separate labels: before a unit or argument in brackets, and after `Re` or `Im`."""

_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")

_NAME_WITH_UNIT = re.compile(r"^(omega|w|e|freq|frequency|energy)(meV|THz|cm-1|eV|Ry|Ha)$", re.IGNORECASE)
"""A label without a separator before the unit, such as `omegameV`."""

_NUMBERED = re.compile(
    r"(?<!\S)\(?(?:col(?:umn)?\.?\s*)?(\d{1,2})\s*[:=)]\s*(.+?)\s*(?=$|[,;|]|\s{2,}|\s\(?(?:col(?:umn)?\.?\s*)?\d{1,2}\s*[:=)])",
    re.IGNORECASE,
)
"""A numbered label, such as `1: omega` or `column 2 = a2F`."""

_SPLITS = (r"\s*,\s*|\s+and\s+", r"\s*;\s*", r"\s*\t\s*", r"\s*\|\s*", r"\s{2,}", r"\s+")
"""Separators of labels, the least ambiguous first."""

SHORTEST_WORD = 3
"""Smallest number of letters of a word that names a quantity also inside a longer label."""

_KINDS: tuple[tuple[Quantity, str], ...] = (
    ("error", r"(d|delta|std|sigma|err)(a|al|alpha)2f.*"),
    (
        "error",
        r".*(std|stderr|err|error|errorbar|uncertainty|sigma|min|max|low|lower|high|upper)|(error|std|sigma)of.*",
    ),
    ("lambda", r"(lambda|lam|cumul|integrated|int(egral)?(of|\d|a)|cum).*|\d?int.*|.*coupling.*|epc"),
    ("part of a2f", r"\d?(a|al|alpha)2f/.*|.*transport.*|.*2ftr(ansport)?"),
    ("part of a2f", r".*(a|alpha|al)2f\(?.*(mode|branch|atom|site|species|proj|partial).*"),
    (
        "a2f",
        r"(.*[^a-z])?(a|al|alpha|alphasquare|alphasquared)2?f(iso|tot|total|original|\d+)?"
        r"|.*eliashberg.*|spectralfunction|total|tot|sum",
    ),
    ("part of a2f", r"(a|al|alpha)2?f(?!w$|e$|om$)[a-z]{1,2}"),
    ("density of states", r".*dos.*|f|g|n(/|over)n[0fn]?|ns/nn|n|d[ij]/dv.*|.*conductance.*|g/gn|.*density.*"),
    ("gap function", r"(re|im|real|imag|d)?(delta|gap|phi)(re|im|real|imag|\d)?.*|(re|im)?z|(real|imaginary)(part)?"),
    ("energy", r"(h|hbar|h/2pi|ph)?(omega|w|e|energy|energies|freq\w*|phonon\w*|nu|x|bias|voltage|v|en|om)\d?"),
)
_COMPILED: tuple[tuple[Quantity, re.Pattern[str]], ...] = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
"""Patterns of the labels of each quantity; the first that matches counts."""


@dataclasses.dataclass(frozen=True)
class Label:
    """The label of a column in a header.

    Args:
        text: Text of the label.
        kind: Quantity that it names; `None` if it is not recognized.
        units: Units of energy that it names.
        is_name: Whether the label is only the name of a quantity, without further words.
    """

    text: str
    kind: Quantity | None
    units: tuple[str, ...]
    is_name: bool = True


@functools.lru_cache(maxsize=4096)
def read_label(text: str) -> Label:
    """Interpret the label of a column, or the name of an array."""
    plain = _NAME_WITH_UNIT.sub(r"\1 \2", plain_text(text))
    units = tuple(unit for unit, _ in _unit_places(plain))
    bare = plain
    for pattern in _UNITS.values():
        bare = pattern.sub(" ", bare)
    bare = re.sub(r"[\[(]\W*(?:states|arb\.?|u\.?)*\W*[\])]|/\s*$" + (r"|\bin\s*$" if units else ""), "", bare)
    compact = re.sub(r"[\s^|*.-]", "", bare.lower())
    spelled = (compact, re.sub(r"[(\[].*", "", compact), re.sub(r"[()\[\]]", "", compact))
    kind: Quantity | None = next((name for name, pattern in _COMPILED if any(map(pattern.fullmatch, spelled))), None)
    is_name = kind is not None
    if kind is None:
        kind = _named(bare)
    if kind == "energy" and plain.endswith(" K"):  # `omega_K`
        units = ("K",)
    return Label(text.strip(), kind, units, is_name)


def _named(text: str) -> Quantity | None:
    """Return the quantity that the words of a text name, or `None` if they name none or several."""
    words = [noun[0] for noun in _NOUN.finditer(text) if len(noun[0]) >= SHORTEST_WORD]
    kinds: set[Quantity | None] = {read_label(word).kind for word in words if word != text.strip()}
    return kinds.pop() if len(kinds) == 1 else None


def column_labels(header: Sequence[str], width: int) -> list[Label] | None:
    """Return one label for each column, that of the energies among them, or `None` if the header has no labels.

    Labels may stand in one line, or be numbered (`column 1: omega, column 2: a2F`). If several lines could be the
    labels, the one with the most recognized labels is taken, and the last of several such lines.
    """
    found = [_labels_in(words, width) for words in possible_labels(header, width)]
    return max(reversed(found), key=_how_well_known, default=None)


def possible_labels(header: Sequence[str], width: int) -> list[list[str]]:
    """Return all lists of words that may be the labels of the columns: numbered ones, and each line split in each way.

    Words are not interpreted here. All lists but the first may have more or fewer words than there are columns.
    """
    lines = [_joined(line.strip().lstrip("#!%").strip()) for line in header]
    numbered = {int(number): name for line in lines for number, name in _NUMBERED.findall(line)}
    split_lines = [re.split(split, line) for line in lines for split in reversed(_SPLITS)]
    return [[numbered.get(n + 1, "") for n in range(width)], *split_lines]


def _how_well_known(labels: Sequence[Label] | None) -> tuple[int, int]:
    """Return the number of recognized labels, and of those that are only names."""
    labels = labels or ()
    return sum(label.kind is not None for label in labels), sum(label.is_name for label in labels)


def _joined(line: str) -> str:
    """Remove the spaces of a line that do not separate labels: inside and before brackets, and after `Re`."""
    return _JOINED.sub("", _IN_BRACKETS.sub(lambda found: found[0].replace(" ", ""), line))


def _labels_in(words: Sequence[str], width: int) -> list[Label] | None:
    """Return words of a header as labels of `width` columns, or `None` if they cannot be these.

    There must be a word for each column, and one of them must name an energy: exactly one, or several if another
    quantity is named too. Further words, after those of the columns, are allowed if each of the first `width` words is
    only the name of a quantity.
    """
    if len(words) != width:  # the index column of a table may have an empty label
        words = [word for word in words if word]
    labels = [read_label(word) for word in words[:width]]
    kinds = [label.kind for label in labels]
    complete = len(words) == width or (len(words) > width and all(label.is_name for label in labels))
    plain = kinds.count("energy") == 1 or ("energy" in kinds and bool({*kinds} - {None, "energy"}))
    return labels if len(labels) == width > 1 and complete and plain else None


def energy_units(header: Sequence[str], labels: Sequence[Label] | None) -> tuple[str, ...]:
    """Return the units of energy that a header states: one if it is unambiguous, otherwise several or none.

    A unit in the label of the energies has priority, then a unit that stands next to a word for energies, then a unit
    without a quantity, then one next to a2F, which has no unit of its own. A unit next to another quantity (a smearing,
    a density of states) is ignored.
    """
    if labels:
        energy = next(n for n, label in enumerate(labels) if label.kind == "energy")
        own = labels[energy].units or _units_of_row(header, energy, len(labels))
        if own:
            return own
    found: dict[str, list[str]] = {"energy": [], "free": [], "a2f": [], "other": []}
    for line in map(plain_text, header):
        for unit, place in _unit_places(line):
            found[_belongs_to(line, place)].append(unit)
    for whose in ("energy", "free", "a2f"):
        if found[whose]:
            return tuple(dict.fromkeys(found[whose]))
    return ()


def _units_of_row(header: Sequence[str], energy: int, width: int) -> tuple[str, ...]:
    """Return the unit of the energies from a header line with one unit for each column."""
    for line in header:
        for split in _SPLITS:
            words = [word for word in re.split(split, line.strip().lstrip("#!%").strip()) if word]
            units = [unit for unit, _ in _unit_places(plain_text(words[energy]))] if len(words) == width else []
            if len(units) == 1 and all(read_label(word).kind is None for word in words):
                return tuple(units)
    return ()


def named_before_a2f(header: Sequence[str]) -> str | None:
    """Return another quantity that a header names before or instead of a2F, if there is one.

    A column without a label may then not be a2F.
    """
    text = " ".join(map(plain_text, header))
    nouns = [noun["other"] for noun in _NOUN.finditer(text) if noun["other"]]
    for noun in nouns:
        kind = read_label(noun).kind
        if kind == "a2f":
            return None
        if kind in ("lambda", "density of states", "gap function") or noun.lower().startswith(("linewidth", "gamma")):
            return noun
    return None


def mentions_columns(header: Sequence[str]) -> bool:
    """Whether a header mentions columns, so that without recognized labels their meaning is unclear."""
    return bool(re.search(r"(?i)\bcol(umn)?s?\b", " ".join(header)))


def plain_text(text: str) -> str:
    """Convert Greek letters, superscripts and TeX to ASCII."""
    text = unicodedata.normalize("NFKC", text).translate(_GREEK)
    return re.sub(r"[$\\{}]", "", text).replace("_", " ")


def _unit_places(line: str) -> list[tuple[str, int]]:
    """Return the units in a line and their positions; units of angular frequency (2 pi THz) are ignored."""
    places = [(name, match.start()) for name, pattern in _UNITS.items() for match in pattern.finditer(line)]
    return [(name, at) for name, at in sorted(places, key=lambda one: one[1]) if not _ANGULAR.search(line[:at])]


def _belongs_to(line: str, place: int) -> Literal["energy", "free", "a2f", "other"]:
    """Return the kind of quantity that a unit belongs to: the last one named before it, or else the first after it."""
    nouns = list(_NOUN.finditer(line))
    before = [noun for noun in nouns if noun.end() <= place]
    noun = before[-1] if before else next(iter(nouns), None)
    if noun is None:
        return "free"
    if noun["energy"]:
        return "energy"
    return "a2f" if read_label(noun["other"]).kind == "a2f" else "other"
