"""Claims about integer points with a known answer, for the tests of branch and bound.

Both sides are sums of pieces in two spellings.  A network has ramps and hats where the formula has steps and
comparisons: they are the same at integers and nowhere else.  Some claims have a number moved; the judges are a list
of all points (:func:`differing_point`), z3 where an input is real, and, on all of Z^n, how a claim was made.
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import against_z3
import hunting
import plain
import z3
from hypothesis import strategies as st

ZERO, ONE = ("number", Fraction(0)), ("number", Fraction(1))
SMALL = st.sampled_from([Fraction(n, d) for n, d in ((1, 1), (-1, 1), (2, 1), (1, 2), (-3, 2), (1, 3))])
NON_ZERO = st.sampled_from([1, -1, 2, -2, 3, -3])
PARTS = st.sampled_from([Fraction(1, 2), Fraction(1, 3), Fraction(2, 3), Fraction(1, 100)])
Pair = tuple[plain.Formula, plain.Formula]


@dataclass(frozen=True)
class IntegerClaim:
    """One claim.

    Attributes:
        layers: The network.
        formula: The formula.
        names: The inputs; the integer ones first.
        values: For every integer input the integers that it takes, None for all of them.
        relations: What is asked of a real input beside them.
        domain: The domain as text.
        equal: Whether the sides are equal by construction.
    """

    layers: plain.Layers
    formula: plain.Formula
    names: tuple[str, ...]
    values: tuple[range | None, ...]
    relations: tuple[plain.Relation, ...]
    domain: str
    equal: bool

    def differs_at(self, point: plain.Point) -> bool:
        return plain.run(self.layers, point)[0] != plain.value(self.formula, point)

    def contains(self, point: plain.Point) -> bool:
        whole = all(
            c.denominator == 1 and (values is None or c in values)
            for c, values in zip(point, self.values, strict=False)
        )
        return whole and plain.inside(self.relations, point)


def whole_form(draw: st.DrawFn, inputs: int) -> plain.Formula:
    """Integer coefficients over the first inputs, not all of them zero."""
    first = draw(st.integers(0, inputs - 1))
    coefficients = [draw(NON_ZERO if i == first else st.integers(-3, 3)) for i in range(inputs)]
    return ("add", ZERO, *(("scale", Fraction(c), ("input", i)) for i, c in enumerate(coefficients) if c))


def plus(f: plain.Formula, c: Fraction) -> plain.Formula:
    return ("add", f, ("number", c))


def times(c: Fraction, f: plain.Formula) -> plain.Formula:
    return ("scale", c, f)


def relu(f: plain.Formula) -> plain.Formula:
    return ("max", ZERO, f)


def either(condition: plain.Formula) -> plain.Formula:
    return ("if", condition, ONE, ZERO)


def step(draw: st.DrawFn, form: plain.Formula) -> Pair:
    """1 where a whole form is greater than k, in ramps and in comparisons."""
    k, part = Fraction(draw(st.integers(-2, 2))), draw(PARTS)
    above = plus(form, -k)
    ramps = [
        ("add", relu(above), times(Fraction(-1), relu(plus(above, Fraction(-1))))),
        ("min", ONE, relu(above)),
        ("min", ONE, relu(times(1 / part, plus(above, part - 1)))),
    ]
    number = ("number", k)
    steps = [
        either((">", form, number)),
        either((">=", form, ("number", k + 1))),
        either((">", form, ("number", k + part))),
        either(("not", ("<=", times(Fraction(2), form), ("number", 2 * k + 1)))),
        ("if", ("<", form, number), ZERO, ("if", ("==", form, number), ZERO, ONE)),
        ("if", ("==", form, ("number", k + part)), number, either(("<", number, form))),
        ("step", plus(above, -part), ZERO),
    ]
    return draw(st.sampled_from(ramps)), draw(st.sampled_from(steps))


def test_of_equality(draw: st.DrawFn, form: plain.Formula) -> Pair:
    """1 where a whole form is k."""
    k = Fraction(draw(st.integers(-2, 2)))
    away = plus(form, -k)
    number = ("number", k)
    hats = [
        relu(("add", ONE, times(Fraction(-1), ("abs", away)))),
        ("add", ONE, times(Fraction(-1), ("min", ONE, ("abs", away)))),
    ]
    tests = [
        either(("==", form, number)),
        ("if", ("!=", form, number), ZERO, ONE),
        either(("and", (">", form, ("number", k - 1)), ("<", form, ("number", k + 1)))),
        ("if", (">", form, number), ZERO, ("if", (">=", form, number), ONE, ZERO)),
        ("add", ONE, times(Fraction(-1), ("abs", ("sign", away)))),
    ]
    return draw(st.sampled_from(hats)), draw(st.sampled_from(tests))


def nothing(draw: st.DrawFn, form: plain.Formula) -> Pair:
    """0 at integers, on the one side or on the other."""
    k, part = Fraction(draw(st.integers(-2, 2))), draw(PARTS)
    bump = relu(("min", plus(form, -k), plus(times(Fraction(-1), form), k + 1)))
    spike = either(("==", form, ("number", k + part)))
    gap = either(("and", (">", form, ("number", k)), ("<", form, ("number", k + 1))))
    return draw(st.sampled_from([(bump, ZERO), (ZERO, bump), (ZERO, spike), (ZERO, gap), (bump, gap)]))


def same(draw: st.DrawFn, n: int) -> Pair:
    """A continuous formula, and the same in other words."""
    f = draw(hunting.formulas(n, jumps=False))
    return f, hunting.rewritten(draw, f, n)


@st.composite
def claims(draw: st.DrawFn, *, bounded: bool = True, max_inputs: int = 3, reals: int = 0) -> IntegerClaim:
    """Claims about points with some integer inputs, a half of them with a number moved."""
    whole = draw(st.integers(1, max_inputs))
    n = whole + reals
    names = tuple(f"x{i + 1}" for i in range(n))
    pairs = [
        (draw(SMALL), draw(st.sampled_from([step, test_of_equality, nothing]))(draw, whole_form(draw, whole)))
        for _ in range(draw(st.integers(1, 2)))
    ]
    if draw(st.booleans()):
        pairs.append((Fraction(1), same(draw, n)))
    left = ("add", ZERO, *(times(c, pair[0]) for c, pair in pairs))
    right = ("add", ZERO, *(times(c, pair[1]) for c, pair in pairs))
    layers = hunting.network_of([left], n)
    values, text = _integers(draw, names[:whole], bounded=bounded)
    equal = True
    if bounded and not reals and draw(st.integers(0, 4)) == 0:
        layers = draw(hunting.layers_(n, 1, max_hidden=2, max_width=3))
        right = _table(layers, values)
    elif bounded and draw(st.integers(0, 9)) == 0:
        right, equal = draw(hunting.formulas(n)), False
    if draw(st.booleans()):
        right, equal = _moved(draw, right), False
    relations = [relation for v in range(whole, n) for relation in _interval(draw, v, n)]
    if relations:
        text.append(plain.domain_text(relations, names) or "")
    return IntegerClaim(layers, right, names, tuple(values), tuple(relations), ", ".join(text), equal)


def _integers(draw: st.DrawFn, names: tuple[str, ...], *, bounded: bool) -> tuple[list[range | None], list[str]]:
    values: list[range | None] = []
    text = []
    for name in names:
        if not bounded:
            values.append(None)
            text.append(f"{name} in integers")
            continue
        low = draw(st.integers(-2, 2))
        high = draw(st.integers(low, 2))
        values.append(range(low, high + 1))
        listed = f"{name} in {{{', '.join(map(str, range(low, high + 1)))}}}"
        bounds = [f"{name} in integers, {low} <= {name}, {name} <= {high}", f"{name} in integers"]
        bounds[1] += f", {low - 1} < {name}, 3*{name} < {3 * high + 2}"
        text.append(draw(st.sampled_from([listed, *bounds])))
    return values, text


def _interval(draw: st.DrawFn, v: int, n: int) -> list[plain.Relation]:
    """Bounds of a real input: a closed, an open, or a half-open interval, or none, perhaps over an integer one."""
    unit = tuple(Fraction(int(i == v)) for i in range(n))
    minus = tuple(-c for c in unit)
    lower, upper = (unit, Fraction(0), draw(st.sampled_from([">", ">="]))), (minus, Fraction(1), ">")
    below = tuple(Fraction(int(i == 0) - int(i == v)) for i in range(n))
    return draw(st.sampled_from([[], [lower], [lower, upper], [lower, (below, Fraction(3), ">")]]))


def _table(layers: plain.Layers, values: list) -> plain.Formula:
    """The network's values, point by point."""
    points = [tuple(map(Fraction, p)) for p in itertools.product(*values)]
    *first, last = points[:12]
    table: plain.Formula = ("number", plain.run(layers, last)[0])
    for point in first:
        tests = [("==", ("input", i), ("number", c)) for i, c in enumerate(point)]
        table = ("if", ("and", *tests, *tests[:1]), ("number", plain.run(layers, point)[0]), table)
    return table


