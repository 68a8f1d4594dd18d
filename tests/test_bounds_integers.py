"""Extrema over integers and mixed domains: brute force and slices judge; rays, and what is certified at the end."""

import itertools
import json
from fractions import Fraction

import pytest
import sympy
from hard import random_network
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, bounds, check, circuits, max_deviation, prove
from relucirc.core.budget import OutOfBudget

SMALL = st.integers(-3, 3)
NAMES = ("x1", "x2", "x3")


@st.composite
def nets(draw, outputs=1):
    """Small networks of one or two hidden layers with rational weights."""
    n = draw(st.integers(1, 3))
    sizes = [n, *draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)), outputs]
    halves = st.builds(Fraction, SMALL, st.sampled_from([1, 1, 2, 3]))
    layers = []
    for below, above in itertools.pairwise(sizes):
        rows = [[draw(halves) for _ in range(below)] for _ in range(above)]
        layers.append(([list(map(str, row)) for row in rows], [str(draw(halves)) for _ in range(above)]))
    return MLP.from_arrays(layers, NAMES[:n] if n > 1 else ("x",))


def exact(value) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def listed(value):
    return value if isinstance(value, list) else [value]


def accepted(net, found, domain, formula=None):
    """Whether the certificate is accepted after JSON."""
    return bool(check(net, formula, json.loads(json.dumps(found.certificate)), domain))


@settings(max_examples=60, deadline=None)
@given(nets(), st.integers(-2, 0), st.integers(0, 2), st.booleans())
def test_bounds_on_integer_boxes_are_those_of_all_points(net, low, high, halves):
    ends = (f"{low} - 1/2", f"{high} + 1/2") if halves else (low, high)
    domain = ", ".join(f"{x} >= {ends[0]}, {x} <= {ends[1]}, {x} in integers" for x in net.inputs)
    found = bounds(net, domain)
    values = [net.at(*p)[0] for p in itertools.product(range(low, high + 1), repeat=len(net.inputs))]
    assert (found.lower, found.upper, found.exact) == (min(values), max(values), True)
    for at, value in ((found.lower_at, found.lower), (found.upper_at, found.upper)):
        assert all(low <= at[x] <= high and at[x].is_Integer for x in net.inputs)
        assert net.at(*(at[x] for x in net.inputs))[0] == value
    assert accepted(net, found, domain)


@settings(max_examples=40, deadline=None)
@given(nets(outputs=2), st.sampled_from(["x1 + x2 <= 1", "3*x1 - 2*x2 == 1", "x1 - x2 > -1/2", "2*x1 + 2*x2 >= 1"]))
def test_bounds_on_slanted_domains_of_integers_are_those_of_all_points(net, extra):
    if len(net.inputs) != 2:
        return
    domain = f"-3 <= x1, x1 <= 3, -3 <= x2, x2 <= 3, x1 in integers, x2 in integers, {extra}"
    x1, x2 = sympy.symbols("x1 x2")
    holds = sympy.sympify(f"Eq({extra.replace('==', ',')})" if "==" in extra else extra)
    points = [p for p in itertools.product(range(-3, 4), repeat=2) if holds.subs({x1: p[0], x2: p[1]}) == True]  # noqa: E712
    found = bounds(net, domain)
    columns = list(zip(*(net.at(*p) for p in points), strict=True))
    assert found.lower == [min(column) for column in columns]
    assert found.upper == [max(column) for column in columns]
    assert accepted(net, found, domain)


@settings(max_examples=30, deadline=None)
@given(nets(), st.sampled_from(["0 <= x2, x2 <= 3/2", "-1 < x2, x2 < 1", "x1 <= x2, x2 <= x1 + 1", "x2 == x1/2"]))
def test_bounds_on_mixed_domains_are_those_of_their_slices(net, extra):
    if len(net.inputs) != 2:
        return
    domain = f"x1 in {{-1, 0, 1, 2}}, {extra}"
    found = bounds(net, domain)
    slices = [bounds(net, f"x1 == {k}, {extra}") for k in (-1, 0, 1, 2)]
    assert found.lower == min(part.lower for part in slices)
    assert found.upper == max(part.upper for part in slices)
    assert (found.upper_at is None) is all(p.upper_at is None for p in slices if p.upper == found.upper)
    assert (found.lower_at is None) is all(p.lower_at is None for p in slices if p.lower == found.lower)
    assert accepted(net, found, domain)


@settings(max_examples=30, deadline=None)
@given(nets(), nets())
def test_deviations_on_integers_have_certificates(net, other):
    if net.inputs != other.inputs:
        return
    domain = Box(-2, 2, integer=True)
    found = max_deviation(net, other, domain)
    points = itertools.product(range(-2, 3), repeat=len(net.inputs))
    assert found.value == max(abs(net.at(*p)[0] - other.at(*p)[0]) for p in points)
    assert accepted(net, found, domain, other)


@pytest.mark.parametrize("seed", range(6))
def test_where_there_is_no_bound_a_ray_of_integers_says_so(seed):
    net = random_network((2, 5, 1), seed).exact()
    real, whole = bounds(net), bounds(net, "x1 in integers, x2 in integers")
    for side in ("upper", "lower"):
        end, ray = getattr(whole, side), getattr(whole, f"{side}_ray")
        assert end.is_finite is getattr(real, side).is_finite  # a cone of directions is a cone of whole ones
        assert (ray is None) is end.is_finite
        if ray is None:
            continue
        point, direction = ray
        values = [net.at(*(point[x] + t * direction[x] for x in net.inputs))[0] for t in range(4)]
        steps = {b - a for a, b in itertools.pairwise(values)}
        assert len(steps) == 1
        assert bool(steps.pop() > 0) is (side == "upper")
        assert all(c.is_Integer for part in ray for c in part.values())
    assert accepted(net, whole, "x1 in integers, x2 in integers")


