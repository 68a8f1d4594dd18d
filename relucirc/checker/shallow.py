"""The shallow form of a network with one hidden layer: an affine part, and a jump across each of its hyperplanes.

Neurons on one hyperplane are added up, and hyperplanes whose neurons cancel drop out.  On a domain, only those count
that meet its interior: evidence says of each of the others on which side of it the domain lies.
"""

from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.checker.data import index, number, pairs, require, sequence
from relucirc.checker.linear import ONE, UNIT, ZERO, Linear, constant, key, mix, value_at
from relucirc.language.network import MLP


@dataclass
class ShallowForm:
    """The shallow form, read off a network.

    Attributes:
        n: Number of inputs.
        planes: The hyperplanes' forms, leading coefficient 1.
        jumps: For each the jump of every output.
        affine: The affine part of every output.
        constraints: The domain: forms that are ``>= 0`` there, and positive inside.
    """

    n: int
    planes: list[Linear]
    jumps: list[list[fmpq]]
    affine: list[Linear]
    constraints: list[Linear]

    @staticmethod
    def read(network: MLP, constraints: list[Linear], sides: Any) -> "ShallowForm":
        """Adds up the neurons of each hyperplane."""
        *hidden, output = network.exact().layers
        affine: list[Linear] = [{UNIT: b} if b else {} for b in output.exact_bias()]
        planes: dict[tuple, tuple[Linear, list[fmpq]]] = {}
        if hidden:
            columns = output.weight.entries()
            layer = hidden[0]
            for j, (row, bias) in enumerate(zip(layer.weight.rows, layer.exact_bias(), strict=True)):
                linear = {**dict(row), **({UNIT: bias} if bias else {})}
                weights = [column[j] for column in columns]
                _add_neuron(linear, weights, planes, affine)
        kept = [(plane, jumps) for plane, jumps in planes.values()]
        shape = ShallowForm(len(network.inputs), [p for p, _ in kept], [j for _, j in kept], affine, constraints)
        if constraints:
            shape._take_sides(sides)
        else:
            require(sides is None, "sides are given without a domain")
        used = [i for i, jumps in enumerate(shape.jumps) if any(jumps)]
        shape.planes = [shape.planes[i] for i in used]
        shape.jumps = [shape.jumps[i] for i in used]
        return shape

    def _take_sides(self, sides: Any) -> None:
        """Keeps the hyperplanes that meet the interior; the others are affine on the domain."""
        sides = sequence(sides, "sides")
        require(len(sides) == len(self.planes), "expected one side for each hyperplane")
        kept = []
        for i, (side, plane) in enumerate(zip(sides, self.planes, strict=True)):
            require(type(side) is dict and len(side) == 1, "a side is malformed")
            ((name, evidence),) = side.items()
            if name == "point":
                values = [number(c) for c in sequence(evidence, "a point")]
                require(len(values) == self.n, "a point has the wrong dimension")
                point = dict(enumerate(values))
                require(value_at(plane, point) == 0, "a point is not on its hyperplane")
                require(all(value_at(c, point) > 0 for c in self.constraints), "a point is not inside the domain")
                kept.append(i)
            elif name == "new":
                require(not any(self.jumps[i]), "a hyperplane with a jump has no point inside the domain")
            else:
                require(name in ("above", "below"), f"unknown side {name!r:.20}")
                sign = ONE if name == "above" else -ONE
                parts = [(sign, plane)]
                for place, m in pairs(evidence, "multipliers"):
                    multiplier = number(m)
                    require(multiplier > 0, "a multiplier is not positive")
                    parts.append((-multiplier, self.constraints[index(place, len(self.constraints))]))
                rest = constant(mix(parts))
                require(rest is not None and rest >= 0, "the multipliers do not keep a hyperplane out")
                if name == "above":
                    self.affine = [
                        mix(((ONE, a), (kappa, plane))) for a, kappa in zip(self.affine, self.jumps[i], strict=True)
                    ]
        self.planes = [self.planes[i] for i in kept]
        self.jumps = [self.jumps[i] for i in kept]


def _add_neuron(linear: Linear, weights: list[fmpq], planes: dict, affine: list[Linear]) -> None:
    """Adds ``weights * relu(linear)`` to a shallow form: relu(-l) = relu(l) - l."""
    fixed = constant(linear)
    if fixed is not None:
        for o, w in enumerate(weights):
            affine[o] = mix(((ONE, affine[o]), (w * max(fixed, ZERO), {UNIT: ONE})))
        return
    leading = linear[min(v for v in linear if v != UNIT)]
    plane = mix(((ONE / leading, linear),))
    _, jumps = planes.setdefault(key(plane), (plane, [ZERO] * len(weights)))
    size = abs(leading)
    for o, w in enumerate(weights):
        jumps[o] = jumps[o] + size * w
        if leading < 0:
            affine[o] = mix(((ONE, affine[o]), (-size * w, plane)))
