"""``check``: accept or reject a certificate for a claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relucirc.checker.cells import Side, check_cells, constraint, read
from relucirc.checker.certificate import FORMAT
from relucirc.checker.linear import Rejected, fields, require
from relucirc.checker.reading import check_names, compare_with_sympy, graph_of_weights
from relucirc.language.claim import Claim, read_claim

MALFORMED = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AssertionError)
"""What reading evidence of another shape may raise."""


@dataclass(frozen=True)
class Verdict:
    """Whether a certificate proves its claim; ``bool(verdict)`` is ``accepted``.

    Attributes:
        accepted: True only if every step was replayed.
        reason: Where it fails, for people.
    """

    accepted: bool
    reason: str

    def __bool__(self) -> bool:
        return self.accepted


def check(net: Any, formula: Any, certificate: Any, domain: Any = None, inputs: Sequence[str] | None = None) -> Verdict:
    """Checks a certificate independently of the methods that made it.

    Args:
        net: The network, as for :func:`relucirc.prove`.
        formula: The formula, as for :func:`relucirc.prove`.
        certificate: ``result.certificate``, or the same data read back from JSON.
        domain: The domain of the claim.
        inputs: Names of the inputs where ``net`` is a function.

    Returns:
        A :class:`Verdict`, true if the certificate proves that they are equal on the domain.

    Raises:
        RelucircError: When the network, the formula or the domain cannot be read.  A certificate
            of any shape is rejected, never an error.

    Example:
        >>> import relucirc
        >>> net = relucirc.circuits.minimum()
        >>> proof = relucirc.prove(net, "Min(x1, x2)").certificate
        >>> print(check(net, "Min(x1, x2)", proof))
        Verdict(accepted=True, reason='every step was replayed')
        >>> bool(check(net, "Max(x1, x2)", proof))
        False
    """
    return check_claim(read_claim(net, formula, domain, inputs), certificate)


def check_claim(claim: Claim, certificate: Any) -> Verdict:
    """Checks a certificate for a claim that has been read."""
    try:
        fields(certificate, {"format", "proof"}, {"family"}, "a certificate")
        require(certificate["format"] == FORMAT, f"expected the format {FORMAT!r}")
        require(certificate.get("family", []) == list(claim.moves), "the family's moves are not these")
        require(len(claim.left.outputs) == len(claim.right.outputs), "the numbers of outputs differ")
        check_names(claim.left.inputs, claim.right.inputs, claim.expressions or ())
        left = claim.left if claim.network is None else graph_of_weights(claim.network)
        if claim.expressions is not None:
            compare_with_sympy(claim.right, claim.expressions)
        constraints = [constraint(read(r.form), r.op) for r in claim.domain.relations]
        check_cells(certificate["proof"], Side(left, {}), Side(claim.right, {}), constraints, claim.domain.integers)
    except Rejected as rejection:
        return Verdict(False, str(rejection))
    except MALFORMED as error:
        return Verdict(False, f"malformed evidence ({type(error).__name__})")
    return Verdict(True, "every step was replayed")
