"""Fermionic Matsubara frequencies: which ones the equations are solved at, and which the sums run over."""

import abc
import math
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._errors import InputError
from ...units import BOLTZMANN
from ..material import check_cutoffs, check_mu_star, check_temperature
from ..numerics import is_concrete, refuse
from ._compression import CompressionRule, FoldedTables, compression_rule, folded_tables

ROUNDING = 1e-9
"""A frequency that exceeds a cutoff by this relative amount still counts as on it."""

LARGEST_FULL_SET = 8192
"""Frequencies beyond which the dense equations take too much memory (half a GiB for each of several matrices)."""

LARGEST_COMPRESSED_SET = 2**17
"""Frequencies beyond which the tables of a compressed set take seconds and hundreds of MiB to make."""

SMALLEST_RTOL = 1e-12
"""Below this a compressed set is rounding noise."""

OMEGA_C_FACTOR = 10.0
"""Default Coulomb cutoff in units of the last grid point of the spectrum."""

MATSUBARA_FACTOR = 22.0
"""Default Matsubara cutoff in units of the last grid point (the paper: 220 meV for 10 meV)."""


HOT_FREQUENCIES = 8
"""Frequencies that are kept at temperatures with none below the default cutoff."""


class AbstractCutoff(eqx.Module):
    """How a sum over frequencies ends at an energy."""

    @abc.abstractmethod
    def __call__(self, omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
        """How much each frequency of a set that begins at the lowest one counts, between zero and one."""

    @abc.abstractmethod
    def count(self, T: float, cutoff: float) -> int:
        """Number of positive frequencies that count at temperature `T` [K] below `cutoff` [meV]; at least one."""


class SharpCutoff(AbstractCutoff):
    r"""$\theta(\omega_c - \omega_n)$: every frequency up to the cutoff counts, as the equations are written."""

    def __call__(self, omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
        return jnp.where(omega_n <= cutoff * (1 + ROUNDING), 1.0, 0.0)

    def count(self, T: float, cutoff: float) -> int:
        return count_frequencies(T, cutoff)


class SplitCutoff(AbstractCutoff):
    r"""The cutoff at which a sum over frequencies is continuous in temperature.

    $\omega_n$ stands for the interval of width $2\pi k_BT$ around it and counts with the part of this interval
    that lies below the cutoff, $\min(1, \max(0, \omega_c/2\pi k_BT - n))$. With a sharp cutoff the pairing
    eigenvalue, and with it $T_c$, jumps wherever the number of frequencies changes.
    """

    def __call__(self, omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
        n = jnp.arange(omega_n.size, dtype=omega_n.dtype)
        return jnp.clip(cutoff / (2 * omega_n[0]) - n, 0.0, 1.0)

    def count(self, T: float, cutoff: float) -> int:
        return max(1, math.ceil(cutoff / (2 * math.pi * BOLTZMANN * T)))


class AbstractFrequencies(eqx.Module):
    """A strategy for choosing the frequencies at which the equations are solved."""

    n: eqx.AbstractVar[int | None]
    largest: ClassVar[int] = 0

    @abc.abstractmethod
    def with_size(self, n: int, *, needed: int, cutoff_ratio: int) -> "AbstractFrequencies":
        """The same strategy for `n` frequencies, of which `needed` lie below the cutoff."""

    @property
    def size(self) -> int:
        """The number of frequencies of the full sum, once it is fixed."""
        if self.n is None:
            raise ValueError("the number of frequencies is not fixed yet: call `resolve` first.")
        return self.n

    def resolve(
        self, T: Any, matsubara_cutoff: Any, omega_max: Any, cutoff: AbstractCutoff = SharpCutoff()
    ) -> "AbstractFrequencies":
        """Fix the number of frequencies.

        Raises:
            ValueError: `T` or the cutoff is traced and `n` is not given.
            InputError: `n` is too small, or larger than the solver takes.
        """
        name = type(self).__name__
        known = is_concrete(T, matsubara_cutoff)
        if known and math.pi * BOLTZMANN * float(T) > float(matsubara_cutoff) * (1 + ROUNDING):
            raise InputError(
                f"no Matsubara frequency lies below the cutoff of {float(matsubara_cutoff):g} meV at {float(T):g} K: "
                "lower the temperature or raise the cutoff."
            )
        if not known and self.n is None:
            raise ValueError(
                "the number of Matsubara frequencies depends on `T` and `matsubara_cutoff`, which are traced "
                f"here: give it, as in frequencies={name}(n=400)."
            )
        needed = cutoff.count(float(T), float(matsubara_cutoff)) if known else self.size
        n = needed if self.n is None else self.n
        if n < needed:
            raise InputError(
                f"`{name}(n={n})` is too small: {needed} frequencies lie below "
                f"{float(matsubara_cutoff):g} meV at {float(T):g} K."
            )
        if n > self.largest:
            raise InputError(
                f"{n} frequencies are more than the {self.largest} that `{name}` takes: raise the temperature or "
                "lower the Matsubara cutoff."
            )
        return self.with_size(n, needed=needed, cutoff_ratio=_cutoff_ratio(matsubara_cutoff, omega_max))


class FullMatsubara(AbstractFrequencies):
    r"""Every positive fermionic frequency $\omega_n = (2n+1)\pi k_BT$ up to the cutoff: exact to rounding.

    Args:
        n: Number of frequencies, static. `None` takes what the cutoff asks for, which needs concrete `T` and
            cutoff. A larger `n` than needed adds frequencies that take no part in the sums; a smaller one is
            refused, or, where `T` is traced, reported as not converged.
    """

    largest: ClassVar[int] = LARGEST_FULL_SET
    n: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        _check_n(self.n)

    def with_size(self, n: int, *, needed: int, cutoff_ratio: int) -> "FullMatsubara":
        del needed, cutoff_ratio
        return FullMatsubara(n)


class CompressedMatsubara(AbstractFrequencies):
    r"""The same truncated sum from 16 to 70 of its frequencies, to a requested accuracy (see `_compression`).

    Args:
        rtol: Error asked for in $\Delta(i\omega_n)$ and $Z(i\omega_n)$ at every frequency, relative to the largest.
        n: Number of frequencies of the full sum, static. `None` takes what the cutoff asks for. Where `T` is traced
            it must be given; the end of the sum then moves while the nodes stay, and with `n` larger than needed the
            error grows: 1e-6 at twice, 1e-5 at five times the frequencies.
        cutoff_ratio: The Matsubara cutoff is at least this many times the last boson energy; found from concrete
            inputs.
    """

    largest: ClassVar[int] = LARGEST_COMPRESSED_SET
    rtol: float = eqx.field(default=1e-7, static=True)
    n: int | None = eqx.field(default=None, static=True)
    cutoff_ratio: int = eqx.field(default=1, static=True)

    def __check_init__(self):
        _check_n(self.n)
        if not SMALLEST_RTOL <= self.rtol <= 1e-2:
            raise ValueError(f"`rtol` must lie in [{SMALLEST_RTOL:g}, 1e-2], got {self.rtol}.")

    def with_size(self, n: int, *, needed: int, cutoff_ratio: int) -> "CompressedMatsubara":
        del n
        return CompressedMatsubara(rtol=self.rtol, n=needed, cutoff_ratio=max(self.cutoff_ratio, cutoff_ratio))

    @property
    def rule(self) -> CompressionRule:
        """Which frequencies stand for the others, once the size is fixed."""
        return compression_rule(self.size, rtol=self.rtol, cutoff_ratio=self.cutoff_ratio)

    def tables(self, *, tests: bool) -> FoldedTables:
        """The sums done beforehand, at the nodes or at the test frequencies."""
        return folded_tables(self.size, rtol=self.rtol, cutoff_ratio=self.cutoff_ratio, tests=tests)


def _check_n(n: int | None) -> None:
    if n is not None and n < 1:
        raise ValueError(f"`n` must be positive, got {n}.")


def _cutoff_ratio(matsubara_cutoff: Any, omega_max: Any) -> int:
    """The largest power of two below the ratio of the two energies, at most 16; 1 if it is not known."""
    if not is_concrete(matsubara_cutoff, omega_max):
        return 1
    ratio = float(matsubara_cutoff) / float(omega_max)
    return 2 ** max(0, min(4, math.floor(math.log2(ratio)))) if ratio >= 1 else 1


def count_frequencies(T: float, cutoff: float) -> int:
    r"""Number of positive $\omega_n \le$ `cutoff` [meV] at temperature `T` [K]; at least one."""
    return max(1, math.floor(cutoff * (1 + ROUNDING) / (2 * math.pi * BOLTZMANN * T) + 0.5))


def fermionic_frequencies(T: Float[Array, ""], index: Float[Array, " *shape"]) -> Float[Array, " *shape"]:
    r"""Fermionic frequencies $\omega_n = (2n+1)\pi k_BT$ [meV] of the given indices."""
    return jnp.pi * BOLTZMANN * T * (2 * index + 1)


def bosonic_frequencies(T: Float[Array, ""], index: Float[Array, " *shape"]) -> Float[Array, " *shape"]:
    r"""Bosonic frequencies $\nu_l = 2\pi k_BT\,l$ [meV] of the given indices."""
    return 2 * jnp.pi * BOLTZMANN * T * index


def default_cutoffs(omega_max: Any, omega_c: Any, matsubara_cutoff: Any) -> tuple[Any, Any]:
    """The two cutoffs [meV], with the defaults put in: 10 and 22 times the last grid point of the spectrum."""
    omega_c = OMEGA_C_FACTOR * omega_max if omega_c is None else omega_c
    return omega_c, MATSUBARA_FACTOR * omega_max if matsubara_cutoff is None else matsubara_cutoff


def lifted_cutoff(T: Any, omega_max: Any, matsubara_cutoff: Any) -> Any:
    """The cutoff given, or instead of a default one with no frequency below it one that leaves a few [meV].

    So hot a material is normal, and what is left of Z is known well enough from these.
    """
    if matsubara_cutoff is not None or not is_concrete(T, omega_max) or np.ndim(T):
        return matsubara_cutoff
    lowest = math.pi * BOLTZMANN * float(T)
    return 2 * HOT_FREQUENCIES * lowest if lowest > MATSUBARA_FACTOR * float(omega_max) * (1 + ROUNDING) else None


def checked_cutoffs(
    omega_max: Any, omega_c: Any, matsubara_cutoff: Any, *, mu_star: Any, T: Any = None
) -> tuple[Any, Any]:
    """The two cutoffs [meV] with the defaults put in, once all numbers have been looked at.

    Raises:
        InputError: A concrete value out of its range; all of them in one message.
    """
    omega_c, matsubara_cutoff = default_cutoffs(omega_max, omega_c, matsubara_cutoff)
    complaints = ([] if T is None else check_temperature(T)) + check_mu_star(mu_star)
    refuse(complaints + check_cutoffs(omega_c, matsubara_cutoff, omega_max))
    return omega_c, matsubara_cutoff
