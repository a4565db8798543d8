"""The posterior distribution of an inversion network: the flow, the whitened coefficients, and the samples."""

import types

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, read_checkpoint
from diffeliash.data import as_features
from diffeliash.models import (
    Checkpoint,
    fit_context_scaling,
    identity_flow,
    invert_all,
    network_inputs,
    write_checkpoint,
)
from diffeliash.models.inversion_network._flow import kept_half
from diffeliash.models.inversion_network._front_end import PosedStage
from diffeliash.models.inversion_network._posterior import StagePosterior, _spectra, n_context
from diffeliash.models.inversion_network._prior import Prior, fit_shape_prior, shape_coefficients
from diffeliash.models.inversion_network._stage import Stage
from diffeliash.training._prepared import add_noise

from .test_inversion_network import dataset, network  # noqa: F401 - fixtures

N, N_CONTEXT = 7, 4
rng = np.random.default_rng(0)


def random_flow(n=N, n_contexts=N_CONTEXT, width=6, size=0.5):
    """A flow that is not the identity."""
    scaling = fit_context_scaling(rng.normal(size=(20, n_contexts)))
    flow = identity_flow(n, scaling, 4, width, jax.random.key(0))
    arrays, static = eqx.partition(flow, eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(arrays)
    changed = [leaf + size * jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype) for leaf in leaves]
    moved = eqx.combine(jax.tree.unflatten(structure, changed), static)
    return eqx.tree_at(lambda each: each.scaling, moved, scaling)


def test_the_inverse_of_the_flow_and_its_density():
    flow, context = random_flow(), jnp.asarray(rng.normal(size=N_CONTEXT), jnp.float32)
    direction = jnp.asarray(np.array([0.6, 0, 0, -0.8, 0, 0, 0]), jnp.float32)
    z = jnp.asarray(rng.normal(size=(3, N)), jnp.float32)
    y = flow.transform(z, direction, context)
    assert np.max(np.abs(y - z)) > 0.3

    def forward(y):
        given = (context - flow.scaling.mean) / flow.scaling.scale
        y, _ = flow.stretch(y, direction, given)
        for coupling in flow.couplings:
            y, _ = coupling(y, given)
        return y

    np.testing.assert_allclose(jax.vmap(forward)(y), z, atol=1e-5)
    for one in y:
        determinant = np.linalg.slogdet(jax.jacfwd(forward)(one))[1]
        expected = determinant + np.sum(one**2) / 2 - np.sum(forward(one) ** 2) / 2
        np.testing.assert_allclose(flow.log_density(one, direction, context), expected, rtol=1e-4, atol=1e-5)


def test_the_density_of_the_flow_is_normalized():
    """An integral on a grid, in two dimensions."""
    flow, context = random_flow(n=2, size=0.3), jnp.zeros(N_CONTEXT, jnp.float32)
    grid, step = np.linspace(-40, 40, 801, retstep=True)
    y = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    direction = jnp.asarray([0.6, 0.8], jnp.float32)
    logarithms = jax.vmap(flow.log_density, in_axes=(0, None, None))(jnp.asarray(y, jnp.float32), direction, context)
    density = np.exp(np.asarray(logarithms, np.float64) - np.sum(y**2, axis=1) / 2) / (2 * np.pi)
    assert np.std(np.asarray(logarithms)) > 0.3
    np.testing.assert_allclose(np.sum(density) * step**2, 1, atol=2e-3)


def test_every_component_is_kept_by_some_couplings_and_changed_by_others():
    for n in (1, 2, 7, 144):
        kept = np.stack([kept_half(n, number) for number in range(4)])
        np.testing.assert_array_equal(kept[0], ~kept[1])
        np.testing.assert_array_equal(kept[2], ~kept[3])
        assert n < 3 or not np.array_equal(kept[0], kept[2])


def test_coefficients_give_back_the_spectra():
    weights = 1 / np.arange(1, 31)
    spectra = np.abs(rng.normal(size=(200, 4)) @ rng.normal(size=(4, 30))) + 0.1
    prior = fit_shape_prior(spectra, weights)
    for scale in (0.5, 3.0):
        c = shape_coefficients(prior, jnp.asarray(spectra[5]), jnp.asarray(scale), jnp.asarray(weights))
        np.testing.assert_allclose(scale * (prior.mean + prior.modes @ c), spectra[5], rtol=0.02, atol=0.02)
    exact = shape_coefficients(prior, jnp.asarray(spectra[5]), jnp.asarray(weights @ spectra[5]), jnp.asarray(weights))
    assert abs(exact[-1]) < 1e-12


def test_whitening_is_undone_by_sampling():
    A = rng.normal(size=(N, N))
    factor = jnp.linalg.cholesky(jnp.asarray(A @ A.T + np.eye(N)))
    found = StagePosterior(jnp.asarray(rng.normal(size=N)), factor, jnp.zeros(N), jnp.zeros(n_context(N)))
    c = jnp.asarray(rng.normal(size=N))
    np.testing.assert_allclose(found.coefficients_of(found.whitened(c)[None])[:, 0], c, atol=1e-10)
    drawn = np.asarray(found.coefficients_of(jnp.asarray(rng.normal(size=(200_000, N)))))
    np.testing.assert_allclose(np.cov(drawn), np.linalg.inv(A @ A.T + np.eye(N)), atol=0.02)


