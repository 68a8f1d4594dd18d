"""Formulas in steps as one graph: those of hidden variables are put in where these are read."""

from collections.abc import Sequence

from relucirc.core.forms import Form
from relucirc.core.graph import Graph, GraphBuilder, MaxGate
from relucirc.interpretation.terms import Term, graph_of_term, variables_of


def composed(names: Sequence[str], terms: Sequence[Term], forms: Sequence[Form]) -> Graph:
    """Returns the graph of forms over inputs and hidden variables.

    Args:
        names: The names of the inputs, then of the variables.
        terms: The formulas of the variables, each over inputs and earlier ones.
        forms: The outputs.
    """
    n = len(names) - len(terms)
    needed, pending = set[int](), {v for form in forms for v in form.terms if v >= n}
    while pending:
        v = pending.pop()
        needed.add(v)
        pending |= {u for u in variables_of(terms[v - n]) if u >= n} - needed
    builder = GraphBuilder(names[:n])
    values = [Form.variable(v) for v in range(n)]
    for v in range(n, len(names)):
        if v not in needed:
            values.append(Form())
            continue
        part, inside = graph_of_term(terms[v - n], names[:v]), list(values)
        for gate in part.gates:
            assert isinstance(gate, MaxGate)
            sides = [side.substitute(inside.__getitem__) for side in (gate.left, gate.right)]
            inside.append(builder.max(sides))
        values.append(part.outputs[0].substitute(inside.__getitem__))
    return builder.build([form.substitute(values.__getitem__) for form in forms])
