"""The hinge graph: every gate of a graph rewritten over canonical atoms.

An *atom* is ``max(0, l_1, ..., l_m)`` with the forms ``l_i`` over inputs and earlier atoms, jointly
scaled to coprime integers, and translated so that 0 is the lexicographically least of them.  With
one form it is a *hinge* ``relu(l)``, l normalised to a positive leading coefficient, since
``relu(-l) = relu(l) - l``.  Equal atoms are the same atom (hash-consing), so permuted, rescaled,
split, duplicated and dead neurons, pass-through pairs and changes of basis at linear interfaces
vanish while the graph is built.

Rules for ``max(a, b)``, in order:

* ``b - a`` is provably of one sign (a non-negative combination of known non-negative forms, see
  :meth:`HingeGraph.prove_nonnegative`): the result is ``b`` or ``a``;
* *flattening* (tropical): an atom M inside may be expanded, ``q + c max(A) = max(q + c A)`` for
  c > 0, after moving the least multiple of M out of the maximum; done where the set does not
  multiply;
* otherwise a new or known atom.

Every step leaves evidence that the checker replays without this file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.combination import cone_combination
from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.forms import Form, Key, form_to_json, primitive_scale, substitute_all
from relucirc.core.graph import Graph, MaxGate
from relucirc.geometry.cell import Cell
from relucirc.geometry.sampled import SampledValues

Evidence = dict
"""Plain JSON data."""

MAX_ELEMENTS = 4096
MAX_WORK = 40_000
"""Generators times variables up to which a combination is looked for; beyond, only the plain rule is tried."""


@dataclass(frozen=True)
class Atom:
    """``max(0, elements)``: the non-zero forms, ordered by key."""

    elements: tuple[Form, ...]

    @property
    def is_hinge(self) -> bool:
        """Whether this is ``relu`` of one form."""
        return len(self.elements) == 1


class HingeGraph:
    """Atoms shared by all graphs that are lowered into it.

    Args:
        n: Number of inputs; atom k is variable ``n + k``.
        constraints: Forms over the inputs that are ``>= 0`` on the domain.
        cell: The domain as a polyhedron, where samples are drawn; None for all of R^n.
        flatten: Whether atoms are expanded inside other atoms (the tropical rules).
    """

    def __init__(
        self, n: int, constraints: Sequence[Form] = (), cell: Cell | None = None, *, flatten: bool = False
    ) -> None:
        self.n = n
        self.constraints = tuple(constraints)
        self.flatten = flatten
        self.atoms: list[Atom] = []
        self._index: dict[tuple[Key, ...], int] = {}
        self._flipped: set[int] = set()
        self._samples = SampledValues(n, cell)

    def lower(self, graph: Graph) -> tuple[list[Form], list[Evidence]]:
        """Rewrites a graph without selects; returns its output forms, and one step per gate."""
        values: list[Form] = []
        steps: list[Evidence] = []

        def value(v: int) -> Form | None:
            return None if v < self.n else values[v - self.n]

        for layer in _layers(graph, self.n):
            forms = substitute_all([form for gate in layer for form in (gate.left, gate.right)], value)
            for left, right in zip(forms[::2], forms[1::2], strict=True):
                tick("gates")
                result, step = self.max(left, right)
                values.append(result)
                steps.append(step)
        return substitute_all(graph.outputs, value), steps

    def with_atoms(self, atoms: Sequence[Atom]) -> "HingeGraph":
        """Returns a graph with other definitions for the same variables; for reading, not for lowering."""
        other = HingeGraph(self.n, self.constraints)
        other.atoms = list(atoms)
        return other

    def atom(self, v: int) -> Atom:
        """Returns the atom of a variable."""
        return self.atoms[v - self.n]

    def max(self, left: Form, right: Form) -> tuple[Form, Evidence]:
        """Returns ``max(left, right)`` over atoms, with the evidence for it."""
        difference = right - left
        if difference.is_constant:
            side, taken = ("right", right) if difference.const.p >= 0 else ("left", left)
            return taken, {"take": side, "by": []}
        rises, falls = True, True
        if self.constraints or any(v >= self.n for v in difference.terms):
            rises, falls = self._samples.signs(difference)
        if not falls and (proof := self.prove_nonnegative(difference)) is not None:
            return right, {"take": "right", "by": proof}
        if not rises and (proof := self.prove_nonnegative(-difference)) is not None:
            return left, {"take": "left", "by": proof}
        outside, expanded = None, []
        if self.flatten:
            outside, elements, expanded = self._flattened(left, right)
            base, moved = _from_the_least(elements)
        else:
            base, moved = (right, [-difference]) if difference.sign() < 0 else (left, [difference])
        scale, k = self._intern(moved)
        step = {"atom": k, "scale": text(scale), "base": form_to_json(base)}
        if expanded:
            step["expand"] = expanded
        result = base + Form({self.n + k: scale})
        if left == Form() and self.atoms[k].is_hinge:
            (self._flipped.add if base.terms else self._flipped.discard)(self.n + k)
        return result + outside if outside else result, step

    def prove_nonnegative(self, form: Form) -> list | None:
        """Writes a form as a non-negative combination of known non-negative ones.

        Known are an atom minus any of its elements, the domain's constraints, and positive
        constants.  Returns the terms ``["atom", k, element, multiplier]`` (element 0 is zero)
        and ``["constraint", i, multiplier]``, or None.
        """
        if form.const.p >= 0 and all(v >= self.n and c.p > 0 for v, c in form.terms.items()):
            return [["atom", v - self.n, 0, text(c)] for v, c in sorted(form.terms.items())]
        if (neurons := self._as_neurons(form)) is not None:
            return neurons
        generators, names = self._known_nonnegative(form)
        columns = sorted({v for g in (*generators, form) for v in g.terms})
        work = len(generators) * len(columns)
        if not generators or work > MAX_WORK:
            return None
        vectors = [[*(g.coefficient(v) for v in columns), g.const] for g in generators]
        slack = [ZERO] * len(columns) + [ONE]
        target = [*(form.coefficient(v) for v in columns), form.const]
        multipliers = cone_combination(target, [*vectors, slack], thorough=False).multipliers
        if multipliers is None:
            return None
        return [[*name, text(m)] for name, m in zip(names, multipliers, strict=False) if m]

    def _as_neurons(self, form: Form) -> list | None:
        """Writes a form as a positive sum of neurons: each a hinge, or that of its opposite, as it was last met."""
        rest, found = form, []
        while (v := max(rest.terms, default=-1)) >= self.n:
            c, elements = rest.terms[v], self.atom(v).elements
            if c.p < 0 or len(elements) != 1:
                return None
            neuron = Form.variable(v) - elements[0] if v in self._flipped else Form.variable(v)
            rest = rest - neuron.scale(c)
            found.append(["atom", v - self.n, int(v in self._flipped), text(c)])
        return found if not rest.terms and rest.const.p >= 0 else None

    def _known_nonnegative(self, form: Form) -> tuple[list[Form], list[list]]:
        generators, names = [], []
        for v in sorted(form.terms):
            if v >= self.n:
                atom = Form.variable(v)
                for j, element in enumerate((Form(), *self.atom(v).elements)):
                    generators.append(atom - element)
                    names.append(["atom", v - self.n, j])
        if all(v < self.n for v in form.terms) or self.constraints:
            for i, constraint in enumerate(self.constraints):
                generators.append(constraint)
                names.append(["constraint", i])
        return generators, names

    def _flattened(self, left: Form, right: Form) -> tuple[Form, list[Form], list[int]]:
        """Expands atoms inside the set {left, right} where that does not multiply it.

        Returns ``outside, elements, expanded`` with max(left, right) = outside + max(elements).
        """
        elements = {form.key: form for form in (left, right)}
        outside, expanded = Form(), []
        pending = {v for form in elements.values() for v in form.terms if v >= self.n}
        while pending:
            tick()
            v = max(pending)
            pending.discard(v)
            coefficients = [form.coefficient(v) for form in elements.values()]
            least = min(coefficients)
            inside = [form for form, c in zip(elements.values(), coefficients, strict=True) if c != least]
            options = self.atom(v).elements
            if len(inside) > 1 or len(elements) + len(options) > MAX_ELEMENTS:
                continue
            outside, elements = expand(v, options, outside, elements)
            expanded.append(v - self.n)
            pending |= {u for option in options for u in option.terms if self.n <= u < v} if inside else set()
        return outside, list(elements.values()), expanded

    def _intern(self, moved: Sequence[Form]) -> tuple[fmpq, int]:
        """Returns ``scale, k`` with max(0, moved) = scale * atom k."""
        scale = primitive_scale(moved)
        inverse = ONE / scale
        scaled = sorted((form.scale(inverse) for form in moved), key=lambda form: form.key)
        key = tuple(form.key for form in scaled)
        k = self._index.get(key)
        if k is None:
            k = self._index[key] = len(self.atoms)
            atom = Atom(tuple(scaled))
            self.atoms.append(atom)
            self._samples.add(atom.elements)
        return scale, k

    def reachable(self, forms: Iterable[Form]) -> list[int]:
        """Lists the atoms that the forms depend on, ascending."""
        seen: set[int] = set()
        stack = [v for form in forms for v in form.terms if v >= self.n]
        while stack:
            v = stack.pop()
            if v not in seen:
                seen.add(v)
                stack.extend(u for form in self.atom(v).elements for u in form.terms if u >= self.n)
        return sorted(v - self.n for v in seen)

    def atoms_to_json(self) -> list:
        """Returns the atoms as certificate data."""
        return [[form_to_json(form) for form in atom.elements] for atom in self.atoms]


def _layers(graph: Graph, n: int) -> Iterator[list[MaxGate]]:
    """The gates in groups, none of which reads another of its group."""
    layer: list[MaxGate] = []
    first = n
    for k, gate in enumerate(graph.gates):
        assert isinstance(gate, MaxGate)
        if any(v >= first for form in (gate.left, gate.right) for v in form.terms):
            yield layer
            layer, first = [], n + k
        layer.append(gate)
    yield layer


def _from_the_least(elements: Sequence[Form]) -> tuple[Form, list[Form]]:
    """Returns the lexicographically least of distinct forms, and the others minus it."""
    base = elements[0]
    for form in elements[1:]:
        if (form - base).sign() < 0:
            base = form
    return base, [form - base for form in elements if form is not base]


def expand(v: int, options: Sequence[Form], outside: Form, elements: dict[Key, Form]) -> tuple[Form, dict[Key, Form]]:
    """Expands the atom v = max(0, options) inside max(elements); see the module's rules."""
    least = min(form.coefficient(v) for form in elements.values())
    moved = Form({v: least})
    result: dict[Key, Form] = {}
    for form in elements.values():
        rest = form - moved
        extra = rest.coefficient(v)
        if not extra:
            result[rest.key] = rest
            continue
        rest = rest - Form({v: extra})
        for option in (Form(), *options):
            expanded = rest + option.scale(extra)
            result[expanded.key] = expanded
    return outside + moved, result
