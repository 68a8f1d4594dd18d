"""The cheapest payment for several outputs: the least ``|D| + 2 rank(R_N mod span D)`` over all N and D.

N are the reversed neurons, D the hyperplanes with a second one.  On a bounded domain with biases at
both ends one neuron pays for any row, so that the price is the rank alone.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.core.rows import fresh_rows
from relucirc.optimal.remainder import Payment, Remainder, Settled, written_rows
from relucirc.optimal.subset_sum import NoSubset, Subset, subset_in_time

MAX_EXHAUSTED = 14
"""Hyperplanes up to which all N are tried; the checker tries them again."""


@dataclass
class SeveralOutputs:
    """The question for several outputs, and the time for it."""

    remainder: Remainder
    budget: Budget

    def settle(self) -> Settled:
        """Finds the cheapest payment, or the cheapest one found within the budget."""
        k = len(self.remainder.form.folds)
        bounded = self.remainder.ground.domain is not None and self._lifts_everything()
        simple = self.remainder.ground.domain is None
        floor = subset_in_time(*self.remainder.sums(), self.budget)
        best = self._pay(frozenset(), (), False, bounded=bounded)
        if floor is not None and best.price == 0:
            return Settled(best, 0, {})
        least: int | None = None
        if k <= MAX_EXHAUSTED:
            try:
                best, least = self._try_all(best, bounded=bounded, simple=simple)
            except OutOfBudget:
                least = None
        if isinstance(floor, Subset):
            return Settled(Payment(floor.members), 0, {})
        if least is not None:
            return Settled(best, least, {"all": True} if least else {})
        if isinstance(floor, NoSubset):
            return Settled(best, 1, {"none": written_rows(floor.rows)})
        return Settled(best, 0, {})

    def _lifts_everything(self) -> bool:
        """Whether one neuron pays for any row: a bounded domain, and biases at both ends."""
        cell = self.remainder.ground.cell
        return self.remainder.kind.bias and self.remainder.kind.output_bias and not (cell.directions or cell.lines)

    def _try_all(self, best: Payment, *, bounded: bool, simple: bool) -> tuple[Payment, int]:
        """All N and D; returns the cheapest payment and a proved lower bound on the price."""
        k = len(self.remainder.form.folds)
        least = best.price
        for count in range(k + 1):
            for flipped in itertools.combinations(range(k), count):
                self.budget.step("subsets")
                rank = len(self._basis(flipped, (), False))
                least = min(least, rank if not simple else best.price)
                if rank >= best.price:
                    continue
                for payment in self._payments(frozenset(flipped), rank, best.price, bounded=bounded):
                    if payment.price < best.price:
                        best = payment
        return best, best.price if simple or bounded else min(least, best.price)

    def _payments(self, flipped: frozenset[int], rank: int, limit: int, *, bounded: bool) -> Iterable[Payment]:
        yield self._pay(flipped, (), False, bounded=bounded)
        if bounded:
            return
        others = [i for i in range(len(self.remainder.form.folds)) if i not in flipped]
        for constant in (False, True) if self.remainder.has_constants else (False,):
            for size in range(0 if constant else 1, min(2 * rank, limit)):
                for doubled in itertools.combinations(others, size):
                    self.budget.step()
                    yield self._pay(flipped, doubled, constant, bounded=False)

    def _pay(self, flipped: frozenset[int], doubled: tuple[int, ...], constant: bool, *, bounded: bool) -> Payment:
        basis = self._basis(flipped, doubled, constant)
        if bounded:
            return Payment(flipped, always_on=tuple(self.remainder.raised(form) for form in basis))
        return Payment(flipped, doubled, constant, pairs=tuple(basis))

    def _basis(self, flipped: Iterable[int], doubled: tuple[int, ...], constant: bool) -> list[Form]:
        """Forms which, with the doubled and the constant ones, span the rows of R_N."""
        paid = [self.remainder.vector(self.remainder.form.folds[i].form) for i in doubled]
        if constant:
            paid.append(self.remainder.vector(Form.constant(ONE)))
        rows = [self.remainder.vector(form) for form in self.remainder.left_over(flipped)]
        return [self._form(row) for row in fresh_rows(paid, rows)]

    def _form(self, row: Sequence[fmpq]) -> Form:
        n = self.remainder.form.n
        named = dict(zip(self.remainder.coordinates, row, strict=True))
        return Form({v: c for v, c in named.items() if v < n}, named.get(n, ZERO)).primitive()[1]
