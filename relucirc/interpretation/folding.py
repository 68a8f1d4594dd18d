"""The second way to snap, for one hidden layer: by the function instead of by the neurons.

Wider networks spread one kink over several neurons, and hold affine pieces as pairs of opposite
neurons in any direction they like: ``c relu(l) + c' relu(-l) = (c + c') relu(l) - c' l``.  Rounding
such neurons one by one fails.  Folded together they have a unique form (Dereich and Kassing 2022,
arXiv 2108.05643): one kink with a jump ``k_H`` for every hyperplane, and an affine rest.  The kinks that
hardly jump vanish, and the jumps, hyperplanes and affine rest that are left move to simple rationals.
Read back as a network, that is the trained network pruned as far as algebra goes.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.interpretation.circuit import Circuit, Row
from relucirc.interpretation.moving import Mover, Snap, exact_layers
from relucirc.language.network import MLP

Form = tuple[Row, fmpq]
"""``row . x + constant``."""

MAX_FLIPS = 8
"""With up to this many kinks every orientation of them is tried."""


@dataclass
class _Kink:
    """``jump * relu(form)``, with the form as it came first and its read-out for every output."""

    form: Form
    jump: list[fmpq]


def fold_network(net: MLP, tolerance: fmpq, corners: Sequence[Sequence[fmpq]]) -> Snap | None:
    """Snaps one network with one hidden layer by its folded form; None for other depths.

    Args:
        net: A float network.
        tolerance: See :func:`~relucirc.interpretation.neurons.snap_network`.
        corners: The vertices of the domain.
    """
    if len(net.layers) != 2:
        return None
    (rows, bias), (above, offset) = exact_layers(net)
    outputs, n = len(above), len(net.inputs)
    mover = Mover(tolerance)
    rest = [(list(row), o) for row, o in zip([[ZERO] * n for _ in range(outputs)], offset, strict=True)]
    kinks: list[_Kink] = []
    for j, (row, b) in enumerate(zip(rows, bias, strict=True)):
        read = [line[j] for line in above]
        values = [_value((tuple(row), b), corner) for corner in corners]
        if max(values) <= 0:
            continue
        scale = max(map(abs, row), default=ZERO)
        if min(values) >= 0 or not scale:
            _add(rest, read, (tuple(row), b))
            continue
        form = tuple(w / scale for w in row), b / scale
        read = [c * scale for c in read]
        kink, flipped = _find(kinks, form, tolerance)
        if flipped:
            _add(rest, read, form)
        if kink is None:
            kinks.append(_Kink(form, read))
        else:
            kink.jump = [a + c for a, c in zip(kink.jump, read, strict=True)]
    largest = max((abs(c) for kink in kinks for c in kink.jump), default=ZERO)
    scale_of_rest = max((abs(c) for row, o in rest for c in (*row, o)), default=ZERO)
    unit = max(largest, scale_of_rest) or ONE
    kept = [kink for kink in kinks if max(map(abs, kink.jump)) > tolerance * unit]
    for kink in kept:
        row, b = kink.form
        kink.form = tuple(mover.move(w) for w in row), mover.move(b)
        kink.jump = [mover.move(c, unit) for c in kink.jump]
    affine = [(tuple(mover.move(c, unit) for c in row), mover.move(o, unit)) for row, o in rest]
    circuit = _shortest(kept, affine, any(layer.bias is not None for layer in net.layers))
    used = sum(len(rows) for rows, _ in circuit.layers[:-1])
    return Snap(circuit, tolerance, mover.largest, max(0, len(rows) - used), folded=True)


def _value(form: Form, point: Sequence[fmpq]) -> fmpq:
    return sum((w * x for w, x in zip(form[0], point, strict=True)), start=form[1])


def _add(rest: list[tuple[list[fmpq], fmpq]], factors: Sequence[fmpq], form: Form) -> None:
    for o, factor in enumerate(factors):
        row, constant = rest[o]
        rest[o] = [a + factor * w for a, w in zip(row, form[0], strict=True)], constant + factor * form[1]


def _find(kinks: Sequence[_Kink], form: Form, tolerance: fmpq) -> tuple[_Kink | None, bool]:
    """Finds a kink on the same hyperplane within the tolerance, and whether it looks the other way."""
    for kink in kinks:
        for sign in (ONE, -ONE):
            far = max(
                abs(a - sign * c) for a, c in zip((*kink.form[0], kink.form[1]), (*form[0], form[1]), strict=True)
            )
            if far <= 2 * tolerance:
                return kink, sign < 0
    return None, False


def _shortest(kinks: Sequence[_Kink], affine: Sequence[Form], biased: bool) -> Circuit:
    """Writes kinks and an affine rest as a network: the orientation that leaves the smallest rest."""
    best: list[tuple[Form, list[fmpq]]] | None = None
    orientations = (
        itertools.product((False, True), repeat=len(kinks)) if len(kinks) <= MAX_FLIPS else [(False,) * len(kinks)]
    )
    for flips in orientations:
        neurons: dict[Form, list[fmpq]] = {}
        rest = [(list(row), constant) for row, constant in affine]
        for kink, flip in zip(kinks, flips, strict=True):
            row, b = kink.form
            if flip:
                _add(rest, kink.jump, kink.form)
            form = (tuple(-w for w in row), -b) if flip else kink.form
            neurons[form] = [a + c for a, c in zip(neurons.get(form, [ZERO] * len(affine)), kink.jump, strict=True)]
        for o, (row, _) in enumerate(rest):
            _add_pair(neurons, tuple(row), o, len(affine))
        found = [(form, read) for form, read in neurons.items() if any(read)]
        if best is None or len(found) < len(best):
            best = found
    assert best is not None
    best.sort(key=lambda neuron: (*neuron[0][0], neuron[0][1]))
    hidden = tuple(form[0] for form, _ in best), tuple(form[1] for form, _ in best)
    outer = tuple(tuple(read[o] for _, read in best) for o in range(len(affine)))
    return Circuit((hidden, (outer, _constants(kinks, affine, best))), biased)


def _add_pair(neurons: dict[Form, list[fmpq]], row: Row, output: int, outputs: int) -> None:
    """Adds a linear form to one output, as ``relu(l) - relu(-l)``."""
    scale = max(map(abs, row), default=ZERO)
    if scale:
        for sign in (ONE, -ONE):
            read = neurons.setdefault((tuple(sign * w / scale for w in row), ZERO), [ZERO] * outputs)
            read[output] = read[output] + sign * scale


def _constants(kinks: Sequence[_Kink], affine: Sequence[Form], neurons: Sequence[tuple[Form, list[fmpq]]]) -> Row:
    """What the neurons leave of the function: a constant for each output, found at the origin."""
    constants = []
    for o, (_, constant) in enumerate(affine):
        wanted = constant + sum((kink.jump[o] * max(kink.form[1], ZERO) for kink in kinks), start=ZERO)
        given = sum((read[o] * max(form[1], ZERO) for form, read in neurons), start=ZERO)
        constants.append(wanted - given)
    return tuple(constants)
