"""Hypothesis strategies for networks, formulas, domains and points.

For testing code that takes networks, and this library itself.  What they draw is small and exact, so
that a failing example is readable: weights such as ``-1/2``, few neurons, and many degenerate cases
(weights in {-1, 0, 1}, dead neurons, parallel hyperplanes, no hidden layer, no biases).  Floating
networks are drawn too.  ``st.from_type(relucirc.MLP)`` works as well.
"""

import functools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sympy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from relucirc.core.errors import RelucircError, shorten
from relucirc.core.names import default_names, read_names
from relucirc.language.domain import Box
from relucirc.language.network import MLP


def rationals(
    min_value: Any = None, max_value: Any = None, *, max_numerator: int = 6, max_denominator: int = 4
) -> SearchStrategy[Fraction]:
    """Small rational numbers, simplest first.

    Args:
        min_value: Smallest value; any by default.
        max_value: Largest value; any by default.
        max_numerator: Largest absolute numerator.
        max_denominator: Largest denominator.

    Returns:
        A strategy of ``Fraction``.

    Example:
        >>> from hypothesis import find
        >>> find(rationals(), lambda q: q > 1 and q.denominator == 2)
        Fraction(3, 2)
    """
    _ordered("max_denominator", 1, max_denominator)
    low = -Fraction(max_numerator) if min_value is None else Fraction(min_value)
    high = Fraction(max_numerator) if max_value is None else Fraction(max_value)
    if low > high:
        raise RelucircError(f"expected min_value <= max_value, got {low} and {high}.")
    return _rationals(low, high, max_numerator, max_denominator)


@functools.lru_cache
def _rationals(low: Fraction, high: Fraction, max_numerator: int, max_denominator: int) -> SearchStrategy[Fraction]:
    """Made once: composite strategies ask for the same ones at every draw."""
    found = {
        Fraction(n, d)
        for d in range(1, max_denominator + 1)
        for n in range(-max_numerator, max_numerator + 1)
        if low <= Fraction(n, d) <= high
    }
    if not found:
        raise RelucircError(
            f"no rational with numerator up to {max_numerator} and denominator up to {max_denominator} lies "
            f"between {low} and {high}; allow larger ones."
        )
    return st.sampled_from(sorted(found, key=lambda q: (q.denominator, abs(q), q < 0)))


def points(inputs: int | Sequence[str] | MLP = 2, *, elements: SearchStrategy | None = None) -> SearchStrategy[tuple]:
    """Exact points, as ``net.at(*point)`` takes them.

    Args:
        inputs: How many coordinates; or the inputs' names, or the network, for as many as it takes.
        elements: What each coordinate is drawn from; :func:`rationals` by default, and sometimes
            numbers far away.
    """
    far = st.sampled_from([Fraction(s * 10**k) for k in (3, 9) for s in (1, -1)])
    elements = (
        st.one_of(rationals(), rationals(max_numerator=30, max_denominator=9), far) if elements is None else elements
    )
    return st.tuples(*([elements] * len(_names(inputs))))


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    inputs: int | Sequence[str] | None = None,
    outputs: int | None = None,
    min_inputs: int = 1,
    max_inputs: int = 3,
    min_outputs: int = 1,
    max_outputs: int = 2,
    min_depth: int = 0,
    max_depth: int = 3,
    min_width: int = 1,
    max_width: int = 4,
    weights: SearchStrategy | None = None,
    biases: bool | None = None,
    dtypes: Iterable[Any] = (None, "float32", "float64"),
) -> MLP:
    """ReLU networks, small, exact or floating, often degenerate.

    Args:
        draw: Given by Hypothesis.
        inputs: The inputs' number or names; drawn by default.
        outputs: Number of outputs; drawn by default.
        min_inputs: Fewest inputs, where they are drawn.
        max_inputs: Most inputs, where they are drawn.
        min_outputs: Fewest outputs, where they are drawn.
        max_outputs: Most outputs, where they are drawn.
        min_depth: Fewest hidden layers; 0 for an affine map.
        max_depth: Most hidden layers.
        min_width: Fewest neurons in a hidden layer.
        max_width: Most neurons in a hidden layer.
        weights: What weights and biases are drawn from; by default small rationals, or {-1, 0, 1}.
        biases: Whether every layer has biases, or none has; drawn layer by layer by default.
        dtypes: What the leaves may be: None for exact rationals, or floating dtypes.

    Returns:
        A strategy of :class:`relucirc.MLP`.

    Example:
        >>> from hypothesis import find
        >>> find(networks(inputs=2, outputs=1), lambda net: net.hidden_neurons == 3).sizes[0]
        2
    """
    _ordered("max_depth", min_depth, max_depth)
    _ordered("max_width", min_width, max_width)
    if inputs is None:
        _ordered("max_inputs", min_inputs, max_inputs)
        inputs = draw(st.integers(min_inputs, max_inputs), label="inputs")
    if outputs is None:
        _ordered("max_outputs", min_outputs, max_outputs)
        outputs = draw(st.integers(min_outputs, max_outputs), label="outputs")
    names = _names(inputs)
    hidden = draw(st.lists(st.integers(min_width, max_width), min_size=min_depth, max_size=max_depth), label="hidden")
    if weights is None:
        kinds = [
            st.sampled_from([Fraction(0), Fraction(1), Fraction(-1)]),
            rationals(max_numerator=4, max_denominator=3),
        ]
        weights = draw(st.sampled_from(kinds))
    assert weights is not None
    sizes = [len(names), *hidden, outputs]
    layers = []
    for width, height in pairwise(sizes):
        row = st.lists(weights, min_size=width, max_size=width)
        matrix = draw(st.lists(row, min_size=height, max_size=height))
        has_bias = draw(st.booleans()) if biases is None else biases
        layers.append((matrix, draw(st.lists(weights, min_size=height, max_size=height)) if has_bias else None))
    net = MLP.from_arrays(layers, names)
    dtype = draw(st.sampled_from(list(dtypes)), label="dtype")
    return net if dtype is None else net.astype(dtype)


