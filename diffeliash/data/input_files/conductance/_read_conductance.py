"""Files of measured tunneling curves: the differential conductance relative to that of the normal state."""

import dataclasses
import pathlib
import warnings

import numpy as np
from jaxtyping import Float

from ...._errors import InputError
from ....units import MEV_PER_BIAS_UNIT
from .._stated_parameters import FunctionOfEnergy, stated_parameters
from ._background import divide_by_background
from ._bias_unit import bias_in_meV
from ._curve import Curve, scatter
from ._curve_table import CurveTable, read_curve_table
from ._modulation import stated_modulation
from ._normal_state import divide_by_normal_state, is_near_one
from ._sweeps import merge_sweeps
from ._symmetry import asymmetry, symmetry_notices

MOST_BELOW_ZERO = 5.0
"""A conductance may lie below zero by this many standard deviations of its noise."""

NEAR_ONE = 0.05
"""A normalized conductance that differs from one by more than this far from zero bias gets a notice."""

SMALLEST_CONDUCTANCE = 1e-30
"""A conductance must be larger than this number at its maximum, and smaller than its inverse."""

ERROR_FACTOR = 2.0
"""Stated errors that differ from the scatter by more than this factor get a notice."""

FEWEST_FOR_SCATTER = 20
"""Number of points far from zero bias with which errors are compared with the scatter."""

