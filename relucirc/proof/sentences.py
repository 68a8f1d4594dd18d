"""What is said of an answer in one sentence: what was proved, or what happens at a witness."""

from collections.abc import Sequence

from flint import fmpq

from relucirc.checker.evaluating import value_of
from relucirc.core.printing import condition_text, number_text
from relucirc.core.trees import symbols_of
from relucirc.language.claim import Claim
from relucirc.language.relations import conjuncts, output_names

SHOWN = 6
"""How many coordinates of a point a sentence has."""


def proved(claim: Claim, method: str) -> str:
    """Says what was proved."""
    holds = "the condition holds" if claim.relation is None else "the relation holds"
    what = {"equal": "equal", "within": f"within {_number(claim.within)} of the formula", "relation": holds}[claim.kind]
    family = ", for all weights of the family" if claim.moves else ""
    return f"{what} {claim.domain}{family}, by {method}."


def refuted(claim: Claim, point: Sequence[fmpq]) -> str:
    """Says what happens at a witness."""
    at = f"at {shown(claim.left.inputs, point)}"
    if claim.kind == "relation":
        return f"{at}{' the condition does not hold' if claim.relation is None else f': {_broken(claim, point)}'}."
    pairs = list(zip(claim.network_value(point), claim.formula_value(point), strict=True))
    i, (a, b) = next((i, (a, b)) for i, (a, b) in enumerate(pairs) if abs(a - b) > (claim.within or 0))
    which = f" (output {i + 1})" if len(pairs) > 1 else ""
    apart = "" if claim.within is None else f", {number_text(abs(a - b))} apart, more than {_number(claim.within)}"
    return f"{at} the network gives {number_text(a)} and the formula {number_text(b)}{which}{apart}."


def _broken(claim: Claim, point: Sequence[fmpq]) -> str:
    """Finds the first part of a relation that does not hold, in SymPy's own tree."""
    values = claim.network_value(point)
    outputs = dict(zip(output_names(len(values)), values, strict=True))
    named = {**dict(zip(claim.left.inputs, point, strict=True)), **outputs}
    truths = [(value_of(part, named), part) for part in conjuncts(claim.relation)]
    part = next((part for wanted in (False, None) for truth, part in truths if truth is wanted), None)
    assert part is not None, "the relation holds at its witness"
    used = {symbol.name for symbol in symbols_of([part])}
    given = shown([y for y in outputs if y in used], [outputs[y] for y in outputs if y in used])
    return f"{given}, and {condition_text(part)} does not hold" if used else f"{condition_text(part)} does not hold"


def shown(names: Sequence[str], point: Sequence[fmpq]) -> str:
    """Writes a point; with many inputs, those that are not 0."""
    pairs = [(name, v) for name, v in zip(names, point, strict=True) if v or len(names) <= SHOWN]
    written = [f"{name} = {number_text(v)}" for name, v in pairs[:SHOWN]]
    if not written:
        return "the origin" if names else "the only point"
    rest = ", ..." if len(pairs) > SHOWN else " and 0 elsewhere," if len(pairs) < len(names) else ""
    return ", ".join(written) + rest


def _number(within: fmpq | None) -> str:
    return "0" if within is None else number_text(within)
