"""What a formula is called: minimum, clip, hat, absolute, sum, gate, and affine combinations of these."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.core.names import default_names
from relucirc.interpretation.catalogue import gate_of
from relucirc.interpretation.terms import Absolute, Affine, Extreme, Term, graph_of_term, renamed, variables_of
from relucirc.interpretation.writing import sum_text

MOST_ADDED = 6
"""Most addends that are named one by one."""
MOST_BITS = 4
"""Most inputs of a gate."""


def letter_beside(names: Sequence[str]) -> str:
    """The letter of hidden variables: u, or another one where an input is called u1, u2, ....

    Example:
        >>> letter_beside(["x1", "x2"]), letter_beside(["u1", "v"]), letter_beside(["u3", "v4", "w1"])
        ('u', 'v', 'uu')
    """
    return next(
        u
        for k in itertools.count(1)
        for u in (c * k for c in "uvw")
        if not any(_is_numbered(name, u) for name in names)
    )


def _is_numbered(name: str, letter: str) -> bool:
    return name.startswith(letter) and name[len(letter) :].isdigit()


def name_of(term: Term) -> str:
    """Names a circuit: ``"minimum"``, ``"2*minimum + 1"``, ``"clip"``, ``"sum"``, ..."""
    form, parts = term.addends
    if not parts:
        return _affine_name(form)
    if len(parts) == 1 and parts[0][0] == -1 and not form.terms and _is_hat(form, parts[0][1]):
        return "hat"
    if len(parts) == 1 and not form.terms:
        return sum_text([(parts[0][0], _bent_name(parts[0][1]))], form.const, times="*")
    if len(parts) > MOST_ADDED:
        return f"sum of {len(parts)} parts"
    names = [(c, _bent_name(part)) for c, part in parts]
    rest = [(ONE, _affine_name(Form(form.terms)))] if form.terms else []
    return f"sum of {sum_text([*names, *rest], form.const, times='*')}" if len(parts) > 1 or rest else names[0][1]


def name_of_sum(form: Form, circuits: Mapping[int, str]) -> str:
    """Names a sum of variables that are circuits."""
    names = [(c, circuits[v]) for v, c in sorted(form.terms.items()) if v in circuits]
    rest = Form({v: c for v, c in form.terms.items() if v not in circuits})
    names += [(ONE, _affine_name(rest))] if rest else []
    return f"sum of {sum_text(names, form.const, times='*')}"


def gate_in(term: Term) -> str:
    """Names the gate that a formula is, if it is one of few variables and a number; else nothing."""
    used = sorted(variables_of(term))
    if not 1 < len(used) <= MOST_BITS or len(term.addends[1]) != 1 or not any(_numbers(term)):
        return ""
    names = default_names(len(used))
    return gate_of(graph_of_term(renamed(term, {v: i for i, v in enumerate(used)}), names))


def _affine_name(form: Form) -> str:
    values = sorted(form.terms.values())
    names = {(): "constant", (1,): "identity", (-1,): "negative identity", (1, 1): "sum", (-1, 1): "difference"}
    plain = None if form.const and values else names.get(tuple(values))
    return plain or ("multiple" if len(values) == 1 and not form.const else "affine combination")


def _bent_name(term: Term) -> str:
    if isinstance(term, Absolute):
        inside = term.arg
        return "distance" if isinstance(inside, Affine) and _affine_name(inside.form) == "difference" else "absolute"
    assert isinstance(term, Extreme)
    constants = [arg for arg in term.args if isinstance(arg, Affine) and not arg.form.terms]
    others = [arg for arg in term.args if arg not in constants]
    if len(constants) == 1 == len(others):
        inside = others[0]
        if isinstance(inside, Extreme) and inside.sign != term.sign and any(not _varies(arg) for arg in inside.args):
            return "clip"
        peak, sides = inside.addends
        falls = [(c < 0, type(side)) for c, side in sides] == [(True, Absolute)]
        if not constants[0].form and not peak.terms and falls:
            return "hat" if term.sign > 0 else "minimum"
        if not constants[0].form:
            return "positive part" if term.sign > 0 else "negative part"
    count = f" of {len(term.args)}" if len(term.args) > 2 else ""
    return ("maximum" if term.sign > 0 else "minimum") + count


def _numbers(term: Term) -> Iterator[bool]:
    """Whether the affine parts of a formula have a constant."""
    yield bool(term.addends[0].const)
    for child in term.children:
        yield from _numbers(child)


def _is_hat(top: Form, term: Term) -> bool:
    """Whether ``top - term`` is ``top - Min(top, Abs(...))``."""
    args = set(map(type, term.args)) if isinstance(term, Extreme) and term.sign < 0 and len(term.args) == 2 else set()
    return args == {Affine, Absolute} and Affine(top) in term.children


def _varies(term: Term) -> bool:
    return bool(variables_of(term))
