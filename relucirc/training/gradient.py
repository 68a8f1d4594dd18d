"""The loss and its gradient for many small networks, in one pass over the batch.

Back-propagation for the mean squared error makes one number per weight and point,
``delta_o * activation_i``, to be summed over the points.  Written as automatic differentiation
leaves it, that is one reduction for every weight, each reading or recomputing the whole forward
pass from memory.  Here all of them, and the loss, are operands of *one* reduction: XLA fuses the
sampling, the forward and the backward pass into its loop, and only the sums are ever stored.

The order of that sum matters to a compiler that may not reorder floats: it then adds one point at
a time.  :data:`COMPILER_OPTIONS` lets LLVM reorder additions inside a program (NaN and infinity keep
their meaning), so that 16 points are added at once.  One program gives one result; the programs
that this package makes are the same for any number of devices.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from relucirc.interpretation.batch import Layers

Array = Any

COMPILER_OPTIONS = {
    "xla_cpu_enable_fast_math": True,
    "xla_cpu_fast_math_honor_nans": True,
    "xla_cpu_fast_math_honor_infs": True,
    "xla_cpu_fast_math_honor_division": True,
    "xla_cpu_fast_math_honor_functions": True,
}
"""What ``jax.jit`` is told for the compiled step."""

MAX_TERMS = 160
"""Networks with more weights than this are differentiated by JAX, layer by layer as matrices."""


def loss_and_gradient(layers: Layers, points: Sequence[Array], targets: Sequence[Array]) -> tuple[Array, Layers]:
    """Returns the mean squared error of every seed, and its gradient.

    Args:
        layers: The networks.
        points: One array ``[batch, seeds]`` (or ``[batch, 1]``) per input.
        targets: The same per output.

    Returns:
        Losses of shape ``[seeds]``, and gradients shaped as the layers.
    """
    terms = sum(w.shape[0] * w.shape[1] + w.shape[0] for w, _ in layers)
    if terms > MAX_TERMS:
        return _by_matrices(layers, points, targets)
    return (_shallow if len(layers) == 2 and len(targets) == 1 else _one_pass)(layers, points, targets)


def _shallow(layers: Layers, points: Sequence[Array], targets: Sequence[Array]) -> tuple[Array, Layers]:
    """The one pass for one hidden layer and one output, where fewer sums are enough.

    With error e and gates g_k = 1 where w_k x + b_k > 0, all gradients come from the sums
    ``A_ki = sum e g_k x_i`` and ``B_k = sum e g_k``: dw_ki = v_k A_ki, db_k = v_k B_k, and
    dv_k = sum_i w_ki A_ki + b_k B_k, since relu(z) = g z.
    """
    (weight, bias), (read_out, offset) = layers
    before = _affine(weight, bias, points)
    hidden = [jnp.maximum(z, 0) for z in before]
    error = _affine(read_out, offset, hidden)[0] - targets[0]
    gated = [jnp.where(z > 0, error, 0) for z in before]
    terms = [g * x for g in gated for x in points]
    terms += [] if bias is None else gated
    terms += [] if offset is None else [error]
    shape = error.shape
    loss, *sums = _sum_all([error * error, *(jnp.broadcast_to(term, shape) for term in terms)])
    sums = iter([total * (2 / shape[0]) for total in sums])
    moments = jnp.stack([jnp.stack([next(sums) for _ in points]) for _ in gated])
    rows, back = moments * read_out[0][:, None], jnp.sum(moments * weight, axis=1)
    if bias is not None:
        totals = jnp.stack([next(sums) for _ in gated])
        back = back + totals * bias
        totals = totals * read_out[0]
    else:
        totals = None
    return loss / shape[0], ((rows, totals), (back[None], None if offset is None else next(sums)[None]))


def _one_pass(layers: Layers, points: Sequence[Array], targets: Sequence[Array]) -> tuple[Array, Layers]:
    """Writes out the forward and backward pass elementwise, and sums every term in one reduction."""
    inputs: list[list[Array]] = [list(points)]
    for number, (weight, bias) in enumerate(layers):
        values = _affine(weight, bias, inputs[-1])
        inputs.append(values if number == len(layers) - 1 else [jnp.maximum(v, 0) for v in values])
    errors = [value - target for value, target in zip(inputs[-1], targets, strict=True)]
    terms: list[Array] = [_total([e * e for e in errors])]
    deltas = errors
    for number in range(len(layers) - 1, -1, -1):
        weight, bias = layers[number]
        below = inputs[number]
        terms += [delta * value for delta in deltas for value in below]
        terms += [] if bias is None else deltas
        if number:
            back = [_total([weight[o, i] * delta for o, delta in enumerate(deltas)]) for i in range(len(below))]
            deltas = [jnp.where(value > 0, total, 0) for value, total in zip(below, back, strict=True)]
    shape = jnp.broadcast_shapes(*(term.shape for term in terms))
    sums = _sum_all([jnp.broadcast_to(term, shape) for term in terms])
    count = shape[0] * len(errors)
    return sums[0] / count, _as_layers(layers, [total * (2 / count) for total in sums[1:]])


def _affine(weight: Array, bias: Array | None, values: Sequence[Array]) -> list[Array]:
    rows = [_total([weight[o, i] * value for i, value in enumerate(values)]) for o in range(weight.shape[0])]
    return rows if bias is None else [row + bias[o] for o, row in enumerate(rows)]


def _total(parts: Sequence[Array]) -> Array:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _sum_all(terms: Sequence[Array]) -> list[Array]:
    """Sums many arrays over their first axis, in one loop."""
    zeros = [jnp.zeros((), term.dtype) for term in terms]
    return list(lax.reduce(list(terms), zeros, lambda a, b: [x + y for x, y in zip(a, b, strict=True)], (0,)))


def _as_layers(layers: Layers, sums: Sequence[Array]) -> Layers:
    """Puts the sums, given layer by layer from the last, into the shapes of the layers."""
    rest = iter(sums)
    built = []
    for weight, bias in reversed(layers):
        rows = [[next(rest) for _ in range(weight.shape[1])] for _ in range(weight.shape[0])]
        new_bias = None if bias is None else jnp.stack([next(rest) for _ in range(weight.shape[0])])
        built.append((jnp.stack([jnp.stack(row) for row in rows]), new_bias))
    return tuple(reversed(built))


def _by_matrices(layers: Layers, points: Sequence[Array], targets: Sequence[Array]) -> tuple[Array, Layers]:
    """Differentiates one network at a time, mapped over the seeds; one matrix product for each layer."""
    seeds = layers[0][0].shape[-1]
    shape = jnp.broadcast_shapes((1, seeds), *(p.shape for p in (*points, *targets)))
    shared = all(p.shape[1] == 1 for p in (*points, *targets))
    shape = (shape[0], 1) if shared else shape
    xs, ys = (jnp.stack([jnp.broadcast_to(c, shape) for c in columns]) for columns in (points, targets))

    def loss(one: Layers, x: Array, y: Array) -> Array:
        for number, (weight, bias) in enumerate(one):
            x = jnp.maximum(x, 0) if number else x
            x = weight @ x if bias is None else weight @ x + bias[:, None]
        return jnp.mean((x - y) ** 2)

    axis = None if shared else -1
    if shared:
        xs, ys = xs[..., 0], ys[..., 0]
    return jax.vmap(jax.value_and_grad(loss), in_axes=(-1, axis, axis), out_axes=(-1, -1))(layers, xs, ys)
