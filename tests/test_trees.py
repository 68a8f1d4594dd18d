"""Deep formulas are read or refused in a sentence; what grows when it is multiplied out is measured before."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.functions.elementary.piecewise import ExprCondPair

import relucirc
from relucirc import MLP, Box, FormulaError, RelucircError, circuits, max_deviation, prove
from relucirc.cli import main
from relucirc.core.errors import NetworkError
from relucirc.core.trees import MAX_DEGREE, MAX_TERMS, extent_of, parts_of, symbols_of
from relucirc.language.formula import parse_formula

x, y, z = sympy.symbols("x y z")


def bare(kind, *arguments):
    """A node as it is written: SymPy's constructors are recursive themselves."""
    return sympy.Basic.__new__(kind, *arguments)


def nested(times, wrap, inner=x):
    for _ in range(times):
        inner = wrap(inner)
    return inner


def cases(*pairs):
    return bare(sympy.Piecewise, *(bare(ExprCondPair, *pair) for pair in pairs))


ONE, POSITIVE = sympy.Integer(1), x > 0
VALUES = {
    "Max": lambda e: bare(sympy.Max, e, sympy.Integer(0)),
    "Abs": lambda e: bare(sympy.Abs, e),
    "Min of sums": lambda e: bare(sympy.Min, bare(sympy.Add, e, ONE), x),
    "Mul": lambda e: bare(sympy.Mul, e, ONE),
    "Pow": lambda e: bare(sympy.Pow, e, ONE),
    "sign": lambda e: bare(sympy.sign, e),
    "Piecewise": lambda e: cases((e, POSITIVE), (x, sympy.true)),
    "Piecewise in a condition": lambda e: cases((x, bare(sympy.StrictGreaterThan, e, ONE)), (x, sympy.true)),
    "Piecewise without a last True": lambda e: cases((e, POSITIVE), (x, x <= 0)),
}
CONDITIONS = {
    "Not": lambda c: bare(sympy.Not, c),
    "And": lambda c: bare(sympy.And, x > 2, c),
    "And and Or": lambda c: bare(sympy.And, x > 2, bare(sympy.Or, x < 1, c)),
    "Not and And": lambda c: bare(sympy.Not, bare(sympy.And, x > 2, c)),
}


def ask_everything(formula, domain):
    """Every verb answers, or says what is wrong in one sentence."""
    net, answers = circuits.identity(), []
    for ask in (
        lambda: prove(net, formula, budget=2),
        lambda: relucirc.check(net, formula, {}),
        lambda: max_deviation(net, formula, Box(0, 1), budget=2),
        lambda: prove(net, "x", domain, budget=2),
    ):
        try:
            answers.append(ask())
        except RelucircError as error:
            answers.append(str(error))
    assert all(len(sentence) < 600 and sentence.endswith(".") for sentence in answers if isinstance(sentence, str))
    return answers


@pytest.mark.parametrize("depth", [60, 300, 3000])
@pytest.mark.parametrize("name", VALUES)
def test_deep_trees_of_values_are_read_or_refused_in_a_sentence(name, depth):
    formula = nested(depth, VALUES[name])
    domain = bare(sympy.LessThan, formula, ONE) if name not in ("Mul", "Pow") else "x > 0"
    answer, *_ = ask_everything(formula, domain)
    if depth < 3000 and "without" not in name:
        assert not isinstance(answer, str)


@pytest.mark.parametrize("depth", [60, 300, 3000])
@pytest.mark.parametrize("name", CONDITIONS)
def test_deep_conditions_are_read_or_refused_in_a_sentence(name, depth):
    condition = nested(depth, CONDITIONS[name], POSITIVE)
    answer, *_ = ask_everything(cases((x, condition), (x, sympy.true)), [condition])
    if name == "Not":
        assert answer.status == "proved"
    elif depth > 60:
        assert "nested too deeply" in answer


TEXTS = {
    "not": lambda k: f"x if {'not ' * k}x > 0 else x",
    "~": lambda k: f"x if {'~' * k}(x > 0) else x",
    "-": lambda k: f"{'-' * k}x",
    "else": lambda k: "x if x > 0 else " * k + "x",
    "then": lambda k: "(" * k + "x" + " if x > 0 else x)" * k,
    "condition": lambda k: "x if " + "(" * k + "x > 0" + " if x > 0 else 1) > 0" * k + " else x",
    "and or": lambda k: "x if " + "(x > 0 and (x > 1 or " * k + "x > 2" + "))" * k + " else x",
    "Not()": lambda k: f"x if {'Not(' * k}x > 0{')' * k} else x",
    "Max()": lambda k: "Max(0, " * k + "x" + ")" * k,
    "**": lambda k: "x" + "**1" * k,
    "*": lambda k: "x" + "*1" * k,
    "/": lambda k: "x" + "/1" * k,
    "+": lambda k: "x" + "+0" * k,
    "<": lambda k: f"x if {' < '.join(['x'] * (k + 2))} else x",
    "()": lambda k: "(" * k + "x" + ")" * k,
    "2*()": lambda k: "2*(" * k + "x" + ")" * k,
}


