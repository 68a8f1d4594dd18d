"""What ``compare`` answers."""

from dataclasses import dataclass, field
from typing import Any

import sympy

from relucirc.core.answer import Answer
from relucirc.measure.comparing.difference import ChangedLayer, FirstDifference
from relucirc.measure.comparing.rewrites import Rewrite


@dataclass(frozen=True)
class Comparison(Answer):
    """How two networks compare.

    Attributes:
        status: ``"equal"`` at every point of the domain; ``"within"`` the tolerance that was asked for; ``"different"``
            at a point (with a tolerance: by more than that); or ``"unknown"``.
        reason: One sentence for people.
        witness: Where they differ, ``{input name: sympy.Rational}``.
        value: What the first gives there, exactly; a list for several outputs.
        other_value: What the second gives.
        deviation: The largest difference of any output on the domain, exactly: 0 where they are equal, ``oo`` where it
            has no bound; None where it is not known.
        lower: The largest difference is not less, certified.
        upper: It is not more, certified; ``oo`` where no bound is known.
        first_difference: The lowest layer, and the neurons there, that compute different functions of the inputs; None
            where there is none, none was looked for in time, or one side is no network of layers. Of
            networks that differ, when the time ends, that of the first layer, whether or not it matters above.
        changed_layers: The layers whose weights are other numbers, from below, whatever that changes.
        rewrites: What was done to neurons that compute the same: permuted, scaled, split, merged, left out, ....
        seconds: Wall time used.
        certificate: Evidence that they are equal, or within the tolerance, for
            ``relucirc.check(c.networks[0], c.networks[1], c.certificate, domain)``, with ``within=within`` if the
            status is ``"within"``.
        networks: The two as they were compared, over the same input names.
    """

    status: str
    reason: str
    witness: dict[str, sympy.Rational] | None = None
    value: Any = None
    other_value: Any = None
    deviation: sympy.Expr | None = None
    lower: sympy.Expr = sympy.S.Zero
    upper: sympy.Expr = sympy.oo
    first_difference: FirstDifference | None = None
    changed_layers: tuple[ChangedLayer, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    seconds: float = 0.0
    certificate: dict[str, Any] | None = field(default=None, repr=False)
    networks: tuple[Any, Any] = field(default=(None, None), repr=False)

    def __str__(self) -> str:
        lines = [f"{self.status}: {self.reason}"]
        if self.first_difference is not None:
            what = "by other neurons" if self.status == "equal" else "what they compute differs"
            lines.append(f"{what} from {self.first_difference} on")
        lines += [f"same function: {rewrite}" for rewrite in self.rewrites]
        lines += [f"other numbers: {changed}" for changed in self.changed_layers if not self.rewrites]
        return "\n".join(lines)
