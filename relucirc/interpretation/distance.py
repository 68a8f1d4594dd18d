"""How far a snapped network is from the network that it came from: seen at points, bounded, or measured exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from flint import fmpq

from relucirc.core.budget import BRIEF, Budget, OutOfBudget, tick
from relucirc.core.errors import RelucircError
from relucirc.core.exact import ZERO, approximate, rational, to_rational
from relucirc.core.forms import Form
from relucirc.interpretation.apart import bounds_apart
from relucirc.interpretation.batch import forward, stacked
from relucirc.interpretation.ground import Ground
from relucirc.language.domain import Domain
from relucirc.language.function import read_function
from relucirc.language.layers import network_of
from relucirc.language.network import MLP
from relucirc.measure.deviation import Deviation, max_deviation

BOUNDING, DECIDING, SHARPENING, REPORTING = 4, 10, 20, 8
"""What may be taken of the time that is left, one over it: for a bound, for a measurement that decides, for others, and
for that of the answer."""


@dataclass(frozen=True)
class Distance:
    """The largest ``|network - snapped|`` on a region, one number for each output.

    Attributes:
        values: Upper bounds; None where the time was over before one was found.
        exact: Which are the largest difference itself.
        allowed: How far each output may move.
    """

    values: tuple[fmpq | None, ...]
    exact: tuple[bool, ...]
    allowed: tuple[fmpq, ...]

    @property
    def fits(self) -> list[bool]:
        """Which outputs moved no further than allowed, for certain."""
        return [v is not None and v <= most for v, most in zip(self.values, self.allowed, strict=True)]

    @property
    def is_far(self) -> bool:
        """Whether an output moved further, for certain."""
        return any(exact and not fits for exact, fits in zip(self.exact, self.fits, strict=True))

    @property
    def largest(self) -> tuple[sympy.Expr, bool]:
        """The largest over all outputs, and whether that is exact; infinite where it is not known."""
        known = [v for v in self.values if v is not None]
        if len(known) < len(self.values):
            return sympy.oo, False
        top = max(known)
        return to_rational(top), any(exact and v == top for v, exact in zip(self.values, self.exact, strict=True))


class Measure:
    """Measures candidates against one network.

    An output may move by the tolerance times its scale: half of the difference between its largest and its smallest
    value, as far as points of the region show, which is how far it is from the nearest constant; or its own size
    where it is constant.  So a function that is not constant never becomes one.
    """

    def __init__(self, net: MLP, ground: Ground, tolerance: float, clock: Budget) -> None:
        self.net, self.ground, self.clock = net.exact(), ground, clock
        with np.errstate(all="ignore"):  # beyond floats nothing is seen
            self._values = forward(stacked(self.net, single=True), ground.sight.points[: len(ground.points)])[0]
        self.scales = self._scales()
        self.allowed = tuple(rational(tolerance) * scale for scale in self.scales)

    def _scales(self) -> list[fmpq]:
        if not self.ground.points:
            return [ZERO] * self.net.sizes[-1]
        scales, constant = [], None
        for k, column in enumerate(np.nan_to_num(self._values.T)):
            tick()
            ends = [self.net.trace(self.ground.points[i(column)])[-1][0][k] for i in (np.argmin, np.argmax)]
            scale = abs(ends[1] - ends[0]) / 2
            if not scale:
                constant = self._constants() if constant is None else constant
                scale = constant[k]
            scales.append(scale)
        return scales

    def _constants(self) -> list[fmpq]:
        """The absolute value of every output that is certainly constant, else zero."""
        point = self.ground.points[0]
        values = self.net.trace(point)[-1][0]
        flat = network_of([list(map(Form.constant, values))], self.net.inputs)
        scales = []
        for k, (value, distance) in enumerate(zip(values, self._bounds(flat), strict=True)):
            found = self._measure(flat, k, self.ground.region, SHARPENING) if distance != 0 else None
            scales.append(abs(value) if distance == 0 or (found is not None and found.value == 0) else ZERO)
        return scales

    def is_seen_far(self, values: np.ndarray, factor: int = 1) -> bool:
        """Whether an output moved further than so many times the tolerance, by float values at the ground's points."""
        if not self.ground.points:
            return False
        apart = np.abs(values[: len(self._values)] - self._values).max(axis=0)
        slack = 1e-12 * np.abs(self._values).max(axis=0)
        allowed = factor * np.array([approximate(a) for a in self.allowed])
        return bool((apart > 1.001 * allowed + slack).any())

    def distance(self, snapped: MLP, factor: int = 1) -> Distance:
        """Bounds how far a candidate is, and measures those outputs exactly whose bound is too large.

        Args:
            snapped: The candidate.
            factor: How many times the tolerance it may be away.
        """
        values = self._bounds(snapped)
        allowed = tuple(factor * most for most in self.allowed)
        bounded = Distance(tuple(values), tuple(v is not None and not v for v in values), allowed)
        left = [k for k, fits in enumerate(bounded.fits) if not fits]
        return self._measured(snapped, bounded, left, DECIDING if factor == 1 else SHARPENING)

    def sharpened(self, snapped: MLP, distance: Distance) -> Distance:
        """Measures exactly what is only bounded so far."""
        left = [k for k, exact in enumerate(distance.exact) if not exact]
        return self._measured(snapped, distance, left, REPORTING)

    def _measured(self, snapped: MLP, distance: Distance, which: Sequence[int], share: int) -> Distance:
        values, exact = list(distance.values), list(distance.exact)
        for k in which:
            found, known = self._measure(snapped, k, self.ground.region, share * len(which)), values[k]
            if found is not None and found.upper != sympy.oo and (known is None or rational(found.upper) <= known):
                values[k], exact[k] = rational(found.upper), found.value is not None
        return replace(distance, values=tuple(values), exact=tuple(exact))

    def everywhere(self, snapped: MLP) -> tuple[sympy.Expr, bool]:
        """The largest difference on a domain of which the region is only a part; infinite where it is not known."""
        found = [self._measure(snapped, k, self.ground.domain, DECIDING) for k in range(snapped.sizes[-1])]
        known = [deviation for deviation in found if deviation is not None]
        top = max((d.upper for d in known), default=sympy.oo) if len(known) == len(found) else sympy.oo
        return top, any(d.value == top for d in known)

    def share(self, distance: Distance) -> float:
        """The largest part of its scale that an output moved by; infinite where that is not known."""
        pairs = zip(distance.values, self.scales, strict=True)
        return max(0.0 if v == 0 else approximate(v / s) if v is not None and s else np.inf for v, s in pairs)

    def from_formula(self, net: MLP, formula: Any) -> Deviation | None:
        """How far a network is from a formula on the domain; None if it is not known."""
        try:
            limit = self._limit(SHARPENING)
            return max_deviation(net, formula, self.ground.domain, budget=limit, progress=lambda _: None)
        except RelucircError:
            return None

    def _limit(self, share: int) -> float | None:
        return None if self.clock.seconds is None else max(self.clock.remaining / share, BRIEF)

    def _bounds(self, snapped: MLP) -> list[fmpq | None]:
        try:
            with Budget(self._limit(BOUNDING)):
                return list(bounds_apart(snapped, self.net, self.ground.box))
        except OutOfBudget:
            return [None] * snapped.sizes[-1]

    def _measure(self, snapped: MLP, output: int, domain: Domain, share: int) -> Deviation | None:
        if self.clock.remaining <= 0:
            return None
        graphs = map(read_function, (self.net, snapped))
        one, other = (replace(graph, outputs=(graph.outputs[output],)) for graph in graphs)
        try:
            return max_deviation(one, other, domain, budget=self._limit(share), progress=lambda _: None)
        except (RelucircError, OutOfBudget):
            return None
