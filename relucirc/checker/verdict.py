"""What checking a certificate answers, and how a replay becomes that."""

from collections.abc import Callable
from dataclasses import dataclass, field

from relucirc.checker.data import Rejected
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import RelucircError

MALFORMED = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AssertionError)
"""What reading evidence of another shape may raise."""


@dataclass(frozen=True)
class Verdict(Answer):
    """Whether a certificate proves its claim; ``bool(verdict)`` is ``accepted``.

    Attributes:
        accepted: True only if every step was replayed; None where Ctrl-C came before that.
        reason: What was replayed, or where it fails, for people.
        seconds: Wall time used.
    """

    accepted: bool | None
    reason: str
    seconds: float = field(default=0.0, repr=False, compare=False)

    @property
    def status(self) -> str:
        """``"accepted"``, ``"rejected"``, or ``"unknown"`` where Ctrl-C came first."""
        return "unknown" if self.accepted is None else "accepted" if self.accepted else "rejected"

    def __bool__(self) -> bool:
        return self.accepted is True

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}."


def replay(steps: Callable[[], None], accepted: str) -> Verdict:
    """Runs a check; whatever it raises about the evidence, or the claim, is a rejection.

    Args:
        steps: Returns if the evidence is right, and raises where it is not.
        accepted: What is said then.
    """
    clock = Budget(method="the check")
    try:
        with clock:
            steps()
    except Rejected as rejection:
        return Verdict(False, str(rejection), clock.elapsed)
    except RelucircError as error:
        return Verdict(False, f"the claim cannot be read: {error}", clock.elapsed)
    except MALFORMED as error:
        return Verdict(False, f"malformed evidence ({type(error).__name__})", clock.elapsed)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return Verdict(None, f"{clock.ended(error)} before every step was replayed", clock.elapsed)
    return Verdict(True, accepted, clock.elapsed)
