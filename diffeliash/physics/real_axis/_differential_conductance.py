r"""The differential conductance of a junction between a superconductor and a normal metal.

$$ \frac{(dI/dV)_S}{(dI/dV)_N}(V) = \int \frac{N(E)}{N_F}\,K(E - eV)\,\mathrm{d}E, \qquad
   K(x) = \int_{-1}^{1} \frac{2}{\pi}\sqrt{1-s^2}\;k(x - \sqrt2\,v s)\,\mathrm{d}s, \qquad
   k(x) = -f'(x) = \frac{1}{4k_BT}\,\mathrm{sech}^2\frac{x}{2k_BT} $$

$f$ is the Fermi function of the normal metal, and $v$ the rms amplitude of the bias modulation of a lock-in amplifier,
which measures the first harmonic of the current (E. L. Wolf, Principles of Electron Tunneling Spectroscopy, Oxford
University Press, 2nd ed. 2012; J. Klein et al., Phys. Rev. B 7, 2336 (1973), doi:10.1103/PhysRevB.7.2336). The integral
over $s$ is a Gauss rule, and the one over $E$ a rule that is exact to rounding because both factors are analytic: $k$
within $\pi k_BT$ of the real axis, $N$ within the broadening.
"""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._errors import InputError
from ...units import BOLTZMANN
from ..numerics import is_concrete, numpy_if_concrete, refuse, require_x64
from ._continue_gap import RealAxisGap

ACCURACY = 1e-9
"""Relative error of the Gauss rule over the modulation."""

MOST_MODULATION_POINTS = 400
"""Largest number of points of that rule."""

TRACED_MODULATION_POINTS = 64
"""Number of its points where the temperature or the modulation is traced."""

KERNEL_REACH = 25.0
"""Range of the thermal kernel [k_B T]; beyond it is below 1e-10."""

TRACED_NODES, MOST_NODES = 24, 400
"""Points of the Gauss-Legendre rule between two energies of a gap function: where they are traced, and at most."""

TRACED_ACCURACY = 1e-6
"""Where the numbers of points cannot be chosen, the conductance is NaN if its relative error may exceed this."""

TAIL_PARTS = 25
"""Number of intervals above the last energy."""

STENCIL = 6
"""Points of the polynomial that interpolates a gap function between its energies."""

PARALLEL_BIASES = 16
"""Number of bias energies that are computed together."""


class KernelDerivatives(NamedTuple):
    r"""A kernel $K(x)$ [1/meV] and its derivatives.

    Args:
        value: $K$ [1/meV].
        first: $K'$ [1/meV^2].
        by_modulation: $\partial K/\partial(v^2/2)$ [1/meV^3].
        by_temperature: $\partial K/\partial T$ [1/(meV K)].
    """

    value: Any
    first: Any
    by_modulation: Any
    by_temperature: Any


def thermal_kernel(x: Any, T: Any) -> Any:
    r"""$-f'(x)$ [1/meV] at energies [meV], real or complex, and a temperature [K]; NumPy or JAX."""
    xp = np if is_concrete(x, T) else jnp
    kT = BOLTZMANN * T
    small = xp.exp(xp.where(xp.real(x) < 0, x, -x) / kT)
    return small / (kT * (1 + small) ** 2)


