"""Two networks whose neurons are multiples of each other, in the words of ``Cells.v``.

Every neuron is a hinge of its own, ``max(0, l)``, but that a positive multiple of an earlier argument is a multiple of
that hinge.  So the coefficients stay those of the networks; in normal forms, which turn all hinges to one side, they
grow from level to level.  This serves copies of large networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flint import fmpq

from relucirc.checker.linear import ONE, UNIT, Linear, constant, mix
from relucirc.core.budget import tick
from relucirc.language.network import MLP
from relucirc.proof.theorem.gallina import form_text, key, listed, rational_text, taken_text


@dataclass
class _Shared:
    """Hinges, each with its neurons.

    Attributes:
        first: The variable of the first.
        arguments: What each is the positive part of.
        known: For a form up to positive multiples, a hinge's variable and the multiple that its argument is.
    """

    first: int
    arguments: list[Linear] = field(default_factory=list)
    known: dict[tuple, tuple[int, fmpq]] = field(default_factory=dict)

    def positive_part(self, argument: Linear) -> tuple[Linear, str]:
        """Returns ``max(0, argument)`` as a form, and the step that says so."""
        tick()
        fixed = constant(argument)
        if fixed is not None:
            return ({} if fixed <= 0 else argument), taken_text(fixed <= 0)
        size = abs(argument[min(v for v in argument if v != UNIT)])
        line = tuple(sorted((v, str(c / size)) for v, c in argument.items()))
        v, other = self.known.setdefault(line, (self.first + len(self.arguments), size))
        if v == self.first + len(self.arguments):
            self.arguments.append(argument)
        ratio = size / other
        return {v: ratio}, f"Atom {key(v)} {rational_text(ratio)} [] []"

    def run(self, net: MLP) -> tuple[list[Linear], list[str]]:
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
            parts = [self.positive_part(form) for form in forms]
            below = [value for value, _ in parts]
            steps += [step for _, step in parts]
        raise AssertionError("a network has a layer")


def copied_text(nets: Sequence[MLP]) -> str | None:
    """Writes the proof that two networks are equal as a term of type ``cells``; None where this does not show it."""
    hinges = _Shared(len(nets[0].inputs))
    (left, left_steps), (right, right_steps) = (hinges.run(net) for net in nets)
    if left != right:
        return None
    atoms = listed(f"[{form_text(argument)}]" for argument in hinges.arguments)
    return (
        f"Case {{| equalities := []; pivots := [];\n  case_atoms := {atoms};\n  left_steps := {listed(left_steps)};\n"
        f"  right_steps := {listed(right_steps)};\n  ending := Same |}}"
    )
