"""The time of the exact continuation, compared with NumPy and EPW in the same run.

python experiments/benchmark-real-axis/run.py ../shared/references --peers ../shared/peers
"""

import argparse
import importlib.util
import os
import pathlib
import shutil
import time

import jax
import jax.numpy as jnp
import numpy as np
from scipy.fft import next_fast_len

import diffeliash as de
from diffeliash.data import family_grid
from diffeliash.physics import batched, map_materials
from diffeliash.units import BOLTZMANN

jax.config.update("jax_enable_x64", True)

T, MU_STAR, BROADENING, END = 1.16, 0.1, 0.1, 35.0
CUTOFFS = {"omega_c": 50.0, "matsubara_cutoff": 220.2}
SMOOTH = ("G1", "G2", "G3", "G6")
ENERGIES = np.linspace(0.0, END, 351)
CHUNK, ROUNDS, PEERS = 8, 5, 8


def read_spectra(folder, batch):
    """`batch` spectra that superconduct at 1.16 K; the four with an exact continuation come first."""
    references = [np.load(folder / f"{name}_wc50.npz") for name in SMOOTH]
    family = de.ComplexFamily(n_points=500, lambda_min=0.9)
    keys = jax.random.split(jax.random.key(0), batch)
    random = jax.jit(jax.vmap(lambda key: family.sample_spectrum(key).a2f))(keys)
    a2f = np.concatenate([[r["a2f"] for r in references], random])[:batch]
    line = int(np.flatnonzero(references[0]["Gamma"] == BROADENING)[0])
    return family_grid(family), a2f, np.array([r["msc_Delta"][line, : ENERGIES.size] for r in references])


