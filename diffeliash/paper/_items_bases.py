"""What the paper shows of basis functions, with numbers and verdicts."""

import itertools

import numpy as np

from ..analysis import SMOOTH, loss_steps, smoothness
from ._item import Item, Table, digits, graded, percent
from ._stages import Arrays


def of_bases(by_neurons: dict[int, Arrays]) -> list[Item]:
    """Figs. 9 and 10."""
    proper = {n: int(np.sum(smoothness(found["functions"]) > SMOOTH)) for n, found in by_neurons.items()}
    left = {n: float(found["loss"][-1] / found["variance"]) for n, found in by_neurons.items()}
    by_proper = sorted(by_neurons, key=lambda n: (proper[n], n))
    ordered = all(left[a] > left[b] for a, b in itertools.pairwise(by_proper) if proper[a] < proper[b])
    in_words = [f"{n} neurons: {proper[n]}, {percent(left[n])} of the variance left" for n in by_neurons]
    return [
        Item(
            name="Fig. 9",
            title="Basis functions: weights into the output layer",
            paper="4 neurons: 4 proper (smooth) bases; 6: 3; 8: 6. The more proper bases, the better.",
            ours=f"Proper bases with {'; '.join(in_words)}.",
            verdict=graded(ordered and max(proper.values()) >= 4, max(proper.values()) >= 1),
            why=f"A basis is proper if its autocorrelation from point to point exceeds {SMOOTH}. Reproduced if more "
            "proper bases go with a smaller loss; how many a network misses depends on its initial weights.",
            table=_basis_table(by_neurons, proper, left),
            figure="fig-09.png",
        ),
        _steps(min(by_neurons), by_neurons[min(by_neurons)]),
    ]


def _basis_table(by_neurons: dict[int, Arrays], proper: dict[int, int], left: dict[int, float]) -> Table:
    header = ("neurons", "proper bases", "variance left", "least with so many bases", "found in epoch", "steps (ln)")
    rows = (
        (
            str(n),
            str(proper[n]),
            percent(left[n]),
            percent(found["best_linear"][proper[n] - 1]) if proper[n] else "-",
            ", ".join(str(epoch) if epoch else "never" for epoch in found["found"].tolist()),
            ", ".join(f"{epoch} ({digits(drop)})" for epoch, drop in loss_steps(found["loss"])) or "none",
        )
        for n, found in by_neurons.items()
    )
    return (header, *rows)


def _steps(neurons: int, found: Arrays) -> Item:
    steps = [epoch for epoch, _ in loss_steps(found["loss"])]
    epochs = sorted({epoch for epoch in found["found"].tolist() if epoch})
    near = all(any(0.5 <= step / epoch <= 2 for epoch in epochs) for step in steps)
    return Item(
        name="Fig. 10",
        title="The loss falls in steps",
        paper="4 neurons: four drops, one for each basis found.",
        ours=f"{neurons} neurons: fastest descents in epochs {', '.join(map(str, steps)) or 'none'}; bases found in "
        f"epochs {', '.join(map(str, epochs)) or 'none'} (several in one epoch share a drop).",
        verdict=graded(len(steps) >= neurons and near, len(steps) >= 2 and near),
        why="Reproduced with as many drops as neurons, each within a factor of two of an epoch in which a basis is "
        "found; the trend with two of them or more.",
        figure="fig-10.png",
    )
