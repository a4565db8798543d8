import dataclasses
import pickle
import shutil

import h5py
import numpy as np
import pytest

from diffeliash import DataSource, InputError, IntegrityError, export_dataset, generate, read_dataset
from diffeliash.data import split_rows
from diffeliash.data.dataset import _dataset_in_memory as _dataset
from diffeliash.data.storage._field_schema import shard_name, stored_fields
from diffeliash.data.storage._sealed_hdf5 import read_hdf5

from ..conftest import TINY

ALL = ("a2f", "Delta_meV", "Z", "dos", "Delta_iw_meV", "Z_iw", "lambda_ep", "omega_log_meV", "omega_2_meV", "error")


@pytest.fixture
def copy(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "copy")


def test_a_data_set_in_memory_is_what_the_shards_hold(tiny):
    dataset = read_dataset(tiny, ALL)
    assert set(dataset.fields) == {"number", *ALL}
    for name in ALL:
        parts = []
        for shard in range(3):
            with h5py.File(tiny / shard_name(shard)) as file:
                parts.append(file[name][:])
                np.testing.assert_array_equal(file["omega_meV"], dataset.omega)
                np.testing.assert_array_equal(file["omega_real_meV"], dataset.omega_real)
        np.testing.assert_array_equal(dataset.fields[name], np.concatenate(parts))
    assert np.all(np.diff(dataset.fields["number"]) > 0)
    assert dataset.fields["number"][0] >= 0
    assert dataset.fields["number"][-1] < 40
    assert set(stored_fields(dataset.config)) == {*ALL, "cauchy", "sample"}
    assert set(read_dataset(tiny).fields) == {"number", "a2f", "Delta_meV", "Delta_iw_meV"}


def test_fields_that_are_not_there(tiny):
    for reader in (read_dataset, DataSource):
        with pytest.raises(InputError, match=r"no field phi.*a2f"):
            reader(tiny, ("a2f", "phi"))


def test_what_does_not_fit_into_memory_is_refused(tiny, monkeypatch):
    dataset = read_dataset(tiny)
    n, width = len(dataset), sum(dataset.fields[name][0].nbytes for name in dataset.fields) // 8
    for free, fits in ((16 * n * width - 1, False), (16 * n * width, True)):
        monkeypatch.setattr(_dataset, "available_memory", lambda free=free: free)
        if fits:
            assert len(read_dataset(tiny)) == n
        else:
            with pytest.raises(InputError, match=r"does not fit.*DataSource"):
                read_dataset(tiny)
    monkeypatch.setattr(_dataset, "available_memory", lambda: None)
    assert len(read_dataset(tiny)) > 0
    assert DataSource(tiny)[0]["a2f"].shape == (60,)


def test_a_data_source_has_the_same_rows(tiny):
    dataset, source = read_dataset(tiny, ALL), DataSource(tiny, ALL)
    assert len(source) == len(dataset)
    assert source.digest == dataset.digest
    np.testing.assert_array_equal(source.omega, dataset.omega)
    np.testing.assert_array_equal(source.omega_real, dataset.omega_real)
    rows = np.random.default_rng(0).integers(-len(source), len(source), (7, 3))
    for index in (3, -1, np.int64(2), slice(None), slice(5, None, 3), slice(4, 4), [4, 4, 1], [], rows):
        found = source[index]
        for name in ALL:
            expected = dataset.fields[name][np.asarray(index, dtype=int) if isinstance(index, list) else index]
            np.testing.assert_array_equal(found[name], expected, err_msg=f"{name} {index}")
    mask = dataset.fields["lambda_ep"] > 1
    for index, expected in ((mask, mask), (np.uint8([0, 2]), [0, 2]), (np.int8(-1), -1)):
        np.testing.assert_array_equal(source[index]["a2f"], dataset.a2f[expected])
    assert DataSource(tiny, "a2f").fields == ("a2f",)
    np.testing.assert_array_equal([one["lambda_ep"] for one in source], dataset.fields["lambda_ep"])
    for index in (len(source), -len(source) - 1, [0, 1000]):
        with pytest.raises(IndexError, match="there are"):
            source[index]
    for index in (1.0, "a2f", np.ones(len(source) - 1, dtype=bool), True, None):
        with pytest.raises(TypeError, match="integers"):
            source[index]


