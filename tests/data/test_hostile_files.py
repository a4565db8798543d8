"""Whoever forges a file of a data set, or one of `solve`, can compute its checksum."""

import contextlib
import dataclasses
import hashlib
import io
import itertools
import json
import math
import sys

import h5py
import numpy as np
import pytest

from diffeliash import (
    ComplexFamily,
    DataSource,
    GenerateConfig,
    InputError,
    IntegrityError,
    _inputs,
    read_dataset,
    read_dos,
    read_gap,
    verify_dataset,
)
from diffeliash._errors import DiffeliashError
from diffeliash.data import export_dataset, family_as_dict
from diffeliash.data.dataset._manifest import (
    CHECKSUM,
    Manifest,
    make_completion_record,
    make_manifest,
    parse_manifest,
    sealed_json,
)
from diffeliash.data.dataset._shard_files import shard_bytes, widths_of
from diffeliash.data.storage._field_schema import COMPLEX_FIELDS, UNITS, shard_name, stored_fields
from diffeliash.data.storage._sealed_hdf5 import hdf5_bytes, read_hdf5

from ..hostile import MISSING, NESTED, VALUES, as_json, mutations

CONFIG = GenerateConfig(
    family=ComplexFamily(n_points=6, window=0.1), num_samples=7, T=5.0, omega_c=30.0, matsubara_cutoff=40.0,
    n_energies=5, shard_size=4,
)  # fmt: skip


def records(manifest, n):
    """Samples that nobody computed: what is read is asked about here, not what is in it."""
    rng, widths = np.random.default_rng(0), widths_of(manifest.config)
    found = {"status": np.array([0, 1, 0, 0][:n])}
    for name in stored_fields(manifest.config):
        if name != "sample":
            values = rng.random((n, widths[name]) if name in widths else (n,))
            found[name] = values + 1j * values if name in COMPLEX_FIELDS else values
    return found


def write_set(folder, manifest):
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(manifest.text)
    summaries = []
    for shard, n in enumerate((4, 3)):
        summary, content = shard_bytes(manifest, shard, records(manifest, n))
        (folder / shard_name(shard)).write_bytes(content)
        summaries.append(summary)
    (folder / "DONE").write_bytes(make_completion_record(manifest, summaries)[1])
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_set(tmp_path / "set", make_manifest(CONFIG))


TURNS = itertools.count()


def read_all(folder):
    """The configuration, from the public readers; `None` where they refuse. `verify_dataset` has its turn too."""
    try:
        source = DataSource(folder)
        assert np.isfinite(source[[0, 4]]["a2f"]).all()
        assert len(source) == len(read_dataset(folder)) == 5
        assert verify_dataset(folder) == []
        return source.config
    except DiffeliashError:
        if next(TURNS) % 5 == 0:
            with contextlib.suppress(DiffeliashError):
                assert verify_dataset(folder)
        return None


def test_the_set_itself_is_whole(folder, tmp_path):
    assert read_all(folder) == json.loads((folder / "manifest.json").read_text())["config"]
    assert export_dataset(folder, tmp_path / "all.h5") == 5
    assert read_hdf5(tmp_path / "all.h5")[0]["a2f"].shape == (5, 6)


def sealed_text(fields):
    """As `sealed_json`, of fields that are not as they should be."""
    rest = as_json({name: value for name, value in fields.items() if name != CHECKSUM}, indent=2)
    if NESTED in json.dumps(fields):
        return as_json(fields, indent=2).encode()
    return sealed_json(json.loads(rest))


