"""A Piecewise has to have a value everywhere on the domain: decided exactly, whatever its last condition is."""

import itertools
import json
from fractions import Fraction

import hunting
import plain
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import Box, FormulaError, circuits, prove
from relucirc.core.exact import fraction, rational
from relucirc.core.graph import Relation
from relucirc.language.domain import read_domain
from relucirc.language.lower import coverage
from relucirc.language.lower.from_formula import graph_of_formula

NAMES = ("x1", "x2")
x = sympy.Symbol("x", real=True)
TENT = relucirc.MLP.from_arrays([([[1], [-1]], [-5, 5]), ([[-1, -1]], [5])])
GRID = [Fraction(n, 2) for n in range(-5, 6)]


@st.composite
def open_cases(draw, n):
    """Cases that may leave a hole."""
    inner = st.one_of(hunting.forms(n), hunting.formulas(n))
    pairs = draw(st.lists(st.tuples(hunting.conditions(n), inner), min_size=1, max_size=3))
    return ("cases", *itertools.chain.from_iterable(pairs))


@st.composite
def holed(draw, n):
    """Formulas in which such cases stand anywhere: below a sum, in a condition, on a branch."""
    hole, other, condition = draw(open_cases(n)), draw(hunting.formulas(n)), draw(hunting.conditions(n))
    return draw(
        st.sampled_from(
            [
                hole,
                ("add", hole, other),
                ("max", hole, other),
                ("clip", other, hole, other),
                ("if", condition, hole, other),
                ("if", condition, other, hole),
                ("if", ("<", hole, other), other, hole),
                ("times", ("sign", ("input", 0)), hole),
                ("cases", condition, hole, ("not", condition), other),
            ]
        )
    )


def has_value(formula, point):
    """Whether a formula has a value at a point, where a branch that is not taken does not matter."""
    head, *parts = formula
    if head in ("number", "input"):
        return True
    if head in ("cases", "if"):
        pairs = list(zip(parts[::2], parts[1::2], strict=False))
        if head == "if":
            pairs = [(parts[0], parts[1]), (("==", ("number", Fraction(0)), ("number", Fraction(0))), parts[2])]
        for condition, value in pairs:
            if not has_value(condition, point):
                return False
            if plain.holds(condition, point):
                return has_value(value, point)
        return False
    return all(has_value(part, point) for part in parts if isinstance(part, tuple))


@settings(max_examples=200, deadline=None)
@given(holed(2), hunting.domains(2))
def test_a_formula_is_read_where_it_has_values_and_refused_with_a_point_where_it_has_none(formula, domain):
    points = [p for p in itertools.product(GRID, repeat=2) if plain.inside(domain, p)]
    text = plain.as_text(formula, NAMES)
    where = read_domain(plain.domain_text(domain, NAMES), NAMES)
    try:
        graph = graph_of_formula(text, NAMES, domain=where)
    except FormulaError as error:
        assert "is not defined" in str(error)  # noqa: PT017
        named = str(error).split("holds at ")[1].split(";")[0]
        point = tuple(Fraction(part.split(" = ")[1]) for part in named.split(", "))
        assert plain.inside(domain, point)
        assert not has_value(formula, point)
        return
    for point in points:
        assert has_value(formula, point)
        try:
            expected = plain.value(formula, point)
        except plain.UndefinedError:  # on a branch that is not taken here
            continue
        assert fraction(graph.evaluate([rational(v) for v in point])[0]) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=4), st.integers(-2, 2), st.integers(0, 3))
def test_integer_points_alone_are_covered_by_equalities(values, low, width):
    text = "Piecewise(" + ", ".join(f"({k}, Eq(x, {k}))" for k in values) + ")"
    domain = read_domain(f"{low} <= x <= {low + width}, x in integers", ("x",))
    if set(range(low, low + width + 1)) <= set(values):
        graph_of_formula(text, ("x",), domain=domain)
    else:
        with pytest.raises(FormulaError, match="is not defined on the whole domain: no condition of it holds at x ="):
            graph_of_formula(text, ("x",), domain=domain)


EXHAUSTIVE = [
    ("Piecewise((x, x <= 5), (10 - x, x > 5))", None),
    (sympy.Piecewise((x, x <= 5), (10 - x, x > 5.0)), None),
    (sympy.Piecewise((x, x <= 5.0), (10 - x, x > 5), evaluate=False), None),
    ("Piecewise((x, x <= 5), (10 - x, x <= 20))", "0 <= x <= 20"),
    ("Piecewise((x, x < 5), (10 - x, Or(x > 5, Eq(x, 5))))", None),
    ("Piecewise((10 - x, x >= 5), (x, Abs(x - 6) > 1))", None),
    ("Piecewise((x, Max(x, 5) <= 5), (10 - x, Min(x, 5) >= 5))", None),
    ("Piecewise((x, x <= 5), (10 - x, Piecewise((1, x > 5), (0, x <= 5)) > 0))", None),
    ("Piecewise((Piecewise((x, x <= 5)), x <= 5), (10 - x, x > 5))", None),
    ("Piecewise((x, x <= 5), (10 - x, x > 5), (0, x > 6))", {"x": (-9, 99)}),
]


@pytest.mark.parametrize(("formula", "domain"), EXHAUSTIVE)
def test_cases_that_cover_the_domain_are_proved_and_checked(formula, domain):
    result = prove(TENT, formula, domain)
    assert result.status == "proved"
    assert relucirc.check(TENT, formula, json.loads(json.dumps(result.certificate)), domain)
    assert relucirc.max_deviation(TENT, formula, domain).value == 0


