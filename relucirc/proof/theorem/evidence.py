"""Certificates as Rocq's data: the same rules in the words of ``Cells.v``, ``Steps.v`` and ``Trees.v``.

Three things are spelled out that the Python checker finds by itself: which side of a constant maximum is the larger,
which branch of a choice holds and by which constraint, and multipliers for each inequality that is an equation.
Inputs and atoms keep their numbers in every cell; what a certificate numbers anew is numbered back.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from relucirc.checker.data import form, index, number
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix, replace
from relucirc.checker.linear import key as linear_key
from relucirc.checker.reading import graph_of_weights
from relucirc.checker.sides import Constraint, constraint, read
from relucirc.core.errors import RelucircError
from relucirc.core.forms import Form
from relucirc.core.graph import MaxGate
from relucirc.language.network import MLP
from relucirc.proof.theorem.formulas import Formulas, Node
from relucirc.proof.theorem.gallina import form_text, key, listed, rational_text

UNCOVERED = {
    "lemmas": "lemmas about atoms",
    "sweep": "sweeps of a line",
    "bounding": "non-negative combinations of bounds",
    "boxes": "bounds on boxes",
    "symmetry": "symmetry",
}
"""Kinds of evidence that the Gallina checker has no rule for."""


class NotCovered(RelucircError):
    """A proof exists, but it rests on a rule that the Gallina checker does not have."""


def refuse(what: str) -> NotCovered:
    """Returns the error that names a kind of evidence."""
    return NotCovered(f"theorem: the proof uses {what}, which the Rocq theory does not cover yet.")


@dataclass(frozen=True)
class Sides:
    """What a proof is about.

    Attributes:
        net: The network.
        formulas: The formula.
    """

    net: MLP
    formulas: Formulas

    @property
    def n(self) -> int:
        """The number of inputs."""
        return len(self.net.inputs)


def cells_text(proof: dict, sides: Sides, constraints: Sequence[Constraint]) -> str:
    """Writes the proof of a certificate as a term of type ``cells``."""
    known = list(constraints)
    if "empty" in proof:
        facts = [_constraint(index(i, len(known)), number(m)) for i, m in proof["empty"]]
        return f"Empty {listed(facts)}"
    if "split" in proof:
        cut = form(proof["split"], sides.n)
        above = cells_text(proof["positive"], sides, [*known, constraint(cut, ">")])
        rest = cells_text(proof["rest"], sides, [*known, constraint(cut, ">=", -ONE)])
        return f"Split {form_text(cut)}\n({above})\n({rest})"
    if "integer" in proof:
        whole, at = form(proof["integer"], sides.n), number(proof["at"])
        below = cells_text(proof["below"], sides, [*known, constraint(whole, ">=", -ONE, at)])
        above = cells_text(proof["above"], sides, [*known, constraint(whole, ">=", ONE, -at - 1)])
        return f"Between {form_text(whole)} {rational_text(at)}\n({below})\n({above})"
    if "gate" in proof:
        raise refuse("a choice whose condition reads maxima")
    return _Case(proof, sides, known).text()


def _constraint(i: int, m: fmpq) -> str:
    return f"Constraint {i} {rational_text(m)}"


@dataclass
class _Case:
    """One cell: its evidence, and the numbers that things have in the certificate and in Rocq."""

    node: dict
    sides: Sides
    constraints: list[Constraint]
    solved: dict[int, Linear] = field(default_factory=dict)
    decided: dict[int, Linear] = field(default_factory=dict)

    def text(self) -> str:
        for kind, words in UNCOVERED.items():
            if kind in self.node:
                raise refuse(words)
        n = self.sides.n
        equalities, equal = self._equalities()
        pivots = self._pivots()
        self.free = [v for v in range(n) if v not in self.solved]
        self.charted = [(replace(f, self.solved), op) for f, op in self.constraints]
        shown = [i for i, (f, _) in enumerate(self.charted) if i not in equal and constant(f) is None]
        self.numbers = {UNIT: UNIT, **dict(enumerate(self.free))}
        count = len(self.node["atoms"])
        self.numbers |= {len(self.free) + k: n + k for k in range(count)}
        self.atoms = [[self._form(element) for element in atom] for atom in self.node["atoms"]]
        self.place = dict(enumerate(shown))
        atoms = listed(listed(map(form_text, atom)) for atom in self.atoms)
        left = listed(self._network_steps())
        right = listed(step for root in self.sides.formulas.nodes for step in self._steps(root))
        ending = self._ending()
        return (
            f"Case {{| equalities := {listed(equalities)}; pivots := {listed(pivots)};\n"
            f"  case_atoms := {atoms};\n  left_steps := {left};\n  right_steps := {right};\n  ending := {ending} |}}"
        )

    def _form(self, data: Any) -> Linear:
        return {self.numbers[v]: c for v, c in form(data, len(self.numbers) - 1).items()}

    def _equalities(self) -> tuple[list[str], set[int]]:
        """Inequalities whose opposite is a combination of the others, one after another."""
        equal = {i for i, (_, op) in enumerate(self.constraints) if op == "=="}
        written = []
        for multipliers in self.node.get("implied", []):
            read_ones = [(index(i, len(self.constraints)), number(m)) for i, m in multipliers]
            for i, m in read_ones:
                if i not in equal:
                    others = [_constraint(j, c / m) for j, c in read_ones if j != i]
                    written.append(f"({i}%nat, {listed(others)})")
            equal |= {i for i, _ in read_ones}
        return written, equal

    def _pivots(self) -> list[str]:
        written = []
        for name, multipliers in self.node.get("pivots", {}).items():
            v = int(name[1:])
            parts = [(index(i, len(self.constraints)), number(m)) for i, m in multipliers]
            row = mix((m, self.constraints[i][0]) for i, m in parts)
            self.solved[v] = minus({v: ONE}, row)
            up, down = ([_constraint(i, sign * m) for i, m in parts] for sign in (-ONE, ONE))
            written.append(f"({v}%nat, ({form_text(self.solved[v])}, ({listed(up)}, {listed(down)})))")
        return written

    # Steps

    def _facts(self, by: Any) -> str:
        written = []
        for fact in by:
            m = rational_text(number(fact[-1]))
            if fact[0] == "atom":
                j = index(fact[2], len(self.node["atoms"][fact[1]]) + 1)
                written.append(f"Element {self._atom(fact[1])} {j} {m}")
            else:
                written.append(f"Constraint {self.place[fact[1]]} {m}")
        return listed(written)

    def _atom(self, k: Any) -> int:
        return key(self.sides.n + index(k, len(self.node["atoms"])))

    def _step(self, step: dict) -> str:
        if "take" in step:
            return f"Take {'true' if step['take'] == 'left' else 'false'} {self._facts(step['by'])}"
        expand = [f"{self._atom(k)}%positive" for k in step.get("expand", [])]
        base = form_text(self._form(step["base"]))
        return f"Atom {self._atom(step['atom'])} {rational_text(number(step['scale']))} {base} {listed(expand)}"

    def _network_steps(self) -> Iterator[str]:
        """One step for every hidden neuron: the certificate's, or that of a neuron that is constant."""
        steps = iter(self.node["left"])
        below: list[fmpq | None] = [None] * self.sides.n  # the values of those that are constant
        for layer in self.sides.net.layers[:-1]:
            above: list[fmpq | None] = []
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
                value = fmpq(bias)
                varies = False
                for j, weight in row:
                    constant_value = below[j]
                    if constant_value is not None:
                        value += weight * constant_value
                    else:
                        varies = varies or weight != 0
                yield self._step(next(steps)) if varies else _taken(value <= 0)
                above.append(None if varies else max(value, fmpq(0)))
            below = above

    def _steps(self, node: Node) -> Iterator[str]:
        """The steps of a formula in the order in which they are read; untaken branches are not."""
        formulas = self.sides.formulas
        if node.op == "If":
            condition, yes, no = node.args
            truth, steps = self._decided(condition)
            yield from steps
            yield from self._steps(yes if truth else no)
            choice = formulas.choices[node]
            self.decided[choice.variable] = self._linear(choice.branches[0 if truth else 1])
            return
        for argument in node.args:
            yield from self._steps(argument)
        for gate in formulas.maxima.get(node, ()):
            if isinstance(gate, bool):
                yield _taken(gate)
            else:
                rank = sum(isinstance(earlier, MaxGate) for earlier in formulas.graph.gates[:gate])
                yield self._step(self.node["right"][rank])

    def _linear(self, source: Form) -> Linear:
        linear = read(source)
        while any(v in self.decided for v in linear):
            linear = replace(linear, self.decided)
        return linear

    def _decided(self, condition: Node) -> tuple[bool, list[str]]:
        """Whether a condition holds in this cell, and the answers to the comparisons that say so."""
        if condition.op == "Not":
            truth, steps = self._decided(condition.args[0])
            return not truth, steps
        if condition.op in ("And", "Or"):
            truth, steps = self._decided(condition.args[0])
            if truth is (condition.op == "Or"):
                return truth, steps
            truth, more = self._decided(condition.args[1])
            return truth, steps + more
        a, b = condition.args
        steps = [*self._steps(a), *self._steps(b)]
        f, g = (self._linear(self.sides.formulas.forms[side]) for side in (a, b))
        pairs = {"Le": [(f, g)], "Lt": [(g, f)], "Eq": [(f, g), (g, f)]}[condition.op]
        truth = True
        for low, high in pairs:
            truth, step = self._compared(replace(minus(high, low), self.solved))
            steps.append(step)
            if not truth:
                break
        return (not truth if condition.op == "Lt" else truth), steps

    def _compared(self, difference: Linear) -> tuple[bool, str]:
        """Whether a form is not negative here, by one constraint."""
        if any(v >= self.sides.n for v in difference):
            raise refuse("a choice whose condition reads maxima")
        fixed = constant(difference)
        if fixed is not None:
            return fixed >= 0, "Yes []" if fixed >= 0 else "No []"
        for i, (known, op) in enumerate(self.charted):
            ratio = _ratio(difference, known)
            if ratio is not None and (ratio > 0 or op == "=="):
                return True, f"Yes [{_constraint(i, ratio)}]"
            if ratio is not None and op == ">":
                return False, f"No [{_constraint(i, -ratio)}]"
        raise refuse("a choice that no single constraint of its cell decides")

    def _ending(self) -> str:
        if "tree" in self.node:
            return f"(Regions {self._tree()})"
        return self._wires() if "comparators" in self.node else "Same"

    # The 0-1 principle

    def _wires(self) -> str:
        """The wires by number, and each difference as a sum of them: relu(A - B) is A less the minimum of A and B."""
        differences = self._differences()
        base = [form(item, self.sides.n) for item in self.node["wires"]] if "wires" in self.node else None
        base = [{v: ONE} for v in range(self.sides.n)] if base is None else base
        numbered = {linear_key(wire): i for i, wire in enumerate(base)}
        comparators: dict[int, tuple[int, int, int]] = {}
        for k, a, b in self.node["comparators"]:
            left, right = self._form(a), self._form(b)
            low = len(base) + 2 * len(comparators)
            v = self.sides.n + k
            comparators[v] = numbered[linear_key(left)], numbered[linear_key(right)], low
            numbered.setdefault(linear_key(minus(left, {v: ONE})), low)
            numbered.setdefault(linear_key(mix(((ONE, right), (ONE, {v: ONE})))), low + 1)
        gates = [f"({key(v)}%positive, ({a}%nat, {b}%nat))" for v, (a, b, _) in comparators.items()]
        rows = []
        for i, difference in enumerate(differences):
            weights = {j: difference.get(j, fmpq(0)) for j in range(len(base))}
            if "weights" in self.node:
                weights = dict(enumerate(map(number, self.node["weights"][i])))
            for v, c in difference.items():
                if v in comparators:
                    a, _, low = comparators[v]
                    weights[a] = weights.get(a, fmpq(0)) + c
                    weights[low] = weights.get(low, fmpq(0)) - c
            rows.append(listed(f"entry {j} {rational_text(c)}" for j, c in weights.items() if c != 0))
        return f"(Wires {listed(map(form_text, base))}\n    {listed(gates)}\n    {listed(rows)})"

    def _differences(self) -> list[Linear]:
        """What is left of network minus formula over the atoms."""
        if self.solved or self.decided:
            raise refuse("the 0-1 principle in a part of the domain")
        atoms, forms = self.node["atoms"], [f for f, _ in self.constraints]
        derivation = Derivation.read(atoms, self.sides.n, forms)
        sides = []
        for name, graph in (("left", graph_of_weights(self.sides.net)), ("right", self.sides.formulas.graph)):
            gates = [(read(gate.left), read(gate.right)) for gate in graph.gates if isinstance(gate, MaxGate)]
            sides.append(derivation.lower(gates, list(map(read, graph.outputs)), self.node[name]))
        return [minus(a, b) for a, b in zip(*sides, strict=True)]

    # Trees

    def _tree(self) -> str:
        return self._region(deque(self.node["tree"]), self.place, len(self.constraints), {})

    def _region(self, tokens: deque, place: dict[int, int], count: int, values: dict[int, Linear]) -> str:
        """One node of a tree: ``place`` says which constraint of Rocq's each of the certificate's is."""
        token = tokens.popleft()
        if isinstance(token, dict):
            signs = [
                f"({self._atom(k)}%positive, ({'true' if sign == '+' else 'false'}, {_multipliers(by, place)}))"
                for k, sign, by in token["shallow"]
            ]
            return f"(Leaf {listed(signs)})"
        k, v = self._atom(token), self.sides.n + token
        ground = replace(self.atoms[token][0], values)
        fixed = constant(ground)
        if fixed is not None:
            on = fixed > 0
            below = self._region(tokens, place, count + 1, {**values, v: ground if on else {}})
            return f"({'Above' if on else 'Below'} {k} [] {below})"
        grown = {**place, len(place): count}
        parts: list[str | None] = []
        thin = ""
        for value in (ground, {}):
            if isinstance(tokens[0], dict) and "thin" in tokens[0]:
                thin = _multipliers(tokens.popleft()["thin"], place)
                parts.append(None)
            else:
                parts.append(self._region(tokens, grown, count + 1, {**values, v: value}))
        above, below = parts
        if above is not None and below is not None:
            return f"(Cut {k} {above}\n{below})"
        return f"(Above {k} {thin} {above})" if below is None else f"(Below {k} {thin} {below})"


def _taken(left: bool) -> str:
    return f"Take {'true' if left else 'false'} []"


def _multipliers(data: Any, place: dict[int, int]) -> str:
    return listed(_constraint(place[i], number(m)) for i, m in data)


def _ratio(form: Linear, known: Linear) -> fmpq | None:
    """The number that a form is a multiple by, or None."""
    if form.keys() != known.keys():
        return None
    v = next(iter(form))
    ratio = form[v] / known[v]
    return ratio if all(c == ratio * known[u] for u, c in form.items()) else None
