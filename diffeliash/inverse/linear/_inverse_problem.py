"""The temperature, cutoffs and grids of a linear inversion."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float
from scipy.interpolate import make_interp_spline

from ..._errors import InputError
from ...physics import CompressedMatsubara, Line, SumLimits, require_x64
from ...units import BOLTZMANN

LINE_POINTS_PER_BROADENING = 2.0
r"""Points of the line for each broadening $\Gamma$: for smooth a2F, sums over them equal integrals to $e^{-4\pi}$."""

SPLINE_DEGREE = 5
"""Degree of the splines that interpolate a gap function."""

AVERAGES_RTOL = 1e-6
"""Relative tolerance of the compressed Matsubara sums. The values that are summed come from Cauchy integrals over the
line, whose error is larger."""

SPACING_RTOL = 1e-6
"""Largest relative deviation of the energies of a uniform grid, in units of the spacing."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class InverseProblem:
    r"""Temperature, cutoffs and grids for the inversion of gap functions on a line $\omega + i\Gamma$.

    The spacing of the energies is a multiple of the step of the line, and the boson energies $\Omega$ are multiples of
    that step, so that $z \pm \Omega$ is a point of the line too. The line extends beyond the last energy of the gap
    function, which is taken as constant there: those values enter at lower energies only through the absorption of
    thermal bosons.

    Args:
        line: Points at which the equations need the gap function.
        stride: Steps of the line from one energy of the gap function to the next.
        n_energies: Number of energies of the gap function, from zero.
        omega: Boson energies at which a2F is computed [meV].
        ends: The limits, or ends, of the Matsubara sums: temperature [K], Coulomb cutoff and Matsubara cutoff [meV].
        mu_star: Coulomb pseudopotential at the Coulomb cutoff.
        frequencies: Compressed set of Matsubara frequencies.
        real_spline: Spline matrix from the real part of a gap function at its energies to the points of the line.
        imaginary_spline: The same for the imaginary part, which is odd in $\omega$.
    """

    line: Line
    stride: int
    n_energies: int
    omega: Float[np.ndarray, " boson"]
    ends: SumLimits
    mu_star: float
    frequencies: CompressedMatsubara
    real_spline: Float[np.ndarray, "inside real"]
    imaginary_spline: Float[np.ndarray, "inside real"]

    def on_line(self, Delta: Complex[Array, " real"]) -> Complex[Array, " inside"]:
        """Interpolate a gap function to the points of the line from zero to its last energy [meV]."""
        return jnp.asarray(self.real_spline) @ jnp.real(Delta) + 1j * (
            jnp.asarray(self.imaginary_spline) @ jnp.imag(Delta)
        )

    def spline_to(self, omega: Float[np.ndarray, " freq"]) -> Float[np.ndarray, "freq boson"]:
        """The matrix that interpolates a2F from the boson energies to others, by odd cubic splines; zero beyond."""
        n = self.omega.size
        step = self.omega[0]
        grid = step * np.arange(-n - 1, n + 2)
        at_positive = np.zeros((grid.size, n))  # column i: one at the i-th positive energy, zero at all others
        at_positive[n + 2 : 2 * n + 2] = np.eye(n)
        odd = at_positive - at_positive[::-1]
        matrix = make_interp_spline(grid, odd, k=3)(np.minimum(omega, grid[-1]))
        return np.where((omega < grid[-1])[:, None], matrix, 0.0)

    def averages_from(self, omega: Float[np.ndarray, " freq"]) -> Float[np.ndarray, "boson freq"]:
        r"""The matrix from a2F at given energies, linearly interpolated and zero at $\omega = 0$, to local averages.

        $$ \bar a_i = \frac{1}{h}\int
           \max\Big(0,\, 1 - \frac{|\Omega-\Omega_i|}{h}\Big)\,\alpha^2F(\Omega)\,\mathrm{d}\Omega $$

        with $h$ the spacing of the boson energies $\Omega_i$: every given energy contributes, also where many lie
        between two boson energies, and for smooth a2F the average is $\alpha^2F(\Omega_i)$ to second order in $h$.
        Simpson's rule makes the integrals exact.
        """
        step, nodes = self.omega[0], np.append(0.0, omega)
        grid = step * np.arange(self.omega.size + 2)
        points = np.unique(np.concatenate([grid, nodes[nodes < grid[-1]]]))
        left, right = points[:-1], points[1:]
        at = np.concatenate([left, (left + right) / 2, right])
        weights = np.concatenate([right - left, 4 * (right - left), right - left]) / (6 * step)
        around = np.stack([np.interp(at, grid, row) for row in np.eye(grid.size)[1:-1]])
        given = np.stack([np.interp(at, nodes, row, right=0) for row in np.eye(nodes.size)[1:]], axis=1)
        return (weights[None, :] * around) @ given


