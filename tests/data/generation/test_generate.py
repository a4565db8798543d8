import dataclasses
import json
import math
import shutil
import threading

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    ComplexFamily,
    FullMatsubara,
    GenerateConfig,
    InputError,
    IntegrityError,
    Newton,
    SimpleFamily,
    Spectrum,
    StorageError,
    continue_gap,
    generate,
    read_dataset,
    repair_dataset,
    solve_gap,
    solve_tc,
    verify_dataset,
)
from diffeliash.data import sample_key, sample_record
from diffeliash.data.generation import _generate, _make_shards
from diffeliash.data.storage._field_schema import STATUS_NAMES
from diffeliash.data.storage._provenance import numerical_environment

SMALL = GenerateConfig(
    family=ComplexFamily(n_points=100), num_samples=40, T=3.0, omega_c=30.0, matsubara_cutoff=40.0, shard_size=16,
    with_T_c=True,
)  # fmt: skip
SHARDS = [f"shard-0000{i}.h5" for i in range(3)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "set"
    return folder, generate(SMALL, folder)


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "copy")


def same_files(folder, other):
    names = [*SHARDS, "manifest.json", "DONE"]
    return all((folder / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_counts_add_up_and_normal_samples_are_dropped(made):
    folder, report = made
    assert report.n_requested == 40 == report.n_kept + report.n_normal + report.n_rejected
    assert sum(report.reasons.values()) == 40
    assert report.n_kept > 5
    assert report.n_normal > 0
    assert (report.n_shards, report.n_missing) == (3, 0)
    dataset = read_dataset(folder)
    assert len(dataset) == report.n_kept
    assert np.all(dataset.Delta_iw[:, 0] > 0)


def test_records_satisfy_the_equations(made):
    dataset = read_dataset(made[0], ("a2f", "Delta_iw_meV", "Z_iw", "Delta_meV", "Z", "dos", "T_c_K", "lambda_ep"))
    for row in (0, len(dataset) - 1):
        spectrum = Spectrum(dataset.omega, dataset.a2f[row])
        cutoffs = {"omega_c": 30.0, "matsubara_cutoff": 40.0}
        sol = solve_gap(spectrum, 3.0, frequencies=FullMatsubara(), solver=Newton(), **cutoffs)
        np.testing.assert_allclose(dataset.Delta_iw[row], sol.Delta, atol=1e-11)
        np.testing.assert_allclose(dataset.fields["Z_iw"][row], sol.Z, atol=1e-11)
        real = continue_gap(sol, spectrum, dataset.omega_real, broadening=0.1)
        scale = np.max(np.abs(real.Delta))
        np.testing.assert_allclose(dataset.Delta[row], real.Delta, atol=SMALL.max_error * scale)
        np.testing.assert_allclose(dataset.fields["Z"][row], real.Z, atol=1e-6)
        np.testing.assert_allclose(dataset.fields["dos"][row], real.dos, atol=1e-5)
        # where the cutoff cuts the frequencies it jumps a little: few of them at this cutoff
        assert dataset.fields["T_c_K"][row] == pytest.approx(float(solve_tc(spectrum, **cutoffs)), rel=1e-6)
        assert dataset.fields["T_c_K"][row] > 2.9
        assert dataset.fields["lambda_ep"][row] == pytest.approx(float(spectrum.lambda_ep), rel=1e-12)


def test_sample_j_of_shard_i_depends_on_nothing_else(made):
    with h5py.File(made[0] / SHARDS[1]) as file:
        sample, stored, status = file["sample"][0], file["a2f"][0], file["status"][:]
    key = sample_key(0, 1, int(sample))
    record = jax.jit(lambda k: sample_record(SMALL, k))(key)
    np.testing.assert_allclose(record["a2f"], stored, rtol=1e-12)
    assert STATUS_NAMES[int(record["status"])] == "kept"
    assert status.size == 16
    other = dataclasses.replace(SMALL, num_samples=17)
    assert np.array_equal(other.family.sample_spectrum(sample_key(0, 1, 0)).a2f, SMALL.family.sample_spectrum(
        jax.random.fold_in(jax.random.fold_in(jax.random.key(0), 1), 0)).a2f)  # fmt: skip


def test_same_configuration_same_content(made, tmp_path):
    assert generate(SMALL, tmp_path / "again").digest == made[1].digest
    assert same_files(tmp_path / "again", made[0])
    assert generate(dataclasses.replace(SMALL, seed=1), tmp_path / "other").digest != made[1].digest
    more = dataclasses.replace(SMALL, num_samples=20)
    assert generate(more, tmp_path / "fewer").digest != made[1].digest
    few, all_ = read_dataset(tmp_path / "fewer"), read_dataset(made[0])
    np.testing.assert_array_equal(few.a2f, all_.a2f[: len(few)])  # the same samples, as far as there are any


def test_files_say_what_they_hold(made):
    with h5py.File(made[0] / SHARDS[0]) as file:
        assert file["Delta_meV"].attrs["unit"] == "meV"
        assert file["a2f"].fletcher32
        manifest = json.loads(file.attrs["manifest"])
        assert file.attrs["format_version"] == 3
    assert manifest == json.loads((made[0] / "manifest.json").read_text())
    assert manifest["config"]["T"] == 3.0
    assert manifest["config"]["family"]["name"] == "complex"
    assert {"diffeliash", "jax", "git_commit"} <= set(manifest["versions"])
    assert manifest["units"]["T_c_K"] == "K"
    done = json.loads((made[0] / "DONE").read_text())
    assert done["digest"] == made[1].digest
    assert done["counts"] == made[1].reasons


class StoppedError(Exception):
    pass


def stop_after(n):
    def progress(counts):
        if sum(counts.values()) > n:
            raise StoppedError

    return progress


@pytest.mark.parametrize("n", [0, 20])
def test_an_interrupted_run_goes_on(made, tmp_path, n):
    with pytest.raises(StoppedError):
        generate(SMALL, tmp_path / "set", progress=stop_after(n))
    there = sorted(path.name for path in (tmp_path / "set").iterdir())
    # what was computed is there, what was not is not, and nothing is half done
    assert there == [".lock", "manifest.json", *SHARDS[: n // 16]]
    with pytest.raises(InputError, match="unfinished"):
        read_dataset(tmp_path / "set")
    assert "--resume" in verify_dataset(tmp_path / "set")[0]
    with pytest.raises(StorageError, match="--resume"):
        generate(SMALL, tmp_path / "set")
    before = {name: (tmp_path / "set" / name).stat().st_mtime_ns for name in there}
    assert generate(SMALL, tmp_path / "set", resume=True).digest == made[1].digest
    assert same_files(tmp_path / "set", made[0])
    assert all((tmp_path / "set" / name).stat().st_mtime_ns == before[name] for name in there)


def test_what_a_kill_leaves_is_removed(made, copy):
    (copy / SHARDS[2]).rename(copy / f".{SHARDS[2]}.abcd")
    (copy / "DONE").rename(copy / ".DONE.abcd")
    assert generate(SMALL, copy, resume=True).digest == made[1].digest
    assert sorted(path.name for path in copy.iterdir()) == sorted([".lock", "manifest.json", "DONE", *SHARDS])


def test_another_configuration_is_refused_with_the_difference(copy):
    other = dataclasses.replace(SMALL, mu_star=0.2, family=ComplexFamily(n_points=100, window=0.1))
    with pytest.raises(InputError, match=r"family\.window: 0\.04, not 0\.1; mu_star: 0\.1, not 0\.2"):
        generate(other, copy, resume=True)
    with pytest.raises(InputError, match=r"it has family\.name: complex, not simple\. "):
        generate(dataclasses.replace(SMALL, family=SimpleFamily(n_points=100)), copy, resume=True)
    with pytest.raises(InputError, match="num_samples"):
        generate(dataclasses.replace(SMALL, num_samples=80), copy, resume=True)


def test_other_software_or_hardware_is_refused_with_the_reason(made, copy, monkeypatch):
    monkeypatch.setattr(
        _generate, "numerical_environment", lambda: numerical_environment() | {"jaxlib": "0.0.1", "device": "abacus"}
    )
    assert generate(SMALL, copy, resume=True).digest == made[1].digest  # nothing to make
    (copy / SHARDS[1]).unlink()
    for function in (lambda: generate(SMALL, copy, resume=True), lambda: repair_dataset(copy)):
        with pytest.raises(InputError, match=r"device: .*, not abacus; jaxlib: .*, not 0\.0\.1"):
            function()
    assert not (copy / SHARDS[1]).exists()


def test_workers_share_out_the_shards(made, tmp_path):
    for worker in (1, 0):
        report = generate(SMALL, tmp_path / "set", shard_index=worker, num_shards=2)
        made_by = {path.name for path in (tmp_path / "set").glob("shard*")}
        if worker == 1:
            assert made_by == {SHARDS[1]}
            assert (report.digest, report.n_missing) == (None, 2)
    assert report.digest == made[1].digest
    assert same_files(tmp_path / "set", made[0])
    again = generate(SMALL, tmp_path / "set", shard_index=4, num_shards=5)  # one without work
    assert again.digest == made[1].digest
    with pytest.raises(InputError, match="shard index"):
        generate(SMALL, tmp_path / "set", shard_index=2, num_shards=2)
    with pytest.raises(InputError, match="seed"):
        generate(dataclasses.replace(SMALL, seed=1), tmp_path / "set", shard_index=0, num_shards=2)


def test_a_second_writer_is_refused_and_the_first_unharmed(made, tmp_path):
    inside, go_on, reports = threading.Event(), threading.Event(), []

    def wait(counts):
        if any(counts.values()):
            inside.set()
            assert go_on.wait(60)

    first = threading.Thread(target=lambda: reports.append(generate(SMALL, tmp_path / "set", progress=wait)))
    first.start()
    assert inside.wait(60)
    for options in ({"resume": True}, {"shard_index": 0, "num_shards": 2}):
        with pytest.raises(StorageError, match="another process is writing"):
            generate(SMALL, tmp_path / "set", **options)
    with pytest.raises(StorageError, match="holds a data set"):
        generate(SMALL, tmp_path / "set")
    go_on.set()
    first.join()
    assert reports[0].digest == made[1].digest


def test_an_occupied_folder_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    for resume in (False, True):
        with pytest.raises(StorageError, match="not empty"):
            generate(SMALL, tmp_path, resume=resume)
        with pytest.raises(StorageError, match="cannot write"):
            generate(SMALL, tmp_path / "file", resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_loses_nothing(made, tmp_path, monkeypatch):
    write = _make_shards.write_file

    def full(path, content, **options):
        if path.name == SHARDS[1]:
            raise StorageError("cannot write", where=str(path), why="No space left on device.")
        write(path, content, **options)

    monkeypatch.setattr(_make_shards, "write_file", full)
    with pytest.raises(StorageError, match="No space left"):
        generate(SMALL, tmp_path / "set")
    monkeypatch.undo()
    assert (tmp_path / "set" / SHARDS[0]).exists()
    assert generate(SMALL, tmp_path / "set", resume=True).digest == made[1].digest


@dataclasses.dataclass(frozen=True)
class OnePeak:
    omega_max: float = 10.0
    n_points: int = 100

    def sample_spectrum(self, key):
        omega = np.arange(1, 101) / 10
        return Spectrum(omega, jax.random.uniform(key, minval=0.5, maxval=2.0) * np.exp(-((omega - 5) ** 2)))


def test_a_family_of_ones_own(tmp_path):
    config = dataclasses.replace(SMALL, family=OnePeak(), num_samples=8)
    report = generate(config, tmp_path / "set")
    assert report.n_kept > 0
    assert len(read_dataset(tmp_path / "set")) == report.n_kept
    assert generate(config, tmp_path / "set", resume=True).digest == report.digest
    (tmp_path / "set" / SHARDS[0]).unlink()
    with pytest.raises(InputError, match="OnePeak"):  # it is not known where the class is
        repair_dataset(tmp_path / "set")


def family_that_draws(spectrum):
    class Strange(OnePeak):
        def sample_spectrum(self, key):
            return spectrum(jnp.arange(1, 101) / 10)

    return Strange()


@pytest.mark.parametrize(
    ("spectrum", "reason"),
    [
        (lambda omega: omega, "must return a Spectrum"),
        (lambda omega: Spectrum(omega, omega), "NumPy"),
        (lambda omega: Spectrum(np.arange(1, 51) / 5, np.ones(50)), "100 energies"),
        (lambda omega: Spectrum(np.arange(100) / 10, np.ones(100)), "i = 1"),
    ],
)
def test_a_family_that_does_not_draw_what_it_says(tmp_path, spectrum, reason):
    config = dataclasses.replace(SMALL, family=family_that_draws(spectrum))
    with pytest.raises(InputError, match=rf"Strange.sample_spectrum .*{reason}"):
        generate(config, tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["simple", "gbm", "materials"])
def test_every_family_can_be_generated(tmp_path, family):
    from diffeliash.data import make_family

    config = dataclasses.replace(SMALL, family=make_family(family, n_points=200), num_samples=32, with_T_c=False)
    report = generate(config, tmp_path / "set")
    assert report.n_kept > 8
    assert report.n_rejected <= 2
    with pytest.raises(InputError, match="no field T_c_K"):
        read_dataset(tmp_path / "set", ("T_c_K",))


def test_all_bad_settings_are_named():
    with pytest.raises(ValueError, match=r"num_samples.*`T`.*mu_star.*max_error.*seed"):
        GenerateConfig(num_samples=0, T=-1.0, mu_star=3.0, max_error=0.1, seed=2**63)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_samples", "10"), ("num_samples", 10.5), ("seed", True), ("with_T_c", 1), ("T", None),
        ("shard_size", math.inf), ("family", ComplexFamily), ("family", "complex"),
    ],
)  # fmt: skip
def test_settings_of_a_wrong_type_are_named(name, value):
    config = GenerateConfig()
    object.__setattr__(config, name, value)  # the tests' own type checks would not let it pass
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        config.__post_init__()


def test_energies_and_points_that_nobody_needs_are_refused():
    for bad in ({"n_points": 10**9}, {"omega_max": 1e-300}, {"omega_max": math.nan}, {"n_points": 1}):
        with pytest.raises(ValueError, match=f"`{next(iter(bad))}` must lie in"):
            ComplexFamily(**bad)
        with pytest.raises(ValueError, match=f"`{next(iter(bad))}` must lie in"):
            GenerateConfig(family=dataclasses.replace(family_that_draws(None), **bad), matsubara_cutoff=1e9)


def test_nothing_is_made_before_the_first_word_to_progress_or_in_single_precision(tmp_path):
    def stop(counts):
        raise StoppedError

    with pytest.raises(StoppedError):
        generate(SMALL, tmp_path / "set", progress=stop)
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="64-bit"):
        generate(SMALL, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_sizes_that_nobody_can_have_are_refused():
    with pytest.raises(ValueError, match="raise `shard_size`"):
        GenerateConfig(num_samples=10**12)
    with pytest.raises(ValueError, match="shard_size"):
        GenerateConfig(shard_size=10**9)
    assert GenerateConfig(num_samples=10**9, shard_size=2**18).n_shards == 3815


def test_integers_are_as_good_as_floats():
    equal = dataclasses.replace(SMALL, family=ComplexFamily(n_points=100))
    for name, value in (("T", 3), ("num_samples", 40.0), ("seed", np.int64(0))):
        object.__setattr__(equal, name, value)
    equal.__post_init__()
    assert json.dumps(equal.as_dict()) == json.dumps(SMALL.as_dict())


def test_shards_that_come_out_differently_are_refused(copy, monkeypatch):
    """A machine that computes other digits than those of the finished data set, although it looks the same."""
    (copy / SHARDS[1]).unlink()
    keys = _make_shards.sample_keys
    monkeypatch.setattr(_make_shards, "sample_keys", lambda seed, shard, n: keys(seed + 1, shard, n))
    with pytest.raises(IntegrityError, match="not reproduced exactly"):
        repair_dataset(copy)
    assert not (copy / SHARDS[1]).exists()
