"""Back to SymPy: the exact expression that a network computes, in Max/Min or as a Piecewise.

The way there is the normal form, so dead, split and rescaled neurons leave no trace.  Expressions
are built unevaluated, since SymPy's Max and Min compare all pairs of their arguments.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from flint import fmpq

from relucirc.errors import FormulaError, not_a_network, shorten
from relucirc.exact import ONE, ZERO, to_rational
from relucirc.forms import Form, combine
from relucirc.geometry.cell import Cell
from relucirc.graph import Graph
from relucirc.hinges import HingeGraph
from relucirc.lower.from_family import resolve_family
from relucirc.lower.from_network import graph_of_network
from relucirc.network import MLP
from relucirc.subdivision import Part, leaves

MAX_BRANCHES = 10_000


def to_sympy(net: MLP | Graph, form: str = "max", symbols: Sequence[sympy.Symbol] | None = None) -> Any:
    """Converts a network to the exact piecewise-linear expression that it computes on R^n.

    Args:
        net: A network; its float weights mean exactly the binary values that they hold.
        form: ``"max"`` for sums of Max, Min and Abs; ``"piecewise"`` for a Piecewise whose
            conditions are exact polyhedra, the last one True.
        symbols: The input symbols, in order; plain ``Symbol(name)`` by default, so that
            ``expr.subs({"x1": 3})`` works.

    Returns:
        An expression, or a list of them for several outputs.

    Raises:
        FormulaError: For an unknown form, a wrong number of symbols, or more than 10,000 regions.

    Example:
        >>> import relucirc
        >>> to_sympy(relucirc.circuits.minimum())
        Min(x1, x2)
    """
    graph = graph_of(net)
    names = [sympy.Symbol(name) for name in graph.inputs] if symbols is None else list(symbols)
    if len(names) != len(graph.inputs):
        inputs = list(graph.inputs)
        raise FormulaError(f"expected {len(inputs)} symbols for the inputs {inputs}, got {shorten(names)}.")
    makers: dict[str, Callable[[Graph, Sequence[sympy.Symbol]], list]] = {"max": in_maxima, "piecewise": in_pieces}
    if form not in makers:
        raise FormulaError(f"form: expected one of {sorted(makers)}, got {shorten(form)}.")
    expressions = makers[form](graph, names)
    return expressions[0] if len(expressions) == 1 else expressions


def graph_of(net: MLP | Graph) -> Graph:
    """Returns the graph of a network, of a symbolic family, or a graph as it is."""
    if isinstance(net, Graph):
        return net
    if not isinstance(net, MLP):
        raise not_a_network(net)
    return graph_of_network(resolve_family(net)[0] if net.symbols else net)


def in_maxima(graph: Graph, symbols: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
    """Writes every output in Max, Min and Abs: the shorter of the two normal forms."""
    hinges = [HingeGraph(len(graph.inputs), flatten=flatten) for flatten in (True, False)]
    writers = [(_Writer(h, symbols), h.lower(graph)[0]) for h in hinges]
    chosen = []
    for i in range(len(graph.outputs)):
        options = [writer.write(outputs[i]) for writer, outputs in writers]
        chosen.append(min(options, key=lambda option: option[0])[1])
    return chosen


Written = tuple[int, sympy.Expr]
"""How many numbers a reader has to take in, and the expression."""


class _Writer:
    """Writes forms over atoms, sharing repeated sub-expressions."""

    def __init__(self, hinges: HingeGraph, symbols: Sequence[sympy.Symbol]) -> None:
        self.hinges = hinges
        self.symbols = symbols
        self._atoms: dict[tuple, Written] = {}

    def write(self, form: Form) -> Written:
        """Writes a form: each atom may take a share of the affine rest with it, if that is shorter."""
        n = self.hinges.n
        affine = Form({v: c for v, c in form.terms.items() if v < n}, form.const)
        atoms = [(v, form.terms[v]) for v in sorted(form.terms) if v >= n]
        ways = [self._shares(v, c, affine, len(atoms)) for v, c in atoms]
        if 3 ** len(atoms) > 500:
            ways = [options[:1] for options in ways]
        best: Written | None = None
        for choice in itertools.product(*ways):
            rest = combine([(ONE, affine), *((-ONE, share) for share in choice)])
            parts = [self._atom(v, c, share) for (v, c), share in zip(atoms, choice, strict=True)]
            parts.append(self._affine(rest))
            size = sum(size for size, _ in parts)
            if best is None or size < best[0]:
                best = size, _add([part for _, part in parts])
        assert best is not None
        return best

    def _shares(self, v: int, c: fmpq, affine: Form, count: int) -> list[Form]:
        """Affine forms that an atom may absorb: none, half of a hinge's (it becomes Abs), the rest."""
        shares = [Form()]
        if self.hinges.atom(v).is_hinge:
            shares.append(self.hinges.atom(v).elements[0].scale(-c / 2))
        if count == 1:
            shares.append(affine)
        else:
            own = {u for element in self.hinges.atom(v).elements for u in element.terms}
            shares.append(Form({u: a for u, a in affine.terms.items() if u in own}))
        return [s for s in shares if all(u < self.hinges.n for u in s.terms)]

    def _atom(self, v: int, c: fmpq, share: Form) -> Written:
        """Writes ``share + c * max(0, elements)`` as one Max, Min or Abs."""
        key = (v, int(c.p), int(c.q), share.key)
        if key not in self._atoms:
            self._atoms[key] = self._write_atom(v, c, share)
        return self._atoms[key]

    def _write_atom(self, v: int, c: fmpq, share: Form) -> Written:
        options = [combine([(ONE, share), (c, element)]) for element in (Form(), *self.hinges.atom(v).elements)]
        kind = sympy.Max if c.p > 0 else sympy.Min
        if len(options) == 2 and options[0] == -options[1]:
            scale, positive = options[1 if options[1].sign() > 0 else 0].primitive()
            size, inner = self.write(positive)
            return size + 1, _scaled(scale if c.p > 0 else -scale, sympy.Abs(inner, evaluate=False))
        scale = ONE if share else abs(c)
        written = [self.write(option.scale(ONE / scale)) for option in options]
        size = sum(size for size, _ in written) + 1
        return size + (scale != 1), _scaled(scale, kind(*(part for _, part in written), evaluate=False))

    def _affine(self, form: Form) -> Written:
        size = len(form.terms) + bool(form.const) + sum(c not in (1, -1) for c in form.terms.values())
        return size, affine_expression(form, self.symbols)


