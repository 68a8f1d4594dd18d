"""Domains: what text, SymPy and boxes describe, and that answers hold there, edges and corners included."""

import operator
from fractions import Fraction
from pathlib import Path

import hunting
import numpy as np
import plain
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import Box, DomainError, circuits, prove
from relucirc.checker.minimal import check_minimal
from relucirc.core.exact import rational
from relucirc.language.domain import Domain, read_domain
from relucirc.strategies import domains, formulas, points

NAMES = ("x1", "x2")
SYMBOLS = x1, x2 = sympy.symbols("x1 x2")
POINTS = st.tuples(*[hunting.SMALL | st.fractions(-20, 20, max_denominator=6)] * 2)
RELATIONS = st.lists(
    st.tuples(st.tuples(hunting.SMALL, hunting.SMALL), hunting.SMALL, st.sampled_from([">", ">=", "=="])), max_size=4
)
GRID = [(Fraction(a, 2), Fraction(b, 2)) for a in range(-5, 6) for b in range(-5, 6)]


def inside(domain, point):
    return read_domain(domain, NAMES).contains([rational(v) for v in point])


def as_relations(relations):
    """A plain domain with SymPy's constructors, which may evaluate to true or false."""
    made = {">": sympy.Gt, ">=": sympy.Ge, "==": sympy.Eq}
    return [
        made[op](
            sympy.Add(*(sympy.Rational(c) * x for c, x in zip(row, SYMBOLS, strict=True))), -sympy.Rational(constant)
        )
        for row, constant, op in relations
    ]


@given(RELATIONS, POINTS)
def test_text_and_relations_hold_where_plain_arithmetic_says(relations, point):
    expected = plain.inside(relations, point)
    made = as_relations(relations)
    assert inside(plain.domain_text(relations, NAMES), point) == expected
    assert inside(made, point) == expected
    assert inside(sympy.And(*made, evaluate=False), point) == expected
    assert inside([*map(str, filter(None, [plain.domain_text(relations, NAMES)]))], point) == expected


CONVEX = {
    "0 <= x1 <= 1": lambda p: 0 <= p[0] <= 1,
    "0 < x1 < x2 <= 2": lambda p: 0 < p[0] < p[1] <= 2,
    "x1 == x2": lambda p: p[0] == p[1],
    "x1 > 0 and x2 > 0": lambda p: p[0] > 0 and p[1] > 0,
    "(x1 > 0) & (x2 > 0)": lambda p: p[0] > 0 and p[1] > 0,
    "And(x1 > 0, Eq(x2, 1)), x1 < 2": lambda p: 0 < p[0] < 2 and p[1] == 1,
    "Abs(x1) <= 1": lambda p: abs(p[0]) <= 1,
    "|x1| <= 1, |x1| + |x1 - x2| < 2": lambda p: abs(p[0]) <= 1 and abs(p[0]) + abs(p[0] - p[1]) < 2,
    "Abs(x1) + 2*Abs(x2 - 1) < 3": lambda p: abs(p[0]) + 2 * abs(p[1] - 1) < 3,
    "Max(x1, x2, -1) <= 1/2": lambda p: max(p[0], p[1], -1) <= Fraction(1, 2),
    "Min(x1, x2) >= -1": lambda p: min(p[0], p[1]) >= -1,
    "-Abs(x1) >= -1": lambda p: abs(p[0]) <= 1,
    "1 >= Max(x1 + x2, x1 - x2) - Min(x1, 0)": lambda p: max(p[0] + p[1], p[0] - p[1]) - min(p[0], 0) <= 1,
    "0.1 <= x1": lambda p: p[0] >= Fraction(1, 10),
    "True": lambda _: True,
    "  ": lambda _: True,
    "x1 in {-1, 0, 1}": lambda p: p[0] in (-1, 0, 1),
    "x1 in integers, x2 > 0": lambda p: p[0].denominator == 1 and p[1] > 0,
}


@pytest.mark.parametrize("text", CONVEX)
def test_convex_conditions_are_read(text):
    for point in GRID:
        assert inside(text, point) == CONVEX[text](point), point


