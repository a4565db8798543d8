"""Two spectra like those of indium whose conductances differ by less than 1e-3 above the gap, and the bar of lambda.

    python experiments/measured/indium.py

Rudin, Bauer, Liu and Freericks (cond-mat/9806053) found that lambda = 0.805 and 0.9 +- 0.1 both fit the conductance of
indium, where only the phonon structure above the gap is compared. Here a second spectrum with a coupling constant
larger by 0.1 is constructed from the linearized problem, such that its conductance above twice the gap differs as
little as possible; then noisy data of both in this range are inverted, with mu* and broadening fitted.
"""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import diffeliash as de  # noqa: E402
from diffeliash.inverse.nonlinear import (  # noqa: E402
    DifferentialConductance,
    choose_conditions,
    forward_model,
)

T, BROADENING, MU_STAR, END, NOISE, INCREASE = 0.35, 0.02, 0.11, 16.0, 1e-3, 0.1
FINE = np.linspace(0, 36, 3601)
BIAS = np.linspace(1.4, 32, 307)
N = 128
ROUGHNESS = 3e-3
"""Weight of the second derivative of the difference of the spectra."""


def indium():
    """A spectrum with a transverse and a longitudinal peak and a coupling constant of 0.8."""
    omega = END * np.arange(1, N + 1) / N
    peaks = 0.45 * np.exp(-(((omega - 5.0) / 1.6) ** 2)) + 0.55 * np.exp(-(((omega - 13.0) / 1.0) ** 2))
    peaks += 0.18 * np.exp(-(((omega - 9.0) / 2.0) ** 2))
    a2f = peaks * omega**2 / (omega**2 + 9.0)
    a2f[-1] = 0.0
    return omega, a2f * 0.8 / float(de.Spectrum(omega, a2f).lambda_ep)


def conductance(spectrum, mu_star):
    sol = de.solve_gap(spectrum, T, mu_star=mu_star, omega_c=10 * END)
    real = de.continue_gap(sol, spectrum, FINE, broadening=BROADENING)
    return np.interp(BIAS, FINE, np.asarray(de.differential_conductance(real, T))), float(de.gap_edge(sol, spectrum))


def twin(omega, a2f):
    """A spectrum with a larger coupling constant and nearly the same conductance, and its mu*."""
    conditions = choose_conditions(
        T=T, broadening=BROADENING, omega_max=END, omega_c=10 * END, matsubara_cutoff=None, mu_star=MU_STAR
    )
    model = forward_model(conditions, N, BIAS, DifferentialConductance(), 1e-6, mu_star=MU_STAR)
    jacobian = model.jacobian_at(a2f[:-1])
    A = np.column_stack([jacobian.fixed["mu_star"], jacobian.fixed["broadening"], jacobian.unknowns]) / NOISE
    smooth = ROUGHNESS * N**1.5 * (np.eye(N - 1) * 2 - np.eye(N - 1, k=1) - np.eye(N - 1, k=-1))
    A = np.concatenate([A, np.pad(smooth, ((0, 0), (2, 0)))])
    of_lambda = np.concatenate([[0, 0], 2 / omega[:-1] * omega[0]])
    change = np.linalg.solve(A.T @ A, of_lambda)
    change *= INCREASE / (of_lambda @ change)
    return np.append(np.maximum(a2f[:-1] + change[2:], 0.0), 0.0), MU_STAR + change[0]


def main():
    omega, first = indium()
    second, mu_star = twin(omega, first)
    curves = []
    for name, a2f, mu in (("first", first, MU_STAR), ("second", second, mu_star)):
        spectrum = de.Spectrum(omega, a2f)
        G, gap = conductance(spectrum, mu)
        curves.append(G)
        T_c = float(de.solve_tc(spectrum, mu_star=mu, omega_c=10 * END))
        print(f"{name}: lambda {float(spectrum.lambda_ep):.3f}, mu* {mu:.3f}, gap {gap:.4f} meV, T_c {T_c:.3f} K")
    above = 2 * gap < BIAS
    print(f"largest difference above twice the gap {np.max(np.abs(curves[0] - curves[1])[above]):.1e}")
    for name, G, a2f in zip(("first", "second"), curves, (first, second), strict=True):
        for seed in range(2):
            noisy = G + NOISE * np.random.default_rng(seed).normal(size=BIAS.size)
            found = de.invert(
                BIAS, noisy, T=T, observable=DifferentialConductance(), broadening=None, mu_star=None, omega_max=END,
                omega_c=10 * END,
            )  # fmt: skip
            true = float(de.Spectrum(omega, a2f).lambda_ep)
            print(
                f"{name}: lambda {found.lambda_ep[0]:.3f} +- {found.lambda_ep[1]:.3f} (truth {true:.3f}), "
                f"mu* {found.mu_star:.3f} +- {found.mu_star_std:.3f}, T_c {found.T_c[0]:.2f} +- {found.T_c[1]:.2f} K, "
                f"ok {found.ok}"
            )


if __name__ == "__main__":
    main()
