"""The shallow canonical form: what a function looks like if one hidden layer computes it.

A network with one hidden layer computes ``f = sum_H kappa_H relu(l_H) + affine`` over distinct
hyperplanes H = {l_H = 0} with kappa_H not zero, l_H primitive with a positive leading coefficient,
and this form is unique (Dereich and Kassing, arXiv 2108.05643).  kappa_H is the jump of the slope
across H, the same at every point of H.  On a polyhedron with interior the same holds for the
hyperplanes that meet the interior.

So one line through a generic point meets every hyperplane (of R^n) once, and shows the whole form:
a sweep along it proposes, the prover decides.  Where the prover refutes the proposal, the segment
to its witness crosses a kink that the proposal does not have: a hyperplane not seen before (on a
polyhedron), or two points of one hyperplane with different jumps, which no network with one hidden
layer has.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from relucirc.core.budget import Budget
from relucirc.core.errors import FormulaError
from relucirc.core.exact import ONE, ZERO, rational, text
from relucirc.core.forms import Form, Key, combine, form_to_json
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.geometry.shallow import is_shallow, settle
from relucirc.optimal.germs import Kink, Pieces, germ, kinks_along, slope
from relucirc.optimal.ground import Ground
from relucirc.proof.prover import prove

SCANS = 3
"""Lines that are swept before the prover is asked."""
ATTEMPTS = 40


@dataclass(frozen=True)
class Fold:
    """A hyperplane on which the function folds.

    Attributes:
        form: The primitive form l_H, leading coefficient positive.
        jumps: kappa_H for each output.
        point: A point of H, inside the domain, where the fold is seen.
    """

    form: Form
    jumps: tuple[fmpq, ...]
    point: tuple[fmpq, ...]


@dataclass(frozen=True)
class ShallowForm:
    """``f = sum jumps relu(form) + affine``, proved.

    Attributes:
        n: Number of inputs.
        folds: One for each hyperplane, ordered by key.
        affine: One affine form for each output.
    """

    n: int
    folds: tuple[Fold, ...]
    affine: Pieces


@dataclass(frozen=True)
class NotShallow:
    """No network with one hidden layer computes the function: two points of one hyperplane, two jumps.

    Attributes:
        form: The hyperplane.
        points: Two points of it, inside the domain, with no other kink near them.
        jumps: The jump at each, for each output.
    """

    form: Form
    points: tuple[tuple[fmpq, ...], tuple[fmpq, ...]]
    jumps: tuple[tuple[fmpq, ...], tuple[fmpq, ...]]

    def to_json(self) -> dict[str, Any]:
        """Returns the evidence as plain JSON data."""
        return {
            "hyperplane": form_to_json(self.form),
            "points": [[text(c) for c in point] for point in self.points],
            "jumps": [[text(c) for c in jumps] for jumps in self.jumps],
        }


def shallow_form(graph: Graph, ground: Ground, budget: Budget) -> ShallowForm | NotShallow | None:
    """Finds the shallow form of a function that may nest and cancel in any way, or two points that show it has none.

    Returns:
        None when neither is found although there is time: the prover does not decide what is proposed.

    Raises:
        OutOfBudget: When neither was found in time.
        FormulaError: For a discontinuous function.
    """
    if not graph.inputs:
        return ShallowForm(0, (), graph.outputs)
    try:
        return _direct(graph, ground) or _Search(graph, ground, budget).run()
    except _UnluckyError:
        return None


def _direct(graph: Graph, ground: Ground) -> ShallowForm | None:
    """Reads the form off the hinge graph, if all of R^n is asked about and no hinge nests."""
    if graph.has_selects or ground.constraints:
        return None
    hinges = HingeGraph(len(graph.inputs))
    outputs, _ = hinges.lower(graph)
    if not is_shallow(hinges, outputs):
        return None
    read = settle(hinges, outputs, Region.everything(hinges.n))
    folds = [Fold(form, jumps, point_on(form, hinges.n)) for form, jumps in read.folds]
    return ShallowForm(hinges.n, tuple(sorted(folds, key=lambda fold: fold.form.key)), read.affine)


def point_on(form: Form, n: int) -> tuple[fmpq, ...]:
    """Returns the point of a hyperplane nearest to zero."""
    square = sum((c * c for c in form.terms.values()), start=ZERO)
    return tuple(-form.const * form.coefficient(v) / square for v in range(n))


def _graph(names: Sequence[str], folds: Sequence[Fold], affine: Pieces) -> Graph:
    builder = GraphBuilder(names)
    hinges = [builder.relu(fold.form) for fold in folds]
    return builder.build(
        [
            combine([(ONE, base), *((fold.jumps[i], hinge) for fold, hinge in zip(folds, hinges, strict=True))])
            for i, base in enumerate(affine)
        ]
    )


Segment = tuple[list[fmpq], fmpq | None]
"""A direction from the base point, and how far along it; None for a half-line."""


class _UnluckyError(Exception):
    """A line met two hyperplanes at once, or no proof was found; try another one."""


@dataclass
class _Search:
    """Sweeps segments from one base point, near which the function is affine."""

    graph: Graph
    ground: Ground
    budget: Budget
    folds: dict[Key, Fold] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(1)
        self.n = len(self.graph.inputs)
        self.flag = [self._direction() for _ in range(2)]
        while True:
            self.base = self._inside(self.ground.interior)
            here = germ(self.graph, self.base, self.flag)
            if all(form.evaluate(self.base) for form in here.positive):  # on no hyperplane at all
                break
        self.start = here.pieces

    def run(self) -> ShallowForm | NotShallow:
        for _ in range(SCANS):
            found = self._scan_line()
            if found is not None:
                return found
        while True:
            folds = tuple(sorted(self.folds.values(), key=lambda fold: fold.form.key))
            affine = self._affine(folds)
            answer = prove(
                _graph(self.graph.inputs, folds, affine),
                self.graph,
                domain=self.ground.domain,
                budget=self.budget.left(),
            )
            if answer.status == "proved":
                return ShallowForm(self.n, folds, affine)
            if answer.status == "unknown" or answer.witness is None:
                raise _UnluckyError
            found = self._scan_towards([rational(answer.witness[name]) for name in self.graph.inputs], folds, affine)
            if found is not None:
                return found

    def _affine(self, folds: Sequence[Fold]) -> Pieces:
        """The affine rest: the pieces at the base point less the hinges that are active there."""
        active = [fold for fold in folds if fold.form.evaluate(self.base).p > 0]
        return tuple(
            combine([(ONE, piece), *((-fold.jumps[i], fold.form) for fold in active)])
            for i, piece in enumerate(self.start)
        )

    def _scan_line(self) -> NotShallow | None:
        """Sweeps a line through the base point, or its part inside the domain."""
        for _ in range(ATTEMPTS):
            direction = self._direction()
            segments = [self._segment(direction, None), self._segment([-d for d in direction], None)]
            try:
                return self._compare([fold for segment in segments for fold in self._sweep(*segment)], segments)
            except _UnluckyError:
                continue
        raise _UnluckyError

    def _scan_towards(self, witness: list[fmpq], folds: Sequence[Fold], affine: Pieces) -> NotShallow | None:
        """Sweeps the segment to a point where the proposal is wrong, or to one close by."""
        proposal = _graph(self.graph.inputs, folds, affine)
        for attempt in range(ATTEMPTS):
            end = self._near(witness, attempt)
            if proposal.evaluate(end) == self.graph.evaluate(end):
                continue
            segment = self._segment([b - a for a, b in zip(self.base, end, strict=True)], ONE)
            before = len(self.folds)
            try:
                found = self._compare(self._sweep(*segment), [segment])
            except _UnluckyError:
                continue
            if found is not None or len(self.folds) > before:
                return found
        raise FormulaError(
            "the function seems to be discontinuous, or different on a set without interior: no network computes it."
        )

    def _near(self, witness: list[fmpq], attempt: int) -> list[fmpq]:
        """A generic point close to the witness: towards a random interior point, so that it is inside too."""
        share = fmpq(1, 2 ** (attempt + 1))
        return [w + share * (c - w) for w, c in zip(witness, self._inside(self.base), strict=True)]

    def _segment(self, direction: list[fmpq], end: fmpq | None) -> Segment:
        """Cuts a half-line or segment from the base point where it leaves the domain."""
        for form in self.ground.constraints:
            fall = slope(form, direction)
            if fall.p < 0:
                leaves = -form.evaluate(self.base) / fall
                end = leaves if end is None else min(end, leaves)
        return direction, end

    def _sweep(self, direction: list[fmpq], end: fmpq | None) -> list[Fold]:
        self.budget.step("segments")
        return [self._fold(kink, direction) for kink in kinks_along(self.graph, self.base, direction, self.flag, end)]

    def _fold(self, kink: Kink, direction: Sequence[fmpq]) -> Fold:
        """Reads a hyperplane and its jumps off a kink; refuses what one hyperplane does not explain."""
        steps = [b - a for a, b in zip(kink.before, kink.after, strict=True)]
        for step in steps:
            if step and step.evaluate(kink.point):
                point = ", ".join(f"{name} = {c}" for name, c in zip(self.graph.inputs, kink.point, strict=True))
                raise FormulaError(f"the function is discontinuous at {point}: no network computes it.")
        step = next(s for s in steps if s)
        form = step.primitive()[1]
        form = form if form.sign() > 0 else -form
        v = min(form.terms)
        side = 1 if slope(form, direction).p > 0 else -1
        jumps = tuple(side * s.coefficient(v) / form.coefficient(v) for s in steps)
        if any(s != form.scale(side * kappa) for s, kappa in zip(steps, jumps, strict=True)):
            raise _UnluckyError
        return Fold(form, jumps, kink.point)

    def _compare(self, seen: list[Fold], segments: list[Segment]) -> NotShallow | None:
        """Adds what was seen; two jumps on one hyperplane end the search, and so do a fold and none."""
        for fold in seen:
            known = self.folds.get(fold.form.key)
            if known is None:
                known = self._flat(fold, self.segments)
            if known is not None and known.jumps != fold.jumps:
                return NotShallow(fold.form, (known.point, fold.point), (known.jumps, fold.jumps))
        keys = {fold.form.key for fold in seen}
        for key, fold in self.folds.items():
            flat = None if key in keys else self._flat(fold, segments)
            if flat is not None:
                return NotShallow(fold.form, (fold.point, flat.point), (fold.jumps, flat.jumps))
        for fold in seen:
            self.folds.setdefault(fold.form.key, fold)
        self.segments += segments
        return None

    def _flat(self, fold: Fold, segments: list[Segment]) -> Fold | None:
        """A point where a swept segment crosses the fold's hyperplane without a kink."""
        for direction, end in segments:
            fall = slope(fold.form, direction)
            t = -fold.form.evaluate(self.base) / fall if fall else ZERO
            if t.p > 0 and (end is None or t < end):
                point = tuple(b + t * d for b, d in zip(self.base, direction, strict=True))
                return Fold(fold.form, (ZERO,) * len(fold.jumps), point)
        return None

    def _direction(self) -> list[fmpq]:
        while True:
            found = [fmpq(self.rng.randint(-97, 97)) for _ in range(self.n)]
            if any(found):
                return found

    def _inside(self, centre: Sequence[fmpq]) -> list[fmpq]:
        """A generic point of the interior."""
        size = ONE
        while True:
            point = [c + size * fmpq(self.rng.randint(-999, 999), 1009) for c in centre]
            if self.ground.holds_inside(point):
                return point
            size = size / 2