@given(st.tuples(hunting.SMALL, hunting.SMALL), st.tuples(hunting.SMALL, hunting.SMALL), POINTS)
def test_boxes(lower, upper, point):
    for box in (Box(lower, upper), Box(list(map(str, lower)), list(map(sympy.Rational, upper)))):
        assert inside(box, point) == all(a <= v <= b for a, v, b in zip(lower, point, upper, strict=True))
    assert inside(Box(lower[0], None), point) == all(lower[0] <= v for v in point)
    assert inside(Box([None, lower[1]], [upper[0], None]), point) == (point[0] <= upper[0] and point[1] >= lower[1])
    assert inside(Box(-9, 9, integer=True), point) == all(v.denominator == 1 and abs(v) <= 9 for v in point)
    assert inside([Box(lower, upper), "x1 > 0"], point) == (inside(Box(lower, upper), point) and point[0] > 0)


BOUNDS = st.tuples(*[st.none() | st.fractions(-3, 3, max_denominator=4)] * 2)


@given(st.tuples(BOUNDS, BOUNDS), st.sets(st.sampled_from([0, 1])), POINTS)
def test_pairs_of_bounds_are_boxes(pairs, named, point):
    def between(v):
        low, high = pairs[v]
        return (low is None or point[v] >= low) and (high is None or point[v] <= high)

    for given_ in (list(pairs), tuple(map(list, pairs))):
        assert inside(given_, point) == (between(0) and between(1))
    for key in (lambda v: NAMES[v], lambda v: SYMBOLS[v]):
        assert inside({key(v): pairs[v] for v in named}, point) == all(between(v) for v in named)


def test_pairs_of_bounds_are_proved_on():
    assert prove(circuits.absolute(), "x", {"x": (0, 1)})
    assert prove(circuits.absolute(), "x", [(0, None)])
    assert prove(circuits.minimum(), "x1", [(0, 1), (1, 2)])
    assert prove(circuits.minimum(), "x1", {"x1": (None, 0), "x2": ("1/2", None)})
    assert not prove(circuits.minimum(), "x1", [(0, 1), ("0.99", 2)])
    positive = sympy.Symbol("x", positive=True)
    assert prove(circuits.absolute(), "x", {positive: (None, 5)}).reason.startswith(
        "equal on the whole domain (x is declared positive)"
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('{"x1": [0, "1/3"], "x2": [null, 3]}', {"x1": (0, Fraction(1, 3)), "x2": (None, 3)}),
        ('  {"x2": ["-0.5", "1e-3"]}', {"x2": (Fraction(-1, 2), Fraction(1, 1000))}),
        ('["x1 >= 0", "x2 < 1"]', "x1 >= 0, x2 < 1"),
        ("[x1 >= 0, x2 < 1]", "x1 >= 0, x2 < 1"),
        ("{}", None),
    ],
)
def test_domains_in_json_are_exact(tmp_path, text, same):
    (tmp_path / "box.json").write_text(text, "utf-8")
    assert set(read_domain(text, NAMES).relations) == set(read_domain(same, NAMES).relations)
    if "x1 >= 0, x2" not in text:
        assert read_domain(tmp_path / "box.json", NAMES) == read_domain(text, NAMES)


def test_domains_in_json_are_proved_on(tmp_path):
    path = tmp_path / "box.json"
    path.write_text('{"x1": [0, "1/3"], "x2": ["1/3", null]}', "utf-8")
    result = prove(circuits.minimum(), "x1", path)
    assert result
    assert relucirc.check(circuits.minimum(), "x1", result.certificate, path.read_text("utf-8"))
    assert not relucirc.check(circuits.minimum(), "x1", result.certificate)


def test_boxes_of_floats_are_their_bits():
    (relation,) = read_domain(Box(np.float32(0.1), None), ("x",)).relations
    assert relation.form.const == -rational(np.float32(0.1))
    assert len(read_domain(Box(np.zeros(2), np.ones(2)), NAMES).relations) == 4


