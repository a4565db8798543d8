"""Fermi-surface averages of the propagators at one frequency, on the imaginary axis and above the real axis."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ..numerics import inverse_root, require_x64

Averages = tuple[Float[Array, "*matsubara"], Float[Array, "*matsubara"]]
r"""The pair $1 - \langle\omega_m/R_m\rangle$ and $\langle\Delta_m/R_m\rangle$ that enters the sums over frequencies."""


class AbstractFermiSurfaceAverage(eqx.Module):
    r"""Fermi-surface average of the propagators at one frequency, as a function of the gap function there.

    On the imaginary axis $R_m = \sqrt{\omega_m^2+\Delta_m^2}$, at an energy $z$ above the real axis
    $s = \sqrt{z^2-\Delta^2}$. The average of $\Delta/R$ is weighted with the form factor of the pairing interaction,
    normalized so that it goes to $\Delta/\omega$ for a small gap function.
    """

    @abc.abstractmethod
    def averages(self, omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]) -> Averages:
        r"""$1 - \langle\omega_m/R_m\rangle$, without cancellation, and $\langle\Delta_m/R_m\rangle$; dimensionless."""

    @abc.abstractmethod
    def slopes(self, omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]) -> Averages:
        r"""Derivatives of both averages with respect to $\Delta_m$ [1/meV]."""

    @abc.abstractmethod
    def divided_by_R(
        self, x: Float[Array, "*#matsubara"], omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]
    ) -> Float[Array, "*matsubara"]:
        r"""$x\langle1/R_m\rangle$ for $x$ [meV]; for $x = \pi k_BT\lambda_0$ the zero-frequency boson term in $Z$."""

    @abc.abstractmethod
    def on_line(
        self, inverse_z: Complex[Array, "*line"], Delta: Complex[Array, "*line"]
    ) -> tuple[Complex[Array, "*line"], Complex[Array, "*line"]]:
        r"""$G = \langle z/s\rangle$ and $F = \langle\Delta/s\rangle$, given $1/z$ [1/meV], on the physical branch."""

    @abc.abstractmethod
    def density_of_states(self, z: Complex[Array, "*freq"], Delta: Complex[Array, "*freq"]) -> Float[Array, "*freq"]:
        r"""Density of states $N(\omega)/N_F = \mathrm{Re}\,G$, also where $z$ [meV] is zero."""


class IsotropicAverage(AbstractFermiSurfaceAverage):
    """The average in the isotropic theory: one gap for all electrons, and a constant density of states."""

    def averages(self, omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]) -> Averages:
        R = _quasiparticle_energy(omega_m, Delta)
        return Delta**2 / (R * (R + omega_m)), Delta / R

    def slopes(self, omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]) -> Averages:
        R = _quasiparticle_energy(omega_m, Delta)
        return omega_m * Delta / R**3, omega_m**2 / R**3

    def divided_by_R(
        self, x: Float[Array, "*#matsubara"], omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]
    ) -> Float[Array, "*matsubara"]:
        return x / _quasiparticle_energy(omega_m, Delta)

    def on_line(
        self, inverse_z: Complex[Array, "*line"], Delta: Complex[Array, "*line"]
    ) -> tuple[Complex[Array, "*line"], Complex[Array, "*line"]]:
        return propagators(inverse_z, Delta)

    def density_of_states(self, z: Complex[Array, "*freq"], Delta: Complex[Array, "*freq"]) -> Float[Array, "*freq"]:
        return density_of_states(z, Delta)


def _quasiparticle_energy(
    omega_m: Float[Array, "*matsubara"], Delta: Float[Array, "*matsubara"]
) -> Float[Array, "*matsubara"]:
    r"""$R_m = \sqrt{\omega_m^2 + \Delta_m^2}$ [meV]."""
    return jnp.sqrt(omega_m**2 + Delta**2)


def propagators(
    inverse_z: Complex[Array, "*line"], Delta: Complex[Array, "*line"]
) -> tuple[Complex[Array, "*line"], Complex[Array, "*line"]]:
    r"""$G = z/\sqrt{z^2-\Delta^2}$ and $F = \Delta/\sqrt{z^2-\Delta^2}$ on the physical branch.

    The root is $s = z\sqrt{1-(\Delta/z)^2}$ with the principal branch, equivalently $\mathrm{Im}(Zs) > 0$. For strong
    coupling another rule, such as $\mathrm{Im}\,s > 0$, makes the iteration converge to a wrong gap function.

    Args:
        inverse_z: $1/z$ [1/meV].
        Delta: Gap function at $z$ [meV].
    """
    ratio = Delta * inverse_z
    G = inverse_root(1 - ratio**2)
    return G, ratio * G


def density_of_states(z: Complex[Array, " freq"], Delta: Complex[Array, " freq"]) -> Float[Array, " freq"]:
    r"""Density of states of the superconductor over that of the normal state.

    $$ N(\omega)/N_F = \mathrm{Re}\,[z/\sqrt{z^2-\Delta^2}] = \mathrm{Re}\,[1-(\Delta/z)^2]^{-1/2} $$

    with the principal branch of the root.

    Args:
        z: Energies $\omega + i\Gamma$ [meV].
        Delta: Gap function there [meV].
    """
    require_x64()
    at_zero = z == 0
    ratio = jnp.where(at_zero, 0.0, Delta / jnp.where(at_zero, 1.0, z))
    gapped = at_zero & (Delta != 0)
    return jnp.where(gapped, 0.0, jnp.real(1 / jnp.sqrt(1 - ratio**2)))
