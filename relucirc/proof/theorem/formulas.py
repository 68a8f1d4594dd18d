"""Formulas as the trees that Rocq reads, and as graphs whose maxima stand in the order in which its checker meets them.

SymPy's Min and Max of many arguments become balanced trees of two, a Piecewise a chain of choices, an order statistic
stays one.  ``Statement.v`` says what each node means, ``Lowering.v`` in which order its maxima are read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from relucirc.core.budget import tick
from relucirc.core.errors import FormulaError, shorten
from relucirc.core.exact import rational
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Gate, Graph, GraphBuilder, Guard, Relation
from relucirc.language.order_statistic import OrderStatistic

TRUE = Guard("true")
COMPARISONS: dict[type, tuple[str, bool]] = {
    sympy.Le: ("Le", False),
    sympy.Ge: ("Le", True),
    sympy.Lt: ("Lt", False),
    sympy.Gt: ("Lt", True),
    sympy.Eq: ("Eq", False),
}
"""What SymPy's comparisons are in Rocq, and whether with the sides exchanged."""


@dataclass(frozen=True, eq=False)
class Node:
    """One constructor of ``expr`` or ``cond``.

    Attributes:
        op: Its name.
        args: What it is made of.
        value: The number of an input, a rational, or which order statistic.
    """

    op: str
    args: "tuple[Node, ...]" = ()
    value: Any = None


@dataclass(frozen=True)
class Choice:
    """A choice between two branches: the gate's variable, and the forms of the branches."""

    variable: int
    branches: tuple[Form, Form]