def test_integers_come_from_symbols_sets_and_boxes():
    x = sympy.Symbol("x1", integer=True)
    same = [
        [x >= 0, x <= 1],
        "x1 in {0, 1}",
        [sympy.And(x >= 0, x <= 1)],
        ["x1 in {0, 1}"],
        ["x1 in integers", x1 >= 0, x1 <= 1],
    ]
    for domain in same:
        assert [inside(domain, (Fraction(n, 2), 0)) for n in range(-2, 5)] == [
            False,
            False,
            True,
            False,
            True,
            False,
            False,
        ]
        assert read_domain(domain, NAMES).integers == {0}
    assert read_domain(None, NAMES).is_everything
    assert read_domain("", NAMES).is_everything
    assert not read_domain("x1 in integers", NAMES).is_everything
    assert read_domain(read_domain("x1 > 0", NAMES), NAMES) == read_domain("x1 > 0", NAMES)
    assert read_domain(Domain(), NAMES).relations == ()


def test_conditions_that_always_hold_say_nothing():
    assert read_domain("x1 == x1, x1 + 1 >= x1, 0 < 1, x2 - x2 <= 0", NAMES) == Domain()
    plain = relucirc.depth_certificate("Max(x1, x2)")
    assert relucirc.depth_certificate("Max(x1, x2)", domain="x1 == x1").reason == plain.reason


def test_numbers_beyond_floats_are_numbers():
    assert prove(circuits.absolute(), "x", "x >= 1e400")
    assert not prove(circuits.absolute(), "x", "x >= -1e400")


REFUSED = {
    "x1 > 0 or x2 > 0": "for a union, prove each part",
    "not x1 > 0": "for a union, prove each part",
    "x1 != 0": r"got Ne\(x1, 0\); for a union, prove each part",
    "Abs(x1) >= 1": "Abs.* is not convex; prove each of its parts on its own",
    "Abs(x1) == 1": "not convex",
    "Max(x1, x2) > 0": "not convex",
    "x1*x2 < 1": r"x1\*x2 in x1\*x2 < 1 is not affine; a domain is a polyhedron",
    "sqrt(x1) < 1": "cannot read 'sqrt",
    "x1": "expected a condition such as x1 > 0",
    "x1 < y": "domain: it uses y, but the inputs are x1, x2",
    "y in {0, 1}": "domain: it uses y, but the inputs are x1, x2",
    "x1 in {0, 2}": "expected consecutive integers",
    "x1 in {1/2}": "expected consecutive integers",
    "x1 in {x2}": "expected consecutive integers",
    "x1 in x2": "expected a set of integers such as",
    "x1 + 1 in {0}": "membership is read for one variable",
    "x1 in {0} in {1}": "membership is read for one variable",
    "x1 = 0": "write == in a condition",
    "|x1 <= 1": r"an absolute value \|x\| needs a bar on either side",
    "x1 not in {0}": "cannot read",
    "x1 <": "cannot read .* write such as '0 <= x1 <= 1, x1 [+] x2 <= 3'",
    "x1 => 0": "write >= for =>",
    "x1 =< 0": "write <= for =<",
    "x1 >= 0; x1 <= 1": "separate conditions by commas",
    "x1 >= 0\nx1 <= 1": "separate conditions by commas",
    "x1 >= 0 && x1 <= 1": "write and for &&",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_polyhedron_is_refused_by_name(text):
    with pytest.raises(DomainError, match=REFUSED[text]):
        read_domain(text, NAMES)
    with pytest.raises(DomainError, match=REFUSED[text]):
        read_domain([text], NAMES)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (sympy.Symbol("y") > 0, "it uses y, but the inputs are x1, x2"),
        (sympy.Ne(x1, 0), "for a union"),
        (sympy.Or(x1 > 0, x2 > 0), "for a union"),
        (x1**2 > 1, "is not affine"),
        (x1 < sympy.oo, "oo in x1 < oo is not affine"),
        (x1 + sympy.I > sympy.Symbol("x2"), "is not affine"),
        (3, "expected text such as '0 <= x <= 1', SymPy relations or a relucirc.Box, got 3 of type int"),
        (1, "got 1 of type int"),  # 1 == True, but it is not the whole space
        ((0, 1), "got 0 of type int; for bounds write relucirc.Box"),
        ([1, 1.0], "got 1 of type int"),
        ([(0, 1)], r"expected one pair of bounds for each of the inputs x1, x2, got 1: \[\(0, 1\)\]"),
        ([(0, 1), (0,)], r"expected a pair \(lower, upper\) for x2, None for no bound, got \(0,\)"),
        ([(0, 1), "x1 > 0"], r"got \(0, 1\) of type tuple"),
        ([(0, 1), (0, float("inf"))], r"domain upper\[1\]: expected a finite number, got inf"),
        (object(), "of type object"),
        ({"x1": 1}, r"expected a pair \(lower, upper\) for x1, None for no bound, got 1"),
        ({"y": (0, 1)}, "it uses y, but the inputs are x1, x2"),
        ({"x1": (0, 1), x1: (0, 1)}, "expected one pair of bounds for x1, got two"),
        ({0: (0, 1)}, "it uses 0, but the inputs are x1, x2"),
        (x1, "expected comparisons"),
        ('{"x1": [0.5, 1]}', r'JSON number 0.5 may be rounded; quote it, as "0.5"'),
        ('{"x1": [NaN, 1]}', "expected a finite number, got NaN"),
        ('{"x1": [true, 1]}', "expected a number as text, such as .* got true"),
        ('{"x1": [0, 1], "x1": [0, 2]}', "expected every key once, got 'x1' twice"),
        ('{"x1": (0, 1)}', r"expected JSON such as .* got an error at line 1, column 8"),
        ('{"y": [0, 1]}', "it uses y, but the inputs are x1, x2"),
        ('{"x1": {"lower": 0}}', r"expected a pair \(lower, upper\) for x1"),
        ("[[0,\n1], [2, 3]]", r"expected bounds that name their inputs.*got \[\[0, 1\], \[2, 3\]\]"),
        ("[" * 100_000, "nested too deeply"),
        (Path("nowhere.json"), "nowhere.json: cannot be read: No such file"),
        (Box([0], 1), r"Box lower: expected one number or 2, got 1: \[0\]"),
        (Box(0, "one"), "Box upper.0.: expected a rational number such as"),
        (Box(float("nan"), 1), "Box lower.0.: expected a finite number, got nan"),
        (Box(0, sympy.pi), "Box upper.0.: expected a rational number"),
    ],
)
def test_other_things_are_refused_in_a_sentence(domain, words):
    with pytest.raises(DomainError, match=words):
        read_domain(domain, NAMES)


