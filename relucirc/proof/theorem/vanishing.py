"""Evidence that differences vanish: steps, lemmas, trees of regions; in the words of ``Steps.v`` and ``Trees.v``."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.data import index, number, require, variable
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix, replace
from relucirc.proof.theorem.bounding import Names, tree_text
from relucirc.proof.theorem.covered import refuse
from relucirc.proof.theorem.gallina import constraint_text, form_text, key, listed, rational_text
from relucirc.proof.theorem.numbered import Numbered
from relucirc.proof.theorem.symmetry import chains_of, symmetric_text
from relucirc.proof.theorem.wires import wires_text

Gates = list[tuple[Linear, Linear]]
"""The arguments of maxima, one after another."""


class Proof(Numbered):
    """The evidence that some differences vanish.

    Attributes:
        relations: What is known of the free variables, each with its number in Rocq, in the certificate's order.
        count: How many constraints there are in Rocq.
    """

    def __init__(
        self,
        node: dict,
        free: list[int],
        first: int,
        relations: list[tuple[int, Linear]],
        count: int,
    ) -> None:
        if "sweep" in node:
            raise refuse("a sweep of a line in a lemma")
        super().__init__(node, free, first)
        self.relations, self.count = relations, count
        self._opened: tuple[Gates, Linear] = ([], {})
        self._place = {i: known for i, (known, _) in enumerate(relations)}
        self._solved: dict[int, Linear] = {}

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
                written.append(f"Constraint {self._place[index(fact[1], len(self._place))]} {m}")
        return listed(written)

    def _atom(self, k: Any) -> int:
        return key(self.first + index(k, len(self.atoms)))

    def _step(self, step: dict) -> str:
        if "take" in step:
            return f"Take {'true' if step['take'] == 'left' else 'false'} {self._facts(step['by'])}"
        expand = [f"{self._atom(k)}%positive" for k in step.get("expand", [])]
        base = form_text(self.form(step["base"]))
        return f"Atom {self._atom(step['atom'])} {rational_text(number(step['scale']))} {base} {listed(expand)}"

    # Endings

    def _ending(self) -> str:
        lemmas = [self._lemma(lemma) for lemma in self.node.get("lemmas", [])]
        raw, self.atoms = self.atoms, [[self._reduced(element) for element in atom] for atom in self.atoms]
        if self._has_bounds():
            return self._bounded()
        if "symmetry" in self.node:
            self._suppose_order()
        if "tree" in self.node:
            text = f"(Regions {self._region(deque(self.node['tree']), self._place, self.count, {})})"
        else:
            text = self._wires() if "comparators" in self.node else "Same"
        self.atoms = raw
        for lemma in reversed(lemmas):
            text = f"(Solve {lemma}\n{text})"
        return self._symmetric(text) if "symmetry" in self.node else text

    def _has_bounds(self) -> bool:
        return "bounding" in self.node

    def _suppose_order(self) -> None:
        """The links of chains are the only constraints of a cell with symmetry; Rocq has them after its own."""
        links = len(self.node["symmetry"])
        self._place = {i: self.count + i for i in range(links)}
        self.count += links

    def _symmetric(self, rest: str) -> str:
        return symmetric_text(self, chains_of(self), self._differences(), rest)

    def _wires(self) -> str:
        differences = self._differences()
        return wires_text(self, differences, self._rows(len(differences)))

    def _rows(self, count: int) -> list[tuple[int, fmpq]]:
        """What has to be zero in Rocq, as multiples of the differences by number."""
        return [(i, ONE) for i in range(count)]

    def _sides(self) -> list[tuple[str, Gates, list[Linear]]]:
        """What the steps of each name are about: gates and outputs, the free variables being numbered from 0 on."""
        gates, zero = self._opened
        return [("left", gates, [zero])]

    def _differences(self) -> list[Linear]:
        """What the certificate's steps leave of left minus right, over the free variables and the atoms."""
        numbers = {UNIT: UNIT, **{v: i for i, v in enumerate(self.free)}}
        known = [{numbers[v]: c for v, c in shown.items()} for _, shown in self.relations]
        derivation = Derivation.read(self.node["atoms"], len(self.free), known)
        left, *right = [derivation.lower(gates, outputs, self.node[name]) for name, gates, outputs in self._sides()]
        differences = [minus(a, b) for a, b in zip(left, right[0], strict=True)] if right else left
        return [self._reduced({self._numbers[v]: c for v, c in d.items()}) for d in differences]

    def _names(self) -> Names:
        constraints = [known for known, _ in self.relations]
        return Names(constraints, self.count, self._hinge, self.form, {(0, True): (0, ONE)})

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
        zero = self.form(lemma["zero"])
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
        supposed = self._supposed(free, elements) if "known" in lemma else []
        first = self.first + len(self.atoms)
        relations = [(i, known) for i, (_, known) in enumerate(supposed)]
        inner = Proof(proof, free, first, relations, len(supposed))
        inner._opened = self._graph(zero, sorted(opened), free, elements)
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

    def _graph(self, zero: Linear, opened: list[int], free: list[int], elements: list[list[Linear]]) -> tuple:
        """A lemma's form over gates, those of the atoms that it opens: of 0 and the elements two by two become one."""
        numbers = {UNIT: UNIT, **{v: i for i, v in enumerate(free)}}
        gates: Gates = []
        for v in opened:
            values = [{}, *({numbers[u]: c for u, c in e.items()} for e in elements[v - self.first])]
            while len(values) > 1:
                gates.append((values[0], values[1]))
                values = [*values[2:], {len(free) + len(gates) - 1: ONE}]
            numbers[v] = len(free) + len(gates) - 1
        return gates, {numbers[v]: c for v, c in zero.items()}

    def _supposed(self, free: list[int], elements: list[list[Linear]]) -> list[tuple[str, Linear]]:
        """What a lemma may suppose: constraints of its free variables, and that atoms are at least their elements."""
        found = [(constraint_text(i, ONE), known) for i, known in self.relations if _reads(known, free)]
        for v in free:
            if v >= self.first:
                found.append((f"Element {key(v)} 0 1", {v: ONE}))
                for j, element in enumerate(elements[v - self.first], 1):
                    if _reads(element, free):
                        found.append((f"Element {key(v)} {j} 1", minus({v: ONE}, element)))
        return found

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
        require(v not in values, f"atom {token} is cut twice")
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


def _multipliers(data: Any, place: dict[int, int]) -> str:
    return listed(constraint_text(place[index(i, len(place))], number(m)) for i, m in data)


def _reads(linear: Linear, free: Sequence[int]) -> bool:
    """Whether a form reads these variables only."""
    return all(v == UNIT or v in free for v in linear)
