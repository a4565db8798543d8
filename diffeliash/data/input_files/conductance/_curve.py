"""A tunneling curve: bias energies, conductance and errors."""

import dataclasses

import numpy as np
from jaxtyping import Float

OUTER_PART = 2 / 3
"""The outer part of a curve, far from zero bias, begins at this fraction of the largest bias."""


@dataclasses.dataclass(frozen=True)
class Curve:
    """A tunneling curve.

    Args:
        omega: Bias energies of both signs [meV].
        conductance: Differential conductance, normalized or not.
        errors: Standard deviation of each value, or `None`.
        systematic: Errors that all values share: each row is the change of the curve under one standard deviation of
            one of them; `None` if there are none.
    """

    omega: Float[np.ndarray, " point"]
    conductance: Float[np.ndarray, " point"]
    errors: Float[np.ndarray, " point"] | None
    systematic: Float[np.ndarray, "error point"] | None = None

    @property
    def outer_part(self) -> "Curve":
        """The points far from zero bias."""
        size = np.abs(self.omega)
        return self.at(np.flatnonzero(size >= OUTER_PART * np.max(size)))

    @property
    def far_from_zero(self) -> float:
        """The median conductance far from zero bias."""
        return float(np.median(self.outer_part.conductance))

    @property
    def noise(self) -> float:
        """The median error; if there are no errors, the scatter of neighboring points."""
        return scatter(self.conductance) if self.errors is None else float(np.median(self.errors))

    def at(self, places: np.ndarray) -> "Curve":
        """Return some of the points, in the given order."""
        errors = None if self.errors is None else self.errors[places]
        return Curve(self.omega[places], self.conductance[places], errors)

    def divided_by(self, divisor: Float[np.ndarray, " point"]) -> "Curve":
        """Return the curve and its errors divided by a positive function of the bias."""
        errors = None if self.errors is None else self.errors / divisor
        return Curve(self.omega, self.conductance / divisor, errors)


def scatter(values: Float[np.ndarray, " point"]) -> float:
    """Return the standard deviation of the noise of a curve, from the second differences of neighboring points."""
    second = np.diff(values, 2)
    return float(np.median(np.abs(second)) / (0.6745 * 6**0.5)) if second.size else 0.0