def formulas(
    inputs: int | Sequence[str] | MLP = 2,
    *,
    max_leaves: int = 6,
    piecewise: bool = True,
    constants: SearchStrategy | None = None,
) -> SearchStrategy[sympy.Expr]:
    """Piecewise-linear SymPy expressions: sums, rational multiples, Min, Max, Abs, Piecewise.

    Args:
        inputs: The inputs' number or names, or a network that has them.
        max_leaves: About how many symbols and numbers an expression has.
        piecewise: Whether Piecewise is among them; it may be discontinuous.
        constants: What its numbers are drawn from; :func:`rationals` by default.
    """
    _ordered("max_leaves", 1, max_leaves)
    numbers = (rationals(max_numerator=4, max_denominator=3) if constants is None else constants).map(sympy.Rational)
    symbols = [sympy.Symbol(name) for name in _names(inputs)]
    leaves = st.one_of(st.sampled_from(symbols), numbers) if symbols else numbers

    def extend(parts: SearchStrategy) -> SearchStrategy:
        several = st.lists(parts, min_size=2, max_size=3)
        options = [
            several.map(lambda args: sympy.Add(*args)),
            several.map(lambda args: _apply(sympy.Max, *args)),
            several.map(lambda args: _apply(sympy.Min, *args)),
            st.builds(lambda number, part: number * part, numbers, parts),
            parts.map(lambda part: _apply(sympy.Abs, part)),
        ]
        if piecewise:
            options.append(
                st.builds(_piecewise, st.lists(st.tuples(parts, conditions(inputs)), min_size=1, max_size=2), parts)
            )
        return st.one_of(options)

    return st.recursive(leaves, extend, max_leaves=max_leaves)


def affine_formulas(inputs: int | Sequence[str] | MLP = 2) -> SearchStrategy[sympy.Expr]:
    """Affine SymPy expressions with small rational coefficients."""
    symbols = [sympy.Symbol(name) for name in _names(inputs)]
    coefficients = rationals(max_numerator=3, max_denominator=2).map(sympy.Rational)
    return st.tuples(coefficients, *([coefficients] * len(symbols))).map(
        lambda c: sympy.Add(c[0], *(a * x for a, x in zip(c[1:], symbols, strict=True)))
    )


def conditions(inputs: int | Sequence[str] | MLP = 2) -> SearchStrategy[Any]:
    """Polyhedral conditions: affine relations, and And, Or and Not of them."""
    relations = [sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge, sympy.Eq, sympy.Ne]
    relation = st.builds(lambda op, a, b: op(a, b), st.sampled_from(relations), *([affine_formulas(inputs)] * 2))
    unevaluated = st.just(False)
    return st.one_of(
        relation,
        st.builds(sympy.And, relation, relation, evaluate=unevaluated),
        st.builds(sympy.Or, relation, relation, evaluate=unevaluated),
        st.builds(sympy.Not, relation, evaluate=unevaluated),
    )


