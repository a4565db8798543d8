r"""The forward model of the inversion: the observable of a spectral function, through the solver, and its Jacobian.

The Jacobian follows from the implicit function theorem. The solution is linearized once, and the linearized equations
are solved for the changes of a2F at all points together: a few iterations on the line for all columns.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._errors import InputError
from ..._limits import LARGEST_ENERGY
from ...physics import MSC, CompressedMatsubara, Spectrum, checked_cutoffs, continue_gap, solve_gap
from ._observables import AbstractObservable

JACOBIAN_RTOL, JACOBIAN_RTOL_FACTOR = 1e-3, 1e3
"""Relative tolerance of the continuation of which the Jacobian is taken (its actual error is about 5e-5), and the
largest ratio of that tolerance to the one of the values."""

SMALLEST_RTOL, LARGEST_RTOL = 1e-9, 1e-4
"""Smallest and largest relative tolerance of the continuation."""

RANGE_RATIO = 3.5
"""Default ratio of the last energy of the data to the energy at which a2F ends, as in the features of a network."""

POINTS_PER_BROADENING = 2.0
"""Default number of points of a2F for each broadening; finer structure is hardly resolved."""

FEWEST_POINTS, MOST_POINTS = 64, 256
"""Range of the default number of points of a2F."""

MATSUBARA_RTOL = 1e-7
"""Relative tolerance of the compressed set of Matsubara frequencies."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conditions:
    r"""The conditions of a measurement: temperature, cutoffs, broadening, and the energy at which a2F ends.

    Args:
        T: Temperature [K].
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: Distance $\Gamma$ of the line from the real axis [meV].
        omega_max: Energy at which a2F ends [meV].
    """

    T: float
    omega_c: float
    matsubara_cutoff: float
    broadening: float
    omega_max: float

    def grid(self, n_points: int) -> Float[np.ndarray, " boson"]:
        """The uniform energies of a2F, from one step above zero to `omega_max`, both included [meV]."""
        return self.omega_max / n_points * np.arange(1, n_points + 1)


def choose_conditions(
    *,
    T: float,
    broadening: float,
    omega_max: float,
    omega_c: float | None,
    matsubara_cutoff: float | None,
    mu_star: float,
) -> Conditions:
    """Check the conditions of a measurement and put in the default cutoffs.

    Raises:
        InputError: A value is out of its range.
    """
    for name, value in (("broadening", broadening), ("omega_max", omega_max)):
        if not 0 < value < math.inf:
            raise InputError(f"`{name}` must be positive and finite [meV], got {value:g}")
    if omega_max > LARGEST_ENERGY:
        raise InputError(f"`omega_max` must be at most {LARGEST_ENERGY:g} meV, got {omega_max:g}")
    cutoffs = checked_cutoffs(omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    return Conditions(
        T=float(T),
        broadening=float(broadening),
        omega_max=float(omega_max),
        omega_c=float(cutoffs[0]),
        matsubara_cutoff=float(cutoffs[1]),
    )


def choose_n_points(conditions: Conditions) -> int:
    """The default number of points of a2F, from the number of broadenings up to `omega_max`."""
    needed = math.ceil(POINTS_PER_BROADENING * conditions.omega_max / conditions.broadening * (1 - 1e-9))
    return min(max(needed, FEWEST_POINTS), MOST_POINTS)


class ForwardModel:
    r"""The observable as a function of $\mu^*$ and of a2F on a uniform grid.

    The grid begins one step above zero, and a2F is zero at its last point. The variables are $\mu^*$ and a2F at the
    other points.

    Args:
        conditions: Temperature, cutoffs, broadening, and the energy at which a2F ends.
        n_points: Number of points of the grid, the last one included.
        energies: Energies of the measurement [meV].
        observable: The measured quantity.
        rtol: Tolerance of the continuation, relative to the largest gap.
    """

    def __init__(
        self,
        conditions: Conditions,
        n_points: int,
        energies: Float[np.ndarray, " freq"],
        observable: AbstractObservable,
        *,
        rtol: float,
    ):
        self.conditions, self.n_points, self.observable = conditions, n_points, observable
        self.energies = np.asarray(energies, dtype=float)
        self.rtol = float(np.clip(rtol, SMALLEST_RTOL, LARGEST_RTOL))

    @property
    def omega(self) -> Float[np.ndarray, " boson"]:
        """The grid, its last point included [meV]."""
        return self.conditions.grid(self.n_points)

    def values_at(self, mu_star: float, a2f: Float[np.ndarray, " boson"]) -> tuple[Float[np.ndarray, " value"], bool]:
        """The values of the observable, and whether they are finite and those of a superconductor."""
        values, superconducting = self._compiled_values(np.append(mu_star, a2f))
        values = np.asarray(values)
        return values, bool(superconducting) and bool(np.all(np.isfinite(values)))

    def jacobian_at(self, mu_star: float, a2f: Float[np.ndarray, " boson"]) -> Float[np.ndarray, "value variable"]:
        r"""The derivatives of the values with respect to $\mu^*$ (first column) and a2F."""
        return np.asarray(self._compiled_jacobian(np.append(mu_star, a2f))).T

    def _solve(self, variables: Any, *, rtol: float) -> tuple[Float[Array, " value"], Bool[Array, ""]]:
        c = self.conditions
        spectrum = Spectrum(self.omega, jnp.append(variables[1:], 0.0))
        sol = solve_gap(
            spectrum, c.T, mu_star=variables[0], omega_c=c.omega_c, matsubara_cutoff=c.matsubara_cutoff,
            frequencies=CompressedMatsubara(rtol=MATSUBARA_RTOL),
        )  # fmt: skip
        real = continue_gap(sol, spectrum, self.energies, broadening=c.broadening, method=MSC(rtol=rtol))
        return self.observable(real), sol.superconducting

    @functools.cached_property
    def _compiled_values(self) -> Callable[..., Any]:
        return jax.jit(functools.partial(self._solve, rtol=self.rtol))

    @functools.cached_property
    def _compiled_jacobian(self) -> Callable[..., Any]:
        def rows(variables: Float[Array, " variable"]) -> Float[Array, "variable value"]:
            rtol = min(JACOBIAN_RTOL, JACOBIAN_RTOL_FACTOR * self.rtol)
            _, linear = jax.linearize(lambda v: self._solve(v, rtol=rtol)[0], variables)
            return jax.vmap(linear)(jnp.eye(variables.size))

        return jax.jit(rows)


@functools.lru_cache(maxsize=8)
def forward_model(
    conditions: Conditions, n_points: int, energies: bytes, observable: AbstractObservable, rtol: float
) -> ForwardModel:
    """The forward model, cached so that its compiled programs are used again for the same conditions."""
    return ForwardModel(conditions, n_points, np.frombuffer(energies), observable, rtol=rtol)
