"""``universality``: which circuits and features recur in many networks, and in networks for different functions?

Every network is exact, or snapped to one that is certainly near it; then it is taken apart
(:mod:`~relucirc.interpretation.parts`), and every circuit inside is counted with its kind: up to the order, signs,
scales and origins of its variables and of its value (:mod:`~relucirc.interpretation.orbits`).  Networks that are not
explained in this way are counted as such.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import sympy

from relucirc.core.answer import Answer
from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.errors import RelucircError
from relucirc.core.progress import Progress, watched
from relucirc.interpretation.candidates import MOST, denominator_of
from relucirc.interpretation.circuits_within import circuits_within, term_of
from relucirc.interpretation.explanation import MOST_HINGES
from relucirc.interpretation.features import features_in
from relucirc.interpretation.kinds import Kinds
from relucirc.interpretation.part import Part
from relucirc.interpretation.parts import Parts
from relucirc.interpretation.recurrence import Recurring, distinct, ranked, text_of
from relucirc.interpretation.snap import snap
from relucirc.interpretation.sources import Source, sources_of
from relucirc.interpretation.terms import Term
from relucirc.interpretation.wiring import Wiring
from relucirc.language.domain import read_domain
from relucirc.language.network import MLP

ALWAYS = 1e9
"""Seconds where there is no limit."""
SHORT = 12
"""Largest denominator of a short number, to which networks are snapped."""
FAIR = 4
"""How many times its fair share of the time a network may take."""
TOO_FAR, TOO_LARGE, NOT_PROVED, NOT_REACHED = "not near a short one", "too large", "not proved", "not reached in time"
"""Why a network is not explained."""


@dataclass(frozen=True)
class Universality(Answer):
    """Which circuits and features recur, and where.

    Attributes:
        groups: What the groups of networks are called.
        group_of: The number of every network's group.
        explained: Whether a network was explained; the others have no counts.
        rows: The circuits, a :class:`~relucirc.interpretation.recurrence.Recurring` for every kind: those of most
            groups first, then of most networks.
        counts: How often every circuit stands in every network, ``[networks, circuits]``; a circuit that is read
            several times counts once.
        feature_rows: The same as ``rows`` for the features of neurons.
        feature_counts: Which network has which feature, ``[networks, features]``, 0 or 1.
        reason: One sentence for people.
        seconds: Wall time used.
    """

    groups: tuple[str, ...]
    group_of: np.ndarray = field(repr=False)
    explained: np.ndarray = field(repr=False)
    rows: tuple[Recurring, ...]
    counts: np.ndarray = field(repr=False)
    feature_rows: tuple[Recurring, ...]
    feature_counts: np.ndarray = field(repr=False)
    reason: str
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """``"counted"``, or ``"unknown"`` where no network was explained."""
        return "counted" if self.explained.any() else "unknown"

    @property
    def circuits(self) -> tuple[str, ...]:
        """The names of the circuits, in the order of ``rows`` and of the columns of ``counts``."""
        return tuple(row.name for row in self.rows)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features, in the order of ``feature_rows``."""
        return tuple(row.name for row in self.feature_rows)

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """For every group how many of its networks were explained, and how many there are."""
        places = range(len(self.groups))
        found = [(self.explained[self.group_of == k], self.group_of == k) for k in places]
        return tuple((int(explained.sum()), int(members.sum())) for explained, members in found)

    def to_json(self) -> dict[str, Any]:
        """Returns the answer as plain JSON data, networks summed up by group."""
        sizes = [{"group": g, "explained": e, "networks": n} for g, (e, n) in zip(self.groups, self.sizes, strict=True)]
        return {**super().to_json(), "groups": sizes}

    def _line(self) -> str:
        return self.reason

    def __str__(self) -> str:
        tables = [text_of(self.rows, "circuit"), text_of(self.feature_rows, "feature")]
        return "\n\n".join([*(tables if self.explained.any() else []), self.reason])


