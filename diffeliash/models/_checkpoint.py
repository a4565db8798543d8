"""Checkpoints: files with a trained predictor and everything needed to use it."""

import dataclasses
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from pydantic import JsonValue

from .._errors import InputError, IntegrityError
from .._headers import header
from ..data import has_too_many_frequencies
from ._envelope import DAMAGE, EnvelopeHeader, check_finite_weights, fill, read_envelope, write_envelope
from ._networks import AnyConfig, AnyNetwork
from ._predictor import Predictor, PredictorConfig, Standardization
from ._setting import Setting
from .inversion_network import InversionNetworkConfig, untrained_inversion_network

CHECKPOINT_KIND = "predictor"
"""The `kind` in the header of a checkpoint."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained predictor with everything needed to use it.

    Args:
        model: The trained network.
        config: Its layer sizes.
        setting: Temperature, cutoffs and grids of its training data; `None` if it was not trained on a data set.
        origin: Provenance: training configuration, digest of the data, metrics.
    """

    model: AnyNetwork
    config: AnyConfig
    setting: Setting | None
    origin: dict[str, Any]


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _CheckpointHeader(EnvelopeHeader):
    config: AnyConfig
    setting: Setting | None
    origin: dict[str, JsonValue]

    def __post_init__(self):
        if isinstance(self.config, InversionNetworkConfig):
            if self.setting is None or self.setting.task != "gap-to-a2f":
                raise ValueError("an inversion network needs the setting of gap functions")
        elif self.setting is not None and self.setting.sizes != (self.config.input_size, self.config.output_size):
            raise ValueError(
                f"a network with {self.config.input_size} inputs and {self.config.output_size} outputs does not fit "
                "the grids of its setting"
            )
        if self.setting is not None and has_too_many_frequencies(self.setting.T, self.setting.matsubara_cutoff):
            raise ValueError("the setting has more Matsubara frequencies than any data set")
        if self.setting is not None and self.setting.matsubara_cutoff < self.setting.omega_max:
            raise ValueError("the Matsubara cutoff of the setting lies below its spectral functions")


def write_checkpoint(path: pathlib.Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint to a file.

    Raises:
        StorageError: The file cannot be written.
    """
    header = {
        "config": dataclasses.asdict(checkpoint.config),
        "setting": checkpoint.setting and dataclasses.asdict(checkpoint.setting),
        "origin": checkpoint.origin,
    }
    write_envelope(path, CHECKPOINT_KIND, header, checkpoint.model)


def read_checkpoint(path: str | pathlib.Path) -> Checkpoint:
    """Read a checkpoint, a file that `diffeliash train` writes, and check it completely; nothing in it is executed.

    Args:
        path: The file, `model.ckpt` in the folder of a training run.

    Returns:
        The checkpoint: its `model` is a function from the features of one input, in meV where they are gap functions,
        to one output; its `setting` has the temperature [K], cutoffs and grids [meV] for which it was trained.

    Raises:
        InputError: There is no such file, it is not a checkpoint of a predictor, or it has an unknown format version.
        IntegrityError: The file is damaged.
    """
    path = pathlib.Path(path)
    found, arrays = read_envelope(path, CHECKPOINT_KIND, _CheckpointHeader)
    model = fill(_skeleton(found, len(arrays), path), arrays, path)
    check_finite_weights(model, path)
    return Checkpoint(model=model, config=found.config, setting=found.setting, origin=found.origin)


def _skeleton(found: _CheckpointHeader, n_arrays: int, path: pathlib.Path) -> Any:
    """A network of the stated sizes without values; it is not built if it would not have as many arrays as the file."""
    config, setting = found.config, found.setting
    if isinstance(config, InversionNetworkConfig):
        expected = N_STAGE_ARRAYS * len(config.n_modes) + 2 * (len(config.hidden_sizes) + 1) + N_HEAD_CONSTANTS
    else:
        expected = 2 * (len(config.sizes) - 1) + len(dataclasses.fields(Standardization))
    if n_arrays != expected:
        raise IntegrityError(DAMAGE, where=str(path), why="its arrays do not fit its configuration.")
    if isinstance(config, InversionNetworkConfig) and setting is not None:
        try:
            return eqx.filter_eval_shape(untrained_inversion_network, config, setting)
        except InputError as error:
            raise IntegrityError(DAMAGE, where=str(path), why=f"its setting cannot be inverted: {error}") from error
    return eqx.filter_eval_shape(_untrained, config)


N_STAGE_ARRAYS, N_HEAD_CONSTANTS = 4, 8
"""Numbers of arrays of an inversion, and of those of a head that are not trained."""


def _untrained(config: PredictorConfig) -> Predictor:
    """A predictor with arrays of the right types and shapes."""
    inputs, outputs = jnp.zeros(config.input_size, jnp.float32), jnp.zeros(config.output_size, jnp.float32)
    scaling = Standardization(inputs, inputs, outputs, jnp.zeros((), jnp.float32))
    return Predictor(config, scaling, jax.random.key(0))