EMPTY = [
    "x1 < 0, x1 > 0",
    "x1 < 0, x1 >= 0",
    "x1 > 0, x1 < x2, x2 < 0",
    "x1 + x2 >= 1, x1 + x2 <= 1, x1 + x2 > 1",
    "x1 == 0, x1 == 1",
    "False",
    "1 < 0",
    "x1 > 1 - 1e-30, x1 < 1 - 1e-30",
    [sympy.false],
    Box(1, 0),
    [x1 > x2, x2 > x1],
]


@pytest.mark.parametrize("domain", EMPTY, ids=str)
def test_an_empty_domain_is_refused_not_proved(domain):
    for ask in (prove, relucirc.max_deviation):
        with pytest.raises(DomainError, match="the domain is empty: no point satisfies"):
            ask(circuits.minimum(), "x1", domain)


BOUND = st.tuples(
    st.sampled_from(["<", "<=", ">", ">=", "=="]), st.fractions(min_value=-2, max_value=2, max_denominator=3)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BOUND, min_size=1, max_size=3), st.sampled_from([1, 2, -3]))
def test_bounds_without_an_integer_between_them_are_an_empty_domain(bounds, factor):
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
    text = ", ".join([f"{factor}*x {op} {factor * bound}" for op, bound in bounds])
    text += ", x in integers, -9 <= x <= 9, 0*x < 1"
    left = [n for n in range(-9, 10) if all(compare[op](factor * n, factor * b) for op, b in bounds)]
    if left:
        assert bool(prove(circuits.absolute(), "-x", text)) == all(n <= 0 for n in left)
    else:
        with pytest.raises(DomainError, match="the domain is empty: no point"):
            prove(circuits.absolute(), "-x", text)


NO_INTEGERS = [
    "2*x1 + 4*x2 == 3",
    "3*x1 - 6*x2 > 3, 2*x2 - x1 > -2",
    "x1 + x2 == 0, x1 - x2 == 1",
    "1 < 3*x1, 3*x1 < 3 + x2, x2 < 0",
    "0 < 2*x1 - 3*x2, 2*x1 - 3*x2 < 1",
]


