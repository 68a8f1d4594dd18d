"""Random claims for the hunt after a wrong answer, and the judges of it.

A :class:`Case` holds the claim as the library takes it and, beside it, the same claim as
:mod:`plain` data, which the judges read.  Three families of cases:

* equal by construction: a network against a disguised copy of it, its own formula, or its lifted form;
* nearly equal: one weight of such a pair moved, by 1 or by 2^-40, or a term added that is zero but for
  a thin slab, a far region, a hyperplane or one corner of the domain;
* unrelated: a random formula against a random network.

Strategies are made once: to make one anew at each draw takes longer than what is asked of most cases.
"""

import functools
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import against_z3
import plain
import sympy
from hypothesis import reject
from hypothesis import strategies as st

import relucirc

TINY = Fraction(1, 2**40)
BITS = st.sampled_from([Fraction(0), Fraction(1), Fraction(-1)])
SMALL = st.sampled_from([Fraction(n, d) for d in (1, 2, 3) for n in (0, 1, -1, 2, -2, 3)])
NON_ZERO = st.sampled_from([Fraction(n, d) for d in (1, 2, 3) for n in (1, -1, 2, -2)])
POSITIVE = st.sampled_from([Fraction(n, d) for n in (1, 2, 3) for d in (1, 2, 5)])
SHIFTS = st.sampled_from([Fraction(1), Fraction(-1), TINY, -TINY, Fraction(1, 8), Fraction(10**9)])


@dataclass
class Case:
    """One claim, twice.

    Attributes:
        layers: The network as plain data.
        net: The network as the library takes it.
        side: The other side, for the plain judge.
        plain_side: The same as data: layers, or a list of formulas.
        formula: The other side as the library takes it.
        relations: The domain as plain data.
        domain: The domain as the library takes it.
        origin: How it was made; equal by construction if it starts with "equal".
    """

    layers: plain.Layers
    net: Any
    plain_side: Any
    formula: Any
    relations: list[plain.Relation]
    domain: Any
    origin: str
    names: tuple[str, ...] = field(default=())

    @property
    def left(self) -> plain.Side:
        return plain.network_side(self.layers)

    @property
    def right(self) -> plain.Side:
        if isinstance(self.plain_side, dict):
            return plain.network_side(self.plain_side["layers"])
        return plain.formula_side(self.plain_side)

    def differs_at(self, point: plain.Point) -> bool:
        return plain.values_at(self.left, point) != plain.values_at(self.right, point)

    def __repr__(self) -> str:
        return (
            f"Case({self.origin}: {self.layers!r}\n  against {self.plain_side!r}\n  given as {self.formula!r}\n"
            f"  on {self.domain!r})"
        )


def mlp(layers: plain.Layers, names: Sequence[str]) -> Any:
    """The library's network."""
    return relucirc.MLP.from_arrays(layers, names)


@functools.cache
@st.composite
def layers_(draw: st.DrawFn, n: int, outputs: int, max_hidden: int = 3, max_width: int = 4) -> plain.Layers:
    """Small networks: rational or {-1, 0, 1} weights, often degenerate."""
    weights = draw(st.sampled_from([BITS, SMALL]))
    hidden = draw(st.lists(st.integers(1, max_width), max_size=max_hidden))
    sizes = [n, *hidden, outputs]
    built = []
    for width, height in itertools.pairwise(sizes):
        rows = [[draw(weights) for _ in range(width)] for _ in range(height)]
        biases = [draw(weights) for _ in range(height)] if draw(st.booleans()) else None
        built.append((rows, biases))
    return built


@functools.cache
def forms(n: int) -> st.SearchStrategy[plain.Formula]:
    """Affine formulas over n inputs."""

    def build(parts: tuple[list[Fraction], Fraction]) -> plain.Formula:
        coefficients, constant = parts
        terms = [("scale", c, ("input", i)) for i, c in enumerate(coefficients) if c]
        return ("add", *terms, ("number", constant))

    return st.tuples(st.lists(SMALL, min_size=n, max_size=n), st.one_of(st.just(Fraction(0)), SMALL)).map(build)


