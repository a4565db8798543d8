r"""The forward model of the inversion: the observable of a spectral function, through the solver, and its Jacobian.

The Jacobian follows from the implicit function theorem. The solution is linearized once, and the linearized equations
are solved for the changes of a2F at all points together: a few iterations on the line for all columns.
"""

import abc
import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._errors import InputError
from ..._limits import LARGEST_ENERGY
from ...physics import CompressedMatsubara, LinePlan, Spectrum, checked_cutoffs, continue_on_line, plan_line, solve_gap
from ._observables import AbstractObservable
from ._parameters import FittedParameters, Parameters, Unknowns, fitted_parameters

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

FEWEST_SMEARED_POINTS, POINTS_PER_WIDTH = 96, 3.0
"""The same for a smeared observable, whose width is that of the broadening and of the smearing together."""

MATSUBARA_RTOL = 1e-7
"""Relative tolerance of the compressed set of Matsubara frequencies."""

LEAST_REACH = 2.5
"""Shortest line, in units of the end of a2F."""

MOST_MODELS = 3
"""Largest number of compiled models that are kept. The machine code of one takes about 5000 memory maps of the process,
of which Linux allows 65 530; where more are needed, the compiler ends the process."""

N_NUMBERS = 3
r"""Number of variables before a2F: $\mu^*$, broadening [meV] and offset of the energies of the line [meV]."""

Constants = tuple[float, float, float]
"""End of a2F, Coulomb cutoff and cutoff of the Matsubara sums [meV]."""


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


def choose_n_points(conditions: Conditions, observable: AbstractObservable) -> int:
    """The default number of points of a2F: as many as the broadening and the smearing of the observable resolve."""
    c = conditions
    smearing = observable.smearing(c.T)
    fewest, per_width = (
        (FEWEST_SMEARED_POINTS, POINTS_PER_WIDTH) if smearing else (FEWEST_POINTS, POINTS_PER_BROADENING)
    )
    needed = math.ceil(per_width * c.omega_max / (c.broadening + smearing) * (1 - 1e-9))
    return min(max(needed, fewest), MOST_POINTS)


class Jacobian(NamedTuple):
    r"""Derivatives of the measured values.

    Args:
        unknowns: With respect to the unknowns, in their units.
        fixed: With respect to the parameters and conditions that are not fitted, by name.
    """

    unknowns: Float[np.ndarray, "value unknown"]
    fixed: dict[str, Float[np.ndarray, " value"]]


class AbstractForwardModel(abc.ABC):
    """Measured values as a function of non-negative unknowns: the fitted parameters, then a2F at its points."""

    @property
    @abc.abstractmethod
    def n_free(self) -> int:
        """Number of unknowns before a2F."""

    @property
    @abc.abstractmethod
    def rtol(self) -> float:
        """Error of the values, relative to the largest one."""

    @abc.abstractmethod
    def values_at(self, unknowns: Unknowns) -> tuple[Float[np.ndarray, " value"], bool]:
        """The measured values, and whether they are finite and those of a superconductor."""

    @abc.abstractmethod
    def jacobian_at(self, unknowns: Unknowns) -> Jacobian:
        """The derivatives of the measured values with respect to the unknowns, and to what is not fitted."""