def test_every_field_of_a_manifest(folder):
    path, accepted = folder / "manifest.json", []
    for what, forged in mutations(json.loads(path.read_text())):
        content = sealed_text(forged)
        try:
            manifest = parse_manifest(path, content)
        except DiffeliashError:
            path.write_bytes(content)
            if what.startswith(("config: ", "config.T: ")):
                assert read_all(folder) is None
            continue
        accepted.append(what)
        config = manifest.config
        assert config["num_samples"] <= 10**9
        if what.startswith(("config.T: ", "config.mu_star: ", "machine: ", "config.family.omega_max: ")):
            assert read_all(write_set(folder, manifest)) == config, what
    free = ("machine", "units", "versions", "status_names", "config.family.", "config.seed", CHECKSUM)
    left = [what for what in accepted if not what.startswith(free)]
    assert {what.split(": ")[1] for what in left} <= {"fraction", "zero", "true", "huge"}
    assert not [what for what in left if what.endswith("zero") and "mu_star" not in what]
    assert not [what for what in left if what.endswith("true") and "with_T_c" not in what]
    assert not [what for what in left if what.endswith("huge")]
    grid = [what for what in accepted if what.startswith(("config.family.omega_max", "config.family.n_points"))]
    assert grid == ["config.family.omega_max: fraction"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("num_samples", 1e19), ("num_samples", 10**19), ("shard_size", 0), ("T", 0), ("T", "cold"), ("n_energies", 10**9),
     ("T", 1e-300), ("T", 5e-324), ("T", 1e-6), ("omega_c", 1e300)],
)  # fmt: skip
def test_a_configuration_that_cannot_be(folder, field, value):
    fields = json.loads((folder / "manifest.json").read_text())
    fields["config"][field] = value
    (folder / "manifest.json").write_bytes(sealed_text(fields))
    for read in (read_dataset, DataSource):
        with pytest.raises(IntegrityError, match=r"manifest\.json"):
            read(folder)
    assert verify_dataset(folder)


@dataclasses.dataclass(frozen=True)
class OwnFamily:
    """A family of a user's."""

    omega_max: float = 10.0
    n_points: int = 6
    words: tuple[str, ...] = ("a", "b")

    def sample_spectrum(self, key):
        raise NotImplementedError


def test_families_of_others_are_read(tmp_path):
    config = dataclasses.replace(CONFIG, family=OwnFamily())
    folder = write_set(tmp_path / "set", make_manifest(config))
    assert read_all(folder)["family"] == json.loads(json.dumps(family_as_dict(OwnFamily())))
    fields = json.loads((folder / "manifest.json").read_text())
    fields["config"]["family"] |= {"omega_max": 10, "n_points": 6.0}  # as whoever writes 10 for 10.0
    assert parse_manifest(folder / "manifest.json", sealed_text(fields)).config == fields["config"]


@pytest.mark.slow
def test_every_field_of_done(folder):
    path = folder / "DONE"
    for what, forged in mutations(json.loads(path.read_text())):
        if what.split(": ")[0] != CHECKSUM:
            path.write_bytes(sealed_text(forged))
            assert read_all(folder) is None, what


def test_counts_that_do_not_fit_the_manifest(folder):
    manifest = parse_manifest(folder / "manifest.json", (folder / "manifest.json").read_bytes())
    summaries = [shard_bytes(manifest, k, records(manifest, n))[0] for k, n in enumerate((4, 3))]
    more = dataclasses.replace(summaries[0], counts=summaries[0].counts | {"kept": 30})
    (folder / "DONE").write_bytes(make_completion_record(manifest, [more, summaries[1]])[1])
    with pytest.raises(IntegrityError, match=r"DONE: damaged data set: shard 0 has another number of samples"):
        DataSource(folder)


def attribute_values():
    for name, value in VALUES.items():
        if value is not None and not isinstance(value, list | dict) and (type(value) is not int or value < 2**63):
            yield name, "[" * 10_000 if value == NESTED else value
    yield "empty", h5py.Empty("f8")
    yield "array", np.zeros(3)
    yield "bytes", np.bytes_(b"abc")
    yield "complex", 1 + 2j
    yield "long number", np.longdouble(1)
    yield "enumeration", np.bool_(False)


def forged_attributes(attributes):
    """Every attribute in turn something else, as far as HDF5 can say it."""
    for name in attributes:
        for what, value in attribute_values():
            others = {key: other for key, other in attributes.items() if key != name}
            if value is MISSING:
                yield f"{name}: {what}", others
            else:
                yield f"{name}: {what}", others | {name: value}