@functools.cache
def conditions(n: int) -> st.SearchStrategy[plain.Formula]:
    """Polyhedral conditions, joined by and, or, not."""
    relation = st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), forms(n), forms(n))
    return st.one_of(
        relation,
        st.tuples(st.sampled_from(["and", "or"]), relation, relation),
        st.tuples(st.just("not"), relation),
    )


@functools.cache
def steps(n: int) -> st.SearchStrategy[plain.Formula]:
    """Formulas that take finitely many values."""
    number = SMALL.map(lambda q: ("number", q))
    plain_steps = st.one_of(
        st.tuples(st.just("sign"), forms(n)),
        st.tuples(st.just("step"), forms(n), st.sampled_from([("number", Fraction(1, 2)), ("number", Fraction(0))])),
        st.tuples(st.just("if"), conditions(n), number, number),
    )
    return st.recursive(
        plain_steps,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(["add", "times"]), inner, inner), st.tuples(st.just("scale"), NON_ZERO, inner)
        ),
        max_leaves=2,
    )


def cases_of(n: int, inner: st.SearchStrategy[plain.Formula]) -> st.SearchStrategy[plain.Formula]:
    """Cases without a last one that always holds; they cover everything all the same."""

    def build(parts: tuple) -> plain.Formula:
        first, second, *values = parts
        return ("cases", first, values[0], second, values[1], ("and", ("not", second), ("not", first)), values[2])

    return st.tuples(conditions(n), conditions(n), inner, inner, inner).map(build)


@functools.cache
def formulas(n: int, *, jumps: bool = True) -> st.SearchStrategy[plain.Formula]:
    """Piecewise-linear formulas, nested a few deep; with jumps also discontinuous ones."""

    def grow(inner: st.SearchStrategy[plain.Formula]) -> st.SearchStrategy[plain.Formula]:
        options = [
            st.tuples(st.sampled_from(["max", "min"]), inner, inner),
            st.tuples(st.sampled_from(["max", "min"]), inner, inner, inner),
            st.tuples(st.just("abs"), inner),
            st.tuples(st.just("add"), inner, inner),
            st.tuples(st.just("scale"), NON_ZERO, inner),
            st.tuples(st.just("median"), inner, inner, inner),
            st.tuples(st.just("clip"), inner, inner, inner),
        ]
        if jumps:
            nested = st.tuples(st.sampled_from(["<", ">=", "=="]), inner, inner)
            options += [
                st.tuples(st.just("if"), st.one_of(conditions(n), nested), inner, inner),
                st.tuples(st.just("sign"), inner),
                st.tuples(st.just("times"), steps(n), inner),
                cases_of(n, inner),
                st.tuples(
                    st.just("step"), inner, st.sampled_from([("number", Fraction(1, 2)), ("number", Fraction(0))])
                ),
            ]
        return st.one_of(*options)

    return st.recursive(forms(n), grow, max_leaves=5)


@functools.cache
@st.composite
def domains(draw: st.DrawFn, n: int) -> list[plain.Relation]:
    """Polyhedra: none, boxes, half-spaces, thin slabs, far ones, subspaces; strict or not.  Perhaps empty."""
    kind = draw(st.sampled_from(["all", "all", "box", "half-spaces", "slab", "far", "subspace", "mixed"]))

    def unit(i: int, sign: int = 1) -> tuple[Fraction, ...]:
        return tuple(Fraction(sign if k == i else 0) for k in range(n))

    def direction() -> tuple[Fraction, ...]:
        return tuple(draw(SMALL) for _ in range(n))

    op = draw(st.sampled_from([">=", ">"]))
    if kind == "all":
        return []
    if kind == "box":
        sizes = [draw(st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(3)])) for _ in range(n)]
        return [r for i in range(n) for r in ((unit(i), sizes[i], op), (unit(i, -1), sizes[i], op))]
    if kind == "half-spaces":
        return [(direction(), draw(SMALL), op) for _ in range(draw(st.integers(1, 3)))]
    if kind == "slab":
        a, width = direction(), draw(st.sampled_from([TINY, Fraction(1)]))
        return [(a, Fraction(0), op), (tuple(-c for c in a), width, op)]
    if kind == "far":
        return [(unit(i), Fraction(-(10**6)), op) for i in range(n)]
    if kind == "subspace":
        return [(direction(), draw(SMALL), "==")]
    return [(direction(), draw(SMALL), o) for o in draw(st.lists(st.sampled_from([">", ">=", "=="]), max_size=4))]


