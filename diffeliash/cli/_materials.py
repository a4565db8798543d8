"""Files of spectra as inputs of batched calls: a bad one is reported and harms no other."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import DiffeliashError, InputError
from ._interrupt import stop_if_requested
from ._session import tell

if TYPE_CHECKING:
    from ..data import SpectrumFile
    from ..physics import AbstractZSum, Spectrum

Member = TypeVar("Member")

MU_STAR_IS_CUT = "mu* acts up to --matsubara-cutoff only, which lies below --omega-c."


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """One file, its spectrum, and what was said while reading it."""

    file: pathlib.Path
    spectrum: "Spectrum"
    found: "SpectrumFile"


def read_materials(files: list[pathlib.Path], reading: dict[str, Any]) -> list[Material | InputError]:
    """The spectra of all files, in order; what is wrong with the bad ones in their places."""
    from ..data import read_spectrum_file
    from ..physics import Spectrum

    materials: list[Material | InputError] = []
    for file in files:
        stop_if_requested()
        try:
            found = read_spectrum_file(file, **reading)
            materials.append(Material(file, Spectrum(found.omega, found.a2f), found))
        except InputError as error:
            materials.append(error)
    return materials


def answer_each(function: Callable[[Sequence[Member]], Sequence[Any]], members: Sequence[Member]) -> list[Any]:
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
    return answer_each(function, members[:middle]) + answer_each(function, members[middle:])


def failure(file: pathlib.Path, error: DiffeliashError) -> dict[str, Any]:
    """The entry of a bad file in the results; the user is told."""
    tell(f"error: {error}" if error.where else f"error: {file}: {error}")
    return {"file": str(file), "error": error.as_dict()}


def z_sum_of(name: str) -> "AbstractZSum":
    """The strategy behind the option `--z-sum`."""
    from ..physics import InfiniteSum, TruncatedSum

    return InfiniteSum() if name == "infinite" else TruncatedSum()
