"""The checker's own sweep of a line: every function is what its gates say, and differences count inside alone."""

import random

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relucirc.checker import sweep
from relucirc.checker.data import Rejected
from relucirc.checker.linear import UNIT
from relucirc.checker.sweep import check_sweep

ONE = fmpq(1)
X = {0: ONE}


def relu(shift, sign=1):
    """The gate ``max(0, sign (x - shift))``."""
    return {}, {v: c for v, c in {0: fmpq(sign), UNIT: fmpq(-sign * shift)}.items() if c}


def side(*gates, by=None):
    """The sum of some gates, or of multiples of them."""
    return list(gates), [{1 + i: fmpq(c) for i, c in enumerate(by or [1] * len(gates)) if c}]


def at_least(low):
    return {v: c for v, c in {0: ONE, UNIT: fmpq(-low)}.items() if c}


def at_most(high):
    return {v: c for v, c in {0: -ONE, UNIT: fmpq(high)}.items() if c}


def test_far_away_slopes_count_where_the_domain_reaches():
    one, more = side(relu(0)), side(relu(0), relu(5))
    check_sweep([at_most(5)], [one, more])
    check_sweep([at_most(4), at_most(7)], [one, more])
    for constraints in ([], [at_least(0)], [at_most(6)], [at_least(7)]):
        with pytest.raises(Rejected, match="differ"):
            check_sweep(constraints, [one, more])
    one, more = side(relu(0, -1)), side(relu(0, -1), relu(-5, -1))
    check_sweep([at_least(-5)], [one, more])
    check_sweep([at_least(-7), at_least(-4)], [one, more])
    for constraints in ([], [at_most(0)], [at_least(-6)], [at_most(-7)]):
        with pytest.raises(Rejected, match="differ"):
            check_sweep(constraints, [one, more])


def test_a_difference_between_points_is_seen():
    bump = side(relu(0), relu(1), relu(2), by=[1, -2, 1])
    nothing = [], [{}]
    check_sweep([at_most(0)], [bump, nothing])
    check_sweep([at_least(2)], [bump, nothing])
    for constraints in ([], [at_least(0), at_most(2)], [at_least(fmpq(19, 10))], [at_most(fmpq(1, 10))]):
        with pytest.raises(Rejected, match="at a point"):
            check_sweep(constraints, [bump, nothing])


def test_a_difference_that_is_constant_is_seen():
    for constraints in ([], [at_least(3)], [at_most(-3)], [at_least(1), at_most(1)]):
        with pytest.raises(Rejected, match="at a point"):
            check_sweep(constraints, [([], [X]), ([], [{0: ONE, UNIT: ONE}])])
        check_sweep(constraints, [([], [X]), ([], [X])])


def test_every_output_counts_and_slopes_of_constraints_are_divided_out():
    two = [], [X, {0: fmpq(2)}]
    check_sweep([], [two, two])
    with pytest.raises(Rejected):
        check_sweep([], [two, ([], [X, {0: fmpq(3)}])])
    half = side(relu(0)), side(relu(0), relu(5))
    check_sweep([{0: fmpq(-2), UNIT: fmpq(10)}], half)
    with pytest.raises(Rejected):
        check_sweep([{0: fmpq(-2), UNIT: fmpq(12)}], half)


def test_a_function_of_too_many_points_is_rejected(monkeypatch):
    check_sweep([], [side(relu(0), relu(1))] * 2)
    crossing = side(relu(0), ({1: fmpq(2)}, {UNIT: ONE}))
    monkeypatch.setattr(sweep, "MOST", 1)
    with pytest.raises(Rejected, match="more than 1 points"):
        check_sweep([], [crossing] * 2)


def value(gates, outputs, x):
    values = {0: x, UNIT: ONE}

    def of(form):
        return sum((c * values[v] for v, c in form.items()), start=fmpq(0))

    for k, (left, right) in enumerate(gates):
        values[1 + k] = max(of(left), of(right))
    return [of(form) for form in outputs]


@given(st.integers(0, 10**9))
def test_a_function_is_what_its_gates_say(seed):
    draw = random.Random(seed)

    def form(variables):
        found = {
            v: fmpq(draw.randint(-3, 3), draw.choice([1, 2])) for v in [UNIT, *draw.sample(range(variables), 1), 0]
        }
        return {v: c for v, c in found.items() if c}

    gates = [(form(1 + k), form(1 + k)) for k in range(draw.randint(1, 5))]
    outputs = [form(1 + len(gates)), {len(gates): ONE}]
    lines = sweep._outputs(gates, outputs)
    points = sorted({fmpq(draw.randint(-40, 40), draw.randint(1, 4)) for _ in range(30)})
    exact = [value(gates, outputs, x) for x in points]
    for i, line in enumerate(lines):
        assert line.at(points) == [row[i] for row in exact]
        inner = list(zip(line.points, line.points[1:], line.points[2:], strict=False))
        for a, b, c in inner:  # no point is left where it does not bend
            u, v, w = line.at([a, b, c])
            assert (v - u) * (c - b) != (w - v) * (b - a)