@pytest.mark.slow
def test_every_attribute_of_a_shard(folder):
    path = folder / shard_name(0)
    arrays, attributes = read_hdf5(path)
    arrays = {name: (values, UNITS[name]) for name, values in arrays.items()}
    texts = {f"counts: {what}": as_json(forged) for what, forged in mutations(json.loads(attributes["counts"]))}
    forged = [*forged_attributes(attributes), *((what, attributes | {"counts": text}) for what, text in texts.items())]
    for what, changed in forged:
        path.write_bytes(hdf5_bytes(arrays, changed))
        if what not in ("format_version: enumeration", "shard: zero"):
            assert read_all(folder) is None, what


def changes_of(values):
    yield "missing", None
    if values.dtype.kind == "c":
        yield "real", values.real
    else:
        yield "complex", values + 1j
        yield "single", values.astype(np.float32)
    yield "whole", np.ones(values.shape, int)
    yield "truth values", np.ones(values.shape, bool)
    yield "more axes", values[..., None]
    yield "longer", np.concatenate([values, values[:1]])
    yield "empty", values[:0]
    yield "one number", np.asarray(values.flat[0])
    yield "short", values[:1]
    yield "NaN", np.where(np.arange(values.size).reshape(values.shape) == 0, np.nan, values)


def test_every_array_of_a_shard(folder):
    path = folder / shard_name(0)
    arrays, attributes = read_hdf5(path)
    for name in ("omega_meV", "a2f", "Delta_meV", "lambda_ep", "sample", "status"):
        for what, values in changes_of(arrays[name]):
            if values is not None and values.dtype == arrays[name].dtype and np.array_equal(values, arrays[name]):
                continue
            changed = {key: (old, "1") for key, old in arrays.items()} | {name: (values, "1")}
            if values is None:
                del changed[name]
            path.write_bytes(hdf5_bytes(changed, attributes))
            harmless = what == "single" and name.startswith("omega")  # the energies are those of the manifest
            assert harmless or read_all(folder) is None, (name, what)
    path.write_bytes(hdf5_bytes({key: (old, "1") for key, old in arrays.items()} | {"odd": (1.0, "1")}, attributes))
    with pytest.raises(IntegrityError, match="not of a data set: odd"):
        read_dataset(folder)


OMEGA = np.linspace(0.0, 35.0, 8)
SOLUTION = {
    "omega_meV": (np.linspace(1.0, 10.0, 10), "meV"),
    "a2f": (np.ones(10), "1"),
    "omega_real_meV": (OMEGA, "meV"),
    "Delta_meV": (np.cos(OMEGA) + 1j, "meV"),
    "dos": (1 + np.exp(-OMEGA), "1"),
}
STATED = {
    "format_version": 3, "T_K": 1.16, "mu_star": 0.1, "omega_c_meV": 100.0, "matsubara_cutoff_meV": 220.0,
    "broadening_meV": 0.1, "source": "peak.dat", "converged": True,
}  # fmt: skip


@pytest.fixture
def solution(tmp_path):
    path = tmp_path / "gap.h5"
    path.write_bytes(hdf5_bytes(SOLUTION, STATED))
    assert read_gap(path).omega_max == 10.0
    assert read_dos(path).T == 1.16
    return path


@pytest.mark.parametrize("read", [read_gap, read_dos])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"converged": False}, "did not converge"),
        ({"real_axis_error": 0.13}, "an error of 13 % of the largest"),
        ({"real_axis_error": math.nan}, "an error of nan %"),
    ],
)
def test_what_a_solution_says_against_itself_is_told(solution, read, said, words):
    solution.write_bytes(hdf5_bytes(SOLUTION, STATED | {"real_axis_error": 1e-2, "z_sum": "InfiniteSum"}))
    assert (read(solution).notices, read(solution).z_sum) == ((), "InfiniteSum")
    solution.write_bytes(hdf5_bytes(SOLUTION, STATED | said))
    with pytest.warns(UserWarning, match=words) as caught:
        found = read(solution)
    assert len(caught) == len(found.notices) == 1
    assert found.z_sum is None


@pytest.mark.filterwarnings("ignore:.*the file states")
def test_every_attribute_of_a_solution(solution):
    for what, changed in forged_attributes(STATED):
        solution.write_bytes(hdf5_bytes(SOLUTION, changed))
        for read in (read_gap, read_dos):
            try:
                found = read(solution)
            except DiffeliashError:
                continue
            for name in ("T", "broadening", "mu_star", "omega_c", "matsubara_cutoff"):
                value = getattr(found, name)
                assert value is None or (type(value) is float and 0 <= value < 1e9), what
            assert found.T != 0, what


