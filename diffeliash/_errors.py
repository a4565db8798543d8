"""What can go wrong outside the mathematics, told in one message: what, where, why, what next."""

import math
from collections.abc import Sequence
from typing import Any


class DiffeliashError(Exception):
    """A failure that a user can act on.

    Args:
        what: What could not be done.
        where: The file, `file:line` or field it happened at.
        why: The reason.
        hint: What to do next.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", hint: str = ""):
        self.what, self.where, self.why, self.hint = what, where, why, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text}: {self.why}" if self.why else text
        end = "" if text.endswith((".", "?")) else "."
        return f"{text}{end} {self.hint}" if self.hint else text

    def as_dict(self) -> dict[str, str]:
        """The four parts, for machine-readable output."""
        return {"what": self.what, "where": self.where, "why": self.why, "hint": self.hint}


class InputError(DiffeliashError, ValueError):
    """A value out of its range, or a missing or unreadable input file."""


class ConvergenceError(DiffeliashError):
    """A computation came to an end, but not to an answer."""


class StorageError(DiffeliashError):
    """Results cannot be written where they should go."""


class IntegrityError(DiffeliashError):
    """A file that we wrote is not what we wrote any more."""


class DeviceError(DiffeliashError):
    """The requested device is not there, or no longer."""


def not_positive(config: Any, names: Sequence[str]) -> list[str]:
    """What is wrong with fields of a configuration that must be positive and finite, if anything is."""
    return [
        f"`{name}` must be positive and finite, got {getattr(config, name)}"
        for name in names
        if not 0 < getattr(config, name) < math.inf
    ]