def _paths(layers: plain.Layers) -> int:
    """How many terms a network's formula has when it is written out."""
    counts = [1] * len(layers[0][0][0])
    for rows, _ in layers:
        counts = [1 + sum(c for w, c in zip(row, counts, strict=True) if w) for row in rows]
    return sum(counts)


def formula_of_layers(layers: plain.Layers, n: int) -> list[plain.Formula]:
    """A network's own formula, ReLU written as max(0, z)."""
    values: list[plain.Formula] = [("input", i) for i in range(n)]
    for depth, (rows, biases) in enumerate(layers):
        before = []
        for i, row in enumerate(rows):
            terms = [("scale", w, v) for w, v in zip(row, values, strict=True) if w]
            before.append(("add", *terms, ("number", biases[i] if biases is not None else Fraction(0))))
        last = depth == len(layers) - 1
        values = before if last else [("max", ("number", Fraction(0)), z) for z in before]
    return values


def _copy(layers: plain.Layers) -> plain.Layers:
    return [([list(row) for row in rows], None if b is None else list(b)) for rows, b in layers]


@st.composite
def disguised(draw: st.DrawFn, layers: plain.Layers) -> plain.Layers:
    """The same function by another network: neurons permuted, rescaled, split, padded; layers inserted."""
    net = _copy(layers)
    for move in draw(
        st.lists(st.sampled_from(["permute", "scale", "split", "pad", "dead", "pass", "basis"]), max_size=4)
    ):
        hidden = range(len(net) - 1)
        if move in ("pass", "basis"):
            net = _inserted(net, draw(st.integers(0, len(net) - 1)), move, draw)
            continue
        if not hidden:
            continue
        d = draw(st.sampled_from(list(hidden)))
        (rows, biases), (above, above_biases) = net[d], net[d + 1]
        biases = [Fraction(0)] * len(rows) if biases is None else biases
        k = draw(st.integers(0, len(rows) - 1))
        if move == "permute":
            order = draw(st.permutations(range(len(rows))))
            rows, biases = [rows[i] for i in order], [biases[i] for i in order]
            above = [[row[i] for i in order] for row in above]
        elif move == "scale":
            s = draw(POSITIVE)
            rows[k], biases[k] = [s * w for w in rows[k]], s * biases[k]
            for row in above:
                row[k] /= s
        elif move == "split":
            share = draw(SMALL)
            rows, biases = [*rows, list(rows[k])], [*biases, biases[k]]
            above = [[*row[:k], row[k] - share, *row[k + 1 :], share] for row in above]
        elif move == "pad":  # a pair of neurons that cancels: c relu(z) - c relu(z)
            z, b, c = [draw(SMALL) for _ in rows[0]], draw(SMALL), draw(SMALL)
            rows, biases = [*rows, z, list(z)], [*biases, b, b]
            above = [[*row, c, -c] for row in above]
        else:  # relu(-relu-like) of non-negative things, or of nothing at all: always zero
            z = [-abs(draw(SMALL)) if d else Fraction(0) for _ in rows[0]]
            rows, biases = [*rows, z], [*biases, -abs(draw(SMALL))]
            above = [[*row, draw(NON_ZERO)] for row in above]
        net[d], net[d + 1] = (rows, biases), (above, above_biases)
    return net


