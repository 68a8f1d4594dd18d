"""Families of networks as Rocq's data, in the words of ``Families.v``: weights that hold symbols, and what they scale.

Every hidden neuron of a member is that of one rational network times a factor.  The factors are found here, from the
first weight of each row that is not zero; that they are positive, and that all symbols cancel, is for Rocq to see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.exact import rational, to_rational
from relucirc.language.network import MLP
from relucirc.proof.theorem.formulas import Node
from relucirc.proof.theorem.gallina import Words, listed, rational_text

WORDS = {
    "Var": "Symbol",
    "Int": "Const",
    "Rat": "Ratio",
    "Add": "Sum",
    "Sub": "Difference",
    "Mul": "Product",
    "Div": "Quotient",
    "Opp": "Opposite",
}
"""What the nodes of a weight are called in Rocq."""
Rows = list[tuple[list[Node], Node]]
"""The weights and the bias of every neuron of a layer."""


@dataclass(frozen=True)
class Family:
    """A family of networks.

    Attributes:
        net: The network with symbolic weights.
        network: The rational one that every member computes.
    """

    net: MLP
    network: MLP

    @cached_property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """The symbols, in the order of their numbers."""
        return self.net.symbols

    @property
    def signs(self) -> str:
        """Which symbols are positive; the others are negative."""
        return listed("true" if symbol.is_positive else "false" for symbol in self.symbols)

    @cached_property
    def layers(self) -> list[Rows]:
        """The weights as trees."""
        return [
            [([self._node(w) for w in row], self._node(b)) for row, b in zip(rows, biases, strict=True)]
            for rows, biases in self._entries(self.net)
        ]

    def data(self) -> str:
        """Writes the definitions of the weights and of the factors."""
        layers = [
            f"  ({listed((listed(map(_data, row)) for row, _ in rows), 4)},\n    {listed(_data(b) for _, b in rows)})"
            for rows in self.layers
        ]
        scales = [f"  {listed(map(_data, factors), 4)}" for factors in self._factors()]
        return (
            "\n(** The family whose members compute it, over numbered symbols, and the factors of their neurons. *)\n"
            "Definition members : list (list (list weight) * list weight) :=\n[\n" + ";\n".join(layers) + "]%Q.\n\n"
            "Definition scales : list (list weight) :=\n[\n" + ";\n".join(scales) + "]%Q.\n\n"
            f"Lemma resolved : check_family {self.signs} {len(self.net.inputs)} scales members network = true.\n"
            "Proof. vm_cast_no_check (eq_refl true). Qed.\n"
        )

    def stated(self, words: Words) -> str:
        """Writes the weights as people do, over the symbols."""
        layers = []
        for rows in self.layers:
            matrix = listed((listed(map(words.term, row)) for row, _ in rows), 6)
            layers.append(f"({matrix}, {listed(words.term(b) for _, b in rows)})")
        return "[" + ";\n     ".join(layers) + "]"

    def _factors(self) -> list[list[Node]]:
        """The factor of each hidden neuron, layer by layer."""
        below: Sequence[Any] = [sympy.Integer(1)] * len(self.net.inputs)
        found = []
        members, numbers = (self._entries(net) for net in (self.net, self.network))
        for (rows, biases), (exact, offsets) in list(zip(members, numbers, strict=True))[:-1]:
            factors = []
            for row, bias, known, offset in zip(rows, biases, exact, offsets, strict=True):
                entries = [*zip(row, known, below, strict=True), (bias, offset, sympy.Integer(1))]
                first = next(((w, q, scale) for w, q, scale in entries if q != 0), None)
                factors.append(sympy.Integer(1) if first is None else sympy.cancel(first[0] * first[2] / first[1]))
            found.append([self._node(factor) for factor in factors])
            below = factors
        return found

    @staticmethod
    def _entries(net: MLP) -> list[tuple[list[list[Any]], list[Any]]]:
        """Every layer's matrix and bias in SymPy."""
        return [
            ([list(map(_exact, row)) for row in layer.weight.entries()], list(map(_exact, layer.exact_bias())))
            for layer in net.exact().layers
        ]

    def _node(self, e: Any) -> Node:
        if isinstance(e, sympy.Rational):
            value = rational(e)
            return Node("Int" if value.q == 1 else "Rat", value=value)
        if isinstance(e, sympy.Symbol):
            return Node("Var", value=self.symbols.index(e))
        top, bottom = e.as_numer_denom()
        if bottom != 1:
            return Node("Div", (self._node(top), self._node(bottom)))
        if isinstance(e, sympy.Add):
            return reduce(self._added, e.as_ordered_terms()[1:], self._node(e.as_ordered_terms()[0]))
        c, rest = e.as_coeff_Mul()
        if c == -1:
            return Node("Opp", (self._node(rest),))
        factors = [
            self._node(base) for base, n in (part.as_base_exp() for part in sympy.Mul.make_args(rest)) for _ in range(n)
        ]
        if c != 1:
            factors.insert(0, self._node(c))
        return reduce(lambda a, b: Node("Mul", (a, b)), factors)

    def _added(self, total: Node, term: Any) -> Node:
        c, _ = term.as_coeff_Mul()
        return Node("Sub", (total, self._node(-term))) if c < 0 else Node("Add", (total, self._node(term)))


def _exact(value: Any) -> Any:
    """A weight as SymPy has it, floats read as the rationals that they are."""
    if isinstance(value, fmpq):
        return to_rational(value)
    return value.xreplace({number: to_rational(rational(number)) for number in value.atoms(sympy.Float)})


def _data(node: Node) -> str:
    """Writes a weight as data."""
    if node.op == "Var":
        return f"Symbol {node.value}"
    if node.op in ("Int", "Rat"):
        return f"{WORDS[node.op]} {rational_text(node.value)}"
    return f"{WORDS[node.op]} {' '.join(f'({_data(part)})' for part in node.args)}"
