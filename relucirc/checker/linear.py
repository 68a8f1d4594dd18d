"""Affine forms for the checker: dictionaries ``{variable: fmpq}`` with the constant under ``UNIT``."""

from collections.abc import Iterable, Mapping, Sequence

from flint import fmpq, fmpq_mat

UNIT = -1
Linear = dict[int, fmpq]
ZERO, ONE = fmpq(0), fmpq(1)
LARGE = 50_000
"""From so many products on, replacing variables in many forms is one product of matrices, if these are not sparse."""
SPARSE = 8
"""A matrix is sparse where fewer than one in so many entries is there."""


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


def replace_all(forms: Sequence[Mapping[int, fmpq]], values: Mapping[int, Linear]) -> list[Linear]:
    """Replaces variables by forms in many forms: as :func:`replace` does in each."""
    replaced = sorted({v for form in forms for v in form if v in values})
    columns = sorted({u for v in replaced for u in values[v]})
    cells = len(forms) * len(replaced), len(replaced) * len(columns)
    entries = sum(v in values for form in forms for v in form), sum(len(values[v]) for v in replaced)
    sparse = any(SPARSE * some < all_ for some, all_ in zip(entries, cells, strict=True))
    if sparse or len(forms) * cells[1] < LARGE:
        return [replace(form, values) for form in forms]
    factors = fmpq_mat(len(forms), len(replaced), [form.get(v, ZERO) for form in forms for v in replaced])
    inner = fmpq_mat(len(replaced), len(columns), [values[v].get(u, ZERO) for v in replaced for u in columns])
    product = factors * inner
    found = []
    for i, form in enumerate(forms):
        kept = {v: c for v, c in form.items() if v not in values}
        found.append(mix(((ONE, kept), (ONE, {u: product[i, j] for j, u in enumerate(columns)}))))
    return found


def constant(form: Mapping[int, fmpq]) -> fmpq | None:
    """Returns the value of a constant form, or None."""
    return form.get(UNIT, fmpq(0)) if all(v == UNIT for v in form) else None


def value_at(form: Mapping[int, fmpq], point: Mapping[int, fmpq]) -> fmpq:
    """Evaluates a form."""
    return sum((c if v == UNIT else c * point[v] for v, c in form.items()), start=fmpq(0))


def key(form: Mapping[int, fmpq]) -> tuple[tuple[int, int, int], ...]:
    """Returns the same for equal forms, and for no others, to look them up by."""
    return tuple(sorted([(v, int(c.p), int(c.q)) for v, c in form.items()]))
