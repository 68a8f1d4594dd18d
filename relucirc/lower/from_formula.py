"""Formulas as graphs: SymPy expressions, text, lists of them, networks and JAX functions.

An expression is piecewise linear if it is built from real symbols and rational numbers by sums,
rational multiples, Min, Max, Abs, Piecewise with polyhedral conditions, sign, Heaviside and order
statistics.  Anything else is refused, and the sub-expression named.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sympy
from flint import fmpq
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanFunction

from relucirc.errors import FormulaError, RelucircError, shorten
from relucirc.exact import ONE, ZERO, rational, sign_of
from relucirc.forms import Form, combine
from relucirc.formula import OrderStatistic, parse_formula, unknown_symbols
from relucirc.graph import Graph, GraphBuilder, Guard, Relation
from relucirc.lower.from_network import graph_of_network
from relucirc.names import positions, read_names
from relucirc.network import MLP
from relucirc.sorting import merge_exchange

TRUE = Guard("true")


def graph_of_formula(formula: Any, names: Sequence[str], outputs: int | None = None) -> Graph:
    """Lowers a formula over named inputs.

    Args:
        formula: A SymPy expression, a list of them, text, a network, a graph, or a JAX function.
        names: The inputs, in order.
        outputs: Expected number of outputs.

    Raises:
        FormulaError: When it is not piecewise linear over these inputs, or has another number of outputs.
    """
    graph = _lower(formula, read_names(names))
    if outputs is not None and len(graph.outputs) != outputs:
        raise FormulaError(
            f"expected {outputs} output(s), as the network has, got {len(graph.outputs)}; "
            "give a list with one formula for each output."
        )
    return graph


def _lower(formula: Any, names: tuple[str, ...]) -> Graph:
    expressions = read_expressions(formula, names)
    if expressions is not None:
        return _from_expressions(expressions, names)
    if isinstance(formula, Graph):
        return _reordered(formula, names)
    if isinstance(formula, MLP):
        return _reordered(graph_of_network(formula), names)
    from relucirc.lower.from_jax import graph_of_function  # noqa: PLC0415  (tracing is for functions only)

    return graph_of_function(formula, names)


def read_expressions(formula: Any, names: Sequence[str]) -> tuple[sympy.Expr, ...] | None:
    """Reads a formula given as SymPy, text, a number or a list of these; None for the other kinds.

    Raises:
        FormulaError: When it is of no kind at all, or the text cannot be read.
    """
    if isinstance(formula, str):
        formula = parse_formula(formula, names)
    if isinstance(formula, sympy.MatrixBase):
        formula = list(formula)
    if isinstance(formula, list | tuple):
        if not formula:
            raise FormulaError("expected at least one formula in the list, got none.")
        parts = [parse_formula(part, names) if isinstance(part, str) else part for part in formula]
        return tuple(_expression(part) for part in parts)
    is_function = isinstance(formula, Callable) and not isinstance(formula, sympy.Basic | type)
    if isinstance(formula, Graph | MLP) or is_function:
        return None
    return (_expression(formula),)


def _expression(value: Any) -> sympy.Expr:
    if isinstance(value, sympy.Expr):
        return value
    if isinstance(value, Boolean | Relational):
        raise FormulaError(f"expected a formula with numbers as values, got the condition {shorten(value)}.")
    try:
        number = rational(value, "formula")
    except RelucircError:
        raise FormulaError(
            f"expected a SymPy expression, text, a list of these, a network or a JAX function, got "
            f"{shorten(value)} of type {type(value).__name__}."
        ) from None
    return sympy.Rational(int(number.p), int(number.q))


def _from_expressions(expressions: Sequence[sympy.Expr], names: tuple[str, ...]) -> Graph:
    unknown = sorted({s.name for e in expressions for s in e.free_symbols if s.name not in names})
    if unknown:
        raise FormulaError(unknown_symbols(unknown, names))
    lowering = _Lowering(names)
    return lowering.builder.build([lowering.form(expression) for expression in expressions])


def _reordered(graph: Graph, names: tuple[str, ...]) -> Graph:
    """Matches a graph's inputs to the names asked for."""
    if graph.inputs == names:
        return graph
    extra = [name for name in graph.inputs if name not in names]
    if extra:
        raise FormulaError(unknown_symbols(extra, names).replace("the formula", "the second network"))
    place = [positions(names)[name] for name in graph.inputs]
    old, shift = len(place), len(names) - len(place)

    def move(form: Form) -> Form:
        return Form({place[v] if v < old else v + shift: c for v, c in form.terms.items()}, form.const)

    return Graph(names, tuple(gate.map(move) for gate in graph.gates), tuple(map(move, graph.outputs)))


