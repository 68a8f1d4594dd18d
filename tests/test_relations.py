"""Claims of relations and tolerances: what is read, what breaks it, and what is refused."""

import dataclasses
import math
import re
from fractions import Fraction

import hunting
import jax.numpy as jnp
import plain
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import circuits, prove
from relucirc.checker import equality
from relucirc.checker.data import Rejected
from relucirc.cli import main
from relucirc.core.exact import fraction, rational
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, GraphBuilder, Relation
from relucirc.language.claim import read_claim
from relucirc.language.conditions import parse_relation
from relucirc.language.lower import from_relation, guards, violations
from relucirc.language.lower.from_formula import Lowering
from relucirc.language.relations import output_names, read_relation

MINIMUM = circuits.minimum()
SORTED = circuits.sort(3)
ABSOLUTE = circuits.absolute()
OVER_Y = relucirc.MLP.from_arrays([([[1, 1]], None)], ["x", "y"])
x1, x2, x3, y, y1, y2, y3 = sympy.symbols("x1 x2 x3 y y1 y2 y3")
POINTS = [(0, 0), (1, 1), (1, 0), (0, 1), (-1, 2), (Fraction(1, 3), Fraction(-2, 7)), (-5, -5), (3, Fraction(5, 2))]


def broken_at(claim, point):
    return claim.is_witness([rational(c) for c in point])


def holds_at(relation, point, net=MINIMUM):
    return not broken_at(read_claim(net, relation), point)


# What is read


FORMS = {
    "y <= Max(x1, x2) + 1/10": "y <= max(a, b) + Fraction(1, 10)",
    "y < Max(x1, x2)": "y < max(a, b)",
    "-1 <= y, y <= 1": "-1 <= y <= 1",
    "0 <= y <= 1": "0 <= y <= 1",
    "[y >= 0, y >= x1]": "y >= 0 and y >= a",
    "not (y < 0)": "y >= 0",
    "not not y < 0": "y < 0",
    "y != 0": "y != 0",
    "y == 0": "y == 0",
    "y == x1 or y == x2": "y in (a, b)",
    "(y > 0) & (y < 2) | ~(x1 >= x2)": "0 < y < 2 or a < b",
    "Or(And(y > 0, x1 > 0), Not(y >= x2))": "(y > 0 and a > 0) or y < b",
    "Eq(y, x1), Ne(x2, 1)": "y == a and b != 1",
    "x1 < y or x1 <= x2 and not x2 < y": "a < y or (a <= b and b >= y)",
    "Min(y, 2*x1) < Piecewise((x1, y > x2), (1/2, True))": "min(y, 2 * a) < (a if y > b else 0.5)",
    "Abs(y - x1) <= relu(x2) and y - y <= 3": "abs(y - a) <= max(b, 0)",
    "y <= y": "True",
    "y < y": "False",
    "y >= 0 or y < 0": "True",
}


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("point", POINTS)
def test_a_relation_is_broken_exactly_where_it_does_not_hold(text, point):
    truth = eval(FORMS[text], {"a": point[0], "b": point[1], "y": min(point), "Fraction": Fraction})
    assert holds_at(text, point) == truth


SAME = {
    "y <= 3": sympy.Le(y, 3),
    "x1 >= y, y < 1": [sympy.Ge(x1, y), y < 1],
    "y > 0 or y > x1": sympy.Or(y > 0, y > x1),
    "y > 0 or (y <= x1 and x2 < 0)": (y > 0) | ((y <= x1) & (x2 < 0)),
    "not (y > 0 and x1 > 0)": sympy.Not(sympy.And(y > 0, x1 > 0)),
    "y == x1 or y == x2": sympy.Or(sympy.Eq(y, x1), sympy.Eq(y, x2)),
    "y != 2": sympy.Ne(y, 2),
    "y <= Max(x1, x2), y >= 0": ["y <= Max(x1, x2)", y >= 0],
    "(y > 0 or x1 > 0) and not (y > 0 and x1 > 0)": sympy.Xor(y > 0, x1 > 0),
    "not y > 0 or x1 > 0": sympy.Implies(y > 0, x1 > 0),
}


