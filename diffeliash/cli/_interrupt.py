"""Stopping on a signal, at a point where nothing is half done.

An exception raised by the handler itself would land anywhere: inside JAX's tracing or compilation it is swallowed or
crashes the process. The handler only remembers the signal, and the commands ask between two steps of their work.
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
    """Handle SIGINT and SIGTERM from now on."""
    signal.signal(signal.SIGINT, _remember)
    signal.signal(signal.SIGTERM, _remember)


def uninstall() -> None:
    """Let signals end the process at once, until the next `install`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def set_shutdown_timeout(seconds: float, message: str) -> None:
    """End the process this long after a signal if it has not stopped by then: for a command that may be killed."""
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
    os.write(2, b"interrupted: stopping after this step; once more to stop at once\n")


def _exit(code: int) -> None:
    os.write(2, f"{_Requested.message}\n".encode())
    os._exit(code)


def stop_if_requested() -> None:
    """Leave through all `finally` clauses, with the exit code that shells expect, if a signal has come."""
    if _Requested.number:
        raise SystemExit(128 + _Requested.number)