STRIP = MLP.from_arrays(
    [([[3, -3], [3, -3], [3, -3]], [-1, "-3/2", -2]), ([[1, -2, 1], [1, 0, 0]], [0, 0]), ([[1, 0]], None)],
    inputs=("x1", "x2"),
)
"""Positive between the diagonals x1 - x2 = 1/3 and 2/3 only, where no integers are."""


def test_a_strip_without_integers_counts_for_nothing():
    whole = "x1 in integers, x2 in integers"
    grows = MLP.from_arrays(
        [([[3, -3], [-3, 3], [1, 0]], [0, 0, 0]), ([[-100, -100, 1]], [0]), ([[1]], None)], NAMES[:2]
    )
    assert bounds(STRIP, whole).upper == 0
    assert bounds(STRIP, "x1 in integers").upper > 0
    assert bounds(grows).upper == bounds(grows, whole).upper == sympy.oo
    beside = "x1 in integers, x2 in integers, 3*x1 - 3*x2 > 1, 3*x1 - 3*x2 < 5"
    found = bounds(circuits.minimum(), beside)
    assert (found.lower, found.upper) == (-sympy.oo, sympy.oo)
    assert accepted(circuits.minimum(), found, beside)


@pytest.mark.parametrize("relation", ["y <= 0", "y < 1/1000", "y <= 0 or y <= x1 - 10", "y < 1/7 or x1 + y < -3"])
def test_relations_hold_on_a_strip_without_integers(relation):
    whole = "x1 in integers, x2 in integers"
    found = prove(STRIP, relation, whole, budget=30)
    assert found.status == "proved"
    assert check(STRIP, relation, found.certificate, whole)
    real = prove(STRIP, relation, "x1 in integers", budget=30)
    assert real.status == "refuted"


def test_a_domain_without_integers_is_empty():
    for domain in ("3*x1 - 6*x2 == 1, x1 in integers, x2 in integers", "1/3 <= x1 - x2, x1 - x2 <= 2/3"):
        domain += ", 0 <= x1, x1 <= 9, x1 in integers, x2 in integers"
        for ask in (lambda d: bounds(circuits.minimum(), d), lambda d: max_deviation(circuits.minimum(), "0", d)):
            with pytest.raises(relucirc.DomainError, match="the domain is empty"):
                ask(domain)


def ends_early(monkeypatch, most):
    """Every search ends after so many boxes; what comes after it has its time."""
    left = itertools.count()

    def tick(counter=None):
        if counter == "boxes" and next(left) >= most:
            raise OutOfBudget

    monkeypatch.setattr("relucirc.proof.bounding.search.tick", tick)


PAIR = random_network((3, 7, 7, 1), 1).exact(), random_network((3, 7, 7, 1), 2).exact()
DOMAINS = {
    "box": Box(-2, 2),
    "polyhedron": "x1 + x2 + x3 <= 2, x1 >= -1, x2 - x1 >= -1, x3 + x2 >= 0, x2 - x3 <= 5",
    "plane": "x1 + x2 == x3, x1 - x2 <= 3, x1 + x2 <= 2, x1 >= -1",
    "integers": Box(-2, 2, integer=True),
    "mixed": "x1 in {-1, 0, 1}, x1 <= x2, x2 <= 2, 0 <= x3, x3 + x2 <= 3",
}


@pytest.mark.parametrize("most", [0, 1, 5, 30])
@pytest.mark.parametrize("name", DOMAINS)
def test_every_interval_has_a_certificate(name, most, monkeypatch):
    net, other = PAIR
    domain = DOMAINS[name]
    true, apart = bounds(net, domain), max_deviation(net, other, domain)
    ends_early(monkeypatch, most)
    found, near = bounds(net, domain), max_deviation(net, other, domain)
    assert "unknown" in (found.status, near.status) or most == 30
    assert found.lower <= true.lower <= true.upper <= found.upper < sympy.oo
    assert near.lower <= apart.value <= near.upper < sympy.oo
    assert accepted(net, found, domain)
    assert accepted(net, near, domain, other)
    if found.status == "unknown":
        assert exact(found.upper) == exact(sympy.Rational(found.certificate["upper"][0]))
        assert exact(found.lower) == exact(sympy.Rational(found.certificate["lower"][0]))
    if near.status == "unknown":
        assert near.upper == sympy.Rational(near.certificate["value"])


def test_every_interval_has_a_certificate_where_a_formula_has_cells(monkeypatch):
    text = "Piecewise((Max(0, x1 - x2), x1 > 1/2), (Max(x2, 3*x1 - Max(x2, 1)), True))"
    domain = "x1 + x2 <= 2, x1 >= -1, x2 - x1 >= -1, x2 <= 3"
    true = bounds(text, domain, inputs=("x1", "x2"))
    ends_early(monkeypatch, 1)
    found = bounds(text, domain, inputs=("x1", "x2"))
    assert found.status == "unknown"
    assert found.lower <= true.lower <= true.upper <= found.upper < sympy.oo
    assert check(text, None, found.certificate, domain, inputs=("x1", "x2"))


def test_more_time_brings_the_ends_nearer(monkeypatch):
    net, domain = PAIR[0], DOMAINS["polyhedron"]
    widths = []
    for most in (0, 2, 8, 40):
        with monkeypatch.context() as patch:
            ends_early(patch, most)
            found = bounds(net, domain)
        widths.append(found.upper - found.lower)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]
