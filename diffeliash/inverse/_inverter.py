r"""From numbers that were measured to an inversion: what is the same for all functions is prepared once."""

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
from ._starting_point import GUESSED_MU_STAR, choose_start
from .refinement import (
    LOOSEST,
    RANGE,
    TIGHTEST,
    AbstractObservable,
    ComplexGap,
    Conditions,
    DensityOfStates,
    Measurement,
    Refined,
    choose_conditions,
    choose_n_points,
    draw,
    draw_without_data,
    forward_model,
    refine,
)

FEWEST_ENERGIES = 8

GUESSED_NOISE = 1e-3
"""Errors that are not known are given in units of this part of the largest value."""

DETERMINED = 3.0
r"""Data that miss those of a normal metal by less than so many standard deviations of $\chi^2$ say nothing."""

MODEL_ERROR = 0.1
"""The solver is so much more exact than the data."""

UNKNOWN = (LOOSEST, TIGHTEST)
"""Tolerances of the solver where errors are not known: the second if they turn out too small for the first."""

Numbers = tuple[float, float, float | None, float | None, float | None]
r"""`T`, `broadening`, `omega_max`, `omega_c` and `matsubara_cutoff`."""

Noise = float | int | Float[np.ndarray, " freq"] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Inverter:
    """What is the same for all functions."""

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
        if not _says_anything(measurement, self.observable.in_normal_state(self.omega.size)):
            return self._without_data(rng, measurement, converged=True, known=measurement.known)
        refined = self._refined(measurement, measured, starts)
        scaled = measurement.scaled(math.sqrt(refined.problem.evidence.best.variance))
        if not _says_anything(scaled, self.observable.in_normal_state(self.omega.size)):
            return self._without_data(rng, scaled, converged=refined.converged, known=measurement.known)
        return self._with_errors(rng, scaled, refined, known=measurement.known)

    def unusable(self, seed: int) -> Inversion:
        """The answer where there are no data."""
        n = self.observable.in_normal_state(self.omega.size).size
        nothing = Measurement(values=np.full(n, np.nan), errors=np.full(n, np.nan), known=True, mu_star=self.mu_star)
        return self._without_data(np.random.default_rng(seed), nothing, converged=False, known=True)

    def _measurement(self, measured: np.ndarray, noise: Noise) -> Measurement:
        values = self.observable.as_values(measured)
        known = noise is not None
        size = noise if known else GUESSED_NOISE * max(float(np.max(np.abs(values))), np.finfo(float).tiny)
        errors = np.tile(np.broadcast_to(np.asarray(size, float), self.omega.shape), values.size // self.omega.size)
        return Measurement(values=values, errors=errors, known=known, mu_star=self.mu_star)

    def _refined(self, measurement: Measurement, measured: np.ndarray, starts: Sequence[Spectrum]) -> Refined:
        """The end of the steps, with a solver that is more exact than the data."""
        largest, smallest = float(np.max(np.abs(measurement.values))), float(np.min(measurement.errors))
        # powers of ten, so that few programs are compiled
        known = 10.0 ** math.floor(math.log10(MODEL_ERROR * smallest / largest))
        refined = None
        for rtol in [known] if measurement.known else UNKNOWN:
            forward = forward_model(self.conditions, self.n_points, self.omega.tobytes(), self.observable, rtol)
            start = refined.unknowns if refined else choose_start(forward, measurement, measured, starts)
            refined = refine(forward, measurement, start)
            found = math.sqrt(refined.problem.evidence.best.variance) * smallest
            if MODEL_ERROR * found >= rtol * largest:
                break
        assert refined is not None
        return refined

    def _with_errors(
        self, rng: np.random.Generator, measurement: Measurement, refined: Refined, *, known: bool
    ) -> Inversion:
        problem, best = refined.problem, refined.problem.evidence.best
        samples = draw(rng, problem, self.n_samples)
        mu_star, a2f = measurement.split(refined.unknowns)
        fitted = measurement.mu_star is None
        return self._inversion(
            measurement,
            a2f=a2f,
            samples=samples[:, 1:] if fitted else samples,
            mu_star=float(mu_star),
            mu_star_samples=samples[:, 0] if fitted else np.full(self.n_samples, mu_star),
            values=refined.values,
            noise_known=known,
            n_resolved=problem.n_resolved(best),
            determined=True,
            converged=refined.converged and refined.gapped,
            n_jacobians=refined.n_jacobians,
        )

    def _without_data(
        self, rng: np.random.Generator, measurement: Measurement, *, converged: bool, known: bool
    ) -> Inversion:
        samples = draw_without_data(rng, self.n_points - 1, self.n_samples)
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
        """With the last point of a2F, which is zero, the standard deviations, and how well the values fit."""
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


def prepare(
    omega: np.ndarray,
    observable: AbstractObservable,
    mu_star: float | None,
    numbers: Numbers,
    sizes: tuple[int | None, int],
    *,
    bad: list[str],
) -> Inverter:
    """What is the same for all functions, once it has been looked at."""
    require_x64()
    omega = np.asarray(omega, dtype=float)
    complaints = [*bad, *_check_energies(omega), *_check_sizes(*sizes, omega.size)]
    conditions = None
    try:
        conditions = _conditions(omega, numbers, GUESSED_MU_STAR if mu_star is None else mu_star)
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
    """Temperature, cutoffs, broadening and the end of a2F, with the defaults put in."""
    T, broadening, omega_max, omega_c, matsubara_cutoff = numbers
    if omega_max is None:
        omega_max = float(omega[-1]) / RANGE if omega.size else math.nan
    return choose_conditions(
        T=T, broadening=broadening, omega_max=omega_max, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff,
        mu_star=mu_star,
    )  # fmt: skip


def _check_energies(omega: np.ndarray) -> list[str]:
    if omega.ndim != 1 or omega.size < FEWEST_ENERGIES or not np.all(np.isfinite(omega)) or np.any(np.diff(omega) <= 0):
        return [f"`omega` must be at least {FEWEST_ENERGIES} finite, ascending energies [meV]"]
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


def check_row(measured: np.ndarray, shape: tuple[int, ...], observable: AbstractObservable) -> list[str]:
    """Complaints about one function that was measured."""
    if not isinstance(observable, AbstractObservable):
        return [f"`observable` must be ComplexGap(), RealGap(), GapModulus() or DensityOfStates(), got {observable!r}"]
    bad, is_complex = [], isinstance(observable, ComplexGap)
    if measured.shape != shape:
        bad.append(f"`measured` must be one number for each energy, got shapes {measured.shape} and {shape}")
    if np.iscomplexobj(measured) != is_complex:
        bad.append(f"`measured` must be {'complex' if is_complex else 'real'} for {type(observable).__name__}()")
    elif not np.all(np.isfinite(measured)):
        bad.append("`measured` must be finite")
    elif too_much := unphysical_magnitude(measured, is_dos=isinstance(observable, DensityOfStates)):
        bad.append(f"`measured` {too_much}")
    return bad


def check_noise(noise: Noise, shape: tuple[int, ...]) -> list[str]:
    """Complaints about the errors of one function."""
    if noise is None:
        return []
    size = np.asarray(noise)
    if size.dtype.kind not in "fiu":
        return [f"`noise` must be a number, one for each energy, or `None`, got {noise!r}"]
    if size.shape not in ((), shape):
        return [f"`noise` must be one number, or one for each energy, got shape {size.shape}"]
    good = bool(np.all((size > 0) & np.isfinite(size)))
    return [] if good else ["`noise` must be positive and finite; `None` if it is not known"]


def _says_anything(measurement: Measurement, normal: Float[np.ndarray, " value"]) -> bool:
    """Whether the data are not those of a normal metal, as far as their errors are known."""
    if not measurement.known:
        return bool(np.any(measurement.values != normal))
    n = normal.size
    return measurement.misfit(normal) > n + DETERMINED * math.sqrt(2 * n)
