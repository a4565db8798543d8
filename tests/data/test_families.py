import jax
import numpy as np
import pytest

from diffeliash import ComplexFamily


def test_samples_have_the_promised_shape():
    family = ComplexFamily()
    keys = jax.random.split(jax.random.key(0), 64)
    a2f = np.asarray(jax.vmap(lambda key: family.sample_spectrum(key).a2f)(keys))
    lambda_ep = np.asarray(jax.vmap(lambda key: family.sample_spectrum(key).lambda_ep)(keys))
    assert family.omega.shape == (1000,)
    assert family.omega[[0, -1]].tolist() == [0.01, 10.0]
    assert np.all(a2f >= 0)
    np.testing.assert_allclose(a2f[:, -1], 0.0, atol=1e-12)
    assert np.all((lambda_ep > 0.4) & (lambda_ep < 2.0))
    assert np.ptp(lambda_ep) > 1.0
    assert np.all(a2f[:, 0] < 1e-3 * a2f.max(axis=1))  # a2F ~ w^2 at low energy
    # smoothed over 0.4 meV: neighbours agree, energies 1 meV apart do not
    inner = a2f[:, 150:850] - a2f[:, 150:850].mean(axis=1, keepdims=True)
    inner /= inner.std(axis=1, keepdims=True)
    correlation = [np.mean(inner[:, s:] * inner[:, : 700 - s]) / np.mean(inner**2) for s in (1, 100)]
    assert correlation[0] > 0.99
    assert abs(correlation[1]) < 0.3


def test_a_sample_depends_on_its_key_alone():
    family = ComplexFamily(n_points=100)
    one, same, other = (family.sample_spectrum(jax.random.key(k)).a2f for k in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("options", [{"n_points": 1}, {"omega_max": 0.0}, {"window": 9.0}, {"lambda_min": 3.0}])
def test_bad_parameters_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ComplexFamily(**options)
