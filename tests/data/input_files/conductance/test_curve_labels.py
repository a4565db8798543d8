import pytest

from diffeliash.data.input_files.conductance._curve_labels import curve_labels, read_curve_label, stated_bias_units


@pytest.mark.parametrize(
    ("text", "kind", "unit", "normalized"),
    [
        ("bias (V)", "bias", "V", False),
        ("bias [mV]", "bias", "mV", False),
        ("V_mV", "bias", "mV", False),
        ("U / mV", "bias", "mV", False),
        ("V_bias (\u00b5V)", "bias", "uV", False),
        ("Bias calc (V)", "bias", "V", False),
        ("voltage in mV", "bias", "mV", False),
        ("Sample bias (V)", "bias", "V", False),
        ("E [meV]", "bias", "meV", False),
        ("(dI/dV)_S/(dI/dV)_N", "conductance", "", True),
        ("G/G_N", "conductance", "", True),
        ("Gs/Gn", "conductance", "", True),
        ("G(V)/G_N(V)", "conductance", "", True),
        ("\u03c3_S/\u03c3_N", "conductance", "", True),
        ("normalised dI/dV", "conductance", "", True),
        ("Normalized conductance", "conductance", "", True),
        ("un-normalized conductance (S)", "conductance", "S", False),
        ("dI/dV (S)", "conductance", "S", False),
        ("dI/dV_S", "conductance", "", False),
        ("dIdV (a.u.)", "conductance", "arbitrary", False),
        ("Differential conductance (arb. units)", "conductance", "arbitrary", False),
        ("dI/dV [1/\u03a9]", "conductance", "1/Ohm", False),
        ("G (\u03a9\u207b\u00b9)", "conductance", "1/Ohm", False),
        ("conductance (\u00b5S)", "conductance", "uS", False),
        ("dI/dV (nA/V)", "conductance", "nA/V", False),
        ("dI/dV (S) of the same junction in the normal state", "conductance", "S", False),
        ("LI Demod 1 X (A)", "conductance", "A", False),
        ("standard error (S)", "error", "S", False),
        ("sigma", "error", "", False),
        ("dG", "error", "", False),
        ("dI/dV err (S)", "error", "S", False),
        ("error (%)", "error", "%", False),
        ("relative error", "error", "relative", False),
        ("error of the conductance", "error", "", False),
        ("I (A)", "current", "A", False),
        ("Current (nA)", "current", "A", False),
        ("dV/dI (Ohm)", "resistance", "Ohm", False),
        ("R (kOhm)", "resistance", "Ohm", False),
        ("d2I/dV2", "second derivative", "", False),
        ("N/N_F", "density of states", "", False),
        ("T (K)", "temperature", "K", False),
        ("index", None, "", False),
    ],
)
def test_labels(text, kind, unit, normalized):
    label = read_curve_label(text)
    assert (label.kind, label.unit, label.normalized) == (kind, unit, normalized)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            ["# bias (V), dI/dV (S), standard error (S); normal-state conductance at 9 K in pb_normal_raw.txt"],
            [("bias", "V"), ("conductance", "S"), ("error", "S")],
        ),
        (["# bias (V), dI/dV (S) of the same junction in the normal state"], [("bias", "V"), ("conductance", "S")]),
        (["# bias [mV]   (dI/dV)_S/(dI/dV)_N"], [("bias", "mV"), ("conductance", "")]),
        (["# Bias voltage (mV) Conductance (S)"], [("bias", "mV"), ("conductance", "S")]),
        (["V G err measured by hand"], [("bias", ""), ("conductance", ""), ("error", "")]),
        (["V (V);I (A);dI/dV (S)"], [("bias", "V"), ("current", "A"), ("conductance", "S")]),
        (["# V, G; measured at 4.2 K, second run"], [("bias", ""), ("conductance", "")]),
        (["Voltage\tdI/dV", "mV\tS"], [("bias", "mV"), ("conductance", "S")]),
        (["# 1: bias mV  2: dI/dV"], [("bias", "mV"), ("conductance", "")]),
        (["# T = 4.2 K, R = 1 kOhm", "# V (mV)\tG"], [("bias", "mV"), ("conductance", "")]),
    ],
)
def test_labels_of_a_header(header, expected):
    labels = curve_labels(header, len(expected))
    assert [(label.kind, label.unit) for label in labels] == expected


def test_a_header_without_labels():
    assert curve_labels(["# Pb junction at 4.2 K"], 2) is None
    assert curve_labels(["# T = 4.2 K, modulation = 0.1 mV rms"], 2) is None


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("bias in mV", ("mV",)),
        ("a junction, voltage (V)", ("V",)),
        ("V in \u00b5V", ("uV",)),
        ("modulation 0.1 mV", ()),
        ("bias in mV, later bias in V", ("mV", "V")),
    ],
)
def test_units_in_a_sentence(text, units):
    assert stated_bias_units([f"# {text}"]) == units
