"""Networks of the short formulas that another network is near: a way to snap that reads values and not weights.

In a deep network many weights have to be moved together before any of them is a short number; what it computes may
still be near a median of three.  So short formulas are sketched (:mod:`~relucirc.interpretation.sketching`), and
those that seem near enough are compiled.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import sympy

from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left
from relucirc.core.errors import RelucircError
from relucirc.core.printing import formula_text
from relucirc.interpretation.batch import forward, stacked
from relucirc.interpretation.ground import Ground
from relucirc.interpretation.merging import candidates_of
from relucirc.interpretation.seen import Seen
from relucirc.interpretation.sketching import Sketcher
from relucirc.language.network import MLP
from relucirc.optimal import compile_formula

ALWAYS = 1e9
"""Seconds where there is no limit."""
SKETCHING, COMPILING = 0.2, 0.05
"""Shares of the time that is left, for the sketches and for each network."""
STEPS = 10_000
"""Most steps of work for the sketches, about three seconds on a quiet core."""
LONGEST = 20.0
"""Most seconds for each network."""
MOST = 12
"""Most formulas."""
LONG = 40
"""Most operations of a formula that is compiled."""


def respelled(net: MLP, ground: Ground, is_far: Callable[[np.ndarray], bool]) -> Iterator[tuple[MLP, tuple[str, ...]]]:
    """Yields networks of short formulas, and what was done, the cheapest formulas first.

    Args:
        net: The exact network.
        ground: Where functions are compared.
        is_far: Whether float values at the points of the ground show that a candidate need not be written.
    """
    seen = Seen.of(net, ground)
    if not seen.is_finite or not len(seen.points):
        return
    symbols = [sympy.Symbol(name) for name in net.inputs]
    sketchers = [Sketcher(seen, k, symbols) for k in range(net.sizes[-1])]
    with suppress(OutOfBudget), part_of_time(SKETCHING * seconds_left(ALWAYS), STEPS):
        for sketcher in sketchers:
            for _ in sketcher.run():
                pass
    for candidate in candidates_of([sketcher.front() for sketcher in sketchers], MOST):
        if candidate.price.operations > LONG:
            return
        limit = min(COMPILING * seconds_left(ALWAYS), LONGEST)
        with suppress(RelucircError):
            network = compile_formula(list(candidate.formulas), inputs=net.inputs, budget=limit).network
            if network is not None and not is_far(forward(stacked(network, single=True), ground.sight.points)[0]):
                yield network, (f"it is written anew, as {formula_text(candidate.formula)}.",)
