"""Certificates as Rocq's data: the same rules in the words of ``Cells.v``, ``Steps.v``, ``Trees.v`` and ``Bounding.v``.

Three things are spelled out that the Python checker finds by itself: which side of a constant maximum is the larger,
which branch of a choice holds and by which constraint, and multipliers for each inequality that is an equation.
Inputs and atoms keep their numbers in every cell; what a certificate numbers anew is numbered back.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq

from relucirc.checker.data import form, index, number, require, sequence, variable
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix, replace
from relucirc.checker.linear import key as linear_key
from relucirc.checker.reading import graph_of_weights
from relucirc.checker.scaled import Scaled
from relucirc.checker.sides import Constraint, constraint, read
from relucirc.core.errors import RelucircError
from relucirc.core.forms import Form
from relucirc.core.graph import MaxGate
from relucirc.language.claim import Claim
from relucirc.language.network import MLP
from relucirc.proof.theorem.bounding import Answer, Names, answering, cases, tree_text
from relucirc.proof.theorem.boxes import PLACES, Hinges, Side, Tree, sides_of
from relucirc.proof.theorem.formulas import Formulas, Node
from relucirc.proof.theorem.gallina import form_text, key, listed, rational_text

UNCOVERED = {
    "sweep": "sweeps of a line",
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
        formulas: The formula, or the condition.
        claim: What the certificate is of.
    """

    net: MLP
    formulas: Formulas
    claim: Claim

    @property
    def n(self) -> int:
        """The number of inputs."""
        return len(self.net.inputs)

    @property
    def steps(self) -> str:
        """Where a certificate has the formula's steps: with the network's, where a condition compares outputs."""
        return "left" if self.claim.kind == "relation" else "right"

    @cached_property
    def answers(self) -> list[Answer]:
        """What shows each of the violations that Rocq writes out; none of an equality."""
        claim = self.claim
        if claim.kind == "within":
            count = len(self.formulas.nodes)
            parts = {(0, True): (0, ONE)}
            return [Answer(i, parts) for k in range(count) for i in (k, count + k)]
        if claim.violations is None:
            return []
        (condition,) = self.formulas.nodes
        broken = cases(self.formulas, condition, truth=False)
        return [answering(violation, claim.violations, claim.left.outputs) for violation in broken]


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
        require(at.q == 1, "an integer split is not between integers")
        below = cells_text(proof["below"], sides, [*known, constraint(whole, ">=", -ONE, at)])
        above = cells_text(proof["above"], sides, [*known, constraint(whole, ">=", ONE, -at - 1)])
        return f"Between {form_text(whole)} {rational_text(at)}\n({below})\n({above})"
    if "gate" in proof:
        raise refuse("a choice whose condition reads maxima")
    return (_Boxes if "boxes" in proof else _Case)(proof, sides, known).text()


def _constraint(i: int, m: fmpq) -> str:
    return f"Constraint {i} {rational_text(m)}"


