"""Affine forms, graphs and the normal form: exact, canonical, and without effect on any value."""

from fractions import Fraction

import hunting
import plain
import pytest
import sympy
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, circuits
from relucirc.core.errors import FormulaError
from relucirc.core.exact import fraction, rational
from relucirc.core.forms import Form, combine, form_to_json, primitive_scale
from relucirc.core.graph import Graph, GraphBuilder, Guard, MaxGate, Relation
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.language.lower.from_network import graph_of_network
from relucirc.strategies import networks, points

NUMBERS = st.fractions(-9, 9, max_denominator=6)
FORMS = st.builds(
    lambda terms, const: Form({v: rational(c) for v, c in terms.items()}, rational(const)),
    st.dictionaries(st.integers(0, 3), NUMBERS, max_size=4),
    NUMBERS,
)
VALUES = st.lists(NUMBERS.map(rational), min_size=4, max_size=4)
NAMES = ("x1", "x2")


@given(FORMS, FORMS, NUMBERS.map(rational), VALUES)
def test_arithmetic_of_forms_is_arithmetic_of_their_values(a, b, c, values):
    p, q = a.evaluate(values), b.evaluate(values)
    assert (a + b).evaluate(values) == p + q
    assert (a - b).evaluate(values) == p - q
    assert (-a).evaluate(values) == -p
    assert a.scale(c).evaluate(values) == c * p
    assert a.shift(c).evaluate(values) == p + c
    assert combine([(c, a), (fmpq(-2), b), (c, b)]).evaluate(values) == c * p - 2 * q + c * q
    assert a.substitute(lambda v: b if v == 1 else None).evaluate(values) == a.evaluate([values[0], q, *values[2:]])


@given(FORMS, FORMS)
def test_equal_functions_have_equal_forms(a, b):
    """No zero is stored, so the same function reached two ways is the same form and key."""
    for one, other in (
        ((a + b) - b, a),
        (a - a, Form()),
        (a.scale(fmpq(2)) - a, a),
        (Form() - (-a), a),
        (a.scale(fmpq(0)), Form()),
    ):
        assert one == other
        assert one.key == other.key
        assert hash(one) == hash(other)
        assert all(one.terms.values())
    assert (a == b) == (a.key == b.key) == (not a - b)
    assert bool(a) == (a != Form())
    assert a != "form"


@given(FORMS, st.fractions(Fraction(1, 9), 9).map(rational))
def test_the_primitive_form_is_one_for_all_positive_multiples(form, factor):
    scale, primitive = form.primitive()
    assert scale > 0
    assert primitive.scale(scale) == form
    assert form.scale(factor).primitive()[1] == primitive
    assert primitive.primitive() == (1, primitive)
    assert all(c.q == 1 for c in (*primitive.terms.values(), primitive.const))
    assert primitive_scale([form, form.scale(factor)]) > 0
    assert form.sign() == -(-form).sign()
    assert (form.sign() == 0) == (not form)


@given(FORMS)
def test_written_forms_hold_their_numbers_as_text(form):
    data = form_to_json(form)
    back = Form({int(k[1:]): rational(v) for k, v in data.items() if k != "1"}, rational(data.get("1", 0)))
    assert back == form
    assert repr(Form({0: fmpq(1, 2), 3: fmpq(-1)}, fmpq(7))) == "1/2*v0 + -1*v3 + 7"


@given(hunting.formulas(2), points(2))
def test_a_graph_has_the_value_of_its_formula(formula, point):
    graph = graph_of_formula(plain.as_text(formula, NAMES), NAMES)
    expected = plain.value(formula, point)
    assert [fraction(v) for v in graph.evaluate([rational(c) for c in point])] == [expected]


@given(networks(), st.data())
def test_a_graph_has_the_values_of_its_network(net, data):
    point = net.point(*data.draw(points(net)))
    assert graph_of_network(net).evaluate(point) == net.trace(point)[-1][1]


def normal(graph, flatten):
    hinges = HingeGraph(len(graph.inputs), flatten=flatten)
    outputs, steps = hinges.lower(graph)
    assert len(steps) == len(graph.gates)
    return hinges, outputs


def as_graph(hinges, outputs, names):
    """A normal form as a graph again, each atom as a maximum."""
    builder = GraphBuilder(names)
    forms: list[Form] = []

    def value(v):
        return None if v < hinges.n else forms[v - hinges.n]

    for atom in hinges.atoms:
        forms.append(builder.max([Form(), *(element.substitute(value) for element in atom.elements)]))
    return builder.build([output.substitute(value) for output in outputs])


