"""`generate`, `verify` and `export`, in this process and in many that are killed."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ...conftest import output, with_flag

QUICK = (
    "-T", "3", "--omega-c", "30", "--matsubara-cutoff", "40", "--max-error", "1e-4",
    "-p", "n_points=60", "-p", "window=0.1", "--shard-size", "16",
)  # fmt: skip
GENERATE = (sys.executable, "-m", "diffeliash", "generate", "set", *QUICK, "--num-samples", "400", "--json")


def start(folder, *options, **environment):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"} | environment
    return subprocess.Popen(
        [*GENERATE, *options], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process, expect=0):
    out, err = output(process)
    assert process.returncode == expect, err
    assert "Traceback" not in err
    return json.loads(out) if out else err


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A data set made without interruption, and its report."""
    folder = tmp_path_factory.mktemp("whole")
    return folder / "set", finish(start(folder))


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_report(whole):
    report = whole[1]
    assert {"n_requested", "n_kept", "n_normal", "n_rejected", "seconds", "digest"} <= set(report)
    assert report["n_requested"] == 400 == report["n_kept"] + report["n_normal"] + report["n_rejected"]
    assert report["n_shards"] == 25
    assert content(whole[0])["DONE"]


@pytest.mark.slow
def test_resume_takes_what_is_not_given_from_the_data_set(whole, run, answer, tmp_path):
    shutil.copytree(whole[0], tmp_path / "set")
    (tmp_path / "set" / "shard-00003.h5").unlink()
    report = answer("generate", "set", "--resume")
    assert report["digest"] == whole[1]["digest"]
    assert content(tmp_path / "set") == content(whole[0])
    answer("generate", "set", "--resume", "-T", 3, "--num-samples", 400, "-p", "window=0.1")
    answer("generate", "set", "--resume", "--family", "complex")
    assert "no parameter" in run("generate", "set", "--resume", "-p", "wdth=1", expect=3).stderr
    for option in (("-T", 4), ("--num-samples", 500), ("-p", "window=0.2"), ("--family", "gbm"), ("--with-tc",)):
        error = answer("generate", "set", "--resume", *option, expect=3)["error"]
        assert "not" in error["why"]
    assert "--resume" in run("generate", "set", *QUICK, expect=5).stderr
    part = run("generate", "part", *QUICK, "--num-samples", 100, "--shard-index", 1, "--num-shards", 3)
    assert "of 32 drawn so far, 100 in all" in part.stdout
    new = run("generate", "new", *QUICK, "--num-samples", 20, "--seed", 7, "--resume")
    assert "there is no data set to resume; making a new one of 20 samples of the family complex, seed 7" in new.stderr


def test_bad_options(run, tmp_path):
    for parameter in ("window", "window=wide"):
        run("generate", "set", "-p", parameter, expect=2)
    for parameter in ("wdth=0.1", "n_points=2.5", "n_points=inf", "n_points=1000000000",
                      "omega_max=1e-300"):  # fmt: skip
        run("generate", "set", "-p", parameter, expect=3)
    assert "0.4 and nan" in run("generate", "set", "-p", "lambda_max=nan", expect=3).stderr
    assert "twice" in run("generate", "set", "-p", "window=0.1", "-p", "window=0.2", expect=3).stderr
    run("generate", "set", "--omega-c", 5, expect=3)
    run("generate", "set", "-T", 1e-9, expect=3)
    run("generate", "set", "--shard-index", 1, expect=3)
    run("generate", "set", "--shard-index", 2, "--num-shards", 2, expect=3)
    run("generate", "set", "--max-error", 1, expect=3)
    assert "points" in run("generate", "set", "--broadening", 1e-5, expect=3).stderr
    assert not (tmp_path / "set").exists()


@pytest.mark.slow
def test_verify_and_repair(whole, run, answer, tmp_path):
    shutil.copytree(whole[0], tmp_path / "set")
    (tmp_path / "set" / "shard-00001.h5").unlink()
    (tmp_path / "set" / "shard-00002.h5").write_bytes(b"")
    bad = answer("verify", "set", expect=6)
    assert not bad["ok"]
    assert len(bad["problems"]) == 2
    repaired = answer("verify", "set", "--repair")
    assert repaired == {"ok": True, "problems": [], "repaired": bad["problems"]}
    assert content(tmp_path / "set") == content(whole[0])
    digest, n_kept = whole[1]["digest"][:12], whole[1]["n_kept"]
    assert run("verify", "set", "--repair").stdout == (
        f"ok: set, 25 files, {n_kept} samples stored of 400 drawn, digest {digest}\n"
    )
    (tmp_path / "set" / "manifest.json").unlink()
    assert "--repair" in run("verify", "set", expect=6).stderr
    error = answer("generate", "set", "--resume", expect=6)["error"]
    assert "--repair" in error["hint"]
    assert "1 repaired" in run("verify", "set", "--repair").stdout
    assert content(tmp_path / "set") == content(whole[0])
    (tmp_path / "file.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    run("verify", "file.h5", "--repair", expect=3)
    for name in ("table.csv", "array.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04")
        assert "have checksums" in run("verify", name, expect=3).stderr
    os.mkfifo(tmp_path / "pipe")
    run("verify", "pipe", expect=3)


def test_export(whole, run, answer, tmp_path):
    assert answer("export", whole[0], "all.npz")["n_samples"] == whole[1]["n_kept"]
    assert np.load(tmp_path / "all.npz")["a2f"].shape == (whole[1]["n_kept"], 60)
    run("export", whole[0], "all.h5", "--fields", "a2f, lambda_ep")
    run("verify", "all.h5")
    run("export", whole[0], "all.csv", "--fields", "phi", expect=3)
    run("export", whole[0], whole[0] / "all.csv", expect=3)
    run("export", whole[0], "none/all.csv", expect=5)
    run("export", tmp_path, "all.csv", expect=3)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "0 of 1"),
        ({"ID": "2", "COUNT": "5"}, "2 of 5"),
        ({"ID": "7", "COUNT": "3", "MIN": "3", "STEP": "2", "MAX": "7"}, "2 of 3"),
        ({"ID": "1", "COUNT": "1", "MIN": "1"}, "0 of 1"),
        ({"ID": "5", "COUNT": "5"}, "error"),
        ({"ID": "7", "COUNT": "2", "MIN": "3", "STEP": "2"}, "error"),
        ({"ID": "x", "COUNT": "2"}, "error"),
    ],
)
def test_tasks_of_a_slurm_array_are_workers(monkeypatch, variables, expected):
    from diffeliash import InputError
    from diffeliash.cli.datasets._workers import choose_worker

    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert choose_worker(3, 4) == (3, 4)
    assert choose_worker(None, 1) == (0, 1)
    if expected == "error":
        with pytest.raises(InputError, match="SLURM"):
            choose_worker(None, None)
    else:
        assert "{} of {}".format(*choose_worker(None, None)) == expected


