"""Verdicts, on numbers for which they are known: those of the paper itself, and worse ones."""

import dataclasses

import numpy as np
import pytest

from diffeliash.paper import PaperConfig
from diffeliash.paper._published_numbers import TABLE_I, TABLE_II
from diffeliash.paper.verdicts import _verdicts_figs_1_to_8 as items
from diffeliash.paper.verdicts import _verdicts_figs_9_10 as bases
from diffeliash.paper.verdicts import _verdicts_tables_and_moments as measures
from diffeliash.paper.verdicts._verdict import choose_verdict, digits, percent, with_error

NULL = {
    "simple": 0.6, "complex": 0.4, "complex_pairs": 0.6, "complex_gap": 0.03, "complex_gap_pairs": 0.05,
    "complex_means": 0.007,
    "components_f": np.ones(8), "components_g": np.ones(8),
    "moments_std": np.array([0.5, 0.4]),
}  # fmt: skip
"""Errors of an answer that knows nothing of its input."""

ONE_SEED = PaperConfig(n_seeds=1)


def table_one(*, df=1.0, dg=1.0):
    return {
        size: {"df": df * f, "df_error": 1e-3, "dg": dg * g, "dg_error": 1e-4, "n_pairs": 1000}
        for size, (g, f) in TABLE_I.items()
    }


def test_the_papers_table_one():
    found = measures.table_one(table_one(), NULL)
    assert found.verdict == "reproduced"
    assert found.table[1][:5] == ("2", "0.00336", "0.0034 ± 0.0001", "0.107", "0.107 ± 0.001")
    assert found.ours.startswith("By 19 to 33 times as much. ")
    assert measures.table_one(table_one(dg=0.4), NULL).verdict == "trend reproduced"
    assert measures.table_one(table_one(dg=2.5), NULL).verdict == "not reproduced"
    assert measures.table_one(table_one(df=4), NULL).verdict == "not reproduced"  # farther off than the mean spectrum


def test_the_papers_table_two():
    def found(portions=1.0, losses=1.0, at_one=TABLE_II[1][0]):
        rows = {
            size: {"portion": portion * portions, "loss": loss * losses, "characteristic": 0.1}
            for size, (portion, loss) in TABLE_II.items()
        }
        rows[1]["portion"] = at_one
        return measures.table_two(rows)

    assert found().verdict == "reproduced"
    assert found(at_one=0.995).verdict == "trend reproduced"
    assert found(portions=0.98).verdict == "not reproduced"
    assert found(losses=-1.0).verdict == "not reproduced"
    assert found().table[1][:3] == ("1", "63.71 %", "63.71 %")


def test_moments_within_their_spread():
    def found(mean, std=0.19):
        columns = {2: {"moments_mean": np.array([mean, 0.01]), "moments_std": np.array([std, std])}}
        return measures.of_moments(columns, NULL)

    assert [found(mean).verdict for mean in (0.1, -0.3)] == ["reproduced", "not reproduced"]
    assert found(0.09, std=0.05).verdict == "trend reproduced"


def knows_nothing():
    """Results of networks that answer every gap function with the mean spectrum."""
    gap = {"dg": NULL["complex_gap"], "dg_error": 1e-4, "df_error": 1e-3, "n_pairs": 1000}
    shared = gap | {"df": NULL["complex"], "mse": 0.1, "variance": 0.1, "loss": 0.1, "df_reduced": 1e-3}
    shared |= {"unexplained_f": 0.3, "dg_equations": NULL["complex_means"], "dg_autoencoder": 0.01, "l2": 0.3}
    shared |= {"moments_mean": np.zeros(2), "moments_std": NULL["moments_std"]}
    shared |= {"df_mean": NULL["complex"]}
    names = ("plain", "exact-seed-0", "accepted-seed-0", "reverse")
    return dict.fromkeys(names, shared) | {"simple": shared | {"df": NULL["simple"]}, "baseline": NULL}


def of_networks(results, by_size):
    """Items that rest on how good networks are."""
    return [
        items._simple(results),
        items._complex(results, ONE_SEED),
        items._recomputed(results),
        items._reduced_predictions(by_size, 0.1),
        measures.equations(by_size, NULL),
        measures.reverse(results),
    ]