@pytest.mark.parametrize("flatten", [False, True])
@settings(max_examples=60)
@given(net=networks(dtypes=[None], max_depth=2), data=st.data())
def test_the_normal_form_keeps_every_value(flatten, net, data):
    graph = graph_of_network(net)
    point = net.point(*data.draw(points(net)))
    assert as_graph(*normal(graph, flatten), net.inputs).evaluate(point) == graph.evaluate(point)


@settings(max_examples=60)
@given(networks(dtypes=[None], max_depth=2))
def test_the_normal_form_of_a_normal_form_is_itself(net):
    """Its own atoms are found again one by one: the same outputs over the same atoms."""
    hinges, outputs = normal(graph_of_network(net), flatten=False)
    again, same = normal(as_graph(hinges, outputs, net.inputs), flatten=False)

    def written(graph, form):
        atoms = {f"relu{written(graph, graph.atom(v).elements[0])}": c for v, c in form.terms.items() if v >= graph.n}
        plain_terms = {f"x{v}": c for v, c in form.terms.items() if v < graph.n}
        return sorted((name, str(c)) for name, c in {**atoms, **plain_terms, "1": form.const}.items())

    assert [written(again, form) for form in same] == [written(hinges, form) for form in outputs]


@given(networks(dtypes=[None]))
def test_atoms_are_normalised_and_shared(net):
    hinges, _ = normal(graph_of_network(net), flatten=False)
    keys = set()
    for atom in hinges.atoms:
        assert atom.is_hinge
        (form,) = atom.elements
        assert form.primitive()[0] == 1
        assert form.sign() > 0
        assert not form.is_constant
        keys.add(form.key)
    assert len(keys) == len(hinges.atoms)


CORNERS = st.lists(st.integers(-4, 4), min_size=2, max_size=6, unique=True)


@given(CORNERS, st.data())
def test_a_chain_of_maxima_is_one_atom_in_any_order_shifted_and_scaled(corners, data):
    """Forms t*x1 + t^2*x2 are in convex position, so that none is redundant."""
    hinges = HingeGraph(2, flatten=True)
    affine = data.draw(st.builds(lambda a, b, c: Form({0: fmpq(a), 1: fmpq(b)}, fmpq(c)), *[st.integers(-5, 5)] * 3))
    results = []
    for scale in (fmpq(1), fmpq(3), fmpq(2, 7)):
        builder = GraphBuilder(NAMES)
        forms = [Form({0: fmpq(t), 1: fmpq(t * t)}) for t in data.draw(st.permutations(corners))]
        result = forms[0].scale(scale) + affine
        for form in forms[1:]:
            result = builder.max([result, form.scale(scale) + affine])
        (output,), _ = hinges.lower(builder.build([result]))
        results.append((output - affine).scale(1 / scale))
    assert results[0] == results[1] == results[2]
    assert len(hinges.reachable(results)) == 1
    assert len(hinges.atoms[hinges.reachable(results)[0]].elements) == len(corners) - 1


def relus(*rows):
    """The outputs of a hinge graph for max(0, row) of each row of numbers, the constant last."""
    builder = GraphBuilder(NAMES)
    outputs = [builder.relu(Form({0: fmpq(a), 1: fmpq(b)}, fmpq(c))) for a, b, c in rows]
    hinges = HingeGraph(2)
    return hinges, hinges.lower(builder.build(outputs))[0]


def test_opposite_and_rescaled_neurons_are_one_hinge():
    hinges, (one, opposite, double) = relus((1, -1, 2), (-1, 1, -2), (2, -2, 4))
    assert len(hinges.atoms) == 1
    assert opposite == one - Form({0: fmpq(1), 1: fmpq(-1)}, fmpq(2))
    assert double == one.scale(fmpq(2))


def test_a_combination_of_hinges_is_its_own_relu_or_none():
    builder = GraphBuilder(("x",))
    hinge = builder.relu(builder.input(0))
    positive, negative = hinge.scale(fmpq(3)).shift(fmpq(1)), hinge.scale(fmpq(-1)).shift(fmpq(-1))
    hinges = HingeGraph(1)
    kept, dead = hinges.lower(builder.build([builder.relu(positive), builder.relu(negative)]))[0]
    assert len(hinges.atoms) == 1
    assert kept == Form({1: fmpq(3)}, fmpq(1))
    assert not dead


