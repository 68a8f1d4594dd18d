"""Back to SymPy: the exact expression that a network computes, in Max/Min or as a Piecewise.

The way there is the normal form, so dead, split and rescaled neurons leave no trace.  Expressions
are built unevaluated, since SymPy's Max and Min compare all pairs of their arguments.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cached_property, partial
from typing import Any

import sympy
from flint import fmpq
from sympy.core.sympify import converter

from relucirc.core.budget import Budget, OutOfBudget, tick
from relucirc.core.errors import FormulaError, RelucircError, shorten
from relucirc.core.exact import ONE, ZERO, to_rational
from relucirc.core.forms import Form, Key, combine
from relucirc.core.graph import Graph
from relucirc.geometry.cell import transposed
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.geometry.subdivision import leaves
from relucirc.language.as_network import as_network
from relucirc.language.function import read_function
from relucirc.language.network import MLP

Number = Callable[[fmpq], sympy.Expr]
"""How numbers are written."""
MAX_DIGITS = 1000
MAX_BRANCHES = 10_000
MAX_SHARED = 5
"""With more atoms in a sum, none of them takes a share of the affine rest with it."""
MAX_FORMS = 500
"""With more forms written, atoms take no shares either: every choice of shares leads to other forms below."""
MAX_SIZE = 500_000
"""Numbers and names in all formulas together, shared parts counted wherever they stand: SymPy walks them all."""


def to_sympy(
    net: MLP | Graph,
    form: str = "max",
    symbols: Sequence[sympy.Symbol] | None = None,
    *,
    digits: int | None = None,
    budget: float | None = 60.0,
) -> Any:
    """Converts a network to the exact piecewise-linear expression that it computes on R^n.

    Args:
        net: A network; its float weights mean exactly the binary values that they hold.
        form: ``"max"`` for sums of Max, Min and Abs; ``"piecewise"`` for a Piecewise whose
            conditions are exact polyhedra, the last one True.
        symbols: The input symbols, in order; plain ``Symbol(name)`` by default, so that
            ``expr.subs({"x1": 3})`` works.
        digits: Round every number to so many significant digits, for reading; None for none.  What comes out is then
            near the network and not equal to it: :func:`relucirc.max_deviation` says how near.
        budget: Seconds of wall time; None for no limit.

    Returns:
        An expression, or a list of them for several outputs.

    Raises:
        FormulaError: For an unknown form, a wrong number of symbols, or more than 10,000 regions.
        RelucircError: When the budget ends first, saying how far the work got.

    Example:
        >>> import relucirc
        >>> to_sympy(relucirc.circuits.minimum())
        Min(x1, x2)
        >>> net = relucirc.MLP.from_arrays([([["1/3"], ["2/3"]], None), ([["1234", 1]], None)])
        >>> to_sympy(net), to_sympy(net, digits=3)
        (412*Max(0, x), 412*Max(0, x))
    """
    if digits is not None and (type(digits) is not int or not 0 < digits <= MAX_DIGITS):
        raise FormulaError(f"digits: expected a number from 1 to {MAX_DIGITS}, got {shorten(digits)}.")
    clock = Budget(budget)
    try:
        with clock:
            return write_formula(net, form, symbols, to_rational if digits is None else partial(rounded, digits=digits))
    except OutOfBudget as error:
        ended = clock.ended(error)
        done = ", ".join(f"{count} {name}" for name, count in clock.progress.items()) or "nothing"
        raise RelucircError(
            f"to_sympy: {ended} after {done}; pass a larger one, or ask explain, "
            "regions or max_deviation, which need no formula."
        ) from None


def write_formula(
    net: MLP | Graph,
    form: str = "max",
    symbols: Sequence[sympy.Symbol] | None = None,
    number: Number = to_rational,
) -> Any:
    """Writes a network as an expression, under the clock that is running; see :func:`to_sympy`."""
    graph = graph_of(net)
    names = [sympy.Symbol(name) for name in graph.inputs] if symbols is None else list(symbols)
    if len(names) != len(graph.inputs):
        inputs = list(graph.inputs)
        raise FormulaError(f"expected {len(inputs)} symbols for the inputs {inputs}, got {shorten(names)}.")
    makers: dict[str, Callable[[Graph, Sequence[sympy.Symbol], Number], list]] = {
        "max": in_maxima,
        "piecewise": in_pieces,
    }
    if form not in makers:
        raise FormulaError(f"form: expected one of {sorted(makers)}, got {shorten(form)}.")
    expressions = makers[form](graph, names, number)
    return expressions[0] if len(expressions) == 1 else expressions


def graph_of(net: MLP | Graph) -> Graph:
    """Returns the graph of a network, of a symbolic family, or a graph as it is."""
    return read_function(net if isinstance(net, Graph) else as_network(net))


def rounded(value: fmpq, digits: int) -> sympy.Expr:
    """Rounds a number to the nearest of so many significant digits, ties to even; a whole one stays an integer.

    Example:
        >>> rounded(fmpq(2, 3), 3), rounded(fmpq(1234), 3), rounded(fmpq(12), 3)
        (0.667, 1.23e+3, 12)
    """
    with localcontext(Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)):
        quotient = Decimal(int(value.p)) / Decimal(int(value.q))
    if quotient.adjusted() < digits and quotient == quotient.to_integral_value():
        return sympy.Integer(int(quotient))
    return sympy.Float(str(quotient), digits)


def in_maxima(graph: Graph, symbols: Sequence[sympy.Symbol], number: Number = to_rational) -> list[sympy.Expr]:
    """Writes every output in Max, Min and Abs: the shorter of the two normal forms."""
    hinges = [HingeGraph(len(graph.inputs), flatten=flatten) for flatten in (True, False)]
    writers = [(_Writer(h, symbols, number), h.lower(graph)[0]) for h in hinges]
    chosen = []
    for i in range(len(graph.outputs)):
        options = [writer.write(outputs[i]) for writer, outputs in writers]
        chosen.append(min(options, key=lambda option: option.size))
    total = sum(written.size for written in chosen)
    if total > MAX_SIZE:
        about = f"{total:,}" if total < 10**12 else f"more than 10^{len(str(total)) - 1}"
        raise FormulaError(
            f"to_sympy: written out the formula has {about} numbers and names, which SymPy cannot handle (the limit "
            f"is {MAX_SIZE:,}); ask regions or max_deviation, which need no formula."
        )
    return [written.expression for written in chosen]


@dataclass(frozen=True)
class Written:
    """An expression that is made when it is asked for.

    Attributes:
        size: How many numbers and names a reader has to take in.
        make: Makes the expression.
    """

    size: int
    make: Callable[[], sympy.Expr]

    @cached_property
    def expression(self) -> sympy.Expr:
        """The expression."""
        tick("expressions")
        return self.make()

    def scaled(self, scale: fmpq, number: Number) -> "Written":
        """Returns a multiple, by a number that may be 1."""
        if scale == 1:
            return self
        return Written(self.size + 1, lambda: sympy.Mul(number(scale), self.expression, evaluate=False))


class _Writer:
    """Writes forms over atoms, sharing repeated sub-expressions."""

    def __init__(self, hinges: HingeGraph, symbols: Sequence[sympy.Symbol], number: Number) -> None:
        self.hinges = hinges
        self.symbols = symbols
        self.number = number
        self._forms: dict[Key, Written] = {}
        self._atoms: dict[tuple[int, bool], Written] = {}

    def write(self, form: Form) -> Written:
        """Writes a form: each atom may take a share of the affine rest with it, if that is shorter."""
        if form.key not in self._forms:
            self._forms[form.key] = self._write(form)
        return self._forms[form.key]

    def _write(self, form: Form) -> Written:
        n = self.hinges.n
        affine = Form({v: c for v, c in form.terms.items() if v < n}, form.const)
        atoms = [(v, form.terms[v]) for v in sorted(form.terms) if v >= n]
        few = len(atoms) <= MAX_SHARED and len(self._forms) <= MAX_FORMS
        ways = [self._shares(v, c, affine, len(atoms)) if few else [Form()] for v, c in atoms]
        best: Written | None = None
        for choice in itertools.product(*ways):
            tick()
            rest = combine([(ONE, affine), *((-ONE, share) for share in choice)])
            parts = [self._atom(v, c, share) for (v, c), share in zip(atoms, choice, strict=True)]
            parts.append(self._affine(rest))
            if best is None or sum(part.size for part in parts) < best.size:
                best = _sum(parts)
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
        if share:
            return self._extreme(v, c, share)
        sign = ONE if c.p > 0 else -ONE
        key = (v, c.p > 0)
        if key not in self._atoms:
            self._atoms[key] = self._extreme(v, sign, share)
        return self._atoms[key].scaled(abs(c), self.number)

    def _extreme(self, v: int, c: fmpq, share: Form) -> Written:
        options = [combine([(ONE, share), (c, element)]) for element in (Form(), *self.hinges.atom(v).elements)]
        kind = sympy.Max if c.p > 0 else sympy.Min
        if len(options) == 2 and options[0] == -options[1]:
            scale, positive = options[1 if options[1].sign() > 0 else 0].primitive()
            inner = self.write(positive)
            absolute = Written(inner.size + 1, lambda: sympy.Abs(inner.expression, evaluate=False))
            return absolute.scaled(scale if c.p > 0 else -scale, self.number)
        parts = [self.write(option) for option in options]
        size = sum(part.size for part in parts) + 1
        return Written(size, lambda: kind(*(part.expression for part in parts), evaluate=False))

    def _affine(self, form: Form) -> Written:
        size = len(form.terms) + bool(form.const) + sum(c not in (1, -1) for c in form.terms.values())
        return Written(size, lambda: affine_expression(form, self.symbols, self.number))


def affine_expression(
    form: Form, symbols: Sequence[sympy.Symbol] | Mapping[int, sympy.Expr], number: Number = to_rational
) -> sympy.Expr:
    """Writes a form over the inputs as a SymPy sum."""
    return sympy.Add(*(number(c) * symbols[v] for v, c in sorted(form.terms.items())), number(form.const))


def _sum(parts: Sequence[Written]) -> Written:
    def make() -> sympy.Expr:
        kept = [part.expression for part in parts if part.expression != 0]
        return sympy.Add(*kept) if kept else sympy.Integer(0)

    return Written(sum(part.size for part in parts), make)


def in_pieces(graph: Graph, symbols: Sequence[sympy.Symbol], number: Number = to_rational) -> list[sympy.Expr]:
    """Writes every output as a Piecewise over the regions where it is affine."""
    hinges = HingeGraph(len(graph.inputs))
    outputs, _ = hinges.lower(graph)
    return [_piecewise(hinges, output, symbols, number) for output in outputs]


def _piecewise(hinges: HingeGraph, output: Form, symbols: Sequence[sympy.Symbol], number: Number) -> sympy.Expr:
    pieces: dict[Form, list[Region]] = {}
    for count, (part, (form,)) in enumerate(leaves(hinges, [output], Region.everything(hinges.n))):
        tick("regions")
        if count >= MAX_BRANCHES:
            raise FormulaError(f"more than {MAX_BRANCHES} regions; use form='max' or relucirc.regions.")
        pieces.setdefault(form, []).append(part)
    branches = []
    for form, parts in pieces.items():
        conditions = [sympy.And(*(_relation(facet, symbols, number) for facet in _facets(part))) for part in parts]
        branches.append((len(parts), affine_expression(form, symbols, number), sympy.Or(*conditions)))
    if len(branches) == 1:
        return branches[0][1]
    branches.sort(key=lambda branch: branch[0])
    pairs = [(value, condition) for _, value, condition in branches[:-1]]
    return sympy.Piecewise(*pairs, (branches[-1][1], True), evaluate=False)


def _facets(part: Region) -> list[Form]:
    """The cuts that bound a part of R^n: those tight on a maximal set of its rays."""
    tight = transposed([mask for _, mask in part.cell.rays])
    faces = [tight.get(2 << k, 0) for k in range(len(part.cuts))]
    return [
        form
        for k, (form, rays) in enumerate(zip(part.cuts, faces, strict=True))
        if not any(rays & other == rays and (rays != other or j < k) for j, other in enumerate(faces))
    ]


def _relation(form: Form, symbols: Sequence[sympy.Symbol], number: Number) -> sympy.Basic:
    """Writes ``form >= 0`` with positive terms on either side: ``x1 >= x2``."""
    _, primitive = form.primitive()
    above = Form({v: c for v, c in primitive.terms.items() if c.p > 0}, max(primitive.const, ZERO))
    below = above - primitive
    sides = (affine_expression(side, symbols, number) for side in (above, below))
    return sympy.Ge(*sides, evaluate=False)


converter[MLP] = to_sympy  # so that SymPy reads a network wherever it reads an expression
