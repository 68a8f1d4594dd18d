"""What the tests of files share: networks to save, how they are compared, and how a file is refused."""

from fractions import Fraction

import numpy as np
import pytest

import relucirc
from relucirc import MLP
from relucirc.core.errors import RelucircError

MINIMUM = {
    "inputs": ["x1", "x2"],
    "layers": [
        {"weight": [["0", "1"], ["0", "-1"], ["-1", "1"]], "bias": ["0", "0", "0"]},
        {"weight": [["1", "-1", "-1"]], "bias": ["0"]},
    ],
}


def net_of(*layers, dtype=np.float32):
    return MLP.from_arrays([(np.asarray(w, dtype), None if b is None else np.asarray(b, dtype)) for w, b in layers])


SMALL = net_of(([[0.1, -2], [3, 4], [0, 1e-30]], [0.5, 0, -1]), ([[1, 0.25, -1]], [0.3]))
POINTS = [(0, 0), (1, -2), (Fraction(1, 3), 5), (-7, Fraction(1, 8))]


def same_function(a, b):
    assert a.sizes == b.sizes
    assert [a.at(*p) for p in POINTS] == [b.at(*p) for p in POINTS]


def same_arrays(a, b):
    assert len(a.layers) == len(b.layers)
    for left, right in zip(a.layers, b.layers, strict=True):
        for x, y in ((left.weight, right.weight), (left.bias, right.bias)):
            if x is None or y is None:
                assert x is y
                continue
            x, y = np.asarray(x), np.asarray(y)
            assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())


def refusal(path, **options):
    """The one sentence that a file is refused with."""
    with pytest.raises(RelucircError) as caught:
        relucirc.load(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 700
    return message
