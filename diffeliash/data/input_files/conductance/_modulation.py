"""The lock-in modulation of the bias that the header of a tunneling curve states."""

import re
from collections.abc import Sequence

from ....units import MEV_PER_BIAS_UNIT
from .._column_labels import plain_text
from .._stated_parameters import NUMBER, to_number

_MODULATION = re.compile(
    r"(?P<before>[^,;=:0-9]{0,40})\b(?:modulation|v ?mod|mod|excitation|v ?ac)\b(?P<between>[^,;=:0-9]{0,40})"
    rf"[=:\s]\s*(?P<number>{NUMBER})\s*(?P<unit>[mu]?e?V)?(?P<after>[^,;=0-9]{{0,40}})",
    re.IGNORECASE,
)
_CONVENTIONS = {
    "peak-to-peak": (r"peak[\s-]*(?:to)?[\s-]*peak|\bp\s?-?\s?p\b|pp\b|\bpk[\s-]*(?:to)?[\s-]*pk\b", 8**-0.5),
    "peak": (r"(?<!to-)(?<!to )\bpeak\b(?![\s-]*(?:to|peak))|zero[\s-]to[\s-]peak|\bpk\b(?![\s-]*(?:to|pk))", 2**-0.5),
    "rms": (r"r\.?\s?m\.?\s?s|\beffective\b", 1.0),
}
"""Conventions for the size of a modulation: pattern of their names, and factor to the rms value."""


def stated_modulation(header: Sequence[str]) -> tuple[float | None, list[str]]:
    """Return the rms modulation [meV] that a header states, `None` if it states none or not clearly, and notices."""
    found = [match for line in header for match in _MODULATION.finditer(plain_text(line)) if _is_voltage(match)]
    if not found:
        return None, []
    if len({match["number"] for match in found}) > 1:
        return None, ["the header states several modulations of the bias; none of them is used."]
    match = found[0]
    said = " ".join(match[part] for part in ("before", "between", "after"))
    named = [name for name, (pattern, _) in _CONVENTIONS.items() if re.search(pattern, said, re.IGNORECASE)]
    unit = next((name for name in MEV_PER_BIAS_UNIT if name == match["unit"]), None) if match["unit"] else None
    if len(named) != 1 or unit is None:
        missing = "its unit" if unit is None else "whether this is the rms, the peak or the peak-to-peak value"
        stated = f"{match['number']} {match['unit'] or ''}".strip()
        return None, [f"the header states a modulation of {stated}, but not {missing}; it is not used."]
    value = to_number(match["number"]) * MEV_PER_BIAS_UNIT[unit] * _CONVENTIONS[named[0]][1]
    return value, [f"a modulation of the bias of {value:.4g} mV (rms), as the header states it."]


def _is_voltage(match: re.Match[str]) -> bool:
    """Whether a number beside the word modulation is its size, not its frequency or phase."""
    other = re.search(r"freq|phase|harmonic|time|channel", match["between"], re.IGNORECASE)
    return not other and not re.match(r"\s*(?:k?Hz|deg|%|s\b)", match["after"], re.IGNORECASE)