@pytest.mark.parametrize("depth", [50, 120, 300, 900])
@pytest.mark.parametrize("name", TEXTS)
def test_deep_text_is_read_or_refused_in_a_sentence(name, depth, capsys):
    text = TEXTS[name](depth)
    answers = ask_everything(text, f"{text} > 0")
    ask_everything("x", f"{'~' * depth}(x > 0)")
    for asked in ([text], ["x", "--domain", f"{text} <= 1"], ["x", "--domain", f"{'not ' * depth}x > 0"]):
        assert main(["prove", "identity", *asked, "--budget", "2"]) in (0, 1, 2, 3)
        err = capsys.readouterr().err
        assert "internal" not in err
        assert err.count("\n") <= 1
    if name in ("not", "~", "-", "else", "+") and depth <= 300:
        assert answers[0].status in ("proved", "refuted")


def test_a_chain_of_choices_is_one_piecewise():
    read = parse_formula("1 if x > 0 else 2 if x > -1 else 3")
    assert len(read.args) == 3
    assert parse_formula("1 if not not not x > 0 else 2").args[0].args[1] == sympy.Not(x > 0, evaluate=False)


def test_parts_come_before_what_they_are_part_of():
    e = sympy.Max(x + 2 * y, x, evaluate=False)
    parts = parts_of([e, e])
    assert parts[-1] is e
    assert all(parts.index(a) < i for i, part in enumerate(parts) for a in part.args)
    assert symbols_of([e, z + 1]) == {x, y, z}


def rational_functions():
    leaves = st.sampled_from([x, y, sympy.Integer(1), sympy.Integer(3), sympy.Rational(1, 2)])

    def grow(inner):
        return st.one_of(
            st.tuples(inner, inner).map(lambda ab: ab[0] + ab[1]),
            st.tuples(inner, inner).map(lambda ab: ab[0] * ab[1]),
            st.tuples(inner, st.integers(1, 5)).map(lambda ab: ab[0] ** ab[1]),
            inner.map(lambda a: 1 / a if a != 0 else a),
        )

    return st.recursive(leaves, grow, max_leaves=7)


@settings(max_examples=150, deadline=None)
@given(rational_functions())
def test_a_rational_function_is_no_larger_than_it_is_said_to_be(e):
    extent = extent_of(e)
    if max(extent.degrees) > 24:
        return
    for part, terms, degree in zip(sympy.fraction(sympy.cancel(e)), extent.terms, extent.degrees, strict=True):
        written = sympy.Poly(part, x, y)
        assert len(written.terms()) <= max(terms, 1) or degree >= written.total_degree()
        assert written.total_degree() <= degree


EXPLOSIVE = [
    "(((x+1)**64)**64)**64",
    "((x**64)**64)**64",
    "(x1+x2+x3+x4+x5+x6+1)**30",
    "((x1 + x2)**64 + x3)**64",
    "*".join(f"(x1 + x2 + x3 + {i})" for i in range(60)),
    "((x1 + 1)**64*(x2 + 1)**64 + (x3 + 1)**64)**2",
]


@pytest.mark.parametrize("text", EXPLOSIVE)
def test_a_polynomial_is_not_multiplied_out_before_its_size_is_known(text):
    names = ("x",) if "x1" not in text else tuple(f"x{i}" for i in range(1, 7))
    net = MLP.from_arrays([([[1] * len(names)], None)], names)
    with pytest.raises(FormulaError, match=r"has up to .* terms of degree up to .* when it is multiplied out"):
        max_deviation(net, text, Box(0, 1))
    with pytest.raises(FormulaError, match="is not piecewise linear"):
        prove(net, text)


def test_polynomials_within_the_bounds_are_measured():
    assert max_deviation(circuits.identity(), f"x**{MAX_DEGREE // 2}", Box(0, 1)).value > 0
    assert extent_of((x + 1) ** MAX_DEGREE).is_modest
    assert not extent_of((x + 1) ** (MAX_DEGREE + 1)).is_modest
    assert extent_of((x + y + 1) ** 40).terms == (861, 1)
    assert extent_of((x + y + z + 1) ** 30).terms[0] > MAX_TERMS


@pytest.mark.parametrize("text", ["Piecewise((1, 0 < 2), (0, True))", "Abs(-1)*1", "Max(1, Min(2, 0))", "sign(3)"])
def test_a_constant_that_is_written_with_choices_is_measured(text):
    assert max_deviation(circuits.absolute(), text, Box(0, 1)).value == 1


W = sympy.symbols("w1:7", positive=True)


@pytest.mark.parametrize(
    "scale",
    [
        (W[0] + 1) ** 100_000,
        (sum(W) + 1) ** 30 / (sum(W) + 2),
        (W[0] ** 99_999 + 1) / (W[0] + 1),
        sympy.Mul(*(sum(W) + k for k in range(40))),
    ],
)
def test_a_family_of_large_powers_is_refused_before_it_is_cancelled(scale):
    net = MLP.from_arrays([([[scale], [-scale]], None), ([[1 / scale, -1 / scale]], None)])
    with pytest.raises(NetworkError, match=r"layer 0, row 0, column 0: .* has up to .* terms of degree up to"):
        prove(net, "x")


def test_monomials_of_any_degree_are_families():
    scale = W[0] ** 100_000 / W[1] ** 3
    net = MLP.from_arrays([([[scale], [-scale]], None), ([[1 / scale, -1 / scale]], None)])
    assert prove(net, "x")
    assert prove(MLP.from_arrays([([[(W[0] + W[1]) ** 9]], None), ([[(W[0] + W[1]) ** -9]], None)]), "Max(0, x)")
