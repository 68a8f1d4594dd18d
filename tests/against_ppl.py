"""An outside exact judge of polyhedra: the Parma Polyhedra Library.

It is GPL: tests ask it, the library does not.  Rows are integers ``(constant, coefficients...)``.

Some builds of it leave the processor rounding upward when they are imported, and with it every float of the
process; here it is set back.
"""

import ctypes
from collections.abc import Iterable, Sequence

import pytest

libm = ctypes.CDLL(None)
rounding = libm.fegetround()
try:
    ppl = pytest.importorskip("ppl", reason="pplpy is not installed")
finally:
    libm.fesetround(rounding)  # also where it cannot be imported

OPERATORS = {">": lambda e: e > 0, ">=": lambda e: e >= 0, "==": lambda e: e == 0}


def expression(row: Sequence[int]):
    """``constant + coefficients . x``."""
    return ppl.Linear_Expression(list(row[1:]), row[0])


def polyhedron(rows: Iterable[Sequence[int]], n: int, ops: Iterable[str] | None = None):
    """Where all rows are ``>= 0``, or as the operators say: with ``>`` it need not be closed."""
    rows = list(rows)
    ops = [">="] * len(rows) if ops is None else list(ops)
    made = (ppl.NNC_Polyhedron if ">" in ops else ppl.C_Polyhedron)(n, "universe")
    for row, op in zip(rows, ops, strict=True):
        made.add_constraint(OPERATORS[op](expression(row)))
    return made


def generated(n: int, rays: Iterable[Sequence[int]], lines: Iterable[Sequence[int]]):
    """The closed polyhedron of homogeneous rays ``(x0, x)``, vertices where ``x0 > 0``, and of lines."""
    made = ppl.C_Polyhedron(n, "empty")
    for x0, *x in sorted(rays, reverse=True):  # points first: a ray needs one to start from
        direction = ppl.Linear_Expression(x, 0)
        made.add_generator(ppl.point(direction, x0) if x0 else ppl.ray(direction))
    for _, *x in lines:
        made.add_generator(ppl.line(ppl.Linear_Expression(x, 0)))
    return made


def count(made, kind: str) -> int:
    """How many generators of a kind a smallest description has: "point", "ray" or "line"."""
    return sum(getattr(g, f"is_{kind}")() for g in made.minimized_generators())
