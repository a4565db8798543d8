import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.physics._equations import (
    folded_kernels,
    gap_jacobian,
    gap_residual,
    matsubara_problem,
    pairing,
    renormalization,
)
from diffeliash.physics._kernel import lambda_kernel
from diffeliash.physics._matsubara import sharp_cutoff
from diffeliash.units import BOLTZMANN

from ..cases import gaussian_peak


def problem_of(spectrum, T=1.5, mu_star=0.12, omega_c=20.0, cutoff=35.0, n=60):
    T, mu_star, omega_c, cutoff = (jnp.array(x) for x in (T, mu_star, omega_c, cutoff))
    cutoffs = {"omega_c": omega_c, "matsubara_cutoff": cutoff}
    return matsubara_problem(spectrum, T, mu_star=mu_star, **cutoffs, n=n, cutoff=sharp_cutoff)


def test_folded_sums_equal_the_sums_over_both_signs():
    # Eqs. (6) and (7) written out over negative and positive frequencies, without folding
    T, mu_star, omega_c, cutoff, n = 1.5, 0.12, 20.0, 35.0, 60
    spectrum = gaussian_peak(1.4)
    problem = problem_of(spectrum, T, mu_star, omega_c, cutoff, n)
    Delta = 0.8 / (1 + (np.asarray(problem.omega_n) / 6) ** 2) - 0.05
    kT = BOLTZMANN * T
    index = np.arange(-n, n)
    w = (2 * index + 1) * np.pi * kT
    D = np.concatenate([Delta[::-1], Delta])
    counts = np.abs(w) <= cutoff
    R = np.hypot(w, D)
    lam = np.asarray(lambda_kernel(spectrum, jnp.asarray(2 * np.pi * kT * np.arange(2 * n))))
    lam = lam[np.abs(index[:, None] - index[None, :])]
    Z = 1 + np.pi * kT / w * np.sum(counts * w / R * lam, axis=1)
    theta = (np.abs(w) <= omega_c)[None, :]
    phi = np.pi * kT * np.sum(counts * D / R * (lam - mu_star * theta), axis=1)
    kernels = folded_kernels(problem)
    np.testing.assert_allclose(renormalization(problem, kernels, jnp.asarray(Delta)), Z[n:], rtol=1e-13)
    np.testing.assert_allclose(pairing(problem, kernels, jnp.asarray(Delta)), phi[n:], rtol=1e-12, atol=1e-15)


def test_jacobian_is_the_derivative_of_the_residual():
    problem = problem_of(gaussian_peak(1.4))
    kernels = folded_kernels(problem)
    Delta = 0.8 / (1 + (problem.omega_n / 6) ** 2) - 0.05
    automatic = jax.jacfwd(lambda x: gap_residual(problem, kernels, x))(Delta)
    np.testing.assert_allclose(gap_jacobian(problem, kernels, Delta), automatic, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("T", [0.3, 2.0, 9.0])
def test_normal_state_has_Z_of_one_plus_lambda(T):
    # exact for the full sum at every temperature: the sum over m telescopes to lambda(0)
    problem = problem_of(gaussian_peak(1.4), T=T, cutoff=1e9, n=40)
    Z = renormalization(problem, folded_kernels(problem), jnp.zeros(40))
    far = float(jnp.sum(problem.lambda_l[40:]))  # what the truncation leaves out at n = 0 is below this
    assert 1 + 1.4 - float(Z[0]) < max(far, 1e-12)
