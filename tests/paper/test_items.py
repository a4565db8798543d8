"""Verdicts, on numbers for which they are known: those of the paper itself, and worse ones."""

import dataclasses

import numpy as np
import pytest

from diffeliash.paper import PaperConfig
from diffeliash.paper import _items as items
from diffeliash.paper import _items_bases as bases
from diffeliash.paper import _items_measures as measures
from diffeliash.paper._item import digits, graded, percent
from diffeliash.paper._published import TABLE_I, TABLE_II


def table_one(*, df=1.0, dg=1.0):
    return {
        size: {"df": df * f, "df_error": 1e-3, "dg": dg * g, "dg_error": 1e-4, "n_pairs": 1000}
        for size, (g, f) in TABLE_I.items()
    }


def test_the_papers_table_one():
    found = measures.table_one(table_one(), 0.4)
    assert found.verdict == "reproduced"
    assert found.table[1][:5] == ("2", "0.00336", "0.00336 ± 0.0001", "0.107", "0.107 ± 0.001")
    assert found.ours.startswith("By 19 to 33 times as much. (1 - PCC of always answering the mean spectrum: 0.4;")
    assert measures.table_one(table_one(dg=0.4), 0.4).verdict == "trend reproduced"
    assert measures.table_one(table_one(dg=2.5), 0.4).verdict == "not reproduced"


def test_the_papers_table_two():
    def found(portions=1.0, losses=1.0):
        rows = {
            size: {"portion": portion * portions, "loss": loss * losses, "characteristic": 0.1}
            for size, (portion, loss) in TABLE_II.items()
        }
        return measures.table_two(rows)

    assert found().verdict == "reproduced"
    assert found(portions=0.98).verdict == "trend reproduced"
    assert found(losses=-1.0).verdict == "not reproduced"
    assert found().table[1][:3] == ("1", "63.71 %", "63.71 %")


def test_moments_within_their_spread():
    def found(mean):
        return measures.of_moments({2: {"moments_mean": np.array([mean, 0.01]), "moments_std": np.array([0.2, 0.2])}})

    assert [found(mean).verdict for mean in (0.1, -0.3)] == ["reproduced", "not reproduced"]


LATENT = [
    (2, 32, "reproduced"),
    (4, 32, "trend reproduced"),
    (2, 16, "trend reproduced"),
    (8, 8, "not reproduced"),
]


@pytest.mark.parametrize(("gap", "spectrum", "verdict"), LATENT)
def test_latent_dimensions(gap, spectrum, verdict):
    by_size = {
        size: {
            "unexplained_g": 0.01 if size >= gap else 0.5, "unexplained_f": 0.01 if size >= spectrum else 0.5,
            "df_autoencoder": 0.1, "dg_autoencoder": 0.1,
        }
        for size in (1, 2, 4, 8, 16, 24, 32, 64)
    }  # fmt: skip
    assert items._reconstructions(by_size).verdict == verdict


def neurons(n, n_proper, loss, *, steps=()):
    x = np.linspace(0, 1, 100)
    noise = np.random.default_rng(0).normal(size=(n, 100))
    functions = np.where(np.arange(n)[:, None] < n_proper, np.sin(5 * x), noise)
    t = np.log(np.arange(1, 201))
    history = sum(((0.5 / (1 + np.exp(-9 * (t - np.log(place))))) for place in steps), np.zeros(200))
    return {
        "functions": functions, "loss": loss * np.exp(history[-1] - history), "variance": 1.0,
        "smoothness": np.zeros((200, n)), "best_linear": np.linspace(0.5, 0.1, n),
        "found": np.array([*steps, *([0] * n)])[:n],
    }  # fmt: skip


def test_basis_functions_and_steps():
    steps = (3, 10, 30, 90)
    papers = {(4, 0): neurons(4, 4, 0.1, steps=steps), (6, 0): neurons(6, 3, 0.2), (8, 0): neurons(8, 6, 0.05)}
    good = bases.of_bases(papers)
    assert [item.verdict for item in good] == ["reproduced", "reproduced"]
    assert good[0].table[2][:4] == ("6", "0", "3", "20 %")
    odd = bases.of_bases({(4, 0): neurons(4, 4, 0.1, steps=steps[:2]), (6, 0): neurons(6, 3, 0.01)})
    assert [item.verdict for item in odd] == ["trend reproduced", "trend reproduced"]
    none = bases.of_bases({(4, 0): neurons(4, 0, 0.9)})
    assert [item.verdict for item in none] == ["not reproduced", "not reproduced"]


def test_a_step_where_no_basis_is_found_is_none_of_the_papers():
    found = neurons(4, 4, 0.1, steps=(3, 40)) | {"found": np.array([3, 3, 3, 0])}
    assert bases.of_bases({(4, 0): found})[1].verdict == "not reproduced"


def test_grades():
    assert (digits(147.3), digits(0.003361, 3), digits(1e-5), percent(0.99996, 4)) == (
        "150",
        "0.00336",
        "1e-05",
        "100 %",
    )
    assert [graded(*each) for each in ((True, False), (False, True), (False, False))] == [
        "reproduced", "trend reproduced", "not reproduced"
    ]  # fmt: skip


def test_sizes_are_checked():
    with pytest.raises(ValueError, match=r"n_simple.*epochs.*seed"):
        PaperConfig(n_simple=0, epochs=-1, seed=-1)
    with pytest.raises(ValueError, match="latent_sizes"):
        dataclasses.replace(PaperConfig(), latent_sizes=())
    with pytest.raises(ValueError, match="separate_sizes"):
        PaperConfig(separate_sizes=(3,))
