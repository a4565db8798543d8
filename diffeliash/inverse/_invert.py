"""The public functions of the inversion: `invert` for one function, `invert_many` for many at the same energies."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from .._errors import InputError
from ..physics import Spectrum, run_calls
from ._inversion_result import Inversion
from ._inverter import Inverter
from ._measured_data import Noise, SystematicErrors, check_measured, check_noise, check_systematic
from ._settings import Settings, check_settings
from .nonlinear import AbstractObservable, ComplexGap
from .self_energy import NormalSelfEnergy, SelfEnergyInversion, invert_self_energy


@overload
def invert(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    observable: NormalSelfEnergy,
    noise: Noise | tuple[Noise, ...] = None,
    omega_max: float | None = None,
    n_points: int | None = None,
    n_samples: int = 200,
    seed: int = 0,
    mu_star: float = 0.1,
) -> SelfEnergyInversion: ...


@overload
def invert(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    broadening: float | None = None,
    noise: Noise = None,
    systematic_errors: SystematicErrors = None,
    observable: AbstractObservable = ComplexGap(),
    mu_star: float | None = 0.1,
    scale: float | None = 1.0,
    offset: float | None = 0.0,
    omega_max: float | None = None,
    omega_c: float | None = None,
    matsubara_cutoff: float | None = None,
    n_points: int | None = None,
    starts: Sequence[Spectrum] = (),
    n_samples: int = 200,
    seed: int = 0,
) -> Inversion: ...


def invert(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    broadening: float | None = None,
    noise: Noise | tuple[Noise, ...] = None,
    systematic_errors: SystematicErrors = None,
    observable: AbstractObservable | NormalSelfEnergy = ComplexGap(),
    mu_star: float | None = 0.1,
    scale: float | None = 1.0,
    offset: float | None = 0.0,
    omega_max: float | None = None,
    omega_c: float | None = None,
    matsubara_cutoff: float | None = None,
    n_points: int | None = None,
    starts: Sequence[Spectrum] = (),
    n_samples: int = 200,
    seed: int = 0,
) -> Inversion | SelfEnergyInversion:
    r"""Find the spectral function, with its uncertainty, from a gap function, a density of states or a self-energy.

    With the data $d_i$ of standard deviation $\sigma_i$, the observable $F$ of the solver (`solve_gap`, then
    `continue_gap`), and a prior for smooth functions, the most probable $\alpha^2F = x$ is

    $$ \min_{x \ge 0}\; \sum_i \frac{(d_i - F_i(x))^2}{\sigma_i^2} + s\,|Cx|^2 , $$

    found by Gauss-Newton steps. The regularization strength $s$ maximizes the evidence (D. J. C. MacKay, Neural
    Comput. 4, 415 (1992), doi:10.1162/neco.1992.4.3.415), and error bars come from samples of the posterior of the
    linearized problem: its solutions for perturbed data and a perturbed prior. arXiv:2007.07512 does this step with a
    network instead.

    Args:
        omega: Energies of the data, shape (n,), ascending and not negative [meV].
        measured: The data on the line $\omega + i\Gamma$, shape (n,): complex $\Delta$ [meV], or real as `observable`
            defines it.
        T: Temperature [K].
        broadening: Distance $\Gamma$ of the line from the real axis [meV]; if `None`, it is fitted.
        noise: Standard deviation of every measured number (of Re and of Im), one number or shape (n,), in the unit of
            `measured`; if `None`, one standard deviation for all is estimated from the data.
        systematic_errors: Errors that all data share, such as those of the normal-state conductance: each row is the
            change of `measured` under one standard deviation of one of them, shape (errors, n); if `None`, there are
            none.
        observable: `ComplexGap()`, `RealGap()`, `GapModulus()`, `DensityOfStates()`, `DifferentialConductance()`, or
            `NormalSelfEnergy(...)`: that has neither a broadening nor a normalization and is inverted by
            `invert_self_energy`.
        mu_star: Coulomb pseudopotential at `omega_c`; if `None`, it is fitted.
        scale: Factor of a density of states or conductance; if `None`, a parabola $s + tV + cV^2$ is fitted.
        offset: Energy $V_0$ that is added to all energies of a density of states or conductance [meV]; if `None`, it is
            fitted.
        omega_max: Energy at which a2F ends [meV]; if `None`, the one with the largest evidence is taken.
        omega_c: Coulomb cutoff [meV]; 10 times `omega_max` if `None`.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV]; 22 times `omega_max` if `None`.
        n_points: Number of points of a2F, evenly spaced up to `omega_max`; if `None`, two for each broadening, at
            least 64 and at most 256.
        starts: More candidates for the starting point, for example the prediction of a network; the iteration starts
            from the candidate with the smallest $\chi^2$.
        n_samples: Number of samples of the posterior.
        seed: Seed of the random numbers of the samples.

    Returns:
        The most probable spectral function, its samples, and diagnostics; see `Inversion`, and `SelfEnergyInversion`
        for a self-energy.

    Raises:
        InputError: An argument is out of its range; one message lists all of them.
        RuntimeError: JAX is not in 64-bit mode.
    """
    measured = np.asarray(measured)
    if isinstance(observable, NormalSelfEnergy):
        _refuse(
            broadening=broadening is not None, scale=scale != 1.0, offset=offset != 0.0, omega_c=omega_c is not None,
            matsubara_cutoff=matsubara_cutoff is not None, starts=len(starts) > 0,
            systematic_errors=systematic_errors is not None,
        )  # fmt: skip
        if mu_star is None:
            raise InputError("a self-energy says nothing about `mu_star`: it must be given.")
        return invert_self_energy(
            omega, measured, T=T, observable=observable, noise=noise, omega_max=omega_max, n_points=n_points,
            n_samples=n_samples, seed=seed, mu_star=mu_star,
        )  # fmt: skip
    if isinstance(noise, tuple):
        raise InputError("`noise` must be one number or an array, not a tuple.")
    settings = Settings(
        omega=omega, observable=observable, T=T, broadening=broadening, mu_star=mu_star, scale=scale, offset=offset,
        omega_max=omega_max, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff, n_points=n_points, n_samples=n_samples,
    )  # fmt: skip
    bad = [*check_measured(measured, np.shape(omega), observable), *check_noise(noise, np.shape(omega))]
    bad += check_systematic(systematic_errors, measured)
    return Inverter(check_settings(settings, bad))(measured, noise, starts, seed, systematic=systematic_errors)


def _refuse(**given: bool) -> None:
    """Refuse arguments that mean nothing for a self-energy."""
    if bad := [f"`{name}`" for name, is_given in given.items() if is_given]:
        raise InputError(f"a self-energy has no {', '.join(bad)}.")


def invert_many(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    broadening: float | None = None,
    noise: Noise | Sequence[Noise] = None,
    systematic_errors: SystematicErrors | Sequence[SystematicErrors] = None,
    observable: AbstractObservable | NormalSelfEnergy = ComplexGap(),
    mu_star: float | None = 0.1,
    scale: float | None = 1.0,
    offset: float | None = 0.0,
    omega_max: float | None = None,
    omega_c: float | None = None,
    matsubara_cutoff: float | None = None,
    n_points: int | None = None,
    starts: Sequence[Sequence[Spectrum]] | None = None,
    n_samples: int = 200,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
    stage: Callable[[str], object] | None = None,
) -> list[Inversion]:
    """Invert many functions that were measured at the same energies, in parallel on all cores; see `invert`.

    Args:
        omega: Energies of the data, shape (n,) [meV].
        measured: The data, shape (functions, n).
        T: As in `invert`.
        broadening: As in `invert`.
        noise: As in `invert` for all functions, or a list with one entry for each function.
        systematic_errors: As in `invert` for all functions, or a list with one entry for each function.
        observable: As in `invert`, but self-energies are refused.
        mu_star: As in `invert`.
        scale: As in `invert`.
        offset: As in `invert`.
        omega_max: As in `invert`.
        omega_c: As in `invert`.
        matsubara_cutoff: As in `invert`.
        n_points: As in `invert`.
        starts: `starts` of `invert` for each function.
        n_samples: As in `invert`.
        seed: As in `invert`; function number i uses the seed `seed + i`.
        progress: Called after each inversion with the number of inversions done.
        stage: Called during the first inversion with what is being done, such as compiling, which happens once.

    Returns:
        One `Inversion` for each function, in order. A function with invalid data or noise (not finite, for example)
        does not affect the others: its result has `determined` and `converged` false.

    Raises:
        InputError: An argument that all functions share is out of its range.
        RuntimeError: JAX is not in 64-bit mode.
    """
    measured = np.asarray(measured)
    if isinstance(observable, NormalSelfEnergy):
        raise InputError("self-energies are inverted one at a time, by `invert`.")
    bad = [] if measured.ndim == 2 else [f"`measured` must have one row for each function, got {measured.shape}"]
    noises, shared = _one_each(noise, len(measured)), _one_each(systematic_errors, len(measured))
    given = [()] * len(measured) if starts is None else list(starts)
    if any(len(entries) != len(measured) for entries in (noises, shared, given)):
        bad.append(
            "`noise`, `systematic_errors` and `starts` must have one entry for each of the "
            f"{len(measured)} functions of `measured`"
        )
    shape = np.shape(omega)
    if noises and not isinstance(noise, list | tuple):
        bad += check_noise(noises[0], shape)
    if shared and not isinstance(systematic_errors, list | tuple):
        bad += check_systematic(shared[0], measured[0])
    settings = Settings(
        omega=omega, observable=observable, T=T, broadening=broadening, mu_star=mu_star, scale=scale, offset=offset,
        omega_max=omega_max, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff, n_points=n_points, n_samples=n_samples,
    )  # fmt: skip
    inverter = Inverter(check_settings(settings, bad))
    good = [row for row in measured if not check_measured(row, shape, observable)]
    inverter = inverter.for_many(good)

    def one(row: Any, stage: Callable[[str], object] | None = None) -> Inversion:
        i = int(row)
        wrong = check_measured(measured[i], shape, observable) or check_noise(noises[i], shape)
        if wrong or check_systematic(shared[i], measured[i]):
            return inverter.invalid_row(seed + i)
        return inverter(measured[i], noises[i], given[i], seed + i, stage, systematic=shared[i])

    results = []
    rows = (np.array(i) for i in range(len(measured)))
    with threadpool_limits(1):  # every core does another inversion, so that BLAS must use one thread
        # alone, because it compiles the programs that the others use
        first = map(functools.partial(one, stage=stage), itertools.islice(rows, 1))
        others = (found.item() for found in run_calls(one, ((row,) for row in rows)))
        for found in itertools.chain(first, others):
            results.append(found)
            if progress:
                progress(len(results))
    return results


def _one_each(given: Any, n: int) -> list[Any]:
    """One entry for each function: those of a list, or the same for all."""
    return list(given) if isinstance(given, list | tuple) else [given] * n
