"""Signals, as the handler sees them; `datasets/test_generate.py` and others send them to processes."""

import os
import signal

import pytest

from diffeliash.cli import _interrupt
from diffeliash.cli._interrupt import _remember, _Requested, install, set_shutdown_timeout, stop_if_requested, uninstall


class EndedError(Exception):
    pass


@pytest.fixture(autouse=True)
def said(monkeypatch):
    """What is written to standard error; nothing ends this process, and no signal is left over."""
    written = []

    def end(code):
        raise EndedError(code)

    for name, value in (("number", 0), ("timeout", None), ("message", "")):
        monkeypatch.setattr(_Requested, name, value)
    monkeypatch.setattr(os, "write", lambda where, what: written.append((where, what.decode())))
    monkeypatch.setattr(os, "_exit", end)
    return written


def test_the_first_signal_is_remembered_until_somebody_asks(said):
    stop_if_requested()
    _remember(signal.SIGTERM, None)
    assert said == [(2, "interrupted: stopping after this step; interrupt once more to stop at once\n")]
    with pytest.raises(SystemExit) as stopped:
        stop_if_requested()
    assert stopped.value.code == 143


def test_the_second_ends_at_once():
    _remember(signal.SIGINT, None)
    with pytest.raises(EndedError, match="130"):
        _remember(signal.SIGINT, None)


def test_a_step_that_lasts_too_long_is_ended_with_a_message(said, monkeypatch):
    timers = []

    class Timer:
        def __init__(self, seconds, function, arguments):
            timers.append((seconds, function, arguments, self))

        def start(self):
            assert self.daemon

    monkeypatch.setattr(_interrupt.threading, "Timer", Timer)
    set_shutdown_timeout(5.0, "go on with --resume")
    assert timers == []
    _remember(signal.SIGTERM, None)
    ((seconds, function, arguments, _),) = timers
    assert seconds == 5.0
    with pytest.raises(EndedError, match="143"):
        function(*arguments)
    assert said[-1] == (2, "go on with --resume\n")


def test_nothing_is_promised_after_a_signal():
    _remember(signal.SIGTERM, None)
    with pytest.raises(SystemExit):
        set_shutdown_timeout(5.0, "go on with --resume")
    assert _Requested.timeout is None


def test_handlers_come_and_go():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        install()
        assert {signal.getsignal(number) for number in before} == {_remember}
        uninstall()
        assert {signal.getsignal(number) for number in before} == {signal.SIG_DFL}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
