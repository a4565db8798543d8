"""The configuration of the reproduction: sizes of data sets, networks and trainings."""

import dataclasses
import pathlib

from .._errors import InputError, not_positive
from .._headers import header, parse_header
from .._inputs import read_input
from .._limits import LARGEST_BASE_SEED, LARGEST_CONFIG, too_large
from ..models import HiddenSizes

MEASURED_UP_TO = 32
"""Largest latent dimension for which a new predictor is trained; wider autoencoders only reconstruct."""

LARGEST_SIZE = 10**6
"""Upper limit of the numbers of spectra, epochs, seeds and samples in a batch."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """The configuration of the reproduction; the defaults are those of the paper where it states them.

    Args:
        n_simple: Number of spectra of the simple family.
        n_complex: Number of spectra of the complex family.
        epochs: Number of epochs of every network.
        more_epochs: Number of epochs of the networks that are also trained longer.
        basis_epochs: Number of epochs of the networks with few basis functions.
        latent_sizes: Latent dimensions of the autoencoders of spectrum and gap function.
        separate_sizes: Latent dimensions for which both are also reconstructed separately.
        dos_sizes: Latent dimensions of the autoencoders of spectrum and density of states.
        neurons: Numbers of neurons in the layer next to the output of the networks with few basis functions.
        n_seeds: Number of trainings with different seeds, for results with an error over seeds.
        n_jacobians: Number of spectra for which the Jacobian of the gap function is computed.
        batch_size: Samples in a batch.
        seed: Seed of all random numbers.
    """

    n_simple: int = 1800
    n_complex: int = 10_000
    epochs: int = 100
    more_epochs: int = 300
    basis_epochs: int = 250
    latent_sizes: HiddenSizes = (1, 2, 4, 8, 16, 24, 32, 64)
    separate_sizes: HiddenSizes = (2, 8)
    dos_sizes: HiddenSizes = (1, 2, 4, 8)
    neurons: HiddenSizes = (4, 6, 8)
    n_seeds: int = 3
    n_jacobians: int = 6
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self):
        names = [field.name for field in dataclasses.fields(self) if field.type is int and field.name != "seed"]
        bad = not_positive(self, names)
        bad += [
            f"`{name}` must be positive and ascending, got {sizes}"
            for name in ("latent_sizes", "separate_sizes", "dos_sizes", "neurons")
            if not (sizes := getattr(self, name)) or list(sizes) != sorted(set(sizes)) or sizes[0] < 1
        ]
        if not set(self.separate_sizes) <= {size for size in self.latent_sizes if size <= MEASURED_UP_TO}:
            bad.append(
                f"`separate_sizes` must be among `latent_sizes` up to {MEASURED_UP_TO}, got {self.separate_sizes}"
            )
        bad += too_large(self, dict.fromkeys(names, LARGEST_SIZE))
        if not 0 <= self.seed <= LARGEST_BASE_SEED:
            bad.append(f"`seed` must lie in [0, {LARGEST_BASE_SEED:g}], got {self.seed}")
        if bad:
            raise ValueError("; ".join(bad) + ".")


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _StatedConfig(PaperConfig):
    """The configuration as a file states it."""


def read_paper_config(path: pathlib.Path) -> PaperConfig:
    """Read the configuration of a run from its file.

    Raises:
        InputError: The file cannot be read, or has an invalid value.
    """
    text = read_input(path, largest=LARGEST_CONFIG)
    found = parse_header(_StatedConfig, text, str(path), what="not a configuration", kind=InputError)
    return PaperConfig(**dataclasses.asdict(found))


QUICK = PaperConfig(
    n_simple=200,
    n_complex=400,
    epochs=8,
    more_epochs=16,
    basis_epochs=12,
    latent_sizes=(1, 2),
    separate_sizes=(2,),
    dos_sizes=(1,),
    neurons=(4,),
    n_seeds=1,
    n_jacobians=1,
    batch_size=16,
)
"""The sizes of a fast run through all stages, in minutes, which does not reproduce the results of the paper."""
