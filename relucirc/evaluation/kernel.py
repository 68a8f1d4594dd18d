"""One fused Pallas kernel for a small network, for accelerators.

It is the elementwise plan again: each program of the grid loads one block of points of every
input, computes all outputs in registers, and stores them.  Each input is read once and each
output written once, whatever the compiler would have fused.  Where there is no accelerator
the kernel runs in Pallas's interpreter: slow, and the same numbers.

Pallas's Triton compiler does not look where a block ends: without a mask the last block would
be stored over the beginning of the next output's row.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import pallas as pl

from relucirc.evaluation.arithmetic import Array
from relucirc.evaluation.elementwise import run_elementwise
from relucirc.evaluation.stages import Stages

BLOCK = 1024
"""Points for each program of the grid; a power of two, as Triton wants."""

WARPS = 4
"""Groups of 32 threads for each program."""

MOST = 2**31
"""Numbers of one array: Triton counts them in 32 bits."""


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

    if xs.shape[1] == 0 or max(stages.inputs, stages.outputs) * xs.shape[1] >= MOST:
        return plain(xs)
    # Pallas does not differentiate kernels: the derivative is that of the elementwise plan.
    kernel = jax.custom_jvp(lambda xs: _kernel(stages, xs, dtype, block, interpret))
    kernel.defjvp(lambda primals, tangents: (kernel(*primals), jax.jvp(plain, primals, tangents)[1]))
    return kernel(xs)


def _kernel(stages: Stages, xs: Array, dtype: Any, block: int, interpret: bool | None) -> Array:
    # Pallas has a compiler for each kind of accelerator, and these imports need none of them.
    from jax.experimental.pallas import triton  # noqa: PLC0415

    points = xs.shape[1]
    ragged = points % block != 0

    def body(x_ref: Any, y_ref: Any) -> None:
        place = pl.program_id(0) * block + lax.iota(jnp.int32, block)
        mask = place < points if ragged else None
        columns = [triton.load(x_ref.at[np.int32(i), :], mask=mask) for i in range(stages.inputs)]
        for i, value in enumerate(run_elementwise(stages, columns, dtype, (block,))):
            triton.store(y_ref.at[np.int32(i), :], value, mask=mask)

    return pl.pallas_call(
        body,
        out_shape=jax.ShapeDtypeStruct((stages.outputs, points), dtype),
        grid=(-(-points // block),),
        in_specs=[pl.BlockSpec((stages.inputs, block), lambda k: (0, k))],
        out_specs=pl.BlockSpec((stages.outputs, block), lambda k: (0, k)),
        compiler_params=triton.CompilerParams(num_warps=WARPS),
        interpret=jax.default_backend() == "cpu" if interpret is None else interpret,
    )(xs)
