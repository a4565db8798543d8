"""Connection of several processes that train one network (`--distributed`)."""

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator

from ..._errors import DeviceError, InputError
from .._interrupt import install, uninstall

AUTO = "auto"
"""Value of `--distributed` with which JAX finds the other processes by Slurm or Open MPI."""

STARTUP_TIMEOUT = 120
"""Time within which all processes must have connected [s]."""


def connect(where: str) -> None:
    """Connect to the other processes; this must come before the first computation.

    Args:
        where: `auto` if Slurm or Open MPI started the processes, otherwise ADDRESS:PORT,COUNT,INDEX with the network
            address of the first process, the number of processes, and the number of this one, from 0.

    Raises:
        InputError: `where` has another form.
        DeviceError: The processes could not connect.
    """
    import jax
    from jax.experimental import multihost_utils

    address, count, index = parse_address(where)
    uninstall()  # while it waits, a signal must end the process at once
    try:
        jax.distributed.initialize(address, count, index, initialization_timeout=STARTUP_TIMEOUT)
        with _output_to_error():  # the communication library prints a line on standard output
            multihost_utils.sync_global_devices("joined")
        install()  # JAX has replaced the handler of SIGTERM
    except (RuntimeError, ValueError) as error:
        hint = "Without Slurm or Open MPI give --distributed ADDRESS:PORT,COUNT,INDEX." if where == AUTO else ""
        raise DeviceError(
            "the processes could not connect", where="--distributed", why=f"{error}", hint=hint
        ) from error


def exit_without_waiting(exit_code: int) -> None:
    """Let this process end with the exit code without waiting for the others, after one of them has died."""
    atexit.register(os._exit, exit_code)


def disconnect() -> None:
    """Disconnect from the other processes, all at the same time; they then end independently."""
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
    """Parse the option `--distributed`.

    Returns:
        Address of the first process, number of processes, and number of this one; three times `None` for `auto`.

    Raises:
        InputError: The text has another form, or the numbers are out of range.
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
        hint = "Give auto, or ADDRESS:PORT,COUNT,INDEX with INDEX from 0, as in node1:12345,2,0."
        raise InputError(f"cannot interpret {where!r}.", where="--distributed", hint=hint) from None
    return address, *numbers