def _inserted(net: plain.Layers, d: int, move: str, draw: st.DrawFn) -> plain.Layers:
    """Inserts, before layer d, v -> T^-1 (relu(T v) - relu(-T v)), T unimodular ("basis") or the identity."""
    width = len(net[d][0][0])
    if width > 6:
        return net
    T = [[Fraction(int(i == j)) for j in range(width)] for i in range(width)]
    inverse = [list(row) for row in T]
    if move == "basis" and width > 1:
        for _ in range(2):
            i, j = draw(st.permutations(range(width)))[:2]
            c = draw(NON_ZERO)
            T[i] = [a + c * b for a, b in zip(T[i], T[j], strict=True)]
            for row in inverse:  # inverse of (I + c e_ij) acts on columns
                row[j] -= c * row[i]
    rows, biases = net[d]
    back = [
        [sum((w * inverse[k][j] for k, w in enumerate(row)), start=Fraction(0)) for j in range(width)] for row in rows
    ]
    doubled = [[*row, *(-c for c in row)] for row in back]
    expanding = ([*[list(row) for row in T], *[[-c for c in row] for row in T]], None)
    return [*net[:d], expanding, (doubled, biases), *net[d + 1 :]]


class _Compiler:
    """Writes continuous formulas as a network: max(a, b) = b + relu(a - b), others carried along as two neurons."""

    def __init__(self, n: int) -> None:
        self.widths = [n]
        self.rows: list[list[tuple[dict[int, Fraction], Fraction]]] = []
        self.known: dict[tuple, int] = {}

    def relu(self, level: int, form: tuple[dict[int, Fraction], Fraction]) -> dict[int, Fraction]:
        """A neuron above a level, the same one for the same form; returns it as a form over the next level."""
        key = (level, tuple(sorted(form[0].items())), form[1])
        if key not in self.known:
            while len(self.rows) <= level:
                self.rows.append([])
            self.rows[level].append(form)
            self.known[key] = len(self.rows[level]) - 1
        return {self.known[key]: Fraction(1)}

    def lift(
        self, level: int, form: tuple[dict[int, Fraction], Fraction], to: int
    ) -> tuple[dict[int, Fraction], Fraction]:
        """The same value over a higher level."""
        for at in range(level, to):
            terms = (form[0], Fraction(0))
            if any(terms[0].values()):
                form = (
                    _sum((1, self.relu(at, terms)), (-1, self.relu(at, (_sum((-1, terms[0])), Fraction(0))))),
                    form[1],
                )
        return form

    def value(self, f: plain.Formula) -> tuple[int, tuple[dict[int, Fraction], Fraction]]:
        """The level where a formula is available, and its form there."""
        head, *parts = f
        if head == "number":
            return 0, ({}, parts[0])
        if head == "input":
            return 0, ({parts[0]: Fraction(1)}, Fraction(0))
        if head == "scale":
            level, (terms, constant) = self.value(parts[1])
            return level, (_sum((parts[0], terms)), parts[0] * constant)
        if head == "abs":
            return self.value(("max", parts[0], ("scale", Fraction(-1), parts[0])))
        if head == "median":
            a, b, c = parts
            return self.value(("max", ("min", a, b), ("min", ("max", a, b), c)))
        if head == "clip":
            a, low, high = parts
            return self.value(("min", ("max", a, low), high))
        values = [self.value(part) for part in parts]
        top = max((level for level, _ in values), default=0)
        forms = [self.lift(level, form, top) for level, form in values]
        if head == "add":
            return top, (_sum(*((1, terms) for terms, _ in forms)), sum((c for _, c in forms), start=Fraction(0)))
        assert head in ("max", "min")
        sign = 1 if head == "max" else -1
        best, *rest = forms
        while rest:
            form, *rest = rest
            difference = (_sum((sign, form[0]), (-sign, best[0])), sign * (form[1] - best[1]))
            above = self.relu(top, difference)
            terms, constant = self.lift(top, best, top + 1)
            best = (_sum((1, terms), (sign, above)), constant)
            rest = [self.lift(top, f, top + 1) for f in rest]
            top += 1
        return top, best

    def network(self, formulas: Sequence[plain.Formula], n: int) -> plain.Layers:
        """The network of several formulas."""
        values = [self.value(f) for f in formulas]
        top = max(level for level, _ in values)
        outputs = [self.lift(level, form, top) for level, form in values]
        layers, width = [], n
        for rows in [*(self.rows[level] if level < len(self.rows) else [] for level in range(top)), outputs]:
            rows = rows or [({}, Fraction(0))]
            dense = [[terms.get(j, Fraction(0)) for j in range(width)] for terms, _ in rows]
            layers.append((dense, [constant for _, constant in rows]))
            width = len(rows)
        return layers


