"""1-D sweep: on a line both sides are sorted breakpoints, which are compared one by one."""

from relucirc.core.exact import ONE, ZERO
from relucirc.geometry.line_function import combination, interval, line_functions
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.problem import Problem

GATES = 24
"""Fewest gates: smaller claims are decided by forms, whose evidence names their hinges."""


def decide(problem: Problem) -> Found:
    """Compares the sides piece by piece; says nothing with more inputs than one, or few gates."""
    if problem.n != 1 or len(problem.left.gates) + len(problem.right.gates) < GATES:
        return None
    low, high = interval(problem.constraints)
    sides = [line_functions(graph, low, high) for graph in (problem.left, problem.right)]
    for left, right in zip(*sides, strict=True):
        difference = combination(ZERO, ((ONE, left), (-ONE, right)))
        for start, end, (constant, slope) in difference.pieces(low, high):
            if constant or slope:
                inner = [ZERO, start, end][1 if end is None else 2] if start is None else start
                inner = ZERO if inner is None else inner
                near = [(start + end) / 2] if start is not None and end is not None else [inner - 1, inner, inner + 1]
                point = next((p for p in near if problem.is_refuted_at((p,))), None)
                return None if point is None else Refuted("1-D sweep", (point,))
    return Proved("1-D sweep", {"atoms": [], "left": [], "right": [], "sweep": True})
