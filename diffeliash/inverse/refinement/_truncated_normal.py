r"""Samples of a normal distribution restricted to values that are not negative.

Hamiltonian Monte Carlo that follows its trajectories exactly and bounces off the walls: A. Pakman and L. Paninski,
J. Comput. Graph. Stat. 23, 518 (2014), doi:10.1080/10618600.2013.788448. No step size, no rejection.
"""

import contextlib
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

FAR = 6.0
"""Walls that are further from the mean than this many standard deviations are not looked at."""

BURN_IN = 8
"""Trajectories before the first sample."""

DURATION = math.pi / 2
"""Of a trajectory: without walls the next sample then does not depend on the last."""

MOST_BOUNCES = 4000
"""In a trajectory; one that is still under way ends there."""

INSIDE = 0.1
"""The first trajectory begins at least this many standard deviations from every wall, where they allow that."""


def sample_truncated_normal(
    rng: np.random.Generator,
    mean: Float[np.ndarray, " unknown"],
    spread: Float[np.ndarray, "unknown unknown"],
    *,
    start: Float[np.ndarray, " unknown"],
    n_samples: int,
) -> Float[np.ndarray, "sample unknown"]:
    r"""Samples of a normal distribution with mean $m$ and covariance $LL^T$, restricted to $u \ge 0$.

    Args:
        rng: Random numbers.
        mean: $m$, of the distribution without walls.
        spread: $L$.
        start: Where the first trajectory begins, not negative: the most probable value.
        n_samples: How many.
    """
    deviation = np.sqrt(np.sum(spread**2, axis=1))
    y = np.linalg.solve(spread, np.maximum(start, INSIDE * deviation) - mean)
    samples = np.empty((n_samples, mean.size))
    with _on_host():
        offsets = np.where(mean < FAR * deviation, mean, np.inf)
        walls = [jnp.asarray(x) for x in (spread, spread @ spread.T, offsets)]
        for number in range(-BURN_IN, n_samples):
            y = np.asarray(_trajectory(y, rng.standard_normal(mean.size), *walls))
            if number >= 0:
                samples[number] = np.maximum(mean + spread @ y, 0.0)
    return samples


def _on_host() -> contextlib.AbstractContextManager[Any]:
    """Computation on a CPU, where JAX has one: one step after another, each with few numbers."""
    try:
        return jax.default_device(jax.local_devices(backend="cpu")[0])
    except RuntimeError:
        return contextlib.nullcontext()


@jax.jit
def _trajectory(
    y: Float[Array, " unknown"],
    velocity: Float[Array, " unknown"],
    walls: Float[Array, "unknown unknown"],
    products: Float[Array, "unknown unknown"],
    offsets: Float[Array, " unknown"],
) -> Float[Array, " unknown"]:
    """Where a trajectory in the space of standard normal numbers ends.

    The distance of $y$ from a wall is $w y + o$, with its row of `walls` and its offset; `products` are those of rows.
    """

    def under_way(state: Any) -> Any:
        left, bounces, _, (_, wait) = state
        return (wait < left) & (bounces < MOST_BOUNCES)

    def bounce(state: Any) -> Any:
        left, bounces, place, (hit, wait) = state
        (y, velocity), (at, along) = _turn(place[0], wait), _turn(place[1], wait)
        back = 2 * along[hit] / products[hit, hit]
        place = (y, velocity - back * walls[hit]), (at, along - back * products[hit])
        return left - wait, bounces + 1, place, _next_wall(*place[1], offsets)

    start = (y, velocity), (walls @ y, walls @ velocity)
    first = DURATION, 0, start, _next_wall(*start[1], offsets)
    left, _, place, _ = jax.lax.while_loop(under_way, bounce, first)
    return _turn(place[0], left)[0]


def _turn(pair: Any, t: Any) -> Any:
    """Position and velocity after a time, along any direction."""
    position, velocity = pair
    return jnp.cos(t) * position + jnp.sin(t) * velocity, jnp.cos(t) * velocity - jnp.sin(t) * position


def _next_wall(
    at: Float[Array, " unknown"], along: Float[Array, " unknown"], offsets: Float[Array, " unknown"]
) -> tuple[Int[Array, ""], Float[Array, ""]]:
    """The wall that is hit next from inside, and when; never, if the time is infinite."""
    size = jnp.hypot(along, at)
    reached = size > jnp.abs(offsets)
    ratio = jnp.where(reached, -offsets / jnp.where(reached, size, 1.0), 0.0)
    # at cos t + along sin t = size cos(t - phase), which falls through the wall at phase + arccos(ratio)
    wait = jnp.mod(jnp.arctan2(along, at) + jnp.arccos(ratio), 2 * math.pi)
    wait = jnp.where(reached, wait, jnp.inf)
    hit = jnp.argmin(wait)
    return hit, wait[hit]
