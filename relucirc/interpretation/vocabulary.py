"""The vocabulary for single neurons, the same in every layer: what a ReLU of an affine form detects.

Most names are the original's.  The form is over the variables below the neuron, whatever these are: inputs, hidden
variables, or neurons.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_UP, Context, Decimal
from typing import Any

from flint import fmpq

from relucirc.core.exact import ONE, approximate, text
from relucirc.interpretation.writing import number, sum_text
from relucirc.proof.result import Result

DETECTORS = (
    "positiveness detector",
    "negativeness detector",
    "greaterness detector",
    "sum detector",
    "threshold detector",
    "other detector",
)
WIDEST = 80
"""Longest formula that is printed as it is; longer ones are printed with rounded numbers, and cut."""
LONG = 9
"""Longest number that is printed as it is."""
TERMS, DIGITS = 6, 3
"""So many terms of the others are printed, and so many digits."""
SHOWN = 2
"""Digits of how near a neuron is, rounded up."""
LONGEST = 20
"""Longest label."""

Row = tuple[tuple[int, fmpq], ...]
"""Variables, ascending, and their coefficients, none of them zero."""
Names = Mapping[int, str] | Sequence[str]


@dataclass(frozen=True)
class Near:
    """A detector that a neuron is near to.

    Attributes:
        name: What it is called.
        of: The variables that it is about; of a greaterness detector the larger first.
        formula: What it computes.
        deviation: How far the neuron is from it at most, on the region of the front.
    """

    name: str
    of: tuple[str, ...]
    formula: str
    deviation: Any

    def __str__(self) -> str:
        up = Context(prec=SHOWN, rounding=ROUND_UP)
        within = up.divide(Decimal(int(self.deviation.p)), Decimal(int(self.deviation.q)))
        return f"{self.name}{_about(self.name, self.of)} (within {within:.{SHOWN}g} of {self.formula})"


@dataclass(frozen=True)
class Feature:
    """What neurons of one layer do.

    Attributes:
        name: A detector, ``"pass-through"`` (of a variable that is never negative), ``"constant"``,
            ``"dead"`` (always zero); for several neurons, or one with what reads it, a circuit, or
            ``"positive reconstructor"``, ``"negative reconstructor"``.
        layer: Which hidden layer, from 1.
        neurons: Which neurons of it, from 1.
        of: The variables that it is about; of a greaterness detector the larger first.
        formula: What a single neuron computes, exactly, over the variables below it.
        twin: For a neuron: an earlier one of its layer that is a multiple of it.
        mirror: For a neuron: the first of its layer that is a multiple of ``relu(-z)`` where it is ``relu(z)``.
        active: ``"always"`` or ``"never"``, where that is certain wherever the answer holds; else ``"sometimes"``.
        where: ``"in the domain"`` where ``active`` holds there, and not everywhere.
        near: With a tolerance, what a neuron without a simpler name is near to.
        label: What it detects in a few characters, for drawings: ``"+(x1)"``, ``"-(x1)"``, ``"x1 > x2"``.
        short: The formula as it is printed.
        proof: The prover's answer that the neuron is its formula, with the formulas of the variables put in; None where
            that is what the weights say.
    """

    name: str
    layer: int
    neurons: tuple[int, ...]
    of: tuple[str, ...] = ()
    formula: str = ""
    twin: int | None = None
    mirror: int | None = None
    active: str = "sometimes"
    where: str = ""
    label: str = ""
    short: str = field(default="", repr=False, compare=False)
    proof: Result | None = field(default=None, repr=False, compare=False)
    near: Near | None = None

    def __str__(self) -> str:
        *most, last = map(str, self.neurons)
        who = f"neurons {', '.join(most)} and {last}" if most else f"neuron {last}"
        where = f"layer {self.layer}, " if self.layer > 1 else ""
        notes = [] if self.twin is None else [f"duplicate of neuron {self.twin}"]
        if self.mirror is not None and self.name in ("sum detector", "threshold detector", "other detector"):
            notes.append(f"mirror of neuron {self.mirror}")
        if state := self.state:
            notes.append(state)
        if self.near is not None:
            notes.append(f"nearly a {self.near}")
        formula = self.short or self.formula
        return f"{where}{who}: {', '.join([self.name + _about(self.name, self.of), *notes])}" + (
            f": {formula}" if formula else ""
        )

    @property
    def state(self) -> str:
        """``"always on"`` or ``"always off"``, and where; nothing where the name says it, or where it is neither."""
        if self.active == "sometimes" or (not self.where and self.name in ("dead", "constant", "pass-through")):
            return ""
        return f"always {'on' if self.active == 'always' else 'off'} {self.where}".rstrip()

    def to_json(self) -> str:
        """Returns what it is in words."""
        return str(self)


def _about(name: str, of: Sequence[str]) -> str:
    """The variables that a feature is about."""
    if name == "greaterness detector":
        return f", {of[0]} over {of[1]}"
    return f" of {' and '.join(of)}" if of else ""


def kind_of(row: Row) -> str:
    """Whether a form without a constant is a multiple of one variable, of a difference, of a sum, or another one."""
    if len(row) == 1:
        return "input"
    if len(row) == 2 and abs(row[0][1]) == abs(row[1][1]):
        return "sum" if row[0][1] == row[1][1] else "difference"
    return "other"


def sign_of_row(row: Row) -> int:
    """The sign of the first coefficient; 0 without one."""
    return (row[0][1] > 0) - (row[0][1] < 0) if row else 0


def detector(row: Row, bias: fmpq, positive: Callable[[int], bool]) -> tuple[str, Sequence[int]]:
    """The name of a neuron, and the variables that it is about.

    Args:
        row: What it reads.
        bias: And its bias.
        positive: Whether a variable is never negative.
    """
    of = [v for v, _ in row]
    if bias <= 0 and all(c < 0 and positive(v) for v, c in row):
        return "dead", ()
    if bias:
        return "threshold detector" if row else "constant", ()
    kind, sign = kind_of(row), sign_of_row(row)
    if kind == "input":
        if sign > 0 and positive(of[0]):
            return "pass-through", of
        return f"{'positive' if sign > 0 else 'negative'}ness detector", of
    if kind == "difference":
        return "greaterness detector", of[::sign]
    return ("sum detector", of) if kind == "sum" else ("other detector", ())


def formula_of(row: Row, bias: fmpq, names: Names) -> tuple[str, str]:
    """What a neuron computes: exactly, and as it is printed."""
    whole = f"relu({sum_text([(c, names[v]) for v, c in row], bias, times='*')})"
    if len(whole) <= WIDEST and all(len(text(c)) <= LONG for c in (bias, *(c for _, c in row))):
        return whole, whole
    some = row if len(row) <= TERMS else row[: TERMS - 2]
    more = len(row) - len(some) + (bias != 0)
    shown = sum_text([(c, names[v]) for v, c in some], bias if some == row else fmpq(0), _rounded, times="*")
    return whole, f"about relu({shown}{'' if some == row else f' + {more} terms'})"


def _rounded(value: fmpq) -> str:
    if value == ONE:
        return text(value)
    return number(float(f"{approximate(value):.{DIGITS}g}"))


def label_of(name: str, row: Row, bias: fmpq, names: Names) -> str:
    """What a neuron detects, in a few characters."""
    if name == "dead":
        return "0"
    if name == "constant":
        label = text(bias)
    elif name == "pass-through":
        label = names[min(v for v, _ in row)]
    elif name.startswith(("positiveness", "negativeness", "sum")):
        label = f"{'+' if row[0][1] > 0 else '-'}({' + '.join(names[v] for v, _ in row)})"
    else:
        sizes = [abs(c) for _, c in row]
        scale = ONE if kind_of(row) == "other" and all(c.q == 1 for c in sizes) else max(sizes)
        above = [(c / scale, names[v]) for v, c in row if c > 0]
        below = [(-c / scale, names[v]) for v, c in row if c < 0]
        rest, sign = bias / scale, ">"
        if not above:  # x < 1 rather than 1 > x
            above, below, rest, sign = below, above, -rest, "<"
        extra = (max(rest, fmpq(0)), max(-rest, fmpq(0))) if below else (fmpq(0), -rest)
        label = f"{sum_text(above, extra[0], times='*')} {sign} {sum_text(below, extra[1], times='*')}"
    return label if len(label) <= LONGEST else name.removesuffix(" detector")