def _sum(*parts: tuple[Any, dict[int, Fraction]]) -> dict[int, Fraction]:
    total: dict[int, Fraction] = {}
    for factor, terms in parts:
        for v, c in terms.items():
            total[v] = total.get(v, Fraction(0)) + factor * c
    return {v: c for v, c in total.items() if c}


def network_of(formulas: Sequence[plain.Formula], n: int) -> plain.Layers:
    """A network that computes continuous formulas."""
    return _Compiler(n).network(formulas, n)


def _negated(f: plain.Formula) -> plain.Formula:
    return ("scale", Fraction(-1), f)


def rewritten(draw: st.DrawFn, f: plain.Formula, n: int) -> plain.Formula:
    """The same function by other words: laws of lattices and of piecewise-linear functions."""
    head, *parts = f
    if head in ("number", "input"):
        return f
    if head == "scale":
        return ("scale", parts[0], rewritten(draw, parts[1], n))
    if head == "if":
        condition, yes, no = parts[0], *(rewritten(draw, part, n) for part in parts[1:])
        return draw(st.sampled_from([("if", condition, yes, no), ("if", ("not", condition), no, yes)]))
    if head == "times":
        return ("times", parts[0], rewritten(draw, parts[1], n))
    if head == "cases":  # whose conditions cover everything, so that the last holds where no other does
        pairs = [(c, rewritten(draw, v, n)) for c, v in zip(parts[::2], parts[1::2], strict=True)]
        nested = functools.reduce(lambda rest, pair: ("if", *pair, rest), pairs[-2::-1], pairs[-1][1])
        return draw(st.sampled_from([("cases", *itertools.chain.from_iterable(pairs)), nested]))
    inner = [rewritten(draw, part, n) for part in parts]
    zero, half = ("number", Fraction(0)), Fraction(1, 2)
    options: list[plain.Formula] = [(head, *inner)]
    if head in ("max", "min"):
        dual = "min" if head == "max" else "max"
        a, *rest = draw(st.permutations(inner))
        b = rest[0] if len(rest) == 1 else (head, *rest)
        other, shift = draw(forms(n)), draw(forms(n))
        options += [
            (head, a, b),
            (head, b, a, b),
            _negated((dual, *map(_negated, inner))),
            ("add", b, (head, zero, ("add", a, _negated(b)))),
            (
                "add",
                ("scale", half, a),
                ("scale", half, b),
                _sign_of(head, ("scale", half, ("abs", ("add", a, _negated(b))))),
            ),
            ("add", shift, (head, ("add", a, _negated(shift)), ("add", b, _negated(shift)))),
            ("scale", Fraction(3), (head, ("scale", Fraction(1, 3), a), ("scale", Fraction(1, 3), b))),
            (head, (head, a, (dual, a, other)), b),
            (dual, (head, a, b), (head, a, (head, b, other))),
        ]
        if b[0] == dual:
            options += 2 * [(dual, *((head, a, part) for part in b[1:]))]
    elif head == "abs":
        (a,) = inner
        options += [
            ("max", a, _negated(a)),
            ("add", ("max", zero, a), ("max", zero, _negated(a))),
            ("abs", _negated(a)),
        ]
    elif head == "clip":
        a, low, high = inner
        options += [("min", high, ("max", a, low)), ("max", ("min", a, high), ("min", low, high))]
    elif head == "median":
        a, b, c = inner
        options += [
            ("max", ("min", a, b), ("min", c, ("max", a, b))),
            ("min", ("max", a, b), ("max", b, c), ("max", a, c)),
            ("add", a, b, c, _negated(("max", a, b, c)), _negated(("min", a, b, c))),
        ]
    elif head == "add" and all(part[0] in ("scale", "number", "input") for part in inner):
        g = (head, *inner)
        options += [("add", ("max", zero, g), _negated(("max", zero, _negated(g))))]
    elif head == "sign":
        (a,) = inner
        options += [
            ("if", (">", a, zero), ("number", Fraction(1)), ("if", ("==", a, zero), zero, ("number", Fraction(-1))))
        ]
    elif head == "step":
        a, at_zero = inner
        options += [("if", ("<", a, zero), zero, ("if", ("<=", a, zero), at_zero, ("number", Fraction(1))))]
    return draw(st.sampled_from(options))


