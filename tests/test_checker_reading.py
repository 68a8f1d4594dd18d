"""The checker's second opinion on a formula: independent of the lowering and of SymPy, and able to object."""

import hunting
import plain
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.functions.elementary.piecewise import ExprCondPair

import relucirc
from relucirc import circuits, prove
from relucirc.checker.evaluating import value_of
from relucirc.checker.reading import spots
from relucirc.core.exact import fraction, rational
from relucirc.core.forms import Form
from relucirc.core.graph import GraphBuilder, Guard, Relation
from relucirc.language.formula import parse_formula
from relucirc.language.lower import from_formula, guards
from relucirc.language.lower.from_formula import graph_of_formula

NAMES = ("x1", "x2", "x3")
SYMBOLS = sympy.symbols("x1 x2 x3")
POINTS = st.tuples(*[hunting.SMALL | st.fractions(-50, 50, max_denominator=7)] * 3)


@settings(max_examples=200, deadline=None)
@given(hunting.formulas(3), POINTS)
def test_the_second_opinion_is_the_value_that_plain_fractions_give(formula, point):
    at = dict(zip(NAMES, map(rational, point), strict=True))
    for written in (parse_formula(plain.as_text(formula, NAMES)), sympy.sympify(plain.as_sympy(formula, SYMBOLS))):
        assert fraction(value_of(written, at)) == plain.value(formula, point)


CONSTANT = {
    "x if 1 == 1 else 0": "x",
    "x if 1 != 1 else 0": "0",
    "x if not 1 < 0 else 0": "x",
    "x if 2 >= 1 + 1 and not (0 > 1 or 1 == 2) else 7": "x",
    "Piecewise((x, Eq(2, 1)), (0, Ne(1, 1)), (2*x, 1 <= 1))": "2*x",
    "Piecewise((1, 0 < 2), (0, True))": "1",
    "Piecewise((x, x > 0), (0, 1 == 1))": "Max(0, x)",
    "sign(2)*x + Heaviside(0)*x": "3*x/2",
}


@pytest.mark.parametrize("text", CONSTANT)
def test_conditions_between_numbers_are_decided(text):
    """SymPy's xreplace turns the first of these into 0."""
    net = graph_of_formula(CONSTANT[text], ("x",))
    result = prove(net, text)
    assert result.status == "proved", result
    assert relucirc.check(net, text, result.certificate)
    assert prove(net, f"{text} + 1/9" if " if " not in text else f"({text}) + 1/9").status == "refuted"
    assert relucirc.max_deviation(net, text, relucirc.Box(-1, 1)).value == 0


def test_every_connective_of_sympy_has_its_truth_table():
    a, b, c = (sympy.Gt(s, 0) for s in SYMBOLS)
    connectives = {
        sympy.Xor: lambda p, q: p != q,
        sympy.Implies: lambda p, q: not p or q,
        sympy.Equivalent: lambda p, q: p == q,
        sympy.Nand: lambda p, q: not (p and q),
        sympy.Nor: lambda p, q: not (p or q),
        lambda p, q: ~sympy.Xor(p, q): lambda p, q: p == q,
    }
    for kind, truth in connectives.items():
        pair = sympy.Basic.__new__(ExprCondPair, sympy.Integer(1), kind(a, b))
        otherwise = sympy.Basic.__new__(ExprCondPair, sympy.Integer(0), sympy.true)
        e = sympy.Basic.__new__(sympy.Piecewise, pair, otherwise)
        for p in (-1, 1):
            for q in (-1, 1):
                at = {"x1": rational(p), "x2": rational(q), "x3": rational(0)}
                assert value_of(e, at) == int(truth(p > 0, q > 0))
                assert graph_of_formula(e, NAMES).evaluate(list(at.values())) == [value_of(e, at)]
    e = sympy.Piecewise((1, sympy.ITE(a, b, c)), (0, True), evaluate=False)
    for signs in [(p, q, r) for p in (-1, 1) for q in (-1, 1) for r in (-1, 1)]:
        at = dict(zip(NAMES, map(rational, signs), strict=True))
        assert value_of(e, at) == int((signs[1] if signs[0] > 0 else signs[2]) > 0)
        assert graph_of_formula(e, NAMES).evaluate(list(at.values())) == [value_of(e, at)]


