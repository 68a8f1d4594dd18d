"""One cell that is bounded on boxes, in the words of ``Boxes.v``."""

from collections.abc import Iterator, Sequence

from flint import fmpq

from relucirc.checker.data import form, index, number
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix, replace
from relucirc.checker.scaled import Scaled
from relucirc.checker.sides import Constraint, read
from relucirc.core.graph import MaxGate
from relucirc.proof.theorem.boxes import PLACES, Hinges, Side, Tree, sides_of
from relucirc.proof.theorem.case import Case
from relucirc.proof.theorem.covered import refuse
from relucirc.proof.theorem.gallina import form_text, key, listed, taken_text
from relucirc.proof.theorem.sides import Sides


class BoxesCase(Case):
    """One cell that is bounded on boxes: every maximum has a hinge of its own, whatever the certificate's atoms are."""

    def __init__(self, node: dict, sides: Sides, constraints: list[Constraint]) -> None:
        if "pairs" in node["boxes"]:
            raise refuse("bounds on boxes of pairs of hinges")
        if any(sides.decided.values()):
            raise refuse("choices together with bounds on boxes")
        if sides.other is not None:
            raise refuse("bounds on boxes of two networks")
        super().__init__(node, sides, constraints)
        self._hinges = Hinges(self.first)
        self._values = dict(self.pivots)
        self._left, self._neurons = self._network()
        self._gates: dict[int, str] = {}
        for k, gate in enumerate(sides.formulas.graph.gates):
            if not isinstance(gate, MaxGate):
                raise refuse("choices together with bounds on boxes")
            if sides.n + k not in self._values:
                ends = [replace(read(side), self._values) for side in (gate.left, gate.right)]
                self._values[sides.n + k], self._gates[k], _ = self._maximum_of(*ends)

    def _maximum_of(self, left: Linear, right: Linear) -> tuple[Linear, str, int | None]:
        """A maximum as a form, its step, and its hinge unless the arguments differ by a constant."""
        fixed = constant(minus(left, right))
        if fixed is not None:
            return (left if fixed >= 0 else right), taken_text(fixed >= 0), None
        value, v = self._hinges.maximum(left, right)
        return value, f"Atom {key(v)} 1 {form_text(left)} []", v

    def _network(self) -> tuple[list[str], list[int | None]]:
        """The steps of the network, and the hinges of the neurons that are gates of the graph."""
        steps, found = [], []
        below = [(self.pivots.get(v, {v: ONE}), True) for v in range(self.sides.n)]
        for layer in self.sides.net.layers[:-1]:
            above = []
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
                form = mix(((ONE, {UNIT: fmpq(bias)}), *((weight, below[j][0]) for j, weight in row)))
                varies = any(weight != 0 and below[j][1] for j, weight in row)
                value, step, v = self._maximum_of({}, form)
                above.append((value, varies))
                steps.append(step)
                if varies:
                    if self.sides.claim.kind == "relation":
                        self._values[self.sides.n + len(found)] = value
                    found.append(v)
            below = above
        return steps, found

    def _left_steps(self) -> Iterator[str]:
        yield from self._left

    def _maximum(self, gate: int) -> str:
        return self._gates[gate]

    def _atoms_text(self) -> str:
        return listed(f"[{form_text(argument)}]" for argument in self._hinges.arguments)

    def _ending(self) -> str:
        node = self.node["boxes"]
        sides = sides_of(self.relations, self.free)
        combinations = [(int(i), [number(w) for w in weights]) for i, weights in node["combinations"]]
        tree = Tree(iter(node["tree"].split()), combinations, sides, self.sides.answers, self._slopes(sides))
        hinges = range(self.first, self.first + len(self._hinges.arguments))
        return (
            f"Boxed {{| places := {PLACES}%nat; sides := {listed(side.text() for side in sides)};\n"
            f"  hinges := {listed(str(key(v)) for v in hinges)}%positive;\n  cover := {tree.text()} |}}"
        )

    def _slopes(self, sides: Sequence[Side]) -> dict[int, list[tuple[int, bool]]]:
        """The neurons of each of the tree's hinges, which are counted level by level, and whether they are turned."""
        flips = [letter == "1" for letter in self.node["boxes"]["flips"]]
        atoms = [[form(element, len(sides) + k) for element in atom] for k, atom in enumerate(self.node["atoms"])]
        scaled = Scaled.of(atoms, [(side.low, side.high) for side in sides], flips)
        order = {k: i for i, k in enumerate(k for level in scaled.hinges for k in level)}
        found: dict[int, list[tuple[int, bool]]] = {}
        for v, step in zip(self._neurons, self.node["left"], strict=False):
            if v is not None and "atom" in step:
                k = index(step["atom"], len(self.atoms))
                turned = bool(self.form(step["base"]))
                found.setdefault(order[k], []).append((v, turned != flips[k]))
        return found
