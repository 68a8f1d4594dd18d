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

The minimum is k plus the cheapest way to pay for some R_N, which :mod:`~relucirc.optimal.one_output` and
:mod:`~relucirc.optimal.several_outputs` find.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq

from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.forms import Form, combine
from relucirc.optimal.ground import Ground
from relucirc.optimal.shallow_form import ShallowForm


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

    def sums(self) -> tuple[list[fmpq], list[list[fmpq]]]:
        """Returns what is left if no hyperplane is reversed, for all outputs at once, and what each one adds."""
        steps = [[kappa * c for kappa in fold.jumps for c in self.vector(fold.form)] for fold in self.form.folds]
        return [c for affine in self.form.affine for c in self.vector(affine)], steps

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

    def raised(self, form: Form) -> Form:
        """Shifts a form, where constants are free, so that it is ``>= 0`` on the domain."""
        if not self.kind.output_bias:
            return form
        if not self.kind.bias:
            return Form(form.terms)
        lowest = min((form.evaluate(vertex) for vertex in self.ground.cell.vertices), default=ZERO)
        return form.shift(-lowest)


def written_rows(rows: Iterable[Sequence[fmpq]]) -> list[list[str]]:
    """Writes rows of evidence as certificate data."""
    return [[text(c) for c in row] for row in rows]