def test_samples_are_not_negative_and_keep_their_coupling_constant():
    omega, modes = np.arange(1.0, 6.0), rng.normal(size=(5, 3))
    head = types.SimpleNamespace(constants=types.SimpleNamespace(grid=lambda a2f: a2f))
    front_end = types.SimpleNamespace(setting=types.SimpleNamespace(omega=omega))
    stage = Stage(Prior(jnp.ones(5), jnp.asarray(modes)), jnp.eye(2), jnp.ones(2))
    c, posed = rng.normal(size=(3, 40)), PosedStage(None, None, jnp.array(2.0), jnp.array(True))
    parts = types.SimpleNamespace(head=head, front_end=front_end)
    found = np.asarray(_spectra(parts, stage, posed, jnp.asarray(c)))
    raw = 2 * (1 + modes @ c).T
    assert np.mean(raw < 0) > 0.1
    assert np.all(found >= 0)
    np.testing.assert_allclose(found @ (1 / omega), np.maximum(raw @ (1 / omega), 0), rtol=1e-9, atol=1e-12)
    positive = np.all(raw >= 0, axis=1)
    assert 0 < np.sum(positive) < 40
    np.testing.assert_allclose(found[positive], raw[positive], rtol=1e-12)


@pytest.fixture(scope="module")
def with_flow(network):  # noqa: F811
    """The network of the other tests with a flow that changes nothing."""
    n = network.front_end.stages[-1].prior.modes.shape[1]
    scaling = fit_context_scaling(np.random.default_rng(0).normal(size=(9, n_context(n))))
    flow = identity_flow(n, scaling, 2, 8, jax.random.key(0))
    return eqx.tree_at(lambda each: each.flow, network, flow, is_leaf=lambda leaf: leaf is None)


def test_samples_scatter_around_the_last_inversion_as_the_truth_does(dataset, with_flow):  # noqa: F811
    rows = np.arange(250, 317)
    for level in (1e-3, 1e-1):
        Delta, noise = add_noise(np.random.default_rng(3), dataset.Delta[rows], level)
        inputs = network_inputs(with_flow, as_features(Delta), noise)
        samples = with_flow.samples(inputs, 64, seed=1)
        assert samples.shape == (67, 64, dataset.omega.size)
        assert np.all(samples >= 0)
        weights = 1 / dataset.omega
        found, true = samples @ weights, dataset.a2f[rows] @ weights
        place = np.mean(found < true[:, None], axis=1)
        assert 0.5 < np.mean((place > 0.16) & (place < 0.84)) < 0.85
        middle = samples[:, :, 30]
        assert np.median(np.abs(np.mean(middle, axis=1) - dataset.a2f[rows, 30]) / np.std(middle, axis=1)) < 1.0
        if level == 1e-3:
            np.testing.assert_array_equal(samples[:2], with_flow.samples(inputs[:2], 64, seed=1))
            assert not np.array_equal(samples[:2], with_flow.samples(inputs[:2], 64, seed=2))


def test_examples_are_what_the_samples_are_made_of(dataset, with_flow):  # noqa: F811
    """For the true a2F the whitened coefficients are about standard normal, and the results are the same."""
    rows = np.arange(250, 317)
    Delta, noise = add_noise(np.random.default_rng(3), dataset.Delta[rows], 1e-2)
    plain = invert_all(with_flow.front_end, Delta, noise)
    found = invert_all(with_flow.front_end, Delta, noise, a2f=dataset.a2f[rows])
    assert plain.examples is None
    np.testing.assert_allclose(found.stages, plain.stages, rtol=1e-6, atol=1e-8)
    assert np.all(found.examples.usable)
    n = found.examples.whitened.shape[1]
    assert found.examples.context.shape == (67, n_context(n))
    assert 0.8 < np.sqrt(np.mean(found.examples.whitened**2)) < 1.25


def test_a_gap_function_near_the_normal_state_gets_the_samples_of_the_first_inversion(dataset, with_flow):  # noqa: F811
    """For a function of zero they are those of the prior."""
    found = with_flow.samples(network_inputs(with_flow, np.zeros((1, 120)), 0.0), 400)[0]
    prior = with_flow.front_end.stages[0].prior
    spline = with_flow.head.constants.grid
    spread = np.std(found[:, 20:40], axis=0)
    expected = np.linalg.norm(np.asarray(spline.matrix)[20:40] @ np.asarray(prior.modes), axis=1)
    np.testing.assert_allclose(spread, expected, rtol=0.3)
    np.testing.assert_allclose(np.mean(found[:, 20:40], axis=0), np.mean(dataset.a2f[:250, 20:40], axis=0), rtol=0.3)


def test_a_network_without_a_flow_says_so(network):  # noqa: F811
    with pytest.raises(InputError, match="without a posterior"):
        network.samples(np.zeros((1, 121)), 3)


def test_checkpoint_round_trip_with_a_flow(dataset, with_flow, tmp_path):  # noqa: F811
    path = tmp_path / "model.ckpt"
    setting = with_flow.front_end.setting
    write_checkpoint(path, Checkpoint(model=with_flow, config=with_flow.config, setting=setting, origin={}))
    found = read_checkpoint(tmp_path)  # the folder of the run
    assert found.config == with_flow.config
    assert (found.config.n_couplings, found.config.flow_width) == (2, 8)
    inputs = network_inputs(with_flow, as_features(dataset.Delta[:1]), 1e-3)
    np.testing.assert_array_equal(found.model.samples(inputs, 5), with_flow.samples(inputs, 5))
