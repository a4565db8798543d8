import io
import os

import h5py
import numpy as np
import pytest

from diffeliash import InputError, IntegrityError, StorageError
from diffeliash.data import write_file
from diffeliash.data._storage import hdf5_bytes, read_hdf5


def test_round_trip(tmp_path):
    path = tmp_path / "file.h5"
    write_file(path, hdf5_bytes({"x_meV": (np.arange(3.0), "meV"), "z": (1 + 2j, "1")}, {"n": 3, "name": "a"}))
    arrays, attributes = read_hdf5(path)
    np.testing.assert_array_equal(arrays["x_meV"], [0, 1, 2])
    assert arrays["z"] == 1 + 2j
    assert attributes == {"n": 3, "name": "a"}


def test_nothing_is_left_where_writing_fails(tmp_path):
    (tmp_path / "target").mkdir()
    with pytest.raises(StorageError, match="target"):
        write_file(tmp_path / "target", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    with pytest.raises(StorageError):
        write_file(tmp_path / "none" / "file", b"content")


def test_a_pipe_is_written_to_and_a_link_stays_one(tmp_path):
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, b"content")
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert pipe.is_fifo()
    link.symlink_to(target)
    for content in (b"new", b"newer"):
        write_file(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "target"]


def bad_file(kind, folder):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        if kind == "soft":
            file["x"] = h5py.SoftLink("/y")
        if kind == "external link":
            file["x"] = h5py.ExternalLink("other.h5", "/x")
        if kind == "external data":
            file.create_dataset("x", (4,), "f8", external=[(str(folder / "raw.bin"), 0, 32)])
        if kind == "virtual":
            layout = h5py.VirtualLayout((4,), "f8")
            layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
            file.create_virtual_dataset("x", layout)
        if kind == "string":
            file["x"] = "text"
        if kind == "group":
            file.create_group("x")
        if kind == "huge":
            file.create_dataset("x", (2**40,), "f8", chunks=(1024,))
    return content.getvalue()


@pytest.mark.parametrize("kind", ["soft", "external link", "external data", "virtual", "string", "group", "huge"])
def test_what_we_never_write_is_refused(kind, tmp_path):
    path = tmp_path / "file.h5"
    path.write_bytes(bad_file(kind, tmp_path))
    with pytest.raises(IntegrityError, match="refused"):
        read_hdf5(path)


def test_not_hdf5(tmp_path):
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(InputError, match="not an HDF5"):
        read_hdf5(tmp_path / "text.h5")
    with pytest.raises(InputError, match="no such file"):
        read_hdf5(tmp_path / "none.h5")
    (tmp_path / "cut.h5").write_bytes(hdf5_bytes({"x": (np.arange(1000.0), "1")}, {})[:3000])
    with pytest.raises(IntegrityError):
        read_hdf5(tmp_path / "cut.h5")
