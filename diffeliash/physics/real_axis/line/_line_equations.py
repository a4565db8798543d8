r"""The Eliashberg equations of Marsiglio, Schossmann and Carbotte on the line $z = \omega + i\Gamma$.

With $G(z) = z/\sqrt{z^2-\Delta^2}$, $F(z) = \Delta/\sqrt{z^2-\Delta^2}$ and a2F taken as odd,

$$ z\,[Z(z) - 1] = i\pi \int\mathrm{d}\Omega\,\alpha^2F(\Omega)\Big\{[N(\Omega) + f(\Omega - z)]\,G(z-\Omega)
   - k_BT\sum_m \frac{\omega_m/R_m}{z-\Omega-i\omega_m}\Big\} $$
$$ \phi(z) = i\pi \int\mathrm{d}\Omega\,\alpha^2F(\Omega)\Big\{[N(\Omega) + f(\Omega - z)]\,F(z-\Omega)
   + i k_BT\sum_m \frac{\Delta_m/R_m}{z-\Omega-i\omega_m}\Big\}
   - \pi k_BT\mu^*\sum_{|\omega_m|<\omega_c} \frac{\Delta_m}{R_m} $$

F. Marsiglio, M. Schossmann and J. P. Carbotte, Phys. Rev. B 37, 4965 (1988), doi:10.1103/PhysRevB.37.4965, with
the Fermi factor at complex argument. As $f(\Omega-z) = 1 - f(z-\Omega)$ depends on $z - \Omega$ alone, each integral
is a sum of two convolutions, with $N + \frac12 = \frac12\coth(\Omega/2k_BT)$ and
$\frac12 - f = \frac12\tanh(z/2k_BT)$. The poles of the hyperbolic tangent are canceled by those of the Matsubara sum.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ....units import BOLTZMANN
from ...material import AbstractFermiSurfaceAverage
from ._line import Line, fourier_coefficients, from_fourier_coefficients, interpolate

TANH_SATURATION = 30.0
"""Argument above which the hyperbolic tangent is one to rounding."""


class LineEquations(eqx.Module):
    r"""The coefficients of the equations on a line for one material at one temperature.

    Functions that enter a convolution are multiplied with a taper, a factor that brings them smoothly to zero at the
    end of the line, so that they are periodic for the Fourier transforms. `tanh`, `poles_Z` and `poles_phi` contain it
    already; terms without one of these are multiplied with `taper`.

    Args:
        line: The line.
        z: The points of the line from zero on [meV].
        inverse_z: $1/z$ at these points [1/meV].
        taper: The taper, from one at zero to zero at the end of the line.
        tanh: $\frac12\tanh(z/2k_BT)$ times the taper.
        poles_Z: $k_BT\sum_m(\omega_m/R_m)/(z - i\omega_m)$ times the taper.
        poles_phi: $ik_BT\sum_m(\Delta_m/R_m)/(z - i\omega_m)$ times the taper.
        even: Fourier transform of $\alpha^2F\,(N + \frac12)$ along the line [meV], which is real, because this is an
            even function of $\Omega$. Its rows are the channels of the material: the first is that of the equation of
            $Z$, the last that of the equation of $\phi$, the same one if there is a single a2F.
        odd: Fourier transform of $\alpha^2F$ [meV], which is imaginary, because this is an odd function of $\Omega$; it
            is stored divided by $i$, as real numbers. Rows as in `even`.
        coulomb: $\pi k_BT\mu^*\sum_{|\omega_m|<\omega_c}\Delta_m/R_m$ [meV].
        average: The Fermi-surface average of the propagators.
    """

    line: Line
    z: Complex[Array, " line"]
    inverse_z: Complex[Array, " line"]
    taper: Float[Array, " line"]
    tanh: Complex[Array, " line"]
    poles_Z: Complex[Array, " line"]
    poles_phi: Complex[Array, " line"]
    even: Float[Array, "channel n"]
    odd: Float[Array, "channel n"]
    coulomb: Float[Array, ""]
    average: AbstractFermiSurfaceAverage

    def coarser(self, stride: int) -> "LineEquations":
        """The equations with every `stride`-th point of the line, and the wave numbers that belong to these."""
        n = self.line.n // stride
        half = n // 2
        # an odd function vanishes at the largest wave number
        n_channels, size = self.even.shape
        even = jnp.concatenate([self.even[:, : half + 1], self.even[:, size - half + 1 :]], axis=1)
        odd = [self.odd[:, :half], jnp.zeros((n_channels, 1)), self.odd[:, size - half + 1 :]]
        return LineEquations(
            line=self.line.coarser(stride),
            z=self.z[::stride],
            inverse_z=self.inverse_z[::stride],
            taper=self.taper[::stride],
            tanh=self.tanh[::stride],
            poles_Z=self.poles_Z[::stride],
            poles_phi=self.poles_phi[::stride],
            even=even,
            odd=jnp.concatenate(odd, axis=1),
            coulomb=self.coulomb,
            average=self.average,
        )


def fermi_tanh(z: Complex[Array, " line"], T: Float[Array, ""]) -> Complex[Array, " line"]:
    r"""$\frac12 - f(z) = \frac12\tanh(z/2k_BT)$ for $\mathrm{Re}\,z \ge 0$."""
    u = z / (2 * BOLTZMANN * T)
    far = jnp.real(u) > TANH_SATURATION
    return jnp.where(far, 0.5, 0.5 * jnp.tanh(jnp.where(far, 0.0, u)))


def self_energy_coefficients(equations: LineEquations, Delta: Complex[Array, " line"]) -> Float[Array, "2 n"]:
    r"""Fourier coefficients of $z(Z-1)/i\pi$ and of $\phi/\pi$ without its Coulomb part, for a given gap function."""
    G, F = equations.average.on_line(equations.inverse_z, Delta)
    normal = (equations.taper * (G - 1), 1j * (G * equations.tanh - equations.poles_Z))
    anomalous = (1j * equations.taper * F, F * equations.tanh + equations.poles_phi)
    G_even, G_odd, F_even, F_odd = fourier_coefficients(jnp.stack([*normal, *anomalous]), equations.line.n)
    from_Z = equations.even[0] * G_even + equations.odd[0] * G_odd
    from_Z = from_Z.at[0].add(equations.even[0, 0])  # the transform of 1, which was taken out of G
    return jnp.stack([from_Z, equations.even[-1] * F_even - equations.odd[-1] * F_odd])


def gap_and_renormalization(
    equations: LineEquations, z: Complex[Array, " freq"], convolved: Complex[Array, "2 #freq"]
) -> tuple[Complex[Array, " freq"], Complex[Array, " freq"]]:
    r"""$\Delta$ [meV] and $Z$ at points `z` [meV] from $z(Z-1)/i\pi$ and $\phi/\pi$ without its Coulomb part there."""
    Z = 1 + 1j * jnp.pi * convolved[0] / z
    return (jnp.pi * convolved[1] - equations.coulomb) / Z, Z


def gap_map(equations: LineEquations, Delta: Complex[Array, " line"]) -> Complex[Array, " line"]:
    r"""$\phi[\Delta]/Z[\Delta]$ on the line [meV]; the solution is its fixed point.

    Above `line.solved` $\phi$ and $z(Z-1)$ are kept constant, as they are at high energies.
    """
    line, z = equations.line, equations.z
    convolved = from_fourier_coefficients(self_energy_coefficients(equations, Delta))
    end = jax.lax.dynamic_slice_in_dim(convolved, line.last, 1, axis=1)
    solved, above = (gap_and_renormalization(equations, z, values)[0] for values in (convolved, end))
    return jnp.where(jnp.arange(z.size) <= line.last, solved, above)


def gap_between_points(
    equations: LineEquations, fine: Complex[Array, "2 fine"], omega: Float[Array, " freq"], broadening: Float[Array, ""]
) -> tuple[Complex[Array, " freq"], Complex[Array, " freq"]]:
    r"""$\Delta$ [meV] and $Z$ at energies $\omega + i\Gamma$ near the line, by interpolation of the self-energies.

    Args:
        equations: The equations on the line.
        fine: The self-energies of `gap_and_renormalization` at twice as many points as those of the line.
        omega: Energies [meV]; $\Delta(-\omega) = \Delta(\omega)^*$.
        broadening: $\Gamma$ [meV], equal or close to that of the line.
    """
    line = equations.line
    z = jnp.abs(omega) + 1j * broadening
    position = (z - 1j * line.broadening) / line.step * 2
    convolved = jnp.stack([interpolate(values, position) for values in fine])
    Delta, Z = gap_and_renormalization(equations, z, convolved)
    return jnp.where(omega < 0, jnp.conj(Delta), Delta), jnp.where(omega < 0, jnp.conj(Z), Z)
