"""A network in hinge normal form, with the neurons that make each hinge, and the neurons that nothing needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.geometry.cell import cell_of
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.network import MLP


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
        constraints: Forms that are ``>= 0`` on the domain.

    Attributes:
        hinges: The normal form.
        outputs: The outputs, over inputs and hinges.
        neurons: For every hinge the neurons that bend there, as pairs of layer and number, from 1.
        affine: The neurons that do not bend on the domain, and whether they are always active.
    """

    def __init__(self, net: MLP, constraints: Sequence[Form] = ()) -> None:
        n = len(net.inputs)
        self.hinges = HingeGraph(n, constraints, cell_of(constraints, n) if constraints else None)
        self.neurons: dict[int, list[tuple[int, int]]] = {}
        self.affine: dict[tuple[int, int], bool] = {}
        self._values: list[list[Form]] = []
        self._layers = net.exact().layers
        values = [Form.variable(v) for v in range(n)]
        for depth, layer in enumerate(self._layers, 1):
            before = [form.substitute(values.__getitem__) for form in layer.forms()]
            if depth == len(self._layers):
                self.outputs = before
                return
            values = [self._neuron(form, depth, i) for i, form in enumerate(before, 1)]
            self._values.append(values)

    def _neuron(self, before: Form, layer: int, number: int) -> Form:
        tick()
        value, step = self.hinges.max(Form(), before)
        if "take" in step:
            self.affine[layer, number] = bool(value)
        else:
            self.neurons.setdefault(step["atom"], []).append((layer, number))
        return value

    def redundant(self) -> Iterator[Redundant]:
        """Yields the neurons that can go: what is left of multiples of one neuron is that one, with other weights."""
        for depth, (values, above) in enumerate(zip(self._values, self._layers[1:], strict=True), 1):
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
