"""One figure, table or statement of the paper with our result and a verdict."""

import dataclasses
import math
from typing import Any, Literal, SupportsFloat

Verdict = Literal["reproduced", "trend reproduced", "not reproduced"]
"""`trend reproduced` means that the statement holds, but not its numbers or not all of it."""

GOOD = 0.02
"""Largest unexplained fraction of the variance of a good reconstruction, and largest 1 - PCC of a good prediction."""

BASELINE_FRACTION = 0.5
"""Largest error of a prediction that uses its input, relative to the error of the baseline (a constant prediction)."""

CLOSE = 2.0
"""Factor within which numbers that depend on the data agree; the data of the paper are not public."""

Table = tuple[tuple[str, ...], ...]
"""A table as rows of text; the first row has the names of the columns."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaperItem:
    """A figure, a table or a statement of the paper, compared with our result.

    Args:
        name: Its place in the paper.
        title: Its subject.
        paper: The result of the paper.
        ours: Our result, with numbers.
        verdict: Whether it is reproduced.
        why: The criterion of the verdict.
        table: A table with more numbers.
        figure: File name of our figure.
        caption: Caption of our figure.
        counted: Whether it counts in the summary; what holds by construction or by an identity does not.
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
        """The verdict, with a remark if it does not count."""
        return self.verdict if self.counted else f"{self.verdict} (not counted)"


def choose_verdict(reproduced: bool, trend: bool) -> Verdict:
    """Choose the verdict from two conditions, the stricter one first."""
    return "reproduced" if reproduced else "trend reproduced" if trend else "not reproduced"


def digits(value: SupportsFloat, n: int = 2) -> str:
    """Format a number with `n` significant digits."""
    return f"{float(f'{float(value):.{n}g}'):g}"  # 150, not 1.5e+02


def percent(value: SupportsFloat, n: int = 3) -> str:
    """Format a fraction as a percentage with `n` significant digits."""
    return f"{digits(100 * float(value), n)} %"


def with_error(mean: SupportsFloat, error: SupportsFloat) -> str:
    """Format a number and its error, rounded to the first digit of the error; without an error, with two digits."""
    mean, error = float(mean), float(error)
    if not (math.isfinite(error) and error > 0):
        return digits(mean)
    decimals = max(0, -math.floor(math.log10(float(f"{error:.0e}"))))
    return f"{mean:.{decimals}f} ± {error:.{decimals}f}"


def plus_minus(found: dict[str, Any], name: str) -> str:
    """Format a mean of a stage with its standard error."""
    return with_error(found[name], found[f"{name}_error"])


def latent_size_text(found: dict[str, Any], name: str) -> str:
    """Format the latent dimension that a scan found, or its lower limit if none suffices."""
    size = int(found[name])
    return f"{size}" if bool(found[f"{name}_sufficient"]) else f"more than {size}"
