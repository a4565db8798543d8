r"""From a measured function to a2F with error bars: what users call."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from .._errors import InputError
from ..physics import Spectrum, checked_cutoffs, require_x64, run_calls
from ._forward import Conditions, Forward
from ._inversion import Inversion
from ._observables import AbstractObservable, ComplexGap
from ._posterior import draw, draw_without_data
from ._refine import Measurement, Refined, refine
from ._start import GUESSED_MU_STAR, choose_start

RANGE = 3.5
"""Where a2F ends, if nobody says: the last energy over this, as in the features of a network."""

POINTS_PER_BROADENING = 2.0
"""Points of a2F within a broadening, below which little can be seen."""

FEWEST_POINTS, MOST_POINTS = 64, 256

FEWEST_ENERGIES = 8

GUESSED_NOISE = 1e-3
"""Errors that are not known are given in units of this part of the largest value."""

DETERMINED = 3.0
r"""Data that miss those of a normal metal by less than so many standard deviations of $\chi^2$ say nothing."""

MODEL_ERROR = 0.1
"""The solver is so much more exact than the data."""

EXACT = 1e-8
"""Errors that are not known may be as small as this, relative to the largest value."""

Numbers = tuple[float, float, float | None, float | None, float | None]
r"""`T`, `broadening`, `omega_max`, `omega_c` and `matsubara_cutoff`."""

Noise = float | int | Float[np.ndarray, " freq"] | None


def invert(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    broadening: float,
    noise: Noise = None,
    observable: AbstractObservable = ComplexGap(),
    mu_star: float | None = 0.1,
    omega_max: float | None = None,
    omega_c: float | None = None,
    matsubara_cutoff: float | None = None,
    n_points: int | None = None,
    starts: Sequence[Spectrum] = (),
    n_samples: int = 200,
    seed: int = 0,
) -> Inversion:
    r"""Spectral function and its uncertainty from a gap function, a part of it, or a density of states.

    The most probable a2F that is nowhere negative, for normal errors of the data and a preference for smooth functions
    whose strength the data choose, by steps through the solver. What else is possible is drawn from the distribution
    around it.

    Args:
        omega: Energies at which it was measured, ascending, the first not negative [meV].
        measured: What was measured, on the line $\omega + i\Gamma$: $\Delta$ [meV], or as `observable` says.
        T: Temperature [K].
        broadening: $\Gamma$ [meV].
        noise: Standard deviation of every measured number (of Re and of Im), one for all or one for each energy, in
            the unit of `measured`. `None`: the same for all, found from the data.
        observable: What was measured: `ComplexGap()`, `RealGap()`, `GapModulus()` or `DensityOfStates()`.
        mu_star: Coulomb pseudopotential at `omega_c`; `None`: found from the data.
        omega_max: Where a2F ends [meV]; the last energy over 3.5 if `None`.
        omega_c: Coulomb cutoff [meV]; 10 times `omega_max` if `None`.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV]; 22 times `omega_max` if `None`.
        n_points: Points of a2F, evenly spaced up to `omega_max`; if `None` two for each broadening, at least 64 and at
            most 256.
        starts: Spectral functions to begin with, as that of a network, if they are better than what is tried anyway.
        n_samples: Spectral functions drawn from all that are possible.
        seed: Of the drawing.

    Raises:
        InputError: What is given is not as it must be; all complaints in one message.
        RuntimeError: JAX is not in 64-bit mode.
    """
    measured = np.asarray(measured)
    inverter = _prepare(
        omega, observable, mu_star, (T, broadening, omega_max, omega_c, matsubara_cutoff), (n_points, n_samples),
        bad=_check_row(measured, noise, np.shape(omega), observable),
    )  # fmt: skip
    return inverter(measured, noise, starts, seed)


def invert_many(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    broadening: float,
    noise: Noise | Sequence[Noise] = None,
    observable: AbstractObservable = ComplexGap(),
    mu_star: float | None = 0.1,
    omega_max: float | None = None,
    omega_c: float | None = None,
    matsubara_cutoff: float | None = None,
    n_points: int | None = None,
    starts: Sequence[Sequence[Spectrum]] | None = None,
    n_samples: int = 200,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> list[Inversion]:
    """Inversions of many functions that were measured at the same energies, on all cores: one program for all.

    Args:
        omega: Energies [meV].
        measured: What was measured, a row for each function.
        T: As in `invert`, like all that is not named here.
        broadening: The same.
        noise: One for all functions, or a list with one for each.
        observable: As in `invert`.
        mu_star: As in `invert`.
        omega_max: As in `invert`.
        omega_c: As in `invert`.
        matsubara_cutoff: As in `invert`.
        n_points: As in `invert`.
        starts: A sequence of starts for each function.
        n_samples: As in `invert`.
        seed: As in `invert`; each function has random numbers of its own.
        progress: Called with the number of inversions so far, after each.

    Raises:
        InputError: What is given for all is not as it must be. A bad row, which is not finite, harms no other: its
            inversion is one without data, with `converged` false.
    """
    measured = np.asarray(measured)
    bad = [] if measured.ndim == 2 else [f"`measured` must have one row for each function, got {measured.shape}"]
    noises: list[Any] = list(noise) if isinstance(noise, list | tuple) else [noise] * len(measured)
    given = [()] * len(measured) if starts is None else list(starts)
    if len(noises) != len(measured) or len(given) != len(measured):
        bad.append(f"`noise` and `starts` must have one entry for each of the {len(measured)} functions")
    inverter = _prepare(
        omega, observable, mu_star, (T, broadening, omega_max, omega_c, matsubara_cutoff), (n_points, n_samples),
        bad=bad,
    )  # fmt: skip

    def one(row: Any) -> Inversion:
        i = int(row)
        if _check_row(measured[i], noises[i], np.shape(omega), observable):
            return inverter.unusable(seed + i)
        return inverter(measured[i], noises[i], given[i], seed + i)

    results = []
    rows = (np.array(i) for i in range(len(measured)))
    with threadpool_limits(1):  # every core has an inversion of its own
        first = map(one, itertools.islice(rows, 1))  # alone: it compiles what the others use
        others = (found.item() for found in run_calls(one, ((row,) for row in rows)))
        for found in itertools.chain(first, others):
            results.append(found)
            if progress:
                progress(len(results))
    return results


@dataclasses.dataclass(frozen=True, eq=False)
class _Inverter:
    """What is the same for all functions."""

    omega: Float[np.ndarray, " freq"]
    observable: AbstractObservable
    mu_star: float | None
    conditions: Conditions
    n_points: int
    n_samples: int

    def __call__(self, measured: np.ndarray, noise: Noise, starts: Sequence[Spectrum], seed: int) -> Inversion:
        rng = np.random.default_rng(seed)
        measurement = self._measurement(measured, noise)
        if not _says_anything(measurement, self.observable.in_normal_state(self.omega.size)):
            return self._without_data(rng, measurement, converged=True)
        forward = self._forward(measurement)
        start = choose_start(forward, measurement, measured, starts)
        return self._with_errors(rng, measurement, refine(forward, measurement, start))

    def unusable(self, seed: int) -> Inversion:
        """The answer where there are no data."""
        n = self.observable.in_normal_state(self.omega.size).size
        nothing = Measurement(values=np.full(n, np.nan), errors=np.full(n, np.nan), known=True, mu_star=self.mu_star)
        return self._without_data(np.random.default_rng(seed), nothing, converged=False)

    def _measurement(self, measured: np.ndarray, noise: Noise) -> Measurement:
        values = self.observable.as_values(measured)
        known = noise is not None
        size = noise if known else GUESSED_NOISE * max(float(np.max(np.abs(values))), np.finfo(float).tiny)
        errors = np.tile(np.broadcast_to(np.asarray(size, float), self.omega.shape), values.size // self.omega.size)
        return Measurement(values=values, errors=errors, known=known, mu_star=self.mu_star)

    def _forward(self, measurement: Measurement) -> Forward:
        largest = float(np.max(np.abs(measurement.values)))
        smallest = float(np.min(measurement.errors)) if measurement.known else EXACT * largest
        # a few tolerances, so that few programs are compiled
        rtol = 10.0 ** math.floor(math.log10(MODEL_ERROR * smallest / largest))
        return _forward_model(self.conditions, self.n_points, self.omega.tobytes(), self.observable, rtol)

    def _with_errors(self, rng: np.random.Generator, measurement: Measurement, refined: Refined) -> Inversion:
        problem, best = refined.problem, refined.problem.evidence.best
        scale = float(np.sqrt(best.variance))
        samples = draw(rng, problem, self.n_samples)
        mu_star, a2f = measurement.split(refined.unknowns)
        fitted = measurement.mu_star is None
        miss = (measurement.values - refined.values) / (scale * measurement.errors)
        return self._inversion(
            a2f=a2f,
            samples=samples[:, 1:] if fitted else samples,
            mu_star=float(mu_star),
            mu_star_samples=samples[:, 0] if fitted else np.full(self.n_samples, mu_star),
            values=refined.values,
            noise=scale * float(np.sqrt(np.mean(measurement.errors**2))),
            chi2=float(np.mean(miss**2)),
            n_resolved=problem.n_resolved(best),
            determined=True,
            converged=refined.converged and refined.gapped,
            n_jacobians=refined.n_jacobians,
        )

    def _without_data(self, rng: np.random.Generator, measurement: Measurement, *, converged: bool) -> Inversion:
        samples = draw_without_data(rng, self.n_points - 1, self.n_samples)
        fitted = self.mu_star is None
        mu_star = rng.uniform(size=self.n_samples) if fitted else np.full(self.n_samples, self.mu_star)
        values = self.observable.in_normal_state(self.omega.size)
        miss = (measurement.values - values) / measurement.errors
        return self._inversion(
            a2f=np.mean(samples, axis=0),
            samples=samples,
            mu_star=float(np.mean(mu_star)),
            mu_star_samples=mu_star,
            values=values,
            noise=float(np.sqrt(np.mean(measurement.errors**2))),
            chi2=float(np.mean(miss**2)),
            n_resolved=0,
            determined=False,
            converged=converged,
            n_jacobians=0,
        )

    def _inversion(self, **found: Any) -> Inversion:
        """With the last point of a2F, which is zero, and the standard deviations."""
        a2f, samples = np.append(found.pop("a2f"), 0.0), np.pad(found.pop("samples"), ((0, 0), (0, 1)))
        return Inversion(
            omega=self.conditions.omega_max / self.n_points * np.arange(1, self.n_points + 1),
            a2f=a2f,
            a2f_std=np.std(samples, axis=0),
            samples=samples,
            mu_star_std=float(np.std(found["mu_star_samples"])),
            conditions=self.conditions,
            **found,
        )


def _prepare(
    omega: np.ndarray,
    observable: AbstractObservable,
    mu_star: float | None,
    numbers: Numbers,
    sizes: tuple[int | None, int],
    *,
    bad: list[str],
) -> _Inverter:
    """What is the same for all functions, once it has been looked at."""
    require_x64()
    omega = np.asarray(omega, dtype=float)
    complaints = [*bad, *_check_energies(omega), *_check_sizes(*sizes)]
    conditions = None
    try:
        conditions = _conditions(omega, numbers, GUESSED_MU_STAR if mu_star is None else mu_star)
    except InputError as error:
        complaints.append(str(error).rstrip("."))
    if complaints or conditions is None:
        raise InputError("; ".join(complaints) + ".")
    n_points, n_samples = sizes
    n_points = choose_n_points(conditions) if n_points is None else n_points
    return _Inverter(omega, observable, mu_star, conditions, n_points, n_samples)


def choose_n_points(conditions: Conditions) -> int:
    """Points of a2F: as many as the broadening lets tell apart."""
    needed = math.ceil(POINTS_PER_BROADENING * conditions.omega_max / conditions.broadening * (1 - 1e-9))
    return min(max(needed, FEWEST_POINTS), MOST_POINTS)


def _conditions(omega: np.ndarray, numbers: Numbers, mu_star: float) -> Conditions:
    """Temperature, cutoffs, broadening and the end of a2F, with the defaults put in."""
    T, broadening, omega_max, omega_c, matsubara_cutoff = numbers
    if omega_max is None:
        omega_max = float(omega[-1]) / RANGE if omega.size else math.nan
    for name, value in (("broadening", broadening), ("omega_max", omega_max)):
        if not 0 < value < math.inf:
            raise InputError(f"`{name}` must be positive and finite [meV], got {value:g}")
    cutoffs = checked_cutoffs(omega_max, omega_c, matsubara_cutoff, mu_star=mu_star, T=T)
    return Conditions(
        T=float(T),
        broadening=float(broadening),
        omega_max=float(omega_max),
        omega_c=float(cutoffs[0]),
        matsubara_cutoff=float(cutoffs[1]),
    )


def _check_energies(omega: np.ndarray) -> list[str]:
    if omega.ndim != 1 or omega.size < FEWEST_ENERGIES or not np.all(np.isfinite(omega)) or np.any(np.diff(omega) <= 0):
        return [f"`omega` must be at least {FEWEST_ENERGIES} finite, ascending energies [meV]"]
    return [f"`omega` must not be negative, but begins at {omega[0]:g} meV"] if omega[0] < 0 else []


def _check_sizes(n_points: int | None, n_samples: int) -> list[str]:
    bad = []
    if n_points is not None and n_points < FEWEST_ENERGIES:
        bad.append(f"`n_points` must be at least {FEWEST_ENERGIES}, got {n_points}")
    if n_samples < 2:
        bad.append(f"`n_samples` must be at least 2, got {n_samples}")
    return bad


def _check_row(measured: np.ndarray, noise: Noise, shape: tuple[int, ...], observable: AbstractObservable) -> list[str]:
    bad, is_complex = [], isinstance(observable, ComplexGap)
    if measured.shape != shape:
        bad.append(f"`measured` must be one number for each energy, got shapes {measured.shape} and {shape}")
    if np.iscomplexobj(measured) != is_complex:
        bad.append(f"`measured` must be {'complex' if is_complex else 'real'} for {type(observable).__name__}()")
    elif not np.all(np.isfinite(measured)):
        bad.append("`measured` must be finite")
    if noise is not None:
        size = np.asarray(noise)
        if size.shape not in ((), shape):
            bad.append(f"`noise` must be one number, or one for each energy, got shape {size.shape}")
        elif not np.all((size > 0) & np.isfinite(size)):
            bad.append("`noise` must be positive and finite; `None` if it is not known")
    return bad


def _says_anything(measurement: Measurement, normal: Float[np.ndarray, " value"]) -> bool:
    """Whether the data are not those of a normal metal."""
    miss = measurement.values - normal
    if not measurement.known:
        return bool(np.any(miss != 0))
    n = miss.size
    return bool(np.sum((miss / measurement.errors) ** 2) > n + DETERMINED * math.sqrt(2 * n))


@functools.lru_cache(maxsize=8)
def _forward_model(
    conditions: Conditions, n_points: int, energies: bytes, observable: AbstractObservable, rtol: float
) -> Forward:
    """The same program for the same conditions."""
    return Forward(conditions, n_points, np.frombuffer(energies), observable, rtol=rtol)
