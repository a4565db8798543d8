import os

import pytest

from diffeliash import StorageError
from diffeliash.data import write_file
from diffeliash.data.storage import _complete_files as _files
from diffeliash.data.storage._complete_files import remove_temporary


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


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_replaces_none(tmp_path, monkeypatch, links):
    def without(source, target):
        raise PermissionError

    if not links:
        monkeypatch.setattr(os, "link", without)
    write_file(tmp_path / "file", b"first", new=True)
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "file", b"second", new=True)
    assert (tmp_path / "file").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_is_removed(tmp_path):
    for name in (".file.h5.abc", ".files.abc", "file.h5", "xfile.h5.abc", ".file.h5", ".file.h5.abc.def"):
        (tmp_path / name).write_text("")
    remove_temporary(tmp_path, {"file.h5", "other"})
    left = [".file.h5", ".file.h5.abc.def", ".files.abc", "file.h5", "xfile.h5.abc"]
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "PIPE_TIMEOUT", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="No such device or address"):
        write_file(tmp_path / "pipe", b"content")


def test_a_loop_of_links_cannot_be_written_to(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StorageError, match="loop"):
        write_file(tmp_path / "loop", b"content")
