"""The procedure of Fig. 1 of arXiv:2007.07512, for any two sets of functions: compare complexities, and reduce them."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from .._errors import InputError
from ..data import Split, split_rows
from ..models import Autoencoder, Predictor, PredictorConfig, apply_network
from ..training import pearson
from ._latent import (
    LatentScan,
    Progress,
    Values,
    after_bottleneck,
    fit_autoencoder,
    fit_predictor,
    predictor_shape,
    scan_latent_sizes,
)
from ._reduce_config import ReduceConfig

Verdict = Literal["good", "reduced", "change hyper-parameters", "wider bottlenecks needed"]
"""The outcome of the procedure; see `Reduction`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reduction:
    r"""The result of `reduce_complexity`.

    Args:
        verdict: `good`: the first predictor is good enough. `change hyper-parameters`: it is not, and the latent
            dimension of the outputs is not larger than that of the inputs, so that another network may be better.
            `reduced`: inputs and outputs were reconstructed with the latent dimension of the inputs, and a new
            predictor was trained on them. `wider bottlenecks needed`: no latent dimension that was tried suffices for
            the inputs.
        split: Rows of the training, validation and test sets.
        predictor: The first predictor.
        predictor_config: Its layer sizes.
        error: Mean 1 - PCC of its predictions for the test set.
        inputs: Search for the latent dimension of the inputs, if it was done.
        outputs: Search for the latent dimension of the outputs, if it was done.
        autoencoder: The autoencoder of outputs and inputs, concatenated in this order.
        new_inputs: All inputs after reconstruction, $g_n$.
        new_outputs: All outputs after reconstruction, $f_n$.
        new_predictor: The predictor $S_n$ from $g_n$ to $f_n$.
        new_error: Mean 1 - PCC between $S_n(g_n)$ and $f_n$ for the test set, the measure of the paper. It is
            optimistic: $g_n$ contains information about $f_n$, because both were reconstructed from the same latent
            vector.
        new_error_raw: Mean 1 - PCC between $S_n(g)$, with original inputs, and $f_n$.
        new_error_original: Mean 1 - PCC between $S_n(g)$ and $f$, original inputs and outputs.
    """

    verdict: Verdict
    split: Split
    predictor: Predictor
    predictor_config: PredictorConfig
    error: float
    inputs: LatentScan | None = None
    outputs: LatentScan | None = None
    autoencoder: Autoencoder | None = None
    new_inputs: Values | None = None
    new_outputs: Values | None = None
    new_predictor: Predictor | None = None
    new_error: float | None = None
    new_error_raw: float | None = None
    new_error_original: float | None = None

    def predict(self, inputs: Values) -> Values:
        """Predict the outputs for original inputs, one a row, with the last predictor that was trained."""
        return apply_network(self.new_predictor or self.predictor, inputs)


def reduce_complexity(
    inputs: Shaped[np.ndarray, "..."],
    outputs: Shaped[np.ndarray, "..."],
    config: ReduceConfig = ReduceConfig(),
    *,
    progress: Progress = lambda name, epoch, loss: None,
) -> Reduction:
    r"""Train a predictor and, if it is not good, reduce the complexity of the data (Fig. 1 of arXiv:2007.07512).

    1. Train a predictor $S$ from inputs $g$ to outputs $f$. It is good if the mean of $1 - \mathrm{PCC}(S(g), f)$ over
       the test set is at most `good_enough`.
    2. Otherwise find the latent dimensions of inputs and outputs with autoencoders.
    3. If that of the outputs is larger, the inputs may not determine them, and the predictor learns averages. Train an
       autoencoder of inputs and outputs together with the latent dimension of the inputs, and a new predictor $S_n$ on
       the reconstructed data $g_n$ and $f_n$ (App. F of the paper).

    Args:
        inputs: Inputs, shape (samples, points), real, in any unit; at least two points.
        outputs: Outputs for these inputs, shape (samples, points), real, in any unit; at least two points.
        config: Criteria and training parameters.
        progress: Called with the name of what is trained, the epoch and the validation loss.

    Returns:
        The verdict, the networks, and their errors; see `Reduction`.

    Raises:
        InputError: The two arrays do not have the same number of rows, are complex or not finite, have all rows equal,
            or are too small for a split.
        ConvergenceError: A training diverges.
    """
    _check_tables(inputs, outputs)
    inputs, outputs = (values.astype(np.float64) for values in (inputs, outputs))
    split = split_rows(len(inputs), config.seed)
    how = {"split": split, "config": config, "progress": progress}
    predictor = fit_predictor("predictor", inputs, outputs, **how).model
    error = _error(predictor, inputs, outputs, split)
    shape = predictor_shape(inputs, outputs, config)
    first = Reduction(verdict="good", split=split, predictor=predictor, predictor_config=shape, error=error)
    if error <= config.good_enough:
        return first
    of_inputs, of_outputs = (
        scan_latent_sizes(name, values, **how) for name, values in (("inputs", inputs), ("outputs", outputs))
    )
    first = dataclasses.replace(first, inputs=of_inputs, outputs=of_outputs)
    size = of_inputs.chosen
    if not of_inputs.sufficient:
        return dataclasses.replace(first, verdict="wider bottlenecks needed")
    if of_outputs.sufficient and of_outputs.chosen <= size:
        return dataclasses.replace(first, verdict="change hyper-parameters")
    autoencoder = fit_autoencoder(f"both, bottleneck {size}", [outputs, inputs], size, **how)
    new_outputs, new_inputs = after_bottleneck(autoencoder, [outputs, inputs])
    new = fit_predictor("new predictor", new_inputs, new_outputs, **how).model
    return dataclasses.replace(
        first,
        verdict="reduced",
        autoencoder=autoencoder,
        new_inputs=new_inputs,
        new_outputs=new_outputs,
        new_predictor=new,
        new_error=_error(new, new_inputs, new_outputs, split),
        new_error_raw=_error(new, inputs, new_outputs, split),
        new_error_original=_error(new, inputs, outputs, split),
    )


def _check_tables(inputs: Shaped[np.ndarray, "..."], outputs: Shaped[np.ndarray, "..."]) -> None:
    if inputs.ndim != 2 or outputs.ndim != 2 or len(inputs) != len(outputs):
        shapes = f"got {inputs.shape} and {outputs.shape}."
        raise InputError("inputs and outputs must be tables with one function a row and equally many rows", why=shapes)
    if np.iscomplexobj(inputs) or np.iscomplexobj(outputs):
        hint = "Give real and imaginary parts as separate columns."
        raise InputError("inputs or outputs are complex.", hint=hint)
    if not (np.all(np.isfinite(inputs)) and np.all(np.isfinite(outputs))):
        raise InputError("inputs or outputs have values that are not finite.")
    for name, values in (("inputs", inputs), ("outputs", outputs)):
        if values.shape[1] < 2:
            raise InputError(
                f"{name} are single numbers, not functions", why="a correlation needs at least two points."
            )
        if np.all(values == values[:1]):
            raise InputError(f"all {name} are the same", why="there is nothing to learn from them.")


def _error(model: Predictor, inputs: Values, outputs: Values, split: Split) -> float:
    return float(np.mean(1 - pearson(apply_network(model, inputs[split.test]), outputs[split.test])))
