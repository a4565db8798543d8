"""Sweeps of the bias up and down: merged into one curve with ascending energies."""

import pathlib

import numpy as np

from ...._errors import InputError
from ._curve import Curve
from ._curve_table import FEWEST_POINTS

SAME_ENERGY_RTOL = 1e-9
"""Energies that differ by less than this fraction of their range are the same."""

FEWEST_POINTS_PER_SWEEP = 8
"""Average number of points between two turns of the bias; with fewer, the points count as unordered."""


def merge_sweeps(path: pathlib.Path, measured: Curve) -> tuple[Curve, list[str]]:
    """Sort the points of a curve by their energies, average repeated energies, and describe this in notices.

    Args:
        path: The file, named in error messages.
        measured: Points in the order of the file.

    Raises:
        InputError: There are too few different energies.
    """
    notices = _order_notices(measured)
    order = np.argsort(measured.omega, kind="stable")
    omega = measured.omega[order]
    group = np.concatenate([[0], np.cumsum(np.diff(omega) > SAME_ENERGY_RTOL * (omega[-1] - omega[0]))])
    n = int(group[-1]) + 1
    if n < FEWEST_POINTS:
        what = "all energies coincide" if n == 1 else f"only {n} different energies"
        raise InputError(what, where=str(path), why=f"a curve needs at least {FEWEST_POINTS}.")
    if n == omega.size:
        return measured.at(order), notices
    notices.append(f"{omega.size} points at {n} energies: those at the same energy are averaged.")
    return _averaged(measured.at(order), group), notices


def _averaged(curve: Curve, group: np.ndarray) -> Curve:
    """Average the points of each group, with the weights of their errors if they have any."""
    weights = np.ones_like(curve.omega) if curve.errors is None else curve.errors**-2
    total = np.bincount(group, weights)
    means = [np.bincount(group, weights * values) / total for values in (curve.omega, curve.conductance)]
    return Curve(means[0], means[1], None if curve.errors is None else total**-0.5)


def _order_notices(measured: Curve) -> list[str]:
    """Return notices about the order of the points: descending, sweeps up and down, or none."""
    direction = np.sign(np.diff(measured.omega))
    moves = direction[direction != 0]
    n_turns = int(np.sum(moves[1:] != moves[:-1]))
    if n_turns == 0:
        return ["the bias descends; its order is reversed."] if moves.size and moves[0] < 0 else []
    if measured.omega.size < FEWEST_POINTS_PER_SWEEP * (n_turns + 1):
        return ["the energies are in no order; they are sorted."]
    up, down = _one_way(measured, direction > 0), _one_way(measured, direction < 0)
    difference = _rms_difference(up, down)
    told = "" if difference is None else f"; the rms difference between up and down is {100 * difference:.2g} %"
    return [f"{n_turns + 1} sweeps of the bias, up and down, are merged{told}."]


def _one_way(measured: Curve, moving: np.ndarray) -> Curve:
    """Return the points of the sweeps in one direction, sorted: both ends of every step that way."""
    own = np.concatenate([moving, [False]]) | np.concatenate([[False], moving])
    part = measured.at(np.flatnonzero(own))
    return part.at(np.argsort(part.omega, kind="stable"))


def _rms_difference(up: Curve, down: Curve) -> float | None:
    """Return the rms difference of two curves where they overlap, relative to the rms conductance."""
    shared = (up.omega >= down.omega[0]) & (up.omega <= down.omega[-1])
    values = up.conductance[shared]
    if not np.any(values):
        return None
    difference = values - np.interp(up.omega[shared], down.omega, down.conductance)
    return float(np.sqrt(np.mean(difference**2) / np.mean(values**2)))
