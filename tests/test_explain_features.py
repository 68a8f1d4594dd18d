"""``explain``: hidden variables and features of all layers, with shared names, in every disguise and on domains."""

import itertools
from fractions import Fraction

import pytest
import sympy
from disguises import EVERY_WAY, MOVES, disguise, embedded, outer

import relucirc
from relucirc import MLP, Box, circuits, compile_formula, explain, prove
from relucirc.circuits import catalogue
from relucirc.core.exact import fraction

pytestmark = pytest.mark.usefixtures("few_steps")

LONG = ("sawtooth", "yarotsky_square", "order_statistic")
EVERYWHERE = [name for name, circuit in catalogue.items() if circuit.where is None and name not in LONG]
QUICK = ("minimum", "absolute", "median", "clip", "identity", "half_adder", "hat")
WAYS = {
    **{move: lambda net, move=move: disguise(net, move, seed=5) for move in (*MOVES, "passed", "turned")},
    "every way": lambda net: disguise(net, *EVERY_WAY, seed=4),
    "a multiple": lambda net: outer(net, Fraction(-2), Fraction(1)),
    "more inputs": embedded,
}


def listed(value):
    return value if isinstance(value, list) else [value]


def operations(formula):
    return int(sum(sympy.count_ops(part) for part in listed(formula)))


def expanded(found):
    """The formulas in steps, with those of the variables put in."""
    known = {}
    for part in found.variables:
        known[sympy.Symbol(part.variable)] = part.formula.xreplace(known)
    return known, [part.formula.xreplace(known) for part in found.parts]


def assert_features_say_what_neurons_do(net, found, domain_points=None):
    """Every formula is what its neuron computes, and what is never or always active is so, at points."""
    n = len(net.inputs)
    points = domain_points or [[Fraction(5 * i * k + 3 * k - 7, 1 + (i + k) % 3) for i in range(n)] for k in range(6)]
    assert [(f.layer, f.neurons) for f in found.features] == [
        (k, (i,)) for k, size in enumerate(net.sizes[1:-1], 1) for i in range(1, size + 1)
    ]
    for point in points:
        values = dict(zip(net.inputs, map(sympy.Rational, map(str, point)), strict=True))
        trace = net.exact().trace(net.point(*point))
        for k, (_, after) in enumerate(trace, 1):
            values |= {f"h{k}.{i}": sympy.Rational(str(fraction(v))) for i, v in enumerate(after, 1)}
        for part in found.variables:
            values[part.variable] = part.formula.subs(values)
        names = {name.replace(".", "_"): value for name, value in values.items()}
        for feature in found.features:
            inside = sympy.sympify(feature.formula.removeprefix("relu").replace(".", "_"), names)
            assert max(0, inside) == values[f"h{feature.layer}.{feature.neurons[0]}"]
            assert feature.active != "never" or inside <= 0
            assert feature.active != "always" or inside >= 0


@pytest.mark.parametrize(
    ("name", "way"),
    [
        pytest.param(name, way, marks=() if name in QUICK and way in ("every way", "a multiple") else pytest.mark.slow)
        for name, way in itertools.product(EVERYWHERE, WAYS)
    ],
)
def test_a_circuit_in_disguise_has_its_formula_parts_and_features(name, way):
    net = WAYS[way](catalogue[name]())
    found = explain(net, budget=60)
    plain = catalogue[name].formula()
    if way == "a multiple":
        plain = [1 - 2 * part for part in listed(plain)]
        assert operations(found.formula) <= operations([sympy.expand(part) for part in plain])
    else:
        assert operations(found.formula) <= operations(plain)
    _, outputs = expanded(found)
    assert len(outputs) == net.sizes[-1]
    assert prove(net, outputs if len(outputs) > 1 else outputs[0])
    assert all(part.proof.status == "proved" for part in (*found.variables, *found.parts))
    assert all(f.proof is None or f.proof.status == "proved" for f in found.features)
    assert_features_say_what_neurons_do(net, found)


