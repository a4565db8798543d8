"""Verdicts on the basis functions, Figs. 9 and 10 of the paper."""

import itertools
from collections.abc import Sequence

import numpy as np

from ...analysis import LEAST_DROP, SMOOTH, loss_steps, smoothness
from ..stages import Arrays
from ._verdict import PaperItem, Table, choose_verdict, digits, percent

Networks = dict[tuple[int, int], Arrays]
"""The results of the networks by the number of neurons next to the output and by the seed."""

NEAR = 1.5
"""Factor within which two epochs count as the same."""

ENOUGH = 4
"""Number of proper (smooth) bases that the network of four neurons of the paper finds."""

RELATED = -0.5
"""Largest correlation of the logarithm of the loss with the number of proper bases for which it counts as falling."""

BY_CHANCE = 0.05
"""Significance level: results with a smaller probability by chance count."""


def of_bases(networks: Networks) -> list[PaperItem]:
    """Figs. 9 and 10 of the paper."""
    return [_functions(networks), _steps(networks)]


def _functions(networks: Networks) -> PaperItem:
    proper = {key: int(np.sum(smoothness(found["functions"]) > SMOOTH)) for key, found in networks.items()}
    left = {key: float(found["loss"][-1] / found["variance"]) for key, found in networks.items()}
    by_proper = {n: float(np.mean([left[k] for k in proper if proper[k] == n])) for n in sorted(set(proper.values()))}
    falling = all(by_proper[a] > by_proper[b] for a, b in itertools.pairwise(by_proper)) and len(by_proper) > 1
    missing = any(proper[key] < key[0] for key in proper)
    related = len(by_proper) > 1 and np.corrcoef(list(proper.values()), np.log(list(left.values())))[0, 1] <= RELATED
    sizes = sorted({neurons for neurons, _ in networks})
    found = {n: ", ".join(str(proper[key]) for key in networks if key[0] == n) for n in sizes}
    means = ", ".join(f"{percent(value)} ({n} bases)" for n, value in by_proper.items())
    return PaperItem(
        name="Fig. 9",
        title="Basis functions: weights into the output layer",
        paper="4 neurons: 4 proper (smooth) bases; 6: 3; 8: 6. The more proper bases, the better.",
        ours=f"Proper bases, by seed: {'; '.join(f'{n} neurons: {found[n]}' for n in sizes)}. Mean unexplained "
        f"variance: {means}.",
        verdict=choose_verdict(missing and falling and max(by_proper) >= ENOUGH, missing and bool(related)),
        why=f"A basis is proper if its autocorrelation from point to point exceeds {SMOOTH}. Reproduced if some "
        f"network finds {ENOUGH} or more and the mean loss decreases with every further proper basis; the trend if the "
        f"correlation of their number with the logarithm of the loss is {RELATED} or less over all networks. Neither "
        "if no network misses a basis: their number is then that of the neurons, and the effects of the two cannot be "
        "distinguished. How many bases a network misses depends on its initial weights.",
        table=_table(networks, proper, left),
        figure="fig-09.png",
        caption="Weights from each neuron to the output layer, first seed; gray if the basis is not proper.",
    )


def _table(networks: Networks, proper: dict[tuple[int, int], int], left: dict[tuple[int, int], float]) -> Table:
    header = (
        "neurons", "seed", "proper bases", "variance unexplained", "least possible with as many bases",
        "bases found in epochs", "steps of the loss in epochs (decrease of ln L)",
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


def _steps(networks: Networks) -> PaperItem:
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
    return PaperItem(
        name="Fig. 10",
        title="The loss falls in steps",
        paper="4 neurons: four drops, one for each basis found.",
        ours=f"{fewest} neurons: fastest descents, by seed, in epochs {in_words}; {n_near} of these {n} steps coincide "
        f"with the finding of a basis. At random epochs at least as many would, with a probability of "
        f"{percent(chance, 2)}.",
        verdict=choose_verdict(
            any(len(each) >= fewest and all(each) for each in near) and chance < BY_CHANCE,
            n_near > n / 2 and chance < BY_CHANCE,
        ),
        why="A step is a maximum of the rate at which the logarithm of the loss decreases with that of the epoch, with "
        f"a decrease of {LEAST_DROP} or more. It coincides with the finding of a basis if their epochs differ by less "
        f"than a factor of {NEAR}; random epochs are uniform in their logarithm. Reproduced if a network has as many "
        "steps as neurons, all of which coincide; the trend if more than half of all steps do; neither if the "
        f"probability by chance is {percent(BY_CHANCE)} or more. Bases found together share a step.",
        figure="fig-10.png",
        caption="Loss, and smoothness of every basis function, first seed; dotted lines where a basis is found.",
    )


def _covered(epochs: list[int], last: int) -> float:
    """The fraction of all epochs, on a logarithmic scale, that are within a factor of `NEAR` of given epochs."""
    grid = np.linspace(0, np.log(last), 2000)
    near = np.zeros(grid.size, dtype=bool)
    for epoch in epochs:
        near |= np.abs(grid - np.log(epoch)) <= np.log(NEAR)
    return float(np.mean(near))


def at_least(successes: int, chances: Sequence[float]) -> float:
    """Compute the probability of at least this number of successes in independent trials with given probabilities."""
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, [1 - chance, chance])
    return float(np.sum(distribution[successes:]))
