"""No NaN anywhere in a good answer: JAX's own detector looks at every result of every compiled program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    MSC,
    CompressedMatsubara,
    FullMatsubara,
    InfiniteSum,
    Newton,
    Pade,
    Spectrum,
    allen_dynes_tc,
    continue_gap,
    gap_edge,
    leading_eigenvalue,
    mcmillan_tc,
    solve_gap,
    solve_tc,
)

from ..cases import gaussian_peak
from ..conftest import rest_slow

PEAK = gaussian_peak(1.0, n=60)
ENERGIES = np.linspace(0.0, 30.0, 16)
CUTOFFS = {"omega_c": 50.0, "matsubara_cutoff": 50.0}
COLD, HOT = 1.5, 30.0


@pytest.fixture(autouse=True)
def debug_nans():
    with jax.debug_nans(True):
        yield


def gap(spectrum, T):
    sol = solve_gap(spectrum, T, **CUTOFFS)
    return jnp.sum(sol.Delta) + jnp.sum(sol.Z) + sol.error + sol.residual + jnp.sum(sol.at(np.arange(3))[0])


def gap_at_all_frequencies(spectrum, T):
    sol = solve_gap(spectrum, T, frequencies=FullMatsubara(), solver=Newton(), z_sum=InfiniteSum(), **CUTOFFS)
    return jnp.sum(sol.Delta) + jnp.sum(sol.Z)


def critical_temperature(spectrum, T):
    return T * solve_tc(spectrum, frequencies=CompressedMatsubara(n=4096), **CUTOFFS)


def eigenvalue(spectrum, T):
    return leading_eigenvalue(spectrum, T, frequencies=CompressedMatsubara(n=64), **CUTOFFS)


def formulas(spectrum, T):
    return T * (allen_dynes_tc(spectrum) + mcmillan_tc(spectrum))


def total(real):
    return jnp.real(jnp.sum(real.Delta + real.Z)) + jnp.sum(real.dos) + real.error


def exact(spectrum, T):
    sol = solve_gap(spectrum, T, **CUTOFFS)
    real = continue_gap(sol, spectrum, ENERGIES, broadening=0.3, method=MSC(n=512, rtol=1e-4))
    return total(real) + real.cauchy


def pade(spectrum, T):
    sol = solve_gap(spectrum, T, frequencies=FullMatsubara(), solver=Newton(), **CUTOFFS)
    return total(continue_gap(sol, spectrum, ENERGIES, broadening=0.3, method=Pade()))


ANSWERS = [gap, eigenvalue, formulas, gap_at_all_frequencies, critical_temperature, exact, pade]


@pytest.mark.parametrize("answer", rest_slow(ANSWERS))
def test_no_nan_in_a_batch_of_superconductors_and_normal_metals_and_its_gradients(answer):
    def one(scale):
        return answer(Spectrum(PEAK.omega, scale * PEAK.a2f), COLD)

    scales = jnp.array([1.3, 0.1, 0.0])
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(one)))(scales)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    assert slopes[0] != 0


@pytest.mark.parametrize("answer", rest_slow(ANSWERS, fast=3))
@pytest.mark.parametrize(("scale", "T"), [(1.3, COLD), (1.3, HOT), (0.0, COLD)])
def test_no_nan_outside_of_jit(answer, scale, T):
    assert np.isfinite(float(answer(Spectrum(PEAK.omega, scale * PEAK.a2f), T)))


@pytest.mark.parametrize("method", [MSC(), Pade()])
def test_no_nan_in_a_gap_edge(method):
    spectrum = Spectrum(PEAK.omega, 1.3 * PEAK.a2f)
    assert float(gap_edge(solve_gap(spectrum, COLD, **CUTOFFS), spectrum, method=method)) > 0.5


def test_nan_where_it_is_the_answer():
    # the contract: no gap edge in the normal state, no Cauchy test of a Pade approximant
    for method in (MSC(), Pade()):
        sol = solve_gap(PEAK, HOT, **CUTOFFS)
        assert np.isnan(gap_edge(sol, PEAK, method=method))  # known to be there, so not computed
    real = continue_gap(sol, PEAK, ENERGIES, broadening=0.3, method=Pade())
    assert np.isnan(real.cauchy)
    assert float(real.error) == 0
