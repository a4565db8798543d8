"""All stages, in their order."""

import itertools
import pathlib
from collections.abc import Callable

import numpy as np

from .._paper_config import PaperConfig
from . import _many_to_one_stages as question
from . import _network_stages as networks
from ._stage_files import Arrays, Work

Results = dict[str, Arrays]
"""Results of every stage by its name."""


def stages(config: PaperConfig) -> dict[str, Callable[[Work], Arrays]]:
    """What is to be done, by name, in order."""
    found: dict[str, Callable[[Work], Arrays]] = {
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
    """The stage of a network for the question."""
    return f"{data}-{'longer-' if longer else ''}seed-{seed}"


def by_seed(results: Results, config: PaperConfig, data: question.Data, name: str, *, longer: bool) -> np.ndarray:
    """A result of the networks for the question, one row a seed."""
    names = [network_name(data, seed, longer=longer) for seed in range(config.n_seeds)]
    return np.array([results[each][name] for each in names], dtype=np.float64)


def bases_name(neurons: int, seed: int) -> str:
    """The stage of a network of few basis functions."""
    return f"bases-{neurons}-seed-{seed}"


def run_stages(
    config: PaperConfig,
    folder: pathlib.Path,
    progress: Callable[[int, str], None] = lambda done, remark: None,
) -> Results:
    """Do what is not done yet.

    Args:
        config: Sizes.
        folder: Of the run; what is finished lies there.
        progress: Told the number of stages done and what is being done; it may stop the run by an exception.

    Raises:
        InputError: The folder is of a run with another configuration.
        IntegrityError: A file is damaged.
        StorageError: A file cannot be written.
    """
    todo, results = stages(config), Results()
    work = Work(config, folder, lambda remark: progress(len(results), remark))
    for name, make in todo.items():
        results[name] = work.kept(name, make)
        progress(len(results), name)
    return results
