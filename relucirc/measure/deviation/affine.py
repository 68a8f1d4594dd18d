"""The largest absolute difference of two piecewise-linear functions: at vertices of a common subdivision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.geometry.line_function import combination, interval, line_functions
from relucirc.geometry.subdivision import leaves
from relucirc.measure.deviation.algebraic import Algebraic, AlgebraicPoint
from relucirc.measure.deviation.summit import Belongs, Peak, Standing, Summit
from relucirc.proof.problem import Problem


@dataclass(frozen=True)
class Piece:
    """A polyhedron on which some forms are all affine.

    Attributes:
        vertices: Its vertices (on a section across its lines).
        directions: Its unbounded directions; a line counts as two.
        forms: The forms.
        sides: What cuts it out of the problem's polyhedron: forms ``>= 0``.
    """

    vertices: Sequence[Sequence[fmpq]]
    directions: Sequence[Sequence[int]]
    forms: Sequence[Form]
    sides: Sequence[Form]

    def is_bounded(self, form: Form) -> bool:
        """Whether a form is constant along every direction."""
        slope = Form(form.terms)
        return not any(slope.evaluate([fmpq(c) for c in direction]) for direction in self.directions)


class Unbounded(Exception):
    """The difference is not bounded on the domain.

    Attributes:
        ray: On a line: where it begins to grow, and in which direction.
    """

    def __init__(self, ray: tuple[fmpq, int] | None = None) -> None:
        super().__init__()
        self.ray = ray


def affine_summit(
    problem: Problem,
    belongs: Belongs,
    budget: Budget,
    summit: Summit,
) -> Peak | None:
    """Raises an empty summit to the largest absolute difference over all outputs; None on an empty domain.

    On each piece the difference is affine.  It is unbounded iff it changes along a direction;
    otherwise it is largest on the hull of some vertices, plus all directions.  If no vertex of that
    face belongs to the domain, a point inside the face does, or none of its points.

    Args:
        problem: The two sides on a polyhedron.
        belongs: Tells where a point stands.
        budget: Asked at every piece.
        summit: What is raised.

    Raises:
        Unbounded: When the supremum is infinite.
    """
    for piece in _pieces(problem):
        budget.step("regions")
        if not all(map(piece.is_bounded, piece.forms)):
            raise Unbounded((piece.vertices[0][0], piece.directions[0][0]) if problem.n == 1 else None)
        for form in piece.forms:
            values = [form.evaluate(vertex) for vertex in piece.vertices]
            for sign, extreme in ((1, max(values)), (-1, -min(values))):
                if extreme >= 0 and summit.is_below(extreme):
                    face = [v for v, value in zip(piece.vertices, values, strict=True) if sign * value == extreme]
                    _offer_face(summit, extreme, face, piece, belongs)
    return summit.peak


def _offer_face(
    summit: Summit,
    value: fmpq,
    face: Sequence[Sequence[fmpq]],
    piece: Piece,
    belongs: Belongs,
) -> None:
    found = False
    for vertex in face:
        point = AlgebraicPoint.rational(vertex)
        found = belongs(point) is not Standing.NEAR or found
        summit.offer(Algebraic.of(value), point, belongs, piece.sides)
    if not found:
        inside = [sum(column, start=ZERO) / len(face) for column in zip(*face, strict=True)]
        for direction in piece.directions:
            inside = [a + d for a, d in zip(inside, direction, strict=True)]
        summit.offer(Algebraic.of(value), AlgebraicPoint.rational(inside), belongs, piece.sides)


def _pieces(problem: Problem) -> Iterator[Piece]:
    """A common subdivision: by sorted breakpoints in one coordinate, cut by cut in others."""
    if problem.n == 1:
        low, high = interval(problem.constraints)
        sides = (line_functions(graph, low, high) for graph in (problem.left, problem.right))
        for left, right in zip(*sides, strict=True):
            for start, end, (constant, slope) in combination(ZERO, ((ONE, left), (-ONE, right))).pieces(low, high):
                vertices = [[c] for c in (start, end) if c is not None] or [[ZERO]]
                directions = [[d] for c, d in ((start, -1), (end, 1)) if c is None]
                sides = [Form({0: fmpq(-d)}, d * c) for c, d in ((start, -1), (end, 1)) if c is not None]
                yield Piece(vertices, directions, [Form({0: slope}, constant)], sides)
        return
    lowered = problem.hinged
    for part, forms in leaves(lowered.hinges, lowered.differences, problem.region):
        lines = [line[1:] for line in part.cell.lines]
        directions = [*part.cell.directions, *lines, *(tuple(-c for c in line) for line in lines)]
        sides = [part.constraints[i] for i in part.owners if i >= len(problem.constraints)]
        yield Piece(part.cell.vertices, directions, forms, sides)
