"""What all families of random spectral functions share."""

import math
from typing import Annotated, Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from pydantic import Field

from ..._headers import WHOLE
from ...physics import Spectrum
from .._features import spectrum_grid

MOST_POINTS = 10**5
"""Points of a spectral function: what a sample takes in memory grows with them."""

SMALLEST_ENERGY, LARGEST_ENERGY = 1e-6, 1e6
"""Bounds of `omega_max` [meV]."""

Points = Annotated[int, WHOLE, Field(ge=2, le=MOST_POINTS)]
"""Points of a grid, in a header."""

GridEnd = Annotated[float, Field(ge=SMALLEST_ENERGY, le=LARGEST_ENERGY)]
"""`omega_max` [meV], in a header."""


@runtime_checkable
class Family(Protocol):
    r"""A distribution of spectral functions on the grid $\omega_i = i\,\omega_{max}/n$, $i = 1 .. n$.

    A frozen dataclass whose fields are numbers, `omega_max` [meV] and `n_points` among them.
    """

    @property
    def omega_max(self) -> float:
        """Last energy of the grid [meV]."""
        ...

    @property
    def n_points(self) -> int:
        """Points of the grid."""
        ...

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectrum, on the grid of the family as a NumPy array: a pure function of the key, made of JAX."""
        ...


def family_grid(family: Family) -> Float[np.ndarray, " freq"]:
    """The grid of a family [meV]."""
    return spectrum_grid(family.omega_max, family.n_points)


def relative_grid(family: Family) -> Float[np.ndarray, " freq"]:
    """The grid in units of its end."""
    return np.arange(1, family.n_points + 1) / family.n_points


def check_grid(omega_max: float, n_points: int) -> list[str]:
    """What is wrong with the grid of a family, if anything is."""
    bad = []
    if not 2 <= n_points <= MOST_POINTS:
        bad.append(f"`n_points` must lie in [2, {MOST_POINTS}], got {n_points}")
    if not SMALLEST_ENERGY <= omega_max <= LARGEST_ENERGY:
        bad.append(f"`omega_max` must lie in [{SMALLEST_ENERGY:g}, {LARGEST_ENERGY:g}] meV, got {omega_max}")
    return bad


def check_family(family: Any, **fractions: tuple[int | float, int | float]) -> None:
    """Refuse parameters out of their ranges, all at once.

    Args:
        family: With the four parameters that all families have.
        fractions: For parameters in units of the end of the grid, the smallest and largest value allowed; zero is not.

    Raises:
        ValueError: Naming them.
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
    """Which of some named values are not of the kind that they must be."""
    return [
        f"`{name}` must be {kinds[name].__name__}, got {value!r}"
        for name, value in values.items()
        if not _fits(value, kinds[name])
    ]


def _fits(value: Any, kind: type) -> bool:
    """Whether a value is as good as one of this kind: 3.0 is an integer, 3 a float, `True` neither."""
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if not isinstance(value, int | float | np.integer | np.floating):
        return False
    return kind is float or (math.isfinite(value) and bool(int(value) == value))


def with_random_coupling(family: Any, shape: Float[Array, " freq"], key: PRNGKeyArray) -> Spectrum:
    r"""The spectrum of a given shape whose $\lambda$ is uniform between the bounds of the family."""
    omega = family_grid(family)
    lambda_ep = jax.random.uniform(key, dtype=jnp.float64, minval=family.lambda_min, maxval=family.lambda_max)
    return Spectrum(omega, shape * (lambda_ep / Spectrum(omega, shape).lambda_ep))


def smooth(values: Float[Array, " long"], width: int) -> Float[Array, " short"]:
    """Averaged twice over `width` neighbors; shorter by 2 (width - 1)."""
    box = jnp.full(width, 1 / width)
    return jnp.convolve(jnp.convolve(values, box, mode="valid"), box, mode="valid")


def sine_ramp(position: Float[np.ndarray, " freq"], length: float) -> Float[np.ndarray, " freq"]:
    r"""$\sin^2$ from zero, at negative positions too, to one at `length`."""
    return np.sin(np.pi / 2 * np.clip(position / length, 0.0, 1.0)) ** 2


def two_sided_gaussian(
    x: Any, center: Float[Array, "peak 1"], widths: Float[Array, "2 peak 1"]
) -> Float[Array, "peak freq"]:
    """Peaks of height one with a standard deviation of their own on the left and on the right."""
    return jnp.exp(-(((x - center) / jnp.where(x < center, widths[0], widths[1])) ** 2) / 2)
