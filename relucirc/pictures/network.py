"""``draw``: a network as a picture, in the original's signs.

Inputs stand below (teal), outputs above (orange), hidden neurons between them (grey), each with what it detects, or
the graph of relu where that has no sign.  A positive weight is a blue line, a negative one a dashed line in vermilion,
thicker where it is larger; where lines are many, those without a number are 1 and -1, and where they are more than can
be read, all numbers are left to hovering.  A bias is a line from a node 1.  At a point every hidden circle is cut in
two: its value above, what went into relu below.

A number that is shown is the value, exactly; where that is too long, it is the value correctly rounded to 3
significant digits, marked with ≈, and the exact value is shown on hover.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flint import fmpq

from relucirc.core.errors import NetworkError, RelucircError, is_circuit
from relucirc.core.exact import ONE
from relucirc.interpretation.features import features_in
from relucirc.language.as_network import as_network
from relucirc.language.network import MLP
from relucirc.pictures.boxes import Group, drawn_boxes, groups_of, order_of
from relucirc.pictures.drawing import Drawing
from relucirc.pictures.labels import by_neuron, label_of
from relucirc.pictures.layout import CAPTION, NESTING, Layout, Sizes, laid_out
from relucirc.pictures.nodes import SMALL, Node, beside, bias_node, drawn_node
from relucirc.pictures.shapes import Bounds, Scene, Shape, Text, fitting, text_width
from relucirc.pictures.summary import summary_scene
from relucirc.pictures.wires import Wire, drawn_wires, numbers_on

MAX_NEURONS = 400
"""Most inputs and neurons of a picture that shows each of them."""
READABLE, MOST_WIRES = 20, 600
"""The widest layer, and the most weights, of a picture that shows each without being asked to."""
ROOMY = 10
"""The widest layer of a picture at a point in which names stand between the circles."""
DIRECTIONS = ("up", "right")
STRETCH = (1.0, 1.35, 1.8)
"""How far layers are moved apart until all numbers have a place."""


def draw(
    net: Any,
    *,
    at: Sequence[Any] | None = None,
    title: str | None = None,
    explanation: Any = None,
    direction: str = "up",
    circuits: bool = True,
    summary: bool | None = None,
    theme: str = "auto",
) -> Drawing:
    """Draws a network.

    Args:
        net: A network, or a circuit of the catalogue; symbolic weights are written as they are.
        at: A point, one number for each input: every neuron shows its values there, exactly, or rounded and marked
            with ≈ where they are too long to be read.  Lines of greaterness detectors that are active stand out.
        title: What the picture is called for those who cannot see it; its sizes by default.
        explanation: What :func:`relucirc.explain` said of the network: neurons that can go are faint then.
        direction: ``"up"``, or ``"right"`` for inputs at the left.
        circuits: Whether boxes stand around the neurons of a layer that are a circuit.
        summary: Whether layers are bands, with counts and ranges in place of neurons; by default where a layer has
            more than 20 neurons or there are more than 600 weights.
        theme: ``"light"``, ``"dark"``, or ``"auto"`` for what the reader asks for.

    Returns:
        SVG text, which notebooks show as a picture; ``.save(path)`` writes it as .svg, .pdf, .png or .tex.

    Raises:
        NetworkError: When every neuron is to be shown, and they are more than 400.
        RelucircError: For another direction or theme, or a point that is none.

    Example:
        >>> import relucirc
        >>> picture = draw(relucirc.circuits.minimum(), at=(3, -5))
        >>> picture[:4], "2-3-1" in picture
        ('<svg', True)
        >>> "≈0.333<title>333333/1000000</title>" in draw(relucirc.circuits.identity(), at=("0.333333",))
        True
    """
    net = as_network(net() if is_circuit(net) else net)
    if direction not in DIRECTIONS:
        raise RelucircError(f"direction: expected {' or '.join(DIRECTIONS)}, got {direction!r}.")
    name = title if title is not None else "a network of sizes " + "-".join(map(str, net.sizes))
    trace = None if at is None else _values(net, at)
    if summary or (summary is None and is_large(net)):
        return Drawing(summary_scene(net, name, direction == "up"), theme)
    if sum(net.sizes) > MAX_NEURONS:
        raise NetworkError(
            f"expected at most {MAX_NEURONS} inputs and neurons for a drawing of each, got {sum(net.sizes)}; "
            "leave summary=False out."
        )
    return Drawing(_Picture(net, trace, explanation, direction == "up", circuits).scene(name), theme)


def is_large(net: MLP) -> bool:
    """Whether a picture shows layers rather than neurons, unless it is asked for these."""
    weights = sum(a * b for a, b in zip(net.sizes, net.sizes[1:], strict=False))
    return max(net.sizes) > READABLE or weights > MOST_WIRES


Trace = list[tuple[list[fmpq], list[fmpq]]]


def _values(net: MLP, at: Sequence[Any]) -> Trace:
    """Pre-activations and values of every layer at a point, the inputs' first."""
    point = net.point(*at)
    return [(list(point), list(point)), *net.trace(point)]


