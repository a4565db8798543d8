"""One contract for all public functions of a spectrum: every transformation of JAX, and no callback in the program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    Anderson,
    Broyden,
    CompressedMatsubara,
    FullMatsubara,
    InfiniteSum,
    Newton,
    Spectrum,
    allen_dynes_tc,
    lambda_kernel,
    mcmillan_tc,
    solve_gap,
    solve_tc,
)

from ..cases import central_difference, compiled_text, gaussian_peak
from ..conftest import rest_slow

SPECTRUM = gaussian_peak(1.3, n=60)
CUTOFFS = {"omega_c": 20.0, "matsubara_cutoff": 40.0}


def scaled(scale):
    return Spectrum(SPECTRUM.omega, scale * SPECTRUM.a2f)


def gap(scale, **options):
    sol = solve_gap(scaled(scale), 2.0, **CUTOFFS, **options)
    return sol.Delta[0] + 0.1 * sol.Z[1]


CALLABLES = {
    "allen_dynes_tc": lambda x: allen_dynes_tc(scaled(x)),
    "mcmillan_tc": lambda x: mcmillan_tc(scaled(x)),
    "moments": lambda x: scaled(x).lambda_ep ** 2 * scaled(x).omega_log * scaled(x).omega_2,
    "lambda_kernel": lambda x: lambda_kernel(scaled(x), jnp.array([0.0, 1.0])) @ jnp.array([1.0, 2.0]),
    "solve_gap, full": lambda x: gap(x, frequencies=FullMatsubara(37), solver=Newton()),
    "solve_gap, compressed": lambda x: gap(x, frequencies=CompressedMatsubara(n=37), solver=Anderson()),
    "solve_gap, Broyden": lambda x: gap(x, frequencies=CompressedMatsubara(), solver=Broyden(), z_sum=InfiniteSum()),
    "solve_tc, full": lambda x: solve_tc(scaled(x), **CUTOFFS, frequencies=FullMatsubara(16)),
    "solve_tc, compressed": lambda x: solve_tc(scaled(x), **CUTOFFS, frequencies=CompressedMatsubara(n=40)),
}


@pytest.mark.parametrize("name", rest_slow(CALLABLES, fast=4))
def test_every_transformation(name):
    function = CALLABLES[name]
    x = jnp.array([0.9, 1.0, 1.2])
    one_by_one = jnp.stack([function(value) for value in x])
    assert float(jnp.max(one_by_one) / jnp.min(one_by_one)) > 1.01  # it does depend on x
    np.testing.assert_allclose(jax.jit(jax.vmap(function))(x), one_by_one, rtol=1e-10)
    _, scanned = jax.lax.scan(lambda carry, value: (carry, function(value)), 0, x)
    np.testing.assert_allclose(scanned, one_by_one, rtol=1e-10)

    expected = central_difference(function, x[1], 1e-3)
    for derivative in (jax.grad, jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(jax.jit(derivative(function))(x[1]), expected, rtol=1e-7)
    gradients = jax.jit(jax.vmap(jax.grad(function)))(x)
    np.testing.assert_allclose(gradients[1], expected, rtol=1e-7)
    second = central_difference(jax.jit(jax.grad(function)), x[1], 1e-3)
    np.testing.assert_allclose(jax.jit(jax.hessian(function))(x[1]), second, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", rest_slow(CALLABLES, fast=5))
def test_programs_can_be_kept_in_the_compilation_cache(name):
    def total(x):
        return jnp.sum(jax.vmap(CALLABLES[name])(x))

    text = compiled_text(jax.value_and_grad(total), jnp.array([0.9, 1.0]))
    assert "callback" not in text
    assert (
        "getrf" not in text
    )  # the batched LU blocks the thread pool of a CPU: see physics/numerics/_linear_solvers.py
