"""The elementwise plan: a network written out as arithmetic on whole columns of points.

Every neuron becomes a few additions and a maximum on arrays of points, with its weights as
constants and its zero weights absent.  XLA fuses all of it into one loop that reads each input
once and writes each output once, so that a small network runs at the speed of memory.

The results are the same bits however the loop is compiled: for one device or many, for vectors or
for what is left at their end, alone or fused with other work.  Compilers may turn a product and a
sum into one fused multiply-add, which rounds once, not twice, and they choose differently in
different loops.  So every sum is written such that there is no choice.  A product is added to
something that is no product, and is used nowhere else: then it is always fused.  Or it is *closed*,
put inside a maximum (``c*relu(l) = max(c*l, 0)``, and ``min(c*l, 0)`` for negative ``c``, added):
then it never is.  (Subtracting a maximum would not do: where vectors have masks, compilers turn
``t - max(p, 0)`` into a masked ``t - p``, and fuse that.)
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from flint import fmpq
from jax import lax

from relucirc.core.exact import ONE, to_float
from relucirc.evaluation.arithmetic import Array, apply_kind, lower, relu, weighted_sum
from relucirc.evaluation.stages import Atom, Form, Stages


def run_elementwise(stages: Stages, columns: list[Array], dtype: Any, shape: tuple[int, ...]) -> list[Array]:
    """Evaluates stages on one array of points for each input, all of this shape; returns one for each output."""
    values = columns
    for number, stage in enumerate(stages.stages):
        values = _run_stage(stage, values, number == len(stages.stages) - 1, dtype, shape)
    return values


def _run_stage(
    stage: Sequence[Form], below: list[Array], last: bool, dtype: Any, shape: tuple[int, ...]
) -> list[Array]:
    atoms: dict[Atom, Array] = {}
    products: dict[tuple[fmpq, Atom], Array] = {}
    uses = Counter((abs(c), atom) for form in stage for atom, c in form.terms)

    def atom_value(atom: Atom) -> Array:
        if atom not in atoms:
            atoms[atom] = apply_kind(atom[0], below[atom[1]])
        return atoms[atom]

    def closed(c: fmpq, atom: Atom) -> Array:
        if (c, atom) not in products:
            kind, index = atom
            factor = -c if kind == "neg" else abs(c) if kind == "abs" else c
            products[c, atom] = _closed(kind, c > 0, to_float(factor, dtype) * below[index])
        return products[c, atom]

    values = []
    for form in stage:
        bias = to_float(form.bias, dtype)
        shared = [abs(c) == 1 or uses[abs(c), atom] > 1 for atom, c in form.terms]
        # With nothing else to begin with, the first product is closed: one that costs nothing, if there is one.
        alone = not any(shared) and form.bias == 0 and not (last and len(form.terms) == 1)
        first = min(range(len(form.terms)), key=lambda k: form.terms[k][0][0] == "id", default=0) if alone else None
        terms = []
        for k, (atom, c) in enumerate(form.terms):
            if abs(c) != 1 and (shared[k] or k == first):
                terms.append((to_float(ONE, dtype), closed(c, atom)))
            else:
                terms.append((to_float(c, dtype), atom_value(atom)))
        total = weighted_sum(terms, bias)
        values.append(jnp.full(shape, bias, dtype) if total is None else total)
    return values


def _closed(kind: str, positive: bool, product: Array) -> Array:
    """Returns ``c`` times an atom, given its value times ``c`` (``-c`` for neg), out of reach of multiply-adds."""
    if kind == "abs":
        return lax.abs(product) if positive else lax.neg(lax.abs(product))
    if kind == "id":
        zero = lax.full_like(product, 0)
        return lax.max(product, zero) + lax.min(product, zero)  # one of them is zero
    return relu(product) if positive else lower(product)