@pytest.mark.parametrize("text", SAME)
def test_text_and_sympy_say_the_same(text):
    claims = [read_claim(MINIMUM, written) for written in (text, SAME[text])]
    for point in POINTS:
        one, other = (broken_at(claim, point) for claim in claims)
        assert one == other


def test_several_outputs_are_counted_from_one():
    relation = "y1 <= y2 <= y3, y1 + y2 + y3 == x1 + x2 + x3, y3 > x1 or y3 == x1"
    claim = read_claim(SORTED, relation)
    assert claim.kind == "relation"
    assert not any(broken_at(claim, point) for point in [(3, 1, 2), (0, 0, 0), (-1, 5, -7)])
    assert broken_at(read_claim(SORTED, "y1 < y2"), (0, 0, 1))
    assert not broken_at(read_claim(SORTED, "y1 < y2"), (0, 2, 1))


def test_what_is_no_relation_is_still_a_formula():
    for formula in ("Piecewise((x1, x1 <= x2), (x2, True))", "x1 if x1 < x2 and not x2 < 0 else 3", sympy.Min(x1, x2)):
        claim = read_claim(MINIMUM, formula)
        assert (claim.kind, claim.violations, claim.relation) == ("equal", None, None)


@pytest.mark.parametrize(
    ("net", "relation", "formulas"),
    [
        (MINIMUM, "y == Min(x1, x2)", [sympy.Min(x1, x2)]),
        (MINIMUM, "x1 + 1 == y", [x1 + 1]),
        (MINIMUM, sympy.Eq(y, x2), [x2]),
        (SORTED, "y2 == x1 and y1 == 0, x3 == y3", [0, x1, x3]),
    ],
)
def test_outputs_that_equal_formulas_are_an_equality(net, relation, formulas):
    claim = read_claim(net, relation)
    assert (claim.kind, claim.violations) == ("equal", None)
    assert list(claim.expressions) == formulas
    assert claim.left == read_claim(net, formulas).left


@pytest.mark.parametrize("relation", ["y1 == y2", "y1 == x1", "y1 == x1, y1 == x2", "y1 >= x1, x1 >= y1, 2*y2 == y1"])
def test_differences_that_are_all_0_are_an_equality_of_graphs(relation):
    claim = read_claim(SORTED, relation)
    assert (claim.kind, claim.violations, claim.expressions) == ("relation", None, None)


def test_the_same_difference_is_there_once():
    claim = read_claim(MINIMUM, "y <= x1 or 2*y < 2*x1 or (x1 - y)/3 >= 0, y < 5, 10 > 2*y")
    assert len(claim.left.outputs) == 2
    assert claim.violations == (((0, ">"),), ((1, ">="),))


def test_contradictions_are_left_out():
    assert read_claim(MINIMUM, "y > 0 or y < 1 or y < 0").violations == (((0, "=="), (1, ">=")),)
    assert read_claim(MINIMUM, "y >= 0 or y <= 0").violations is None


def test_what_another_violation_says_already_is_left_out():
    assert read_claim(MINIMUM, "y <= 1 and y < 1").violations == (((0, ">="),),)
    assert read_claim(MINIMUM, "y <= 1, y <= 1 or x1 < 0, y < 1 or y == 1").violations == (((0, ">"),),)


def test_what_is_declared_of_an_input_is_part_of_the_domain():
    positive = sympy.Symbol("x1", positive=True)
    claim = read_claim(MINIMUM, sympy.Le(y, sympy.Abs(positive)))
    assert claim.domain.words == ("x1 is declared positive",)
    assert not broken_at(claim, (-1, 0))


def test_a_function_of_jax_can_be_what_a_relation_is_about():
    claim = read_claim(lambda x: [x[0] - x[1], 2 * x[0]], "y1 < y2 or x2 <= 0", None, ["x1", "x2"])
    assert not broken_at(claim, (1, 1))
    assert broken_at(claim, (-2, 1))
    assert claim.network is None


# Random relations


