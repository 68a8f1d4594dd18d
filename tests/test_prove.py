"""The contract of ``prove``: what its answers hold, and that they are right, whatever form the claim is in."""

import json
from fractions import Fraction

import hunting
import jax.numpy as jnp
import numpy as np
import plain
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, RelucircError, circuits, prove
from relucirc.circuits import catalogue
from relucirc.strategies import networks, points

x1, x2 = sympy.symbols("x1 x2")
MINIMUM = [[[[0, 1], [0, -1], [-1, 1]], [0, 0, 0]], [[[1, -1, -1]], [0]]]
TINY = [Fraction(sign, 2**bits) for bits in (1, 40, 60) for sign in (1, -1)]


def values(point):
    return tuple(Fraction(int(v.p), int(v.q)) for v in point.values())


def assert_right(result, layers, formulas, relations, names):
    """Checks all that an answer claims about itself, by the plain evaluators."""
    assert result.status in ("proved", "refuted", "unknown")
    if result.status == "refuted":
        assert not result
        assert list(result.witness) == list(names)
        assert all(isinstance(v, sympy.Rational) for v in result.witness.values())
        point = values(result.witness)
        assert plain.inside(relations, point)
        ours, theirs = plain.run(layers, point), [plain.value(f, point) for f in formulas]
        assert ours != theirs
        several = len(ours) > 1
        assert result.network_value == (list(map(sympy.Rational, ours)) if several else sympy.Rational(ours[0]))
        assert result.formula_value == (list(map(sympy.Rational, theirs)) if several else sympy.Rational(theirs[0]))
        assert result.certificate is None
        assert isinstance(result.method, str)
    elif result.status == "proved":
        assert result
        assert (result.witness, result.network_value, result.formula_value) == (None, None, None)
        assert json.loads(json.dumps(result.certificate)) == result.certificate
    else:
        with pytest.raises(RelucircError, match="unknown, neither true nor false"):
            bool(result)
    assert str(result).startswith(f"{result.status}: ")
    assert str(result).endswith(".")
    assert result.seconds >= 0
    assert json.loads(json.dumps(result.to_json())) == result.to_json()
    assert set(result.to_json()) >= {"status", "witness", "network_value", "formula_value", "method", "certificate"}


@settings(max_examples=80)
@given(
    st.integers(1, 3).flatmap(
        lambda n: st.tuples(st.just(n), hunting.layers_(n, 2, 2, 3), hunting.formulas(n), hunting.formulas(n))
    )
)
def test_an_answer_holds_what_the_contract_says(drawn):
    n, layers, *formulas = drawn
    names = [f"v{i}" for i in range(n)]
    result = prove(hunting.mlp(layers, names), [plain.as_text(f, names) for f in formulas], budget=10)
    assert_right(result, layers, formulas, [], names)


FORMS_OF_A_FORMULA = {
    "SymPy": sympy.Min(x1, x2),
    "text": "Min(x1, x2)",
    "a list": [sympy.Min(x1, x2)],
    "a list of text": ["min(x1, x2)"],
    "a matrix": sympy.Matrix([sympy.Min(x1, x2)]),
    "symbols with assumptions": sympy.Min(*sympy.symbols("x1 x2", real=True)),
    "a Piecewise": sympy.Piecewise((x1, x1 <= x2), (x2, True)),
    "a network": circuits.minimum_two_layers(),
    "a float network": circuits.minimum().astype("float16"),
    "a symbolic family": circuits.minimum.family(),
    "a JAX function of numbers": jnp.minimum,
    "a JAX function of an array": lambda x: jnp.sort(x)[0],
}


@pytest.mark.parametrize("formula", FORMS_OF_A_FORMULA.values(), ids=FORMS_OF_A_FORMULA)
def test_a_formula_in_every_form_is_proved_and_refuted(formula):
    if isinstance(formula, MLP) and formula.symbols:
        assert prove(formula, "Min(x1, x2)").status == "proved"
        return
    assert prove(circuits.minimum(), formula).status == "proved"
    result = prove(circuits.maximum(), formula)
    assert result.status == "refuted"
    assert max(abs(part) for v in result.witness.values() for part in (v.p, v.q)) == 1
    assert {result.network_value, result.formula_value} == {0, 1}


