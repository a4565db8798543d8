import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import EquationResidual, SolverConsistency, Spectrum, continue_gap
from diffeliash.models import Setting
from diffeliash.training import pearson

from ..cases import central_difference, gaussian_peak

SETTING = Setting(
    omega_max=10.0,
    n_points=200,
    n_energies=150,
    T=2.0,
    mu_star=0.1,
    omega_c=30.0,
    matsubara_cutoff=40.0,
    broadening=0.2,
)
SOLVER = SolverConsistency(SETTING, saturation=0.5)
loss_and_gradient = jax.jit(jax.value_and_grad(SOLVER, has_aux=True))


def spectra(*scales):
    return jnp.stack([scale * jnp.asarray(gaussian_peak(1.3).a2f) for scale in scales])


@pytest.fixture(scope="module")
def gaps():
    """Features of the gap functions of the spectra with couplings 1.3 and 1.95, solved on their own."""

    def gap(a2f):
        spectrum = Spectrum(SETTING.omega, a2f)
        real = continue_gap(SETTING.solve(spectrum), spectrum, SETTING.omega_real, broadening=SETTING.broadening)
        return np.concatenate([real.Delta.real, real.Delta.imag])

    return jnp.stack([gap(a2f) for a2f in spectra(1.0, 1.5)])


@pytest.mark.slow
def test_solver_consistency_of_true_and_of_wrong_spectra(gaps):
    (true, _), _ = loss_and_gradient(spectra(1.0, 1.5), gaps)
    assert float(true) < 1e-7  # the loss continues to 1e-4
    # a wrong one is answered by the other's gap function: the definition, written out
    (found, n_masked), gradient = loss_and_gradient(spectra(1.5, 1.0), gaps)
    given = np.asarray(gaps)
    m = np.sum((given[::-1] - given) ** 2, axis=1) / np.sum(given**2, axis=1)
    assert float(n_masked) == 0
    assert float(found) == pytest.approx(np.mean(m / (1 + m / 0.5)), rel=1e-3)
    direction = jnp.asarray(np.random.default_rng(0).normal(size=(2, 200))) * spectra(1.0, 1.5)
    slope = central_difference(lambda t: loss_and_gradient(spectra(1.5, 1.0) + t * direction, gaps)[0][0], 0.0, 1e-3)
    assert abs(float(slope)) > 1e-3
    assert float(jnp.sum(gradient * direction)) == pytest.approx(float(slope), rel=1e-3)


@pytest.mark.slow
def test_normal_and_broken_members(gaps):
    (alone, _), _ = loss_and_gradient(spectra(1.1, 1.1), gaps[jnp.array([0, 0])])
    (loss, n_masked), gradient = loss_and_gradient(spectra(1.1, 0.05), gaps[jnp.array([0, 0])])
    # the normal member misses all of its label
    assert float(n_masked) == 0
    assert float(loss) == pytest.approx((float(alone) + 1 / 3) / 2, rel=1e-9)
    assert np.all(np.isfinite(gradient))
    np.testing.assert_array_equal(gradient[1], 0.0)
    assert np.any(gradient[0] != 0)
    (loss, n_masked), gradient = loss_and_gradient(spectra(1.1, jnp.nan), gaps[jnp.array([0, 0])])
    assert float(n_masked) == 1  # the broken one is left out
    assert float(loss) == pytest.approx(float(alone), rel=1e-9)
    assert np.all(np.isfinite(gradient))
    np.testing.assert_array_equal(gradient[1], 0.0)


def test_single_precision_predictions_get_single_precision_gradients(gaps):
    gradient, _ = jax.eval_shape(jax.grad(SOLVER, has_aux=True), spectra(1.1, 1.2).astype(jnp.float32), gaps)
    assert gradient.dtype == jnp.float32


def test_equation_residual(gaps):
    loss = EquationResidual(SETTING)
    Delta = np.asarray(gaps[:, :150] + 1j * gaps[:, 150:])
    bare = jax.jit(loss.bare)  # before `prepare`: the problem is set up during tracing
    true, wrong = (float(bare(a2f, jnp.asarray(Delta[0]))) for a2f in spectra(1.0, 1.2))
    assert true < 1e-3 < 1e-2 < wrong
    assert np.all(jax.grad(bare)(spectra(1.2)[0], jnp.asarray(Delta[0])) != 0)  # every point of a2F counts
    prepared = jnp.asarray(loss.prepare(Delta))
    assert np.all(1 - pearson(prepared, spectra(1.0, 1.5)) < 1e-3)
    np.testing.assert_array_equal(loss(prepared, prepared), 0.0)
    np.testing.assert_allclose(loss(prepared + jnp.array([[1.0], [2.0]]), prepared), [1.0, 4.0], rtol=1e-12)
