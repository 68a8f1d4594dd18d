"""Formulas as graphs: SymPy expressions, text, lists of them, networks and JAX functions.

An expression is piecewise linear if it is built from real symbols and rational numbers by sums,
rational multiples, Min, Max, Abs, Piecewise with polyhedral conditions, sign, Heaviside and order
statistics; and by products and powers whose factors, all but one, are steps: they take finitely many
values (``x*sign(x)``).  Anything else is refused, and the sub-expression named.

The domain counts in two ways.  A Piecewise has to have a value everywhere on it.  And what symbols are
declared to be (``Symbol("x", positive=True)``) has to hold on it: SymPy has rewritten the formula by that
before it comes here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from flint import fmpq
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from relucirc.core.budget import tick
from relucirc.core.errors import FormulaError, RelucircError, shorten
from relucirc.core.exact import ONE, ZERO, rational, sign_of, text
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Gate, Graph, GraphBuilder, Guard, Relation
from relucirc.core.names import positions, read_names
from relucirc.core.trees import parts_of, symbols_of
from relucirc.language.domain import Domain, declared
from relucirc.language.formula import MAX_EXPONENT, parse_formula, unknown_symbols
from relucirc.language.lower.coverage import point_where
from relucirc.language.lower.from_model import library_of
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.lower.guards import TRUE, all_of, any_of, guard_of, negation_of, sides_of
from relucirc.language.lower.steps import MAX_STEPS, Steps, pairs_of
from relucirc.language.network import MLP
from relucirc.language.order_statistic import OrderStatistic
from relucirc.language.sorting import merge_exchange


def graph_of_formula(
    formula: Any, names: Sequence[str], outputs: int | None = None, domain: Domain | None = None
) -> Graph:
    """Lowers a formula over named inputs.

    Args:
        formula: A SymPy expression, a list of them, text, a network, a graph, or a JAX function.
        names: The inputs, in order.
        outputs: Expected number of outputs.
        domain: Where it counts; all of R^n by default.

    Raises:
        FormulaError: When it is not piecewise linear over these inputs, has no value somewhere on the domain, has
            symbols declared to be what the domain does not say, or has another number of outputs.
    """
    graph = _lower(formula, read_names(names), domain or Domain())
    if outputs is not None and len(graph.outputs) != outputs:
        raise FormulaError(
            f"expected {outputs} output(s), as the network has, got {len(graph.outputs)}; "
            "give a list with one formula for each output."
        )
    return graph


def _lower(formula: Any, names: tuple[str, ...], domain: Domain) -> Graph:
    expressions = read_expressions(formula, names)
    if expressions is not None:
        try:
            return _from_expressions(expressions, names, domain)
        except RecursionError:
            raise FormulaError(f"the formula {shorten(formula)} is nested too deeply.") from None
    if isinstance(formula, Graph):
        return _reordered(formula, names)
    if isinstance(formula, MLP):
        return _reordered(graph_of_network(formula), names)
    from relucirc.language.lower.from_jax import graph_of_function  # noqa: PLC0415  (tracing is for functions only)

    return graph_of_function(formula, names)


def read_expressions(formula: Any, names: Sequence[str] | None = None) -> tuple[sympy.Expr, ...] | None:
    """Reads a formula given as SymPy, text, a number or a list of these; None for the other kinds.

    Raises:
        FormulaError: When it is of no kind at all, or the text cannot be read.
    """
    expressions = _expressions(formula, names)
    try:
        parts_of(expressions or ())
    except RecursionError:
        raise FormulaError(f"the formula {shorten(formula)} is nested too deeply.") from None
    return expressions


def _expressions(formula: Any, names: Sequence[str] | None) -> tuple[sympy.Expr, ...] | None:
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
    if isinstance(formula, Graph | MLP) or is_function or library_of(formula) is not None:
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


def _from_expressions(expressions: Sequence[sympy.Expr], names: tuple[str, ...], domain: Domain) -> Graph:
    symbols = symbols_of(expressions)
    unknown = sorted({s.name for s in symbols} - set(names))
    if unknown:
        raise FormulaError(unknown_symbols(unknown, names))
    said = declared(symbols, names)
    if not said.is_implied_by(domain):
        raise FormulaError(
            f"{', '.join(said.words)}, and SymPy may have rewritten the formula by that; prove, check and "
            "max_deviation make it a part of the domain, but here use sympy.Symbol(..., real=True)."
        )
    lowering = Lowering(names)
    outputs = [lowering.form(expression) for expression in expressions]
    lowering.refuse_holes(expressions, domain)
    return lowering.builder.build(outputs)


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


class Lowering:
    """Lowers expressions into one builder, equal sub-expressions once.

    Args:
        names: The inputs, in order.
        gates: Gates that are there already.
        given: Further names, of forms over the inputs and these gates.
    """

    def __init__(self, names: tuple[str, ...], gates: Sequence[Gate] = (), given: Mapping[str, Form] = {}) -> None:
        self.builder = GraphBuilder(names)
        self.builder.gates += gates
        self.named = {**{name: Form.variable(i) for i, name in enumerate(names)}, **given}
        self.known: dict[sympy.Basic, Form] = {}
        self.steps = Steps(len(names), self.builder.gates)
        self.holes: dict[sympy.Basic, Guard] = {}  # where expressions have no value, if anywhere
        self.open: list[tuple[sympy.Basic, Guard]] = []  # each Piecewise without a last True, and where no branch holds

    def form(self, root: sympy.Basic) -> Form:
        """Returns the form of an expression, arguments first, without recursion."""
        stack: list[tuple[sympy.Basic, bool]] = [(root, False)]
        while stack:
            tick()
            expression, ready = stack.pop()
            if expression in self.known:
                continue
            if ready:
                self.known[expression] = self._combine(expression)
                self._inherit_holes(expression)
                continue
            stack.append((expression, True))
            stack.extend((argument, False) for argument in reversed(_operands(expression)))
        return self.known[root]

    def _inherit_holes(self, e: sympy.Basic) -> None:
        """An expression has no value where one that it is made of has none; Piecewise asks only the branch it takes."""
        if self.holes and not isinstance(e, sympy.Piecewise):
            hole = any_of(self.holes[part] for part in _operands(e) if part in self.holes)
            if hole.kind != "false":
                self.holes[e] = hole

    def refuse_holes(self, expressions: Sequence[sympy.Basic], domain: Domain) -> None:
        """Refuses expressions that have no value somewhere on the domain."""
        hole = any_of(self.holes[e] for e in expressions if e in self.holes)
        if hole.kind == "false":
            return
        names, gates = self.builder.inputs, self.builder.gates
        point = point_where(hole, gates, len(names), domain)
        if point is None:
            return
        graph = Graph(names, tuple(gates), tuple(Form.variable(v) for v in range(len(names) + len(gates))))
        values = graph.evaluate(point)

        def truth(relation: Relation) -> bool:
            return relation.holds(sign_of(relation.form.evaluate(values)))

        culprit = next((e for e, uncovered in self.open if uncovered.decide(truth)), expressions[0])
        where = "everywhere" if domain.is_everything else "on the whole domain"
        at = ", ".join(f"{name} = {text(v)}" for name, v in zip(names, point, strict=True)) or "the only point"
        raise FormulaError(
            f"{shorten(culprit)} is not defined {where}: no condition of it holds at {shorten(at)}; end it with "
            "(value, True)."
        )

    def _combine(self, e: sympy.Basic) -> Form:
        """Returns the form of an expression whose operands are known."""
        if isinstance(e, sympy.Symbol):
            return self.named[e.name]
        if isinstance(e, sympy.Rational | sympy.Float):
            return Form.constant(rational(e))
        if isinstance(e, sympy.Add):
            return combine((ONE, self.known[a]) for a in e.args)
        if isinstance(e, sympy.Mul):
            return self._product(e, e.args)
        if isinstance(e, sympy.Pow):
            return self._product(e, [e.base] * int(e.exp))
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

    def _product(self, e: sympy.Basic, factors: Sequence[sympy.Basic]) -> Form:
        """A multiple of the one factor that is no step, another on each set where the steps are constant."""
        factor, varying = ONE, []
        for argument in factors:
            form = self.known[argument]
            if form.is_constant:
                factor = factor * form.const
            else:
                varying.append((argument, form))
        if len(varying) < 2:
            return varying[0][1].scale(factor) if varying else Form.constant(factor)
        kept, cases = [], [(TRUE, factor)]
        for argument, form in varying:
            values = self.steps.values(form)
            if values is None:
                kept.append((argument, form))
            else:
                cases = pairs_of(cases, values, lambda a, b: a * b)
                if cases is None:
                    raise FormulaError(f"{shorten(e)} multiplies steps with more than {MAX_STEPS} values together.")
        if len(kept) > 1 and isinstance(e, sympy.Pow):
            raise _not_read(e)
        if len(kept) > 1:
            raise FormulaError(
                f"{shorten(e)} is not piecewise linear: it multiplies "
                f"{shorten(kept[0][0], 40)} by {shorten(kept[1][0], 40)}."
            )
        rest = kept[0][1] if kept else Form.constant(ONE)
        return self.builder.select([(guard, rest.scale(value)) for guard, value in cases])

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
        holes: list[Guard] = []  # the values' own, each where its branch holds
        passed: list[Guard] = []
        for value, condition in e.args:  # type: ignore[misc]
            guard = guard_of(condition, self.known)
            holes += [all_of([*passed, self.holes[side]]) for side in sides_of(condition) if side in self.holes]
            settled = guard.decide(lambda r: r.holds(sign_of(r.form.const)) if r.form.is_constant else None)
            if settled is False:
                continue
            guard = TRUE if settled else guard
            branches.append((guard, self.known[value]))
            if value in self.holes:
                holes.append(all_of([*passed, guard, self.holes[value]]))
            if settled:
                break
            passed.append(negation_of(guard))
        else:
            uncovered = all_of(passed)
            self.open.append((e, uncovered))
            holes.append(uncovered)
        hole = any_of(holes)
        if hole.kind != "false":
            self.holes[e] = hole
        if not branches:
            return Form()
        branches[-1] = TRUE, branches[-1][1]  # where it has no value it is refused, so this changes nothing
        return branches[0][1] if len(branches) == 1 else self.builder.select(branches)


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
    if isinstance(e, sympy.Pow) and isinstance(e.exp, sympy.Integer) and 0 <= int(e.exp) <= MAX_EXPONENT:
        return [e.base]
    if isinstance(e, sympy.Piecewise):
        return [part for value, condition in e.args for part in (value, *sides_of(condition))]  # type: ignore[misc]
    raise _not_read(e)


def _not_read(e: sympy.Basic) -> FormulaError:
    varies = not isinstance(e, sympy.Expr) or symbols_of([e])
    kind = "not piecewise linear" if varies else "a number that is not rational"
    return FormulaError(
        f"{shorten(e)} is {kind}; formulas are made of + and -, multiples by rational numbers, "
        "Min, Max, Abs, Piecewise, sign and Heaviside."
    )
