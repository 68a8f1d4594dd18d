"""Sorting networks, and what is left of them for one order statistic.

A comparator gives the minimum and the maximum of two values.  It is the minimum circuit with one more greaterness
detector, four neurons ``relu(b), relu(-b), relu(b - a), relu(a - b)``:

    min = b - relu(b - a),    max = a + b - min = b + relu(a - b).

Comparators whose outputs are not used are left out; one of whose outputs is used needs three neurons.
"""

from collections.abc import Sequence

import sympy

from relucirc.circuits.circuit import Circuit, at_least, network, order_formula
from relucirc.circuits.sources import BATCHER, FOLKLORE
from relucirc.core.errors import NetworkError, shorten
from relucirc.core.forms import Form
from relucirc.core.names import default_names
from relucirc.language.layers import Layers
from relucirc.language.network import MLP
from relucirc.language.sorting import merge_exchange

MOST = 2000
"""Most inputs that a sorting network is built for: it has some n log(n)^2 comparators."""


def order_network(n: int, wanted: Sequence[int]) -> MLP:
    """Returns a network for some of the order statistics of n inputs.

    Args:
        n: Number of inputs.
        wanted: Which ones, counted from 1 for the least, in the order of the outputs.

    Returns:
        A network with one hidden layer for each round of comparators.
    """
    rounds = _rounds(n)
    needed = _needed(rounds, {k - 1 for k in wanted})
    layers = Layers(default_names(n))
    values = dict(enumerate(map(Form.variable, range(n))))
    level = 0
    for comparators, live in zip(rounds, needed, strict=True):
        used = [(i, j) for i, j in comparators if i in live or j in live]
        if not used:
            continue

        def neuron(form: Form, level: int = level) -> Form:
            return layers.relu([form], level)[0]

        after = {}
        for i, j in used:
            rise = values[j] - values[i]
            kept = neuron(values[j]) - neuron(-values[j])
            if i in live:
                after[i] = kept - neuron(rise)
            if j in live:
                after[j] = kept + neuron(-rise)
        after |= {wire: neuron(values[wire]) - neuron(-values[wire]) for wire in live if wire not in after}
        values, level = after, level + 1
    return layers.build([values[k - 1] for k in wanted], level)


def _rounds(n: int) -> list[list[tuple[int, int]]]:
    """Groups Batcher's comparators into rounds, each comparator as early as its wires allow."""
    ready = [0] * n
    rounds: list[list[tuple[int, int]]] = []
    for i, j in merge_exchange(n):
        level = max(ready[i], ready[j])
        ready[i] = ready[j] = level + 1
        rounds += [[] for _ in range(level + 1 - len(rounds))]
        rounds[level].append((i, j))
    return rounds


def _needed(rounds: list[list[tuple[int, int]]], wanted: set[int]) -> list[set[int]]:
    """Returns the wires that are used after each round, from the last round back."""
    live = set(wanted)
    needed = []
    for comparators in reversed(rounds):
        needed.append(set(live))
        for i, j in comparators:
            if i in live or j in live:
                live |= {i, j}
    return needed[::-1]


def _sort(n: int = 3) -> MLP:
    at_least(n, 1, "sort", MOST)
    return order_network(n, range(1, n + 1))


def _sorted(n: int = 3) -> list[sympy.Expr]:
    return [order_formula(k, n) for k in range(1, at_least(n, 1, "sort", MOST) + 1)]


def _order(n: int, k: int) -> tuple[int, int]:
    at_least(n, 1, "order_statistic, number of inputs", MOST)
    if at_least(k, 1, "order_statistic, k") > n:
        raise NetworkError(f"order_statistic: expected k from 1 to {n}, got {shorten(k)}.")
    return n, k


def _order_statistic(n: int = 5, k: int = 2) -> MLP:
    _order(n, k)
    return _median(3) if (n, k) == (3, 2) else order_network(n, [k])


def _middle(n: int) -> int:
    if at_least(n, 1, "median", MOST) % 2 == 0:
        raise NetworkError(f"median: expected an odd number of inputs, got {n}; use order_statistic(n, k).")
    return n // 2 + 1


def _median(n: int = 3) -> MLP:
    """Three inputs have a network of their own: clip x3 between the minimum and the maximum of x1 and x2."""
    if n != 3:
        return order_network(n, [_middle(n)])
    return network(
        [[0, 1, 0], [0, -1, 0], [-1, 1, 0], [1, -1, 0], [0, 0, 1], [0, 0, -1]],
        [[1, -1, -1, 0, 0, 0], [-1, 1, 1, 0, 0, 0], [-1, 1, 1, 0, 1, -1], [-1, 1, 0, -1, 1, -1]],
        [[1, -1, 1, -1]],
    )


sort = Circuit(
    "sort",
    BATCHER,
    "Gives n inputs in ascending order, by Batcher's merge exchange.",
    _sort,
    _sorted,
    examples=((), (2,), (4,)),
)

order_statistic = Circuit(
    "order_statistic",
    BATCHER,
    "Gives the k-th least of n inputs: a sorting network without the comparators that it does not need.",
    _order_statistic,
    lambda n=5, k=2: order_formula(_order(n, k)[1], n),
    examples=((), (4, 2), (4, 4)),
)

median = Circuit(
    "median",
    f"{BATCHER}; three inputs: {FOLKLORE}",
    "Gives the median of an odd number of inputs; of three, the third clipped between the other two.",
    _median,
    lambda n=3: order_formula(_middle(n), n),
    examples=((), (5,)),
)