CONSTANT_RTOL = 1e-12
"""A curve whose values differ by less than this fraction is constant."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConductanceFile(FunctionOfEnergy):
    r"""A measured tunneling curve: the differential conductance of a junction to a normal metal.

    $$ \frac{(dI/dV)_S}{(dI/dV)_N} $$

    Args:
        omega: Bias energies $eV$ [meV], strictly ascending; of both signs where both were measured.
        conductance: The conductance relative to that of the normal state, shape (n,), dimensionless.
        errors: Standard deviation of each value, in the same unit, or `None`.
        systematic_errors: Errors that all values share, those of the polynomial that represents the normal state: each
            row is the change of all values under one standard deviation of one of them; `None` if there are none.
        modulation: Root mean square of the lock-in modulation of the bias [meV], if the file states it.
        asymmetry: Half the difference of the two signs of the bias (rms), relative to the rms conductance; `None` for
            one sign.
        background_fitted: Whether the conductance is normalized by a smooth background that was fitted to it, so that
            its scale is not certain.
        T: Temperature [K], if the file states it.
        broadening: Broadening [meV], if the file states it.
        mu_star: Coulomb pseudopotential, if the file states it.
        omega_c: Cutoff of the Coulomb pseudopotential [meV], if the file states it.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV], if the file states it.
        omega_max: Where the spectral function ends [meV], if the file states it.
        z_sum: Name of the class of the sum in Z, if the file states it.
        notices: What was assumed and changed when it was read.
    """

    conductance: Float[np.ndarray, " freq"]
    errors: Float[np.ndarray, " freq"] | None = None
    systematic_errors: Float[np.ndarray, "error freq"] | None = None
    modulation: float | None = None
    asymmetry: float | None = None
    background_fitted: bool = False


def read_conductance(
    path: str | pathlib.Path, *, unit: str | None = None, normal: str | pathlib.Path | None = None
) -> ConductanceFile:
    """Read a measured tunneling curve, and normalize it to the normal state.

    What was assumed and changed is reported by a `UserWarning` and in `notices`. Sweeps of the bias are merged; a
    conductance that is not normalized is divided by that of the normal state, or by a smooth background.

    Args:
        path: Text file with the columns bias, conductance and, if known, the error of each value; `-` is standard
            input.
        unit: Unit of the bias: V, mV, uV, meV or eV; by default as the file states it, or guessed from the numbers.
        normal: File with the conductance of the same junction in the normal state.

    Returns:
        Energies [meV] and normalized conductance, shape (n,), and what the file states.

    Raises:
        InputError: The file cannot be read, is no tunneling curve, or it is not clear how to interpret it.
    """
    path = pathlib.Path(path)
    if unit is not None and unit not in MEV_PER_BIAS_UNIT:
        raise InputError(f"`unit` must be one of {', '.join(MEV_PER_BIAS_UNIT)}, got {unit!r}.")
    table, measured, notices = _read_curve(path, unit, wants_normalized=normal is None)
    stated, doubts = stated_parameters(table.header)
    modulation, said = stated_modulation(table.header)
    curve, fitted, done = _normalized(
        path, table, measured, None if normal is None else pathlib.Path(normal), unit=unit
    )
    difference = asymmetry(curve)
    notices = (*notices, *doubts, *said, *done, *symmetry_notices(curve, difference))
    for notice in notices:
        warnings.warn(f"{path}: {notice}", stacklevel=2)
    return ConductanceFile(
        omega=curve.omega,
        conductance=curve.conductance,
        errors=curve.errors,
        systematic_errors=curve.systematic,
        modulation=modulation,
        asymmetry=difference,
        background_fitted=fitted,
        notices=notices,
        **stated,
    )


def _read_curve(
    path: pathlib.Path, unit: str | None, *, wants_normalized: bool
) -> tuple[CurveTable, Curve, tuple[str, ...]]:
    """Read a curve with ascending energies in meV, and check its values.

    Raises:
        InputError: It cannot be read, or it is no conductance.
    """
    table = read_curve_table(path, wants_normalized=wants_normalized)
    if np.ptp(table.bias) == 0:
        raise InputError("all energies coincide", where=str(path), why=f"they are {table.bias[0]:g}.")
    largest = float(np.max(np.abs(table.conductance)))
    if not SMALLEST_CONDUCTANCE < largest < 1 / SMALLEST_CONDUCTANCE:
        raise InputError("no values of a conductance", where=str(path), why=f"the largest is {largest:.3g}.")
    omega, told = bias_in_meV(path, table.bias, table.bias_units, unit)
    curve, merged = merge_sweeps(path, Curve(omega, table.conductance, table.errors))
    _check_values(path, curve)
    return table, curve, (*table.notices, *told, *merged, *_error_notices(curve.outer_part))


def _error_notices(outer: Curve) -> list[str]:
    """Return a notice if the stated errors of the points far from zero bias are not those of their scatter."""
    if outer.errors is None or outer.omega.size < FEWEST_FOR_SCATTER:
        return []
    noise = scatter(outer.conductance)
    ratio = outer.noise / noise if noise else np.inf
    if 1 / ERROR_FACTOR < ratio < ERROR_FACTOR:
        return []
    return [f"the stated errors are {ratio:.2g} times the scatter of neighboring points far from zero bias."]


def _check_values(path: pathlib.Path, curve: Curve) -> None:
    """Refuse a conductance that is constant, or negative beyond its noise.

    Raises:
        InputError: It is.
    """
    values = curve.conductance
    largest = float(np.max(np.abs(values)))
    if np.ptp(values) <= CONSTANT_RTOL * largest:
        raise InputError("the conductance is constant", where=str(path), why=f"it is {values[0]:g} everywhere.")
    noise = scatter(values) if curve.errors is None else curve.errors
    below = np.flatnonzero(values < -MOST_BELOW_ZERO * noise - CONSTANT_RTOL * largest)
    if below.size:
        worst = below[np.argmin(values[below])]
        why = f"it is {values[worst]:.4g} at {curve.omega[worst]:.4g} meV, and the noise is smaller."
        hint = "Is it a current, or a signal with an offset or the wrong phase?"
        raise InputError("the conductance is negative", where=str(path), why=why, hint=hint)


def _normalized(
    path: pathlib.Path, table: CurveTable, curve: Curve, normal: pathlib.Path | None, *, unit: str | None
) -> tuple[Curve, bool, tuple[str, ...]]:
    """Return the normalized curve, whether a background was fitted to it, and notices.

    Raises:
        InputError: It is normalized already, or the curve of the normal state does not fit.
    """
    if normal is not None:
        divided, notices = _by_normal_state(path, table, curve, normal, unit=unit)
        return divided, False, notices
    end = curve.far_from_zero
    if table.normalized is not False and is_near_one(end):
        return curve, False, _normalization_notices(table.normalized, end)
    divided, notices = divide_by_background(path, curve)
    if table.normalized:
        notices.insert(0, f"the header says normalized, but far from zero bias the conductance is {end:.3g}, not one.")
    return divided, True, tuple(notices)


def _normalization_notices(stated: bool | None, end: float) -> tuple[str, ...]:
    """Return notices about a curve that is taken as normalized, and is `end` far from zero bias."""
    said = () if stated else (f"the conductance is taken as normalized, as it is {end:.3g} far from zero bias.",)
    if abs(end - 1) <= NEAR_ONE:
        return said
    doubt = f"far from zero bias the normalized conductance is {end:.3g}, not one. Is it normalized?"
    return (*said, f"{doubt} Otherwise give --normal.")


def _by_normal_state(
    path: pathlib.Path, table: CurveTable, curve: Curve, normal: pathlib.Path, *, unit: str | None
) -> tuple[Curve, tuple[str, ...]]:
    """Divide a curve by that of the normal state in another file, with the notices of both.

    Raises:
        InputError: The two do not belong together.
    """
    if normal == path:
        raise InputError("the curve and that of the normal state are the same file", where=str(path))
    if table.normalized:
        hint = "Give --normal only with a conductance that is not normalized."
        raise InputError("the conductance is normalized already", where=str(path), why="its header says so.", hint=hint)
    other, reference, told = _read_curve(normal, unit, wants_normalized=False)
    if other.siemens and table.siemens:
        reference = reference.divided_by(np.full(reference.omega.size, table.siemens / other.siemens))
    elif other.siemens or table.siemens:
        told = (*told, "only one of the two files states its unit of conductance; it is taken for both.")
    divided, notices = divide_by_normal_state(path, curve, normal, reference)
    return divided, (*(f"{normal}: {notice}" for notice in told), *notices)