@dataclasses.dataclass(frozen=True, eq=False)
class ForwardModel(AbstractForwardModel):
    r"""The measured values as a function of the fitted parameters and of a2F on a uniform grid.

    The grid begins one step above zero, and a2F is zero at its last point.

    Args:
        program: The compiled functions.
        conditions: Temperature, cutoffs, and the energy at which a2F ends; the broadening is that of the parameters.
        fitted: The parameters that are fitted, and the values of the others.
    """

    program: "CompiledModel"
    conditions: Conditions
    fitted: FittedParameters

    @property
    def omega(self) -> Float[np.ndarray, " boson"]:
        """The grid, its last point included [meV]."""
        return self.conditions.grid(self.program.n_points)

    @property
    def energies(self) -> Float[np.ndarray, " freq"]:
        """Energies of the measurement [meV]."""
        return self.program.instrument.omega

    @property
    def observable(self) -> AbstractObservable:
        """The measured quantity."""
        return self.program.observable

    @property
    def rtol(self) -> float:
        return self.program.rtol

    @property
    def n_free(self) -> int:
        return self.fitted.n_free

    def values_at(self, unknowns: Unknowns) -> tuple[Float[np.ndarray, " value"], bool]:
        parameters, a2f = self.fitted.split(unknowns)
        values, usable = self.program.values_on_line(self._variables(parameters, a2f), self._constants)
        if not usable:
            return np.full(self.program.n_values, np.nan), False
        values = self._normalization(parameters) * self.program.instrument.measured(values, parameters.offset)
        return values, True

    def gap_at(self, unknowns: Unknowns) -> float:
        r"""The gap $\Delta(i\omega_0)$ at the lowest Matsubara frequency [meV]."""
        parameters, a2f = self.fitted.split(unknowns)
        return self.program.gap(self._variables(parameters, a2f), self._constants)

    def jacobian_at(self, unknowns: Unknowns) -> Jacobian:
        parameters, a2f = self.fitted.split(unknowns)
        variables, instrument = self._variables(parameters, a2f), self.program.instrument
        on_line, _ = self.program.values_on_line(variables, self._constants)
        columns = instrument.derivative(self.program.jacobian_on_line(variables, self._constants), parameters.offset)
        unscaled, factor = instrument.measured(on_line, parameters.offset), self._normalization(parameters)
        fixed = {"mu_star": columns[:, 0], "broadening": columns[:, 1]}
        fixed |= {"offset": columns[:, 2]} if instrument.moves_line else {}
        fixed |= instrument.by_conditions(on_line, parameters.offset)
        fixed = {name: factor * column for name, column in fixed.items()}
        if self.observable.normalized:
            bias = self.energies
            fixed |= {"scale": unscaled, "slope": bias * unscaled, "curvature": bias**2 * unscaled}
        else:
            del fixed["offset"]
        free = [fixed.pop(name) for name in self.fitted.names]
        return Jacobian(np.column_stack([*free, factor[:, None] * columns[:, N_NUMBERS:]]), fixed)

    def _normalization(self, parameters: Parameters) -> Float[np.ndarray, " value"]:
        if not self.observable.normalized:
            return np.ones(self.program.n_values)
        return parameters.scale + parameters.slope * self.energies + parameters.curvature * self.energies**2

    def _variables(self, parameters: Parameters, a2f: Float[np.ndarray, " boson"]) -> Float[np.ndarray, " variable"]:
        shift = parameters.offset if self.program.instrument.moves_line else 0.0
        return np.concatenate([[parameters.mu_star, parameters.broadening, shift], a2f])

    @property
    def _constants(self) -> tuple[float, float, float]:
        return self.conditions.omega_max, self.conditions.omega_c, self.conditions.matsubara_cutoff


class _Solved(NamedTuple):
    r"""The observable on the line, whether it is that of a superconductor, and $\Delta(i\omega_0)$ [meV]."""

    values: Float[Array, " line"]
    superconducting: Bool[Array, ""]
    gap: Float[Array, ""]


