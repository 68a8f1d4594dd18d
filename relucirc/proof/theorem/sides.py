"""What a proof is about: both sides of the claim, as Rocq reads them."""

from dataclasses import dataclass
from functools import cached_property

from relucirc.checker.linear import ONE
from relucirc.language.claim import Claim
from relucirc.language.network import MLP
from relucirc.proof.theorem.bounding import Answer, answering, cases
from relucirc.proof.theorem.formulas import Formulas


@dataclass(frozen=True)
class Sides:
    """What a proof is about.

    Attributes:
        net: The network.
        formulas: The formula, or the condition; nothing where there is a second network.
        claim: What the certificate is of.
        other: The second network, over the same inputs in the same order, if there is one.
    """

    net: MLP
    formulas: Formulas
    claim: Claim
    other: MLP | None = None

    @property
    def n(self) -> int:
        """The number of inputs."""
        return len(self.net.inputs)

    @property
    def steps(self) -> str:
        """Where a certificate has the formula's steps: with the network's, where a condition compares outputs."""
        return "left" if self.claim.kind == "relation" else "right"

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
        (condition,) = self.formulas.nodes
        broken = cases(self.formulas, condition, truth=False)
        return [answering(violation, claim.violations, claim.left.outputs) for violation in broken]
