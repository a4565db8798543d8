import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import ComplexFamily, GenerateConfig, continue_gap, solve_gap
from diffeliash.data import sample_key
from diffeliash.data.generation import _sample_record as _record
from diffeliash.data.generation._make_shards import _compute
from diffeliash.data.storage._field_schema import STATUS_NAMES

from ...cases import gaussian_peak


@pytest.fixture(scope="module")
def solved():
    spectrum = gaussian_peak(1.3)
    sol = solve_gap(spectrum, 1.5)
    return sol, continue_gap(sol, spectrum, np.linspace(0, 35, 150))


@pytest.mark.parametrize(
    ("sol_changes", "cauchy", "accurate", "expected"),
    [
        ({}, 0.0, True, "kept"),
        ({"superconducting": False}, 0.0, True, "normal"),
        ({"converged": False}, 0.0, True, "not converged"),
        ({}, 0.0, False, "inaccurate"),
        ({}, 0.011, True, "inconsistent"),
        ({}, jnp.nan, True, "inconsistent"),
        ({"superconducting": False, "converged": False}, 1.0, False, "not converged"),
        ({"superconducting": False}, 1.0, False, "normal"),
    ],
)
def test_the_first_reason_against_a_sample(solved, sol_changes, cauchy, accurate, expected):
    sol, real = solved
    changes = {name: jnp.array(value) for name, value in sol_changes.items()}
    sol, real = dataclasses.replace(sol, **changes), dataclasses.replace(real, cauchy=jnp.array(cauchy))
    assert STATUS_NAMES[int(_record._status(sol, real, jnp.array(accurate)))] == expected


def test_solved_means_a_small_residual_on_the_right_branch(solved):
    sol = solved[0]
    assert _record._solved(sol)
    assert not _record._solved(eqx.tree_at(lambda each: each.residual, sol, 1e-6 * sol.Delta[0]))
    assert not _record._solved(eqx.tree_at(lambda each: each.Delta, sol, jnp.zeros_like(sol.Delta)))
    normal = dataclasses.replace(
        sol, Delta=jnp.zeros_like(sol.Delta), residual=jnp.array(0.0), superconducting=jnp.array(False)
    )
    assert _record._solved(normal)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"max_error": 1e-12, "T": 3.0, "omega_c": 30.0, "matsubara_cutoff": 40.0}, "inaccurate"),
        ({"family": ComplexFamily(n_points=7)}, "inconsistent"),
    ],
)
def test_samples_that_cannot_be_trusted_are_not_kept(changes, reason):
    """Errors that cannot be reached; a grid that is too coarse to say what lies between its points."""
    config = GenerateConfig(family=ComplexFamily(n_points=100), num_samples=16, shard_size=16)
    config = dataclasses.replace(config, **changes)
    counts = dict.fromkeys(STATUS_NAMES, 0)
    ((_, records),) = _compute(config, [0], counts, lambda counts: None)
    assert counts[reason] >= 3
    assert sum(counts.values()) == 16
    rejected = records["status"] == STATUS_NAMES.index(reason)
    assert np.all(records["error" if reason == "inaccurate" else "cauchy"][rejected] > 1e-12)


def test_keys_are_those_of_the_samples():
    keys = _record.sample_keys(2**40 + 3, 5, 4)
    for j, key in enumerate(keys):
        np.testing.assert_array_equal(key, jax.random.key_data(sample_key(2**40 + 3, 5, j)))
    assert len({tuple(key) for seed in (0, 1, 2**32) for key in _record.sample_keys(seed, 0, 4)}) == 12
