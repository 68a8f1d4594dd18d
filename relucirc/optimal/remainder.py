"""The exact minimum for one hidden layer, as a question about what is left over.

A shallow form has k hyperplanes, and each needs a neuron: ``kappa relu(l)`` or, with reversed
orientation, ``kappa relu(-l) = kappa relu(l) - kappa l``.  With the hyperplanes in N reversed, the
affine part still missing is ``R_N = affine + sum_N kappa_H l_H`` (one row for each output), up to
what is free: constants with an output bias, linear terms with a skip connection.  Every further
neuron pays for one of these:

* a second neuron on a hyperplane H of the form adds ``q l_H`` for any vector q, price 1;
* a neuron without inputs adds a constant, price 1 (hidden bias needed; only if constants count);
* on a polyhedron, a neuron that is active everywhere adds ``q l`` for an l >= 0 there, price 1;
* a pair of neurons on a hyperplane that is new adds ``q l`` for any l, price 2.

The minimum is k plus the cheapest way to pay for some R_N.  For one output that is 0, 1 or 2: 0 iff
a subset sum comes out even, 1 iff one does after one further row is divided out.  For several
outputs it is the least ``|D| + 2 rank(R_N mod span D)``, found by trying all N and D.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_mat

from relucirc.budget import Budget, OutOfBudget
from relucirc.exact import ONE, ZERO, text
from relucirc.forms import Form, combine
from relucirc.optimal.reading import Ground
from relucirc.optimal.shallow_form import Fold, ShallowForm
from relucirc.optimal.subset_sum import NoSubset, Subset, subset_sum

MAX_EXHAUSTED = 14
"""Hyperplanes up to which all N are tried for several outputs; the checker tries them again."""
MAX_SIGNED = 18


@dataclass(frozen=True)
class Kind:
    """Which networks count.

    Attributes:
        bias: Whether hidden neurons have biases.
        output_bias: Whether the output has.
        skip: Whether a linear skip connection from inputs to outputs is free.
    """

    bias: bool
    output_bias: bool
    skip: bool

    def to_json(self) -> dict[str, bool]:
        """Returns the kind as certificate data."""
        return {"bias": self.bias, "output_bias": self.output_bias, "skip": self.skip}


@dataclass(frozen=True)
class Payment:
    """How the remainder is paid for.

    Attributes:
        reversed: The hyperplanes whose neurons look the other way.
        doubled: Those with a second neuron.
        constant: Whether there is a neuron without inputs.
        always_on: Forms that are ``>= 0`` on the domain, one neuron each.
        pairs: Forms with a pair of neurons each.
    """

    reversed: frozenset[int] = frozenset()
    doubled: tuple[int, ...] = ()
    constant: bool = False
    always_on: tuple[Form, ...] = ()
    pairs: tuple[Form, ...] = ()

    @property
    def price(self) -> int:
        """Neurons beyond one for each hyperplane."""
        return len(self.doubled) + self.constant + len(self.always_on) + 2 * len(self.pairs)


@dataclass(frozen=True)
class Settled:
    """The cheapest payment found, and what is known about cheaper ones.

    Attributes:
        payment: The payment.
        least: No payment below this price exists.
        excluded: Evidence for that.
    """

    payment: Payment
    least: int
    excluded: dict[str, Any]


@dataclass(frozen=True)
class Remainder:
    """The question for one shallow form and one kind of network."""

    form: ShallowForm
    kind: Kind
    ground: Ground

    @cached_property
    def coordinates(self) -> list[int]:
        """What must come out even: linear coefficients by input, and the constant as number n."""
        n = self.form.n
        return [*([] if self.kind.skip else range(n)), *([] if self.kind.output_bias else [n])]

    def vector(self, form: Form) -> list[fmpq]:
        """Returns the coordinates of a form that are not free."""
        return [form.const if v == self.form.n else form.coefficient(v) for v in self.coordinates]

    def left_over(self, flipped: Iterable[int]) -> list[Form]:
        """Returns R_N, a form for each output."""
        folds = [self.form.folds[i] for i in flipped]
        return [
            combine([(ONE, affine), *((fold.jumps[o], fold.form) for fold in folds)])
            for o, affine in enumerate(self.form.affine)
        ]

    @property
    def has_constants(self) -> bool:
        """Whether constants count, and a neuron without inputs can pay for them."""
        return self.kind.bias and not self.kind.output_bias

    def impossible(self) -> str | None:
        """Why no network of this kind computes the function, if none does."""
        if not self.kind.bias:
            shifted = next((fold for fold in self.form.folds if fold.form.const), None)
            if shifted is not None:
                return "it folds on a hyperplane that misses 0, and there hidden neurons need biases"
        if not self.kind.output_bias and not self.kind.bias and any(affine.const for affine in self.form.affine):
            return "its value at 0 is not 0, and there is no bias to add it"
        return None

    def settle(self, budget: Budget) -> Settled:
        """Finds the cheapest payment, or the cheapest one found within the budget."""
        if len(self.form.affine) == 1:
            return _OneOutput(self, budget).settle()
        return _SeveralOutputs(self, budget).settle()


@dataclass
class _OneOutput:
    remainder: Remainder
    budget: Budget

    def settle(self) -> Settled:
        excluded: dict[str, Any] = {}
        steps = self.remainder.form.folds
        vectors = [self._step(fold) for fold in steps]
        target = self.remainder.vector(self.remainder.form.affine[0])
        try:
            exact = subset_sum(target, vectors, self.budget)
        except OutOfBudget:
            exact = None
        if isinstance(exact, Subset):
            return Settled(Payment(exact.members), 0, {})
        if isinstance(exact, NoSubset):
            excluded["none"] = _rows(exact.rows)
        payment, certain = self._one_more(target, vectors, excluded)
        if payment is None:
            payment = self._pair()
        if "none" not in excluded:
            return Settled(payment, 0, {})
        return Settled(payment, 2 if payment.price == 2 and certain else 1, excluded)

    def _step(self, fold: Fold) -> list[fmpq]:
        return [fold.jumps[0] * c for c in self.remainder.vector(fold.form)]

    def _pair(self) -> Payment:
        """Always possible: a pair for all that is left, or a constant."""
        rest = Form(self.remainder.form.affine[0].terms, self.remainder.form.affine[0].const)
        if self.remainder.kind.output_bias:
            rest = Form(rest.terms)
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
                        excluded["constant"] = _rows([(*row, ZERO) for row in found.rows])
            else:
                payment = self._always_on(excluded)
                if payment is not None:
                    return payment, True
                certain = "always_on" in excluded
            excluded["doubled"] = []
            for i, fold in enumerate(self.remainder.form.folds):
                project = _annihilator(self.remainder.vector(fold.form))
                others = [_apply(project, v) for j, v in enumerate(vectors) if j != i]
                found = subset_sum(_apply(project, target), others, self.budget)
                if isinstance(found, Subset):
                    members = frozenset(j + (j >= i) for j in found.members)
                    return Payment(members, doubled=(i,)), True
                if found is None:
                    certain = False
                else:
                    excluded["doubled"].append(_rows(_compose(row, project) for row in found.rows))
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
            return Payment(members, always_on=(_raised(self.remainder, rest),))
        if found:
            excluded["always_on"] = [[text(c) for c in place] for place in places]
        return None


def _raised(remainder: Remainder, form: Form) -> Form:
    """Shifts a form, where constants are free, so that it is ``>= 0`` on the domain."""
    if not remainder.kind.output_bias:
        return form
    if not remainder.kind.bias:
        return Form(form.terms)
    lowest = min((form.evaluate(vertex) for vertex in remainder.ground.cell.vertices), default=ZERO)
    return form.shift(-lowest)


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


def _annihilator(vector: Sequence[fmpq]) -> list[list[fmpq]]:
    """Rows that span everything orthogonal to a vector."""
    d = len(vector)
    pivot = next((j for j, c in enumerate(vector) if c), None)
    rows = []
    for j in range(d):
        if j != pivot:
            row = [ONE if c == j else ZERO for c in range(d)]
            if pivot is not None:
                row[pivot] = -vector[j] / vector[pivot]
            rows.append(row)
    return rows


def _apply(rows: Sequence[Sequence[fmpq]], vector: Sequence[fmpq]) -> list[fmpq]:
    return [sum((a * b for a, b in zip(row, vector, strict=True) if a), start=ZERO) for row in rows]


def _compose(row: Sequence[fmpq], rows: Sequence[Sequence[fmpq]]) -> tuple[fmpq, ...]:
    width = len(rows[0]) if rows else 0
    return tuple(sum((a * r[c] for a, r in zip(row, rows, strict=True)), start=ZERO) for c in range(width))


def _rows(rows: Iterable[Sequence[fmpq]]) -> list[list[str]]:
    return [[text(c) for c in row] for row in rows]


@dataclass
class _SeveralOutputs:
    remainder: Remainder
    budget: Budget

    def settle(self) -> Settled:
        k = len(self.remainder.form.folds)
        bounded = self.remainder.ground.domain is not None and self._lifts_everything()
        simple = self.remainder.ground.domain is None
        floor = self._floor()
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
            return Settled(best, 1, {"none": _rows(floor.rows)})
        return Settled(best, 0, {})

    def _lifts_everything(self) -> bool:
        """Whether one neuron pays for any row: a bounded domain, and biases at both ends."""
        cell = self.remainder.ground.cell
        return self.remainder.kind.bias and self.remainder.kind.output_bias and not (cell.directions or cell.lines)

    def _floor(self) -> Subset | NoSubset | None:
        """Whether nothing needs to be paid: one subset sum over all outputs at once."""
        target = [c for affine in self.remainder.form.affine for c in self.remainder.vector(affine)]
        steps = []
        for fold in self.remainder.form.folds:
            row = self.remainder.vector(fold.form)
            steps.append([kappa * c for kappa in fold.jumps for c in row])
        try:
            return subset_sum(target, steps, self.budget)
        except OutOfBudget:
            return None

    def _try_all(self, best: Payment, *, bounded: bool, simple: bool) -> tuple[Payment, int]:
        """All N and D; returns the cheapest payment and a proved lower bound on the price."""
        k = len(self.remainder.form.folds)
        least = best.price
        for count in range(k + 1):
            for flipped in itertools.combinations(range(k), count):
                self.budget.step("subsets")
                rank = self._rank(flipped, (), False)
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
            return Payment(flipped, always_on=tuple(_raised(self.remainder, form) for form in basis))
        return Payment(flipped, doubled, constant, pairs=tuple(basis))

    def _rank(self, flipped: Iterable[int], doubled: tuple[int, ...], constant: bool) -> int:
        return len(self._basis(flipped, doubled, constant))

    def _basis(self, flipped: Iterable[int], doubled: tuple[int, ...], constant: bool) -> list[Form]:
        """Forms which, with the doubled and the constant ones, span the rows of R_N."""
        paid = [self.remainder.vector(self.remainder.form.folds[i].form) for i in doubled]
        if constant:
            paid.append(self.remainder.vector(Form.constant(ONE)))
        rows = [self.remainder.vector(form) for form in self.remainder.left_over(flipped)]
        echelon = _Echelon()
        for row in paid:
            echelon.add(row)
        fresh = [reduced for row in rows if (reduced := echelon.add(row)) is not None]
        return [self._form(row) for row in fresh]

    def _form(self, row: Sequence[fmpq]) -> Form:
        n = self.remainder.form.n
        named = dict(zip(self.remainder.coordinates, row, strict=True))
        return Form({v: c for v, c in named.items() if v < n}, named.get(n, ZERO)).primitive()[1]


class _Echelon:
    """Rows in echelon form, growing."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, list[fmpq]]] = []

    def add(self, row: Sequence[fmpq]) -> list[fmpq] | None:
        """Adds a row; returns what is new in it, or None."""
        rest = list(row)
        for pivot, known in self.rows:
            if rest[pivot]:
                factor = rest[pivot] / known[pivot]
                rest = [a - factor * b for a, b in zip(rest, known, strict=True)]
        pivot = next((j for j, c in enumerate(rest) if c), None)
        if pivot is None:
            return None
        self.rows.append((pivot, rest))
        return rest


def solve_rows(target: Sequence[fmpq], rows: Sequence[Sequence[fmpq]]) -> list[fmpq] | None:
    """Coefficients with ``target = sum c_i rows_i``, or None."""
    d, count = len(target), len(rows)
    if not count:
        return None if any(target) else []
    entries = [[rows[i][j] for i in range(count)] + [target[j]] for j in range(d)]
    if not d:
        return [ZERO] * count
    reduced, rank = fmpq_mat(entries).rref()
    solution = [ZERO] * count
    for i in range(rank):
        j = next(j for j in range(count + 1) if reduced[i, j] != 0)
        if j == count:
            return None
        solution[j] = reduced[i, count]
    return solution
