"""What the paper shows of basis functions, with numbers and verdicts."""

import itertools
from collections.abc import Sequence

import numpy as np

from ...analysis import LEAST_DROP, SMOOTH, loss_steps, smoothness
from ..stages import Arrays
from ._verdict import Item, Table, digits, graded, percent

Networks = dict[tuple[int, int], Arrays]
"""Results by the neurons next to the output, and the seed."""

NEAR = 1.5
"""Factor within which two epochs count as the same."""

ENOUGH = 4
"""Proper bases that the paper's network of four neurons finds."""

RELATED = -0.5
"""Correlation below which a loss counts as falling with the number of proper bases."""

BY_CHANCE = 0.05
"""Probability of what counts as no chance."""


def of_bases(networks: Networks) -> list[Item]:
    """Figs. 9 and 10."""
    return [_functions(networks), _steps(networks)]


def _functions(networks: Networks) -> Item:
    proper = {key: int(np.sum(smoothness(found["functions"]) > SMOOTH)) for key, found in networks.items()}
    left = {key: float(found["loss"][-1] / found["variance"]) for key, found in networks.items()}
    by_proper = {n: float(np.mean([left[k] for k in proper if proper[k] == n])) for n in sorted(set(proper.values()))}
    falling = all(by_proper[a] > by_proper[b] for a, b in itertools.pairwise(by_proper)) and len(by_proper) > 1
    missing = any(proper[key] < key[0] for key in proper)
    related = len(by_proper) > 1 and np.corrcoef(list(proper.values()), np.log(list(left.values())))[0, 1] <= RELATED
    sizes = sorted({neurons for neurons, _ in networks})
    found = {n: ", ".join(str(proper[key]) for key in networks if key[0] == n) for n in sizes}
    means = ", ".join(f"{percent(value)} ({n} bases)" for n, value in by_proper.items())
    return Item(
        name="Fig. 9",
        title="Basis functions: weights into the output layer",
        paper="4 neurons: 4 proper (smooth) bases; 6: 3; 8: 6. The more proper bases, the better.",
        ours=f"Proper bases, by seed: {'; '.join(f'{n} neurons: {found[n]}' for n in sizes)}. Variance left, on "
        f"average: {means}.",
        verdict=graded(missing and falling and max(by_proper) >= ENOUGH, missing and bool(related)),
        why=f"A basis is proper if its autocorrelation from point to point exceeds {SMOOTH}. Reproduced if some "
        f"network finds {ENOUGH} or more and every further proper basis goes with a smaller loss on average; the trend "
        f"if number and logarithm of the loss correlate by {RELATED} or less over all networks. Neither if no network "
        "misses a basis: then they are as many as neurons, and it cannot be told which of the two matters. How many a "
        "network misses depends on its initial weights.",
        table=_table(networks, proper, left),
        figure="fig-09.png",
        caption="Weights from each neuron into the output layer, first seed; gray if not proper.",
    )


def _table(networks: Networks, proper: dict[tuple[int, int], int], left: dict[tuple[int, int], float]) -> Table:
    header = (
        "neurons", "seed", "proper bases", "variance left", "least with so many bases", "bases found in epochs",
        "steps of the loss in epochs (ln)",
    )  # fmt: skip
    rows = (
        (
            str(key[0]),
            str(key[1]),
            str(proper[key]),
            percent(left[key]),
            percent(found["best_linear"][proper[key] - 1]) if proper[key] else "-",
            ", ".join(str(epoch) if epoch else "never" for epoch in sorted(found["found"].tolist())),
            ", ".join(f"{epoch} ({digits(drop)})" for epoch, drop in loss_steps(found["loss"])) or "none",
        )
        for key, found in networks.items()
    )
    return (header, *rows)


def _steps(networks: Networks) -> Item:
    fewest = min(neurons for neurons, _ in networks)
    steps, near, chances = [], [], []
    for found in (each for (neurons, _), each in networks.items() if neurons == fewest):
        steps.append([epoch for epoch, _ in loss_steps(found["loss"])])
        epochs = [epoch for epoch in found["found"].tolist() if epoch]
        near.append([any(1 / NEAR <= step / epoch <= NEAR for epoch in epochs) for step in steps[-1]])
        chances += [_covered(epochs, len(found["loss"]))] * len(steps[-1])
    in_words = "; ".join(", ".join(map(str, each)) or "none" for each in steps)
    n, n_near = sum(map(len, near)), sum(map(sum, near))
    chance = at_least(n_near, chances)
    return Item(
        name="Fig. 10",
        title="The loss falls in steps",
        paper="4 neurons: four drops, one for each basis found.",
        ours=f"{fewest} neurons: fastest descents, by seed, in epochs {in_words}; {n_near} of these {n} steps when a "
        f"basis is found. Steps at random epochs would do as well with a probability of {percent(chance, 2)}.",
        verdict=graded(
            any(len(each) >= fewest and all(each) for each in near) and chance < BY_CHANCE,
            n_near > n / 2 and chance < BY_CHANCE,
        ),
        why=f"Steps: fastest descents of the logarithm of the loss over that of the epoch, {LEAST_DROP} or more deep. "
        f"When: within a factor of {NEAR} in epochs; random epochs are uniform in their logarithm. Reproduced if a "
        "network has as many steps as neurons, all of them "
        "when a basis is found; the trend if more than half of all steps are; and neither if it may be chance "
        f"({percent(BY_CHANCE)} or more). Bases found together share a step.",
        figure="fig-10.png",
        caption="Loss, and smoothness of every basis function, first seed; dotted lines where a basis is found.",
    )


def _covered(epochs: list[int], last: int) -> float:
    """The part of all epochs, on a logarithmic scale, that is near one of some."""
    grid = np.linspace(0, np.log(last), 2000)
    near = np.zeros(grid.size, dtype=bool)
    for epoch in epochs:
        near |= np.abs(grid - np.log(epoch)) <= np.log(NEAR)
    return float(np.mean(near))


def at_least(successes: int, chances: Sequence[float]) -> float:
    """The probability of so many successes or more in trials with these chances each."""
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, [1 - chance, chance])
    return float(np.sum(distribution[successes:]))
