"""The whole network, with a front end determined from exact solutions."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    ComplexFamily,
    GenerateConfig,
    InputError,
    IntegrityError,
    generate,
    read_checkpoint,
    read_dataset,
)
from diffeliash.data import GapFile, as_features
from diffeliash.models import (
    Checkpoint,
    Head,
    InversionNetwork,
    apply_network,
    fit_front_end,
    fit_head_constants,
    invert_all,
    network_inputs,
    predict_spectrum,
    relative_noise,
    setting_of,
    write_checkpoint,
)
from diffeliash.models.inversion_network._front_end import inverse_problem_of
from diffeliash.training import errors_by_noise, noisy_inputs, pearson
from diffeliash.training._prepared import add_noise

from ..test_hostile_checkpoint import forge, parts

DATA = GenerateConfig(
    family=ComplexFamily(n_points=60, window=0.1), num_samples=800, T=3.0, omega_c=30.0, matsubara_cutoff=40.0,
    n_energies=60, broadening=0.4,
)  # fmt: skip
N_TRAIN = 250


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "set"
    generate(DATA, folder)
    return read_dataset(folder)


@pytest.fixture(scope="module")
def network(dataset):
    """A network whose head has random weights, so that its correction is not zero."""
    setting = setting_of(dataset.config)
    Delta, a2f = dataset.Delta[:N_TRAIN], dataset.a2f[:N_TRAIN]
    front_end = fit_front_end(setting, Delta, a2f)
    measured, noise = add_noise(np.random.default_rng(0), Delta, 10 ** np.linspace(-4, -1, N_TRAIN))
    last = invert_all(front_end, measured, noise).stages[:, -1]
    constants, scaling = fit_head_constants(setting, last, noise, a2f)
    head = Head(constants, scaling, (7, 7), jax.random.key(0))
    weight = 0.01 * jax.random.normal(jax.random.key(1), head.layers[-1].weight.shape, jnp.float32)
    head = eqx.tree_at(lambda each: each.layers[-1].weight, head, weight)
    return InversionNetwork(front_end, head)


@pytest.fixture(scope="module")
def untrained(network):
    """The same network without a correction."""
    last = lambda each: each.head.layers[-1].weight  # noqa: E731
    return eqx.tree_at(last, network, jnp.zeros_like(last(network)))


@pytest.fixture(scope="module")
def compiled(network):
    return jax.jit(lambda features: network(features))


def test_it_finds_a2f_also_before_the_training(dataset, untrained):
    rows = np.arange(N_TRAIN, len(dataset))
    features = as_features(dataset.Delta[rows])
    found = apply_network(untrained, network_inputs(untrained, features, 0.0))
    difference = 1 - pearson(found, dataset.a2f[rows])
    assert np.median(difference) < 3e-3
    assert np.all(found > 0)
    by_noise = errors_by_noise(untrained, dataset, rows, largest=0.1, seed=0)
    assert set(by_noise) == {f"df_{what}_noise_{s}" for what in ("mean", "median") for s in ("0.001", "0.01", "0.1")}
    values = [by_noise[f"df_median_noise_{s}"] for s in ("0.001", "0.01", "0.1")]
    assert np.median(difference) < values[0] < values[1] < values[2]


def test_every_stage_is_better_than_the_one_before_where_it_should_be(dataset, network):
    rows = np.arange(N_TRAIN, len(dataset))
    to_bosons = inverse_problem_of(network.front_end.setting).averages_from(dataset.omega)
    true = dataset.a2f[rows] @ to_bosons.T
    for level, better, part in ((0.0, 1, 0.6), (0.1, 2, 0.9)):
        found = invert_all(network.front_end, *add_noise(np.random.default_rng(1), dataset.Delta[rows], level)).stages
        errors = [np.median(1 - pearson(found[:, stage], true)) for stage in range(3)]
        assert errors[better] < part * errors[0]


def test_one_by_one_and_all_at_once_give_the_same(dataset, network, compiled):
    inputs = network_inputs(network, *noisy_inputs(dataset.Delta[:3], 1e-2, seed=0))
    together = apply_network(network, inputs)
    np.testing.assert_allclose(together[2], compiled(jnp.asarray(inputs[2])), rtol=1e-4, atol=1e-6)
    assert np.max(np.abs(together[2] - together[1])) > 0.01


def test_a_bad_member_of_a_batch_does_not_disturb_the_others(dataset, network):
    inputs = network_inputs(network, as_features(dataset.Delta[:3]), 1e-3)
    good = apply_network(network, inputs)
    inputs[1] = np.nan
    found = apply_network(network, inputs)
    np.testing.assert_array_equal(found[[0, 2]], good[[0, 2]])
    assert not np.any(np.isfinite(found[1]))


def test_a_normal_metal_gets_the_mean_of_the_prior(network):
    features = network_inputs(network, np.zeros((1, 120)), 0.0)
    found = invert_all(network.front_end, np.zeros((1, 60), complex), np.zeros(1)).stages
    np.testing.assert_allclose(found[0, 0], network.front_end.stages[0].prior.mean, atol=1e-12)
    assert np.all(np.isfinite(apply_network(network, features)))


@pytest.mark.slow
def test_the_derivative_in_the_gap_function_is_that_of_finite_differences(dataset, network, compiled):
    inputs = jnp.asarray(network_inputs(network, as_features(dataset.Delta[:1]), 1e-2)[0])
    rng = np.random.default_rng(0)
    direction = jnp.asarray(np.append(rng.normal(size=inputs.size - 1), 0.0))
    which = jnp.asarray(rng.normal(size=DATA.family.n_points))
    front_end = jax.jit(lambda x: network.front_end(x[:60] + 1j * x[60:120], x[120])[-1])
    weights = which[: front_end(inputs).size]
    slope = jax.jvp(lambda x: weights @ front_end(x), (inputs,), (direction,))[1]
    step = 1e-5
    expected = weights @ (front_end(inputs + step * direction) - front_end(inputs - step * direction)) / (2 * step)
    assert abs(expected) > 0.01
    np.testing.assert_allclose(slope, expected, rtol=1e-4)
    gradient = jax.grad(lambda x: jnp.sum(which * compiled(x)))(inputs)
    assert np.all(np.isfinite(gradient))
    assert np.max(np.abs(gradient)) > 0.01


def test_the_correction_is_the_same_for_any_size_of_a2f(network):
    """Where the coupling constant and the noise do not enter, a2F of another size has the same shape."""
    head, n = network.head, network.head.constants.weights.size
    last = np.linspace(0, 1, n) ** 2
    one, two = (
        head(jnp.asarray(np.concatenate([factor * last, factor * last, [1e-2]]), jnp.float32)) for factor in (0.5, 0.5)
    )
    np.testing.assert_array_equal(one, two)
    quiet = eqx.tree_at(lambda each: each.layers[-1].weight, head, jnp.zeros_like(head.layers[-1].weight))
    bent = eqx.tree_at(lambda each: each.constants.grid.offset, quiet, jnp.zeros_like(quiet.constants.grid.offset))
    small, large = (
        bent(jnp.asarray(np.concatenate([factor * last, factor * last, [1e-2]]), jnp.float32)) for factor in (0.5, 1.0)
    )
    np.testing.assert_allclose(2 * small, large, rtol=1e-4)


def test_checkpoint_round_trip_is_exact(network, dataset, tmp_path):
    path = tmp_path / "model.ckpt"
    setting = network.front_end.setting
    write_checkpoint(path, Checkpoint(model=network, config=network.config, setting=setting, origin={"seed": 3}))
    found = read_checkpoint(path)
    assert (found.config, found.setting, found.origin) == (network.config, setting, {"seed": 3})
    assert found.config.hidden_sizes == (7, 7)
    for a, b in zip(jax.tree.leaves(found.model), jax.tree.leaves(network), strict=True):
        np.testing.assert_array_equal(a, b)
    inputs = network_inputs(network, as_features(dataset.Delta[:2]), 1e-3)
    np.testing.assert_array_equal(apply_network(found.model, inputs), apply_network(network, inputs))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"setting": None}, "setting"),
        ({"config": {"n_modes": [], "hidden_sizes": [7, 7]}}, "n_modes"),
        ({"config": {"n_modes": [5], "hidden_sizes": [7, 7]}}, "arrays do not fit"),
        ({"kind": "predictor"}, "config"),
    ],
)
def test_a_forged_header_is_refused(network, tmp_path, change, why):
    path = tmp_path / "model.ckpt"
    setting = network.front_end.setting
    write_checkpoint(path, Checkpoint(model=network, config=network.config, setting=setting, origin={}))
    header, payload = parts(path)
    forge(path, json.dumps(header | change).encode(), payload)
    with pytest.raises(IntegrityError, match=why):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("broadening", 1e-9, "too many points"),
        ("broadening", 2.0, "above the real axis"),
        ("task", "dos-to-a2f", "gap"),
    ],
)
def test_a_forged_setting_is_refused(network, tmp_path, field, value, why):
    path = tmp_path / "model.ckpt"
    setting = network.front_end.setting
    write_checkpoint(path, Checkpoint(model=network, config=network.config, setting=setting, origin={}))
    header, payload = parts(path)
    header["setting"][field] = value
    forge(path, json.dumps(header).encode(), payload)
    with pytest.raises(IntegrityError, match=why):
        read_checkpoint(path)


def test_prediction_for_a_file_estimates_the_noise(network, dataset):
    setting, exact = network.front_end.setting, dataset.Delta[0]
    size = float(np.max(np.abs(exact)))
    rng = np.random.default_rng(4)
    Delta = exact + 0.02 * size * (rng.normal(size=exact.shape) + 1j * rng.normal(size=exact.shape))
    given = GapFile(omega=setting.omega_real, Delta=Delta, T=3.0)
    estimated, stated = relative_noise(given), relative_noise(given, 0.02 * size)
    assert estimated == pytest.approx(0.02, rel=0.5)
    assert stated == pytest.approx(0.02, rel=0.1)
    found, _ = predict_spectrum(network, setting, given, noise=0.02 * size)
    inputs = network_inputs(network, as_features(Delta[None]), stated)
    np.testing.assert_allclose(found.a2f, apply_network(network, inputs)[0], rtol=1e-5, atol=1e-7)
    other, _ = predict_spectrum(network, setting, given, noise=0.3 * size)
    assert np.max(np.abs(np.asarray(other.a2f) - np.asarray(found.a2f))) > 1e-3
    # at another temperature all energies are scaled
    twice = dataclasses.replace(given, omega=2 * given.omega, Delta=2 * Delta, T=6.0)
    scaled, scaled_setting = predict_spectrum(network, setting, twice, noise=0.04 * size)
    assert scaled_setting.T == 6.0
    np.testing.assert_allclose(scaled.a2f, found.a2f, rtol=1e-5, atol=1e-7)
    with pytest.raises(InputError, match="noise"):
        predict_spectrum(network, setting, given, noise=-1.0)
