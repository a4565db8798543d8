"""Stopping on SIGINT and SIGTERM between two steps of the work.

An exception raised in the signal handler could occur inside JAX's tracing or compilation, where it is lost or crashes
the process. Therefore the handler only records the signal, and the commands check for it between two steps.
"""

import os
import signal
import threading
import types


class _Requested:
    number = 0
    timeout: float | None = None
    message = ""


def install() -> None:
    """Install the handlers of SIGINT and SIGTERM."""
    signal.signal(signal.SIGINT, _remember)
    signal.signal(signal.SIGTERM, _remember)


def uninstall() -> None:
    """Restore the default handlers, with which a signal ends the process at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def set_shutdown_timeout(seconds: float, message: str) -> None:
    """Let a signal end the process after this time [s], with a message, if it has not stopped by then.

    This is for commands that can be killed without losing results.
    """
    stop_if_requested()
    _Requested.timeout, _Requested.message = seconds, message


def _remember(number: int, frame: types.FrameType | None) -> None:
    del frame
    if _Requested.number:
        os._exit(128 + number)
    _Requested.number = number
    if _Requested.timeout is not None:
        timer = threading.Timer(_Requested.timeout, _exit, [128 + number])
        timer.daemon = True
        timer.start()
    os.write(2, b"interrupted: stopping after this step; interrupt once more to stop at once\n")


def _exit(code: int) -> None:
    os.write(2, f"{_Requested.message}\n".encode())
    os._exit(code)


def stop_if_requested() -> None:
    """Raise `SystemExit` with the exit code 128 + signal number, if a signal has been received."""
    if _Requested.number:
        raise SystemExit(128 + _Requested.number)
