"""One fused Pallas kernel for a small network, for accelerators.

It is the elementwise plan again: each program of the grid loads one block of points of every
input, computes all outputs in registers, and stores them.  Each input is read once and each
output written once, whatever the compiler would have fused.  Where there is no accelerator
the kernel runs in Pallas's interpreter: slow, and the same numbers.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl

from relucirc.evaluation.arithmetic import Array
from relucirc.evaluation.elementwise import run_elementwise
from relucirc.evaluation.stages import Stages

BLOCK = 1024
"""Points for each program of the grid; a power of two, as Triton wants."""


def run_kernel(stages: Stages, xs: Array, dtype: Any, block: int = BLOCK, interpret: bool | None = None) -> Array:
    """Evaluates stages in one kernel.

    Args:
        stages: What to evaluate.
        xs: Points, feature-major: ``[n_inputs, n_points]``.
        dtype: Float type of the weights.
        block: Points for each program; the last block may reach over the end.
        interpret: Whether to interpret the kernel; by default only on CPU.
    """

    def plain(xs: Array) -> Array:
        return jnp.stack(run_elementwise(stages, list(xs), dtype, xs.shape[1:]))

    # Pallas does not differentiate kernels: the derivative is that of the elementwise plan.
    kernel = jax.custom_jvp(lambda xs: _kernel(stages, xs, dtype, block, interpret))
    kernel.defjvp(lambda primals, tangents: (kernel(*primals), jax.jvp(plain, primals, tangents)[1]))
    return kernel(xs)


def _kernel(stages: Stages, xs: Array, dtype: Any, block: int, interpret: bool | None) -> Array:
    points = xs.shape[1]
    if points == 0:
        return jnp.zeros((stages.outputs, 0), dtype)

    def body(x_ref: Any, y_ref: Any) -> None:
        columns = [x_ref[i, :] for i in range(stages.inputs)]
        for i, value in enumerate(run_elementwise(stages, columns, dtype, (block,))):
            y_ref[i, :] = value

    return pl.pallas_call(
        body,
        out_shape=jax.ShapeDtypeStruct((stages.outputs, points), dtype),
        grid=(-(-points // block),),
        in_specs=[pl.BlockSpec((stages.inputs, block), lambda k: (0, k))],
        out_specs=pl.BlockSpec((stages.outputs, block), lambda k: (0, k)),
        interpret=jax.default_backend() == "cpu" if interpret is None else interpret,
    )(xs)