@pytest.mark.slow
def test_kills_lose_nothing(whole, tmp_path):
    """SIGKILL at random moments, then resume; the long version is experiments/durability."""
    rng, files = np.random.default_rng(0), 0
    for _ in range(4):
        process = start(tmp_path, "--resume")
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("set/shard*"))) <= files and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
        files = len(list(tmp_path.glob("set/shard*")))
        for path in tmp_path.glob("set/shard*"):
            assert path.read_bytes() == (whole[0] / path.name).read_bytes()
    assert finish(start(tmp_path, "--resume"))["digest"] == whole[1]["digest"]
    assert content(tmp_path / "set") == content(whole[0])


@pytest.mark.slow
def test_several_processes_at_once_one_of_them_killed(whole, tmp_path):
    workers = [start(tmp_path, "--shard-index", str(i), "--num-shards", "3") for i in range(3)]
    while not (tmp_path / "set" / "shard-00001.h5").exists() and workers[1].poll() is None:
        time.sleep(0.005)
    workers[1].kill()
    workers[1].communicate()
    second = start(tmp_path, "--shard-index", "1", "--num-shards", "3")
    reports = [finish(process) for process in (workers[0], workers[2], second)]
    assert all(report["n_requested"] == 400 for report in reports)
    assert [report["digest"] for report in reports].count(whole[1]["digest"]) >= 1
    assert content(tmp_path / "set") == content(whole[0])


@pytest.mark.slow
def test_as_many_devices_as_there_are(whole, tmp_path):
    process = start(tmp_path, **with_flag("--xla_force_host_platform_device_count=2"))  # each has a program compiled
    assert finish(process)["digest"] == whole[1]["digest"]
    assert content(tmp_path / "set") == content(whole[0])


@pytest.mark.slow
def test_a_second_process_is_refused_and_the_first_unharmed(whole, tmp_path):
    first = start(tmp_path)
    while not (tmp_path / "set" / "manifest.json").exists() and first.poll() is None:
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)  # so that it is still at it
    try:
        error = finish(start(tmp_path, "--resume"), expect=5)["error"]
        assert "another process" in error["why"]
    finally:
        first.send_signal(signal.SIGCONT)
    assert finish(first)["digest"] == whole[1]["digest"]
    assert content(tmp_path / "set") == content(whole[0])


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_soon_and_clean(whole, tmp_path, number, code):
    process = start(tmp_path)
    while not (tmp_path / "set" / "shard-00002.h5").exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(number)
    text = finish(process, expect=code)
    assert "interrupted" in text
    assert "by --resume" in text
    found = content(tmp_path / "set")
    assert not [name for name in found if name.startswith(".shard")]
    assert 3 <= len(found) - 2 < 25
    for name, data in found.items():
        assert data == content(whole[0])[name]
    assert finish(start(tmp_path, "--resume"))["digest"] == whole[1]["digest"]


@pytest.mark.slow
def test_a_signal_while_it_starts_leaves_nothing(tmp_path):
    for delay in (0.1, 0.3, 0.6):
        process = start(tmp_path)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        text = output(process)[1]
        assert process.returncode in (130, -signal.SIGINT)  # the latter if Python itself was still starting
        assert not (tmp_path / "set").exists() or "by --resume" in text


LIMITED = "import os, resource, sys; n = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)); "


@pytest.mark.slow
def test_no_room_for_a_file(whole, tmp_path):
    """The system takes no file as large as a shard: like a full disk, which experiments/durability has."""
    size = (whole[0] / "shard-00000.h5").stat().st_size
    command = [sys.executable, "-c", LIMITED + "os.execv(sys.executable, sys.argv[2:])", str(size // 2), *GENERATE]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    error = finish(subprocess.Popen(command, cwd=tmp_path, text=True, **pipes), expect=5)["error"]
    assert "shard-00000.h5" in error["where"]
    assert sorted(content(tmp_path / "set")) == [".lock", "manifest.json"]
    assert finish(start(tmp_path, "--resume"))["digest"] == whole[1]["digest"]


def test_the_lock_file_is_all_that_is_hidden(whole):
    assert [name for name in content(pathlib.Path(whole[0])) if name.startswith(".")] == [".lock"]
