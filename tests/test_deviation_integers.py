"""Largest distances on integer points: what brute force over the points says, value and place."""

import itertools
from dataclasses import dataclass
from fractions import Fraction

import pytest
import sympy
from hard import StepsLeft
from hypothesis import given, settings
from hypothesis import strategies as st

from relucirc import MLP, Box, circuits, max_deviation

SMALL = st.integers(-2, 2)
NAMES = ("x", "y")


@dataclass(frozen=True)
class Guarded:
    """``first if a x + b y + c op 0 else second``, evaluated by Python's fractions alone."""

    guard: tuple[int, int, int]
    op: str
    first: tuple[int, int, int]
    second: tuple[int, int, int]

    def text(self) -> str:
        return f"Piecewise(({_linear(self.first)}, {_linear(self.guard)} {self.op} 0), ({_linear(self.second)}, True))"

    def __call__(self, *point) -> Fraction:
        size = _value(self.guard, point)
        holds = {"==": size == 0, ">": size > 0, ">=": size >= 0}[self.op]
        return _value(self.first if holds else self.second, point)


def _linear(form) -> str:
    return f"{form[0]}*x + {form[1]}*y + {form[2]}"


def _value(form, point) -> Fraction:
    return form[0] * point[0] + form[1] * point[1] + Fraction(form[2])


FORMS = st.tuples(SMALL, SMALL, SMALL)
GUARDED = st.builds(
    Guarded,
    st.tuples(st.sampled_from([-3, -2, 2, 3]), st.sampled_from([-4, -2, 0, 2, 3]), st.integers(-3, 3)),
    st.sampled_from(["==", ">", ">="]),
    FORMS,
    FORMS,
)


@st.composite
def nets(draw):
    hidden = draw(st.lists(FORMS, min_size=1, max_size=3))
    out = [draw(SMALL) for _ in hidden]
    rows = [[a, b] for a, b, _ in hidden]
    return MLP.from_arrays([(rows, [c for _, _, c in hidden]), ([out], [draw(SMALL)])], inputs=NAMES)


def gap(net, formula, point) -> Fraction:
    (value,) = net.at(*point)
    return abs(Fraction(int(value.p), int(value.q)) - formula(*point))


def exact(value) -> Fraction:
    return Fraction(int(value.p), int(value.q))


@settings(max_examples=250)
@given(nets(), GUARDED, st.tuples(st.integers(-2, 0), st.integers(0, 2)), st.booleans())
def test_integer_boxes_agree_with_brute_force(net, formula, sides, text):
    low, high = sides
    points = list(itertools.product(range(low, high + 1), repeat=2))
    numbers = ", ".join(map(str, range(low, high + 1)))
    domain = f"x in {{{numbers}}}, y in {{{numbers}}}" if text else Box(low, high, integer=True)
    found = max_deviation(net, formula.text(), domain)
    assert exact(found.value) == max(gap(net, formula, point) for point in points)
    assert found.attained
    assert (found.lower, found.upper) == (found.value, found.value)
    at = tuple(int(found.witness[name]) for name in NAMES)
    assert at in points
    assert gap(net, formula, at) == exact(found.value)


@settings(max_examples=60)
@given(nets(), GUARDED, st.sampled_from([("x + y", "<=", "1"), ("3*x - 2*y", "==", "1"), ("x - y", ">", "-1/2")]))
def test_slanted_domains_of_integers_agree_with_brute_force(net, formula, extra):
    left, op, right = extra
    x, y = sympy.symbols("x y")
    size = sympy.sympify(left) - sympy.Rational(right)
    holds = {"<=": lambda v: v <= 0, "==": lambda v: v == 0, ">": lambda v: v > 0}[op]
    box = itertools.product(range(-3, 4), repeat=2)
    points = [p for p in box if holds(size.subs({x: p[0], y: p[1]}))]
    domain = f"-3 <= x, x <= 3, -3 <= y, y <= 3, x in integers, y in integers, {left} {op} {right}"
    found = max_deviation(net, formula.text(), domain)
    assert exact(found.value) == max(gap(net, formula, point) for point in points)
    at = tuple(int(found.witness[name]) for name in NAMES)
    assert found.attained
    assert at in points
    assert gap(net, formula, at) == exact(found.value)