@pytest.mark.parametrize("move", [*MOVES, "turned"])
def test_the_last_comparison_in_a_minimum_of_four_is_between_minima(move):
    found = explain(disguise(circuits.minimum(4), move, seed=3))
    known, _ = expanded(found)
    compared = {
        frozenset(known.get(sympy.Symbol(name), sympy.Symbol(name)) for name in feature.of)
        for feature in found.features
        if feature.name == "greaterness detector" and feature.layer == found.features[-1].layer
    }
    x1, x2, x3, x4 = sympy.symbols("x1:5")
    assert frozenset([sympy.Min(x1, x2), sympy.Min(x3, x4)]) in compared


def test_later_layers_speak_of_variables_with_formulas():
    found = explain(circuits.minimum(4))
    assert [str(feature) for feature in found.layers[1]] == [
        "layer 2, neuron 1: positiveness detector of u2: relu(u2)",
        "layer 2, neuron 2: negativeness detector of u2: relu(-u2)",
        "layer 2, neuron 3: greaterness detector, u2 over u1: relu(-u1 + u2)",
    ]
    assert [feature.label for feature in found.layers[1]] == ["+(u2)", "-(u2)", "u2 > u1"]
    assert "layer 2, neurons 1, 2 and 3: minimum circuit of u1 and u2" in map(str, found.groups)


def test_outputs_share_variables_by_name():
    found = explain(circuits.sort(3))
    u1, u2, u3, x1, x2, x3 = sympy.symbols("u1 u2 u3 x1 x2 x3")
    assert found.formulas == {
        "u1": sympy.Min(x1, x3),
        "u2": sympy.Max(u1, x2),
        "u3": sympy.Max(x1, x3),
        "y1": sympy.Min(u1, x2),
        "y2": sympy.Min(u2, u3),
        "y3": sympy.Max(u2, u3),
    }
    assert found.to_json()["formulas"]["y2"] == "Min(u2, u3)"
    shown = [line.split()[1] for line in str(found).splitlines() if line.startswith("part")]
    assert shown == ["y1", "u1", "y2", "u2", "u3", "y3"]


def test_plain_data_says_a_shared_part_once():
    data = explain(circuits.sort(8), budget=120).to_json()
    assert len(str(data["parts"])) < 20_000
    assert len(data["variables"]) == len({part["variable"] for part in data["variables"]})


def test_with_a_tolerance_it_is_still_said_which_neurons_never_bend():
    net = MLP.from_arrays([([[1.0, 0.0], [0.0, 1.0]], [3.0, -3.0]), ([[1.0, 1.0]], None)])
    found = explain(net, Box(-1, 1), "1/10")
    assert found.formula == sympy.Symbol("x1") + 3
    assert [feature.active for feature in found.features] == ["always", "never"]
    assert [(r.layer, r.neuron) for r in found.redundant] == [(1, 2)]


def test_minima_and_maxima_that_come_to_an_order_statistic_are_named():
    (root,) = explain(circuits.median(5)).parts
    assert root.whole == "median of x1, x2, x3, x4, x5"
    assert [part.whole for part in explain(circuits.sort(4)).parts] == [
        "minimum of x1, x2, x3, x4",
        "order statistic 2 of x1, x2, x3, x4",
        "order statistic 3 of x1, x2, x3, x4",
        "maximum of x1, x2, x3, x4",
    ]
    (root,) = explain(circuits.median(3)).parts
    assert root.whole == "median of x1, x2, x3"
    assert operations(root.formula) == 2
    assert root.given  # that u1 = Min(x1, x2) is at most u2 = Max(x1, x2)
    (other,) = explain(compile_formula("Max(Min(x1, x2), Min(x2, x3))").network).parts
    assert other.whole == ""


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("Max(2*Min(x1, x2) + 1, Min(1, Max(0, x3)))", {"maximum", "minimum", "clip"}),
        ("Max(0, 1 - Abs(Min(x1, x2)))", {"hat", "minimum"}),
        ("Max(0, Min(x1, x2) + Abs(x3))", {"positive part", "minimum", "absolute"}),
        (
            "Min(x1, x2) + Max(x2, x3) + Min(1, Max(0, x1))",
            {"sum of minimum + maximum + clip", "minimum", "maximum", "clip"},
        ),
    ],
)
def test_circuits_inside_are_named_one_by_one(formula, names):
    found = explain(compile_formula(formula).network)
    pending, seen = list(found.parts), set()
    while pending:
        part = pending.pop()
        seen.add(part.name)
        pending += part.below
    assert seen == names


