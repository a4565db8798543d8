"""All that a command is given is looked at before JAX is loaded: shown with a JAX that cannot be loaded."""

import functools
import inspect
import json
import math
import os
import pathlib
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from diffeliash import TrainConfig, _inputs
from diffeliash.analysis import ReduceConfig
from diffeliash.cli import _app
from diffeliash.cli.arguments import _number_ranges as _ranges
from diffeliash.cli.arguments import _output_paths as _targets
from diffeliash.cli.training import _train_checks
from diffeliash.cli.training import _train_results as _train_run
from diffeliash.data import DONE, EXPORTS, MANIFEST, GenerateConfig
from diffeliash.data.storage import _field_schema as _schema
from diffeliash.models import Task
from diffeliash.paper import PaperConfig
from diffeliash.training import preset_names

GAP = ("invert", "gap.dat", "-T", 3, "--broadening", 0.3)
SOLVE = ("solve", "a2f.dat", "-T", 1)
PREDICT = ("predict", "model.ckpt", "gap.dat")
REDUCE = ("reduce", "two.npz")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with good files and bad ones, and a process that has no JAX."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIFFELIASH_DEBUG", "1")
    for name in ("a2f.dat", "gap.dat", "model.ckpt", "file"):
        (tmp_path / name).write_text("1 0.1\n2 0.2\n")
    np.savez(tmp_path / "two.npz", inputs=np.ones((20, 2)), outputs=np.ones((20, 3)))
    (tmp_path / "bad.toml").write_text("[train]\nepochs = 0\n")
    (tmp_path / "no.toml").write_text("epochs: 3\n")
    (tmp_path / "other.toml").write_text('dataset = "none"\n')
    for name in ("data", "full", "special"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    os.mkfifo(tmp_path / "special" / "manifest.json")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("pool")
    (tmp_path / "pool").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    loaded = [name for name in sys.modules if name.split(".")[0] in ("jax", "jaxlib", "equinox", "optax")]
    for name in loaded + [name for name in sys.modules if name.startswith("diffeliash.") and _needs_jax(name)]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("jax", "jaxlib", "equinox", "optax"):
        monkeypatch.setitem(sys.modules, name, None)
    return tmp_path


def _needs_jax(name):
    return name.split(".")[1] in ("physics", "data", "inverse", "models", "training", "analysis", "paper")


def call(*args):
    result = CliRunner().invoke(_app.app, [*map(str, args), "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result, json.loads(result.stdout) if result.stdout else {}


OUT_OF_RANGE = [
    (("tc", "a2f.dat", "--mu-star", 7), "--mu-star must lie in [0, 1], got 7"),
    (("tc", "a2f.dat", "--mu-star", "nan"), "--mu-star must lie in [0, 1], got nan"),
    (("tc", "a2f.dat", "--omega-c", -1), "--omega-c must be positive"),
    (("tc", "a2f.dat", "--matsubara-cutoff", "inf"), "--matsubara-cutoff must be positive and finite [meV], got inf"),
    (("tc", "a2f.dat", "-T", "2,-1"), "--temperature must be positive and finite [K], got -1"),
    (("tc", "a2f.dat", "-T", "1:1e9:1e-9"), "--temperature gives more than 10000 temperatures."),
    (("tc", "a2f.dat", "--column", 0), "--column"),
    (("solve", "a2f.dat", "-T", "nan,0"), "--temperature must be positive and finite [K], got nan"),
    (("solve", "a2f.dat", "-T", "1:1e9:1e-9"), "--temperature gives more than 10000 temperatures."),
    (("generate", "out", "-p", "window=1", "-p", "window=2"), "--parameter window is given twice"),
    ((*SOLVE, "--broadening", 0), "--broadening must be positive"),
    ((*SOLVE, "--converge-cutoff", 7), "--converge-cutoff must lie in (0, 0.1], got 7"),
    ((*SOLVE, "--pade-points", 4), "--pade-points is for --method pade"),
    ((*SOLVE, "--method", "pade", "--pade-points", 1), "--pade-points must lie in [2, "),
    (("generate", "out", "--num-samples", 0), "--num-samples must lie in [1, "),
    (("generate", "out", "--max-error", 1), "--max-error must lie in [1e-12, 0.01], got 1"),
    (("generate", "out", "--shard-size", 10**9), "--shard-size must lie in [1, 262144], got 1000000000"),
    (("generate", "out", "--shard-index", 2, "--num-shards", 2), "--shard-index must lie below --num-shards"),
    (("generate", "out", "--shard-index", 2), "must be given together"),
    (("generate", "out", "--seed", -1, "-T", 0), "--seed must lie in [0, 9223372036854775807], got -1; --temperature"),
    (("train", "--epochs", 0), "--epochs must lie in [1, 1000000], got 0"),
    (("train", "--batch-size", 10**9), "--batch-size must lie in [1, 1048576], got 1000000000"),
    (("train", "--learning-rate", "inf", "--noise", -1), "--noise must lie in [0, 1000], got -1"),
    (("train", "--preset", "physics", "--config", "bad.toml"), "cannot both be given"),
    (("train", "--config", "bad.toml"), "epochs must lie in [1, 1000000], got 0"),
    (("train", "--config", "no.toml"), "not a TOML file"),
    (("train", "--config", "other.toml"), "none: no such data set"),
    (("train", "data", "--num-samples", 10), "cannot be given with DATA"),
    (("train", "--distributed", "node"), "ADDRESS:PORT,COUNT,INDEX"),
    (("train", "data", "--distributed", "auto"), "needs DATA and --run"),
    (("train", "--run", "new", "--distributed", "auto"), "needs DATA and --run"),
    (("train", "--resume"), "--resume needs the folder"),
    (("train", "--resume", "--run", "full"), "there is no config.toml"),
    (("train", "--resume", "--run", "full", "--epochs", 3), "neither a data set nor other options"),
    ((*REDUCE, "--good-enough", 0), "--good-enough must lie in (0, 2], got 0"),
    ((*REDUCE, "--good-enough", 2.1), "--good-enough must lie in (0, 2], got 2.1"),
    ((*REDUCE, "--tolerance", "nan"), "--tolerance must lie in (0, 1), got nan"),
    ((*REDUCE, "--tolerance", 1), "--tolerance must lie in (0, 1), got 1"),
    (("train", "--noise", 1e4), "--noise must lie in [0, 1000], got 10000"),
    ((*REDUCE, "--latent-sizes", "2,1"), "must increase"),
    ((*REDUCE, "--latent-sizes", "1,1000000000"), "--latent-sizes must lie in [1, 65536], got 1000000000"),
    ((*REDUCE, "--batch-size", -1, "--seed", -1), "--batch-size must lie in [1, 1048576], got -1; --seed"),
    (("reproduce", "--seed", -1), "--seed must lie in"),
    (("reproduce", "--resume"), "--resume needs the folder"),
    (("reproduce", "--resume", "--run", "full", "--quick"), "neither --quick nor --seed"),
    ((*PREDICT, "-T", 0), "--temperature must be positive"),
    ((*PREDICT, "--broadening", "nan"), "--broadening must be positive"),
    ((*GAP, "--points", 10**9), "--points must lie in [8, 2048], got 1000000000"),
    ((*GAP, "--points", 2000, "--samples", 90_000), "2000 points with 90000 samples need a matrix of more than 4e+07"),
    ((*GAP, "--samples", -5, "--seed", -5), "--samples must lie in [2, 100000], got -5; --seed must lie in"),
    ((*GAP, "--noise", 0), "--noise must be positive and finite, got 0"),
    ((*GAP, "--omega-max", 1e12), "--omega-max must lie in (0, 100000] meV, got 1e+12"),
    ((*GAP, "--mu-star", 7, "--run", "none"), "got 7. none: no such file"),
    (("invert", "gap.dat", "gap.dat", "--output", "a2f.txt"), "Let --output end in .h5"),
]

LONG = "x" * 300
FILES = [
    (("predict", LONG, "gap.dat"), 3, "File name too long"),
    (("reduce", LONG), 3, "File name too long"),
    (("train", LONG), 3, "File name too long"),
    (("train", "--run", LONG), 5, "File name too long"),
    (("generate", LONG), 5, "File name too long"),
    ((*SOLVE, "--output", LONG), 5, "File name too long"),
    ((*SOLVE, "--plot", "gap.docx", "--mu-star", 7), 3, "got 7. --plot must end in .png"),
    ((*SOLVE, "--output", "none/gap.h5"), 5, "its folder does not exist"),
    ((*SOLVE, "--output", "a2f.dat"), 3, "will not overwrite an input file"),
    ((*SOLVE, "--output", "loop"), 5, "Too many levels of symbolic links"),
    ((*SOLVE, "--plot", "loop/gap.png"), 5, "Too many levels of symbolic links"),
    (("tc", "a2f.dat", "--csv", "loop"), 5, "Too many levels of symbolic links"),
    (("generate", "loop"), 5, "Too many levels of symbolic links"),
    (("generate", "file"), 5, "not a folder"),
    (("generate", "full"), 5, "not empty"),
    (("train", "--run", "loop"), 5, "Too many levels of symbolic links"),
    (("train", "--run", "full"), 5, "not empty"),
    (("train", "loop"), 3, "Too many levels of symbolic links"),
    (("train", "none", "--epochs", 0), 3, "got 0. none: no such data set"),
    (("train", "file"), 3, "it is a file"),
    (("train", "special"), 3, "special/manifest.json: cannot be read"),
    (("train", "--config", "fifo"), 3, "a pipe or a device"),
    (("train", "--config", "loop"), 3, "Too many levels of symbolic links"),
    (("train", "--resume", "--run", "loop"), 3, "no run to resume"),
    (("reduce", "none.npz"), 3, "no such file"),
    (("reduce", "zero"), 3, "a pipe or a device"),
    (("reduce", "loop"), 3, "Too many levels of symbolic links"),
    (("reduce", "a2f.dat"), 3, "lacks two arrays"),
    ((*REDUCE, "--run", "full"), 5, "not empty"),
    (("reproduce", "--run", "file"), 5, "not a folder"),
    (("reproduce", "--run", "loop"), 5, "Too many levels of symbolic links"),
    (("reproduce", "--resume", "--run", "none"), 3, "no run to resume"),
    (("predict", "none", "nothing"), 3, "none: no such file. nothing: no such file"),
    (("predict", "fifo", "gap.dat"), 3, "a pipe or a device"),
    (("predict", "loop", "gap.dat"), 3, "Too many levels of symbolic links"),
    (("predict", "full", "gap.dat"), 3, "full/model.ckpt: no such file"),
    (("predict", "model.ckpt", "zero"), 3, "a pipe or a device"),
    ((*PREDICT, "--plot", "loop/a.png"), 5, "Too many levels of symbolic links"),
    ((*GAP, "--run", "zero"), 3, "a pipe or a device"),
    (("verify", "none"), 3, "no such file or folder"),
    (("verify", "fifo"), 3, "a pipe or a device"),
    (("verify", "loop"), 3, "Too many levels of symbolic links"),
    (("verify", "special"), 3, "neither a file nor a folder"),
    (("export", "none", "all.csv"), 3, "no such data set"),
    (("export", "loop", "all.csv"), 3, "Too many levels of symbolic links"),
    (("export", "data", "loop"), 3, "must end in"),
    (("export", "data", "all.txt"), 3, "must end in .h5, .npz, .csv, got all.txt"),
    (("export", "data", "data/all.csv"), 3, "into the data set itself"),
    (("export", "data", "none/all.csv"), 5, "its folder does not exist"),
]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [*((args, 3, words) for args, words in OUT_OF_RANGE), *FILES],
    ids=lambda x: " ".join(map(str, x)) if isinstance(x, tuple) else "",
)
def test_what_is_wrong_is_said_before_jax_is_loaded(folder, args, code, words):
    before = sorted(folder.rglob("*"))
    result, answer = call(*args)
    assert result.exit_code == code, result.output
    assert set(answer["error"]) == {"what", "where", "why", "hint"}
    assert words in result.stderr
    assert result.stderr.startswith("error: ")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("train", "--task", "gap-to-a2"), "unknown --task 'gap-to-a2'. Did you mean gap-to-a2f?"),
        (("train", "--preset", "phisics"), "Did you mean physics?"),
        (("generate", "out", "-p", "window=wide"), "expected NAME=NUMBER"),
        ((*REDUCE, "--latent-sizes", "1,2,x"), "expected integers"),
        (("tc", "a2f.dat", "-T", "cold"), "'cold' is not a temperature"),
    ],
)
def test_words_that_are_unknown_are_usage_errors(folder, monkeypatch, capsys, args, words):
    monkeypatch.setattr(sys, "argv", ["diffeliash", *map(str, args), "--json"])
    with pytest.raises(SystemExit) as left:
        _app.run()
    out, err = capsys.readouterr()
    assert left.value.code == 2
    assert set(json.loads(out)["error"]) == {"what", "where", "why", "hint"}
    assert words in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize("name", ["none", "full", "fifo", "zero", "loop"])
