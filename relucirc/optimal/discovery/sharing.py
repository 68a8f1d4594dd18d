"""A search for few atoms in pieces: one for each group of symmetries, and for each of two ways to look.

A piece is a way and a group's number, 0 for all symmetries.  What it finds does not depend on how fast it was: linear
programs are solved to their end, and mixed-integer programs end after so many nodes.  Where the time ends one of them,
what was found so far counts, and a journal does not keep it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from relucirc.core.budget import LONG, OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.exact import rational, text
from relucirc.core.pieces import Outcome
from relucirc.optimal.discovery.dictionary import Dictionary, Orbits
from relucirc.optimal.discovery.groups import Group, subgroups, whole
from relucirc.optimal.discovery.linear import Solution
from relucirc.optimal.discovery.sparse import System, grid_solution, sparse_solutions
from relucirc.optimal.discovery.target import Target

MAX_ORBITS = 4000
"""Groups with more orbits of atoms are not tried."""
MAX_GRID = 2500
"""The same, for mixed-integer programs."""
SPARE = 40
"""Equations beyond the number of unknowns."""
ON_THE_WAY = 1.0
"""So many seconds before the end, or a tenth of the time, a worker answers with what it has."""
SPARSE, GRID = "sparse", "grid"
"""The ways: linear programs, and mixed-integer programs whose weights are halves."""


@dataclass(frozen=True)
class Question:
    """A function, and the dictionary in which a combination is looked for.

    Attributes:
        target: The function.
        degree: Length of the longest words.
    """

    target: Target
    degree: int

    def __reduce__(self) -> tuple:
        return Question, (self.target, self.degree)  # the dictionary, which is large, is made where it is needed

    @cached_property
    def dictionary(self) -> Dictionary:
        """Letters, words and atoms over the function's points."""
        return Dictionary(self.target.points, self.degree)

    @cached_property
    def groups(self) -> list[Group]:
        """All symmetries first, then groups of some."""
        classes, n = self.target.classes, self.target.points
        return [whole(classes, n), *subgroups(classes, n)]

    def pieces(self) -> list[list[Any]]:
        """First all linear programs, then the grids, small groups first."""
        numbers = range(len(self.groups))
        return [*([SPARSE, i] for i in numbers), *([GRID, i] for i in reversed(numbers) if i)]

    def orbits(self, number: int) -> Orbits:
        """The orbits of a group."""
        return Orbits.of(self.dictionary, self.groups[number][1])

    def system(self, orbits: Orbits) -> tuple[System, np.ndarray]:
        """Orbit sums and the function at enough random points, and these."""
        unknowns = len(orbits.atoms) + len(orbits.letters)
        points = self.target.sample(unknowns + SPARE, np.random.default_rng(2022))
        values, denominator = self.target.values(points)
        return System.of(orbits.matrix(points) * denominator, 2 * values, orbits.sizes), points


def look(question: Question, piece: list[Any], _: float | None) -> Outcome:
    """Looks for exact solutions with few atoms.

    Returns:
        Each solution with the number of its group; final where a mixed-integer program had one.
    """
    way, number = piece
    found: list[Solution] = []
    try:
        with part_of_time(_all_but_an_end()):
            orbits = question.orbits(number)
            if number and len(orbits.atoms) > (MAX_ORBITS if way == SPARSE else MAX_GRID):
                return Outcome([])
            if _seconds(len(orbits.atoms)) > seconds_left(LONG) / 2:
                raise OutOfBudget
            tick()
            system = question.system(orbits)[0]
            found.extend(sparse_solutions(system)) if way == SPARSE else _on_grid(system, found)
    except OutOfBudget:
        return _told(piece, found, kept=False)
    return _told(piece, found, kept=True)


def _told(piece: list[Any], found: list[Solution], *, kept: bool) -> Outcome:
    way, number = piece
    return Outcome([[number, written(one)] for one in found], final=way == GRID and bool(found), kept=kept)


def _on_grid(system: System, found: list[Solution]) -> None:
    solution, ended = grid_solution(system, 2, 1)
    found += [solution] if solution is not None else []
    if not ended:
        raise OutOfBudget


def written(solution: Solution) -> list[list[Any]]:
    """A solution as plain JSON data."""
    return [[j, text(c)] for j, c in solution.items()]


def read(data: list[list[Any]]) -> Solution:
    """The solution that was written."""
    return {j: rational(c) for j, c in data}


def _all_but_an_end() -> float:
    """So long may a piece take that its answer comes in time."""
    left = seconds_left(LONG)
    return max(0.9 * left, left - ON_THE_WAY)


def _seconds(orbits: int) -> float:
    """About how long the linear algebra of so many orbits takes, which is one call: it is not begun in vain."""
    return 4e-7 * orbits**2 + 5e-10 * orbits**3
