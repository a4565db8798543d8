import hashlib
import io

import h5py
import numpy as np
import pytest

from diffeliash import InputError, IntegrityError
from diffeliash.data._hdf5 import SEAL, SEAL_SIZE, hdf5_bytes, read_hdf5


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
