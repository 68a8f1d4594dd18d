"""Layers from affine forms: the one writer of networks.

What a computation gives is an affine form over the inputs and the neurons so far, and has a *level*: the
number of ReLUs on the longest way to it.  The ReLUs of one level are one hidden layer.  What a later layer reads
from an earlier level is carried along: a neuron by one neuron, since it is never negative, and an input x by
two, ``relu(x) - relu(-x)``; a neuron that is there already carries as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from relucirc.core.errors import NetworkError
from relucirc.core.forms import Form, Key
from relucirc.core.matrix import ExactMatrix
from relucirc.language.affine import Affine
from relucirc.language.network import MLP
from relucirc.language.rows import Renaming

MAX_NEURONS = 1 << 22
"""Most neurons, those that carry values along included."""


def network_of(layers: Sequence[Sequence[Form]], inputs: Sequence[str]) -> MLP:
    """Returns the exact network whose layers are these forms, each over the values of the layer below.

    Example:
        >>> x = Form.variable(0)
        >>> network_of([[x, -x], [Form.variable(0) + Form.variable(1)]], ["x"]).at(-3)
        (3,)
    """
    built, width = [], len(inputs)
    for forms in layers:
        weight = ExactMatrix.sparse((len(forms), width), (form.terms for form in forms))
        biased = any(form.const for form in forms)
        bias = ExactMatrix.sparse((len(forms), 1), ({0: form.const} for form in forms)) if biased else None
        built.append(Affine(weight, bias))
        width = len(forms)
    return MLP(tuple(built), tuple(inputs))


@dataclass
class Layers:
    """The hidden neurons of a network that is being written.

    Attributes:
        inputs: Names of the inputs, the variables ``0 .. n-1``.
        levels: For every hidden layer its neurons: variable and pre-activation.
        level_of: For every neuron's variable its level, 1 for the lowest; inputs have level 0.
    """

    inputs: tuple[str, ...]
    levels: list[list[tuple[int, Form]]] = field(default_factory=list)
    level_of: dict[int, int] = field(default_factory=dict)

    def relu(self, values: Iterable[Form], level: int) -> list[Form]:
        """Adds one neuron for each value of a level; returns their forms, of the next level."""
        while len(self.levels) <= level:
            self.levels.append([])
        forms = []
        for value in values:
            v = len(self.inputs) + len(self.level_of)
            self.level_of[v] = level + 1
            self.levels[level].append((v, value))
            forms.append(Form.variable(v))
        return forms

    def build(self, outputs: Sequence[Form], depth: int) -> MLP:
        """Returns the network of so many hidden layers with these outputs, which are of at most this level.

        Raises:
            NetworkError: When it would have more than 4 million neurons.
        """
        return network_of(self.rows(outputs, depth), self.inputs)

    def rows(self, outputs: Sequence[Form], depth: int) -> list[list[Form]]:
        """Returns the rows of that network: for each layer its forms, each over the values of the layer below."""
        hidden = [self.levels[k] if k < len(self.levels) else [] for k in range(depth)]
        carried = self._carried([*([form for _, form in layer] for layer in hidden), outputs])
        state = {v: Form.variable(v) for v in range(len(self.inputs))}
        built = []
        for layer, older in zip(hidden, carried, strict=True):
            below = Renaming(state.__getitem__)
            rows = [below(form) for _, form in layer]
            place: dict[Key, int] = {row.key: i for i, row in enumerate(rows)} if older else {}

            def carry(row: Form, rows: list[Form] = rows, place: dict[Key, int] = place) -> Form:
                if place.setdefault(row.key, len(rows)) == len(rows):
                    rows.append(row)
                return Form.variable(place[row.key])

            above = {v: Form.variable(i) for i, (v, _) in enumerate(layer)}
            for v in older:
                above[v] = carry(state[v])
                if v < len(self.inputs):
                    above[v] = above[v] - carry(-state[v])
            built.append(rows)
            state = above
        below = Renaming(state.__getitem__)
        return [*built, [below(form) for form in outputs]]

    def _carried(self, layers: Sequence[Sequence[Form]]) -> list[list[int]]:
        """For every hidden layer the older variables that some layer above it reads."""
        carried: list[list[int]] = []
        needed: set[int] = set()
        neurons = len(self.level_of)
        for k in range(len(layers) - 1, 0, -1):
            needed |= {v for form in layers[k] for v in form.variables}
            needed = {v for v in needed if self.level_of.get(v, 0) < k}
            neurons += sum(2 if v < len(self.inputs) else 1 for v in needed)
            if neurons > MAX_NEURONS:
                raise NetworkError(
                    f"a perceptron of more than {MAX_NEURONS:,} neurons is too large; what a later layer reads is "
                    "carried along, by one or two neurons in every layer between."
                )
            carried.append(sorted(needed))
        return carried[::-1]