def affine_expression(form: Form, symbols: Sequence[sympy.Symbol] | Mapping[int, sympy.Expr]) -> sympy.Expr:
    """Writes a form over the inputs as a SymPy sum."""
    return sympy.Add(*(to_rational(c) * symbols[v] for v, c in sorted(form.terms.items())), to_rational(form.const))


def _add(parts: Sequence[sympy.Expr]) -> sympy.Expr:
    kept = [part for part in parts if part != 0]
    return sympy.Add(*kept) if kept else sympy.Integer(0)


def _scaled(scale: fmpq, part: sympy.Expr) -> sympy.Expr:
    return part if scale == 1 else sympy.Mul(to_rational(scale), part, evaluate=False)


def in_pieces(graph: Graph, symbols: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
    """Writes every output as a Piecewise over the regions where it is affine."""
    hinges = HingeGraph(len(graph.inputs))
    outputs, _ = hinges.lower(graph)
    return [_piecewise(hinges, output, symbols) for output in outputs]


def _piecewise(hinges: HingeGraph, output: Form, symbols: Sequence[sympy.Symbol]) -> sympy.Expr:
    pieces: dict[tuple, list[Part]] = {}
    for count, part in enumerate(leaves(hinges, [output], Cell.everything(hinges.n))):
        if count >= MAX_BRANCHES:
            raise FormulaError(f"more than {MAX_BRANCHES} regions; use form='max' or relucirc.regions.")
        pieces.setdefault(part.forms[0].key, []).append(part)
    branches = []
    for parts in pieces.values():
        conditions = [sympy.And(*(_relation(form, symbols) for form in _facets(part))) for part in parts]
        branches.append((len(parts), affine_expression(parts[0].forms[0], symbols), sympy.Or(*conditions)))
    if len(branches) == 1:
        return branches[0][1]
    branches.sort(key=lambda branch: branch[0])
    pairs = [(value, condition) for _, value, condition in branches[:-1]]
    return sympy.Piecewise(*pairs, (branches[-1][1], True), evaluate=False)


def _facets(part: Part) -> list[Form]:
    """The cuts that bound a part of R^n: those tight on a maximal set of its rays."""
    tight = [
        frozenset(i for i, (_, mask) in enumerate(part.cell.rays) if mask >> (k + 1) & 1) for k in range(len(part.cuts))
    ]
    return [
        form
        for k, (form, rays) in enumerate(zip(part.cuts, tight, strict=True))
        if not any(rays < other or (rays == other and j < k) for j, other in enumerate(tight))
    ]


def _relation(form: Form, symbols: Sequence[sympy.Symbol]) -> sympy.Basic:
    """Writes ``form >= 0`` with positive terms on either side: ``x1 >= x2``."""
    _, primitive = form.primitive()
    above = Form({v: c for v, c in primitive.terms.items() if c.p > 0}, max(primitive.const, ZERO))
    below = above - primitive
    return sympy.Ge(affine_expression(above, symbols), affine_expression(below, symbols), evaluate=False)
