import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from diffeliash import Pade, Spectrum, solve_gap
from diffeliash.physics.real_axis._pade import continue_values, evaluate_pade, pade_coefficients

from ...cases import gaussian_peak


def test_reproduces_a_rational_function_exactly():
    # 2 poles, 5 points: the continued fraction ends early and the rest are zeros
    def function(z):
        return 3 / (z + 2j) + 1 / (z + 5j) + 0.5

    nodes = 1j * jnp.arange(1.0, 6.0)
    z = jnp.linspace(-4.0, 4.0, 9) + 0.1j
    np.testing.assert_allclose(
        evaluate_pade(nodes, pade_coefficients(nodes, function(nodes)), z), function(z), rtol=1e-9
    )


@pytest.mark.parametrize("values", [0.0, 2.5])
def test_a_constant_is_continued_to_itself(values):
    omega_n = jnp.arange(1.0, 9.0)
    found = continue_values(omega_n, jnp.full(8, values), jnp.array([0.3 + 0.1j, 7.0 + 0j]), Pade())
    np.testing.assert_allclose(found, values, atol=0)


def test_passes_through_its_points():
    sol = solve_gap(gaussian_peak(1.3), 1.5, omega_c=20.0, matsubara_cutoff=20.0)
    nodes = 1j * sol.omega_n[:12]
    found = evaluate_pade(nodes, pade_coefficients(nodes, sol.Delta[:12] + 0j), nodes)
    np.testing.assert_allclose(found, sol.Delta[:12], rtol=1e-9)


def test_agrees_with_multiprecision_where_rounding_does_not_matter():
    spectrum = gaussian_peak(1.3)
    sol = solve_gap(Spectrum(spectrum.omega, spectrum.a2f), 1.5, omega_c=20.0, matsubara_cutoff=20.0)
    n, z = 10, [0.0, 0.5, 1.0]
    with mpmath.workdps(60):
        nodes = [mpmath.mpc(0, float(w)) for w in sol.omega_n[:n]]
        g, a = [mpmath.mpf(float(v)) for v in sol.Delta[:n]], []
        for p in range(n):
            a.append(g[p])
            g = [(g[p] - g[i]) / ((nodes[i] - nodes[p]) * g[i]) if i > p else g[i] for i in range(n)]
        expected = []
        for x in z:
            tail = mpmath.mpf(1)
            for p in reversed(range(1, n)):
                tail = 1 + a[p] * (mpmath.mpc(x, 0.1) - nodes[p - 1]) / tail
            expected.append(complex(a[0] / tail))
    found = continue_values(sol.omega_n, sol.Delta, jnp.array(z) + 0.1j, Pade(n))
    # each of the 10 eliminations loses up to a digit of the 16
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert not np.allclose(continue_values(sol.omega_n, sol.Delta, jnp.array(z) + 0.1j, Pade(3)), expected, rtol=1e-6)


def test_number_of_points_is_checked():
    with pytest.raises(ValueError, match="n_points"):
        Pade(1)
