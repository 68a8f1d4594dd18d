"""The function that is searched for: as values at integer points, with its symmetries proved."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.core.errors import RelucircError
from relucirc.core.exact import common_denominator
from relucirc.core.graph import Graph
from relucirc.proof.symmetries import Symmetries

SAMPLES = 40


@dataclass(frozen=True)
class Target:
    """A positively homogeneous function, seen over n points.

    Attributes:
        graph: The function.
        with_zero: Whether the number 0 is one more point, since f is not a function of differences.
        classes: Points that may be exchanged with each other (proved), largest class first.
    """

    graph: Graph
    with_zero: bool
    classes: tuple[tuple[int, ...], ...]

    @property
    def points(self) -> int:
        """Inputs, and 0 if it counts."""
        return len(self.graph.inputs) + self.with_zero

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draws small integer points; 0 stays 0."""
        drawn = rng.integers(0, 8, size=(count, self.points))
        if self.with_zero:
            drawn = drawn - drawn[:, -1:]
        return drawn

    def values(self, points: np.ndarray) -> tuple[np.ndarray, int]:
        """Returns the exact values at integer points as integers over one denominator."""
        n = len(self.graph.inputs)
        values = [self.graph.evaluate([fmpq(int(c)) for c in row[:n]])[0] for row in points]
        denominator = common_denominator(values)
        return np.array([int((v * denominator).p) for v in values], dtype=np.int64), denominator


def read_target(graph: Graph, budget: float | None) -> Target:
    """Finds out what the dictionary needs to know about a function.

    Raises:
        RelucircError: For several outputs, or where f(t x) = t f(x) fails for some t > 0.
    """
    if len(graph.outputs) != 1:
        raise RelucircError(f"discover searches for one output at a time, got {len(graph.outputs)}.")
    n = len(graph.inputs)
    rng = np.random.default_rng(12)
    moves = []
    for row in rng.integers(-20, 21, size=(SAMPLES, n)).tolist():
        point = [fmpq(c) for c in row]
        value = graph.evaluate(point)[0]
        if graph.evaluate([3 * c for c in point])[0] != 3 * value:
            raise RelucircError(
                "discover searches among positively homogeneous functions, f(t x) = t f(x) for t > 0; this is none: "
                f"f({row}) = {value}, but f(3 * {row}) = {graph.evaluate([3 * c for c in point])[0]}."
            )
        moves.append(graph.evaluate([c + 1 for c in point])[0] - value)
    with_zero = any(move != moves[0] for move in moves)
    classes = Symmetries(graph, budget).classes()
    if graph.has_selects and len(classes) < n:
        raise RelucircError("discover reads formulas in Max and Min; write the Piecewise in these.")
    return Target(graph, with_zero, (*classes, (n,)) if with_zero else classes)
