r"""From a measured function to a2F with error bars: what users call."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from ..physics import Spectrum, run_calls
from ._inversion_result import Inversion
from ._inverter import Noise, check_noise, check_row, prepare
from .refinement import AbstractObservable, ComplexGap


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
    inverter = prepare(
        omega, observable, mu_star, (T, broadening, omega_max, omega_c, matsubara_cutoff), (n_points, n_samples),
        bad=[*check_row(measured, np.shape(omega), observable), *check_noise(noise, np.shape(omega))],
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
    one_for_all = not isinstance(noise, list | tuple)
    noises: list[Any] = [noise] * len(measured) if one_for_all else list(noise)
    given = [()] * len(measured) if starts is None else list(starts)
    if len(noises) != len(measured) or len(given) != len(measured):
        bad.append(f"`noise` and `starts` must have one entry for each of the {len(measured)} functions")
    shape = np.shape(omega)
    if one_for_all and noises:
        bad += check_noise(noises[0], shape)
    inverter = prepare(
        omega, observable, mu_star, (T, broadening, omega_max, omega_c, matsubara_cutoff), (n_points, n_samples),
        bad=bad,
    )  # fmt: skip

    def one(row: Any) -> Inversion:
        i = int(row)
        if check_row(measured[i], shape, observable) or check_noise(noises[i], shape):
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
