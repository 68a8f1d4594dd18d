"""Rewrites stages into fewer operations, the same function over the reals.

Every rule is exact, and none adds a rounding that :func:`relucirc.float_error_bound` does not
count.  With ``l`` one value of a stage:

- *share*: a form equal to another, or to its negation, is computed once;
- *settle*: ``relu`` of a constant is a constant, ``relu`` of a sum of non-negative atoms with
  non-negative weights is that sum;
- *cancel*: ``c*relu(l) - c*relu(-l) = c*l`` and ``c*relu(l) + c*relu(-l) = c*|l|``;
- *factor*: atoms that reach every form above in one proportion are summed first.  A tree of
  minimum circuits then passes one value from circuit to circuit, not three;
- *drop*: a value that nothing reads is not computed.
"""

from collections import defaultdict

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.evaluation.stages import Atom, Form, Stages

Neuron = tuple[fmpq, Atom | None, fmpq]
"""``scale * atom + constant``."""


def simplify(plain: Stages) -> Stages:
    """Returns stages that compute the same function over the reals, with fewer operations.

    Args:
        plain: Stages of a network, as :func:`plain_stages` gives them.

    Example:
        >>> from relucirc import MLP
        >>> from relucirc.evaluation.stages import plain_stages
        >>> net = MLP.from_arrays([([[0, 1], [0, -1], [-1, 1]], None), ([[1, -1, -1]], None)])
        >>> simplify(plain_stages(net)).relus  # min(x1, x2) = x2 - relu(x2 - x1)
        1
    """
    neurons: list[Neuron] = [(ONE, ("id", i), ZERO) for i in range(plain.inputs)]
    stages: list[tuple[Form, ...]] = []
    for number, stage in enumerate(plain.stages):
        forms = [_cancel(_substitute(form, neurons)) for form in stage]
        inner, forms = factor(forms)
        if inner:
            stages.append(tuple(inner))
        if number == len(plain.stages) - 1:
            stages.append(tuple(forms))
        else:
            hidden, neurons = _share(forms)
            stages.append(tuple(hidden))
    return Stages(plain.inputs, _drop(stages))


def _substitute(form: Form, neurons: list[Neuron]) -> Form:
    """Writes a form over neurons as a form over the atoms that they turned out to be."""
    terms: dict[Atom, fmpq] = {}
    bias = form.bias
    for (_, j), c in form.terms:
        scale, atom, constant = neurons[j]
        bias += c * constant
        if atom is not None:
            terms[atom] = terms.get(atom, ZERO) + c * scale
    return Form.of(terms, bias)


def _cancel(form: Form) -> Form:
    """Joins ``relu(l)`` and ``relu(-l)`` with equal or opposite weights."""
    terms = dict(form.terms)
    for (kind, i), c in form.terms:
        other = terms.get(("neg", i), ZERO)
        if kind == "relu" and c in (other, -other):
            joined = ("id", i) if c == -other else ("abs", i)
            del terms["relu", i], terms["neg", i]
            terms[joined] = terms.get(joined, ZERO) + c
    return Form.of(terms, form.bias)


def factor(forms: list[Form]) -> tuple[list[Form], list[Form]]:
    """Sums atoms whose columns are proportional into one value, where that saves work.

    Returns:
        The sums, and the forms over these as atoms of kind ``id``; no sums and the forms as they
        were where it saves nothing.
    """
    columns: dict[Atom, list[tuple[int, fmpq]]] = defaultdict(list)
    for r, form in enumerate(forms):
        for atom, c in form.terms:
            columns[atom].append((r, c))
    classes: dict[tuple[tuple[int, fmpq], ...], dict[Atom, fmpq]] = defaultdict(dict)
    for atom, column in columns.items():
        lead = column[0][1]
        classes[tuple((r, c / lead) for r, c in column)][atom] = lead
    if len(classes) == len(columns):
        return [], forms
    inner, rows = [], [{} for _ in forms]
    for column, members in classes.items():
        lead = next(iter(members.values()))
        for r, c in column:
            rows[r]["id", len(inner)] = c * lead
        inner.append(Form.of({atom: c / lead for atom, c in members.items()}))
    outer = [Form.of(row, form.bias) for row, form in zip(rows, forms, strict=True)]
    return (inner, outer) if _work(inner) + _work(outer) < _work(forms) else ([], forms)


def _work(forms: list[Form]) -> int:
    """Counts additions, and multiplications by weights other than 1 and -1."""
    return sum(max(len(f.terms) - 1, 0) + sum(c not in (1, -1) for _, c in f.terms) for f in forms)


def _share(forms: list[Form]) -> tuple[list[Form], list[Neuron]]:
    """Returns the distinct forms, up to sign, and what relu of every given form is over them."""
    distinct: dict[Form, int] = {}
    neurons: list[Neuron] = []
    for form in forms:
        if not form.terms:
            neurons.append((ZERO, None, max(form.bias, ZERO)))
            continue
        opposite = -form
        flipped = form not in distinct and (opposite in distinct or _leads_negative(form))
        index = distinct.setdefault(opposite if flipped else form, len(distinct))
        if _never_negative(form):
            neurons.append((-ONE if flipped else ONE, ("id", index), ZERO))
        elif _never_negative(opposite):
            neurons.append((ZERO, None, ZERO))
        else:
            neurons.append((ONE, ("neg" if flipped else "relu", index), ZERO))
    return list(distinct), neurons


def _leads_negative(form: Form) -> bool:
    """Whether negating a form makes more of its weights positive (ties: its last one)."""
    return (sum(1 if c > 0 else -1 for _, c in form.terms), form.terms[-1][1]) < (0, ZERO)


def _never_negative(form: Form) -> bool:
    return form.bias >= 0 and all(kind != "id" and c > 0 for (kind, _), c in form.terms)


def _drop(stages: list[tuple[Form, ...]]) -> tuple[tuple[Form, ...], ...]:
    """Removes, from the output down, every form that no form above reads."""
    kept = [stages[-1]]
    for stage in reversed(stages[:-1]):
        used = sorted({i for form in kept[0] for (_, i), _ in form.terms})
        number = {old: new for new, old in enumerate(used)}
        kept[0] = tuple(Form(tuple(((k, number[i]), c) for (k, i), c in f.terms), f.bias) for f in kept[0])
        kept.insert(0, tuple(stage[i] for i in used))
    return tuple(kept)
