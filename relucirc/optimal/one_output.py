"""The cheapest payment for one output: 0, 1 or 2 neurons beyond one for each hyperplane.

0 iff a subset sum of the reversed neurons leaves nothing; 1 iff one does after one further row is
divided out, or leaves a form of one sign on the domain; 2 otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.forms import Form
from relucirc.core.rows import dot, kernel
from relucirc.optimal.remainder import Payment, Remainder, Settled, written_rows
from relucirc.optimal.subset_sum import NoSubset, Subset, subset_in_time, subset_sum

MAX_SIGNED = 18
"""Hyperplanes up to which all N are tried for a remainder of one sign; the checker tries them again."""


@dataclass
class OneOutput:
    """The question for one output, and the time for it."""

    remainder: Remainder
    budget: Budget

    def settle(self) -> Settled:
        """Finds the cheapest payment, or the cheapest one found within the budget."""
        excluded: dict[str, Any] = {}
        target, vectors = self.remainder.sums()
        exact = subset_in_time(target, vectors, self.budget)
        if isinstance(exact, Subset):
            return Settled(Payment(exact.members), 0, {})
        if isinstance(exact, NoSubset):
            excluded["none"] = written_rows(exact.rows)
        payment, certain = self._one_more(target, vectors, excluded)
        if payment is None:
            payment = self._pair()
        if "none" not in excluded:
            return Settled(payment, 0, {})
        if payment.price == 2 and certain:
            return Settled(payment, 2, excluded)
        return Settled(payment, 1, {"none": excluded["none"]})

    def _pair(self) -> Payment:
        """Always possible: a pair for all that is left, or a constant."""
        rest = self.remainder.form.affine[0]
        rest = Form(rest.terms) if self.remainder.kind.output_bias else rest
        return Payment(pairs=(rest.primitive()[1],))

    def _one_more(self, target: list[fmpq], vectors: list[list[fmpq]], excluded: dict) -> tuple[Payment | None, bool]:
        """A payment of price 1, if there is one; and whether its absence is certain."""
        certain = True
        try:
            if self.remainder.ground.domain is None or self.remainder.kind.skip:
                if self.remainder.has_constants:
                    linear = len(self.remainder.coordinates) - 1
                    found = subset_sum(target[:linear], [v[:linear] for v in vectors], self.budget)
                    if isinstance(found, Subset):
                        return Payment(found.members, constant=True), True
                    if found is None:
                        certain = False
                    else:
                        excluded["constant"] = written_rows([(*row, ZERO) for row in found.rows])
            else:
                payment = self._always_on(excluded)
                if payment is not None:
                    return payment, True
                certain = "always_on" in excluded
            excluded["doubled"] = []
            for i, fold in enumerate(self.remainder.form.folds):
                project = kernel([self.remainder.vector(fold.form)])
                others = [[dot(row, v) for row in project] for j, v in enumerate(vectors) if j != i]
                found = subset_sum([dot(row, target) for row in project], others, self.budget)
                if isinstance(found, Subset):
                    members = frozenset(j + (j >= i) for j in found.members)
                    return Payment(members, doubled=(i,)), True
                if found is None:
                    certain = False
                else:
                    excluded["doubled"].append(written_rows(_compose(row, project) for row in found.rows))
        except OutOfBudget:
            certain = False
        return None, certain

    def _always_on(self, excluded: dict) -> Payment | None:
        """A neuron that is active on the whole domain, paying for some R_N that has one sign there."""
        places = _places(self.remainder)
        forms = [self.remainder.form.affine[0]]
        forms += [fold.form.scale(fold.jumps[0]) for fold in self.remainder.form.folds]
        values = [[_value(form, place) for place in places] for form in forms]
        found = _one_signed(values, self.budget) if places else (frozenset(), 1)
        if isinstance(found, tuple):
            members, sign = found
            rest = self.remainder.left_over(members)[0].scale(fmpq(sign))
            return Payment(members, always_on=(self.remainder.raised(rest),))
        if found:
            excluded["always_on"] = [[text(c) for c in place] for place in places]
        return None


def _places(remainder: Remainder) -> list[tuple[fmpq, ...]]:
    """Where a form must be ``>= 0`` to be so on the domain: points ``(1, x)`` and directions ``(0, d)``.

    Only directions where a hidden bias can lift the form and the output bias takes it back.  Where
    constants are free but hidden neurons have no bias, points are ``(0, x)``: only the slope counts.
    """
    cell = remainder.ground.cell
    places = [(ZERO, *(fmpq(c) for c in direction)) for direction in cell.directions]
    for line in cell.lines:
        places += [(ZERO, *(fmpq(s * c) for c in line[1:])) for s in (1, -1)]
    if not (remainder.kind.bias and remainder.kind.output_bias):
        first = ZERO if remainder.kind.output_bias else ONE
        places += [(first, *vertex) for vertex in cell.vertices if first or any(vertex)]
    return places


def _value(form: Form, place: Sequence[fmpq]) -> fmpq:
    return sum((c * place[v + 1] for v, c in form.terms.items()), start=form.const * place[0])


def _one_signed(values: list[list[fmpq]], budget: Budget) -> tuple[frozenset[int], int] | bool:
    """A subset for which ``values[0] + sum`` has one sign everywhere, and the sign; True if none, False if unknown."""
    if len(values) - 1 > MAX_SIGNED:
        return False
    for sign in (1, -1):
        signed = [[sign * c for c in row] for row in values]
        best = [[ZERO] * len(values[0])]
        for row in reversed(signed[1:]):
            best.append([b + max(c, ZERO) for b, c in zip(best[-1], row, strict=True)])
        best.reverse()
        stack = [(0, signed[0], frozenset())]
        while stack:
            budget.step()
            i, total, members = stack.pop()
            if any((t + b).p < 0 for t, b in zip(total, best[i], strict=True)):
                continue
            if i == len(signed) - 1:
                return members, sign
            stack.append((i + 1, total, members))
            added = [a + b for a, b in zip(total, signed[i + 1], strict=True)]
            stack.append((i + 1, added, members | {i}))
    return True


def _compose(row: Sequence[fmpq], rows: Sequence[Sequence[fmpq]]) -> tuple[fmpq, ...]:
    return tuple(dot(row, column) for column in zip(*rows, strict=True))
