"""A network in hinge normal form, with the neurons that make each hinge, and the neurons that nothing needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.interpretation.signs import Signs
from relucirc.language.affine import Affine
from relucirc.language.domain import Domain
from relucirc.language.network import MLP

MOST_INPUTS = 10
"""With more inputs a domain is not used: a box of n inputs has 2^n corners."""


@dataclass(frozen=True)
class Redundant:
    """A hidden neuron without which the network computes the same.

    Attributes:
        layer: Which hidden layer, from 1.
        neuron: Which neuron of it, from 1.
        reason: Why it can go.
    """

    layer: int
    neuron: int
    reason: str

    def __str__(self) -> str:
        return f"layer {self.layer}, neuron {self.neuron}: {self.reason}"


class Wiring:
    """Lowers a network neuron by neuron.

    Args:
        net: A network of rational weights.
        domain: Where; of an open domain its closure, of one that is thin, of integers, or of many inputs all of R^n.

    Attributes:
        domain: Where what is found holds.
        names: The inputs.
        hinges: The normal form.
        layers: The layers.
        outputs: The outputs, over inputs and hinges.
        before: For every hidden layer what its neurons take the positive part of, over inputs and hinges.
        neurons: For every hinge the neurons that bend there, as pairs of layer and number, from 1.
        affine: The neurons that do not bend on the domain, and whether they are always active.
    """

    def __init__(self, net: MLP, domain: Domain) -> None:
        n = len(net.inputs)
        thin = domain.integers or any(relation.op == "==" for relation in domain.relations)
        usable = n <= MOST_INPUTS and not thin
        region = Region.of([relation.form for relation in domain.relations], n) if usable else None
        constraints = [] if region is None else [relation.form for relation in domain.relations]
        self.domain, self.names = domain if constraints else Domain(), net.inputs
        cell = region.cell if constraints and region is not None else None
        self.hinges = HingeGraph(n, constraints, cell)
        self.layers: tuple[Affine, ...] = net.exact().layers
        self.before: list[list[Form]] = []
        self.neurons: dict[int, list[tuple[int, int]]] = {}
        self.affine: dict[tuple[int, int], bool] = {}
        self._values: list[list[Form]] = []
        self._signs = Signs(net, self.domain, region or Region.everything(n))
        self._builder = GraphBuilder(net.inputs)
        self._plain: list[list[Form]] = []
        values = plain = [Form.variable(v) for v in range(n)]
        for depth, layer in enumerate(self.layers, 1):
            before = [form.substitute(values.__getitem__) for form in layer.forms()]
            self._plain.append([form.substitute(plain.__getitem__) for form in layer.forms()])
            if depth == len(self.layers):
                self.outputs = before
                return
            self.before.append(before)
            values = [self._neuron(form, depth, i) for i, form in enumerate(before, 1)]
            self._values.append(values)
            plain = [self._builder.relu(form) for form in self._plain[-1]]

    def graph(self, layer: int, neurons: Sequence[int]) -> Graph:
        """What some neurons of a layer take the positive part of, as the weights say; neurons are counted from 1."""
        return self._builder.build([self._plain[layer - 1][i - 1] for i in neurons])

    def _neuron(self, before: Form, layer: int, number: int) -> Form:
        tick()
        active = self._signs.proved(layer, number, lambda: self.graph(layer, [number])) if before.terms else None
        if active is not None:
            self.affine[layer, number] = active
            return before if active else Form()
        value, step = self.hinges.max(Form(), before)
        if "take" in step:
            self.affine[layer, number] = bool(value)
        else:
            self.neurons.setdefault(step["atom"], []).append((layer, number))
        return value

    def active(self, layer: int, neuron: int) -> str:
        """Whether a neuron is ``"always"``, ``"never"`` or ``"sometimes"`` active, as far as that is known."""
        state = self.affine.get((layer, neuron))
        return "sometimes" if state is None else "always" if state else "never"

    def redundant(self) -> Iterator[Redundant]:
        """Yields the neurons that can go: what is left of multiples of one neuron is that one, with other weights."""
        for depth, (values, above) in enumerate(zip(self._values, self.layers[1:], strict=True), 1):
            read: list[dict[int, fmpq]] = [{} for _ in values]
            for o, row in enumerate(above.weight.rows):
                for j, c in row:
                    read[j][o] = c
            alike: dict[Form, list[tuple[int, Form]]] = {}
            for i, value in enumerate(values):
                scale, line = value.primitive()
                alike.setdefault(line, []).append((i, Form(read[i]).scale(scale)))
            for i, value in enumerate(values):
                tick()
                group = alike[value.primitive()[1]]
                first, together = group[0][0], combine((ONE, weights) for _, weights in group)
                reason = None
                if not value:
                    reason = "never active"
                elif not read[i]:
                    reason = "nothing reads it"
                elif not value.terms:
                    reason = "constant"
                elif len(group) > 1 and not together:
                    others = [f"{k + 1}" for k, _ in group if k != i]
                    reason = f"it cancels with {', '.join(others)} of its layer"
                elif i != first:
                    reason = f"a multiple of neuron {first + 1}"
                if reason:
                    yield Redundant(depth, i + 1, reason)
