"""A hidden variable that is a circuit, or an output, with the parts that it reads: as a tree, as text, as data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from relucirc.core.answer import plain
from relucirc.core.printing import formula_text
from relucirc.proof.result import Result

WIDEST = 300
"""Longest formula that is printed."""


@dataclass(frozen=True)
class Part:
    """A hidden variable, or an output, that is a circuit.

    Attributes:
        variable: What it is called: ``"u1"``, ...; an output ``"y"`` or ``"y1"``, ...
        name: The circuit: ``"minimum"``, ``"2*minimum + 1"``, ``"absolute"``, ``"clip"``, ...
        formula: Its formula over the variables below it.
        inputs: The inputs that it depends on.
        neurons: The neurons that make its hinges, as pairs of layer and number, from 1.
        below: The parts that it reads.
        whole: What it is of the variables further below, where minima and maxima come to an order statistic:
            ``"median of x1, x2, x3"``.
        given: The order of variables below that the formula supposes, such as ``"u1 <= u2"``; it follows from theirs.
        proof: The prover's answer about the formula, with the variables below free, but for their order; where an
            output is a sum of variables, with their formulas put in.
    """

    variable: str
    name: str
    formula: Any
    inputs: tuple[str, ...]
    neurons: tuple[tuple[int, int], ...]
    below: "tuple[Part, ...]" = ()
    whole: str = ""
    given: tuple[str, ...] = ()
    proof: Result | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, shown: set[str] | None = None, indent: str = "") -> Iterator[str]:
        """Yields the tree without the parts that were shown before, each part once."""
        shown = set() if shown is None else shown
        if self.variable in shown:
            return
        shown.add(self.variable)
        whole = f", the {self.whole}" if self.whole and not self.whole.startswith(self.name) else ""
        text = formula_text(self.formula)
        told = f"{text}: {self.name}{whole}" if len(text) <= WIDEST else f"{self.name} ({len(text):,} characters)"
        yield f"{indent}{self.variable} = {told}"
        for part in self.below:
            yield from part.lines(shown, indent + "  ")

    def to_json(self, shown: set[str] | None = None) -> dict[str, Any]:
        """Returns the tree as plain data; of a part that was shown before only the variable."""
        shown = set() if shown is None else shown
        if self.variable in shown:
            return {"variable": self.variable}
        shown.add(self.variable)
        names = ("variable", "name", "formula", "inputs", "neurons", "whole", "given")
        return {
            **{name: plain(getattr(self, name)) for name in names},
            "below": [part.to_json(shown) for part in self.below],
        }
