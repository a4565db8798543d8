"""The public function `predict`."""

import math
import pathlib
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from ..._errors import InputError
from ...data import DosFile, GapFile, as_features
from ...physics import RealAxisGap, continue_gap, require_x64
from .._checkpoint import Checkpoint, read_checkpoint
from .._pearson import pearson
from .._setting import Setting
from ..inversion_network import InversionNetwork
from ._predict_spectrum import pose_input, spectrum_of
from ._prediction import Prediction
from ._prediction_notes import prediction_notes

N_SAMPLES = 256
"""Number of samples of the posterior distribution."""


def predict(
    run: str | pathlib.Path | Checkpoint,
    omega: Float[np.ndarray, " energy"],
    values: Complex[np.ndarray, " energy"] | Float[np.ndarray, " energy"],
    *,
    T: float | None = None,
    broadening: float | None = None,
    noise: float | None = None,
    n_samples: int = N_SAMPLES,
    seed: int = 0,
) -> Prediction:
    r"""Predict a2F from a gap function or a density of states by a trained network, with error bars.

    Args:
        run: Folder of a training run, its checkpoint file, or what `read_checkpoint` returned.
        omega: Energies, ascending, shape (n,) [meV].
        values: Gap function $\Delta(\omega + i\Gamma)$, complex [meV], or for a network of the task dos-to-a2f the
            density of states $N/N_F$; shape (n,).
        T: Temperature [K]; that of the training if `None`. Other temperatures are reached by the scaling law, with all
            energies scaled by the ratio of the temperatures.
        broadening: $\Gamma$ [meV]; if it is given, it is checked against that of the network.
        noise: Standard deviation of the noise of the real and of the imaginary part [meV], for inversion networks;
            estimated from the scatter of neighboring points if `None`.
        n_samples: Number of samples of the posterior distribution, for networks that have one.
        seed: Seed of the random numbers of the samples.

    Returns:
        The prediction: `a2f` with `a2f_std`, `lambda_ep`, `omega_log` and `T_c` with standard deviations, and `ok` with
        `notes`: whether the function that the solver finds for the prediction is the given one.

    Raises:
        InputError: The network does not predict a2F from such a function, the energies do not cover those of the
            network, the broadening or the temperature do not fit it, or a value is not finite.
        IntegrityError: The checkpoint is damaged, or the output of the network is not finite.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    checkpoint = run if isinstance(run, Checkpoint) else read_checkpoint(run)
    omega, values = np.asarray(omega, dtype=np.float64), np.asarray(values)
    if omega.size < 2 or not np.all(np.diff(omega) > 0):
        raise InputError("`omega` must be ascending energies, at least two.")
    if not (np.all(np.isfinite(omega)) and np.all(np.isfinite(values))):
        raise InputError("the energies and values must be finite.")
    stated: dict[str, Any] = {"omega": omega, "T": T, "broadening": broadening}
    given = GapFile(Delta=values, **stated) if np.iscomplexobj(values) else DosFile(dos=values, **stated)
    return predict_function(checkpoint, given, noise=noise, n_samples=n_samples, seed=seed)


def predict_function(
    checkpoint: Checkpoint, given: GapFile | DosFile, *, noise: float | None, n_samples: int = N_SAMPLES, seed: int = 0
) -> Prediction:
    """Predict a2F from a function read from a file; see `predict`.

    Args:
        checkpoint: The network.
        given: The function, with the parameters that its file states.
        noise: Standard deviation of the noise [meV]; estimated if `None`.
        n_samples: Number of samples of the posterior distribution.
        seed: Seed of their random numbers.
    """
    model = checkpoint.model
    trained, is_dos = setting_for_a2f(checkpoint), isinstance(given, DosFile)
    if is_dos != (trained.task == "dos-to-a2f"):
        kinds = "a density of states (real)", "a gap function (complex)"
        needed, found = kinds[::-1] if is_dos else kinds
        raise InputError(f"this network needs {needed}, but {found} was given.")
    posed = pose_input(model, trained, given, noise)
    spectrum, setting = spectrum_of(model, posed), posed.setting
    samples = np.zeros((0, setting.n_points))
    if isinstance(model, InversionNetwork) and model.flow is not None:
        samples = model.samples(posed.features[None], n_samples, seed=seed)[0]
    sol = setting.solve(spectrum)
    real = continue_gap(sol, spectrum, given.omega, broadening=setting.broadening)
    difference = _shape_difference(given, real)
    metrics = checkpoint.metrics
    test = metrics and {name: math.nan if value is None else value for name, value in metrics.items()}
    notes = prediction_notes(given, spectrum, sol, real, shape_difference=difference, test=test)
    size = float(np.max(np.abs(given.Delta))) if isinstance(given, GapFile) else 0.0
    return Prediction(
        omega=np.asarray(spectrum.omega, dtype=np.float64),
        a2f=np.asarray(spectrum.a2f, dtype=np.float64),
        samples=samples,
        setting=setting,
        given=given,
        noise=posed.noise * size,
        sol=sol,
        real=real,
        recomputed_1_minus_pcc=difference,
        notes=tuple(notes),
    )


def setting_for_a2f(checkpoint: Checkpoint, where: str = "") -> Setting:
    """The setting of a network, which must predict a2F from a gap function or a density of states.

    Args:
        checkpoint: The network.
        where: Its file, for the error message.

    Raises:
        InputError: It does not.
    """
    setting = checkpoint.setting
    if setting is None or setting.task == "a2f-to-gap":
        why = "it was not trained on a data set." if setting is None else f"it was trained for {setting.task}."
        raise InputError("this network does not predict a2F", where=where, why=why)
    return setting


def _shape_difference(given: GapFile | DosFile, real: RealAxisGap) -> float:
    """1 - PCC of the given function and of the one that the solver finds."""
    if isinstance(given, DosFile):
        pair = np.asarray(real.dos)[None, :], given.dos[None, :]
    else:
        pair = tuple(as_features(np.asarray(Delta)[None, :]) for Delta in (real.Delta, given.Delta))
    return float(1 - pearson(*pair)[0])
