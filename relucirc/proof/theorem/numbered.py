"""What the variables of a certificate are in Rocq, where inputs and atoms keep their numbers in every cell."""

from typing import Any

from relucirc.checker.data import form, sequence
from relucirc.checker.linear import UNIT, Linear


class Numbered:
    """A part of a certificate, and the numbers that things have in it and in Rocq.

    Attributes:
        node: The evidence.
        free: The variables that the certificate numbers from 0 on, as they are numbered in Rocq.
        first: The variable of the first atom in Rocq; the others follow.
        atoms: The elements of the atoms, in Rocq's variables.
    """

    def __init__(self, node: dict, free: list[int], first: int) -> None:
        self.node, self.free, self.first = node, free, first
        self._numbers = {UNIT: UNIT, **dict(enumerate(free))}
        self._numbers |= {len(free) + k: first + k for k in range(len(node["atoms"]))}
        self.atoms = [[self.form(element) for element in sequence(atom, "an atom")] for atom in node["atoms"]]

    def form(self, data: Any) -> Linear:
        """Reads a form in Rocq's variables."""
        return {self._numbers[v]: c for v, c in form(data, len(self._numbers) - 1).items()}
