"""Double description, feasibility and Farkas multipliers, against linear programs and each other."""

import contextlib
import itertools
import math
import random
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
import sympy
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relucirc.core import combination
from relucirc.core.combination import cone_combination
from relucirc.core.exact import to_rational
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Relation
from relucirc.core.proposed import proposed
from relucirc.core.rows import fresh_rows, solve_rows
from relucirc.geometry import cell as cell_module
from relucirc.geometry.cell import INDEXED, Cell, cell_of, normal_of

SMALL = st.integers(-2, 2)


@st.composite
def normals(draw, dimension=(1, 4), count=(1, 8)):
    """Integer normals ``(constant, coefficients...)``, degenerate more often than not.

    Half of the time they are in {-1, 0, 1} and all hyperplanes pass through the origin.
    """
    n = draw(st.integers(*dimension))
    central = draw(st.booleans())
    entry, constant = (st.integers(-1, 1), st.just(0)) if central else (SMALL, SMALL)
    row = st.tuples(constant, *[entry] * n).filter(lambda r: any(r[1:]))
    return draw(st.lists(row, min_size=count[0], max_size=count[1] + 2 * central))


@contextlib.contextmanager
def indexed_from(rays):
    """Cells with more rays than this look adjacency up by constraint."""
    before = cell_module.INDEXED
    cell_module.INDEXED = rays
    try:
        yield
    finally:
        cell_module.INDEXED = before


def form(normal) -> Form:
    return Form({v: fmpq(c) for v, c in enumerate(normal[1:])}, fmpq(normal[0]))


def has_interior(rows) -> bool:
    """Whether the strict inequalities have a solution: linear programming, no double description."""
    return feasibility([Relation(form(row), ">") for row in rows], len(rows[0]) - 1).point is not None


def dot(normal, vector):
    return sum(a * b for a, b in zip(normal, vector, strict=True))


def cells(rows):
    """Cuts all of space by the rows one after the other, keeping only sides with interior."""
    pieces = [(Cell.everything(len(rows[0]) - 1), [])]
    for row in rows:
        finer = []
        for cell, known in pieces:
            for part, sign in zip(cell.cut(row), (1, -1), strict=True):
                if part is not None:
                    finer.append((part, [*known, tuple(sign * c for c in row)]))
        pieces = finer
    return pieces


@settings(max_examples=100)
@given(normals(count=(1, 5)))
def test_cuts_keep_exactly_the_parts_with_interior(rows):
    found = {tuple(known) for _, known in cells(rows)}
    judged = set()
    for signs in itertools.product((1, -1), repeat=len(rows)):
        signed = [tuple(s * c for c in row) for s, row in zip(signs, rows, strict=True)]
        if has_interior(signed):
            judged.add(tuple(signed))
    assert found == judged


def rank(vectors) -> int:
    rows = [[Fraction(c) for c in v] for v in vectors]
    found = 0
    while rows:
        row = rows.pop()
        lead = next((j for j, c in enumerate(row) if c), None)
        if lead is None:
            continue
        found += 1
        rows = [[a - r[lead] / row[lead] * b for a, b in zip(r, row, strict=True)] for r in rows]
    return found


@settings(max_examples=200)
@given(normals(dimension=(3, 4), count=(3, 8)), st.sampled_from([0, INDEXED]))
def test_rays_and_lines_generate_exactly_the_polyhedron(rows, rays):
    """Extreme rays are the feasible vectors on n independent constraints: all subsets are tried."""
    n = len(rows[0]) - 1
    with indexed_from(rays):
        cell = cell_of([form(row) for row in rows], n)
    if cell is None:
        assert not has_interior(rows)
        return
    constraints = [(1, *[0] * n), *rows]
    lineality = n + 1 - rank(constraints)
    assert rank(cell.lines) == len(cell.lines) == lineality
    for line in cell.lines:
        assert all(dot(row, line) == 0 for row in constraints)
    tight_sets = set()
    for ray, _ in cell.rays:
        assert math.gcd(*ray) == 1
        assert all(dot(row, ray) >= 0 for row in constraints)
        tight = [row for row in constraints if dot(row, ray) == 0]
        assert rank(tight) == n - lineality
        tight_sets.add(frozenset(tight))
    assert len(tight_sets) == len(cell.rays)
    # Every extreme ray is there: a set of constraints of rank n - lineality whose common kernel,
    # up to lines, points into the polyhedron, is the tight set of a ray of the cell.
    for subset in itertools.combinations(sorted(set(constraints)), n - lineality):
        if rank(subset) == n - lineality:
            direction = kernel_direction(subset, cell.lines, n)
            for sign in (1, -1):
                ray = tuple(sign * c for c in direction)
                if all(dot(row, ray) >= 0 for row in constraints):
                    assert frozenset(row for row in constraints if dot(row, ray) == 0) in tight_sets


