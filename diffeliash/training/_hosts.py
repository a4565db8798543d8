"""Processes that train together, on one or more machines: the same program with the same rows in each.

`jax.distributed.initialize` makes them know each other. Batches are shared out among the devices of all; everything
else, as the order of rows and the choice of the best weights, each does in the same way. The first one leads: it
writes.
"""

import contextlib
from collections.abc import Iterator
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from .._errors import DeviceError

Tree = TypeVar("Tree")


def leads() -> bool:
    """Whether this process is the one that writes files; true where there is one process only."""
    return jax.process_index() == 0


def several() -> bool:
    """Whether there are more processes than this one."""
    return jax.process_count() > 1


def replicate(tree: Tree, mesh: jax.sharding.Mesh) -> Tree:
    """Arrays that every process has, as arrays that all devices of all processes share."""
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())

    def put(x):
        values = np.asarray(x)
        return jax.make_array_from_callback(values.shape, everywhere, lambda part: values[part])

    return jax.tree.map(put, tree)


def local(tree: Tree) -> Tree:
    """Arrays that all devices share, as arrays of this process."""
    return jax.tree.map(lambda x: x.addressable_data(0), tree)


def of_leader(*values: float) -> tuple[float, ...]:
    """The numbers that the leading process has: others may differ in the last digit, on another kind of machine."""
    if not several():
        return values
    return tuple(float(x) for x in multihost_utils.broadcast_one_to_all(np.asarray(values, dtype=float)))


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Work that processes do each for itself; if it fails in one of them, it fails in all, and none is waited for.

    Raises:
        DeviceError: It failed in another process.
    """
    if not several():
        yield
        return
    failure = None
    try:
        yield
    except BaseException as error:  # the others must know, whatever it is
        failure = error
    n_failed = np.sum(multihost_utils.process_allgather(np.asarray(failure is not None)))
    if failure is not None:
        raise failure
    if n_failed:
        raise DeviceError("another process of this run has stopped.", hint="Its messages say why.")
