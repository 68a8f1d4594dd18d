"""Bounding on boxes: violations of a claim are excluded on smaller and smaller boxes, or a point shows one."""

from collections.abc import Iterable, Iterator, Sequence
from operator import ge, le
from typing import TypeVar

from flint import fmpq

from relucirc.checker.boxes import Bound, State, lower_bounds, read_tree, shows
from relucirc.checker.data import Rejected
from relucirc.checker.scaled import Pair
from relucirc.core.budget import Budget, tick
from relucirc.core.crew import is_shared
from relucirc.core.exact import rational
from relucirc.core.together import solve
from relucirc.language.claim import Violation
from relucirc.proof.answers import Refuted
from relucirc.proof.boxes.setting import Interval, Setting
from relucirc.proof.boxes.sharing import Question, joined, parts_of, search_part
from relucirc.proof.problem import Lowered

T = TypeVar("T")
NAME = "bounding on boxes"
ROUNDS = 20
"""How often what the exact replay does not confirm is looked at again."""


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
    question = Question(lowered, tuple(box), tuple(violations), tuple(pairs))
    try:
        setting = question.setting
    except Rejected:
        return None
    found: list[tuple[fmpq, ...]] = []
    owners, search = setting.owners, question.search(found)
    if search.climb():
        return Refuted(NAME, found[0])
    pieces = parts_of(search) if is_shared() else None
    if found:
        return Refuted(NAME, found[0])
    if pieces is not None:
        outcomes = solve(search_part, question, pieces, long=True)
        if outcomes[-1].final:
            point = outcomes[-1].found
            return None if point is None else Refuted(NAME, tuple(map(rational, point)))
        return setting.evidence(joined(outcomes))
    confirmed: set[tuple] = set()
    for _ in range(ROUNDS):
        try:
            text_of_tree = search.run()
        finally:
            clock.progress.update(search.statistics)
        if found:
            return Refuted(NAME, found[0])
        if text_of_tree is None:
            return None
        words = _ticking(text_of_tree.split(" "))
        states = read_tree(words, len(box), len(violations), owners.tolist(), setting.bounder.rows)
        asked = _keep(states, confirmed)
        missed = {bound.number: _key(bound) for bound in _missed(setting, states)}
        if not missed:
            return setting.evidence(text_of_tree)
        confirmed |= asked - set(missed.values())
        wrong = {(low, high) for low, high, *_ in missed.values()}
        confirmed = {key for key in confirmed if not any(_is_within(key, *ends) for ends in wrong)}
        search.reopen(list(missed))
    return None


def _ticking(items: Iterable[T]) -> Iterator[T]:
    """The same, one by one, as long as there is time."""
    for item in items:
        tick()
        yield item


def _missed(setting: Setting, states: Sequence[State]) -> Iterator[Bound]:
    """The bounds that the exact replay does not confirm."""
    for bound, value in lower_bounds(setting.bounder, setting.known, setting.start, states):
        tick()
        if not shows(value, strict=setting.combinations[bound.combination].strict):
            yield bound


def _key(bound: Bound) -> tuple:
    return bound.low, bound.high, bound.combination, bound.slopes


def _is_within(key: tuple, low: Sequence[int], high: Sequence[int]) -> bool:
    """Whether what a key is about lies in a box that is looked at again: there it is bounded in another way."""
    return all(map(le, low, key[0])) and all(map(ge, high, key[1]))


def _keep(states: Sequence[State], confirmed: set[tuple]) -> set[tuple]:
    """Keeps, in place, the bounds that are not confirmed yet and the states that lead there; returns these bounds."""
    for state in _ticking(reversed(states)):
        state.bounds = [bound for bound in state.bounds if _key(bound) not in confirmed]
        state.children = [i for i in state.children if states[i].bounds or states[i].children]
    return {_key(bound) for state in states for bound in state.bounds}
