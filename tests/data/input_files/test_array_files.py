import contextlib
import io
import json

import numpy as np
import pytest

from diffeliash import InputError, read_spectra, read_spectrum
from diffeliash.data import read_spectrum_file, read_spectrum_files

W = np.arange(1, 51) * 0.2
A = np.exp(-((W - 4) ** 2) / 2) * W / 4


@pytest.fixture
def write(tmp_path):
    def write_any(content, name):
        path = tmp_path / name
        if name.endswith(".json"):
            path.write_text(json.dumps(content))
        elif name.endswith(".npz"):
            np.savez(path, **content)
        else:
            np.save(path, content)
        return path

    return write_any


def record(factor=1.0, **more):
    return {"Freq_meV": W.tolist(), "a2F": (factor * A).tolist()} | more


@pytest.mark.parametrize(
    ("content", "name", "unit"),
    [
        (record(), "one.json", None),
        ({"omega_THz": (W / 4.135667696).tolist(), "alpha2F": A.tolist()}, "thz.json", None),
        ({"frequency": W.tolist(), "a2f": A.tolist(), "unit": "meV"}, "unit.json", None),
        ({"a2F_original_x": W.tolist(), "a2F_original_y": A.tolist()}, "xy.json", "meV"),
        ({"material": {"deep": record()}}, "deep.json", None),
        (np.stack([W, A], axis=1).tolist(), "rows.json", "meV"),
        ([{"omega_meV": w, "a2F": a, "i": 3} for w, a in zip(W.tolist(), A.tolist(), strict=True)], "cells.json", None),
        (
            {
                "w_meV": dict(enumerate(W.tolist())),
                "a2F": dict(enumerate(A.tolist())),
                "T": dict.fromkeys(range(50), "x"),
            },
            "by-columns.json",
            None,
        ),
        ({"columns": ["w_meV", "a2F"], "data": np.stack([W, A], axis=1).tolist()}, "split-cells.json", None),
        (np.array(list(zip(W, A, strict=True)), dtype=[("omega_meV", float), ("a2F", float)]), "structured.npy", None),
        ({"omega_meV": W, "a2f": A[:, None]}, "column.npz", None),
        ({"omega_meV": W, "a2f": A}, "one.npz", None),
        (np.stack([W, A], axis=1), "columns.npy", "meV"),
        (np.stack([W, A]), "rows.npy", "meV"),
    ],
)
def test_one_spectrum(write, content, name, unit):
    path = write(content, name)
    found = read_spectrum_file(path, unit=unit)
    np.testing.assert_allclose(found.omega, W, rtol=1e-12)
    np.testing.assert_allclose(found.a2f, A, rtol=1e-12)
    assert found.format == name.rpartition(".")[2]
    if unit:
        with pytest.raises(InputError, match="unit of energy is not known"):
            read_spectrum_file(path)


MANY = [
    ([record(n + 1, name=f"m{n}") for n in range(3)], "list.json", ["m0", "m1", "m2"]),
    ([record(n + 1) for n in range(3)], "unnamed.json", ["0", "1", "2"]),
    ([record(n + 1, name="same") for n in range(3)], "same.json", ["same", "same#1", "same#2"]),
    ({f"m{n}": record(n + 1) for n in range(3)}, "table.json", ["m0", "m1", "m2"]),
    ({"set": {f"m{n}": record(n + 1) for n in range(3)}}, "nested.json", ["set/m0", "set/m1", "set/m2"]),
    (
        {
            "comp": {"0": "Pb", "1": "Nb", "2": "Al"},
            "Freq_meV": {str(n): W.tolist() for n in range(3)},
            "a2F": {str(n): ((n + 1) * A).tolist() for n in range(3)},
            "T_c": {"0": 7.2, "1": 9.2, "2": 1.2},
        },
        "pandas.json",
        ["Pb", "Nb", "Al"],
    ),
    (
        {
            "columns": ["comp", "Freq_meV", "a2F"],
            "data": [[f"m{n}", W.tolist(), ((n + 1) * A).tolist()] for n in range(3)],
        },
        "split.json",
        ["m0", "m1", "m2"],
    ),
    ({"omega_meV": W, "a2f": np.outer([1, 2, 3], A), "T_c_K": np.ones(3)}, "grid.npz", ["0", "1", "2"]),
    ({"omega_meV": np.stack([W, W, W]), "a2f": np.outer([1, 2, 3], A)}, "grids.npz", ["0", "1", "2"]),
]


@pytest.mark.parametrize(("content", "name", "names"), MANY, ids=[each[1] for each in MANY])
def test_many_spectra(write, content, name, names):
    path = write(content, name)
    found = read_spectrum_files(path)
    assert list(found) == names
    for n, one in enumerate(found.values()):
        np.testing.assert_allclose(one.a2f, (n + 1) * A, rtol=1e-12)
    for key in (names[1], "1"):
        np.testing.assert_allclose(read_spectrum(path, key=key).a2f, 2 * A, rtol=1e-12)
    with pytest.raises(InputError, match=r"3 spectra in this file.*--key"):
        read_spectrum(path)
    with pytest.raises(InputError, match="no spectrum 'none': the file has 3"):
        read_spectrum(path, key="none")
    assert [float(one.lambda_ep) for one in read_spectra(path).values()] == pytest.approx(
        [float(read_spectrum(path, key=str(n)).lambda_ep) for n in range(3)]
    )


