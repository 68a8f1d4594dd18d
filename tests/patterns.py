"""A second exact route to activation regions: one system of strict inequalities per neuron and sign.

Patterns are enumerated neuron by neuron; a pattern is kept while the open set where all strict
inequalities hold has a point, found by eliminating variables in plain fractions (Fourier and Motzkin)
or by z3.  Nothing of relucirc is used but the exact weights.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from relucirc import MLP

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

    def fractions(numbers: Sequence[Any]) -> list[Fraction]:
        return [Fraction(int(q.p), int(q.q)) for q in numbers]

    return [
        ([fractions(row) for row in layer.weight.tolist()], fractions(layer.exact_bias()))
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
        value = evaluate(row, point)
        for sign in (1, -1):
            more = (*known, tuple(sign * c for c in row))
            inside = point if value * sign > 0 else find(more)
            if inside is not None:
                yield from extend(depth, rows, (*signs, sign), more, inside)

    first = find(tuple(start))
    if first is not None:
        yield from extend(0, above(0, identity), (), tuple(start), first)


def by_elimination(n: int) -> "Callable[[Sequence[Row]], Point | None]":
    """Solves strict inequalities by eliminating one variable after the other, the last one first.

    A variable has a value iff each of its lower bounds lies below each of its upper bounds (Fourier 1826,
    Motzkin 1936).
    """

    def find(rows: Sequence[Row]) -> Point | None:
        return positive_point([tuple(row) for row in rows], n)

    return find


def positive_point(rows: Sequence[Row], n: int) -> Point | None:
    """A point of n coordinates where all rows are positive, or None."""
    rows = {tuple(c / abs(next(filter(None, row), 1)) for c in row) for row in rows}
    if n == 0:
        return () if all(constant > 0 for (constant,) in rows) else None
    bounds = [(row[-1] > 0, tuple(-c / row[-1] for c in row[:-1])) for row in rows if row[-1]]
    lower, upper = ([row for is_lower, row in bounds if is_lower is side] for side in (True, False))
    gaps = [tuple(u - w for u, w in zip(up, low, strict=True)) for up in upper for low in lower]
    below = positive_point([row[:-1] for row in rows if not row[-1]] + gaps, n - 1)
    if below is None:
        return None
    low = max((evaluate(row, below) for row in lower), default=None)
    high = min((evaluate(row, below) for row in upper), default=None)
    if low is None or high is None:
        return (*below, Fraction(0) if low is high else high - 1 if low is None else low + 1)
    return (*below, (low + high) / 2)


def evaluate(row: Row, point: Point) -> Fraction:
    """The value of an affine row."""
    return sum((c * p for c, p in zip(row[1:], point, strict=True)), start=row[0])


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
    """Whether the closures of two regions meet in a set of dimension n - 1.

    Regions are open and apart, so the plane of such a set is a plane of a facet of either; on that plane all
    rows but those that vanish there are positive somewhere at once.  Conversely, around such a point the plane
    belongs to both closures.
    """
    return any(positive_on_plane(plane, (*a.rows, *b.rows)) for plane in a.rows if any(plane[1:]))


def positive_on_plane(plane: Row, rows: Sequence[Row]) -> bool:
    """Whether all rows that do not vanish where ``plane == 0`` are positive at one of its points."""
    v = next(v for v, c in enumerate(plane) if v and c)
    solved = [tuple(r - row[v] / plane[v] * p for r, p in zip(row, plane, strict=True)) for row in rows]
    left = [(*row[:v], *row[v + 1 :]) for row in solved if any(row)]
    return positive_point(left, len(plane) - 2) is not None


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
