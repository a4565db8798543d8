"""What only a process of its own shows."""

import json
import pathlib
import subprocess
import sys

import pytest

COMMAND = (sys.executable, "-m", "diffeliash")


def test_version_and_help():
    import diffeliash

    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == diffeliash.__version__
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    for name in ("tc", "solve", "generate", "train", "predict", "verify"):
        assert f"  {name} " in done.stdout


@pytest.mark.slow
def test_json_is_alone_on_standard_output(spectrum_file):
    done = subprocess.run(
        [*COMMAND, "solve", str(spectrum_file), "--unit", "meV", "-T", "4", "--json"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["results"][0]["converged"]


def test_a_usage_error_is_json_too():
    done = subprocess.run([*COMMAND, "tc", "--json", "--bogus"], capture_output=True, text=True)
    assert done.returncode == 2
    assert set(json.loads(done.stdout)["error"]) == {"what", "where", "why", "hint"}
    assert "--bogus" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not pathlib.Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_no_bug(spectrum_file):
    arguments = [*COMMAND, "tc", str(spectrum_file), "--unit", "meV"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 5
    assert "standard output: cannot read or write: No space left on device" in done.stderr
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    process = subprocess.run(arguments, stdout=reader.stdin, stderr=subprocess.PIPE, text=True)
    reader.stdin.close()
    assert process.returncode == 1
    for text in (done.stderr, process.stderr):
        assert "bug" not in text
        assert "Traceback" not in text
        assert "Exception" not in text


def test_a_bug_is_reported_without_a_traceback(monkeypatch, capsys):
    import typer

    from diffeliash.cli.terminal._session import session

    monkeypatch.delenv("DIFFELIASH_DEBUG", raising=False)
    with pytest.raises(typer.Exit) as error, session(json_output=True):
        raise ZeroDivisionError("division by zero")
    assert error.value.exit_code == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["what"] == "ZeroDivisionError: division by zero"
    assert "report" in err
