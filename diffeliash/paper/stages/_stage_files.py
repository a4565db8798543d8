"""Stages: parts of the work whose results are kept, so that an interrupted run goes on after the last of them."""

import dataclasses
import functools
import json
import pathlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import JsonValue

from ..._errors import InputError, IntegrityError
from ..._headers import Count, ShortText, header
from ...analysis import ReduceConfig
from ...data import (
    ComplexFamily,
    Dataset,
    Family,
    GenerateConfig,
    SimpleFamily,
    Split,
    generate,
    read_dataset,
    software_versions,
    split_rows,
)
from ...models import EnvelopeHeader, Setting, read_envelope, setting_of, write_envelope
from ...training import solve_gaps
from .._paper_config import PaperConfig

KIND = "stage of the reproduction"

REVISION = 1
"""Of what stages keep: to be raised when a stage keeps something else under its name."""

Arrays = dict[str, Any]
"""Results of a stage by name: arrays, and numbers, which are arrays without axes once they are kept."""

MAKE_AGAIN = "Delete it: it will be made again."

N_EXAMPLES = 4
"""Test samples that pictures show."""

RESERVE = 1.6
"""Spectra drawn for each that is needed: those in the normal state at 1.16 K are dropped."""

FIELDS = ("a2f", "Delta_meV", "Delta_iw_meV", "dos")


class Work:
    """What the stages share: configuration, folder, data.

    Args:
        config: Sizes.
        folder: Of the run.
        progress: Told what is done, every epoch or so; it may stop the run by an exception.
    """

    def __init__(self, config: PaperConfig, folder: pathlib.Path, progress: Callable[[str], None]):
        self.config, self.folder, self.progress = config, folder, progress

    @functools.cached_property
    def simple(self) -> Dataset:
        """The simple family, gap functions at 150 energies."""
        return self._samples("simple", SimpleFamily(), self.config.n_simple)

    @functools.cached_property
    def complex(self) -> Dataset:
        """The complex family, gap functions at 150 energies, as the predictor sees them."""
        return self._samples("complex", ComplexFamily(), self.config.n_complex)

    @functools.cached_property
    def complex_200(self) -> Dataset:
        """The same spectra, gap functions at 200 energies, as the autoencoder sees them."""
        Delta = self.kept("complex-200", _at_200_energies)["Delta"]
        config = self.complex.config | {"n_energies": Delta.shape[1]}
        return dataclasses.replace(
            self.complex,
            config=config,
            omega_real=setting_of(config).omega_real,
            fields=self.complex.fields | {"Delta_meV": Delta},
        )

    def split(self, dataset: Dataset, seed: int | None = None) -> Split:
        """Training, validation and test rows: 81, 9 and 10 %."""
        return split_rows(len(dataset), self.config.seed if seed is None else seed)

    def setting(self, dataset: Dataset) -> Setting:
        """Temperature, cutoffs and grids of a data set."""
        return setting_of(dataset.config)

    def training(self, *, epochs: int | None = None, seed: int | None = None, **others: Any) -> ReduceConfig:
        """How a network is trained."""
        epochs = epochs or self.config.epochs
        return ReduceConfig(
            epochs=epochs,
            autoencoder_epochs=epochs,
            batch_size=self.config.batch_size,
            seed=self.config.seed if seed is None else seed,
            **others,
        )

    def epoch_told(self, name: str, epoch: int, loss: float) -> None:
        """Progress of a training."""
        self.progress(f"{name}, epoch {epoch}, loss {loss:.4f}")

    def counted(self, name: str, total: int) -> Callable[[int], None]:
        """Progress of something that is done sample by sample."""
        return lambda done: self.progress(f"{name}, {done} of {total}")

    def kept(self, name: str, make: "Callable[[Work], Arrays]") -> Arrays:
        """The results of a stage: from its file, or computed now and written there.

        Raises:
            IntegrityError: The file is damaged.
            InputError: It is of another configuration or version.
            StorageError: It cannot be written.
        """
        path = self.folder / "stages" / f"{name}.stage"
        identity = json.loads(json.dumps({"stage": name, "config": dataclasses.asdict(self.config)}))
        if path.exists():
            return _read(path, identity)
        started = time.perf_counter()
        self.progress(name)
        arrays = {key: np.asarray(value) for key, value in make(self).items()}
        arrays["seconds"] = np.asarray(time.perf_counter() - started)
        path.parent.mkdir(exist_ok=True)
        write_envelope(
            path, KIND, {"identity": identity, "revision": REVISION, "names": list(arrays)}, list(arrays.values())
        )
        return arrays

    def _samples(self, name: str, family: Family, n: int) -> Dataset:
        """The first samples of a data set that is made if it is not there."""
        config = GenerateConfig(family=family, num_samples=round(RESERVE * n), seed=self.config.seed)
        folder = self.folder / "data" / name
        folder.parent.mkdir(exist_ok=True)
        generate(
            config,
            folder,
            resume=True,
            progress=lambda counts: self.progress(f"data {name}, {sum(counts.values())} of {config.num_samples}"),
        )
        dataset = read_dataset(folder, FIELDS)
        if len(dataset) < n:
            raise InputError(
                f"of {config.num_samples} spectra {len(dataset)} have a gap function, {n} are needed", where=str(folder)
            )
        return take(dataset, slice(0, n))


