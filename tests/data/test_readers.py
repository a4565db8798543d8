import numpy as np
import pytest
from scipy.io import netcdf_file

from diffeliash import InputError, read_spectrum
from diffeliash.data import read_spectrum_file
from diffeliash.units import to_meV

from ..conftest import shared


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="a2f.dat"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_text


def rows(scale=1.0, n=50, columns=1):
    """A peak, energies from scale to n scale; column k is (k + 1) times as high."""
    w = np.arange(1, n + 1.0)
    a = np.exp(-((w - 20) ** 2) / 50) * w / 20
    return scale * w, np.stack([(k + 1) * a for k in range(columns)])


def table(w, *columns):
    return "".join(" ".join(f"{x:.10g}" for x in row) + "\n" for row in zip(w, *columns, strict=True))


def lam(w, a):
    return 2 * np.sum(a / w) * (w[1] - w[0])


@pytest.mark.parametrize(
    ("parts", "options", "value"),
    [
        (("Al_Elk", "ALPHA2F.OUT"), {}, 0.4237123761),
        (("MgB2_Elk", "ALPHA2F.OUT"), {"format": "elk"}, 0.7517516009),
        (("Al_QE_matdyn", "a2F.dos10"), {}, 0.36465404),
        (("Al_QE_tetra", "aluminum.a2F.dat"), {}, 0.3963915),
        (("Pb_EPW60_Elphgap", "pb_epw60_a2f_iso.a2f"), {}, 1.1474151),
        (("Nb_IsoME", "Nb.a2F"), {"column": 15}, 0.93767),
        (("Al_ABINIT_tutorial", "out_A2F.nc"), {}, 0.417221),
        (("Pb_EPW2016_SOC_fig.csv",), {}, 1.6927581),
    ],
)
def test_files_of_other_codes(parts, options, value):
    # values stated by the sources; they integrate with other rules, hence 5e-4
    found = read_spectrum_file(shared("materials", "raw", *parts), **options)
    assert lam(found.omega, found.a2f) == pytest.approx(value, rel=1e-2)
    with pytest.warns() if found.notices else _nothing():
        spectrum = read_spectrum(shared("materials", "raw", *parts), **options)
    assert float(spectrum.lambda_ep) == pytest.approx(value, rel=5e-4)


class _nothing:  # noqa: N801 - reads as a context manager
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


@pytest.mark.parametrize("unit", ["meV", "THz", "Ry", "Ha", "cm-1", "K", "eV"])
def test_units(write, unit):
    w, (a,) = rows()
    found = read_spectrum_file(write(table(w / to_meV(unit), a)), unit=unit)
    np.testing.assert_allclose(found.omega, w, rtol=1e-9)
    np.testing.assert_allclose(found.a2f, a, rtol=1e-9)


def test_unit_from_the_header_or_not_at_all(write):
    w, (a,) = rows(0.2)
    assert read_spectrum_file(write("# omega_THz alpha2F\n" + table(w, a))).unit == "THz"
    with pytest.raises(InputError, match=r"--unit; possible: .*meV \(ends at 10 meV\)"):
        read_spectrum_file(write(table(w, a)))


def test_epw_5_with_two_smearings(write):
    w, (a, b) = rows(columns=2)
    lambdas = [np.cumsum(2 * x / w) for x in (a, b)]
    text = " w[meV] a2f and integrated 2*a2f/w for   10 smearing values\n" + table(w, a, b, *lambdas)
    text += (
        f" Integrated el-ph coupling\n  #  {lam(w, a):.7f}  {lam(w, b):.7f}\n Phonon smearing (meV)\n  #  0.05 0.1\n"
    )
    text += "Electron smearing (eV)   0.0500000\n"
    found = read_spectrum_file(write(text))
    assert (found.format, found.unit, found.column) == ("epw", "meV", 1)
    assert "smearings" in found.notices[0]
    np.testing.assert_allclose(read_spectrum_file(write(text), column=2).a2f, b, rtol=1e-9)
    with pytest.raises(InputError, match="column 3"):
        read_spectrum_file(write(text), column=3)
    cut = read_spectrum_file(write(text[: text.index(" Integrated el-ph")]), column=1)
    assert "cut off" in cut.notices[0]
    with pytest.raises(InputError, match="disagree"):
        read_spectrum_file(write(text.replace(f"{lam(w, b):.7f}", "9.9")), column=2)


