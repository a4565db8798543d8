"""Reading of single samples of a data set on disk."""

import os
import pathlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from ..._errors import IntegrityError
from ..storage import hdf5_errors, shard_name
from ._dataset_in_memory import TRAINING_FIELDS, check_fields, read_finished_shard
from ._manifest import read_completion_record, read_manifest, repair_hint
from ._shard_files import axes_of

OPEN_FILES = 32
"""Largest number of shards that are open at a time."""


class DataSource:
    """Random access to the samples of a finished data set on disk, for data loaders.

    `len(source)` is the number of stored samples, `source[i]` the sample i as a dictionary of arrays by field name.
    With a slice, an array of integers or a boolean mask as the index, the arrays have leading sample axes. The
    attributes `omega` and `omega_real` are the energies of the spectral functions and the gap functions [meV], `config`
    is the configuration and `digest` the SHA-256 digest of the data set.

    The checksum of a shard is verified when its first sample is read, and again if the file has changed; later reads
    are protected by the checksums of the HDF5 chunks. Memory is needed for one shard at a time. Instances can be
    pickled, for worker processes.

    Args:
        folder: Folder of the data set, made by `generate`.
        fields: Names of the fields to read, as in `read_dataset`.

    Raises:
        InputError: The folder is not a data set, is unfinished, or has another format version or no such field.
        IntegrityError: The data set is damaged. Reading a sample raises it if the shard is damaged, missing, or belongs
            to another data set.
    """

    def __init__(self, folder: pathlib.Path | str, fields: Sequence[str] = TRAINING_FIELDS):
        self.folder = pathlib.Path(folder)
        self._manifest = read_manifest(self.folder)
        self._done = read_completion_record(self.folder, self._manifest)
        self.fields = check_fields(self._manifest, fields)
        self.config: dict[str, Any] = self._manifest.config
        self.digest = self._done.digest
        self.omega, self.omega_real = axes_of(self.config).values()
        self._ends = np.cumsum([shard.counts["kept"] for shard in self._done.shards])
        self._checked: dict[int, tuple[int, ...]] = {}
        self._files: OrderedDict[int, h5py.File] = OrderedDict()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, rows: Any) -> dict[str, np.ndarray]:
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        index = np.asarray(rows)
        if index.dtype == bool and index.shape == (len(self),):
            index = np.flatnonzero(index)
        if index.dtype == bool or (index.size and index.dtype.kind not in "iu"):
            raise TypeError(f"the index must be integers or a boolean mask of length {len(self)}, got {rows!r}.")
        if index.size and not (-len(self) <= index.min() and index.max() < len(self)):
            raise IndexError(f"the index must lie below the number of samples, there are {len(self)}, got {rows}.")
        index = index.astype(int)
        flat = np.where(index < 0, index + len(self), index).reshape(-1)
        found = self._read(flat)
        return {name: values.reshape(index.shape + values.shape[1:]) for name, values in found.items()}

    def _read(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        shards = np.searchsorted(self._ends, rows, side="right")
        found: dict[str, np.ndarray] = {}
        for shard in np.unique(shards) if rows.size else [int(np.argmax(self._ends > 0))]:
            places = np.flatnonzero(shards == shard)
            inside = rows[places] - (self._ends[shard - 1] if shard else 0)
            wanted, inverse = np.unique(inside, return_inverse=True)
            file = self._file(int(shard))
            for name in self.fields:
                with hdf5_errors(self.folder / shard_name(int(shard))):
                    values = file[name][wanted.tolist()] if wanted.size else file[name][:0]
                whole = found.setdefault(name, np.empty((rows.size, *values.shape[1:]), values.dtype))
                whole[places] = values[inverse]
        return found

    def _file(self, shard: int) -> Any:
        if shard not in self._files:
            self._files[shard] = self._open(shard)
        self._files.move_to_end(shard)
        while len(self._files) > OPEN_FILES:
            self._files.popitem(last=False)[1].close()
        return self._files[shard]

    def _open(self, shard: int) -> h5py.File:
        """Open a shard, and make sure that it is the file whose checksum was verified."""
        path = self.folder / shard_name(shard)
        if shard not in self._checked or self._checked[shard] != _identity(path):
            before = _identity(path)
            read_finished_shard(self.folder, self._manifest, shard, self._done)
            self._checked[shard] = before
        with hdf5_errors(path):
            file = h5py.File(path, "r")
        if self._checked[shard] != _identity(path):
            hint = repair_hint(self.folder)
            raise IntegrityError("damaged file", where=str(path), why="it changed while it was read.", hint=hint)
        return file

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_files": OrderedDict()}


def _identity(path: pathlib.Path) -> tuple[int, ...]:
    """Return numbers that differ if the file has been exchanged or changed."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
