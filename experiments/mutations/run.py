"""Change one thing in the program at a time and see whether the tests notice.

Each mutant of `mutants.toml` replaces a piece of code, which must occur exactly once, in a copy of the checkout, and
runs the tests named with it: first those of the README's command, and if these pass also those of the slower tiers.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TIERS = ("not slow and not slowest", "slow or slowest")
PLAIN = "--strict-markers --jaxtyping-packages=diffeliash,beartype.beartype"


def survives(copy: pathlib.Path, tests: list[str], tier: str) -> bool:
    """Whether all tests of a tier pass; a tier without tests notices nothing."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:xdist",
        "-o",
        f"addopts={PLAIN}",
        "-m",
        tier,
        *tests,
    ]
    code = subprocess.run(command, cwd=copy, capture_output=True).returncode
    if code not in (0, 1, 2, 5):  # 2: a mutant that cannot even be imported; 5: no tests
        raise RuntimeError(f"pytest ended with {code}: {' '.join(command)}")
    return code in (0, 5)


def main() -> None:
    """Print one line for each mutant, and how many survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only look whether every piece of code is still there")
    parser.add_argument("--only", default="", help="mutants of files whose name contains this")
    arguments = parser.parse_args()
    mutants = [
        one for one in tomllib.loads((HERE / "mutants.toml").read_text())["mutant"] if arguments.only in one["file"]
    ]
    for one in mutants:
        n = (ROOT / "diffeliash" / one["file"]).read_text().count(one["old"])
        if n != 1:
            raise SystemExit(f"{one['file']}: {one['old']!r} occurs {n} times")
        for path in one["tests"]:
            if not (ROOT / "tests" / path.split("::")[0]).exists():
                raise SystemExit(f"{path}: no such test")
    if arguments.check:
        return
    print("| file | change | noticed by | s |\n|---|---|---|---|")
    counts = {"the README's tests": 0, "slower tests": 0, "**nothing**": 0}
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "main"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__", ".venv*", "runs"))
        (copy.parent / "shared").symlink_to(ROOT.parent / "shared")
        for one in mutants:
            path = copy / "diffeliash" / one["file"]
            original = path.read_text()
            path.write_text(original.replace(one["old"], one["new"]))
            start, tests = time.perf_counter(), [f"tests/{name}" for name in one["tests"]]
            outcome = next(
                (name for name, tier in zip(counts, TIERS, strict=False) if not survives(copy, tests, tier)),
                "**nothing**",
            )
            path.write_text(original)
            counts[outcome] += 1
            seconds = time.perf_counter() - start
            change = f"`{one['old'].strip()}` to `{one['new'].strip()}`".replace("|", "\\|").replace("\n", " ")
            print(f"| {one['file']} | {change} | {outcome} | {seconds:.0f} |", flush=True)
    print(f"\n{len(mutants)} mutants, noticed by: " + ", ".join(f"{name} {n}" for name, n in counts.items()))


if __name__ == "__main__":
    main()
