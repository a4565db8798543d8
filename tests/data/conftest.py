import dataclasses

import pytest

from diffeliash import ComplexFamily, GenerateConfig, generate

TINY = GenerateConfig(
    family=ComplexFamily(n_points=60, window=0.1), num_samples=40, T=3.0, omega_c=30.0, matsubara_cutoff=40.0,
    n_energies=30, max_error=1e-4, shard_size=16,
)  # fmt: skip


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A small data set of three shards; not to be changed."""
    folder = tmp_path_factory.mktemp("tiny") / "set"
    generate(TINY, folder)
    return folder


@pytest.fixture(scope="session")
def other_tiny(tmp_path_factory):
    """Another one, with another seed."""
    folder = tmp_path_factory.mktemp("tiny") / "other"
    generate(dataclasses.replace(TINY, seed=1), folder)
    return folder
