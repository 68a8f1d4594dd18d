"""Checks certificates of exact extrema: that nothing is beyond them, by a proof, and that points attain them."""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.cells import check_cells
from relucirc.checker.data import fields, number, require, sequence
from relucirc.checker.equality import check_claim
from relucirc.checker.reading import check_names, graph_of_weights
from relucirc.checker.sides import Side, constraint, read
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.exact import text
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.language.claim import Claim, read_claim, read_equality
from relucirc.language.function import read_function
from relucirc.language.network import MLP

DEVIATION = "relucirc-deviation-1"
BOUNDS = "relucirc-bounds-1"


def deviation_certificate(value: fmpq, point: Sequence[str] | None, within: dict | None) -> dict:
    """Wraps the proof that nothing is further apart than a value, and the point that is."""
    return {"format": DEVIATION, "value": text(value), "at": point, "within": within}


def bounds_certificate(ends: Sequence[str | None], points: Sequence[Sequence[str] | None], proof: dict) -> dict:
    """Wraps the proof of bounds: all upper ones, then all lower ones, and the points that attain them."""
    half = len(ends) // 2
    parts = {"upper": ends[:half], "lower": ends[half:], "upper_at": points[:half], "lower_at": points[half:]}
    return {"format": BOUNDS, **{name: list(part) for name, part in parts.items()}, "proof": proof}


def check_deviation(net: Any, formula: Any, domain: Any, certificate: Any, inputs: Any = None) -> Verdict:
    """Checks that a value is the largest difference on a domain; without a point, that nothing is further apart."""
    data = certificate if type(certificate) is dict else {}
    parts: list[Claim] = []

    def steps() -> None:
        fields(certificate, {"format", "value", "at", "within"}, set(), "a certificate of a deviation")
        value = number(data["value"])
        require(value >= 0, "a deviation is not negative")
        claim = read_claim(net, formula, domain, inputs, within=value)
        parts.append(claim)
        claim.domain.refuse_empty(len(claim.left.inputs))
        verdict = check_claim(claim, data["within"])
        require(verdict.accepted is True, verdict.reason)
        if data["at"] is not None:
            point = _point(data["at"], claim)
            pairs = zip(claim.network_value(point), claim.formula_value(point), strict=True)
            require(max(abs(a - b) for a, b in pairs) == value, "the point does not attain the value")

    attained = data.get("at") is not None
    return replay(steps, "nothing is further apart" + (", and the point attains it" if attained else ""))


def check_bounds(net: Any, domain: Any, certificate: Any, inputs: Any = None) -> Verdict:
    """Checks that bounds of a network's outputs hold on a domain, and that points attain them."""

    def steps() -> None:
        data = fields(certificate, {"format", "lower", "upper", "lower_at", "upper_at", "proof"}, set(), "bounds")
        graph = read_function(net, inputs)
        count = len(graph.outputs)
        claim = read_equality(net if isinstance(net, MLP) else graph, [0] * count, domain, graph.inputs)
        claim.domain.refuse_empty(len(graph.inputs))
        check_names(claim.left.inputs, claim.right.inputs, ())
        require(not claim.moves, "bounds of a family of networks")
        network = claim.left if claim.network is None else graph_of_weights(claim.network)
        outputs = []
        for name, sign in (("upper", 1), ("lower", -1)):
            ends, points = sequence(data[name], name), sequence(data[f"{name}_at"], "points")
            require(len(ends) == len(points) == count, f"expected one number in {name} for each output")
            for form, end, at in zip(network.outputs, ends, points, strict=True):
                if end is None:
                    continue
                bound = number(end)
                outputs.append((form.shift(-bound)).scale(fmpq(sign)))
                if at is not None:
                    value = Graph(network.inputs, network.gates, (form,)).evaluate(_point(at, claim))[0]
                    require(value == bound, "a point does not attain its bound")
        sides = Side(Graph(network.inputs, network.gates, tuple(outputs)), {}), _zeros(network, len(outputs))
        constraints = [constraint(read(r.form), r.op) for r in claim.domain.relations]
        violations = [((i, ">"),) for i in range(len(outputs))]
        check_cells(data["proof"], *sides, constraints, claim.domain.integers, violations)

    return replay(steps, "the bounds hold, and the points attain them")


def _zeros(graph: Graph, count: int) -> Side:
    return Side(Graph(graph.inputs, (), (Form(),) * count), {})


def _point(data: Any, claim: Claim) -> list[fmpq]:
    """Reads a point of the domain."""
    point = [number(c) for c in sequence(data, "a point")]
    require(len(point) == len(claim.left.inputs), "a point has the wrong dimension")
    require(claim.contains(point), "a point is not in the domain")
    return point
