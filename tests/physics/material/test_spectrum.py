import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, Spectrum

from ...conftest import shared


def test_moments_of_a_quadratic_spectrum():
    # a2f = w^2 on (0, 1]: lambda = 1, omega_log = exp(-1/2), omega_2^2 = 2/lambda * 1/4
    omega = np.linspace(0, 1, 20_001)[1:]
    spectrum = Spectrum(omega, omega**2)
    assert float(spectrum.lambda_ep) == pytest.approx(1.0, rel=1e-8)
    assert float(spectrum.omega_log) == pytest.approx(np.exp(-0.5), rel=1e-7)
    assert float(spectrum.omega_2) == pytest.approx(np.sqrt(0.5), rel=1e-8)


def test_trapezoid_starts_at_the_origin_and_ends_at_the_last_point():
    spectrum = Spectrum([1.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    np.testing.assert_allclose(spectrum.weights, [1.0, 1.5, 1.0])


def test_a_row_at_zero_energy_changes_nothing():
    without = Spectrum([1.0, 2.0], [0.5, 0.2])
    with_zero = Spectrum([0.0, 1.0, 2.0], [0.0, 0.5, 0.2])
    for moment in ("lambda_ep", "omega_log", "omega_2"):
        assert float(getattr(with_zero, moment)) == pytest.approx(float(getattr(without, moment)), rel=1e-15)


@pytest.mark.parametrize(
    ("omega", "a2f", "word"),
    [
        ([1.0, 1.0], [0.1, 0.1], "increasing"),
        ([2.0, 1.0], [0.1, 0.1], "increasing"),
        ([-1.0, 1.0], [0.1, 0.1], "not negative"),
        ([1.0, np.inf], [0.1, 0.1], "finite"),
        ([1.0, 2.0], [0.1, np.nan], "a2f"),
        ([1.0, 2.0], [0.1], "shapes"),
        ([1.0], [0.1], "shapes"),
    ],
)
def test_bad_input_is_named(omega, a2f, word):
    with pytest.raises(InputError, match=word):
        Spectrum(omega, a2f)


def test_single_precision_is_cast_once_to_double():
    a2f = np.array([0.1, 0.2], dtype=np.float32)
    spectrum = Spectrum(jnp.array([1.0, 2.0]), jnp.asarray(a2f))
    assert spectrum.a2f.dtype == jnp.float64
    np.testing.assert_array_equal(spectrum.a2f, a2f.astype(np.float64))


def test_without_64_bit_mode_it_refuses_and_says_how():
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="jax_enable_x64"):
        Spectrum([1.0, 2.0], [0.1, 0.1])


@pytest.mark.parametrize(
    ("name", "lambda_ep", "omega_log", "omega_2"),
    [
        ("Al_Elk", 0.4237178, 29.086484, 31.594758),
        ("Nb_IsoME_s15", 0.9376743, 13.503444, 15.942073),
        ("Pb_EPW60_Elphgap", 1.1474256, 4.491963, 5.611179),
    ],
)
def test_moments_of_real_materials(name, lambda_ep, omega_log, omega_2):
    # shared materials/README.md, table; given to 7 digits
    data = np.loadtxt(shared("materials", "grid", f"{name}.dat"))
    spectrum = Spectrum(data[:, 0], data[:, 1])
    assert float(spectrum.lambda_ep) == pytest.approx(lambda_ep, rel=2e-7)
    assert float(spectrum.omega_log) == pytest.approx(omega_log, rel=2e-7)
    assert float(spectrum.omega_2) == pytest.approx(omega_2, rel=2e-7)
