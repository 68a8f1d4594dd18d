"""Exact bounds: a form over inputs and hinges is at most a number, by a non-negative combination of known facts.

Hinges are replaced from the last to the first.  With a positive coefficient a hinge is at most its chord, with a
negative one at least ``alpha * l`` for any alpha in [0, 1].  What is left is affine in the inputs, and largest at a
corner of the box.  Whatever slopes floats propose, the result is right: nothing is repaired, only evaluated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.forms import Form
from relucirc.proof.bounding.question import Interval, Question, dyadic

Facts = list[list[Any]]
"""``[kind, number, "multiplier"]``; the kinds stand in docs/proved.md."""


@dataclass(frozen=True)
class Slopes:
    """What floats propose for one bound; anything non-negative is right.

    Attributes:
        lower: For a hinge whose coefficient is negative: alpha with ``h >= alpha l``, by number.
        pushes: For a decided hinge: the multiple of ``l >= 0``, or of ``-l >= 0``, that is added.
        constraints: Multiples of constraints that are added.
    """

    lower: Mapping[int, fmpq] = field(default_factory=dict)
    pushes: Mapping[int, fmpq] = field(default_factory=dict)
    constraints: Mapping[int, fmpq] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """A part of the polyhedron.

    Attributes:
        question: What is asked; its constraints hold the cuts through inputs as well.
        decided: For some hinges whether ``l >= 0`` (or ``l <= 0``) was supposed.
        ranges: Certified bounds of hinges' arguments.
    """

    question: Question
    decided: Mapping[int, bool] = field(default_factory=dict)
    ranges: Mapping[int, Interval] = field(default_factory=dict)

    def state(self, k: int) -> bool | None:
        """Whether a hinge is its argument here, or zero; None where it is open."""
        known = self.decided.get(k)
        if known is not None:
            return known
        low, high = self.ranges.get(k, (None, None))
        return True if low is not None and low >= 0 else False if high is not None and high <= 0 else None

    def decide(self, k: int, on: bool) -> "Node":
        """The part where one more hinge is decided."""
        return replace(self, decided={**self.decided, k: on})

    def cut(self, form: Form) -> "Node":
        """The part where a form over the inputs is ``>= 0``."""
        return replace(self, question=self.question.cut(form))

    def with_ranges(self, ranges: Mapping[int, Interval]) -> "Node":
        """The same part with more bounds known."""
        return replace(self, ranges={**self.ranges, **ranges})


def upper(node: Node, form: Form, slopes: Slopes) -> tuple[fmpq, Facts] | None:
    """Bounds a form on a node: a number that it does not exceed, and why; None where no fact bounds it."""
    question, n = node.question, node.question.n
    total, const, facts = dict(form.terms), form.const, Facts()

    def add(factor: fmpq, terms: Form) -> None:
        nonlocal const
        for v, c in terms.terms.items():
            total[v] = total.get(v, ZERO) + factor * c
        const += factor * terms.const

    for k in reversed(question.used):
        v = n + k
        c = total.pop(v, ZERO)
        push = slopes.pushes.get(k, ZERO)
        if k in node.decided and push > 0:
            argument = question.argument(k)
            add(push if node.decided[k] else -push, argument)
            facts.append(["active" if node.decided[k] else "inactive", k, text(push)])
        if not c:
            continue
        state = node.state(k)
        if state is not None:
            kinds = ("on", "line") if state else ("off", "zero")
            facts.append([kinds[c < 0], k, text(abs(c))])
            if state:
                add(c, question.argument(k))
        elif c > 0:
            low, high = node.ranges.get(k, (None, None))
            if low is None or high is None:
                return None
            steep = c / (high - low)
            facts.append(["chord", k, text(steep)])
            add(steep * high, question.argument(k).shift(-low))
        else:
            low, high = node.ranges.get(k, (None, None))
            usual = ONE if low is not None and high is not None and high > -low else ZERO
            alpha = min(max(slopes.lower.get(k, usual), ZERO), ONE)
            if alpha:
                facts.append(["line", k, text(-c * alpha)])
                add(c * alpha, question.argument(k))
            if alpha != 1:
                facts.append(["zero", k, text(-c * (1 - alpha))])
    for i, m in slopes.constraints.items():
        add(m, question.constraints[i].form)
        facts.append(["constraint", i, text(m)])
    for v, c in total.items():
        if not c:
            continue
        end = question.end(v, 1 if c > 0 else -1)
        if end is None:
            return None
        bound, reasons = end
        facts += [["constraint", i, text(abs(c) * m)] for i, m in reasons]
        const += c * bound
    return const, facts


def ranges_by_substitution(node: Node) -> tuple[dict[int, Interval], list[dict]]:
    """Bounds the arguments of all hinges, each with the help of those before; returns the lemmas that show it."""
    lemmas, found = [], dict[int, Interval]()
    for k in node.question.used:
        if node.state(k) is not None:
            continue
        tick()
        here = node.with_ranges(found)
        argument = node.question.argument(k)
        ends, lemma = [], dict[str, Any](hinge=k)
        for name, form, side in (("lower", -argument, -1), ("upper", argument, 1)):
            bound = upper(here, form, Slopes())
            known = node.ranges.get(k, (None, None))[side > 0]
            if bound is None:
                ends.append(known)
                continue
            end = dyadic(side * bound[0], side)
            if known is not None and side * known <= side * end:
                ends.append(known)
                continue
            ends.append(end)
            lemma[name] = [text(end), bound[1]]
        if len(lemma) > 1:
            lemmas.append(lemma)
            found[k] = (ends[0], ends[1])
    return found, lemmas