@st.composite
def relation_trees(draw, n):
    comparison = st.tuples(
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), hunting.formulas(n), st.one_of(hunting.forms(n))
    )
    return draw(
        st.recursive(
            comparison,
            lambda inner: st.one_of(
                st.tuples(st.sampled_from(["and", "or"]), inner, inner),
                st.tuples(st.sampled_from(["and", "or"]), inner, inner, inner),
                st.tuples(st.just("not"), inner),
            ),
            max_leaves=4,
        )
    )


COORDINATES = st.lists(
    st.sampled_from([Fraction(n, 2) for n in (0, 2, -2, 1, -6)]) | hunting.SMALL, min_size=2, max_size=2
)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 2), st.booleans())
def test_random_relations_are_broken_exactly_where_they_do_not_hold(data, m, in_sympy):
    layers = data.draw(hunting.layers_(2, m, max_hidden=2, max_width=3))
    relation = data.draw(relation_trees(2 + m))
    names = ("x1", "x2", *output_names(m))
    try:
        written = plain.as_sympy(relation, sympy.symbols(names)) if in_sympy else plain.as_text(relation, names)
        claim = read_claim(hunting.mlp(layers, ["x1", "x2"]), written)
    except relucirc.RelucircError as error:
        assume(re.search("about the inputs alone|not defined|more than 4096|too long", str(error)) is None)
        raise
    for point in data.draw(st.lists(COORDINATES, min_size=1, max_size=6)):
        outputs = plain.run(layers, point)
        try:
            truth = plain.holds(relation, [*point, *outputs])
        except plain.UndefinedError:
            continue
        assert broken_at(claim, point) is (not truth)
        if claim.violations is None:
            left = claim.left_value([rational(c) for c in point])
            assert (left == claim.right_value([rational(c) for c in point])) is truth
    equality.sides_of(claim)  # and the checker reads the same


# Within


@pytest.mark.parametrize("eps", ["1/20", 0.25, Fraction(2, 3), sympy.Rational(5, 7), 1, jnp.float32(0.1)])
def test_within_is_broken_where_the_distance_is_larger(eps):
    net = relucirc.MLP.from_arrays([([[1]], None)])
    claim = read_claim(net, "0", within=eps)
    exact = fraction(rational(eps))
    assert (claim.kind, fraction(claim.within)) == ("within", exact)
    for far in (exact, -exact):
        assert not broken_at(claim, [far])
        assert broken_at(claim, [far * (1 + Fraction(1, 2**60))])
        assert not broken_at(claim, [far * (1 - Fraction(1, 2**60))])


def test_within_counts_for_every_output():
    claim = read_claim(SORTED, ["x1", "x2", "x3"], within=2)
    assert not broken_at(claim, (1, 3, 3))
    assert not broken_at(claim, (2, 1, 0))
    assert broken_at(claim, (3, 1, 0))
    assert len(claim.left.gates) == len(read_claim(SORTED, ["x1", "x2", "x3"]).left.gates)
    assert [fraction(v) for v in claim.formula_value([rational(c) for c in (3, 1, 0)])] == [3, 1, 0]
    assert [fraction(v) for v in claim.network_value([rational(c) for c in (3, 1, 0)])] == [0, 1, 3]


def test_within_0_is_equality():
    assert read_claim(MINIMUM, "x1", within=0) == read_claim(MINIMUM, "x1")
    assert prove(MINIMUM, "Min(x1, x2)", within=0).reason == "equal at every real input, by normal form."


@pytest.mark.parametrize(
    ("within", "sentence"),
    [
        (True, "within: expected a number that is not negative, got True."),
        (-1, "within: expected a number that is not negative, got -1."),
        ("-1/2", "within: expected a number that is not negative, got -1/2."),
        (math.nan, "within: expected a finite number, got nan."),
        (math.inf, "within: expected a finite number, got inf."),
        ("much", "within: expected a rational number such as '3'"),
        (sympy.sqrt(2), "within: expected a rational number"),
    ],
)
def test_a_tolerance_that_is_none_is_refused(within, sentence):
    with pytest.raises(relucirc.RelucircError, match="^" + re.escape(sentence)):
        prove(MINIMUM, "x1", within=within)


