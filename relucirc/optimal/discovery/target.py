"""The function that is searched for: as values at integer points, with its symmetries proved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.core.errors import RelucircError
from relucirc.core.exact import common_denominator
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.proof.prover import prove

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
    classes = _classes(graph, rng, budget)
    return Target(graph, with_zero, (*classes, (n,)) if with_zero else classes)


def _classes(graph: Graph, rng: np.random.Generator, budget: float | None) -> tuple[tuple[int, ...], ...]:
    """Inputs by exchangeability: exchanges that no sample refutes and the prover confirms."""
    n = len(graph.inputs)
    sample = [[fmpq(c) for c in row] for row in rng.integers(-20, 21, size=(SAMPLES, n)).tolist()]
    classes: list[list[int]] = []
    for v in range(n):
        for members in classes:
            if _exchangeable(graph, members[0], v, sample, budget):
                members.append(v)
                break
        else:
            classes.append([v])
    return tuple(tuple(members) for members in sorted(classes, key=len, reverse=True))


def _exchangeable(graph: Graph, i: int, j: int, sample: Sequence[list[fmpq]], budget: float | None) -> bool:
    swap = {i: j, j: i}
    for point in sample:
        moved = [point[swap.get(v, v)] for v in range(len(point))]
        if graph.evaluate(moved) != graph.evaluate(point):
            return False
    return prove(exchanged(graph, i, j), graph, budget=budget).status == "proved"


def exchanged(graph: Graph, i: int, j: int) -> Graph:
    """Returns the function with two inputs exchanged.

    Raises:
        RelucircError: For a graph with select gates.
    """
    if graph.has_selects:
        raise RelucircError("discover reads formulas in Max and Min; write the Piecewise in these.")
    swap = {i: Form.variable(j), j: Form.variable(i)}

    def swapped(form: Form) -> Form:
        return form.substitute(swap.get)

    return Graph(graph.inputs, tuple(gate.map(swapped) for gate in graph.gates), tuple(map(swapped, graph.outputs)))
