import numpy as np
import pytest
from scipy.io import netcdf_file

from diffeliash import InputError, Spectrum, read_spectrum
from diffeliash.data import read_dos, read_gap, read_spectrum_file
from diffeliash.physics import coupling_constant
from diffeliash.units import to_meV

from ...conftest import shared


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


def found_or_error(path, **options):
    try:
        return read_spectrum_file(path, **options)
    except InputError as error:
        return error


def test_rows_do_not_vanish_behind_odd_spaces(tmp_path):
    w, (a,) = rows(0.2)
    lines = table(w, a).splitlines(keepends=True)
    odd = "# omega_meV a2F\n" + "".join(line.replace(" ", "\u00a0") for line in lines[:20]) + "".join(lines[20:])
    for encoding in ("latin-1", "utf-8"):
        (tmp_path / "a2f.dat").write_bytes(odd.encode(encoding))
        np.testing.assert_allclose(read_spectrum_file(tmp_path / "a2f.dat").a2f, a, rtol=1e-9)


def test_lambda_is_that_of_a_spectrum(write):
    w, (a,) = rows(0.2)
    found = read_spectrum_file(write(table(w**1.3, a)), unit="meV")
    assert coupling_constant(found.omega, found.a2f) == pytest.approx(
        float(Spectrum(found.omega, found.a2f).lambda_ep), rel=1e-14
    )


def test_missing_rows_are_noticed(write):
    w, (a,) = rows(0.2)
    lines = table(w, a).splitlines(keepends=True)
    head = "# omega_meV a2F\n"
    assert read_spectrum_file(write(head + "".join(lines))).notices == ()
    (start,) = read_spectrum_file(write(head + "".join(lines[20:]))).notices
    assert "4.2 meV, 21 steps above zero" in start
    (middle,) = read_spectrum_file(write(head + "".join(lines[:20] + lines[21:]))).notices
    assert "between 4 and 4.4 meV (lines 21 and 22), 2 times the usual step" in middle
    (end,) = read_spectrum_file(write(head + "".join(lines[:20]))).notices
    assert "100 % of its largest value" in end
    uneven = w + 0.07 * np.sin(np.arange(w.size))
    assert read_spectrum_file(write(head + table(uneven, np.interp(uneven, w, a)))).notices == ()


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("# omega(meV)   lambda(omega)   a2F(omega)\n", "lf"),
        ("# omega(meV), a2F(omega), lambda(omega)\n", "fl"),
        ("omega [meV];F(w);alpha^2F\n", "lf"),
        ("# column 1: w (meV)\n# column 2: lambda\n# column 3: a2F\n", "lf"),
    ],
)
def test_the_header_decides_which_column_is_a2f(write, header, order):
    w, (a,) = rows(0.2)
    columns = {"f": a, "l": np.cumsum(2 * a / w) * 0.2}
    found = read_spectrum_file(write(header + table(w, *(columns[name] for name in order))))
    np.testing.assert_allclose(found.a2f, a, rtol=1e-9)
    assert found.column == 1 + order.index("f")
    assert any("as the file names it" in notice for notice in found.notices)
    with pytest.raises(InputError, match="no column of a2F: the header calls the others lambda"):
        read_spectrum_file(write("# omega_meV lambda\n" + table(w, columns["l"])))
    unnamed = read_spectrum_file(write("# omega_meV Pb lambda\n" + table(w, a, columns["l"])))
    assert "though the file does not name it so" in unnamed.notices[0]
    with pytest.raises(InputError, match=r"names lambda, but does not make clear .* --column"):
        read_spectrum_file(write("# lambda and also the a2F against energies in meV of Pb\n" + table(w, a, a)))
    told = read_spectrum_file(write(header + table(w, a, a)), column=1 + order.index("l"))
    assert any("as requested" in notice for notice in told.notices)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("# omega(meV) d_a2F a2F", 1),
        ("# omega(meV) a2F_in a2F", 1),
        ("# omega(meV) a2F(mode 1) a2F", 1),
        ("# omega(meV) a2F_1 a2F", 1),
        ("# omega(meV) a2F a2F_min", 0),
        ("# omega(meV) a2F/w a2F", 1),
        ("# omega(meV) a2F_tr a2F", 1),
    ],
)
def test_what_is_called_a2f_and_nothing_else_comes_first(write, header, chosen):
    w, columns = rows(0.2, columns=2)
    found = read_spectrum_file(write(f"{header}\n" + table(w, *columns)))
    np.testing.assert_allclose(found.a2f, columns[chosen], rtol=1e-9)


