"""Minima and maxima that come to an order statistic, such as a median, of variables further below.

A formula of Min and Max alone is a lattice polynomial, and two of these are equal on R^n if they are on {0, 1}^n.
There the k-th smallest of m values is 1 just where more than m - k of them are.
"""

import itertools
from collections.abc import Mapping, Sequence

from relucirc.core.budget import tick
from relucirc.interpretation.terms import Affine, Extreme, Term

MOST = 10
"""Variables of which all 0-1 points are tried."""


def statistic_of(term: Term, terms: Sequence[Term], names: Sequence[str]) -> str:
    """Names the order statistic that a formula of Min and Max over variables of the same kind is; else nothing.

    Args:
        term: A formula over inputs and hidden variables.
        terms: The formulas of all hidden variables; they come after the inputs.
        names: The names of all variables.
    """
    n = len(names) - len(terms)
    leaves = set[int]()
    inner = dict[int, Extreme]()
    if not _gather(term, n, terms, leaves, inner) or not inner or not 2 < len(leaves) <= MOST:
        return ""
    order, m = sorted(leaves), len(leaves)
    least = m + 1
    for bits in itertools.product((0, 1), repeat=m):
        tick()
        values = dict(zip(order, bits, strict=True))
        if _value(term, values, inner):
            least = min(least, sum(bits))
    for bits in itertools.product((0, 1), repeat=m):
        if (sum(bits) >= least) != _value(term, dict(zip(order, bits, strict=True)), inner):
            return ""
    k = m + 1 - least
    of = ", ".join(names[v] for v in order)
    if k in (1, m):
        return f"{'minimum' if k == 1 else 'maximum'} of {of}"
    return f"median of {of}" if 2 * k == m + 1 else f"order statistic {k} of {of}"


def _gather(term: Term, n: int, terms: Sequence[Term], leaves: set[int], inner: dict[int, Extreme]) -> bool:
    """Whether a formula is of Min and Max alone, down to its leaves; collects these, and the variables between."""
    if isinstance(term, Extreme):
        return all(_gather(arg, n, terms, leaves, inner) for arg in term.args)
    if not isinstance(term, Affine) or term.form.const or list(term.form.terms.values()) != [1]:
        return False
    (v,) = term.form.terms
    if v in leaves or v in inner:
        return True
    below = terms[v - n] if v >= n else None
    between = dict[int, Extreme]()
    further = set[int]()
    if isinstance(below, Extreme) and _gather(below, n, terms, further, between):
        inner |= {**between, v: below}
        leaves |= further
    else:
        leaves.add(v)
    return True


def _value(term: Term, values: Mapping[int, int], inner: Mapping[int, Extreme]) -> bool:
    if isinstance(term, Extreme):
        found = (_value(arg, values, inner) for arg in term.args)
        return any(found) if term.sign > 0 else all(found)
    (v,) = term.addends[0].terms
    return _value(inner[v], values, inner) if v in inner else bool(values[v])
