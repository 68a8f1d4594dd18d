"""Checks that violations happen nowhere in a box: a tree of smaller boxes, with a bound for every violation.

A violation is that of some differences ``d_i``, affine over inputs and hinges, one relation to 0 (``>``, ``>=`` or
``==``) holds for every one.  A *combination* ``f = sum w_i d_i``, with ``w_i >= 0`` (any sign where the relation is
``==``), is then ``>= 0``, and ``> 0`` if a relation ``>`` has ``w_i > 0``.  So where ``f < 0``, or ``f <= 0`` in that
case, the violation does not happen.

The tree is text, one word after the other, in the order in which a walk meets the nodes.  The root is the whole box;
the words of a node are, in order:

* ``!`` or ``~``, once or not at all: bounds of the hinges on this node's box, anew by substitution for those hinges
  that are not decided yet, or only from the forms known from above; without it, those of the node above serve;
* ``-3``: combination 3 is negative here, so its violation needs no more care below; ``-3/17:5/20:0`` is the same, with
  *slopes*: hinges 17 and 20, counted level by level, keep 5/32 and nothing of a positive coefficient (any is sound);
* once no violation is left, nothing more; else ``2@17``, the box is cut across input 2 at 17/64 of its width
  (``2`` alone is the middle), and the lower part and the upper part follow, each a node.

Pairs of hinges, ``[3, 7, "2"]``, are bounded together: hinge 7, divided by 2, is about hinge 3.

All bounds are lower bounds in exact whole numbers: :mod:`relucirc.checker.substitution` says how and why.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from relucirc.checker.data import fields, index, number, pairs, require, sequence
from relucirc.checker.derivation import Derivation
from relucirc.checker.hinge_bounds import Bounder, Known, bound_all, sloped
from relucirc.checker.linear import UNIT, Linear, mix
from relucirc.checker.scaled import Box, Pair, Scaled
from relucirc.checker.substitution import GRID, SLOPE, Rows, least
from relucirc.core.crew import is_shared
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve

WIDTH = 64
"""Boxes are cut at a 64th of their width."""
MIDDLE = WIDTH // 2
PART, SHARED = 20_000, 2_500
"""So many states of a tree are held at once, alone and by each of several workers."""
BATCH = 128
"""So many boxes are bounded at once."""
RELATIONS = (">", ">=", "==")
Ends = tuple[tuple[int, ...], tuple[int, ...]]
Open = tuple[Ends, int, frozenset[int]]
"""A node that is still to be read: its box, the state that it starts from, and the violations that are left."""
Violations = Sequence[Sequence[tuple[int, str]]]
Slopes = tuple[tuple[int, int], ...]
"""Hinges, counted level by level, and 32nds of a positive coefficient that stay."""


@dataclass(frozen=True)
class Combination:
    """A form that a violation makes non-negative.

    Attributes:
        violation: Its number.
        form: Over inputs and hinges.
        strict: Whether the violation makes it positive.
    """

    violation: int
    form: Linear
    strict: bool

    @staticmethod
    def read(data: Any, differences: Sequence[Linear], violations: Violations) -> "Combination":
        """Reads a violation's number and the weights of its parts."""
        require(len(data) == 2, "a combination is malformed")
        i = index(data[0], len(violations))
        weights = [number(w) for w in sequence(data[1], "weights")]
        require(len(weights) == len(violations[i]), "a combination has not one weight for each part")
        for weight, (_, op) in zip(weights, violations[i], strict=True):
            require(op in RELATIONS and (weight >= 0 or op == "=="), "a weight has the wrong sign")
        parts = [(weight, differences[d]) for weight, (d, _) in zip(weights, violations[i], strict=True)]
        strict = any(weight > 0 and op == ">" for weight, (_, op) in zip(weights, violations[i], strict=True))
        return Combination(i, mix(parts), strict)


