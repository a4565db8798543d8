import numpy as np
import pytest

from diffeliash import InputError
from diffeliash.data import split_rows


@pytest.mark.parametrize("n", [12, 100, 1957])
def test_split_is_81_9_10_and_complete(n):
    split = split_rows(n, seed=3)
    rows = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(rows), np.arange(n))
    assert (split.test.size, split.validation.size) == (round(0.1 * n), round(0.09 * n))
    np.testing.assert_array_equal(split.test, split_rows(n, seed=3).test)


def test_too_few_rows():
    with pytest.raises(InputError, match="too few"):
        split_rows(4, seed=0)
