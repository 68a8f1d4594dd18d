"""``explain``: a network's formula, the circuits that compute the same, and what its neurons detect."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from relucirc.core.answer import Answer, plain
from relucirc.core.budget import OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.errors import FormulaError
from relucirc.core.exact import to_rational
from relucirc.core.graph import Graph
from relucirc.core.printing import formula_text, number_text
from relucirc.core.progress import Progress, watched
from relucirc.core.trees import parts_of
from relucirc.geometry import lift
from relucirc.geometry.lift import graph_of, write_formula
from relucirc.interpretation.catalogue import Known, Match
from relucirc.interpretation.features import features_in
from relucirc.interpretation.front import ALWAYS, Front, front_wanted
from relucirc.interpretation.front import front as front_of
from relucirc.interpretation.hidden import Hidden
from relucirc.interpretation.nearly import nearly
from relucirc.interpretation.part import Part
from relucirc.interpretation.parts import Parts
from relucirc.interpretation.routes import cost_of, shorter_formulas
from relucirc.interpretation.telling import LISTED, feature_lines, group_lines, redundant_lines
from relucirc.interpretation.vocabulary import Feature
from relucirc.interpretation.wiring import Redundant, Wiring
from relucirc.interpretation.writing import cut
from relucirc.language.as_network import as_network
from relucirc.language.claim import read_tolerance
from relucirc.language.domain import Domain, read_domain
from relucirc.language.lower.from_family import resolve_family
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.language.network import MLP
from relucirc.proof.prover import prove

PRINTED = 20_000
"""Larger formulas are not printed among other lines: SymPy takes seconds for it, and nobody reads them."""

AROUND = 1 / 3
"""Share of the time for formulas that are near, where none is asked for."""


PROVING, PARTING = 0.6, 0.5
"""Shares of what is left for the formula as it is written, and for the circuits inside of it."""
LONG = 1000
"""Longest text of a formula that is printed whole."""
MOST_HINGES = 300
"""Networks with more hinges are not taken apart."""


@dataclass(frozen=True)
class Explanation(Answer):
    """What a network computes.

    Attributes:
        formula: The shortest formula found; proved equal to the network on the domain, all of R^n without one.  A list
            for several outputs.  None where none was found and proved: ``reason`` says why.
        circuits: Catalogue circuits that compute the same function there, proved: names, with
            parameters where they are not the defaults, such as ``"minimum(5)"``.
        parts: The circuits inside, for every output a tree of hidden variables, each with its name, formula, neurons
            and proof: a :class:`~relucirc.interpretation.part.Part`.
        variables: All hidden variables u1, u2, ... that parts and features speak of, each after those that it reads.
        redundant: The hidden neurons that can go, and why.
        features: What the hidden neurons detect, one :class:`~relucirc.interpretation.vocabulary.Feature` for each,
            from the first layer up, in terms of the variables below it.
        groups: What neurons of one layer make up, such as a minimum circuit; reconstructors too.
        reason: One sentence for people: what is proved, and what was left out when the budget ended.
        deviation: How far the formula is from the network at most, certified: 0 where it is proved equal, and with a
            tolerance on ``front.domain``.  None without a formula.
        front: On a bounded domain, for a network of floats, and with a tolerance: shorter formulas, each with its
            certified distance (:class:`~relucirc.interpretation.front.Front`).  Else None.
        seconds: Wall time used.
        certificate: Evidence that the formula is right, which :func:`relucirc.check` accepts; with a tolerance, that
            it is no further than ``deviation`` on ``front.region``, if there is any.
    """

    formula: Any
    circuits: tuple[str, ...]
    features: tuple[Feature, ...]
    reason: str
    deviation: Any = None
    front: Front | None = None
    parts: tuple[Part, ...] = ()
    redundant: tuple[Redundant, ...] = ()
    variables: tuple[Part, ...] = ()
    groups: tuple[Feature, ...] = ()
    seconds: float = 0.0
    certificate: dict | None = field(default=None, repr=False)

    @property
    def status(self) -> str:
        """``"proved"`` where there is a formula, else ``"unknown"``."""
        return "unknown" if self.formula is None else "proved"

    def __str__(self) -> str:
        if self.formula is None:
            first = f"unknown   {self.reason}"
        elif (size := size_of(self.formula)) > PRINTED:
            first = f"formula   of {size:,} numbers, names and operations, too long to be printed here"
        else:
            first = f"formula   {cut(formula_text(self.formula), LONG)}"
        lines = [first]
        if self.deviation:
            lines.append(f"deviation at most {number_text(self.deviation)}")
        lines.append(f"circuits  {', '.join(self.circuits) or 'none of the catalogue'}")
        if self.front is not None:
            lines += [f"front     {line}" for line in str(self.front).splitlines()]
        shown: set[str] = set()
        for part in self.parts if self.variables else ():
            lines += [f"part      {line}" for line in part.lines(shown)]
        for part in self.variables if len(self.features) <= LISTED else ():
            lines += [f"variable  {line}" for line in part.lines(shown)]
        lines += [f"feature   {line}" for line in feature_lines(self.features)]
        lines += [f"group     {line}" for line in group_lines(self.groups)]
        lines += [f"redundant {line}" for line in redundant_lines(self.redundant)]
        return "\n".join(lines)

    @property
    def formulas(self) -> dict[str, Any]:
        """The network in steps: hidden variables, each over inputs and earlier ones, then the outputs over these.

        Example:
            >>> import relucirc
            >>> explain(relucirc.circuits.minimum(4)).formulas
            {'u1': Min(x1, x2), 'u2': Min(x3, x4), 'y': Min(u1, u2)}
        """
        read = set[str]()
        pending = list(self.parts)
        while pending:
            below = [part for part in pending.pop().below if part.variable not in read]
            read |= {part.variable for part in below}
            pending += below
        steps = [part for part in self.variables if part.variable in read]
        return {part.variable: part.formula for part in (*steps, *self.parts)}

    @property
    def layers(self) -> tuple[tuple[Feature, ...], ...]:
        """The features of each hidden layer, in the order of its neurons."""
        return tuple(tuple(layer) for _, layer in itertools.groupby(self.features, key=lambda feature: feature.layer))

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as plain data, the formulas in steps, and a label for every hidden neuron by layer."""
        labels = [[feature.label for feature in layer] for layer in self.layers]
        shown: set[str] = set()
        parts = {"parts": [part.to_json(shown) for part in self.parts]}
        variables = {"variables": [part.to_json(shown - {part.variable}) for part in self.variables]}
        return {**super().to_json(), **parts, **variables, "formulas": plain(self.formulas), "labels": labels}