def test_a_network_that_knows_nothing_reproduces_nothing():
    """Its spectra differ 13 times as much as their gap functions, its moments are zero within their spread."""
    results = knows_nothing()
    plain = results["plain"]
    by_size = {size: plain | {"df_reduced": 1e-3 * size} for size in TABLE_I}
    found = [
        *of_networks(results, by_size),
        measures.table_one(by_size, NULL),
        measures.of_moments(by_size, NULL),
    ]
    assert NULL["complex"] > 10 * NULL["complex_gap"]
    assert {item.name: item.verdict for item in found} == dict.fromkeys((i.name for i in found), "not reproduced")


def test_one_that_knows_its_input_does():
    results = knows_nothing()
    better = {name: found | {"df": 0.08, "dg": 1e-3, "loss": 0.01} for name, found in results.items()}
    better |= {"baseline": NULL, "simple": results["simple"] | {"df": 0.01}}
    by_size = {size: better["plain"] | {"df_reduced": 1e-3 * size, "dg_equations": 1e-3} for size in (2, 4)}
    assert {item.verdict for item in of_networks(better, by_size)} == {"reproduced"}
    exact = better | {"exact-seed-0": {"df": 0.04}}
    assert items._complex(exact, ONE_SEED).verdict == "trend reproduced"
    too_good = better | {"accepted-seed-0": {"df": 0.01, "df_mean": NULL["complex"]}}
    assert items._complex(too_good, ONE_SEED).verdict == "not reproduced"


def test_what_is_half_as_good_as_it_must_be():
    """Gap functions a fifth as far off as spectra; Pade data that say little; more than half of the labels missed."""
    results = knows_nothing()
    near = results | {"plain": results["plain"] | {"df": 0.045, "dg": 0.009}}
    assert items._recomputed(near).verdict == "not reproduced"
    little = results | {"exact-seed-0": {"df": 0.1}, "accepted-seed-0": {"df": 0.3, "df_mean": NULL["complex"]}}
    assert items._complex(little, ONE_SEED).verdict == "not reproduced"
    by_size = {size: results["plain"] | {"df_reduced": 1e-3 * size, "loss": 0.04} for size in (2, 4)}
    assert items._reduced_predictions(by_size, 0.1).verdict == "not reproduced"  # (1 - 0.3) 0.1 / 0.04


@pytest.mark.parametrize(
    ("apart", "verdict"),
    [((0.1, 0.1), "reproduced"), ((0.1, 0.015), "trend reproduced"), ((0.015, 0.005), "not reproduced")],
)
def test_separately(apart, verdict):
    """Against 0.01 together: clearly worse, or not."""
    results = {f"separate-{n}": {"loss": 0.1, "df_reduced": df} for n, df in zip((2, 8), apart, strict=True)}
    results |= {f"reduced-{n}": {"loss": 0.1, "df_reduced": 0.01} for n in (2, 8)}
    assert measures.separate(results, PaperConfig()).verdict == verdict


def test_the_flow():
    simple = {"verdict": 0, "error": 0.01, "good_enough": 0.02}
    many = simple | {"verdict": 1, "error": 0.3, "inputs": 2, "outputs": 32, "inputs_sufficient": True}
    many |= {"outputs_sufficient": False, "new_error": 0.01, "new_error_original": 0.4}
    found = items._flow({"flow-simple": simple, "flow-complex": many})
    assert found.verdict == "reproduced"
    assert "more than 32" in found.ours
    assert "0.4" in found.ours
    bad = items._flow({"flow-simple": simple, "flow-complex": many | {"new_error": 0.1}})
    assert bad.verdict == "trend reproduced"
    narrow = simple | {"verdict": 3, "error": 0.3, "inputs": 2, "inputs_sufficient": False}
    narrow |= {"outputs": 2, "outputs_sufficient": False}
    found = items._flow({"flow-simple": simple, "flow-complex": narrow})
    assert (found.verdict, "wider bottlenecks needed" in found.ours) == ("not reproduced", True)


