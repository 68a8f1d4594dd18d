"""A second exact route to activation regions: one system of strict inequalities per neuron and sign.

Patterns are enumerated neuron by neuron; a pattern is kept while the open set where all strict
inequalities hold has a point, found by the exact simplex method of :mod:`relucirc.core.feasible`
or by z3.  Nothing of :mod:`relucirc.measure.regions` or of double description is used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from relucirc import MLP
from relucirc.core.exact import fraction, rational
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.geometry.chart import chart_of

Row = tuple[Fraction, ...]
"""``(constant, coefficients...)``."""

Point = tuple[Fraction, ...]


@dataclass(frozen=True)
class Pattern:
    """One sign pattern with its strict inequalities ``row > 0`` and its output map."""

    signs: tuple[int, ...]
    rows: tuple[Row, ...] = field(compare=False)
    output: tuple[Row, ...] = field(compare=False)


def plain_layers(net: MLP) -> list[tuple[list[list[Fraction]], list[Fraction]]]:
    """The exact weights as fractions."""
    return [
        ([[fraction(v) for v in row] for row in layer.weight.tolist()], [fraction(b) for b in layer.exact_bias()])
        for layer in net.exact().layers
    ]


def patterns(net: MLP, start: Sequence[Row], find: "Callable[[Sequence[Row]], Point | None]") -> Iterator[Pattern]:
    """All sign patterns of open sets inside the domain ``row > 0`` for the rows of ``start``.

    Args:
        net: The network.
        start: The domain.
        find: Finds a point where all rows are positive, or None; on the side of a neuron where the
            known point lies nothing is asked.
    """
    layers = plain_layers(net)
    n = len(net.inputs)
    identity = [tuple(Fraction(int(j == i + 1)) for j in range(n + 1)) for i in range(n)]

    def above(depth: int, below: Sequence[Row]) -> list[Row]:
        weights, biases = layers[depth]
        result = []
        for row, bias in zip(weights, biases, strict=True):
            columns = zip(*([w * c for c in form] for w, form in zip(row, below, strict=True)), strict=True)
            total = [sum(column, start=Fraction(0)) for column in columns]
            result.append((total[0] + bias, *total[1:]))
        return result

    def extend(
        depth: int, rows: Sequence[Row], signs: tuple[int, ...], known: tuple[Row, ...], point: Point
    ) -> Iterator[Pattern]:
        if depth == len(layers) - 1:
            yield Pattern(signs, known, tuple(rows))
            return
        here = signs[sum(len(layers[d][0]) for d in range(depth)) :]
        if len(here) == len(rows):
            off = (Fraction(0),) * (n + 1)
            active = [row if s > 0 else off for row, s in zip(rows, here, strict=True)]
            yield from extend(depth + 1, above(depth + 1, active), signs, known, point)
            return
        row = rows[len(here)]
        if not any(row[1:]):
            yield from extend(depth, rows, (*signs, (row[0] > 0) - (row[0] < 0)), known, point)
            return
        value = sum((c * p for c, p in zip(row[1:], point, strict=True)), start=row[0])
        for sign in (1, -1):
            more = (*known, tuple(sign * c for c in row))
            inside = point if value * sign > 0 else find(more)
            if inside is not None:
                yield from extend(depth, rows, (*signs, sign), more, inside)

    first = find(tuple(start))
    if first is not None:
        yield from extend(0, above(0, identity), (), tuple(start), first)


def by_linear_program(n: int) -> "Callable[[Sequence[Row]], Point | None]":
    """Solves strict inequalities by the exact simplex method."""

    def find(rows: Sequence[Row]) -> Point | None:
        point = feasibility([relation(row, ">") for row in rows], n).point
        return None if point is None else tuple(map(fraction, point))

    return find


def relation(row: Row, op: str) -> Relation:
    """``row op 0``."""
    return Relation(Form({v: rational(c) for v, c in enumerate(row[1:])}, rational(row[0])), op)


def by_z3(n: int) -> "Callable[[Sequence[Row]], Point | None]":
    """Solves them by z3, which keeps what consecutive questions share."""
    import z3

    solver = z3.SolverFor("QF_LRA")
    variables = [z3.Real(f"x{i}") for i in range(n)]
    pushed: list[Row] = []

    def term(row: Row) -> Any:
        return z3.Sum(
            [z3.RealVal(str(row[0])), *(z3.RealVal(str(c)) * x for c, x in zip(row[1:], variables, strict=True))]
        )

    def find(rows: Sequence[Row]) -> Point | None:
        shared = next((i for i, (a, b) in enumerate(zip(pushed, rows, strict=False)) if a is not b), len(pushed))
        shared = min(shared, len(rows))
        solver.pop(len(pushed) - shared)
        del pushed[shared:]
        for row in rows[shared:]:
            solver.push()
            solver.add(term(row) > 0)
            pushed.append(row)
        answer = solver.check()
        assert answer != z3.unknown
        if answer == z3.unsat:
            return None
        values = [solver.model().eval(x, model_completion=True) for x in variables]
        return tuple(Fraction(v.numerator_as_long(), v.denominator_as_long()) for v in values)

    return find


def box(n: int, size: Any) -> list[Row]:
    """The inside of ``[-size, size]^n``."""
    rows = []
    for v in range(n):
        for sign in (1, -1):
            rows.append((Fraction(size), *(Fraction(sign * int(i == v)) for i in range(n))))
    return rows


def share_a_facet(a: Pattern, b: Pattern) -> bool:
    """Whether the closures of two regions meet in a set of dimension n - 1."""
    n = len(a.rows[0]) - 1 if a.rows else len(a.output[0]) - 1
    relations = [relation(row, ">=") for row in (*a.rows, *b.rows)]
    if feasibility(relations, n).point is None:
        return False
    return len(chart_of(relations, n).free) == n - 1


def components(count: int, pairs: Sequence[tuple[int, int]]) -> set[frozenset[int]]:
    """Connected components of a graph, by repeated merging."""
    groups = [{i} for i in range(count)]
    for i, j in pairs:
        one = next(g for g in groups if i in g)
        other = next(g for g in groups if j in g)
        if one is not other:
            one |= other
            groups.remove(other)
    return {frozenset(g) for g in groups}
