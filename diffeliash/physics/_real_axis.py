"""The gap function, renormalization and density of states at real energies."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..units import BOLTZMANN
from ._checks import is_concrete, refuse, require_x64
from ._implicit import attach_root
from ._matsubara import FullMatsubara
from ._pade import Pade, continue_values
from ._root_finders import Newton
from ._solve import GapSolution, solve_gap
from ._spectrum import Spectrum

SMALLEST_SAMPLE = 64
"""Frequencies to which a shorter solution is filled up."""


class RealAxisGap(eqx.Module):
    r"""Gap function, renormalization and density of states on the line $\omega + i\Gamma$.

    Args:
        omega: Energies $\omega$ [meV].
        Delta: Gap function $\Delta(\omega + i\Gamma)$ [meV].
        Z: Renormalization $Z(\omega + i\Gamma)$, dimensionless.
        dos: Density of states over that of the normal state,
            $\mathrm{Re}[z/\sqrt{z^2 - \Delta^2}]$ with $z = \omega + i\Gamma$.
        broadening: $\Gamma$ [meV].
        discrepancy: Largest $|\Delta - \phi/Z|$ over the energies, relative to the largest $|\Delta|$, with
            $\phi$ continued on its own: the paper's acceptance test. NaN in the normal state.
    """

    omega: Float[Array, " freq"]
    Delta: Complex[Array, " freq"]
    Z: Complex[Array, " freq"]
    dos: Float[Array, " freq"]
    broadening: Float[Array, ""]
    discrepancy: Float[Array, ""]


def default_broadening(T: Any, omega_max: Any) -> Any:
    r"""A third of $\pi k_BT$, at most a hundredth of the last grid point [meV]."""
    return jnp.minimum(jnp.pi * BOLTZMANN * T / 3, omega_max / 100)


def continue_gap(
    sol: GapSolution, spectrum: Spectrum, omega: Any, *, broadening: Any = None, method: Pade = Pade()
) -> RealAxisGap:
    r"""Continue a solution from the Matsubara frequencies to the line $\omega + i\Gamma$.

    A solution on a compressed set is solved again on the full set first: Pade needs its values to rounding.

    Args:
        sol: Solution on the imaginary axis.
        spectrum: The spectral function it belongs to.
        omega: Real energies [meV].
        broadening: $\Gamma$ [meV], not negative; by default a third of $\pi k_BT$, at most a hundredth of the last
            grid point of the spectrum.
        method: How to continue.

    Raises:
        InputError: A concrete broadening that is negative, or energies that are not finite.
    """
    require_x64()
    broadening = default_broadening(sol.T, spectrum.omega_max) if broadening is None else broadening
    refuse(_check_line(omega, broadening))
    return _continue_gap(
        _samples(sol), jnp.asarray(omega, dtype=jnp.float64), jnp.asarray(broadening, dtype=jnp.float64), method
    )


Samples = tuple[Float[Array, " matsubara"], Float[Array, " matsubara"], Float[Array, " matsubara"]]


def _samples(sol: GapSolution) -> Samples:
    r"""$\omega_n$, $\Delta$ and $Z$ at all frequencies; where that is free, zeros are added to a power of two.

    The zeros give coefficients of zero and change nothing, but solutions at many temperatures share a program.
    """
    sol = _on_full_set(sol)
    values = (sol.omega_n, sol.Delta, sol.Z)
    if not is_concrete(*values):
        return values
    n = sol.omega_n.size
    more = max(SMALLEST_SAMPLE, 2 ** (n - 1).bit_length()) - n
    beyond = sol.omega_n[0] * (2 * jnp.arange(n, n + more) + 1)
    return jnp.append(sol.omega_n, beyond), jnp.pad(sol.Delta, (0, more)), jnp.pad(sol.Z, (0, more))


def _on_full_set(sol: GapSolution) -> GapSolution:
    """The same solution to rounding: an N-point Pade approximant amplifies any error of its input beyond measure."""
    if isinstance(sol.frequencies, FullMatsubara):
        return sol
    return solve_gap(
        sol.spectrum, sol.T, mu_star=sol.mu_star, omega_c=sol.omega_c, matsubara_cutoff=sol.matsubara_cutoff,
        frequencies=FullMatsubara(sol.frequencies.n), solver=Newton(), cutoff=sol.cutoff, z_sum=sol.z_sum,
    )  # fmt: skip


def _check_line(omega: Any, broadening: Any) -> list[str]:
    bad = []
    if is_concrete(omega) and not (np.ndim(omega) == 1 and np.all(np.isfinite(np.asarray(omega)))):
        bad.append("`omega` must be a one-dimensional array of finite energies [meV]")
    if is_concrete(broadening) and not (np.isfinite(broadening) and broadening >= 0):
        bad.append(f"`broadening` must be finite and not negative [meV], got {float(broadening):g}")
    return bad


@eqx.filter_jit
def _continue_gap(
    samples: Samples, omega: Float[Array, " freq"], broadening: Float[Array, ""], method: Pade
) -> RealAxisGap:
    z = omega + 1j * broadening
    omega_n, Delta_n, Z_n = samples
    Delta, Z, phi = (continue_values(omega_n, values, z, method) for values in (Delta_n, Z_n, Z_n * Delta_n))
    largest = jnp.max(jnp.abs(Delta))
    bound = largest > 0
    discrepancy = jnp.max(jnp.abs(Delta - phi / Z)) / jnp.where(bound, largest, 1.0)
    return RealAxisGap(omega, Delta, Z, density_of_states(z, Delta), broadening, jnp.where(bound, discrepancy, jnp.nan))


def density_of_states(z: Complex[Array, " freq"], Delta: Complex[Array, " freq"]) -> Float[Array, " freq"]:
    r"""$N(\omega)/N_F = \mathrm{Re}\,[z/\sqrt{z^2-\Delta^2}] = \mathrm{Re}\,[1-(\Delta/z)^2]^{-1/2}$, principal root.

    Args:
        z: Energies $\omega + i\Gamma$ [meV].
        Delta: Gap function there [meV].
    """
    at_zero = z == 0
    ratio = jnp.where(at_zero, 0.0, Delta / jnp.where(at_zero, 1.0, z))
    gapped = at_zero & (Delta != 0)
    return jnp.where(gapped, 0.0, jnp.real(1 / jnp.sqrt(1 - ratio**2)))


def gap_edge(sol: GapSolution, spectrum: Spectrum, *, method: Pade = Pade()) -> Float[Array, ""]:
    r"""Gap edge $\Delta_0 = \mathrm{Re}\,\Delta(\omega = \Delta_0)$ in the limit $\Gamma \to 0$ [meV].

    Searched between half of and twice $\Delta(i\omega_0)$; NaN in the normal state and where there is no such
    energy. With the Pade continuation it is good to about 1e-6 at low temperature.

    Args:
        sol: Solution on the imaginary axis.
        spectrum: The spectral function it belongs to.
        method: How to continue.
    """
    require_x64()
    del spectrum
    return _gap_edge(_samples(sol)[:2], method)


Rooted = tuple[tuple[Float[Array, " matsubara"], Float[Array, " matsubara"]], Pade]


def _excess(inputs: Rooted, omega: Float[Array, ""]) -> Float[Array, ""]:
    (omega_n, Delta), method = inputs
    return jnp.real(continue_values(omega_n, Delta, omega[None] + 0j, method))[0] - omega


def _excess_slope(inputs: Rooted, omega: Float[Array, ""]) -> Float[Array, ""]:
    _, slope = jax.jvp(lambda x: _excess(inputs, x), (omega,), (jnp.ones(()),))
    return jnp.where(slope == 0, -1.0, slope)


@eqx.filter_jit
def _gap_edge(values: tuple[Float[Array, " matsubara"], Float[Array, " matsubara"]], method: Pade) -> Float[Array, ""]:
    inputs = (values, method)
    frozen = jax.lax.stop_gradient(inputs)
    start = frozen[0][1][0]

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        inside = _excess(frozen, middle) > 0
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    low, high = start / 2, start * 2
    found = (start > 0) & (_excess(frozen, low) > 0) & (_excess(frozen, high) < 0)
    low, _ = jax.lax.fori_loop(0, 52, halve, (low, high))
    edge = attach_root(_excess, _excess_slope, inputs, jnp.where(found, low, 1.0))
    return jnp.where(found, edge, jnp.nan)
