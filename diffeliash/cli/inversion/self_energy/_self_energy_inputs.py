"""Files and options of `invert --kind self-energy`: which parts are measured, and what is free besides a2F."""

import dataclasses
import pathlib
import warnings
from typing import TYPE_CHECKING, Any, Literal

import typer

from ...._errors import InputError
from ...terminal import tell
from .._invert_inputs import DEFAULT_MU_STAR, unknown_temperature

if TYPE_CHECKING:
    from ....data import SelfEnergyFile
    from ....inverse import NormalSelfEnergy

Part = Literal["real", "imaginary"]

FREE = ("constant", "slope", "impurity", "electrons")
"""Parameters that may be free besides a2F."""

DEFAULT_FREE = ("constant", "slope", "impurity")
"""What is free if nothing is said."""

UNITS = ("meV", "eV")
"""Units of the energies of a self-energy."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfEnergyRequest:
    """What the command line says about all files.

    Args:
        imaginary: File of the imaginary part, if it is another one.
        part: The part to take from the files, if only one.
        unit: Unit of the energies, if it is stated.
        free: Names of the free parameters.
        T: Temperature [K], if it is stated.
        mu_star: Coulomb pseudopotential for T_c, if it is stated.
        noise: Standard deviation of the noise [meV], if it is stated.
        omega_max: Energy at which a2F ends [meV], if it is stated.
        points: Number of points of a2F, if it is stated.
        samples: Number of samples.
        seed: Seed of the samples.
    """

    imaginary: pathlib.Path | None
    part: Part | None
    unit: str | None
    free: tuple[str, ...]
    T: float | None
    mu_star: float | None
    noise: float | None
    omega_max: float | None
    points: int | None
    samples: int
    seed: int

    def observable(self, part: str) -> "NormalSelfEnergy":
        """The observable of a file with these parts."""
        from ....inverse import NormalSelfEnergy

        return NormalSelfEnergy(part, **{name: name in self.free for name in FREE})

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of `invert_self_energy` besides the data."""
        return {
            "noise": self.noise, "omega_max": self.omega_max, "n_points": self.points, "n_samples": self.samples,
            "seed": self.seed, "mu_star": DEFAULT_MU_STAR if self.mu_star is None else self.mu_star,
        }  # fmt: skip


def check_self_energy_options(
    kind: str, files: list[pathlib.Path], *, own: dict[str, Any], unit: str | None, others: dict[str, Any]
) -> None:
    """Refuse options that do not go with the kind of data, or with each other.

    Args:
        kind: Kind of the data.
        files: Input files.
        own: Options for self-energies only: `--imaginary`, `--part` and `--free`.
        unit: Unit that was stated.
        others: Options that mean nothing for a self-energy.

    Raises:
        BadParameter: There are such options.
    """
    if kind != "self-energy":
        if given := [name for name, value in own.items() if value]:
            raise typer.BadParameter(f"{', '.join(given)}: only with --kind self-energy.")
        return
    if given := [name for name, value in others.items() if value not in (None, False)]:
        raise typer.BadParameter(f"{', '.join(given)}: not with --kind self-energy.")
    if unit not in (None, *UNITS):
        raise typer.BadParameter(f"--unit must be {' or '.join(UNITS)} with --kind self-energy, got {unit}.")
    if own["--imaginary"] and own["--part"]:
        raise typer.BadParameter("--imaginary and --part cannot be given together.")
    if own["--imaginary"] and len(files) > 1:
        raise typer.BadParameter("--imaginary goes with one file, that of the real part.")


def parse_free(text: str | None) -> tuple[str, ...]:
    """The names of `--free`.

    Raises:
        BadParameter: A name is unknown.
    """
    names = DEFAULT_FREE if text is None else tuple(name.strip() for name in text.split(","))
    if names == ("none",):
        return ()
    if unknown := [name for name in names if name not in FREE]:
        raise typer.BadParameter(f"--free must be some of {', '.join(FREE)}, or none; got {', '.join(unknown)}.")
    return names


def read_measured_self_energy(file: pathlib.Path, request: SelfEnergyRequest) -> "SelfEnergyFile":
    """Read a self-energy, or one part of it, and print the notices about it.

    Raises:
        InputError: The file cannot be used, the temperature is not known, or it is not known which part it holds.
    """
    import numpy as np

    from ....data import read_self_energy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the notices are printed below instead
        given = read_self_energy(file, request.imaginary, energy_unit=request.unit)
        if given.part == "real" and request.part == "imaginary":
            given = read_self_energy(None, file, energy_unit=request.unit)
    if given.part == "both" and request.part:
        sigma = np.real(given.sigma) if request.part == "real" else np.imag(given.sigma)
        given = dataclasses.replace(given, sigma=sigma, part=request.part)
    if given.part != "both" and request.part is None:
        raise InputError(
            "the file holds one part of a self-energy, and it is not known which", where=str(file),
            hint="Say --part real or --part imaginary, or give the imaginary part, too, with --imaginary.",
        )  # fmt: skip
    for notice in given.notices:
        tell(f"note: {file}: {notice}")
    if request.T is None:
        raise unknown_temperature(file)
    return given