def test_an_index_is_no_energy(write):
    w, (a,) = rows(0.2)
    text = "".join(f"{i},{x:.10g},{y:.10g}\n" for i, (x, y) in enumerate(zip(w, a, strict=True)))
    np.testing.assert_allclose(read_spectrum_file(write(",omega_meV,a2F\n" + text)).omega, w, rtol=1e-9)


@pytest.mark.parametrize(
    ("header", "notice"),
    [
        ("# omega(meV) phonon DOS", "names 'DOS', not a2F"),
        ("# phonon density of states, omega in meV", "names 'density', not a2F"),
        ("# integrated coupling against energy [meV]", "names 'coupling', not a2F"),
        ("# linewidth gamma, energies in meV", "names 'linewidth', not a2F"),
        ("# omega(meV) log10(a2F)", "the header says 'log10(a2F)'"),
        ("# omega(meV) a2F*1000", "the header says 'a2F*1000'"),
        ("# omega(meV) a2F(arb. units)", "the header says 'a2F(arb.units)'"),
    ],
)
def test_headers_that_do_not_say_a2f_are_told(write, header, notice):
    w, (a,) = rows(0.2)
    assert any(notice in each for each in read_spectrum_file(write(f"{header}\n" + table(w, a))).notices)


def test_sentences_about_columns_are_not_guessed_at(write):
    w, (a, b) = rows(0.2, columns=2)
    header = "# Column 3 is the Eliashberg function, column 2 the integrated coupling, energies in meV\n"
    with pytest.raises(InputError, match="does not make clear which column is which"):
        read_spectrum_file(write(header + table(w, a, b)))
    header = "# first column energy in meV, the second the cumulative coupling, the third the spectral function\n"
    found = read_spectrum_file(write(header + table(w, a, b)))
    np.testing.assert_allclose(found.a2f, b, rtol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "lambda_tot 0.9",
        "lambda 0.900 omega_log 60 K",
        "lambda is 0.9",
        "\u03bb\u22480.9",
        "lambda (total) = 0.9",
        "lambda = 0,9",
        "el-ph coupling constant 0.9",
        "Electron-phonon coupling constant = 0.9",
        "EPC constant: 0.9",
    ],
)
def test_lambda_in_other_words(write, text):
    w, (a,) = rows(0.2)
    notices = read_spectrum_file(write(f"# omega_meV a2F\n# {text}\n" + table(w, a))).notices
    assert any("the file states lambda = 0.9" in notice for notice in notices)


def test_a_wave_length_is_no_coupling(write):
    w, (a,) = rows(0.2)
    assert read_spectrum_file(write("# omega_meV a2F\n# wave length lambda = 1.54 A\n" + table(w, a))).notices == ()


def test_holes_in_grids_that_are_not_quite_even(write):
    w = np.round(np.linspace(0.1, 10, 60), 2)
    a = np.exp(-((w - 4) ** 2))
    keep = np.r_[0:20, 30:60]
    (notice,) = read_spectrum_file(write("# omega_meV a2F\n" + table(w[keep], a[keep]))).notices
    assert "Are rows missing?" in notice
    for grid in (w, np.geomspace(0.1, 10, 60), np.sort(np.random.default_rng(0).uniform(0.1, 10, 80))):
        values = np.exp(-((grid - 4) ** 2))
        notices = read_spectrum_file(write("# omega_meV a2F\n" + table(grid, values))).notices
        assert not any("times the usual step" in each for each in notices)


def test_energies_where_the_header_says(write):
    w, (a,) = rows(0.2)
    found = read_spectrum_file(write("# a2F omega_meV\n" + table(a, w)))
    np.testing.assert_allclose(found.a2f, a, rtol=1e-9)
    assert "column 2" in found.notices[0]


def test_energies_in_two_units(write):
    w, (a,) = rows(0.2)
    found = read_spectrum_file(write("# omega(THz) omega(meV) a2F\n" + table(w / to_meV("THz"), w, a)))
    np.testing.assert_allclose(found.omega, w, rtol=1e-9)
    np.testing.assert_allclose(found.a2f, a, rtol=1e-9)


