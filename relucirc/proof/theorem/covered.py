"""What the Gallina checker has no rule for, and the error that says so."""

from relucirc.core.errors import RelucircError


class NotCovered(RelucircError):
    """A proof exists, but it rests on a rule that the Gallina checker does not have."""


def refuse(what: str) -> NotCovered:
    """Returns the error that names a kind of evidence."""
    return NotCovered(f"theorem: the proof uses {what}, which the Rocq theory does not cover yet.")