class _Proof:
    """The evidence that some differences vanish, and the numbers that things have in the certificate and in Rocq.

    Attributes:
        node: The evidence.
        free: The variables that the certificate numbers from 0 on, as they are numbered in Rocq.
        first: The variable of the first atom in Rocq; the others follow.
        relations: What is known of the free variables, each with its number in Rocq, in the certificate's order.
        count: How many constraints there are in Rocq.
        atoms: The elements of the atoms, in Rocq's variables.
    """

    def __init__(
        self, node: dict, free: list[int], first: int, relations: list[tuple[int, Linear]], count: int
    ) -> None:
        for kind, words in UNCOVERED.items():
            if kind in node:
                raise refuse(words)
        self.node, self.free, self.first, self.relations, self.count = node, free, first, relations, count
        self._numbers = {UNIT: UNIT, **dict(enumerate(free))}
        self._numbers |= {len(free) + k: first + k for k in range(len(node["atoms"]))}
        self._place = {i: known for i, (known, _) in enumerate(relations)}
        self.atoms = [[self._form(element) for element in sequence(atom, "an atom")] for atom in node["atoms"]]
        self._solved: dict[int, Linear] = {}

    def _form(self, data: Any) -> Linear:
        return {self._numbers[v]: c for v, c in form(data, len(self._numbers) - 1).items()}

    def _atoms_text(self) -> str:
        return listed(listed(map(form_text, atom)) for atom in self.atoms)

    # Steps

    def _facts(self, by: Any) -> str:
        written = []
        for fact in by:
            m = rational_text(number(fact[-1]))
            if fact[0] == "atom":
                j = index(fact[2], len(self.node["atoms"][fact[1]]) + 1)
                written.append(f"Element {self._atom(fact[1])} {j} {m}")
            else:
                written.append(f"Constraint {self._place[fact[1]]} {m}")
        return listed(written)

    def _atom(self, k: Any) -> int:
        return key(self.first + index(k, len(self.atoms)))

    def _step(self, step: dict) -> str:
        if "take" in step:
            return f"Take {'true' if step['take'] == 'left' else 'false'} {self._facts(step['by'])}"
        expand = [f"{self._atom(k)}%positive" for k in step.get("expand", [])]
        base = form_text(self._form(step["base"]))
        return f"Atom {self._atom(step['atom'])} {rational_text(number(step['scale']))} {base} {listed(expand)}"

    # Endings

    def _ending(self) -> str:
        lemmas = [self._lemma(lemma) for lemma in self.node.get("lemmas", [])]
        raw, self.atoms = self.atoms, [[self._reduced(element) for element in atom] for atom in self.atoms]
        if "bounding" in self.node:
            return self._bounded()
        if "tree" in self.node:
            text = f"(Regions {self._region(deque(self.node['tree']), self._place, self.count, {})})"
        else:
            text = self._wires() if "comparators" in self.node else "Same"
        self.atoms = raw
        for lemma in reversed(lemmas):
            text = f"(Solve {lemma}\n{text})"
        return text

    def _names(self) -> Names:
        constraints = [known for known, _ in self.relations]
        return Names(constraints, self.count, self._hinge, self._form, {(0, True): (0, ONE)})

    def _hinge(self, k: int) -> str:
        return str(self._atom(k))

    def _bounded(self) -> str:
        """One tree for each sign that a difference must not have."""
        names = self._names()
        return f"(Bounded {listed(tree_text(tree, names) for tree in self.node['bounding'])})"

    def _reduced(self, linear: Linear) -> Linear:
        while any(v in self._solved for v in linear):
            linear = replace(linear, self._solved)
        return linear

    def _lemma(self, lemma: dict) -> str:
        """A lemma and its proof; the atoms that it opens are those between its form and its free variables."""
        proof = lemma["proof"]
        if {"implied", "pivots"} & proof.keys() or proof["right"]:
            raise refuse("a lemma in a cell of fewer coordinates")
        zero = self._form(lemma["zero"])
        bound = len(self._numbers) - 1
        free = [self._numbers[variable(name, bound)] for name in lemma["free"]]
        elements = self.atoms if "raw" in lemma else [list(map(self._reduced, atom)) for atom in self.atoms]
        opened: set[int] = set()
        stack = [zero]
        while stack:
            for v in stack.pop():
                if v != UNIT and v not in free and v not in opened:
                    opened.add(v)
                    stack.extend(elements[v - self.first])
        supposed = self._supposed(free) if "known" in lemma else []
        first = self.first + len(self.atoms)
        inner = _Proof(proof, free, first, [(i, known) for i, (_, known) in enumerate(supposed)], len(supposed))
        steps = map(inner._step, proof["left"])
        chains = [(v, [next(steps) for _ in elements[v - self.first]]) for v in sorted(opened)]
        reduced = self._reduced(zero)
        pivot = max(reduced)
        self._solved[pivot] = mix([(-ONE / reduced[pivot], {v: c for v, c in reduced.items() if v != pivot})])
        written = listed(f"({key(v)}%positive, {listed(chain)})" for v, chain in chains)
        return (
            f"{{| vanishing := {form_text(zero)}; pivot := {key(pivot)}%positive; "
            f"raw := {'true' if 'raw' in lemma else 'false'};\n  supposed := {listed(fact for fact, _ in supposed)};\n"
            f"  lemma_atoms := {inner._atoms_text()};\n  opened := {written} |}}\n{inner._ending()}"
        )

    def _supposed(self, free: list[int]) -> list[tuple[str, Linear]]:
        """What a lemma may suppose: constraints of its free variables, and that atoms are at least their elements."""
        found = [(_constraint(i, ONE), known) for i, known in self.relations if _reads(known, free)]
        for v in free:
            if v >= self.first:
                elements = self.atoms[v - self.first]
                found.append((f"Element {key(v)} 0 1", {v: ONE}))
                for j, element in enumerate(elements, 1):
                    if _reads(element, free):
                        found.append((f"Element {key(v)} {j} 1", minus({v: ONE}, element)))
        return found

    def _wires(self) -> str:
        raise refuse("the 0-1 principle in a lemma")

    def _region(self, tokens: deque, place: dict[int, int], count: int, values: dict[int, Linear]) -> str:
        """One node of a tree: ``place`` says which constraint of Rocq's each of the certificate's is."""
        token = tokens.popleft()
        if isinstance(token, dict):
            signs = [
                f"({self._atom(k)}%positive, ({'true' if sign == '+' else 'false'}, {_multipliers(by, place)}))"
                for k, sign, by in token["shallow"]
            ]
            return f"(Leaf {listed(signs)})"
        k, v = self._atom(token), self.first + token
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