class _Lowering:
    """Lowers expressions into one builder, equal sub-expressions once."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.builder = GraphBuilder(names)
        self.position = positions(names)
        self.known: dict[sympy.Basic, Form] = {}

    def form(self, root: sympy.Basic) -> Form:
        """Returns the form of an expression, arguments first, without recursion."""
        stack: list[tuple[sympy.Basic, bool]] = [(root, False)]
        while stack:
            expression, ready = stack.pop()
            if expression in self.known:
                continue
            if ready:
                self.known[expression] = self._combine(expression)
                continue
            stack.append((expression, True))
            stack.extend((argument, False) for argument in reversed(_operands(expression)))
        return self.known[root]

    def _combine(self, e: sympy.Basic) -> Form:
        """Returns the form of an expression whose operands are known."""
        if isinstance(e, sympy.Symbol):
            return self.builder.input(self.position[e.name])
        if isinstance(e, sympy.Rational | sympy.Float):
            return Form.constant(rational(e))
        if isinstance(e, sympy.Add):
            return combine((ONE, self.known[a]) for a in e.args)
        if isinstance(e, sympy.Mul):
            return self._product(e)
        if isinstance(e, sympy.Max | sympy.Min):
            # SymPy orders arguments by name, x10 before x2; the inputs' own order pairs them as trees do.
            forms = sorted((self.known[a] for a in e.args), key=lambda form: form.key)
            return self.builder.max(forms) if isinstance(e, sympy.Max) else self.builder.min(forms)
        if isinstance(e, sympy.Abs):
            inner = self.known[e.args[0]]
            return self.builder.max([inner, -inner])
        if isinstance(e, OrderStatistic):
            return self._order_statistic(e)
        if isinstance(e, sympy.Piecewise):
            return self._piecewise(e)
        if isinstance(e, sympy.sign):
            return self._step(self.known[e.args[0]], fmpq(-1), Form())
        assert isinstance(e, sympy.Heaviside)
        return self._step(self.known[e.args[0]], ZERO, self.known[e.args[1]])

    def _product(self, e: sympy.Mul) -> Form:
        factor, varying = ONE, []
        for argument in e.args:
            form = self.known[argument]
            if form.is_constant:
                factor = factor * form.const
            else:
                varying.append((argument, form))
        if len(varying) > 1:
            raise FormulaError(
                f"{shorten(e)} is not piecewise linear: it multiplies "
                f"{shorten(varying[0][0], 40)} by {shorten(varying[1][0], 40)}."
            )
        return varying[0][1].scale(factor) if varying else Form.constant(factor)

    def _step(self, form: Form, below: fmpq, at_zero: Form) -> Form:
        if form.is_constant:
            return at_zero if not form.const else Form.constant(ONE if form.const > 0 else below)
        above = Guard("relation", relation=Relation(form, ">"))
        on = Guard("relation", relation=Relation(form, "=="))
        return self.builder.select([(above, Form.constant(ONE)), (on, at_zero), (TRUE, Form.constant(below))])

    def _order_statistic(self, e: OrderStatistic) -> Form:
        """Sorts with Batcher's merge exchange; gates that the result does not use are left out."""
        k, wires = int(e.args[0]), [self.known[a] for a in e.args[1:]]  # type: ignore[arg-type]
        plan = merge_exchange(len(wires))
        wanted, needed = {k - 1}, []
        for i, j in reversed(plan):
            if i in wanted or j in wanted:
                needed.append((i, j, i in wanted, j in wanted))
                wanted |= {i, j}
        for i, j, low, high in reversed(needed):
            a, b = wires[i], wires[j]
            larger = self.builder.max([a, b])
            if low:
                wires[i] = combine([(ONE, a), (ONE, b), (-ONE, larger)])
            if high:
                wires[j] = larger
        return wires[k - 1]

    def _piecewise(self, e: sympy.Piecewise) -> Form:
        branches: list[tuple[Guard, Form]] = []
        for value, condition in e.args:  # type: ignore[misc]
            guard = self._guard(condition)
            settled = guard.decide(_constant_truth)
            if settled is False:
                continue
            branches.append((TRUE if settled else guard, self.known[value]))
            if settled:
                break
        if not branches or branches[-1][0].kind != "true":
            raise FormulaError(
                f"{shorten(e)} is not defined everywhere: no condition of it is always true; end it with (value, True)."
            )
        return branches[0][1] if len(branches) == 1 else self.builder.select(branches)

    def _guard(self, condition: sympy.Basic) -> Guard:
        if condition in (sympy.true, sympy.false):
            return Guard("true" if condition == sympy.true else "false")
        if isinstance(condition, sympy.And | sympy.Or):
            kind = "and" if isinstance(condition, sympy.And) else "or"
            return Guard(kind, tuple(map(self._guard, condition.args)))
        if isinstance(condition, sympy.Not):
            return Guard("not", (self._guard(condition.args[0]),))
        if isinstance(condition, BooleanFunction):
            return self._guard(_in_and_or_not(condition))
        assert isinstance(condition, Relational)
        left, right = (self.known[side] for side in condition.args)
        difference = left - right
        if isinstance(condition, sympy.Ne):
            return Guard("not", (Guard("relation", relation=Relation(difference, "==")),))
        op = {sympy.Gt: ">", sympy.Ge: ">=", sympy.Lt: ">", sympy.Le: ">=", sympy.Eq: "=="}[type(condition)]
        flipped = isinstance(condition, sympy.Lt | sympy.Le)
        return Guard("relation", relation=Relation(-difference if flipped else difference, op))


