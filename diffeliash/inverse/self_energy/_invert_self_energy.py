"""The inversion of a self-energy: checks, separate fits of its parts, the joint fit, and the verdict on it."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from ..._errors import InputError
from ..._limits import FEWEST_A2F_POINTS
from ...physics import checked_cutoffs, require_x64
from ...units import BOLTZMANN
from .._inversion_result import Inversion
from .._inverter import NORMAL_STATE_DEVIATIONS
from .._scatter import exceeds_scatter, noise_from_scatter
from ..nonlinear import Conditions, Parameters, sample_prior
from ._argument_checks import Noise, check_data, check_noises, check_sizes
from ._compatibility import compatibility
from ._linear_fit import LinearFit, fit_linearly, fit_part, whiten
from ._linear_model import LinearModel, linear_model
from ._observable import NormalSelfEnergy
from ._part_errors import PartErrors, are_correlated
from ._self_energy_result import Number, SelfEnergyInversion, SelfEnergyPart

INITIAL_NOISE = 1e-3
"""Initial standard deviation of data with unknown noise, relative to the largest value; the evidence rescales it."""

FIRST_END, N_ENDS = 0.15, 14
"""Smallest end of a2F that is tried, in units of the largest energy of the data, and the number of ends."""

POINTS_PER_KT = 2 / math.pi
r"""Default number of points of a2F for each $k_BT$: the self-energy has no structure finer than $\pi k_BT$."""

FEWEST_POINTS, MOST_POINTS = 64, 256
"""Range of the default number of points of a2F."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Setting:
    """What the fits of all parts share."""

    conditions: Conditions
    ends: tuple[int, ...]
    end_known: bool
    mu_star: float
    n_samples: int
    rng: np.random.Generator


