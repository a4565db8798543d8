r"""What a measurement can see of a spectral function: how many of its numbers, and how sharply each energy.

Near a spectral function $x$ the measured numbers are $F(x) + A\,\delta x$. With errors $\sigma$ and the prior of
`_prior`, of strength $s$, the most probable function is

$$ \hat x = K x + \ldots, \qquad K = (A^TA/\sigma^2 + s\,C^TC)^{-1} A^TA/\sigma^2 . $$

A row of $K$ is an averaging kernel (G. Backus and F. Gilbert, Geophys. J. R. Astron. Soc. 16, 169 (1968),
doi:10.1111/j.1365-246X.1968.tb00216.x): what is answered at one energy is the true function, averaged with it.
"""

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular

from .._errors import InputError
from ..physics import Spectrum, default_broadening, require_x64
from .refinement import (
    RANGE,
    AbstractObservable,
    ComplexGap,
    choose_conditions,
    choose_n_points,
    forward_model,
    likeliest_prior,
    linear_problem,
)

RTOL = 1e-6
"""Of the solution, relative."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Resolution:
    r"""What a measurement can see of a spectral function.

    Args:
        omega: Energies [meV].
        singular_values: Of $A/\sigma$, descending: numbers of the spectral function in units of their errors, with no
            prior.
        kernels: $K$: row $i$ times $\alpha^2F$ is what is answered at `omega[i]`.
        widths: Full width at half maximum of the kernels [meV].
        std: Standard deviation of a2F, were negative values allowed.
        n_resolved: Numbers that the measurement fixes better than the prior.
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
    r"""How well a measurement with errors would resolve the spectral function of a material.

    Args:
        spectrum: The spectral function.
        T: Temperature [K].
        noise: Standard deviation of every measured number, in the unit of what is measured.
        broadening: $\Gamma$ [meV]; as in `continue_gap` if `None`.
        energies: At which something is measured [meV]; if `None`, half a broadening apart and up to 3.5 times the end
            of the spectrum.
        observable: What is measured.
        mu_star: Coulomb pseudopotential.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        n_points: Points of a2F, as in `invert`.

    Raises:
        InputError: A value out of its range, or a material that is normal at this temperature.
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
    n_points = choose_n_points(conditions) if n_points is None else n_points
    if energies is None:
        energies = np.linspace(0.0, RANGE * end, 1 + round(RANGE * n_points))
    energies = np.ascontiguousarray(energies, dtype=float)
    forward = forward_model(conditions, n_points, energies.tobytes(), observable, RTOL)
    a2f = np.interp(forward.omega[:-1], spectrum.omega, spectrum.a2f)
    if not forward.values_at(mu_star, a2f)[1]:
        raise InputError(f"there is no gap at {T:g} K to resolve anything with.")
    A = forward.jacobian_at(mu_star, a2f)[:, 1:] / noise
    Q, R = np.linalg.qr(A)
    problem = linear_problem((Q, R), A @ a2f, n_free=0, known=True)
    prior = likeliest_prior(a2f)
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
    """Full widths at half maximum, straight lines between points."""
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