@dataclass(frozen=True)
class Bound:
    """What the tree says: by the bounds of some state a combination is negative on a box; numbered by place."""

    number: int
    state: int
    combination: int
    low: tuple[int, ...]
    high: tuple[int, ...]
    slopes: Slopes = ()


@dataclass
class State:
    """A node where the hinges are bounded; ``children`` are the states below that start from it."""

    low: tuple[int, ...]
    high: tuple[int, ...]
    is_new: bool
    children: list[int]
    bounds: list[Bound]


def check_boxes(
    node: Any,
    derivation: Derivation,
    differences: Sequence[Linear],
    constraints: Sequence[Linear],
    violations: Violations,
) -> None:
    """Rejects unless no violation happens at any point of the box that the constraints give.

    Args:
        node: The evidence: ``flips``, ``combinations`` and ``tree``.
        derivation: Its atoms, all of them hinges.
        differences: Forms over inputs and atoms.
        constraints: Forms over the inputs, ``>= 0``.  Those of one variable make the box.
        violations: By numbers of differences, each with a relation.
    """
    fields(node, {"flips", "combinations", "tree"}, {"pairs"}, "boxes")
    require(type(node["flips"]) is str and set(node["flips"]) <= {"0", "1"}, "flips are not 0 or 1")
    flips = [letter == "1" for letter in node["flips"]]
    read = [Combination.read(c, differences, violations) for c in pairs(node["combinations"], "combinations")]
    joined = read_pairs(node.get("pairs", []), len(flips))
    scaled = Scaled.of(derivation.atoms, box_of(constraints, derivation.n), flips, joined)
    require(type(node["tree"]) is str, "a tree is not text")
    bounder, known = bound_all(scaled)
    owners = [c.violation for c in read]
    most = SHARED if is_shared() else PART
    parts = read_parts(_words(node["tree"]), derivation.n, len(violations), owners, bounder.rows, most)
    starts = [start_of(scaled, bounder, c) for c in read]
    replay = Replay(bounder, known, starts, [combination.strict for combination in read])
    require(not solve(replay_part, replay, parts, kept=False)[-1].final, "a combination is not shown to be negative")


@dataclass(frozen=True)
class Replay:
    """What is needed to replay any part of a tree: see :func:`lower_bounds`."""

    bounder: Bounder
    known: Known
    starts: Sequence[Rows]
    strict: Sequence[bool]


def replay_part(replay: Replay, states: Sequence["State"], _: float | None) -> Outcome:
    """Replays some states of a tree; final if a combination is not shown to be negative on a box."""
    for bound, value in lower_bounds(replay.bounder, replay.known, replay.starts, states):
        if not shows(value, strict=replay.strict[bound.combination]):
            return Outcome(None, final=True)
    return Outcome(None)


def read_pairs(data: Any, hinges: int) -> list[Pair]:
    """Reads pairs of hinges, each with its ratio."""
    found = []
    for entry in sequence(data, "pairs"):
        require(type(entry) is list and len(entry) == 3, "a pair is malformed")
        found.append((index(entry[0], hinges), index(entry[1], hinges), number(entry[2])))
    return found


def box_of(constraints: Sequence[Linear], n: int) -> Box:
    """Reads the ends of every input from constraints of one variable."""
    low: dict[int, fmpq] = {}
    high: dict[int, fmpq] = {}
    for constraint in constraints:
        variables = [v for v in constraint if v != UNIT]
        if len(variables) != 1:
            continue
        v = variables[0]
        end = -constraint.get(UNIT, fmpq(0)) / constraint[v]
        if constraint[v] > 0:
            low[v] = max(low.get(v, end), end)
        else:
            high[v] = min(high.get(v, end), end)
    require(all(v in low and v in high and low[v] <= high[v] for v in range(n)), "the constraints give no box")
    return [(low[v], high[v]) for v in range(n)]


