"""Minima and maxima that come to an order statistic, such as a median, of variables further below.

A formula of Min and Max alone is a lattice polynomial, and two of these are equal on R^n if they are on {0, 1}^n.
There the k-th smallest of m values is 1 just where more than m - k of them are.
"""

import itertools
from collections.abc import Callable, Sequence

from relucirc.core.budget import tick
from relucirc.interpretation.terms import Affine, Extreme, Term, variables_of

MOST = 10
"""Variables of which all 0-1 points are tried."""


def statistic_of(term: Term, terms: Sequence[Term], names: Sequence[str]) -> str:
    """Names the order statistic of three or more variables that a formula is, over variables of Min and Max; or none.

    Args:
        term: A formula over inputs and hidden variables.
        terms: The formulas of all hidden variables, each over inputs and earlier ones.
        names: The names of the inputs, then of the variables.
    """
    n = len(names) - len(terms)
    between, pending = set[int](), {*variables_of(term)}
    leaves = set[int]()
    while pending:
        v = pending.pop()
        if v >= n and _is_lattice(terms[v - n]):
            between.add(v)
            pending |= variables_of(terms[v - n]) - between
        else:
            leaves.add(v)
    if not _is_lattice(term) or not between or not 2 < len(leaves) <= MOST:
        return ""
    order, inner = sorted(leaves), [(v, terms[v - n]) for v in sorted(between)]
    smallest = [len(order) + 1] * 2  # how many ones there are at least where it is 1, and how many zeros where it is 0
    for bits in itertools.product((0, 1), repeat=len(order)):
        tick()
        values: dict[int, int] = dict(zip(order, bits, strict=True))
        for v, inside in inner:
            values[v] = _value(inside, values)
        result = _value(term, values)
        smallest[1 - result] = min(smallest[1 - result], bits.count(result))
    ones, zeros = smallest
    if ones + zeros != len(order) + 1:
        return ""
    of = ", ".join(names[v] for v in order)
    if 1 in (ones, zeros):
        return f"{'minimum' if zeros == 1 else 'maximum'} of {of}"
    return f"median of {of}" if ones == zeros else f"order statistic {zeros} of {of}"


def _is_lattice(term: Term) -> bool:
    """Whether a formula is of Min and Max and plain variables alone, and not one of these."""

    def is_plain(arg: Term) -> bool:
        return isinstance(arg, Affine) and not arg.form.const and list(arg.form.terms.values()) == [1]

    return isinstance(term, Extreme) and all(is_plain(arg) or _is_lattice(arg) for arg in term.args)


def _value(term: Term, values: dict[int, int]) -> int:
    if isinstance(term, Extreme):
        best: Callable = max if term.sign > 0 else min
        return best(_value(arg, values) for arg in term.args)
    (v,) = term.addends[0].terms
    return values[v]
