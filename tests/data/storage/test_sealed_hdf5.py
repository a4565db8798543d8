import hashlib
import io
import os
import tracemalloc

import h5py
import numpy as np
import pytest

from diffeliash import InputError, IntegrityError
from diffeliash.data.storage._sealed_hdf5 import (
    GLOBAL_HEAP_SIGNATURE,
    SEAL,
    SEAL_SIZE,
    hdf5_bytes,
    is_hdf5_file,
    read_hdf5,
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file.h5"
    arrays = {"x_meV": (np.arange(3.0), "meV"), "z": (1 + 2j, "1"), "rows": (np.ones((100, 1000)), "1")}
    path.write_bytes(hdf5_bytes(arrays | {"none": (np.zeros((0, 4)), "1")}, {"n": 3, "name": "a", "yes": True}))
    return path


def test_round_trip(file):
    arrays, attributes = read_hdf5(file)
    np.testing.assert_array_equal(arrays["x_meV"], [0, 1, 2])
    assert arrays["z"] == 1 + 2j
    assert arrays["rows"].shape == (100, 1000)
    assert arrays["none"].shape == (0, 4)
    assert attributes == {"n": 3, "name": "a", "yes": True}


def test_other_programs_read_it_too(file):
    with h5py.File(file) as content:
        assert content["x_meV"].attrs["unit"] == "meV"
        assert content["rows"].fletcher32
        assert content["rows"].chunks == (8, 1000)


def test_the_same_content_is_the_same_file():
    once, again = (hdf5_bytes({"x": (np.arange(3.0), "1")}, {"n": 1}) for _ in range(2))
    assert once == again


def test_every_flipped_bit_is_found(file):
    content, rng = file.read_bytes(), np.random.default_rng(0)
    inside_the_seal = rng.integers(0, 8 * SEAL_SIZE, 100)
    for bit in (*inside_the_seal, *rng.integers(0, 8 * len(content), 100)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << (bit % 8)
        file.write_bytes(flipped)
        with pytest.raises(IntegrityError):
            read_hdf5(file)


def sealed(content):
    """What an attacker can do: anyone can compute a checksum."""
    seal = (SEAL + hashlib.sha256(content[SEAL_SIZE:]).hexdigest().encode() + b"\n").ljust(SEAL_SIZE)
    return seal + content[SEAL_SIZE:]


def put(value):
    return lambda file, folder: file.__setitem__("x", value)


def create(*args, **options):
    return lambda file, folder: file.create_dataset("x", *args, **options)


def external_data(file, folder):
    file.create_dataset("x", (4,), "f8", external=[(str(folder / "raw.bin"), 0, 32)])


def virtual(file, folder):
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def many_names_of_one(file, folder):
    file.create_dataset("x", data=np.zeros(2000), chunks=(2000,), fletcher32=True)
    for n in range(100):
        file[f"x{n}"] = file["x"]


def many_attributes(file, folder):
    for n in range(5000):
        file.attrs[f"a{n}"] = n


def large_attributes(file, folder):
    for n in range(2):
        file.attrs[f"a{n}"] = "x" * (2**20 + 1)


def unknown_filter(file, folder):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4,))
    plan.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((4,)), plan)


BAD = {
    "soft link": put(h5py.SoftLink("/y")),
    "external link": put(h5py.ExternalLink("other.h5", "/x")),
    "external data": external_data,
    "virtual": virtual,
    "text": put("text"),
    "group": lambda file, folder: file.create_group("x"),
    "named type": put(np.dtype("f8")),
    "huge": create((2**40,), "f8", chunks=(1024,)),
    "larger than the file": create((2**16,), "f8", chunks=(1024,)),
    "compressed beyond belief": create((2**25,), "f8", chunks=(1024,), compression="gzip"),
    "compressed": create(data=np.zeros(100), chunks=(100,), compression="gzip"),
    "shuffled": create(data=np.zeros(100), chunks=(100,), shuffle=True),
    "scaled": create(data=np.zeros(100, int), chunks=(100,), scaleoffset=True),
    "many names of one": many_names_of_one,
    "pieces larger than the array": create((3,), "f8", chunks=(2**16,), maxshape=(None,)),
    "far too many pieces": create(data=np.zeros(4000), chunks=(1,)),
    "many attributes": many_attributes,
    "large attributes": large_attributes,
    "text as numbers": create(data=np.array([b"a", b"b"])),
    "texts": create(data=np.array(["a", "b"], dtype=object), dtype=h5py.string_dtype()),
    "lists": create((2,), dtype=h5py.vlen_dtype(np.float64)),
    "table": create((2,), dtype=[("a", "f8"), ("b", "i4")]),
    "references": create((2,), dtype=h5py.ref_dtype),
    "opaque": create(data=np.array([np.datetime64("2020-01-01")]).astype(h5py.opaque_dtype("M8[D]"))),
    "extended precision": create(data=np.ones(3, np.longdouble)),
    "nothing as attribute": lambda file, folder: file.attrs.__setitem__("x", h5py.Empty("f8")),
    "fixed text as attribute": lambda file, folder: file.attrs.__setitem__("x", np.bytes_(b"abc")),
    "complex attribute": lambda file, folder: file.attrs.__setitem__("x", 1j),
    "no size": create(data=h5py.Empty("f8")),
    "unknown filter": unknown_filter,
    "array as attribute": lambda file, folder: file.attrs.__setitem__("x", np.zeros(100)),
    "reference": lambda file, folder: file.attrs.create("x", file.ref, dtype=h5py.ref_dtype),
}


