import pytest

from diffeliash.data.input_files.conductance._modulation import stated_modulation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("modulation = 0.1 mV rms", 0.1),
        ("modulation 100 uV (rms)", 0.1),
        ("lock-in modulation: 0.1 mV_rms, 973 Hz", 0.1),
        ("V_mod = 100 \u00b5Vrms", 0.1),
        ("rms modulation of 0.1 mV", 0.1),
        ("modulation (rms) = 1e-4 V", 0.1),
        ("modulation = 0.1 meV rms", 0.1),
        ("modulation = 0,1 mV rms", 0.1),
        ("modulation = 0.2 mV peak", 0.2 / 2**0.5),
        ("peak modulation amplitude = 0.2 mV", 0.2 / 2**0.5),
        ("Vmod = 0.2 mVpp", 0.2 / 8**0.5),
        ("modulation = 0.2 mV p-p", 0.2 / 8**0.5),
        ("modulation = 0.2 mV peak-to-peak", 0.2 / 8**0.5),
        ("modulation (peak to peak): 0.2 mV", 0.2 / 8**0.5),
    ],
)
def test_stated_clearly(text, expected):
    value, (notice,) = stated_modulation([f"# Pb, {text}"])
    assert value == pytest.approx(expected, rel=1e-12)
    assert f"{expected:.4g} mV (rms)" in notice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modulation = 0.1 mV", "whether this is the rms, the peak or the peak-to-peak value"),
        ("modulation amplitude = 0.1 mV", "whether this is the rms"),
        ("modulation = 0.1 rms", "its unit"),
        ("modulation = 0.1 mV rms, modulation = 0.2 mV rms", "several modulations"),
    ],
)
def test_not_stated_clearly(text, words):
    value, (notice,) = stated_modulation([f"# {text}"])
    assert value is None
    assert words in notice


@pytest.mark.parametrize("text", ["", "modulation frequency = 973 Hz", "modulation 973 Hz", "bias (mV), dI/dV (S)"])
def test_not_stated(text):
    assert stated_modulation([f"# {text}"]) == (None, [])
