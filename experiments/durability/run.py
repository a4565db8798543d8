"""Tests data sets against signals, full disks, flipped bits and several processes, with one row of output for each.

python experiments/durability/run.py --kills 200 --flips 500
"""

import argparse
import contextlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

QUICK = (
    "-T", "3", "--omega-c", "30", "--matsubara-cutoff", "40", "--max-error", "1e-4", "-p", "n_points=60",
    "-p", "window=0.1", "--shard-size", "16",
)  # fmt: skip


def command(folder, n, *options):
    words = ("-m", "diffeliash", "generate", str(folder), *QUICK, "--num-samples", str(n), "--json", *options)
    return [sys.executable, *words]


def run(*args, **options):
    done = subprocess.run(command(*args), capture_output=True, text=True, **options)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def damaged(found, whole):
    """The number of finished files that differ from those of the uninterrupted run."""
    return sum(data != whole[name] for name, data in found.items() if not name.startswith("."))


def kill_cycles(work, n_kills, number, n, seed):
    """Send signals at random moments, each followed by a resume, and compare all files with the uninterrupted run."""
    rng, folder, kills, bad, finished, seconds, codes = random.Random(seed), work / "killed", 0, 0, 0, [], set()
    run(work / "whole", n)
    whole = content(work / "whole")
    shutil.rmtree(folder, ignore_errors=True)
    while kills < n_kills:
        shards = len(list(folder.glob("shard*"))) if folder.exists() else 0
        process = subprocess.Popen(
            command(folder, n, "--resume"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # half of the signals at any time, the other half while a shard is being written
        if kills % 2:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, 6))
        else:
            while process.poll() is None and len(list(folder.glob("shard*"))) <= shards:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.3))
        since = time.monotonic()
        alive = process.poll() is None
        process.send_signal(number)
        text = process.communicate()[1]
        if alive and process.returncode != 0:
            kills += 1
            codes.add(process.returncode)
            seconds.append(time.monotonic() - since)
            assert "Traceback" not in text, text
        found = content(folder) if folder.exists() else {}
        bad += damaged(found, whole)
        if "DONE" in found:
            finished += 1
            bad += {k for k in found if not k.startswith(".")} != {k for k in whole if not k.startswith(".")}
            shutil.rmtree(folder)
    code, report, _ = run(folder, n, "--resume")
    bad += damaged(content(folder), whole) + (code != 0)
    same = report["digest"] == json.loads(whole["DONE"])["digest"]
    name = signal.Signals(number).name
    row(
        f"{kills} times {name} at random moments, then resume",
        f"{bad} damaged shards; final digest {'identical' if same else 'DIFFERENT'}; {finished} data sets finished on "
        f"the way; exit codes {sorted(codes)}; at most {max(seconds):.1f} s after the signal",
    )


