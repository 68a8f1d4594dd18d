"""Which neurons of two networks compute the same hinge.

Both networks are rewritten over the hinges of one graph (:mod:`relucirc.geometry.hinges`): a neuron is a multiple of a
hinge, perhaps of its opposite (``relu(-z) = relu(z) - z``), or it is always on or always off.  Equal hinges are one, so
that neurons which were permuted, scaled, split or merged are the same here, whatever layer they stand in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.forms import Form, substitute_all
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.network import MLP


@dataclass(frozen=True)
class Neuron:
    """What one hidden neuron computes.

    Attributes:
        layer: Its layer, from 0.
        index: Its place there.
        hinge: The number of its hinge; None where it is always on or always off.
        scale: The multiple of that hinge.
        flipped: Whether it is of the hinge's opposite.
        off: Whether it is always off.
    """

    layer: int
    index: int
    hinge: int | None = None
    scale: fmpq | None = None
    flipped: bool = False
    off: bool = False


@dataclass(frozen=True)
class Side:
    """One network over the shared hinges.

    Attributes:
        layers: What the hidden neurons compute.
        outputs: The outputs, over inputs and hinges.
        used: The hinges that the outputs depend on.
    """

    layers: tuple[tuple[Neuron, ...], ...]
    outputs: tuple[Form, ...]
    used: frozenset[int]

    @property
    def neurons(self) -> list[Neuron]:
        """All hidden neurons, from below."""
        return [neuron for layer in self.layers for neuron in layer]


def align(first: MLP, second: MLP, depth: int | None = None) -> tuple[Side, Side]:
    """Writes two networks over the same hinges; inputs of one name are the same.

    Args:
        first: A network.
        second: The other.
        depth: How many layers, from below; all by default.  Of some, every hinge is taken for used, and no outputs are
            known.

    Raises:
        OutOfBudget: When the time of the verb that is running is over.
    """
    hinges = HingeGraph(len(first.inputs))
    place = {name: v for v, name in enumerate(first.inputs)}
    return _side(hinges, first, place, depth), _side(hinges, second, place, depth)


def _side(hinges: HingeGraph, net: MLP, place: dict[str, int], most: int | None) -> Side:
    values = [Form.variable(place[name]) for name in net.inputs]
    *hidden, last = net.exact().layers
    layers = []
    for depth, layer in enumerate(hidden[:most]):
        neurons, above = [], []
        for index, before in enumerate(substitute_all(layer.forms(), values.__getitem__)):
            tick()
            value, neuron = _neuron(hinges, before, depth, index)
            neurons.append(neuron)
            above.append(value)
        layers.append(tuple(neurons))
        values = above
    if most is not None:
        return Side(tuple(layers), (), frozenset(range(len(hinges.atoms))))
    outputs = tuple(substitute_all(last.forms(), values.__getitem__))
    return Side(tuple(layers), outputs, frozenset(hinges.reachable(outputs)))


def _neuron(hinges: HingeGraph, before: Form, depth: int, index: int) -> tuple[Form, Neuron]:
    """The value of a neuron, and what it is, given its pre-activation."""
    value, step = hinges.max(Form(), before)
    hinge = step.get("atom")
    if hinge is None:
        return value, Neuron(depth, index, off=not value)
    return value, Neuron(depth, index, hinge, value.coefficient(hinges.n + hinge), len(value.terms) > 1)


def order_of(neurons: Sequence[Neuron]) -> list[int]:
    """The hinges of neurons in the order in which they first stand."""
    return list(dict.fromkeys(neuron.hinge for neuron in neurons if neuron.hinge is not None))