def test_a_network_in_every_form():
    layers = [([[0, 1], [0, -1], [-1, 1]], [0, 0, 0]), ([[1, -1, -1]], [0])]
    kinds = [
        layers,
        [([[Fraction(w) for w in row] for row in rows], None) for rows, _ in layers],
        [([[sympy.Rational(w) for w in row] for row in rows], None) for rows, _ in layers],
        [([[str(w) for w in row] for row in rows], ["0"] * len(rows)) for rows, _ in layers],
        [(np.array(rows, np.float32), None) for rows, _ in layers],
        [(jnp.array(rows, jnp.bfloat16), jnp.zeros(len(rows), jnp.bfloat16)) for rows, _ in layers],
        [(sympy.Matrix(rows), None) for rows, _ in layers],
    ]
    for kind in kinds:
        assert prove(MLP.from_arrays(kind), "Min(x1, x2)").status == "proved"
    assert prove(lambda a, b: -jnp.maximum(-a, -b), "Min(a, b)", inputs=("a", "b")).status == "proved"
    with pytest.raises(RelucircError, match=r"a JAX function does not name its inputs; pass inputs="):
        prove(jnp.minimum, "Min(a, b)")
    for wrong in ("minimum", None, 3, [[1]]):
        with pytest.raises(relucirc.NetworkError, match=r"expected a network .* relucirc.load reads files"):
            prove(wrong, "x1")


SMALL_CIRCUITS = [name for name, c in catalogue.items() if c().hidden_neurons <= 6 and len(c().layers) > 1]


@pytest.mark.parametrize("name", SMALL_CIRCUITS)
def test_an_output_weight_moved_by_a_tiny_amount_is_refuted_with_a_small_witness(name):
    """The first layer's weights are moved in test_circuits; here the last layer's, and every bias."""
    circuit = catalogue[name]
    net = circuit()
    for step in TINY[2:]:
        *before, last = net.layers
        weight, bias = last.weight.tolist(), list(last.exact_bias())
        for i in range(len(weight)):
            moved = [*bias[:i], bias[i] + relucirc.core.exact.rational(step), *bias[i + 1 :]]
            result = prove(MLP.from_arrays([*before, (weight, moved)], net.inputs), circuit.formula(), circuit.domain)
            assert result.status == "refuted"
            assert max(abs(part) for v in result.witness.values() for part in (v.p, v.q)) <= 10


def test_a_witness_is_small_where_a_small_one_exists():
    cases = {
        "Max(x1, x2)": 1,
        "Min(x1, x2) + relu(x1 - 1000)": 2000,
        "Min(x1, x2) + relu(x1 + x2 - 7)": 10,
        "Min(x1, x2) + relu(1/3 - Abs(x1 - 1/2))": 2,
        "Min(x1, x2) + 1/1099511627776*x1": 1,
        "Min(x1, x2) + 1e-30": 1,
    }
    for formula, bound in cases.items():
        witness = prove(circuits.minimum(), formula).witness
        assert max(abs(part) for v in witness.values() for part in (v.p, v.q)) <= bound, formula


def test_a_witness_with_many_coordinates_is_told_by_those_that_are_not_0():
    net = relucirc.MLP.from_arrays([([[0] * 8 + [1]], None)])
    assert str(prove(net, "0")) == "refuted: at x9 = 1 and 0 elsewhere, the network gives 1 and the formula 0."
    assert str(prove(net, "x9 + 1")) == "refuted: at the origin the network gives 0 and the formula 1."
    many = prove(relucirc.MLP.from_arrays([([[1] * 9], None)]), "0", domain=relucirc.Box(1, 2)).reason
    assert many.startswith("at x1 = 1, x2 = 1, x3 = 1, x4 = 1, x5 = 1, x6 = 1, ... the network gives 9 ")


def test_several_outputs_are_all_compared():
    net = circuits.half_adder()
    both = ["Abs(a - b)", "relu(a + b - 1)"]
    assert prove(net, circuits.half_adder.formula(), Box(0, 1, integer=True)).status == "proved"
    right = [str(e) for e in relucirc.to_sympy(net)]
    assert len(right) == len(both) == 2
    for i in (0, 1):
        wrong = [*right]
        wrong[i] += " + relu(" + net.inputs[0] + " - 5)"
        result = prove(net, wrong)
        assert result.status == "refuted"
        assert result.network_value[1 - i] == result.formula_value[1 - i]
        assert result.network_value[i] != result.formula_value[i]
        assert f"(output {i + 1})" in result.reason
    with pytest.raises(relucirc.FormulaError, match=r"expected 2 output\(s\), as the network has, got 1"):
        prove(net, right[0])


