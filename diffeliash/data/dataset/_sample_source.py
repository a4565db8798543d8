"""A finished data set on disk, sample by sample."""

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
"""Shards kept open."""


class DataSource:
    """An indexable data source: `len(source)` stored samples, `source[i]` one of them.

    Samples are dictionaries of arrays by field; `source[rows]` with a slice, an array of numbers or a mask gives the
    same with leading axes. `omega` and `omega_real` are the energies of spectral and gap functions [meV]. A shard is
    checked as a whole when the first of its samples is read, and again if the file has changed, and its pieces by their
    own checksums later. Memory for
    one shard is needed, however many there are. It can be copied to other processes.

    Args:
        folder: Of `generate`.
        fields: Which ones; by default, and which there are, as in `read_dataset`.

    Raises:
        InputError: The folder is no data set, unfinished, of another format version, or without such a field.
        IntegrityError: A shard is damaged, missing or foreign.
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
            raise TypeError(f"samples are numbered by integers, or chosen by a mask of {len(self)}, got {rows!r}.")
        if index.size and not (-len(self) <= index.min() and index.max() < len(self)):
            raise IndexError(f"there are {len(self)} samples, got {rows}.")
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
        """The file of a shard, which is the one that was checked."""
        path = self.folder / shard_name(shard)
        if shard not in self._checked or self._checked[shard] != _identity(path):
            before = _identity(path)
            read_finished_shard(self.folder, self._manifest, shard, self._done)
            self._checked[shard] = before
        with hdf5_errors(path):
            file = h5py.File(path, "r")
        if self._checked[shard] != _identity(path):
            hint = repair_hint(self.folder)
            raise IntegrityError("damaged file", where=str(path), why="it has changed while it was read.", hint=hint)
        return file

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_files": OrderedDict()}


def _identity(path: pathlib.Path) -> tuple[int, ...]:
    """What is another number for another file, or after a change."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