def _constant_truth(relation: Relation) -> bool | None:
    if not relation.form.is_constant:
        return None
    return relation.holds(sign_of(relation.form.const))


def _operands(e: sympy.Basic) -> list[sympy.Basic]:
    """The sub-expressions with numbers as values that an expression is made of; refuses what is unknown."""
    if isinstance(e, sympy.Symbol):
        if e.is_extended_real is False or e.is_commutative is False:
            raise FormulaError(f"the symbol {e.name} is not real; use sympy.Symbol({e.name!r}, real=True).")
        return []
    if isinstance(e, sympy.Rational | sympy.Float):
        return []
    if isinstance(e, OrderStatistic):
        return list(e.args[1:])
    if isinstance(e, sympy.Add | sympy.Mul | sympy.Max | sympy.Min | sympy.Abs | sympy.sign | sympy.Heaviside):
        return list(e.args)
    if isinstance(e, sympy.Piecewise):
        return [part for value, condition in e.args for part in (value, *_sides(condition))]  # type: ignore[misc]
    kind = "a number that is not rational" if isinstance(e, sympy.Expr) and e.is_number else "not piecewise linear"
    raise FormulaError(
        f"{shorten(e)} is {kind}; formulas are made of + and -, multiples by rational numbers, "
        "Min, Max, Abs, Piecewise, sign and Heaviside."
    )


def _sides(condition: sympy.Basic) -> list[sympy.Basic]:
    if condition in (sympy.true, sympy.false):
        return []
    if isinstance(condition, sympy.And | sympy.Or | sympy.Not):
        return [side for part in condition.args for side in _sides(part)]
    if isinstance(condition, Relational):
        return list(condition.args)
    if isinstance(condition, BooleanFunction):
        return _sides(_in_and_or_not(condition))
    raise FormulaError(
        f"the condition {shorten(condition)} is not read; conditions are comparisons joined by And, Or, Not."
    )


def _in_and_or_not(condition: BooleanFunction) -> sympy.Basic:
    """Writes ITE (which SymPy makes of a Piecewise inside of a comparison), Xor and the like with And, Or and Not."""
    return condition.to_nnf(simplify=False)
