"""The inversion of one function: noise, first guesses, the fit, the end of a2F, and the tests of the model."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..physics import Spectrum, default_broadening, rescale_mu_star
from ..units import BOLTZMANN
from ._end_of_a2f import evidence_of_ends
from ._first_guess import guess_broadening
from ._inversion_result import Inversion
from ._measured_data import Noise, SystematicErrors, as_measurement, scatter_of
from ._model_tests import ModelTests, Residuals, conditions_that_matter, run_model_tests
from ._settings import Settings
from ._starting_point import choose_starting_point
from .nonlinear import (
    LARGEST_RTOL,
    SMALLEST_RTOL,
    Conditions,
    ForwardModel,
    GaussNewtonFit,
    Measurement,
    Parameters,
    compiled_model,
    fitted_parameters,
    gauss_newton,
    sample_posterior,
    sample_prior,
)

NORMAL_STATE_DEVIATIONS = 3.0
r"""Data determine a2F if $\chi^2$ of the normal state exceeds its expectation by this many standard deviations."""

SOLVER_ERROR_RATIO = 0.1
"""Error of the solver relative to the noise of the data."""

LEAST_MISFIT = 1e-4
"""Where the noise is not known, misfits below this fraction of the largest value are not held against the model."""

LEAST_BROADENING_RATIO = 0.6
r"""The line is chosen for a broadening of this fraction of the first guess, rounded down to a power of $\sqrt2$ [meV],
so that few programs are compiled."""

SMALLEST_BROADENING = 0.02
"""Broadenings below this many k_B T are not distinguished from zero."""

MOST_ROUNDS = 4
"""Largest number of fits with other ends of a2F, or with lines of smaller broadening."""

NORMALIZATION = ("scale", "slope", "curvature", "offset")
"""Parameters of the normalization and of the bias."""

END_TOLERANCE = 0.1
"""The end of a2F is found if the next one differs by less than this, relatively."""


class _Fitted(NamedTuple):
    """A fit, and the forward model that was fitted."""

    forward: ForwardModel
    fit: GaussNewtonFit


@dataclasses.dataclass(frozen=True, eq=False)
class Inverter:
    """Inverts functions measured at the same energies under the same conditions.

    Args:
        settings: The settings.
        line_broadening: Where the broadening is fitted, the smallest one for which the line is chosen at first [meV];
            if `None`, it is chosen for each function.
    """

    settings: Settings
    line_broadening: float | None = None

    def for_many(self, rows: Sequence[np.ndarray]) -> "Inverter":
        """An inverter for many functions, with one line for all of them where the broadening is fitted."""
        s = self.settings
        if s.broadening is not None or not rows:
            return self
        guesses = [guess_broadening(s.observable, s.omega, s.observable.as_values(row), s.T) for row in rows]
        return dataclasses.replace(
            self, line_broadening=_rounded_down(LEAST_BROADENING_RATIO * float(np.median(guesses)))
        )

    def __call__(
        self,
        measured: np.ndarray,
        noise: Noise,
        starts: Sequence[Spectrum],
        seed: int,
        stage: Callable[[str], object] | None = None,
        *,
        systematic: SystematicErrors = None,
    ) -> Inversion:
        s, rng, say = self.settings, np.random.default_rng(seed), stage or _silent
        measurement = as_measurement(s.omega, measured, noise, s.observable, systematic)
        if not self._differs_from_normal_state(measurement):
            return self._undetermined(rng, measurement, converged=True)
        found = self._fit(measurement, measured, starts, say)
        say("samples")
        scaled = measurement.scaled(math.sqrt(found.fit.problem.evidence.best.variance))
        if not self._differs_from_normal_state(scaled):
            return self._undetermined(rng, scaled, converged=found.fit.converged, known=measurement.known)
        return self._determined(rng, scaled, found, known=measurement.known)

    def invalid_row(self, seed: int) -> Inversion:
        """The result for invalid data: samples of the prior, not converged."""
        n = self.settings.observable.in_normal_state(self.settings.omega.size).size
        no_data = Measurement(values=np.full(n, np.nan), errors=np.full(n, np.nan), known=True)
        return self._undetermined(np.random.default_rng(seed), no_data, converged=False)

    def _differs_from_normal_state(self, measurement: Measurement) -> bool:
        r"""Whether $\chi^2$ excludes the normal state, with a fitted normalization if it is fitted."""
        s = self.settings
        normal = s.observable.in_normal_state(s.omega.size)
        if s.observable.normalized:
            powers = np.stack([np.ones(s.omega.size), s.omega, s.omega**2], axis=1)
            weighted = measurement.whiten(powers), measurement.whiten(measurement.values)
            normal = s.scale * normal if s.scale is not None else powers @ np.linalg.lstsq(*weighted)[0]
        return measurement.misfit(normal) > normal.size + NORMAL_STATE_DEVIATIONS * math.sqrt(2 * normal.size)

    def _fit(
        self,
        measurement: Measurement,
        measured: np.ndarray,
        starts: Sequence[Spectrum],
        say: Callable[[str], object],
    ) -> _Fitted:
        """The Gauss-Newton fit, with a solver tolerance well below the noise."""
        largest, smallest = float(np.max(np.abs(measurement.values))), float(np.min(measurement.errors))
        # rounded to a power of ten, so that few programs are compiled
        rtol = 10.0 ** math.floor(math.log10(SOLVER_ERROR_RATIO * smallest / largest))
        forward = self._first_forward_model(measurement, rtol)
        say("first guess (compiling, once)")
        start = choose_starting_point(forward, measurement, measured, starts)
        say("steps (compiling, once)")
        start = self._without_normalization(forward, measurement, start)
        found = _Fitted(forward, gauss_newton(forward, measurement, start))
        for _ in range(MOST_ROUNDS):
            variance = found.fit.problem.evidence.best.variance
            too_exact = SOLVER_ERROR_RATIO * math.sqrt(variance) * smallest < found.forward.rtol * largest
            forward, start = self._next(found, too_exact=too_exact and found.forward.rtol > SMALLEST_RTOL)
            if forward is found.forward:
                break
            say("more steps")
            found = _Fitted(forward, gauss_newton(forward, measurement, start))
        return found

    def _without_normalization(
        self, forward: ForwardModel, measurement: Measurement, start: Float[np.ndarray, " unknown"]
    ) -> Float[np.ndarray, " unknown"]:
        """A better starting point where the normalization is fitted: that of a fit with the given one.

        Far from the solution the normalization would follow the misfit of a2F.
        """
        fitted = forward.fitted
        names = tuple(name for name in fitted.names if name not in NORMALIZATION)
        if names == fitted.names:
            return start
        fewer = dataclasses.replace(fitted, names=names)
        fixed = dataclasses.replace(forward, fitted=fewer)
        found = gauss_newton(fixed, measurement, fewer.join(*fitted.split(start)))
        return fitted.join(*fewer.split(found.unknowns))

    def _first_forward_model(self, measurement: Measurement, rtol: float) -> ForwardModel:
        s = self.settings
        guess = s.broadening or guess_broadening(s.observable, s.omega, measurement.values, s.T)
        rounded = self.line_broadening or _rounded_down(LEAST_BROADENING_RATIO * guess)
        least = s.broadening or s.observable.least_broadening(rounded)
        guess = max(guess, least)
        return self._forward_model(
            s.parameters(guess), s.longest_end, least, float(np.clip(rtol, SMALLEST_RTOL, LARGEST_RTOL))
        )

    def _forward_model(self, parameters: Parameters, end: float, least_broadening: float, rtol: float) -> ForwardModel:
        s = self.settings
        longest = s.conditions(end=s.longest_end, broadening=least_broadening)
        assert s.n_points is not None
        program = compiled_model(longest, s.n_points, s.omega.tobytes(), s.observable, rtol, s.omega_max is not None)
        fitted = fitted_parameters(s.fitted, parameters, least_broadening=least_broadening, last=s.last_energy)
        return ForwardModel(program, s.conditions(end=end, broadening=least_broadening), fitted)

    def _next(self, found: _Fitted, *, too_exact: bool) -> tuple[ForwardModel, Float[np.ndarray, " unknown"]]:
        """The forward model and the starting point of another fit, or the same model if none is needed."""
        s, forward = self.settings, found.forward
        parameters, a2f = forward.fitted.split(found.fit.unknowns)
        c, least, rtol = forward.conditions, forward.fitted.lowest.broadening, forward.rtol
        end = c.omega_max
        at_lowest = "broadening" in forward.fitted.names and parameters.broadening <= least
        if at_lowest and least > SMALLEST_BROADENING * BOLTZMANN * s.T:
            least /= 4
        if s.omega_max is None and found.fit.superconducting:
            fractions, logarithms = evidence_of_ends(found.fit.problem)
            fraction = float(fractions[np.argmax(logarithms)])
            end = fraction * end if fraction < 1 - END_TOLERANCE else end
        if too_exact:
            rtol = SMALLEST_RTOL
        if (end, least, rtol) == (c.omega_max, forward.fitted.lowest.broadening, forward.rtol):
            return forward, found.fit.unknowns
        new = self._forward_model(parameters, end, least, rtol)
        if "mu_star" in forward.fitted.names:
            mu_star = float(
                rescale_mu_star(parameters.mu_star, old_cutoff=c.omega_c, new_cutoff=new.conditions.omega_c)
            )
            parameters = parameters._replace(mu_star=mu_star)
        a2f = np.interp(new.omega[:-1], np.append(0.0, forward.omega), np.concatenate([[0.0], a2f, [0.0]]))
        return new, new.fitted.join(parameters, a2f)

    def _determined(
        self, rng: np.random.Generator, measurement: Measurement, found: _Fitted, *, known: bool
    ) -> Inversion:
        s, fit, forward = self.settings, found.fit, found.forward
        problem, best = fit.problem, fit.problem.evidence.best
        tests = self._model_tests(measurement, found, known=known)
        unseen = _unseen_below(s, found)
        if unseen:
            problem = dataclasses.replace(problem, unseen=min(1.0, unseen / forward.conditions.omega_max))
        doubts = {name: std * rng.standard_normal(s.n_samples) for name, std in tests.doubtful.items()}
        changes = _changes_by_doubts(measurement, fit, doubts)
        samples = sample_posterior(rng, problem, s.n_samples, changes)
        parameters, a2f = forward.fitted.split(fit.unknowns)
        return self._inversion(
            measurement,
            conditions=forward.conditions,
            a2f=a2f,
            samples=samples[:, forward.n_free :],
            parameters=parameters,
            parameter_samples={name: forward.fitted.samples(name, samples) for name in forward.fitted.names},
            values=fit.values,
            noise_known=known,
            n_resolved=fit.problem.n_resolved(best),
            unseen_below=unseen,
            determined=True,
            converged=fit.converged and fit.superconducting,
            tests=tests,
            mu_star_changes=doubts.get("mu_star"),
            n_jacobians=fit.n_jacobians,
        )

    def _model_tests(self, measurement: Measurement, found: _Fitted, *, known: bool) -> ModelTests:
        s, fit, n_free = self.settings, found.fit, found.forward.n_free
        scatter = None
        if not known:
            floor = LEAST_MISFIT * float(np.max(np.abs(measurement.values)))
            measurement = dataclasses.replace(measurement, errors=np.maximum(measurement.errors, floor))
            scatter = max(scatter_of(s.omega, measurement.values), floor) / float(np.max(measurement.errors))
        free = fit.unknowns > 0
        best = fit.problem.evidence.best
        prior = np.pad(best.root(fit.unknowns.size - n_free), ((0, 0), (n_free, 0))) / math.sqrt(best.variance)
        rows = [measurement.whiten(fit.jacobian.unknowns), prior]
        residuals = Residuals(
            energies=s.omega,
            values=measurement.whiten(measurement.values - fit.values),
            columns=np.concatenate(rows)[:, free],
            fixed={name: measurement.whiten(column) for name, column in fit.jacobian.fixed.items()},
            n_fitted=n_free + fit.problem.n_resolved(best),
            prior=-prior @ fit.unknowns,
        )
        parameters = found.forward.fitted.split(fit.unknowns)[0]
        return run_model_tests(residuals, scatter, conditions_that_matter(s, parameters))

    def _undetermined(
        self, rng: np.random.Generator, measurement: Measurement, *, converged: bool, known: bool | None = None
    ) -> Inversion:
        s = self.settings
        assert s.n_points is not None
        samples = sample_prior(rng, s.n_points - 1, s.n_samples)
        typical = float(default_broadening(s.T, s.longest_end))
        fitted = {"mu_star": rng.uniform(size=s.n_samples)} if s.mu_star is None else {}
        parameters = s.parameters(typical)
        return self._inversion(
            measurement,
            conditions=s.conditions(end=s.longest_end, broadening=parameters.broadening),
            a2f=np.mean(samples, axis=0),
            samples=samples,
            parameters=parameters._replace(**{name: float(np.mean(values)) for name, values in fitted.items()}),
            parameter_samples=fitted,
            values=s.observable.in_normal_state(s.omega.size),
            noise_known=measurement.known if known is None else known,
            n_resolved=0,
            unseen_below=0.0,
            determined=False,
            converged=converged,
            tests=None,
            mu_star_changes=None,
            n_jacobians=0,
        )

    def _inversion(self, measurement: Measurement, *, conditions: Conditions, **found: Any) -> Inversion:
        r"""The result, with the last point of a2F (zero), the standard deviations and $\chi^2$ added."""
        s, parameters, drawn = self.settings, found.pop("parameters"), found.pop("parameter_samples")
        a2f, samples = np.append(found.pop("a2f"), 0.0), np.pad(found.pop("samples"), ((0, 0), (0, 1)))
        mu_star = drawn.get("mu_star", np.full(s.n_samples, parameters.mu_star))
        if (changes := found.pop("mu_star_changes")) is not None:
            mu_star = np.maximum(mu_star + changes, 0.0)
        return Inversion(
            omega=conditions.grid(a2f.size),
            a2f=a2f,
            a2f_std=np.std(samples, axis=0),
            samples=samples,
            mu_star=parameters.mu_star,
            mu_star_std=float(np.std(mu_star)) if s.mu_star is None else 0.0,
            mu_star_samples=mu_star,
            parameters=parameters,
            parameter_samples=drawn,
            noise=measurement.noise,
            chi2=measurement.misfit(found["values"]) / measurement.values.size,
            conditions=dataclasses.replace(conditions, broadening=parameters.broadening),
            end_known=s.omega_max is not None,
            last_energy=s.last_energy,
            **found,
        )


def _unseen_below(settings: Settings, found: _Fitted) -> float:
    r"""The energy below which data that begin above the gap do not show a2F [meV]; zero if they show the gap.

    Structure of a2F at $\Omega$ appears in the data at $\Delta_0 + \Omega$, smeared and broadened. In data that include
    the gap the gap itself shows what a2F is at low energies.
    """
    s, forward = settings, found.forward
    width = s.observable.smearing(s.T) + forward.fitted.split(found.fit.unknowns)[0].broadening
    first = float(np.min(np.abs(s.omega))) - width
    return max(0.0, first - forward.gap_at(found.fit.unknowns)) if first > 0 else 0.0


def _changes_by_doubts(
    measurement: Measurement, fit: GaussNewtonFit, doubts: dict[str, Float[np.ndarray, " sample"]]
) -> Float[np.ndarray, "sample row"] | None:
    """Changes of the projected data of the linearized problem by random changes of doubtful conditions.

    Args:
        measurement: The data, with errors of known size.
        fit: The fit.
        doubts: The changes of each doubtful condition.
    """
    if not doubts:
        return None
    unit = math.sqrt(fit.problem.evidence.best.variance)
    Q = np.linalg.qr(measurement.whiten(fit.jacobian.unknowns))[0]
    columns = {name: unit * measurement.whiten(fit.jacobian.fixed[name]) @ Q for name in doubts}
    return np.sum([np.outer(doubts[name], column) for name, column in columns.items()], axis=0)


def _rounded_down(broadening: float) -> float:
    r"""The next power of $\sqrt2$ below a broadening [meV]."""
    return 2.0 ** (math.floor(2 * math.log2(broadening)) / 2)


def _silent(stage: str) -> None:
    """Say nothing about a stage."""
    del stage