def read_tree(
    words: Iterable[str],
    n: int,
    violations: int,
    combinations: Sequence[int],
    hinges: int,
    start: Ends | None = None,
) -> list[State]:
    """Reads the whole tree: what is bounded where; see :func:`read_parts`."""
    (states,) = read_parts(words, n, violations, combinations, hinges, start=start)
    return states


def read_parts(
    words: Iterable[str],
    n: int,
    violations: int,
    combinations: Sequence[int],
    hinges: int,
    most: int | None = None,
    start: Ends | None = None,
) -> Iterator[list[State]]:
    """Reads the tree: what is bounded where.

    Args:
        words: See the module.
        n: Number of inputs.
        violations: How many there are.
        combinations: The violation of each combination.
        hinges: How many may have slopes.
        most: A part ends when it has so many states; None for one part.
        start: The box that the tree is of; the whole one if it is not given.

    Yields:
        The states, in parts: each begins with those above it, whose bounds were in earlier ones.
    """
    top = (0,) * n, (1 << GRID,) * n
    states = [State(*top, True, [], [])]
    above, carried = [0], 1  # of every state the one that it starts from; how many were in earlier parts
    stream, count = iter(words), 0
    pending: list[Open] = [(top if start is None else start, 0, frozenset(range(violations)))]
    while pending:
        if most is not None and len(states) - carried > most:
            yield states
            states, above, pending = _carried(states, above, pending)
            carried = len(states)
        (low, high), state, left = pending.pop()
        word = _next(stream)
        if word in ("!", "~"):
            above.append(state)
            states[state].children.append(len(states))
            state = len(states)
            states.append(State(low, high, word == "!", [], []))
            word = _next(stream) if left else ""
        while left and word.startswith("-"):
            first, *rest = word[1:].split("/")
            c = index(_digits(first), len(combinations))
            require(combinations[c] in left, "a violation is excluded twice")
            left -= {combinations[c]}
            slopes = tuple(_slope(part, hinges) for part in rest)
            states[state].bounds.append(Bound(count, state, c, low, high, slopes))
            count += 1
            word = _next(stream) if left else ""
        if left:
            axis, _, at = word.partition("@")
            v = index(_digits(axis), n)
            place = low[v] + (high[v] - low[v]) * (_digits(at) if at else MIDDLE) // WIDTH
            require(low[v] < place < high[v], "a box is not cut inside")
            lower = (low, (*high[:v], place, *high[v + 1 :]))
            upper = ((*low[:v], place, *low[v + 1 :]), high)
            pending += [(upper, state, left), (lower, state, left)]
    require(next(stream, None) is None, "the tree has more words than nodes")
    yield states


def _carried(
    states: Sequence[State], above: Sequence[int], pending: Sequence[Open]
) -> tuple[list[State], list[int], list[Open]]:
    """The states that open nodes start from, and all above them, without their bounds; and the nodes again."""
    kept = {0}
    for _, state, _ in pending:
        while state not in kept:
            kept.add(state)
            state = above[state]
    order = sorted(kept)
    place = {old: new for new, old in enumerate(order)}
    found = [State(states[i].low, states[i].high, states[i].is_new, [], []) for i in order]
    starts = [place[above[i]] for i in order]
    for i, start in enumerate(starts[1:], 1):
        found[start].children.append(i)
    return found, starts, [(ends, place[state], left) for ends, state, left in pending]


