"""The gather plan: sparse layers as slices, gathers and a few additions on whole groups of rows.

Forms of one shape (the same kinds of atoms and the same number of terms) are one *group*, and a
group is one array operation for each of its terms.  Where the numbers of the atoms are evenly
spaced, as in a tree of equal circuits, the gather is a strided slice that XLA fuses with the
arithmetic; a form that merely copies costs nothing.  Values run along one axis and points along
the other: slices are as fast either way, and a transpose would cost more than the arithmetic.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flint import fmpq
from jax import lax

from relucirc.core.exact import to_float
from relucirc.evaluation.arithmetic import Array, apply_kind, multiply, spread, weighted_sum
from relucirc.evaluation.stages import Form

LONGEST = 16
"""Forms with more terms than this are multiplied as a dense matrix over the atoms they read."""


@dataclass(frozen=True)
class Slot:
    """One term of every form of a group: the kind, the forms read, and their weights."""

    kind: str
    sources: tuple[int, ...]
    weights: tuple[fmpq, ...]


@dataclass(frozen=True)
class Group:
    """Forms of one shape: ``members`` are their numbers in the stage."""

    members: tuple[int, ...]
    slots: tuple[Slot, ...]
    biases: tuple[fmpq, ...]
    long: tuple[Form, ...] = ()


@dataclass
class Bank:
    """The values of a stage in segments, and where each value is."""

    segments: list[Array]
    where: np.ndarray  # value -> (segment, place in it)
    axis: int
    whole: Array | None = None

    def values(self, wanted: tuple[int, ...]) -> Array:
        """Returns the values with these numbers."""
        places = self.where[list(wanted)]
        first = places[0, 0]
        if (places[:, 0] == first).all():
            return _take(self.segments[first], places[:, 1], self.axis)
        if self.whole is None:
            self.whole = jnp.concatenate(self.segments, axis=self.axis)
        starts = np.cumsum([0, *(s.shape[self.axis] for s in self.segments[:-1])])
        return _take(self.whole, starts[places[:, 0]] + places[:, 1], self.axis)


def groups(stage: tuple[Form, ...]) -> list[Group]:
    """Sorts the forms of a stage into groups of one shape."""
    found: dict[Any, list[tuple[tuple[int, ...], int, Form, Any]]] = defaultdict(list)
    for number, form in enumerate(stage):
        terms = sorted(form.terms, key=lambda term: (term[0][0], term[1], term[0][1]))
        kinds = tuple(kind for (kind, _), _ in terms)
        key = kinds if len(kinds) <= LONGEST else "long"
        found[key].append((tuple(i for (_, i), _ in terms), number, form, terms))
    result = []
    for key, entries in found.items():
        entries.sort(key=lambda entry: entry[0])
        members = tuple(entry[1] for entry in entries)
        biases = tuple(entry[2].bias for entry in entries)
        if key == "long":
            result.append(Group(members, (), biases, tuple(entry[2] for entry in entries)))
            continue
        slots = tuple(
            Slot(kind, tuple(e[3][k][0][1] for e in entries), tuple(e[3][k][1] for e in entries))
            for k, kind in enumerate(key)
        )
        result.append(Group(members, slots, biases))
    return result


def run_gather(layout: Sequence[Sequence[Group]], xs: Array, dtype: Any, axis: int) -> Array:
    """Evaluates stages, given by their groups, on a matrix with inputs along ``axis``; outputs are laid out alike."""
    count = xs.shape[axis]
    bank = Bank([xs], np.array([(0, i) for i in range(count)]).reshape(-1, 2), axis)
    for stage in layout:
        segments = [_run_group(group, bank, xs.shape[1 - axis], dtype) for group in stage]
        where = np.zeros((sum(len(g.members) for g in stage), 2), dtype=int)
        for number, group in enumerate(stage):
            where[list(group.members)] = [(number, place) for place in range(len(group.members))]
        bank = Bank(segments, where, axis)
    return bank.values(tuple(range(len(bank.where))))


def slices_only(layout: Sequence[Sequence[Group]], inputs: int, dtype: Any) -> bool:
    """Whether every value is found by strided slices, so that no gather is needed."""
    xs = jax.ShapeDtypeStruct((inputs, 8), dtype)
    jaxpr = jax.make_jaxpr(lambda xs: run_gather(layout, xs, dtype, 0))(xs)
    return not any(equation.primitive.name in ("gather", "jit", "pjit") for equation in jaxpr.eqns)


def _run_group(group: Group, bank: Bank, points: int, dtype: Any) -> Array:
    axis = bank.axis
    bias = spread(group.biases, dtype, axis)
    if group.long:
        return _run_long(group, bank, bias, dtype)
    terms = [
        (spread(slot.weights, dtype, axis), apply_kind(slot.kind, bank.values(slot.sources))) for slot in group.slots
    ]
    total = weighted_sum(terms, bias)
    shape = (len(group.members), points) if axis == 0 else (points, len(group.members))
    return jnp.broadcast_to(jnp.asarray(bias, dtype), shape) if total is None else total


def _run_long(group: Group, bank: Bank, bias: Any, dtype: Any) -> Array:
    atoms = sorted({atom for form in group.long for atom, _ in form.terms})
    position = {atom: k for k, atom in enumerate(atoms)}
    weight = np.zeros((len(group.long), len(atoms)), dtype=dtype)
    for r, form in enumerate(group.long):
        for atom, c in form.terms:
            weight[r, position[atom]] = to_float(c, dtype)
    kinds = sorted({kind for kind, _ in atoms})
    parts = [apply_kind(kind, bank.values(tuple(i for k, i in atoms if k == kind))) for kind in kinds]
    values = parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=bank.axis)
    return multiply(weight, values, bank.axis) + bias


def _take(values: Array, index: np.ndarray, axis: int) -> Array:
    """Returns values by number: a slice where the numbers are evenly spaced, otherwise a gather."""
    start, count = int(index[0]), len(index)
    step = int(index[1]) - start if count > 1 else 1
    if step > 0 and (np.diff(index) == step).all():
        if start == 0 and step == 1 and count == values.shape[axis]:
            return values
        return lax.slice_in_dim(values, start, start + step * (count - 1) + 1, step, axis=axis)
    return jnp.take(values, index, axis=axis, mode="clip")
