"""A sweep of a line as ordinary cells: one for each piece on which every maximum of both sides is one of its arguments.

Rocq has no rule for sweeps.  On a piece all is affine, so that one end of it decides each maximum, and bounds what must
not be positive.
"""

from collections.abc import Iterator

from flint import fmpq

from relucirc.checker.cells import charted_graph
from relucirc.checker.linear import ONE, UNIT, ZERO, Linear, minus, mix, replace
from relucirc.checker.sides import Constraint, selected
from relucirc.checker.sweep import Line, lines_of
from relucirc.core.exact import text
from relucirc.proof.theorem.case import Case
from relucirc.proof.theorem.sides import Sides

CHART = ("implied", "pivots")


class Pieces:
    """The pieces of one cell that has a sweep.

    Args:
        node: The certificate's case.
        sides: What the proof is about.
        constraints: What holds in the cell.
    """

    def __init__(self, node: dict, sides: Sides, constraints: list[Constraint]) -> None:
        case = Case({name: part for name, part in node.items() if name != "sweep"}, sides, constraints)
        (self._free,) = case.free
        self._chart = {name: node[name] for name in CHART if name in node}
        self._known = [(form[self._free], form.get(UNIT, ZERO)) for _, form in case.relations]
        self._sides = [
            charted_graph(selected(sides.side(name), constraints), case.pivots, {self._free: 0})
            for name in ("left", "right")
        ]
        self._violations = sides.claim.violations
        low, high = self._ends(self._known)
        found = {x for gates, _ in self._sides for line in lines_of(gates) for x in _bends(line)}
        self._points = sorted(x for x in found if (low is None or x > low) and (high is None or x < high))

    def cells(self) -> dict:
        """The same evidence as cells of a certificate."""
        return self._cells(0, len(self._points), self._known)

    def _cells(self, start: int, end: int, known: list[tuple[fmpq, fmpq]]) -> dict:
        """The cells between the points of these numbers, cut in the middle."""
        if start == end:
            return self._piece(known)
        middle = (start + end) // 2
        at = self._points[middle]
        return {
            "split": {f"v{self._free}": "1", "1": text(-at)},
            "positive": self._cells(middle + 1, end, [*known, (ONE, -at)]),
            "rest": self._cells(start, middle, [*known, (-ONE, at)]),
        }

    @staticmethod
    def _ends(known: list[tuple[fmpq, fmpq]]) -> tuple[fmpq | None, fmpq | None]:
        """The ends of what constraints ``slope * x + constant >= 0`` leave."""
        low = max((-c / slope for slope, c in known if slope > 0), default=None)
        high = min((-c / slope for slope, c in known if slope < 0), default=None)
        return low, high

    def _piece(self, known: list[tuple[fmpq, fmpq]]) -> dict:
        low, high = self._ends(known)
        inside = [end for end in (low, high) if end is not None]
        middle = sum(inside, start=ZERO) / len(inside) if inside else ZERO
        middle += {(True, False): 1, (False, True): -1}.get((low is not None, high is not None), 0)
        lowered = [self._lowered(gates, results, middle, known) for gates, results in self._sides]
        steps, outputs = zip(*lowered, strict=True)
        case = {"atoms": [], "left": steps[0], "right": steps[1], **self._chart, "interior": [text(middle)]}
        if self._violations is None:
            return case
        differences = [minus(a, b) for a, b in zip(*outputs, strict=True)]
        trees = []
        for ((i, _),) in self._violations:
            by = self._bounded(mix(((-ONE, differences[i]),)), known)
            trees.append([{"leaf": [["part", 0, "1"], *by]}])
        return {**case, "bounding": trees}

    def _lowered(
        self, gates: list[tuple[Linear, Linear]], results: list[Linear], middle: fmpq, known: list[tuple[fmpq, fmpq]]
    ) -> tuple[list[dict], list[Linear]]:
        """The steps of one side, and its outputs as forms."""
        values: dict[int, Linear] = {}
        steps = []
        for k, sides in enumerate(gates):
            left, right = (replace(side, values) for side in sides)
            difference = minus(left, right)
            on_left = difference.get(0, ZERO) * middle + difference.get(UNIT, ZERO) >= 0
            by = self._bounded(difference if on_left else minus(right, left), known)
            steps.append({"take": "left" if on_left else "right", "by": by})
            values[1 + k] = left if on_left else right
        return steps, [replace(result, values) for result in results]

    @staticmethod
    def _bounded(form: Linear, known: list[tuple[fmpq, fmpq]]) -> list[list]:
        """What shows that a form is not negative: the constraint at the end where it is least."""
        slope = form.get(0, ZERO)
        if slope == 0:
            return []
        ends = [(-c / s if s > 0 else c / s, i) for i, (s, c) in enumerate(known) if (s > 0) == (slope > 0)]
        _, i = max(ends)
        return [["constraint", i, text(slope / known[i][0])]]


def _bends(line: Line) -> Iterator[fmpq]:
    """Where a function has another slope before than after."""
    xs, ys = line.points, line.values
    inner = [(b - a) / (q - p) for p, q, a, b in zip(xs, xs[1:], ys, ys[1:], strict=False)]
    slopes = [line.left, *inner, line.right]
    yield from (x for x, before, after in zip(xs, slopes, slopes[1:], strict=False) if before != after)