def test_parts_of_a2f_are_named(write):
    w, (a, b, c) = rows(0.2, columns=3)
    found = read_spectrum_file(write("# w(meV) a2F_Mg a2F_B total\n" + table(w, a, b, c)))
    np.testing.assert_allclose(found.a2f, c, rtol=1e-9)
    assert "not used: a2F_Mg, a2F_B" in found.notices[0]


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("# frequencies in Rydberg ...\n# alpha2F in eV\n", "Ry"),
        ("# omega cm^-1, a2F\n", "cm-1"),
        ("# omega [cm^{-1}]  a2F\n", "cm-1"),
        ("# omega (1/cm)  a2F\n", "cm-1"),
        ("# omega [K]  a2F\n", "K"),
        ("# omega (Kelvin)  a2F\n", "K"),
        ("# energies in meV, electron smearing 0.05 Ry\n", "meV"),
    ],
)
def test_the_unit_that_stands_with_the_energies(write, header, unit):
    w, (a,) = rows()
    found = read_spectrum_file(write(header + table(w / to_meV(unit), a)))
    assert found.unit == unit
    np.testing.assert_allclose(found.omega, w, rtol=1e-9)


def test_two_units_that_could_be_meant_are_asked_for(write):
    w, (a,) = rows(0.2)
    path = write("# energies in meV or THz\n" + table(w, a))
    with pytest.raises(InputError, match=r"names meV and THz, and either could be meant.*--unit; possible: meV"):
        read_spectrum_file(path)
    assert read_spectrum_file(path, unit="THz").unit == "THz"


@pytest.mark.parametrize("name", ["ALPHA2F.OUT", "Pb_ALPHA2F.OUT", "alpha2f.out"])
def test_elk_is_known_by_the_name_of_its_file(write, name):
    w, (a,) = rows()
    assert read_spectrum_file(write(table(w / to_meV("Ha"), a), name)).unit == "Ha"
    assert read_spectrum_file(write("# w[meV] a2F\n" + table(w, a), name)).unit == "meV"


def test_values_nobody_has(write):
    w, (a,) = rows(0.2)
    for factor in (1e308, 1e300, 1e6):
        with pytest.raises(InputError, match="these values cannot be a2F: its coupling constant would be"):
            read_spectrum_file(write(table(w, factor * a)), unit="meV")
    strong = read_spectrum_file(write(table(w, 20 * a)), unit="meV")
    assert "more than any material has" in strong.notices[0]


def test_what_the_file_itself_says_of_lambda(write):
    w, (a,) = rows(0.2)
    cumulative = np.cumsum(2 * a / w) * 0.2
    head = "# omega_meV a2F lambda\n"
    assert len(read_spectrum_file(write(head + table(w, a, cumulative))).notices) == 1  # which column
    said = read_spectrum_file(write(head + table(w, a, 0.5 * cumulative))).notices[-1]
    assert f"lambda = {cumulative[-1] / 2:.5g}, its a2F gives {cumulative[-1]:.5g} (2 times" in said
    said = read_spectrum_file(write("# omega_meV a2F\n# lambda = 0.3\n" + table(w, a))).notices
    assert "lambda = 0.3" in said[0]
    epw = " w[meV] a2f and integrated 2*a2f/w for   10 smearing values\n" + table(w, a, 1.1 * cumulative)
    epw += f" Integrated el-ph coupling\n  #  {lam(w, a):.7f}\n"
    assert "(0.9091 times as much)" in read_spectrum_file(write(epw)).notices[0]


def test_descending_energies_are_reversed(write):
    w, (a,) = rows(0.2)
    found = read_spectrum_file(write(table(w[::-1], a[::-1])), unit="meV")
    np.testing.assert_allclose(found.omega, w, rtol=1e-9)
    assert found.notices == ("energies descend; the order of the rows was reversed.",)


def test_decimal_commas(write):
    w, (a,) = rows(0.2)
    for separator in (";", "\t", " "):
        text = table(w, a).replace(".", ",").replace(" ", separator)
        found = read_spectrum_file(write("# omega_meV\ta2F\n" + text))
        np.testing.assert_allclose(found.a2f, a, rtol=1e-9)


