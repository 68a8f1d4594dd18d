"""The JSON network file: exact, or refused in one sentence."""

import json
from fractions import Fraction

import pytest
from stored import MINIMUM, refusal

import relucirc
from relucirc.files import json_file


def test_json_numbers_are_exact(put):
    content = '{"layers": [{"weight": [["0.1", "-1/2", 3, "1e-3"]], "bias": null}]}'
    net = relucirc.load(put(content))
    assert net.inputs == ("x1", "x2", "x3", "x4")
    assert net.at(1, 1, 1, 1) == (Fraction("0.1") - Fraction(1, 2) + 3 + Fraction(1, 1000),)
    digits = "7" * 6000
    long = relucirc.load(put(f'{{"layers": [{{"weight": [[{digits}], ["{digits}"]]}}]}}'))
    assert len(set(long.layers[0].weight.rows)) == 1
    bom = relucirc.load(put(b"\xef\xbb\xbf" + json.dumps(MINIMUM).encode()))
    assert bom.sizes == (2, 3, 1)


def changed(**entries):
    return {**MINIMUM, **entries}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON, got an error at line 1, column 2"),
        (b"\xff\xfe", "UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "expected an object with the key layers, got an empty list"),
        ("{}", "layers is missing"),
        ('{"layers": [], "layers": []}', "'layers' twice"),
        (changed(layers=[]), "at least one layer"),
        (changed(layers={}), "at least one layer"),
        (changed(layers=[[1]]), "layer 0: expected an object with the key weight, got a list of 1"),
        (changed(name="x"), "'name' is unknown"),
        (
            changed(layers=[{"weights": [[1]]}]),
            "layer 0: expected the key weight, and perhaps bias; 'weights' is unknown",
        ),
        (changed(layers=[{"bias": ["1"]}]), "weight is missing"),
        (changed(layers=[{"weight": 3}]), "layer 0: weight: expected a list of rows"),
        (changed(layers=[{"weight": [1, 2]}]), "layer 0: weight: expected a list of rows"),
        (changed(layers=[{"weight": [[], []]}]), "layer 0: weight: expected a list of rows"),
        (changed(layers=[{"weight": [["1", "2"], ["3"]]}]), "row 0 has 2 entries, row 1 has 1"),
        (
            changed(layers=[{"weight": [["1", "2"]], "bias": ["1", "2"]}]),
            "bias: expected one number for each of 1 rows",
        ),
        (
            changed(layers=[{"weight": [["1", "2"]], "bias": "12"}]),
            "bias: expected one number for each of 1 rows",
        ),
        (changed(layers=[{"weight": [["1", "2"]], "bias": [[1]]}]), "bias[0]: expected a number as text"),
        (
            changed(layers=[{"weight": [[1, 0.5]]}]),
            'weight[0][1]: the JSON number 0.5 may be rounded; quote it, as "0.5"',
        ),
        ('{"layers": [{"weight": [[1e3]]}]}', 'the JSON number 1e3 may be rounded; quote it, as "1e3"'),
        ('{"layers": [{"weight": [[-1.0]]}]}', "the JSON number -1.0 may be rounded"),
        ('{"layers": [{"weight": [[NaN]]}]}', "weight[0][0]: expected a finite number, got NaN"),
        ('{"layers": [{"weight": [[-Infinity]]}]}', "expected a finite number, got -Infinity"),
        (changed(layers=[{"weight": [["nan", "1"]]}]), "layer 0: weight[0][0]: expected a rational number"),
        (changed(layers=[{"weight": [["1", "1/0"]]}]), "weight[0][1]: division by zero"),
        (changed(layers=[{"weight": [["1", "__import__('os')"]]}]), "weight[0][1]: expected a rational number"),
        (changed(layers=[{"weight": [["1", "1e999999999"]]}]), "exponent too large"),
        (changed(layers=[{"weight": [["1", None]]}]), "weight[0][1]: expected a number as text"),
        (changed(layers=[{"weight": [[True, "1"]]}]), "weight[0][0]: expected a number as text"),
        (changed(layers=MINIMUM["layers"][:1] * 2), "layer 0 gives 3 values but layer 1 takes 2"),
        (changed(inputs=["x"]), "expected 2 input names"),
        (changed(inputs="ab"), "inputs: expected a list of names"),
        (changed(inputs=[1, 2]), "inputs: expected a list of names"),
        (changed(inputs=["x", "x"]), "unique input names"),
        (changed(inputs=["x y", "z"]), "expected identifiers"),
    ],
)
def test_wrong_json_is_refused_in_one_sentence(put, content, words):
    assert words in refusal(put(content))


def test_huge_json_is_refused_before_it_is_read(put, monkeypatch):
    monkeypatch.setattr(json_file, "MAX_BYTES", 100)
    assert "at most 100 bytes" in refusal(put(MINIMUM))


def test_a_wide_sparse_network_file(tmp_path):
    n = 256
    eye = [["1" if i % n == j else "0" for j in range(n)] for i in range(2 * n)]
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"layers": [{"weight": eye}, {"weight": [["1", "-1"] * n]}]}))
    net = relucirc.load(path)
    assert net.sizes == (n, 2 * n, 1)
    assert len(net.layers[0].weight.rows[5]) == 1
