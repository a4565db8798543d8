import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import MatsubaraConsistency, Spectrum, solve_gap
from diffeliash.models import Setting
from diffeliash.training import mean_square_error

from ..cases import central_difference, gaussian_peak

SETTING = Setting(
    omega_max=10.0, n_points=200, n_energies=8, T=2.0, mu_star=0.1, omega_c=30.0, matsubara_cutoff=40.0, broadening=0.1
)
LOSS = MatsubaraConsistency(SETTING)


def spectra(*scales):
    return jnp.stack([scale * jnp.asarray(gaussian_peak(1.3).a2f) for scale in scales])


def gap(a2f):
    return SETTING.solve(Spectrum(SETTING.omega, a2f)).Delta


def labels(a2f):
    return jnp.stack([gap(row) for row in a2f])


def test_mean_square_error():
    assert float(mean_square_error(jnp.array([[1.0, 2.0]]), jnp.array([[0.0, 4.0]]))) == 2.5


def test_true_spectra_are_consistent_and_wrong_ones_are_not():
    a2f = spectra(1.0, 1.5)
    label = labels(a2f)
    assert float(LOSS(a2f, label)[0]) < 1e-20
    # with s = Delta |Delta|: the definition, written out
    found, s = labels(1.1 * a2f), np.asarray(label) * np.abs(label)
    expected = np.sum((np.asarray(found) * np.abs(found) - s) ** 2) / np.sum(s**2)
    assert expected > 1e-3
    assert float(LOSS(1.1 * a2f, label)[0]) == pytest.approx(expected, rel=1e-10)


def test_gradient_through_the_solver_matches_a_difference():
    a2f = spectra(1.1, 1.5)
    label = labels(spectra(1.0, 1.6))
    direction = jnp.asarray(np.random.default_rng(0).normal(size=a2f.shape)) * a2f

    def along(t):
        return LOSS(a2f + t * direction, label)[0]

    found = float(jax.grad(along)(0.0))
    assert abs(found) > 1e-3
    assert found == pytest.approx(float(central_difference(along, 0.0, 1e-3)), rel=1e-7)


def test_gradient_of_a_step_along_minus_the_gradient_lowers_the_loss():
    a2f, label = spectra(1.2), labels(spectra(1.0))
    loss, gradient = jax.value_and_grad(lambda x: LOSS(x, label)[0])(a2f)
    step = 0.1 * loss / jnp.sum(gradient**2)
    # to first order the loss falls by a tenth
    assert 0.85 < float(LOSS(a2f - step * gradient, label)[0]) / float(loss) < 0.95


def test_single_precision_predictions_get_single_precision_gradients():
    a2f = spectra(1.1).astype(jnp.float32)
    label = labels(spectra(1.0))
    gradient = jax.grad(lambda x: LOSS(x, label)[0])(a2f)
    exact = jax.grad(lambda x: LOSS(x, label)[0])(a2f.astype(jnp.float64))
    assert gradient.dtype == jnp.float32
    np.testing.assert_allclose(gradient, exact, rtol=1e-4, atol=1e-7 * float(jnp.max(jnp.abs(exact))))


def test_normal_and_broken_members():
    good, label = spectra(1.1, 1.1, 1.1), labels(spectra(1.0, 1.0, 1.0))
    batch = jnp.stack([good[0], 0.05 * good[0], jnp.full(200, jnp.nan)])
    (loss, n_masked), gradient = jax.value_and_grad(lambda x: LOSS(x, label), has_aux=True)(batch)
    alone = LOSS(good[:1], label[:1])[0]
    # the normal member misses all of its label, the broken one is left out
    assert float(n_masked) == 1
    assert float(loss) == pytest.approx((float(alone) + 1) / 2, rel=1e-9)
    assert np.all(np.isfinite(gradient))
    np.testing.assert_array_equal(gradient[1:], 0.0)
    assert np.any(gradient[0] != 0)


def test_finite_near_the_critical_temperature():
    # a spectrum whose T_c is at the temperature of the data to 1e-6: d Delta diverges, the gradient must not
    def eigen(scale):
        return bool(solve_gap(Spectrum(SETTING.omega, scale * gaussian_peak(1.3).a2f), 2.0, omega_c=30.0,
                              matsubara_cutoff=40.0).superconducting)  # fmt: skip

    low, high = 0.05, 1.0
    while high - low > 1e-7:
        low, high = (low, (low + high) / 2) if eigen((low + high) / 2) else ((low + high) / 2, high)
    label = labels(spectra(1.0))
    gradient = jax.grad(lambda x: LOSS(x, label)[0])(spectra(high))
    further = jax.grad(lambda x: LOSS(x, label)[0])(spectra(1.02 * high))
    assert np.all(np.isfinite(gradient))
    assert np.linalg.norm(gradient) < 2 * np.linalg.norm(further)
