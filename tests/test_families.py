"""Symbolic families: all positive rescalings of a circuit are proved at once, and nothing else is."""

import json

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, circuits
from relucirc.circuits import catalogue, family_of
from relucirc.core.errors import NetworkError
from relucirc.core.exact import rational
from relucirc.core.matrix import ExactMatrix
from relucirc.language.lower.from_family import resolve_family
from relucirc.strategies import networks, points, rationals

P, Q = sympy.symbols("p q", positive=True)
N = sympy.Symbol("n", negative=True)
U = sympy.Symbol("u")
ORIGINAL = list(catalogue)[:13]


def substituted(net, values):
    """Replaces the symbols of a family by numbers."""
    layers = []
    for layer in net.layers:
        weight = [[v.subs(values) if isinstance(v, sympy.Expr) else v for v in row] for row in layer.weight.tolist()]
        bias = [b.subs(values) if isinstance(b, sympy.Expr) else b for b in layer.exact_bias()]
        layers.append((weight, None if layer.bias is None else bias))
    return MLP.from_arrays(layers, net.inputs)


def signs_of(net):
    """Draws a number of the declared sign for every symbol."""
    sizes = rationals("1/9", 9, max_numerator=9, max_denominator=9)
    drawn = {s: sizes.map(lambda q, s=s: sympy.Rational(q if s.is_positive else -q)) for s in net.symbols}
    return st.fixed_dictionaries(drawn)


@pytest.mark.parametrize("name", catalogue)
def test_every_family_is_proved_for_all_weights_at_once(name):
    circuit = catalogue[name]
    family = circuit.family()
    assert len(family.symbols) == circuit().hidden_neurons
    result = relucirc.prove(family, circuit.formula(), domain=circuit.domain)
    assert result.status == "proved"
    if family.symbols:
        assert "for all weights of the family" in result.reason
    certificate = json.loads(json.dumps(result.certificate))
    assert relucirc.check(family, circuit.formula(), certificate, circuit.domain)
    if family.symbols:
        certificate["family"][-1]["scale"] = "1"
        assert not relucirc.check(family, circuit.formula(), certificate, circuit.domain)


def test_families_of_the_original_have_its_signs_and_output_weights():
    w1, w3 = sympy.symbols("w1 w3", positive=True)
    w2, w3n = sympy.symbols("w2 w3", negative=True)
    assert circuits.identity.family() == MLP.from_arrays([([[w1], [w2]], None), ([[1 / w1, 1 / w2]], None)])
    assert circuits.absolute.family() == MLP.from_arrays([([[w1], [w2]], None), ([[1 / w1, -1 / w2]], None)])
    assert circuits.subtraction.family() == MLP.from_arrays(
        [([[w1, -w1], [w2, -w2]], None), ([[1 / w1, 1 / w2]], None)]
    )
    assert circuits.minimum.family() == MLP.from_arrays(
        [([[0, w1], [0, w2], [w3n, -w3n]], None), ([[1 / w1, 1 / w2, 1 / w3n]], None)]
    )
    assert circuits.maximum.family() == MLP.from_arrays(
        [([[0, w1], [0, w2], [w3, -w3]], None), ([[1 / w1, 1 / w2, 1 / w3]], None)]
    )


@given(st.data())
def test_members_of_families_compute_the_circuit(data):
    circuit = catalogue[data.draw(st.sampled_from(ORIGINAL))]
    family = circuit.family()
    member = substituted(family, data.draw(signs_of(family)))
    assert not member.symbols
    point = data.draw(points(member))
    assert member.at(*point) == circuit().at(*point)
    assert relucirc.prove(member, circuit.formula()).status == "proved"


@given(networks(dtypes=[None], max_depth=2, max_width=3), st.data())
def test_families_resolve_to_the_function_of_every_member(net, data):
    """Families of any network: the resolved network, a random member and the network itself agree."""
    family = family_of(net)
    resolved, moves = resolve_family(family)
    member = substituted(family, data.draw(signs_of(family)))
    point = data.draw(points(net))
    assert resolved.at(*point) == member.at(*point) == net.at(*point)
    assert json.loads(json.dumps(moves)) == moves
    assert resolve_family(family)[1] == moves


