"""Feasibility of mixed strict, weak and equality systems, and signs on polyhedra, with evidence either way.

By Motzkin's transposition theorem the system ``a_i > 0, b_j >= 0, e_k = 0`` of affine forms has no
solution iff some combination ``sum l_i a_i + sum m_j b_j + sum n_k e_k`` with l, m >= 0 is a
constant c with c < 0, or with c = 0 and l non-zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.combination import cone_combination
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form
from relucirc.core.graph import Relation


@dataclass(frozen=True)
class Feasibility:
    """A point that satisfies every relation, or multipliers (one per relation) that refute them."""

    point: tuple[fmpq, ...] | None
    multipliers: list[fmpq] | None


def feasibility(relations: Sequence[Relation], n: int) -> Feasibility:
    """Decides whether affine relations over n inputs have a common solution."""
    generators, owners = [], []
    for i, relation in enumerate(relations):
        tick()
        generators.append(_vector(relation.form, n))
        owners.append((i, ONE))
        if relation.op == "==":
            generators.append(_vector(-relation.form, n))
            owners.append((i, -ONE))
    weak = cone_combination([-ONE, *[ZERO] * n], generators)
    if weak.multipliers is not None:
        return Feasibility(None, _collect(weak.multipliers, owners, len(relations)))
    strict = [relations[i].op == ">" for i, _ in owners]
    base = _point(weak.separator)
    if not any(strict):
        return Feasibility(base, None)
    extended = [[*g, ONE if s else ZERO] for g, s in zip(generators, strict, strict=True)]
    slack = [ONE, *[ZERO] * (n + 1)]
    proper = cone_combination([*[ZERO] * (n + 1), ONE], [*extended, slack])
    if proper.multipliers is not None:
        return Feasibility(None, _collect(proper.multipliers, owners, len(relations)))
    separator = proper.separator
    assert separator is not None
    if separator[0].p > 0:
        return Feasibility(_point(separator[:-1]), None)
    return Feasibility(tuple(b + d for b, d in zip(base, separator[1:-1], strict=True)), None)


def nonnegative_multipliers(form: Form, constraints: Sequence[Form], n: int) -> list[fmpq] | None:
    """Shows that a form over n inputs is ``>= 0`` where all constraints are: Farkas' lemma for affine forms.

    Returns:
        Multipliers m >= 0, one per constraint, such that ``form - sum m_i constraint_i`` is a constant >= 0;
        None if there are none, so that the form is negative somewhere on the polyhedron, or that is empty.
    """
    slack = [ONE, *[ZERO] * n]
    vectors = [_vector(constraint, n) for constraint in constraints]
    found = cone_combination(_vector(form, n), [*vectors, slack]).multipliers
    return None if found is None else found[:-1]


def _vector(form: Form, n: int) -> list[fmpq]:
    vector = [form.const, *[ZERO] * n]
    for v, c in form.terms.items():
        if v < n:
            vector[1 + v] = c
    return vector


def _point(separator: Sequence[fmpq] | None) -> tuple[fmpq, ...]:
    """The separator of -1 has a positive leading entry: a homogeneous point."""
    assert separator is not None
    return tuple(c / separator[0] for c in separator[1:])


def _collect(multipliers: Sequence[fmpq], owners: Sequence[tuple[int, fmpq]], count: int) -> list[fmpq]:
    total = [ZERO] * count
    for m, (i, sign) in zip(multipliers, owners, strict=False):
        total[i] = total[i] + sign * m
    return total
