"""Checks a region tree: the differences vanish on every region, and the regions leave no gap.

The tree is listed in pre-order: an atom's number (cut there; first the part where its form is
``>= 0``, then the part ``<= 0``; a constant form has one part), ``{"thin": ...}`` or
``{"shallow": ...}``.

Claim at every node: the differences are zero on the interior of its region.  A cut loses only a
hyperplane, which is nowhere dense, and both sides are continuous.  The second part of a cut is thin
when multipliers show its form to be ``>= 0`` on the whole region, the first when it is ``<= 0``:
such a part lies in a hyperplane.  On a shallow leaf every atom left is a hinge over the inputs;
some are affine there, by multipliers; the others are summed hyperplane by hyperplane, and every sum
must vanish.

Where transpositions leave the differences as they are, regions may assume the inputs in order.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from flint import fmpq

from relucirc.checker.data import fields, index, number, pairs, require, sequence, word
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix, replace
from relucirc.core.pieces import Outcome
from relucirc.core.together import solve

BATCH = 128
"""So many leaves are checked at once, by whoever there is."""
Region = tuple[list[Linear], dict[int, Linear]]
"""Inequalities ``>= 0``, and the values of decided atoms."""
Leaf = tuple[dict, Region, Linear | None]
"""A leaf, where it is, and the form by which it was cut off; None for a part that cannot be thin."""


def check_tree(node: dict, derivation: Derivation, differences: list[Linear]) -> None:
    """Rejects unless the tree shows that the differences vanish everywhere."""
    constraints = derivation.constraints + _order(node.get("symmetry", []), derivation, differences)
    batches = _batches(iter(sequence(node["tree"], "tree")), derivation, constraints)
    solve(check_leaves, (derivation, differences), batches, kept=False, each=lambda _: None)


def _batches(tokens: Iterator[Any], derivation: Derivation, constraints: list[Linear]) -> Iterator[list[Leaf]]:
    """The leaves of a tree, each with its region, a few at a time; after the last one nothing may be left."""
    open_parts: list[tuple[Region, Linear | None]] = [((constraints, {}), None)]
    leaves: list[Leaf] = []
    while open_parts:
        region, thin = open_parts.pop()
        token = next(tokens, None)
        if type(token) is dict:
            leaves.append((token, region, thin))
            if len(leaves) == BATCH:
                yield leaves
                leaves = []
        else:
            open_parts += _cut(token, derivation, region)
    require(next(tokens, None) is None, "the tree goes on after its end")
    yield leaves


def check_leaves(question: tuple[Derivation, list[Linear]], leaves: list[Leaf], _: float | None) -> Outcome:
    """Rejects unless on every leaf the differences vanish, or it is thin."""
    derivation, differences = question
    for token, region, thin in leaves:
        if "thin" in token:
            require(thin is not None, "a thin part that was not cut")
            assert thin is not None
            _check_nonnegative(mix(((-ONE, thin),)), fields(token, {"thin"}, set(), "a leaf")["thin"], region[0][:-1])
        else:
            _check_shallow(fields(token, {"shallow"}, set(), "a leaf")["shallow"], derivation, differences, region)
    return Outcome(None)


def _cut(token: Any, derivation: Derivation, region: Region) -> list[tuple[Region, Linear | None]]:
    """The parts of a cut, in reverse order; each with the form that is ``>= 0`` there."""
    constraints, values = region
    k = index(token, len(derivation.atoms))
    v = derivation.n + k
    require(v not in values, f"atom {k} is cut twice")
    form = _ground(derivation, k, values)
    sign = constant(form)
    if sign is not None:
        return [((constraints, {**values, v: form if sign > 0 else {}}), None)]
    below = mix(((-ONE, form),))
    return [
        (([*constraints, below], {**values, v: {}}), below),
        (([*constraints, form], {**values, v: form}), form),
    ]


def _ground(derivation: Derivation, k: int, values: dict[int, Linear]) -> Linear:
    """The form of a hinge over the inputs alone."""
    require(len(derivation.atoms[k]) == 1, f"atom {k} is no hinge")
    form = replace(derivation.atoms[k][0], values)
    require(all(v < derivation.n for v in form), f"atom {k} comes before those below it")
    return form


def _check_nonnegative(form: Linear, multipliers: Any, constraints: list[Linear]) -> None:
    """Checks that a form is a non-negative combination of constraints and a constant."""
    parts = [(ONE, form)]
    for i, m in pairs(multipliers, "multipliers"):
        multiplier = number(m)
        require(multiplier > 0, "a multiplier is not positive")
        parts.append((-multiplier, constraints[index(i, len(constraints))]))
    rest = constant(mix(parts))
    require(rest is not None and rest >= 0, "the multipliers do not show a sign")


def _check_shallow(signs: Any, derivation: Derivation, differences: list[Linear], region: Region) -> None:
    """Checks that the differences vanish, hyperplane by hyperplane."""
    n = derivation.n
    constraints, values = region
    values = dict(values)
    for item in sequence(signs, "shallow"):
        require(len(sequence(item, "a sign")) == 3, "a sign is malformed")
        is_on = word(item[1], ("+", "-"), "a sign") == "+"
        k = index(item[0], len(derivation.atoms))
        require(n + k not in values, f"atom {k} has a value already")
        form = _ground(derivation, k, region[1])
        _check_nonnegative(form if is_on else mix(((-ONE, form),)), item[2], constraints)
        values[n + k] = form if is_on else {}
    for difference in differences:
        parts: list[tuple[fmpq, Linear]] = []
        kinks: dict[tuple, fmpq] = {}
        for v, c in replace(difference, values).items():
            if v < n:
                parts.append((c, {v: ONE}))
                continue
            form = _ground(derivation, v - n, region[1])
            fixed = constant(form)
            if fixed is not None:
                parts.append((c, form if fixed > 0 else {}))
                continue
            lead = form[min(u for u in form if u != UNIT)]
            if lead < 0:  # relu(-l) = relu(l) - l
                parts.append((c, form))
            line = tuple(sorted((u, str(a / lead)) for u, a in form.items()))
            kinks[line] = kinks.get(line, fmpq(0)) + c * abs(lead)
        require(all(weight == 0 for weight in kinks.values()), "a difference has a kink")
        require(not mix(parts), "a difference is not zero")


def _order(transpositions: Any, derivation: Derivation, differences: list[Linear]) -> list[Linear]:
    """Checks that chains of inputs may be exchanged; returns ``x_i - x_j >= 0`` for their links."""
    chains: list[list[int]] = []
    for pair in pairs(transpositions, "symmetry"):
        i, j = (index(v, derivation.n) for v in pair)
        require(i != j, "a transposition of one input")
        _check_symmetry(i, j, derivation, differences)
        chain = next((c for c in chains if c[-1] == i), None)
        if chain is None:
            chain = [i]
            chains.append(chain)
        chain.append(j)
    used = [v for chain in chains for v in chain]
    require(len(used) == len(set(used)), "an input is in two chains")
    require(not chains or not derivation.constraints, "symmetry is for all of R^n")
    return [{i: ONE, j: -ONE} for chain in chains for i, j in itertools.pairwise(chain)]


def _check_symmetry(i: int, j: int, derivation: Derivation, differences: list[Linear]) -> None:
    """Rejects unless exchanging two inputs maps every atom to atoms and keeps the differences."""
    n = derivation.n
    lines = {_line(atom[0]): k for k, atom in enumerate(derivation.atoms) if len(atom) == 1}
    moved: dict[int, Linear] = {i: {j: ONE}, j: {i: ONE}}
    needed = {v for difference in differences for v in difference if v >= n}
    for k in range(len(derivation.atoms) - 1, -1, -1):
        if n + k in needed:
            needed |= {v for element in derivation.atoms[k] for v in element if v >= n}
    for k, atom in enumerate(derivation.atoms):
        if n + k not in needed:
            continue
        require(len(atom) == 1, f"atom {k} is no hinge")
        form = replace(atom[0], moved)
        fixed = constant(form)
        if fixed is not None:
            moved[n + k] = form if fixed > 0 else {}
            continue
        image = lines.get(_line(form))
        if image is not None:
            scale = _ratio(form, derivation.atoms[image][0])
            moved[n + k] = {n + image: scale}
            continue
        opposite = lines.get(_line(mix(((-ONE, form),))))
        require(opposite is not None, f"atom {k} is moved to no other")
        assert opposite is not None
        scale = -_ratio(form, derivation.atoms[opposite][0])
        moved[n + k] = mix(((scale, {n + opposite: ONE}), (ONE, form)))
    require(all(not minus(replace(d, moved), d) for d in differences), "a transposition changes a difference")


def _line(form: Linear) -> tuple:
    """A key of a form up to positive multiples."""
    if constant(form) is not None:
        return ()
    lead = abs(form[min(u for u in form if u != UNIT)])
    return tuple(sorted((u, str(a / lead)) for u, a in form.items()))


def _ratio(form: Linear, other: Linear) -> fmpq:
    v = min(u for u in form if u != UNIT)
    return form[v] / other[v]
