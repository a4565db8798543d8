"""The helpers of the tests detect errors, and the test spectra have the coupling they should have."""

import jax.numpy as jnp
import numpy as np
import pytest

from .cases import central_difference, compiled_text, einstein, gaussian_peak


def test_central_difference_finds_a_wrong_derivative():
    assert central_difference(np.exp, 0.0, 1e-3) == pytest.approx(1.0, rel=1e-10)
    assert central_difference(lambda x: np.exp(1.001 * x), 0.0, 1e-3) != pytest.approx(1.0, rel=1e-5)


def test_spectra_have_the_coupling_constant_asked_for():
    assert float(gaussian_peak(1.3).lambda_ep) == pytest.approx(1.3, rel=1e-14)
    assert float(einstein(0.7).lambda_ep) == pytest.approx(0.7, rel=1e-9)
    assert float(einstein(0.7, omega_E=3.0).omega_log) == pytest.approx(3.0, rel=1e-6)


def test_compiled_text_shows_a_callback():
    import jax

    def with_callback(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), x.dtype), x)

    assert "callback" in compiled_text(with_callback, jnp.ones(()))
