"""Checks of the data of an inversion, their values as real numbers, and their noise."""

import numpy as np
from jaxtyping import Float

from .._limits import LARGEST_ENERGY, MOST_ENERGIES, unphysical_magnitude
from ..units import BOLTZMANN
from ._scatter import noise_from_scatter
from .nonlinear import AbstractObservable, ComplexGap, DifferentialConductance, Measurement

FEWEST_ENERGIES = 8
"""Smallest number of energies of the data."""

SMALLEST_NOISE = 1e-6
"""Smallest initial standard deviation of data with unknown noise, relative to the largest value."""

FEWEST_THERMAL_WIDTHS = 4.0
"""Smallest range of energies of a conductance [k_B T]; a smaller one is most likely in another unit."""

MOST_NEGATIVE = 0.1
"""A conductance below minus this fraction of the largest one is no noise."""

Noise = float | int | Float[np.ndarray, " freq"] | None

SystematicErrors = np.ndarray | None
"""Errors that all data share, shape (errors, n): each row is the change of the data under one standard deviation of one
of them."""


def as_measurement(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    noise: Noise,
    observable: AbstractObservable,
    systematic: SystematicErrors = None,
) -> Measurement:
    """The data as real numbers; where the noise is not known, the errors are the scatter of neighboring points."""
    values = observable.as_values(measured)
    shared = None
    if systematic is not None and len(systematic):
        shared = np.stack([observable.as_values(np.asarray(row)) for row in systematic])
    if noise is None:
        least = SMALLEST_NOISE * max(float(np.max(np.abs(values))), np.finfo(float).tiny)
        size = max(scatter_of(omega, values), least)
        return Measurement(values=values, errors=np.full(values.size, size), known=False, systematic=shared)
    errors = np.tile(np.broadcast_to(np.asarray(noise, float), omega.shape), values.size // omega.size)
    return Measurement(values=values, errors=errors, known=True, systematic=shared)


def scatter_of(omega: Float[np.ndarray, " freq"], values: Float[np.ndarray, " value"]) -> float:
    """The noise from the scatter of neighboring points, the same for Re and Im of complex data; zero for few points."""
    curves = np.split(values, values.size // omega.size)
    found = float(np.sqrt(np.mean([noise_from_scatter(omega, curve) ** 2 for curve in curves])))
    return found if np.isfinite(found) else 0.0


def check_energies(omega: np.ndarray, observable: AbstractObservable, T: float) -> list[str]:
    """The errors in the energies of the data, as parts of a message; empty if there are none."""
    if omega.ndim != 1 or omega.size < FEWEST_ENERGIES or not np.all(np.isfinite(omega)) or np.any(np.diff(omega) <= 0):
        return [f"`omega` must be a list of at least {FEWEST_ENERGIES} finite, ascending energies [meV]"]
    bad, last = [], float(np.max(np.abs(omega)))
    normalized = isinstance(observable, AbstractObservable) and observable.normalized
    if omega[0] < 0 and not normalized:
        bad.append(f"`omega` must not be negative, but begins at {omega[0]:g} meV")
    if last > LARGEST_ENERGY:
        bad.append(f"`omega` must not go beyond {LARGEST_ENERGY:g} meV, got {last:g} meV")
    if omega.size > MOST_ENERGIES:
        bad.append(f"`omega` must be at most {MOST_ENERGIES} energies, got {omega.size}")
    if normalized and T > 0 and last < FEWEST_THERMAL_WIDTHS * BOLTZMANN * T:
        bad.append(
            f"the energies end at {last:.3g} meV, but k_B T is {BOLTZMANN * T:.3g} meV: check the unit of the "
            "energies, which must be meV, and the temperature"
        )
    return bad


def check_measured(measured: np.ndarray, shape: tuple[int, ...], observable: AbstractObservable) -> list[str]:
    """The errors in the data of one function, as parts of a message; empty if there are none."""
    if not isinstance(observable, AbstractObservable):
        return [
            "`observable` must be ComplexGap(), RealGap(), GapModulus(), DensityOfStates() or "
            f"DifferentialConductance(), got {observable!r}"
        ]
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
    elif too_much := unphysical_magnitude(measured, is_dos=observable.normalized):
        bad.append(f"`measured` {too_much}")
    elif isinstance(observable, DifferentialConductance) and np.any(measured < -MOST_NEGATIVE * np.max(measured)):
        bad.append(f"`measured` must not be negative, got {np.min(measured):.3g}")
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


def check_systematic(systematic: SystematicErrors, measured: np.ndarray) -> list[str]:
    """The errors in the systematic errors of one function, as parts of a message; empty if there are none."""
    if systematic is None:
        return []
    rows = np.asarray(systematic)
    if rows.ndim != 2 or rows.shape[1:] != measured.shape:
        return [
            f"`systematic_errors` must have one row for each error and one number for each energy, got {rows.shape}"
        ]
    if rows.dtype.kind not in ("fiuc" if np.iscomplexobj(measured) else "fiu") or not np.all(np.isfinite(rows)):
        return ["`systematic_errors` must be finite numbers of the kind of `measured`"]
    return []
