"""The k-th smallest of several values, as a function of SymPy.

In Min and Max it would have ``n! / (k! (n - k)!)`` terms and more; as a function it stays small, and is lowered to a
sorting network.
"""

from itertools import combinations
from typing import Any

import sympy

from relucirc.core.errors import FormulaError, shorten


class OrderStatistic(sympy.Function):
    """``OrderStatistic(k, a1, ..., an)``: the k-th smallest of n values, 1 <= k <= n."""

    nargs = None

    @classmethod
    def eval(cls, k: Any, *values: Any) -> Any:
        """SymPy's hook: a number if all values are."""
        return sorted(values)[int(k) - 1] if all(value.is_Rational for value in values) else None

    def doit(self, **_: Any) -> sympy.Expr:
        """Writes it out: the minimum over k-subsets of the maximum of each."""
        k, values = int(self.args[0]), self.args[1:]
        return sympy.Min(*(sympy.Max(*subset, evaluate=False) for subset in combinations(values, k)), evaluate=False)


def median(*values: Any) -> sympy.Expr:
    """Returns the median of an odd number of expressions, as an :class:`OrderStatistic`."""
    if len(values) % 2 == 0:
        raise FormulaError(f"median: expected an odd number of arguments, got {len(values)}; use order_statistic.")
    return OrderStatistic(len(values) // 2 + 1, *values)


def order_statistic(k: Any, *values: Any) -> sympy.Expr:
    """Returns the k-th smallest of several expressions, as an :class:`OrderStatistic`."""
    if not (isinstance(k, int | sympy.Integer) and 1 <= int(k) <= len(values)):
        raise FormulaError(f"order_statistic: expected k from 1 to {len(values)}, got {shorten(k)}.")
    return OrderStatistic(int(k), *values)
