"""The maxima of both sides of a claim, made hinges level by level.

Two of one level that are about the same become neighbours: ``Boxes.v`` bounds them as a pair.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flint import fmpq

from relucirc.checker.linear import ONE, Linear, replace
from relucirc.proof.theorem.hinges import Hinges


@dataclass(frozen=True)
class Made:
    """What maxima became.

    Attributes:
        hinges: What they are made of.
        steps: By the variable of a maximum, its step.
        parts: By the variable of a maximum that is no constant away from one of its arguments, its hinge's variable.
        pairs: Hinges that are each a pair with the one before.
    """

    hinges: Hinges
    steps: Mapping[int, str]
    parts: Mapping[int, int]
    pairs: list[int]


@dataclass
class Maxima:
    """Maxima of forms over inputs and other maxima, which are the variables after the inputs.

    Attributes:
        n: The number of inputs.
        arguments: Both arguments of every maximum.
        partners: For a maximum another one, and how many times as large that is, about.
        turned: Those that are made ``b + max(0, a - b)``.
    """

    n: int
    arguments: list[tuple[Linear, Linear]] = field(default_factory=list)
    partners: dict[int, tuple[int, fmpq]] = field(default_factory=dict)
    turned: set[int] = field(default_factory=set)

    def add(self, left: Linear, right: Linear) -> int:
        """Returns the variable of one more."""
        self.arguments.append((left, right))
        return self.n + len(self.arguments) - 1

    def made(self, first: int, pivots: Mapping[int, Linear]) -> Made:
        """Makes hinges of them, the first of which has a given variable; pivots are what some inputs are."""
        hinges = Hinges(first)
        made = Made(hinges, steps := {}, parts := {}, pairs := [])
        values = dict(pivots)
        for level in self._levels():
            for v, before in self._neighbours(level):
                new = first + len(hinges.arguments)
                left, right = (replace(side, values) for side in self.arguments[v - self.n])
                size = ONE if before is None else self.partners[before][1]
                values[v], steps[v], part = hinges.maximum(left, right, size, turned=v in self.turned)
                if part is not None:
                    parts[v] = part
                if before is not None and part == new and parts.get(before) == new - 1:
                    pairs.append(new)
        return made

    def _levels(self) -> Iterator[list[int]]:
        """Yields those that read no maxima, then those that read no others than these, and so on."""
        left = list(range(self.n, self.n + len(self.arguments)))
        known = set(range(-1, self.n))
        while left:
            level = [v for v in left if all(side.keys() <= known for side in self.arguments[v - self.n])]
            assert level, "no maximum reads itself"
            known.update(level)
            left = [v for v in left if v not in known]
            yield level

    def _neighbours(self, level: list[int]) -> Iterator[tuple[int, int | None]]:
        """Yields those of a level, each partner behind the one whose it is, with that one's variable."""
        here = {v: self.partners[v][0] for v in level if v in self.partners and self.partners[v][0] in level}
        seconds = set(here.values())
        for v in level:
            if v not in seconds:
                yield v, None
                if v in here:
                    yield here[v], v