def _sign_of(head: str, f: plain.Formula) -> plain.Formula:
    return f if head == "max" else _negated(f)


@st.composite
def _extra(draw: st.DrawFn, n: int) -> tuple[str, plain.Formula]:
    """A term that vanishes but for a small part of space."""
    a = [draw(SMALL) for _ in range(n)]
    along = ("add", *(("scale", c, ("input", i)) for i, c in enumerate(a) if c), ("number", Fraction(0)))
    minus = ("scale", Fraction(-1), along)
    kind = draw(st.sampled_from(["slab", "far", "corner", "hyperplane", "one side", "chamber"]))
    size = draw(st.sampled_from([TINY, Fraction(1, 1024)]))
    if kind == "slab":
        return kind, (
            "max",
            ("number", Fraction(0)),
            ("add", ("number", size), ("scale", Fraction(-1), ("abs", along))),
        )
    if kind == "far":
        return kind, ("max", ("number", Fraction(0)), ("add", along, ("number", Fraction(-(10**9)))))
    if kind == "corner":
        reach = sum((abs(c) for c in a), start=Fraction(0))
        shift = draw(st.sampled_from([Fraction(0), size, -size]))
        return kind, ("max", ("number", Fraction(0)), ("add", along, ("number", shift - reach)))
    if kind == "hyperplane":
        return kind, ("if", ("==", along, ("number", draw(SMALL))), ("number", size), ("number", Fraction(0)))
    if kind == "one side":
        step = ("step", along, ("number", Fraction(0)))
        other = ("if", (">", along, ("number", Fraction(0))), ("number", Fraction(1)), ("number", Fraction(0)))
        return kind, ("add", step, ("scale", Fraction(-1), other), ("scale", size, ("sign", along)))
    inputs = [("input", i) for i in range(n)]
    chamber = ("min", minus, *(("add", inputs[i], ("scale", Fraction(-1), inputs[i - 1])) for i in range(1, n)))
    return kind, ("scale", size, ("max", ("number", Fraction(0)), chamber if n > 1 else minus))


@st.composite
def cases(draw: st.DrawFn, max_inputs: int = 3) -> Case:
    """Claims of all families."""
    n = draw(st.integers(1, max_inputs))
    outputs = draw(st.sampled_from([1, 1, 1, 2]))
    family = draw(st.sampled_from(["disguised", "rewritten", "moved", "added", "unrelated"]))
    written: list[plain.Formula] | None = None
    if (family in ("rewritten", "moved", "added") and draw(st.booleans())) or family == "rewritten":
        written = [draw(formulas(n, jumps=False)) for _ in range(outputs)]
        layers = network_of(written, n)
    else:
        layers = draw(layers_(n, outputs))
    relations = draw(domains(n))
    if family == "unrelated":
        return _case(draw, layers, [draw(formulas(n)) for _ in range(outputs)], None, relations, n, family)
    if written is not None:
        other = [rewritten(draw, f, n) for f in written]
        other_layers = network_of(other, n)
        if family == "rewritten" and draw(st.booleans()):
            other_layers = draw(disguised(other_layers))
    else:
        other_layers = draw(disguised(layers))
        other = formula_of_layers(other_layers, n) if _paths(other_layers) <= 200 else None
    if family == "moved":
        moved = _moved(draw, other_layers)
        if draw(st.booleans()):
            layers = moved
        else:
            other_layers = moved
            other = formula_of_layers(moved, n) if _paths(moved) <= 200 else None
    elif family == "added" and other is not None:
        kind, extra = draw(_extra(n))
        k = draw(st.integers(0, outputs - 1))
        other = [("add", f, extra) if i == k else f for i, f in enumerate(other)]
        return _case(draw, layers, other, None, relations, n, f"added {kind}")
    elif other is not None and draw(st.booleans()):  # a discontinuous term less itself, in other words
        jump = draw(formulas(n))
        other = [("add", other[0], jump, _negated(rewritten(draw, jump, n))), *other[1:]]
        return _case(draw, layers, other, None, relations, n, "equal")
    return _case(draw, layers, other, other_layers, relations, n, "moved" if family == "moved" else "equal")


