"""One question in the form that methods answer: are two graphs equal on a polyhedron with interior?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from flint import fmpq

from relucirc.core.exact import sign_of
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation
from relucirc.geometry.cell import Cell
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.language.claim import Violation, is_broken

WIDE = 8
"""Dimensions up to which hinges are sampled at the polyhedron's vertices: a box has 2^n of them."""


@dataclass(frozen=True)
class Lowered:
    """Both graphs over the atoms of one hinge graph.

    Attributes:
        hinges: The shared hinge graph, whose atoms are in the evidence too.
        outputs: The two sides of every output.
        differences: ``left - right`` for every output; all zero proves the equality.
        evidence: Atoms, and the step that gave each gate.
    """

    hinges: HingeGraph = field(compare=False)
    outputs: tuple[tuple[Form, Form], ...]
    differences: tuple[Form, ...]
    evidence: dict

    @property
    def is_equal(self) -> bool:
        """Whether the two normal forms coincide."""
        return not any(self.differences)


@dataclass(frozen=True)
class Problem:
    """``left = right`` on the full-dimensional polyhedron where all constraints are ``>= 0``; or no violation there.

    Attributes:
        left: Graph without selects.
        right: Graph without selects, over the same inputs.
        constraints: Forms over the inputs.
        interior: A point where all constraints are positive.
        ops: What each constraint is on the cell itself, ``>`` or ``>=``.
        violations: What must not happen on the cell to the differences ``left - right``; None where they have to be 0.
    """

    left: Graph
    right: Graph
    constraints: tuple[Form, ...]
    interior: tuple[fmpq, ...]
    ops: tuple[str, ...] = ()
    violations: tuple[Violation, ...] | None = None

    @property
    def n(self) -> int:
        """Number of inputs."""
        return len(self.left.inputs)

    @cached_property
    def region(self) -> Region:
        """The polyhedron with nothing decided."""
        region = Region.of(self.constraints, self.n)
        assert region is not None
        return region

    @property
    def cell(self) -> Cell:
        """The polyhedron by its vertices, rays and lines."""
        return self.region.cell

    @cached_property
    def hinged(self) -> Lowered:
        """The normal form in hinges."""
        return self._lower(flatten=False)

    @cached_property
    def flattened(self) -> Lowered:
        """The normal form in max-atoms."""
        return self._lower(flatten=True)

    def _lower(self, *, flatten: bool) -> Lowered:
        cell = self.cell if self.constraints and self.n <= WIDE else None
        hinges = HingeGraph(self.n, self.constraints, cell, flatten=flatten)
        left, left_steps = hinges.lower(self.left)
        right, right_steps = hinges.lower(self.right)
        outputs = tuple(zip(left, right, strict=True))
        differences = tuple(a - b for a, b in outputs)
        evidence = {"atoms": hinges.atoms_to_json(), "left": left_steps, "right": right_steps}
        return Lowered(hinges, outputs, differences, evidence)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The constraints as they are on the cell itself."""
        ops = self.ops or (">=",) * len(self.constraints)
        return tuple(Relation(form, op) for form, op in zip(self.constraints, ops, strict=True))

    def differ_at(self, point: Sequence[fmpq]) -> bool:
        """Whether a point refutes what is to be shown, exactly: the two sides differ there, or are in violation."""
        return is_broken(self.violations, self.left.evaluate(point), self.right.evaluate(point))

    def is_refuted_at(self, point: Sequence[fmpq]) -> bool:
        """Whether a point refutes what is to be shown, exactly, and lies where that matters."""
        return self.holds(point) and self.differ_at(point)

    def holds(self, point: Sequence[fmpq]) -> bool:
        """Whether a point is where what is to be shown matters: equality extends to the closure, relations do not."""
        if self.violations is None:
            return all(form.evaluate(point) >= 0 for form in self.constraints)
        return all(relation.holds(sign_of(relation.form.evaluate(point))) for relation in self.relations)
