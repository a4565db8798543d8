"""A predictor in one file."""

import dataclasses
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ._envelope import fill, read_envelope, write_envelope
from ._predictor import Predictor, PredictorConfig, Standardization
from ._setting import Setting

KIND = "predictor"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained predictor with everything needed to use it.

    Args:
        model: The predictor.
        config: Its shape.
        setting: What it was trained for; `None` if that was no data set.
        origin: How it came about: training configuration, digest of the data, metrics.
    """

    model: Predictor
    config: PredictorConfig
    setting: Setting | None
    origin: dict[str, Any]


def write_checkpoint(path: pathlib.Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint.

    Raises:
        StorageError: The file cannot be written.
    """
    header = {
        "config": dataclasses.asdict(checkpoint.config),
        "setting": checkpoint.setting and dataclasses.asdict(checkpoint.setting),
        "origin": checkpoint.origin,
    }
    write_envelope(path, KIND, header, checkpoint.model)


def read_checkpoint(path: str | pathlib.Path) -> Checkpoint:
    """Read a checkpoint back.

    Raises:
        InputError: There is no such file, it is no checkpoint, or of another format version.
        IntegrityError: The file is damaged.
    """
    path = pathlib.Path(path)
    header, arrays = read_envelope(path, KIND)
    config = PredictorConfig(**header["config"] | {"hidden_sizes": tuple(header["config"]["hidden_sizes"])})
    model = fill(eqx.filter_eval_shape(_untrained, config), arrays, path)
    setting = header["setting"] and Setting(**header["setting"])
    return Checkpoint(model=model, config=config, setting=setting, origin=header["origin"])


def _untrained(config: PredictorConfig) -> Predictor:
    inputs, outputs = jnp.zeros(config.input_size, jnp.float32), jnp.zeros(config.output_size, jnp.float32)
    scaling = Standardization(inputs, inputs, outputs, jnp.zeros((), jnp.float32))
    return Predictor(config, scaling, jax.random.key(0))
