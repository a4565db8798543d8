"""Distributed training, as seen by one of the processes; `test_devices.py` runs several."""

import jax
import numpy as np
import pytest

from diffeliash._errors import DeviceError
from diffeliash.training import _hosts
from diffeliash.training._hosts import (
    fail_together,
    from_main_process,
    is_distributed,
    is_main_process,
    local,
    replicate,
)


@pytest.fixture
def others(monkeypatch):
    """Whether each of the others has failed; what this process told them."""
    failed, told = [], []

    def gather(mine):
        told.append(bool(mine))
        return np.array([mine, *failed])

    monkeypatch.setattr(jax, "process_count", lambda: 3)
    monkeypatch.setattr(_hosts.multihost_utils, "process_allgather", gather)
    return failed, told


def test_one_process_needs_no_other():
    assert is_main_process()
    assert not is_distributed()
    assert from_main_process(0.1, 2.0) == (0.1, 2.0)
    with pytest.raises(KeyError), fail_together():
        raise KeyError


def test_work_that_succeeds_everywhere(others):
    failed, told = others
    failed += [False, False]
    with fail_together():
        pass
    assert told == [False]


def test_a_failure_elsewhere_ends_this_one_too(others):
    others[0].extend([False, True])
    with pytest.raises(DeviceError, match="another process of this run has failed"), fail_together():
        pass


def test_a_failure_here_is_told_and_stays_what_it_is(others):
    failed, told = others
    failed += [False, True]
    with pytest.raises(KeyError, match="mine"), fail_together():
        raise KeyError("mine")
    assert told == [True]


def test_numbers_of_the_leader(others, monkeypatch):
    monkeypatch.setattr(_hosts.multihost_utils, "broadcast_one_to_all", lambda values: values + 1)
    assert from_main_process(1.0, 2.5) == (2.0, 3.5)


def test_arrays_that_devices_share_come_back():
    mesh = jax.sharding.Mesh(np.array(jax.local_devices()[:1]), ("batch",))
    tree = {"a": np.arange(6.0).reshape(2, 3), "b": np.float32(2.0)}
    shared = replicate(tree, mesh)
    assert shared["a"].sharding.is_fully_replicated
    for name, values in local(shared).items():
        np.testing.assert_array_equal(values, tree[name])
        assert values.dtype == np.asarray(tree[name]).dtype
