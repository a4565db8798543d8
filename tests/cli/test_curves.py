import pathlib

import numpy as np
import pytest

from diffeliash import InputError, read_dos
from diffeliash.cli._curves import read_curve, stem_of

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


def test_names_of_files_that_are_made_from_an_input():
    assert stem_of(pathlib.Path("folder/gap.h5")) == "gap"
    assert stem_of(pathlib.Path("-")) == "standard-input"
