"""A continuous piecewise formula in Max and Min: the lattice form, from its pieces.

On convex regions R_i that cover R^n, a continuous function with the affine pieces l_i is
``max_i min {l_j : l_j >= l_i on R_i}`` (Tarela and Martinez 1999; Ovchinnikov 2002).
"""

from relucirc.core.budget import Budget
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.geometry.cell import Cell, normal_of

MAX_PIECES = 4000


class _Undecided(Exception):
    def __init__(self, form: Form) -> None:
        self.form = form


def lattice_graph(graph: Graph, budget: Budget) -> Graph | None:
    """Rewrites a continuous graph with selects as one of maxima; None for too many pieces."""
    found = _pieces(graph, budget)
    if found is None:
        return None
    builder = GraphBuilder(graph.inputs)
    outputs = []
    for o in range(len(graph.outputs)):
        forms = list({pieces[o].key: pieces[o] for _, pieces in found}.values())
        minima: dict[tuple, list[Form]] = {}
        for cell, pieces in found:
            budget.step()
            above = [form for form in forms if cell.sign(form - pieces[o]) in (0, 1)]
            minima[tuple(sorted(form.key for form in above))] = above
        keys = [set(key) for key in minima]
        smallest = [m for m, key in zip(minima.values(), keys, strict=True) if not any(k < key for k in keys)]
        outputs.append(builder.max([builder.min(m) for m in smallest]))
    return builder.build(outputs)


def _pieces(graph: Graph, budget: Budget) -> list[tuple[Cell, tuple[Form, ...]]] | None:
    """Full-dimensional cells that cover R^n, and the affine outputs on each."""
    stack, found = [Cell.everything(len(graph.inputs))], []
    while stack:
        budget.step("pieces")
        cell = stack.pop()
        try:
            found.append((cell, _outputs(graph, cell)))
        except _Undecided as undecided:
            stack += [part for part in cell.cut(normal_of(undecided.form, len(graph.inputs))) if part is not None]
        if len(found) + len(stack) > MAX_PIECES:
            return None
    return found


def _outputs(graph: Graph, cell: Cell) -> tuple[Form, ...]:
    """The outputs on a cell where every gate is decided in the interior."""

    def sign(form: Form) -> int:
        found = cell.sign(form)
        if found is None:
            raise _Undecided(form)
        return found

    return graph.affine_outputs(sign)
