"""What is known beside a gap function, and the grids on which it is inverted."""

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

DENSITY = 2.0
r"""Points of the line within a broadening: sums over them are integrals to $e^{-4\pi}$, for smooth a2F."""

DEGREE = 5
"""Of the splines through a gap function."""

AVERAGES_RTOL = 1e-6
"""Accuracy to which few Matsubara frequencies stand for all: far better than the integrals that give the values."""

EVEN = 1e-6
"""Energies whose distances differ by no more than this, relative, are evenly spaced."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class InverseProblem:
    r"""Temperature, cutoffs and grids that belong to a gap function given on a line $\omega + i\Gamma$.

    The line has a whole number of points between two energies of the gap function, and the bosons lie on its points,
    so that $z \pm \Omega$ does too. The line goes on beyond the gap function, which is taken as constant there: what
    it is matters to energies below by the absorption of thermal bosons only.

    Args:
        line: Points at which the equations need the gap function.
        stride: Points of the line from one energy of the gap function to the next.
        n_energies: Energies of the gap function, from zero on.
        omega: Boson energies at which a2F is found [meV].
        ends: Temperature and cutoffs.
        mu_star: Coulomb pseudopotential at the Coulomb cutoff.
        frequencies: Matsubara frequencies that stand for all.
        real_spline: From the real parts of a gap function at its energies to those on the line.
        imaginary_spline: The same for imaginary parts, which are odd.
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
        """A gap function at the points of the line from zero to its last energy [meV]."""
        return jnp.asarray(self.real_spline) @ jnp.real(Delta) + 1j * (
            jnp.asarray(self.imaginary_spline) @ jnp.imag(Delta)
        )

    def spline_to(self, omega: Float[np.ndarray, " freq"]) -> Float[np.ndarray, "freq boson"]:
        """The matrix from a2F at the bosons of the problem to other energies, by odd cubic splines; zero beyond."""
        n = self.omega.size
        step = self.omega[0]
        grid = step * np.arange(-n - 1, n + 2)
        ahead = np.zeros((grid.size, n))
        ahead[n + 2 : 2 * n + 2] = np.eye(n)
        matrix = make_interp_spline(grid, ahead - ahead[::-1], k=3)(np.minimum(omega, grid[-1]))
        return np.where((omega < grid[-1])[:, None], matrix, 0.0)

    def averages_from(self, omega: Float[np.ndarray, " freq"]) -> Float[np.ndarray, "boson freq"]:
        r"""The matrix from a2F at some energies, with straight lines between them and zero, to averages at the bosons.

        $$ \bar a_i = \frac{1}{h}\int
           \max\Big(0,\, 1 - \frac{|\Omega-\Omega_i|}{h}\Big)\,\alpha^2F(\Omega)\,\mathrm{d}\Omega $$

        with $h$ the distance of the bosons: every energy counts, also where there are many between two bosons, and
        for smooth a2F it is $\alpha^2F(\Omega_i)$ to second order in $h$. Exact, by Simpson's rule.
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
    r"""Lay out the grids for gap functions at evenly spaced energies from zero on.

    Args:
        omega: Energies of the gap functions [meV].
        T: Temperature [K].
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: $\Gamma$ [meV], below $\pi k_BT$.
        omega_max: Where a2F ends [meV].

    Raises:
        InputError: The energies are not as they must be, or the lowest Matsubara frequency lies below the line.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    omega = np.asarray(omega, dtype=float)
    _refuse_grid(omega, omega_max)
    if not 0 < broadening < math.pi * BOLTZMANN * T:
        raise InputError(
            f"a gap function {broadening:g} meV above the real axis cannot be inverted at {T:g} K",
            why=f"the lowest Matsubara frequency, {math.pi * BOLTZMANN * T:.4g} meV, must lie above it.",
        )
    spacing = omega[-1] / (omega.size - 1)
    stride = max(1, math.ceil(DENSITY * spacing / broadening * (1 - EVEN)))
    step = spacing / stride
    n_bosons = math.ceil(omega_max / step * (1 - EVEN)) - 1
    inside = stride * (omega.size - 1)
    half = 4 * math.ceil((inside + n_bosons + 1) / 4)
    numbers = (half * step, inside * step, inside * step, broadening)
    mirrored = spacing * np.arange(1 - omega.size, omega.size)
    spline = make_interp_spline(mirrored, np.eye(mirrored.size), k=DEGREE)(step * np.arange(inside + 1))
    right, left = spline[:, omega.size - 1 :].copy(), spline[:, omega.size - 2 :: -1]
    real, imaginary = right.copy(), right.copy()
    real[:, 1:] += left
    imaginary[:, 1:] -= left
    ends = SumLimits(*(np.asarray(value, dtype=np.float64) for value in (T, omega_c, matsubara_cutoff)))
    frequencies = CompressedMatsubara(rtol=AVERAGES_RTOL).resolve(T, matsubara_cutoff, omega_max)
    assert isinstance(frequencies, CompressedMatsubara)
    with jax.ensure_compile_time_eval():  # numbers, even in the middle of a compilation: a problem outlives that
        line = Line(2 * half, *(jnp.asarray(x, dtype=jnp.float64) for x in numbers))
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


def is_even(omega: Float[np.ndarray, " real"]) -> bool:
    """Whether energies are evenly spaced and begin at zero."""
    return bool(np.max(np.abs(omega - np.linspace(0, omega[-1], omega.size))) <= EVEN * abs(omega[1]))


def _refuse_grid(omega: Float[np.ndarray, " real"], omega_max: float) -> None:
    least = DEGREE + 1
    if omega.size < least:
        raise InputError(f"a gap function of {omega.size} energies cannot be inverted: {least} are the least.")
    if not is_even(omega):
        raise InputError("the energies of a gap function to be inverted must be evenly spaced and begin at zero.")
    if omega[-1] < omega_max:
        raise InputError(
            f"a gap function up to {omega[-1]:g} meV cannot be inverted", why=f"a2F goes on to {omega_max:g} meV."
        )