class Formulas:
    """Reads SymPy expressions, or a condition on a network's outputs.

    Attributes:
        expressions: What was read.
        nodes: One tree for each expression.
        graph: The same as a graph.
        forms: The form of every node that is a number.
        maxima: For nodes that take maxima, in order: the number of the gate, or, where there is none since the
            arguments differ by a constant, whether the left one is the larger.
        choices: For each If the gate that it is.
        guards: The same conditions for a graph's choices.
    """

    def __init__(
        self,
        expressions: Sequence[sympy.Basic],
        names: tuple[str, ...],
        below: Sequence[Gate] = (),
        outputs: Mapping[str, Form] | None = None,
    ) -> None:
        """Reads them.

        Args:
            expressions: Expressions over the inputs; or conditions, over outputs too.
            names: The inputs.
            below: The network's gates, which come first in the graph.
            outputs: The names of its outputs, and their forms; they are numbered after the inputs.
        """
        self.expressions = tuple(expressions)
        self._builder = GraphBuilder(names)
        self._builder.gates += below
        self._variables = {name: (i, self._builder.input(i)) for i, name in enumerate(names)}
        for name, form in (outputs or {}).items():
            self._variables[name] = (len(self._variables), form)
        self._known: dict[sympy.Basic, Node] = {}
        self.forms: dict[Node, Form] = {}
        self.maxima: dict[Node, list[int | bool]] = {}
        self.choices: dict[Node, Choice] = {}
        self.guards: dict[Node, Guard] = {}
        self.nodes = tuple(self._read(e) if isinstance(e, sympy.Expr) else self._condition(e) for e in self.expressions)
        self.graph: Graph = self._builder.build([self.forms[node] for node in self.nodes if node in self.forms])

    def _read(self, e: sympy.Basic) -> Node:
        tick()
        found = self._known.get(e)
        if found is None:
            rule = next((rule for kind, rule in _RULES if isinstance(e, kind)), None)
            if rule is None:
                raise FormulaError(
                    f"theorem: {shorten(e)} is not covered yet; write it with Min, Max, Abs or Piecewise."
                )
            found = self._known[e] = rule(self, e)
        return found

    def _number(self, op: str, form: Form, *args: Node, value: Any = None) -> Node:
        node = Node(op, args, value)
        self.forms[node] = form
        return node

    def constant(self, value: Any) -> Node:
        """Returns the node of a rational number."""
        number = rational(value)
        return self._number("Int" if number.q == 1 else "Rat", Form.constant(number), value=number)

    def _input(self, e: Any) -> Node:
        i, form = self._variables[e.name]
        return self._number("Var", form, value=i)

    def _opposite(self, node: Node) -> Node:
        return self._number("Opp", -self.forms[node], node)

    def _sum(self, e: Any) -> Node:
        total = None
        for part in e.as_ordered_terms():
            c, _ = part.as_coeff_Mul()
            if total is not None and c < 0:
                term = self._read(-part)
                total = self._number("Sub", self.forms[total] - self.forms[term], total, term)
            else:
                term = self._read(part)
                total = (
                    term if total is None else self._number("Add", self.forms[total] + self.forms[term], total, term)
                )
        assert total is not None
        return total

    def _product(self, e: Any) -> Node:
        c, rest = e.as_coeff_Mul()
        if isinstance(rest, sympy.Mul):
            raise FormulaError(f"theorem: products such as {shorten(rest)} are not covered yet.")
        inner = self._read(rest)
        if c == -1:
            return self._opposite(inner)
        factor = self.constant(c)
        return self._number("Mul", self.forms[inner].scale(rational(c)), factor, inner)

    def _maximum(self, left: Form, right: Form) -> tuple[Form, int | bool]:
        """The form of a maximum, and its gate or which side it is."""
        before = len(self._builder.gates)
        form = self._builder.max([left, right])
        return form, before if len(self._builder.gates) > before else form is left

    def _extremum(self, e: Any) -> Node:
        op = "Max" if isinstance(e, sympy.Max) else "Min"
        level = sorted(map(self._read, e.args), key=lambda node: self.forms[node].key)
        while len(level) > 1:
            paired = [self._pair(op, a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            level = paired + level[len(paired) * 2 :]
        return level[0]

    def _pair(self, op: str, a: Node, b: Node) -> Node:
        f, g = self.forms[a], self.forms[b]
        form, gate = self._maximum(f, g) if op == "Max" else self._maximum(-f, -g)
        node = self._number(op, form if op == "Max" else -form, a, b)
        self.maxima[node] = [gate]
        return node

    def _absolute(self, e: Any) -> Node:
        inner = self._read(e.args[0])
        form, gate = self._maximum(self.forms[inner], -self.forms[inner])
        node = self._number("Abs", form, inner)
        self.maxima[node] = [gate]
        return node

    def _smallest(self, e: Any) -> Node:
        """Insertion sort, as ``Statement.v`` has it: the tail first, then the head is moved into its place."""
        k, args = int(e.args[0]), tuple(map(self._read, e.args[1:]))
        gates: list[int | bool] = []
        ordered: list[Form] = []
        for argument in reversed(args):
            moved, below = self.forms[argument], ordered
            ordered = []
            for form in below:
                larger, gate = self._maximum(moved, form)
                gates.append(gate)
                ordered.append(combine([(rational(1), moved), (rational(1), form), (rational(-1), larger)]))
                moved = larger
            ordered.append(moved)
        node = self._number("Smallest", ordered[k - 1], *args, value=k)
        self.maxima[node] = gates
        return node

    def _piecewise(self, e: Any) -> Node:
        *branches, (last, _) = e.args  # that the conditions leave no gap was seen when the claim was read
        return self._chain([(self._condition(c), self._read(value)) for value, c in branches], self._read(last))

    def _sign(self, e: Any) -> Node:
        return self._step(self._read(e.args[0]), -1, self.constant(0))

    def _heaviside(self, e: Any) -> Node:
        return self._step(self._read(e.args[0]), 0, self._read(e.args[1]))

    def _step(self, inner: Node, below: int, at_zero: Node) -> Node:
        zero = self.constant(0)
        branches = [(self._compare("Lt", zero, inner), self.constant(1)), (self._compare("Eq", inner, zero), at_zero)]
        return self._chain(branches, self.constant(below))

    def _chain(self, branches: list[tuple[Node, Node]], last: Node) -> Node:
        node = last
        for condition, value in reversed(branches):
            forms = self.forms[value], self.forms[node]
            selected = self._builder.select([(self.guards[condition], forms[0]), (TRUE, forms[1])])
            (variable,) = selected.terms
            node = self._number("If", selected, condition, value, node)
            self.choices[node] = Choice(variable, forms)
        return node

    def _compare(self, op: str, a: Node, b: Node) -> Node:
        node = Node(op, (a, b))
        relation = {"Le": ">=", "Lt": ">", "Eq": "=="}[op]
        self.guards[node] = Guard("relation", relation=Relation(self.forms[b] - self.forms[a], relation))
        return node

    def _condition(self, c: sympy.Basic) -> Node:
        if isinstance(c, sympy.Ne):
            return self._joined("Not", self._condition(sympy.Eq(*c.args, evaluate=False)))
        if type(c) in COMPARISONS:
            op, flipped = COMPARISONS[type(c)]
            left, right = map(self._read, c.args)
            return self._compare(op, right, left) if flipped else self._compare(op, left, right)
        if isinstance(c, sympy.And | sympy.Or | sympy.Not):
            first, *others = map(self._condition, c.args)
            op = type(c).__name__
            if op == "Not":
                return self._joined(op, first)
            for other in others:
                first = self._joined(op, first, other)
            return first
        raise FormulaError(f"theorem: the condition {shorten(c)} is not covered yet.")

    def _joined(self, op: str, *parts: Node) -> Node:
        node = Node(op, parts)
        self.guards[node] = Guard(op.lower(), tuple(self.guards[part] for part in parts))
        return node


_RULES: list[tuple[Any, Callable[[Formulas, Any], Node]]] = [
    (sympy.Symbol, Formulas._input),
    (sympy.Rational | sympy.Float, Formulas.constant),
    (sympy.Add, Formulas._sum),
    (sympy.Mul, Formulas._product),
    (sympy.Max | sympy.Min, Formulas._extremum),
    (sympy.Abs, Formulas._absolute),
    (OrderStatistic, Formulas._smallest),
    (sympy.Piecewise, Formulas._piecewise),
    (sympy.sign, Formulas._sign),
    (sympy.Heaviside, Formulas._heaviside),
]
"""How each kind of expression is read."""
