"""Spectral functions in npy, npz and JSON files: a single one, or many as in published data sets."""

import io
import json
import pathlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..._errors import InputError
from ._column_labels import Label, energy_units, read_label
from ._text_layouts import RawSpectrum

LARGEST_CONTENT = 2**28
"""Size limit of the uncompressed arrays of a file [bytes]."""

MOST_SPECTRA = 2**17
"""Largest number of spectra in one file."""

MOST_LEVELS = 4
"""Largest nesting depth of lists and dictionaries around a spectrum."""

NAMES = ("name", "id", "key", "label", "material", "material_id", "mp_id", "mpid", "jid", "formula", "comp", "compound")
"""Fields of a record that may hold its name; the first one that exists is used."""

UNIT_NAMES = ("unit", "units", "energy_unit", "omega_unit", "freq_unit", "frequency_unit")
"""Fields of a record that may hold the unit of its energies."""

_PAIR = re.compile(r"(.+)[_ .-]y")

Record = Mapping[str, Any]
"""Arrays and other values of one spectrum, by name."""
RawSpectra = dict[str, RawSpectrum | InputError]
"""Spectra by name, and errors in place of those that cannot be used."""


def holds_arrays(content: bytes) -> bool:
    """Whether the content of a file is npy, npz or JSON."""
    return _kind_of(content) is not None


def parse_arrays(path: pathlib.Path, content: bytes, key: str | None) -> RawSpectra:
    """Parse the spectra of an npy, npz or JSON file.

    A spectrum is a pair of arrays with names such as `Freq_meV` and `a2F`, or one array with a column for each. A file
    may hold one spectrum, a list of spectra, a dictionary of spectra, or a table with one row for each spectrum.

    Args:
        path: The file, named in error messages.
        content: Its content.
        key: Name or number (from 0) of the only spectrum to return; all by default.

    Returns:
        The spectra by name; the name is empty if the file holds only one and no key is given.

    Raises:
        InputError: The file cannot be read, or holds no spectrum, or none with this key.
    """
    kind = _kind_of(content)
    loaded = _load_json(path, content) if kind == "json" else _load_numpy(path, content)
    found: RawSpectra = {}
    for name, one in _spectra(loaded, str(kind), "", MOST_LEVELS):
        unique, number = name, len(found)
        while unique in found:
            unique, number = f"{name}#{number}", number + 1
        found[unique] = one
        if len(found) > MOST_SPECTRA:
            raise InputError(f"more than {MOST_SPECTRA} spectra in one file", where=str(path))
    if not found:
        hint = "Name the arrays, as in numpy.savez(file, omega_meV=..., a2f=...)."
        kinds = {read_label(str(name)).kind for name in loaded} if isinstance(loaded, Mapping) else set()
        if wrong := kinds & {"gap function", "density of states"}:
            hint = (
                f"This looks like a {min(map(str, wrong))}: `diffeliash invert` and `predict` read it as text. {hint}"
            )
        raise InputError("no spectrum in this file", where=str(path), why="there are no energies with a2F.", hint=hint)
    if key is None:
        return {"": next(iter(found.values()))} if len(found) == 1 else found
    names = list(found)
    if key not in found and key.isdecimal() and int(key) < len(names):
        key = names[int(key)]
    if key not in found:
        some = ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
        raise InputError(f"no spectrum {key!r}", where=str(path), why=f"the file has {len(names)}: {some}.")
    return {key: found[key]}


def _kind_of(content: bytes) -> str | None:
    if content.startswith(b"PK\x03\x04"):
        return "npz"
    if content.startswith(b"\x93NUMPY"):
        return "npy"
    return "json" if content[:256].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else None


