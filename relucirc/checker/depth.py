"""Checks that a function needs two hidden layers: two points of one hyperplane, two jumps.

With one hidden layer, a function is ``sum kappa_H relu(l_H) + affine`` over distinct hyperplanes.
At a point of H that lies on no other hyperplane its slope jumps by ``kappa_H`` times the slope of
l_H: the same at every such point.  So two points of one hyperplane, near each of which the function
is affine on either side, with different jumps, show that no such network computes it.  The affine
pieces are read off the graph gate by gate: on a half-ball every gate must be decided.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.data import fields, form, number, require, sequence
from relucirc.checker.linear import UNIT, Linear, constant, minus, mix, replace, value_at
from relucirc.checker.reading import names_asked_about
from relucirc.checker.sides import read
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.graph import Graph, MaxGate, Relation
from relucirc.language.domain import read_domain
from relucirc.language.function import read_function

FORMAT = "relucirc-depth-1"
ACCEPTED = "the function folds differently at two points of one hyperplane"


def check_depth(f: Any, certificate: Any, domain: Any = None, inputs: Sequence[str] | None = None) -> Verdict:
    """Checks a certificate that no network with one hidden layer computes a function.

    The theorem is about functions on all of R^n, or on a polyhedron with interior; integer points tell
    nothing about slopes.

    Args:
        f: The function, as for :func:`relucirc.depth_certificate`.
        certificate: ``result.certificate``, or the same data read back from JSON.
        domain: Where the function counts.
        inputs: Names of the inputs, in order, as for :func:`relucirc.depth_certificate`; never the
            certificate's.

    Returns:
        A :class:`relucirc.Verdict`, true if two hidden layers are needed.  Nothing raises: what cannot
        be read is rejected, with the reason.
    """

    def steps() -> None:
        require(type(certificate) is dict, "a certificate is not an object")
        names = names_asked_about(f, domain, inputs, certificate.get("inputs"))
        _check(read_function(f, names), certificate, domain)

    return replay(steps, ACCEPTED)


def check_depth_claim(graph: Graph, certificate: Any, domain: Any = None) -> Verdict:
    """Checks a certificate for a function that has been read."""
    return replay(lambda: _check(graph, certificate, domain), ACCEPTED)


def _check(graph: Graph, certificate: Any, domain: Any) -> None:
    n, where = len(graph.inputs), read_domain(domain, graph.inputs)
    require(not where.integers, "integer points have no slopes")
    fields(certificate, {"format", "inputs", "hyperplane", "points", "jumps"}, set(), "a certificate")
    require(certificate["format"] == FORMAT, f"expected the format {FORMAT!r}")
    require(certificate["inputs"] == list(graph.inputs), "the inputs are not these")
    plane = form(certificate["hyperplane"], n)
    require(constant(plane) is None, "the hyperplane is no hyperplane")
    points = sequence(certificate["points"], "points")
    jumps = sequence(certificate["jumps"], "jumps")
    require(len(points) == 2 and len(jumps) == 2, "expected two points, and the jumps at each")
    seen = []
    for data, claimed in zip(points, jumps, strict=True):
        coordinates = [number(c) for c in sequence(data, "a point")]
        require(len(coordinates) == n, "a point has the wrong dimension")
        point = dict(enumerate(coordinates))
        require(value_at(plane, point) == 0, "a point is not on the hyperplane")
        for relation in where.relations:
            inside = relation.form.evaluate(coordinates) > 0
            require(relation.op != "==" and inside, "a point is not inside the domain")
        found = _jumps(graph, plane, point)
        require([number(c) for c in sequence(claimed, "jumps")] == found, "a jump is not the one that is claimed")
        seen.append(found)
    require(seen[0] != seen[1], "the jumps are equal")


def _jumps(graph: Graph, plane: Linear, point: dict[int, fmpq]) -> list[fmpq]:
    """The multiple of the plane's form that each output gains when the plane is crossed."""
    above, below = _half_ball(graph, plane, point, 1), _half_ball(graph, plane, point, -1)
    v = next(u for u in plane if u != UNIT)
    found = []
    for a, b in zip(above, below, strict=True):
        step = minus(a, b)
        kappa = step.get(v, fmpq(0)) / plane[v]
        require(step == mix(((kappa, plane),)), "the function is not continuous there")
        found.append(kappa)
    return found


def _half_ball(graph: Graph, plane: Linear, point: dict[int, fmpq], side: int) -> list[Linear]:
    """The outputs as forms over the inputs, just beside the point on one side of the plane."""
    n = len(graph.inputs)
    known: dict[int, Linear] = {}
    pivot = next(u for u in plane if u != UNIT)

    def seen(source: Any) -> Linear:
        return replace(read(source), known)

    def sign(target: Linear) -> int:
        value = value_at(target, point)
        if value == 0:
            ratio = target.get(pivot, fmpq(0)) / plane[pivot]
            require(target == mix(((ratio, plane),)), "another kink passes through a point")
            value = side * ratio
        return (value > 0) - (value < 0)

    def truth(relation: Relation) -> bool:
        return relation.holds(sign(seen(relation.form)))

    for k, gate in enumerate(graph.gates):
        if isinstance(gate, MaxGate):
            left, right = seen(gate.left), seen(gate.right)
            known[n + k] = right if sign(minus(right, left)) > 0 else left
        else:
            chosen = [branch for guard, branch in gate.branches if guard.decide(truth)]
            require(bool(chosen), f"no branch of gate {k} applies")
            known[n + k] = seen(chosen[0])
    return [seen(output) for output in graph.outputs]