class _Case(_Proof):
    """One cell: coordinates, then both sides over the atoms, then how it ends."""

    def __init__(self, node: dict, sides: Sides, constraints: list[Constraint]) -> None:
        self.sides, self.constraints = sides, constraints
        self._pivots: dict[int, Linear] = {}
        self._chosen: dict[int, Linear] = {}
        self._equalities, equal = self._equated(node)
        self._solutions = self._coordinates(node)
        free = [v for v in range(sides.n) if v not in self._pivots]
        self._charted = [(replace(f, self._pivots), op) for f, op in constraints]
        shown = [(i, f) for i, (f, _) in enumerate(self._charted) if i not in equal and constant(f) is None]
        super().__init__(node, free, sides.n, shown, len(constraints))

    def text(self) -> str:
        """Writes it as a term of type ``cells``."""
        left = listed(self._network_steps())
        right = listed(step for root in self.sides.formulas.nodes for step in self._said(root))
        return (
            f"Case {{| equalities := {listed(self._equalities)}; pivots := {listed(self._solutions)};\n"
            f"  case_atoms := {self._atoms_text()};\n  left_steps := {left};\n  right_steps := {right};\n"
            f"  ending := {self._ending()} |}}"
        )

    def _equated(self, node: dict) -> tuple[list[str], set[int]]:
        """Inequalities whose opposite is a combination of the others, one after another."""
        equal = {i for i, (_, op) in enumerate(self.constraints) if op == "=="}
        written = []
        for multipliers in node.get("implied", []):
            read_ones = [(index(i, len(self.constraints)), number(m)) for i, m in multipliers]
            for i, m in read_ones:
                if i not in equal:
                    others = [_constraint(j, c / m) for j, c in read_ones if j != i]
                    written.append(f"({i}%nat, {listed(others)})")
            equal |= {i for i, _ in read_ones}
        return written, equal

    def _coordinates(self, node: dict) -> list[str]:
        written = []
        for name, multipliers in node.get("pivots", {}).items():
            v = variable(name, self.sides.n)
            parts = [(index(i, len(self.constraints)), number(m)) for i, m in multipliers]
            row = mix((m, self.constraints[i][0]) for i, m in parts)
            self._pivots[v] = minus({v: ONE}, row)
            up, down = ([_constraint(i, sign * m) for i, m in parts] for sign in (-ONE, ONE))
            written.append(f"({v}%nat, ({form_text(self._pivots[v])}, ({listed(up)}, {listed(down)})))")
        return written

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

    def _bounded(self) -> str:
        answers, names = self.sides.answers, self._names()
        if not answers:
            return super()._bounded()
        return f"(Bounded {listed(answer.text(self.node['bounding'], names) for answer in answers)})"

    def _said(self, node: Node) -> Iterator[str]:
        """The steps of a formula or of a condition; conditions have theirs in the order of their comparisons."""
        if node.op in ("Le", "Lt", "Eq", "Not", "And", "Or"):
            for part in node.args:
                yield from self._said(part)
        else:
            yield from self._steps(node)

    def _steps(self, node: Node) -> Iterator[str]:
        """The steps of a formula in the order in which they are read; untaken branches are not."""
        formulas = self.sides.formulas
        if node.op == "If":
            condition, yes, no = node.args
            truth, steps = self._decided(condition)
            yield from steps
            yield from self._steps(yes if truth else no)
            choice = formulas.choices[node]
            self._chosen[choice.variable] = self._linear(choice.branches[0 if truth else 1])
            return
        for argument in node.args:
            yield from self._steps(argument)
        for gate in formulas.maxima.get(node, ()):
            if isinstance(gate, bool):
                yield _taken(gate)
            else:
                yield self._maximum(gate)

    def _maximum(self, gate: int) -> str:
        """The step of one of the formula's gates."""
        rank = sum(isinstance(earlier, MaxGate) for earlier in self.sides.formulas.graph.gates[:gate])
        return self._step(self.node[self.sides.steps][rank])

    def _linear(self, source: Form) -> Linear:
        linear = read(source)
        while any(v in self._chosen for v in linear):
            linear = replace(linear, self._chosen)
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
            truth, step = self._compared(replace(minus(high, low), self._pivots))
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
        for i, (known, op) in enumerate(self._charted):
            ratio = _ratio(difference, known)
            if ratio is not None and (ratio > 0 or op == "=="):
                return True, f"Yes [{_constraint(i, ratio)}]"
            if ratio is not None and op == ">":
                return False, f"No [{_constraint(i, -ratio)}]"
        raise refuse("a choice that no single constraint of its cell decides")

    def _wires(self) -> str:
        """The wires by number, and each difference as a sum of them: relu(A - B) is A less the minimum of A and B."""
        differences = self._differences()
        base = [form(item, self.sides.n) for item in self.node["wires"]] if "wires" in self.node else None
        base = [{v: ONE} for v in range(self.sides.n)] if base is None else base
        numbered = {linear_key(wire): i for i, wire in enumerate(base)}
        comparators: dict[int, tuple[int, int, int]] = {}
        for named, a, b in self.node["comparators"]:
            k = index(named, len(self.atoms))
            left, right = self._form(a), self._form(b)
            low = len(base) + 2 * len(comparators)
            v = self.first + k
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
        if self._pivots or self._chosen:
            raise refuse("the 0-1 principle in a part of the domain")
        atoms, forms = self.node["atoms"], [f for f, _ in self.constraints]
        derivation = Derivation.read(atoms, self.sides.n, forms)
        sides = []
        for name, graph in (("left", graph_of_weights(self.sides.net)), ("right", self.sides.formulas.graph)):
            gates = [(read(gate.left), read(gate.right)) for gate in graph.gates if isinstance(gate, MaxGate)]
            sides.append(derivation.lower(gates, list(map(read, graph.outputs)), self.node[name]))
        return [self._reduced(minus(a, b)) for a, b in zip(*sides, strict=True)]


class _Boxes(_Case):
    """One cell that is bounded on boxes: every maximum has a hinge of its own, whatever the certificate's atoms are."""

    def __init__(self, node: dict, sides: Sides, constraints: list[Constraint]) -> None:
        if "pairs" in node["boxes"]:
            raise refuse("bounds on boxes of pairs of hinges")
        super().__init__(node, sides, constraints)
        self._hinges = Hinges(self.first)
        self._values = dict(self._pivots)
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
            return (left if fixed >= 0 else right), _taken(fixed >= 0), None
        value, v = self._hinges.maximum(left, right)
        return value, f"Atom {key(v)} 1 {form_text(left)} []", v

    def _network(self) -> tuple[list[str], list[int | None]]:
        """The steps of the network, and the hinges of the neurons that are gates of the graph."""
        steps, found = [], []
        below = [(self._pivots.get(v, {v: ONE}), True) for v in range(self.sides.n)]
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

    def _network_steps(self) -> Iterator[str]:
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
                turned = bool(self._form(step["base"]))
                found.setdefault(order[k], []).append((v, turned != flips[k]))
        return found


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


def _reads(linear: Linear, free: Sequence[int]) -> bool:
    """Whether a form reads these variables only."""
    return all(v == UNIT or v in free for v in linear)
