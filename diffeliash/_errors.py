"""Exceptions that users can act on: what failed, where, why, and what to do next."""

import math
from collections.abc import Sequence
from typing import Any


class DiffeliashError(Exception):
    """Base class of the errors that a user can correct.

    Args:
        what: What failed.
        where: File, `file:line`, field or option that is at fault; may be empty.
        why: The reason; may be empty.
        hint: What the user can do next; may be empty.
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
        """Return the four parts as a dictionary, for JSON output."""
        return {"what": self.what, "where": self.where, "why": self.why, "hint": self.hint}


class InputError(DiffeliashError, ValueError):
    """An argument is out of its range, or an input file is missing, unreadable or not usable."""


class ConvergenceError(DiffeliashError):
    """A computation ended without a converged result."""


class StorageError(DiffeliashError):
    """A file or folder for results cannot be written."""


class IntegrityError(DiffeliashError):
    """A file that this package wrote is damaged, or has been changed or exchanged since."""


class DeviceError(DiffeliashError):
    """A requested computing device or process is not available, or no longer."""


def not_positive(config: Any, names: Sequence[str]) -> list[str]:
    """Return one message for each of the named fields of a configuration that is not positive and finite."""
    return [
        f"`{name}` must be positive and finite, got {getattr(config, name)}"
        for name in names
        if not 0 < getattr(config, name) < math.inf
    ]
