"""A network as stages of sparse exact forms: what every evaluation plan is written from.

A *stage* is a list of affine forms over the *atoms* of the stage before it.  An atom is one
value ``l`` of that stage, passed through (``id``), clipped (``relu``: ``max(l, 0)``), clipped
after negation (``neg``: ``max(-l, 0)``), or its absolute value (``abs``).  Stage 0 is the inputs.
A network with k layers is k stages with ``relu`` atoms between them; :func:`simplify` rewrites
them into fewer.
"""

from dataclasses import dataclass

from flint import fmpq

from relucirc.core.errors import NetworkError
from relucirc.core.exact import ZERO
from relucirc.language.network import MLP

Atom = tuple[str, int]
"""``(kind, index)``: a kind, and the number of a form in the stage before."""


@dataclass(frozen=True)
class Form:
    """An affine form: the sum of ``coefficient * atom`` over ``terms``, plus ``bias``."""

    terms: tuple[tuple[Atom, fmpq], ...]
    bias: fmpq = ZERO

    @staticmethod
    def of(terms: dict[Atom, fmpq], bias: fmpq = ZERO) -> "Form":
        """Builds a form without zero terms, atoms in order."""
        return Form(tuple(sorted((a, c) for a, c in terms.items() if c != 0)), bias)

    def __neg__(self) -> "Form":
        return Form(tuple((atom, -c) for atom, c in self.terms), -self.bias)


@dataclass(frozen=True)
class Stages:
    """A network as stages of forms; the last stage is the outputs.

    Attributes:
        inputs: Number of inputs.
        stages: The forms of every stage after the inputs.
    """

    inputs: int
    stages: tuple[tuple[Form, ...], ...]

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.stages[-1])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of values in every stage, inputs first."""
        return (self.inputs, *map(len, self.stages))

    @property
    def terms(self) -> int:
        """Number of coefficients that are not zero."""
        return sum(len(form.terms) for stage in self.stages for form in stage)

    @property
    def dense_terms(self) -> int:
        """Number of coefficients that dense matrices of the same sizes would have."""
        return sum(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def relus(self) -> int:
        """Number of different atoms that are not mere copies."""
        return sum(len({a for f in stage for a, _ in f.terms if a[0] != "id"}) for stage in self.stages)


def plain_stages(net: MLP) -> Stages:
    """Returns the stages of a network as it is: one for each layer, nothing simplified.

    Raises:
        NetworkError: For weights with symbols, which have no float value.
    """
    if net.symbols:
        names = ", ".join(s.name for s in net.symbols)
        raise NetworkError(f"expected numbers as weights, got symbols {names}; substitute numbers before evaluating.")
    stages = []
    for number, layer in enumerate(net.exact().layers):
        kind = "relu" if number else "id"
        bias = layer.exact_bias()
        stages.append(
            tuple(
                Form(tuple(((kind, j), c) for j, c in row), b) for row, b in zip(layer.weight.rows, bias, strict=True)
            )
        )
    return Stages(len(net.inputs), tuple(stages))
