import pathlib

import numpy as np
import pytest

from diffeliash import InputError, read_dos, read_gap
from diffeliash.cli.arguments._gap_inputs import override_stated, read_curve, stem_of

OMEGA = np.linspace(0.0, 35.0, 8)
ROWS = "".join(f"{w:.2f};{1.5 / (1 + w):.6f};0.5\n" for w in OMEGA)


def test_how_a_table_was_read_is_told(capsys, tmp_path):
    (tmp_path / "gap.csv").write_text(ROWS.replace(".", ","))
    given = read_curve(tmp_path / "gap.csv", is_dos=False)
    np.testing.assert_allclose(given.Delta, 1.5 / (1 + OMEGA) + 0.5j, rtol=1e-5)
    assert given.notices == ("commas are taken as decimal commas.",)
    assert capsys.readouterr().err == f"note: {tmp_path / 'gap.csv'}: commas are taken as decimal commas.\n"


def test_python_is_told_the_same(tmp_path):
    (tmp_path / "dos.csv").write_text("1,0;0,5\n2,0;0,75\n")
    with pytest.warns(UserWarning, match="commas are taken as decimal commas"):
        np.testing.assert_array_equal(read_dos(tmp_path / "dos.csv").dos, [0.5, 0.75])


def test_a2f_in_place_of_a_gap_function(tmp_path):
    (tmp_path / "a2f.dat").write_text("# omega_meV a2F lambda\n" + ROWS)
    with pytest.raises(InputError, match=r"a2F, not a gap function: the header says 'a2F'\. `diffeliash tc`"):
        read_curve(tmp_path / "a2f.dat", is_dos=False)


def test_what_a_header_states(capsys, tmp_path):
    text = "# T = 4.2 K, broadening = 0.5 meV, omega_max = 20 meV, mu* = 0.12\n" + ROWS.replace(";", " ")
    (tmp_path / "gap.dat").write_text(text)
    given = read_curve(tmp_path / "gap.dat", is_dos=False)
    assert (given.T, given.broadening, given.omega_max, given.mu_star) == (4.2, 0.5, 20, 0.12)
    told = override_stated(tmp_path / "gap.dat", given, {"T": 1.16, "broadening": 0.5, "mu_star": None})
    assert (told.T, told.mu_star) == (1.16, 0.12)
    assert capsys.readouterr().err.endswith("the file states T = 4.2; 1.16 is used, as requested.\n")


def test_columns_as_the_header_names_them(tmp_path):
    rows = "".join(f"{w} {0.1 * w} {w + 1} 1 0 {w + 2}\n" for w in range(8))
    (tmp_path / "all.csv").write_text("omega_meV,ImDelta_meV,ReDelta_meV,ReZ,ImZ,N_over_N0\n" + rows.replace(" ", ","))
    with pytest.warns(UserWarning, match="took the columns omega_meV, ReDelta_meV, ImDelta_meV, as the header names"):
        np.testing.assert_allclose(read_gap(tmp_path / "all.csv").Delta, np.arange(8) * (1 + 0.1j) + 1)
    with pytest.warns(UserWarning, match="N_over_N0"):
        np.testing.assert_allclose(read_dos(tmp_path / "all.csv").dos, np.arange(8) + 2)


@pytest.mark.parametrize(
    ("header", "read", "what"),
    [
        ("# w ReZ ImZ", read_gap, "no gap function in this file: the header calls its columns ReZ, ImZ"),
        ("# w |Delta| arg(Delta)", read_gap, "no gap function"),
        ("# bias (V), dI/dV (S), standard error (S)", read_gap, "no gap function|in meV"),
        ("# w lambda", read_dos, "no density of states"),
    ],
)
def test_other_functions_are_refused(tmp_path, header, read, what):
    n = 2 if read is read_dos else 3
    (tmp_path / "f.dat").write_text(header + "\n" + "".join(" ".join([f"{w}"] * n) + "\n" for w in range(5)))
    with pytest.raises(InputError, match=what):
        read(tmp_path / "f.dat")


def test_a_hole_in_a_gap_function(tmp_path):
    rows = [f"{w} 1 0" for w in range(40)]
    (tmp_path / "gap.dat").write_text("\n".join(rows[:10] + rows[15:]))
    with pytest.warns(UserWarning, match="Are rows missing"):
        read_gap(tmp_path / "gap.dat")


def test_names_of_files_that_are_made_from_an_input():
    assert stem_of(pathlib.Path("folder/gap.h5")) == "gap"
    assert stem_of(pathlib.Path("-")) == "standard-input"
