import dataclasses
import json
import os
import shutil

import numpy as np
import pytest

from diffeliash import InputError, IntegrityError, StorageError, generate, read_dataset, repair_dataset, verify_dataset
from diffeliash.data.dataset._manifest import read_manifest, sealed_json
from diffeliash.data.dataset._shard_files import read_shard, shard_bytes
from diffeliash.data.storage._field_schema import shard_name, stored_fields

from ..conftest import TINY

FILES = ["manifest.json", "DONE", *map(shard_name, range(3))]


@pytest.fixture
def copy(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "copy")


def content(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def flip(path, bit):
    flipped = bytearray(path.read_bytes())
    flipped[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(flipped)


@pytest.mark.parametrize("name", ["manifest.json", "DONE", shard_name(1)])
def test_every_flipped_bit_is_found(copy, name):
    whole = (copy / name).read_bytes()
    for bit in np.random.default_rng(0).integers(0, 8 * len(whole), 60):
        flip(copy / name, int(bit))
        assert verify_dataset(copy), bit
        with pytest.raises((IntegrityError, InputError)):
            read_dataset(copy)
        (copy / name).write_bytes(whole)
    assert verify_dataset(copy) == []


def missing(copy, other):
    (copy / shard_name(1)).unlink()


def damaged(copy, other):
    flip(copy / shard_name(1), 80_001)


def cut(copy, other):
    (copy / shard_name(1)).write_bytes((copy / shard_name(1)).read_bytes()[:-1])


def empty(copy, other):
    (copy / shard_name(1)).write_bytes(b"")


def swapped(copy, other):
    shutil.copy(copy / shard_name(0), copy / shard_name(1))


def foreign(copy, other):
    shutil.copy(other / shard_name(1), copy / shard_name(1))


def folder_instead(copy, other):
    (copy / "DONE").unlink()
    shutil.copy(other / "DONE", copy / "DONE")


def no_manifest_to_trust(copy, other):
    flip(copy / "manifest.json", 100)


def foreign_manifest(copy, other):
    shutil.copy(other / "manifest.json", copy / "manifest.json")


def no_manifest(copy, other):
    (copy / "manifest.json").unlink()


DAMAGE = [no_manifest, missing, damaged, cut, empty, swapped, foreign, folder_instead, no_manifest_to_trust]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_only_that_is_repaired(tiny, copy, other_tiny, damage):
    damage(copy, other_tiny)
    before = {name: (copy / name).stat().st_mtime_ns if (copy / name).exists() else 0 for name in FILES}
    wrong = [name for name in FILES if not (copy / name).is_file() or (copy / name).read_bytes() != content(tiny)[name]]
    problems = verify_dataset(copy)
    assert len(problems) == 1
    assert wrong[0] in problems[0]
    with pytest.raises((IntegrityError, InputError)):
        read_dataset(copy)
    assert repair_dataset(copy) == []
    assert content(copy) == content(tiny)
    assert [name for name in FILES if (copy / name).stat().st_mtime_ns != before[name]] == wrong


def test_a_pipe_in_the_place_of_a_shard_is_neither_read_nor_replaced(copy):
    (copy / shard_name(1)).unlink()
    os.mkfifo(copy / shard_name(1))
    assert "not a file" in verify_dataset(copy)[0]
    with pytest.raises(IntegrityError, match="not a file"):
        read_dataset(copy)
    for function in (lambda: repair_dataset(copy), lambda: generate(TINY, copy, shard_index=0, num_shards=2)):
        with pytest.raises((StorageError, InputError), match="not a file"):
            function()
    assert (copy / shard_name(1)).is_fifo()


def test_a_swapped_shard_is_told_from_a_foreign_one(copy):
    swapped(copy, None)
    (copy / "DONE").unlink()
    assert any("it is shard 0" in problem for problem in verify_dataset(copy))


def test_a_shard_that_fits_but_is_not_the_one_of_before(tiny, copy):
    """As another machine would make it, whose digits differ: sealed, of this data set, and yet not what DONE says."""
    manifest = read_manifest(copy)
    arrays, summary = read_shard(copy, manifest, 1)
    records = {name: arrays[name] for name in stored_fields(manifest.config) if name != "sample"}
    status = np.where(arrays["status"] == 0, 0, 1)
    whole = {name: np.zeros((status.size, *values.shape[1:]), values.dtype) for name, values in records.items()}
    for name, values in records.items():
        whole[name][status == 0] = values * (1 + 1e-15)
    other, content_of_other = shard_bytes(manifest, 1, whole | {"status": arrays["status"]})
    assert other.counts == summary.counts
    (copy / shard_name(1)).write_bytes(content_of_other)
    assert "not what DONE says" in verify_dataset(copy)[0]
    with pytest.raises(IntegrityError, match="not that of the finished"):
        read_dataset(copy)
    assert repair_dataset(copy) == []
    assert content(copy) == content(tiny)


@pytest.mark.parametrize("finished", [True, False])
def test_a_foreign_manifest_does_not_take_the_shards_with_it(tiny, copy, other_tiny, finished):
    foreign_manifest(copy, other_tiny)
    if not finished:
        (copy / "DONE").unlink()
    before = content(tiny)
    with pytest.raises(IntegrityError, match=r"most shards.*--repair"):
        generate(dataclasses.replace(TINY, seed=1), copy, resume=True)
    assert all((copy / shard_name(k)).read_bytes() == before[shard_name(k)] for k in range(3))
    assert "most shards" in verify_dataset(copy)[0]
    assert repair_dataset(copy) == []
    assert content(copy) == before


def test_a_manifest_that_done_fits_outvotes_the_shards(tiny, copy, other_tiny):
    for k in (0, 1):
        shutil.copy(other_tiny / shard_name(k), copy / shard_name(k))
    assert repair_dataset(copy) == []
    assert content(copy) == content(tiny)


def test_all_problems_at_once(copy, tiny):
    missing(copy, None)
    flip(copy / shard_name(0), 9000)
    (copy / "notes.txt").write_text("mine")
    shutil.copy(copy / shard_name(2), copy / shard_name(7))
    problems = verify_dataset(copy)
    assert len(problems) == 4
    for name in (shard_name(0), shard_name(1), "notes.txt", shard_name(7)):
        assert sum(name in problem for problem in problems) == 1
    remaining = repair_dataset(copy)  # nothing is removed
    assert len(remaining) == 2
    assert content(copy) == content(tiny)


def test_a_consistent_lie_about_the_content_is_found(copy):
    """Whoever changes the summary and seals it again still does not have shards that fit."""
    fields = json.loads((copy / "DONE").read_text())
    del fields["sha256_of_the_rest"]
    fields["shards"][1]["digest"] = "0" * 64
    (copy / "DONE").write_bytes(sealed_json(fields))
    assert "another manifest" in verify_dataset(copy)[0]
    (copy / "manifest.json").unlink()
    with pytest.raises(IntegrityError, match=r"it is missing.*--repair"):
        read_dataset(copy)
    with pytest.raises(IntegrityError, match=r"it is missing.*--repair"):
        generate(TINY, copy, resume=True)
    for name in map(shard_name, range(3)):
        (copy / name).unlink()
    with pytest.raises(InputError, match="not a data set"):
        verify_dataset(copy)


def test_an_older_format_is_refused(copy):
    (copy / "manifest.json").write_text(json.dumps({"format_version": 2, "config": {}, "shards": [], "digest": ""}))
    for function in (verify_dataset, read_dataset, repair_dataset):
        with pytest.raises(InputError, match="version 2"):
            function(copy)


def test_nothing_to_restore_the_manifest_from(copy):
    no_manifest_to_trust(copy, None)
    for name in map(shard_name, range(3)):
        (copy / name).unlink()
    assert len(verify_dataset(copy)) == 1
    with pytest.raises(IntegrityError, match="No shard has a copy"):
        repair_dataset(copy)