@pytest.mark.parametrize("command", [("tc",), ("solve", "-T", "1,2"), ("invert", "-T", 3, "--broadening", 0.3)])
def test_files_none_of_which_can_be_read(folder, command, name):
    result, answer = call(*command, name, "nothing")
    assert result.exit_code == 3
    files = [name, "nothing"] if command[0] != "solve" else [name, name, "nothing", "nothing"]
    assert [entry["file"] for entry in answer["results"]] == files
    assert all(set(entry["error"]) == {"what", "where", "why", "hint"} for entry in answer["results"])


def forbid(monkeypatch, forbidden):
    """Nobody may read a file of this name: to root, as which tests may run, no mode forbids it."""
    real_open, real_access = os.open, os.access

    def open_(path, *args, **options):
        if pathlib.Path(os.fsdecode(path)).name == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return real_open(path, *args, **options)

    def access(path, mode, **options):
        return pathlib.Path(os.fsdecode(path)).name != forbidden and real_access(path, mode, **options)

    monkeypatch.setattr(_inputs.os, "open", open_)
    monkeypatch.setattr(os, "access", access)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("tc", "secret"), 3),
        (("solve", "secret", "-T", 1), 3),
        (("invert", "secret"), 3),
        ((*GAP, "--run", "secret"), 3),
        (("predict", "secret", "gap.dat"), 3),
        (("predict", "model.ckpt", "secret"), 3),
        (("reduce", "secret"), 3),
        (("verify", "secret"), 3),
        (("train", "--config", "secret"), 3),
    ],
)
def test_a_file_that_nobody_may_read_is_bad_input(folder, monkeypatch, args, code):
    (folder / "secret").write_text("1 0.1\n2 0.2\n")
    forbid(monkeypatch, "secret")
    result, answer = call(*args)
    assert result.exit_code == code
    errors = [answer["error"]] if "error" in answer else [entry["error"] for entry in answer["results"]]
    assert "Permission denied" in errors[0]["why"]