def explain(
    net: MLP,
    domain: Any = None,
    tolerance: Any = None,
    *,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Explanation:
    """Finds the formula that a network computes, proves it, and names the circuits that compute the same.

    The formula is the cheapest of several that are proved: the normal form written out, the formula of a circuit of the
    catalogue, and what the routes of :mod:`relucirc.interpretation.shortest` find, by operations as SymPy counts them.
    Of a trained network that is unreadable, so with a tolerance the answer is the shortest formula found that is
    certainly within it on the domain, with its circuits.

    Args:
        net: A network.
        domain: Where it counts, as for :func:`relucirc.prove`; all of R^n by default.  Where a bounded domain is
            needed and none is given, it is [-1, 1]^n, and the answer says so.
        tolerance: How far the formula may be from the network: a rational number, or text such as ``"1/20"``.
        budget: Seconds of wall time for all of it; None for no limit.  When they end, or at Ctrl-C, the
            answer is what is known until then.
        progress: As for :func:`relucirc.prove`.

    Raises:
        RelucircError: When the network, the domain or the tolerance cannot be read.

    Example:
        >>> import relucirc
        >>> explain(relucirc.circuits.minimum()).formula
        Min(x1, x2)
        >>> explain(relucirc.circuits.absolute(), "x >= 0").formula
        x
        >>> found = explain(relucirc.circuits.trained()["minimum"].network, tolerance="1/1000")
        >>> found.formula, found.circuits[0], found.front.domain
        (Min(x1, x2), 'minimum', '[-1, 1]^2')
    """
    net = as_network(net, domain)
    clock = watched(budget, "explain", progress)
    found = _Findings()
    try:
        with clock:
            found.domain = read_domain(domain, net.inputs)
            if tolerance is None:
                found.look_around(net, domain)
                found.look(net)
            else:
                found.look_within(net, domain, tolerance)
            ended = None
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
    return found.answer(ended, clock.elapsed)


@dataclass
class _Findings:
    """What is known so far."""

    domain: Domain = field(default_factory=Domain)
    formula: Any = None
    certificate: dict | None = None
    obstacle: str = "no formula was found"
    ahead: str = "the whole catalogue was tried"
    circuits: list[str] = field(default_factory=list)
    features: list[Feature] = field(default_factory=list)
    deviation: Any = None
    front: Front | None = None
    parts: list[Part] = field(default_factory=list)
    redundant: list[Redundant] = field(default_factory=list)
    variables: list[Part] = field(default_factory=list)
    groups: list[Feature] = field(default_factory=list)

    def look_around(self, net: MLP, domain: Any) -> None:
        """Finds shorter formulas and how far they are, in a part of the time, where that says something."""
        if front_wanted(net, domain):
            self.front = front_of(net, domain, budget=AROUND * seconds_left(ALWAYS))

    def look_within(self, net: MLP, domain: Any, tolerance: Any) -> None:
        """Takes the shortest formula within a tolerance, names its circuits, and says what of the network is idle."""
        net = resolve_family(net)[0] if net.symbols else net
        self._take_within(net, domain, tolerance)
        if self.front is not None and self.front.region is not None:
            near = nearly(net, self.front.region)
            at = ((feature, (feature.layer, feature.neurons[0])) for feature in self.features)
            self.features = [replace(feature, near=near.get(place)) for feature, place in at]
            self._look_at_signs(Wiring(net, self.front.region))

    def _take_within(self, net: MLP, domain: Any, tolerance: Any) -> None:
        limit = to_rational(read_tolerance(tolerance, "tolerance"))
        self._name(net)
        self.front = front_of(net, domain, budget=None)
        entry = self.front.within(limit)
        if entry is None:
            self.obstacle = f"no formula was shown to be within {number_text(limit)} on {self.front.domain}"
            return
        self.formula, self.certificate, self.deviation = entry.formula, entry.certificate, entry.upper
        graph = graph_of_formula(entry.formula, net.inputs)
        for match in Known(graph, graph, self.front.region).matches():
            self.circuits.append(match.name)

    def look(self, net: MLP) -> None:
        """Names the neurons, finds the formula, proves it, and goes through the catalogue."""
        rational = resolve_family(net)[0] if net.symbols else net
        self._name(rational)
        wiring = Wiring(rational, self.domain)
        self._look_at_signs(wiring)
        graph = graph_of(rational)
        claimed = net if net.symbols else graph  # a family's certificate says how its symbols were resolved
        try:
            with part_of_time(PROVING * seconds_left(ALWAYS)):
                self._write(claimed, graph)
        except OutOfBudget:
            tick()
        for match in self._matches(claimed, graph):
            self.circuits.append(match.name)
            if match.formula is not None and self._is_shorter(match.formula):
                self.formula, self.certificate = match.formula, match.proof.certificate
        self.ahead = "all shorter formulas were tried"
        self._shorten(claimed, graph)
        self.ahead = "all circuits inside were found"
        self._take_apart(wiring)

    def _name(self, net: MLP) -> None:
        """Names the neurons as their weights say; those that are named last are missing where the time ends."""
        for feature in features_in(net):
            (self.features if feature.formula else self.groups).append(feature)

    def _look_at_signs(self, wiring: Wiring) -> None:
        """Finds the neurons that can go, and those that never bend."""
        self.redundant.extend(wiring.redundant())
        hidden = Hidden(wiring)
        self.features = [hidden.with_state(feature) for feature in self.features]

    def _write(self, claimed: Any, graph: Graph) -> None:
        """Writes the formula of the normal form, and proves it."""
        try:
            formula = write_formula(graph)
        except FormulaError as error:  # too long to be written
            self.obstacle = str(error).rstrip(".")
            return
        self.obstacle = "the formula found was not proved"
        result = prove(claimed, formula, self.domain, budget=None)
        if result.status == "proved":
            self.formula, self.certificate = formula, result.certificate
        else:
            self.obstacle = f"the formula found was not proved equal to the network: {result.reason.rstrip('.')}"

    def _matches(self, claimed: Any, graph: Graph) -> Iterator[Match]:
        """The circuits of the catalogue that are the function; of the inputs that it depends on where it has more."""
        yield from Known(claimed, graph, self.domain).matches()
        if not self.circuits:
            yield from Known(claimed, graph, self.domain, images=True).matches()
        read = {str(symbol) for part in _outputs(self.formula) for symbol in part.free_symbols}
        used = tuple(name for name in graph.inputs if name in read)
        if 0 < len(used) < len(graph.inputs):
            yield from Known(claimed, graph, self.domain, used).matches()

    def _is_shorter(self, formula: Any) -> bool:
        return self.formula is None or _length(formula) < _length(self.formula)

    def _shorten(self, claimed: Any, graph: Graph) -> None:
        """Proves the formula that the routes propose, if it is shorter; each input takes an operation, but for one."""
        least = len({symbol for part in _outputs(self.formula) for symbol in part.free_symbols}) - 1
        if self.formula is not None and size_of(self.formula) <= PRINTED and cost_of(self.formula)[1] <= max(least, 1):
            return
        proposed = shorter_formulas(graph, self.domain)
        if proposed is not None and size_of(proposed) <= lift.MAX_SIZE and self._is_shorter(proposed):
            result = prove(claimed, proposed, self.domain, budget=None)
            if result.status == "proved":
                self.formula, self.certificate = proposed, result.certificate

    def _take_apart(self, wiring: Wiring) -> None:
        """Finds the circuits inside, and names the neurons in terms of their variables."""
        parts = None
        if len(wiring.hinges.reachable(wiring.outputs)) <= MOST_HINGES:
            parts = Parts(wiring, wiring.names)
            try:
                with part_of_time(PARTING * seconds_left(ALWAYS)):
                    self.parts.extend(parts.outputs())
            except OutOfBudget:
                tick()
                self.parts.clear()
        hidden = Hidden(wiring, parts)
        found = [feature for k in range(len(wiring.before)) for feature in hidden.layer(k + 1)]
        self.features = [feature for feature in found if feature.formula]
        self.groups = [feature for feature in found if not feature.formula]
        self.variables = [] if parts is None else parts.found

    def answer(self, ended: str | None, seconds: float) -> Explanation:
        """Says what is known."""
        if self.formula is None:
            reason = self.obstacle if ended is None else f"{self.obstacle}; {ended}"
        elif self.deviation is not None:
            how = f"within {number_text(self.deviation)} of the network on {self.front.domain if self.front else ''}"
            reason = f"the formula is certified to be {how}" + ("" if ended is None else f"; {ended}")
        elif ended is None:
            reason = f"the formula is proved equal to the network {self.domain}"
        else:
            reason = f"the formula is proved equal to the network; {ended} before {self.ahead}"
        known = tuple(self.circuits), tuple(self.features)
        near = None if self.formula is None else sympy.S.Zero if self.deviation is None else self.deviation
        found = near, self.front, tuple(self.parts), tuple(self.redundant), tuple(self.variables), tuple(self.groups)
        return Explanation(self.formula, *known, f"{reason}.", *found, seconds, self.certificate)


def _outputs(formula: Any) -> list[Any]:
    return formula if isinstance(formula, list) else [] if formula is None else [formula]


def size_of(formula: Any) -> int:
    """How many nodes a formula has as a tree; shared parts are counted wherever they stand, and walked once."""
    roots = formula if isinstance(formula, list) else [formula]
    known: dict[sympy.Basic, int] = {}
    for part in parts_of(roots):
        known[part] = 1 + sum(known[a] for a in part.args)
    return sum(known[root] for root in roots)


def _length(formula: Any) -> tuple[bool, int, int]:
    """What is compared: operations, then the text, if it is not too long to be written."""
    size = size_of(formula)
    return (True, size, 0) if size > PRINTED else cost_of(formula)
