"""Meeting other processes, with a JAX that only pretends; `training/test_devices.py` has processes that do."""

import jax
import pytest
from jax.experimental import multihost_utils

from diffeliash._errors import DeviceError, InputError
from diffeliash.cli.terminal import _several_processes
from diffeliash.cli.terminal._several_processes import connect, parse_address


@pytest.fixture
def calls(monkeypatch):
    """What is asked of JAX and of the handlers of signals, in order."""
    asked = []
    monkeypatch.setattr(_several_processes, "uninstall", lambda: asked.append("signals end it"))
    monkeypatch.setattr(_several_processes, "install", lambda: asked.append("signals are minded"))
    monkeypatch.setattr(jax.distributed, "initialize", lambda *given, **options: asked.append((given, options)))

    def greet(name):
        print("hello", flush=True)
        asked.append(name)

    monkeypatch.setattr(multihost_utils, "sync_global_devices", greet)
    return asked


def test_signals_end_a_process_that_waits_and_are_minded_afterwards(calls, capfd):
    connect("node1:12345,2,1")
    given = (("node1:12345", 2, 1), {"initialization_timeout": 120})
    assert calls == ["signals end it", given, "joined", "signals are minded"]
    print("an answer", flush=True)
    assert capfd.readouterr() == ("an answer\n", "hello\n")


@pytest.mark.parametrize(("where", "hint"), [("auto", "Without Slurm"), ("node1:12345,2,1", "")])
def test_processes_that_do_not_meet(calls, monkeypatch, where, hint):
    def refuse(*given, **options):
        raise RuntimeError("nobody came")

    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    with pytest.raises(DeviceError, match="could not connect") as error:
        connect(where)
    assert error.value.why == "nobody came"
    assert error.value.hint.startswith(hint)
    assert bool(error.value.hint) == bool(hint)
    assert calls == ["signals end it"]


def test_addresses():
    assert parse_address("auto") == (None, None, None)
    assert parse_address("[::1]:80,3,0") == ("[::1]:80", 3, 0)
    for wrong in ("node:0,2,0", "node:65536,2,0", "node:1,2,-1", "node:1,0,0", "node:1,2,1,0", "node:x,2,0"):
        with pytest.raises(InputError, match="cannot interpret"):
            parse_address(wrong)
