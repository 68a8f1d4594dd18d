"""What a proof is about: both sides of the claim, as Rocq reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from flint import fmpq

from relucirc.checker.linear import ONE, Linear
from relucirc.checker.reading import graph_of_weights
from relucirc.checker.sides import Side
from relucirc.core.graph import Graph
from relucirc.language.claim import Claim
from relucirc.language.network import MLP
from relucirc.proof.theorem.bounding import Answer, Signed, answering, cases, contradiction, ratio_of
from relucirc.proof.theorem.covered import refuse
from relucirc.proof.theorem.formulas import Formulas


@dataclass(frozen=True)
class Decided:
    """A maximum that the way to a cell has decided.

    Attributes:
        left: Whether its left argument is the larger.
        constraint: The number of the constraint that says so.
        value: That argument over the inputs.
    """

    left: bool
    constraint: int
    value: Linear


@dataclass(frozen=True)
class Sides:
    """What a proof is about.

    Attributes:
        net: The network.
        formulas: The formula, or the condition; nothing where there is a second network.
        claim: What the certificate is of.
        decided: The gates of each side, by their variables, that are decided.
        other: The second network, over the same inputs in the same order, if there is one.
    """

    net: MLP
    formulas: Formulas
    claim: Claim
    other: MLP | None = None
    decided: Mapping[str, Mapping[int, Decided]] = field(default_factory=lambda: {"left": {}, "right": {}})

    @property
    def n(self) -> int:
        """The number of inputs."""
        return len(self.net.inputs)

    @property
    def steps(self) -> str:
        """Where a certificate has the formula's steps: with the network's, where a condition compares outputs."""
        return "left" if self.claim.kind == "relation" else "right"

    @cached_property
    def graphs(self) -> dict[str, Graph]:
        """Both sides as the certificate's rules see them."""
        claim = self.claim
        left = claim.left if claim.kind == "relation" else graph_of_weights(self.net)
        if claim.kind == "within":
            left = replace(left, outputs=(*left.outputs, *(-output for output in left.outputs)))
        return {"left": left, "right": claim.right}

    def side(self, name: str) -> Side:
        """One side in this cell."""
        return Side(self.graphs[name], {v: known.value for v, known in self.decided[name].items()})

    def knowing(self, name: str, v: int, known: Decided) -> "Sides":
        """The sides in a cell where one more gate is decided."""
        return replace(self, decided={**self.decided, name: {**self.decided[name], v: known}})

    @cached_property
    def answers(self) -> list[Answer]:
        """What shows each of the violations that Rocq writes out; none of an equality."""
        claim = self.claim
        if claim.kind == "within":
            count = len(claim.left.outputs) // 2
            parts = {(0, True): (0, ONE)}
            return [Answer(i, parts) for k in range(count) for i in (k, count + k)]
        if claim.violations is None:
            return []
        return [answering(violation, claim.violations, claim.left.outputs) for violation in self.broken]

    @cached_property
    def broken(self) -> list[list[Signed]]:
        """The violations of a relation that Rocq writes out."""
        (condition,) = self.formulas.nodes
        return cases(self.formulas, condition, truth=False)

    @cached_property
    def contradictions(self) -> list[Answer]:
        """What shows this where each violation that Rocq writes out contradicts itself; else nothing.

        Then the relation holds whatever the outputs are, and a certificate has nothing more to say.
        """
        if self.claim.kind != "relation" or self.claim.violations is not None:
            return []
        leaves = [contradiction(violation) for violation in self.broken]
        return [] if None in leaves else [Answer(None, {}, leaf) for leaf in leaves if leaf is not None]

    @cached_property
    def rows(self) -> list[tuple[int, fmpq]]:
        """What has to be zero in Rocq, where that is claimed: multiples of the certificate's differences, by number.

        Of an equation Rocq writes out that neither side is above the other.
        """
        if self.claim.kind != "relation":
            return [(i, ONE) for i in range(len(self.claim.left.outputs))]
        return [self.row_of(violation)[1:] for violation in self.broken if not any(map(is_impossible, violation))]

    def row_of(self, violation: Sequence[Signed]) -> tuple[int, int, fmpq]:
        """The first part of a violation of an equation that says that something is positive: its number, and a row."""
        for place, (form, op) in enumerate(violation):
            if op == ">":
                ratios = ((i, ratio_of(form, known)) for i, known in enumerate(self.claim.left.outputs))
                i, ratio = next(((i, ratio) for i, ratio in ratios if ratio is not None), (0, fmpq(0)))
                if ratio == 0 and form:
                    break
                return place, i, ratio
        raise refuse("an equation among alternatives")


def is_impossible(part: Signed) -> bool:
    """Whether a part says of a number what it is not; Rocq leaves out a violation with such a part."""
    form, op = part
    return form.is_constant and (form.const <= 0 if op == ">" else op == ">=" and form.const < 0)
