"""Time of the Matsubara solver, side by side with hand-written NumPy and SciPy solvers, in one run.

python experiments/benchmark-solver/run.py ../shared/references
"""

import argparse
import os
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import broyden1

import diffeliash as de
from diffeliash.units import BOLTZMANN

jax.config.update("jax_enable_x64", True)

T, MU_STAR, N, N_COULOMB = 1.16, 0.1, 351, 80
CUTOFFS = {"omega_c": 50.0, "matsubara_cutoff": 220.2}
NAMES = ("G1", "G2", "G3", "G6", "P2")
BATCH, CHUNK, PEERS = 1000, 32, 20


def read_spectra(folder):
    """1000 spectra that superconduct at 1.16 K; the five with a 50-digit solution come first."""
    references = [np.load(folder / f"{name}_wc50.npz") for name in NAMES]
    coarse = de.ComplexFamily(n_points=500, lambda_min=0.9)
    np.testing.assert_allclose(coarse.omega, references[0]["w"])
    keys = jax.random.split(jax.random.key(0), BATCH)
    random = jax.jit(jax.vmap(lambda key: coarse.sample_spectrum(key).a2f))(keys)
    a2f = np.concatenate([[r["a2f"] for r in references], random])[:BATCH]
    return coarse.omega, a2f, np.array([r["Delta_iw"] for r in references])


def best_of(function, repeats=5):
    """Shortest wall time [s] and the result."""
    times, result = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        result = jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return min(times), result


class NumpyEquations:
    """Eqs. (6) and (7) on the full set, everything that does not depend on a2F made beforehand."""

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
    """Johnson's modified Broyden method (Phys. Rev. B 38, 12807 (1988)), as the codes of the field have it."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("references", type=pathlib.Path)
    omega, a2f, exact = read_spectra(parser.parse_args().references)
    rows = []

    def solve(a, rtol=1e-6, solver=de.Anderson(rtol=1e-8)):
        spectrum, frequencies = de.Spectrum(omega, a), de.CompressedMatsubara(rtol=rtol)
        return de.solve_gap(spectrum, T, **CUTOFFS, frequencies=frequencies, solver=solver)

    def add(name, seconds, count, Delta_iw0, note=""):
        error = np.max(np.abs(np.asarray(Delta_iw0)[: len(NAMES)] / exact[:, 0] - 1))
        rows.append((name, 1e6 * seconds / count, error, note))

    def batched(function):
        program = jax.jit(lambda batch: jax.lax.map(function, batch, batch_size=CHUNK))
        start = time.perf_counter()
        compiled = program.lower(jnp.asarray(a2f)).compile()
        seconds = time.perf_counter() - start
        return (*best_of(lambda: compiled(jnp.asarray(a2f))), f"compiled in {seconds:.1f} s")

    def outcome(a, **options):
        sol = solve(a, **options)
        return sol.Delta[0], sol.converged, sol.superconducting

    for name, options in {
        "ours, rtol 1e-6, Anderson": {},
        "ours, rtol 1e-6, Newton": {"solver": de.Newton(rtol=1e-5)},
        "ours, rtol 1e-7, default solver": {"rtol": 1e-7, "solver": de.Anderson()},
        "ours, rtol 1e-9, default solver": {"rtol": 1e-9, "solver": de.Anderson()},
    }.items():
        seconds, (Delta, converged, bound), note = batched(lambda a, o=options: outcome(a, **o))
        note += f"; {int(np.sum(converged))} of {BATCH} converged, {int(np.sum(bound))} superconduct"
        add(name, seconds, BATCH, Delta, note)
    forward = rows[0][1]
    seconds, (Delta, _), note = batched(jax.value_and_grad(lambda a: solve(a).Delta[0]))
    add("ours, value and gradient of Delta_0", seconds, BATCH, Delta, note)

    alone = jax.jit(lambda a: solve(a).Delta[0])
    seconds, Delta = best_of(lambda: [alone(a) for a in a2f[:PEERS]])
    add("ours, one at a time", seconds, PEERS, Delta)
    full = jax.jit(lambda a: de.solve_gap(de.Spectrum(omega, a), T, **CUTOFFS, frequencies=de.FullMatsubara()).Delta[0])
    seconds, Delta = best_of(lambda: [full(a) for a in a2f[:PEERS]])
    add("ours, full set, one at a time", seconds, PEERS, Delta)

    equations = NumpyEquations(omega)
    for name, solver in (("SciPy broyden1, NumPy kernels", solve_scipy), ("Johnson-Broyden in NumPy", solve_johnson)):
        seconds, Delta = best_of(lambda s=solver: [s(equations, a)[0] for a in a2f[:PEERS]])
        add(name, seconds, PEERS, Delta)
    seconds, _ = best_of(lambda: [equations.kernels(a)[0][0, 0] for a in a2f[:PEERS]])
    print(f"{BATCH} spectra, {T} K, {N} frequencies, {os.cpu_count()} cores, JAX {jax.__version__}, chunks of {CHUNK}")
    print(f"(NumPy kernels alone: {1e6 * seconds / PEERS:.0f} us)\n")
    print("| solver | us per spectrum | times ours | error of Delta(iw_0) | |")
    print("|---|---|---|---|---|")
    for name, microseconds, error, note in rows:
        print(f"| {name} | {microseconds:.1f} | {microseconds / forward:.2f} | {error:.0e} | {note} |")

    few = de.CompressedMatsubara(n=512)
    critical = jax.jit(
        lambda b: jax.lax.map(lambda a: de.solve_tc(de.Spectrum(omega, a), frequencies=few), b, batch_size=CHUNK)
    )
    critical(jnp.asarray(a2f[:CHUNK])).block_until_ready()
    some = jnp.asarray(a2f[: 8 * CHUNK])
    seconds, T_c = best_of(lambda: critical(some), repeats=2)
    print(
        f"\nT_c: {len(T_c) / seconds:.0f} spectra per second, {float(jnp.min(T_c)):.2f} to {float(jnp.max(T_c)):.2f} K"
    )


if __name__ == "__main__":
    main()
