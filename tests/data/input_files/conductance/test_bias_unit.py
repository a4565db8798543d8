import numpy as np
import pytest

from diffeliash import InputError

from .curves import V, bcs, read, table, told

G = bcs(V)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "curve.txt"


@pytest.mark.parametrize(
    ("factor", "guess", "says"),
    [(1e-3, "V", "largest number is 0.02; it ends at 20 meV"), (1.0, "mV", "largest number is 20; it ends at 20 meV")],
)
def test_guessed_from_the_numbers(path, factor, guess, says):
    found = read(path, table(factor * V, G))
    np.testing.assert_allclose(found.omega, V, atol=1e-7)
    (notice,) = told(found, f"the bias is taken as {guess}")
    assert says in notice
    assert "--unit" in notice


@pytest.mark.parametrize(("end", "meV"), [(0.249, 249.0), (3.0, 3.0)])
def test_the_limits_of_guessing(path, end, meV):
    assert read(path, table(V / 20 * end, G)).omega[-1] == pytest.approx(meV)
    with pytest.raises(InputError, match=r"the unit of the bias is not known: .* could be in V or in mV\. .*--unit"):
        read(path, table(V / 20 * (end + (0.001 if end < 1 else -0.001)), G))


@pytest.mark.parametrize(
    ("factor", "unit"), [(1e-3, "V"), (1.0, "mV"), (1e3, "uV"), (1.0, "meV"), (1e-3, "eV"), (1e3, "\u00b5V")]
)
def test_stated_in_the_header(path, factor, unit):
    for label in (f"bias ({unit})", f"V [{unit}]", f"V/{unit}", f"bias_{unit}", f"energy in {unit}"):
        found = read(path, table(factor * V, G, header=f"# {label}, G/G_N\n"))
        np.testing.assert_allclose(found.omega, V, atol=1e-7)
        assert not told(found, "the bias is taken as")


def test_the_argument_counts_more_than_the_header(path):
    found = read(path, table(V, G, header="# bias (V), G/G_N\n"), unit="mV")
    np.testing.assert_allclose(found.omega, V, atol=1e-7)
    assert told(found, "the file states a bias in V; it is taken as mV, as requested")
    assert not told(read(path, table(V, G, header="# bias (meV), G/G_N\n"), unit="mV"), "as requested")
    np.testing.assert_allclose(read(path, table(V / 10, G), unit="mV").omega, V / 10, atol=1e-7)
    with pytest.raises(InputError, match="`unit` must be one of V, mV, uV, meV, eV, got 'K'"):
        read(path, table(V, G), unit="K")


def test_volts_that_are_called_millivolts(path):
    found = read(path, table(1e-3 * V, G, header="# bias (mV), G/G_N\n"))
    assert found.omega[-1] == pytest.approx(0.02)
    (notice,) = told(found, "in mV the curve ends at 0.02 meV. Is the unit of the bias right?")
    assert "--unit; possible: V (ends at 20 meV)" in notice
    assert not told(read(path, table(0.013 * V, G, header="# bias (mV), G/G_N\n")), "Is the unit")


@pytest.mark.parametrize(
    ("factor", "stated", "hint"),
    [(1.0, "V", r"mV \(ends at 20 meV\)"), (1e3, "mV", r"uV \(ends at 20 meV\)"), (1e-9, "mV", "none of the known")],
)
def test_energies_of_no_tunneling_curve(path, factor, stated, hint):
    for text, unit in ((f"# bias ({stated}), G/G_N\n", None), ("", stated)):
        with pytest.raises(InputError, match=f"the unit of the bias is wrong: in {stated} .* possible: .*{hint}"):
            read(path, table(factor * V, G, header=text), unit=unit)
    assert 900 <= read(path, table(45 * V, G, header="# bias (mV), G/G_N\n")).omega[-1] < 1000
    with pytest.raises(InputError, match="the bias is no voltage: the header states S"):
        read(path, table(V, G, header="# bias (S), dI/dV (S)\n"))
