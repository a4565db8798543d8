"""Figures as files."""

import io
import pathlib

from matplotlib.figure import Figure


def figure_bytes(figure: Figure, path: pathlib.Path | str) -> bytes:
    """A figure as the content of a file of this name, whose suffix says of which kind."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=pathlib.Path(path).suffix[1:].lower(), dpi=150)
    return buffer.getvalue()
