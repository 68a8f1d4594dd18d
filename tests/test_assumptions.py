"""What symbols are declared to be: SymPy rewrites a formula by it, so it is a part of the claim, or refused."""

from fractions import Fraction

import hunting
import jax
import plain
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import Box, DomainError, FormulaError, circuits, prove
from relucirc.checker.evaluating import value_of
from relucirc.core.exact import fraction, rational
from relucirc.language.domain import read_domain
from relucirc.language.lower.from_formula import graph_of_formula

NAMES = ("x1", "x2")
HOLDS = {
    "positive": lambda v: v > 0,
    "negative": lambda v: v < 0,
    "nonnegative": lambda v: v >= 0,
    "nonpositive": lambda v: v <= 0,
    "integer": lambda v: v.denominator == 1,
}
# Not both nonnegative and nonpositive: SymPy 1.14 then sometimes takes sign(x1 + 2*x2/3) of x1 <= 0, x2 == 0 for -1.
DECLARED = st.sampled_from([(), (), ("positive",), ("negative",), ("nonnegative",), ("nonpositive",), ("integer",)]) | (
    st.sampled_from([("integer", "positive"), ("integer", "nonpositive")])
)
POINTS = [Fraction(n, d) for d in (1, 2) for n in (-3, -1, 0, 1, 2)]


@settings(max_examples=150, deadline=None)
@given(hunting.formulas(2), st.tuples(DECLARED, DECLARED), st.sampled_from([None, "x1 >= -2", Box(-2, 2)]))
def test_a_formula_equals_itself_where_its_symbols_are_what_they_are_declared_to_be(formula, declared, domain):
    """SymPy's rewriting by assumptions is proved right, of the points that satisfy them and of no others."""
    symbols = [sympy.Symbol(name, real=True, **dict.fromkeys(d, True)) for name, d in zip(NAMES, declared, strict=True)]
    written = plain.as_sympy(formula, symbols)
    left = graph_of_formula(plain.as_text(formula, NAMES), NAMES)
    try:
        result = prove(left, written, domain, budget=20)
    except DomainError as error:
        assert "empty" in str(error)  # noqa: PT017
        return
    kept = [s for s in symbols if s in sympy.sympify(written).free_symbols]
    if result.status == "refuted":  # a symbol that SymPy cancelled is not there to say what it was
        gone = [(n, d) for s, n, ds in zip(symbols, NAMES, declared, strict=True) if s not in kept for d in ds]
        assert any(not HOLDS[d](Fraction(str(result.witness[n]))) for n, d in gone), (written, result)
        return
    assert result.status == "proved", result
    assert relucirc.check(left, written, result.certificate, domain)
    needed = [(NAMES.index(s.name), d) for s in kept for d in declared[NAMES.index(s.name)]]
    assert ("at every real input" in result.reason) == (domain is None and not needed)
    for _, name in needed:
        assert name in result.reason
    for point in [(a, b) for a in POINTS for b in POINTS]:
        found = value_of(sympy.sympify(written), dict(zip(NAMES, map(rational, point), strict=True)))
        if all(HOLDS[name](point[v]) for v, name in needed) and len(kept) == 2:
            assert fraction(found) == plain.value(formula, point)


REWRITTEN = [
    (sympy.Abs, "positive", "x"),
    (sympy.Abs, "nonpositive", "-x"),
    (lambda x: sympy.Max(x, 0), "nonnegative", "x"),
    (lambda x: sympy.Max(x, 0) + x, "negative", "x"),
    (sympy.ceiling, "integer", "x"),
    (sympy.floor, "integer", "x"),
]


@pytest.mark.parametrize(("rewrite", "name", "text"), REWRITTEN)
def test_a_proof_by_an_assumption_is_a_proof_on_its_domain_only(rewrite, name, text):
    formula = rewrite(sympy.Symbol("x", **{name: True}))
    net = graph_of_formula(text, ("x",))
    result = prove(net, formula)
    assert result.reason == f"equal on the whole domain (x is declared {name}), by normal form."
    real = {"positive": "x > 0", "negative": "x < 0", "nonnegative": "x >= 0", "nonpositive": "x <= 0"}
    same = read_domain(real.get(name, "x in integers"), ("x",))
    assert relucirc.check(net, text, result.certificate, same)
    assert prove(circuits.identity(), formula, "x <= -1").witness is None if name in ("negative", "integer") else True


def test_an_assumption_holds_for_every_symbol_of_that_name():
    """Formula and domain may hold different symbols that are called the same."""
    net = circuits.absolute()
    real, positive, integer = (sympy.Symbol("x", **{name: True}) for name in ("real", "positive", "integer"))
    assert prove(net, positive + real - integer, "x < 4").reason.startswith(
        "equal on the whole domain (x is declared integer, x is declared positive)"
    )
    assert prove(net, real, [positive <= 1])  # SymPy keeps the relation; the symbol says the rest
    assert not prove(net, real, [real <= 1])
    assert prove(net, positive, [integer <= 1]).status == "proved"
    assert read_domain([integer <= 1, positive >= 0.5], ("x",)) == read_domain("x <= 1, x >= 0.5, x > 0", ("x",)) & (
        read_domain("x in integers", ("x",))
    )
    with pytest.raises(DomainError, match="no point satisfies x < 0, and x is declared positive"):
        prove(net, positive, "x < 0")


@pytest.mark.parametrize(
    "name", ["rational", "irrational", "nonzero", "even", "odd", "prime", "composite", "algebraic", "noninteger"]
)
def test_what_is_no_polyhedron_with_integers_is_refused_by_name(name):
    symbol = sympy.Symbol("x", **{name: True})
    with pytest.raises(
        FormulaError, match=f"the symbol x is declared {name}=True, which is no domain; use sympy.Symbol"
    ):
        prove(circuits.absolute(), symbol)
    with pytest.raises(DomainError, match=f"the symbol x is declared {name}=True"):
        prove(circuits.absolute(), "x", sympy.Le(symbol, 1, evaluate=False))
    with pytest.raises(FormulaError, match=f"declared {name}=True"):
        relucirc.max_deviation(circuits.absolute(), symbol**2, Box(0, 1))


def test_what_every_real_number_is_restricts_nothing():
    for given_ in ({}, {"real": True}, {"extended_real": True}, {"finite": True}, {"complex": True}):
        assert "at every real input" in prove(circuits.identity(), sympy.Symbol("x", **given_)).reason
    for given_ in ({"imaginary": True}, {"real": False}, {"commutative": False}, {"infinite": True}):
        with pytest.raises(FormulaError, match=r"not real|infinite"):
            prove(circuits.identity(), sympy.Symbol("x", **given_))


def test_every_verb_that_takes_a_formula_makes_it_a_part_of_the_domain_or_refuses():
    positive = sympy.Symbol("x", positive=True)
    formula = sympy.Max(sympy.Abs(positive), 1)
    assert relucirc.max_deviation(circuits.identity(), sympy.Abs(positive), Box(-1, 1)).value == 0
    assert relucirc.max_deviation(
        circuits.absolute(), sympy.Abs(positive) * positive, Box(-2, 1)
    ).value == sympy.Rational(1, 4)
    for ask in (
        relucirc.minimal_network,
        relucirc.depth_certificate,
        relucirc.compile_formula,
        relucirc.discover,
        lambda f: relucirc.train(f, (1, 2, 1), key=jax.random.key(0), seeds=1, steps=1),
        lambda f: relucirc.minimal_network(f, domain="x > 0"),
    ):
        with pytest.raises(FormulaError, match="x is declared positive, and SymPy may have rewritten the formula"):
            ask(formula)
