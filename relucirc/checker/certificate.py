"""Certificates: evidence as plain JSON data.

``{"format": FORMAT, "proof": ...}``, with ``"family"`` where symbolic weights were resolved.  The
rules of the proof are in docs/proved.md; nothing in it names the network or the formula, which the
checker reads for itself.
"""

from collections.abc import Sequence

FORMAT = "relucirc-certificate-1"


def make_certificate(proof: dict, moves: Sequence[dict] = ()) -> dict:
    """Wraps the proof of a claim, with the moves that resolved its symbolic weights."""
    certificate: dict = {"format": FORMAT, "proof": proof}
    if moves:
        certificate["family"] = list(moves)
    return certificate
