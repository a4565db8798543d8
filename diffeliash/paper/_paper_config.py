"""How large the reproduction is."""

import dataclasses
import pathlib

from .._errors import InputError, not_positive
from .._headers import header, parse_header
from .._inputs import read_input
from .._limits import LARGEST_BASE_SEED, LARGEST_CONFIG, too_large
from ..models import HiddenSizes

MEASURED_UP_TO = 32
"""Bottlenecks behind which a new predictor is trained; the wider ones show reconstructions only."""

LARGEST_SIZE = 10**6
"""Spectra, epochs, rows: of which the work grows."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """Sizes of everything; the defaults are the paper's where it states them.

    Args:
        n_simple: Simple spectra.
        n_complex: Complex spectra.
        epochs: Passes over the training rows, for every network.
        more_epochs: Passes for the networks that are trained longer.
        basis_epochs: Passes for the networks of few basis functions.
        latent_sizes: Bottlenecks of the autoencoders of spectrum and gap function.
        separate_sizes: Bottlenecks at which both are also transformed separately.
        dos_sizes: Bottlenecks of the autoencoders of spectrum and density of states.
        neurons: Neurons next to the output, of the networks of few basis functions.
        n_seeds: Trainings with different initial weights and splits, where errors over seeds are given.
        n_jacobians: Spectra whose derivative of the gap function is computed.
        batch_size: Rows per update.
        seed: Of all random numbers.
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
    """As a file states it."""


def read_paper_config(path: pathlib.Path) -> PaperConfig:
    """The sizes of a run from its file.

    Raises:
        InputError: It cannot be read, or says what no size can be.
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
"""Everything once, in minutes: it shows the way, not the paper's results."""
