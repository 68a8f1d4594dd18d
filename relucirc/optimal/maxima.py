"""Signed sums of maxima: every piecewise-linear function is ``affine + sum c_j max(S_j)``.

Over nested hinges this is tropical algebra: ``max_i (P_i - Q_i) = max_i (P_i + Q - Q_i) - Q`` where Q
covers all Q_i, and a sum of maxima is the maximum of all sums.  Forms that are nowhere the largest
are dropped, exactly (Farkas).

In n dimensions, a maximum of more than n + 1 forms is a signed sum of maxima of fewer (Wang and Sun,
"Generalization of hinging hyperplanes", 2005).  Among n + 2 forms some affine combination
``sum c_i l_i``, ``sum c_i = 0``, is a constant C; take C >= 0 and I = {i : c_i < 0}.  The largest of
the others is then never below the smallest in I, and so inclusion and exclusion over I gives::

    max(S) = sum over non-empty T in I of (-1)^(|T| + 1) max(S without T).

So ``ceil(log2(n + 1))`` hidden layers are enough (Arora et al., ICLR 2018).
"""

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flint import fmpq

from relucirc.core.budget import Budget, tick
from relucirc.core.combination import cone_combination
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form, Key, combine
from relucirc.core.graph import Graph, GraphBuilder
from relucirc.core.rows import kernel
from relucirc.geometry.hinges import HingeGraph

MAX_FORMS = 300
"""Largest maximum that is written out."""
MAX_TERMS = 20_000

Set = frozenset[Key]


class TooLarge(Exception):
    """A maximum would have too many forms."""


@dataclass
class Maxima:
    """``affine + sum weight * max(set)``.

    Attributes:
        affine: The affine part.
        terms: Weight of every set of at least two forms.
        forms: The form of every key.
    """

    affine: Form
    terms: dict[Set, fmpq] = field(default_factory=dict)
    forms: dict[Key, Form] = field(default_factory=dict)

    def add(self, elements: Iterable[Form], weight: fmpq) -> None:
        """Adds ``weight * max(elements)``."""
        named = {form.key: form for form in elements}
        if len(named) == 1:
            self.affine = combine([(ONE, self.affine), (weight, next(iter(named.values())))])
            return
        self.forms.update(named)
        key = frozenset(named)
        total = self.terms.get(key, ZERO) + weight
        if total:
            self.terms[key] = total
        else:
            self.terms.pop(key, None)

    @property
    def largest(self) -> int:
        """The number of forms in the largest maximum."""
        return max((len(key) for key in self.terms), default=1)


def maxima_of(graph: Graph, budget: Budget) -> list[Maxima]:
    """Writes every output of a graph without selects as a signed sum of maxima.

    Raises:
        TooLarge: When some maximum would have more than 300 forms.
        OutOfBudget: When the time is over.
    """
    hinges = HingeGraph(len(graph.inputs), flatten=True)
    outputs, _ = hinges.lower(graph)
    n = hinges.n
    known: dict[int, Maxima] = {}

    def expand(form: Form) -> Maxima:
        total = Maxima(Form({v: c for v, c in form.terms.items() if v < n}, form.const))
        for v, c in form.terms.items():
            if v >= n:
                part = known[v - n]
                total.affine = combine([(ONE, total.affine), (c, part.affine)])
                for key, weight in part.terms.items():
                    total.add([part.forms[k] for k in key], c * weight)
        return total

    for k in hinges.reachable(outputs):
        known[k] = _maximum([Maxima(Form()), *map(expand, hinges.atoms[k].elements)], budget)
    return [expand(form) for form in outputs]


def _maximum(parts: Sequence[Maxima], budget: Budget) -> Maxima:
    """The maximum of several signed sums, as one."""
    forms: dict[Key, Form] = {}
    cover: dict[Set, fmpq] = {}
    for part in parts:
        forms.update(part.forms)
        for key, weight in part.terms.items():
            if weight < 0:
                cover[key] = max(cover.get(key, ZERO), -weight)
    least = {
        key: min(part.terms.get(key, ZERO) + cover.get(key, ZERO) for part in parts)
        for key in {key for part in parts for key in part.terms}
    }
    union: dict[Key, Form] = {}
    for part in parts:
        sums = [part.affine]
        for key, common in least.items():
            weight = part.terms.get(key, ZERO) + cover.get(key, ZERO) - common
            if weight:
                sums = _irredundant(
                    [combine([(ONE, a), (weight, forms[k])]) for a, k in itertools.product(sums, key)], budget
                )
        union.update((form.key, form) for form in sums)
    result = Maxima(Form())
    result.add(_irredundant(list(union.values()), budget), ONE)
    for key, common in least.items():
        weight = common - cover.get(key, ZERO)
        if weight:
            result.add([forms[k] for k in key], weight)
    return result


