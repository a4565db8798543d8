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
from ._custom_network import CustomConfig, CustomNetwork, untrained_custom_network
from ._envelope import DAMAGE, EnvelopeHeader, check_finite_weights, fill_arrays, read_one_of, write_envelope
from ._networks import AnyConfig, AnyNetwork
from ._predictor import Predictor, PredictorConfig, Standardization
from ._setting import Setting
from .inversion_network import InversionNetwork, InversionNetworkConfig, untrained_inversion_network

PREDICTOR_KIND, INVERSION_KIND, CUSTOM_KIND = CHECKPOINT_KINDS = "predictor", "inversion network", "custom network"
"""The `kind` in the header of a checkpoint: a fully connected network, an inversion network, or one of a user."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained predictor with everything needed to use it.

    Args:
        model: The trained network.
        config: Its layer sizes.
        setting: Temperature, cutoffs and grids of its training data; `None` if it was not trained on a data set.
        origin: Provenance: training configuration, digest of the data, metrics on the test set.
    """

    model: AnyNetwork
    config: AnyConfig
    setting: Setting | None
    origin: dict[str, Any]

    @property
    def metrics(self) -> dict[str, float | None] | None:
        """The errors on the test set by name; `None` if they are not known."""
        found = self.origin.get("metrics")
        if not isinstance(found, dict):
            return None
        numbers = {name: value for name, value in found.items() if value is None or type(value) in (int, float)}
        return {name: None if value is None else float(value) for name, value in numbers.items()}


CHECKPOINT_FILE = "model.ckpt"
"""Name of the checkpoint in the folder of a training run."""


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _PredictorHeader(EnvelopeHeader):
    config: PredictorConfig
    setting: Setting | None
    origin: dict[str, JsonValue]

    def __post_init__(self):
        sizes = self.config.input_size, self.config.output_size
        if self.setting is None:
            return
        _check_setting(self.setting, sizes)

    def skeleton(self) -> Predictor:
        """A network of the stated sizes without values."""
        return eqx.filter_eval_shape(_untrained, self.config)

    @property
    def n_arrays(self) -> int:
        """The number of its arrays."""
        return 2 * (len(self.config.sizes) - 1) + len(dataclasses.fields(Standardization))


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _InversionHeader(EnvelopeHeader):
    config: InversionNetworkConfig
    setting: Setting
    origin: dict[str, JsonValue]

    def __post_init__(self):
        if self.setting.task != "gap-to-a2f":
            raise ValueError("the input of an inversion network is a gap function")
        _check_setting(self.setting, self.setting.sizes)

    def skeleton(self) -> InversionNetwork:
        """A network of the stated sizes without values.

        Raises:
            InputError: Gap functions of its setting cannot be inverted.
        """
        return eqx.filter_eval_shape(untrained_inversion_network, self.config, self.setting)

    @property
    def n_arrays(self) -> int:
        """The number of its arrays."""
        of_flow = N_COUPLING_ARRAYS * self.config.n_couplings + N_FLOW_ARRAYS if self.config.n_couplings else 0
        of_head = 2 * (len(self.config.hidden_sizes) + 1) + N_HEAD_CONSTANTS
        return N_STAGE_ARRAYS * len(self.config.n_modes) + of_head + of_flow


N_STAGE_ARRAYS, N_HEAD_CONSTANTS = 4, 8
"""Numbers of arrays of an inversion, and of those of a head that are not trained."""

N_COUPLING_ARRAYS, N_FLOW_ARRAYS = 6, 6
"""Numbers of arrays of a coupling, and of the rest of a flow."""


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _CustomHeader(EnvelopeHeader):
    config: CustomConfig
    setting: Setting
    origin: dict[str, JsonValue]

    def __post_init__(self):
        _check_setting(self.setting, (self.config.input_size, self.config.output_size))

    def skeleton(self) -> CustomNetwork:
        """A network of the stated class and sizes.

        Raises:
            InputError: Its class cannot be imported, or has another source.
        """
        return untrained_custom_network(self.config)

    @property
    def n_arrays(self) -> int:
        """The number of its arrays, which only its class knows."""
        return len(self.leaves)


_SCHEMAS = {PREDICTOR_KIND: _PredictorHeader, INVERSION_KIND: _InversionHeader, CUSTOM_KIND: _CustomHeader}


def _check_setting(setting: Setting, sizes: tuple[int, int]) -> None:
    if setting.sizes != sizes:
        raise ValueError(
            f"a network with {sizes[0]} inputs and {sizes[1]} outputs does not fit the grids of its setting"
        )
    if has_too_many_frequencies(setting.T, setting.matsubara_cutoff):
        raise ValueError("the setting has more Matsubara frequencies than any data set")
    if setting.matsubara_cutoff < setting.omega_max:
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
    kinds = {InversionNetwork: INVERSION_KIND, CustomNetwork: CUSTOM_KIND, Predictor: PREDICTOR_KIND}
    write_envelope(path, kinds[type(checkpoint.model)], header, checkpoint.model)


def read_checkpoint(path: str | pathlib.Path) -> Checkpoint:
    """Read a checkpoint, a file that `diffeliash train` writes, and check it completely; nothing in it is executed.

    A network of your own class needs the file with that class, with the source that it had in the training: it is
    imported from the Python path or the working directory after its digest has been compared.

    Args:
        path: The file, or the folder of a training run, which has it as `model.ckpt`.

    Returns:
        The checkpoint: its `model` is a function from the features of one input, in meV where they are gap functions,
        to one output; its `setting` has the temperature [K], cutoffs and grids [meV] for which it was trained.

    Raises:
        InputError: There is no such file, it is not a checkpoint of a predictor, it has an unknown format version, or
            the class of its network cannot be imported or has another source.
        IntegrityError: The file is damaged.
        RuntimeError: The file has an inversion network, and JAX is not in 64-bit mode.
    """
    path = pathlib.Path(path)
    path = path / CHECKPOINT_FILE if path.is_dir() else path
    found, arrays = read_one_of(path, _SCHEMAS)
    if len(arrays) != found.n_arrays:  # before a network of any size is built
        raise IntegrityError(DAMAGE, where=str(path), why="its arrays do not fit its configuration.")
    try:
        skeleton = found.skeleton()
    except InputError as error:
        if isinstance(found, _CustomHeader):
            raise
        raise IntegrityError(DAMAGE, where=str(path), why=f"{error}") from error
    model = fill_arrays(skeleton, arrays, path)
    check_finite_weights(model, path)
    return Checkpoint(model=model, config=found.config, setting=found.setting, origin=found.origin)


def _untrained(config: PredictorConfig) -> Predictor:
    """A predictor with arrays of the right types and shapes."""
    inputs, outputs = jnp.zeros(config.input_size, jnp.float32), jnp.zeros(config.output_size, jnp.float32)
    scaling = Standardization(inputs, inputs, outputs, jnp.zeros((), jnp.float32))
    return Predictor(config, scaling, jax.random.key(0))
