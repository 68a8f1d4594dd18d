"""What a search over boxes starts from: the hinges as integers, their bounds on the whole box, the combinations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.checker.boxes import Combination, start_of
from relucirc.checker.hinge_bounds import Bounder, Known, bound_all
from relucirc.checker.linear import UNIT, Linear
from relucirc.checker.scaled import Pair, Scaled
from relucirc.checker.substitution import GRID, Rows
from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.forms import Form
from relucirc.language.claim import Violation
from relucirc.proof.problem import Lowered

Point = tuple[fmpq, ...]
Interval = tuple[fmpq, fmpq]


@dataclass(frozen=True)
class Setting:
    """One question on one box.

    Attributes:
        lowered: The normal form in hinges.
        box: What each input ranges over.
        flips: For every hinge, ``"1"`` where it is flipped.
        named: The combinations as certificate data: each part of a violation by itself.
        combinations: The same, read.
        scaled: The hinges over non-negative variables.
        bounder: Their levels as integers.
        known: What is known of all hinges on the whole box.
        start: Rows below the negatives of the combinations.
        pairs: Hinges that are bounded together.
    """

    lowered: Lowered
    box: Sequence[Interval]
    flips: str
    named: list
    combinations: list[Combination]
    scaled: Scaled
    bounder: Bounder
    known: Known
    start: list[Rows]
    pairs: Sequence[Pair]

    @staticmethod
    def of(
        lowered: Lowered, box: Sequence[Interval], violations: Sequence[Violation], pairs: Sequence[Pair] = ()
    ) -> "Setting":
        """Prepares a search.

        Raises:
            Rejected: Where the hinges do not fit into whole numbers, or have no bounds.
        """
        flips = _flips(lowered)
        named = [
            [i, [text(ONE if k == j else ZERO) for k in range(len(v))]]
            for i, v in enumerate(violations)
            for j in range(len(v))
        ]
        differences = [_linear(form) for form in lowered.differences]
        combinations = [Combination.read(c, differences, violations) for c in named]
        atoms = [[_linear(element) for element in atom.elements] for atom in lowered.hinges.atoms]
        pairs = _of_one_level(pairs, atoms, len(box))
        scaled = Scaled.of(atoms, box, [flip == "1" for flip in flips], pairs)
        bounder, known = bound_all(scaled)
        start = [start_of(scaled, bounder, c) for c in combinations]
        return Setting(lowered, box, flips, named, combinations, scaled, bounder, known, start, pairs)

    @property
    def owners(self) -> np.ndarray:
        """The violation of each combination."""
        return np.array([c.violation for c in self.combinations])

    def point(self, place: np.ndarray) -> Point:
        """Returns the point at whole shares of the box."""
        return tuple(a + (b - a) * fmpq(int(c), 1 << GRID) for (a, b), c in zip(self.box, place, strict=True))

    def values(self, point: Sequence[fmpq]) -> list[fmpq]:
        """Evaluates the differences at a point, exactly."""
        return values_of(self.lowered, point)

    def evidence(self, tree: str) -> dict:
        """Returns what the checker reads."""
        evidence = {"flips": self.flips, "combinations": self.named, "tree": tree}
        pairs = [[i, j, text(ratio)] for i, j, ratio in self.pairs]
        return {**evidence, "pairs": pairs} if pairs else evidence


def values_of(lowered: Lowered, point: Sequence[fmpq]) -> list[fmpq]:
    """Evaluates the differences at a point, exactly."""
    values = list(point)
    for atom in lowered.hinges.atoms:
        values.append(max(ZERO, *(element.evaluate(values) for element in atom.elements)))
    return [form.evaluate(values) for form in lowered.differences]


def _of_one_level(pairs: Sequence[Pair], atoms: Sequence[Sequence[Linear]], n: int) -> list[Pair]:
    """Leaves out pairs of different levels: where a neuron is constant in one network only, levels below it fall."""
    level: dict[int, int] = {}
    for k, elements in enumerate(atoms):
        level[k] = 1 + max((level[v - n] for form in elements for v in form if v >= n), default=0)
    return [pair for pair in pairs if level[pair[0]] == level[pair[1]]]


def _flips(lowered: Lowered) -> str:
    """For every hinge, whether the first gate that it stands for was its negative's: then its value is the longer."""
    flips: dict[int, str] = {}
    for side in ("left", "right"):
        for step in lowered.evidence[side]:
            if "atom" in step and step["atom"] not in flips:
                element = lowered.hinges.atoms[step["atom"]].elements[0]
                base = step["base"]
                flips[step["atom"]] = "1" if 2 * len(base) > len(element.terms) else "0"
    return "".join(flips.get(k, "0") for k in range(len(lowered.hinges.atoms)))


def _linear(form: Form) -> Linear:
    return {**form.terms, UNIT: form.const} if form.const else dict(form.terms)