@st.composite
def domains(
    draw: st.DrawFn,
    inputs: int | Sequence[str] | MLP = 2,
    *,
    everything: bool = True,
    bounded: bool | None = None,
    flat: bool = True,
    max_relations: int = 4,
) -> Any:
    """Domains that are never empty: None, boxes and polyhedra.

    Args:
        draw: Given by Hypothesis.
        inputs: The inputs' number or names, or a network that has them.
        everything: Whether None, all of R^n, is among them.
        bounded: Whether every domain is bounded; either by default.
        flat: Whether domains without interior (with equations) are among them.
        max_relations: Most relations of a polyhedron, its bounding box aside.

    Returns:
        A strategy of None, :class:`relucirc.Box` and lists of SymPy relations.
    """
    names = _names(inputs)
    kinds = (["everything"] if everything and bounded is not True else []) + ["box", "polyhedron"]
    kind = draw(st.sampled_from(kinds))
    if kind == "everything":
        return None
    inside = draw(st.tuples(*([rationals(max_numerator=2, max_denominator=2)] * len(names))), label="a point inside")
    if kind == "box":
        return draw(_boxes(inside, bounded=bounded is True, flat=flat))
    symbols = [sympy.Symbol(name) for name in names]
    relations: list[Any] = []
    for _ in range(draw(st.integers(0 if bounded else 1, max_relations))):
        relation = draw(_half_space(symbols, inside, flat=flat))
        if relation is not sympy.true:
            relations.append(relation)
    if bounded:
        for symbol, value in zip(symbols, inside, strict=True):
            low, high = draw(st.tuples(rationals(Fraction(1, 4)), rationals(Fraction(1, 4))))
            relations += [symbol >= sympy.Rational(value - low), symbol <= sympy.Rational(value + high)]
    return relations


@st.composite
def _boxes(draw: st.DrawFn, inside: Sequence[Fraction], *, bounded: bool, flat: bool) -> Box:
    """Boxes around a point; one in three has the same two bounds for all inputs."""
    least = Fraction(0) if flat else Fraction(1, 4)
    if inside and draw(st.integers(0, 2)) == 0:
        low, high = min(inside), max(inside)
        return Box(low - draw(rationals(least)), high + draw(rationals(least)))
    margins = rationals(least) if bounded else st.one_of(rationals(least), st.none())
    lower = [None if (m := draw(margins)) is None else value - m for value in inside]
    upper = [None if (m := draw(margins)) is None else value + m for value in inside]
    return Box(lower, upper)


@st.composite
def _half_space(draw: st.DrawFn, symbols: Sequence[sympy.Symbol], inside: Sequence[Fraction], *, flat: bool) -> Any:
    """An affine relation that holds at a point; true where its coefficients are all zero."""
    coefficients = draw(st.tuples(*([rationals(max_numerator=2, max_denominator=2)] * len(symbols))))
    form = sympy.Add(*(sympy.Rational(c) * x for c, x in zip(coefficients, symbols, strict=True)))
    value = sympy.Rational(sum((c * v for c, v in zip(coefficients, inside, strict=True)), start=Fraction(0)))
    if flat and draw(st.integers(0, 4)) == 0:
        return sympy.Eq(form, value)
    slack = sympy.Rational(draw(rationals(0)))
    if slack == 0 and not flat:
        slack = sympy.Integer(1)
    return form < value + slack if slack > 0 and draw(st.booleans()) else form <= value + slack


def _apply(kind: Any, *args: Any) -> sympy.Expr:
    """Applies Max, Min or Abs; left as it is over a Piecewise, where SymPy's rewriting may not end."""
    return kind(*args, evaluate=not any(arg.has(sympy.Piecewise) for arg in args))


def _piecewise(branches: list[tuple[Any, Any]], otherwise: Any) -> sympy.Expr:
    return sympy.Piecewise(*branches, (otherwise, True), evaluate=False)


def _names(inputs: int | Sequence[str] | MLP) -> tuple[str, ...]:
    if isinstance(inputs, MLP):
        return inputs.inputs
    if isinstance(inputs, int):
        return default_names(inputs)
    if isinstance(inputs, str):
        raise RelucircError(
            f"expected a number of inputs, a list of names or a network, got the text {shorten(inputs)!r}."
        )
    return read_names(inputs)


def _ordered(upper_name: str, lower: int, upper: int) -> None:
    if lower > upper:
        raise RelucircError(f"expected {upper_name} >= {lower}, got {upper}.")


def boxes() -> SearchStrategy[Box]:
    """Boxes of one to three inputs."""
    return st.integers(1, 3).flatmap(lambda n: domains(n).filter(lambda domain: isinstance(domain, Box)))