def disguise(net, data):
    """Permutes, rescales, splits and pads the neurons of the first layer; the function is the same."""
    first, second, *rest = net.layers
    rows = [
        [*(fraction(v) for v in row), fraction(b)]
        for row, b in zip(first.weight.tolist(), first.exact_bias(), strict=True)
    ]
    columns = list(zip(*([fraction(v) for v in row] for row in second.weight.tolist()), strict=True))
    neurons = []
    for row, column in zip(rows, columns, strict=True):
        scale = data.draw(st.sampled_from([Fraction(1, 3), Fraction(1), Fraction(5, 2)]))
        share = data.draw(st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(-2)]))
        for part in {share, 1 - share} - {0}:
            neurons.append(
                ([scale * c for c in row], [part / scale * c * (2 if share == Fraction(1, 2) else 1) for c in column])
            )
    neurons.append(([Fraction(0)] * len(rows[0][:-1]) + [Fraction(-1)], [Fraction(7)] * second.shape[0]))  # dead
    neurons = data.draw(st.permutations(neurons))
    weight, bias = [row[:-1] for row, _ in neurons], [row[-1] for row, _ in neurons]
    after = [list(row) for row in zip(*(column for _, column in neurons), strict=True)]
    return MLP.from_arrays([(weight, bias), (after, second.exact_bias()), *rest], net.inputs)


@settings(max_examples=40)
@given(networks(dtypes=[None], min_depth=1, max_depth=2, max_width=3), st.data())
def test_a_disguised_network_has_the_same_normal_form(net, data):
    both = HingeGraph(len(net.inputs))
    original, _ = both.lower(graph_of_network(net))
    atoms = len(both.atoms)
    disguised, _ = both.lower(graph_of_network(disguise(net, data)))
    assert disguised == original
    assert len(both.atoms) == atoms


def test_a_builder_drops_comparisons_that_are_decided():
    builder = GraphBuilder(("x",))
    x = builder.input(0)
    assert builder.max([x, x.shift(fmpq(1)), x.shift(fmpq(-1))]) == x.shift(fmpq(1))
    assert builder.min([x, x]) == x
    assert builder.gates == []
    assert builder.max([x, -x]) == Form.variable(1)
    assert builder.gates == [MaxGate(x, -x)]


GUARDS = st.recursive(
    st.sampled_from(
        [
            Guard("true"),
            Guard("false"),
            *(Guard("relation", relation=Relation(Form.variable(v), op)) for v in (0, 1) for op in (">", ">=", "==")),
        ]
    ),
    lambda parts: st.builds(
        lambda kind, inner: Guard(kind, tuple(inner[:1] if kind == "not" else inner)),
        st.sampled_from(["and", "or", "not"]),
        st.lists(parts, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(GUARDS, st.tuples(*[st.integers(-1, 1)] * 2))
def test_guards_are_decided_as_logic_says_and_never_too_early(guard, point):
    def truth(g):
        if g.kind in ("true", "false"):
            return g.kind == "true"
        if g.relation is not None:
            v = point[min(g.relation.form.terms)]
            return {">": v > 0, ">=": v >= 0, "==": v == 0}[g.relation.op]
        inner = [truth(part) for part in g.parts]
        return all(inner) if g.kind == "and" else any(inner) if g.kind == "or" else not inner[0]

    def known(r, hidden=()):
        v = min(r.form.terms)
        return None if v in hidden else r.holds(point[v])

    assert guard.decide(known) == truth(guard)
    for hidden in ((0,), (1,), (0, 1)):
        early = guard.decide(lambda r, hidden=hidden: known(r, hidden))
        assert early is None or early == truth(guard)
    assert all(r.op in (">", ">=", "==") for r in guard.relations())


def test_inputs_are_matched_by_name_where_graphs_meet():
    graph = graph_of_network(circuits.subtraction())
    other = graph_of_formula(graph, ("x3", "x2", "x1"))
    assert other.evaluate([fmpq(100), fmpq(2), fmpq(7)]) == [5]
    with pytest.raises(FormulaError, match="uses x2, but the inputs are x1, z"):
        graph_of_formula(graph, ("x1", "z"))
    piecewise = graph_of_formula(sympy.Piecewise((1, sympy.Symbol("b") > 0), (0, True)), ("b",))
    assert isinstance(piecewise, Graph)
    assert piecewise.has_selects
    assert graph_of_formula(piecewise, ("a", "b")).evaluate([fmpq(-1), fmpq(1)]) == [1]
    assert not relucirc.prove(circuits.subtraction(), "x2 - x1")


@given(hunting.formulas(2, jumps=False))
def test_continuous_formulas_have_no_selects(formula):
    assume("if" not in str(formula))
    assert not graph_of_formula(plain.as_text(formula, NAMES), NAMES).has_selects
