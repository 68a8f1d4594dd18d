"""Affine forms for the checker: dictionaries ``{variable: fmpq}`` with the constant under ``UNIT``."""

from collections.abc import Iterable, Mapping

from flint import fmpq

UNIT = -1
Linear = dict[int, fmpq]
ZERO, ONE = fmpq(0), fmpq(1)


def affine(terms: Iterable[tuple[int, fmpq]]) -> Linear:
    """Returns the form with these coefficients, the constant under ``UNIT``; a form has no zero entries."""
    return {v: c for v, c in terms if c}


def mix(parts: Iterable[tuple[fmpq, Mapping[int, fmpq]]]) -> Linear:
    """Returns a linear combination."""
    total: Linear = {}
    for factor, form in parts:
        for v, c in form.items():
            present = total.get(v)
            total[v] = factor * c if present is None else present + factor * c
    return affine(total.items())


def minus(a: Mapping[int, fmpq], b: Mapping[int, fmpq]) -> Linear:
    """Returns ``a - b``."""
    total = dict(a)
    for v, c in b.items():
        present = total.get(v)
        total[v] = -c if present is None else present - c
    return affine(total.items())


def replace(form: Mapping[int, fmpq], values: Mapping[int, Linear]) -> Linear:
    """Replaces variables by forms."""
    parts: list[tuple[fmpq, Mapping[int, fmpq]]] = []
    kept: Linear = {}
    for v, c in form.items():
        value = values.get(v)
        if value is None:
            kept[v] = c
        else:
            parts.append((c, value))
    return mix([(ONE, kept), *parts]) if parts else kept


def constant(form: Mapping[int, fmpq]) -> fmpq | None:
    """Returns the value of a constant form, or None."""
    return form.get(UNIT, fmpq(0)) if all(v == UNIT for v in form) else None


def value_at(form: Mapping[int, fmpq], point: Mapping[int, fmpq]) -> fmpq:
    """Evaluates a form."""
    return sum((c if v == UNIT else c * point[v] for v, c in form.items()), start=fmpq(0))


def key(form: Mapping[int, fmpq]) -> tuple[tuple[int, int, int], ...]:
    """Returns the same for equal forms, and for no others, to look them up by."""
    return tuple(sorted([(v, int(c.p), int(c.q)) for v, c in form.items()]))
