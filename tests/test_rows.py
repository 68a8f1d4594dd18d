"""Exact linear algebra on a few rows, against SymPy's."""

import sympy
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from relucirc.core.exact import to_rational
from relucirc.core.rows import solve_all

NUMBERS = st.sampled_from([fmpq(0)] * 4 + [fmpq(p, q) for p in (-2, -1, 1, 3) for q in (1, 2)])


@st.composite
def systems(draw):
    """Rows, many of them with a single number or none, and targets of which some are combinations of them."""
    width, count = draw(st.integers(1, 5)), draw(st.integers(0, 5))
    vectors = st.lists(NUMBERS, min_size=width, max_size=width)
    rows = draw(st.lists(vectors, min_size=count, max_size=count))
    factors = draw(st.lists(NUMBERS, min_size=count, max_size=count))
    reached = [sum((c * row[j] for c, row in zip(factors, rows, strict=True)), fmpq(0)) for j in range(width)]
    return rows, [reached, *draw(st.lists(vectors, min_size=1, max_size=2))]


@settings(max_examples=300)
@given(systems())
def test_a_target_is_written_in_the_rows_exactly_where_it_adds_nothing_to_their_rank(system):
    rows, targets = system
    for target, found in zip(targets, solve_all(targets, rows), strict=True):
        rank = _rank(rows)
        assert (found is not None) == (_rank([*rows, target]) == rank)
        if found is not None:
            assert sum(c != 0 for c in found) <= rank
            for j, value in enumerate(target):
                assert sum((c * row[j] for c, row in zip(found, rows, strict=True)), fmpq(0)) == value


def _rank(rows):
    return sympy.Matrix([[to_rational(c) for c in row] for row in rows]).rank() if rows else 0
