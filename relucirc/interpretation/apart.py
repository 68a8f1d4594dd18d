"""How far two networks are apart on a box, at most: one pass through both, in exact arithmetic.

Both are written over the same variables, the inputs and ``relu(g)`` for affine forms g of earlier variables.  The
first network is written exactly, with one variable for each hyperplane, up to scale and sign, since
``relu(s g) = s relu(g)`` and ``relu(-g) = relu(g) - g``.  A value of the second network is such a form with an error
between two numbers.  Where it reads ``relu(u)`` and ``u = s g + r`` with r in [a, b] for a variable ``h = relu(g)``
of the first, then ``relu(u)`` is ``s h`` up to an error in [min(a, 0), max(b, 0)], since ReLU is monotone and never
stretches.  In the end the two forms are subtracted: what both networks share cancels, so that networks which differ
by little are bounded by little, however large they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO, approximate, rational
from relucirc.core.forms import Form, Key, combine
from relucirc.language.box import form_range
from relucirc.language.network import MLP

Interval = tuple[fmpq, fmpq]
NOTHING: Interval = (ZERO, ZERO)

NEAR = 64
"""An error is small if it is so many times smaller than the value."""


@dataclass(frozen=True)
class _Value:
    """A form, up to an error in an interval."""

    form: Form
    error: Interval = NOTHING


def bounds_apart(first: MLP, second: MLP, box: Sequence[Interval]) -> list[fmpq]:
    """Bounds ``|first - second|`` on a box, one bound for each output.

    Args:
        first: A network, usually the simpler one.
        second: A network over the same inputs.
        box: Bounds of every input.

    Example:
        >>> import relucirc
        >>> net, near = (MLP.from_arrays([([[1], [-1]], None), ([[a, 1]], None)]) for a in (1, "101/100"))
        >>> bounds_apart(net, near, [(-ONE, ONE)])
        [1/100]
    """
    shared = _Variables(box)
    one = _outputs(first, shared.relu, len(box))
    shared.freeze()
    other = _outputs(second, shared.relu_near, len(box))
    found = []
    for a, b in zip(one, other, strict=True):
        low, high = shared.reach(_Value(b.form - a.form, b.error))
        found.append(max(high, -low, ZERO))
    return found


def _outputs(net: MLP, relu: Callable, n: int) -> list[_Value]:
    values = [_Value(Form.variable(v)) for v in range(n)]
    for depth, layer in enumerate(net.exact().layers):
        read, errors = [], [value.error for value in values]
        for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
            tick()
            form = combine([(ONE, Form.constant(bias)), *((c, values[j].form) for j, c in row)])
            read.append(_Value(form, _range(Form(dict(row)), errors)))
        values = read if depth == len(net.layers) - 1 else [relu(value) for value in read]
    return values


def _range(form: Form, ranges: Sequence[Interval]) -> Interval:
    low, high = form_range(form, ranges)
    assert low is not None
    assert high is not None
    return low, high


class _Variables:
    """The inputs, and ``relu(g)`` for one form g on every hyperplane, with bounds of their values."""

    def __init__(self, box: Sequence[Interval]) -> None:
        self.bounds = list(box)
        self.forms: list[Form] = []
        self._known: dict[Key, int] = {}
        self._inputs = len(box)

    def reach(self, value: _Value) -> Interval:
        """Bounds of a value."""
        low, high = _range(value.form, self.bounds)
        return low + value.error[0], high + value.error[1]

    def relu(self, value: _Value) -> _Value:
        """The ReLU of a value, by the variable of its own hyperplane."""
        low, high = self.reach(value)
        if high <= 0:
            return _Value(Form())
        if low >= 0:
            return value
        if value.form.is_constant:
            return _Value(Form(), (ZERO, high))
        v, s = self._known_multiple(value.form)
        if not s:
            s, g = value.form.primitive()
            least, most = self.reach(_Value(g))
            v = len(self.bounds)
            self._known[g.key] = v
            self.forms.append(g)
            self.bounds.append((max(least, ZERO), max(most, ZERO)))
        return self._multiple(v, s, value.error)

    def _known_multiple(self, form: Form) -> tuple[int, fmpq]:
        """The variable ``relu(g)`` and the factor s with form = s g; s = 0 for none."""
        scale, g = form.primitive()
        for sign, side in ((ONE, g), (-ONE, -g)):
            if side.key in self._known:
                return self._known[side.key], sign * scale
        return 0, ZERO

    def _multiple(self, v: int, s: fmpq, rest: Interval) -> _Value:
        """``relu(s g + r)`` for r in an interval, by the variable ``relu(g)``."""
        kink = Form({v: abs(s)})
        form = kink if s > 0 else kink + self.forms[v - self._inputs].scale(s)
        return _Value(form, (min(rest[0], ZERO), max(rest[1], ZERO)))

    def freeze(self) -> None:
        """Remembers the hyperplanes so far as vectors of floats, every variable in units of its size."""
        self._sizes = [max(abs(approximate(a)), abs(approximate(b))) for a, b in self.bounds]
        normals = np.array([self._vector(form) for form in self.forms])
        with np.errstate(all="ignore"):
            self._normals = np.nan_to_num(normals / np.linalg.norm(normals, axis=-1, keepdims=True))

    def _vector(self, form: Form) -> np.ndarray:
        vector = np.zeros(len(self._sizes) + 1)
        vector[-1] = approximate(form.const)
        for v, c in form.terms.items():
            if v < len(self._sizes):
                vector[v] = approximate(c) * self._sizes[v]
        return vector

    def relu_near(self, value: _Value) -> _Value:
        """The ReLU of a value, by the nearest hyperplane of the first network if that is near enough.

        What one network always passes on, or never, the other may for almost all points only.
        """
        low, high = self.reach(value)
        v, s, (least, most) = self._nearest(value)
        error = max(most, ZERO) - min(least, ZERO)
        if s and NEAR * error <= max(-low, high):
            return self._multiple(v, s, (least, most))
        if low < 0 and NEAR * -low <= high:
            return _Value(value.form, (value.error[0], value.error[1] - low))
        if high > 0 and NEAR * high <= -low:
            return _Value(Form(), (ZERO, high))
        if s and low < 0 < high and error < high:
            return self._multiple(v, s, (least, most))
        return self.relu(value)

    def _nearest(self, value: _Value) -> tuple[int, fmpq, Interval]:
        """The variable ``relu(g)`` and the factor s for which ``value - s g`` is small, and that; s = 0 for none."""
        v, s = self._known_multiple(value.form)
        if s:
            return v, s, value.error
        if value.form.is_constant or not len(self._normals):
            return 0, ZERO, NOTHING
        with np.errstate(all="ignore"):
            likeness = self._normals @ self._vector(value.form)
            i = int(np.argmax(np.abs(likeness)))
            factor = float(likeness[i] / np.linalg.norm(self._vector(self.forms[i])))
        if not factor or not np.isfinite(factor):
            return 0, ZERO, NOTHING
        s = rational(factor)
        return self._inputs + i, s, self.reach(_Value(value.form - self.forms[i].scale(s), value.error))