def test_matdyn_in_one_line_and_wrapped(write):
    w, (a, b) = rows(5e-5, columns=2)
    head = " # Eliashberg function a2F (per both spin)\n #  frequencies in Rydberg  \n # DOS normalized\n\n"
    foot = f"  lambda =  {lam(w, b):.10f}   Delta =  0.1\n"
    one = read_spectrum_file(write(head + table(w, b, a, a, 0 * a) + foot))
    wrapped = "".join(f" {x:.10g} {y:.10g}\n  {z:.10g} {z:.10g} 0.0\n" for x, y, z in zip(w, b, a, strict=True))
    two = read_spectrum_file(write(head + wrapped + foot))
    np.testing.assert_array_equal(one.a2f, two.a2f)
    assert one.unit == two.unit == "Ry"
    with pytest.raises(InputError, match="cut off"):
        read_spectrum_file(write(head + wrapped + "0.1 0.2\n" + foot))


def test_smearing_table_takes_the_middle_column(write):
    w, columns = rows(0.2, columns=3)
    found = read_spectrum_file(write("# E(THz) 0.005 0.010 0.015\n" + table(w, *columns)))
    assert (found.format, found.column, found.unit) == ("isome", 2, "THz")
    np.testing.assert_allclose(found.a2f, columns[1], rtol=1e-9)


def test_elk_drops_what_is_not_positive(write):
    w, (a,) = rows(5e-5)
    text = table(np.concatenate([[-1e-5, 0.0], w]), np.concatenate([[0.1, 0.0], a]))
    found = read_spectrum_file(write(text, "ALPHA2F.OUT"))
    assert found.format == "elk"
    assert found.notices == ("dropped 2 rows at energies <= 0.",)
    assert found.omega.size == w.size


def test_abinit_is_halved(tmp_path):
    w, (a,) = rows(5e-5)
    path = tmp_path / "o_A2F.nc"
    with netcdf_file(path, "w") as file:
        for name, size in (("spin", 1), ("mode", 2), ("freq", w.size)):
            file.createDimension(name, size)
        file.createVariable("a2f_mesh_qintp", "d", ("freq",))[:] = w
        file.createVariable("a2f_values_qintp", "d", ("spin", "mode", "freq"))[:] = np.stack([2 * a, a])[None]
    found = read_spectrum_file(path)
    assert (found.format, found.unit) == ("abinit", "Ha")
    np.testing.assert_allclose(found.a2f, a)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError):
        read_spectrum_file(path)


def test_slightly_negative_is_clipped_and_told_more_is_refused(write):
    w, (a,) = rows()
    a[0] = -1e-3
    found = read_spectrum_file(write(table(w, a)), unit="meV")
    assert found.a2f[0] == 0
    assert "lambda" in found.notices[0]
    a[0] = -0.1
    with pytest.raises(InputError, match=r"negative: it goes down to -0\.1"):
        read_spectrum_file(write(table(w, a)), unit="meV")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0.1\n3 0.2\n2 0.1\n", "file must increase|energies must increase"),
        ("1 0\n2 0\n", "nowhere positive"),
        ("1 0.1\n", "fewer than two"),
        ("1\n2\n", "one column"),
        ("1e-5 0.1\n2e-5 0.1\n", "would end at"),
        ("1 0.1\n2 nan\n3 0.1\n", "a2f.dat:2"),
    ],
)
def test_bad_files_say_what_is_wrong(write, text, message):
    with pytest.raises(InputError, match=message):
        read_spectrum_file(write(text), unit="meV")


def test_bad_options_are_named(write):
    for options, word in (({"format": "vasp"}, "format"), ({"unit": "mev"}, "unit"), ({"format": "abinit"}, "netCDF")):
        with pytest.raises(InputError, match=word):
            read_spectrum_file(write("1 1\n2 1\n"), **options)