@pytest.mark.parametrize("name", ["omega_real_meV", "Delta_meV", "omega_meV"])
def test_every_array_of_a_solution(solution, name):
    for what, values in changes_of(SOLUTION[name][0]):
        arrays = SOLUTION | {name: (values, "1")}
        if values is None:
            del arrays[name]
        solution.write_bytes(hdf5_bytes(arrays, STATED))
        if what != "single" and (name, what) not in {("omega_meV", "missing"), ("omega_meV", "longer")}:
            with pytest.raises((IntegrityError, InputError), match=r"gap\.h5"):
                read_gap(solution)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("T_K", "cold", "valid number, got 'cold'"),
        ("T_K", -1.0, "greater than 0, got -1"),
        ("T_K", 1e-300, "must not lie below 1e-15"),
        ("T_K", math.nan, "finite number"),
        ("T_K", True, "valid number, got True"),
        ("mu_star", 3.0, "less than or equal to 1"),
        ("omega_meV", np.zeros(0), r"float64\(0,\)"),
        ("omega_meV", np.ones(3) * 1j, "complex128"),
        ("omega_meV", -np.ones(3), "not positive"),
        ("omega_real_meV", np.ones((2, 2)), r"float64\(2, 2\)"),
        ("omega_real_meV", np.arange(8), "int64"),
        ("omega_real_meV", np.where(OMEGA > 30, np.nan, OMEGA), "finite real numbers"),
        ("dos", OMEGA * 1j, "complex128"),
    ],
)
def test_a_solution_names_the_field(solution, field, value, why):
    arrays, attributes = dict(SOLUTION), dict(STATED)
    if isinstance(value, np.ndarray):
        arrays[field] = (value, "1")
    else:
        attributes[field] = value
    solution.write_bytes(hdf5_bytes(arrays, attributes))
    with pytest.raises(IntegrityError, match=why) as caught:
        read_dos(solution)
    assert field in str(caught.value)


def test_the_manifest_of_a_copy(folder):
    """`Manifest` itself is what the readers compute with: its numbers are those of the checked configuration."""
    manifest = parse_manifest(folder / "manifest.json", (folder / "manifest.json").read_bytes())
    assert isinstance(manifest, Manifest)
    assert manifest.n_shards == 2
    digest = hashlib.sha256(manifest.text.encode()).hexdigest()
    assert json.loads((folder / "DONE").read_text())["manifest_sha256"] == digest


def test_standard_input_is_a_solution_too(solution, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(solution.read_bytes())))
    _inputs._standard_input.cache_clear()
    try:
        np.testing.assert_array_equal(read_gap("-").Delta, read_gap(solution).Delta)
        np.testing.assert_array_equal(read_dos("-").dos, read_dos(solution).dos)
    finally:
        _inputs._standard_input.cache_clear()


def test_a_source_looks_again_at_what_has_changed(folder, monkeypatch):
    monkeypatch.setattr("diffeliash.data.dataset._sample_source.OPEN_FILES", 1)
    source = DataSource(folder)
    first = source[0]["a2f"]
    source[4]  # closes the first shard
    path = folder / shard_name(0)
    arrays, attributes = read_hdf5(path)
    forged = {name: (2 * values if name == "a2f" else values, "1") for name, values in arrays.items()}
    whole = path.read_bytes()
    path.write_bytes(hdf5_bytes(forged, attributes))
    with pytest.raises(IntegrityError, match="another digest"):
        source[0]
    path.write_bytes(whole)
    np.testing.assert_array_equal(source[0]["a2f"], first)


@pytest.mark.parametrize("name", ["manifest.json", "DONE", "shard-00000.h5"])
def test_a_device_in_the_place_of_a_file(folder, name):
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    for read in (read_dataset, lambda path: DataSource(path)[0]):
        with pytest.raises(DiffeliashError):
            read(folder)
    with contextlib.suppress(InputError):
        assert verify_dataset(folder)