def test_moves_say_what_was_done():
    net = MLP.from_arrays([([[2 * N, -3 * N]], [N]), ([[-1 / N]], None)])
    resolved, moves = resolve_family(net)
    assert moves == [
        {"symbol": "n", "sign": "negative"},
        {"layer": 0, "neuron": 0, "scale": "-n", "row": {"0": "-2", "1": "3"}, "bias": "-1"},
    ]
    assert resolved == MLP.from_arrays([([[-2, 3]], [-1]), ([[1]], None)])


def test_scales_may_be_sums_and_products_of_one_sign():
    scale = (P + 2 * Q) * P / Q
    net = MLP.from_arrays([([[sympy.expand(scale)]], [3 * scale]), ([[1 / scale]], [U - U])])
    assert resolve_family(net)[0] == MLP.from_arrays([([[1]], [3]), ([[1]], [0])])


def test_symbols_may_cancel_only_in_a_later_layer():
    net = MLP.from_arrays([([[P], [N]], None), ([[Q / P, Q / N], [Q / P, -Q / N]], None), ([[1 / Q, 2 / Q]], None)])
    resolved, _ = resolve_family(net)
    assert resolved == MLP.from_arrays([([[1], [-1]], None), ([[1, -1], [1, 1]], None), ([[1, 2]], None)])


def test_networks_without_symbols_have_no_moves():
    net = circuits.minimum().astype("float32")
    assert resolve_family(net) == (net.exact(), [])


def test_floats_in_symbolic_weights_are_read_bit_by_bit():
    net = MLP.from_arrays([([[sympy.Float(0.1) * P]], None), ([[1 / P]], None)])
    assert resolve_family(net)[0].layers[0].weight == ExactMatrix.of([[rational(0.1)]])


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([[[P]], [[1]]], "layer 1, row 0: column 0 holds p, which does not lose its symbols"),
        ([[[P, 1]], [[1 / P]]], "layer 0, row 0: column 1 holds 1, which is not a rational multiple of p"),
        ([[[P, Q]], [[1 / P]]], "column 1 holds q, which is not a rational multiple of p"),
        ([[[P - Q]], [[1]]], "the sign of p - q does not follow from the declared signs"),
        ([[[P + N]], [[1]]], "does not follow"),
        ([[[P]], [[1 / (P - Q)]]], "divides by p - q, which may be zero"),
        ([[[sympy.sqrt(P)]], [[1 / sympy.sqrt(P)]]], "expected a rational function of the symbols, got sqrt(p)"),
        ([[[sympy.exp(P)]], [[sympy.exp(-P)]]], "expected a rational function"),
        ([[[sympy.pi * P]], [[1 / P]]], "expected a rational function of the symbols, got pi"),
        ([[[U]], [[1 / U]]], "the weight symbol u has no declared sign; use sympy.Symbol('u', positive=True)"),
        ([[[P]], [[1 / sympy.Symbol("p", negative=True)]]], "two different weight symbols are called p"),
    ],
)
def test_what_is_not_one_function_is_refused_by_name(layers, words):
    net = MLP.from_arrays([(weight, None) for weight in layers])
    with pytest.raises(NetworkError) as error:
        resolve_family(net)
    assert words in str(error.value)
    with pytest.raises(NetworkError):
        relucirc.prove(net, "x")


def test_a_symbolic_bias_must_scale_with_its_row():
    with pytest.raises(NetworkError, match="the bias holds 1, which is not a rational multiple of p"):
        resolve_family(MLP.from_arrays([([[P]], [1]), ([[1 / P]], None)]))
    with pytest.raises(NetworkError, match="the bias holds p, which does not lose its symbols"):
        resolve_family(MLP.from_arrays([([[1]], None), ([[1]], [P])]))


def test_a_wrong_family_is_refuted():
    wrong = MLP.from_arrays([([[P], [N]], None), ([[1 / P, -1 / N]], None)])
    result = relucirc.prove(wrong, "x")
    assert result.status == "refuted"
    assert result.witness["x"] < 0


def test_a_family_has_no_family():
    with pytest.raises(NetworkError, match="a family already"):
        family_of(circuits.identity.family())
