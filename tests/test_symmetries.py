"""Symmetries are proved: what samples do not refute is not believed."""

import itertools

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relucirc.interpretation.symmetry import find_symmetries
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.proof.symmetries import Symmetries, Symmetry

NAMES = ("x1", "x2", "x3")
MOVES = st.builds(
    Symmetry,
    st.permutations(range(3)).map(tuple),
    st.tuples(*[st.sampled_from((1, -1))] * 3),
    st.sampled_from((1, -1)),
)


@given(MOVES, st.lists(st.integers(-9, 9), min_size=3, max_size=3))
def test_a_moved_function_has_the_values_at_moved_points(move, point):
    graph = graph_of_formula(["Max(x1, 2*x2) - Min(x3, 1)", "x1 if x1 > x3 else x2"], NAMES)
    exact = [fmpq(c) for c in point]
    assert move.graph(graph).evaluate(exact) == [move.factor * v for v in graph.evaluate(move.point(exact))]
    assert move.points(np.array([point])).tolist() == [move.point(point)]


def test_a_difference_that_no_sample_sees_is_no_symmetry():
    far = graph_of_formula("x1 + x2 + Max(0, x1 - 1000)", ("x1", "x2"))
    swap = Symmetry((1, 0), (1, 1))
    assert swap not in Symmetries(far, budget=5.0)
    assert swap in Symmetries(graph_of_formula("x1 + x2 + Max(0, x1 + x2 - 1000)", ("x1", "x2")), budget=5.0)
    assert Symmetries(far, budget=5.0).classes() == ((0,), (1,))


@pytest.mark.parametrize("formula", ["x1 if x1 > x2 else x2", "Max(x1, x2)"])
def test_a_choice_has_the_symmetries_of_the_maximum_that_it_is(formula):
    corners = [tuple(map(fmpq, corner)) for corner in itertools.product((-1, 1), repeat=2)]
    found = find_symmetries(graph_of_formula(formula, ("x1", "x2")), corners)
    assert found == [Symmetry((0, 1), (1, 1)), Symmetry((1, 0), (1, 1))]
