"""``front``: the shortest formulas of a network, each with how far it is from it, from one constant to the network.

The formula of a trained network is exact and unreadable; the readable one is not exact.  The front has both ends and
what is between them: for every price of a formula the nearest that was found.  Floats propose formulas on sample
points; each that is worth its price is measured once, by :func:`relucirc.max_deviation`, which certifies how far it
is from the network anywhere on the domain.  Nothing says that there is no nearer formula of the same price.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from relucirc.core.answer import Answer
from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left
from relucirc.core.errors import FormulaError, NetworkError
from relucirc.core.exact import to_rational
from relucirc.core.printing import decimal, formula_text
from relucirc.core.progress import Progress, watched
from relucirc.core.tables import counted, table
from relucirc.geometry.lift import graph_of, write_formula
from relucirc.interpretation.candidates import candidates
from relucirc.interpretation.ground import Ground, words
from relucirc.interpretation.merging import Candidate, candidates_of
from relucirc.interpretation.price import Price, price_of
from relucirc.interpretation.seen import Seen
from relucirc.interpretation.sketching import Sketcher
from relucirc.language.as_network import as_network
from relucirc.language.claim import read_tolerance
from relucirc.language.network import MLP
from relucirc.measure.bounds import bounds
from relucirc.measure.deviation import Deviation, max_deviation

ALWAYS = 1e9
"""Seconds where there is no limit."""
SKETCHING, CONSTANTS, SNAPPING, WRITING = 0.4, 0.1, 0.2, 0.2
"""Shares of the time that is left for sketches, for the best constants, for snaps, and for the exact formula."""
STEPS = 25_000
"""Most steps of work for sketches, about eight seconds on a quiet core: with the time for it, they are the same ones on
a busy machine."""
MEASURED = 24
"""Most formulas that are measured."""
SNAPPED = 64
"""Most hidden neurons of a network that is snapped."""
LEAST, NOTHING = 0.2, 1e-6
"""The least claim to time of a formula, and which part of the largest error is as good as none."""
LONG = 200
"""Operations from which a formula is measured only if it is the network's own: nobody reads it."""
ROUGH = 0.2
"""The tolerance of the roughest snap."""
READABLE = 20_000
"""Length from which a formula is not written into a table: SymPy takes seconds for it."""
SHOWN = 96
"""Characters of a formula that a table shows."""


