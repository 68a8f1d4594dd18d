"""Which neurons of two nearly equal networks are about the same: floats propose, any pairing is sound.

Level by level, the arguments of both networks' neurons are compared as rows over the inputs and the neurons of lower
levels, where those of the right network stand under the names of their partners; an assignment makes the differences
small together.  So copies are recognised that were rounded or pruned, and also permuted or scaled.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from flint import fmpq
from scipy.optimize import linear_sum_assignment

from relucirc.checker.scaled import Pair
from relucirc.core.exact import ONE, approximate, rational
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate
from relucirc.proof.bounding.question import short

FAR = 0.7
"""Rows that differ by more, relative to their length, are not about the same."""
AS_GOOD = 1.2
"""A pair is taken as it is where scaling makes the difference smaller by less than this factor."""
BITS = 20
Row = dict[int, float]
Neuron = tuple[int, Form]
"""The number of a gate, and the argument whose positive part it is."""


def pairs_of(left: Graph, right: Graph, evidence: Mapping[str, Sequence[dict]]) -> list[Pair]:
    """Proposes pairs of hinges.

    Args:
        left: A graph.
        right: Another over the same inputs.
        evidence: Which atom each gate became, as the normal form has it: ``gate = scale * atom + ...``.

    Returns:
        Pairs for :class:`relucirc.checker.scaled.Scaled`.
    """
    found: list[Pair] = []
    taken: set[int] = set()
    for i, j, ratio in _gates(left, right):
        one, other = evidence["left"][i], evidence["right"][j]
        if "atom" not in one or "atom" not in other or one["atom"] == other["atom"]:
            continue
        a, b = one["atom"], other["atom"]
        if a in taken or b in taken:
            continue
        taken |= {a, b}
        found.append((a, b, rational(one["scale"]) * ratio / rational(other["scale"])))
    return found


def _gates(left: Graph, right: Graph) -> Iterator[tuple[int, int, fmpq]]:
    """Yields pairs of gates with the factor from the first to the second."""
    n = len(left.inputs)
    partner: dict[int, tuple[int, float]] = {}  # a gate of the right graph -> its partner, and the factor
    for ours, theirs in zip(_levels(left), _levels(right), strict=False):
        if not ours or not theirs:
            continue
        rows = [{v: approximate(c) for v, c in form.terms.items()} | {-1: approximate(form.const)} for _, form in ours]
        others = [_renamed(form, n, partner) for _, form in theirs]
        first, second = _dense(rows, others)
        for i, j, factor in _matched(first, second):
            partner[theirs[j][0]] = ours[i][0], factor
            yield ours[i][0], theirs[j][0], ONE if factor == 1.0 else short(factor, BITS)


def _levels(graph: Graph) -> list[list[Neuron]]:
    """The neurons of a graph by levels."""
    n, level, found = len(graph.inputs), dict[int, int](), list[list[Neuron]]()
    for k, gate in enumerate(graph.gates):
        if not isinstance(gate, MaxGate):
            continue
        read = [v - n for form in (gate.left, gate.right) for v in form.terms if v >= n]
        level[k] = 1 + max((level.get(v, 0) for v in read), default=0)
        found += [[] for _ in range(level[k] - len(found))]
        if not gate.left or not gate.right:
            found[level[k] - 1].append((k, gate.right if not gate.left else gate.left))
    return found


def _renamed(form: Form, n: int, partner: Mapping[int, tuple[int, float]]) -> Row:
    """A row of the right network over the names of the left one; what has no partner keeps a name of its own."""
    row: Row = {-1: approximate(form.const)}
    for v, c in form.terms.items():
        name, factor = (v, 1.0) if v < n else partner.get(v - n, (-2 - v, 1.0))
        if v >= n and v - n in partner:
            name += n
        row[name] = row.get(name, 0.0) + approximate(c) * factor
    return row


def _dense(*groups: Sequence[Row]) -> list[np.ndarray]:
    columns = {v: i for i, v in enumerate(sorted({v for rows in groups for row in rows for v in row}))}
    arrays = []
    for rows in groups:
        array = np.zeros((len(rows), len(columns)))
        for i, row in enumerate(rows):
            array[i, [columns[v] for v in row]] = list(row.values())
        arrays.append(np.nan_to_num(array, posinf=0.0, neginf=0.0))
    return arrays


def _matched(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Yields numbers of rows that are about the same, and the factor from the first to the second."""
    squares = (first**2).sum(1)[:, None] + 1e-300
    products = first @ second.T
    factors = products / squares
    lengths = np.sqrt((second**2).sum(1))[None] + 1e-300
    apart = np.sqrt(np.maximum((second**2).sum(1)[None] - products * factors, 0.0)) / lengths
    apart = np.where(factors > 0, apart, 2.0)
    for i, j in zip(*linear_sum_assignment(apart), strict=True):
        if apart[i, j] > FAR:
            continue
        plain = float(np.linalg.norm(second[j] - first[i]) / lengths[0, j])
        yield int(i), int(j), 1.0 if plain <= AS_GOOD * apart[i, j] + 1e-9 else float(factors[i, j])