# Functions whose values are conditions


def test_properties_are_one_line_each():
    pairs = [("x1", "x2"), ("y1", "y2")]
    monotone = read_claim(lambda x, y: MINIMUM(x) <= MINIMUM(y), True, "x1 <= y1, x2 <= y2", pairs)
    assert monotone.left.inputs == ("x1", "x2", "y1", "y2")
    assert not monotone.contains([rational(c) for c in (1, 0, 0, 1)])
    assert not broken_at(monotone, (0, 0, 0, 1))
    everywhere = read_claim(lambda x, y: MINIMUM(x) <= MINIMUM(y), True, None, pairs)
    assert broken_at(everywhere, (1, 1, 0, 1))
    lipschitz = read_claim(lambda x, y: jnp.abs(MINIMUM(x) - MINIMUM(y)) <= jnp.max(jnp.abs(x - y)), True, None, pairs)
    assert not any(broken_at(lipschitz, (*p, *q)) for p in POINTS for q in POINTS)
    half = read_claim(lambda x, y: 2 * jnp.abs(MINIMUM(x) - MINIMUM(y)) <= jnp.max(jnp.abs(x - y)), True, None, pairs)
    assert broken_at(half, (0, 0, 1, 1))
    assert prove(lambda x: -MINIMUM(-x) == circuits.maximum()(x), inputs=["x1", "x2"])
    assert prove(lambda x: MINIMUM(x[::-1]) == MINIMUM(x), inputs=["x1", "x2"])
    odd = prove(lambda x: MINIMUM(-x) == -MINIMUM(x), inputs=["x1", "x2"])
    assert odd.status == "refuted"
    assert odd.network_value is None
    assert odd.formula_value is None
    assert re.fullmatch(r"at x1 = \S+, x2 = \S+ the condition does not hold\.", odd.reason)


CONDITIONS = {
    "several": (lambda x: (x[0] <= x[1], x[1] <= 2), "a <= b <= 2"),
    "joined": (lambda x: (x[0] < x[1]) | ~(x[1] < 1) & (x[0] != 0), "a < b or (b >= 1 and a != 0)"),
    "all": (lambda x: jnp.all(x >= 0), "a >= 0 and b >= 0"),
    "any": (lambda x: jnp.any(x > 0), "a > 0 or b > 0"),
    "where": (lambda x: jnp.where(x[0] > 0, x[1] > 0, x[1] < 0), "b > 0 if a > 0 else b < 0"),
    "an array": (lambda x: x >= 0, "a >= 0 and b >= 0"),
    "always": (lambda x: x <= x + 1, "True"),
    "never": (lambda x: x[0] < x[0] - 1, "False"),
    "a constant": (lambda _: jnp.array([True, False]), "False"),
    "scalars": (lambda a, b: a <= b, "a <= b"),
    "bumps": (lambda a, b: jnp.maximum(a, 0) <= jnp.abs(b), "max(a, 0) <= abs(b)"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_function_is_broken_where_one_of_its_conditions_does_not_hold(name):
    function, truth = CONDITIONS[name]
    claim = read_claim(function, True, None, ["x1", "x2"])
    for point in POINTS:
        assert broken_at(claim, point) is (not eval(truth, dict(zip("ab", point, strict=True)))), point
    equality.sides_of(claim)


def test_the_certificate_of_a_condition_is_accepted_for_it_alone():
    def even(x):
        return ABSOLUTE(-x) == ABSOLUTE(x)

    certificate = prove(even, inputs=["x"]).certificate
    assert relucirc.check(even, True, certificate, inputs=["x"])
    assert not relucirc.check(lambda x: ABSOLUTE(x) == x, True, certificate, inputs=["x"])
    certificate = prove(SORTED, "y1 + y2 == x1 + x2 + x3 - y3").certificate
    assert relucirc.check(SORTED, "y1 + y2 == x1 + x2 + x3 - y3", certificate)
    assert relucirc.check(SORTED, "y1 + y2 + y3 == x1 + x2 + x3", certificate)
    assert not relucirc.check(SORTED, "y1 + y2 == x1 + x2 + x3 - 2*y3", certificate)
    assert not relucirc.check(SORTED, "y1 + y2 <= x1 + x2 + x3 - y3", certificate)


def test_a_function_of_several_arguments_can_equal_a_formula():
    names = ["t", ("x1", "x2")]
    assert prove(lambda t, x: t * 2 + jnp.min(x), "2*t + Min(x1, x2)", inputs=names)
    assert not prove(lambda t, x: t * 2 + jnp.max(x), "2*t + Min(x1, x2)", inputs=names)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ("x1 x2", "expected a list of input names, got the text 'x1 x2'"),
        (2, "expected a list of input names, got 2"),
        ([("x1", "x2"), "x1"], "expected unique input names"),
        ([("x1", ["x2"])], "expected identifiers such as 'x1' as input names"),
        ([("x1", "x2"), "x3"], "cannot be traced by JAX: TypeError"),
        (["x1", ("x2",)], "cannot be traced by JAX: TypeError"),
    ],
)
def test_names_that_do_not_fit_a_function_are_refused(inputs, sentence):
    with pytest.raises(relucirc.RelucircError, match=re.escape(sentence)):
        prove(lambda x: x[0] <= x[1], inputs=inputs)
    assert prove(lambda x: x[0] <= x[0], inputs=iter(["x1", "x2"]))
    assert prove(lambda a, b: a <= a + b[0] * 0, inputs=[sympy.Symbol("t"), sympy.symbols("u v")])