def _irredundant(forms: Sequence[Form], budget: Budget) -> list[Form]:
    """Drops forms that are nowhere larger than all others."""
    unique = list({form.key: form for form in forms}.values())
    if len(unique) > MAX_FORMS:
        raise TooLarge
    variables = sorted({v for form in unique for v in form.terms})
    somewhere = _largest_somewhere(unique, variables)
    vectors = [[*(form.coefficient(v) for v in variables), ONE, form.const] for form in unique]
    slack = [ZERO] * (len(variables) + 1) + [-ONE]
    kept = list(range(len(unique)))
    for i in range(len(unique)):
        if i in somewhere or len(kept) == 1:
            continue
        budget.step()
        others = [j for j in kept if j != i]
        if cone_combination(vectors[i], [*(vectors[j] for j in others), slack]).multipliers is not None:
            kept = others
    return [unique[i] for i in kept]


def _largest_somewhere(forms: Sequence[Form], variables: Sequence[int]) -> set[int]:
    """Forms that are the only largest one at some random point: these are needed, without a proof."""
    rng = random.Random(11)
    found = set()
    for size in (3, 30, 1000):
        for _ in range(4 * len(forms)):
            tick()
            point = {v: fmpq(rng.randint(-size, size)) for v in variables}
            values = [form.evaluate(point) for form in forms]
            largest = max(values)
            if values.count(largest) == 1:
                found.add(values.index(largest))
    return found


def reduced(sums: Sequence[Maxima], size: int, budget: Budget) -> list[Maxima]:
    """Rewrites so that no maximum has more than ``size`` forms, where affine dependence allows it.

    Raises:
        TooLarge: When there would be more than 20,000 terms.
    """
    return [_reduced(maxima, size, budget) for maxima in sums]


def _reduced(maxima: Maxima, size: int, budget: Budget) -> Maxima:
    result = Maxima(maxima.affine, dict(maxima.terms), dict(maxima.forms))
    while True:
        large = max((key for key in result.terms if len(key) > size), key=len, default=None)
        if large is None:
            return result
        if len(result.terms) > MAX_TERMS:
            raise TooLarge
        budget.step()
        weight = result.terms.pop(large)
        elements = [result.forms[key] for key in sorted(large)]
        inside = _removable(elements)
        if inside is None:
            raise TooLarge
        for count in range(1, len(inside) + 1):
            for gone in itertools.combinations(inside, count):
                tick()
                kept = [form for i, form in enumerate(elements) if i not in gone]
                result.add(kept, weight if count % 2 else -weight)


def _removable(forms: Sequence[Form]) -> list[int] | None:
    """The smallest set I found: indices with negative coefficient in a dependency of constant >= 0."""
    variables = sorted({v for form in forms for v in form.terms})
    best: list[int] | None = None
    count = min(len(forms), len(variables) + 2)
    for start in range(len(forms) - count + 1):
        tick()
        window = range(start, start + count)
        rows = [[forms[i].coefficient(v) for i in window] for v in variables] + [[ONE] * count]
        for dependency in kernel(rows):
            constant = sum((c * forms[i].const for c, i in zip(dependency, window, strict=True)), start=ZERO)
            for sign in (1, -1):
                if sign * constant >= 0:
                    inside = [i for c, i in zip(dependency, window, strict=True) if sign * c < 0]
                    if inside and (best is None or len(inside) < len(best)):
                        best = inside
    return best


def _overlapping(builder: GraphBuilder, forms: Sequence[Form]) -> Form:
    """A maximum as a balanced tree, where the last of an odd number is paired with its neighbour, not carried.

    The neighbour then counts twice: ``max(a, b) - max(b, c) = relu(a - b) - relu(c - b)`` carries nothing.
    """
    level = list(forms)
    while len(level) > 1:
        pairs = [*zip(level[::2], level[1::2], strict=False), *([level[-2:]] if len(level) % 2 else [])]
        level = [builder.max(pair) for pair in pairs]
    return level[0]


def graph_of_maxima(outputs: Sequence[Maxima], names: Sequence[str], *, overlap: bool = False) -> Graph:
    """Writes signed sums of maxima as a graph, every maximum a balanced tree, if asked for an overlapping one."""
    builder = GraphBuilder(names)
    made: dict[Set, Form] = {}
    results = []
    for maxima in outputs:
        parts = [(ONE, maxima.affine)]
        for key, weight in maxima.terms.items():
            if key not in made:
                forms = [maxima.forms[k] for k in sorted(key)]
                made[key] = _overlapping(builder, forms) if overlap else builder.max(forms)
            parts.append((weight, made[key]))
        results.append(combine(parts))
    return builder.build(results)
