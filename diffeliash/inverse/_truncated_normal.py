r"""Samples of a normal distribution restricted to values that are not negative.

Hamiltonian Monte Carlo that follows its trajectories exactly and bounces off the walls: A. Pakman and L. Paninski,
J. Comput. Graph. Stat. 23, 518 (2014), doi:10.1080/10618600.2013.788448. No step size, no rejection.
"""

import numpy as np
from jaxtyping import Bool, Float

FAR = 6.0
"""Walls that are further from the mean than this many standard deviations are not looked at."""

BURN_IN = 8
"""Trajectories before the first sample."""

DURATION = np.pi / 2
"""Of a trajectory: without walls the next sample then does not depend on the last."""

MOST_BOUNCES = 4000
"""In a trajectory; one that is still under way ends there."""

INSIDE = 0.1
"""The first trajectory begins at least this many standard deviations from every wall, where they allow that."""

JUST_LEFT = 1e-9
"""Angle within which the wall of the last bounce is not hit again."""


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
    near = mean < FAR * deviation
    walls, offsets = spread[near], mean[near]
    lengths = np.sum(walls**2, axis=1)
    y = np.linalg.solve(spread, np.maximum(start, INSIDE * deviation) - mean)
    samples = np.empty((n_samples, mean.size))
    for number in range(-BURN_IN, n_samples):
        y = _trajectory(y, rng.standard_normal(mean.size), walls, offsets, lengths)
        if number >= 0:
            samples[number] = np.maximum(mean + spread @ y, 0.0)
    return samples


def _trajectory(
    y: Float[np.ndarray, " unknown"],
    velocity: Float[np.ndarray, " unknown"],
    walls: Float[np.ndarray, "wall unknown"],
    offsets: Float[np.ndarray, " wall"],
    lengths: Float[np.ndarray, " wall"],
) -> Float[np.ndarray, " unknown"]:
    """Where a trajectory in the space of standard normal numbers ends."""
    left, last = DURATION, -1
    along, at = walls @ velocity, walls @ y
    for _ in range(MOST_BOUNCES):
        wait = _time_to_wall(along, at, offsets)
        if last >= 0 and (wait[last] < JUST_LEFT or wait[last] > 2 * np.pi - JUST_LEFT):
            wait[last] = np.inf
        hit = int(np.argmin(wait)) if wait.size else -1
        if hit < 0 or wait[hit] >= left:
            break
        t = wait[hit]
        y, velocity = np.cos(t) * y + np.sin(t) * velocity, np.cos(t) * velocity - np.sin(t) * y
        at, along = np.cos(t) * at + np.sin(t) * along, np.cos(t) * along - np.sin(t) * at
        back = 2 * along[hit] / lengths[hit]
        velocity = velocity - back * walls[hit]
        along = along - back * (walls @ walls[hit])
        left, last = left - t, hit
    return np.cos(left) * y + np.sin(left) * velocity


def _time_to_wall(
    along: Float[np.ndarray, " wall"], at: Float[np.ndarray, " wall"], offsets: Float[np.ndarray, " wall"]
) -> Float[np.ndarray, " wall"]:
    """The time at which each wall is hit from inside; infinite for those that are not."""
    size = np.hypot(along, at)
    reached: Bool[np.ndarray, " wall"] = size > np.abs(offsets)
    ratio = np.where(reached, -offsets / np.where(reached, size, 1.0), 0.0)
    # at cos t + along sin t = size cos(t - phase), which falls through the wall at phase + arccos(ratio)
    crossing = np.arctan2(along, at) + np.arccos(ratio)
    return np.where(reached, np.mod(crossing, 2 * np.pi), np.inf)