# What is refused


REFUSED = {
    "y1 <= 1": "the relation uses y1, but the output is y and the inputs are x1, x2; use these names.",
    "z < y": "the relation uses z, but the output is y",
    "x1 <= 1": "the relation x1 <= 1 is about the inputs alone; the output is y: say what holds for it",
    "y <= 1, x1": "cannot read 'x1': expected a condition",
    "y = 3 < 4": "write == in a condition",
    "y < x1*x2": "x1*x2 is not piecewise linear",
    "y <= 1 & y >= 0": "cannot read '1 & y'",
    "y in {0, 1}": "cannot read 'y in {0, 1}'",
    "y is x1": "cannot read 'y is x1'",
    "f(y) <= 1": "known functions are",
    "y <= __import__('os')": "known functions are",
    "y <= 1 if x1 > 0 else y": "cannot read",
    "y <= Piecewise((1, x1 > 0))": "is not defined everywhere",
    "not (y < 1 and " * 120 + "y < 2" + ")" * 120: "nested too deeply",
    "y <= 1 or " * 20 + "not " * 3 + "y": "expected a condition",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused_in_a_sentence(text):
    with pytest.raises(relucirc.RelucircError) as caught:
        prove(MINIMUM, text)
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("net", "relation", "sentence"),
    [
        (SORTED, "y <= 1", "the relation uses y, but the outputs are y1, y2, y3 and the inputs are x1, x2, x3"),
        (circuits.identity(), "y <= x1", "uses x1, but the output is y and the inputs are x"),
        (OVER_Y, "y <= 1", "an input is called y too; rename the inputs"),
        (MINIMUM, [y <= 1, x1], "expected relations such as y <= 1 in the whole list, got x1"),
        (MINIMUM, sympy.Symbol("y", positive=True) <= 3, "the symbol y is an output"),
        (MINIMUM, sympy.Symbol("x1", rational=True) <= y, "declared rational=True"),
        (MINIMUM, y == x1, "got False: Python's == compares expressions as they are written; write sympy.Eq(a, b)"),
        (MINIMUM, [True], "got True"),
        (lambda x: x, "y <= 1", "a JAX function does not name its inputs"),
    ],
)  # fmt: skip
def test_wrong_names_and_values_are_refused_in_a_sentence(net, relation, sentence):
    with pytest.raises(relucirc.RelucircError, match=re.escape(sentence)):
        prove(net, relation)


def test_inputs_called_like_outputs_are_fine_in_a_formula():
    assert prove(OVER_Y, "x + y")


