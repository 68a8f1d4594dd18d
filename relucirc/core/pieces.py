"""Pieces of work: data that any process can be given, and what one makes of them.

A *work* is a function of a module, ``work(question, piece, seconds)``: pure in the question and the piece.  A piece is
plain JSON data.  It answers with an :class:`Outcome`: what it found, and the pieces that are left of its own, in order,
if it took about as long as it was to.  So the pieces are a tree, which is cut where the work is; what was found is
joined in the order of that tree, whoever found it and whenever.
"""

import pickle
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from relucirc.core.budget import Budget, OutOfBudget

Piece = Any
"""Plain JSON data."""


@dataclass(frozen=True)
class Outcome:
    """What became of a piece.

    Attributes:
        found: Plain JSON data.
        rest: What is left of the piece, in order; each comes after what was found.
        final: Whether nothing that comes after it is asked for, such as after a point that refutes a claim.
        counts: What was counted meanwhile, as a clock counts it.
        kept: Whether a journal may say so later, when there is perhaps more time.
    """

    found: Any
    rest: Sequence[Piece] = ()
    final: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    kept: bool = True


Work = Callable[[Any, Piece, float | None], Outcome]
"""Question, piece, and after how many seconds to hand back what is left (None: never)."""


@dataclass(frozen=True)
class Order:
    """What is sent to a worker.

    Attributes:
        work: The function.
        question: The question, pickled: many orders have the same.
        key: Tells questions apart.
        piece: The piece.
        patience: After how many seconds to hand back what is left.
        seconds: How many are left for all of the work; None for no limit.
    """

    work: Work
    question: bytes
    key: str
    piece: Piece
    patience: float | None
    seconds: float | None


def carry_out(order: Order) -> Outcome | None:
    """Works on a piece; None where the time was over before there was an answer.  Runs in any process or thread."""
    question = _question(order)
    with Budget(order.seconds) as clock:
        try:
            return counted(order.work(question, order.piece, order.patience), clock)
        except OutOfBudget:
            return None


def counted(outcome: Outcome, clock: Budget) -> Outcome:
    """Returns an outcome with what its clock has counted."""
    return replace(outcome, rest=tuple(outcome.rest), counts=dict(clock.progress))


_here = threading.local()
"""The question that a worker's thread read last, since reading takes time."""


def _question(order: Order) -> Any:
    if getattr(_here, "key", None) != order.key:
        _here.question = pickle.loads(order.question)
        _here.key = order.key
    return _here.question
