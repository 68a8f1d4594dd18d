"""An outside exact judge: networks, formulas and graphs in z3's real arithmetic.

:func:`decide` asks whether two sides differ anywhere on a domain.  z3 works in exact rationals, and
its encodings here are made from :mod:`plain` data, so nothing of relucirc is trusted; only
:func:`graph_terms` reads a :class:`relucirc.core.graph.Graph`, to judge what comes after the reader.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import plain
import z3


def number(q: Any) -> Any:
    """An exact rational constant."""
    return z3.RealVal(f"{q}")


def inputs(n: int) -> list[Any]:
    """Fresh real variables."""
    return [z3.Real(f"input{i}") for i in range(n)]


def total(parts: Sequence[tuple[Any, Any]], constant: Any) -> Any:
    """``sum c * term + constant``."""
    return z3.Sum([number(c) * term for c, term in parts if c] + [number(constant)])


def network_terms(layers: plain.Layers, variables: Sequence[Any], facts: list[Any]) -> list[Any]:
    """The outputs of a network; each neuron is a variable with its defining facts."""
    values = list(variables)
    for depth, (rows, biases) in enumerate(layers):
        before = [
            total(list(zip(row, values, strict=True)), biases[i] if biases is not None else 0)
            for i, row in enumerate(rows)
        ]
        values = before if depth == len(layers) - 1 else [maximum([z, number(0)], facts) for z in before]
    return values


def maximum(options: Sequence[Any], facts: list[Any]) -> Any:
    """A variable that is the maximum: at least every option, and one of them."""
    result = z3.FreshReal("max")
    facts += [*(result >= option for option in options), z3.Or([result == option for option in options])]
    return result


def formula_term(f: plain.Formula, variables: Sequence[Any], facts: list[Any]) -> Any:
    """The value of a formula."""
    head, *parts = f
    if head == "number":
        return number(parts[0])
    if head == "input":
        return variables[parts[0]]
    if head == "scale":
        return number(parts[0]) * formula_term(parts[1], variables, facts)
    if head == "if":
        yes, no = (formula_term(part, variables, facts) for part in parts[1:])
        return z3.If(condition_term(parts[0], variables, facts), yes, no)
    if head == "cases":
        terms = [formula_term(part, variables, facts) for part in parts[1::2]]
        return first_case([condition_term(part, variables, facts) for part in parts[::2]], terms)
    if head == "times":
        return product_term(parts[0], parts[1], variables, facts)
    inner = [formula_term(part, variables, facts) for part in parts]
    if head == "clip":
        return -maximum([-maximum(inner[:2], facts), -inner[2]], facts)
    if head == "add":
        return z3.Sum(inner)
    if head == "max":
        return maximum(inner, facts)
    if head == "min":
        return -maximum([-part for part in inner], facts)
    if head == "abs":
        return maximum([inner[0], -inner[0]], facts)
    if head == "sign":
        return z3.If(inner[0] > 0, number(1), z3.If(inner[0] < 0, number(-1), number(0)))
    if head == "step":
        return z3.If(inner[0] > 0, number(1), z3.If(inner[0] < 0, number(0), inner[1]))
    assert head == "median"
    for _ in inner:
        for i in range(len(inner) - 1):
            a, b = inner[i], inner[i + 1]
            larger = maximum([a, b], facts)
            inner[i], inner[i + 1] = a + b - larger, larger
    return inner[len(inner) // 2]


def first_case(truths: Sequence[Any], terms: Sequence[Any]) -> Any:
    """The value of the first case that holds; all of them together are taken to cover everything."""
    chosen = terms[-1]
    for truth, term in reversed(list(zip(truths, terms, strict=True))[:-1]):
        chosen = z3.If(truth, term, chosen)
    return chosen


def product_term(step: plain.Formula, f: plain.Formula, variables: Sequence[Any], facts: list[Any]) -> Any:
    """A step times a formula, pushed inwards until the step is a number: z3 has linear arithmetic only."""
    head, *parts = step
    if head == "number":
        return number(parts[0]) * formula_term(f, variables, facts)
    if head == "sign":
        return product_term(
            ("cases", ("<", parts[0], ZERO), MINUS, ("==", parts[0], ZERO), ZERO, EVER, ONE), f, variables, facts
        )
    if head == "step":
        return product_term(
            ("cases", ("<", parts[0], ZERO), ZERO, ("==", parts[0], ZERO), parts[1], EVER, ONE), f, variables, facts
        )
    if head == "cases":
        terms = [product_term(part, f, variables, facts) for part in parts[1::2]]
        return first_case([condition_term(part, variables, facts) for part in parts[::2]], terms)
    if head == "if":
        return product_term(("cases", parts[0], parts[1], EVER, parts[2]), f, variables, facts)
    if head == "scale":
        return product_term(parts[1], ("scale", parts[0], f), variables, facts)
    if head == "times":
        return product_term(parts[0], ("times", parts[1], f), variables, facts)
    assert head == "add"
    return z3.Sum([product_term(part, f, variables, facts) for part in parts])


ZERO, ONE, MINUS = (("number", Fraction(k)) for k in (0, 1, -1))
EVER = ("==", ZERO, ZERO)


def condition_term(condition: plain.Formula, variables: Sequence[Any], facts: list[Any]) -> Any:
    """The truth of a condition."""
    head, *parts = condition
    if head in ("and", "or", "not"):
        inner = [condition_term(part, variables, facts) for part in parts]
        return z3.And(inner) if head == "and" else z3.Or(inner) if head == "or" else z3.Not(inner[0])
    a, b = (formula_term(part, variables, facts) for part in parts)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[head]


def domain_facts(domain: Sequence[plain.Relation], variables: Sequence[Any]) -> list[Any]:
    """The relations of a domain."""
    facts = []
    for coefficients, constant, op in domain:
        left = total(list(zip(coefficients, variables, strict=True)), constant)
        facts.append(left > 0 if op == ">" else left >= 0 if op == ">=" else left == 0)
    return facts


def graph_terms(graph: Any, variables: Sequence[Any], facts: list[Any]) -> list[Any]:
    """The outputs of a :class:`relucirc.core.graph.Graph`."""
    values = list(variables)

    def term(form: Any) -> Any:
        return total([(c, values[v]) for v, c in form.terms.items()], form.const)

    def truth(guard: Any) -> Any:
        if guard.relation is not None:
            left = term(guard.relation.form)
            return {">": left > 0, ">=": left >= 0, "==": left == 0}[guard.relation.op]
        if guard.kind in ("true", "false"):
            return z3.BoolVal(guard.kind == "true")
        parts = [truth(part) for part in guard.parts]
        return {"and": z3.And, "or": z3.Or, "not": lambda p: z3.Not(p[0])}[guard.kind](parts)

    for gate in graph.gates:
        if hasattr(gate, "branches"):
            chosen = term(gate.branches[-1][1])
            for guard, form in reversed(gate.branches[:-1]):
                chosen = z3.If(truth(guard), term(form), chosen)
            values.append(chosen)
        else:
            values.append(maximum([term(gate.left), term(gate.right)], facts))
    return [term(form) for form in graph.outputs]


def decide(
    left: Sequence[Any], right: Sequence[Any], facts: Sequence[Any], variables: Sequence[Any], seconds: float = 10
) -> str | tuple[Fraction, ...]:
    """``"equal"``, a point where some outputs differ, or ``"unknown"`` when time is over."""
    solver = z3.Solver()
    solver.set("timeout", int(1000 * seconds))
    solver.add(*facts)
    solver.add(z3.Or([a != b for a, b in zip(left, right, strict=True)]))
    answer = solver.check()
    if answer == z3.unsat:
        return "equal"
    if answer != z3.sat:
        return "unknown"
    model = solver.model()
    return tuple(model.eval(v, model_completion=True).as_fraction() for v in variables)