def test_a_formula_left_out_is_asked_for():
    with pytest.raises(relucirc.RelucircError, match="expected a formula or a relation"):
        prove(MINIMUM)
    with pytest.raises(relucirc.RelucircError, match="expected conditions as values of the function <lambda>, got num"):
        prove(lambda x: x, inputs=["x"])
    with pytest.raises(relucirc.RelucircError, match="use jnp"):
        prove(lambda x: x < 1, "x", inputs=["x"])


def test_a_tolerance_goes_with_a_formula():
    with pytest.raises(relucirc.RelucircError, match="within= goes with a formula, got the relation y <= 1"):
        prove(MINIMUM, "y <= 1", within=1)


def test_a_relation_with_too_many_ways_is_refused():
    many = " or ".join(f"(y == {i} or x1 > {i})" for i in range(3))
    assert read_claim(MINIMUM, many).violations is not None
    wide = " or ".join(f"y == {i}" for i in range(20))  # not equal to any of 20 numbers: 2^20 ways
    with pytest.raises(relucirc.FormulaError, match="can be broken in more than 4096 ways"):
        read_claim(MINIMUM, wide)


def test_a_relation_has_no_deviation():
    with pytest.raises(relucirc.RelucircError, match=r"expected a formula|cannot read"):
        relucirc.max_deviation(MINIMUM, sympy.Le(y, 1))
    with pytest.raises(relucirc.RelucircError, match="cannot read"):
        relucirc.max_deviation(MINIMUM, "y <= 1")


# Strict and weak


@pytest.mark.parametrize(
    ("relation", "at_tie"),
    [("y < x1", False), ("y <= x1", True), ("not y < x1", True), ("not y <= x1", False), ("y == x1", True),
     ("y != x1", False), ("y > x1 or y < x1", False), ("y >= x1, y <= x1", True)],
)  # fmt: skip
def test_strict_and_weak_differ_at_ties(relation, at_tie):
    assert holds_at(relation, (2, 2)) is at_tie
    claim = read_claim(MINIMUM, relation)
    assert (
        claim.is_broken_by([rational(0)] * len(claim.left.outputs), claim.right_value([rational(0)] * 2)) is not at_tie
    )


# The answers


def test_the_sentences_of_relations():
    proved = prove(SORTED, "y1 + y2 + y3 == x1 + x2 + x3")
    assert str(proved) == "proved: the relation holds at every real input, by normal form."
    assert prove(MINIMUM, "y <= y")
    refuted = prove(MINIMUM, "y == y, y == x1, y == y")
    assert refuted.reason == "at x1 = 1, x2 = 0: y = 0, and y == x1 does not hold."
    assert refuted.witness == {"x1": 1, "x2": 0}
    assert (refuted.network_value, refuted.formula_value) == (0, None)
    assert prove(MINIMUM, sympy.false).reason == "at x1 = 0, x2 = 0: False does not hold."
    several = prove(SORTED, "y2 == y2, y1 == y3 == y3")
    assert re.fullmatch(r"at .*: y1 = \S+, y3 = \S+, and y1 == y3 does not hold\.", several.reason)


# The checker's own reading


REAL = violations.violations_of


def _without_one(differences, violations):
    return differences, violations and violations[1:]


def _negated(differences, violations):
    return [-differences[0], *differences[1:]], violations


def _turned(outputs):
    return dict(zip(outputs, [*outputs.values()][::-1], strict=True))


BREAKS = {
    "weak for strict": (guards, "Relation", lambda form, op: Relation(form, {">": ">=", ">=": ">"}.get(op, op))),
    "equal for at least": (guards, "Relation", lambda form, op: Relation(form, "==" if op == ">=" else op)),
    "and for or": (guards, "any_of", guards.all_of),
    "or for and": (guards, "all_of", guards.any_of),
    "not is nothing": (guards, "negation_of", lambda guard: guard),
    "max forgets one": (GraphBuilder, "max", lambda _, forms: forms[0]),
    "a difference turned around": (violations, "sign_of", lambda _: 1),
    "only the first way": (violations, "_any", lambda a, b: a or b),
    "only the first part": (violations, "_joined", lambda one, _: one),
    "a violation less": (from_relation, "violations_of", lambda condition: _without_one(*REAL(condition))),
    "outputs exchanged": (from_relation, "Lowering", lambda n, g, o: Lowering(n, g, _turned(o))),
    "a form negated": (from_relation, "violations_of", lambda condition: _negated(*REAL(condition))),
}
TOLD = [
    "y1 <= y2",
    "y1 < y2",
    "not y1 <= y2",
    "y1 >= Max(x1, x2), y2 <= x1",
    "y1 > 0 or x1 >= y2",
    "y1 == x1 or y2 == x2, y1 != 3",
    "y2 <= y1 + 1 and (x1 < 0 or not (y1 > 1 and y2 > 1))",
    "1 < 2 or y1 < y2",
    "2 <= 1 or y1 < y2",
    "0 <= y1 <= y2 <= 1",
]


