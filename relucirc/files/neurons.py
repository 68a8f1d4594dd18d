"""Folding a computation with ReLUs, skips and sums into a plain perceptron.

Every value is an affine form over the inputs and the neurons so far, and has a *level*: the number of
ReLUs on the longest way to it.  The ReLUs of one level are one hidden layer.  What a later layer reads from
an earlier level is carried along: a neuron by one neuron, since it is never negative, and an input x by two,
``relu(x) - relu(-x)``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from relucirc.core.errors import FileError, NetworkError
from relucirc.core.exact import ONE, ExactMatrix
from relucirc.core.forms import Form, combine
from relucirc.language.network import MLP, Affine

MAX_NEURONS = 1 << 22
"""Most neurons, those that carry values along included."""


@dataclass
class Neurons:
    """The hidden neurons of a network that is being read.

    Attributes:
        inputs: Names of the inputs, the variables ``0 .. n-1``.
        levels: For every hidden layer its neurons: variable and pre-activation.
    """

    inputs: tuple[str, ...]
    levels: list[list[tuple[int, Form]]] = field(default_factory=list)
    level_of: dict[int, int] = field(default_factory=dict)

    def relu(self, values: Iterable[Any], level: int) -> list[Form]:
        """Adds one neuron for each value of a level; returns their forms, of the next level."""
        while len(self.levels) <= level:
            self.levels.append([])
        forms = []
        for value in values:
            v = len(self.inputs) + len(self.level_of)
            self.level_of[v] = level + 1
            self.levels[level].append((v, _form(value)))
            forms.append(Form.variable(v))
        return forms

    def build(self, outputs: Sequence[Any], level: int) -> MLP:
        """Returns the exact network with these outputs, which are of at most this level."""
        layers = [[form for _, form in neurons] for neurons in self.levels[:level]]
        layers.append([_form(value) for value in outputs])
        carried = self._carried(layers)
        state = {v: Form.variable(v) for v in range(len(self.inputs))}
        width, built = len(self.inputs), []
        for k, rows in enumerate(layers):
            if k == level:
                built.append(_affine([self._over(form, state) for form in rows], width))
                break
            rows = list(rows)
            following: dict[int, Form] = {v: Form.variable(i) for i, (v, _) in enumerate(self.levels[k])}
            for v in carried[k]:
                following[v] = Form.variable(len(rows))
                rows.append(Form.variable(v))
                if v < len(self.inputs):
                    following[v] = following[v] - Form.variable(len(rows))
                    rows.append(-Form.variable(v))
            built.append(_affine([self._over(form, state) for form in rows], width))
            width, state = len(rows), following
        return MLP(tuple(built), self.inputs)

    def _carried(self, layers: Sequence[Sequence[Form]]) -> list[list[int]]:
        """For every hidden layer the older variables that some layer above it reads."""
        carried: list[list[int]] = []
        needed: set[int] = set()
        neurons = len(self.level_of)
        for k in range(len(layers) - 1, 0, -1):
            needed |= {v for form in layers[k] for v in form.terms}
            needed = {v for v in needed if self.level_of.get(v, 0) < k}
            neurons += sum(2 if v < len(self.inputs) else 1 for v in needed)
            if neurons > MAX_NEURONS:
                raise FileError(
                    f"a perceptron of more than {MAX_NEURONS:,} neurons is too large; what a later layer reads is "
                    "carried along, by one or two neurons in every layer between."
                )
            carried.append(sorted(needed))
        return carried[::-1]

    def _over(self, form: Form, state: dict[int, Form]) -> Form:
        return combine([(ONE, Form.constant(form.const)), *((c, state[v]) for v, c in form.terms.items())])


def _form(value: Any) -> Form:
    if not isinstance(value, Form | fmpq):
        raise NetworkError(f"expected finite numbers throughout, got {value}.")
    return value if isinstance(value, Form) else Form.constant(value)


def _affine(rows: Sequence[Form], width: int) -> Affine:
    weight = ExactMatrix.sparse((len(rows), width), (form.terms for form in rows))
    if not any(form.const for form in rows):
        return Affine(weight, None)
    return Affine(weight, ExactMatrix.sparse((len(rows), 1), ({0: form.const} for form in rows)))
