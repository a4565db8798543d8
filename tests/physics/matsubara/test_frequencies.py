import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import CompressedMatsubara, FullMatsubara, InputError, SharpCutoff, SplitCutoff
from diffeliash.physics import count_frequencies, default_cutoffs
from diffeliash.physics.matsubara._frequencies import fermionic_frequencies
from diffeliash.units import BOLTZMANN


@pytest.mark.parametrize(("T", "cutoff", "n"), [(1.16, 220.2, 351), (0.843, 456.7, 1001), (3.435, 294.1, 158)])
def test_counts_of_the_reference_solutions(T, cutoff, n):
    assert count_frequencies(T, cutoff) == n
    assert FullMatsubara().resolve(T, cutoff, cutoff / 22).size == n
    assert CompressedMatsubara().resolve(T, cutoff, cutoff / 22).size == n


@pytest.mark.parametrize("T", [0.1, 1.16, 7.3])
@pytest.mark.parametrize("n", [1, 2, 100])
def test_a_cutoff_on_a_frequency_includes_it(T, n):
    omega_n = fermionic_frequencies(jnp.array(T), jnp.arange(n + 1.0))
    cutoff = float((2 * n - 1) * np.pi * BOLTZMANN * T)
    assert count_frequencies(T, cutoff) == n
    np.testing.assert_array_equal(SharpCutoff()(omega_n, jnp.array(cutoff)), [1.0] * n + [0.0])


def test_split_cutoff_adds_up_to_the_cutoff():
    omega_n = fermionic_frequencies(jnp.array(2.0), jnp.arange(50.0))
    for cutoff in (1.0, 7.7, 30.0):
        total = 2 * np.pi * BOLTZMANN * 2.0 * float(jnp.sum(SplitCutoff()(omega_n, jnp.array(cutoff))))
        assert total == pytest.approx(cutoff, rel=1e-13)


def test_default_cutoffs_are_those_of_the_paper():
    assert default_cutoffs(10.0, None, None) == (100.0, 220.0)
    assert default_cutoffs(10.0, 50.0, 150.0) == (50.0, 150.0)


def test_size_must_be_positive():
    for frequencies in (FullMatsubara, lambda n: CompressedMatsubara(n=n)):
        with pytest.raises(ValueError, match="positive"):
            frequencies(0)


def test_what_a_set_cannot_do_is_refused():
    with pytest.raises(ValueError, match="rtol"):
        CompressedMatsubara(1e-15)
    with pytest.raises(InputError, match="8192"):
        FullMatsubara().resolve(0.01, 220.0, 10.0)
    with pytest.raises(InputError, match="too small"):
        CompressedMatsubara(n=20).resolve(1.16, 220.0, 10.0)
    with pytest.raises(ValueError, match="resolve"):
        _ = CompressedMatsubara().size
