"""The list of all stages, and the function that runs them in order."""

import itertools
import pathlib
from collections.abc import Callable

import numpy as np

from .._paper_config import PaperConfig
from . import _many_to_one_stages as question
from . import _network_stages as networks
from ._stage_files import Arrays, StageContext

Results = dict[str, Arrays]
"""The results of all stages by the name of the stage."""


def all_stages(config: PaperConfig) -> dict[str, Callable[[StageContext], Arrays]]:
    """All stages by name, in the order in which they are run."""
    found: dict[str, Callable[[StageContext], Arrays]] = {
        "baseline": networks.baseline,
        "simple": networks.simple,
        "plain": networks.plain,
        "scaling": question.scaling,
        "pade": question.pade,
        "inversion": question.inversion,
        "information": question.information,
        "reverse": networks.reverse,
        "dos": networks.dos,
    }
    found |= {
        bases_name(neurons, seed): networks.bases(neurons, seed)
        for neurons, seed in itertools.product(config.neurons, range(config.n_seeds))
    }
    found |= {f"reduced-{size}": networks.reduced(size) for size in config.latent_sizes}
    found |= {f"separate-{size}": networks.separate(size) for size in config.separate_sizes}
    found |= {f"dos-reduced-{size}": networks.dos_reduced(size) for size in config.dos_sizes}
    found |= {f"flow-{name}": networks.flow(name) for name in ("simple", "complex")}
    for longer, seed, data in itertools.product((False, True), range(config.n_seeds), ("exact", "pade")):
        found[network_name(data, seed, longer=longer)] = question.network(data, seed, longer=longer)
    accepted = {network_name("accepted", seed, longer=False): seed for seed in range(config.n_seeds)}
    return found | {name: question.network("accepted", seed) for name, seed in accepted.items()}


def network_name(data: question.Data, seed: int, *, longer: bool) -> str:
    """The name of the stage that trains one of the networks on the question whether the map is many-to-one."""
    return f"{data}-{'longer-' if longer else ''}seed-{seed}"


def by_seed(results: Results, config: PaperConfig, data: question.Data, name: str, *, longer: bool) -> np.ndarray:
    """A result of these networks, one row for each seed."""
    names = [network_name(data, seed, longer=longer) for seed in range(config.n_seeds)]
    return np.array([results[each][name] for each in names], dtype=np.float64)


def bases_name(neurons: int, seed: int) -> str:
    """The name of the stage that trains a network with few basis functions."""
    return f"bases-{neurons}-seed-{seed}"


def run_stages(
    config: PaperConfig,
    folder: pathlib.Path,
    progress: Callable[[int, str], None] = lambda done, remark: None,
) -> Results:
    """Run all stages that have no result file yet, and read the results of the others.

    Args:
        config: The configuration of the run.
        folder: Folder of the run.
        progress: Called with the number of finished stages and a remark on the present one; an exception that it raises
            stops the run.

    Raises:
        InputError: The folder belongs to a run with another configuration.
        IntegrityError: A file is damaged.
        StorageError: A file cannot be written.
    """
    todo, results = all_stages(config), Results()
    context = StageContext(config, folder, lambda remark: progress(len(results), remark))
    for name, make in todo.items():
        results[name] = context.cached(name, make)
        progress(len(results), name)
    return results