@dataclass(frozen=True)
class Entry:
    """A formula, its price, and how far it is from the network.

    Attributes:
        formula: The formula; a list for several outputs.
        price: Its operations, and then its length.
        deviation: The answer of :func:`relucirc.max_deviation`: exact, or an interval, both certified.
        certificate: Evidence of the deviation for :func:`relucirc.check`; None where there is none.
    """

    formula: Any
    price: Price
    deviation: Deviation
    certificate: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def lower(self) -> sympy.Expr:
        """The largest distance on the domain is not less."""
        return self.deviation.lower

    @property
    def upper(self) -> sympy.Expr:
        """The largest distance on the domain is not more."""
        return self.deviation.upper

    @property
    def exact(self) -> bool:
        """Whether the two are the same: the largest distance itself."""
        return self.lower == self.upper

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON data."""
        return {
            "formula": formula_text(self.formula),
            "operations": self.price.operations,
            "length": self.price.length,
            "lower": str(self.lower),
            "upper": str(self.upper),
            "exact": self.exact,
            "certificate": self.certificate,
        }


@dataclass(frozen=True)
class Front(Answer):
    """The nearest formula that was found of every price, cheapest first, each nearer than all before it.

    Attributes:
        entries: The formulas, each with its certified distance from the network.
        domain: Where they were compared, in words: the bounded domain that was given, the part of an unbounded one in a
            box around zero, or [-1, 1]^n.
        region: The same as a domain for the other verbs.
        reason: One sentence about it.
        seconds: Wall time used.
    """

    entries: tuple[Entry, ...]
    domain: str
    region: Any = field(repr=False)
    reason: str
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """``"certified"``, or ``"unknown"`` where the budget ended before anything was measured."""
        return "certified" if self.entries else "unknown"

    def within(self, tolerance: Any) -> Entry | None:
        """The cheapest formula that is certainly no further than this from the network anywhere; None without one."""
        limit = to_rational(read_tolerance(tolerance, "tolerance"))
        return next((entry for entry in self.entries if entry.upper <= limit), None)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def _line(self) -> str:
        return self.reason

    def __str__(self) -> str:
        rows = [(_amount(e), str(e.price.operations), str(e.price.length), _shown(e)) for e in self.entries]
        return "\n".join(
            [*([table(("deviation", "operations", "length", "formula"), rows)] if rows else []), self.reason]
        )


def front(net: MLP, domain: Any = None, *, budget: float | None = 60.0, progress: Progress = None) -> Front:
    """Finds short formulas of a network, each with its certified distance, from one constant to the exact function.

    Candidates are the best constant, short affine functions, minima, maxima, absolute values, clips and medians of
    inputs and of the affine pieces that the network is mostly made of, affine combinations of these and of the hinges
    of the first layer, snapped networks, and the network's own formula.  Of two that are as near the cheaper stays.

    Args:
        net: A network without symbols.
        domain: Where formulas and network are compared, as for :func:`relucirc.prove`; [-1, 1]^n by default (or the
            first larger cube on which the network is not flat).
        budget: Seconds of wall time, after which the answer has what was measured until then; None for no limit.
        progress: As for :func:`relucirc.prove`.

    Raises:
        RelucircError: When the network has symbols, or the domain cannot be read or is empty.

    Example:
        >>> import relucirc
        >>> trained = relucirc.circuits.trained()["minimum"].network
        >>> found = front(trained)
        >>> entry = found.within(1e-3)
        >>> entry.formula, entry.price.operations, entry.exact, float(entry.upper) < 1e-4
        (Min(x1, x2), 1, True, True)
        >>> bool(relucirc.check(trained, entry.formula, entry.certificate, found.region))
        True
    """
    net = as_network(net, domain)
    if net.symbols:
        raise NetworkError(f"weights have symbols {[s.name for s in net.symbols]}; substitute numbers first.")
    clock = watched(budget, "front", progress)
    search = _Search(net, domain)
    ended = None
    try:
        with clock:
            search.run()
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
    return search.answer(ended, clock.elapsed)


class _Search:
    """Sketches in floats, then measures exactly."""

    def __init__(self, net: MLP, domain: Any) -> None:
        self.net, self.domain = net, domain
        self.ground: Ground | None = None
        self.entries: list[Entry] = []

    def run(self) -> None:
        """Fills in the entries, the cheapest first, until one is the network itself."""
        self.net = self.net.exact()
        self.ground = Ground.of(self.domain, self.net)
        self.graph = graph_of(self.net)
        self.symbols = [sympy.Symbol(name) for name in self.net.inputs]
        with np.errstate(all="ignore"):
            seen = Seen.of(self.net, self.ground)
        self.sketchers = []
        if seen.is_finite and len(seen.points):
            self.sketchers = [Sketcher(seen, k, self.symbols) for k in range(self.net.sizes[-1])]
        self._sketch(seen)
        self._bound()
        wanted = candidates_of([s.front() for s in self.sketchers], MEASURED)
        if self._measure([candidate for candidate in wanted if candidate.price.operations <= LONG]):
            self._write()

    def _sketch(self, seen: Seen) -> None:
        """Lets all outputs be sketched in turn, and adds snaps that are nearer than all sketches."""
        with suppress(OutOfBudget), _share(SKETCHING, STEPS):
            routes = [sketcher.run() for sketcher in self.sketchers]
            while routes:
                routes = [route for route in routes if next(route, self) is not self]
        if self.sketchers and self.net.hidden_neurons <= SNAPPED:
            with suppress(OutOfBudget), _share(SNAPPING):
                self._snap(seen)

    def _snap(self, seen: Seen) -> None:
        assert self.ground is not None
        known = seen.values[: len(self.ground.points)]

        def is_far(values: np.ndarray) -> bool:
            errors = np.abs(values[: len(known)] - known).max(axis=0, initial=0.0)
            best = [s.front()[-1].error if s.found else np.inf for s in self.sketchers]
            return bool((errors >= best).all())

        for snapped, _ in candidates(self.net, None, ROUGH, self.ground, is_far):
            with suppress(FormulaError):
                formula = write_formula(snapped)
                values = Seen.of(snapped, self.ground).values
                for k, part in enumerate(formula if isinstance(formula, list) else [formula]):
                    self.sketchers[k].offer(part, values[:, k])

    def _bound(self) -> None:
        """Adds the best constants: the middle between the least and the greatest value."""
        assert self.ground is not None
        if self.ground.region.integers or not self.sketchers:
            return
        with suppress(OutOfBudget), _share(CONSTANTS):
            found = bounds(self.graph, self.ground.region, budget=None)
            ends = (
                [(found.lower, found.upper)]
                if len(self.sketchers) == 1
                else list(zip(found.lower, found.upper, strict=True))
            )
            for sketcher, (low, high) in zip(self.sketchers, ends, strict=True):
                if found.exact and low.is_finite and high.is_finite:
                    middle = (low + high) / 2
                    sketcher.offer(middle, np.full(len(sketcher.values), float(middle)))

    def _measure(self, wanted: Sequence[Candidate]) -> bool:
        """Measures candidates; whether the last one still is not the network itself."""
        gains = _gains([candidate.error for candidate in wanted])
        for k, candidate in enumerate(wanted):
            if not self._take(candidate.formula, candidate.price, gains[k] / (gains[k:].sum() + LEAST)):
                return False
        return True

    def _take(self, formula: Any, price: Price, share: float) -> bool:
        """Measures one formula in a share of the time that is left, and keeps it if it is nearer than all before."""
        assert self.ground is not None
        region, limit = self.ground.region, share * seconds_left(ALWAYS)
        deviation = max_deviation(self.graph, formula, region, budget=limit, inputs=self.net.inputs)
        if all(entry.price > price or entry.upper > deviation.upper for entry in self.entries):
            cheaper = [entry for entry in self.entries if entry.price < price]
            nearer = [entry for entry in self.entries if entry.price > price and entry.upper < deviation.upper]
            self.entries = [*cheaper, Entry(formula, price, deviation, deviation.certificate), *nearer]
        return deviation.value != 0

    def _write(self) -> None:
        """Adds the network's own formula, if it can be written in time."""
        try:
            with _share(WRITING):
                formula = write_formula(self.graph)
                price = price_of(formula)
        except (OutOfBudget, FormulaError):
            return
        self._take(formula, price, 1.0)

    def answer(self, ended: str | None, seconds: float) -> Front:
        """Says what is known."""
        where = words(self.domain, len(self.net.inputs)) if self.ground is None else _where(self.ground)
        region = None if self.ground is None else self.ground.region
        count = counted(len(self.entries), "formula") if len(self.entries) == 1 else f"{len(self.entries)} formulas"
        reason = f"{count}, each certified on {where}"
        return Front(tuple(self.entries), where, region, f"{reason}{'' if ended is None else f'; {ended}'}.", seconds)