def test_a_data_source_travels_to_other_processes_and_closes_its_files(tiny, monkeypatch):
    from diffeliash.data.dataset import _sample_source as _source

    monkeypatch.setattr(_source, "OPEN_FILES", 1)
    source = DataSource(tiny, ("a2f",))
    first, last = source[0], source[-1]
    assert len(source._files) == 1
    again = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(again[-1]["a2f"], last["a2f"])
    np.testing.assert_array_equal(again[0]["a2f"], first["a2f"])


def test_a_data_source_does_not_hand_out_damaged_samples(copy, other_tiny):
    content = bytearray((copy / shard_name(1)).read_bytes())
    content[20_000] ^= 1
    (copy / shard_name(1)).write_bytes(content)
    source = DataSource(copy)
    assert source[0]["a2f"].shape == (60,)
    with pytest.raises(IntegrityError, match="checksum"):
        source[:]
    shutil.copy(other_tiny / shard_name(1), copy / shard_name(1))
    with pytest.raises(IntegrityError, match="another data set"):
        DataSource(copy)[:]
    (copy / shard_name(1)).unlink()
    for reader in (read_dataset, lambda folder: DataSource(folder)[:]):
        with pytest.raises(IntegrityError, match="--repair"):
            reader(copy)


def test_export(tiny, tmp_path):
    dataset = read_dataset(tiny, ALL)
    for name in ("all.h5", "all.npz", "all.csv"):
        assert export_dataset(tiny, tmp_path / name) == len(dataset)
    h5, attributes = read_hdf5(tmp_path / "all.h5")
    assert attributes["digest"] == dataset.digest
    with h5py.File(tmp_path / "all.h5") as file:
        assert file["Delta_meV"].attrs["unit"] == "meV"
    npz = dict(np.load(tmp_path / "all.npz"))
    for found in (h5, npz):
        np.testing.assert_array_equal(found["omega_real_meV"], dataset.omega_real)
        for name in ALL:
            np.testing.assert_array_equal(found[name], dataset.fields[name])
    names = (tmp_path / "all.csv").read_text().split("\n", 1)[0].split(",")
    table = np.loadtxt(tmp_path / "all.csv", delimiter=",", skiprows=1)
    assert table.shape == (len(dataset), len(names))
    np.testing.assert_array_equal(table[:, names.index("a2f@0.5_meV")], dataset.a2f[:, 2])
    np.testing.assert_array_equal(table[:, names.index("Im_Delta_meV@35_meV")], dataset.Delta[:, -1].imag)
    np.testing.assert_array_equal(table[:, names.index("Delta_iw_meV[0]")], dataset.Delta_iw[:, 0])
    with pytest.raises(InputError, match="must end in"):
        export_dataset(tiny, tmp_path / "all.txt")
    export_dataset(tiny, tmp_path / "few.csv", ["lambda_ep"])
    assert (tmp_path / "few.csv").read_text().startswith("number,lambda_ep\n")


@pytest.mark.slow
def test_nothing_kept_is_exported_too(tmp_path):
    """Far above every T_c."""
    generate(dataclasses.replace(TINY, T=50.0, num_samples=4), tmp_path / "set")
    for name in ("all.h5", "all.npz", "all.csv"):
        assert export_dataset(tmp_path / "set", tmp_path / name) == 0
    assert (tmp_path / "all.csv").read_text().startswith("number,a2f@")
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 1
    assert DataSource(tmp_path / "set")[:]["a2f"].shape == (0, 60)


@pytest.mark.parametrize("n", [12, 100, 1957])
def test_split_is_81_9_10_and_complete(n):
    split = split_rows(n, seed=3)
    rows = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(rows), np.arange(n))
    assert (split.test.size, split.validation.size) == (round(0.1 * n), round(0.09 * n))
    np.testing.assert_array_equal(split.test, split_rows(n, seed=3).test)


def test_too_few_rows():
    with pytest.raises(InputError, match="too few"):
        split_rows(4, seed=0)
