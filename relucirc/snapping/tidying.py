"""After rounding: neurons that are dead now are dropped, exactly and on all of R^n."""

from collections.abc import Sequence
from fractions import Fraction

from relucirc.snapping.layers import RationalLayer, vector

ZERO = Fraction(0)


def tidy(layers: list[RationalLayer], inputs: int, moves: list[str]) -> list[RationalLayer]:
    """Drops neurons that nothing reads, that are constant, or that are never positive.

    Args:
        layers: The rounded network; its lists are changed.
        inputs: Number of inputs.
        moves: Where the sentences go.
    """
    while any(_drop_one(layers, depth, moves) for depth in range(len(layers) - 1)):
        pass
    for depth, layer in reversed(list(enumerate(layers[:-1]))):
        if not layer.weight:
            moves.append("a layer has no neuron left, so the network is constant.")
            values = _constant(layers[depth + 1 :])
            return [RationalLayer([[ZERO] * inputs for _ in values], values)]
    return layers


def _drop_one(layers: Sequence[RationalLayer], depth: int, moves: list[str]) -> bool:
    layer, above = layers[depth], layers[depth + 1]
    for i, (row, offset) in enumerate(zip(layer.weight, layer.bias, strict=True)):
        reading = [r[i] for r in above.weight]
        if not any(reading):
            reason = "nothing reads it any more"
        elif not any(row):
            value = max(offset, ZERO)
            reason = f"it always gives {value}"
            above.bias = [b + w * value for b, w in zip(above.bias, reading, strict=True)]
        elif depth and offset <= 0 and all(w <= 0 for w in row):
            reason = "it is never positive"
        else:
            continue
        moves.append(f"hidden layer {depth + 1}: the neuron with weights {vector(row)} is dropped; {reason}.")
        del layer.weight[i], layer.bias[i]
        for r in above.weight:
            del r[i]
        return True
    return False


def _constant(layers: Sequence[RationalLayer]) -> list[Fraction]:
    """The outputs, given that the first of these layers reads nothing."""
    values = list(layers[0].bias)
    for layer in layers[1:]:
        active = [max(v, ZERO) for v in values]
        rows = zip(layer.weight, layer.bias, strict=True)
        values = [b + sum((w * v for w, v in zip(row, active, strict=True)), start=ZERO) for row, b in rows]
    return values
