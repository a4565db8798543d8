import pytest

from diffeliash.data.input_files._column_labels import column_labels, energy_units, named_before_a2f, read_label


@pytest.mark.parametrize(
    ("text", "kind", "units"),
    [
        ("omega(meV)", "energy", ("meV",)),
        ("w[meV]", "energy", ("meV",)),
        ("Frequency[Ry]", "energy", ("Ry",)),
        ("Freq_meV", "energy", ("meV",)),
        ("omega_K", "energy", ("K",)),
        ("E (Kelvin)", "energy", ("K",)),
        ("omega [cm^-1]", "energy", ("cm-1",)),
        ("$\\omega$ [cm$^{-1}$]", "energy", ("cm-1",)),
        ("freq(1/cm)", "energy", ("cm-1",)),
        ("\u03c9 [cm\u207b\u00b9]", "energy", ("cm-1",)),
        ("omegaTHz", "energy", ("THz",)),
        ("hbar omega", "energy", ()),
        ("lambda(omega)", "lambda", ()),
        ("cumulative lambda", "lambda", ()),
        ("2*a2F/w", "part of a2f", ()),
        ("integrated 2*a2F/w", "lambda", ()),
        ("el-ph coupling", "lambda", ()),
        ("w/meV", "energy", ("meV",)),
        ("d_a2F", "error", ()),
        ("a2F_min", "error", ()),
        ("a2F_in", "part of a2f", ()),
        ("transport a2F", "part of a2f", ()),
        ("a2F", "a2f", ()),
        ("alpha^2F(omega)", "a2f", ()),
        ("$\\alpha^2F(\\omega)$", "a2f", ()),
        ("\u03b1\u00b2F(\u03c9)", "a2f", ()),
        ("a2F_total", "a2f", ()),
        ("a2F(mode)", "part of a2f", ()),
        ("a2F_Mg", "part of a2f", ()),
        ("a2F_std", "error", ()),
        ("F(w)", "density of states", ()),
        ("PDOS(Atom 2)", "density of states", ()),
        ("N/N_F", "density of states", ()),
        ("(dI/dV)_S/(dI/dV)_N", "density of states", ()),
        ("Re Delta", "gap function", ()),
        ("Im(Delta)", "gap function", ()),
        ("Pb", None, ()),
        ("T_K", None, ()),
    ],
)
def test_labels(text, kind, units):
    label = read_label(text)
    assert (label.kind, label.units) == (kind, units)


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        (["# omega(meV)   lambda(omega)   a2F(omega)"], ["energy", "lambda", "a2f"]),
        (["w (THz), alpha^2F, lambda"], ["energy", "a2f", "lambda"]),
        (["# w lambda a2F", "# made by hand, freq in THz"], ["energy", "lambda", "a2f"]),
        (["# column 1: w (THz)", "# column 2: lambda", "# column 3: alpha^2F"], ["energy", "lambda", "a2f"]),
        (["# 1: energy (meV) 2: lambda 3: a2F"], ["energy", "lambda", "a2f"]),
        (["# omega_meV a2F a2F_std  (T = 1 K, mu* = 0.1 at 100 meV)"], ["energy", "a2f", "error"]),
        ([",omega_meV,a2F"], [None, "energy", "a2f"]),
        (["# omega(meV) a2F(mode 1) a2F"], ["energy", "part of a2f", "a2f"]),
        (["# w [meV]  Re Delta  Im Delta"], ["energy", "gap function", "gap function"]),
        (["# frequency, lambda and a2F"], ["energy", "lambda", "a2f"]),
        (["# E (THz)   0.005 0.010"], ["energy", None, None]),
    ],
)
def test_columns(header, kinds):
    labels = column_labels(header, 3)
    assert labels is not None
    assert [label.kind for label in labels] == kinds


@pytest.mark.parametrize(
    "header", [[], ["# Pb at zero pressure"], ["# a2F of lead"], ["# w and a2F of Pb from a paper"]]
)
def test_no_labels(header):
    assert column_labels(header, 3) is None


@pytest.mark.parametrize(
    ("header", "units"),
    [
        (["# frequencies in Rydberg", "# alpha2F in eV"], ("Ry",)),
        (["# frequencies in Rydberg, alpha2F in eV"], ("Ry",)),
        (["# E in THz, smearing 0.1 eV"], ("THz",)),
        (["# omega [meV], DOS [states/eV]"], ("meV",)),
        (["# units: meV"], ("meV",)),
        (["# omega PhDOS", "# [THz] [1/meV]"], ("THz",)),
        (["omega,a2F", "THz,dimensionless"], ("THz",)),
        (["# a2F of Pb, meV"], ("meV",)),
        (["# energies in meV or THz"], ("meV", "THz")),
        (["# meV", "# THz"], ("meV", "THz")),
        (["# smearing 0.05 eV"], ()),
        (["# DOS in states/eV"], ()),
        (["# T = 5 K, broadening 0.1 meV"], ()),
        (["# freq (2pi THz)"], ()),
        (["# Harmonic phonons of Kr"], ()),
    ],
)
def test_units_of_energy(header, units):
    assert energy_units(header, column_labels(header, 2)) == units


def test_what_is_named_before_a2f():
    assert named_before_a2f(["# lambda and a2F against energy"]) == "lambda"
    assert named_before_a2f(["# a2F and lambda against energy"]) is None
    assert named_before_a2f(["# smearing 0.1, a2F"]) is None
    assert named_before_a2f(["# omega(meV) phonon DOS"]) == "DOS"
    assert named_before_a2f(["# E (THz) smearing 0.05"]) is None
