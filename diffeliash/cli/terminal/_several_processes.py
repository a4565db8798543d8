"""Training as one of several processes."""

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator

from ..._errors import DeviceError, InputError
from .._interrupt import install, uninstall

AUTO = "auto"

STARTUP_TIMEOUT = 120
"""Seconds in which all processes must have come."""


def connect(where: str) -> None:
    """Meet the other processes: before the first computation.

    Args:
        where: `auto` where Slurm or Open MPI started them, otherwise ADDRESS:PORT,COUNT,INDEX: where the first one is
            reached, how many there are, and which of them this one is, from 0.

    Raises:
        InputError: It says something else.
        DeviceError: They did not meet.
    """
    import jax
    from jax.experimental import multihost_utils

    address, count, index = parse_address(where)
    uninstall()  # while it waits a signal ends the process at once
    try:
        jax.distributed.initialize(address, count, index, initialization_timeout=STARTUP_TIMEOUT)
        with _output_to_error():  # the library below JAX greets on standard output
            multihost_utils.sync_global_devices("joined")
        install()  # JAX took SIGTERM for itself
    except (RuntimeError, ValueError) as error:
        hint = "Without Slurm or Open MPI say --distributed ADDRESS:PORT,COUNT,INDEX." if where == AUTO else ""
        raise DeviceError("the processes did not meet", where="--distributed", why=f"{error}", hint=hint) from error


def exit_without_waiting(exit_code: int) -> None:
    """After the death of another process: end with this code when all is said, without waiting for that one."""
    atexit.register(os._exit, exit_code)


def disconnect() -> None:
    """Part from the other processes, together with them: what comes after is not waited for."""
    import jax

    jax.distributed.shutdown()


@contextlib.contextmanager
def _output_to_error() -> Iterator[None]:
    kept = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        yield
    finally:
        os.dup2(kept, sys.stdout.fileno())
        os.close(kept)


def parse_address(where: str) -> tuple[str, int, int] | tuple[None, None, None]:
    """Where the first process is reached, how many there are and which this is; nothing of it where that is found out.

    Raises:
        InputError: It says something else.
    """
    if where == AUTO:
        return None, None, None
    try:
        address, count, index = where.split(",")
        numbers = int(count), int(index)
        host, port = address.rsplit(":", 1)
        if not host or not 0 < int(port) < 2**16 or not 0 <= numbers[1] < numbers[0]:
            raise ValueError
    except ValueError:
        hint = "Say auto, or ADDRESS:PORT,COUNT,INDEX with INDEX from 0, as in node1:12345,2,0."
        raise InputError(f"cannot read {where!r}.", where="--distributed", hint=hint) from None
    return address, *numbers
