"""What decides the content of a data set."""

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
"""Matsubara frequencies of a sample: what it takes in memory grows with them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    r"""What decides the content of a data set.

    Args:
        family: Where the spectral functions come from.
        num_samples: Samples drawn; those that are accepted are stored.
        seed: Of the random numbers.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: Distance $\Gamma$ of the line $\omega + i\Gamma$ from the real axis [meV].
        n_energies: Energies of the gap function, from 0 to 3.5 times the end of the spectral function.
        max_error: A sample is rejected if the estimated error of the continuation is larger, relative to the largest
            $|\Delta|$; in [1e-12, 1e-2].
        with_T_c: Whether to store the critical temperature of every sample.
        shard_size: Samples drawn per file.
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
            bad.append(f"`matsubara_cutoff` must not lie below the spectrum, got {self.matsubara_cutoff} meV")
        if not 1e-12 <= self.max_error <= 1e-2:
            bad.append(f"`max_error` must lie in [1e-12, 1e-2], got {self.max_error}")
        if not 0 <= self.seed <= LARGEST_INTEGER:
            bad.append(f"`seed` must lie in [0, 2^63), got {self.seed}")
        if self.shard_size > LARGEST_SHARD:
            bad.append(
                f"`shard_size` must be at most {LARGEST_SHARD}, which are built in memory, got {self.shard_size}"
            )
        elif self.shard_size > 0 and self.n_shards > MOST_SHARDS:
            bad.append(
                f"{self.num_samples} samples are more than {MOST_SHARDS} files of {self.shard_size}: "
                "raise `shard_size` (--shard-size)"
            )
        if bad:
            raise ValueError("; ".join(bad) + ".")

    @property
    def n_shards(self) -> int:
        """Number of files."""
        return count_shards(self.num_samples, self.shard_size)

    def samples_in(self, shard: int) -> int:
        """Samples drawn for a file."""
        return samples_in_shard(shard, self.num_samples, self.shard_size)

    def as_dict(self) -> dict[str, Any]:
        """The configuration as JSON can hold it, the family with its name."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "family"}
        return {"family": family_as_dict(self.family)} | fields


def _out_of_bounds(config: GenerateConfig) -> list[str]:
    """Which of its positive numbers no computation can be about."""
    bad = [
        f"`{name}` must lie in [{SMALLEST_VALUE:g}, {LARGEST_VALUE:g}), got {getattr(config, name)}"
        for name in ("T", "omega_c", "matsubara_cutoff", "broadening")
        if not SMALLEST_VALUE <= getattr(config, name) < LARGEST_VALUE
    ]
    if has_too_many_frequencies(config.T, config.matsubara_cutoff):
        most = f"{MOST_FREQUENCIES} frequencies at {config.T} K"
        bad.append(f"`matsubara_cutoff` must lie below {most}, got {config.matsubara_cutoff}")
    return bad


def has_too_many_frequencies(T: float, matsubara_cutoff: float) -> bool:
    """Whether no memory holds the gap functions of many samples at the Matsubara frequencies below a cutoff."""
    return matsubara_cutoff > MOST_FREQUENCIES * 2 * math.pi * BOLTZMANN * T


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class StatedFamily:
    """A family as a data set states it: its grid, and a name; its other parameters are not used for reading."""

    name: ShortText
    omega_max: GridEnd
    n_points: Points

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """What draws is code, which no file carries."""
        raise InputError(f"the family {self.name} cannot be drawn from by its name.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StatedConfig(GenerateConfig):
    """A configuration as a data set states it, with the ranges of `GenerateConfig`, whoever's family it is of."""

    family: StatedFamily  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


def _unify_types(config: GenerateConfig) -> None:
    """Make 3 and 3.0 the same; refuse what is no number of the right kind, or no family.

    Raises:
        ValueError: Naming all of it.
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
    """The configuration that `GenerateConfig.as_dict` gave.

    Raises:
        InputError: It is none, or its family is not one of ours: give the configuration itself then.
    """
    try:
        fields: dict[str, Any] = stated | {"family": make_family(**stated["family"])}
        return GenerateConfig(**fields)
    except (ValueError, TypeError, KeyError) as error:
        hint = "In Python generate(config, folder, resume=True) goes on with a family of your own."
        raise InputError(f"the configuration of the data set cannot be used: {error}", hint=hint) from error


def differences(found: dict[str, Any], wanted: dict[str, Any], prefix: str = "") -> list[str]:
    """Every entry in which two nested dictionaries differ, as `name: found, not wanted`."""
    lines = []
    if "name" in found and "name" in wanted and found["name"] != wanted["name"]:  # other families, other parameters
        return [f"{prefix}name: {found['name']}, not {wanted['name']}"]
    for name in sorted({*found, *wanted}):
        mine, other = found.get(name), wanted.get(name)
        if isinstance(mine, dict) and isinstance(other, dict):
            lines += differences(mine, other, f"{prefix}{name}.")
        elif mine != other:
            lines.append(f"{prefix}{name}: {mine}, not {other}")
    return lines
