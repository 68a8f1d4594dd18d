"""Disguises: the same function by another network, in every way that keeps it exactly.

Neurons of a hidden layer are permuted, scaled and split; cancelling and dead ones are added; a layer that passes
everything on is inserted, in the basis that is there or in another one.
"""

import random
from collections.abc import Callable
from fractions import Fraction

from relucirc import MLP
from relucirc.core.exact import fraction

Rows = list[list[Fraction]]
Layers = list[tuple[Rows, list[Fraction]]]
WIDEST = 8
"""Wider layers are not doubled."""


def layers_of(net: MLP) -> Layers:
    """The weights and biases of a network, as Python's fractions."""
    return [
        ([[fraction(c) for c in row] for row in layer.weight.tolist()], [fraction(b) for b in layer.exact_bias()])
        for layer in net.exact().layers
    ]


def small(rng: random.Random) -> Fraction:
    return Fraction(rng.choice([-2, -1, 1, 2, 3]), rng.choice([1, 1, 2, 3]))


def permute(layers: Layers, k: int, rng: random.Random) -> None:
    (rows, bias), (above, offset) = layers[k], layers[k + 1]
    order = rng.sample(range(len(rows)), len(rows))
    layers[k] = [rows[i] for i in order], [bias[i] for i in order]
    layers[k + 1] = [[row[i] for i in order] for row in above], offset


def scale(layers: Layers, k: int, rng: random.Random) -> None:
    (rows, bias), (above, offset) = layers[k], layers[k + 1]
    scales = [abs(small(rng)) for _ in rows]
    layers[k] = (
        [[s * c for c in row] for s, row in zip(scales, rows, strict=True)],
        [s * b for s, b in zip(scales, bias, strict=True)],
    )
    layers[k + 1] = [[c / s for s, c in zip(scales, row, strict=True)] for row in above], offset


def split(layers: Layers, k: int, rng: random.Random) -> None:
    (rows, bias), (above, offset) = layers[k], layers[k + 1]
    if not rows:
        return
    i, share = rng.randrange(len(rows)), small(rng)
    layers[k] = [*rows, list(rows[i])], [*bias, bias[i]]
    layers[k + 1] = [[*row[:i], row[i] - share, *row[i + 1 :], share] for row in above], offset


def pad(layers: Layers, k: int, rng: random.Random) -> None:
    """Adds a pair of neurons that cancel, and one that is never active."""
    (rows, bias), (above, offset) = layers[k], layers[k + 1]
    width = len(layers[k - 1][0]) if k else len(rows[0])
    direction, b, c = [small(rng) for _ in range(width)], small(rng), small(rng)
    dead = [-abs(small(rng)) if k else Fraction(0) for _ in range(width)]
    layers[k] = [*rows, direction, list(direction), dead], [*bias, b, b, -abs(small(rng))]
    layers[k + 1] = [[*row, c, -c, small(rng)] for row in above], offset


def insert(layers: Layers, k: int, rng: random.Random, *, basis: bool = False) -> None:
    """Inserts before a layer ``v -> T^-1 (relu(T v) - relu(-T v))``, T a shear where the basis changes."""
    rows, bias = layers[k]
    width = len(rows[0])
    if width > WIDEST:
        return
    T = [[Fraction(int(i == j)) for j in range(width)] for i in range(width)]
    back = [list(row) for row in rows]
    if basis and width > 1:
        i, j = rng.sample(range(width), 2)
        c = small(rng)
        T[i] = [a + c * b for a, b in zip(T[i], T[j], strict=True)]
        for row in back:
            row[j] -= c * row[i]
    negated = [[-c for c in row] for row in T]
    layers[k : k + 1] = [([*T, *negated], [Fraction(0)] * (2 * width)), ([[*r, *(-c for c in r)] for r in back], bias)]


MOVES: dict[str, Callable[[Layers, int, random.Random], None]] = {
    "permuted": permute,
    "scaled": scale,
    "split": split,
    "padded": pad,
}


def disguise(net: MLP, *moves: str, seed: int = 0) -> MLP:
    """The same function: the moves named, in every hidden layer; ``passed`` and ``turned`` insert a layer somewhere."""
    rng = random.Random(seed)
    layers = layers_of(net)
    for move in moves:
        if move in ("passed", "turned"):
            insert(layers, rng.randrange(len(layers)), rng, basis=move == "turned")
            continue
        for k in range(len(layers) - 1):
            MOVES[move](layers, k, rng)
    return MLP.from_arrays(layers, net.inputs)


EVERY_WAY = ("split", "padded", "turned", "scaled", "permuted")


def outer(net: MLP, factor: Fraction, shift: Fraction) -> MLP:
    """A multiple of the outputs, and a constant more."""
    layers = layers_of(net)
    rows, bias = layers[-1]
    layers[-1] = [[factor * c for c in row] for row in rows], [factor * b + shift for b in bias]
    return MLP.from_arrays(layers, net.inputs)


def embedded(net: MLP, more: int = 2) -> MLP:
    """The same function of more inputs, its own among them, in the same order, the first one in the second place."""
    layers = layers_of(net)
    rows, bias = layers[0]
    layers[0] = [[Fraction(0), *row, *[Fraction(0)] * (more - 1)] for row in rows], bias
    return MLP.from_arrays(layers, [f"x{i + 1}" for i in range(len(net.inputs) + more)])
