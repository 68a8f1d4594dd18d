"""Two networks whose neurons are multiples of each other, in the words of ``Cells.v``.

Every neuron is a hinge of its own, ``max(0, l)``, but that a positive multiple of an earlier argument is a multiple of
that hinge.  So the coefficients stay those of the networks; in normal forms, which turn all hinges to one side, they
grow from level to level.  This serves copies of large networks.
"""

from collections.abc import Sequence

from flint import fmpq

from relucirc.checker.linear import ONE, UNIT, Linear, mix
from relucirc.language.network import MLP
from relucirc.proof.theorem.gallina import listed
from relucirc.proof.theorem.hinges import Hinges


def copied_text(nets: Sequence[MLP]) -> str | None:
    """Writes the proof that two networks are equal as a term of type ``cells``; None where this does not show it."""
    hinges = Hinges(len(nets[0].inputs))
    (left, left_steps), (right, right_steps) = (_run(net, hinges) for net in nets)
    if left != right:
        return None
    return (
        f"Case {{| equalities := []; pivots := [];\n  case_atoms := {hinges.text()};\n"
        f"  left_steps := {listed(left_steps)};\n  right_steps := {listed(right_steps)};\n  ending := Same |}}"
    )


def _run(net: MLP, hinges: Hinges) -> tuple[list[Linear], list[str]]:
    """Returns the outputs of a network over hinges, and the steps of its neurons."""
    below: list[Linear] = [{v: ONE} for v in range(len(net.inputs))]
    steps: list[str] = []
    for depth, layer in enumerate(net.layers):
        forms = [
            mix(((ONE, {UNIT: fmpq(bias)}), *((weight, below[j]) for j, weight in row)))
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True)
        ]
        if depth == len(net.layers) - 1:
            return forms, steps
        parts = [hinges.maximum({}, form) for form in forms]
        below = [value for value, _, _ in parts]
        steps += [step for _, step, _ in parts]
    raise AssertionError("a network has a layer")
