r"""From a spectral function to what is measured, through the solver, with the matrix of derivatives.

The Jacobian is that of the implicit function theorem. The solution is linearized once; what is left is linear in the
change of a2F, and the changes at all points go through it together: a few iterations on the line for all columns.
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

JACOBIAN_RTOL, COARSER = 1e-3, 1e3
"""Tolerance of the continuation that derivatives are taken of (good to 5e-5 in fact), and how much larger than that of
the values it may be at most."""

TIGHTEST, LOOSEST = 1e-9, 1e-4
"""Range of the tolerance of the continuation."""

RANGE = 3.5
"""Where a2F ends, if nobody says: the last energy over this, as in the features of a network."""

POINTS_PER_BROADENING = 2.0
"""Points of a2F within a broadening, below which little can be seen."""

FEWEST_POINTS, MOST_POINTS = 64, 256

MATSUBARA_RTOL = 1e-7
"""Of the frequency set."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conditions:
    r"""Under which something was measured, all known.

    Args:
        T: Temperature [K].
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: $\Gamma$ [meV].
        omega_max: Where a2F ends [meV].
    """

    T: float
    omega_c: float
    matsubara_cutoff: float
    broadening: float
    omega_max: float

    def grid(self, n_points: int) -> Float[np.ndarray, " boson"]:
        """Even energies of a2F, the first one step from zero and the last where it ends [meV]."""
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
    """Conditions with the defaults of the cutoffs put in.

    Raises:
        InputError: A value out of its range.
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
    """Points of a2F: as many as the broadening lets tell apart."""
    needed = math.ceil(POINTS_PER_BROADENING * conditions.omega_max / conditions.broadening * (1 - 1e-9))
    return min(max(needed, FEWEST_POINTS), MOST_POINTS)


class Forward:
    r"""The measured numbers of a spectral function on an even grid.

    The grid begins one step from zero, and at its last point a2F is zero. The variables are $\mu^*$ and a2F at the
    other points.

    Args:
        conditions: Temperature, cutoffs, broadening, and where a2F ends.
        n_points: Points of the grid, the last one included.
        energies: At which something is measured [meV].
        observable: What is.
        rtol: Of the continuation, relative to the largest gap.
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
        self.rtol = float(np.clip(rtol, TIGHTEST, LOOSEST))

    @property
    def omega(self) -> Float[np.ndarray, " boson"]:
        """The grid, its last point included [meV]."""
        return self.conditions.grid(self.n_points)

    def values_at(self, mu_star: float, a2f: Float[np.ndarray, " boson"]) -> tuple[Float[np.ndarray, " value"], bool]:
        """The numbers, and whether they are finite and those of a superconductor."""
        values, superconducting = self._compiled_values(np.append(mu_star, a2f))
        values = np.asarray(values)
        return values, bool(superconducting) and bool(np.all(np.isfinite(values)))

    def jacobian_at(self, mu_star: float, a2f: Float[np.ndarray, " boson"]) -> Float[np.ndarray, "value variable"]:
        """Derivatives of the numbers with respect to all variables."""
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
            rtol = min(JACOBIAN_RTOL, COARSER * self.rtol)
            _, linear = jax.linearize(lambda v: self._solve(v, rtol=rtol)[0], variables)
            return jax.vmap(linear)(jnp.eye(variables.size))

        return jax.jit(rows)


@functools.lru_cache(maxsize=8)
def forward_model(
    conditions: Conditions, n_points: int, energies: bytes, observable: AbstractObservable, rtol: float
) -> Forward:
    """The same program for the same conditions."""
    return Forward(conditions, n_points, np.frombuffer(energies), observable, rtol=rtol)
