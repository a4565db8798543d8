"""The time of the Matsubara solver, compared with hand-written NumPy and SciPy solvers in the same run.

python experiments/benchmark-solver/run.py ../shared/references --peers ../shared/peers
"""

import argparse
import importlib.util
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import jax
import numpy as np
from scipy.optimize import broyden1

import diffeliash as de
from diffeliash.data import family_grid
from diffeliash.physics import batched, map_materials
from diffeliash.units import BOLTZMANN

jax.config.update("jax_enable_x64", True)

T, MU_STAR, N, N_COULOMB = 1.16, 0.1, 351, 80
CUTOFFS = {"omega_c": 50.0, "matsubara_cutoff": 220.2}
NAMES = ("G1", "G2", "G3", "G6", "P2")
PEERS, ROUNDS = 20, 9


def read_spectra(folder, batch):
    """`batch` spectra that superconduct at 1.16 K; the five with a 50-digit solution come first."""
    references = [np.load(folder / f"{name}_wc50.npz") for name in NAMES]
    coarse = de.ComplexFamily(n_points=500, lambda_min=0.9)
    np.testing.assert_allclose(family_grid(coarse), references[0]["w"])
    keys = jax.random.split(jax.random.key(0), batch)
    random = jax.jit(jax.vmap(lambda key: coarse.sample_spectrum(key).a2f))(keys)
    a2f = np.concatenate([[r["a2f"] for r in references], random])[:batch]
    return family_grid(coarse), a2f, np.array([r["Delta_iw"] for r in references])


def best_of(function, repeats=5):
    """Shortest wall time [s] and the result."""
    times, result = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        result = jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return min(times), result


class NumpyEquations:
    """Eqs. (6) and (7) of the paper on the full set; all that does not depend on a2F is computed beforehand."""

    def __init__(self, omega):
        n = np.arange(N)
        kT = BOLTZMANN * T
        self.omega_n, self.pi_kT = np.pi * kT * (2 * n + 1), np.pi * kT
        self.near, self.far = np.abs(n[:, None] - n), n[:, None] + n + 1
        nu = 2 * np.pi * kT * np.arange(2 * N)
        weights = np.gradient(omega)
        self.to_lambda = 2 * omega * weights / (omega**2 + nu[:, None] ** 2)

    def kernels(self, a2f):
        lambda_l = self.to_lambda @ a2f
        near, far = lambda_l[self.near], lambda_l[self.far]
        even, odd = self.pi_kT * (near + far), self.pi_kT * (near - far)
        even[:, :N_COULOMB] -= 2 * self.pi_kT * MU_STAR
        return even, odd

    def update(self, kernels, Delta):
        even, odd = kernels
        R = np.sqrt(self.omega_n**2 + Delta**2)
        return even @ (Delta / R) / (1 + odd @ (self.omega_n / R) / self.omega_n)


def solve_scipy(equations, a2f):
    kernels = equations.kernels(a2f)
    start = 3.0 / (1 + (equations.omega_n / 8) ** 2)  # a large gap: from a small one it falls to zero
    return broyden1(lambda x: equations.update(kernels, x) - x, start, alpha=1.0, f_tol=1e-7, max_rank=30)


def solve_johnson(equations, a2f, memory=8, mixing=0.7):
    """Johnson's modified Broyden method (Phys. Rev. B 38, 12807 (1988)), as electronic-structure codes use it."""
    kernels = equations.kernels(a2f)
    x = 1.0 / (1 + (equations.omega_n / 8) ** 2)
    f = equations.update(kernels, x) - x
    dfs, us = [], []
    step = mixing * f
    for _ in range(100):
        x_new = x + step
        f_new = equations.update(kernels, x_new) - x_new
        if np.max(np.abs(f_new)) < 1e-7:
            return x_new
        df, dx = f_new - f, x_new - x
        size = np.sqrt(df @ df)
        dfs, us = [*dfs, df / size][-memory:], [*us, (mixing * df + dx) / size][-memory:]
        D, U = np.array(dfs), np.array(us)
        gamma = np.linalg.solve(D @ D.T + 1e-8 * np.eye(len(D)), D @ f_new)
        step = mixing * f_new - gamma @ U
        x, f = x_new, f_new
    return x


