"""Lattice formulas: a maximum of minima as a signed sum of minima, term by term.

On {0, 1} a minimum is a product, and a maximum is ``a + b - a b``; so a lattice polynomial has a
multilinear polynomial ``sum c_U prod(U)``, and by the 0-1 principle ``sum c_U min(U)`` equals it on
all of R^n.  Its sets U hold only the formula's own affine forms: five numbers' median is 16 minima of
at most five, where sums of maxima would multiply.

A continuous piecewise formula has the lattice form of its pieces: on convex regions R_i that cover R^n, a
continuous function with the affine pieces l_i is ``max_i min {l_j : l_j >= l_i on R_i}`` (Tarela and
Martinez 1999; Ovchinnikov 2002).
"""

from collections.abc import Mapping

from flint import fmpq

from relucirc.core.budget import Budget, tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, Key
from relucirc.core.graph import Graph, GraphBuilder, MaxGate
from relucirc.geometry.cell import Cell, normal_of
from relucirc.optimal.maxima import Maxima

MAX_MONOMIALS = 3000
MAX_PIECES = 4000

Polynomial = dict[frozenset[Key], int]
"""Coefficient of every minimum, by the set of its forms."""


def lattice_maxima(graph: Graph, budget: Budget) -> list[Maxima] | None:
    """Writes the outputs as signed sums of minima or maxima, if every gate compares lattice polynomials.

    Returns:
        None where a gate compares something else, such as a sum of two maxima, or for too many terms.
    """
    reader = _Reader(graph)
    for k, gate in enumerate(graph.gates):
        budget.step()
        if not isinstance(gate, MaxGate) or not reader.add(k, gate):
            return None
    results = []
    for output in graph.outputs:
        minima, maxima = (reader.expand(output, down=down) for down in (True, False))
        if minima is None or maxima is None:
            return None
        results.append(min(minima, maxima, key=lambda m: sum(len(key) for key in m.terms)))
    return results


class _Reader:
    """Wires: affine forms, gates, and the smaller one of what a gate compares, up to scale and shift."""

    def __init__(self, graph: Graph) -> None:
        self.n = len(graph.inputs)
        self.forms: dict[Key, Form] = {}
        self.wires: dict[Key, Polynomial] = {}

    def add(self, k: int, gate: MaxGate) -> bool:
        left, right = self.wire(gate.left), self.wire(gate.right)
        if left is None or right is None:
            return False
        product = _product(left, right)
        if len(product) > MAX_MONOMIALS:
            return False
        variable = Form.variable(self.n + k)
        self.wires[variable.key] = _sum(_sum(left, right), {key: -c for key, c in product.items()})
        self.wires[(gate.left + gate.right - variable).key] = product
        return True

    def wire(self, form: Form) -> Polynomial | None:
        """The polynomial of a form that is an affine form or a scaled and shifted wire."""
        gates = [v for v in form.terms if v >= self.n]
        if not gates:
            return {frozenset([self._name(form)]): 1}
        known = self.wires.get(form.key)
        if known is not None:
            return known
        if len(gates) > 1:
            return None
        scale = form.terms[gates[0]]
        shift = form - Form({gates[0]: scale})
        base = self.wires[Form.variable(gates[0]).key]
        moved = {key: {self._name(self.forms[k].scale(scale) + shift) for k in key} for key in base}
        if scale > 0:
            return {frozenset(moved[key]): c for key, c in base.items()}
        return _dual({frozenset(moved[key]): c for key, c in base.items()})

    def expand(self, output: Form, *, down: bool) -> Maxima | None:
        """An output as a signed sum of minima (as maxima of negated forms), or of maxima."""
        total = Maxima(Form({v: c for v, c in output.terms.items() if v < self.n}, output.const))
        for v, c in output.terms.items():
            if v >= self.n:
                polynomial = self.wires[Form.variable(v).key]
                polynomial, sign = (polynomial, fmpq(-1)) if down else (_dual(polynomial), ONE)
                if not down and len(polynomial) > MAX_MONOMIALS:
                    return None
                for key, count in polynomial.items():
                    total.add([self.forms[k].scale(sign) for k in key], sign * c * count)
        return total

    def _name(self, form: Form) -> Key:
        key = form.key
        self.forms.setdefault(key, form)
        return key


def _sum(a: Mapping[frozenset[Key], int], b: Mapping[frozenset[Key], int]) -> Polynomial:
    return {key: c for key in {**a, **b} if (c := a.get(key, 0) + b.get(key, 0))}


def _product(a: Polynomial, b: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for p, c in a.items():
        tick()
        for q, d in b.items():
            key = p | q
            total[key] = total.get(key, 0) + c * d
    return {key: c for key, c in total.items() if c}


def _dual(polynomial: Polynomial) -> Polynomial:
    """The polynomial in the other basis: ``max(U) = sum over T in U of (-1)^(|T| + 1) min(T)``, and the reverse."""
    total: Polynomial = {}
    for key, c in polynomial.items():
        tick()
        subsets: list[tuple[frozenset[Key], int]] = [(frozenset(), -c)]
        for k in key:
            subsets += [(part | {k}, -value) for part, value in subsets]
        for part, value in subsets:
            if part:
                total[part] = total.get(part, 0) + value
    return {key: c for key, c in total.items() if c}


class _Undecided(Exception):
    """A form that has both signs on a cell."""


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
            stack += [part for part in cell.cut(normal_of(undecided.args[0], len(graph.inputs))) if part is not None]
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
