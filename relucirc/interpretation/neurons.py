"""The first way to snap: neuron by neuron, in exact arithmetic.

A network is taken as exactly the rational numbers that its floats are.  Layer by layer from the
inputs, each hidden neuron is rescaled so that the largest weight of its row is one in absolute
value, the scale moving into its read-out (``relu(s z) = s relu(z)`` for s > 0: nothing changes).
Every entry of the row then moves to the simplest rational within a tolerance, equal rows merge,
neurons that are never active on the domain or hardly read are dropped, and rows are sorted.  What
is left, with the read-outs moved to simple rationals too, is a *circuit*: equal circuits are equal
networks up to the order, scale, splitting and death of neurons.

Nothing here decides whether the circuit is right.  The tolerances are tried from tight to loose, and
the proof of the circuit says which of them was good.  (:func:`relucirc.snap` rounds one network for its
owner, to small denominators even where it has to strain, and tells what it did.  Here thousands of seeds
are counted by the circuit that they became, and no weight moves farther than the tolerance.)
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.interpretation.circuit import Circuit, Row
from relucirc.interpretation.moving import Mover, Snap, exact_layers
from relucirc.language.network import MLP


def snap_network(net: MLP, tolerance: fmpq, corners: Sequence[Sequence[fmpq]]) -> Snap:
    """Snaps one network.

    Args:
        net: A float network.
        tolerance: What an entry of a row with a largest entry of one may move.
        corners: The vertices of the domain.

    Raises:
        RelucircError: For weights that are NaN or infinite.
    """
    layers = exact_layers(net)
    mover = Mover(tolerance)
    done: list[tuple[tuple[Row, ...], Row]] = []
    dropped = 0
    for k in range(len(layers) - 1):
        rows, bias = layers[k]
        above, offset = layers[k + 1]
        neurons: dict[tuple[Row, fmpq], list[fmpq]] = {}
        for j, (row, b) in enumerate(zip(rows, bias, strict=True)):
            scale = max(map(abs, row), default=ZERO)
            if not scale:
                if b > 0:
                    offset = [o + line[j] * b for o, line in zip(offset, above, strict=True)]
                dropped += 1
                continue
            moved = tuple(mover.move(w / scale) for w in row), mover.move(b / scale)
            if k == 0 and _never_active(*moved, corners):
                dropped += 1
                continue
            read = [line[j] * scale for line in above]
            if moved in neurons:
                read = [a + c for a, c in zip(neurons[moved], read, strict=True)]
            neurons[moved] = read
        kept = _hardly_read(neurons, mover)
        dropped += len(neurons) - len(kept)
        order = sorted(kept, key=lambda neuron: (*neuron[0], neuron[1]))
        done.append((tuple(row for row, _ in order), tuple(b for _, b in order)))
        layers[k + 1] = [[kept[neuron][o] for neuron in order] for o in range(len(above))], offset
    done.append(_read_out(*layers[-1], mover))
    biased = any(layer.bias is not None for layer in net.layers)
    return Snap(Circuit(tuple(done), biased), tolerance, mover.largest, dropped)


def _never_active(row: Row, bias: fmpq, corners: Sequence[Sequence[fmpq]]) -> bool:
    """Whether ``row . x + bias <= 0`` on the whole domain."""
    return all(sum((w * x for w, x in zip(row, corner, strict=True)), start=bias) <= 0 for corner in corners)


def _hardly_read(neurons: dict[Any, list[fmpq]], mover: Mover) -> dict[Any, list[fmpq]]:
    """Leaves out the neurons whose read-outs are all within the tolerance of zero."""
    largest = max((abs(c) for read in neurons.values() for c in read), default=ZERO)
    kept = {}
    for neuron, read in neurons.items():
        most = max(map(abs, read))
        if most > mover.tolerance * largest:
            kept[neuron] = read
        elif most:
            mover.note(most, largest)
    return kept


def _read_out(rows: list[list[fmpq]], bias: list[fmpq], mover: Mover) -> tuple[tuple[Row, ...], Row]:
    """Snaps the output layer, each output in units of its largest weight."""
    units = [max((abs(c) for c in (*row, b)), default=ZERO) or ONE for row, b in zip(rows, bias, strict=True)]
    moved = tuple(tuple(mover.move(c, unit) for c in row) for row, unit in zip(rows, units, strict=True))
    return moved, tuple(mover.move(b, unit) for b, unit in zip(bias, units, strict=True))
