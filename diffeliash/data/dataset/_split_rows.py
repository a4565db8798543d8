"""Split of a data set into training, validation and test set."""

import dataclasses

import numpy as np

from ..._errors import InputError


@dataclasses.dataclass(frozen=True)
class Split:
    """Row numbers of the training, validation and test set."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_rows(n: int, seed: int) -> Split:
    """Split `n` rows at random into 81 % training, 9 % validation and 10 % test rows.

    Raises:
        InputError: There are so few rows that a part would be empty.
    """
    n_test, n_validation = round(0.10 * n), round(0.09 * n)
    if min(n_test, n_validation) < 1:
        raise InputError(
            f"{n} samples are too few to split into training, validation and test set (81/9/10 %).",
            hint="At least 6 stored samples are needed.",
        )
    order = np.random.default_rng(seed).permutation(n)
    return Split(
        train=np.sort(order[n_test + n_validation :]),
        validation=np.sort(order[n_test : n_test + n_validation]),
        test=np.sort(order[:n_test]),
    )
