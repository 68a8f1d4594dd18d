"""Symmetries of a function: moves of its inputs and its value that leave it the same, each of them proved.

A symmetry permutes the inputs and changes signs: ``factor * f(s_1 x_p(1), ..., s_n x_p(n)) = f(x)`` at every point.
Exact values at a sample of points refute most candidates; the prover decides about the rest.  (The method
:mod:`~relucirc.proof.methods.symmetry` is about hinges: it reads exchanges off a normal form, as evidence.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.proof.prover import prove

SAMPLES = 40


@dataclass(frozen=True)
class Symmetry:
    """``x`` becomes ``(signs[0] * x[order[0]], ...)``, and the value is multiplied by ``factor``."""

    order: tuple[int, ...]
    signs: tuple[int, ...]
    factor: int = 1

    def point(self, point: Sequence[Any]) -> list:
        """Moves a point, exactly."""
        return [sign * point[place] for place, sign in zip(self.order, self.signs, strict=True)]

    def points(self, points: np.ndarray) -> np.ndarray:
        """Moves points, one row each."""
        return points[:, self.order] * np.array(self.signs)

    def graph(self, graph: Graph) -> Graph:
        """Returns the graph of ``factor * f(signs * x[order])``."""
        n = len(graph.inputs)
        inputs = [Form({place: fmpq(sign)}) for place, sign in zip(self.order, self.signs, strict=True)]

        def moved(form: Form) -> Form:
            return form.substitute(lambda v: inputs[v] if v < n else None)

        outputs = tuple(moved(form).scale(fmpq(self.factor)) for form in graph.outputs)
        return Graph(graph.inputs, tuple(gate.map(moved) for gate in graph.gates), outputs)


@dataclass(frozen=True)
class Symmetries:
    """Decides which moves are symmetries of a function.

    Attributes:
        function: The function.
        budget: Seconds for each proof.
    """

    function: Graph
    budget: float | None = None

    @cached_property
    def _sample(self) -> list[tuple[list[fmpq], list[fmpq]]]:
        numbers = np.random.default_rng(12).integers(-20, 21, size=(SAMPLES, len(self.function.inputs)))
        points = [[fmpq(c, 8) for c in row] for row in numbers.tolist()]
        return [(point, self.function.evaluate(point)) for point in points]

    def __contains__(self, symmetry: Symmetry) -> bool:
        """Whether no sample refutes it, and the prover confirms it."""
        for point, values in self._sample:
            if [symmetry.factor * v for v in self.function.evaluate(symmetry.point(point))] != values:
                return False
        moved = symmetry.graph(self.function)
        return prove(moved, self.function, budget=self.budget).status == "proved"

    def classes(self) -> tuple[tuple[int, ...], ...]:
        """Returns the inputs by exchangeability, the largest class first."""
        n = len(self.function.inputs)
        classes: list[list[int]] = []
        for v in range(n):
            for members in classes:
                order = list(range(n))
                order[members[0]], order[v] = v, members[0]
                if Symmetry(tuple(order), (1,) * n) in self:
                    members.append(v)
                    break
            else:
                classes.append([v])
        return tuple(tuple(members) for members in sorted(classes, key=len, reverse=True))
