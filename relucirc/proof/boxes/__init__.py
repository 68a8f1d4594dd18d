"""Bounding on boxes: violations of a claim are excluded on smaller and smaller boxes, or a point shows one."""

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from relucirc.checker.boxes import Bound, Combination, State, failures, read_tree, start_of
from relucirc.checker.data import Rejected
from relucirc.checker.hinge_bounds import bound_all
from relucirc.checker.linear import UNIT, Linear
from relucirc.checker.scaled import Pair, Scaled
from relucirc.checker.substitution import GRID
from relucirc.core.budget import Budget
from relucirc.core.exact import ONE, ZERO, sign_of, text
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.language.claim import Violation
from relucirc.proof.answers import Refuted
from relucirc.proof.boxes.search import Search
from relucirc.proof.problem import Lowered

NAME = "bounding on boxes"
ROUNDS = 20
"""How often what the exact replay does not confirm is looked at again."""
Interval = tuple[fmpq, fmpq]


def decide_on_boxes(
    lowered: Lowered,
    box: Sequence[Interval],
    violations: Sequence[Violation],
    clock: Budget,
    pairs: Sequence[Pair] = (),
) -> dict | Refuted | None:
    """Decides whether a violation happens at some point of a box.

    Args:
        lowered: The normal form in hinges.
        box: What each input ranges over.
        violations: By numbers of differences, each with a relation to 0.
        clock: Counts the boxes.
        pairs: Hinges that are about the same, to be bounded together.

    Returns:
        The evidence for :func:`relucirc.checker.boxes.check_boxes` that none happens; a point where one does; or
        None, where the method does not apply or boxes became too small.
    """
    if not violations or not all(violations):
        return None
    flips = _flips(lowered)
    named = [
        [i, [text(ONE if k == j else ZERO) for k in range(len(v))]]
        for i, v in enumerate(violations)
        for j in range(len(v))
    ]
    differences = [_linear(form) for form in lowered.differences]
    try:
        combinations = [Combination.read(c, differences, violations) for c in named]
        atoms = [[_linear(element) for element in atom.elements] for atom in lowered.hinges.atoms]
        scaled = Scaled.of(atoms, box, [flip == "1" for flip in flips], pairs)
        bounder, known = bound_all(scaled)
        start = [start_of(scaled, bounder, c) for c in combinations]
    except Rejected:
        return None
    found: list[tuple[fmpq, ...]] = []

    def attack(place: np.ndarray) -> bool:
        point = tuple(a + (b - a) * fmpq(int(c), 1 << GRID) for (a, b), c in zip(box, place, strict=True))
        signs = [sign_of(value) for value in values_of(lowered, point)]
        if any(all(Relation(Form(), op).holds(signs[d]) for d, op in violation) for violation in violations):
            found.append(point)
        return bool(found)

    owner = [c.violation for c in combinations]
    search = Search(bounder, start, np.array(owner), len(violations), attack, known)
    confirmed: set[tuple] = set()
    strict = np.array([c.strict for c in combinations])
    for _ in range(ROUNDS):
        try:
            text_of_tree = search.run()
        finally:
            clock.progress.update(search.statistics)
        if found:
            return Refuted(NAME, found[0])
        if text_of_tree is None:
            return None
        states = read_tree(text_of_tree.split(" "), len(box), len(violations), owner)
        asked = _keep(states, confirmed)
        missed = {bound.number: _key(bound) for bound in failures(bounder, known, start, strict, states)}
        if not missed:
            evidence = {"flips": flips, "combinations": named, "tree": text_of_tree}
            return evidence if not pairs else {**evidence, "pairs": [[i, j, text(ratio)] for i, j, ratio in pairs]}
        confirmed |= asked - set(missed.values())
        search.reopen(list(missed))
    return None


def _key(bound: Bound) -> tuple:
    return bound.low, bound.high, bound.combination


def _keep(states: Sequence[State], confirmed: set[tuple]) -> set[tuple]:
    """Keeps, in place, the bounds that are not confirmed yet and the states that lead there; returns these bounds."""
    for state in reversed(states):
        state.bounds = [bound for bound in state.bounds if _key(bound) not in confirmed]
        state.children = [i for i in state.children if states[i].bounds or states[i].children]
    return {_key(bound) for state in states for bound in state.bounds}


def values_of(lowered: Lowered, point: Sequence[fmpq]) -> list[fmpq]:
    """Evaluates the differences at a point, exactly."""
    values = list(point)
    for atom in lowered.hinges.atoms:
        values.append(max(ZERO, *(element.evaluate(values) for element in atom.elements)))
    return [form.evaluate(values) for form in lowered.differences]


def _flips(lowered: Lowered) -> str:
    """For every hinge, whether the first gate that it stands for was its negative's: then its value is the longer."""
    flips: dict[int, str] = {}
    for side in ("left", "right"):
        for step in lowered.evidence[side]:
            if "atom" in step and step["atom"] not in flips:
                element = lowered.hinges.atoms[step["atom"]].elements[0]
                base = step["base"]
                flips[step["atom"]] = "1" if 2 * len(base) > len(element.terms) else "0"
    return "".join(flips.get(k, "0") for k in range(len(lowered.hinges.atoms)))


def _linear(form: Form) -> Linear:
    return {**form.terms, UNIT: form.const} if form.const else dict(form.terms)
