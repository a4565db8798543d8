"""The stages that train the networks of the paper, for Figs. 3 to 11 and both tables."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, get_args

import jax
import numpy as np

from ..._errors import InputError
from ...analysis import (
    LatentScan,
    Verdict,
    after_bottleneck,
    coverage,
    fit_autoencoder,
    fit_predictor,
    follow_bases,
    many_to_one,
    moment_differences,
    reduce_complexity,
    scan_latent_sizes,
    transform_separately,
    unexplained_by_components,
    unexplained_part,
)
from ...data import Dataset, as_features, as_gap_functions
from ...models import Network, Predictor, PredictorConfig, apply_network, fit_standardization, glorot_initialized
from ...training import as_rows, pearson, solve_gaps
from .._paper_config import MEASURED_UP_TO
from ._stage_files import N_EXAMPLES, Arrays, StageContext

VERDICTS = get_args(Verdict)
"""The verdicts of `reduce_complexity`; the result file of a stage has the index of one."""

BASIS_RATE = 1e-4
"""Learning rate of the networks with few basis functions, at which they learn one after the other."""

BASIS_WIDTH = 500
"""Number of neurons of the first hidden layer of these networks, as in the other networks of the paper."""


def simple(context: StageContext) -> Arrays:
    """Train a predictor on the simple family (Fig. 3)."""
    return _predictor(context, "simple", context.simple)


def plain(context: StageContext) -> Arrays:
    """Train a predictor on the original data of the complex family (Figs. 4, 7 and the last column of Fig. 11)."""
    return _predictor(context, "complex", context.complex)


def baseline(context: StageContext) -> Arrays:
    """Compute the errors of the baseline, a constant prediction: the mean spectrum of the training set.

    For comparison, also the differences between random pairs of samples of a family, and between the mean gap function
    and the gap function of the mean spectrum.
    """
    found: Arrays = {}
    for name, dataset in (("simple", context.simple), ("complex", context.complex)):
        split, gaps = context.split(dataset), as_features(dataset.Delta)
        mean = np.mean(dataset.a2f[split.train], axis=0, keepdims=True)
        gap = as_features(solve_gaps(context.setting(dataset), mean).Delta)
        for kind, label, answer in (("", dataset.a2f[split.test], mean), ("_gap", gaps[split.test], gap)):
            found[f"{name}{kind}"] = np.mean(1 - pearson(label, np.broadcast_to(answer, label.shape)))
            found[f"{name}{kind}_pairs"] = np.mean(1 - pearson(label, np.roll(label, 1, axis=0)))
        found[f"{name}_means"] = 1 - pearson(np.mean(gaps[split.train], axis=0, keepdims=True), gap)[0]
    constant = np.broadcast_to(mean, dataset.a2f.shape)  # of the complex family
    return found | _moments(dataset, constant) | _components(context)


def _components(context: StageContext) -> Arrays:
    """The variance that principal components leave unexplained, for the latent dimensions of the autoencoders."""
    dataset, sizes = context.complex_200, context.config.latent_sizes
    tables = {"f": dataset.a2f, "g": as_features(dataset.Delta), "dos": dataset.fields["dos"]}
    split = context.split(dataset)
    return {f"components_{k}": unexplained_by_components(v, sizes, split=split) for k, v in tables.items()}


def _predictor(context: StageContext, name: str, dataset: Dataset) -> Arrays:
    inputs, split = as_features(dataset.Delta), context.split(dataset)
    found = fit_predictor(
        name, inputs, dataset.a2f, split=split, config=context.training(), progress=context.report_epoch
    )
    everything = apply_network(found.model, inputs)
    return _evaluated(context, dataset, everything[split.test]) | _moments(dataset, everything)


def _evaluated(context: StageContext, dataset: Dataset, predicted: np.ndarray) -> Arrays:
    """The errors of predictions for the test set, and examples in the order of their errors."""
    split = context.split(dataset)
    label, Delta = dataset.a2f[split.test], dataset.Delta[split.test]
    pairs = many_to_one(context.setting(dataset), label, Delta, predicted)
    ranked = np.flatnonzero(pairs.comparable)[np.argsort(pairs.df[pairs.comparable])]
    if not ranked.size:
        raise InputError("no predicted spectrum has a gap function.", hint="Train longer or on more spectra.")
    shown = ranked[((np.arange(N_EXAMPLES) + 0.5) / N_EXAMPLES * ranked.size).astype(int)]
    examples = {
        "a2f": label[shown],
        "predicted": predicted[shown],
        "Delta": Delta[shown],
        "recomputed": pairs.recomputed[shown],
        "shown_df": pairs.df[shown],
    }
    mean = np.mean(dataset.a2f[split.train], axis=0, keepdims=True)
    return (
        _table_one(pairs)
        | examples
        | {
            "mse": np.mean((predicted - label) ** 2),
            "variance": np.mean((label - mean) ** 2),
            "df_median": np.median(pairs.df),
        }
    )


def _table_one(pairs: Any) -> Arrays:
    (df, df_error), (dg, dg_error) = pairs.df_mean, pairs.dg_mean
    return {"df": df, "df_error": df_error, "dg": dg, "dg_error": dg_error, "n_pairs": np.sum(pairs.comparable)}


def _moments(dataset: Dataset, new: np.ndarray) -> Arrays:
    found = moment_differences(dataset.omega, dataset.a2f, new)
    return {"moments_mean": found.mean, "moments_std": found.std}


def bases(neurons: int, seed: int) -> Callable[[StageContext], Arrays]:
    """The stage that trains a predictor with few neurons next to the output on the simple family (Figs. 9 and 10)."""
    return functools.partial(_bases, neurons=neurons, seed=seed)


def _bases(context: StageContext, *, neurons: int, seed: int) -> Arrays:
    dataset = context.simple
    split = context.split(dataset)
    inputs, outputs = as_features(dataset.Delta)[split.train], dataset.a2f[split.train]
    shape = PredictorConfig(
        input_size=inputs.shape[1], hidden_sizes=(BASIS_WIDTH, neurons), output_size=outputs.shape[1]
    )
    model_key, order_key = jax.random.split(jax.random.key(context.config.seed + seed))
    found = follow_bases(
        glorot_initialized(Predictor(shape, fit_standardization(inputs, outputs), model_key), model_key),
        as_rows(inputs, outputs),
        epochs=context.config.basis_epochs,
        learning_rate=BASIS_RATE,
        batch_size=max(1, context.config.batch_size // 2),
        key=order_key,
        progress=functools.partial(context.report_epoch, f"{neurons} neurons, seed {seed}"),
    )
    centered = outputs - np.mean(outputs, axis=0, keepdims=True)
    explained = np.linalg.svd(centered, compute_uv=False) ** 2
    return {
        "loss": found.loss,
        "smoothness": found.smoothness,
        "functions": found.functions,
        "found": np.array([epoch or 0 for epoch in found.found]),
        "best_linear": 1 - np.cumsum(explained)[:neurons] / np.sum(explained),
        "variance": np.mean(centered**2),
    }


def reduced(size: int) -> Callable[[StageContext], Arrays]:
    """The stage that reconstructs the data by an autoencoder and trains a predictor (Figs. 6, 8, 11, both tables)."""
    return functools.partial(_reduced, size=size)


def _reduced(context: StageContext, *, size: int) -> Arrays:
    dataset, name = context.complex_200, f"bottleneck {size}"
    split, f, g = context.split(dataset), dataset.a2f, as_features(dataset.Delta)
    how: dict[str, Any] = {"split": split, "config": context.training(), "progress": context.report_epoch}
    autoencoder = fit_autoencoder(f"{name}, autoencoder", [f, g], size, **how)
    f_n, g_n = after_bottleneck(autoencoder, [f, g])
    found = _reconstruction(f, g, f_n, g_n, split.test)
    if size > MEASURED_UP_TO:
        return found
    predictor, predictions, numbers = _learned(name, f_n, g_n, **how)
    for_original = apply_network(predictor, g)
    context.progress(f"{name}, many-to-one")
    setting = context.setting(dataset)
    pairs = many_to_one(setting, f[split.test], dataset.Delta[split.test], for_original[split.test])
    consistent = many_to_one(setting, f_n[split.test], as_gap_functions(g_n[split.test]), f_n[split.test])
    context.progress(f"{name}, coverage")
    covered = coverage(g_n, g)
    numbers |= {
        "dg_equations": consistent.dg_mean[0],
        "characteristic": covered.characteristic,
        "portion": covered.portion,
        "answers": predictions[:N_EXAMPLES],
    }
    return found | numbers | _table_one(pairs) | _moments(dataset, for_original)


def _learned(name: str, f_n: np.ndarray, g_n: np.ndarray, **how: Any) -> tuple[Network, np.ndarray, Arrays]:
    """A predictor of reconstructed data, its predictions for the test set, and their errors."""
    model = fit_predictor(f"{name}, predictor", g_n, f_n, **how).model
    test = how["split"].test
    predictions, label = apply_network(model, g_n[test]), f_n[test]
    return (
        model,
        predictions,
        {"loss": np.mean((predictions - label) ** 2), "df_reduced": np.mean(1 - pearson(predictions, label))},
    )


def _reconstruction(f: np.ndarray, g: np.ndarray, f_n: np.ndarray, g_n: np.ndarray, test: np.ndarray) -> Arrays:
    """The reconstruction errors of an autoencoder for spectra and gap functions of the test set, and examples."""
    shown = test[:N_EXAMPLES]
    return {
        "unexplained_f": unexplained_part(f[test], f_n[test]),
        "unexplained_g": unexplained_part(g[test], g_n[test]),
        "df_autoencoder": np.mean(1 - pearson(f[test], f_n[test])),
        "dg_autoencoder": np.mean(1 - pearson(g[test], g_n[test])),
        "f": f[shown],
        "g": g[shown],
        "f_n": f_n[shown],
        "g_n": g_n[shown],
    }


def separate(size: int) -> Callable[[StageContext], Arrays]:
    """The stage that reconstructs spectra and gap functions by separate autoencoders and trains a predictor on them."""
    return functools.partial(_separate, size=size)


def _separate(context: StageContext, *, size: int) -> Arrays:
    dataset, name = context.complex_200, f"separately, bottleneck {size}"
    split, f, g = context.split(dataset), dataset.a2f, as_features(dataset.Delta)
    how: dict[str, Any] = {"split": split, "config": context.training(), "progress": context.report_epoch}
    f_n, g_n = transform_separately(name, [f, g], size, **how)
    _, predictions, numbers = _learned(name, f_n, g_n, **how)
    return numbers | {"unexplained": unexplained_part(f_n[split.test], predictions)}


def dos(context: StageContext) -> Arrays:
    """Train a predictor with densities of states as the input."""
    dataset = context.complex
    split = context.split(dataset)
    found = fit_predictor(
        "density of states", dataset.fields["dos"], dataset.a2f, split=split, config=context.training(),
        progress=context.report_epoch,
    )  # fmt: skip
    return _evaluated(context, dataset, apply_network(found.model, dataset.fields["dos"][split.test]))


def dos_reduced(size: int) -> Callable[[StageContext], Arrays]:
    """The stage that reconstructs spectra and densities of states by an autoencoder and trains a predictor on them."""
    return functools.partial(_dos_reduced, size=size)


def _dos_reduced(context: StageContext, *, size: int) -> Arrays:
    dataset, name = context.complex, f"density of states, bottleneck {size}"
    split, f, g = context.split(dataset), dataset.a2f, dataset.fields["dos"]
    how: dict[str, Any] = {"split": split, "config": context.training(), "progress": context.report_epoch}
    f_n, g_n = after_bottleneck(fit_autoencoder(f"{name}, autoencoder", [f, g], size, **how), [f, g])
    _, _, numbers = _learned(name, f_n, g_n, **how)
    return _reconstruction(f, g, f_n, g_n, split.test) | numbers | {"portion": coverage(g_n, g).portion}


def reverse(context: StageContext) -> Arrays:
    """Train a predictor from spectra to gap functions."""
    dataset = context.complex
    split, f, g = context.split(dataset), dataset.a2f, as_features(dataset.Delta)
    found = fit_predictor("reverse", f, g, split=split, config=context.training(), progress=context.report_epoch)
    predictions, label = apply_network(found.model, f[split.test]), g[split.test]
    return {
        "dg": np.mean(1 - pearson(predictions, label)),
        "l2": np.mean(np.linalg.norm(predictions - label, axis=1) / np.linalg.norm(label, axis=1)),
        "Delta": as_gap_functions(label[:N_EXAMPLES]),
        "predicted": as_gap_functions(predictions[:N_EXAMPLES]),
    }


def flow(name: str) -> Callable[[StageContext], Arrays]:
    """The stage that runs `reduce_complexity` (Fig. 1) on the data of one family."""
    return functools.partial(_flow, name=name)


def _flow(context: StageContext, *, name: str) -> Arrays:
    dataset = context.simple if name == "simple" else context.complex
    config = dataclasses.replace(
        context.training(latent_sizes=context.config.latent_sizes),
        autoencoder_epochs=max(1, context.config.epochs // 2),
    )
    found = reduce_complexity(as_features(dataset.Delta), dataset.a2f, config, progress=context.report_epoch)
    numbers: Arrays = {
        "verdict": VERDICTS.index(found.verdict),
        "error": found.error,
        "good_enough": config.good_enough,
    }
    for kind, scan in (("inputs", found.inputs), ("outputs", found.outputs)):
        if scan is not None:
            numbers |= _scanned(kind, scan)
    if name == "complex":
        split = context.split(dataset)
        scan = scan_latent_sizes(
            "density of states", dataset.fields["dos"], split=split, config=config, progress=context.report_epoch
        )
        numbers |= _scanned("dos", scan)
    if found.new_error is not None:
        numbers |= {"new_error": found.new_error, "new_error_original": found.new_error_original}
    return numbers


def _scanned(kind: str, scan: LatentScan) -> Arrays:
    numbers = {"": scan.chosen, "_sizes": scan.sizes, "_unexplained": scan.unexplained, "_sufficient": scan.sufficient}
    return {f"{kind}{name}": value for name, value in numbers.items()}