def bad_file(kind, folder):
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=SEAL_SIZE) as file:
        if kind:
            BAD[kind](file, folder)
    return content.getvalue()


@pytest.mark.parametrize("kind", BAD)
def test_what_we_never_write_is_refused(kind, tmp_path):
    path = tmp_path / "file.h5"
    path.write_bytes(sealed(bad_file(kind, tmp_path)))
    with pytest.raises(IntegrityError, match="refused"):
        read_hdf5(path)


def test_the_same_without_anything_bad_is_read(tmp_path):
    (tmp_path / "file.h5").write_bytes(sealed(bad_file(None, tmp_path)))
    assert read_hdf5(tmp_path / "file.h5") == ({}, {})


def test_only_what_is_asked_for_is_read(tmp_path):
    path, content = tmp_path / "file.h5", io.BytesIO()
    with h5py.File(content, "w", userblock_size=SEAL_SIZE) as file:
        file["y"], file["x"], file["link"] = np.arange(3.0), "text", h5py.SoftLink("/y")
    path.write_bytes(sealed(content.getvalue()))
    arrays, _ = read_hdf5(path, fields=("y", "z"))
    assert {name: list(values) for name, values in arrays.items()} == {"y": [0, 1, 2]}
    assert read_hdf5(path, fields=()) == ({}, {})
    with pytest.raises(IntegrityError, match="refused"):
        read_hdf5(path)


def test_many_names_of_one_array_take_no_memory(tmp_path):
    """More than a hundred times what the file has: refused at once, not read a hundred times."""
    path, content = tmp_path / "file.h5", io.BytesIO()
    with h5py.File(content, "w", userblock_size=SEAL_SIZE) as file:
        file["x"] = np.zeros(2**17)
        for n in range(400):
            file[f"x{n}"] = file["x"]
    path.write_bytes(sealed(content.getvalue()))
    tracemalloc.start()
    with pytest.raises(IntegrityError, match="larger than the file can hold"):
        read_hdf5(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * path.stat().st_size


def test_as_many_results_as_a_file_has_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr("diffeliash.data.storage._sealed_hdf5.ALWAYS_ALLOWED_NAMES", 10)
    path = tmp_path / "file.h5"
    path.write_bytes(hdf5_bytes({f"x_{n}": (np.zeros(2), "1") for n in range(50)}, {f"x_{n}": n for n in range(50)}))
    assert [len(found) for found in read_hdf5(path)] == [50, 50]


def test_texts_that_the_library_would_read_for_ever(tmp_path, file):
    """A free space of no size in the heap of the attributes' texts."""
    content = file.read_bytes()
    at = content.index(GLOBAL_HEAP_SIGNATURE) + 16
    file.write_bytes(sealed(content[:at] + bytes(16) + content[at + 16 :]))
    with pytest.raises(IntegrityError, match="without an end"):
        read_hdf5(file)


def test_a_pipe_a_device_and_a_loop_of_links(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "zero", "loop"):
        for read in (read_hdf5, is_hdf5_file):
            with pytest.raises(InputError, match="cannot be read"):
                read(tmp_path / name)


def test_not_hdf5_not_ours_cut_off(tmp_path, file):
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(InputError, match="not an HDF5"):
        read_hdf5(tmp_path / "text.h5")
    with pytest.raises(InputError, match="no such file"):
        read_hdf5(tmp_path / "none.h5")
    with pytest.raises(InputError, match="a folder"):
        read_hdf5(tmp_path)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = 1.0
    with pytest.raises(InputError, match="another program wrote"):
        read_hdf5(tmp_path / "other.h5")
    (tmp_path / "cut.h5").write_bytes(file.read_bytes()[:3000])
    with pytest.raises(IntegrityError):
        read_hdf5(tmp_path / "cut.h5")
