"""The electron-boson spectral function of one material and its moments."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..numerics import is_concrete, refuse, require_x64
from ._local_average import IsotropicAverage
from ._material import AbstractMaterial


class Spectrum(AbstractMaterial):
    r"""Electron-boson (Eliashberg) spectral function $\alpha^2F(\omega)$ of one material.

    $\alpha^2F$ is piecewise linear between its points, zero at $\omega = 0$ and beyond the last point.
    Integrals use the trapezoidal rule on these points, with $(0, 0)$ put in front: all answers are exact for these
    sums. How far the straight lines would give something else, which only a finer grid could tell from a2F itself, is
    `RealAxisGap.sampling_error`.

    Args:
        omega: Boson energies [meV], strictly increasing, not negative. Shape `(freq,)`, at least 2.
        a2f: $\alpha^2F$ at these energies, dimensionless. Shape `(freq,)`. Negative values, as a network
            may predict them, are used as they stand.

    Raises:
        InputError: A concrete grid or spectrum that is not finite, or a grid that does not increase.
        RuntimeError: JAX is not in 64-bit mode, here or where a property is asked for.

    Single-precision input is cast to float64 here: this is the one cast between a network and the solver.
    """

    omega: Float[Array | np.ndarray, " freq"]
    a2f: Float[Array | np.ndarray, " freq"]

    def __init__(self, omega: Any, a2f: Any):
        require_x64()
        self.omega = as_float64(omega)
        self.a2f = as_float64(a2f)

    def __check_init__(self):
        bad = []
        if self.omega.ndim != 1 or self.omega.shape != self.a2f.shape or self.omega.size < 2:
            shapes = f"{self.omega.shape} and {self.a2f.shape}"
            bad.append(f"`omega` and `a2f` must be one-dimensional, of equal length >= 2, got shapes {shapes}")
        elif is_concrete(self.omega):
            omega = np.asarray(self.omega)
            if not (np.all(np.isfinite(omega)) and omega[0] >= 0 and np.all(np.diff(omega) > 0)):
                bad.append("`omega` must be finite, not negative and strictly increasing")
        if is_concrete(self.a2f) and not np.all(np.isfinite(np.asarray(self.a2f))):
            bad.append("`a2f` must be finite")
        refuse(bad)

    @property
    def channels(self) -> "tuple[Spectrum]":
        r"""The same a2F for $Z$ and for $\phi$: itself."""
        return (self,)

    @property
    def average(self) -> IsotropicAverage:
        """One gap for all electrons."""
        return IsotropicAverage()

    def without_bosons_unless(self, usable: Bool[Array, ""]) -> "Spectrum":
        """The spectrum itself, or one on a finite grid that vanishes where it is not usable."""
        grid, steps = jnp.asarray(self.omega), jnp.arange(1.0, self.omega.size + 1)
        omega = jnp.where(jnp.all(jnp.isfinite(grid)), grid, steps)
        return Spectrum(omega, jnp.where(usable, self.a2f, 0.0))

    @property
    def omega_max(self) -> Float[Array, ""] | float:
        """The last grid point [meV], whether or not the spectrum vanishes before it."""
        require_x64()
        return self.omega[-1]

    @property
    def weights(self) -> Float[Array, " freq"]:
        """Trapezoidal weights [meV] of the grid with a zero put at the origin."""
        require_x64()
        steps = jnp.diff(self.omega, prepend=jnp.zeros(1))
        return (steps + jnp.append(steps[1:], 0.0)) / 2

    def integrate(self, integrand: Float[Array | np.ndarray, " freq"]) -> Float[Array, ""]:
        """Integral over energy of values on the grid, zero at the origin [unit of the integrand times meV]."""
        return self.weights @ jnp.asarray(integrand)

    @property
    def lambda_ep(self) -> Float[Array, ""]:
        r"""Coupling constant $\lambda = 2\int_0^\infty \alpha^2F(\omega)/\omega\,\mathrm{d}\omega$."""
        return self.integrate(2 * self.over_omega())

    @property
    def omega_log(self) -> Float[Array, ""]:
        r"""Logarithmic average $\exp[\frac{2}{\lambda}\int\frac{\alpha^2F}{\omega}\ln\omega\,d\omega]$ [meV]."""
        require_x64()
        log_omega = jnp.log(jnp.where(self.omega > 0, self.omega, 1.0))
        return jnp.exp(self.integrate(2 * self.over_omega() * log_omega) / self._safe_lambda())

    @property
    def omega_2(self) -> Float[Array, ""]:
        r"""Root mean square $[\frac{2}{\lambda}\int \alpha^2F\,\omega\,\mathrm{d}\omega]^{1/2}$ [meV]."""
        require_x64()
        moment = self.integrate(2 * jnp.asarray(self.a2f) * self.omega)
        some = moment > 0  # the root has no derivative at zero
        return jnp.where(some, jnp.sqrt(jnp.where(some, moment, 1.0) / self._safe_lambda()), 0.0)

    def over_omega(self) -> Float[Array, " freq"]:
        r"""$\alpha^2F/\omega$ on the grid [1/meV], zero at the origin."""
        require_x64()
        positive = self.omega > 0
        return jnp.where(positive, self.a2f, 0.0) / jnp.where(positive, self.omega, 1.0)

    def _safe_lambda(self) -> Float[Array, ""]:
        return jnp.where(self.lambda_ep > 0, self.lambda_ep, 1.0)


def coupling_constant(omega: Float[np.ndarray, " freq"], a2f: Float[np.ndarray, " freq"]) -> float:
    """`Spectrum.lambda_ep` of known numbers, by the same rule in NumPy; infinite where it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        over_omega = a2f / np.where(omega > 0, omega, np.inf)
        return float(np.trapezoid(np.append(0.0, 2 * over_omega), np.append(0.0, omega)))


def as_float64(values: Any) -> Any:
    """NumPy stays NumPy: what is known while tracing must stay known, as shapes may depend on it."""
    if isinstance(values, jax.Array):
        return values.astype(jnp.float64)
    return np.asarray(values, dtype=np.float64)
