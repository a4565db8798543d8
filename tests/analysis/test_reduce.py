"""The flow on functions whose complexity is known."""

import dataclasses

import numpy as np
import pytest

from diffeliash import InputError, ReduceConfig, reduce_complexity
from diffeliash.analysis import (
    after_bottleneck,
    fit_autoencoder,
    fit_predictor,
    scan_latent_sizes,
    transform_separately,
    unexplained,
    unexplained_by_components,
    unexplained_part,
)
from diffeliash.data import split_rows
from diffeliash.models import apply_network

CONFIG = ReduceConfig(
    latent_sizes=(1, 2, 3, 6), hidden_sizes=(60, 60), autoencoder_sizes=(60,), epochs=60, autoencoder_epochs=60,
    batch_size=16, learning_rate=3e-3,
)  # fmt: skip
N = 400


def planted(n_numbers, seed, *, size=40):
    """Functions of exactly so many independent numbers of equal weight."""
    rng = np.random.default_rng(seed)
    shapes = np.linalg.qr(rng.normal(size=(size, n_numbers)))[0].T
    numbers = rng.normal(size=(N, n_numbers))
    return numbers, numbers @ shapes


def quiet(name, epoch, loss):
    assert epoch >= 1
    assert loss >= 0


HOW = {"split": split_rows(N, 0), "config": CONFIG, "progress": quiet}


@pytest.mark.slow
@pytest.mark.parametrize("n_numbers", [1, 3])
def test_the_latent_dimension_is_the_number_that_was_planted(n_numbers):
    values = 5 + 100 * planted(n_numbers, 1)[1]
    scan = scan_latent_sizes("values", values, **HOW)
    assert scan.sufficient
    assert scan.chosen == n_numbers
    # fewer leave far more than the tolerance, though a curve that fills space explains more than a straight line
    for size, left in zip(scan.sizes[:-1], scan.unexplained[:-1], strict=True):
        assert left > 0.5 * (1 - size / n_numbers)


def test_principal_components_are_exact_where_functions_are_linear_in_their_numbers():
    values = 5 + planted(3, 1)[1]
    found = unexplained_by_components(values, (1, 2, 3), split=HOW["split"])
    assert found[0] > found[1] > 0.2
    assert found[2] < 1e-20


def test_too_few_sizes_are_said_to_be():
    few = {"config": ReduceConfig(latent_sizes=(1, 2), epochs=2)}
    scan = scan_latent_sizes("values", planted(6, 1)[1], **(HOW | few))
    assert (scan.sufficient, scan.chosen) == (False, 2)


@pytest.mark.slow
def test_kinds_of_functions_count_alike():
    """One number in each of two kinds, one of them a thousand times as large with a third of the points."""
    small, large = planted(1, 1, size=60)[1], 1000 * planted(1, 2, size=20)[1]
    model = fit_autoencoder("both", [small, large], 2, **HOW)
    found = np.concatenate([small, large], axis=1)[HOW["split"].validation]
    assert unexplained(model, found) < 0.01
    split_again = after_bottleneck(model, [small, large])
    assert [values.shape[1] for values in split_again] == [60, 20]
    assert max(unexplained_part(a, b) for a, b in zip((small, large), split_again, strict=True)) < 0.05
    half = fit_autoencoder("both", [small, large], 1, **HOW)
    assert unexplained(half, found) == pytest.approx(0.5, abs=0.3)