def test_what_has_no_value_or_no_rule_has_no_opinion():
    x = sympy.Symbol("x")
    assert value_of(sympy.Piecewise((1, x > 0), evaluate=False), {"x": rational(-1)}) is None
    assert value_of(sympy.sin(x) + 1, {"x": rational(1)}) is None
    assert value_of(sympy.Piecewise((1, x > 0), (sympy.sqrt(x), True)), {"x": rational(1)}) == 1
    assert value_of(x, {"y": rational(1)}) is None
    assert value_of(x**70, {"x": rational(1)}) is None


LOWERING = from_formula.Lowering


def _number(k):
    return graph_of_formula(k, ()).outputs[0]


def _up_at_zero(self, form, below, _):
    above = Guard("relation", relation=Relation(form, ">="))
    return self.builder.select([(above, _number(1)), (guards.TRUE, _number(sympy.Rational(str(below))))])


def _swapped(self, names, real=LOWERING.__init__):
    real(self, names)
    self.named = {name: Form.variable(len(names) - 1 - i) for i, name in enumerate(names)}


def _backwards(self, branches, real=GraphBuilder.select):
    return real(self, [*branches[-2::-1], branches[-1]])


BREAKS = {
    "max forgets one": (GraphBuilder, "max", lambda _, forms: forms[0]),
    "the last choice first": (GraphBuilder, "select", _backwards),
    "and for or": (guards, "any_of", guards.all_of),
    "or for and": (guards, "all_of", guards.any_of),
    "not is nothing": (guards, "negation_of", lambda guard: guard),
    "weak for strict": (guards, "Relation", lambda form, op: Relation(form, {">": ">=", ">=": ">"}.get(op, op))),
    "equal for at least": (guards, "Relation", lambda form, op: Relation(form, "==" if op == ">=" else op)),
    "a step is up at zero": (LOWERING, "_step", _up_at_zero),
    "a product is its last factor": (LOWERING, "_product", lambda self, _, factors: self.known[factors[-1]]),
    "a symbol stands elsewhere": (LOWERING, "__init__", _swapped),
    "a median is a minimum": (
        LOWERING,
        "_order_statistic",
        lambda self, e: self.builder.min([self.known[a] for a in e.args[1:]]),
    ),
}

FORMULAS = [
    "Max(x1, x2) - x2",
    "Min(x1, x2, x3)",
    "median(x1, x2, x3)",
    "3*x1 - x2/2",
    "x1*Heaviside(x2 - 1)",
    "Heaviside(x1) + sign(x2)",
    "Heaviside(x1 - x2)**2*x3",
    "Piecewise((1, x1 >= 0), (2, True))",
    "Piecewise((1, x1 > x2), (2, x1 >= 1), (3, x3 < 0), (4, True))",
    "Piecewise((1, And(x1 > 0, x2 > 0)), (2, Or(Not(x1 > 0), Eq(x3, 1))), (3, True))",
    "Piecewise((1, And(x1 >= 1, x2 <= 1)), (2, Or(x1 > 0, Ne(x3, 0))), (3, True))",
]


@pytest.mark.parametrize("name", BREAKS)
def test_a_misread_formula_is_not_proved(name, monkeypatch):
    """A broken reader reads network and formula alike, so the proof is right and the claim is not."""
    owner, attribute, broken = BREAKS[name]
    monkeypatch.setattr(owner, attribute, broken)
    objections = 0
    for text in FORMULAS:
        misread, meant = graph_of_formula(text, NAMES), parse_formula(text)
        points = [dict(zip(NAMES, point, strict=True)) for point in spots(3)]
        if any(value_of(meant, at) != misread.evaluate(list(at.values()))[0] for at in points):
            result = prove(misread, text, budget=10)
            assert result.status == "unknown"
            assert "the formula was misread" in result.reason
            objections += 1
    assert objections, "this break changes no formula at a spot"


def test_constant_conditions_are_no_misreading_on_the_command_line(capsys):
    from relucirc.cli import main

    assert main(["prove", "identity", "x if 1 == 1 else 0"]) == 0
    assert main(["prove", "identity", "x if 1 == 2 else 0"]) == 1
    assert capsys.readouterr().err == ""
    assert prove(circuits.identity(), "x if 1 == 1 else 0")
