"""Certificates: evidence as plain JSON data.

``{"format": FORMAT, "proof": ...}``, with ``"family"`` where symbolic weights were resolved.  The
rules of the proof are in docs/proved.md; nothing in it names the network or the formula, which the
checker reads for itself.
"""

from relucirc.claim import Claim

FORMAT = "relucirc-certificate-1"


def make_certificate(claim: Claim, proof: dict) -> dict:
    """Wraps the proof of a claim."""
    certificate: dict = {"format": FORMAT, "proof": proof}
    if claim.moves:
        certificate["family"] = list(claim.moves)
    return certificate