@settings(max_examples=40)
@given(networks(dtypes=[None, "float32"], max_inputs=2, max_depth=2, max_width=3), st.data())
def test_a_network_equals_itself_and_no_network_with_one_output_moved(net, data):
    assert prove(net, net).status == "proved"
    *before, last = net.exact().layers
    bias = list(last.exact_bias())
    bias[0] += relucirc.core.exact.rational(data.draw(st.sampled_from(TINY)))
    result = prove(net, MLP((*before, *MLP.from_arrays([(last.weight, bias)]).layers), net.inputs))
    assert result.status == "refuted"


@settings(max_examples=40)
@given(networks(dtypes=[None], max_inputs=2, max_depth=2, max_width=3, outputs=1), st.data())
def test_proved_on_a_domain_and_on_its_complement_is_proved(net, data):
    """Splitting the space by a hyperplane changes no answer."""
    formula = data.draw(hunting.formulas(len(net.inputs), jumps=False))
    text = plain.as_text(formula, net.inputs)
    half = data.draw(st.sampled_from(["{0} <= 1/2", "{0} + {1} > 0"])).format(net.inputs[0], net.inputs[-1])
    other = half.replace("<=", "!>").replace(">", "<=").replace("!<=", ">")
    whole = prove(net, text, budget=10).status
    parts = [prove(net, text, domain=part, budget=10).status for part in (half, other)]
    if "unknown" not in (whole, *parts):
        assert (whole == "proved") == (parts == ["proved", "proved"])


@given(st.data())
@settings(max_examples=30)
def test_floating_evaluation_agrees_where_a_proof_says_so(data):
    """After a proof, the formula's exact value is the network's float value at integer points."""
    name = data.draw(st.sampled_from(["absolute", "addition", "minimum", "maximum", "subtraction"]))
    net = catalogue[name]()
    assert prove(net, catalogue[name].formula())
    point = data.draw(points(net, elements=st.integers(-1000, 1000)))
    at = dict(zip(map(sympy.Symbol, net.inputs), point, strict=True))
    assert net.astype("float32")(jnp.array(point, jnp.float32)).tolist() == [
        int(catalogue[name].formula().xreplace(at))
    ]


@pytest.mark.parametrize("budget", ["60", float("nan"), [1], 1j])
def test_a_budget_that_is_no_number_is_refused(budget):
    for ask in (prove, relucirc.max_deviation):
        with pytest.raises(RelucircError, match="budget: expected a number of seconds, or None for no limit, got"):
            ask(circuits.minimum(), "x1", "x1 >= 0", budget=budget)


def test_no_budget_and_none_at_all():
    assert prove(circuits.minimum(), "Min(x1, x2)", budget=None).status == "proved"
    hard = MLP.from_arrays([*circuits.median(9).layers], circuits.median(9).inputs)
    result = prove(hard, "x1", domain="x1 + x2 >= 0", budget=1e-9)
    assert result.status == "unknown"
    assert (result.method, result.witness, result.certificate) == (None, None, None)
    assert "the budget of 1e-09 s ended" in result.reason
    with pytest.raises(RelucircError, match=r"the result is unknown, neither true nor false: .* Ask result.status"):
        bool(result)
    assert result.to_json()["status"] == "unknown"


def test_a_constant_and_an_input_that_is_not_used():
    constant = MLP.from_arrays([([[0, 0]], [3])])
    assert prove(constant, "3").status == "proved"
    assert prove(constant, 3).status == "proved"
    assert prove(constant, 3.5).formula_value == sympy.Rational(7, 2)
    assert prove(constant, "x2").status == "refuted"
    assert prove(MLP.from_arrays([([[1, 0]], None)]), "x1").status == "proved"


@pytest.mark.parametrize("step", TINY[2:])
@pytest.mark.parametrize("layer", [0, 1])
def test_every_bias_of_minimum_moved_is_refuted(layer, step):
    for i in range(len(MINIMUM[layer][1])):
        layers = [(rows, [Fraction(b) for b in biases]) for rows, biases in MINIMUM]
        layers[layer][1][i] += step
        result = prove(MLP.from_arrays(layers), sympy.Min(x1, x2))
        assert result.status == "refuted"
        assert plain.run(layers, values(result.witness)) != [min(values(result.witness))]


def test_a_witness_that_does_not_hold_is_never_returned(monkeypatch):
    """A method that proposes a wrong point is not believed."""
    from relucirc.proof.answers import Refuted
    from relucirc.proof.methods import METHODS

    def lie(problem):
        return Refuted("lie", tuple(problem.interior))

    for name in list(METHODS):
        monkeypatch.setitem(METHODS, name, lie)
    for domain in (None, "x1 > 0", "x1 == x2", "x1 in {0, 1}"):
        assert prove(circuits.minimum(), "Min(x1, x2)", domain).status == "unknown"
