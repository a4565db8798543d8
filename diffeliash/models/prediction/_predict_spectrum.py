"""Prediction of the spectral function of one gap function or density of states by a trained network."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..._errors import InputError, IntegrityError
from ...data import DosFile, GapFile, dos_features, gap_features
from ...inverse import scatter_of
from ...physics import Spectrum, is_concrete
from .._networks import apply_network, network_inputs
from .._setting import Setting, check_setting
from ..inversion_network import InversionNetwork

SMALLEST_NOISE = 1e-6
r"""Noise of data that are smooth to rounding, relative to the largest $|\Delta|$."""


def predict_spectrum(
    model: Callable[..., Any], setting: Setting, given: GapFile | DosFile, *, noise: float | None = None
) -> tuple[Spectrum, Setting]:
    """Predict the spectral function of a gap function or density of states, at its own temperature.

    Args:
        model: A trained network, from the features of the input to a2F.
        setting: The setting for which it was trained.
        given: The input; quantities that it does not state (T, broadening, cutoffs, mu*) are assumed to be those of
            the setting.
        noise: Standard deviation of the noise of the real and of the imaginary part [meV], for networks that take it;
            estimated from the scatter of neighboring points if `None`.

    Returns:
        The predicted spectrum, and the setting scaled to the temperature of the input.

    Raises:
        InputError: The stated quantities are not those of the scaled setting, or the values are larger than those of
            any metal.
        IntegrityError: The output of the network is not finite.
    """
    posed = pose_input(model, setting, given, noise)
    return spectrum_of(model, posed), posed.setting


class PosedInput(NamedTuple):
    """The input of a network.

    Args:
        features: The input, at the energy scale of the training.
        setting: The setting of the network, scaled to the temperature of the function.
        noise: Noise relative to the largest absolute value; zero for networks that do not take it.
    """

    features: Any
    setting: Setting
    noise: float


def pose_input(
    model: Callable[..., Any], setting: Setting, given: GapFile | DosFile, noise: float | None
) -> PosedInput:
    """Make the input of a network from a function at its own temperature; arguments and errors as above."""
    scale = 1.0 if given.T is None else given.T / setting.T
    wanted = setting.scaled(1.0 if abs(scale - 1) < 1e-9 else scale)
    check_setting(given, wanted)
    if isinstance(given, DosFile):
        return PosedInput(dos_features(given, wanted.omega_real), wanted, 0.0)
    features = gap_features(given, wanted.omega_real) / scale
    if not isinstance(model, InversionNetwork):
        return PosedInput(features, wanted, 0.0)
    relative = relative_noise(given, noise)
    return PosedInput(network_inputs(model, features[None], relative)[0], wanted, relative)


def spectrum_of(model: Callable[..., Any], posed: PosedInput) -> Spectrum:
    """The spectral function that a network predicts for its input.

    Raises:
        IntegrityError: The output of the network is not finite.
    """
    inversion = isinstance(model, InversionNetwork)
    a2f = apply_network(model, posed.features[None])[0] if inversion else model(posed.features)
    if is_concrete(a2f) and not np.all(np.isfinite(a2f)):
        raise IntegrityError(
            "the output of the network is not finite",
            why="its input is finite, so that its weights must be damaged or the training must have diverged.",
            hint="Train the network again.",
        )
    return Spectrum(posed.setting.omega, a2f)


def relative_noise(given: GapFile, noise: float | None = None) -> float:
    r"""The noise of a gap function relative to its largest $|\Delta|$.

    Args:
        given: The gap function.
        noise: Standard deviation of the noise [meV]; estimated from the scatter of neighboring points if `None`.

    Raises:
        InputError: The stated noise is negative or not finite.
    """
    if noise is not None and not 0 <= noise < np.inf:
        raise InputError(f"the noise must be finite and not negative [meV], got {noise:g}.")
    size = float(np.max(np.abs(given.Delta)))
    values = np.concatenate([np.real(given.Delta), np.imag(given.Delta)])
    found = scatter_of(given.omega, values) if noise is None else noise
    return max(found / size, SMALLEST_NOISE) if size > 0 else 0.0
