"""Checks a derivation: the normal form of every gate, step by step.

Every max-gate of a graph, in order, has one step.  ``take`` says which argument is the maximum and
proves that the difference is non-negative; ``atom`` says that the maximum is an affine form plus a
positive multiple of an atom ``max(0, elements)``, after expanding the listed atoms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from relucirc.checker.data import fields, form, index, number, require, sequence, word
from relucirc.checker.linear import ONE, Linear, constant, key, minus, mix, replace_all

MOST_ELEMENTS = 1 << 16
"""Most elements that a maximum may have while atoms inside of it are expanded."""
Gates = Sequence[tuple[Linear, Linear]]


@dataclass
class Derivation:
    """Atoms of a certificate, and the constraints that hold where it is used.

    Attributes:
        n: Number of inputs; atom k is variable ``n + k``.
        atoms: The non-zero elements of every atom.
        constraints: Forms over the inputs that are ``>= 0``.
    """

    n: int
    atoms: list[list[Linear]]
    constraints: list[Linear]
    used: set[int] = field(default_factory=set)

    @staticmethod
    def read(data: Any, n: int, constraints: list[Linear]) -> "Derivation":
        """Reads the atoms; each may use inputs and earlier atoms."""
        atoms = []
        for k, elements in enumerate(sequence(data, "atoms")):
            read = [form(element, n + k) for element in sequence(elements, "an atom")]
            require(bool(read), f"atom {k} has no elements")
            atoms.append(read)
        return Derivation(n, atoms, constraints)

    def lower(self, gates: Gates, outputs: Sequence[Linear], steps: Any) -> list[Linear]:
        """Replays the steps of one graph and returns its outputs over atoms."""
        steps = sequence(steps, "steps")
        require(len(steps) == len(gates), f"{len(steps)} steps for {len(gates)} gates")
        values: dict[int, Linear] = {}
        for start, end in _layers(gates, self.n):
            sides = replace_all([side for gate in gates[start:end] for side in gate], values)
            for k in range(start, end):
                left, right = sides[2 * (k - start) : 2 * (k - start) + 2]
                values[self.n + k] = self._gate(left, right, steps[k], f"gate {k}")
        return replace_all(outputs, values)

    def _gate(self, left: Linear, right: Linear, step: Any, where: str) -> Linear:
        if type(step) is dict and "take" in step:
            fields(step, {"take", "by"}, set(), where)
            taken = word(step["take"], ("left", "right"), f"what {where} takes")
            larger, smaller = (left, right) if taken == "left" else (right, left)
            self._nonnegative(minus(larger, smaller), step["by"], where)
            return larger
        fields(step, {"atom", "scale", "base"}, {"expand"}, where)
        k = index(step["atom"], len(self.atoms))
        scale, base = number(step["scale"]), form(step["base"], self.n + len(self.atoms))
        require(scale > 0, f"{where}: the scale is not positive")
        outside, elements = self._expanded(left, right, step.get("expand", []), where)
        scaled = [base, *[mix(((ONE, base), (scale, element))) for element in self.atoms[k]]]
        require(_same(scaled, elements), f"{where} is not this multiple of atom {k}")
        self.used.add(k)
        return mix(((ONE, base), (scale, {self.n + k: ONE}), (ONE, outside)))

    def _expanded(self, left: Linear, right: Linear, expand: Any, where: str) -> tuple[Linear, list[Linear]]:
        """``max(left, right) = outside + max(elements)`` after expanding atoms as listed."""
        outside: Linear = {}
        elements = [left, right]
        for item in sequence(expand, f"{where}: expand"):
            k = index(item, len(self.atoms))
            v = self.n + k
            least = min(element.get(v, fmpq(0)) for element in elements)
            outside = mix(((ONE, outside), (ONE, {v: least})))
            grown: dict[Any, Linear] = {}
            for element in elements:
                surplus = element.get(v, fmpq(0)) - least
                rest = {u: c for u, c in element.items() if u != v}
                options = ({}, *self.atoms[k]) if surplus != 0 else ({},)
                for option in options:
                    expanded = mix(((ONE, rest), (surplus, option)))
                    grown[key(expanded)] = expanded
                require(len(grown) <= MOST_ELEMENTS, f"{where} expands to more than {MOST_ELEMENTS} elements")
            elements = list(grown.values())
        return outside, elements

    def _nonnegative(self, target: Linear, proof: Any, where: str) -> None:
        """Checks ``target = sum m * known + constant`` with m > 0, known >= 0, constant >= 0."""
        parts: list[tuple[fmpq, Linear]] = [(ONE, target)]
        for term in sequence(proof, f"{where}: by"):
            require(len(sequence(term, where)) in (3, 4), f"{where}: a term of the proof is malformed")
            multiplier = number(term[-1])
            require(multiplier > 0, f"{where}: a multiplier is not positive")
            if term[0] == "atom" and len(term) == 4:
                k = index(term[1], len(self.atoms))
                j = index(term[2], len(self.atoms[k]) + 1)
                known = minus({self.n + k: ONE}, ({}, *self.atoms[k])[j])
                self.used.add(k)
            else:
                require(term[0] == "constraint" and len(term) == 3, f"{where}: a term of the proof has no kind")
                known = self.constraints[index(term[1], len(self.constraints))]
            parts.append((-multiplier, known))
        rest = constant(mix(parts))
        require(rest is not None and rest >= 0, f"{where}: the combination does not show which side is larger")

    def close(self) -> None:
        """Rejects atoms that no step uses: a certificate holds nothing without a meaning."""
        require(len(self.used) == len(self.atoms), "an atom is not used")


def _layers(gates: Gates, n: int) -> Iterator[tuple[int, int]]:
    """Where groups of gates start and end, none of which reads another of its group."""
    start = 0
    for k, gate in enumerate(gates):
        if any(v >= n + start for side in gate for v in side):
            yield start, k
            start = k
    yield start, len(gates)


def _same(some: list[Linear], others: list[Linear]) -> bool:
    """Whether two lists hold the same forms, in any order."""
    if max(len(some), len(others)) > 4:
        return {key(form) for form in some} == {key(form) for form in others}
    return all(form in others for form in some) and all(form in some for form in others)
