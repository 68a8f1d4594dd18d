"""``explain``: formulas as short as their source, the circuits inside, and neurons that can go, in every disguise."""

from fractions import Fraction

import pytest
import sympy
from disguises import EVERY_WAY, MOVES, disguise, embedded, outer

import relucirc
from relucirc import MLP, circuits, compile_formula, explain, prove
from relucirc.circuits import catalogue
from relucirc.core.forms import Form
from relucirc.interpretation.monotone import Monotone
from relucirc.interpretation.terms import Absolute, Affine, added, extreme

pytestmark = pytest.mark.usefixtures("few_steps")

LONG = ("sawtooth", "yarotsky_square", "order_statistic")
EVERYWHERE = {name: circuit for name, circuit in catalogue.items() if circuit.where is None and name not in LONG}


def operations(formula):
    parts = formula if isinstance(formula, list) else [formula]
    return int(sum(sympy.count_ops(part) for part in parts))


def everything(found):
    pending, seen = list(found.parts), []
    while pending:
        seen.append(pending.pop())
        pending += seen[-1].below
    return seen


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_circuit_of_the_catalogue_is_explained_in_every_disguise(name):
    net, formula = catalogue[name](), catalogue[name].formula()
    plain = operations(formula)
    for hidden in (disguise(net, *EVERY_WAY, seed=1), embedded(disguise(net, "permuted", "scaled"))):
        found = explain(hidden, budget=30)
        assert found.status == "proved"
        assert operations(found.formula) <= plain
        assert all(part.proof.status == "proved" for part in everything(found))
    moved = explain(outer(net, Fraction(2), Fraction(1)), budget=30)
    claim = [sympy.expand(2 * part + 1) for part in (formula if isinstance(formula, list) else [formula])]
    assert operations(moved.formula) <= operations(claim)


@pytest.mark.parametrize("move", [*MOVES, "passed", "turned"])
def test_one_disguise_at_a_time_leaves_the_tree_of_a_minimum(move):
    found = explain(disguise(circuits.minimum(4), move, seed=3))
    (root,) = found.parts
    assert (root.name, sorted(part.name for part in root.below)) == ("minimum", ["minimum", "minimum"])
    assert {part.inputs for part in root.below} == {("x1", "x2"), ("x3", "x4")}
    assert str(root).splitlines()[0] == "y = Min(u1, u2): minimum"


def test_a_minimum_of_many_is_a_tree_of_minima_of_two():
    for n in (8, 64):
        parts = everything(explain(circuits.minimum(n)))
        assert len({part.variable for part in parts}) == n - 1
        assert {part.name for part in parts} == {"minimum"}


def test_comparators_of_a_sorting_network_are_named():
    found = explain(circuits.sort(4))
    assert {part.name for part in everything(found)} == {"minimum", "maximum"}
    assert [part.name for part in found.parts] == ["minimum", "minimum", "maximum", "maximum"]


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("2*Min(x1, x2) + 1", "2*minimum + 1"),
        ("-Min(x1, x2)", "-minimum"),
        ("Abs(x1 - x2)/3", "1/3*distance"),
        ("Min(2, Max(-1, x1))", "clip"),
        ("Max(0, 1 - Abs(x1))", "hat"),
        ("x1 + x2", "sum"),
        ("x1 - x2", "difference"),
        ("-x1", "negative identity"),
        ("Max(x1, x2, x3)", "maximum"),
        ("Abs(x1) - Min(x2, x3)", "sum of absolute - minimum"),
    ],
)
def test_circuits_and_affine_combinations_of_them_have_names(formula, name):
    found = explain(compile_formula(formula).network)
    assert found.parts[0].name == name
    assert operations(found.formula) <= operations(sympy.sympify(formula))


@pytest.mark.parametrize(
    "formula",
    [
        "Abs(Max(x3, x1 - 1))",
        "x1 + Min(2, Abs(x2))",
        "Max(0, Min(x1, x2) + Abs(x3))",
        "Min(x1, x2) + Max(x2, x3) + Min(1, Max(0, x1))",
        "2*Max(x1, 3*Min(x2, x3) - 1)",
        "Max(x2, Min(6, Max(3, x1)))",
    ],
)
def test_formulas_come_back_as_short_as_they_went(formula):
    net = disguise(compile_formula(formula).network, *EVERY_WAY, seed=2)
    found = explain(net)
    assert operations(found.formula) <= operations(sympy.sympify(formula))
    assert relucirc.check(net, found.formula, found.certificate).accepted


def test_neurons_that_can_go_are_named_and_the_rest_computes_the_same():
    net = MLP.from_arrays(
        [([[1], [2], [-1], [0], [1], [3]], [0, 0, 0, -2, 5, 0]), ([[1, "1/2", 1, 7, 0, -4]], [0])],
    )
    found = {(r.layer, r.neuron): r.reason for r in explain(net).redundant}
    assert found == {
        (1, 2): "a multiple of neuron 1",
        (1, 4): "never active",
        (1, 5): "nothing reads it",
        (1, 6): "a multiple of neuron 1",
    }
    assert prove(net, MLP.from_arrays([([[1], [-1]], None), ([[-10, 1]], None)]))
    cancelling = MLP.from_arrays([([[1, 1], [2, 2], [1, 0]], None), ([[2, -1, 1]], None)])
    reasons = [str(r) for r in explain(cancelling).redundant]
    assert reasons[0] == "layer 1, neuron 1: it cancels with 2 of its layer"
    assert explain(circuits.minimum()).redundant == ()
    assert [r.neuron for r in explain(circuits.absolute(), "x >= 0").redundant] == [2]


def test_the_shortest_monotone_formula_is_found():
    # (a and b) or c, said by the sets on which it is true and false
    made = Monotone([0b011, 0b100], [0b001, 0b010], [0, 0, 0]).shortest()
    assert made in (("or", ("and", 0, 1), 2), ("or", 2, ("and", 0, 1)), ("or", ("and", 1, 0), 2))
    assert Monotone([0b001], [0b011], [0, 0]).shortest() is None


def test_the_cost_of_a_term_is_what_sympy_counts():
    x, y = Form.variable(0), Form.variable(1)
    one = relucirc.core.exact.ONE
    inner = extreme(-1, [Affine(x.scale(-one)), Affine((y.scale(3 * one / 2)).shift(-2 * one))])
    for term in (
        inner,
        Absolute(Affine(x - y)),
        added([(-2 * one, Absolute(inner)), (one / 3, inner), (one, Affine(Form({}, -one)))]),
        added([(-one, inner)]),
    ):
        assert term.cost[0] == sympy.count_ops(term.expression(sympy.symbols("x y")))