class CompiledModel:
    r"""The observable on the line as compiled functions of $(\mu^*, \Gamma, V_0, \alpha^2F)$.

    Args:
        conditions: The conditions, with the smallest broadening and the largest end of a2F.
        n_points: Number of points of the grid, the last one included.
        energies: Energies of the measurement [meV].
        observable: The measured quantity.
        rtol: Tolerance of the continuation, relative to the largest gap.
        end_known: Whether all a2F end at the same energy.

    Raises:
        InputError: The broadening is too small, or there are too many energies.
    """

    def __init__(
        self,
        conditions: Conditions,
        n_points: int,
        energies: Float[np.ndarray, " freq"],
        observable: AbstractObservable,
        *,
        rtol: float,
        end_known: bool = True,
    ):
        self.conditions, self.n_points, self.observable, self.end_known = conditions, n_points, observable, end_known
        self.rtol = float(np.clip(rtol, SMALLEST_RTOL, LARGEST_RTOL))
        self.instrument = observable.instrument(energies, conditions.T, conditions.broadening)
        self.n_values = observable.in_normal_state(energies.size).size
        frequencies = CompressedMatsubara(rtol=MATSUBARA_RTOL)
        self._frequencies = frequencies.resolve(conditions.T, conditions.matsubara_cutoff, conditions.omega_max)
        self._plan, self._jacobian_plan = self._planned(self.rtol), self._planned(_jacobian_rtol(self.rtol))

    def values_on_line(
        self, variables: Float[np.ndarray, " variable"], constants: Constants
    ) -> tuple[Float[np.ndarray, " line"], bool]:
        """The observable at the energies of the line, and whether it is finite and that of a superconductor."""
        values, superconducting, _ = self._compiled_values(variables, np.array(constants))
        values = np.asarray(values)
        return values, bool(superconducting) and bool(np.all(np.isfinite(values)))

    def gap(self, variables: Float[np.ndarray, " variable"], constants: Constants) -> float:
        r"""The gap $\Delta(i\omega_0)$ [meV]."""
        return float(self._compiled_values(variables, np.array(constants))[2])

    def jacobian_on_line(
        self, variables: Float[np.ndarray, " variable"], constants: Constants
    ) -> Float[np.ndarray, "line variable"]:
        """Its derivatives with respect to all variables."""
        return np.asarray(self._compiled_jacobian(variables, np.array(constants))).T

    def _planned(self, rtol: float) -> LinePlan:
        c = self.conditions
        grid = Spectrum(c.grid(self.n_points), np.zeros(self.n_points))
        reach = max(float(np.max(np.abs(self.instrument.line_energies))), LEAST_REACH * c.omega_max)
        broadening = c.broadening + self.instrument.raised
        return plan_line(grid, c.T, reach, broadening, rtol=rtol, end_known=self.end_known)

    def _solve(self, variables: Any, constants: Any, plan: LinePlan) -> "_Solved":
        c = self.conditions
        numbers = (c.omega_max, c.omega_c, c.matsubara_cutoff) if self.end_known else tuple(constants)
        omega = jnp.asarray(np.arange(1, self.n_points + 1) / self.n_points) * numbers[0]
        omega = c.grid(self.n_points) if self.end_known else omega
        spectrum = Spectrum(omega, jnp.append(variables[N_NUMBERS:], 0.0))
        mu_star, broadening, offset = variables[:N_NUMBERS]
        sol = solve_gap(
            spectrum, c.T, mu_star=mu_star, omega_c=numbers[1], matsubara_cutoff=numbers[2],
            frequencies=self._frequencies,
        )  # fmt: skip
        energies = jnp.asarray(self.instrument.line_energies) - offset
        real = continue_on_line(sol, spectrum, energies, broadening + self.instrument.raised, plan)
        return _Solved(self.observable(real), sol.superconducting, jnp.real(sol.Delta[0]))

    @functools.cached_property
    def _compiled_values(self) -> Callable[..., Any]:
        return jax.jit(functools.partial(self._solve, plan=self._plan))

    @functools.cached_property
    def _compiled_jacobian(self) -> Callable[..., Any]:
        def rows(variables: Float[Array, " variable"], constants: Float[Array, "3"]) -> Float[Array, "variable line"]:
            _, linear = jax.linearize(lambda v: self._solve(v, constants, self._jacobian_plan).values, variables)
            return jax.vmap(linear)(jnp.eye(variables.size))

        return jax.jit(rows)


def _jacobian_rtol(rtol: float) -> float:
    return min(JACOBIAN_RTOL, JACOBIAN_RTOL_FACTOR * rtol)


@functools.lru_cache(maxsize=MOST_MODELS)
def compiled_model(
    conditions: Conditions, n_points: int, energies: bytes, observable: AbstractObservable, rtol: float, end_known: bool
) -> CompiledModel:
    """The compiled model, cached so that its programs are used again for the same conditions."""
    return CompiledModel(conditions, n_points, np.frombuffer(energies), observable, rtol=rtol, end_known=end_known)


def forward_model(
    conditions: Conditions,
    n_points: int,
    energies: Float[np.ndarray, " freq"],
    observable: AbstractObservable,
    rtol: float,
    *,
    mu_star: float,
) -> ForwardModel:
    """The forward model of a2F alone, with all other parameters given."""
    energies = np.ascontiguousarray(energies, dtype=float)
    program = compiled_model(conditions, n_points, energies.tobytes(), observable, rtol, True)
    parameters = Parameters(mu_star=mu_star, broadening=conditions.broadening)
    last = float(np.max(np.abs(energies)))
    fitted = fitted_parameters((), parameters, least_broadening=conditions.broadening, last=last)
    return ForwardModel(program, conditions, fitted)
