"""Distributed training: several processes, on one or more machines, that run the same program on the same data.

`jax.distributed.initialize` connects them. Every batch is divided among the devices of all processes; everything else,
such as the order of the samples and the choice of the best weights, is the same in each. Only the main process, with
the index 0, writes files.
"""

import contextlib
from collections.abc import Iterator
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from .._errors import DeviceError

Tree = TypeVar("Tree")


def is_main_process() -> bool:
    """Whether this process is the one that writes files; true if there is only one process."""
    return jax.process_index() == 0


def is_distributed() -> bool:
    """Whether several processes train together."""
    return jax.process_count() > 1


def replicate(tree: Tree, mesh: jax.sharding.Mesh) -> Tree:
    """Make arrays that every process has into arrays that are replicated on all devices of all processes."""
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())

    def put(x):
        values = np.asarray(x)
        return jax.make_array_from_callback(values.shape, everywhere, lambda part: values[part])

    return jax.tree.map(put, tree)


def local(tree: Tree) -> Tree:
    """Make arrays that are replicated on all devices into arrays of this process."""
    return jax.tree.map(lambda x: x.addressable_data(0), tree)


def from_main_process(*values: float) -> tuple[float, ...]:
    """The numbers of the main process, for decisions that must be the same in all processes despite rounding errors."""
    if not is_distributed():
        return values
    return tuple(float(x) for x in multihost_utils.broadcast_one_to_all(np.asarray(values, dtype=float)))


@contextlib.contextmanager
def fail_together() -> Iterator[None]:
    """Make the body of a `with` statement fail in all processes if it fails in one, so that none waits forever.

    Raises:
        DeviceError: The body failed in another process.
    """
    if not is_distributed():
        yield
        return
    failure = None
    try:
        yield
    except BaseException as error:  # the other processes must stop, whatever it is
        failure = error
    n_failed = np.sum(multihost_utils.process_allgather(np.asarray(failure is not None)))
    if failure is not None:
        raise failure
    if n_failed:
        raise DeviceError("another process of this run has failed.", hint="See the messages of that process.")