def test_good_files_beside_one_that_nobody_may_read(answer, spectrum_file, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("1 0.1\n2 0.2\n")
    forbid(monkeypatch, "secret")
    bad, good = answer("tc", "secret", spectrum_file, "--unit", "meV", expect=3)["results"]
    assert bad["error"]["why"] == "Permission denied."
    assert good["T_c_K"] > 1


def test_ranges_are_those_of_the_library():
    assert set(_targets.TABLES) == set(EXPORTS)
    assert Task.__args__ == _train_checks.TASKS
    assert sorted(path.stem for path in _train_checks.PRESETS.glob("*.toml")) == preset_names()
    assert (_train_run.FINISHED, _train_run.LOCK) == (DONE, _schema.LOCK)
    assert MANIFEST


CONFIGS = [
    ("train", functools.partial(TrainConfig, network="fully-connected")),
    ("reduce", ReduceConfig),
    ("generate", GenerateConfig),
]
OTHER_NAMES = {"temperature": "T"}
INSIDE = {"omega_c": 100.0, "matsubara_cutoff": 220.0, "temperature": 1.16, "latent_sizes": 64, "max_labels": 10**9}


@pytest.mark.parametrize(("command", "config"), CONFIGS)
def test_the_library_draws_the_same_lines(command, config):
    """At the ends of every range a configuration can be made, beyond them none."""
    names = set(inspect.signature(config).parameters)
    seen = 0
    for option, allowed in _ranges.ranges_of(command).items():
        name = OTHER_NAMES.get(option, option)
        if name not in names or option in ("num_samples", "latent_sizes"):
            continue
        seen += 1
        low = INSIDE.get(option, 1e-3 if allowed.open else allowed.low)
        config(**{name: low})
        below = [allowed.low if allowed.open else allowed.low - 1] + ([math.nan] if isinstance(low, float) else [])
        beyond = [] if allowed.high == math.inf else [allowed.high + 1]
        beyond += [allowed.high] if allowed.open_high else []
        for value in below + beyond:
            assert value not in allowed
            with pytest.raises(ValueError, match=name):
                config(**{name: value})
        if allowed.high < math.inf and not allowed.open_high and option not in ("mu_star",):
            config(**{name: allowed.high})
    assert seen >= 4


def test_the_largest_seed_of_a_reproduction_is_the_librarys():
    largest = _ranges.ranges_of("reproduce")["seed"].high
    assert PaperConfig(seed=largest).seed == largest
    with pytest.raises(ValueError, match="seed"):
        PaperConfig(seed=largest + 1)


def test_sizes_of_networks_have_limits():
    for sizes in ((2**16, 2**16), (2**17,), (0,), (1,) * 101):
        with pytest.raises(ValueError, match="hidden_sizes"):
            TrainConfig(hidden_sizes=sizes)
        with pytest.raises(ValueError, match="hidden_sizes"):
            ReduceConfig(hidden_sizes=sizes)
    with pytest.raises(ValueError, match="latent_sizes"):
        ReduceConfig(latent_sizes=(1, 2**17))
