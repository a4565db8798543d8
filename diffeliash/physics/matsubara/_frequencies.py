"""Choice of the Matsubara frequencies: those at which the equations are solved, and those that the sums run over."""

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
from ._representative_frequencies import CompressionRule, FoldedTables, compression_rule, folded_tables

ROUNDING = 1e-9
"""A frequency is included in a sum if it exceeds the cutoff by no more than this relative amount."""

LARGEST_FULL_SET = 8192
"""Largest number of frequencies without compression, for which each of several dense matrices takes half a GiB."""

LARGEST_COMPRESSED_SET = 2**17
"""Largest number of frequencies with compression, for which the tables take seconds and hundreds of MiB."""

SMALLEST_RTOL = 1e-12
"""Smallest tolerance of a compressed set; below it rounding errors dominate."""

OMEGA_C_FACTOR = 10.0
"""Default Coulomb cutoff in units of the last grid point of the spectrum."""

MATSUBARA_FACTOR = 22.0
"""Default Matsubara cutoff in units of the last grid point of the spectrum (220 meV for 10 meV in arXiv:2007.07512)."""


HIGH_TEMPERATURE_FREQUENCIES = 8
"""Number of frequencies at temperatures so high that none lies below the default cutoff."""


class AbstractCutoff(eqx.Module):
    """A rule for the weights of the frequencies next to a cutoff energy."""

    @abc.abstractmethod
    def __call__(self, omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
        """Weight of each frequency in a sum, between zero and one.

        Args:
            omega_n: Frequencies, all from the lowest one on [meV].
            cutoff: Cutoff energy [meV].
        """

    @abc.abstractmethod
    def count(self, T: float, cutoff: float) -> int:
        """Number of positive frequencies with nonzero weight at temperature `T` [K], at least one; `cutoff` in meV."""


class SharpCutoff(AbstractCutoff):
    r"""A sharp cutoff: frequencies up to the cutoff have weight one, all others zero.

    The weight is $\theta(\omega_c - \omega_n)$, as in Eq. (7) of arXiv:2007.07512. It applies to the Matsubara cutoff
    of the sums and to the Coulomb cutoff.
    """

    def __call__(self, omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
        return jnp.where(omega_n <= cutoff * (1 + ROUNDING), 1.0, 0.0)

    def count(self, T: float, cutoff: float) -> int:
        return count_frequencies(T, cutoff)


class SplitCutoff(AbstractCutoff):
    r"""A cutoff at which the last frequency counts in part, so that sums are continuous functions of temperature.

    $\omega_n$ represents the interval of width $2\pi k_BT$ around it. Its weight is the fraction of this interval
    below the cutoff, $\min(1, \max(0, \omega_c/2\pi k_BT - n))$. With a sharp cutoff the pairing eigenvalue jumps as a
    function of temperature wherever the number of frequencies changes, and $T_c$ as a function of the cutoff.
    """

    def __call__(self, omega_n: Float[Array, " matsubara"], cutoff: Float[Array, ""]) -> Float[Array, " matsubara"]:
        n = jnp.arange(omega_n.size, dtype=omega_n.dtype)
        return jnp.clip(cutoff / (2 * omega_n[0]) - n, 0.0, 1.0)

    def count(self, T: float, cutoff: float) -> int:
        return max(1, math.ceil(cutoff / (2 * math.pi * BOLTZMANN * T)))


class AbstractFrequencies(eqx.Module):
    """A choice of the frequencies at which the equations are solved."""

    n: eqx.AbstractVar[int | None]
    largest: ClassVar[int] = 0

    @abc.abstractmethod
    def with_size(self, n: int, *, needed: int, cutoff_ratio: int) -> "AbstractFrequencies":
        """The same choice for sums over `n` frequencies, of which `needed` lie below the cutoff."""

    @property
    def size(self) -> int:
        """The number of frequencies of the full sum, once it is fixed."""
        if self.n is None:
            raise ValueError("the number of frequencies is not fixed yet: call `resolve` first.")
        return self.n

    def resolve(
        self, T: Any, matsubara_cutoff: Any, omega_max: Any, cutoff: AbstractCutoff = SharpCutoff()
    ) -> "AbstractFrequencies":
        """Set the number of frequencies from temperature and cutoff, or check a given one.

        Args:
            T: Temperature [K].
            matsubara_cutoff: Cutoff of the sums [meV].
            omega_max: The last boson energy [meV].
            cutoff: The weights of the frequencies next to the cutoff.

        Raises:
            ValueError: `T` or the cutoff is traced and `n` is not given.
            InputError: `n` is too small or too large, or no frequency lies below the cutoff.
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
    r"""Solve at every positive fermionic frequency $\omega_n = (2n+1)\pi k_BT$ up to the cutoff, without compression.

    The sums are exact to rounding, for at most 8192 frequencies.

    Args:
        n: Number of frequencies, static. `None` takes all frequencies up to the cutoff, which requires concrete `T`
            and cutoff. A larger `n` than needed adds frequencies with weight zero in the sums; a smaller one is
            rejected, or, where `T` is traced, reported as not converged.

    Raises:
        ValueError: `n` is not positive.
    """

    largest: ClassVar[int] = LARGEST_FULL_SET
    n: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        _check_n(self.n)

    def with_size(self, n: int, *, needed: int, cutoff_ratio: int) -> "FullMatsubara":
        del needed, cutoff_ratio
        return FullMatsubara(n)


class CompressedMatsubara(AbstractFrequencies):
    r"""Solve at 16 to 70 of the frequencies, the nodes, which represent the same truncated sums to a given accuracy.

    The values at all other frequencies follow by interpolation, and the sums run over all frequencies (at most
    131 072). The nodes are selected by a pivoted QR decomposition, similar to the discrete Lehmann representation
    (Kaye, Chen, Parcollet, Phys. Rev. B 105, 235115 (2022), doi:10.1103/PhysRevB.105.235115).

    Args:
        rtol: Requested error of $\Delta(i\omega_n)$ and $Z(i\omega_n)$ at every frequency, relative to the largest
            value; between 1e-12 and 1e-2.
        n: Number of frequencies of the full sum, static. `None` takes all up to the cutoff. It must be given where `T`
            is traced; the cutoff then moves while the nodes stay, and with `n` larger than needed the error grows:
            to 1e-6 with twice, to 1e-5 with five times as many frequencies.
        cutoff_ratio: Lower bound of the ratio of the Matsubara cutoff to the last boson energy, set automatically for
            concrete inputs.

    Raises:
        ValueError: `n` is not positive, or `rtol` is out of its range.
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
        """The nodes and the interpolation between them, once the number of frequencies is fixed."""
        return compression_rule(self.size, rtol=self.rtol, cutoff_ratio=self.cutoff_ratio)

    def tables(self, *, tests: bool) -> FoldedTables:
        """The precomputed sums, with rows at the nodes or at the test frequencies."""
        return folded_tables(self.size, rtol=self.rtol, cutoff_ratio=self.cutoff_ratio, tests=tests)


def _check_n(n: int | None) -> None:
    if n is not None and n < 1:
        raise ValueError(f"`n` must be positive, got {n}.")


def _cutoff_ratio(matsubara_cutoff: Any, omega_max: Any) -> int:
    """The largest power of two below the ratio of the two energies, at least 1 and at most 16; 1 for traced inputs."""
    if not is_concrete(matsubara_cutoff, omega_max):
        return 1
    ratio = float(matsubara_cutoff) / float(omega_max)
    return 2 ** max(0, min(4, math.floor(math.log2(ratio)))) if ratio >= 1 else 1


def count_frequencies(T: float, cutoff: float) -> int:
    r"""Number of positive $\omega_n \le$ `cutoff` [meV] at temperature `T` [K]; at least one."""
    return max(1, math.floor(cutoff * (1 + ROUNDING) / (2 * math.pi * BOLTZMANN * T) + 0.5))


def fermionic_frequencies(T: Float[Array, ""], index: Float[Array, " *shape"]) -> Float[Array, " *shape"]:
    r"""Fermionic Matsubara frequencies $\omega_n = (2n+1)\pi k_BT$ [meV] of the given indices $n$."""
    return jnp.pi * BOLTZMANN * T * (2 * index + 1)


def bosonic_frequencies(T: Float[Array, ""], index: Float[Array, " *shape"]) -> Float[Array, " *shape"]:
    r"""Bosonic Matsubara frequencies $\nu_l = 2\pi k_BT\,l$ [meV] of the given indices $l$."""
    return 2 * jnp.pi * BOLTZMANN * T * index


def default_cutoffs(omega_max: Any, omega_c: Any, matsubara_cutoff: Any) -> tuple[Any, Any]:
    """The two cutoffs [meV], where `None` is replaced by the default of 10 or 22 times the last grid point."""
    omega_c = OMEGA_C_FACTOR * omega_max if omega_c is None else omega_c
    return omega_c, MATSUBARA_FACTOR * omega_max if matsubara_cutoff is None else matsubara_cutoff


def raised_cutoff(T: Any, omega_max: Any, matsubara_cutoff: Any) -> Any:
    """The Matsubara cutoff [meV] as given, or a higher one if no frequency lies below the default cutoff.

    At so high a temperature a material is normal, and a few frequencies are enough for Z.
    """
    if matsubara_cutoff is not None or not is_concrete(T, omega_max) or np.ndim(T):
        return matsubara_cutoff
    lowest = math.pi * BOLTZMANN * float(T)
    return (
        2 * HIGH_TEMPERATURE_FREQUENCIES * lowest
        if lowest > MATSUBARA_FACTOR * float(omega_max) * (1 + ROUNDING)
        else None
    )


def checked_cutoffs(
    omega_max: Any, omega_c: Any, matsubara_cutoff: Any, *, mu_star: Any, T: Any = None
) -> tuple[Any, Any]:
    """Check temperature, pseudopotential and cutoffs; return the two cutoffs [meV], with defaults in place of `None`.

    Raises:
        InputError: A concrete value is out of its range; the message names all such values.
    """
    omega_c, matsubara_cutoff = default_cutoffs(omega_max, omega_c, matsubara_cutoff)
    complaints = ([] if T is None else check_temperature(T)) + check_mu_star(mu_star)
    refuse(complaints + check_cutoffs(omega_c, matsubara_cutoff, omega_max))
    return omega_c, matsubara_cutoff
