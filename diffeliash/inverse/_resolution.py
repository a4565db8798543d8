r"""Resolution analysis of an inversion: singular values, averaging kernels and error bars of the linearized problem.

Near a spectral function $x$ the measured numbers are $F(x) + A\,\delta x$ with the Jacobian $A$. With errors $\sigma$
and the smoothness prior of strength $s$ (`inverse.nonlinear`), the most probable function is

$$ \hat x = K x + \ldots, \qquad K = (A^TA/\sigma^2 + s\,C^TC)^{-1} A^TA/\sigma^2 . $$

Row $i$ of the resolution matrix $K$ is an averaging kernel (G. Backus and F. Gilbert, Geophys. J. R. Astron. Soc. 16,
169 (1968), doi:10.1111/j.1365-246X.1968.tb00216.x): the estimate at the energy $\omega_i$ is the true function averaged
with it.
"""

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular

from .._errors import InputError
from ..physics import Spectrum, default_broadening, require_x64
from .nonlinear import (
    RANGE_RATIO,
    AbstractObservable,
    ComplexGap,
    choose_conditions,
    choose_n_points,
    forward_model,
    linear_problem,
    most_likely_prior,
)

RTOL = 1e-6
"""Relative tolerance of the solver."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Resolution:
    r"""The resolution of a spectral function by a measurement; the result of `resolution`.

    With $n$ points of a2F and $m$ measured numbers, $A$ is the Jacobian of these numbers with respect to a2F, shape
    (m, n), in their unit, $\sigma$ their standard deviation in the same unit, and $s|Cx|^2$ the smoothness prior of a
    function $x$, $|Cx|^2 = \omega_{\max}^3\int(x'' - \kappa^2x/\omega_{\max}^2)^2\,\mathrm{d}\Omega$, with the strength
    $s$ and the inverse correlation length $\kappa/\omega_{\max}$ under which the spectrum is most likely.

    Args:
        omega: Energies of a2F, without the last one, at which it is zero; shape (n,) [meV].
        singular_values: Singular values of $A/\sigma$, descending, dimensionless; shape (n,), or (m,) if $m < n$.
        kernels: Resolution matrix $K$, dimensionless, shape (n, n): row $i$ is the averaging kernel of the estimate at
            `omega[i]`, which is $\sum_j K_{ij}\,\alpha^2F(\omega_j)$ with the true a2F.
        widths: Full width at half maximum of each averaging kernel, shape (n,) [meV].
        std: Posterior standard deviation of a2F without the constraint $\alpha^2F \ge 0$, dimensionless; shape (n,).
        n_resolved: Number of independent combinations of the values of a2F that the data determine better than the
            prior does: singular values $\sigma_k$ of $AC^{-1}/\sigma$ with $\sigma_k^2 > s$.
    """

    omega: Float[np.ndarray, " freq"]
    singular_values: Float[np.ndarray, " freq"]
    kernels: Float[np.ndarray, "freq freq"]
    widths: Float[np.ndarray, " freq"]
    std: Float[np.ndarray, " freq"]
    n_resolved: int


def resolution(
    spectrum: Spectrum,
    T: float,
    *,
    noise: float,
    broadening: float | None = None,
    energies: Float[np.ndarray, " real"] | None = None,
    observable: AbstractObservable = ComplexGap(),
    mu_star: float = 0.1,
    omega_c: float | None = None,
    matsubara_cutoff: float | None = None,
    n_points: int | None = None,
) -> Resolution:
    r"""Compute how well a measurement with noise would resolve the spectral function of a material.

    The observable is linearized at the spectrum, $F(x + \delta x) = F(x) + A\,\delta x$, and the prior is the one under
    which the spectrum is most likely; the estimate is $\hat x = Kx$ with the averaging kernels of G. Backus and
    F. Gilbert, Geophys. J. R. Astron. Soc. 16, 169 (1968), doi:10.1111/j.1365-246X.1968.tb00216.x,

    $$ K = (A^TA/\sigma^2 + s\,C^TC)^{-1} A^TA/\sigma^2 . $$

    Args:
        spectrum: The spectral function.
        T: Temperature [K].
        noise: Standard deviation $\sigma$ of every measured number, in the unit of the observable.
        broadening: Distance $\Gamma$ of the line from the real axis [meV]; the default of `continue_gap` if `None`.
        energies: Energies of the measurement, shape (n,) [meV]; if `None`, from 0 to 3.5 times the end of the spectrum
            with the spacing of the points of a2F.
        observable: `ComplexGap()`, `RealGap()`, `GapModulus()`, `DensityOfStates()` or `DifferentialConductance()`; for
            the last, `energies` are bias energies.
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV], as in `invert`.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV], as in `invert`.
        n_points: Number of points of a2F, as in `invert`.

    Returns:
        Singular values, averaging kernels, their widths and error bars; see `Resolution`.

    Raises:
        InputError: A value is out of its range, or the material is normal at this temperature.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    end = float(spectrum.omega_max)
    if not 0 < noise < np.inf:
        raise InputError(f"`noise` must be positive and finite, got {noise:g}.")
    conditions = choose_conditions(
        T=T, broadening=float(default_broadening(T, end)) if broadening is None else broadening, omega_max=end,
        omega_c=omega_c, matsubara_cutoff=matsubara_cutoff, mu_star=mu_star,
    )  # fmt: skip
    n_points = choose_n_points(conditions, observable) if n_points is None else n_points
    if energies is None:
        energies = np.linspace(0.0, RANGE_RATIO * end, 1 + round(RANGE_RATIO * n_points))
    forward = forward_model(conditions, n_points, energies, observable, RTOL, mu_star=mu_star)
    a2f = np.interp(forward.omega[:-1], spectrum.omega, spectrum.a2f)
    if not forward.values_at(a2f)[1]:
        raise InputError(
            f"there is no gap at {T:g} K, so that nothing about a2F can be measured.",
            hint="Choose a lower temperature.",
        )
    A = forward.jacobian_at(a2f).unknowns / noise
    Q, R = np.linalg.qr(A)
    problem = linear_problem((Q, R), A @ a2f, n_free=0, known=True)
    prior = most_likely_prior(a2f)
    regularized = problem.with_prior(prior)
    half = solve_triangular(regularized.root, problem.triangle.T, trans=1)
    kernels = solve_triangular(regularized.root, half @ problem.triangle)
    return Resolution(
        omega=forward.omega[:-1],
        singular_values=np.linalg.svd(problem.triangle, compute_uv=False),
        kernels=kernels,
        widths=_widths(forward.omega[:-1], kernels),
        std=np.sqrt(np.sum(regularized.spread**2, axis=1)),
        n_resolved=problem.n_resolved(prior),
    )


def _widths(omega: Float[np.ndarray, " freq"], kernels: Float[np.ndarray, "freq freq"]) -> Float[np.ndarray, " freq"]:
    """Full widths at half maximum of the rows of a matrix, by linear interpolation between the points."""
    step, grid = omega[0], np.append(0.0, omega)
    fine = np.linspace(0.0, omega[-1] + step, 16 * (omega.size + 1) + 1)
    widths = np.empty(omega.size)
    for i, kernel in enumerate(kernels):
        values = np.interp(fine, np.append(grid, fine[-1]), np.concatenate([[0.0], kernel, [0.0]]))
        top = int(np.argmax(values))
        below = values < values[top] / 2
        left = np.flatnonzero(below[:top])
        right = np.flatnonzero(below[top:])
        first = left[-1] if left.size else 0
        last = top + right[0] if right.size else fine.size - 1
        widths[i] = fine[last] - fine[first]
    return widths
