r"""The parameters of a measurement that may be fitted together with a2F, and their order in the vector of unknowns.

A measured conductance or density of states is modeled as $(s + tV + cV^2)\,F(V - V_0)$, with the scale $s$, slope $t$
and curvature $c$ of the normalization (the normal-state conductance of a barrier is a parabola: W. F. Brinkman, R. C.
Dynes, J. M. Rowell, J. Appl. Phys. 41, 1915 (1970), doi:10.1063/1.1659141), the offset $V_0$ of the bias, and the
observable $F$, which depends on $\mu^*$, on the broadening and on a2F. All unknowns of the fit are non-negative, as a2F
is; parameters that may have either sign are therefore counted from the lowest value that they can have.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Unknowns = Float[np.ndarray, " unknown"]
"""The parameters that are fitted, each minus its lowest value, then a2F at the points of the grid but the last."""


class Parameters(NamedTuple):
    r"""Parameters of the material and of the measurement, besides a2F and the temperature.

    Args:
        mu_star: Coulomb pseudopotential.
        broadening: $\Gamma$ [meV].
        scale: Scale $s$ of the normalization, dimensionless.
        slope: Slope $t$ of the normalization [1/meV].
        curvature: Curvature $c$ of the normalization [1/meV^2].
        offset: Offset $V_0$ of the bias [meV].
    """

    mu_star: float
    broadening: float
    scale: float = 1.0
    slope: float = 0.0
    curvature: float = 0.0
    offset: float = 0.0


@dataclasses.dataclass(frozen=True)
class FittedParameters:
    """Which parameters are fitted, and the values of the others.

    Args:
        names: Names of those that are fitted, in their order in the vector of unknowns.
        given: All parameters; those that are not fitted keep these values.
        lowest: The lowest value of each parameter.
    """

    names: tuple[str, ...]
    given: Parameters
    lowest: Parameters

    @property
    def n_free(self) -> int:
        """Number of unknowns before a2F."""
        return len(self.names)

    def join(self, parameters: Parameters, a2f: Float[np.ndarray, " boson"]) -> Unknowns:
        """The vector of unknowns."""
        free = [getattr(parameters, name) - getattr(self.lowest, name) for name in self.names]
        return np.concatenate([np.maximum(free, 0.0), a2f])

    def split(self, unknowns: Unknowns) -> tuple[Parameters, Float[np.ndarray, " boson"]]:
        """The parameters, and a2F at the points of the grid but the last."""
        free = {name: float(unknowns[i]) + getattr(self.lowest, name) for i, name in enumerate(self.names)}
        return self.given._replace(**free), unknowns[self.n_free :]

    def samples(self, name: str, unknowns: Float[np.ndarray, "sample unknown"]) -> Float[np.ndarray, " sample"]:
        """The values of one parameter in samples of the unknowns."""
        if name not in self.names:
            return np.full(len(unknowns), getattr(self.given, name))
        return unknowns[:, self.names.index(name)] + getattr(self.lowest, name)


def fitted_parameters(
    names: Sequence[str], given: Parameters, *, least_broadening: float, last: float
) -> FittedParameters:
    """Fix the order and the lowest values of the parameters that are fitted.

    Args:
        names: Names of the parameters to fit.
        given: Given or initial values of all parameters.
        least_broadening: Lowest value of the broadening [meV].
        last: Largest measured energy [meV].
    """
    lowest = Parameters(
        mu_star=0.0, broadening=least_broadening, scale=0.0, slope=-1 / last, curvature=-1 / last**2, offset=-last
    )
    return FittedParameters(tuple(name for name in Parameters._fields if name in names), given, lowest)
