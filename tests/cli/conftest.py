import json

import numpy as np
import pytest
from typer.testing import CliRunner

from diffeliash.cli._app import app

from ..cases import gaussian_peak


@pytest.fixture
def spectrum_file(tmp_path):
    spectrum = gaussian_peak(1.3)
    path = tmp_path / "peak.dat"
    np.savetxt(path, np.stack([spectrum.omega, spectrum.a2f], axis=1))
    return path


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder; returns its result after checking the exit code and that nothing broke."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIFFELIASH_DEBUG", "1")

    def run_command(*args, expect=0):
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == expect, result.output
        assert "Traceback" not in result.output
        return result

    return run_command


@pytest.fixture
def answer(run):
    """Run a command with --json; returns the one object on standard output."""

    def run_json(*args, expect=0):
        return json.loads(run(*args, "--json", expect=expect).stdout)

    return run_json
