"""After rounding, in exact arithmetic: dead neurons are dropped, and rows of small fractions become integers."""

from collections.abc import Sequence
from math import lcm

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.interpretation.canonical import Canonical, Layer, Row, choose
from relucirc.interpretation.writing import vector
from relucirc.language.box import Interval, form_range


def tidy(layers: Sequence[Layer], bounds: Sequence[Interval], moves: list[str]) -> list[Layer]:
    """Drops neurons that nothing reads, that are constant, or that are never active within the bounds.

    Args:
        layers: The rounded network.
        bounds: The least and the largest value of every input, None for none.
        moves: Where the sentences go.
    """
    layers = list(layers)
    while any(_drop(layers, depth, _image(layers[:depth], bounds), moves) for depth in range(len(layers) - 1)):
        pass
    last = max((depth for depth, (rows, _) in enumerate(layers[:-1]) if not rows), default=None)
    if last is None:
        return layers
    moves.append("a layer has no neuron left, so the network is constant.")
    values = tuple(Canonical(tuple(layers[last + 1 :]), biased=True).at(()))
    return [(((ZERO,) * len(bounds),) * len(values), values)]


def _image(layers: Sequence[Layer], bounds: Sequence[Interval]) -> Sequence[Interval]:
    """Bounds of what hidden layers give."""
    for rows, bias in layers:
        tops = [_largest(row, b, bounds) for row, b in zip(rows, bias, strict=True)]
        bounds = [(ZERO, top if top is None else max(top, ZERO)) for top in tops]
    return bounds


def _largest(row: Row, offset: fmpq, bounds: Sequence[Interval]) -> fmpq | None:
    """The largest value of an affine form within bounds, None for infinity."""
    return form_range(Form(dict(enumerate(row)), offset), bounds)[1]


def _drop(layers: list[Layer], depth: int, bounds: Sequence[Interval], moves: list[str]) -> bool:
    (rows, bias), (above, offset) = layers[depth], layers[depth + 1]
    kept = []
    for i, (row, b) in enumerate(zip(rows, bias, strict=True)):
        top = _largest(row, b, bounds)
        if not any(line[i] for line in above):
            reason = "nothing reads it any more"
        elif not any(row):
            reason = f"it always gives {max(b, ZERO)}"
            offset = tuple(o + line[i] * max(b, ZERO) for o, line in zip(offset, above, strict=True))
        elif top is not None and top <= 0:
            reason = "it is never active on the domain"
        else:
            kept.append(i)
            continue
        moves.append(f"hidden layer {depth + 1}: the neuron with weights {vector(row)} is dropped; {reason}.")
    layers[depth + 1] = above, offset
    choose(layers, depth, kept)
    return len(kept) < len(rows)


def whole(layers: Sequence[Layer], max_denominator: int, moves: list[str]) -> list[Layer]:
    """Multiplies hidden rows by their common denominator where the weights above stay simple."""
    layers = list(layers)
    for depth in range(len(layers) - 1):
        (rows, bias), (above, offset) = layers[depth], layers[depth + 1]
        scales = []
        for i, row in enumerate(rows):
            common = lcm(*(int(w.q) for w in row))
            simple = common != 1 and all((line[i] / common).q <= max_denominator for line in above)
            scales.append(fmpq(common if simple else 1))
            if simple:
                made = vector([w * common for w in row])
                moves.append(
                    f"hidden layer {depth + 1}: {vector(row)} becomes {ONE / common} times {made}; the scale moves up."
                )
        layers[depth] = (
            tuple(tuple(w * s for w in row) for row, s in zip(rows, scales, strict=True)),
            tuple(b * s for b, s in zip(bias, scales, strict=True)),
        )
        layers[depth + 1] = tuple(tuple(w / s for w, s in zip(line, scales, strict=True)) for line in above), offset
    return layers