def kernel_direction(rows, lines, n):
    """A vector orthogonal to the rows and to the lines; the rows and lines have rank n together."""
    system = [[Fraction(c) for c in row] for row in (*rows, *lines)]
    pivots = {}
    for row in system:
        for j, other in pivots.items():
            if row[j]:
                row = [a - row[j] * b for a, b in zip(row, other, strict=True)]
        lead = next((j for j, c in enumerate(row) if c), None)
        if lead is None:
            continue
        row = [c / row[lead] for c in row]
        pivots = {j: [a - other[lead] * b for a, b in zip(other, row, strict=True)] for j, other in pivots.items()}
        pivots[lead] = row
    free = next(j for j in range(n + 1) if j not in pivots)
    return tuple(-pivots[j][free] if j in pivots else Fraction(int(j == free)) for j in range(n + 1))


@settings(max_examples=60)
@given(normals(dimension=(2, 4)), st.data())
def test_masks_name_tight_constraints_and_the_rest_is_positive(rows, data):
    n = len(rows[0]) - 1
    cell, bits = Cell.everything(n), [(1, *[0] * n)]
    for row in rows:
        part = data.draw(st.sampled_from([p for p in cell.cut(row) if p is not None]))
        if part is not cell:
            bits.append(row if part is cell.cut(row)[0] or part == cell.cut(row)[0] else tuple(-c for c in row))
        cell = part
    for ray, mask in cell.rays:
        for k, row in enumerate(bits):
            assert (dot(row, ray) == 0) == bool(mask >> k & 1)
            assert dot(row, ray) >= 0


@given(normals())
def test_interior_point_is_strictly_inside(rows):
    cell = cell_of([form(row) for row in rows], len(rows[0]) - 1)
    assume(cell is not None)
    assert cell is not None
    point = cell.interior_point()
    assert all(form(row).evaluate(point) > 0 for row in rows)