def _moved(draw: st.DrawFn, f: plain.Formula) -> plain.Formula:
    """One number of a formula changed."""
    places = list(_numbers(f))
    place = draw(st.sampled_from(places)) if places else ()
    return _replaced(f, place, draw(st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 2)])))


def _numbers(f: Any, path: tuple[int, ...] = ()) -> Any:
    for i, part in enumerate(f):
        if isinstance(part, Fraction):
            yield (*path, i)
        elif isinstance(part, tuple):
            yield from _numbers(part, (*path, i))


def _replaced(f: Any, path: tuple[int, ...], change: Fraction) -> Any:
    if not path:
        return f + change
    i, *rest = path
    return (*f[:i], _replaced(f[i], tuple(rest), change), *f[i + 1 :])


def differing_point(claim: IntegerClaim, reach: int = 5) -> plain.Point | None:
    """The first integer point where the sides differ, of all points or of those within reach."""
    for point in itertools.product(*(range(-reach, reach + 1) if v is None else v for v in claim.values)):
        exact = tuple(map(Fraction, point))
        if claim.differs_at(exact):
            return exact
    return None


def verdict_of_z3(claim: IntegerClaim) -> str | plain.Point:
    """The judge for claims with real inputs: every integer is one of a few."""
    variables, facts = against_z3.inputs(len(claim.names)), []
    for variable, values in zip(variables, claim.values, strict=False):
        assert values is not None
        facts.append(z3.Or([variable == value for value in values]))
    facts += against_z3.domain_facts(claim.relations, variables)
    left = against_z3.network_terms(claim.layers, variables, facts)
    right = [against_z3.formula_term(claim.formula, variables, facts)]
    return against_z3.decide(left, right, facts, variables)
