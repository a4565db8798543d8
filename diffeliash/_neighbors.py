"""Files beside the one that was given, which may have been meant. Importing this loads no JAX."""

import pathlib
from collections.abc import Sequence

A2F_NAMES = ("*.a2f", "a2F.dos*", "alpha2F*.dat", "*a2F*.dat", "*ALPHA2F*.OUT", "*_A2F.nc")
"""Names under which other programs write a2F."""

MOST_NAMED = 3
"""Files named in a message."""


def did_you_mean(folder: pathlib.Path, names: Sequence[str]) -> str:
    """The files in a folder with such names, as a hint; nothing if there are none."""
    try:
        found = sorted({path for name in names for path in folder.glob(name) if path.is_file()})
    except OSError:
        return ""
    named = ", ".join(str(path) for path in found[:MOST_NAMED]) + (", ..." if len(found) > MOST_NAMED else "")
    return f"Did you mean {named}?" if found else ""
