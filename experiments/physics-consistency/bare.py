"""The residual of the equations with and without preconditioning, as the loss of a training without labels.

    python experiments/physics-consistency/bare.py FOLDER

FOLDER is that of run.py. The table is printed, and written to results/. An epoch without preconditioning sets up the
equations of every gap function again, which takes most of its time.
"""

import argparse
import dataclasses
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from run import HERE, MEASURES, SAMPLES, configs, read_data

from diffeliash.data import as_gap_functions, split_rows
from diffeliash.models import Predictor, PredictorConfig, fit_standardization, setting_of
from diffeliash.training import EquationResidual, Objective, Phase, as_rows, evaluate, fit, make_examples

LENGTHS = (10, 50)
"""Numbers of epochs."""
SAMPLES_PER_CALL = 16
"""Number of samples whose equations are set up at a time."""


class BareResidual(eqx.Module):
    """`EquationResidual.bare` with the interface of `SolverConsistency`, for use in an `Objective`."""

    residual: EquationResidual = eqx.field(static=True)

    def __call__(self, predicted: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        real, imaginary = jnp.split(inputs.astype(jnp.float64), 2, axis=1)
        pairs = predicted.astype(jnp.float64), real + 1j * imaginary
        miss = jax.lax.map(lambda pair: self.residual.bare(*pair), pairs, batch_size=SAMPLES_PER_CALL)
        return jnp.mean(miss), jnp.zeros(())


def measure(folder: pathlib.Path, weighed: bool, epochs: int) -> list[float]:
    """Train with one of the two residuals and no labels, and evaluate the network."""
    (_, config), *_ = configs(seed=0, noise=0.0, labels=0)
    dataset = read_data(folder, SAMPLES[0])
    split, setting = split_rows(len(dataset), config.seed), setting_of(dataset.config, "gap-to-a2f")
    examples = make_examples(config, dataset)
    residual = EquationResidual(setting)
    rows, validation = (
        as_rows(inputs, residual.prepare(as_gap_functions(inputs)), np.zeros(len(inputs)))
        for inputs in (examples.inputs[split.train], examples.inputs[split.validation])
    )
    shape = PredictorConfig(
        input_size=rows.features.shape[1], hidden_sizes=config.hidden_sizes, output_size=rows.target.shape[1]
    )
    scaling = fit_standardization(np.asarray(rows.features), np.asarray(rows.target))
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    objective = Objective(equation_weight=1.0) if weighed else Objective(BareResidual(residual), 0.0, 1.0)
    phase = Phase(number=1, epochs=epochs, learning_rate=config.learning_rate, objective=objective, rows=rows,
                  validation=validation, batch_size=config.batch_size)  # fmt: skip
    started = time.perf_counter()
    found = fit(
        Predictor(shape, scaling, model_key),
        [phase],
        patience=epochs,
        key=order_key,
        progress=lambda record: print(dataclasses.asdict(record), flush=True),
    )
    seconds = time.perf_counter() - started
    inputs, test = examples.inputs, split.test
    mean = found.model.standardization.output_mean
    metrics = evaluate(found.model, setting, dataset, test, inputs=inputs[test], mean_output=mean).metrics
    return [*(metrics[name] for name in MEASURES), seconds]


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()
    text = ["| residual | epochs | 1 - PCC a2F | 1 - PCC gap | rel. L2 gap | seconds |", "|" + "---|" * 6]
    for weighed in (True, False):
        for epochs in LENGTHS:
            *found, seconds = measure(args.folder, weighed, epochs)
            name = "weighed" if weighed else "bare"
            cells = " | ".join(f"{value:.2e}" for value in found)
            text.append(f"| {name} | {epochs} | {cells} | {seconds:.0f} |")
            print("\n".join(text), flush=True)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "bare.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