@settings(max_examples=80)
@given(nets(), GUARDED, st.sampled_from(["0 <= y, y <= 1", "-1 < y, y < 1", "y == 1/2"]))
def test_mixed_domains_agree_with_their_slices(net, formula, sides):
    """One question for every value of the integer input, each on real points alone."""
    found = max_deviation(net, formula.text(), f"x in {{-1, 0, 1, 2}}, {sides}")
    slices = [max_deviation(net, formula.text(), f"x == {k}, {sides}") for k in (-1, 0, 1, 2)]
    assert found.value == max(part.value for part in slices)
    best = [part for part in slices if part.value == found.value]
    assert found.attained == any(part.attained for part in best)
    assert found.witness["x"] in (-1, 0, 1, 2)
    if found.attained:
        at = tuple(exact(found.witness[name]) for name in NAMES)
        assert gap(net, formula, at) == exact(found.value)
    for k, y in itertools.product((-1, 0, 1, 2), [Fraction(i, 8) for i in range(-7, 8)]):
        if (sides.startswith("-1")) or (sides.startswith("0") and y >= 0):
            assert gap(net, formula, (k, y)) <= exact(found.value)


ZERO = MLP.from_arrays([([[0]], None)], inputs=("x",))


@pytest.mark.parametrize(
    ("formula", "domain", "value", "at"),
    [
        ("Piecewise((5, 2*x == 1), (0, True))", "x in {0, 1}", 0, None),
        ("Piecewise((5, 2*x == 1), (x, True))", "x in {0, 1}", 1, 1),
        ("Piecewise((5, And(x > 0, x < 1)), (x, True))", "x in {0, 1}", 1, 1),
        ("Piecewise((5, 2*x == 1), (x, True))", "x in integers, x >= 0, x <= 10**6", 10**6, 10**6),
    ],
)
def test_cells_without_integer_points_contribute_nothing(formula, domain, value, at):
    found = max_deviation(ZERO, formula, domain)
    assert (found.value, found.attained) == (value, True)
    assert at is None or found.witness == {"x": at}


def test_guards_that_no_integers_meet_are_seen_through_by_divisibility():
    net = MLP.from_arrays([([[0, 0]], None)], inputs=NAMES)
    found = max_deviation(net, "Piecewise((x, 2*x - 4*y == 1), (3, True))", "x in integers, y in integers")
    assert (found.value, found.attained) == (3, True)


def test_unbounded_domains_of_integers_are_measured():
    net = circuits.minimum()
    whole = "x1 in integers, x2 in integers"
    assert max_deviation(net, "x1", whole).value == sympy.oo
    assert max_deviation(net, "Min(x1, x2) + 1/3", whole).value == sympy.Rational(1, 3)
    # Between the diagonals x1 - x2 = 1/3 and 2/3 there is room for points, but for none with integers.
    for inside, domain in itertools.product(("x1", "2*x1"), (f"{whole}, 0 <= x1, x1 <= 9", whole)):
        between = f"Piecewise(({inside}, And(3*x1 - 3*x2 > 1, 3*x1 - 3*x2 < 2)), (Min(x1, x2), True))"
        found = max_deviation(net, between, domain)
        assert (found.value, found.attained) == (0, True)
    # The same with a fold of the network's own.
    strip = MLP.from_arrays(
        [([[3, -3], [3, -3], [3, -3]], [-1, "-3/2", -2]), ([[1, -2, 1], [1, 0, 0]], [0, 0]), ([[1, 0]], None)],
        inputs=("x1", "x2"),
    )
    assert max_deviation(strip, "0", whole).value == 0


def test_what_is_seen_between_integers_is_no_lower_bound():
    tent = MLP.from_arrays([([[1], [1]], [0, "-1/2"]), ([[1, -2]], None)], inputs=("x",))
    assert max_deviation(tent, "0", Box(0, 1)).value == sympy.Rational(1, 2)
    for most in range(60):
        with StepsLeft(most):
            found = max_deviation(tent, "0", Box(0, 1, integer=True))
        assert found.lower == 0 <= found.upper


def test_a_supremum_between_strict_bounds_is_approached():
    net = MLP.from_arrays([([[1, 1]], None), ([[1]], None)], inputs=NAMES)
    found = max_deviation(net, "0", "x in {0, 1}, 0 < y, y < 1")
    assert (found.value, found.witness, found.attained) == (2, {"x": 1, "y": 1}, False)
    endless = max_deviation(net, "Max(0, x + y) - y", "x >= 0, x in integers, 0 < y, y < 1")
    assert (endless.value, endless.attained) == (1, False)
