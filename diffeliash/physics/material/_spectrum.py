"""The electron-boson spectral function of one material and its moments."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..numerics import is_concrete, refuse, require_x64
from ._averaged_propagators import IsotropicAverage
from ._material import AbstractMaterial


class Spectrum(AbstractMaterial):
    r"""Electron-boson (Eliashberg) spectral function $\alpha^2F(\omega)$ of one material.

    Integrals over $\alpha^2F$ use the trapezoidal rule on the given points, with the point $(0, 0)$ prepended and no
    weight above the last point. These sums define the problem that is solved; `RealAxisGap.sampling_error` estimates
    how far the result would change if $\alpha^2F$ were linear between its points.

    Args:
        omega: Boson energies [meV], strictly increasing, not negative. Shape `(freq,)`, at least 2.
        a2f: $\alpha^2F$ at these energies, dimensionless. Shape `(freq,)`. Negative values, as a network
            may predict them, are used unchanged.

    Raises:
        InputError: The shapes do not match, or a concrete grid or spectrum is not finite, or a concrete grid is
            negative or does not increase.
        RuntimeError: JAX is not in 64-bit mode, here or when a property is read.

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
        r"""The spectrum itself, as the same $\alpha^2F$ acts in the equations of $Z$ and $\phi$."""
        return (self,)

    @property
    def average(self) -> IsotropicAverage:
        """The average of the isotropic theory."""
        return IsotropicAverage()

    def zeroed_unless(self, usable: Bool[Array, ""]) -> "Spectrum":
        """The spectrum itself if it is usable, else a vanishing one on a finite grid."""
        grid, steps = jnp.asarray(self.omega), jnp.arange(1.0, self.omega.size + 1)
        omega = jnp.where(jnp.all(jnp.isfinite(grid)), grid, steps)
        return Spectrum(omega, jnp.where(usable, self.a2f, 0.0))

    @property
    def omega_max(self) -> Float[Array, ""] | float:
        """The last grid point [meV], even where the spectrum vanishes below it."""
        require_x64()
        return self.omega[-1]

    @property
    def weights(self) -> Float[Array, " freq"]:
        """Weights [meV] of the trapezoidal rule on the grid, for integrands that vanish at the origin."""
        require_x64()
        steps = jnp.diff(self.omega, prepend=jnp.zeros(1))
        return (steps + jnp.append(steps[1:], 0.0)) / 2

    def integrate(self, integrand: Float[Array | np.ndarray, " freq"]) -> Float[Array, ""]:
        """Integral over energy of a function that vanishes at the origin [unit of the integrand times meV].

        Args:
            integrand: Its values on the grid. Shape `(freq,)`.
        """
        return self.weights @ jnp.asarray(integrand)

    @property
    def lambda_ep(self) -> Float[Array, ""]:
        r"""Coupling constant $\lambda = 2\int_0^\infty \alpha^2F(\omega)/\omega\,\mathrm{d}\omega$, dimensionless."""
        return self.integrate(2 * self.over_omega())

    @property
    def omega_log(self) -> Float[Array, ""]:
        r"""Logarithmic average frequency $\exp[\frac2\lambda\int\frac{\alpha^2F}{\omega}\ln\omega\,d\omega]$ [meV]."""
        require_x64()
        log_omega = jnp.log(jnp.where(self.omega > 0, self.omega, 1.0))
        return jnp.exp(self.integrate(2 * self.over_omega() * log_omega) / self._safe_lambda())

    @property
    def omega_2(self) -> Float[Array, ""]:
        r"""Root-mean-square frequency $[\frac2\lambda\int\alpha^2F\,\omega\,\mathrm{d}\omega]^{1/2}$ [meV].

        It is zero where the integral is not positive.
        """
        require_x64()
        moment = self.integrate(2 * jnp.asarray(self.a2f) * self.omega)
        positive = moment > 0  # the root has no derivative at zero
        return jnp.where(positive, jnp.sqrt(jnp.where(positive, moment, 1.0) / self._safe_lambda()), 0.0)

    def over_omega(self) -> Float[Array, " freq"]:
        r"""$\alpha^2F/\omega$ on the grid [1/meV], zero at the origin."""
        require_x64()
        positive = self.omega > 0
        return jnp.where(positive, self.a2f, 0.0) / jnp.where(positive, self.omega, 1.0)

    def _safe_lambda(self) -> Float[Array, ""]:
        return jnp.where(self.lambda_ep > 0, self.lambda_ep, 1.0)


def coupling_constant(omega: Float[np.ndarray, " freq"], a2f: Float[np.ndarray, " freq"]) -> float:
    """`Spectrum.lambda_ep` of concrete arrays, by the same rule in NumPy; infinite where it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        over_omega = a2f / np.where(omega > 0, omega, np.inf)
        return float(np.trapezoid(np.append(0.0, 2 * over_omega), np.append(0.0, omega)))


def as_float64(values: Any) -> Any:
    """Cast to float64, a JAX array to a JAX array and anything else to a NumPy array.

    NumPy arrays remain concrete while tracing, which is necessary as array sizes may depend on them.
    """
    if isinstance(values, jax.Array):
        return values.astype(jnp.float64)
    return np.asarray(values, dtype=np.float64)
