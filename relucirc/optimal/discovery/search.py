"""``discover``: networks with two hidden layers, found by linear algebra over a dictionary and proved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.crew import gathered
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.pieces import Outcome
from relucirc.core.progress import Progress, watched
from relucirc.core.together import solve
from relucirc.language.function import read_function
from relucirc.language.network import MLP
from relucirc.optimal.discovery.combination import Combination
from relucirc.optimal.discovery.dictionary import Orbits
from relucirc.optimal.discovery.linear import Obstacle, Solution, solve_exactly
from relucirc.optimal.discovery.sharing import Question, look, read
from relucirc.optimal.discovery.target import read_target
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

SYMMETRY, SEARCH = 0.1, 0.8
"""Shares of the time: for proving symmetries, and of what is then left for looking for few atoms."""
BUILT = 3
"""Solutions for which a network is built; the smallest is kept."""


@dataclass(frozen=True)
class Discovery(Answer):
    """What :func:`discover` answers.

    Attributes:
        status: ``"found"``, ``"excluded"`` (the dictionary does not contain the function) or ``"unknown"``.
        reason: What was found, or exactly what the empty search shows.
        network: A network with two hidden layers, proved equal; None if none was found.
        hidden_neurons: Its size; None without a network.
        formula: The same as a SymPy expression.
        terms: The combination of atoms as plain JSON data.
        proof: The prover's answer about the network.
        excluded: Where the dictionary was shown not to contain the function: points and weights y with
            ``sum y g(point) = 0`` for every sum g of an orbit of atoms, but not for the function.
        searched: Counters: degree, letters, words, atoms, orbits, equations.
        certificate: The evidence that the network equals the function.
        seconds: Wall time used.
    """

    status: str
    reason: str
    network: MLP | None = None
    hidden_neurons: int | None = None
    formula: sympy.Expr | None = None
    terms: dict[str, Any] | None = None
    proof: Result | None = field(default=None, repr=False)
    excluded: dict[str, Any] | None = field(default=None, repr=False)
    searched: dict[str, int] = field(default_factory=dict)
    certificate: dict | None = field(default=None, repr=False)
    seconds: float = 0.0


def discover(
    f: Any,
    hidden_layers: int = 2,
    *,
    degree: int = 2,
    budget: float | None = 240.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
    executor: Any = None,
    workers: int | None = None,
    journal: Any = None,
) -> Discovery:
    """Searches for a network with two hidden layers, and proves what it finds.

    The dictionary holds the maxima of two sums of ``degree`` pairwise maxima of inputs, and all shorter
    ones.  First it is decided exactly whether the function is a combination of them, with all its
    symmetries; then solutions with few atoms are looked for.

    Args:
        f: A function with f(t x) = t f(x) for t > 0, such as a maximum, a minimum or a median of inputs.
        hidden_layers: 2.  For 1, :func:`relucirc.minimal_network` answers exactly.
        degree: Length of the sums; the dictionary grows fast with it.
        budget: Seconds.
        inputs: Names of the inputs, in order; f's own symbols by default.
        progress: As for :func:`relucirc.prove`.
        executor: As for :func:`relucirc.prove`: it works on the groups of symmetries apart.
        workers: As for :func:`relucirc.prove`.
        journal: As for :func:`relucirc.prove`.

    Returns:
        A :class:`Discovery`: machine-found and exactly proved, with no claim of novelty; or what
        exactly the empty search shows.

    Raises:
        RelucircError: When f cannot be read, or is not of this kind.

    Example:
        >>> import relucirc
        >>> relucirc.discover("Max(x1, x2, x3)").proof.status
        'proved'
    """
    if hidden_layers != 2:
        raise RelucircError(
            f"discover searches for two hidden layers, got hidden_layers={shorten(hidden_layers)}; for one, "
            "minimal_network answers exactly; for more, compile_formula builds networks."
        )
    if not isinstance(degree, int) or isinstance(degree, bool) or not 1 <= degree <= 4:
        raise RelucircError(f"degree: expected 1, 2, 3 or 4, got {shorten(degree)}.")
    clock = watched(budget, "discover", progress)
    search: _Search | None = None
    try:
        with clock:
            graph = read_function(f, inputs)
            target = read_target(graph, clock.share(SYMMETRY).seconds)
            search = _Search(Question(target, degree), clock)
            with gathered(executor, workers, journal, f"discover {shorten(f)}", search.question):
                return search.run()
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
        if search is not None:
            return search.best_or_nothing(ended)
        reason = f"nothing is known: {ended} before the dictionary was made."
        return Discovery("unknown", reason, seconds=clock.elapsed)


class _Search:
    def __init__(self, question: Question, clock: Budget) -> None:
        self.question, self.clock = question, clock
        self.dictionary = dictionary = question.dictionary
        self.best: tuple[int, Combination, MLP, Result] | None = None
        self.is_combination = False
        self.searched = {
            "degree": dictionary.degree,
            "letters": len(dictionary.letters),
            "words": len(dictionary.words),
            "atoms": len(dictionary.atoms),
        }

    def run(self) -> Discovery:
        orbits = self.question.orbits(0)
        system, points = self.question.system(orbits)
        self.searched |= {"orbits": len(orbits.atoms), "equations": len(points)}
        answer = solve_exactly(system.matrix, [int(t) for t in system.target])
        if isinstance(answer, Obstacle):
            return self._excluded(points, answer)
        self.is_combination = True
        for combination in self._candidates(answer):
            network = combination.network(self.clock.part(10.0))
            if self.best is not None and network.hidden_neurons >= self.best[0]:
                continue
            proof = prove(network, self.question.target.graph, budget=None)
            if proof.status == "proved":
                self.best = network.hidden_neurons, combination, network, proof
        return self.best_or_nothing(None)

    def best_or_nothing(self, ended: str | None) -> Discovery:
        """What was found, and why the search ended early if it did."""
        after = "" if ended is None else f": {ended}"
        if self.best is None and not self.is_combination:
            return self._nothing(f"it was not decided whether the function is a combination of the dictionary{after}.")
        if self.best is None:
            return self._nothing(
                "the function is a combination of the dictionary's atoms at all points tried, but no network was "
                f"proved equal within the budget{after}."
            )
        size, combination, network, proof = self.best
        reason = (
            f"machine-found, exactly proved: a network with two hidden layers and {size} neurons, a combination of "
            f"{len(combination.atoms)} maxima of two sums of pairwise maxima."
        )
        return Discovery(
            "found",
            reason,
            network,
            size,
            combination.formula(),
            combination.to_json(),
            proof,
            searched=self.searched,
            certificate=proof.certificate,
            seconds=self.clock.elapsed,
        )

    def _candidates(self, first: Solution) -> list[Combination]:
        """The solutions with the fewest atoms, after at most most of the time was spent on finding them."""
        search = self.clock.share(SEARCH)
        outcomes: list[Outcome] = []
        pieces = self.question.pieces()
        try:
            with search:
                solve(look, self.question, pieces, known=outcomes)
        except OutOfBudget as error:
            search.ended(error)
        found = [(0, first), *((number, read(one)) for outcome in outcomes for number, one in outcome.found)]
        orbits = {number: self.question.orbits(number) for number in {number for number, _ in found}}
        found.sort(key=lambda item: _size(item[1], orbits[item[0]]))
        return [self._combination(solution, orbits[number]) for number, solution in found[:BUILT]]

    def _combination(self, solution: Solution, orbits: Orbits) -> Combination:
        halves, letters = {}, {}
        count = len(orbits.atoms)
        for j, weight in solution.items():
            if j < count:
                halves.update((int(i), weight) for i in orbits.atoms[j])
            else:
                letters.update((k, weight) for k in orbits.letters[j - count])
        return Combination.of(self.dictionary, halves, letters, self.question.target.graph.inputs)

    def _excluded(self, points: np.ndarray, obstacle: Obstacle) -> Discovery:
        used = [i for i, c in enumerate(obstacle.row) if c != 0]
        evidence = {
            "points": [[int(c) for c in points[i]] for i in used],
            "weights": [str(obstacle.row[i]) for i in used],
        }
        reason = (
            "an empty search, exactly: the function is no linear combination, with any real weights, of the "
            f"{self.searched['atoms']} maxima of two sums of equally many, at most {self.dictionary.degree}, pairwise "
            "maxima of inputs. A larger degree, or a network of another kind, is not excluded."
        )
        return Discovery("excluded", reason, excluded=evidence, searched=self.searched, seconds=self.clock.elapsed)

    def _nothing(self, reason: str) -> Discovery:
        return Discovery("unknown", reason, searched=self.searched, seconds=self.clock.elapsed)


def _size(solution: Solution, orbits: Orbits) -> tuple[int, int]:
    """Atoms, then digits of weights."""
    count = sum(len(orbits.atoms[j]) for j in solution if j < len(orbits.atoms))
    return count, sum(len(str(c)) for c in solution.values())