class _Picture:
    """One picture of a network, neuron by neuron."""

    def __init__(self, net: MLP, trace: Trace | None, explanation: Any, up: bool, circuits: bool) -> None:
        self.net, self.trace, self.up = net, trace, up
        self.layers = net.exact().layers
        features = [] if net.symbols else list(features_in(net))
        told = getattr(explanation, "features", ())
        self.features = by_neuron([*told, *features])
        made = getattr(explanation, "groups", None) or features
        self.groups: list[Group] = groups_of(made) if circuits and trace is None else []
        never = {key for key, feature in self.features.items() if getattr(feature, "active", "") == "never"}
        self.faint = never | {key for key, feature in self.features.items() if feature.name == "dead"}
        self.faint |= {(r.layer, r.neuron) for r in getattr(explanation, "redundant", ())}
        for depth, layer in enumerate(self.layers[1:], 1):
            read = {j for row in layer.weight.rows for j, _ in row}
            self.faint |= {(depth, j + 1) for j in range(net.sizes[depth]) if j not in read}
        self.ones = [any(b != 0 for b in layer.exact_bias()) for layer in self.layers]

    def scene(self, title: str) -> Scene:
        """Lays the network out, wider until all numbers have a place."""
        for stretch in STRETCH:
            layout = self._layout(stretch)
            shapes, complete = self._shapes(layout)
            if complete:
                break
        return fitting(shapes, title, self._about())

    def _about(self) -> str:
        """The picture in words."""
        said = [f"inputs {', '.join(self.net.inputs)}"]
        said += [f"h{k}.{i}: {feature}" for (k, i), feature in sorted(self.features.items())]
        return "; ".join(said)

    @property
    def _widest(self) -> int:
        return max(size + one for size, one in zip(self.net.sizes, [*self.ones, False], strict=True))

    @property
    def _crowded(self) -> bool:
        """Whether a layer has no room for names between its circles, which hovering shows then."""
        return self._widest > ROOMY

    def _layout(self, stretch: float) -> Layout:
        net, traced, widest = self.net, self.trace is not None, self._widest
        radius = 24.0 if widest <= 6 else 21.0 if widest <= 10 else 16.0
        radius = max(radius, 22.0) if traced else radius
        step = 2 * radius + (46 if widest <= 6 else 26 if widest <= 10 else 10)
        if traced and self.up and net.sizes[0] > 1:
            step = max(step, 6 + max(text_width(beside(name), 10.5) for name in net.inputs))
        if traced and self.up and not self._crowded:
            longest = max((text_width(label_of(f), 10.5) for f in self.features.values()), default=0.0)
            step = max(step, 2 * radius + 10 + longest)
        elif traced and not self.up:
            step = max(step, 2 * radius + 28)
        orders, walls = [list(range(net.sizes[0]))], [[0] * net.sizes[0]]
        for k in range(1, len(net.sizes)):
            order, wall = order_of(net.sizes[k], [g for g in self.groups if g.layer == k])
            orders.append(order)
            walls.append(wall)
        wires = max(sum(len(row) for row in layer.weight.rows) for layer in self.layers)
        deepest = max((g.depth + 1 for g in self.groups), default=0)
        gap = 2 * radius + (64 if wires <= 12 else 84 if wires <= 40 else 110) * stretch
        gap += deepest * (2 * NESTING + CAPTION)
        gap = max(gap, 0.2 * step * widest)
        ends = radius + 10 + (14 if traced else 0)
        if not self.up:
            gap += 40
            ends = radius + 16
        return laid_out(orders, [*self.ones, False], walls, Sizes(radius, step, gap, ends, ends), self.up)

    def _shapes(self, layout: Layout) -> tuple[list[Shape], bool]:
        """Boxes, lines, numbers and circles, from back to front; and whether all numbers have a place."""
        nodes = [self._node(layout, k, i) for k, size in enumerate(self.net.sizes) for i in range(size)]
        circles = [shape for node in nodes for shape in drawn_node(node)]
        boxes = list(drawn_boxes(layout, self.groups))
        taken: list[Bounds] = [_square(*node.at, node.radius) for node in nodes]
        taken += [text.bounds for text in (*boxes, *circles) if isinstance(text, Text)]
        for k, one in enumerate(self.ones):
            if one:
                circles += bias_node(layout.one(k), k)
                taken.append(_square(*layout.one(k), SMALL))
        lines: list[Shape] = []
        numbers: list[Shape] = []
        complete = True
        for k in range(len(self.layers)):
            wires = self._wires(layout, k)
            lines += drawn_wires(wires, layout.radius, [SMALL if wire.bias else layout.radius for wire in wires])
            placed, all_placed = numbers_on(wires, taken)
            numbers += placed
            complete &= all_placed
        captions = [shape for shape in boxes if isinstance(shape, Text)]
        return [*boxes[: len(boxes) - len(captions)], *lines, *captions, *numbers, *circles], complete

    def _wires(self, layout: Layout, k: int) -> list[Wire]:
        """The weights between two layers, those of the bias node last."""
        layer = self.layers[k]
        entries = [(i, j, weight) for i, row in enumerate(layer.weight.rows) for j, weight in row]
        biases = [(i, None, b) for i, b in enumerate(layer.exact_bias()) if b != 0]
        sizes = [abs(w) for *_, w in (*entries, *biases) if isinstance(w, fmpq)]
        active = {key for key in self.features if self._is_active(*key)}
        found = []
        for i, j, weight in (*entries, *biases):
            start, source = (layout.one(k), "1") if j is None else (layout.neuron(k, j), self._name(k, j))
            ends = {(k + 1, i + 1), *([] if j is None else [(k, j + 1)])}
            found.append(
                Wire(
                    source,
                    self._name(k + 1, i),
                    start,
                    layout.neuron(k + 1, i),
                    weight,
                    max(sizes, default=ONE),
                    bias=j is None,
                    bold=bool(ends & active),
                    pale=bool(ends & self.faint),
                )
            )
        return found

    def _is_active(self, layer: int, neuron: int) -> bool:
        """Whether a neuron is a greaterness detector that is active at the point."""
        if self.trace is None or self.features[layer, neuron].name != "greaterness detector":
            return False
        return self.trace[layer][1][neuron - 1] > 0

    def _name(self, layer: int, i: int) -> str:
        """``x1``, ``h1.2``, ``y``."""
        if layer == 0:
            return self.net.inputs[i]
        if layer < len(self.net.sizes) - 1:
            return f"h{layer}.{i + 1}"
        return "y" if self.net.sizes[-1] == 1 else f"y{i + 1}"

    def _node(self, layout: Layout, k: int, i: int) -> Node:
        last = len(self.net.sizes) - 1
        role = "input" if k == 0 else "output" if k == last else "hidden"
        feature = self.features.get((k, i + 1)) if role == "hidden" else None
        name = self._name(k, i)
        said = name if feature is None else f"{name}: {feature}"
        crowded = self._crowded and self.up and self.trace is not None
        label = "" if feature is None or crowded else label_of(feature)
        node = Node(role, name, label, said, layout.neuron(k, i), layout.radius)
        node = replace(node, faint=role == "hidden" and (k, i + 1) in self.faint, below=not self.up)
        if self.trace is None:
            return node
        before, after = self.trace[k][0][i], self.trace[k][1][i]
        said = f"{said}; {before} before relu, {after} after" if role == "hidden" else f"{said} = {after}"
        return replace(
            node, before=before, after=after, hover=said, active=feature is not None and self._is_active(k, i + 1)
        )


def _square(x: float, y: float, r: float) -> Bounds:
    return x - r - 1, y - r - 1, x + r + 1, y + r + 1
