"""The elementwise plan: a network written out as arithmetic on whole columns of points.

Every neuron becomes a few additions and a maximum on arrays of points, with its weights as
constants and its zero weights absent.  XLA fuses all of it into one loop that reads each input
once and writes each output once, so that a small network runs at the speed of memory.
"""

from typing import Any

import jax.numpy as jnp

from relucirc.evaluation.arithmetic import Array, apply_kind, constant, weighted_sum
from relucirc.evaluation.stages import Atom, Stages


def run_elementwise(stages: Stages, columns: list[Array], dtype: Any) -> list[Array]:
    """Evaluates stages on columns.

    Args:
        stages: What to evaluate.
        columns: One array of points for each input, all of one shape.
        dtype: Float type of the weights.

    Returns:
        One array of points for each output.
    """
    values = columns
    for stage in stages.stages:
        atoms: dict[Atom, Array] = {}
        for form in stage:
            for atom, _ in form.terms:
                if atom not in atoms:
                    atoms[atom] = apply_kind(atom[0], values[atom[1]])
        below, values = values, []
        for form in stage:
            terms = [(constant(c, dtype), atoms[atom]) for atom, c in form.terms]
            total = weighted_sum(terms, constant(form.bias, dtype))
            if total is None:
                shape = columns[0].shape if columns else below[0].shape
                total = jnp.full(shape, constant(form.bias, dtype), dtype)
            values.append(total)
    return values
