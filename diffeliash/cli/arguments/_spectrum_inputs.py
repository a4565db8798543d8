"""Files of spectra as inputs of batched computations; a bad file is reported and does not affect the others."""

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

MU_STAR_CUTOFF_NOTICE = "mu* acts only up to --matsubara-cutoff, which lies below --omega-c."
"""Notice given if the Coulomb cutoff exceeds the Matsubara cutoff."""


@dataclasses.dataclass(frozen=True)
class Source:
    """The file of a spectrum, and its key in a file of several spectra."""

    file: pathlib.Path
    key: str = ""

    @property
    def entry(self) -> dict[str, Any]:
        """The first items of a result: `file` and, if there is one, `key`."""
        return {"file": str(self.file)} | ({"key": self.key} if self.key else {})

    def __str__(self) -> str:
        return f"{self.file}[{self.key}]" if self.key else str(self.file)


@dataclasses.dataclass(frozen=True, eq=False)
class InputSpectrum:
    """A spectrum from an input file, its source, and the content of the file with the notices."""

    source: Source
    spectrum: "Spectrum"
    found: "SpectrumFile"


@dataclasses.dataclass(frozen=True, eq=False)
class UnusableSpectrum:
    """The source of a spectrum or file that cannot be used, and the error."""

    source: Source
    error: InputError


def read_input_spectra(files: list[pathlib.Path], reading: dict[str, Any]) -> list[InputSpectrum | UnusableSpectrum]:
    """Read the spectra of all files, in order, with errors in place of those that cannot be used.

    Args:
        files: Input files.
        reading: Arguments of `read_spectrum_files`: `format`, `unit`, `column`, `key`.
    """
    from ...data import read_spectrum_files
    from ...physics import Spectrum

    inputs: list[InputSpectrum | UnusableSpectrum] = []
    for file in files:
        stop_if_requested()
        try:
            found = read_spectrum_files(file, **reading)
        except InputError as error:
            inputs.append(UnusableSpectrum(Source(file), error))
            continue
        for key, one in found.items():
            source = Source(file, key)
            if isinstance(one, InputError):
                inputs.append(UnusableSpectrum(source, one))
            else:
                inputs.append(InputSpectrum(source, Spectrum(one.omega, one.a2f), one))
    return inputs


def evaluate_each(function: Callable[[Sequence[Member]], Sequence[Any]], members: Sequence[Member]) -> list[Any]:
    """Evaluate a batched function, and return for each member its result or the error with which it is refused.

    A batch that is refused is divided into halves until the bad members are found.
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
    """Print the error of a file or spectrum, and return its entry in the results."""
    source = source if isinstance(source, Source) else Source(source)
    tell(f"error: {error}" if error.where else f"error: {source}: {error}")
    return source.entry | {"error": error.as_dict()}


def source_of(result: dict[str, Any]) -> Source:
    """Return the source of the spectrum of a result."""
    return Source(pathlib.Path(result["file"]), result.get("key", ""))


def z_sum_of(name: str) -> "AbstractZSum":
    """Return the strategy that the option `--z-sum` names."""
    from ...physics import InfiniteSum, TruncatedSum

    return InfiniteSum() if name == "infinite" else TruncatedSum()
