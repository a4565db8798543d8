import dataclasses

import pytest

from diffeliash import _limits


@dataclasses.dataclass
class Config:
    epochs: int


def test_a_value_above_its_limit_is_named():
    assert _limits.too_large(Config(3), {"epochs": 3}) == []
    assert _limits.too_large(Config(4), {"epochs": 3}) == ["`epochs` must be at most 3, got 4"]


@pytest.mark.parametrize("sizes", [(), (1,), (500, 800), (2**14, 2**14)])
def test_networks_of_admissible_size_are_accepted(sizes):
    assert _limits.too_wide("sizes", sizes) == []


@pytest.mark.parametrize("sizes", [(0,), (2**16 + 1,), (2**16, 2**16), (1,) * 101])
def test_networks_of_other_sizes_are_refused(sizes):
    assert "`sizes` must" in _limits.too_wide("sizes", sizes)[0]


def test_the_memory_for_the_matrices_of_an_inversion_is_limited():
    assert _limits.too_much_for_inversion(256, n_samples=10**5, n_energies=10**5) == []
    assert len(_limits.too_much_for_inversion(2048, n_samples=10**5, n_energies=10**5)) == 2
