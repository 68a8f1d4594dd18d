"""The largest absolute difference of a network and a polynomial, in at most two coordinates.

On a linear piece of the network the difference g is a polynomial.  On a closed interval or polygon
``|g|`` is largest at a vertex, where the derivative along an edge vanishes, or where the gradient
does.  On an unbounded piece g is bounded only if it is constant along every unbounded direction:
it is a polynomial along each line.  Then it is what it is on a bounded part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import arb, fmpq, fmpq_mpoly, fmpq_poly

from relucirc.core.budget import Budget
from relucirc.core.errors import RelucircError
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.geometry.cell import Cell
from relucirc.geometry.line_function import interval, line_functions
from relucirc.geometry.subdivision import leaves
from relucirc.language.box import End
from relucirc.measure.deviation.algebraic import START, Algebraic, AlgebraicPoint, real_roots
from relucirc.measure.deviation.polynomial import Terms, along, on_line, on_plane, plane_form, value_at
from relucirc.measure.deviation.summit import Belongs, Peak, Summit
from relucirc.measure.deviation.zeros import critical_points, curve_points, factors
from relucirc.proof.cells import Case


def curved_summit(
    case: Case, polynomials: Sequence[Terms], belongs: Belongs, budget: Budget, summit: Summit
) -> Peak | None:
    """Raises an empty summit to the largest absolute difference over all outputs; None if it is infinite."""
    n = case.problem.n
    if n == 0:
        return _at_point(case, polynomials, belongs, summit)
    if n == 1:
        return _on_line(case, polynomials, belongs, budget, summit)
    if n == 2:
        return _on_plane(case, polynomials, belongs, budget, summit)
    raise RelucircError(
        f"max_deviation: expected at most two free inputs for a polynomial formula, got {n}; fix some of them by "
        "equalities in the domain."
    )


def _at_point(case: Case, polynomials: Sequence[Terms], belongs: Belongs, summit: Summit) -> Peak | None:
    point = AlgebraicPoint(None, ())
    for value, terms in zip(case.problem.left.evaluate(()), polynomials, strict=True):
        summit.offer(Algebraic.of(abs(value - on_line(terms, case.chart.forms)[0])), point, belongs)
    return summit.peak


def _on_line(case: Case, polynomials: Sequence[Terms], belongs: Belongs, budget: Budget, summit: Summit) -> Peak | None:
    low, high = interval(case.problem.constraints)
    for function, terms in zip(line_functions(case.problem.left, low, high), polynomials, strict=True):
        curve = on_line(terms, case.chart.forms)
        for start, end, (constant, slope) in function.pieces(low, high):
            budget.step("pieces")
            gap = fmpq_poly([constant, slope]) - curve
            if gap.degree() > 0 and (start is None or end is None):
                return None
            for point in _candidates(gap, start, end):
                _offer(summit, Algebraic.of(gap(point.coordinates[0]), point.root), point, belongs)
    return summit.peak


def _candidates(gap: fmpq_poly, start: End, end: End) -> Iterator[AlgebraicPoint]:
    """Where a polynomial may be extreme on a closed interval: ends, and roots of the derivative inside."""
    for value in (start, end):
        if value is not None:
            yield AlgebraicPoint.rational([value])
    if gap.degree() <= 0:
        yield AlgebraicPoint.rational([_inside(start, end)])
        return
    for root in real_roots(gap.derivative()) if gap.degree() > 1 else ():
        point = AlgebraicPoint(root, (fmpq_poly([0, 1]) % root.modulus,))
        if start is not None and point.form(Form({0: ONE}, -start)).sign() <= 0:
            continue
        if end is None or point.form(Form({0: -ONE}, end)).sign() > 0:
            yield point


def _inside(start: End, end: End) -> fmpq:
    if start is None:
        return ZERO if end is None else end - 1
    return start + 1 if end is None else (start + end) / 2


def _offer(summit: Summit, value: Algebraic, point: AlgebraicPoint, belongs: Belongs) -> None:
    size = -value if value.sign() < 0 else value
    if not summit.is_above(size.ball(START)):
        summit.offer(size, point, belongs)


@dataclass(frozen=True)
class Polygon:
    """A two-dimensional polyhedron.

    Attributes:
        vertices: Its vertices; with lines, a point on each of its edges.
        segments: Its bounded edges, or a segment across a strip.
        directions: Its unbounded directions, lines included.
        sides: Forms ``>= 0`` that cut it out.
        inside: A point strictly inside.
    """

    vertices: Sequence[Sequence[fmpq]]
    segments: Sequence[tuple[Sequence[fmpq], Sequence[fmpq]]]
    directions: Sequence[Sequence[int]]
    sides: Sequence[Form]
    inside: Sequence[fmpq]

    @staticmethod
    def of(cell: Cell, sides: Sequence[Form]) -> "Polygon":
        """Reads a cell."""
        corners = [(tuple(fmpq(c, ray[0]) for c in ray[1:]), mask) for ray, mask in cell.rays if ray[0]]
        segments = [
            (p, q)
            for i, (p, mask_p) in enumerate(corners)
            for q, mask_q in corners[:i]
            if cell.lines or (mask_p & mask_q) >> 1
        ]
        directions = [*cell.directions, *(line[1:] for line in cell.lines)]
        return Polygon([corner for corner, _ in corners], segments, directions, sides, cell.interior_point())

    def contains(self, point: AlgebraicPoint) -> bool:
        """Whether a point belongs to the closed polygon."""
        return all(point.form(side).sign() >= 0 for side in self.sides)


def _on_plane(
    case: Case, polynomials: Sequence[Terms], belongs: Belongs, budget: Budget, summit: Summit
) -> Peak | None:
    """Vertices and edges of all pieces first; then the inside of those that may hold something larger."""
    surfaces = [on_plane(terms, case.chart.forms) for terms in polynomials]
    lowered = case.problem.hinged
    is_open = any(relation.op == ">" for relation in case.relations)
    pieces: list[tuple[Polygon, list[fmpq_mpoly]]] = []
    for part, forms in leaves(lowered.hinges, lowered.differences, case.problem.region):
        budget.step("pieces")
        polygon = Polygon.of(part.cell, part.cuts)
        gaps = [plane_form(form) - surface for form, surface in zip(forms, surfaces, strict=True)]
        for gap in gaps:
            if not _is_bounded(gap, polygon.directions):
                return None
            for point in _on_boundary(gap, polygon):
                _offer(summit, value_at(gap, point), point, belongs)
        pieces.append((polygon, gaps))
    for polygon, gaps in pieces:
        for gap in gaps:
            budget.step()
            if gap.total_degree() > 1 and not summit.is_above(_bound(gap, polygon)):
                for point in _inside_points(gap, polygon, is_open):
                    budget.step()
                    if polygon.contains(point):
                        _offer(summit, value_at(gap, point), point, belongs)
    return summit.peak


def _is_bounded(gap: fmpq_mpoly, directions: Sequence[Sequence[int]]) -> bool:
    return not any(gap.derivative(0) * fmpq(d[0]) + gap.derivative(1) * fmpq(d[1]) for d in directions)


def _on_boundary(gap: fmpq_mpoly, polygon: Polygon) -> Iterator[AlgebraicPoint]:
    """Vertices, extreme points of edges, and a point inside any edge or polygon where all is constant."""
    for vertex in polygon.vertices:
        yield AlgebraicPoint.rational(vertex)
        for direction in polygon.directions:
            for sign in (1, -1):
                moved = AlgebraicPoint.rational([a + sign * d for a, d in zip(vertex, direction, strict=True)])
                if polygon.contains(moved):
                    yield moved
    for p, q in polygon.segments:
        path = [fmpq_poly([a, b - a]) for a, b in zip(p, q, strict=True)]
        for share in _candidates(along(gap, *path), ZERO, ONE):
            point = [step(share.coordinates[0]) for step in path]
            yield AlgebraicPoint(share.root, tuple(c if share.root is None else c % share.root.modulus for c in point))
    if gap.is_constant():
        yield AlgebraicPoint.rational(polygon.inside)


def _inside_points(gap: fmpq_mpoly, polygon: Polygon, is_open: bool) -> Iterator[AlgebraicPoint]:
    """Critical points; of a curve of them also one on every arc, where the boundary may not belong to the domain."""
    yield from critical_points(gap)
    if is_open:
        for curve in factors(gap.derivative(0).gcd(gap.derivative(1))):
            yield from curve_points(curve, polygon.sides)


def _bound(gap: fmpq_mpoly, polygon: Polygon) -> arb:
    """An upper bound of the absolute value on a polygon, by balls around its bounding box."""
    if polygon.directions:
        return arb.pos_inf()
    sides = []
    for column in zip(*polygon.vertices, strict=True):
        sides.append(arb(min(column)).union(arb(max(column))))
    total = arb(0)
    for (i, j), coefficient in gap.to_dict().items():
        total += sides[0] ** int(i) * sides[1] ** int(j) * arb(coefficient)
    return total.abs_upper()
