"""Files of spectra as inputs of batched calls: a bad one is reported and harms no other."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..._errors import DiffeliashError, InputError
from .._interrupt import stop_if_requested
from ..terminal import tell

if TYPE_CHECKING:
    from ...data import SpectrumFile
    from ...physics import AbstractZSum, Spectrum

Member = TypeVar("Member")

MU_STAR_CUTOFF_NOTICE = "mu* acts up to --matsubara-cutoff only, which lies below --omega-c."


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a spectrum comes from: a file, and its key in a file of many."""

    file: pathlib.Path
    key: str = ""

    @property
    def entry(self) -> dict[str, Any]:
        """How an entry of the results begins."""
        return {"file": str(self.file)} | ({"key": self.key} if self.key else {})

    def __str__(self) -> str:
        return f"{self.file}[{self.key}]" if self.key else str(self.file)


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """A spectrum, where it comes from, and what was said while reading it."""

    source: Source
    spectrum: "Spectrum"
    found: "SpectrumFile"


@dataclasses.dataclass(frozen=True, eq=False)
class UnusableSpectrum:
    """A spectrum or a whole file that cannot be used, and why."""

    source: Source
    error: InputError


def read_materials(files: list[pathlib.Path], reading: dict[str, Any]) -> list[Material | UnusableSpectrum]:
    """The spectra of all files, in order; what is wrong with the bad ones in their places."""
    from ...data import read_spectrum_files
    from ...physics import Spectrum

    materials: list[Material | UnusableSpectrum] = []
    for file in files:
        stop_if_requested()
        try:
            found = read_spectrum_files(file, **reading)
        except InputError as error:
            materials.append(UnusableSpectrum(Source(file), error))
            continue
        for key, one in found.items():
            source = Source(file, key)
            if isinstance(one, InputError):
                materials.append(UnusableSpectrum(source, one))
            else:
                materials.append(Material(source, Spectrum(one.omega, one.a2f), one))
    return materials


def evaluate_each(function: Callable[[Sequence[Member]], Sequence[Any]], members: Sequence[Member]) -> list[Any]:
    """Answers of a batched function for each member, or the error of a member that it refuses.

    A refused batch is halved until the bad members are alone.
    """
    if not members:
        return []
    try:
        return list(function(members))
    except InputError as error:
        if len(members) == 1:
            return [error]
    middle = len(members) // 2
    return evaluate_each(function, members[:middle]) + evaluate_each(function, members[middle:])


def error_entry(source: Source | pathlib.Path, error: DiffeliashError) -> dict[str, Any]:
    """The entry of a bad file, or of a bad spectrum in a file, in the results; the user is told."""
    source = source if isinstance(source, Source) else Source(source)
    tell(f"error: {error}" if error.where else f"error: {source}: {error}")
    return source.entry | {"error": error.as_dict()}


def source_of(result: dict[str, Any]) -> Source:
    """Where the spectrum of an entry of the results comes from."""
    return Source(pathlib.Path(result["file"]), result.get("key", ""))


def z_sum_of(name: str) -> "AbstractZSum":
    """The strategy behind the option `--z-sum`."""
    from ...physics import InfiniteSum, TruncatedSum

    return InfiniteSum() if name == "infinite" else TruncatedSum()
