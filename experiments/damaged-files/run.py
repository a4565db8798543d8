"""Damages a2F files at random and counts the outcomes of reading them. See README.md.

python experiments/damaged-files/run.py ../shared/materials --seed 0 --n 200
"""

import argparse
import pathlib
import tempfile
import time
import warnings
from collections import Counter

import jax
import numpy as np

from diffeliash import InputError, Spectrum
from diffeliash.data import read_spectrum_files

jax.config.update("jax_enable_x64", True)

FILES = (
    "raw/Al_Elk/ALPHA2F.OUT",
    "raw/Al_QE_matdyn/a2F.dos10",
    "raw/Al_QE_tetra/aluminum.a2F.dat",
    "raw/Nb_IsoME/Nb.a2F",
    "raw/Pb_EPW60_Elphgap/pb_epw60_a2f_iso.a2f",
    "raw/Pb_EPW2016_SOC_fig.csv",
    "raw/Pb_tunnel_exp_fig.csv",
    "raw/Al_ABINIT_tutorial/out_A2F.nc",
    "grid/MgB2_Elk.dat",
)
OUTCOMES = ("refused", "same", "told", "silent", "slow", "crash")


def change_bytes(rng, whole):
    content = bytearray(whole)
    for at in rng.integers(0, len(content), rng.integers(1, 4)):
        content[at] = rng.integers(256)
    return bytes(content)


def remove_bytes(rng, whole):
    at = int(rng.integers(len(whole)))
    return whole[:at] + whole[at + int(rng.choice([1, 10, 100, 1000])) :]


def cut_off(rng, whole):
    return whole[: int(rng.integers(1, len(whole)))]


def insert_bytes(rng, whole):
    at = int(rng.integers(len(whole)))
    return whole[:at] + bytes(rng.integers(0, 256, int(rng.choice([1, 5, 50]))).astype(np.uint8)) + whole[at:]


def on_lines(change):
    def damage(rng, whole):
        lines = whole.split(b"\n")
        first = int(rng.integers(len(lines)))
        return b"\n".join(change(rng, lines, first, first + int(rng.choice([1, 5, 50]))))

    return damage


def exchange_separators(rng, lines, first, last):
    other = bytes([int(rng.choice([0xA0, 0x09, 0x3B, 0x2C, 0x7C]))])
    return lines[:first] + [line.replace(b" ", other) for line in lines[first:last]] + lines[last:]


def comment_out(rng, lines, first, last):
    return lines[:first] + [b"#" + line for line in lines[first:last]] + lines[last:]


def remove_cell(rng, lines, first, last):
    cells = lines[first].split()
    if len(cells) > 1:
        cells.pop(int(rng.integers(len(cells))))
    return [*lines[:first], b" ".join(cells), *lines[first + 1 :]]


def double_row(rng, lines, first, last):
    return lines[: first + 1] + lines[first:]


BYTES = (change_bytes, remove_bytes, cut_off, insert_bytes)
DAMAGES = (*BYTES, *map(on_lines, (exchange_separators, comment_out, remove_cell, double_row)))


def read(path):
    found = next(iter(read_spectrum_files(path).values()))
    if isinstance(found, InputError):
        raise found
    return found


def outcome(path, coupling, notices):
    started = time.perf_counter()
    try:
        found = read(path)
    except InputError:
        return "refused"
    except Exception as error:
        print(f"crash: {path}: {type(error).__name__}: {error}")
        return "crash"
    if time.perf_counter() - started > 1:
        return "slow"
    if abs(coupling_of(found) / coupling - 1) < 0.01:
        return "same"
    return "told" if set(found.notices) - notices else "silent"


def coupling_of(found):
    return float(Spectrum(found.omega, found.a2f).lambda_ep)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("materials", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n", type=int, default=200)
    arguments = parser.parse_args()
    rng, total = np.random.default_rng(arguments.seed), Counter()
    warnings.simplefilter("error")
    print("| file | " + " | ".join(OUTCOMES) + " |\n|---|" + "---|" * len(OUTCOMES))
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            whole, path = (arguments.materials / name).read_bytes(), pathlib.Path(folder) / pathlib.Path(name).name
            path.write_bytes(whole)
            found, counts = read(path), Counter()
            for _ in range(arguments.n):
                kinds = BYTES if name.endswith(".nc") else DAMAGES
                path.write_bytes(kinds[int(rng.integers(len(kinds)))](rng, whole))
                counts[outcome(path, coupling_of(found), set(found.notices))] += 1
            total += counts
            print(f"| {path.name} | " + " | ".join(str(counts[each]) for each in OUTCOMES) + " |", flush=True)
    print("| all | " + " | ".join(str(total[each]) for each in OUTCOMES) + " |")


if __name__ == "__main__":
    main()