@pytest.mark.slow
def test_what_is_kept_separately_is_not_what_both_share():
    """Of four numbers the outputs show the first two most, and the inputs know the last two only."""
    numbers, shapes = planted(4, 1)[0], np.linalg.qr(np.random.default_rng(5).normal(size=(40, 4)))[0].T
    outputs = (numbers * [1.5, 1.5, 1.0, 1.0]) @ shapes
    inputs = numbers[:, 2:] @ np.linalg.qr(np.random.default_rng(6).normal(size=(40, 2)))[0].T
    split = HOW["split"]
    together = after_bottleneck(fit_autoencoder("both", [outputs, inputs], 2, **HOW), [outputs, inputs])
    apart = transform_separately("each", [outputs, inputs], 2, **HOW)
    for _, g_n in (together, apart):
        assert unexplained_part(inputs[split.test], g_n[split.test]) < 0.2
    first, last = ((numbers * mask) @ (shapes * [[1.5], [1.5], [1], [1]]) for mask in ([1, 1, 0, 0], [0, 0, 1, 1]))
    kept = {name: f_n[split.test] for name, (f_n, _) in (("together", together), ("apart", apart))}
    assert unexplained_part(first[split.test], kept["apart"]) < 0.2
    assert unexplained_part(last[split.test], kept["together"]) < 0.5
    assert unexplained_part(first[split.test], kept["together"]) > 1
    errors = []
    for f_n, g_n in (together, apart):
        model = fit_predictor("map", g_n, f_n, **HOW).model
        errors.append(unexplained_part(f_n[split.test], apply_network(model, g_n[split.test])))
    assert errors[0] < 0.1 < 0.7 < errors[1]


def test_the_flow_keeps_what_the_inputs_know():
    """Outputs of six numbers, of which the inputs know two."""
    numbers, outputs = planted(6, 1)
    inputs = numbers[:, :2] @ planted(2, 2)[1][:2]
    found = reduce_complexity(inputs, outputs, CONFIG)
    assert found.verdict == "reduced"
    assert (found.inputs.chosen, found.outputs.chosen) == (2, 6)
    assert found.error > 0.3
    assert found.new_error < 0.02
    assert found.new_error < found.new_error_raw < found.new_error_original
    known = numbers.copy()
    known[:, 2:] = 0
    expected = known @ np.linalg.lstsq(numbers, outputs, rcond=None)[0]
    test = found.split.test
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(found.predict(inputs[test]), expected[test], strict=True)]
    assert np.median(correlation) > 0.9


@pytest.mark.slow
def test_a_good_predictor_ends_the_flow_and_equal_complexity_too():
    numbers, inputs = planted(3, 1)
    outputs = numbers @ np.eye(3, 30)
    good = reduce_complexity(inputs, outputs, CONFIG)
    assert (good.verdict, good.inputs, good.new_predictor) == ("good", None, None)
    lazy = ReduceConfig(latent_sizes=(1, 2, 3, 6), good_enough=1e-9, epochs=1, autoencoder_epochs=60, batch_size=16,
                        learning_rate=3e-3, autoencoder_sizes=(60,), hidden_sizes=(20,))  # fmt: skip
    assert reduce_complexity(inputs, outputs, lazy).verdict == "change hyper-parameters"


@pytest.mark.slow
def test_bottlenecks_that_do_not_suffice_decide_nothing():
    """Inputs of three numbers, outputs of six."""
    numbers, outputs = planted(6, 1)
    inputs = numbers[:, :3] @ planted(3, 2)[1][:3]
    lazy = dataclasses.replace(CONFIG, good_enough=1e-9, epochs=1)
    found = reduce_complexity(inputs, outputs, dataclasses.replace(lazy, latent_sizes=(1,)))
    assert (found.verdict, found.inputs.sufficient, found.new_predictor) == ("wider bottlenecks needed", False, None)
    found = reduce_complexity(inputs, outputs, dataclasses.replace(lazy, latent_sizes=(3,)))
    assert (found.verdict, found.inputs.sufficient, found.outputs.sufficient) == ("reduced", True, False)


def test_bad_input():
    good = np.ones((20, 4))
    varied = good * np.arange(20)[:, None]
    one_number, complex_table = varied[:, :1], 1j * varied
    bad = (good[:19], good), (good[0], good), (varied, varied * np.nan), (varied, good), (one_number, varied)
    for inputs, outputs in (*bad, (complex_table, varied)):
        with pytest.raises(InputError):
            reduce_complexity(inputs, outputs, CONFIG)
    with pytest.raises(ValueError, match=r"epochs.*latent_sizes"):
        ReduceConfig(epochs=0, latent_sizes=(2, 1))
