"""Trees of boxes as Rocq's data, in the words of ``Boxes.v``.

Rocq bounds all hinges by itself, on boxes that a tree gives.  The hinges are not those of the certificate's normal
form, but those of :class:`~relucirc.proof.theorem.hinges.Hinges`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.checker.boxes import WIDTH
from relucirc.checker.linear import UNIT, Linear
from relucirc.checker.substitution import GRID
from relucirc.proof.theorem.bounding import Answer
from relucirc.proof.theorem.gallina import key, listed, rational_text

PLACES = 26
"""Places behind the point of Rocq's coefficients."""


@dataclass(frozen=True)
class Side:
    """What an input ranges over, and the constraints that say so with their multipliers.

    Attributes:
        variable: The input.
        low: Its lower end.
        high: Its upper end.
        low_by: For the lower end.
        high_by: For the upper end.
    """

    variable: int
    low: fmpq
    high: fmpq
    low_by: tuple[int, fmpq]
    high_by: tuple[int, fmpq]

    def text(self) -> str:
        """Writes it as a term of type ``side``."""
        low, high = (f"[Constraint {i} {rational_text(m)}]" for i, m in (self.low_by, self.high_by))
        return (
            f"{{| side_of := {key(self.variable)}%positive; from := {rational_text(self.low)}%Q; from_facts := {low}; "
            f"upto := {rational_text(self.high)}%Q; upto_facts := {high} |}}"
        )


def sides_of(relations: Sequence[tuple[int, Linear]], free: Sequence[int]) -> list[Side]:
    """Reads what each input ranges over from the constraints of one variable."""
    low: dict[int, tuple[fmpq, int, fmpq]] = {}
    high: dict[int, tuple[fmpq, int, fmpq]] = {}
    for i, relation in relations:
        variables = [v for v in relation if v != UNIT]
        if len(variables) == 1:
            (v,) = variables
            slope = relation[v]
            end = -relation.get(UNIT, fmpq(0)) / slope
            if slope > 0:
                low[v] = max(low.get(v, (end, i, 1 / slope)), (end, i, 1 / slope))
            else:
                high[v] = min(high.get(v, (end, i, -1 / slope)), (end, i, -1 / slope))
    return [Side(v, low[v][0], high[v][0], low[v][1:], high[v][1:]) for v in free]


@dataclass(frozen=True)
class Tree:
    """A tree of boxes of a certificate, and what its words are in Rocq.

    Attributes:
        words: The tree's words, as they are read.
        combinations: Of each the violation, and the weights of its parts.
        sides: What the inputs range over, in their order.
        answers: What shows each of Rocq's violations.
        slopes: For the number of a hinge in the tree, counted level by level, the hinges in Rocq that are multiples of
            it.
    """

    words: Iterator[str]
    combinations: Sequence[tuple[int, Sequence[fmpq]]]
    sides: Sequence[Side]
    answers: Sequence[Answer]
    slopes: Mapping[int, Sequence[int]]

    def text(self) -> str:
        """Writes it as a term of type ``boxes``."""
        left = list(range(len(self.answers)))
        heads = []
        for i, answer in enumerate(self.answers):
            if answer.number is None:
                heads.append(self._exclude(left, i, dict(answer.leaf), ""))
        ends = [(0, 1 << GRID)] * len(self.sides)
        below = self._node(ends, left) if left else "Settled"
        return f"{''.join(heads)}{below}{')' * len(heads)}"

    def _exclude(self, left: list[int], i: int, weights: Mapping[int, fmpq], slopes: str) -> str:
        place = left.index(i)
        left.remove(i)
        most = max(weights, default=-1) + 1
        listed_weights = listed(rational_text(weights.get(k, fmpq(0))) for k in range(most))
        return f"(Exclude {place} {listed_weights}%Q [{slopes}] "

    def _node(self, ends: list[tuple[int, int]], left: list[int]) -> str:
        """One node; what is opened here is closed here."""
        opened = ["(Renew "]  # on every box, since Rocq does not narrow bounds by forms that were found above
        left = list(left)
        word = next(self.words)
        if word in ("!", "~"):
            word = next(self.words)
        while left and word.startswith("-"):
            first, *rest = word[1:].split("/")
            number, weights = self.combinations[int(first)]
            for i in [i for i in left if self.answers[i].number == number]:
                opened.append(self._exclude(left, i, self._weights(i, weights), self._slopes(rest)))
            word = next(self.words) if left else ""
        if not left:
            return f"{''.join(opened)}Settled{')' * len(opened)}"
        axis, _, at = word.partition("@")
        v = int(axis)
        low, high = ends[v]
        place = low + (high - low) * (int(at) if at else WIDTH // 2) // WIDTH
        side = self.sides[v]
        z = (side.high - side.low) * place * (1 << PLACES) / (1 << GRID)
        below = self._node([*ends[:v], (low, place), *ends[v + 1 :]], left)
        above = self._node([*ends[:v], (place, high), *ends[v + 1 :]], left)
        cut = f"(Half {key(side.variable)} {int(z.p // z.q)} {below}\n{above})"
        return f"{''.join(opened)}{cut}{')' * len(opened)}"

    def _weights(self, i: int, weights: Sequence[fmpq]) -> dict[int, fmpq]:
        found: dict[int, fmpq] = {}
        for j, w in enumerate(weights):
            if w:
                part, ratio = self.answers[i].parts[j, w > 0]
                found[part] = found.get(part, fmpq(0)) + w / ratio
        return found

    def _slopes(self, words: Sequence[str]) -> str:
        written = []
        for word in words:
            number, _, kept = word.partition(":")
            written += [f"({key(v)}%positive, {int(kept)}%Z)" for v in self.slopes.get(int(number), ())]
        return "; ".join(written)