def _case(
    draw: st.DrawFn,
    layers: plain.Layers,
    other: list[plain.Formula] | None,
    other_layers: plain.Layers | None,
    relations: list[plain.Relation],
    n: int,
    origin: str,
) -> Case:
    """Puts a claim into the library's words: the other side as formulas, or as layers, whichever are given."""
    names = relucirc.language.network.default_names(n)
    ways = [] if other is None else ["text", "sympy"]
    ways += [] if other_layers is None else ["network", "lifted", "pieces"]
    way = draw(st.sampled_from(ways))
    symbols = [sympy.Symbol(name) for name in names]
    said: Any
    if way in ("text", "sympy"):
        assert other is not None
        try:
            parts = [plain.as_text(f, names) if way == "text" else plain.as_sympy(f, symbols) for f in other]
            if way == "text":
                for part in parts:
                    relucirc.language.formula.parse_formula(part, names)
        except RecursionError:  # SymPy's own constructors can recurse without end
            reject()
        except relucirc.FormulaError as error:  # the same, said by the reader
            if "nested too deeply" not in str(error):
                raise
            reject()
        said = parts[0] if len(parts) == 1 else parts
        truth: Any = other
    else:
        assert other_layers is not None
        said = mlp(other_layers, names)
        truth = {"layers": other_layers}
        if way != "network":
            said = relucirc.to_sympy(said, form="max" if way == "lifted" else "piecewise")
    return Case(
        layers, mlp(layers, names), truth, said, relations, _spoken_domain(draw, relations, names), origin, names
    )


def _moved(draw: st.DrawFn, layers: plain.Layers) -> plain.Layers:
    """The same network with one weight or bias moved."""
    moved = _copy(layers)
    places = [(d, i, j) for d, (rows, _) in enumerate(moved) for i, row in enumerate(rows) for j in range(len(row))]
    d, i, j = draw(st.sampled_from(places))
    shift = draw(SHIFTS)
    biases = moved[d][1]
    if biases is not None and draw(st.booleans()):
        biases[i] += shift
    else:
        moved[d][0][i][j] += shift
    return moved


def _spoken_domain(draw: st.DrawFn, relations: list[plain.Relation], names: Sequence[str]) -> Any:
    if not relations:
        return None
    if draw(st.booleans()):
        return plain.domain_text(relations, names)
    symbols = [sympy.Symbol(name) for name in names]
    makers = {">": sympy.Gt, ">=": sympy.Ge, "==": sympy.Eq}
    return [
        makers[op](
            sum(sympy.Rational(c.numerator, c.denominator) * s for c, s in zip(coefficients, symbols, strict=True)),
            sympy.Rational(-constant.numerator, constant.denominator),
        )
        for coefficients, constant, op in relations
    ]


class WrongAnswerError(AssertionError):
    """The library said something that the judges can disprove."""


def verdict_of_z3(case: Case, seconds: float = 10) -> Any:
    """``"equal"``, ``"empty"``, ``"unknown"``, or a point where the sides differ, checked in plain arithmetic."""
    variables = against_z3.inputs(len(case.names))
    facts: list[Any] = against_z3.domain_facts(case.relations, variables)
    left = against_z3.network_terms(case.layers, variables, facts)
    if isinstance(case.plain_side, dict):
        right = against_z3.network_terms(case.plain_side["layers"], variables, facts)
    else:
        right = [against_z3.formula_term(f, variables, facts) for f in case.plain_side]
    answer = against_z3.decide(left, right, facts, variables, seconds)
    if isinstance(answer, tuple):
        assert plain.inside(case.relations, answer)
        assert case.differs_at(answer)
    return answer


