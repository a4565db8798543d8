"""Fermionic Matsubara frequencies: which ones the sums run over, and with what weights."""

import abc
import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._errors import InputError
from ..units import BOLTZMANN
from ._checks import is_concrete

ROUNDING = 1e-9
"""A frequency that exceeds a cutoff by this relative amount still counts as on it."""

LARGEST_SET = 8192
"""Frequencies beyond which the dense equations take too much memory (half a GiB for each of several matrices)."""


OMEGA_C_FACTOR = 10.0
"""Default Coulomb cutoff in units of the last grid point of the spectrum."""

MATSUBARA_FACTOR = 22.0
"""Default Matsubara cutoff in units of the last grid point (the paper: 220 meV for 10 meV)."""


class AbstractFrequencies(eqx.Module):
    """A strategy for choosing the frequencies at which the equations are solved."""

    @abc.abstractmethod
    def resolve(self, T: Any, matsubara_cutoff: Any) -> "FullMatsubara":
        """The same strategy with its static size fixed from concrete inputs."""


class FullMatsubara(AbstractFrequencies):
    r"""Every positive fermionic frequency $\omega_n = (2n+1)\pi k_BT$ up to the cutoff.

    Args:
        n: Number of frequencies, static. `None` takes what the cutoff asks for, which needs concrete `T` and
            cutoff. A larger `n` than needed adds frequencies that take no part in the sums; a smaller one is
            refused, or, where `T` is traced, reported as not converged.
    """

    n: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        if self.n is not None and self.n < 1:
            raise ValueError(f"`n` must be positive, got {self.n}.")

    @property
    def size(self) -> int:
        """The number of frequencies, once it is fixed."""
        if self.n is None:
            raise ValueError("the number of frequencies is not fixed yet: call `resolve` first.")
        return self.n

    def resolve(self, T: Any, matsubara_cutoff: Any) -> "FullMatsubara":
        """Fix the number of frequencies.

        Raises:
            ValueError: `T` or the cutoff is traced and `n` is not given.
            InputError: `n` is too small, or larger than the dense solver takes.
        """
        if not is_concrete(T, matsubara_cutoff):
            if self.n is None:
                raise ValueError(
                    "the number of Matsubara frequencies depends on `T` and `matsubara_cutoff`, which are traced "
                    "here: give it, as in frequencies=FullMatsubara(n=400)."
                )
            return self
        needed = count_frequencies(float(T), float(matsubara_cutoff))
        n = needed if self.n is None else self.n
        if n < needed:
            raise InputError(
                f"`FullMatsubara(n={n})` is too small: {needed} frequencies lie below "
                f"{float(matsubara_cutoff):g} meV at {float(T):g} K."
            )
        if n > LARGEST_SET:
            raise InputError(
                f"the full set has {n} frequencies below {float(matsubara_cutoff):g} meV at {float(T):g} K, more "
                f"than the {LARGEST_SET} that the dense solver takes: raise `T` or lower `matsubara_cutoff`."
            )
        return FullMatsubara(n)


def count_frequencies(T: float, cutoff: float) -> int:
    r"""Number of positive $\omega_n \le$ `cutoff` [meV] at temperature `T` [K]; at least one."""
    return max(1, math.floor(cutoff * (1 + ROUNDING) / (2 * math.pi * BOLTZMANN * T) + 0.5))


def fermionic_frequencies(T: Float[Array, ""], n: int) -> Float[Array, " matsubara"]:
    r"""The lowest positive fermionic frequencies $\omega_n = (2n+1)\pi k_BT$ [meV]."""
    return jnp.pi * BOLTZMANN * T * (2 * jnp.arange(n, dtype=jnp.float64) + 1)


def sharp_cutoff(omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
    r"""$\theta(\omega_c - \omega_n)$: one up to the cutoff [meV], zero beyond it."""
    return jnp.where(omega_n <= cutoff * (1 + ROUNDING), 1.0, 0.0)


def split_cutoff(omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
    r"""The cutoff at which a sum over frequencies is continuous in temperature.

    $\omega_n$ stands for the interval of width $2\pi k_BT$ around it and counts with the part of this interval
    that lies below the cutoff, $\min(1, \max(0, \omega_c/2\pi k_BT - n))$. With a sharp cutoff the pairing
    eigenvalue jumps wherever the number of frequencies changes.
    """
    n = jnp.arange(omega_n.size, dtype=omega_n.dtype)
    return jnp.clip(cutoff / (2 * omega_n[0]) - n, 0.0, 1.0)


def default_cutoffs(omega_max: Any, omega_c: Any, matsubara_cutoff: Any) -> tuple[Any, Any]:
    """The two cutoffs [meV], with the defaults put in: 10 and 22 times the last grid point of the spectrum."""
    omega_c = OMEGA_C_FACTOR * omega_max if omega_c is None else omega_c
    return omega_c, MATSUBARA_FACTOR * omega_max if matsubara_cutoff is None else matsubara_cutoff