@pytest.mark.parametrize("name", ["and", "or", "nand", "nor", "xor", "xnor", "majority", "implies"])
def test_gates_are_named_inside_of_other_networks(name):
    gate = f"{name}_gate"
    for net in (catalogue[gate](), disguise(catalogue[gate](), *EVERY_WAY, seed=1)):
        assert explain(net).parts[0].name == f"{name} gate"
    assert explain(circuits.half_adder()).parts[1].name == "and gate"
    inside = explain(compile_formula("2*Max(0, x1 + x2 - 1) + Min(1, x2 + x3)").network)
    assert inside.parts[0].name == "sum of 2*and gate + or gate"
    other = explain(compile_formula("Max(0, x1 + x2 - 2)").network)
    assert other.parts[0].name == "positive part"


def test_neurons_that_never_bend_on_the_domain_are_known_by_proof():
    first = [([[1, 1], [1, 0], [-1, 0], [1, -1], [0, 1]], [1, -2, 0, 0, 0])]
    second = (
        [[0, 0, 0, -1, 0], [0, 0, 0, 1, 1], [1, 0, 0, 0, 0], [-1, 0, 0, 1, 1], [0, 0, 0, 1, -1]],
        [1, -1, -1, 0, 0],
    )
    net = MLP.from_arrays([*first, second, ([[1] * 5], None)])
    found = explain(net, "0 <= x1 <= 1, 0 <= x2 <= 1")
    assert [[feature.active for feature in layer] for layer in found.layers] == [
        ["always", "never", "never", "sometimes", "always"],
        ["always", "never", "always", "never", "sometimes"],
    ]
    assert str(found.features[1]) == "neuron 2: threshold detector, always off in the domain: relu(x1 - 2)"
    assert {(r.layer, r.neuron) for r in found.redundant} >= {(1, 2), (1, 3), (2, 2), (2, 4)}
    points = [[Fraction(i, 4), Fraction(j, 4)] for i in range(5) for j in range(5)]
    assert_features_say_what_neurons_do(net, found, points)
    everywhere = explain(net)
    assert "never" not in {feature.active for feature in everywhere.layers[0]}
    assert_features_say_what_neurons_do(net, everywhere)


def test_a_neuron_that_samples_do_not_see_is_not_said_to_be_off():
    net = MLP.from_arrays([([[1000, 1000]], [-1999]), ([[1]], None)])
    (feature,) = explain(net, Box(0, 1)).features
    assert feature.active == "sometimes"
    (never,) = explain(MLP.from_arrays([([[1000, 1000]], [-2000]), ([[1]], None)]), Box(0, 1)).features
    assert never.active == "never"


def test_every_word_of_the_vocabulary_has_a_label():
    rows = [[1, 0], [-2, 0], [1, -1], [-1, -1], [3, 0], [-1, 0], [2, -3], [1, 1], [0, 0], [-1, -1], [2, -2]]
    bias = [0, 0, 0, 0, -1, 2, 0, -1, 3, 1, 4]
    net = MLP.from_arrays([(rows, bias), ([[1] * 11], None)])
    features = explain(net).features
    assert [feature.label for feature in features] == [
        "+(x1)",
        "-(x1)",
        "x1 > x2",
        "-(x1 + x2)",
        "x1 > 1/3",
        "x1 < 2",
        "2*x1 > 3*x2",
        "x1 + x2 > 1",
        "3",
        "x1 + x2 < 1",
        "x1 + 2 > x2",
    ]
    assert features[9].mirror == 8
    assert "mirror of neuron 8" in str(features[9])


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(5, 50, 50, 5), (5, 50, 50, 50, 50, 50, 50, 5)])
def test_large_networks_have_features_and_redundancy(sizes):
    from hard import random_network

    net = random_network(sizes)
    found = explain(net, Box(-1, 1), budget=8)
    assert len(found.features) == net.hidden_neurons
    assert len(str(found)) < 6000
    assert relucirc.core.answer.plain(found.to_json()["labels"])


def test_hidden_variables_have_names_that_no_input_has():
    net = MLP(circuits.minimum(4).layers, ("u1", "u2", "v3", "x"))
    found = relucirc.explain(net)
    assert [part.variable for part in found.variables] == ["w1", "w2"]
    assert str(found.formula) == "Min(u1, u2, v3, x)"
    assert found.layers[1][2].label == "w2 > w1"
