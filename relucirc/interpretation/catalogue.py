"""Which circuits of the catalogue are this function, at any size?"""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy
from flint import fmpq

from relucirc.circuits import catalogue
from relucirc.circuits.circuit import Circuit
from relucirc.core.budget import tick
from relucirc.core.errors import NetworkError
from relucirc.core.exact import ONE, ZERO, to_rational
from relucirc.core.graph import Graph
from relucirc.core.names import default_names
from relucirc.interpretation.writing import sum_text
from relucirc.language.domain import Domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

LARGE = 16
"""With more inputs, only minimum and maximum are recognised."""
POINTS = 3


@dataclass(frozen=True)
class Match:
    """A circuit of the catalogue that is the function, proved.

    Attributes:
        name: Its name, with parameters where they are not the defaults, such as ``"minimum(5)"``, and with
            its inputs where the function has more, such as ``"minimum of x2, x4"``.
        formula: Its formula, over the function's inputs; None where that holds on a domain only.
        proof: The prover's answer.
    """

    name: str
    formula: Any
    proof: Result


@dataclass(frozen=True)
class Known:
    """A function that is compared with the catalogue.

    Attributes:
        net: What is proved equal: a network or its graph.
        graph: Its graph.
        domain: Where.
        used: The inputs that it depends on, in order; all by default.
        images: Whether multiples, and a constant more in every output, are looked for instead of the circuits.
    """

    net: MLP | Graph
    graph: Graph
    domain: Domain
    used: tuple[str, ...] | None = None
    images: bool = False

    @property
    def _names(self) -> tuple[str, ...]:
        return self.graph.inputs if self.used is None else self.used

    @cached_property
    def _sample(self) -> list[tuple[list[fmpq], list[fmpq]]]:
        n = len(self.graph.inputs)
        points = [[fmpq((7 * i * (k + 1) + 3 * k) % (2 * n + 3) - k - 1) for i in range(n)] for k in range(POINTS)]
        return [(point, self.graph.evaluate(point)) for point in points if self.domain.contains(point)]

    def matches(self) -> Iterator[Match]:
        """Yields the circuits, in the catalogue's order; each one's claim is lowered once."""
        n, outputs = len(self._names), len(self.graph.outputs)
        for circuit in catalogue.values():
            tick()
            if n > LARGE and circuit.name not in ("minimum", "maximum"):
                continue
            for parameters in _parameters(circuit, n):
                tick()
                try:
                    net = circuit(*parameters)
                except NetworkError:  # a circuit of another size
                    continue
                if net.sizes[0] == n and net.sizes[-1] == outputs and (found := self._match(circuit, parameters, net)):
                    yield found

    def _match(self, circuit: Circuit, parameters: tuple, net: MLP) -> Match | None:
        """Compares with one circuit: at a few points, where most end, and by a proof."""
        names = self._names
        ours = {sympy.Symbol(a): sympy.Symbol(b) for a, b in zip(net.inputs, names, strict=True) if a != b}
        if circuit.where is None:
            parts = circuit.formula(*parameters)
            formula = [p.xreplace(ours) for p in parts] if isinstance(parts, list) else parts.xreplace(ours)
            claim = graph_of_formula(formula, self.graph.inputs)
        elif self.used is not None:
            return None
        else:  # its formula holds on a domain only; the circuit itself is the claim
            formula, claim = None, graph_of_formula(MLP(net.layers, names), names)
        factor, shift = self._image(claim) if self.images and formula is not None else (ONE, ZERO)
        if formula is not None and (factor, shift) != (ONE, ZERO):
            if not factor:
                return None
            image = [to_rational(factor) * p + to_rational(shift) for p in _listed(formula)]
            formula = image if isinstance(formula, list) else image[0]
            claim = Graph(claim.inputs, claim.gates, tuple(f.scale(factor).shift(shift) for f in claim.outputs))
        if any(claim.evaluate(point) != values for point, values in self._sample):
            return None
        proof = prove(self.net, claim, self.domain, budget=None)
        if proof.status != "proved":
            return None
        defaults = parameters in ((), tuple(p.default for p in circuit.parameters))
        name = circuit.name if defaults else f"{circuit.name}({', '.join(map(str, parameters))})"
        name = sum_text([(factor, name)], shift, times="*")
        return Match(name if self.used is None else f"{name} of {', '.join(self.used)}", formula, proof)

    def _image(self, claim: Graph) -> tuple[fmpq, fmpq]:
        """The factor and the constant that bring a circuit's values to ours, at two points; a factor of 0 for none."""
        pairs = [(claim.evaluate(point)[0], values[0]) for point, values in self._sample]
        for (x, y), (u, v) in itertools.combinations(pairs, 2):
            if x != u:
                factor = (y - v) / (x - u)
                return factor, y - factor * x
        return ZERO, ZERO


def gate_of(graph: Graph) -> str:
    """Names the gate that a function is, everywhere and not only on bits, such as ``"and gate"``; else nothing.

    Args:
        graph: A function of the inputs x1, x2, ... with one output.
    """
    points = [[fmpq(k + (i + 1) * (k + 2), 3) - 2 for i in range(len(graph.inputs))] for k in range(POINTS)]
    points += [[ONE] * len(graph.inputs), [ZERO] * len(graph.inputs)]
    values = [graph.evaluate(point) for point in points]
    for name, claim in _gates(len(graph.inputs)):
        same = [claim.evaluate(point) for point in points] == values
        if same and prove(graph, claim, budget=None).status == "proved":
            return name
    return ""


@functools.cache
def _gates(n: int) -> tuple[tuple[str, Graph], ...]:
    """The gates of the catalogue with n inputs and one output."""
    found = []
    for circuit in catalogue.values():
        if not circuit.name.endswith("_gate"):
            continue
        for parameters in dict.fromkeys([(n,)[: len(circuit.parameters)], ()]):
            try:
                net = circuit(*parameters)
            except NetworkError:
                continue
            if (net.sizes[0], net.sizes[-1]) == (n, 1):
                found.append(
                    (circuit.name.replace("_", " "), graph_of_network(MLP(net.layers, default_names(n)).exact()))
                )
                break
    return tuple(found)


def _listed(formula: Any) -> list[Any]:
    return formula if isinstance(formula, list) else [formula]


def _parameters(circuit: Circuit, n: int) -> tuple[tuple, ...]:
    """The parameters with which a circuit may have n inputs."""
    names = [parameter.name for parameter in circuit.parameters]
    if names == ["n"]:
        return ((n,), (n // 2,)) if n > 1 else ()  # an adder has two inputs for each digit
    if names == ["n", "k"]:
        return tuple((n, k) for k in range(2, n))  # the others are minimum and maximum
    return circuit.examples
