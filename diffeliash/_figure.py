"""Figures as files."""

import io
import pathlib

from matplotlib.figure import Figure
from PIL import Image

COLORS = 128
"""Of a picture that is made small."""

LABEL, PREDICTION = "tab:orange", "tab:blue"
"""Colors of what is known and of what was found for it."""


def figure_bytes(figure: Figure, path: pathlib.Path | str, *, small: bool = False) -> bytes:
    """A figure as the content of a file of this name, whose suffix says of which kind.

    Args:
        figure: What is drawn.
        path: Its name.
        small: Of a PNG, take as few bytes as look well.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=pathlib.Path(path).suffix[1:].lower(), dpi=110 if small else 150)
    if small:
        picture = Image.open(buffer).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
