"""What was done to a network that computes the same hinges still: neurons permuted, scaled, split, merged, left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from relucirc.core.tables import counted
from relucirc.measure.comparing.alignment import Neuron, Side, order_of


@dataclass(frozen=True)
class Rewrite:
    """One way in which two networks differ, that does not change what the neurons compute.

    Attributes:
        kind: ``"permuted"``, ``"scaled"``, ``"flipped"`` (the hinge of the opposite, ``relu(-z) = relu(z) - z``),
            ``"split"``, ``"merged"``, ``"moved"`` to another layer, ``"off"`` or ``"on"`` (always, left out or added),
            ``"unused"`` (left out or added), ``"layers"`` (fused or inserted).
        neurons: Those of the first network, as ``(layer, index)``.
        others: Those of the second.
        text: One sentence for people, without a full stop.
    """

    kind: str
    neurons: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int], ...]
    text: str

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, Any]:
        """Returns the kind, the neurons and the sentence."""
        places = {"neurons": self.neurons, "others": self.others}
        return {"kind": self.kind, **{k: [list(at) for at in v] for k, v in places.items()}, "text": self.text}


def rewrites(first: Side, second: Side) -> tuple[Rewrite, ...]:
    """Finds what was done to the first network to get the second, among the hinges that both compute."""
    return tuple(found for find in _FINDERS for found in find(first, second))


def _layers(first: Side, second: Side) -> Iterator[Rewrite]:
    before, after = len(first.layers), len(second.layers)
    if before != after:
        text = f"{counted(before, 'hidden layer')} became {after}"
        yield Rewrite("layers", (), (), text)


def _permuted(first: Side, second: Side) -> Iterator[Rewrite]:
    """Layers whose common hinges stand in another order."""
    for depth, (layer, other) in enumerate(zip(first.layers, second.layers, strict=False)):
        order, others = order_of(layer), order_of(other)
        common = set(order) & set(others)
        pairs = zip([k for k in order if k in common], [k for k in others if k in common], strict=True)
        moved = {a for a, b in pairs if a != b}
        if moved:
            yield _told("permuted", depth, *([n for n in neurons if n.hinge in moved] for neurons in (layer, other)))


def _told(kind: str, depth: int, own: Sequence[Neuron], others: Sequence[Neuron]) -> Rewrite:
    """What happened to neurons of a layer of the first network."""
    before, after = (tuple((n.layer, n.index) for n in neurons) for neurons in (own, others))
    return Rewrite(kind, before, after, f"layer {depth}: {counted(len(own), 'neuron')} {kind}")


def _of_hinges(first: Side, second: Side) -> Iterator[Rewrite]:
    """Hinges whose neurons are scaled, flipped, split, merged or in another layer, by the first network's layers."""
    own, others = _by_hinge(first), _by_hinge(second)
    common = [(neurons, others[k]) for k, neurons in own.items() if k in others]
    for kind, happened in _KINDS.items():
        for depth in range(len(first.layers)):
            found = [happened(a, b) for a, b in common if a[0].layer == depth]
            neurons = [n for part, _ in found for n in part]
            if neurons:
                yield _told(kind, depth, neurons, [n for _, part in found for n in part])


def _by_hinge(side: Side) -> dict[int, list[Neuron]]:
    found: dict[int, list[Neuron]] = {}
    for neuron in side.neurons:
        if neuron.hinge is not None:
            found.setdefault(neuron.hinge, []).append(neuron)
    return found


Some = tuple[list[Neuron], list[Neuron]]
"""Neurons of one hinge in both networks, to which something happened."""


def _pairs(own: list[Neuron], others: list[Neuron], differ: Callable[[Neuron, Neuron], bool]) -> Some:
    """Of as many neurons, each with the one that it became, those that differ."""
    if len(own) != len(others):
        return [], []
    ordered = (sorted(neurons, key=lambda n: (n.flipped, n.scale)) for neurons in (own, others))
    found = [pair for pair in zip(*ordered, strict=True) if differ(*pair)]
    return [a for a, _ in found], [b for _, b in found]


_KINDS: dict[str, Callable[[list[Neuron], list[Neuron]], Some]] = {
    "scaled": lambda own, others: _pairs(own, others, lambda a, b: a.scale != b.scale),
    "flipped": lambda own, others: _pairs(own, others, lambda a, b: a.flipped != b.flipped),
    "split": lambda own, others: (own, others) if len(own) < len(others) else ([], []),
    "merged": lambda own, others: (own, others) if len(own) > len(others) else ([], []),
    "moved": lambda own, others: _pairs(own, others, lambda a, b: a.layer != b.layer),
}


def _left_out(first: Side, second: Side) -> Iterator[Rewrite]:
    """Neurons without a share in the outputs, or always on, of which the other network has fewer."""
    kinds = {
        "off": ("always off", lambda _, n: n.off),
        "on": ("always on", lambda _, n: n.hinge is None and not n.off),
        "unused": ("without a share in the outputs", lambda side, n: n.hinge is not None and n.hinge not in side.used),
    }
    for kind, (what, belongs) in kinds.items():
        own, others = (tuple((n.layer, n.index) for n in side.neurons if belongs(side, n)) for side in (first, second))
        if len(own) != len(others):
            change = "left out" if len(own) > len(others) else "added"
            text = f"{counted(abs(len(own) - len(others)), 'neuron')} {what} {change}"
            yield Rewrite(kind, own, others, text)


_FINDERS = (_layers, _permuted, _of_hinges, _left_out)