def _words(text: str) -> Iterator[str]:
    """The parts of a text between spaces, one after the other."""
    start = 0
    while (end := text.find(" ", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _next(stream: Iterator[str]) -> str:
    word = next(stream, "")
    require(word != "", "the tree has fewer words than nodes")
    return word


def _slope(word: str, hinges: int) -> tuple[int, int]:
    hinge, _, kept = word.partition(":")
    return index(_digits(hinge), hinges), index(_digits(kept), SLOPE + 1)


def _digits(text: str) -> int:
    require(0 < len(text) <= 9 and text.isascii() and text.isdigit(), f"not a number of the tree: {text:.20}")
    return int(text)


def shows(value: float, *, strict: bool) -> bool:
    """Whether a lower bound of its negative shows that a combination is negative; 0 is enough where it is strict."""
    return value > 0 or (strict and value >= 0)


def lower_bounds(
    bounder: Bounder, known: Known, starts: Sequence[Rows], states: Sequence[State]
) -> Iterator[tuple[Bound, float]]:
    """Bounds every combination's negative from below where the tree says that the combination is negative.

    Args:
        bounder: The levels as integers.
        known: What is known of the hinges on the whole box.
        starts: A row below the negative of each combination.
        states: What is bounded where.
    """
    ready: list[tuple[int, Known]] = [(0, known.row(0))]
    while ready:
        batch = [ready.pop()]
        kind = states[batch[0][0]].is_new
        while ready and len(batch) < BATCH and states[ready[-1][0]].is_new == kind:
            batch.append(ready.pop())
        here = [states[i] for i, _ in batch]
        known = Known.gathered([part for _, part in batch])
        if batch[0][0] > 0:
            low, high = (np.array([getattr(s, end) for s in here], dtype=float) for end in ("low", "high"))
            known = known.renewed(bounder, low, high) if kind else known.narrowed(bounder, low, high)
        yield from _lower_bounds(bounder, starts, known, here)
        for i, state in enumerate(here):
            ready += [(child, known.row(i)) for child in state.children]


def _lower_bounds(
    bounder: Bounder, starts: Sequence[Rows], known: Known, here: Sequence[State]
) -> Iterator[tuple[Bound, float]]:
    """What is bounded in a batch of states."""
    wanted = [(i, bound) for i, state in enumerate(here) for bound in state.bounds]
    if not wanted:
        return
    needed = sorted({(i, bound.combination, bound.slopes) for i, bound in wanted})
    position = {key: j for j, key in enumerate(needed)}
    which, number = (np.array(column) for column in list(zip(*needed, strict=True))[:2])
    blocks = {b: np.concatenate([starts[c].blocks[b] for c in number]) for b in starts[0].blocks}
    rows = Rows(blocks, *(np.concatenate([getattr(starts[c], name) for c in number]) for name in ("scale", "constant")))
    relaxed = sloped(bounder, known.relaxed(bounder), which, [slopes for *_, slopes in needed])
    forms, constants = bounder.down(rows, len(bounder.levels), relaxed, np.arange(len(needed)))
    at = np.array([position[i, bound.combination, bound.slopes] for i, bound in wanted])
    low, high = (np.array([getattr(bound, end) for _, bound in wanted], dtype=float) for end in ("low", "high"))
    values = least(forms[at], constants[at], low, high)
    yield from ((bound, float(value)) for (_, bound), value in zip(wanted, values, strict=True))


def start_of(scaled: Scaled, bounder: Bounder, combination: Combination) -> Rows:
    """A row below the negative of a combination."""
    form = scaled.divided(scaled.rewritten(mix(((fmpq(-1), combination.form),))))
    constant = form.pop(UNIT, fmpq(0))
    size = max((abs(c) for c in form.values()), default=fmpq(1))
    places = bounder.bits - (int(size.p).bit_length() - int(size.q).bit_length() + 1)
    unit = fmpq(1 << places) if places >= 0 else fmpq(1, 1 << -places)
    blocks = {b: np.zeros((1, count)) for b, count in enumerate(scaled.sizes())}
    place = scaled.places()
    for v, c in form.items():
        block, j = place[v]
        blocks[block][0, j] = int((c * unit).p // (c * unit).q)  # down, for a variable that is never negative
    require(abs(places) < 500 and abs(constant) < 1 << 500, "a combination is too large or too small")
    nearest = int(constant.p) / int(constant.q)
    rows = Rows(blocks, np.array([2.0**-places]), np.nextafter(np.array([nearest]), -np.inf))
    rows.cut(bounder.bits)
    return rows