class NumpyMSC:
    """An optimized implementation in NumPy: transforms of Hermitian functions, everything else computed beforehand."""

    def __init__(self, omega, step, omega_n):
        self.omega_n, self.kT, self.stride = omega_n, BOLTZMANN * T, round(step / (omega[1] - omega[0]))
        self.omega = omega[self.stride - 1 :: self.stride]
        self.n = 2 * next_fast_len(int(np.ceil((END + 2 * omega[-1]) / step)), real=True)
        self.z = step * np.arange(self.n // 2 + 1) + 1j * BROADENING
        self.step, self.last = step, round(END / step)
        self.tanh = np.tanh(self.z / (2 * self.kT)) / 2
        poles = 1 / (self.z[:, None] ** 2 + omega_n[None, :] ** 2)
        self.normal, self.anomalous = 2j * self.kT * poles * omega_n, 2j * self.kT * self.z[:, None] * poles
        self.n_coulomb = np.sum(omega_n <= CUTOFFS["omega_c"])

    def transforms(self, a2f):
        weight = self.step * a2f[self.stride - 1 :: self.stride]
        even, odd = np.zeros(self.n), np.zeros(self.n)
        index = np.arange(1, weight.size + 1)
        even[index] = even[-index] = weight / np.tanh(self.omega / (2 * self.kT)) / 2
        odd[index], odd[-index] = weight, -weight
        return np.fft.fft(even).real, np.fft.fft(odd).imag

    def solve(self, a2f, Delta_n, tolerance=1e-9):
        R = np.sqrt(self.omega_n**2 + Delta_n**2)
        even, odd = self.transforms(a2f)
        poles_Z, poles_phi = self.normal @ (self.omega_n / R), self.anomalous @ (Delta_n / R)
        coulomb = 2 * np.pi * self.kT * MU_STAR * np.sum((Delta_n / R)[: self.n_coulomb])
        z, n = self.z, self.n
        Delta = np.full(z.size, Delta_n[0] + 0j)
        for _ in range(100):
            ratio = Delta / z
            G = 1 / np.sqrt(1 - ratio**2)
            F = ratio * G
            from_Z = even * np.fft.hfft(G, n) + odd * np.fft.hfft(1j * (G * self.tanh - poles_Z), n)
            from_phi = even * np.fft.hfft(1j * F, n) - odd * np.fft.hfft(F * self.tanh + poles_phi, n)
            Z = 1 + 1j * np.pi * np.fft.ihfft(from_Z, n) / z
            new = (np.pi * np.fft.ihfft(from_phi, n) - coulomb) / Z
            new[self.last + 1 :] = new[self.last]
            moved = np.max(np.abs(new - Delta)) / np.max(np.abs(new))
            Delta = new
            if moved < tolerance:
                break
        return Delta[: self.last + 1]


def plain_numpy(omega, a2f, omega_n, Delta_n, step=0.02, tolerance=1e-9):
    """A direct implementation in NumPy: everything computed for each spectrum, complex transforms of the whole line."""
    kT, R = BOLTZMANN * T, np.sqrt(omega_n**2 + Delta_n**2)
    n = 2 * next_fast_len(int(np.ceil((END + 2 * omega[-1]) / step)))
    x = step * (np.arange(n) - n // 2)
    z, last = x + 1j * BROADENING, n // 2 + round(END / step)
    even, odd = np.zeros(n), np.zeros(n)
    index, weight = np.arange(1, omega.size + 1), step * a2f
    even[index] = even[-index] = weight / np.tanh(omega / (2 * kT)) / 2
    odd[index], odd[-index] = weight, -weight
    even, odd = np.fft.fft(even), np.fft.fft(odd)
    poles = 1 / (z[:, None] ** 2 + omega_n[None, :] ** 2)
    poles_Z, poles_phi = 2j * kT * (poles @ (omega_n**2 / R)), 2j * kT * z * (poles @ (Delta_n / R))
    coulomb = 2 * np.pi * kT * MU_STAR * np.sum((Delta_n / R)[omega_n <= CUTOFFS["omega_c"]])
    tanh = np.tanh(z / (2 * kT)) / 2
    Delta = np.full(n, Delta_n[0] + 0j)
    for _ in range(100):
        s = z * np.sqrt(1 - (Delta / z) ** 2)
        G, F = z / s, Delta / s
        from_Z = np.fft.ifft(even * np.fft.fft(G) + odd * np.fft.fft(G * tanh - poles_Z))
        from_phi = np.fft.ifft(even * np.fft.fft(F) + odd * np.fft.fft(F * tanh + poles_phi))
        new = (1j * np.pi * from_phi - coulomb) / (1 + 1j * np.pi * from_Z / z)
        new[last + 1 :], new[: n - last] = new[last], new[n - last]
        moved = np.max(np.abs(new - Delta)) / np.max(np.abs(new))
        Delta = new
        if moved < tolerance:
            break
    return Delta[n // 2 : last + 1]


def ours(omega, n):
    """The continuation alone, of given solutions on the imaginary axis, and with these and its gradient."""
    probe = np.random.default_rng(0).normal(size=(2, ENERGIES.size))

    def both_axes(a2f):
        spectrum = de.Spectrum(omega, a2f)
        sol = de.solve_gap(spectrum, T, mu_star=MU_STAR, **CUTOFFS)
        return de.continue_gap(sol, spectrum, ENERGIES, broadening=BROADENING, method=de.MSC(n=n))

    def forward(a2f):
        real = both_axes(a2f)
        return real.Delta, real.continuation_error, real.converged

    def loss(a2f):
        Delta = both_axes(a2f).Delta
        return jnp.sum(probe[0] * jnp.real(Delta) + probe[1] * jnp.imag(Delta))

    return forward, jax.value_and_grad(loss)


def run_batch(function, a2f):
    """Seconds a spectrum, the best of several, and the results."""

    def call():
        return [result for _, result in map_materials(function, a2f, chunk_size=CHUNK)]

    call()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        parts = call()
        times.append(time.perf_counter() - start)
    return min(times) / len(a2f), jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def run_numpy(solve, a2f, solutions):
    times, found = [], []
    for values, sol in zip(a2f, solutions, strict=True):
        start = time.perf_counter()
        found.append(solve(values, np.asarray(sol.Delta)))
        times.append(time.perf_counter() - start)
    return min(times), float(np.median(times)), found


def largest_error(found, exact):
    return max(np.max(np.abs(f - e)) / np.max(np.abs(e)) for f, e in zip(found, exact, strict=True))


def run_epw(peers, omega, a2f):
    """Seconds of EPW's own analytic continuation, by its clock."""
    spec = importlib.util.spec_from_file_location("run_epw", peers / "run_epw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.run_epw(omega, a2f, MU_STAR, [T], M=350, acon=True)["t_acon_wall"][0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("references", type=pathlib.Path)
    parser.add_argument("--peers", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=256)
    args = parser.parse_args()
    omega, a2f, exact = read_spectra(args.references, args.batch)
    print(f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores; JAX {jax.__version__}; {len(a2f)} spectra\n")
    print("| continuation | error | ms a spectrum | time / ours |\n|---|---|---|---|")
    n = 4096
    forward, gradient = ours(omega, n)
    both, (Delta, error, converged) = run_batch(batched(forward, chunk_size=CHUNK), a2f)
    assert np.all(converged)
    print(f"| ours, both axes, {n} points | {largest_error(Delta[:4], exact):.0e} | {1e3 * both:.2f} | 1 |", flush=True)
    with_gradient, _ = run_batch(batched(gradient, chunk_size=CHUNK), a2f)
    print(f"| ours with its gradient | | {1e3 * with_gradient:.2f} | {with_gradient / both:.1f} |", flush=True)
    solutions = [
        de.solve_gap(
            de.Spectrum(omega, values),
            T,
            mu_star=MU_STAR,
            frequencies=de.FullMatsubara(),
            solver=de.Newton(),
            **CUTOFFS,
        )
        for values in a2f[:PEERS]
    ]
    omega_n = np.asarray(solutions[0].omega_n)
    peers = {
        "NumPy as one writes it down, step 0.02": (lambda a, Delta: plain_numpy(omega, a, omega_n, Delta), 5, 1),
        "NumPy with all tricks, step 0.02": (NumpyMSC(omega, 0.02, omega_n).solve, 5, 1),
        "NumPy with all tricks, step 0.04": (NumpyMSC(omega, 0.04, omega_n).solve, 5, 2),
    }
    for name, (solve, stride, shared) in peers.items():
        best, median, found = run_numpy(solve, a2f[:PEERS], solutions)
        miss = largest_error([Delta[::stride] for Delta in found[:4]], exact[:, ::shared])
        row = f"{1e3 * best:.1f} to {1e3 * median:.1f} | {best / both:.1f} to {median / both:.1f}"
        print(f"| {name}, real axis only | {miss:.0e} | {row} |", flush=True)
    if args.peers and shutil.which("epw.x"):
        seconds = [run_epw(args.peers, omega, values) for values in a2f[:2]]
        row = " to ".join(f"{1e3 * s:.0f}" for s in sorted(seconds))
        print(f"| EPW lacon, real axis only | 0.1 to 2 meV | {row} | {min(seconds) / both:.0f} or more |")
    print(f"\nlargest estimated error of ours: {np.max(error):.0e}")


if __name__ == "__main__":
    main()