def invert_self_energy(
    omega: Float[np.ndarray, " freq"],
    measured: np.ndarray,
    *,
    T: float,
    observable: NormalSelfEnergy = NormalSelfEnergy(),
    noise: Noise | tuple[Noise, ...] = None,
    omega_max: float | None = None,
    n_points: int | None = None,
    n_samples: int = 200,
    seed: int = 0,
    mu_star: float = 0.1,
) -> SelfEnergyInversion:
    r"""Find the spectral function, with its uncertainty, from a self-energy of the normal state.

    The self-energy is linear in $\alpha^2F$ (`normal_self_energy`). Each part is fitted alone first, which gives the
    size of its errors if it is not known, and their correlation along the energy. The joint fit takes both. Strength
    and shape of the smoothness prior and the energy at which a2F ends maximize the evidence, as in `invert`.

    Args:
        omega: Energies of the data from the Fermi energy, of either sign, ascending, shape (n,) [meV].
        measured: The retarded self-energy (Im < 0), shape (n,) [meV]: complex, or real for one part.
        T: Temperature [K].
        observable: Which part was measured, and what is free besides a2F.
        noise: Standard deviation of every measured number [meV], one number or shape (n,); a pair for the real and the
            imaginary part; if `None`, it is estimated for each part.
        omega_max: Energy at which a2F ends [meV]; if `None`, the evidence chooses among ends up to the last energy.
        n_points: Number of points of a2F, evenly spaced to its largest possible end; if `None`, two for each
            $\pi k_BT$, at least 64 and at most 256.
        n_samples: Number of samples of the posterior.
        seed: Seed of the random numbers of the samples.
        mu_star: Coulomb pseudopotential for T_c.

    Returns:
        The most probable spectral function, its samples, and diagnostics; see `SelfEnergyInversion`.

    Raises:
        InputError: An argument is out of its range; one message lists all of them.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    omega, measured = np.asarray(omega, dtype=float), np.asarray(measured)
    noises = noise if isinstance(noise, tuple) else (noise,) * len(observable.names)
    complaints = [*check_data(omega, measured, observable), *check_noises(noises, omega, observable)]
    if complaints := [*complaints, *check_sizes(n_points or MOST_POINTS, n_samples, omega, omega_max)]:
        raise InputError("; ".join(complaints) + ".")
    last = float(np.max(np.abs(omega)))
    largest = last if omega_max is None else float(omega_max)
    cutoffs = checked_cutoffs(largest, None, None, mu_star=mu_star, T=T)
    n = n_points or int(np.clip(math.ceil(POINTS_PER_KT * largest / (BOLTZMANN * T)), FEWEST_POINTS, MOST_POINTS))
    conditions = Conditions(
        T=float(T), omega_c=float(cutoffs[0]), matsubara_cutoff=float(cutoffs[1]), broadening=0.0, omega_max=largest
    )  # fmt: skip
    ends = (n - 1,) if omega_max is not None else _ends(n)
    setting = _Setting(
        conditions, ends, omega_max is not None, float(mu_star), n_samples, np.random.default_rng(seed)
    )  # fmt: skip
    values = observable.as_values(measured)
    size = max(float(np.max(np.abs(values))), np.finfo(float).tiny)
    model = linear_model(observable, omega, conditions.grid(n), T=T, size=size)
    with threadpool_limits(1):  # the matrices are too small for several threads
        return _invert(model, values, noises, setting)


def _ends(n_points: int) -> tuple[int, ...]:
    """The numbers of points of a2F before its possible ends, the largest one last."""
    found = np.round(np.geomspace(FIRST_END, 1.0, N_ENDS) * (n_points - 1))
    return tuple(int(n) for n in np.unique(found) if n >= FEWEST_A2F_POINTS)


def _invert(
    model: LinearModel, values: Float[np.ndarray, " value"], noises: tuple[Noise, ...], setting: _Setting
) -> SelfEnergyInversion:
    names = model.observable.names
    alone = []
    for name, part, noise in zip(names, np.split(values, len(names)), noises, strict=True):
        typical = INITIAL_NOISE * max(float(np.max(np.abs(part))), np.finfo(float).tiny)
        sizes = np.broadcast_to(np.asarray(typical if noise is None else noise, float), part.shape)
        alone.append(fit_part(model.only(name), part, sizes, setting.ends, known=noise is not None))
    errors = [each for _, each in alone]
    known = any(noise is not None for noise in noises)
    joint = alone[0][0]
    if len(names) > 1:
        joint = fit_linearly(model, values, errors, setting.ends, known=known, size=joint.size)
    probability = compatibility(joint) if len(names) > 1 else 1.0
    inversion, nuisances = _inversion(joint, setting)
    chi2 = joint.chi2 * joint.factor**2 if len(names) > 1 else joint.chi2
    parts = [
        _part(fit, each, noise is not None, float(misfit), residual, setting)
        for (fit, each), noise, misfit, residual in zip(
            alone, noises, chi2, np.split(values - joint.values, len(names)), strict=True
        )
    ]
    factor = joint.factor if len(names) > 1 else 1.0
    return SelfEnergyInversion(
        inversion=inversion, parts=tuple(parts), nuisances=nuisances, probability=probability, error_factor=factor
    )  # fmt: skip


def _part(
    fit: LinearFit, errors: PartErrors, known: bool, chi2: float, residual: Float[np.ndarray, " freq"],
    setting: _Setting,
) -> SelfEnergyPart:  # fmt: skip
    """The diagnostics of one part, with the residual of the joint fit."""
    scatter = noise_from_scatter(fit.model.energies, errors.whiten(fit.measured))
    residual = errors.whiten(residual)
    noise = float(np.sqrt(np.mean(errors.sizes**2)))
    return SelfEnergyPart(
        name=fit.model.observable.names[0],
        noise=noise,
        noise_known=known,
        scatter=scatter * noise,
        n_correlated=errors.correlation.n_correlated,
        correlation=errors.correlation.words,
        chi2=chi2,
        residuals_correlated=are_correlated(residual),
        exceeds_scatter=exceeds_scatter(float(np.sqrt(np.mean(residual**2))), scatter, residual.size),
        alone=_inversion(fit, setting)[0],
    )


def _inversion(fit: LinearFit, setting: _Setting) -> tuple[Inversion, dict[str, Number]]:
    """The result of one fit, and its free parameters with their standard deviations."""
    model, determined = fit.model, _differs_from_no_bosons(fit)
    samples = fit.sample(setting.rng, setting.n_samples)
    free = samples[:, : model.n_free] - model.offsets[None, :]
    best = fit.unknowns[: model.n_free] - model.offsets
    nuisances = {
        name: (float(value), float(std))
        for name, value, std in zip(model.observable.free, best, np.std(free, axis=0), strict=True)
    }
    a2f, spectra = fit.a2f[:-1], samples[:, model.n_free :]
    if not determined:
        spectra = sample_prior(setting.rng, a2f.size, setting.n_samples)
        a2f = np.mean(spectra, axis=0)
    a2f, spectra = np.append(a2f, 0.0), np.pad(spectra, ((0, 0), (0, 1)))
    sizes = fit.factor * np.concatenate([errors.sizes for errors in fit.errors])
    return Inversion(
        omega=model.omega,
        a2f=a2f,
        a2f_std=np.std(spectra, axis=0),
        samples=spectra,
        mu_star=setting.mu_star,
        mu_star_std=0.0,
        mu_star_samples=np.full(setting.n_samples, setting.mu_star),
        parameters=Parameters(mu_star=setting.mu_star, broadening=0.0),
        parameter_samples={},
        tests=None,
        values=fit.values,
        noise=float(np.sqrt(np.mean(sizes**2))),
        noise_known=fit.known,
        chi2=float(np.mean(fit.chi2)),
        n_resolved=fit.best.problem.n_resolved(fit.prior) if determined else 0,
        unseen_below=0.0,
        determined=determined,
        converged=bool(np.all(np.isfinite(fit.values))),
        n_jacobians=1,
        conditions=dataclasses.replace(setting.conditions, omega_max=fit.omega_max),
        end_known=setting.end_known,
        last_energy=float(np.max(np.abs(model.energies))),
    ), nuisances


def _differs_from_no_bosons(fit: LinearFit) -> bool:
    r"""Whether $\chi^2$ without a2F exceeds that of the fit by more than the number of resolved components explains."""
    free = whiten(fit.errors, fit.model.matrix[:, : fit.model.n_free])
    data = whiten(fit.errors, fit.measured - fit.model.baseline)
    without = data - free @ np.linalg.lstsq(free, data, rcond=None)[0] if fit.model.n_free else data
    gain = float(np.sum(without**2)) / fit.factor**2 - float(np.sum(fit.chi2)) * len(fit.model.energies)
    n = max(1, fit.best.problem.n_resolved(fit.prior))
    return bool(np.any(fit.measured)) and gain > n + NORMAL_STATE_DEVIATIONS * math.sqrt(2 * n)
