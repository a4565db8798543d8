"""The inversion of one function, with the settings that all functions of a call share checked once."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from .._errors import InputError
from .._limits import (
    FEWEST_A2F_POINTS,
    FEWEST_SAMPLES,
    LARGEST_ENERGY,
    MOST_A2F_POINTS,
    MOST_ENERGIES,
    MOST_SAMPLES,
    too_much_for_inversion,
    unphysical_magnitude,
)
from ..physics import Spectrum, require_x64
from ._inversion_result import Inversion
from ._starting_point import INITIAL_MU_STAR, choose_starting_point
from .nonlinear import (
    LARGEST_RTOL,
    RANGE_RATIO,
    SMALLEST_RTOL,
    AbstractObservable,
    ComplexGap,
    Conditions,
    DensityOfStates,
    GaussNewtonFit,
    Measurement,
    choose_conditions,
    choose_n_points,
    forward_model,
    gauss_newton,
    sample_posterior,
    sample_prior,
)

FEWEST_ENERGIES = 8
"""Smallest number of energies of the data."""

INITIAL_NOISE = 1e-3
"""Initial standard deviation of data with unknown noise, relative to the largest value; the evidence rescales it."""

NORMAL_STATE_DEVIATIONS = 3.0
r"""Data determine a2F if $\chi^2$ of the normal state exceeds its expectation by this many standard deviations."""

SOLVER_ERROR_RATIO = 0.1
"""Error of the solver relative to the noise of the data."""

UNKNOWN_NOISE_RTOL = (LARGEST_RTOL, SMALLEST_RTOL)
"""Solver tolerances for unknown noise: the second is used if the noise turns out too small for the first."""

Numbers = tuple[float, float, float | None, float | None, float | None]
"""The arguments `T`, `broadening`, `omega_max`, `omega_c` and `matsubara_cutoff` of `invert`."""

Noise = float | int | Float[np.ndarray, " freq"] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Inverter:
    """Inverts functions measured at the same energies under the same conditions; the fields are those of `invert`."""

    omega: Float[np.ndarray, " freq"]
    observable: AbstractObservable
    mu_star: float | None
    conditions: Conditions
    n_points: int
    n_samples: int
    end_known: bool

    def __call__(self, measured: np.ndarray, noise: Noise, starts: Sequence[Spectrum], seed: int) -> Inversion:
        rng = np.random.default_rng(seed)
        measurement = self._measurement(measured, noise)
        if not _differs_from_normal_state(measurement, self.observable.in_normal_state(self.omega.size)):
            return self._undetermined(rng, measurement, converged=True, known=measurement.known)
        fit = self._fit(measurement, measured, starts)
        scaled = measurement.scaled(math.sqrt(fit.problem.evidence.best.variance))
        if not _differs_from_normal_state(scaled, self.observable.in_normal_state(self.omega.size)):
            return self._undetermined(rng, scaled, converged=fit.converged, known=measurement.known)
        return self._determined(rng, scaled, fit, known=measurement.known)

    def invalid_row(self, seed: int) -> Inversion:
        """The result for invalid data: samples of the prior, not converged."""
        n = self.observable.in_normal_state(self.omega.size).size
        no_data = Measurement(values=np.full(n, np.nan), errors=np.full(n, np.nan), known=True, mu_star=self.mu_star)
        return self._undetermined(np.random.default_rng(seed), no_data, converged=False, known=True)

    def _measurement(self, measured: np.ndarray, noise: Noise) -> Measurement:
        values = self.observable.as_values(measured)
        known = noise is not None
        size = noise if known else INITIAL_NOISE * max(float(np.max(np.abs(values))), np.finfo(float).tiny)
        errors = np.tile(np.broadcast_to(np.asarray(size, float), self.omega.shape), values.size // self.omega.size)
        return Measurement(values=values, errors=errors, known=known, mu_star=self.mu_star)

    def _fit(self, measurement: Measurement, measured: np.ndarray, starts: Sequence[Spectrum]) -> GaussNewtonFit:
        """The Gauss-Newton fit, with a solver tolerance well below the noise."""
        largest, smallest = float(np.max(np.abs(measurement.values))), float(np.min(measurement.errors))
        # rounded to a power of ten, so that few programs are compiled
        known = 10.0 ** math.floor(math.log10(SOLVER_ERROR_RATIO * smallest / largest))
        fit = None
        for rtol in [known] if measurement.known else UNKNOWN_NOISE_RTOL:
            forward = forward_model(self.conditions, self.n_points, self.omega.tobytes(), self.observable, rtol)
            start = fit.unknowns if fit else choose_starting_point(forward, measurement, measured, starts)
            fit = gauss_newton(forward, measurement, start)
            found = math.sqrt(fit.problem.evidence.best.variance) * smallest
            if SOLVER_ERROR_RATIO * found >= rtol * largest:
                break
        assert fit is not None
        return fit

    def _determined(
        self, rng: np.random.Generator, measurement: Measurement, fit: GaussNewtonFit, *, known: bool
    ) -> Inversion:
        problem, best = fit.problem, fit.problem.evidence.best
        samples = sample_posterior(rng, problem, self.n_samples)
        mu_star, a2f = measurement.split(fit.unknowns)
        fitted = measurement.mu_star is None
        return self._inversion(
            measurement,
            a2f=a2f,
            samples=samples[:, 1:] if fitted else samples,
            mu_star=float(mu_star),
            mu_star_samples=samples[:, 0] if fitted else np.full(self.n_samples, mu_star),
            values=fit.values,
            noise_known=known,
            n_resolved=problem.n_resolved(best),
            determined=True,
            converged=fit.converged and fit.superconducting,
            n_jacobians=fit.n_jacobians,
        )

    def _undetermined(
        self, rng: np.random.Generator, measurement: Measurement, *, converged: bool, known: bool
    ) -> Inversion:
        samples = sample_prior(rng, self.n_points - 1, self.n_samples)
        fitted = self.mu_star is None
        mu_star = rng.uniform(size=self.n_samples) if fitted else np.full(self.n_samples, self.mu_star)
        return self._inversion(
            measurement,
            a2f=np.mean(samples, axis=0),
            samples=samples,
            mu_star=float(np.mean(mu_star)),
            mu_star_samples=mu_star,
            values=self.observable.in_normal_state(self.omega.size),
            noise_known=known,
            n_resolved=0,
            determined=False,
            converged=converged,
            n_jacobians=0,
        )

    def _inversion(self, measurement: Measurement, **found: Any) -> Inversion:
        r"""The result, with the last point of a2F (zero), the standard deviations and $\chi^2$ added."""
        a2f, samples = np.append(found.pop("a2f"), 0.0), np.pad(found.pop("samples"), ((0, 0), (0, 1)))
        return Inversion(
            omega=self.conditions.grid(self.n_points),
            a2f=a2f,
            a2f_std=np.std(samples, axis=0),
            samples=samples,
            mu_star_std=float(np.std(found["mu_star_samples"])) if self.mu_star is None else 0.0,
            noise=measurement.noise,
            chi2=measurement.misfit(found["values"]) / measurement.values.size,
            conditions=self.conditions,
            end_known=self.end_known,
            last_energy=float(self.omega[-1]),
            **found,
        )


def make_inverter(
    omega: np.ndarray,
    observable: AbstractObservable,
    mu_star: float | None,
    numbers: Numbers,
    sizes: tuple[int | None, int],
    *,
    bad: list[str],
) -> Inverter:
    """Check the arguments that all functions share, and put the defaults in.

    Args:
        omega: Energies of the data [meV].
        observable: The measured quantity.
        mu_star: Coulomb pseudopotential, `None` if it is to be fitted.
        numbers: `T`, `broadening`, `omega_max`, `omega_c` and `matsubara_cutoff`.
        sizes: `n_points` and `n_samples`.
        bad: Errors found in the other arguments, reported in the same message.

    Raises:
        InputError: An argument is out of its range.
    """
    require_x64()
    omega = np.asarray(omega, dtype=float)
    complaints = [*bad, *_check_energies(omega), *_check_sizes(*sizes, omega.size)]
    conditions = None
    try:
        conditions = _conditions(omega, numbers, INITIAL_MU_STAR if mu_star is None else mu_star)
    except InputError as error:
        complaints.append(str(error).rstrip("."))
    if complaints or conditions is None:
        raise InputError("; ".join(complaints) + ".")
    n_points, n_samples = sizes
    n_points = choose_n_points(conditions) if n_points is None else n_points
    if too_much := too_much_for_inversion(n_points, n_samples=n_samples, n_energies=omega.size):
        raise InputError("; ".join(too_much) + ".")
    return Inverter(omega, observable, mu_star, conditions, n_points, n_samples, numbers[2] is not None)


def _conditions(omega: np.ndarray, numbers: Numbers, mu_star: float) -> Conditions:
    """The conditions of the measurement, with the defaults put in."""
    T, broadening, omega_max, omega_c, matsubara_cutoff = numbers
    if omega_max is None:
        omega_max = float(omega[-1]) / RANGE_RATIO if omega.size else math.nan
    return choose_conditions(
        T=T, broadening=broadening, omega_max=omega_max, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff,
        mu_star=mu_star,
    )  # fmt: skip


def _check_energies(omega: np.ndarray) -> list[str]:
    if omega.ndim != 1 or omega.size < FEWEST_ENERGIES or not np.all(np.isfinite(omega)) or np.any(np.diff(omega) <= 0):
        return [f"`omega` must be a list of at least {FEWEST_ENERGIES} finite, ascending energies [meV]"]
    bad = [f"`omega` must not be negative, but begins at {omega[0]:g} meV"] if omega[0] < 0 else []
    if omega[-1] > LARGEST_ENERGY:
        bad.append(f"`omega` must not go beyond {LARGEST_ENERGY:g} meV, got {omega[-1]:g} meV")
    return bad


def _check_sizes(n_points: int | None, n_samples: int, n_energies: int) -> list[str]:
    bad = []
    if n_points is not None and not FEWEST_A2F_POINTS <= n_points <= MOST_A2F_POINTS:
        bad.append(f"`n_points` must lie in [{FEWEST_A2F_POINTS}, {MOST_A2F_POINTS}], got {n_points}")
    if not FEWEST_SAMPLES <= n_samples <= MOST_SAMPLES:
        bad.append(f"`n_samples` must lie in [{FEWEST_SAMPLES}, {MOST_SAMPLES}], got {n_samples}")
    if n_energies > MOST_ENERGIES:
        bad.append(f"`omega` must be at most {MOST_ENERGIES} energies, got {n_energies}")
    return bad


def check_measured(measured: np.ndarray, shape: tuple[int, ...], observable: AbstractObservable) -> list[str]:
    """The errors in the data of one function, as parts of a message; empty if there are none."""
    if not isinstance(observable, AbstractObservable):
        return [f"`observable` must be ComplexGap(), RealGap(), GapModulus() or DensityOfStates(), got {observable!r}"]
    bad, is_complex = [], isinstance(observable, ComplexGap)
    if measured.shape != shape:
        bad.append(
            f"`measured` must have one number for each energy, got shapes {measured.shape} (`measured`) and {shape} "
            "(`omega`)"
        )
    if np.iscomplexobj(measured) != is_complex:
        bad.append(f"`measured` must be {'complex' if is_complex else 'real'} for {type(observable).__name__}()")
    elif not np.all(np.isfinite(measured)):
        bad.append("`measured` must be finite")
    elif too_much := unphysical_magnitude(measured, is_dos=isinstance(observable, DensityOfStates)):
        bad.append(f"`measured` {too_much}")
    return bad


def check_noise(noise: Noise, shape: tuple[int, ...]) -> list[str]:
    """The errors in the noise of one function, as parts of a message; empty if there are none."""
    if noise is None:
        return []
    size = np.asarray(noise)
    if size.dtype.kind not in "fiu":
        return [f"`noise` must be a number, one for each energy, or `None`, got {noise!r}"]
    if size.shape not in ((), shape):
        return [f"`noise` must be one number, or one for each energy, got shape {size.shape}"]
    good = bool(np.all((size > 0) & np.isfinite(size)))
    return [] if good else ["`noise` must be positive and finite, or `None` if it is not known"]


def _differs_from_normal_state(measurement: Measurement, normal: Float[np.ndarray, " value"]) -> bool:
    r"""Whether $\chi^2$ excludes the normal state; with unknown noise, whether any value differs from it."""
    if not measurement.known:
        return bool(np.any(measurement.values != normal))
    n = normal.size
    return measurement.misfit(normal) > n + NORMAL_STATE_DEVIATIONS * math.sqrt(2 * n)
