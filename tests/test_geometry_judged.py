"""Exact polyhedra against the Parma Polyhedra Library: generators, emptiness, and charts."""

import math
from fractions import Fraction
from operator import mul

from against_ppl import count, generated, polyhedron
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.geometry.cell import cell_of
from relucirc.geometry.chart import Chart, chart_of

OPS = st.sampled_from([">", ">=", "=="])
MOST = 8 + 7
"""Most rows of a system."""


INSIDE = (81, 27, 9, 3)
"""A point, times 100, on no hyperplane with coefficients -1, 0 and 1."""


@st.composite
def systems(draw, dimension=(1, 4), most=7):
    """Integer rows ``(constant, coefficients...)``: any; all through one point; or cuts of a cube.

    Cut cubes have vertices on many more facets than there are dimensions, and faces that only look like edges.
    """
    n = draw(st.integers(*dimension))
    kind = draw(st.sampled_from(["any", "central", "cube"]))
    entry = st.integers(-4, 4) if kind == "any" else st.integers(-1, 1)
    constant = {"any": entry, "central": st.just(0), "cube": st.integers(0, 1)}[kind]
    row = st.tuples(constant, *[entry] * n).filter(lambda r: any(r[1:]))
    rows = draw(st.lists(row, min_size=1, max_size=most))
    if draw(st.booleans()) or kind == "cube":  # so that there is an interior
        rows = [r if 100 * r[0] + sum(map(mul, r[1:], INSIDE)) > 0 else tuple(-c for c in r) for r in rows]
    if kind == "cube":
        rows = [(1, *(s * int(i == v) for i in range(n))) for v in range(n) for s in (1, -1)] + rows
    return rows


def form(row) -> Form:
    return Form({v: fmpq(c) for v, c in enumerate(row[1:])}, fmpq(row[0]))


def integers(form: Form, n: int) -> list[int]:
    """A positive multiple of a form, as a row of integers."""
    numbers = [form.const, *(form.coefficient(v) for v in range(n))]
    scale = math.lcm(*(int(q.q) for q in numbers))
    return [int(q.p) * (scale // int(q.q)) for q in numbers]


@settings(max_examples=300)
@given(systems())
def test_cells_have_the_generators_of_ppl(rows):
    n = len(rows[0]) - 1
    judged = polyhedron(rows, n)
    cell = cell_of([form(row) for row in rows], n)
    assert (cell is None) == (judged.is_empty() or judged.affine_dimension() < n)
    if cell is None:
        return
    rays = [ray for ray, _ in cell.rays]
    assert generated(n, rays, cell.lines) == judged
    assert len(cell.vertices) == count(judged, "point")
    assert len(cell.directions) == count(judged, "ray")
    assert len(cell.lines) == count(judged, "line")


@settings(max_examples=300)
@given(systems(), st.lists(OPS, min_size=MOST, max_size=MOST))
def test_a_system_has_a_solution_iff_ppl_says_so(rows, ops):
    n = len(rows[0]) - 1
    ops = ops[: len(rows)]
    relations = [Relation(form(row), op) for row, op in zip(rows, ops, strict=True)]
    assert (feasibility(relations, n).point is None) == polyhedron(rows, n, ops).is_empty()


@settings(max_examples=300)
@given(systems(), st.lists(st.sampled_from([">=", ">=", ">=", "=="]), min_size=MOST, max_size=MOST))
def test_a_chart_is_the_polyhedron_in_as_many_coordinates_as_it_has_dimensions(rows, ops):
    n = len(rows[0]) - 1
    ops = ops[: len(rows)]
    judged = polyhedron(rows, n, ops)
    assume(not judged.is_empty())
    chart = chart_of([Relation(form(row), op) for row, op in zip(rows, ops, strict=True)], n)
    assert len(chart.free) == judged.affine_dimension()
    assert seen(chart, n) == judged
    assert all(f.evaluate(chart.interior) > 0 for f in chart.constraints)


def seen(chart: Chart, n: int):
    """The polyhedron that a chart describes, closed."""
    inputs = {k: Form.variable(v) for k, v in enumerate(chart.free)}
    pivots = [integers(Form.variable(v) - f.substitute(inputs.get), n) for v, f in enumerate(chart.forms)]
    inside = [integers(f.substitute(inputs.get), n) for f in chart.constraints]
    return polyhedron([*pivots, *inside], n, ["=="] * n + [">="] * len(inside))


@settings(max_examples=300)
@given(systems(), st.lists(st.sampled_from([">=", ">=", ">=", "=="]), min_size=MOST, max_size=MOST), st.data())
def test_a_restricted_chart_is_that_of_the_part_and_only_given_where_its_interior_point_shows_it(rows, ops, data):
    n = len(rows[0]) - 1
    relations = [Relation(form(row), op) for row, op in zip(rows, ops, strict=False)]
    assume(not polyhedron(rows, n, ops[: len(rows)]).is_empty())
    further = data.draw(st.one_of(st.sampled_from(rows), st.tuples(*[st.integers(-4, 4)] * (n + 1))))
    further = [data.draw(st.sampled_from([1, -1])) * c for c in further]
    relation = Relation(form(further), data.draw(st.sampled_from([">", ">="])))
    chart = chart_of(relations, n)
    part = chart.restricted(relation, len(relations))
    assert (part is None) == (form(further).evaluate(chart.inside) <= 0)
    if part is None:
        return
    assert seen(part, n) == polyhedron([*rows, further], n, [*ops[: len(rows)], ">="])
    assert (part.free, part.interior) == (chart.free, chart.interior)
    assert all(f.terms and f.evaluate(part.interior) > 0 for f in part.constraints)
    owners = [*relations, relation]
    assert [part.over(owners[i].form) for i in part.owners] == list(part.constraints)


def test_the_judge_leaves_floats_rounding_to_nearest():
    third = float("1") / float("3")
    assert Fraction(third) == Fraction(6004799503160661, 2**54)
