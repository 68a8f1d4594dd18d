"""SMT: z3 looks for a counterexample where the problem is small and z3 is installed.

z3 gives no proof that the checker could replay, so its "unsat" proves nothing here; a model of
it is a point, and points are evaluated exactly.  Thin and far regions, which sampling misses, are
what it finds.  ``pip install 'relucirc[smt]'``.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.core.budget import seconds_left, tick
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate
from relucirc.proof.answers import Found, Refuted
from relucirc.proof.problem import Problem

MAX_GATES = 60
SECONDS = 0.5
SHARE = 0.1
"""Share of the remaining budget."""


def decide(problem: Problem) -> Found:
    """Refutes at a model of "some output differs"; None for everything else."""
    if not 0 < len(problem.left.gates) + len(problem.right.gates) <= MAX_GATES:
        return None
    try:
        import z3  # noqa: PLC0415  (an extra)
    except ImportError:
        return None
    solver = z3.SolverFor("QF_LRA")
    solver.set("timeout", max(1, int(1000 * SHARE * seconds_left(SECONDS / SHARE))))
    inputs = z3.Reals([f"x{i}" for i in range(problem.n)])
    left = _encode(z3, solver, problem.left, inputs, "l")
    right = _encode(z3, solver, problem.right, inputs, "r")
    solver.add(*(_value(z3, form, inputs) >= 0 for form in problem.constraints))
    solver.add(z3.Or(*(a != b for a, b in zip(left, right, strict=True))))
    if solver.check() != z3.sat:
        tick()
        return None
    model = solver.model()
    values = [model.eval(x, model_completion=True) for x in inputs]
    point = tuple(fmpq(v.numerator_as_long(), v.denominator_as_long()) for v in values)
    return Refuted("smt", point) if problem.differ_at(point) else None


def _encode(z3: Any, solver: Any, graph: Graph, inputs: Sequence[Any], side: str) -> list[Any]:
    """States every gate as its defining inequalities, which z3 takes far better than nested ifs."""
    values = list(inputs)
    for k, gate in enumerate(graph.gates):
        assert isinstance(gate, MaxGate)
        a, b = _value(z3, gate.left, values), _value(z3, gate.right, values)
        y = z3.Real(f"{side}{k}")
        solver.add(y >= a, y >= b, z3.Or(y <= a, y <= b))
        values.append(y)
    return [_value(z3, form, values) for form in graph.outputs]


def _value(z3: Any, form: Form, values: Sequence[Any]) -> Any:
    terms = [z3.Q(int(c.p), int(c.q)) * values[v] for v, c in form.terms.items()]
    return z3.Sum([*terms, z3.Q(int(form.const.p), int(form.const.q))])