@settings(max_examples=10)
@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 7).filter(lambda r: any(r[1:])), min_size=4, max_size=4))
def test_large_cells_are_cut_along_their_edges(rows):
    """Both ways of looking adjacency up; six dimensions, where counting tight constraints is not enough."""
    bounds = [tuple(int(j == 0) + sign * int(j == i + 1) for j in range(7)) for i in range(6) for sign in (1, -1)]
    cell = cell_of([form(row) for row in bounds], 6)
    assert cell is not None
    assert len(cell.rays) == 64 > INDEXED
    for row in rows:
        with indexed_from(0):
            part, _ = cell.cut(row)
        with indexed_from(1 << 20):
            assert cell.cut(row)[0] == part
        if part is None:
            continue
        values = cell.values(row)
        assert values is not None
        kept = {ray for ray, _ in part.rays}
        for (p, mask_p), value_p in zip(cell.rays, values, strict=True):
            for (q, mask_q), value_q in zip(cell.rays, values, strict=True):
                if value_p > 0 > value_q:
                    common = mask_p & mask_q
                    edge = sum(1 for _, mask in cell.rays if common & mask == common) == 2
                    ray = [value_p * b - value_q * a for a, b in zip(p, q, strict=True)]
                    divisor = math.gcd(*ray)
                    assert (tuple(c // divisor for c in ray) in kept) == edge
        cell = part


def test_cell_of_says_when_there_is_no_interior():
    x, y = Form.variable(0), Form.variable(1)
    assert cell_of([x, -x], 1) is None
    assert cell_of([x + y, -x, -y], 2) is None
    assert cell_of([Form.constant(fmpq(-1))], 1) is None
    assert cell_of([Form.constant(fmpq(1))], 1) == Cell.everything(1)


def test_space_of_no_dimensions_is_one_point():
    cell = Cell.everything(0)
    assert cell.vertices == [()]
    assert cell.interior_point() == ()
    assert cell.directions == []


def test_normal_is_primitive():
    assert normal_of(Form({0: fmpq(2, 3), 1: fmpq(-4)}, fmpq(2)), 3) == (3, 1, -6, 0)


# Feasibility and Farkas multipliers.

OPS = st.sampled_from([">", ">=", "=="])


@settings(max_examples=150)
@given(normals(dimension=(1, 3), count=(1, 6)), st.lists(OPS, min_size=6, max_size=6))
def test_feasibility_gives_a_point_or_multipliers_that_refute(rows, ops):
    relations = [Relation(form(row), op) for row, op in zip(rows, ops, strict=False)]
    answer = feasibility(relations, len(rows[0]) - 1)
    if answer.point is not None:
        assert answer.multipliers is None
        for relation in relations:
            value = relation.form.evaluate(answer.point)
            assert relation.holds((value > 0) - (value < 0))
        return
    assert answer.multipliers is not None
    total = combine([(m, r.form) for m, r in zip(answer.multipliers, relations, strict=True)])
    assert all(m >= 0 or r.op == "==" for m, r in zip(answer.multipliers, relations, strict=True))
    strict = any(m > 0 and r.op == ">" for m, r in zip(answer.multipliers, relations, strict=True))
    assert total.is_constant
    assert total.const < 0 or (total.const == 0 and strict)


@settings(max_examples=100)
@given(normals(dimension=(1, 3), count=(1, 5)), st.lists(OPS, min_size=5, max_size=5))
def test_feasibility_agrees_with_z3(rows, ops):
    z3 = pytest.importorskip("z3", reason="z3 is an extra: pip install 'relucirc[smt]'")
    variables = [z3.Real(f"x{i}") for i in range(len(rows[0]) - 1)]
    solver = z3.Solver()
    for row, op in zip(rows, ops, strict=False):
        value = row[0] + z3.Sum([c * x for c, x in zip(row[1:], variables, strict=True)])
        solver.add(value > 0 if op == ">" else value >= 0 if op == ">=" else value == 0)
    relations = [Relation(form(row), op) for row, op in zip(rows, ops, strict=False)]
    assert (feasibility(relations, len(variables)).point is not None) == (solver.check() == z3.sat)


@settings(max_examples=150)
@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[SMALL] * d), min_size=1, max_size=7)))
def test_target_is_a_nonnegative_combination_or_is_separated(vectors):
    target, *generators = [[fmpq(c) for c in v] for v in vectors]
    check_combination(cone_combination(target, generators), target, generators)


def check_combination(answer, target, generators):
    """Exactly one piece of evidence, and it is right."""
    assert (answer.multipliers is None) != (answer.separator is None)
    if answer.multipliers is not None:
        assert all(m >= 0 for m in answer.multipliers)
        for i, t in enumerate(target):
            assert sum((m * g[i] for m, g in zip(answer.multipliers, generators, strict=True)), fmpq(0)) == t
    else:
        assert answer.separator is not None
        assert all(sum(a * b for a, b in zip(answer.separator, g, strict=True)) >= 0 for g in generators)
        assert sum(a * b for a, b in zip(answer.separator, target, strict=True)) < 0


ROWS = st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[SMALL] * d), min_size=1, max_size=6))


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_a_row_is_a_combination_of_others_iff_it_does_not_raise_their_rank(vectors):
    target, *rows = [[fmpq(c) for c in v] for v in vectors]
    found = solve_rows(target, rows)
    rank = sympy.Matrix(vectors[1:]).rank() if rows else 0
    assert (found is None) == (sympy.Matrix(vectors).rank() > rank)
    if found is not None:
        assert [
            sum((c * row[i] for c, row in zip(found, rows, strict=True)), fmpq(0)) for i in range(len(target))
        ] == target