@pytest.mark.parametrize("name", BREAKS)
def test_a_misread_relation_is_rejected(name, monkeypatch):
    net = circuits.sort(2)
    meant = [read_claim(net, text) for text in TOLD]
    owner, attribute, broken = BREAKS[name]
    monkeypatch.setattr(owner, attribute, broken)
    objections = 0
    for text, claim in zip(TOLD, meant, strict=True):
        misread = read_claim(net, text)
        points = [[rational(a), rational(b)] for a in (-1, 0, 1, 2, 3) for b in (-1, 0, 1, 2, 3)]
        if any(claim.is_witness(p) != misread.is_witness(p) for p in points):
            with pytest.raises(Rejected):
                equality.sides_of(misread)
            objections += 1
    assert objections, "this break changes no relation"
    monkeypatch.undo()
    for claim in meant:
        equality.sides_of(claim)


def test_names_of_a_relation_that_are_no_names_are_rejected():
    claim = read_claim(OVER_Y, "x + y")
    with pytest.raises(Rejected, match="an input has the name of an output"):
        equality.sides_of(dataclasses.replace(claim, relation=parse_relation("y == x + y")))
    claim = read_claim(MINIMUM, "y <= x1 or y <= 2")
    with pytest.raises(Rejected, match="not over these inputs and outputs"):
        equality.sides_of(dataclasses.replace(claim, relation=parse_relation("y <= x1 or y <= z")))


def test_a_relation_with_values_on_its_domain_alone_is_read_a_second_time():
    claim = read_claim(MINIMUM, "y <= Piecewise((x1, x1 > 99), (2*x1, x1 < -99)) + 1", "x1 >= 100, x2 > 0")
    equality.sides_of(claim)
    with pytest.raises(Rejected):
        equality.sides_of(dataclasses.replace(claim, violations=None))
    nowhere = parse_relation("y <= Piecewise((x1, x1 < -99)) + 1")
    with pytest.raises(Rejected, match="has no value where it was looked at"):
        equality.sides_of(dataclasses.replace(claim, relation=nowhere))


def test_a_relation_about_another_network_is_rejected():
    claim = read_claim(MINIMUM, "y <= x1 + 1")
    other = read_claim(circuits.maximum(), "y <= x1 + 1")
    gate, *gates = claim.left.gates
    doubled = (gate.map(lambda form: form.scale(rational(2))), *gates)
    for wrong in (
        dataclasses.replace(claim, left=other.left),
        dataclasses.replace(claim, network=other.network),
        dataclasses.replace(claim, left=dataclasses.replace(claim.left, gates=doubled)),  # the same where it is read
        dataclasses.replace(claim, right=Graph(claim.left.inputs, (), (Form.constant(rational(1)),))),
        dataclasses.replace(claim, violations=()),
        dataclasses.replace(claim, violations=None),
        dataclasses.replace(claim, violations=(((0, ">="),),)),
        dataclasses.replace(claim, relation=read_relation("y < x1 + 1", ("x1", "x2"), ("y",))),
        dataclasses.replace(claim, relation=read_relation("y <= x1 + 2", ("x1", "x2"), ("y",))),
        dataclasses.replace(claim, relation=read_relation("y <= z + 1", ("x1", "z"), ("y",))),
        dataclasses.replace(claim, kind="equal"),
        dataclasses.replace(claim, kind="within"),
    ):
        with pytest.raises(Rejected):
            equality.sides_of(wrong)