def test_a_bad_spectrum_harms_no_other(write):
    bad = {"name": "bad", "Freq_meV": [1.0, 2.0], "a2F": [1.0]}
    path = write([record(name="good"), bad, record(name="negative") | {"a2F": (-A).tolist()}], "some.json")
    found = read_spectrum_files(path)
    assert str(found["bad"]).startswith(f"{path}[bad]: 'Freq_meV' and 'a2F' must be arrays of the same length")
    assert str(found["negative"]).startswith(f"{path}[negative]: a2F is nowhere positive")
    with pytest.warns(UserWarning, match="not used"):
        assert list(read_spectra(path)) == ["good"]


def test_what_a_record_says_of_lambda(write):
    (notice,) = read_spectrum_file(write(record(**{"lambda": 0.5}), "one.json")).notices
    assert "the file states lambda = 0.5" in notice
    (notice,) = read_spectrum_file(write(record(el_ph_coupling=[0.1, 0.5]), "cumulative.json")).notices
    assert "the file states lambda = 0.5" in notice
    path = write({"omega_meV": W, "a2f": np.stack([A, A]), "lambda_ep": np.array([0.1, 0.2])}, "each.npz")
    for stated, found in zip((0.1, 0.2), read_spectrum_files(path).values(), strict=True):
        assert f"the file states lambda = {stated}" in found.notices[-1]


def test_entries_of_different_lengths_beside_many_spectra(write):
    path = write({"omega_meV": W.tolist(), "a2f": [A.tolist(), A.tolist()], "x": [[1], [2, 3]]}, "ragged.json")
    assert list(read_spectrum_files(path)) == ["0", "1"]


def test_no_spectrum_takes_the_place_of_another(write):
    names = ["same", "same#2", "same", "same"]
    path = write([record(n + 1, name=name) for n, name in enumerate(names)], "names.json")
    largest = [float(np.max(one.a2f)) for one in read_spectrum_files(path).values()]
    np.testing.assert_allclose(largest, [(n + 1) * np.max(A) for n in range(4)])


def test_what_is_left_out_is_named_and_gap_functions_are(write):
    (notice,) = read_spectrum_file(write(record(a2F_tr=A.tolist(), DOS=A.tolist()), "more.json")).notices
    assert notice == "took 'a2F' as a function of 'Freq_meV'; not used: a2F_tr, DOS."
    with pytest.raises(InputError, match="looks like a gap function"):
        read_spectrum_file(write({"omega_meV": W, "Delta_meV": A}, "gap.npz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply|no spectrum"),
        (b"{1}", "not a JSON file"),
        (b"{}", "no spectrum in this file"),
        (b'{"Freq_meV": [1, 2], "a2F": ["x", 2]}', "must be arrays of the same length"),
        (b'{"Freq_meV": [1, 2], "a2F": [NaN, 2]}', "not finite"),
        (b'{"Freq_meV": [1, 2' + b"0" * 5000 + b'], "a2F": [1, 2]}', "not a JSON file|equally many"),
        (b'{"Freq_meV": [[1], [2, 3]], "a2F": [1, 2]}', "arrays of the same length"),
        (b'{"columns": 3, "data": []}', "no spectrum in this file"),
        (b'{"columns": ["w_meV", "a2F"], "data": [3, null]}', "no spectrum in this file"),
        (b"PK\x03\x04 and nothing else", "not a file of NumPy arrays"),
        (b"\x93NUMPY\x01\x00", "not a file of NumPy arrays"),
    ],
)
def test_damaged_and_hostile_content(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_spectrum_file(tmp_path / "file", unit="meV")


def test_objects_and_bombs_are_refused(tmp_path):
    (tmp_path / "objects.npy").write_bytes(_bytes_of(np.save, np.array([{}], dtype=object), allow_pickle=True))
    with pytest.raises(InputError, match="not a file of NumPy arrays"):
        read_spectrum_file(tmp_path / "objects.npy")
    bomb = _bytes_of(np.savez_compressed, omega_meV=np.zeros(10), a2f=np.zeros(10_000_000))
    (tmp_path / "bomb.npz").write_bytes(bomb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("diffeliash.data.input_files._array_files.LARGEST_CONTENT", 10**7)
        with pytest.raises(InputError, match="too large once it is unpacked"):
            read_spectrum_file(tmp_path / "bomb.npz")


def test_damaged_arrays_end_in_our_errors(tmp_path):
    path, rng = tmp_path / "file", np.random.default_rng(0)
    for whole in (
        _bytes_of(np.savez, omega_meV=W, a2f=A),
        _bytes_of(np.savez_compressed, omega_meV=W, a2f=A),
        _bytes_of(np.save, np.stack([W, A])),
        json.dumps([record(), record()]).encode(),
    ):
        for _ in range(100):
            content = bytearray(whole)
            for at in rng.integers(0, len(content), 3):
                content[at] = rng.integers(256)
            path.write_bytes(content[: int(rng.integers(8, len(content) + 1))])
            with contextlib.suppress(InputError):
                read_spectrum_files(path, unit="meV")


def _bytes_of(write, *args, **kwargs):
    buffer = io.BytesIO()
    write(buffer, *args, **kwargs)
    return buffer.getvalue()