@settings(max_examples=150, deadline=None)
@given(ROWS, st.integers(0, 6))
def test_fresh_rows_complete_the_known_ones_to_a_span_of_all(vectors, count):
    known, rows = vectors[:count], vectors[count:]
    exact = [[[fmpq(c) for c in v] for v in part] for part in (known, rows)]
    fresh = [[to_rational(c) for c in row] for row in fresh_rows(*exact)]
    rank = sympy.Matrix(vectors).rank()
    assert rank == len(fresh) + (sympy.Matrix(known).rank() if known else 0)
    assert sympy.Matrix([*known, *fresh]).rank() == rank
    assert sympy.Matrix([*vectors, *fresh]).rank() == rank


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[SMALL] * d), min_size=2, max_size=7)))
def test_what_floats_propose_is_exact_and_decides(vectors):
    target, *generators = [[fmpq(c) for c in v] for v in vectors]
    found = combination.Combination(*proposed(target, generators, separate=True))
    assume((found.multipliers is None) != (found.separator is None))  # neither, where prices come without a basis
    check_combination(found, target, generators)
    assert (found.multipliers is None) == (cone_combination(target, generators).multipliers is None)


def large_system(seed, *, within, bits=24):
    """Forty generators in twelve dimensions on one side of a hyperplane, and a target among them or opposite."""
    rng = random.Random(seed)
    normal, *generators = [
        [fmpq(rng.getrandbits(bits) - 2 ** (bits - 1), 2**bits) for _ in range(12)] for _ in range(41)
    ]
    sides = [sum((a * b for a, b in zip(g, normal, strict=True)), fmpq(0)) for g in generators]
    generators = [g if side >= 0 else [-c for c in g] for g, side in zip(generators, sides, strict=True)]
    chosen = [(fmpq(rng.randrange(1, 9)), g) for g in rng.sample(generators, 9)]
    inside = [sum((m * g[i] for m, g in chosen), fmpq(0)) for i in range(12)]
    return inside if within else [-c for c in inside], generators


@pytest.mark.parametrize("bits", [2, 24, 1200])
@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_larger_systems_are_decided_from_a_proposal(monkeypatch, seed, within, bits):
    target, generators = large_system(seed, within=within, bits=bits)
    assert len(target) * len(generators) > combination.SMALL
    exact = combination._simplex
    monkeypatch.setattr(combination, "_simplex", None)  # not needed
    found = cone_combination(target, generators)
    check_combination(found, target, generators)
    assert (found.multipliers is not None) == within == (exact(target, generators).multipliers is not None)


@pytest.mark.parametrize("within", [True, False])
def test_where_floats_are_useless_exact_arithmetic_decides(within):
    target, generators = large_system(5, within=within)
    huge = fmpq(10) ** 400
    target, generators = [huge * c for c in target], [[huge * c for c in g] for g in generators]
    assert proposed(target, generators, separate=True) == (None, None)
    assert cone_combination(target, generators, thorough=False) == combination.Combination(None, None)
    found = cone_combination(target, generators)
    check_combination(found, target, generators)
    assert (found.multipliers is not None) == within


def test_a_target_just_outside_of_a_cone_is_not_taken_for_one_inside(monkeypatch):
    """Floats do not see the gap: what they propose is refused."""
    monkeypatch.setattr(combination, "SMALL", 0)
    for gap in (fmpq(1, 2**30), fmpq(1, 2**60), fmpq(1, 2**2000)):
        generators = [[fmpq(1), fmpq(k, 7)] for k in range(8)]
        for target in ([fmpq(1), fmpq(1)], [fmpq(1), 1 + gap], [fmpq(1), -gap], [fmpq(-1), gap], [gap, gap / 2]):
            found = cone_combination(target, generators)
            check_combination(found, target, generators)
            assert (found.multipliers is not None) == (0 <= target[1] <= target[0])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_floats_propose_the_evidence_is_exact(data):
    """A solver that answers anything at all: its proposal is right, or is refused."""
    target, *generators = [[fmpq(c) for c in v] for v in data.draw(ROWS.filter(lambda v: len(v) > 1))]
    n, dim = len(generators), len(target)
    amounts = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n + 2 * dim, max_size=n + 2 * dim))
    prices = data.draw(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=dim, max_size=dim))
    answer = SimpleNamespace(status=0, x=np.array(amounts), eqlin=SimpleNamespace(marginals=np.array(prices)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scipy.optimize, "linprog", lambda *_, **__: answer)
        found = combination.Combination(*proposed(target, generators, separate=True))
    if found != combination.Combination(None, None):
        check_combination(found, target, generators)