def front_wanted(net: MLP, domain: Any) -> bool:
    """Whether a front says something beside the exact formula: on a bounded domain, and where weights are floats.

    What floats add up to is seldom what was meant, and no formula of short numbers is equal to it.
    """
    if net.symbols:
        return False
    return not net.is_exact or (domain is not None and Ground.of(domain, net).part is None)


def _gains(errors: Sequence[float]) -> np.ndarray:
    """By how much each is nearer than the one before, as the logarithm of a factor: its claim to time."""
    sizes = np.log(np.maximum(errors, NOTHING * max(errors, default=1.0)) + 1e-300)
    return np.maximum(-np.diff(sizes, prepend=sizes[:1] + LEAST), LEAST)


def _share(part: float, steps: int | None = None) -> Any:
    """A clock for a share of the time that is left."""
    return part_of_time(part * seconds_left(ALWAYS), steps)


def _where(ground: Ground) -> str:
    return ground.where if ground.part is None else f"the part of {ground.where} in {ground.part}"


def _amount(entry: Entry) -> str:
    if entry.upper == sympy.oo:
        return "not bounded in time"
    shown = "0" if entry.upper == 0 else decimal(entry.upper, 3)
    return shown if entry.exact else f"at most {shown}"


def _shown(entry: Entry) -> str:
    if entry.price.length > READABLE:
        return "too long to be printed here"
    text = formula_text(entry.formula)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
