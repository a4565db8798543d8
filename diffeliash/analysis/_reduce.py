"""The flow of the paper's Fig. 1, for any two sets of functions of unequal complexity."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from .._errors import InputError
from ..data import Split, split_rows
from ..models import Autoencoder, Predictor, PredictorConfig
from ..training import apply_network, pearson
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reduction:
    r"""What the flow comes to.

    Args:
        verdict: `good`: the first predictor does. `change hyper-parameters`: it does not, and the outputs are no more
            complex than the inputs, so that another network may do. `reduced`: outputs and inputs were brought to the
            complexity of the inputs, and a new predictor was trained. `wider bottlenecks needed`: none of those tried
            suffices for the inputs, so that their complexity is not known.
        split: Which rows are for what.
        predictor: The first predictor.
        predictor_config: Its shape.
        error: Mean of 1 - PCC of its predictions for the test rows.
        inputs: Latent dimension of the inputs, if it was looked for.
        outputs: Latent dimension of the outputs.
        autoencoder: Of inputs and outputs side by side, outputs first.
        new_inputs: $g_n$: all inputs after the bottleneck.
        new_outputs: $f_n$: all outputs after the bottleneck.
        new_predictor: $S_n$, from $g_n$ to $f_n$.
        new_error: Mean of 1 - PCC between $S_n(g_n)$ and $f_n$ for the test rows, the paper's measure. An input after
            the bottleneck knows of its output, because both went through it together.
        new_error_raw: Mean of 1 - PCC between $S_n(g)$ and $f_n$: what `predict` comes to for inputs as they are.
        new_error_original: Mean of 1 - PCC between $S_n(g)$ and $f$, as they were.
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
        """Outputs for inputs, by the predictor that the flow ends with."""
        return apply_network(self.new_predictor or self.predictor, inputs)


def reduce_complexity(
    inputs: Shaped[np.ndarray, "..."],
    outputs: Shaped[np.ndarray, "..."],
    config: ReduceConfig = ReduceConfig(),
    *,
    progress: Progress = lambda name, epoch, loss: None,
) -> Reduction:
    """Train a predictor; if it is not good, find out whether the outputs are too complex, and simplify them.

    Where the outputs hold more than the inputs determine, a network answers with averages. An autoencoder of inputs
    and outputs side by side, with the bottleneck that suffices for the inputs, keeps of both what belongs together
    (the co-transformation, App. F of the paper); a new predictor learns the map between what is left.

    Args:
        inputs: One function a row.
        outputs: The functions that belong to them.
        config: Criteria and how to train.
        progress: Told what is trained, the epoch and the validation loss.

    Raises:
        InputError: The two sets are not of the same length, complex, not finite, all alike, or too small to be split.
    """
    _refuse(inputs, outputs)
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


def _refuse(inputs: Shaped[np.ndarray, "..."], outputs: Shaped[np.ndarray, "..."]) -> None:
    if inputs.ndim != 2 or outputs.ndim != 2 or len(inputs) != len(outputs):
        shapes = f"got {inputs.shape} and {outputs.shape}."
        raise InputError("inputs and outputs must be tables with one function a row, as many of each", why=shapes)
    if np.iscomplexobj(inputs) or np.iscomplexobj(outputs):
        hint = "Put real and imaginary parts side by side, as columns."
        raise InputError("inputs or outputs are complex.", hint=hint)
    if not (np.all(np.isfinite(inputs)) and np.all(np.isfinite(outputs))):
        raise InputError("inputs or outputs have values that are not finite.")
    for name, values in (("inputs", inputs), ("outputs", outputs)):
        if values.shape[1] < 2:
            raise InputError(f"{name} are single numbers, not functions", why="a correlation needs two points or more.")
        if np.all(values == values[:1]):
            raise InputError(f"all {name} are the same.")


def _error(model: Predictor, inputs: Values, outputs: Values, split: Split) -> float:
    return float(np.mean(1 - pearson(apply_network(model, inputs[split.test]), outputs[split.test])))