def pose_inverse_problem(
    omega: Float[np.ndarray, " real"],
    *,
    T: float,
    mu_star: float,
    omega_c: float,
    matsubara_cutoff: float,
    broadening: float,
    omega_max: float,
) -> InverseProblem:
    r"""Set up the grids for the inversion of gap functions at uniform energies from zero.

    Args:
        omega: Energies of the gap functions [meV].
        T: Temperature [K].
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: $\Gamma$ [meV], below $\pi k_BT$.
        omega_max: Energy at which a2F ends [meV].

    Raises:
        InputError: The energies are too few, not uniform from zero or end below `omega_max`, or the lowest Matsubara
            frequency lies below the line.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    omega = np.asarray(omega, dtype=float)
    _check_grid(omega, omega_max)
    if not 0 < broadening < math.pi * BOLTZMANN * T:
        raise InputError(
            f"a gap function {broadening:g} meV above the real axis cannot be inverted at {T:g} K",
            why=f"the lowest Matsubara frequency, {math.pi * BOLTZMANN * T:.4g} meV, must lie above the broadening.",
            hint="Use a smaller broadening.",
        )
    spacing = omega[-1] / (omega.size - 1)
    stride = max(1, math.ceil(LINE_POINTS_PER_BROADENING * spacing / broadening * (1 - SPACING_RTOL)))
    step = spacing / stride
    n_bosons = math.ceil(omega_max / step * (1 - SPACING_RTOL)) - 1
    inside = stride * (omega.size - 1)
    half = 4 * math.ceil((inside + n_bosons + 1) / 4)
    # half period, end of the solution, beginning of the taper and distance of the line, the fields of `Line` after `n`
    lengths = (half * step, inside * step, inside * step, broadening)
    mirrored = spacing * np.arange(1 - omega.size, omega.size)
    spline = make_interp_spline(mirrored, np.eye(mirrored.size), k=SPLINE_DEGREE)(step * np.arange(inside + 1))
    right, left = spline[:, omega.size - 1 :].copy(), spline[:, omega.size - 2 :: -1]
    real, imaginary = right.copy(), right.copy()
    real[:, 1:] += left
    imaginary[:, 1:] -= left
    ends = SumLimits(*(np.asarray(value, dtype=np.float64) for value in (T, omega_c, matsubara_cutoff)))
    frequencies = CompressedMatsubara(rtol=AVERAGES_RTOL).resolve(T, matsubara_cutoff, omega_max)
    assert isinstance(frequencies, CompressedMatsubara)
    with jax.ensure_compile_time_eval():  # concrete arrays even during tracing, because the problem is cached
        line = Line(2 * half, *(jnp.asarray(x, dtype=jnp.float64) for x in lengths))
    return InverseProblem(
        line=line,
        stride=stride,
        n_energies=omega.size,
        omega=step * np.arange(1, n_bosons + 1),
        ends=ends,
        mu_star=mu_star,
        frequencies=frequencies,
        real_spline=real,
        imaginary_spline=imaginary,
    )


def is_uniform_grid(omega: Float[np.ndarray, " real"]) -> bool:
    """Whether energies are uniform and begin at zero."""
    return bool(np.max(np.abs(omega - np.linspace(0, omega[-1], omega.size))) <= SPACING_RTOL * abs(omega[1]))


def _check_grid(omega: Float[np.ndarray, " real"], omega_max: float) -> None:
    least = SPLINE_DEGREE + 1
    if omega.size < least:
        raise InputError(f"a gap function at {omega.size} energies cannot be inverted: at least {least} are needed.")
    if not is_uniform_grid(omega):
        raise InputError(
            "the energies of a gap function for the linear inversion must be evenly spaced and begin at zero."
        )
    if omega[-1] < omega_max:
        raise InputError(
            f"a gap function up to {omega[-1]:g} meV cannot be inverted",
            why=f"a2F extends to {omega_max:g} meV, beyond its last energy.",
        )
