"""Whoever forges a checkpoint can compute its checksum: what is in it is believed only as far as it can be true."""

import dataclasses
import hashlib
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, IntegrityError, read_checkpoint
from diffeliash._errors import DiffeliashError
from diffeliash.models import (
    Checkpoint,
    EnvelopeHeader,
    check_envelope,
    read_envelope,
    write_checkpoint,
    write_envelope,
)
from diffeliash.models._envelope import MAGIC

from ..hostile import as_json, mutations
from .test_checkpoint import SETTING
from .test_predictor import CONFIG, make

ORIGIN = {"train": {"epochs": 3}, "data_digest": "0" * 64, "best_epoch": 2}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.ckpt"
    write_checkpoint(path, Checkpoint(model=make(3), config=CONFIG, setting=SETTING, origin=ORIGIN))
    return path


def parts(path):
    content = path.read_bytes()
    start = len(MAGIC) + 8
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    return json.loads(content[start:end]), content[end:-32]


def forge(path, text, payload, length=None):
    head = MAGIC + (len(text) if length is None else length).to_bytes(8, "little") + text
    path.write_bytes(head + payload + hashlib.sha256(head + payload).digest())


def test_every_field_of_every_kind(path):
    header, payload = parts(path)
    accepted = []
    for what, forged in mutations(header):
        forge(path, as_json(forged).encode(), payload)
        for read in (read_checkpoint, check_envelope):
            try:
                found = read(path)
            except DiffeliashError:
                continue
            if read is read_checkpoint:
                accepted.append(what)
                setting = found.setting
                assert setting is None or all(
                    math.isfinite(value) for value in dataclasses.astuple(setting) if not isinstance(value, str)
                ), what
    harmless = (  # what may be anything, what has a default, half an energy, and a switch
        *("origin", "versions", "setting: null", "setting.mu_star", "setting.task: missing"),
        *("config.positive: missing", "config.positive: true"),
    )
    assert [what for what in accepted if not what.startswith(harmless) and not what.endswith("fraction")] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("T", 0), ("T", "../../etc/passwd"), ("T", math.nan), ("n_energies", 10**19), ("n_points", 10**19),
        ("n_energies", True), ("broadening", -1.0), ("mu_star", 2.0), ("omega_max", math.inf), ("task", "a2f"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_named(path, field, value):
    header, payload = parts(path)
    header["setting"][field] = value
    forge(path, json.dumps(header).encode(), payload)
    with pytest.raises(IntegrityError, match=rf"model.ckpt: damaged checkpoint: `setting\.{field}`"):
        read_checkpoint(path)


def test_all_bad_fields_are_named_at_once(path):
    header, payload = parts(path)
    header["setting"] |= {"T": "cold", "broadening": -1}
    header["config"]["input_size"] = 0
    forge(path, json.dumps(header).encode(), payload)
    with pytest.raises(IntegrityError, match=r"config\.input_size.*setting\.T.*'cold'.*setting\.broadening.*-1"):
        read_checkpoint(path)


def test_a_setting_that_no_memory_holds(path):
    header, payload = parts(path)
    header["setting"]["T"] = 1e-9
    forge(path, json.dumps(header).encode(), payload)
    with pytest.raises(IntegrityError, match="more Matsubara frequencies"):
        read_checkpoint(path)


def test_a_setting_whose_sums_end_within_the_spectrum(path):
    for energy, good in ((SETTING.omega_max, True), (0.99 * SETTING.omega_max, False)):
        setting = dataclasses.replace(SETTING, matsubara_cutoff=energy)
        write_checkpoint(path, Checkpoint(model=make(3), config=CONFIG, setting=setting, origin=ORIGIN))
        if good:
            assert read_checkpoint(path).setting == setting
        else:
            with pytest.raises(IntegrityError, match="cutoff of the setting lies below its spectral functions"):
                read_checkpoint(path)


@pytest.mark.parametrize("change", [{"n_points": 4}, {"n_energies": 4}, {"task": "dos-to-a2f"}, {"task": "a2f-to-gap"}])
def test_a_setting_whose_grids_do_not_fit_the_network(path, change):
    setting = dataclasses.replace(SETTING, **change)
    write_checkpoint(path, Checkpoint(model=make(3), config=CONFIG, setting=setting, origin=ORIGIN))
    with pytest.raises(IntegrityError, match="does not fit the grids of its setting"):
        read_checkpoint(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_are_numbers(path, value):
    model = jax.tree.map(lambda leaf: jnp.where(jnp.arange(leaf.size).reshape(leaf.shape) == 0, value, leaf), make(3))
    write_checkpoint(path, Checkpoint(model=model, config=CONFIG, setting=SETTING, origin=ORIGIN))
    with pytest.raises(IntegrityError, match="not finite"):
        read_checkpoint(path)


def test_sizes_are_those_of_the_file(path):
    header, payload = parts(path)
    text = json.dumps(header).encode()
    for changed in (payload + b"\0", payload[:-4], b""):
        forge(path, text, changed)
        for read in (read_checkpoint, check_envelope):
            with pytest.raises(IntegrityError, match=r"bytes of arrays, but there are"):
                read(path)
    for length in (2**63, len(text) + len(payload) + 1):
        forge(path, text, payload, length)
        with pytest.raises(IntegrityError, match="the stated length of its header"):
            read_checkpoint(path)
    for leaf in (["<f4", [-1]], ["O", [1]], ["<f4", [2**62, 2**62]], ["<U9", [1]], [["<f4", "<f8"], [1]], ["V8", [1]]):
        header["leaves"][0] = leaf
        forge(path, json.dumps(header).encode(), payload)
        with pytest.raises(IntegrityError):
            read_checkpoint(path)


def test_other_versions_and_kinds_are_told_as_before(path):
    header, payload = parts(path)
    forge(path, json.dumps(header | {"format_version": 1, "leaves": "old"}).encode(), payload)
    with pytest.raises(InputError, match=r"unknown format version: the file has version 1,"):
        read_checkpoint(path)
    assert check_envelope(path) == ""
    forge(path, json.dumps(header | {"kind": "autoencoder"}).encode(), payload)
    with pytest.raises(
        InputError, match=r"not a file of the kind .predictor.: it is a file of the kind .autoencoder.\."
    ):
        read_checkpoint(path)
    assert check_envelope(path) == "autoencoder"


def test_arrays_without_numbers_are_arrays(tmp_path):
    values = [np.zeros((0, 3), np.float32), np.arange(3), np.array(True), np.array([1 + 2j])]
    write_envelope(tmp_path / "x", "thing", {}, values)
    _, found = read_envelope(tmp_path / "x", "thing", EnvelopeHeader)
    assert [(a.dtype, a.shape) for a in found] == [(a.dtype, a.shape) for a in values]
    np.testing.assert_array_equal(found[3], values[3])
