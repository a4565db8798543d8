import h5py
import numpy as np
import pytest

from diffeliash import FullMatsubara, Newton, continue_gap, gap_edge, read_spectrum, solve_gap


def test_the_contracts_keys_and_the_librarys_numbers(answer, spectrum_file):
    results = answer("solve", spectrum_file, "--unit", "meV", "-T", 1.5, "-T", 3)["results"]
    assert [result["T_K"] for result in results] == [1.5, 3.0]
    keys = "file T_K Delta_iw0_meV Z_iw0 gap_edge_meV superconducting converged residual"
    assert set(keys.split()) <= set(results[0])
    sol = solve_gap(read_spectrum(spectrum_file, unit="meV"), 3.0, frequencies=FullMatsubara(), solver=Newton())
    assert results[1]["Delta_iw0_meV"] == pytest.approx(float(sol.Delta[0]), rel=1e-12)
    assert results[1]["gap_edge_meV"] == pytest.approx(float(gap_edge(sol, sol.spectrum)), rel=1e-6)


def test_normal_state_has_no_gap_edge(answer, spectrum_file):
    result = answer("solve", spectrum_file, "--unit", "meV", "-T", 50)["results"][0]
    assert result["gap_edge_meV"] is None
    assert (result["superconducting"], result["converged"], result["Delta_iw0_meV"]) == (False, True, 0.0)


def test_output_and_picture(run, spectrum_file, tmp_path):
    result = run("solve", spectrum_file, "--unit", "meV", "-T", 2, "--output", "gap.h5", "--plot", "gap.png")
    assert "Pade" in result.stderr  # the user is told what the real axis is worth
    with h5py.File(tmp_path / "gap.h5") as file:
        assert file["Delta_meV"].attrs["unit"] == "meV"
        assert file.attrs["T_K"] == 2.0
        sol = solve_gap(read_spectrum(spectrum_file, unit="meV"), 2.0, frequencies=FullMatsubara(), solver=Newton())
        np.testing.assert_allclose(file["Delta_iw_meV"], sol.Delta, rtol=1e-12)
        low = continue_gap(sol, sol.spectrum, file["omega_real_meV"][:5], broadening=file.attrs["broadening_meV"])
        np.testing.assert_allclose(file["Delta_meV"][:5], low.Delta, rtol=1e-4)
    assert (tmp_path / "gap.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("-T", 0), 3),
        (("-T", "nan"), 3),
        (("-T", 1, "--broadening", -1), 3),
        (("-T", 1, "--plot", "gap.docx"), 3),
        (("-T", 1, "-T", 2, "--plot", "gap.png"), 3),
        (("-T", 1e-5), 3),
        (("-T", 40, "--output", "none/gap.h5"), 5),
        (("-T", 40, "--output", "peak.dat"), 3),
        (("-T", 40, "--output", "gap.png", "--plot", "gap.png"), 3),
        ((), 2),
    ],
)
def test_exit_codes(run, spectrum_file, tmp_path, args, code):
    before = spectrum_file.read_bytes()
    run("solve", spectrum_file, "--unit", "meV", *args, expect=code)
    assert spectrum_file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["peak.dat"]