def full_disk(work, n):
    """Use a file system with room for k shards and a half, for every k; needs the permission to mount one."""
    run(work / "whole", n)
    whole = content(work / "whole")
    shards = sorted(name for name in whole if name.startswith("shard"))
    mount, wrong, tries = work / "small", 0, 0
    mount.mkdir(exist_ok=True)
    for k in range(len(shards) + 1):
        room = sum(-(-len(whole[name]) // 4096) * 4096 for name in shards[:k]) + 2 * 4096
        room += len(whole[shards[k]]) // 2 if k < len(shards) else 0
        size = ["-o", f"size={-(-room // 4096) * 4096}"]
        if subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", mount], capture_output=True).returncode:
            row("full disk", "not measured: no permission to mount a file system")
            return
        try:
            code, report, _ = run(mount / "set", n)
            there = content(mount / "set")
            expected = 5 if k < len(shards) or "DONE" not in there else 0
            wrong += damaged(there, whole) + (code != expected) + (code == 5 and "error" not in report)
            tries += 1
            shutil.rmtree(work / "moved", ignore_errors=True)
            shutil.copytree(mount / "set", work / "moved")
        finally:
            subprocess.run(["umount", mount], check=True)
        code, report, _ = run(work / "moved", n, "--resume")
        wrong += damaged(content(work / "moved"), whole) + (code != 0)
    row(f"disk full at each of {tries} moments, exit 5, then resume elsewhere", f"{wrong} deviations")


def flipped_bits(work, n, n_flips):
    from diffeliash import DataSource, InputError, IntegrityError, read_checkpoint, read_gap, verify_dataset

    run(work / "whole", n)
    folder, rng = work / "whole", np.random.default_rng(0)
    make_files(work)
    files = {
        "shard": (folder / "shard-00001.h5", lambda path: verify_dataset(folder)),
        "shard, while samples are read": (folder / "shard-00001.h5", lambda path: (DataSource(folder)[:], False)[1]),
        "manifest": (folder / "manifest.json", lambda path: verify_dataset(folder)),
        "DONE": (folder / "DONE", lambda path: verify_dataset(folder)),
        "checkpoint": (work / "run" / "model.ckpt", lambda path: (read_checkpoint(path), False)[1]),
        "solution": (work / "gap.h5", lambda path: (read_gap(path), False)[1]),
    }
    for name, (path, check) in files.items():
        whole, found = path.read_bytes(), 0
        assert not check(path)
        for bit in rng.integers(0, 8 * len(whole), n_flips):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << (bit % 8)
            path.write_bytes(flipped)
            try:
                found += bool(check(path))
            except (InputError, IntegrityError):
                found += 1
        path.write_bytes(whole)
        row(f"{n_flips} single flipped bits: {name} ({len(whole)} bytes)", f"{found} found")


def make_files(work):
    """Make a checkpoint and a file with a solution."""
    omega = np.linspace(0.1, 10, 100)
    np.savetxt(work / "a2f.dat", np.stack([omega, np.exp(-((omega - 5) ** 2))], axis=1))
    for words in (
        ["solve", "a2f.dat", "--unit", "meV", "-T", "1.16", "--output", "gap.h5"],
        ["generate", "data", *QUICK, "--num-samples", "200"],
        ["train", "data", "--run", "run", "--epochs", "1", "--batch-size", "16"],
    ):
        subprocess.run([sys.executable, "-m", "diffeliash", *words], cwd=work, check=True, capture_output=True)


def workers(work, n):
    """Generate one data set by four processes, one of them killed and started again, and one started twice."""
    run(work / "whole", n)
    whole, folder = content(work / "whole"), work / "shared"
    parts = [command(folder, n, "--shard-index", str(i), "--num-shards", "4") for i in range(4)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(words, **pipes) for words in parts]
    while not (folder / "shard-00000.h5").exists():
        time.sleep(0.002)
    processes[0].send_signal(signal.SIGSTOP)  # so that it still holds its lock
    refused = subprocess.run(parts[0], capture_output=True, text=True).returncode
    processes[0].send_signal(signal.SIGCONT)
    processes[3].kill()
    processes[3].communicate()
    subprocess.run(parts[3], capture_output=True, check=True)
    codes = [process.wait() for process in processes[:3]]
    for process in processes[:3]:
        process.communicate()
    same = content(folder) == whole
    row(
        "4 processes at once, one killed and started again, one started twice",
        f"exit codes {codes}, that of the duplicate {refused}; files {'identical' if same else 'DIFFERENT'}",
    )


def row(what, answer):
    print(f"| {what} | {answer} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--signals", type=int, default=10)
    parser.add_argument("--flips", type=int, default=500)
    parser.add_argument("--samples", type=int, default=1600)
    args = parser.parse_args()
    print("| test | result |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for part in ("flips", "disk", "workers", "kills", "term", "int"):
            work = pathlib.Path(name) / part
            work.mkdir()
            if part == "flips":
                flipped_bits(work, 64, args.flips)
            elif part == "disk":
                full_disk(work, 128)
            elif part == "workers":
                workers(work, args.samples)
            elif part == "kills":
                kill_cycles(work, args.kills, signal.SIGKILL, args.samples, seed=0)
            else:
                kill_cycles(work, args.signals, getattr(signal, f"SIG{part.upper()}"), args.samples, seed=1)


if __name__ == "__main__":
    main()
