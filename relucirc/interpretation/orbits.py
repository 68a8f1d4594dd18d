"""Functions up to what does not matter: the order, the signs, the scales and the origins of their variables and value.

Two functions are of one kind where ``g(x) = a f(s_1 x_p(1) + b_1, ..., s_n x_p(n) + b_n) + c`` with a, s_i not zero.  A
piecewise-linear function has one place in its kind, which is read off its pieces ``g_k x + c_k``:

* every variable is divided by the steepest slope along it, so that this is 1, which takes the output's scale too;
* the constants move by ``g_k b + c``: what is left of them beside all of these, in least squares, does not depend on
  the origin; where it is zero, all pieces meet in a point;
* else the largest of what is left is brought to 1, by scaling value and variables alike;
* of all orders and signs that one is taken whose pieces, and then values at some points, come first.

All of it is rational arithmetic.  Functions of one kind get one key; that two functions with one key are the same is
proved, and not left to the key.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.core.rows import dot, solve_rows
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.geometry.subdivision import leaves

POINTS = 12
"""Points whose values tell functions with the same pieces apart."""
MOST = 2000
"""Orders and signs that are tried; of functions with more symmetry, mirror images may stay apart."""

Row = tuple[fmpq, ...]


@dataclass(frozen=True)
class Move:
    """Which variable comes where, and with which sign; the value's sign."""

    order: tuple[int, ...]
    signs: tuple[int, ...]
    sign: int

    def row(self, row: Row) -> Row:
        """Moves a piece: its slopes, the constant last."""
        slopes = (self.sign * s * row[v] for v, s in zip(self.order, self.signs, strict=True))
        return *slopes, self.sign * row[-1]


@dataclass(frozen=True)
class Orbit:
    """A function, and its place in its kind.

    Attributes:
        graph: The function, with one output.
    """

    graph: Graph

    @cached_property
    def _n(self) -> int:
        return len(self.graph.inputs)

    @cached_property
    def pieces(self) -> list[Form]:
        """The affine pieces, each once."""
        hinges = HingeGraph(self._n, (), None)
        outputs, _ = hinges.lower(self.graph)
        return list(dict.fromkeys(forms[0] for _, forms in leaves(hinges, outputs, Region.everything(self._n))))

    @cached_property
    def scales(self) -> list[fmpq]:
        """The steepest slope along every variable; 1 where there is none."""
        return [max(abs(piece.coefficient(v)) for piece in self.pieces) or ONE for v in range(self._n)]

    @cached_property
    def _slopes(self) -> list[Row]:
        return [tuple(p.coefficient(v) / s for v, s in enumerate(self.scales)) for p in self.pieces]

    @cached_property
    def _origin(self) -> list[fmpq]:
        """Where the scaled variables start, and last what is added to the value."""
        system = [(*row, ONE) for row in self._slopes]
        columns = list(zip(*system, strict=True))
        normal = [[dot(a, b) for b in columns] for a in columns]
        target = [-dot(column, [piece.const for piece in self.pieces]) for column in columns]
        found = solve_rows(target, normal)
        assert found is not None  # least squares always have a solution
        return found

    @cached_property
    def _rest(self) -> list[fmpq]:
        """What the origin leaves of the constants."""
        return [p.const + dot((*row, ONE), self._origin) for p, row in zip(self.pieces, self._slopes, strict=True)]

    @cached_property
    def _size(self) -> fmpq:
        return max(map(abs, self._rest)) or ONE

    @cached_property
    def _rows(self) -> list[Row]:
        return [(*row, c / self._size) for row, c in zip(self._slopes, self._rest, strict=True)]

    @cached_property
    def _best(self) -> "tuple[tuple, Graph]":
        """The key and the function in its place."""
        first, moves = None, []
        for move in _moves(self._slopes):
            tick()
            rows = sorted(map(move.row, self._rows))
            if first is None or rows < first:
                first, moves = rows, []
            if rows == first:
                moves.append(move)
        assert first is not None
        points = _points(self._n)
        images = [self._moved(move) for move in moves]
        values, graph = min(
            (([image.evaluate(point)[0] for point in points], image) for image in images), key=lambda pair: pair[0]
        )
        return (tuple(first), tuple(values)), graph

    @property
    def key(self) -> tuple:
        """Equal for functions of one kind."""
        return self._best[0]

    @property
    def normal(self) -> Graph:
        """The function in its place, over variables ``v1, v2, ...``."""
        return self._best[1]

    def _moved(self, move: Move) -> Graph:
        n = self._n
        place: dict[int, Form] = {}
        for j, (v, s) in enumerate(zip(move.order, move.signs, strict=True)):
            place[v] = Form({j: s * self._size}, self._origin[v]).scale(ONE / self.scales[v])

        def change(form: Form) -> Form:
            return form.substitute(lambda v: place.get(v, Form.variable(v)))

        (output,) = self.graph.outputs
        moved = change(output).shift(self._origin[n]).scale(move.sign / self._size)
        return Graph(names_of(n), tuple(gate.map(change) for gate in self.graph.gates), (moved,))


def names_of(n: int) -> tuple[str, ...]:
    """The variables of a kind: ``v``, or ``v1, v2, ...``."""
    return ("v",) if n == 1 else tuple(f"v{k + 1}" for k in range(n))


def _moves(slopes: Sequence[Row]) -> Iterator[Move]:
    """Orders and signs that may come first: variables with the same slopes, signs apart, in any order."""
    return itertools.islice(itertools.chain.from_iterable(_moves_with(slopes, sign) for sign in (1, -1)), MOST)


def _moves_with(slopes: Sequence[Row], sign: int) -> Iterator[Move]:
    groups: dict[tuple, list[int]] = {}
    options: dict[int, tuple[int, ...]] = {}
    for v, column in enumerate(zip(*slopes, strict=True)):
        up, down = (tuple(sorted((s * sign * c for c in column), reverse=True)) for s in (1, -1))
        options[v] = (1, -1) if up == down else (1,) if up > down else (-1,)
        groups.setdefault(max(up, down), []).append(v)
    choices = [itertools.permutations(groups[key]) for key in sorted(groups)]
    for chosen in itertools.product(*choices):
        order = tuple(itertools.chain.from_iterable(chosen))
        for signs in itertools.product(*(options[v] for v in order)):
            yield Move(order, signs, sign)


def _points(n: int) -> list[list[fmpq]]:
    rng = np.random.default_rng(20220101 + n)
    return [[fmpq(int(c), 64) for c in row] for row in rng.integers(-128, 129, (POINTS, n))]
