"""From sketches to what is measured exactly: one list of formulas for each network, thinned.

With several outputs, an error is allowed, and every output takes its cheapest formula within it: each error that
some sketch has gives one list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from relucirc.interpretation.price import Price
from relucirc.interpretation.sketching import Sketch

GAIN = 0.9
"""A formula is worth its price if it seems to be nearer than all cheaper ones by this factor."""


@dataclass(frozen=True)
class Candidate:
    """Formulas for all outputs.

    Attributes:
        formulas: One for each output.
        price: Their price, together.
        error: The largest difference seen.
    """

    formulas: tuple[sympy.Expr, ...]
    price: Price
    error: float

    @property
    def formula(self) -> Any:
        """As a verb takes it: one expression, or a list of them."""
        return self.formulas[0] if len(self.formulas) == 1 else list(self.formulas)


def candidates_of(fronts: Sequence[Sequence[Sketch]], most: int) -> list[Candidate]:
    """The candidates that are worth their price, cheapest first.

    Args:
        fronts: For every output its sketches, from cheap to near; none where an output has no sketch.
        most: How many at most.
    """
    if not all(fronts):
        return []
    found = []
    for allowed in sorted({sketch.error for front in fronts for sketch in front}, reverse=True):
        chosen = [next((s for s in front if s.error <= allowed), None) for front in fronts]
        known = [sketch for sketch in chosen if sketch is not None]
        if len(known) < len(chosen):
            break
        price = Price(sum(s.price.operations for s in known), sum(s.price.length for s in known))
        found.append(Candidate(tuple(s.formula for s in known), price, max(s.error for s in known)))
    gain = GAIN
    while len(kept := _thinned(found, gain)) > most:
        gain *= GAIN
    return kept


def _thinned(found: Sequence[Candidate], gain: float) -> list[Candidate]:
    kept: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: (c.price, c.error)):
        if not kept or candidate.error < gain * kept[-1].error:
            kept.append(candidate)
    return kept
