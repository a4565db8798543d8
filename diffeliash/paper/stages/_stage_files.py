"""The result files of stages, and what all stages share: configuration, data sets and progress."""

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
"""The `kind` in the header of a result file."""

REVISION = 1
"""Revision of the results, to be raised when a result changes its meaning but not its name."""

Arrays = dict[str, Any]
"""The results of a stage by name: arrays and numbers; read from a file, numbers are arrays without axes."""

RECOMPUTE_HINT = "Delete the file: the stage will be computed again."

N_EXAMPLES = 4
"""Number of test samples that figures show."""

OVERSAMPLING = 1.6
"""Random spectra generated for each that is needed: those in the normal state at 1.16 K are dropped."""

FIELDS = ("a2f", "Delta_meV", "Delta_iw_meV", "dos")
"""Fields of the data sets that the stages use."""


class StageContext:
    """What all stages of a run share: configuration, folder, data sets, and progress.

    Args:
        config: The configuration of the run.
        folder: Folder of the run.
        progress: Called with a remark about every epoch; an exception that it raises stops the run.
    """

    def __init__(self, config: PaperConfig, folder: pathlib.Path, progress: Callable[[str], None]):
        self.config, self.folder, self.progress = config, folder, progress

    @functools.cached_property
    def simple(self) -> Dataset:
        """The simple family, gap functions at 150 energies."""
        return self._samples("simple", SimpleFamily(), self.config.n_simple)

    @functools.cached_property
    def complex(self) -> Dataset:
        """The complex family, gap functions at 150 energies, the inputs of the predictor."""
        return self._samples("complex", ComplexFamily(), self.config.n_complex)

    @functools.cached_property
    def complex_200(self) -> Dataset:
        """The same spectra, gap functions at 200 energies, the inputs of the autoencoder."""
        Delta = self.cached("complex-200", _at_200_energies)["Delta"]
        config = self.complex.config | {"n_energies": Delta.shape[1]}
        return dataclasses.replace(
            self.complex,
            config=config,
            omega_real=setting_of(config).omega_real,
            fields=self.complex.fields | {"Delta_meV": Delta},
        )

    def split(self, dataset: Dataset, seed: int | None = None) -> Split:
        """Split a data set into 81 % training, 9 % validation and 10 % test rows."""
        return split_rows(len(dataset), self.config.seed if seed is None else seed)

    def setting(self, dataset: Dataset) -> Setting:
        """Temperature, cutoffs and grids of a data set."""
        return setting_of(dataset.config)

    def training(self, *, epochs: int | None = None, seed: int | None = None, **others: Any) -> ReduceConfig:
        """The training parameters of a network."""
        epochs = epochs or self.config.epochs
        return ReduceConfig(
            epochs=epochs,
            autoencoder_epochs=epochs,
            batch_size=self.config.batch_size,
            seed=self.config.seed if seed is None else seed,
            **others,
        )

    def report_epoch(self, name: str, epoch: int, loss: float) -> None:
        """Report the progress of a training."""
        self.progress(f"{name}, epoch {epoch}, loss {loss:.4f}")

    def report_samples(self, name: str, total: int) -> Callable[[int], None]:
        """A function that reports the number of samples done, out of `total`."""
        return lambda done: self.progress(f"{name}, {done} of {total}")

    def cached(self, name: str, make: "Callable[[StageContext], Arrays]") -> Arrays:
        """Read the results of a stage from its file, or compute and write them if there is no file.

        Args:
            name: Name of the stage.
            make: The function that computes the results.

        Raises:
            IntegrityError: The file is damaged.
            InputError: The file belongs to another configuration or version of the program.
            StorageError: The file cannot be written.
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
        """The first `n` samples of a data set, which is generated if it does not exist."""
        config = GenerateConfig(family=family, num_samples=round(OVERSAMPLING * n), seed=self.config.seed)
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
                f"only {len(dataset)} of {config.num_samples} spectra have a gap function, but {n} are needed",
                where=str(folder),
            )
        return select_rows(dataset, slice(0, n))


def _at_200_energies(context: StageContext) -> Arrays:
    dataset = context.complex
    setting = dataclasses.replace(context.setting(dataset), n_energies=200)
    solved = solve_gaps(
        setting, dataset.a2f, progress=context.report_samples("gap functions at 200 energies", len(dataset))
    )
    if not np.all(solved.ok):
        raise InputError(f"{np.sum(~solved.ok)} of {len(dataset)} gap functions cannot be computed at 200 energies.")
    return {"Delta": solved.Delta}


def select_rows(dataset: Dataset, rows: slice | np.ndarray) -> Dataset:
    """Select rows of a data set."""
    return dataclasses.replace(dataset, fields={name: values[rows] for name, values in dataset.fields.items()})


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _StageHeader(EnvelopeHeader):
    identity: dict[str, JsonValue]
    names: tuple[ShortText, ...]
    revision: Count = 1

    def __post_init__(self):
        if len({*self.names}) != len(self.names) or len(self.names) != len(self.leaves):
            raise ValueError("`names` must have one different name for each of the arrays")


class _StageResults(dict[str, Any]):
    """The results of a stage from its file; a missing name means that the file is damaged."""

    def __init__(self, arrays: Arrays, path: pathlib.Path):
        super().__init__(arrays)
        self.path = path

    def __missing__(self, name: str) -> Any:
        raise IntegrityError("damaged stage", where=str(self.path), why=f"it has no `{name}`.", hint=RECOMPUTE_HINT)


def _read(path: pathlib.Path, identity: dict[str, Any]) -> Arrays:
    try:
        found, arrays = read_envelope(path, KIND, _StageHeader)
    except (InputError, IntegrityError) as error:
        why = error.why or f"{error.what}."
        raise IntegrityError("damaged stage", where=str(path), why=why, hint=RECOMPUTE_HINT) from error
    if json.dumps(found.identity, sort_keys=True) != json.dumps(identity, sort_keys=True):  # 1 is not true
        raise InputError(
            "the stage belongs to a run with another configuration", where=str(path), hint="Choose another --run."
        )
    theirs = found.versions.get("diffeliash", "unknown"), found.revision
    ours = software_versions()["diffeliash"], REVISION
    if theirs != ours:
        raise InputError(
            "the stage was computed by another version of the program",
            where=str(path),
            why=f"diffeliash {theirs[0]}, revision {theirs[1]}; this is {ours[0]}, revision {ours[1]}.",
            hint="Choose another --run.",
        )
    return _StageResults(dict(zip(found.names, arrays, strict=True)), path)
