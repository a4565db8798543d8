"""Progress where standard error is no terminal."""

import time

from diffeliash.cli.terminal import _progress_bar
from diffeliash.cli.terminal._progress_bar import progress_bar


def lines(capsys):
    return capsys.readouterr().err.splitlines()


def test_stages_are_repeated_while_they_last(capsys, monkeypatch):
    monkeypatch.setattr(_progress_bar, "SILENCE", 0.05)
    with progress_bar("inverted", 2, stages=True) as update:
        update(0, "compiling")
        time.sleep(0.4)
        update(1, "")
        update(2, "")
        time.sleep(0.2)
    said = lines(capsys)
    assert said[0] == "inverted 0/2, 0 s, compiling"
    assert sum(line.endswith("compiling") for line in said) >= 3
    assert said[-1].startswith("inverted 2/2")
    assert not any(line.startswith("inverted 2/2") for line in said[:-1])


def test_the_thread_ends_with_an_error(capsys, monkeypatch):
    monkeypatch.setattr(_progress_bar, "SILENCE", 0.02)
    try:
        with progress_bar("inverted", 2, stages=True) as update:
            update(0, "compiling")
            raise KeyError
    except KeyError:
        pass
    lines(capsys)
    time.sleep(0.2)
    assert lines(capsys) == []


def test_without_stages_lines_are_rare(capsys):
    with progress_bar("solving", 3) as update:
        for done in range(1, 4):
            update(done, "remark")
    assert lines(capsys) == ["solving 3/3, 0 s, remark"]
