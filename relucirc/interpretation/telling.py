"""Lines about features and about neurons that can go: one for each, or counts by layer where they are many."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from relucirc.interpretation.vocabulary import Feature
from relucirc.interpretation.wiring import Redundant

LISTED = 40
"""Most that are told one by one."""


def feature_lines(features: Sequence[Feature]) -> Iterator[str]:
    """Yields a line for each feature; of many a line for each layer that counts them."""
    if len(features) <= LISTED:
        yield from map(str, features)
        return
    for layer, some in itertools.groupby(features, key=lambda feature: feature.layer):
        counts = Counter(" ".join([feature.name, feature.state]).rstrip() for feature in some)
        yield f"layer {layer}: {', '.join(f'{count} x {name}' for name, count in counts.items())}"


def redundant_lines(redundant: Sequence[Redundant]) -> Iterator[str]:
    """Yields a line for each neuron that can go; of many a line for each layer that counts them."""
    if len(redundant) <= LISTED:
        yield from map(str, redundant)
        return
    for layer, some in itertools.groupby(redundant, key=lambda neuron: neuron.layer):
        counts = Counter(neuron.reason.split(" of ")[0].split(" with ")[0] for neuron in some)
        yield f"layer {layer}: {', '.join(f'{count} x {reason}' for reason, count in counts.items())}"


def group_lines(groups: Sequence[Feature]) -> Iterator[str]:
    """Yields a line for each group that is no part of another of its layer, the first ones only where they are many."""
    wide = (
        str(one)
        for one in groups
        if not any(one.layer == other.layer and set(one.neurons) < set(other.neurons) for other in groups)
    )
    yield from itertools.islice(wide, LISTED)
