"""Networks and losses of users: training, checkpoint, prediction, and what is refused."""

import dataclasses
import sys
import textwrap

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, TrainConfig, generate, read_checkpoint, train
from diffeliash.data import GapFile, GenerateConfig, family_as_dict, make_family
from diffeliash.models import Checkpoint, CustomNetwork, apply_network, predict_function, write_checkpoint
from diffeliash.training import StateFiles, make_examples, sources_of

from .test_train import dataset, equal  # noqa: F401 - a fixture

CONFIG = TrainConfig(epochs=2, batch_size=32)
SOURCE = """
    import equinox as eqx, jax, jax.numpy as jnp, dataclasses
    import diffeliash as de
    from diffeliash.data import spectrum_grid

    class Net(eqx.Module):
        layer: eqx.nn.Linear
        activation: object

        def __init__(self, input_size, output_size, *, key, bias=True):
            self.layer = eqx.nn.Linear(input_size, output_size, use_bias=bias, key=key)
            self.activation = jax.nn.gelu

        def __call__(self, x):
            return self.activation(self.layer(x))

    class Short(Net):
        def __call__(self, x):
            return self.layer(x)[:3]

    def loss(network, batch, setting):
        return jnp.mean(jnp.abs(jax.vmap(network)(batch.features) - batch.target))

    def vector(network, batch, setting):
        return batch.target[0]

    @dataclasses.dataclass(frozen=True)
    class Ramp:
        omega_max: float = 10.0
        n_points: int = 20
        lambda_ep: float = 1.5

        def sample_spectrum(self, key):
            w = spectrum_grid(self.omega_max, self.n_points)
            shape = w * (self.omega_max - w) * (1 + jax.random.uniform(key, dtype=jnp.float64))
            return de.Spectrum(w, shape * (self.lambda_ep / de.Spectrum(w, shape).lambda_ep))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "nets.py").write_text(textwrap.dedent(SOURCE))
    return tmp_path


class Local(eqx.Module):
    """A network of this module."""

    layer: eqx.nn.Linear

    def __init__(self, input_size, output_size, *, key):
        self.layer = eqx.nn.Linear(input_size, output_size, key=key)

    def __call__(self, x):
        return self.layer(x)


def test_training_checkpoint_and_prediction(folder, dataset):  # noqa: F811
    config = dataclasses.replace(CONFIG, network="custom", model="nets.py:Net", model_options={"bias": False})
    found = train(config, dataset)
    assert isinstance(found.model, CustomNetwork)
    assert found.history[1].train_mse < found.history[0].train_mse
    assert {leaf.dtype for leaf in jax.tree.leaves(eqx.filter(found.model, eqx.is_array))} == {jnp.dtype("float32")}
    checkpoint = Checkpoint(model=found.model, config=found.model_config, setting=found.setting, origin={})
    write_checkpoint(folder / "model.ckpt", checkpoint)
    again = read_checkpoint(folder)
    inputs = make_examples(config, dataset).inputs[:3]
    np.testing.assert_array_equal(apply_network(again.model, inputs), apply_network(found.model, inputs))
    given = GapFile(omega=found.setting.omega_real, Delta=dataset.Delta[0])
    prediction = predict_function(again, given, noise=None)
    np.testing.assert_allclose(prediction.a2f, apply_network(found.model, inputs[:1])[0], rtol=1e-4, atol=1e-5)
    (folder / "nets.py").write_text(textwrap.dedent(SOURCE) + "# changed\n")
    with pytest.raises(InputError, match="not the one that was used before"):
        read_checkpoint(folder)


def test_a_run_goes_on_from_its_state_with_the_same_result(folder, dataset):  # noqa: F811
    config = dataclasses.replace(CONFIG, epochs=3, loss="nets.py:loss", averaging=0.9, schedule="warmup-cosine")
    identity = {"sources": sources_of(config)}

    def stop(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    whole = train(config, dataset, model=Local)
    with pytest.raises(KeyboardInterrupt):
        train(config, dataset, model=Local, progress=stop, files=StateFiles(folder, identity))
    assert equal(train(config, dataset, model=Local, files=StateFiles(folder, identity)), whole)
    with pytest.raises(InputError, match="sources differ"):
        train(config, dataset, model=Local, files=StateFiles(folder, {"sources": {"loss": "another"}}))
    assert set(sources_of(config)) == {"loss"}


def test_the_sources_are_those_that_were_imported_even_if_the_file_changes_meanwhile(folder, dataset):  # noqa: F811
    config = dataclasses.replace(CONFIG, network="custom", model="nets.py:Net", loss="nets.py:loss")
    before = sources_of(config)

    def edit(record):
        (folder / "nets.py").write_text("1 / 0\n")

    assert train(config, dataset, progress=edit).sources == before
    assert set(before) == {"model", "loss"}


def test_a_loss_of_ones_own_is_minimized(folder, dataset):  # noqa: F811
    """A loss that draws all outputs to three."""

    def to_three(network, batch, setting):
        assert setting.omega_max == dataset.omega[-1]
        return jnp.mean((jax.vmap(network)(batch.features) - 3.0) ** 2)

    config = TrainConfig(network="fully-connected", hidden_sizes=(4,), epochs=15, batch_size=32, learning_rate=0.03)
    found = train(config, dataset, loss=to_three)
    outputs = apply_network(found.model, make_examples(config, dataset).inputs[:50])
    assert abs(np.mean(outputs) - 3) < 0.3
    assert found.history[-1].validation_loss < 0.2 * found.history[0].validation_loss
    assert found.history[-1].validation_mse > 1
    by_name = train(dataclasses.replace(config, epochs=1), dataset, loss="nets.py:loss").history[0]
    assert by_name.validation_loss != to_three


def test_a_family_by_its_name(folder):
    family = make_family("nets.py:Ramp", lambda_ep=1.2)
    stated = family_as_dict(family)
    assert (stated["name"], stated["lambda_ep"]) == ("nets.py:Ramp", 1.2)
    assert make_family(**stated) == family
    report = generate(GenerateConfig(family=family, num_samples=8, n_energies=20), folder / "set")
    assert report.n_kept == 8
    for change, why in (
        ({"source_digest": "0" * 64}, "not the one"),
        ({"width": 1.0}, "no parameter width"),
        ({"name": "nets.py:loss"}, "not a dataclass"),
    ):
        with pytest.raises((InputError, ValueError), match=why):
            make_family(**(stated | change))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model": "nets.py:Short"}, "not an array of shape"),
        ({"model": "nets.py:loss"}, "is not a network"),
        ({"model": "nets.py:Net", "model_options": {"depth": 3}}, "unexpected keyword"),
        ({"model": "nets.py:Nett"}, "Did you mean nets.py:Net?"),
        ({"loss": "nets.py:vector"}, "must be a real number"),
        ({"loss": "nets.py:jnp"}, "is not a function"),
    ],
)
def test_what_cannot_be_used_is_refused(folder, dataset, change, why):  # noqa: F811
    network = "custom" if "model" in change else "fully-connected"
    with pytest.raises(InputError) as caught:
        train(dataclasses.replace(CONFIG, network=network, **change), dataset)
    assert why in f"{caught.value}"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model": "a:B"}, "needs that `network`"),
        ({"network": "custom"}, "needs a `model`"),
        ({"model_options": {"width": 3}}, "for a `model`"),
        ({"network": "custom", "model": "B"}, "must be module:name"),
        ({"network": "fully-connected", "loss": "a:b", "solver_weight": 1.0}, "takes the place"),
    ],
)
def test_contradictions_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        TrainConfig(**change)
