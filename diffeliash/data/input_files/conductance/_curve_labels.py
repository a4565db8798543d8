"""Interpretation of the header of a tunneling curve: the quantity in each column, and its unit."""

import dataclasses
import functools
import re
from collections.abc import Sequence
from typing import Literal

from .._column_labels import plain_text, possible_labels

Quantity = Literal[
    "bias", "conductance", "error", "current", "resistance", "second derivative", "density of states", "temperature"
]
"""Quantities that the label of a column can name."""

SIEMENS = {
    "S": 1.0, "mS": 1e-3, "uS": 1e-6, "nS": 1e-9, "pS": 1e-12, "1/Ohm": 1.0, "1/kOhm": 1e-3, "1/MOhm": 1e-6,
    "A/V": 1.0, "mA/V": 1e-3, "uA/V": 1e-6, "nA/V": 1e-9, "pA/V": 1e-12, "uA/mV": 1e-3, "nA/mV": 1e-6, "pA/mV": 1e-9,
}  # fmt: skip
"""Value of each unit of conductance [S]."""

LONGEST_LABEL = 200
"""Number of characters of a label that are interpreted."""

_BIAS_UNITS = {"mV": r"mV|mv|milli-?volts?", "uV": r"uV|uv|micro-?volts?", "V": r"V|v|[Vv]olts?"} | {
    "meV": r"meV|mev|milli-?electron-?volts?",
    "eV": r"eV|ev|electron-?volts?",
    "uV ": r"ueV",
}
_CONDUCTANCE_UNITS = {
    **{name: re.escape(name) for name in SIEMENS},
    "S": r"S|[Ss]iemens|mho",
    **{f"1/{size}Ohm": rf"1/\s?{size}(?:[Oo]hms?|omega)|{size}(?:[Oo]hms?|omega)\s?\^?-1" for size in ("", "k", "M")},
    "arbitrary": r"a\.?\s?u\.?|arb\.?\s?(?:u\.?|units?)|2?\s?e\^?2/h",
}
_UNITS = [
    *_BIAS_UNITS.items(),
    *_CONDUCTANCE_UNITS.items(),
    ("A", "[pnum]?A"),
    ("%", "%|percent"),
    ("K", "m?K"),
    ("Ohm", "[kM]?(?:[Oo]hms?|omega)"),
]
_ANY_UNIT = "|".join(pattern for _, pattern in _UNITS)
_IN_BRACKETS = re.compile(rf"\s*[(\[]\s*(?:in\s+)?({_ANY_UNIT})\s*[)\]]")
_AT_END = re.compile(rf"(?:\s*/\s*|\s+in\s+)({_ANY_UNIT})$|\s+((?!S$|[Vv]$)(?:{_ANY_UNIT}))$|(?<=bias) (V)$")
"""A unit after a slash, after `in`, or as the last word; a last letter S or V may be the index of a symbol."""

_G = r"(?:gs?|di/d[vu]|did[vu]|dj/dv|conductance|conductivity|sigma)"
_ERROR = r"(?:errors?|err|errorbars?|std|stddev|stderr|sem|deviation|uncertainty|sigma)"
_NORMALIZED = re.compile(rf"{_G}[svu]*/{_G}(?:n|normal)?[vu]*|.*(?<!un)(?<!not)normali[sz]ed.*|norm{_G}|{_G}norm")
_KINDS: tuple[tuple[Quantity, str], ...] = (
    ("conductance", _NORMALIZED.pattern),
    (
        "error",
        rf"(?:standard|std|stat|relative|rel)*{_ERROR}(?:of|in)?(?:the)?(?:{_G})?|(?:d|delta|s){_G}|{_G}{_ERROR}",
    ),
    ("second derivative", r"d\^?2[ij].*"),
    ("resistance", r"d[vu]/di.*|dvdi|rd?|(?:differential)?resistance"),
    ("current", r"[ij]|.*current.*"),
    (
        "conductance",
        rf"(?:diff|differential|tunnell?ing|local|raw|measured)*{_G}(?:[stvu]|raw|measured|lockin|up|down|forward|backward|fwd|bwd)*"
        r"|lidemod\d[xy].*|lix?|lockinx?",
    ),
    ("density of states", r"n[se]?/n[fn0]*|l?dos|densityofstates"),
    ("bias", r"(?:sample|tip|junction|source|drain|dc|applied|gap)*(?:bias|voltage|volts?|v|u|e|energy|omega|w)"
             r"(?:bias|voltage|sample|junction|calc|set|dc|sd|[bsjx])*"),
    ("temperature", r"t|temp|temperature"),
)  # fmt: skip
_COMPILED: tuple[tuple[Quantity, re.Pattern[str]], ...] = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
_CONTAINED: tuple[tuple[Quantity, str], ...] = (
    ("error", r"\b(?:errors?|uncertaint(?:y|ies)|deviations?)\b"),
    ("conductance", r"conductance|d[IJ] ?/ ?d[VU]|lock-?in"),
    ("bias", r"\bbias|voltage"),
)
"""Words that name a quantity inside a longer label."""