@pytest.mark.parametrize(
    ("formula", "domain", "words"),
    [
        (
            "Piecewise((x, x <= 5), (10 - x, x > 6))",
            None,
            r"everywhere: no condition of it holds at x = 6; end it",
        ),
        (
            "Piecewise((x, x < 5), (10 - x, x > 5))",
            "x >= 0",
            r"not defined on the whole domain: .* at x = 5;",
        ),
        ("Piecewise((x, x <= 5), (10 - x, x <= 20))", "0 <= x <= 21", r"at x = 4\d/2;|at x = 21;"),
        (
            "1 + Piecewise((2, Piecewise((x, x > 0)) > 1), (2, True))",
            None,
            r"^Piecewise\(\(x, x > 0\)\) is not",
        ),
        ("Piecewise((x, False))", None, r"no condition of it holds at x = -1"),
    ],
)
def test_a_certificate_for_the_cases_that_are_there_does_not_cover_a_hole(formula, domain, words):
    proof = prove(TENT, "Piecewise((x, x <= 5), (10 - x, True))", domain).certificate
    for ask in (lambda: prove(TENT, formula, domain), lambda: relucirc.check(TENT, formula, proof, domain)):
        with pytest.raises(FormulaError, match=words):
            ask()


def test_a_cell_is_empty_only_if_the_multipliers_say_so(monkeypatch):
    """The linear program is not trusted: with false evidence of emptiness nothing is called covered."""
    true = coverage.feasibility

    def false(relations, n):
        answer = true(relations, n)
        return type(answer)(None, [rational(1)] * len(relations)) if len(relations) == 1 else answer

    monkeypatch.setattr(coverage, "feasibility", false)
    with pytest.raises(AssertionError, match="do not show a cell empty"):
        graph_of_formula("Piecewise((1, x < 0), (2, x > 0))", ("x",))
    one = Relation(graph_of_formula("x", ("x",)).outputs[0], ">=")
    with pytest.raises(AssertionError, match="do not show a cell empty"):
        coverage._confirm_empty([rational(-1)], [one])


def test_what_takes_too_long_to_cover_is_refused():
    names = [f"x{i}" for i in range(9)]
    text = f"Piecewise((1, Max({', '.join(names)}) > 0), (2, Min({', '.join(names)}) <= 0))"
    with pytest.raises(FormulaError, match=r"it would take too long to see .* end it with"):
        graph_of_formula(text, names)
    table = ", ".join(f"({i}, {i} <= x < {i + 1})" for i in range(200))
    assert graph_of_formula(f"Piecewise({table})", ("x",), domain=read_domain(Box(0, 199), ("x",))).gates


# Products with steps.

PRODUCTS = {
    "x*Heaviside(x)": "Max(0, x)",
    "x*sign(x)": "Abs(x)",
    "x*Heaviside(x)**2*sign(x)**3": "Max(0, x)",
    "(1 + sign(x))*x/2": "Max(0, x)",
    "Max(sign(x), 0)*(x - 1) + Min(sign(x), 0)*(x - 1)": "Abs(x - 1)*sign(x)*sign(x - 1)",
    "Piecewise((2, x > 1), (-1, True))*(x - 1)": "Max(2*x - 2, 1 - x)",
    "Abs(sign(x - 1))*x": "Piecewise((0, Eq(x, 1)), (x, True))",
    "sign(x)**2": "Piecewise((0, Eq(x, 0)), (1, True))",
    "sign(x)*sign(x - 1)*sign(x + 1)*Abs(x)": "x*sign(x**1 - 1)*sign(x + 1)",
}


@pytest.mark.parametrize("text", PRODUCTS)
def test_a_product_with_steps_is_a_guarded_form(text):
    left = graph_of_formula(text, ("x",))
    assert prove(left, PRODUCTS[text]).status == "proved"
    assert prove(left, f"{PRODUCTS[text]} + 1e-9*Heaviside(x - 3)").status == "refuted"


def test_what_sympy_makes_of_maxima_is_read():
    x1, x2 = sympy.symbols("x1 x2", real=True)
    assert prove(circuits.maximum(), sympy.Max(x1, x2).rewrite(sympy.Heaviside))
    assert prove(circuits.absolute(), sympy.Abs(x).rewrite(sympy.Piecewise))
    gradient = sympy.diff(sympy.Max(0, sympy.Min(x1, x2)), x1)
    assert prove(graph_of_formula("Heaviside(x2 - x1)*Heaviside(Min(x1, x2))", NAMES), gradient)
    assert prove(circuits.maximum(), gradient).witness is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x1*Heaviside(x1)*x2", "it multiplies x1 by x2"),
        ("(x1 + sign(x1))*x2", "it multiplies x2 by x1 . sign|it multiplies x1 . sign"),
        ("(x1*sign(x1))**2", "is not piecewise linear"),
        ("Heaviside(x1, x2)*x1", "it multiplies x1 by Heaviside"),
        ("*".join(f"sign(x1 - {i})" for i in range(9)), "multiplies steps with more than 1000 values"),
    ],
)
def test_products_of_two_that_vary_are_refused(text, words):
    with pytest.raises(FormulaError, match=words):
        graph_of_formula(text, NAMES)
