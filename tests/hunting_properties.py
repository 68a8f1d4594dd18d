"""Random properties in VNN-LIB 2.0, about one or two networks, for the hunt; z3 and plain fractions judge them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import against_z3
import hunting
import plain
import z3
from hunting_bounds import MARGINS, wrong
from hypothesis import strategies as st

import relucirc

OPS = {
    "<": lambda a: a < 0,
    "<=": lambda a: a <= 0,
    ">": lambda a: a > 0,
    ">=": lambda a: a >= 0,
    "==": lambda a: a == 0,
    "!=": lambda a: a != 0,
}
LETTERS = ("X", "W"), ("Y", "Z")
Assertion = tuple
"""``(op, coefficients, constant)`` over all inputs and then all outputs, or ``("and", ...)``, ``("or", ...)``."""


@dataclass
class Asked:
    """A property of networks.

    Attributes:
        nets: The networks as plain data, one for each declaration.
        is_same: Whether the second is declared equal to the first.
        assertions: What a point has to satisfy.
    """

    nets: list[plain.Layers]
    is_same: bool
    assertions: list[Assertion]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Inputs and outputs of every network."""
        return [(len(layers[0][0][0]), len(layers[-1][0])) for layers in self.nets]

    @property
    def names(self) -> list[str]:
        """The names of all inputs, and then of all outputs."""
        return [
            f"{LETTERS[side][k]}[{i}]"
            for side in (0, 1)
            for k, size in enumerate(self.sizes)
            for i in range(size[side])
        ]

    @property
    def text(self) -> str:
        """The file."""
        declared = [
            f"(declare-network n{k} {'(equal-to n0) ' if k and self.is_same else ''}"
            f"(declare-input {LETTERS[0][k]} Real [{n}]) (declare-output {LETTERS[1][k]} Real [{m}]))"
            for k, (n, m) in enumerate(self.sizes)
        ]
        asserted = [f"(assert {written(a, self.names)})" for a in self.assertions]
        return "\n".join(["(vnnlib-version <2.0>)", *declared, *asserted])

    def values(self, point: Sequence[Fraction]) -> list[Fraction]:
        """All inputs, and then all outputs."""
        outputs, start = [], 0
        for layers, (n, _) in zip(self.nets, self.sizes, strict=True):
            outputs += plain.run(layers, point[start : start + n])
            start += n
        return [*point, *outputs]

    def term(self) -> tuple[list, Any]:
        """Variables of z3 for the inputs, and that a point has the property."""
        variables = [z3.Real(name) for name in self.names[: sum(n for n, _ in self.sizes)]]
        facts: list[Any] = []
        outputs, start = [], 0
        for layers, (n, _) in zip(self.nets, self.sizes, strict=True):
            outputs += against_z3.network_terms(layers, variables[start : start + n], facts)
            start += n
        return variables, z3.And(*facts, *(judged(a, [*variables, *outputs], z3.And, z3.Or) for a in self.assertions))


def written(assertion: Assertion, names: Sequence[str]) -> str:
    """An assertion in VNN-LIB, with whole coefficients."""
    head, *parts = assertion
    if head in ("and", "or"):
        return f"({head} {' '.join(written(part, names) for part in parts)})"
    scale = lcm(*(c.denominator for c in (*parts[0], parts[1])))
    terms = [f"(* {c * scale} {name})" for c, name in zip(parts[0], names, strict=True) if c]
    return f"({head} (+ {' '.join([*terms, '0.0'])}) {-parts[1] * scale})"


def judged(assertion: Assertion, values: Sequence[Any], both: Any, either: Any) -> Any:
    """Whether an assertion holds of values: of z3's terms, or of fractions."""
    head, *parts = assertion
    if head in ("and", "or"):
        return (both if head == "and" else either)([judged(part, values, both, either) for part in parts])
    number = (lambda c: c) if isinstance(values[0], Fraction) else against_z3.number
    return OPS[head](sum([number(c) * v for c, v in zip(parts[0], values, strict=True) if c], number(parts[1])))


@st.composite
def properties(draw: st.DrawFn) -> Asked:
    """Networks of one or two inputs, with inputs that are bounded, equated, close to each other or free."""
    n, m = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    nets = [draw(hunting.layers_(n, m, max_hidden=2, max_width=4)) for _ in range(draw(st.sampled_from([1, 2, 2])))]
    is_same = len(nets) == 2 and draw(st.booleans())
    if is_same:
        nets[1] = nets[0]
    inputs, count = n * len(nets), (n + m) * len(nets)

    def unit(*places: tuple[int, int]) -> list[Fraction]:
        row = [Fraction(0)] * count
        for place, c in places:
            row[place] += c
        return row

    assertions: list[Assertion] = []
    if draw(st.integers(0, 3)):
        size = draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 3), Fraction(1, 2**60)]))
        assertions += [
            (draw(st.sampled_from([">=", ">=", ">"])), unit((v, sign)), size) for v in range(inputs) for sign in (1, -1)
        ]
    if len(nets) == 2:
        for v in range(n):
            kind = draw(st.sampled_from(["==", "==", "<=", "free"]))
            if kind != "free":
                assertions.append(
                    (kind, unit((v, 1), (n + v, -1)), draw(st.sampled_from([Fraction(0)] * 3 + [Fraction(1, 8)])))
                )
    coefficients = st.lists(hunting.SMALL, min_size=count, max_size=count)

    def relation(first: int) -> Assertion:
        row = draw(coefficients)
        row[:first] = [Fraction(0)] * first
        return draw(st.sampled_from(list(OPS))), row, draw(hunting.SMALL) + draw(MARGINS)

    if draw(st.integers(0, 3)) == 0:
        assertions.append(("or", relation(0), (">=", unit((0, 1)), Fraction(0))))
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["alone", "alone", "or", "and"]))
        start = draw(st.sampled_from([inputs, inputs, 0]))
        assertions.append(relation(start) if kind == "alone" else (kind, relation(start), relation(inputs)))
    return Asked(nets, is_same, assertions)


def examine(asked: Asked, tally: Counter, budget: float = 5.0) -> None:
    """Asks the library, then z3, and raises on any contradiction."""
    nets = [
        hunting.mlp(layers, [f"x{i}" for i in range(n)]) for layers, (n, _) in zip(asked.nets, asked.sizes, strict=True)
    ]
    given = nets[:1] if asked.is_same else nets
    found = relucirc.verify(given, asked.text, budget=budget)
    tally[found.status, "property"] += 1
    if found.status == "sat":
        named = {name: Fraction(int(value.p), int(value.q)) for name, value in found.witness.items()}
        values = asked.values([named[name] for name in asked.names[: sum(n for n, _ in asked.sizes)]])
        if [named[name] for name in asked.names] != values or not all(
            judged(a, values, all, any) for a in asked.assertions
        ):
            raise wrong("no such point", asked, found)
    elif found.status == "unsat":
        certificate = json.loads(json.dumps(found.certificate))
        if not relucirc.check(given, asked.text, certificate):
            raise wrong("its own certificate is not accepted after JSON", asked, found)
        variables, term = asked.term()
        solver = z3.Solver()
        solver.set("timeout", 4000)
        answer = solver.check(term)
        if answer == z3.sat:
            raise wrong(f"unsat, but {[solver.model().eval(v) for v in variables]}", asked, found)
        tally["judged true" if answer == z3.unsat else "not judged", "property"] += 1
    elif "rejects" in found.reason:
        raise wrong("the checker rejects its evidence", asked, found)