def _load_json(path: pathlib.Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        why = (
            "it is nested too deeply."
            if isinstance(error, RecursionError)
            else "it is damaged, or a number is too long."
        )
        why = f"{error}." if isinstance(error, json.JSONDecodeError) else why
        raise InputError("not a JSON file", where=str(path), why=why) from error


def _load_numpy(path: pathlib.Path, content: bytes) -> Any:
    """Load an array, or arrays by name. Pickled Python objects, which could execute code, are refused.

    Raises:
        InputError: The file is damaged, contains Python objects, or is too large when unpacked.
    """
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as file:
                if sum(member.file_size for member in file.infolist()) > LARGEST_CONTENT:
                    raise InputError("the file is too large once it is unpacked", where=str(path))
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        return dict(loaded) if isinstance(loaded, Mapping) else loaded
    except InputError:
        raise
    except Exception as error:  # what NumPy and its parsers raise on damaged bytes has no common kind
        raise InputError("not a file of NumPy arrays", where=str(path), why=f"{error}.") from error


def _spectra(node: Any, format: str, name: str, depth: int) -> Iterator[tuple[str, RawSpectrum | InputError]]:
    """Yield all spectra in a nested structure, with their names."""
    if depth == 0:
        return
    node = _as_columns(node)
    if isinstance(node, Mapping):
        yield from _of_mapping({str(key): value for key, value in node.items()}, format, name, depth)
    elif (array := _numbers(node)) is not None and array.ndim == 2:
        yield name, _table(array, format)
    elif isinstance(node, list) or (array is not None and array.ndim == 3):
        for i, item in enumerate(node):
            own = _name_of(item) if isinstance(item, Mapping) else None
            yield from _spectra(item, format, _joined(name, own or str(i)), depth - 1)


def _as_columns(node: Any) -> Any:
    """Return a table of numbers as a dictionary of columns; anything else is returned unchanged.

    A table is a structured array, or a pandas table saved as records, by columns, or as names and rows.
    """
    if isinstance(node, np.ndarray) and node.dtype.names:
        return {name: node[name] for name in node.dtype.names}
    if isinstance(node, Mapping) and all(isinstance(node.get(name), list) for name in ("columns", "data")):
        names = [str(column) for column in node["columns"]]
        node = [dict(zip(names, row, strict=False)) for row in node["data"] if isinstance(row, list)]
    if isinstance(node, list) and node and all(isinstance(row, Mapping) and set(row) == set(node[0]) for row in node):
        columns = {str(name): [row[name] for row in node] for name in node[0]}
    elif isinstance(node, Mapping) and node and all(isinstance(column, Mapping) for column in node.values()):
        columns = {str(name): list(column.values()) for name, column in node.items()}
    else:
        return node
    kinds = {read_label(name).kind for name, column in columns.items() if all(map(_is_number, column))}
    return columns if {"energy", "a2f"} <= kinds else node


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_mapping(node: Record, format: str, name: str, depth: int) -> Iterator[tuple[str, RawSpectrum | InputError]]:
    keys = _keys_of(node)
    if keys is None:
        for key, value in node.items():
            if isinstance(value, Mapping | list | np.ndarray):
                yield from _spectra(value, format, _joined(name, key), depth - 1)
        return
    energy, a2f, notices = keys
    if isinstance(node[energy], Mapping) and isinstance(node[a2f], Mapping):  # a pandas table saved by columns
        for row in node[a2f]:
            record = {key: value.get(row) for key, value in node.items() if isinstance(value, Mapping)}
            yield _joined(name, _name_of(record) or str(row)), _record(record, energy, a2f, notices, format)
        return
    values, energies = _numbers(node[a2f]), _numbers(node[energy])
    if values is not None and values.ndim == 2 and energies is not None:
        if energies.ndim == 1 and energies.size != values.shape[1] and energies.size == len(values):
            values = values.T
        for i, row in enumerate(values):
            own = {key: value[i] for key, value in node.items() if _has_row(value, len(values)) and key != energy}
            own |= {energy: energies[i] if energies.ndim == 2 and i < len(energies) else energies, a2f: row}
            yield _joined(name, str(i)), _record({**node, **own}, energy, a2f, notices, format)
        return
    yield name, _record(node, energy, a2f, notices, format)


def _has_row(value: Any, n: int) -> bool:
    """Whether a value is a list or an array with `n` entries, one for each spectrum."""
    shape = value.shape if isinstance(value, np.ndarray) else (len(value),) if isinstance(value, list) else ()
    return shape[:1] == (n,)


def _keys_of(node: Record) -> tuple[str, str, list[str]] | None:
    """Return the names of the energies and of a2F in a record, and notices about arrays that are not used."""
    labels = {key: read_label(key) for key, value in node.items() if isinstance(value, Mapping | list | np.ndarray)}
    energies = [key for key, label in labels.items() if label.kind == "energy"]
    pairs = [(x, key) for key in labels if (x := _partner(key)) in labels]
    pairs += [(energies[0], key) for key, label in labels.items() if energies and label.kind == "a2f"]
    if not pairs:
        return None
    energy, chosen = pairs[0]
    others = [key for key, label in labels.items() if label.kind in _NAMED and key not in (energy, chosen)]
    notices = [f"took {chosen!r} as a function of {energy!r}; not used: {', '.join(others)}."] if others else []
    return energy, chosen, notices


_NAMED = ("energy", "a2f", "part of a2f", "density of states")
"""Quantities that a notice names if they are not used."""


def _partner(key: str) -> str:
    """Return the name of the energies that belong to a name such as `a2F_y` (`a2F_x`), empty for other names."""
    pair = _PAIR.fullmatch(key)
    return f"{key[:-1]}x" if pair and read_label(pair[1]).kind == "a2f" else ""


def _record(record: Record, energy: str, a2f: str, notices: list[str], format: str) -> RawSpectrum | InputError:
    """Return the spectrum of a record, or the error if it has none."""
    omega, values = (_numbers(record[key]) for key in (energy, a2f))
    if omega is None or values is None or omega.ndim != 1 or omega.shape != values.shape or not omega.size:
        shapes = " and ".join("no numbers" if x is None else f"shape {x.shape}" for x in (omega, values))
        return InputError(f"{energy!r} and {a2f!r} must be arrays of the same length", why=f"they have {shapes}.")
    units = read_label(energy).units
    stated = [str(record[name]) for name in UNIT_NAMES if isinstance(record.get(name), str)]
    lambdas = (_numbers(record[key]) for key in record if read_label(key).kind == "lambda")
    other = [float(values.flat[-1]) for values in lambdas if values is not None and values.ndim < 2 and values.size]
    return RawSpectrum(
        format,
        omega,
        values[None, :],
        [],
        units or energy_units(stated, None),
        labels=(Label(a2f, "a2f", ()),),
        other_lambda=tuple(other[:1]),
        notices=tuple(notices),
    )


def _table(array: np.ndarray, format: str) -> RawSpectrum | InputError:
    """Return the spectrum of an array with energies in the first column, or in the first of two rows."""
    notices = ()
    if array.shape[0] == 2 and array.shape[1] > 3:
        array, notices = array.T, ("the array has two rows, which are taken as energies and a2F.",)
    if array.shape[1] < 2 or not len(array):
        return InputError(f"an array of shape {array.shape}", why="two columns are needed, energies and a2F.")
    return RawSpectrum(format, array[:, 0], array[:, 1:].T, [], (), notices=notices)


def _numbers(value: Any) -> np.ndarray | None:
    """Return an array of real numbers in double precision, or `None` if the value is not one."""
    if isinstance(value, Mapping | str) or value is None:
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):  # rows of different lengths
        return None
    return array.astype(float) if array.dtype.kind in "fiu" else None


def _name_of(record: Record) -> str | None:
    """Return the name that a record states, if there is one."""
    known = {str(key).lower(): value for key, value in record.items()}
    return next((str(known[name]) for name in NAMES if isinstance(known.get(name), str | int)), None)


def _joined(name: str, part: str) -> str:
    return f"{name}/{part}" if name else part
