"""Configuration of a data set."""

import dataclasses
import math
from typing import Any

from jaxtyping import PRNGKeyArray

from ..._errors import InputError, not_positive
from ..._headers import LARGEST_VALUE, SMALLEST_VALUE, ShortText, part_of_header
from ..._limits import LARGEST_INTEGER, LARGEST_SHARD, MOST_SHARDS
from ...physics import Spectrum
from ...units import BOLTZMANN
from .._features import N_ENERGIES
from ..families import (
    MOST_POINTS,
    ComplexFamily,
    Family,
    GridEnd,
    Points,
    check_grid,
    family_as_dict,
    make_family,
    wrong_types,
)
from ..storage import count_shards, samples_in_shard

MOST_FREQUENCIES = 10**6
"""Largest number of Matsubara frequencies of a sample; it limits the memory per sample."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    r"""Configuration of a data set; with the software and the kind of processor it determines the content.

    Args:
        family: Family (distribution) of the spectral functions.
        num_samples: Number of samples drawn; only accepted ones are stored.
        seed: Seed of all random numbers, in [0, 2^63).
        T: Temperature [K].
        mu_star: Coulomb pseudopotential $\mu^*(\omega_c)$, in [0, 1].
        omega_c: Cutoff of the Coulomb pseudopotential [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV], not below `family.omega_max`.
        broadening: Distance $\Gamma$ of the line $\omega + i\Gamma$ from the real axis [meV].
        n_energies: Number of uniform energies of the gap function, from 0 to 3.5 `family.omega_max`.
        max_error: Largest accepted error of $\Delta$ on the real axis as estimated, relative to the largest
            $|\Delta|$; in [1e-12, 1e-2]. Samples with a larger one are rejected.
        with_T_c: Whether to compute and store the critical temperature of every sample.
        shard_size: Number of samples drawn for each file (shard).

    Raises:
        ValueError: Fields have the wrong type or are out of their ranges; the message names all of them.
    """

    family: Family = dataclasses.field(default_factory=ComplexFamily)
    num_samples: int = 1000
    seed: int = 0
    T: float = 1.16
    mu_star: float = 0.1
    omega_c: float = 100.0
    matsubara_cutoff: float = 220.0
    broadening: float = 0.1
    n_energies: int = N_ENERGIES
    max_error: float = 1e-6
    with_T_c: bool = False
    shard_size: int = 512

    def __post_init__(self):
        _unify_types(self)
        names = ("num_samples", "T", "omega_c", "matsubara_cutoff", "broadening", "shard_size")
        bad = not_positive(self, names)
        if not 2 <= self.n_energies <= MOST_POINTS:
            bad.append(f"`n_energies` must lie in [2, {MOST_POINTS}], got {self.n_energies}")
        bad += check_grid(self.family.omega_max, self.family.n_points)
        bad += _out_of_bounds(self) if not bad else []
        if not 0 <= self.mu_star <= 1:
            bad.append(f"`mu_star` must lie in [0, 1], got {self.mu_star}")
        if self.matsubara_cutoff < self.family.omega_max:
            bad.append(
                f"`matsubara_cutoff` must not lie below `omega_max` of the family, got {self.matsubara_cutoff} meV"
            )
        if not 1e-12 <= self.max_error <= 1e-2:
            bad.append(f"`max_error` must lie in [1e-12, 1e-2], got {self.max_error}")
        if not 0 <= self.seed <= LARGEST_INTEGER:
            bad.append(f"`seed` must lie in [0, 2^63), got {self.seed}")
        if self.shard_size > LARGEST_SHARD:
            bad.append(
                f"`shard_size` must be at most {LARGEST_SHARD}, since a shard is built in memory, got {self.shard_size}"
            )
        elif self.shard_size > 0 and self.n_shards > MOST_SHARDS:
            bad.append(
                f"{self.num_samples} samples need more than {MOST_SHARDS} files of {self.shard_size} samples: "
                "raise `shard_size` (--shard-size)"
            )
        if bad:
            raise ValueError("; ".join(bad) + ".")

    @property
    def n_shards(self) -> int:
        """Number of shards (files)."""
        return count_shards(self.num_samples, self.shard_size)

    def samples_in(self, shard: int) -> int:
        """Return the number of samples drawn for a shard."""
        return samples_in_shard(shard, self.num_samples, self.shard_size)

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as a dictionary for JSON, in which the family is a dictionary with its name."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "family"}
        return {"family": family_as_dict(self.family)} | fields


def _out_of_bounds(config: GenerateConfig) -> list[str]:
    """Return one message for each energy or temperature out of range, and for too many Matsubara frequencies."""
    bad = [
        f"`{name}` must lie in [{SMALLEST_VALUE:g}, {LARGEST_VALUE:g}), got {getattr(config, name)}"
        for name in ("T", "omega_c", "matsubara_cutoff", "broadening")
        if not SMALLEST_VALUE <= getattr(config, name) < LARGEST_VALUE
    ]
    if has_too_many_frequencies(config.T, config.matsubara_cutoff):
        most = f"{MOST_FREQUENCIES} Matsubara frequencies lie below it at {config.T} K"
        bad.append(f"`matsubara_cutoff` must be so small that at most {most}, got {config.matsubara_cutoff}")
    return bad


def has_too_many_frequencies(T: float, matsubara_cutoff: float) -> bool:
    """Whether more Matsubara frequencies lie below a cutoff [meV] than a data set can store."""
    return matsubara_cutoff > MOST_FREQUENCIES * 2 * math.pi * BOLTZMANN * T


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class StatedFamily:
    """The family in the manifest of a data set: its name and grid; other parameters are not needed for reading."""

    name: ShortText
    omega_max: GridEnd
    n_points: Points

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Raise an error: a manifest has no code that could draw."""
        raise InputError(f"the family {self.name} of this data set cannot be sampled: files do not contain its code.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StatedConfig(GenerateConfig):
    """The configuration in a manifest, checked as `GenerateConfig` is; its family may be a user's own."""

    family: StatedFamily  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


def _unify_types(config: GenerateConfig) -> None:
    """Convert numbers to the types of their fields, so that 3 and 3.0 give the same configuration.

    Raises:
        ValueError: A number has the wrong type, or `family` is not a family; the message names all such fields.
    """
    kinds = {field.name: type(field.default) for field in dataclasses.fields(config) if field.name != "family"}
    bad = wrong_types({name: getattr(config, name) for name in kinds}, kinds)
    family = config.family
    frozen = dataclasses.is_dataclass(family) and type(family).__hash__ is not None
    if isinstance(family, type) or not isinstance(family, Family) or not frozen:
        bad.append(f"`family` must be a frozen dataclass with omega_max, n_points and sample_spectrum, got {family!r}")
    if bad:
        raise ValueError("; ".join(bad) + ".")
    for name, kind in kinds.items():
        object.__setattr__(config, name, kind(getattr(config, name)))


def config_of(stated: dict[str, Any]) -> GenerateConfig:
    """Return the configuration that `GenerateConfig.as_dict` converted to a dictionary.

    Raises:
        InputError: The dictionary is not one, or its family is not one of this package.
    """
    try:
        fields: dict[str, Any] = stated | {"family": make_family(**stated["family"])}
        return GenerateConfig(**fields)
    except (ValueError, TypeError, KeyError) as error:
        hint = "A data set of your own family is resumed in Python: generate(config, folder, resume=True)."
        raise InputError(f"the configuration of the data set cannot be used: {error}", hint=hint) from error


def differences(found: dict[str, Any], wanted: dict[str, Any], prefix: str = "") -> list[str]:
    """Return the entries in which two nested dictionaries differ, as `name: found, not wanted`."""
    lines = []
    if (
        "name" in found and "name" in wanted and found["name"] != wanted["name"]
    ):  # families of different names have different parameters
        return [f"{prefix}name: {found['name']}, not {wanted['name']}"]
    for name in sorted({*found, *wanted}):
        mine, other = found.get(name), wanted.get(name)
        if isinstance(mine, dict) and isinstance(other, dict):
            lines += differences(mine, other, f"{prefix}{name}.")
        elif mine != other:
            lines.append(f"{prefix}{name}: {mine}, not {other}")
    return lines
