"""Export of a data set to one file, for other programs."""

import io
import json
import pathlib
from collections.abc import Sequence

import numpy as np

from ..._errors import InputError
from ..storage import FORMAT_VERSION, GRID_FIELDS, UNITS, hdf5_bytes, stored_fields, write_file
from ._dataset_in_memory import Dataset, read_dataset
from ._manifest import read_manifest

EXPORTS = (".h5", ".npz", ".csv")
"""Supported suffixes of the exported file."""


def export_dataset(folder: pathlib.Path, path: pathlib.Path, fields: Sequence[str] | None = None) -> int:
    """Write the stored samples of a finished data set to one file.

    The format is HDF5 with units and configuration, NumPy's npz with the same names of arrays, or a table (csv) with
    one row for each sample and one column for each number, two for a complex one.

    Args:
        folder: Folder of the data set, made by `generate`.
        path: File to write; it ends in .h5, .npz or .csv. An existing file is replaced.
        fields: Names of the fields to write, as in `read_dataset`; all by default.

    Returns:
        Number of samples written.

    Raises:
        InputError: The suffix is not supported, or `read_dataset` refuses the data set or the fields.
        IntegrityError: The data set is damaged.
        StorageError: The file cannot be written.
    """
    suffix = next((suffix for suffix in EXPORTS if pathlib.Path(path).name.lower().endswith(suffix)), "")
    if not suffix:
        raise InputError(f"the file must end in {', '.join(EXPORTS)}, got {pathlib.Path(path).name}.")
    if fields is None:
        fields = stored_fields(read_manifest(folder).config)
    dataset = read_dataset(folder, fields)
    write = {".h5": _hdf5, ".npz": _npz, ".csv": _csv}[suffix]
    write_file(pathlib.Path(path), write(dataset))
    return len(dataset)


def _arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    axes = dict(zip(GRID_FIELDS, (dataset.omega, dataset.omega_real), strict=True))
    return axes | dataset.fields


def _hdf5(dataset: Dataset) -> bytes:
    attributes = {"format_version": FORMAT_VERSION, "config": json.dumps(dataset.config), "digest": dataset.digest}
    return hdf5_bytes({name: (values, UNITS.get(name, "1")) for name, values in _arrays(dataset).items()}, attributes)


def _npz(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **_arrays(dataset), config=np.array(json.dumps(dataset.config)))  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def _csv(dataset: Dataset) -> bytes:
    names, columns = [], []
    energies = {"a2f": dataset.omega} | dict.fromkeys(("Delta_meV", "Z", "dos"), dataset.omega_real)
    for name, values in dataset.fields.items():
        both = {f"Re_{name}": np.real(values), f"Im_{name}": np.imag(values)}
        parts = both if np.iscomplexobj(values) else {name: values}
        for part, numbers in parts.items():
            if numbers.ndim == 1:
                names.append(part)
            elif name in energies:
                names += [f"{part}@{energy:.6g}_meV" for energy in energies[name]]
            else:
                names += [f"{part}[{n}]" for n in range(numbers.shape[1])]
            columns.append(numbers if numbers.ndim > 1 else numbers[:, None])
    buffer = io.StringIO()
    np.savetxt(buffer, np.concatenate(columns, axis=1), delimiter=",", header=",".join(names), comments="", fmt="%.17g")
    return buffer.getvalue().encode()
