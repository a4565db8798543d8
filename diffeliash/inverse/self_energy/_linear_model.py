r"""The self-energy as a linear function of a2F and of the other unknowns."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ...physics import Spectrum, self_energy_kernel
from ._observable import NormalSelfEnergy

ROUNDING = 1e-12
"""Relative error of the values, which is that of rounding."""

OFFSET = 100.0
r"""Unknowns must not be negative: $a$, $b$ and $c$ are unknowns minus this number times their natural size."""

Matrix = Float[np.ndarray, "value unknown"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LinearModel:
    r"""The values $F(u) = Au - A_0o$ of an observable, linear in the unknowns $u \ge 0$.

    The unknowns are the free parameters plus their offsets $o$, then a2F at all points of the grid but the last.

    Args:
        observable: The measured parts and the free parameters.
        energies: Energies of the measurement, shape (n,) [meV].
        omega: Uniform grid of a2F, one step above zero to its end, shape (n_points,) [meV].
        matrix: $A$; its first columns $A_0$ are those of the free parameters.
        offsets: $o$, one number for each free parameter, in its unit.
    """

    observable: NormalSelfEnergy
    energies: Float[np.ndarray, " freq"]
    omega: Float[np.ndarray, " boson"]
    matrix: Matrix
    offsets: Float[np.ndarray, " free"]

    @property
    def n_free(self) -> int:
        """Number of unknowns before a2F."""
        return len(self.offsets)

    @property
    def rtol(self) -> float:
        """Relative error of the values."""
        return ROUNDING

    @property
    def baseline(self) -> Float[np.ndarray, " value"]:
        """The values where all unknowns are zero [meV]."""
        return -self.matrix[:, : self.n_free] @ self.offsets

    def values_at(self, unknowns: Float[np.ndarray, " unknown"]) -> tuple[Float[np.ndarray, " value"], bool]:
        """The values [meV], and whether they are finite."""
        values = self.matrix @ unknowns + self.baseline
        return values, bool(np.all(np.isfinite(values)))

    def jacobian_at(self, unknowns: Float[np.ndarray, " unknown"]) -> Matrix:
        """The derivatives of the values, the same everywhere."""
        return self.matrix

    def only(self, name: str) -> "LinearModel":
        """The model of one part."""
        observable, names = self.observable.only(name), self.observable.names
        first = names.index(name) * len(self.energies)
        free = [self.observable.free.index(each) for each in observable.free]
        columns = [*free, *range(self.n_free, self.matrix.shape[1])]
        rows = self.matrix[first : first + len(self.energies)]
        return dataclasses.replace(self, observable=observable, matrix=rows[:, columns], offsets=self.offsets[free])


def linear_model(
    observable: NormalSelfEnergy,
    energies: Float[np.ndarray, " freq"],
    omega: Float[np.ndarray, " boson"],
    *,
    T: float,
    size: float,
) -> LinearModel:
    """Make the matrix of the linear model.

    Args:
        observable: The measured parts and the free parameters.
        energies: Energies of the measurement [meV].
        omega: Uniform grid of a2F [meV].
        T: Temperature [K].
        size: Largest measured value [meV], the natural size of the free parameters.
    """
    kernel = np.asarray(_kernel(jnp.asarray(energies), jnp.asarray(omega), jnp.asarray(T, dtype=float)))
    kernel = (kernel * np.asarray(Spectrum(omega, np.zeros(omega.size)).weights)[None, :])[:, :-1]
    zero, largest = np.zeros(energies.size), float(np.max(np.abs(energies)))
    columns = {  # of the real part and of the imaginary part, and the natural size
        "constant": (zero + 1, zero, size),
        "slope": (energies, zero, size / largest),
        "impurity": (zero, zero - 1, size),
        "electrons": (zero, -(energies**2), 0.0),
    }
    at = [("real", "imaginary").index(name) for name in observable.names]
    free = [columns[name] for name in observable.free]
    first = [np.concatenate([column[i] for i in at])[:, None] for column in free]
    parts = [(np.real(kernel), np.imag(kernel))[i] for i in at]
    return LinearModel(
        observable=observable,
        energies=energies,
        omega=omega,
        matrix=np.concatenate([*first, np.concatenate(parts)], axis=1),
        offsets=OFFSET * np.array([size for *_, size in free]),
    )


_kernel = jax.jit(self_energy_kernel)