_AFTER_UNIT = re.compile(r"(?<=[)\]])[\s,;]+")
"""The place between two labels of which the first ends with its unit in brackets."""

_NO_WORD = re.compile(r"[\s()\[\]_*.,:-]")


@dataclasses.dataclass(frozen=True)
class CurveLabel:
    """The label of a column of a tunneling curve.

    Args:
        text: Text of the label.
        kind: Quantity that it names; `None` if it is not recognized.
        unit: Unit that it names: of the bias, a key of `SIEMENS`, `arbitrary`, or another; empty if there is none.
        is_name: Whether the label is only the name of a quantity, without further words.
        normalized: Whether it names a ratio to the normal state.
    """

    text: str
    kind: Quantity | None
    unit: str
    is_name: bool
    normalized: bool


@functools.lru_cache(maxsize=4096)
def read_curve_label(text: str) -> CurveLabel:
    """Interpret the label of a column of a tunneling curve."""
    plain = " ".join(plain_text(text[:LONGEST_LABEL]).split())
    ratio = bool(_NORMALIZED.fullmatch(_compact(plain)))
    found = None if ratio else _IN_BRACKETS.search(plain) or _AT_END.search(plain)
    name = plain[: found.start()] if found else plain
    unit = _unit(next(filter(None, found.groups()))) if found else ""
    compact = _compact(name)
    kind: Quantity | None = next((kind for kind, pattern in _COMPILED if pattern.fullmatch(compact)), None)
    is_name = kind is not None
    if kind is None:
        kind = next((kind for kind, pattern in _CONTAINED if re.search(pattern, name, re.IGNORECASE)), None)
    if kind == "error" and compact.startswith("rel"):
        unit = unit or "relative"
    normalized = ratio or (kind == "conductance" and bool(_NORMALIZED.fullmatch(compact)))
    return CurveLabel(text.strip(), kind, unit, is_name, normalized)


def _compact(name: str) -> str:
    return _NO_WORD.sub("", name.lower())


def _unit(text: str) -> str:
    return next((name.strip() for name, pattern in _UNITS if re.fullmatch(pattern, text)), "")


def curve_labels(header: Sequence[str], width: int) -> list[CurveLabel] | None:
    """Return one label for each column, that of a bias or a conductance among them, or `None` if there are none.

    A sentence after a semicolon is no part of the labels. Units may stand in a line of their own.
    """
    clauses = [*header, *(line.split(";")[0] for line in header if ";" in line)]
    rows = [*possible_labels(clauses, width), *(_AFTER_UNIT.split(line.strip().lstrip("#!% ")) for line in clauses)]
    found = [labels for words in rows if (labels := _labels_in(words, width))]
    if not found:
        return None
    labels = max(reversed(found), key=_how_well_known)
    units = next((units for words in rows if (units := _units_in(words, width))), None)
    return [
        dataclasses.replace(label, unit=label.unit or unit)
        for label, unit in zip(labels, units or [""] * width, strict=True)
    ]


def _labels_in(words: Sequence[str], width: int) -> list[CurveLabel] | None:
    """Return words of a header as labels of `width` columns, or `None` if they cannot be these."""
    words = [word for word in words if word.strip()]
    labels = [read_curve_label(word) for word in words[:width]]
    kinds = [label.kind for label in labels]
    complete = len(words) == width or (len(words) > width and all(label.is_name for label in labels))
    known = "bias" in kinds or any(label.kind and label.unit for label in labels)
    plain = kinds.count("bias") <= 1 or bool({*kinds} - {None, "bias"})
    return labels if len(labels) == width > 1 and complete and known and plain else None


def _how_well_known(labels: Sequence[CurveLabel]) -> tuple[int, int]:
    """Return the number of recognized labels, and of those that are only names."""
    return sum(label.kind is not None for label in labels), sum(label.is_name for label in labels)


def _units_in(words: Sequence[str], width: int) -> list[str] | None:
    """Return the units in a line that consists of nothing else, one for each column."""
    units = [_unit(plain_text(word).strip(" ()[]")) for word in words if word.strip()]
    return units if len(units) == width and all(units) else None


_STATED = re.compile(
    rf"(?:\b(?:bias|voltage|energ(?:y|ies))|(?<![A-Za-z])[VUE])\s*(?:in\s+|[(\[/]\s*)({'|'.join(_BIAS_UNITS.values())})(?![A-Za-z])"
)


def stated_bias_units(header: Sequence[str]) -> tuple[str, ...]:
    """Return the units that a header without labels states beside a word for the bias."""
    found = [_unit(unit) for line in header for unit in _STATED.findall(plain_text(line))]
    return tuple(dict.fromkeys(found))
