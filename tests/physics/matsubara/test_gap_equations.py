import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import FullMatsubara, InfiniteSum, SharpCutoff, TruncatedSum
from diffeliash.physics.material._coupling import lambda_kernel
from diffeliash.physics.matsubara._folded_coupling import SumLimits, frequency_set
from diffeliash.physics.matsubara._gap_equations import (
    folded_kernels,
    gap_jacobian,
    gap_residual,
    reduced_pairing,
    reduced_renormalization,
    renormalization,
)
from diffeliash.units import BOLTZMANN

from ...cases import gaussian_peak

LIMITS = SumLimits(jnp.array(1.5), jnp.array(20.0), jnp.array(35.0))


def kernels_of(spectrum, limits=LIMITS, n=60, z_sum=TruncatedSum()):
    points, _ = frequency_set(FullMatsubara(n), limits, cutoff=SharpCutoff(), z_sum=z_sum)
    return folded_kernels(spectrum, points, limits, mu_star=jnp.array(0.12))


@pytest.mark.parametrize("z_sum", [TruncatedSum(), InfiniteSum()])
def test_folded_sums_equal_the_sums_over_both_signs(z_sum):
    # Eqs. (6) and (7) written out over negative and positive frequencies, without folding
    T, mu_star, omega_c, cutoff, n = 1.5, 0.12, 20.0, 35.0, 60
    spectrum = gaussian_peak(1.4)
    kernels = kernels_of(spectrum, z_sum=z_sum)
    Delta = 0.8 / (1 + (np.asarray(kernels.omega_n) / 6) ** 2) - 0.05
    kT = BOLTZMANN * T
    far = 40000 if isinstance(z_sum, InfiniteSum) else n  # the sum in Z goes on in the normal state
    index = np.arange(-far, far)
    w = (2 * index + 1) * np.pi * kT
    D = np.zeros(2 * far)
    D[far - n : far + n] = np.concatenate([Delta[::-1], Delta])
    counts = np.abs(w) <= cutoff
    D = np.where(counts, D, 0.0)
    R = np.hypot(w, D)
    lam = np.asarray(lambda_kernel(spectrum, jnp.asarray(2 * np.pi * kT * np.arange(far + n))))
    rows = np.arange(n)
    lam = lam[np.abs(rows[:, None] - index[None, :])]
    in_Z = counts if isinstance(z_sum, TruncatedSum) else np.ones_like(counts)
    Z = 1 + np.pi * kT / w[far : far + n] * np.sum(in_Z * w / R * lam, axis=1)
    theta = (np.abs(w) <= omega_c)[None, :]
    phi = np.pi * kT * np.sum(counts * D / R * (lam - mu_star * theta), axis=1)
    # what 40000 frequencies leave out of an infinite sum is (omega / 2 pi kT)^2 n / 40000^2, a few 1e-7
    rtol = 1e-13 if isinstance(z_sum, TruncatedSum) else 1e-6
    found = renormalization(kernels, jnp.asarray(Delta))
    np.testing.assert_allclose(found[:57], Z[:57], rtol=rtol)
    own = np.asarray(kernels.thermal) * Delta / R[far : far + n]
    found = reduced_pairing(kernels, kernels.omega_n, jnp.asarray(Delta)) + own
    np.testing.assert_allclose(found[:57], phi[:57], rtol=1e-12, atol=1e-15)


def test_jacobian_is_the_derivative_of_the_equations():
    kernels = kernels_of(gaussian_peak(1.4))
    omega_n = kernels.omega_n
    Delta = 0.8 / (1 + (omega_n / 6) ** 2) - 0.05

    def equations(x):
        return reduced_pairing(kernels, omega_n, x) - reduced_renormalization(kernels, omega_n, x) * x

    Z = reduced_renormalization(kernels, omega_n, Delta) + kernels.thermal_in_residual / jnp.hypot(omega_n, Delta)
    automatic = jax.jacfwd(equations)(Delta) / Z[:, None]
    np.testing.assert_allclose(gap_jacobian(kernels, Delta), automatic, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gap_residual(kernels, Delta), equations(Delta) / Z, rtol=1e-12)


@pytest.mark.parametrize("T", [0.3, 2.0, 9.0])
def test_normal_state_has_Z_of_one_plus_lambda(T):
    # the full sum at every temperature: the sum over m telescopes to lambda(0)
    limits = SumLimits(jnp.array(T), jnp.array(1e9), jnp.array(1e9))
    exact = kernels_of(gaussian_peak(1.4), limits, n=40, z_sum=InfiniteSum())
    assert float(renormalization(exact, jnp.zeros(40))[0]) == pytest.approx(2.4, rel=1e-13)
    truncated = kernels_of(gaussian_peak(1.4), limits, n=40)
    nu = jnp.asarray(2 * np.pi * BOLTZMANN * T * np.arange(40.0, 80.0))
    missing = 2.4 - float(renormalization(truncated, jnp.zeros(40))[0])
    assert 0 < missing < float(jnp.sum(lambda_kernel(gaussian_peak(1.4), nu)))


def test_a_low_cutoff_with_strong_coupling_keeps_Z_positive():
    limits = SumLimits(jnp.array(5.0), jnp.array(10.0), jnp.array(10.0))
    kernels = kernels_of(gaussian_peak(60.0), limits, n=4)
    Delta = jnp.array([0.3, 0.2, 0.1, 0.05])
    assert float(jnp.min(reduced_renormalization(kernels, kernels.omega_n, Delta))) < 0
    R = jnp.hypot(kernels.omega_n, Delta)
    Z = reduced_renormalization(kernels, kernels.omega_n, Delta) + kernels.thermal_in_residual / R
    assert float(jnp.min(Z)) > 0
    assert float(kernels.thermal_in_residual) < 0.5 * float(kernels.thermal[0])

    def equations(x):
        thermal = kernels.thermal * x / jnp.hypot(kernels.omega_n, x)
        return reduced_pairing(kernels, kernels.omega_n, x) + thermal - renormalization(kernels, x) * x

    np.testing.assert_allclose(gap_residual(kernels, Delta), equations(Delta) / Z, rtol=1e-12)
    np.testing.assert_allclose(gap_jacobian(kernels, Delta), jax.jacfwd(equations)(Delta) / Z[:, None], rtol=1e-12)