@pytest.mark.parametrize("domain", NO_INTEGERS)
def test_relations_without_an_integer_point_between_them_are_an_empty_domain(domain):
    with pytest.raises(DomainError, match="the domain is empty"):
        prove(circuits.minimum(), "Max(x1, Abs(x2) - 7)", f"{domain}, x1 in integers, x2 in integers")


def test_a_domain_as_thin_as_a_number_is_not_empty():
    thin = "x1 > 1 - 1e-30, x1 < 1"
    assert prove(circuits.minimum(), "Min(x1, x2)", thin).status == "proved"
    witness = prove(circuits.minimum(), "x1", thin).witness
    assert 1 - sympy.Rational("1e-30") < witness["x1"] < 1


FLAT = {
    "x1 == x2": ("x1", "x1 + Abs(x2 - x1)"),
    "x1 == 2, x2 == 3": ("2", "x2 - 1"),
    "x1 >= 1, x1 <= 1": ("Min(1, x2)", "Piecewise((Min(1, x2), Eq(x1, 1)), (5, True))"),
    "x1 + x2 == 0, x1 >= 0": ("x2", "-x1"),
    "x1 + x2 <= 0, x1 >= 0, x2 >= 0": ("0", "x1 + 7*x2"),
}


@pytest.mark.parametrize("domain", FLAT)
def test_domains_without_interior(domain):
    for formula in FLAT[domain]:
        assert prove(circuits.minimum(), formula, domain).status == "proved", formula
        result = prove(circuits.minimum(), formula + " + 1e-20", domain)
        assert result.status == "refuted"
        assert inside(domain, [Fraction(int(v.p), int(v.q)) for v in result.witness.values()])


def test_an_open_edge_may_be_where_the_only_difference_is():
    step = "x + Piecewise((1, x >= 1), (0, True))"
    assert prove(circuits.identity(), step, "x < 1").status == "proved"
    assert prove(circuits.identity(), step, "x <= 1").witness == {"x": 1}
    point = "x + Piecewise((1, Eq(x, 1)), (0, True))"
    assert prove(circuits.identity(), point, "x < 1").status == "proved"
    assert prove(circuits.identity(), point, "x >= 1").witness == {"x": 1}
    assert prove(circuits.identity(), point, "x > 1").status == "proved"


@settings(max_examples=60)
@given(formulas(2), domains(2, everything=False), points(2))
def test_an_answer_on_a_domain_is_right_at_a_random_point_of_it(formula, domain, point):
    """A proof speaks for every point of the domain, a witness is in it; SymPy evaluates."""
    net = circuits.minimum()
    result = prove(net, formula, domain, budget=5)
    if result.status == "refuted":
        assert inside(domain, [Fraction(int(v.p), int(v.q)) for v in result.witness.values()])
        at = {sympy.Symbol(name): v for name, v in result.witness.items()}
        assert (
            formula.xreplace(at).doit()
            == result.formula_value
            != result.network_value
            == sympy.Min(*result.witness.values())
        )
    elif result.status == "proved" and inside(domain, point):
        at = dict(zip(SYMBOLS, map(sympy.Rational, point), strict=True))
        assert formula.xreplace(at).doit() == net.at(*point)[0]


def test_bounds_by_position_leave_a_certificate_no_choice_of_names():
    """Names in a certificate are taken only where function and domain say them themselves."""
    formula, places, swapped = "Max(x1 - 3/2, 0) + x2", [(0, 1), (2, 3)], ("x2", "x1")
    certificate = relucirc.minimal_network(formula, domain=places, inputs=swapped).certificate
    assert check_minimal(formula, certificate, places, swapped)
    for inputs in (None, ("x1", "x2")):
        assert not check_minimal(formula, certificate, places, inputs)
    assert not check_minimal(formula, certificate, "[[0, 1], [2, 3]]")  # text names its inputs, or is none
    assert check_minimal(formula, certificate, {"x2": (0, 1), "x1": (2, 3)})
    assert not check_minimal(formula, certificate, {"x1": (0, 1), "x2": (2, 3)})