@pytest.mark.parametrize(
    ("portion", "df", "dos", "verdict"),
    [
        (0.995, 0.05, 1, "reproduced"),
        (0.9, 0.05, 1, "trend reproduced"),
        (1.0, 0.2, 1, "not reproduced"),
        (1.0, 0.05, 2, "not reproduced"),
    ],
)
def test_densities_of_states(portion, df, dos, verdict):
    numbers = {"unexplained_g": 0.03, "loss": 0.1, "df_reduced": 0.1}
    results = {f"dos-reduced-{size}": numbers | {"portion": p} for size, p in ((1, portion), (2, 1.0))}
    results |= {"dos": {"df": df, "df_error": 0.01}, "plain": {"df": 0.05, "df_error": 0.01}}
    results["flow-complex"] = {"dos": dos, "dos_sufficient": True, "inputs": 2, "inputs_sufficient": True}
    assert measures.dos(results, PaperConfig(dos_sizes=(1, 2))).verdict == verdict


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
    assert items._reconstructions(by_size, NULL).verdict == verdict


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
    papers = {(4, seed): neurons(4, 4, 0.1, steps=steps) for seed in range(3)}
    papers |= {(6, 0): neurons(6, 3, 0.2), (8, 0): neurons(8, 6, 0.05)}
    good = bases.of_bases(papers)
    assert [item.verdict for item in good] == ["reproduced", "reproduced"]
    assert good[0].table[4][:4] == ("6", "0", "3", "20 %")
    three = {(6, seed): neurons(6, n, loss) for seed, (n, loss) in enumerate(((3, 0.2), (2, 0.1)))}
    odd = bases.of_bases(
        {(4, 0): neurons(4, 4, 0.01, steps=steps[:2]), (4, 1): neurons(4, 4, 0.02, steps=steps)} | three
    )
    assert [item.verdict for item in odd] == ["trend reproduced", "reproduced"]
    few = bases.of_bases({(4, seed): neurons(4, 4, 0.01, steps=steps[:2]) for seed in range(3)})
    assert [item.verdict for item in few] == ["not reproduced", "trend reproduced"]
    no_neuron_missed = bases.of_bases({(4, 0): neurons(4, 4, 0.1), (6, 0): neurons(6, 6, 0.05)})
    assert no_neuron_missed[0].verdict == "not reproduced"
    none = bases.of_bases({(4, 0): neurons(4, 0, 0.9)})
    assert [item.verdict for item in none] == ["not reproduced", "not reproduced"]


def test_steps_that_chance_would_have_done():
    """One step of one network, near a basis: as random epochs would be in a fifth of all cases."""
    found = bases.of_bases({(4, 0): neurons(4, 4, 0.1, steps=(10,))})[1]
    assert found.verdict == "not reproduced"
    assert bases.at_least(2, [0.5, 0.5, 0.5]) == pytest.approx(0.5)
    assert bases.at_least(1, [0.2]) == pytest.approx(0.2)
    assert bases._covered([10], 1000) == pytest.approx(2 * np.log(1.5) / np.log(1000), rel=0.01)


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
    assert [with_error(*each) for each in ((0.23682, 0.00258), (4.0e-5, 2.1e-4), (12.3, 1.6), (0.5, 0.0))] == [
        "0.237 ± 0.003", "0.0000 ± 0.0002", "12 ± 2", "0.5"
    ]  # fmt: skip
    assert with_error(0.02, 0.0096) == "0.02 ± 0.01"
    assert [choose_verdict(*each) for each in ((True, False), (False, True), (False, False))] == [
        "reproduced", "trend reproduced", "not reproduced"
    ]  # fmt: skip


def test_sizes_are_checked():
    with pytest.raises(ValueError, match=r"n_simple.*epochs.*seed"):
        PaperConfig(n_simple=0, epochs=-1, seed=-1)
    with pytest.raises(ValueError, match="latent_sizes"):
        dataclasses.replace(PaperConfig(), latent_sizes=())
    with pytest.raises(ValueError, match="separate_sizes"):
        PaperConfig(separate_sizes=(3,))
