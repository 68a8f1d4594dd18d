"""One cell that is bounded on boxes, in the words of ``Boxes.v``."""

from collections.abc import Iterator

from flint import fmpq

from relucirc.checker.boxes import read_pairs
from relucirc.checker.data import form, index, number
from relucirc.checker.linear import ONE, UNIT, Linear, mix
from relucirc.checker.scaled import Scaled
from relucirc.checker.sides import Constraint, selected
from relucirc.core.forms import Form
from relucirc.core.graph import MaxGate
from relucirc.language.network import MLP
from relucirc.proof.theorem.boxes import PLACES, Tree, sides_of
from relucirc.proof.theorem.case import Case
from relucirc.proof.theorem.gallina import key, listed
from relucirc.proof.theorem.maxima import Maxima
from relucirc.proof.theorem.sides import Sides


class BoxesCase(Case):
    """One cell that is bounded on boxes: its hinges are those of its maxima, whatever the certificate's atoms are.

    The step of a maximum is known once all maxima are; before, the number of its variable stands in its place.
    """

    def __init__(self, node: dict, sides: Sides, constraints: list[Constraint]) -> None:
        super().__init__(node, sides, constraints)
        self._maxima = Maxima(sides.n)
        # by the name of a side and the variable of a gate in its graph, the variable of the maximum
        self._places: dict[str, dict[int, int]] = {"left": {}, "right": {}}
        self._selected = {name: selected(sides.side(name), constraints) for name in ("left", "right")}
        left = list(self._neurons("left", sides.net))
        right = [] if sides.other is None else list(self._neurons("right", sides.other))
        right += [step for root in sides.formulas.nodes for step in self._said(root)]
        self._box = sides_of(self.relations, self.free)
        self._flips = [letter == "1" for letter in node["boxes"]["flips"]]
        self._scaled = self._read_hinges()
        self._members = self._read_members()
        self._pair()
        self._made = self._maxima.made(self.first, self.pivots)
        self._left, self._right = ([self._known(step) for step in steps] for steps in (left, right))

    def _neurons(self, name: str, net: MLP) -> Iterator[str]:
        """One step for every hidden neuron."""
        v, below = self.sides.n, [({u: ONE}, True) for u in range(self.sides.n)]
        for layer in net.layers[:-1]:
            above: list[tuple[Linear, bool]] = []
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
                varies = any(weight != 0 and below[j][1] for j, weight in row)
                if varies and v in self.sides.decided[name]:
                    value = self._renamed(name, Form({v: ONE}))
                    yield super()._maximum(v - self.sides.n)
                else:
                    argument = mix(((ONE, {UNIT: fmpq(bias)}), *((weight, below[j][0]) for j, weight in row)))
                    place = self._maxima.add({}, argument)
                    value = {place: ONE}
                    if varies:
                        self._places[name][v] = place
                    yield str(place)
                v += varies
                above.append((value, varies))
            below = above

    def _maximum(self, gate: int) -> str:
        name, v = self.sides.steps, self.sides.n + gate
        if v in self.sides.decided[name]:
            return super()._maximum(gate)
        if v not in self._places[name]:
            maximum = self._selected[name].maximum(gate)
            ends = [self._renamed(name, end) for end in (maximum.left, maximum.right)]
            self._places[name][v] = self._maxima.add(*ends)
        return str(self._places[name][v])

    def _renamed(self, name: str, source: Form) -> Linear:
        """A form of a side's graph over the inputs and the maxima."""
        places = self._places[name]
        linear = self._selected[name].linear(source)
        return {v if v < self.sides.n else places[v]: c for v, c in linear.items()}

    def _read_hinges(self) -> Scaled:
        """The certificate's hinges by levels."""
        count, given = len(self._box), self.node["atoms"]
        atoms = [[form(element, count + k) for element in atom] for k, atom in enumerate(given)]
        pairs = read_pairs(self.node["boxes"].get("pairs", []), len(atoms))
        return Scaled.of(atoms, [(side.low, side.high) for side in self._box], self._flips, pairs)

    def _read_members(self) -> dict[int, list[tuple[int, fmpq]]]:
        """By atom the maxima of 0 and a form that are made of it: their variables, and how many times as large.

        Each is turned to the side to which the tree's hinge is.
        """
        found: dict[int, list[tuple[int, fmpq]]] = {}
        for name, side in self._selected.items():
            steps = iter(self.node[name])
            for v, gate in enumerate(side.graph.gates, self.sides.n):
                if not isinstance(gate, MaxGate) or v in side.decided:
                    continue
                step = next(steps)
                if "atom" in step and v in self._places[name] and not (gate.left and gate.right):
                    k = index(step["atom"], len(self.atoms))
                    turned = bool(self.form(step["base"])) == (not gate.left)
                    place = self._places[name][v]
                    if turned != self._flips[k]:
                        self._maxima.turned.add(place)
                    found.setdefault(k, []).append((place, number(step["scale"])))
        return found

    def _pair(self) -> None:
        """Takes over which hinges are bounded together."""
        for second, (first, ratio) in self._scaled.pairs.items():
            if first in self._members and second in self._members:
                (v, size), (w, other_size) = self._members[first][0], self._members[second][0]
                self._maxima.partners[v] = w, other_size * ratio / size

    def _known(self, step: str) -> str:
        return self._made.steps[int(step)] if step.isdigit() else step

    def _left_steps(self) -> Iterator[str]:
        yield from self._left

    def _right_steps(self) -> Iterator[str]:
        yield from self._right

    def _atoms_text(self) -> str:
        return self._made.hinges.text()

    def _ending(self) -> str:
        node = self.node["boxes"]
        combinations = [(int(i), [number(w) for w in weights]) for i, weights in node["combinations"]]
        tree = Tree(iter(node["tree"].split()), combinations, self._box, self.sides.answers, self._slopes())
        hinges = range(self.first, self.first + len(self._made.hinges.arguments))
        return (
            f"Boxed {{| places := {PLACES}%nat; sides := {listed(side.text() for side in self._box)};\n"
            f"  hinges := {listed(str(key(v)) for v in hinges)}%positive;\n"
            f"  pairs := {listed(str(key(v)) for v in self._made.pairs)}%positive;\n  cover := {tree.text()} |}}"
        )

    def _slopes(self) -> dict[int, list[int]]:
        """By the number that the tree gives to a hinge, those in Rocq.

        The tree counts level by level; after the hinges of a level come its pairs.
        """
        found: dict[int, list[int]] = {}
        start = 0
        for hinges, level in zip(self._scaled.hinges, self._scaled.levels, strict=True):
            for i, k in enumerate(hinges, start):
                found[i] = sorted({self._made.parts[v] for v, _ in self._members.get(k, ()) if v in self._made.parts})
            start += len(level.constants)
        return found
