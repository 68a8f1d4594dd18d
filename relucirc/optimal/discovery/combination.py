"""Combinations of atoms: what a search finds, and the network and formula that they are."""

from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.exact import text, to_rational
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.language.network import MLP
from relucirc.optimal.discovery.dictionary import Dictionary
from relucirc.optimal.layers import layered_network, plan_of

Word = tuple[tuple[int, int], ...]
"""Pairs of points: the sum of their maxima."""


@dataclass(frozen=True)
class Combination:
    """``sum weight * max(A, B) + sum weight * letter``.

    Attributes:
        atoms: Weight, A and B of every atom.
        letters: Weight of every letter.
        names: Names of the inputs; a point beyond them is the number 0.
    """

    atoms: tuple[tuple[fmpq, Word, Word], ...]
    letters: tuple[tuple[fmpq, tuple[int, int]], ...]
    names: tuple[str, ...]

    @staticmethod
    def of(
        dictionary: Dictionary, halves: dict[int, fmpq], letters: dict[int, fmpq], names: tuple[str, ...]
    ) -> "Combination":
        """Writes ``sum weight * |A - B| / 2 + sum weight * letter`` over a dictionary as maxima."""

        def word(number: int) -> Word:
            return tuple(dictionary.letters[k] for k in dictionary.words[number])

        rest = dict(letters)
        for i, w in halves.items():
            for number in dictionary.atoms[i]:
                for k in dictionary.words[number]:
                    rest[k] = rest.get(k, fmpq(0)) - w / 2
        pairs = dictionary.atoms
        return Combination(
            tuple((w, word(pairs[i][0]), word(pairs[i][1])) for i, w in sorted(halves.items())),
            tuple((w, dictionary.letters[k]) for k, w in sorted(rest.items()) if w),
            names,
        )

    def network(self, budget: Budget) -> MLP:
        """Returns a network with two hidden layers."""
        plan = plan_of(graph_of_formula(self.formula(), self.names))
        return layered_network(plan, self.names, max(plan.depth, 2), budget)

    def formula(self) -> sympy.Expr:
        """Returns it as a SymPy expression: maxima of two sums of pairwise maxima."""
        symbols = [sympy.Symbol(name) for name in self.names] + [sympy.Integer(0)]

        def letter(pair: tuple[int, int]) -> sympy.Expr:
            i, j = pair
            return symbols[i] if i == j else sympy.Max(symbols[i], symbols[j], evaluate=False)

        def word(pairs: Word) -> sympy.Expr:
            return sympy.Add(*map(letter, pairs))

        parts = []
        for w, a, b in self.atoms:
            parts.append(sympy.Mul(to_rational(w), sympy.Max(word(a), word(b), evaluate=False), evaluate=False))
        parts += [to_rational(w) * letter(pair) for w, pair in self.letters]
        return sympy.Add(*parts, evaluate=False)

    def to_json(self) -> dict[str, Any]:
        """Returns it as plain JSON data."""
        return {
            "inputs": list(self.names),
            "atoms": [[text(w), [list(p) for p in a], [list(p) for p in b]] for w, a, b in self.atoms],
            "letters": [[text(w), list(pair)] for w, pair in self.letters],
        }