def test_a_misread_tolerance_is_rejected():
    claim = read_claim(MINIMUM, "x1", within="1/3")
    equality.sides_of(claim)
    first, second = claim.right.outputs
    for wrong in (
        dataclasses.replace(claim, within=rational("1/4")),
        dataclasses.replace(claim, within=rational(0)),
        dataclasses.replace(claim, within=None),
        dataclasses.replace(claim, violations=claim.violations[:1]),
        dataclasses.replace(claim, violations=None),
        dataclasses.replace(claim, violations=(((0, ">="),), ((1, ">="),))),
        dataclasses.replace(claim, right=dataclasses.replace(claim.right, outputs=(first, first))),
        dataclasses.replace(claim, right=dataclasses.replace(claim.right, outputs=(second, first))),
        dataclasses.replace(claim, expressions=(x2,)),
        dataclasses.replace(claim, expressions=(*claim.expressions, *claim.expressions)),
        dataclasses.replace(claim, kind="equal"),
        # of nothing on either side it is the network that has an output more
        dataclasses.replace(
            claim, **{name: dataclasses.replace(claim.right, outputs=()) for name in ("left", "right")}
        ),
        dataclasses.replace(claim, right=dataclasses.replace(claim.right, outputs=(first, second, second))),
    ):
        with pytest.raises(Rejected):
            equality.sides_of(wrong)
    assert equality.sides_of(claim) == (claim.left, claim.right)


def test_a_misread_equality_of_outputs_is_rejected():
    claim = read_claim(SORTED, "y2 == x1 and y1 == 0, x3 == y3")
    equality.sides_of(claim)
    with pytest.raises(Rejected):
        equality.sides_of(dataclasses.replace(claim, expressions=claim.expressions[::-1]))
    with pytest.raises(Rejected):
        equality.sides_of(dataclasses.replace(claim, relation=parse_relation("y2 == x1 and y1 == 0, x3 <= y3")))
    one = read_claim(MINIMUM, "y == x1")
    equality.sides_of(one)
    for relation in ("y == x1 + 1", "y <= x1 - 1", "y >= x1", "y <= x1 + 1"):  # wrong at x1, or right beside it too
        with pytest.raises(Rejected):
            equality.sides_of(dataclasses.replace(one, relation=parse_relation(relation)))


# The command line


@pytest.fixture
def run(capsys):
    def call(*words):
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_relations_on_the_command_line(run, tmp_path):
    assert run("prove", "minimum", "y == Min(x1, x2)") == (
        0,
        "proved: equal at every real input, by normal form.\n",
        "",
    )
    assert run("prove", "minimum", "-1 <= x1 - y, y + y == x1 + x2 - 1", "--domain", "x1 == x2")[0] in (1, 3)
    status, out, err = run("prove", "minimum", "y == x1 and y == x2")
    assert (status, out, err) == (1, "refuted: at x1 = 1, x2 = 0: y = 0, and y == x1 does not hold.\n", "")
    path = str(tmp_path / "proof.json")
    assert run("prove", "sort:3", "y1 + y2 + y3 == x1 + x2 + x3", "--certificate", path)[0] == 0
    assert run("check", "sort:3", "y1 + y2 + y3 == x1 + x2 + x3", path)[0] == 0
    assert run("check", "sort:3", "y1 + y2 + y3 == x1 + x2", path)[0] == 1
    assert run("check", "sort:3", "y1 + y2 + y3 <= x1 + x2 + x3 + 1", path)[0] == 1


def test_a_tolerance_on_the_command_line(run):
    assert run("prove", "minimum", "Min(x1, x2)", "--within", "0")[0] == 0
    status, out, err = run("prove", "minimum", "x1", "--within", "-1/2")
    assert (status, out, err) == (2, "", "relucirc: within: expected a number that is not negative, got -1/2.\n")
    assert run("prove", "minimum", "y <= 1", "--within", "1")[0] == 2
    assert "within" in run("prove", "minimum", "x1", "--within", "nan")[2]
