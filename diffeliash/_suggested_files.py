"""Suggestions of files that the user may have meant. This module does not import JAX."""

import pathlib
from collections.abc import Sequence

A2F_NAMES = ("*.a2f", "a2F.dos*", "alpha2F*.dat", "*a2F*.dat", "*ALPHA2F*.OUT", "*_A2F.nc")
"""Patterns of the names of a2F files of other programs."""

MOST_SUGGESTIONS = 3
"""Largest number of files that a suggestion names."""


def suggest_files(folder: pathlib.Path, names: Sequence[str]) -> str:
    """Return the hint `Did you mean ...?` with the files of a folder that match the patterns; empty if none does."""
    try:
        found = sorted({path for name in names for path in folder.glob(name) if path.is_file()})
    except OSError:
        return ""
    named = ", ".join(str(path) for path in found[:MOST_SUGGESTIONS]) + (
        ", ..." if len(found) > MOST_SUGGESTIONS else ""
    )
    return f"Did you mean {named}?" if found else ""