def first_call(cache):
    """Seconds to trace and to compile the default path in a new process, with a given cache of compiled programs."""
    program = (
        "import time, jax, numpy as np\n"
        "jax.config.update('jax_enable_x64', True)\n"
        "import diffeliash as de\n"
        "omega = np.arange(1, 501) * 0.02\n"
        f"f = jax.jit(jax.vmap(lambda a: de.solve_gap(de.Spectrum(omega, a), {T}, **{CUTOFFS}).Delta[0]))\n"
        f"start = time.perf_counter(); lowered = f.lower(np.ones((16, 500)))\n"
        "middle = time.perf_counter(); lowered.compile()\n"
        "print(middle - start, time.perf_counter() - middle)\n"
    )
    environment = {
        **os.environ, "JAX_COMPILATION_CACHE_DIR": cache, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2"
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def peak_memory():
    """Largest memory of this process so far [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def load_peer(folder, name, program):
    """Load a script that runs another code; if that code is not installed, print the reason and return `None`."""
    path = folder / f"{name}.py" if folder else None
    if path is None or not path.exists() or shutil.which(program) is None:
        print(f"(no row for {program}: not installed, or no --peers folder)")
        return None
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def peer_rows(folder, omega, a2f):
    """Yield name, microseconds, error and remark for EPW and Elk, each on the first spectrum."""
    if epw := load_peer(folder, "run_epw", "epw.x"):
        runs = [epw.run_epw(omega, a2f[0], MU_STAR, [T], M=N - 1, conv=1e-7) for _ in range(3)]
        near = T + 0.01 * np.arange(40)  # its timer has steps of 10 ms
        inside = sum(epw.run_epw(omega, a2f[0], MU_STAR, near, M=N - 1, conv=1e-7)["t_imag_wall"]) / near.size
        gap = runs[0]["imag"][0]["Delta"][0]
        # its mu* acts at all frequencies
        ours = de.solve_gap(de.Spectrum(omega, a2f[0]), T, omega_c=220.2, matsubara_cutoff=220.2).Delta[0]
        remark = "its own timer, mean of 40 temperatures; mu* at all frequencies, compared with ours for that"
        yield "EPW 5.3.1, imaginary axis", 1e6 * inside, abs(gap / float(ours) - 1), remark
        yield "EPW 5.3.1, the process", 1e6 * min(run["wall_s"] for run in runs), abs(gap / float(ours) - 1), ""
    if elk := load_peer(folder, "run_elk", "elk-lapw"):
        run = elk.run_elk(omega, a2f[0], MU_STAR, ntemp=20)
        remark = f"per temperature, {len(run['temps'])} of them, other cutoffs; real axis included"
        yield "Elk 8.4.30, task 260", 1e6 * run["wall_s"] / len(run["temps"]), float("nan"), remark


def time_of_tc(omega, a2f):
    """Print the number of critical temperatures computed in a second."""
    critical = batched(lambda a: de.solve_tc(de.Spectrum(omega, a), frequencies=de.CompressedMatsubara(n=512)))
    T_c = np.concatenate([part for _, part in map_materials(critical, a2f)])
    seconds, _ = best_of(lambda: list(map_materials(critical, a2f)), repeats=3)
    print(f"\nT_c: {len(T_c) / seconds:.0f} spectra per second, {np.min(T_c):.2f} to {np.max(T_c):.2f} K")


def memory_of_many(program, a2f):
    """Print the peak memory before and after solving 32 times as many spectra."""
    list(map_materials(program, a2f))
    before = peak_memory()
    many = np.broadcast_to(a2f[0], (32 * len(a2f), a2f.shape[1]))
    seconds, _ = best_of(lambda: sum(1 for _ in map_materials(program, many)), repeats=1)
    each = 1e6 * seconds / len(many)
    print(
        f"{len(many)} spectra: {each:.1f} us each; peak memory {before:.0f} MiB before, {peak_memory():.0f} MiB after"
    )


class Contest:
    """Jobs that are timed in alternation, so that slow periods of the machine affect all of them."""

    def __init__(self, a2f, exact):
        self.a2f, self.exact, self.jobs = a2f, exact, {}

    def add_batch(self, name, function):
        """Add a function from a2F to the gap, convergence and superconductivity (and more), for all spectra."""
        compiled = batched(function)

        def all_of_them():
            return [results for _, results in map_materials(compiled, self.a2f)]

        first, parts = best_of(all_of_them, 1)
        Delta, converged, bound = (np.concatenate([part[i] for part in parts]) for i in range(3))
        note = f"first call {first:.1f} s; {np.sum(converged)} of {len(Delta)} converged, {np.sum(bound)} superconduct"
        self.jobs[name] = (all_of_them, Delta, note)

    def add_one_by_one(self, name, function):
        """Add a function from one a2F to the gap, for the first few spectra."""

        def some_of_them():
            return np.array([function(a) for a in self.a2f[:PEERS]])

        self.jobs[name] = (some_of_them, some_of_them(), "one core")

    def in_turn(self):
        """Time all jobs; yields name, shortest time [us], median ratio to the first job, error and remark."""
        times = {name: [] for name in self.jobs}
        for _ in range(ROUNDS):
            for name, (job, Delta, _) in self.jobs.items():
                times[name].append(1e6 * best_of(job, 1)[0] / len(Delta))
        first = np.array(next(iter(times.values())))
        for name, (_, Delta, note) in self.jobs.items():
            error = np.max(np.abs(np.asarray(Delta)[: len(NAMES)] / self.exact[: len(Delta), 0] - 1))
            yield name, np.min(times[name]), np.median(np.array(times[name]) / first), error, note


def contest(omega, a2f, exact):
    """Time all variants of this package, SciPy and NumPy."""

    def solve(a, rtol=1e-6, solver=de.Anderson(rtol=1e-8), **frequencies):
        options = frequencies or {"frequencies": de.CompressedMatsubara(rtol=rtol)}
        return de.solve_gap(de.Spectrum(omega, a), T, **CUTOFFS, solver=solver, **options)

    def outcome(a, **choice):
        sol = solve(a, **choice)
        return sol.Delta[0], sol.converged, sol.superconducting

    def with_gradient(a, options):
        def gap_first(a):
            Delta, *flags = outcome(a, **options)
            return Delta, flags

        (Delta, flags), gradient = jax.value_and_grad(gap_first, has_aux=True)(a)
        return Delta, *flags, gradient

    jobs = Contest(a2f, exact)
    jobs.add_batch("ours, rtol 1e-6, Anderson", outcome)
    jobs.add_batch("ours, rtol 1e-6, Newton", lambda a: outcome(a, solver=de.Newton(rtol=1e-5)))
    jobs.add_batch("ours, rtol 1e-7, default solver", lambda a: outcome(a, rtol=1e-7, solver=de.Anderson()))
    jobs.add_batch("ours, rtol 1e-9, default solver", lambda a: outcome(a, rtol=1e-9, solver=de.Anderson()))
    for name, options in {
        "rtol 1e-6, Anderson": {},
        "rtol 1e-7, default solver": {"rtol": 1e-7, "solver": de.Anderson()},
    }.items():
        jobs.add_batch(f"ours, {name}, and its gradient", lambda a, o=options: with_gradient(a, o))
    jobs.add_one_by_one("ours, one at a time", jax.jit(lambda a: solve(a).Delta[0]))
    full = jax.jit(lambda a: solve(a, solver=de.Anderson(), frequencies=de.FullMatsubara()).Delta[0])
    jobs.add_one_by_one("ours, full set, one at a time", full)
    equations = NumpyEquations(omega)
    jobs.add_one_by_one("NumPy kernels alone (no gap)", lambda a: equations.kernels(a)[0][0, 0])
    jobs.add_one_by_one("SciPy broyden1, NumPy kernels", lambda a: solve_scipy(equations, a)[0])
    jobs.add_one_by_one("Johnson-Broyden in NumPy", lambda a: solve_johnson(equations, a)[0])
    return list(jobs.in_turn()), batched(lambda a: solve(a).Delta[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("references", type=pathlib.Path)
    parser.add_argument("--peers", type=pathlib.Path, help="folder with run_epw.py and run_elk.py")
    parser.add_argument("--batch", type=int, default=1000)
    options = parser.parse_args()
    omega, a2f, exact = read_spectra(options.references, options.batch)
    rows, program = contest(omega, a2f, exact)
    peers = [
        (name, microseconds, microseconds / rows[0][1], error, note)
        for name, microseconds, error, note in peer_rows(options.peers, omega, a2f)
    ]
    print(
        f"{len(a2f)} spectra, {T} K, {N} frequencies, JAX {jax.__version__} on {jax.devices()[0].device_kind}, ", end=""
    )
    print(f"{os.cpu_count()} cores (ours uses all, the others one)\n")
    print("| solver | us per spectrum (best) | times ours (median) | error of Delta(iw_0) | |")
    print("|---|---|---|---|---|")
    for name, microseconds, ratio, error, note in rows + peers:
        print(f"| {name} | {microseconds:.1f} | {ratio:.3g} | {error:.0e} | {note} |")
    time_of_tc(omega, a2f[:256])
    memory_of_many(program, a2f)
    with tempfile.TemporaryDirectory() as cache:
        (trace, cold), (_, warm) = first_call(cache), first_call(cache)
    print(f"default path in a fresh process: traced in {trace:.1f} s, compiled in {cold:.1f} s, ", end="")
    print(f"from the cache in {warm:.2f} s")


if __name__ == "__main__":
    main()