def universality(
    networks: Any,
    domain: Any = None,
    *,
    tolerance: float = 0.02,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Universality:
    r"""Counts which circuits and features recur in networks, and in groups of networks.

    An exact network of numbers with denominators up to 4096 is taken apart as it is.  Any other one, so every trained
    one, is snapped first (:func:`relucirc.snap`), and if no network of short numbers, with denominators up to 12, is
    certainly as near as ``tolerance`` says, it is counted as not explained; so are the seeds of a census that were not
    proved.

    Two circuits f and g are of one kind where $g(x) = a f(s_1 x_{p(1)} + b_1, ..., s_n x_{p(n)} + b_n) + c$, with an
    order p and rational numbers, a and the s not zero: a minimum and a maximum are of one kind, whatever they are
    multiplied by; an absolute value is of another one.  That is proved for every two that are counted as one.

    Args:
        networks: Networks, censuses (:func:`relucirc.training.run_census`), or a list of such; or a dictionary of
            groups, each a network, a census or a list.  Networks of a list are one group; the seeds of a census are a
            group, called after what they learned.
        domain: Where networks count, as for :func:`relucirc.prove`: all of R^n by default, and for snapping [-1, 1]^n.
        tolerance: How far snapping may move a network, as for :func:`relucirc.snap`.
        budget: Seconds of wall time, after which the networks that were not reached count as not explained; None for
            no limit.
        progress: As for :func:`relucirc.prove`.

    Raises:
        RelucircError: When something else is among the networks, one has symbols, or the domain cannot be read.

    Example:
        >>> import relucirc
        >>> from relucirc import circuits
        >>> found = universality({"two": [circuits.minimum(), circuits.maximum()], "four": circuits.minimum(4)})
        >>> found.circuits, found.counts.tolist()
        (('minimum',), [[1], [1], [3]])
        >>> (row,) = found.rows
        >>> row.names, row.formula, row.by_group
        (('minimum', 'maximum'), Min(v1, v2), (2, 1))
    """
    sources = list(sources_of(networks))
    clock = watched(budget, "universality", progress, sum(source.count for source in sources))
    search = _Search(sources, domain, tolerance)
    ended = None
    try:
        with clock:
            search.run()
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
    return search.answer(ended, clock.elapsed)


class _Seen(NamedTuple):
    """What is in a network: how often every circuit, over variables of its own, and the features."""

    circuits: Counter[Term]
    features: frozenset[str]


class _Search:
    """Takes network after network apart, equal ones once."""

    def __init__(self, sources: Sequence[Source], domain: Any, tolerance: float) -> None:
        if not sources:
            raise RelucircError("expected at least one network, got none.")
        self.sources, self.domain, self.tolerance = sources, domain, tolerance
        self.kinds = Kinds()
        self.seen: list[_Seen | str] = [NOT_PROVED if s.network is None else NOT_REACHED for s in sources]
        self._known: dict[MLP, _Seen | str] = {}

    def run(self) -> None:
        """Looks at all of them."""
        for k, source in enumerate(self.sources):
            if source.network is not None:
                try:
                    with part_of_time(FAIR * seconds_left(ALWAYS) / (len(self.sources) - k)):
                        self.seen[k] = self._look(source.network)
                except OutOfBudget:
                    tick()
            tick("networks")

    def _look(self, net: MLP) -> _Seen | str:
        if not net.is_exact or denominator_of(net) > MOST:
            snapped = snap(net, None, self.domain, max_denominator=SHORT, tolerance=self.tolerance, budget=None)
            if snapped.status != "snapped":
                return TOO_FAR
            net = snapped.network
        if net not in self._known:
            self._known[net] = self._taken_apart(net)
        return self._known[net]

    def _taken_apart(self, net: MLP) -> _Seen | str:
        wiring = Wiring(net, read_domain(self.domain, net.inputs))
        if len(wiring.hinges.atoms) > MOST_HINGES:
            return TOO_LARGE
        found: Counter[Term] = Counter()
        roots = list(Parts(wiring, net.inputs).outputs())
        for part in _all_parts(roots):
            names = sorted({*part.inputs, *(below.variable for below in part.below)})
            term = term_of(part.formula, {sympy.Symbol(name): v for v, name in enumerate(names)})
            if term.addends[1] or not part.below:  # else it adds up what is counted below
                found.update(circuits_within(term))
        for circuit in found:
            self.kinds.number(circuit)
        return _Seen(found, frozenset(feature.name for feature in features_in(net)))

    def answer(self, ended: str | None, seconds: float) -> Universality:
        """Counts."""
        groups = list(dict.fromkeys(source.group for source in self.sources))
        repeats = [source.count for source in self.sources]
        group_of = np.repeat([groups.index(source.group) for source in self.sources], repeats)
        seen = [found if isinstance(found, _Seen) else _Seen(Counter(), frozenset()) for found in self.seen]
        features = sorted(frozenset().union(*(found.features for found in seen)))
        counts = np.zeros((len(seen), len(self.kinds.found)), np.int32)
        for k, (found, times) in enumerate(zip(seen, repeats, strict=True)):
            for circuit, count in found.circuits.items():
                number = self.kinds.number(circuit)
                counts[k, number] += count
                self.kinds.found[number].members[circuit] += times
        has = np.array([[name in found.features for name in features] for found in seen], np.int32)
        counts, has = np.repeat(counts, repeats, axis=0), np.repeat(has, repeats, axis=0)
        kinds = [(kind.names, kind.formula) for kind in self.kinds.found]
        rows, counts = ranked(kinds, counts, group_of)
        feature_rows, has = ranked([((name,), None) for name in features], has, group_of)
        return Universality(
            groups=tuple(groups),
            group_of=group_of,
            explained=np.repeat([isinstance(found, _Seen) for found in self.seen], repeats),
            rows=distinct(rows),
            counts=counts,
            feature_rows=tuple(feature_rows),
            feature_counts=has,
            reason=self._reason(rows, len(groups), ended),
            seconds=seconds,
        )

    def _reason(self, rows: Sequence[Recurring], groups: int, ended: str | None) -> str:
        """Says how many networks were explained, why others were not, and what recurs."""
        whole = sum(source.count for source in self.sources)
        left: Counter[str] = Counter()
        for found, source in zip(self.seen, self.sources, strict=True):
            if isinstance(found, str):
                left[found] += source.count
        explained = f"{whole - left.total():,} of {whole:,} networks explained"
        others = "".join(f", {count:,} {why}" for why, count in sorted(left.items()))
        several = sum(row.groups > 1 for row in rows)
        recur = f", {several:,} of them in more than one of {groups} groups" if groups > 1 else ""
        kinds = "1 kind of circuit" if len(rows) == 1 else f"{len(rows):,} kinds of circuits"
        return f"{explained}{others}: {kinds}{recur}{'' if ended is None else f'; {ended}'}."


def _all_parts(roots: Sequence[Part]) -> Iterator[Part]:
    """The parts of all outputs, a hidden variable once."""
    known: set[str] = set()
    stack = list(reversed(roots))
    while stack:
        part = stack.pop()
        if part.variable not in known:
            known.add(part.variable)
            yield part
            stack += reversed(part.below)
