import dataclasses
import json

import h5py
import jax
import numpy as np
import pytest

from diffeliash import (
    ComplexFamily,
    FullMatsubara,
    GenerateConfig,
    InputError,
    IntegrityError,
    Spectrum,
    StorageError,
    generate,
    read_dataset,
    solve_gap,
)
from diffeliash.data import sample_record, verify_dataset
from diffeliash.data._schema import STATUS

SMALL = GenerateConfig(
    family=ComplexFamily(n_points=100), num_samples=40, T=3.0, omega_c=30.0, matsubara_cutoff=40.0, shard_size=16,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "set"
    return folder, generate(SMALL, folder)


def test_counts_add_up_and_normal_samples_are_dropped(made):
    folder, report = made
    assert report.n_requested == 40 == report.n_kept + report.n_normal + report.n_rejected
    assert report.n_kept > 5
    assert report.n_normal > 0
    dataset = read_dataset(folder)
    assert len(dataset) == report.n_kept
    assert np.all(dataset.Delta_iw[:, 0] > 0)


def test_records_satisfy_the_equations(made):
    dataset = read_dataset(made[0])
    for row in (0, len(dataset) - 1):
        sol = solve_gap(
            Spectrum(dataset.omega, dataset.a2f[row]), 3.0, omega_c=30.0, matsubara_cutoff=40.0,
            frequencies=FullMatsubara(),
        )  # fmt: skip
        np.testing.assert_allclose(dataset.Delta_iw[row], sol.Delta, atol=1e-12)


def test_sample_j_of_shard_i_depends_on_nothing_else(made):
    with h5py.File(made[0] / "shard-00001.h5") as file:
        sample, stored, status = file["sample"][0], file["a2f"][0], file["status"][:]
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(0), 1), int(sample))
    record = jax.jit(lambda k: sample_record(SMALL, k))(key)
    np.testing.assert_allclose(record["a2f"], stored, rtol=1e-12)
    assert STATUS[int(record["status"])] == "kept"
    assert status.size == 16


def test_same_configuration_same_digest(made, tmp_path):
    assert generate(SMALL, tmp_path / "again").digest == made[1].digest
    assert generate(dataclasses.replace(SMALL, seed=1), tmp_path / "other").digest != made[1].digest


def test_files_say_what_they_hold(made):
    with h5py.File(made[0] / "shard-00000.h5") as file:
        assert file["Delta_meV"].attrs["unit"] == "meV"
        assert file["a2f"].fletcher32
        assert json.loads(file.attrs["config"])["T"] == 3.0
        assert {"diffeliash", "jax", "git_commit"} <= set(json.loads(file.attrs["versions"]))
        assert file.attrs["format_version"] == 2


def copy_of(folder, target):
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))


def test_damage_is_found(made, tmp_path):
    assert verify_dataset(made[0]) == []
    flipped = copy_of(made[0], tmp_path / "flipped")
    with h5py.File(made[0] / "shard-00000.h5") as file:
        offset = file["a2f"].id.get_chunk_info(0).byte_offset
    flip(flipped / "shard-00000.h5", offset + 100)
    missing = copy_of(made[0], tmp_path / "missing")
    (missing / "shard-00001.h5").unlink()
    swapped = copy_of(made[0], tmp_path / "swapped")
    (swapped / "shard-00001.h5").write_bytes((made[0] / "shard-00000.h5").read_bytes())
    for folder in (flipped, missing, swapped):
        assert len(verify_dataset(folder)) == 1, folder
        with pytest.raises((IntegrityError, InputError)):
            read_dataset(folder)


def test_a_changed_manifest_is_found(made, tmp_path):
    folder = copy_of(made[0], tmp_path / "set")
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"T": 3.0', '"T": 4.0'))
    assert verify_dataset(folder)
    (folder / "manifest.json").write_text(manifest.replace('"format_version": 2', '"format_version": 99'))
    with pytest.raises(InputError, match="99"):
        read_dataset(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(IntegrityError):
        read_dataset(folder)


def test_an_occupied_folder_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="not empty"):
        generate(SMALL, tmp_path)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def stop(counts):
        if sum(counts.values()) > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(SMALL, tmp_path / "set", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_all_bad_settings_are_named():
    with pytest.raises(ValueError, match=r"num_samples.*`T`.*mu_star"):
        GenerateConfig(num_samples=0, T=-1.0, mu_star=3.0)
