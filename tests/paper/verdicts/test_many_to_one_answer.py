"""The answer to the paper's question follows from the numbers, whatever they are."""

import numpy as np
import pytest

from diffeliash.paper import PaperConfig
from diffeliash.paper.stages._many_to_one_stages import NOISE, NOISES
from diffeliash.paper.verdicts import _many_to_one_answer as _answer

CONFIG = PaperConfig(n_seeds=2)
MISSED = np.array([0.01, 0.1, 0.6, 0.2])


def results(*, limit=1e-4, inverted=1e-3, rounded=0.3, exact=(0.03, 0.05), pade=(0.2, 0.24)):
    """Two spectra, two seeds; singular values that fall by ten with every mode down to rounding."""
    falling = 10.0 ** -np.arange(17.0)
    df = np.array([limit, 5 * limit])[:, None] * (NOISES / NOISES[0])[None, :]
    networks = {
        f"{data}-{longer}seed-{seed}": {"df": df + more, "df_train": df / 2, "by_mode": by_mode}
        for data, both, by_mode in (("exact", exact, MISSED), ("pade", pade, 10 * MISSED), ("accepted", pade, MISSED))
        for longer, more in (("", 0.01), ("longer-", 0.0))
        for seed, df in enumerate(both)
    }
    return networks | {
        "information": {
            "real": np.ones((2, 40)), "imaginary": np.stack([falling, falling]), "df": df, "n": np.full((2, 16), 30),
            "share_by_mode": np.array([0.5, 0.25, 0.125, 0.0625]), "df_iw": np.array([rounded, rounded]),
            "n_iw": np.array([9, 11]),
        },
        "inversion": {
            f"{n}{kind}": value
            for n in ("exact", "noise", "pade")
            for kind, value in (("", inverted), ("_error", 1e-4), ("_by_mode", (n != "exact") * MISSED))
        },
        "pade": {"rms": np.array([0.02, 0.04]), "largest": np.array([0.1, 0.2]), "acceptance": np.array([0.05, 0.2])},
    }  # fmt: skip


def test_the_parts_and_their_errors():
    text = _answer.answer(results(), CONFIG).text[2]
    assert "on Pade data is 0.22 ± 0.03. Of this 0.0003 ± 0.0002 is due to physics" in text  # 0.2 and 0.24
    assert "0.04 ± 0.01 to the network" in text
    assert "0.18 ± 0.01 to the Pade data" in text
    assert "training set of exact data is 0.020 ± 0.007" in text
    assert "the errors change by -0.01" in text


def test_errors_of_limits_are_standard_errors():
    """Two spectra with 1 and 5 in units of 1e-4: mean 3, deviation 2.8, error 2."""
    assert "1 - PCC of 0.0003 ± 0.0002, which" in _answer.answer(results(), CONFIG).text[0]


def test_errors_say_what_they_are_of():
    assert "over 2 seeds" in _answer.answer(results(), CONFIG).text[-1]
    one = PaperConfig(n_seeds=1, n_jacobians=1)
    found = _answer.answer(results(), one)
    assert "there is one seed" in found.text[-1]
    assert "one spectrum" in found.text[-1]
    assert "1 seeds" not in "".join(found.text)
    assert "on Pade data is 0.2. Of this" in found.text[2]  # no error


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({}, "not many-to-one"),
        ({"inverted": 0.4}, "does not find it"),
        ({"limit": 0.1}, "do not determine their spectra"),
    ],
)
def test_what_is_said_follows_from_the_numbers(numbers, said):
    heads = [text.split("**")[1] for text in _answer.answer(results(**numbers), CONFIG).text[:3]]
    assert said in heads[0]


def test_where_it_is_lost():
    assert "information is lost on the imaginary axis" in _answer.answer(results(), CONFIG).text[1]
    assert "Not much more information is lost" in _answer.answer(results(rounded=0.001), CONFIG).text[1]
    assert "factor of 10 from one to" in _answer.answer(results(), CONFIG).text[1]
    assert "9 to 11 components" in _answer.answer(results(), CONFIG).text[1]


def test_modes_that_are_right():
    text = _answer.answer(results(), CONFIG).text[3]
    assert "network, exact data: 2 (75 %)" in text
    assert "network, Pade data: 1 (50 %)" in text
    assert "linear inversion, exact data: 4 (93.8 %)" in text
    assert "misses the fine modes" in text


def test_points_lie_where_their_data_are():
    found = _answer.answer(results(), CONFIG)
    assert [(p.method, p.noise) for p in found.points] == [
        ("linear inversion", pytest.approx(1e-6)), ("linear inversion", NOISE),
        ("linear inversion", pytest.approx(0.03)), ("network", pytest.approx(1e-6)), ("network", pytest.approx(0.03)),
        ("best from the rounded imaginary axis", pytest.approx(0.03)),
    ]  # fmt: skip
    assert found.points[-2].df == pytest.approx((0.22, np.sqrt(2) * 0.02))
