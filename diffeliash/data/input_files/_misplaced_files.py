"""Detection of files of another kind, given instead of a2F or a gap function, with a hint at the right file."""

import pathlib
import re

from ..._errors import InputError
from ..._suggested_files import A2F_NAMES, suggest_files
from ..storage import is_hdf5
from ._column_labels import column_labels
from ._text_tables import TextTable

SIGNATURE_BYTES = 2**14
"""Number of bytes at the beginning of a file in which the name of its program is searched."""

_BANNER = re.compile(r"^\s*(Program \w+ v\.\S+ starts on|\.Version .* of ABINIT|\| *Elk version|\+-+\+$)", re.MULTILINE)
"""Lines with which the log files of programs begin, and no table does."""

_PROGRAMS = (
    ("EPW", r"Program EPW", "EPW writes a2F into prefix.a2f.", ("*.a2f",)),
    (
        "Quantum ESPRESSO",
        r"Program \w+ v\.|Quantum ESPRESSO",
        "Quantum ESPRESSO writes a2F into a2F.dosN (matdyn.x), alpha2F.dat (lambda.x) or prefix.a2F.dat (alpha2f.x).",
        ("a2F.dos*", "alpha2F*.dat", "*a2F*.dat"),
    ),
    ("Elk", r"Elk (version|code)|Eliashberg equations", "Elk writes a2F into ALPHA2F.OUT.", ("*ALPHA2F*.OUT",)),
    ("ABINIT", r"ABINIT", "ABINIT writes a2F into *_A2F.nc.", ("*_A2F.nc",)),
    ("a program", r"(?i:electron-phonon coupling constant|\bTc\b|lambda)", "", A2F_NAMES),
)
"""Program, pattern of its name in its output, hint where it writes a2F, and patterns of the names of these files."""

_OTHER_ELK_FILES = re.compile(r"(ELIASHBERG|MCMILLAN|PHDOS|PHDISP|GAMMAQ|LAMBDAQ|TDOS|INFO)\w*(\.\w+)*\.OUT")


def refuse_misplaced(path: pathlib.Path) -> None:
    """Refuse a folder, or an output file of Elk that is not a2F.

    Raises:
        InputError: It is one; the hint names files that may have been meant.
    """
    if path.is_dir():
        raise InputError("a folder, not a file", where=str(path), hint=suggest_files(path, A2F_NAMES) or "Give a file.")
    if _OTHER_ELK_FILES.fullmatch(path.name):
        hint = suggest_files(path.parent, ("*ALPHA2F*.OUT",)) or "Elk writes a2F into ALPHA2F.OUT."
        raise InputError("another output of Elk, not a2F", where=str(path), hint=hint)


def refuse_other_content(path: pathlib.Path, content: bytes) -> None:
    """Refuse the log file of a program, or an HDF5 file, which is not a2F.

    Raises:
        InputError: It is one.
    """
    if is_hdf5(content):
        hint = "`diffeliash invert` and `predict` read gap functions that `diffeliash solve` wrote."
        raise InputError("an HDF5 file (of a gap function?), not a table of a2F", where=str(path), hint=hint)
    if _BANNER.search(content[:SIGNATURE_BYTES].decode("latin-1")):
        raise _log_of_a_program(path, content)


def explain_failure(error: InputError, path: pathlib.Path, content: bytes) -> InputError:
    """Return a clearer error for a file that cannot be parsed because it is the log of a program, else `error`."""
    text = content[:SIGNATURE_BYTES].decode("latin-1")
    signed = any(re.search(signature, text) for _, signature, _, _ in _PROGRAMS)
    return _log_of_a_program(path, content, why=error.what) if signed else error


def _log_of_a_program(path: pathlib.Path, content: bytes, why: str = "") -> InputError:
    text = content[:SIGNATURE_BYTES].decode("latin-1")
    signed = (each for each in _PROGRAMS if re.search(each[1], text))
    program, _, hint, names = next(signed, ("a program", "", "", A2F_NAMES))
    hint = " ".join(filter(None, (hint, suggest_files(path.parent, names))))
    return InputError(
        f"the output of {program}, not a table of a2F", where=str(path), why=f"{why}." if why else "", hint=hint
    )


def refuse_a2f(table: TextTable, layout: str, wanted: str) -> None:
    """Refuse a2F where a gap function or a density of states is expected.

    Args:
        table: The table that was given.
        layout: Name of its layout, as `recognize` returns it.
        wanted: Name of the expected function.

    Raises:
        InputError: The header or the layout is that of a2F.
    """
    labels = column_labels(table.header, len(table.rows[0])) or ()
    found = next((label.text for label in labels if label.kind in ("a2f", "part of a2f")), "")
    if found or layout != "plain":
        why = f"the header says {found!r}." if found else f"it is a2F as {layout} writes it."
        hint = "`diffeliash tc` and `solve` read a2F."
        raise InputError(f"a2F, not a {wanted}", where=str(table.path), why=why, hint=hint)
