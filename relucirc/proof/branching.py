"""Branch and bound: two sides differ on a cell, but perhaps not where inputs that have to be integers are.

Around a point of difference both sides are affine; the part T of the cell where they are those affine functions,
and differ in the same sense, is a polyhedron.  Either a point of T has the integers, and is a witness; or a whole
form a.x cuts the cell into a.x <= k and a.x >= k + 1.  It is one that is bounded on T, best one that has no whole
value there.  There is one unless T contains balls of any size, and those contain integer points.  A cell has
finitely many T; a bounded form has finitely many whole values, and on each of them one dimension less is left: so
the search ends.

Whether a form is bounded on T is seen on the directions r in which T is unbounded, ``n.r >= 0`` for the linear
parts n of its relations: by Motzkin, either some r has all of them positive, or a combination of some n with
positive factors is zero; these n vanish on all such r, so that they are bounded on T.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO, nearest_integer, sign_of
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Relation
from relucirc.core.rows import fresh_rows
from relucirc.geometry.lattice import Cut, Lattice
from relucirc.proof.cells import Case, Point
from relucirc.proof.problem import Problem

HALF = fmpq(1, 2)
MAX_FORMS = 32
"""Most forms that are tried for a cut."""


def asked_around(case: Case, point: Point) -> Case | None:
    """The case with one of the violations at a point, made strict, so that it happens around the point too.

    None where each is an equation, or a tie; an equality is asked for as it is.
    """
    problem = case.problem
    if problem.violations is None:
        return case
    gaps = [a - b for a, b in zip(problem.left.evaluate(point), problem.right.evaluate(point), strict=True)]
    around = (v for v in problem.violations if all(op != "==" and gaps[i] > 0 for i, op in v))
    strict = [tuple((i, ">") for i, _ in violation) for violation in around]
    return replace(case, problem=replace(problem, violations=(strict[0],))) if strict else None


def branch(case: Case, start: Point) -> Point | Cut:
    """Finds a witness with integers where they have to be, or where to cut the cell.

    Args:
        case: A cell and the two sides on it.
        start: A point of its closure where they differ, in the chart's coordinates; or where a violation happens
            whose relations are all strict.

    Returns:
        A point over the original inputs; or a cut.
    """
    point = inside(case.problem, start)
    part, differ = part_around(case, point)
    return branch_on(case, point, [*part, *differ])


def part_around(case: Case, point: Point) -> tuple[list[Relation], list[Relation]]:
    """The polyhedron T around a point of difference inside, over the chart: where it is, and that the sides differ."""
    chart = case.chart
    part = [Relation(form, case.relations[i].op) for i, form in zip(chart.owners, chart.constraints, strict=True)]
    affine, differ = _affine_part(case.problem, point)
    return [*part, *affine], differ


def branch_on(case: Case, point: Point, part: list[Relation]) -> Point | Cut:
    """Finds a point of T with integers, or where to cut the cell."""
    n, chart = case.problem.n, case.chart
    whole = [form.substitute(chart.forms.__getitem__) for form in case.lattice.coordinates]

    def witness(values: Sequence[int]) -> Point | None:
        tick("points")
        fixed = [Relation(form.shift(fmpq(-value)), "==") for form, value in zip(whole, values, strict=True)]
        found = feasibility([*part, *fixed], n).point
        return None if found is None else chart.lift(found)

    found = witness(_rounded(whole, point))
    if found is not None:
        return found
    ray, bounded = _unbounded(part, n)
    forms = _directions(case.lattice, bounded)
    if forms:
        return _best_cut(case, forms, part, point)
    step = ONE
    while True:
        far = [c + step * d for c, d in zip(point, ray, strict=True)]
        for values in _around(_rounded(whole, far)):
            found = witness(values)
            if found is not None:
                return found
        step = 2 * step


def inside(problem: Problem, point: Point, share: fmpq = HALF) -> Point:
    """Moves a point of difference off the boundary, by such a share of the way to the interior at most."""
    while True:
        moved = tuple((1 - share) * a + share * b for a, b in zip(point, problem.interior, strict=True))
        if problem.differ_at(moved):
            return moved
        share = share / 2


def _affine_part(problem: Problem, point: Point) -> tuple[list[Relation], list[Relation]]:
    """Where the sides are the affine functions that they are around a point, and differ in the same sense."""
    relations: dict[Relation, None] = {}

    def sign(form: Form) -> int:
        here = sign_of(form.evaluate(point))
        if form.terms:
            relations[Relation(form if here > 0 else -form, ">=")] = None
        return here

    outputs = (graph.affine_outputs(sign) for graph in (problem.left, problem.right))
    gaps = [a - b for a, b in zip(*outputs, strict=True)]
    if problem.violations is None:
        gap = next(form for form in gaps if form.evaluate(point))
        broken = [Relation(gap if gap.evaluate(point) > 0 else -gap, ">")]
    else:
        happening = ([Relation(gaps[i], op) for i, op in violation] for violation in problem.violations)
        broken = next(parts for parts in happening if all(r.holds(sign_of(r.form.evaluate(point))) for r in parts))
    return list(relations), [relation for relation in broken if relation.form.terms]


def _rounded(forms: Sequence[Form], point: Sequence[fmpq]) -> list[int]:
    return [nearest_integer(form.evaluate(point)) for form in forms]


def _around(values: list[int]) -> Iterator[list[int]]:
    """Integer vectors that lie in no hyperplane."""
    yield values
    for i, value in enumerate(values):
        for moved in (value + 1, value - 1):
            yield [*values[:i], moved, *values[i + 1 :]]


def _unbounded(part: Sequence[Relation], n: int) -> tuple[Point, list[Form]]:
    """A direction in which a polyhedron is unbounded, in general position; the relations' forms bounded on it."""
    forms = [Form(relation.form.terms) for relation in part]
    bounded = _opposite(forms)
    if n and len(fresh_rows([], [[forms[i].coefficient(u) for u in range(n)] for i in sorted(bounded)])) == n:
        return (ZERO,) * n, forms
    while True:
        answer = feasibility([Relation(f, "==" if i in bounded else ">") for i, f in enumerate(forms)], n)
        if answer.point is not None:
            return answer.point, [f for i, f in enumerate(forms) if i in bounded]
        assert answer.multipliers is not None
        bounded |= {i for i, m in enumerate(answer.multipliers) if m}


