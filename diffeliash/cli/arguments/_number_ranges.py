"""Allowed ranges of numerical options, checked before the library checks its arguments."""

import dataclasses
import math
from collections.abc import Sequence

from ... import _limits as limits
from ..._errors import InputError


@dataclasses.dataclass(frozen=True)
class Range:
    """A range of finite numbers.

    Args:
        low: Lower bound.
        high: Upper bound.
        open: Whether the lower bound is excluded.
        unit: Unit, named in messages.
        open_high: Whether the upper bound is excluded.
    """

    low: float | int
    high: float | int = math.inf
    open: bool = False
    unit: str = ""
    open_high: bool = False

    def __contains__(self, value: float | int) -> bool:
        at_open_end = (self.open and value == self.low) or (self.open_high and value == self.high)
        return math.isfinite(value) and self.low <= value <= self.high and not at_open_end

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.high < math.inf:
            left, right = "(" if self.open else "[", ")" if self.open_high else "]"
            return f"lie in {left}{_shown(self.low)}, {_shown(self.high)}{right}{unit}"
        at_least = f"be at least {_shown(self.low)}{unit}" if self.low else "not be negative"
        return f"be positive and finite{unit and f' [{self.unit}]'}" if self.open else f"{at_least} and finite"


def _shown(value: float | int) -> str:
    return f"{value}" if isinstance(value, int) else f"{value:g}"


def _positive(unit: str = "", high: float | int = math.inf) -> Range:
    return Range(0.0, high, open=True, unit=unit)


_COMMON_RANGES = {
    "temperature": _positive("K"),
    "broadening": _positive("meV"),
    "omega_c": _positive("meV"),
    "matsubara_cutoff": _positive("meV"),
    "mu_star": Range(0.0, 1.0),
    "seed": Range(0, limits.LARGEST_INTEGER),
    "column": Range(1, limits.LARGEST_INTEGER),
    "num_samples": Range(1, limits.MOST_SHARDS * limits.LARGEST_SHARD),
    "epochs": Range(1, limits.MOST_EPOCHS),
    "batch_size": Range(1, limits.LARGEST_BATCH),
}

_COMMAND_RANGES = {
    "solve": {"converge_cutoff": Range(0.0, 0.1, open=True), "pade_points": Range(2, limits.LARGEST_INTEGER)},
    "generate": {
        "max_error": Range(1e-12, 1e-2),
        "shard_size": Range(1, limits.LARGEST_SHARD),
        "shard_index": Range(0, limits.MOST_SHARDS),
        "num_shards": Range(1, limits.MOST_SHARDS),
    },
    "train": {
        "learning_rate": _positive(),
        "max_labels": Range(0, limits.MOST_LABELS),
        "noise": Range(0.0, limits.LARGEST_NOISE),
        "largest_noise": Range(0.0, 1.0),
        "equation_weight": Range(0.0),
        "solver_weight": Range(0.0),
        "solver_epochs": Range(1, limits.MOST_EPOCHS),
        "posterior_epochs": Range(0, limits.MOST_EPOCHS),
        "gradient_clip": Range(0.0),
        "averaging": Range(0.0, 1.0, open_high=True),
    },
    "predict": {"noise": Range(0.0, limits.LARGEST_ENERGY, unit="meV")},
    "reproduce": {"seed": Range(0, limits.LARGEST_BASE_SEED)},
    "reduce": {
        "good_enough": _positive(high=limits.LARGEST_PCC_LOSS),
        "tolerance": Range(0.0, limits.TOTAL_VARIANCE, open=True, open_high=True),
        "latent_sizes": Range(1, limits.MOST_NEURONS),
    },
    "invert": {
        "noise": _positive(),
        "omega_max": _positive("meV", limits.LARGEST_ENERGY),
        "modulation": Range(0.0, limits.LARGEST_ENERGY, unit="meV"),
        "modulation_peak": Range(0.0, limits.LARGEST_ENERGY, unit="meV"),
        "points": Range(limits.FEWEST_A2F_POINTS, limits.MOST_A2F_POINTS),
        "samples": Range(limits.FEWEST_SAMPLES, limits.MOST_SAMPLES),
    },
}


def ranges_of(command: str) -> dict[str, Range]:
    """Return the allowed ranges of the options of a command, by option name with `_` for `-`."""
    return _COMMON_RANGES | _COMMAND_RANGES.get(command, {})


def check_ranges(command: str, **values: float | int | Sequence[float | int] | None) -> None:
    """Check that the numerical options of a command lie in their ranges.

    Args:
        command: Name of the command.
        values: Values of the options, by option name with `_` for `-`: a number, a list of numbers, or `None` for an
            option that is not given.

    Raises:
        InputError: Numbers are out of their ranges; the message names all such options.
    """
    bad = []
    for name, value in values.items():
        wanted, option = ranges_of(command)[name], "--" + name.replace("_", "-")
        numbers = [] if value is None else value if isinstance(value, Sequence) else [value]
        bad += [f"{option} must {wanted}, got {_shown(number)}" for number in numbers if number not in wanted][:1]
    if bad:
        raise InputError("; ".join(bad) + ".")


def check_sizes(points: int | None, samples: int) -> None:
    """Check that the matrices of an inversion are not too large.

    Raises:
        InputError: They are, for this number of grid points and posterior samples.
    """
    if not all(n is None or n in ranges_of("invert")[name] for name, n in (("points", points), ("samples", samples))):
        return  # `check_ranges` reports it
    if bad := limits.too_much_for_inversion(points or 0, n_samples=samples):
        raise InputError(f"{'; '.join(bad)} (--points, --samples).")
