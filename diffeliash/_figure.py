"""Conversion of Matplotlib figures to the bytes of image files."""

import io
import pathlib

from matplotlib.figure import Figure
from PIL import Image

PALETTE_SIZE = 128
"""Number of colors of a PNG that is reduced in size."""

LABEL_COLOR, PREDICTION_COLOR = "tab:orange", "tab:blue"
"""Line colors of true (or given) values and of predicted ones."""


def figure_bytes(figure: Figure, path: pathlib.Path | str, *, small: bool = False) -> bytes:
    """Return the content of an image file of a figure.

    Args:
        figure: The figure.
        path: Name of the file; its suffix (.png, .pdf, .svg) sets the format.
        small: Reduce the resolution and the number of colors, for a small PNG file.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=pathlib.Path(path).suffix[1:].lower(), dpi=110 if small else 150)
    if small:
        picture = Image.open(buffer).convert("RGB").quantize(PALETTE_SIZE, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
