"""Checks a proof by bounding: nowhere on a cell do all parts of a violation hold.

A hinge is an atom of one element, ``h = max(0, l)``.  At a leaf a non-negative combination of facts is a negative
constant, or zero with a strict fact among them (Motzkin), which no point can satisfy.  The facts about a hinge:

=============  ===================================  ==========================================
``zero``       ``h >= 0``
``line``       ``h - l >= 0``
``active``     ``l >= 0``                           where that was supposed
``inactive``   ``-l >= 0``                          where that was supposed
``on``         ``l - h >= 0``                       where active, or a lemma says ``l >= 0``
``off``        ``-h >= 0``                          where inactive, or a lemma says ``l <= 0``
``chord``      ``up (l - lo) - (up - lo) h >= 0``   where lemmas say ``lo <= l <= up``
=============  ===================================  ==========================================

The chord holds at both ends of ``[lo, up]`` and a hinge is convex between; with ``lo >= 0`` or ``up <= 0`` it is not
used.  The tree is a list in pre-order: a cut of the inputs, a hinge, lemmas for what is below, or a leaf.

Leaves and lemmas are checked by whoever there is; until that is done, those who read on take lemmas for granted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flint import fmpq

from relucirc.checker.data import fields, form, index, number, require, sequence, walked, word
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve

BATCH = 64
"""So many leaves and lists of lemmas are checked at once, by whoever there is."""
KINDS = ("constraint", "part", "zero", "line", "active", "inactive", "on", "off", "chord")


@dataclass(frozen=True)
class Place:
    """Where in the tree a fact is used.

    Attributes:
        derivation: The atoms.
        constraints: Forms over the inputs, each with its relation to 0.
        parts: What is supposed to hold, and cannot.
        supposed: For some hinges which side was supposed.
        lower, upper: What lemmas say of hinges' arguments.
    """

    derivation: Derivation
    constraints: list[tuple[Linear, str]]
    parts: list[tuple[Linear, str]]
    supposed: dict[int, bool]
    lower: dict[int, fmpq]
    upper: dict[int, fmpq]

    def argument(self, k: int) -> Linear:
        """What a hinge is the positive part of."""
        elements = self.derivation.atoms[k]
        require(len(elements) == 1, f"atom {k} is no hinge")
        return elements[0]

    def fact(self, kind: str, i: int) -> tuple[Linear, str]:
        """Returns a form that is known to be ``>= 0``, ``> 0`` or ``== 0`` here."""
        if kind in ("constraint", "part"):
            given = self.constraints if kind == "constraint" else self.parts
            require(i < len(given), f"there is no {kind} {i}")
            return given[i]
        require(i < len(self.derivation.atoms), f"there is no hinge {i}")
        hinge, argument = {self.derivation.n + i: ONE}, self.argument(i)
        if kind == "zero":
            return hinge, ">="
        if kind == "line":
            return minus(hinge, argument), ">="
        if kind in ("active", "inactive"):
            require(self.supposed.get(i) is (kind == "active"), f"hinge {i} was not supposed to be {kind}")
            return (argument if kind == "active" else mix([(-ONE, argument)])), ">="
        low, high = self.lower.get(i), self.upper.get(i)
        if kind == "on":
            require(self.supposed.get(i) is True or (low is not None and low >= 0), f"hinge {i} is not known to be on")
            return minus(argument, hinge), ">="
        if kind == "off":
            known = self.supposed.get(i) is False or (high is not None and high <= 0)
            require(known, f"hinge {i} is not known to be off")
            return mix([(-ONE, hinge)]), ">="
        require(low is not None and high is not None and low < 0 < high, f"hinge {i} has no chord here")
        assert low is not None
        assert high is not None
        return mix([(high, argument), (-high * low, {UNIT: ONE}), (low - high, hinge)]), ">="


Asked = tuple[Derivation, list[tuple[Linear, str]], list[list[tuple[Linear, str]]]]
"""The atoms, what holds everywhere, and of every violation what is supposed to hold."""
Spot = tuple[int, list[tuple[Linear, str]], dict[int, bool], dict[int, fmpq], dict[int, fmpq]]
"""What tells a place: the violation, the cuts, what was supposed, and what lemmas say."""
Step = tuple[dict, Spot]
"""A leaf or a list of lemmas, and where it is."""


def check_bounding(
    trees: Any,
    derivation: Derivation,
    constraints: list[tuple[Linear, str]],
    violations: list[list[tuple[Linear, str]]],
) -> None:
    """Rejects unless there is one tree for every violation, which shows that its parts do not hold together."""
    trees = sequence(trees, "bounding")
    require(len(trees) == len(violations), f"{len(trees)} trees for {len(violations)} violations")
    asked = derivation, constraints, violations
    batches = _batches(trees, asked)
    solve(check_steps, asked, batches, kept=False, each=lambda outcome: derivation.used.update(outcome.found))


def _batches(trees: list, asked: Asked) -> Iterator[list[Step]]:
    """The leaves and lemmas of all trees, a few at a time; nothing may be left of a tree after its last leaf."""
    steps: list[Step] = []
    for violation, tree in enumerate(trees):
        pending: list[Spot] = [(violation, [], {}, {}, {})]
        for node in walked(tree, "a tree of bounding"):
            require(bool(pending), "a tree of bounding goes on after its end")
            spot = pending.pop()
            pending += _below(node, spot, asked[0])
            if not node.keys() & {"hinge", "cut"}:
                steps.append((node, spot))
            if len(steps) == BATCH:
                yield steps
                steps = []
        if pending:
            yield steps  # what is wrong before the end is said first
        require(not pending, "a tree of bounding ends too early")
    yield steps


def _below(node: Any, spot: Spot, derivation: Derivation) -> list[Spot]:
    """What is still to be shown after a node, if what it says is true: the last one first."""
    require(type(node) is dict, "a node of bounding is not an object")
    violation, cuts, supposed, lower, upper = spot
    if "leaf" in node:
        fields(node, {"leaf"}, set(), "a leaf")
        return []
    if "hinge" in node:
        k = index(fields(node, {"hinge"}, set(), "a hinge")["hinge"], len(derivation.atoms))
        require(k not in supposed, f"hinge {k} is decided twice")
        require(len(derivation.atoms[k]) == 1, f"atom {k} is no hinge")
        derivation.used.add(k)
        return [(violation, cuts, {**supposed, k: on}, lower, upper) for on in (False, True)]
    if "cut" in node:
        cut = form(fields(node, {"cut"}, set(), "a cut")["cut"], derivation.n)
        below = (mix([(-ONE, cut)]), ">=")
        return [(violation, [*cuts, side], supposed, lower, upper) for side in (below, (cut, ">="))]
    lower, upper = dict(lower), dict(upper)
    for lemma in sequence(fields(node, {"lemmas"}, set(), "a node of bounding")["lemmas"], "lemmas"):
        _learn(_ends(lemma, derivation), lower, upper)
    return [(violation, cuts, supposed, lower, upper)]


def _ends(lemma: Any, derivation: Derivation) -> tuple[int, dict[str, tuple[fmpq, Any]]]:
    """Reads a hinge, and its bounds with their reasons."""
    fields(lemma, {"hinge"}, {"lower", "upper"}, "a bound")
    k, ends = index(lemma["hinge"], len(derivation.atoms)), {}
    for name in ("lower", "upper"):
        if name in lemma:
            require(len(sequence(lemma[name], "a bound")) == 2, "a bound is a number and its reasons")
            ends[name] = number(lemma[name][0]), lemma[name][1]
    return k, ends


def _learn(bounds: tuple[int, dict[str, tuple[fmpq, Any]]], lower: dict[int, fmpq], upper: dict[int, fmpq]) -> None:
    """Adds bounds of a hinge to what is known, where they are better."""
    k, ends = bounds
    if "lower" in ends:
        lower[k] = max(ends["lower"][0], lower.get(k, ends["lower"][0]))
    if "upper" in ends:
        upper[k] = min(ends["upper"][0], upper.get(k, ends["upper"][0]))


def check_steps(asked: Asked, steps: list[Step], _: float | None) -> Outcome:
    """Rejects unless all leaves contradict themselves, and all lemmas follow; returns the hinges that they use."""
    derivation, constraints, violations = replace(asked[0], used=set()), *asked[1:]
    for node, (violation, cuts, supposed, lower, upper) in steps:
        place = Place(derivation, [*constraints, *cuts], violations[violation], supposed, dict(lower), dict(upper))
        if "leaf" in node:
            _check_leaf(node["leaf"], place)
        else:
            _check_lemmas(node["lemmas"], place)
    return Outcome(sorted(derivation.used))


def _check_leaf(facts: Any, place: Place) -> None:
    total, strict = _combined(facts, place)
    rest = constant(total)
    shown = rest is not None and (rest < 0 or (rest == 0 and strict))
    require(shown, "a leaf's combination does not contradict itself")


def _check_lemmas(lemmas: list, place: Place) -> None:
    """Checks bounds of hinges, each with the help of those before."""
    for lemma in lemmas:
        k, ends = _ends(lemma, place.derivation)
        argument = place.argument(k)
        for name, (end, reasons) in ends.items():
            sign = ONE if name == "lower" else -ONE
            total, _ = _combined(reasons, replace(place, parts=[]))
            # sign * (argument - end) has to be the combination plus a constant >= 0
            rest = constant(mix([(sign, argument), (-sign * end, {UNIT: ONE}), (-ONE, total)]))
            require(rest is not None and rest >= 0, f"the {name} bound of hinge {k} does not follow")
        _learn((k, ends), place.lower, place.upper)


def _combined(facts: Any, place: Place) -> tuple[Linear, bool]:
    """The combination of facts, and whether a strict one is among them."""
    parts, strict = [], False
    for fact in sequence(facts, "facts"):
        require(len(sequence(fact, "a fact")) == 3, "a fact is a kind, a number and a multiplier")
        kind = word(fact[0], KINDS, "a fact")
        require(type(fact[1]) is int and fact[1] >= 0, "a fact has no number")
        known, op = place.fact(kind, fact[1])
        multiplier = number(fact[2])
        require(multiplier != 0 and (op == "==" or multiplier > 0), "a multiplier has the wrong sign")
        if kind not in ("constraint", "part"):
            place.derivation.used.add(fact[1])
        strict = strict or op == ">"
        parts.append((multiplier, known))
    return mix(parts), strict
