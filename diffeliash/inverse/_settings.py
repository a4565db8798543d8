"""What all functions of one call of the inversion share: energies, observable, and what is known of the measurement."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from .._errors import InputError
from .._limits import (
    FEWEST_A2F_POINTS,
    FEWEST_SAMPLES,
    MOST_A2F_POINTS,
    MOST_SAMPLES,
    too_much_for_inversion,
)
from ..physics import default_broadening, require_x64
from ._measured_data import check_energies
from .nonlinear import AbstractObservable, Conditions, Parameters, choose_conditions, choose_n_points

INITIAL_MU_STAR = 0.1
r"""Initial value of $\mu^*$ if it is fitted."""

LONGEST_END = 0.8
"""Largest energy at which a2F may end where it is not known, in units of the last energy of the data."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Settings:
    """Settings of an inversion; the fields are the arguments of `invert`.

    Args:
        omega: Energies of the data [meV].
        observable: The measured quantity.
        T: Temperature [K].
        broadening: Broadening [meV], `None` if it is fitted.
        mu_star: Coulomb pseudopotential, `None` if it is fitted.
        scale: Scale of the normalization, `None` if it is fitted, with slope and curvature.
        offset: Offset of the bias [meV], `None` if it is fitted.
        omega_max: End of a2F [meV], `None` if it is not known.
        omega_c: Coulomb cutoff [meV] or `None`.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV] or `None`.
        n_points: Number of points of a2F or `None`.
        n_samples: Number of samples.
    """

    omega: Float[np.ndarray, " freq"]
    observable: AbstractObservable
    T: float
    broadening: float | None
    mu_star: float | None
    scale: float | None
    offset: float | None
    omega_max: float | None
    omega_c: float | None
    matsubara_cutoff: float | None
    n_points: int | None
    n_samples: int

    @property
    def last_energy(self) -> float:
        """Largest energy of the data of either sign [meV]."""
        return float(np.max(np.abs(self.omega)))

    @property
    def longest_end(self) -> float:
        """The end of a2F, or the largest one that it may have [meV]."""
        return LONGEST_END * self.last_energy if self.omega_max is None else self.omega_max

    @property
    def fitted(self) -> tuple[str, ...]:
        """Names of the parameters that are fitted."""
        names = [name for name in ("mu_star", "broadening", "scale", "offset") if getattr(self, name) is None]
        return (*names, "slope", "curvature") if self.scale is None else tuple(names)

    def parameters(self, broadening: float) -> Parameters:
        """Given or initial values of all parameters, with the broadening if it is given, or else this one."""
        return Parameters(
            mu_star=INITIAL_MU_STAR if self.mu_star is None else self.mu_star,
            broadening=broadening if self.broadening is None else self.broadening,
            scale=1.0 if self.scale is None else self.scale,
            offset=0.0 if self.offset is None else self.offset,
        )

    def conditions(self, *, end: float, broadening: float) -> Conditions:
        """The conditions of the measurement, with the defaults put in.

        Raises:
            InputError: A value is out of its range.
        """
        return choose_conditions(
            T=self.T, broadening=broadening, omega_max=end, omega_c=self.omega_c,
            matsubara_cutoff=self.matsubara_cutoff, mu_star=INITIAL_MU_STAR if self.mu_star is None else self.mu_star,
        )  # fmt: skip


def check_settings(settings: Settings, bad: list[str]) -> Settings:
    """Check the settings.

    Args:
        settings: The settings.
        bad: Errors found in other arguments, reported in the same message.

    Raises:
        InputError: An argument is out of its range; the message lists all errors.
    """
    require_x64()
    settings = dataclasses.replace(settings, omega=np.asarray(settings.omega, dtype=float))
    omega, complaints = settings.omega, list(bad)
    complaints += check_energies(omega, settings.observable, settings.T)
    complaints += _check_sizes(settings.n_points, settings.n_samples) + _check_normalization(settings)
    end = settings.longest_end if omega.ndim == 1 and omega.size else math.nan
    n_points, broadening = settings.n_points, settings.broadening
    try:
        broadening = _typical_broadening(settings) if broadening is None else broadening
        conditions = settings.conditions(end=end, broadening=broadening)
        if n_points is None and isinstance(settings.observable, AbstractObservable):
            n_points = choose_n_points(conditions, settings.observable)
    except InputError as error:
        complaints.append(str(error).rstrip("."))
    if complaints or n_points is None:
        raise InputError("; ".join(complaints) + ".")
    if too_much := too_much_for_inversion(n_points, n_samples=settings.n_samples, n_energies=omega.size):
        raise InputError("; ".join(too_much) + ".")
    return dataclasses.replace(settings, n_points=n_points)


def _check_normalization(settings: Settings) -> list[str]:
    bad, observable = [], settings.observable
    if settings.scale is not None and not 0 < settings.scale < math.inf:
        bad.append(f"`scale` must be positive and finite, or `None` to fit it, got {settings.scale}")
    if settings.offset is not None and not abs(settings.offset) < math.inf:
        bad.append(f"`offset` must be finite [meV], or `None` to fit it, got {settings.offset}")
    normalized = isinstance(observable, AbstractObservable) and observable.normalized
    if not normalized and (settings.scale != 1.0 or settings.offset != 0.0):
        bad.append("`scale` and `offset` are for densities of states and conductances, not for gap functions")
    return bad


def _check_sizes(n_points: int | None, n_samples: int) -> list[str]:
    bad = []
    if n_points is not None and not FEWEST_A2F_POINTS <= n_points <= MOST_A2F_POINTS:
        bad.append(f"`n_points` must lie in [{FEWEST_A2F_POINTS}, {MOST_A2F_POINTS}], got {n_points}")
    if not FEWEST_SAMPLES <= n_samples <= MOST_SAMPLES:
        bad.append(f"`n_samples` must lie in [{FEWEST_SAMPLES}, {MOST_SAMPLES}], got {n_samples}")
    return bad


def _typical_broadening(settings: Settings) -> float:
    """A broadening from which the number of points of a2F is chosen where the broadening is fitted [meV]."""
    return float(default_broadening(settings.T, settings.longest_end)) if settings.T > 0 else math.nan
