"""The kinds of circuits that were met, up to symmetry, scale and shift; two are one kind where that is proved."""

from collections import Counter
from dataclasses import dataclass, field

import sympy

from relucirc.core.graph import Graph
from relucirc.interpretation.naming import name_of
from relucirc.interpretation.orbits import Orbit, names_of
from relucirc.interpretation.terms import Term, graph_of_term, variables_of
from relucirc.proof.prover import prove


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        normal: A function of this kind, in its place (:mod:`~relucirc.interpretation.orbits`).
        members: The circuits of this kind that were met, and in how many networks.
    """

    normal: Graph
    members: Counter[Term] = field(default_factory=Counter)

    @property
    def names(self) -> tuple[str, ...]:
        """What its circuits are called, the most frequent first."""
        found: Counter[str] = Counter()
        for term, count in self.members.items():
            found[name_of(term)] += count
        return tuple(sorted(found, key=lambda name: (-found[name], name)))

    @property
    def formula(self) -> sympy.Expr:
        """The shortest of its circuits that have its first name, over ``v`` or ``v1, v2, ...``."""
        name = self.names[0]
        written = [(term.cost, term.expression(_symbols(term))) for term in self.members if name_of(term) == name]
        return min(written, key=lambda pair: (pair[0], str(pair[1])))[1]


class Kinds:
    """Numbers circuits by kind.

    Attributes:
        found: The kinds, by number.
    """

    def __init__(self) -> None:
        self.found: list[Kind] = []
        self._known: dict[Term, int] = {}
        self._alike: dict[tuple, list[int]] = {}

    def number(self, circuit: Term) -> int:
        """Returns the kind of a circuit over variables 0, 1, ..., a new one if it is none of those met."""
        if circuit not in self._known:
            self._known[circuit] = self._number(circuit)
        return self._known[circuit]

    def _number(self, circuit: Term) -> int:
        orbit = Orbit(graph_of_term(circuit, [symbol.name for symbol in _symbols(circuit)]))
        alike = self._alike.setdefault(orbit.key, [])
        for number in alike:
            if prove(orbit.normal, self.found[number].normal, budget=None).status == "proved":
                return number
        alike.append(len(self.found))
        self.found.append(Kind(orbit.normal))
        return alike[-1]


def _symbols(term: Term) -> list[sympy.Symbol]:
    return [sympy.Symbol(name) for name in names_of(len(variables_of(term)))]