def _opposite(forms: Sequence[Form]) -> set[int]:
    """The forms whose negative, up to a factor, is there as well: what both sides of a box are, without a search."""
    primitive = [form.primitive()[1] for form in forms]
    return {i for i, form in enumerate(primitive) if -form in set(primitive)}


def _directions(lattice: Lattice, bounded: Sequence[Form]) -> list[Form]:
    """Whole forms that are bounded where some forms over the chart are: combinations that see integers alone."""
    found: dict[Form, list[fmpq]] = {}
    rests: dict[int, tuple[Form, Form]] = {}  # pivot -> (what a combination sees besides integers, the combination)
    for form in bounded:
        weights, rest = lattice.split(form)
        for pivot, (row, combination) in rests.items():
            c = rest.coefficient(pivot)
            if c:
                rest, form = combine(((ONE, rest), (-c, row))), combine(((ONE, form), (-c, combination)))
                weights, _ = lattice.split(form)
        if rest:
            pivot = min(rest.terms)
            scale = ONE / rest.terms[pivot]
            rests[pivot] = (rest.scale(scale), form.scale(scale))
        elif any(weights):
            found[lattice.whole(weights)] = weights
    if found and len(fresh_rows([], list(found.values()))) == len(lattice.rows):
        found |= {form: [] for form in lattice.coordinates}  # bounded in all directions
    return sorted(found, key=_size)[:MAX_FORMS]


def _size(form: Form) -> int:
    return sum(abs(int(c.p)) for c in form.terms.values())


def _best_cut(case: Case, forms: Sequence[Form], part: list[Relation], point: Point) -> Cut:
    """The best cut, of equals the first, that is by the smallest form.

    Best is a form that a constraint of the cell stops between two integers, so that the constraint is sharpened; then
    one with two whole values in the cell, each with a dimension less; one with none on the part; one with a fractional
    value at the point, which is cut off; and then the others, where two cuts take the point's value out.
    """
    n, cell = case.problem.n, part[: len(case.chart.constraints)]

    def holds_some(relations: list[Relation], form: Form, op: str) -> bool:
        tick()
        return feasibility([*relations, Relation(form, op)], n).point is not None

    def rated(form: Form) -> tuple[int, Cut]:
        seen = form.substitute(case.chart.forms.__getitem__)
        value = seen.evaluate(point)
        cut = Cut.near(form, value)
        least, greatest = _whole_bounds(seen, cell)
        if value.q != 1 and (least > cut.at or greatest <= cut.at):
            return 0, cut
        if greatest - least == 1:
            return 1, Cut(form, int(least))
        if value.q != 1:
            beside = [-seen.shift(fmpq(-cut.at)), seen.shift(fmpq(-cut.at - 1))]  # >= 0 below, and above
            return 2 + any(holds_some(part, side, ">=") for side in beside), cut
        return 4, cut if holds_some(cell, seen.shift(-value), ">") else Cut(form, cut.at - 1)

    best = None
    for form in forms:
        found = rated(form)
        if best is None or found[0] < best[0]:
            best = found
        if best[0] == 0:
            break
    assert best is not None
    return best[1]


def _whole_bounds(form: Form, relations: Sequence[Relation]) -> tuple[float, float]:
    """The least and the greatest integer that single relations leave to a form, infinite if there is none."""
    least, greatest = -inf, inf
    v = min(form.terms)
    for relation in relations:
        factor = relation.form.coefficient(v) / form.terms[v]
        rest = relation.form - form.scale(factor)
        if not factor or rest.terms:
            continue
        bound = -rest.const / factor  # the form is at least that, or at most
        floor, whole = int(bound.p // bound.q), bound.q == 1
        if factor > 0:
            least = max(least, floor if whole and relation.op != ">" else floor + 1)
        else:
            greatest = min(greatest, floor - 1 if whole and relation.op == ">" else floor)
    return least, greatest
