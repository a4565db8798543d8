"""The interface of families of random spectral functions, and functions that all of them use."""

import math
from typing import Annotated, Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from pydantic import Field

from ..._headers import INTEGER_FROM_FLOAT
from ...physics import Spectrum
from .._features import spectrum_grid

MOST_POINTS = 10**5
"""Largest number of grid points of a spectral or gap function in a data set; it limits the memory per sample."""

SMALLEST_ENERGY, LARGEST_ENERGY = 1e-6, 1e6
"""Bounds of `omega_max` [meV]."""

Points = Annotated[int, INTEGER_FROM_FLOAT, Field(ge=2, le=MOST_POINTS)]
"""Type of the number of grid points in a header."""

GridEnd = Annotated[float, Field(ge=SMALLEST_ENERGY, le=LARGEST_ENERGY)]
"""Type of `omega_max` [meV] in a header."""


@runtime_checkable
class Family(Protocol):
    r"""A distribution of spectral functions on the grid $\omega_i = i\,\omega_{max}/n$, $i = 1 .. n$.

    Users can write their own: a frozen dataclass whose fields are numbers, with `omega_max` [meV] and `n_points` among
    them, and a method `sample_spectrum`.
    """

    @property
    def omega_max(self) -> float:
        """Last energy of the grid [meV]."""
        ...

    @property
    def n_points(self) -> int:
        """Number of grid points."""
        ...

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectral function.

        It must be a pure function of the key that JAX can trace, on the grid of the family as a NumPy array.

        Args:
            key: Random key; the same key gives the same function. Batch with `jax.vmap` over keys.

        Returns:
            a2F, dimensionless, at the energies of the grid [meV], both of shape (n_points,).

        Raises:
            RuntimeError: JAX is not in 64-bit mode.
        """
        ...


def family_grid(family: Family) -> Float[np.ndarray, " freq"]:
    """Return the energy grid of a family [meV]."""
    return spectrum_grid(family.omega_max, family.n_points)


def relative_grid(family: Family) -> Float[np.ndarray, " freq"]:
    """Return the energy grid of a family in units of its last energy."""
    return np.arange(1, family.n_points + 1) / family.n_points


def check_grid(omega_max: float, n_points: int) -> list[str]:
    """Return one message for each parameter of an energy grid that is out of its range."""
    bad = []
    if not 2 <= n_points <= MOST_POINTS:
        bad.append(f"`n_points` must lie in [2, {MOST_POINTS}], got {n_points}")
    if not SMALLEST_ENERGY <= omega_max <= LARGEST_ENERGY:
        bad.append(f"`omega_max` must lie in [{SMALLEST_ENERGY:g}, {LARGEST_ENERGY:g}] meV, got {omega_max}")
    return bad


def check_family(family: Any, **fractions: tuple[int | float, int | float]) -> None:
    """Check the parameters of a family.

    Args:
        family: An object with `omega_max`, `n_points`, `lambda_min` and `lambda_max`.
        fractions: Smallest and largest allowed value of further parameters, which must be positive.

    Raises:
        ValueError: Parameters are out of their ranges; the message names all of them.
    """
    bad = check_grid(family.omega_max, family.n_points)
    if not 0 < family.lambda_min <= family.lambda_max < math.inf:
        bad.append(f"0 < `lambda_min` <= `lambda_max` needed, got {family.lambda_min} and {family.lambda_max}")
    for name, (low, high) in fractions.items():
        value = getattr(family, name)
        if not (value > 0 and low <= value <= high):
            bad.append(f"`{name}` must be positive and lie in [{low:g}, {high:g}], got {value}")
    if bad:
        raise ValueError("; ".join(bad) + ".")


def wrong_types(values: dict[str, Any], kinds: dict[str, type]) -> list[str]:
    """Return one message for each named value that does not have its required type."""
    return [
        f"`{name}` must be {kinds[name].__name__}, got {value!r}"
        for name, value in values.items()
        if not _fits(value, kinds[name])
    ]


def _fits(value: Any, kind: type) -> bool:
    """Whether a value can stand for the type: 3.0 for an integer and 3 for a float, but `True` for neither."""
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if not isinstance(value, int | float | np.integer | np.floating):
        return False
    return kind is float or (math.isfinite(value) and bool(int(value) == value))


def with_random_coupling(family: Any, shape: Float[Array, " freq"], key: PRNGKeyArray) -> Spectrum:
    r"""Scale a function such that $\lambda$ is uniformly distributed between the bounds of the family.

    Args:
        family: The family, with its grid and the bounds `lambda_min` and `lambda_max`.
        shape: $\alpha^2F$ on the grid of the family, up to a factor.
        key: Random key.
    """
    omega = family_grid(family)
    lambda_ep = jax.random.uniform(key, dtype=jnp.float64, minval=family.lambda_min, maxval=family.lambda_max)
    return Spectrum(omega, shape * (lambda_ep / Spectrum(omega, shape).lambda_ep))


def smooth(values: Float[Array, " long"], width: int) -> Float[Array, " short"]:
    """Apply a moving average over `width` points twice; the result is shorter by 2 (width - 1) points."""
    box = jnp.full(width, 1 / width)
    return jnp.convolve(jnp.convolve(values, box, mode="valid"), box, mode="valid")


def sine_ramp(position: Float[np.ndarray, " freq"], length: float) -> Float[np.ndarray, " freq"]:
    r"""Return $\sin^2(\pi y/2\ell)$ for positions $0 \leq y \leq \ell$ (`length`), zero below and one above."""
    return np.sin(np.pi / 2 * np.clip(position / length, 0.0, 1.0)) ** 2


def two_sided_gaussian(
    x: Any, center: Float[Array, "peak 1"], widths: Float[Array, "2 peak 1"]
) -> Float[Array, "peak freq"]:
    """Return Gaussian peaks of height one.

    Args:
        x: Positions, shape (1, n).
        center: Centers of the peaks.
        widths: Standard deviations below the center, then above it.
    """
    return jnp.exp(-(((x - center) / jnp.where(x < center, widths[0], widths[1])) ** 2) / 2)