def verdict_of_segments(case: Case, segments: Sequence[tuple[plain.Point, plain.Point]]) -> Any:
    """A point of the segments, within the domain, where the sides differ; None if there is none."""
    for start, end in segments:
        if not (plain.inside(case.relations, start) and plain.inside(case.relations, end)):
            continue
        found = plain.first_difference_on_segment(case.left, case.right, start, end)
        if found is not None:
            assert plain.inside(case.relations, found)
            return found
    return None


def examine(case: Case, judge: Any, tally: Counter, budget: float = 5.0) -> None:
    """Asks the library, then the judge, and raises on any contradiction.

    Args:
        case: The claim.
        judge: Returns ``"equal"``, ``"unknown"``, None (nothing found), or a point where the sides differ.
        tally: Counts answers by origin.
        budget: Seconds for the library.
    """
    kind = case.origin.split()[0]
    try:
        result = relucirc.prove(case.net, case.formula, domain=case.domain, budget=budget)
    except relucirc.DomainError as error:
        if "empty" not in str(error):
            raise
        _confirm_empty(case)
        tally["empty domain", kind] += 1
        return
    if result.status == "refuted":
        _confirm_witness(case, result)
        if case.origin == "equal":
            raise WrongAnswerError(f"refuted, but equal by construction: {case!r}\n{result}")
    tally[result.status, kind] += 1
    tally[f"{result.status} by {result.method}", "any"] += 1
    if result.status == "proved":
        certificate = json.loads(json.dumps(result.certificate))
        if not relucirc.check(case.net, case.formula, certificate, case.domain):
            raise WrongAnswerError(f"its own certificate is not accepted after JSON: {case!r}")
        difference = judge(case)
        if isinstance(difference, tuple):
            raise WrongAnswerError(f"proved, but they differ at {difference}: {case!r}\n{result}")
        tally["judged equal" if difference == "equal" else "no difference found", kind] += 1
    elif result.status == "unknown" and "rejects" in result.reason:
        raise WrongAnswerError(f"the checker rejects the prover's evidence: {case!r}\n{result}")


def _confirm_empty(case: Case) -> None:
    variables = against_z3.inputs(len(case.names))
    facts = against_z3.domain_facts(case.relations, variables)
    if against_z3.decide([against_z3.number(0)], [against_z3.number(1)], facts, variables) != "equal":
        raise WrongAnswerError(f"the domain is not empty: {case!r}")


def _confirm_witness(case: Case, result: Any) -> None:
    """Evaluates a witness again, with none of the library's code."""
    point = tuple(Fraction(int(result.witness[name].p), int(result.witness[name].q)) for name in case.names)
    left, right = plain.values_at(case.left, point), plain.values_at(case.right, point)
    if not plain.inside(case.relations, point):
        raise WrongAnswerError(f"the witness {point} lies outside the domain: {case!r}")
    if left == right:
        raise WrongAnswerError(f"the sides agree at the witness {point}: {case!r}")
    for said, true in ((result.network_value, left), (result.formula_value, right)):
        said = said if isinstance(said, list) else [said]
        if [Fraction(int(v.p), int(v.q)) for v in said] != true:
            raise WrongAnswerError(f"at {point} the values are {true}, not {said}: {case!r}")


@functools.cache
def segments(n: int, count: int = 3) -> st.SearchStrategy[list[tuple[plain.Point, plain.Point]]]:
    """Segments, short, long and far away."""
    near = [Fraction(k, d) for d in (1, 2, 7) for k in range(-9, 10)]
    far = [Fraction(s * 10**10) for s in (1, -1)] + [Fraction(1, 2**41), Fraction(10**6 + 1)]
    point = st.tuples(*[st.one_of(st.sampled_from(near), st.sampled_from(far))] * n)
    return st.lists(st.tuples(point, point), min_size=count, max_size=count)