def test_gap_functions_and_densities_of_states_are_named(write):
    w, (a,) = rows(0.2)
    with pytest.raises(InputError, match="looks like a gap function"):
        read_spectrum_file(write("# w [meV]  Re Delta  Im Delta\n" + table(w, a, a)))
    with pytest.raises(InputError, match=r"calls the others Re_Delta, N_over_N0, Q.*looks like a gap function"):
        read_spectrum_file(write("w_meV,Re_Delta,N_over_N0,Q\n" + table(w, a, a, a)))
    with pytest.raises(InputError, match="calls the others N/N_F"):
        read_spectrum_file(write("# w [meV] N/N_F\n" + table(w, a)))
    for header in ("# omega_meV a2F lambda\n", " w[meV] a2f and integrated 2*a2f/w for   10 smearing values\n"):
        with pytest.raises(InputError, match=r"a2F, not a gap function: .* `diffeliash tc` and `solve` read a2F"):
            read_gap(write(header + table(w, a, a)))
    with pytest.raises(InputError, match="a2F, not a density of states"):
        read_dos(write("# omega_meV a2F\n" + table(w, a)))
    with pytest.raises(InputError, match="energies must be in meV: the header says THz"):
        read_dos(write("# omega_THz N/N_F\n" + table(w, a)))


def test_a_folder_or_a_log_in_place_of_a2f(tmp_path):
    (tmp_path / "pb.a2f").write_text("1 2\n")
    (tmp_path / "notes.txt").write_text("nothing\n")
    with pytest.raises(InputError, match=r"a folder, not a file\. Did you mean .*pb\.a2f\?$"):
        read_spectrum_file(tmp_path)
    log = tmp_path / "epw.out"
    log.write_text("\n     Program EPW v.5.8 starts on 12Jun2023 at 10: 0: 0\n\n  1 2\n  3 4\n")
    with pytest.raises(InputError, match=r"the output of EPW, not .* prefix\.a2f\. Did you mean .*pb\.a2f\?"):
        read_spectrum_file(log, unit="meV")
    (tmp_path / "ALPHA2F.OUT").write_text("1 2\n")
    for name in ("ELIASHBERG_GAP_T.OUT", "MCMILLAN.OUT"):
        (tmp_path / name).write_text("0.1 0.2 0.3\n0.2 0.3 0.4\n")
        with pytest.raises(InputError, match=r"another output of Elk.*ALPHA2F\.OUT"):
            read_spectrum_file(tmp_path / name, unit="meV")
    ours = tmp_path / "ours.dat"
    ours.write_text("# computed with Quantum ESPRESSO and EPW, omega_meV\n1 0.2\n2 0.1\n3 0\n")
    assert read_spectrum_file(ours).unit == "meV"


@pytest.mark.parametrize("name", ["lambda", "al.a2F.out"])
def test_other_files_of_quantum_espresso(name):
    folder = "Al_QE_matdyn" if name == "lambda" else "Al_QE_tetra"
    with pytest.raises(InputError, match=r"not a table of a2F.*Did you mean"):
        read_spectrum_file(shared("materials", "raw", folder, name), unit="meV")


@pytest.mark.slow
def test_a_damaged_table_is_refused_noticed_or_right(tmp_path):
    """Separators lost, rows lost or doubled, characters of all kinds put in: never another lambda without a word."""
    w, (a,) = rows(0.2)
    whole = "# omega_meV a2F\n" + table(w, a)
    truth, rng = read_spectrum_file(_written(tmp_path, whole)).a2f, np.random.default_rng(0)
    strange = [
        "|",
        "\u00a0",
        "\u2009",
        "x",
        "#",
        "!",
        "%",
        ";",
        ",",
        "\n",
        "\t",
        "*",
        "-",
        "e",
        "D",
        "_",
        "\u2212",
        "'",
    ]
    wrong = []
    for _ in range(600):
        lines = whole.splitlines(keepends=True)
        first = int(rng.integers(1, len(lines)))
        last = min(len(lines), first + int(rng.choice([1, 1, 5, 20])))
        how = rng.integers(4)
        if how == 0:
            del lines[first:last]
        elif how == 1:
            lines[first:last] = lines[first:last] * 2
        elif how == 2:
            other = str(rng.choice(strange))
            lines[first:last] = [line.replace(" ", other) for line in lines[first:last]]
        else:
            at, other = int(rng.integers(len(lines[first]))), str(rng.choice(strange))
            lines[first] = lines[first][:at] + other + lines[first][at:]
        found = found_or_error(_written(tmp_path, "".join(lines)))
        if not isinstance(found, InputError) and not found.notices:
            same = found.a2f.shape == truth.shape and np.allclose(found.a2f, truth, rtol=1e-6)
            if not same and abs(lam(found.omega, found.a2f) / lam(w, a) - 1) > 0.01:
                wrong.append("".join(lines))
    assert not wrong, wrong[0]


def _written(folder, text):
    path = folder / "damaged.dat"
    path.write_text(text)
    return path


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