def modulation_rule(n: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Points $\sqrt2\,s_i$ and weights of the Gauss rule for $\frac2\pi\int\sqrt{1-s^2}\,g\,\mathrm{d}s$."""
    angle = np.pi * np.arange(1, n + 1) / (n + 1)
    return math.sqrt(2) * np.cos(angle), 2 / (n + 1) * np.sin(angle) ** 2


def n_modulation_points(T: Any, modulation: Any, height: float = 0.0) -> int:
    r"""Number of points of the rule over the modulation: one without modulation.

    Args:
        T: Temperature [K].
        modulation: rms modulation [meV].
        height: Largest imaginary part of the energies [meV], which is below $\pi k_BT$.

    Raises:
        InputError: The modulation is far too large for the temperature.
    """
    if not is_concrete(T, modulation):
        return TRACED_MODULATION_POINTS
    T, modulation = float(T), float(modulation)
    if modulation == 0 or not T > 0:
        return 1
    strip = (math.pi * BOLTZMANN * T - height) / (math.sqrt(2) * modulation)
    n = math.ceil(math.log(1 / ACCURACY) / (2 * math.asinh(strip)))
    if n > MOST_MODULATION_POINTS:
        raise InputError(
            f"a modulation of {modulation:g} meV is too large for {T:g} K",
            why=f"k_B T is {BOLTZMANN * T:.3g} meV.",
            hint="Check the unit of the modulation: it is the rms amplitude in meV.",
        )
    return n


def kernel_derivatives(x: np.ndarray, T: float, modulation: float) -> KernelDerivatives:
    r"""The kernel $K$ and its derivatives at energies $x$ [meV], in NumPy.

    $$ \frac{\partial K}{\partial(v^2/2)} = \frac23\int_{-1}^{1} \frac{2}{\pi}(1-s^2)^{3/2}\;
       k''(x - \sqrt2\,v s)\,\mathrm{d}s, $$

    from $-\sqrt2\,s\,k'/v$ by an integration by parts; without modulation it is half of $k''$.

    Args:
        x: $E - eV$ [meV], real or complex with an imaginary part below $\pi k_BT$.
        T: Temperature [K].
        modulation: rms modulation [meV].
    """
    kT, total, height = BOLTZMANN * T, None, float(np.max(np.abs(np.imag(x))))
    points, weights = modulation_rule(max(2, n_modulation_points(T, modulation, height)))  # 1 - s^2 needs two
    for point, weight in zip(points, weights, strict=True):
        y = x - modulation * point
        k, t = thermal_kernel(y, T), np.tanh(y / (2 * kT))
        first, second = -k * t / kT, k * (3 * t**2 - 1) / (2 * kT**2)
        by_modulation = 2 / 3 * (1 - point**2 / 2) * second
        parts = np.stack([k, first, by_modulation, -(k + y * first) / T]) * weight
        total = parts if total is None else total + parts
    assert total is not None
    return KernelDerivatives(*total)


def differential_conductance(real: RealAxisGap, T: Any, modulation: Any = 0.0) -> Float[Array, " freq"]:
    r"""The differential conductance of a junction to a normal metal, relative to that of the normal state.

    $$ G(V) = \int \frac{N(E)}{N_F}\,K(E - eV)\,\mathrm{d}E $$

    $K$ is $-f'$, the derivative of the Fermi function at the temperature `T`, averaged over the modulation of a lock-in
    amplifier with the weight $\frac{2}{\pi}\sqrt{1-s^2}$, $s \in [-1, 1]$, of a shift by $\sqrt2\,v s$. Between its
    energies $\Delta$ is interpolated by polynomials, from which $N$ follows exactly; above the last one it is constant.
    The energies must be close enough to resolve $\Delta(\omega + i\Gamma)$. Differentiable with respect to everything,
    and can be batched with `jax.vmap`.

    Args:
        real: Gap function at ascending energies from zero or near zero on, not negative; result of `continue_gap`.
        T: Temperature of the normal metal [K].
        modulation: rms amplitude $v$ of the bias modulation [meV] (peak amplitude over $\sqrt2$).

    Returns:
        $(dI/dV)_S/(dI/dV)_N$ at the bias energies $eV$ = `real.omega`, dimensionless, shape `(freq,)`. NaN if
        temperature, modulation or energies are traced and the integrals, whose numbers of points are then fixed, are
        less exact than 1e-6: $k_BT$ or the broadening far below the distance of the energies, or $k_BT$ far below the
        modulation.

    Raises:
        InputError: A concrete temperature is not positive, a modulation negative or far too large for the temperature,
            or the energies are negative, do not increase, or are too far apart for the temperature.
        RuntimeError: JAX is not in 64-bit mode.

    Source: E. L. Wolf, Principles of Electron Tunneling Spectroscopy (Oxford University Press, 2nd ed. 2012).
    """
    require_x64()
    refuse(_check(real, T, modulation))
    T, modulation = jnp.asarray(T, dtype=jnp.float64), jnp.asarray(modulation, dtype=jnp.float64)
    return _compiled(real, (T, modulation), _n_nodes(real, T), n_modulation_points(T, modulation))


@eqx.filter_jit
def _compiled(
    real: RealAxisGap, numbers: tuple[Float[Array, ""], Float[Array, ""]], n_nodes: int, n_points: int
) -> Float[Array, " freq"]:
    T, modulation = numbers
    strip = math.pi * BOLTZMANN * T
    widest = jnp.max(jnp.diff(real.omega, prepend=0.0))
    error = _rule_error(n_nodes, 2 * jnp.minimum(strip, real.broadening) / widest)
    error += jnp.where(modulation > 0, _rule_error(n_points, strip / (math.sqrt(2) * modulation)), 0.0)
    points, weights = (jnp.asarray(each) for each in modulation_rule(n_points))
    energies, widths = _quadrature(real.omega, BOLTZMANN * T, math.sqrt(2) * modulation, n_nodes)
    dos = widths * _density_of_states(real, energies)

    def at(bias: Float[Array, ""]) -> Float[Array, ""]:
        x = jnp.stack([energies - bias, energies + bias])[None, :, :] - modulation * points[:, None, None]
        return jnp.sum(weights[:, None, None] * thermal_kernel(x, T) * dos[None, None, :])

    return jnp.where(error < TRACED_ACCURACY, jax.lax.map(at, real.omega, batch_size=PARALLEL_BIASES), jnp.nan)


def _rule_error(n: int, strip: Float[Array, ""]) -> Float[Array, ""]:
    """The relative error of a Gauss rule of `n` points, for singularities at `strip` in units of half its interval."""
    return jnp.exp(-2 * n * jnp.arcsinh(jax.lax.stop_gradient(strip)))


def _check(real: RealAxisGap, T: Any, modulation: Any) -> list[str]:
    bad, omega = [], numpy_if_concrete(real.omega)
    if is_concrete(T) and not (np.ndim(T) == 0 and 0 < float(T) < math.inf):
        bad.append(f"`T` must be one positive temperature [K], got {T}")
    if is_concrete(modulation) and not (np.ndim(modulation) == 0 and 0 <= float(modulation) < math.inf):
        bad.append(f"`modulation` must be one rms amplitude [meV] that is not negative, got {modulation}")
    if omega.ndim != 1 or omega.size <= STENCIL:
        bad.append(f"`real` must be one gap function at more than {STENCIL} energies; batch with jax.vmap")
    elif is_concrete(omega) and (np.any(np.diff(omega) <= 0) or omega[0] < 0):
        bad.append("`real.omega` must be ascending energies that are not negative: dI/dV is even in the bias")
    return bad


def _n_nodes(real: RealAxisGap, T: Any) -> int:
    """Number of points of the Gauss-Legendre rule between two energies, for the distance of the nearest singularity."""
    if not is_concrete(real.omega, real.broadening, T):
        return TRACED_NODES
    strip = min(float(real.broadening), math.pi * BOLTZMANN * float(T))
    widest = float(np.max(np.diff(real.omega, prepend=0.0)))
    needed = math.log(1 / ACCURACY) / (2 * math.asinh(2 * strip / widest)) if strip > 0 else math.inf
    if needed > MOST_NODES:
        raise InputError(
            f"energies up to {widest:.3g} meV apart are too coarse for a conductance at {float(T):g} K",
            why=f"k_B T is {BOLTZMANN * float(T):.3g} meV, the broadening {float(real.broadening):.3g} meV.",
            hint="Continue the gap function at energies that are closer to each other.",
        )
    return max(2, math.ceil(needed))


def _quadrature(
    omega: Float[Array, " freq"], kT: Float[Array, ""], amplitude: Float[Array, ""], n_nodes: int
) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Energies [meV] between those of a gap function and above the last one, and the weights of an integral."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    above = omega[-1] + (KERNEL_REACH * kT + 2 * amplitude) * jnp.linspace(0.0, 1.0, TAIL_PARTS + 1)
    edges = jnp.concatenate([jnp.zeros(1), omega, above[1:]])
    half, middle = jnp.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    energies = middle[:, None] + half[:, None] * nodes[None, :]
    return energies.reshape(-1), (half[:, None] * weights[None, :]).reshape(-1)


def _density_of_states(real: RealAxisGap, energies: Float[Array, " node"]) -> Float[Array, " node"]:
    """The density of states from the gap function, interpolated by polynomials and constant above its last energy."""
    omega, Delta = real.omega, real.Delta
    # an energy of zero is its own mirror image
    mirrored = [
        jnp.where(omega[0] == 0, values[STENCIL:0:-1], values[STENCIL - 1 :: -1])
        for values in (-omega, jnp.conj(Delta))
    ]
    omega, Delta = jnp.concatenate([mirrored[0], omega]), jnp.concatenate([mirrored[1], Delta])
    inside = jnp.minimum(energies, omega[-1])
    first = jnp.clip(jnp.searchsorted(omega, inside) - STENCIL // 2, 0, omega.size - STENCIL)
    index = first[:, None] + np.arange(STENCIL)[None, :]
    at, values = omega[index], Delta[index]
    weights = []
    for i in range(STENCIL):
        others = np.delete(np.arange(STENCIL), i)
        weights.append(jnp.prod((inside[:, None] - at[:, others]) / (at[:, i, None] - at[:, others]), axis=1))
    interpolated = jnp.sum(jnp.stack(weights, axis=1) * values, axis=1)
    return real.average.density_of_states(energies + 1j * real.broadening, interpolated)
