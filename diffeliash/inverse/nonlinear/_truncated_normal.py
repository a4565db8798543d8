r"""Samples of a truncated normal distribution with the linear constraints $u \ge 0$.

Exact Hamiltonian Monte Carlo: trajectories are known in closed form and are reflected at the constraints, so that there
is no step size and no rejection (A. Pakman and L. Paninski, J. Comput. Graph. Stat. 23, 518 (2014),
doi:10.1080/10618600.2013.788448).
"""

import contextlib
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

IRRELEVANT_DISTANCE = 6.0
"""Constraints further from the mean than this many standard deviations are ignored."""

BURN_IN = 8
"""Number of trajectories that are discarded before the first sample."""

DURATION = math.pi / 2
"""Duration of a trajectory, for which successive samples are independent if there are no constraints."""

MAX_REFLECTIONS = 4000
"""Largest number of reflections in a trajectory, which then ends early."""

LEAST_START_DISTANCE = 0.1
"""Smallest distance of the start of the first trajectory from every constraint, in standard deviations."""


def sample_truncated_normal(
    rng: np.random.Generator,
    mean: Float[np.ndarray, " unknown"],
    spread: Float[np.ndarray, "unknown unknown"],
    *,
    start: Float[np.ndarray, " unknown"],
    n_samples: int,
) -> Float[np.ndarray, "sample unknown"]:
    r"""Sample a normal distribution with mean $m$ and covariance $LL^T$ truncated to $u \ge 0$.

    Args:
        rng: Random number generator.
        mean: Mean $m$ of the distribution without the truncation.
        spread: Square root $L$ of the covariance without the truncation.
        start: Non-negative start of the first trajectory, for example the mode.
        n_samples: Number of samples.
    """
    deviation = np.sqrt(np.sum(spread**2, axis=1))
    y = np.linalg.solve(spread, np.maximum(start, LEAST_START_DISTANCE * deviation) - mean)
    samples = np.empty((n_samples, mean.size))
    with _on_host():
        offsets = np.where(mean < IRRELEVANT_DISTANCE * deviation, mean, np.inf)
        constraints = [jnp.asarray(x) for x in (spread, spread @ spread.T, offsets)]
        for number in range(-BURN_IN, n_samples):
            y = np.asarray(_trajectory(y, rng.standard_normal(mean.size), *constraints))
            if number >= 0:
                samples[number] = np.maximum(mean + spread @ y, 0.0)
    return samples


def _on_host() -> contextlib.AbstractContextManager[Any]:
    """Compute on a CPU if JAX has one: the trajectories are sequential, with few operations in each step."""
    try:
        return jax.default_device(jax.local_devices(backend="cpu")[0])
    except RuntimeError:
        return contextlib.nullcontext()


@jax.jit
def _trajectory(
    y: Float[Array, " unknown"],
    velocity: Float[Array, " unknown"],
    constraints: Float[Array, "unknown unknown"],
    products: Float[Array, "unknown unknown"],
    offsets: Float[Array, " unknown"],
) -> Float[Array, " unknown"]:
    """The end point of a trajectory, in coordinates $y$ in which the distribution is standard normal.

    A constraint is $w y + o > 0$ with its row $w$ of `constraints` and its offset $o$.

    Args:
        y: Start of the trajectory.
        velocity: Initial velocity.
        constraints: One row $w$ for each constraint.
        products: Scalar products of these rows with each other.
        offsets: Offset $o$ of each constraint; infinite for those that are ignored.
    """

    def is_moving(state: Any) -> Any:
        remaining, n_reflections, _, (_, wait) = state
        return (wait < remaining) & (n_reflections < MAX_REFLECTIONS)

    def reflect(state: Any) -> Any:
        remaining, n_reflections, point, (hit, wait) = state
        (y, velocity), (at, along) = _rotate(point[0], wait), _rotate(point[1], wait)
        change = 2 * along[hit] / products[hit, hit]
        point = (y, velocity - change * constraints[hit]), (at, along - change * products[hit])
        return remaining - wait, n_reflections + 1, point, _next_constraint(*point[1], offsets)

    start = (y, velocity), (constraints @ y, constraints @ velocity)
    first = DURATION, 0, start, _next_constraint(*start[1], offsets)
    remaining, _, point, _ = jax.lax.while_loop(is_moving, reflect, first)
    return _rotate(point[0], remaining)[0]


def _rotate(pair: Any, t: Any) -> Any:
    """Position and velocity of a harmonic oscillator after the time `t`."""
    position, velocity = pair
    return jnp.cos(t) * position + jnp.sin(t) * velocity, jnp.cos(t) * velocity - jnp.sin(t) * position


def _next_constraint(
    at: Float[Array, " unknown"], along: Float[Array, " unknown"], offsets: Float[Array, " unknown"]
) -> tuple[Int[Array, ""], Float[Array, ""]]:
    """The constraint that is reached next, and the time until then, infinite if none is reached."""
    size = jnp.hypot(along, at)
    reached = size > jnp.abs(offsets)
    ratio = jnp.where(reached, -offsets / jnp.where(reached, size, 1.0), 0.0)
    # at cos t + along sin t = size cos(t - phase), which falls below -offset at phase + arccos(ratio)
    wait = jnp.mod(jnp.arctan2(along, at) + jnp.arccos(ratio), 2 * math.pi)
    wait = jnp.where(reached, wait, jnp.inf)
    hit = jnp.argmin(wait)
    return hit, wait[hit]
