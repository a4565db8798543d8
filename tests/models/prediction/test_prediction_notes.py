"""Answers of a network that do not give back what it was asked about."""

import dataclasses
import types

import numpy as np
import pytest

from diffeliash import Spectrum
from diffeliash.data import DosFile, GapFile
from diffeliash.models import prediction_notes

OMEGA = np.linspace(0, 35, 150)
DELTA = 1 / (1 + (OMEGA / 8) ** 2) * np.exp(0.1j * OMEGA)
GIVEN = GapFile(omega=OMEGA, Delta=DELTA)
GOOD = Spectrum(np.linspace(0.1, 10, 100), np.linspace(0.1, 10, 100) / 10)
TEST = {"dg_mean": 0.01}


def doubts(
    given=GIVEN, spectrum=GOOD, Delta=DELTA, *, superconducting=True, shape_difference=0.0, test=TEST, converged=True
):
    sol = types.SimpleNamespace(T=1.16, superconducting=superconducting, converged=converged)
    z = OMEGA + 0.1j
    real = types.SimpleNamespace(Delta=Delta, dos=np.real(1 / np.sqrt(1 - (Delta / z) ** 2)))
    return prediction_notes(given, spectrum, sol, real, shape_difference=shape_difference, test=test)


def test_an_answer_that_gives_back_what_was_asked():
    assert doubts() == []
    assert doubts(Delta=1.3 * DELTA, shape_difference=0.09) == []
    dos = 1 / np.sqrt(1 - (DELTA / (OMEGA + 0.1j)) ** 2)
    assert doubts(DosFile(omega=OMEGA, dos=dos.real), shape_difference=0.3) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Delta": 1.8 * DELTA}, ("largest |Delta| is 1.8 meV", "edge of the gap")),
        ({"Delta": 0.3 * DELTA}, ("largest |Delta| is 0.3 meV", "1 meV in the file")),
        ({"superconducting": False}, ("is not superconducting at 1.16 K",)),
        ({"shape_difference": 0.11}, ("another shape", "0.11 > 0.1")),
        ({"shape_difference": 0.06, "test": {"dg_mean": 1e-4}}, ("0.06 > 0.05",)),
        ({"shape_difference": np.nan}, ("another shape",)),
        ({"shape_difference": 0.6, "test": None}, ("0.6 > 0.5",)),
        ({"converged": False}, ("not solved",)),
        ({"spectrum": Spectrum(GOOD.omega, -GOOD.a2f)}, ("lambda = -1.99", "mostly negative")),
        ({"given": dataclasses.replace(GIVEN, Delta=1e-9 * DELTA)}, ("normal metal",)),
        ({"given": DosFile(omega=OMEGA, dos=np.ones(150))}, ("normal metal",)),
    ],
)
def test_one_that_does_not(change, words):
    text = " ".join(doubts(**change))
    for word in words:
        assert word in text


def test_densities_of_states_are_compared_by_their_peaks():
    wide = DosFile(omega=OMEGA, dos=np.real(1 / np.sqrt(1 - (3 * DELTA / (OMEGA + 0.1j)) ** 2)))
    assert "the peak of the density of states" in " ".join(doubts(wide))