def _at_200_energies(work: Work) -> Arrays:
    dataset = work.complex
    setting = dataclasses.replace(work.setting(dataset), n_energies=200)
    solved = solve_gaps(setting, dataset.a2f, progress=work.counted("gap functions at 200 energies", len(dataset)))
    if not np.all(solved.ok):
        raise InputError(f"{np.sum(~solved.ok)} of {len(dataset)} gap functions cannot be computed at 200 energies.")
    return {"Delta": solved.Delta}


def take(dataset: Dataset, rows: slice | np.ndarray) -> Dataset:
    """Some rows of a data set."""
    return dataclasses.replace(dataset, fields={name: values[rows] for name, values in dataset.fields.items()})


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _StageHeader(EnvelopeHeader):
    identity: dict[str, JsonValue]
    names: tuple[ShortText, ...]
    revision: Count = 1

    def __post_init__(self):
        if len({*self.names}) != len(self.names) or len(self.names) != len(self.leaves):
            raise ValueError("`names` are not those of the arrays, one each")


class _Kept(dict[str, Any]):
    """Results of a stage from its file: what the program looks for in vain is damage."""

    def __init__(self, arrays: Arrays, path: pathlib.Path):
        super().__init__(arrays)
        self.path = path

    def __missing__(self, name: str) -> Any:
        raise IntegrityError("damaged stage", where=str(self.path), why=f"it has no `{name}`.", hint=MAKE_AGAIN)


def _read(path: pathlib.Path, identity: dict[str, Any]) -> Arrays:
    try:
        found, arrays = read_envelope(path, KIND, _StageHeader)
    except (InputError, IntegrityError) as error:
        why = error.why or f"{error.what}."
        raise IntegrityError("damaged stage", where=str(path), why=why, hint=MAKE_AGAIN) from error
    if json.dumps(found.identity, sort_keys=True) != json.dumps(identity, sort_keys=True):  # 1 is not true
        raise InputError("of another configuration", where=str(path), hint="Choose another --run.")
    made = found.versions.get("diffeliash", "unknown"), found.revision
    ours = software_versions()["diffeliash"], REVISION
    if made != ours:
        this = f"made by diffeliash {made[0]}, revision {made[1]}; this is {ours[0]}, revision {ours[1]}"
        raise InputError(this, where=str(path), hint="Choose another --run.")
    return _Kept(dict(zip(found.names, arrays, strict=True)), path)
