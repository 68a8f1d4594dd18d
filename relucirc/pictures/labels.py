"""Names of neurons that fit into a circle: what they detect, in the original's signs."""

from collections.abc import Iterable

from relucirc.interpretation.features import Feature
from relucirc.pictures.numbers import MINUS

SIGNS = {
    "positiveness detector": "+({0})",
    "negativeness detector": MINUS + "({0})",
    "greaterness detector": "{0} > {1}",
    "sum detector": "({0} + {1})",
    "pass-through": "{0}",
    "constant": "const",
    "dead": "dead",
}


def label_of(feature: Feature) -> str:
    """The sign of a neuron's feature; empty where it has none, or one that no circle holds.

    Example:
        >>> label_of(Feature("greaterness detector", 1, (1,), ("x1", "x2")))
        'x1 > x2'
        >>> label_of(Feature("sum detector", 1, (1,), ("x1", "x2"), "relu(-x1 - x2)"))
        '−(x1 + x2)'
    """
    own = getattr(feature, "label", None)
    if own:
        return str(own).replace("-", MINUS)
    pattern = SIGNS.get(feature.name)
    if pattern is None:
        return ""
    sign = "" if feature.name != "sum detector" else MINUS if feature.formula.startswith("relu(-") else "+"
    return sign + pattern.format(*feature.of)


def by_neuron(features: Iterable[Feature]) -> dict[tuple[int, int], Feature]:
    """The features that are about a single neuron, by layer and number from 1."""
    found: dict[tuple[int, int], Feature] = {}
    for feature in features:
        if len(feature.neurons) == 1:
            found.setdefault((feature.layer, feature.neurons[0]), feature)
    return found
