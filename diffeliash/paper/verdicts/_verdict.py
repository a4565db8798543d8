"""One thing that the paper shows, beside what came out here."""

import dataclasses
import math
from typing import Any, Literal, SupportsFloat

Verdict = Literal["reproduced", "trend reproduced", "not reproduced"]
"""`trend reproduced`: the statement holds, the numbers or a part of it do not."""

WELL = 0.02
"""Part of the variance that a good reconstruction may leave unexplained, and 1 - PCC of a good prediction."""

INFORMED = 0.5
"""Part of the error of an answer that knows nothing of its input which one that does may have at most."""

CLOSE = 2.0
"""Factor within which numbers that depend on the data count as the same: the paper's data are not public."""

Table = tuple[tuple[str, ...], ...]
"""Rows of text; the first has the names of the columns."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Item:
    """A figure, a table or a statement of the paper.

    Args:
        name: Where it is in the paper.
        title: What it is.
        paper: What the paper has.
        ours: What came out here, in numbers.
        verdict: How the two compare.
        why: What the verdict rests on.
        table: More numbers.
        figure: Name of our picture.
        caption: What the picture shows.
        counted: Whether it speaks of the method; what is so by construction, or by an identity, does not count.
    """

    name: str
    title: str
    paper: str
    ours: str
    verdict: Verdict
    why: str
    table: Table | None = None
    figure: str | None = None
    caption: str = ""
    counted: bool = True

    @property
    def verdict_in_table(self) -> str:
        """The verdict, and whether it counts."""
        return self.verdict if self.counted else f"{self.verdict} (not counted)"


def graded(reproduced: bool, trend: bool) -> Verdict:
    """The verdict of two conditions, the stricter one first."""
    return "reproduced" if reproduced else "trend reproduced" if trend else "not reproduced"


def digits(value: SupportsFloat, n: int = 2) -> str:
    """A number with a few digits."""
    return f"{float(f'{float(value):.{n}g}'):g}"  # 150, not 1.5e+02


def percent(value: SupportsFloat, n: int = 3) -> str:
    """A part of one as a percentage."""
    return f"{digits(100 * float(value), n)} %"


def with_error(mean: SupportsFloat, error: SupportsFloat) -> str:
    """A number and its error with one digit, to the same decimal; if the error is not known, with a few digits."""
    mean, error = float(mean), float(error)
    if not (math.isfinite(error) and error > 0):
        return digits(mean)
    decimals = max(0, -math.floor(math.log10(float(f"{error:.0e}"))))
    return f"{mean:.{decimals}f} ± {error:.{decimals}f}"


def plus_minus(found: dict[str, Any], name: str) -> str:
    """A mean of a stage with its standard error."""
    return with_error(found[name], found[f"{name}_error"])


def needed(found: dict[str, Any], name: str) -> str:
    """Latent dimensions that a scan found, or what is known if none of those tried suffices."""
    size = int(found[name])
    return f"{size}" if bool(found[f"{name}_sufficient"]) else f"more than {size}"
