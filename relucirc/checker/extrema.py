"""Checks certificates of extrema: that nothing is beyond them, by a proof, and that points attain them, or come near.

An extremum may be known as an interval alone.  Then one end is what nothing exceeds, and the other, given apart, is the
value at the point.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.cells import check_cells
from relucirc.checker.data import fields, number, require, sequence
from relucirc.checker.equality import check_claim, sides_of
from relucirc.checker.rays import read_ray, slopes
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


def deviation_certificate(
    value: fmpq, point: Sequence[str] | None, within: dict | None, lower: fmpq | None = None
) -> dict:
    """Wraps the proof that nothing is further apart than a value, and the point that is, or that is ``lower`` apart."""
    seen = {} if lower is None else {"lower": text(lower)}
    return {"format": DEVIATION, "value": text(value), **seen, "at": point, "within": within}


def bounds_certificate(
    ends: Sequence[str | None],
    points: Sequence[Sequence[str] | None],
    proof: dict | None,
    seen: Sequence[str | None] | None = None,
    rays: Sequence[dict | None] = (),
) -> dict:
    """Wraps the proof of bounds: all upper ones, then all lower ones, and the points that attain them, or ``seen``.

    The rays are those along which outputs have no upper bound, and then those along which they have no lower one.
    """
    half = len(ends) // 2
    parts = {"upper": ends[:half], "lower": ends[half:], "upper_at": points[:half], "lower_at": points[half:]}
    if seen is not None:
        parts |= {"upper_seen": seen[:half], "lower_seen": seen[half:]}
    if any(ray is not None for ray in rays):
        parts |= {"upper_ray": rays[:half], "lower_ray": rays[half:]}
    return {"format": BOUNDS, **{name: list(part) for name, part in parts.items()}, "proof": proof}


def unbounded_certificate(ray: dict) -> dict:
    """Wraps a ray along which the difference has no bound."""
    return {"format": DEVIATION, "ray": ray}


def check_deviation(net: Any, formula: Any, domain: Any, certificate: Any, inputs: Any = None) -> Verdict:
    """Checks that a value is the largest difference on a domain; without a point, that nothing is further apart.

    With ``"lower"``, the largest difference lies between that, which the point attains, and the value.  With ``"ray"``
    alone, there is no largest one.
    """
    data = certificate if type(certificate) is dict else {}
    if "ray" in data:
        return _check_unbounded(net, formula, domain, data, inputs)
    parts: list[Claim] = []

    def steps() -> None:
        fields(certificate, {"format", "value", "at", "within"}, {"lower"}, "a certificate of a deviation")
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
            seen = number(data["lower"]) if "lower" in data else value
            require(max(abs(a - b) for a, b in pairs) == seen, "the point does not attain the value")
        else:
            require("lower" not in data, "no point attains the lower end")

    if "lower" in data:
        return replay(steps, "nothing is further apart than its value, and the point attains its lower end")
    attained = data.get("at") is not None
    return replay(steps, "nothing is further apart" + (", and the point attains it" if attained else ""))


def _check_unbounded(net: Any, formula: Any, domain: Any, data: dict, inputs: Any) -> Verdict:
    """Checks that some difference grows along a ray for ever."""

    def steps() -> None:
        fields(data, {"format", "ray"}, set(), "a certificate of a deviation")
        claim = read_equality(net, formula, domain, inputs)
        require(not claim.moves, "a ray of a family of networks")
        left, right = sides_of(claim)
        ray = read_ray(data["ray"], claim.domain, len(left.inputs))
        both = zip(slopes(left, left.outputs, ray), slopes(right, right.outputs, ray), strict=True)
        require(any(a != b for a, b in both), "no difference grows on the ray")

    return replay(steps, "the difference grows along the ray for ever")


def check_bounds(net: Any, domain: Any, certificate: Any, inputs: Any = None) -> Verdict:
    """Checks that bounds of a network's outputs hold on a domain, and that points attain them."""
    given = certificate if type(certificate) is dict else {}
    seen = {"upper_seen", "lower_seen"} if "upper_seen" in given else set()
    rays = {"upper_ray", "lower_ray"} if "upper_ray" in given else set()

    def steps() -> None:
        known = {"format", "lower", "upper", "lower_at", "upper_at", "proof"} | seen | rays
        data = fields(certificate, known, set(), "bounds")
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
            values = sequence(data[f"{name}_seen"], "values at points") if seen else ends
            require(len(ends) == len(points) == len(values) == count, f"expected one number in {name} for each output")
            for form, end, at, value in zip(network.outputs, ends, points, values, strict=True):
                if end is not None:
                    outputs.append((form.shift(-number(end))).scale(fmpq(sign)))
                if at is not None and value is not None:
                    there = Graph(network.inputs, network.gates, (form,)).evaluate(_point(at, claim))[0]
                    require(there == number(value), "a point does not attain its bound")
                else:
                    require(at is None and (value is None or not seen), "a value has no point, or a point no value")
            if rays:
                listed = sequence(data[f"{name}_ray"], "rays")
                require(len(listed) == count, f"expected one ray or null in {name} for each output")
                for form, end, ray in zip(network.outputs, ends, listed, strict=True):
                    if ray is not None:
                        require(end is None, "an output has a bound and grows for ever")
                        (slope,) = slopes(network, [form], read_ray(ray, claim.domain, len(network.inputs)))
                        require(sign * slope > 0, "an output does not grow on its ray")
        if not outputs:
            require(data["proof"] is None and bool(rays), "there is no bound to prove, and no ray")
            return
        sides = Side(Graph(network.inputs, network.gates, tuple(outputs)), {}), _zeros(network, len(outputs))
        constraints = [constraint(read(r.form), r.op) for r in claim.domain.relations]
        violations = [((i, ">"),) for i in range(len(outputs))]
        check_cells(data["proof"], *sides, constraints, claim.domain.integers, violations)

    attained = f"the points attain {'the values seen' if seen else 'them'}"
    rest = f"{attained}, and the outputs grow along their rays" if rays else f"and {attained}"
    return replay(steps, f"the bounds hold, {rest}")


def _zeros(graph: Graph, count: int) -> Side:
    return Side(Graph(graph.inputs, (), (Form(),) * count), {})


def _point(data: Any, claim: Claim) -> list[fmpq]:
    """Reads a point of the domain."""
    point = [number(c) for c in sequence(data, "a point")]
    require(len(point) == len(claim.left.inputs), "a point has the wrong dimension")
    require(claim.contains(point), "a point is not in the domain")
    return point
