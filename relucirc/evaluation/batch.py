"""``evaluate``: a network on many points, wherever they are: NumPy, JAX, a file, an iterator.

NumPy arrays are taken in *chunks* of a few megabytes.  A chunk whose memory is aligned is read
where it lies; its result is copied, still in cache, to its place in one array of results, while
the next chunk is computed.  Computing all points at once would touch fresh memory for the input's
copy and for the result, which costs several times what evaluating a small network costs.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from relucirc.core.budget import Budget
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.exact import real_array
from relucirc.core.progress import Progress, watched
from relucirc.evaluation.arithmetic import Array
from relucirc.evaluation.compiled import CompiledNetwork, check_points, compile_network
from relucirc.language.as_network import as_network
from relucirc.language.network import MLP

ALIGNMENT = 64
"""Bytes: JAX reads a NumPy array in place only if its memory starts at a multiple of this."""

CHUNK_BYTES = 2**22
"""Inputs and outputs of one chunk; measured best among powers of two, within a factor of two."""

FEW_BYTES = 2**17
"""Up to here a copy costs less than what it takes to avoid one."""

FEWEST = 2**12
"""Points in a chunk at least, so that the overhead of a call stays small."""

KEPT = 32
"""Compiled networks that are remembered for the next call."""

_compiled: OrderedDict[tuple, tuple[MLP, CompiledNetwork]] = OrderedDict()


def evaluate(
    net: MLP,
    xs: Any,
    *,
    out: Any = None,
    chunk: int | None = None,
    mesh: Any = None,
    progress: Progress = None,
) -> Any:
    """Evaluates a network on points, in floating point.

    The network is compiled for its structure (see :func:`relucirc.compile_network`) and the
    compiled function is kept for later calls with the same network.

    Args:
        net: The network.
        xs: Points ``[..., n_in]``, any leading shape.  Floats keep their dtype and weights are
            rounded to it (float64 is computed in 64 bits even where JAX's default is 32);
            integers become JAX's default float.

            - a NumPy array, a memory-mapped one, or a list of lists: the result is a NumPy array;
            - a JAX array: the result is a JAX array; ``jit``, ``grad`` and ``vmap`` apply;
            - an iterator of arrays: the result is an iterator, one result for each array.
        out: Where to put the result: for NumPy an array ``[..., n_out]`` of the result's dtype,
            memory-mapped for results larger than memory; for JAX an array that is given up.
        chunk: Most points at a time, for NumPy arrays; by default a few megabytes of them.
        mesh: A ``jax.sharding.Mesh`` whose devices share the points.
        progress: As for :func:`relucirc.prove`; the points done are counted.

    Returns:
        The values ``[..., n_out]``, or an iterator of them.

    Raises:
        RelucircError: For a wrong shape or dtype.

    Example:
        >>> import numpy as np
        >>> net = MLP.from_arrays([([[1], [-1]], None), ([[1, 1]], None)])
        >>> evaluate(net, np.array([[-2.0], [3.0]]))
        array([[2.],
               [3.]])
    """
    net = as_network(net)
    if chunk is not None and (not isinstance(chunk, int) or chunk < 1):
        raise RelucircError(f"chunk: expected a positive number of points, got {shorten(chunk)}.")
    if isinstance(xs, jax.Array):
        return _compiled_for(net, "rows", mesh)(xs, out)
    if isinstance(xs, Iterator):
        if out is not None:
            raise RelucircError("out: an iterator has one result for each of its arrays; leave out=None, or fill in.")
        return _each(net, xs, chunk, mesh, progress)
    points = _real_array(xs, net)
    with watched(None, "evaluate", progress, points.size // len(net.inputs)) as clock:
        return _evaluate_array(net, points, out, chunk, mesh, clock)


def _each(net: MLP, arrays: Iterator[Any], chunk: int | None, mesh: Any, progress: Progress) -> Iterator[Any]:
    # The clock does not run around what the caller does between two arrays.
    with contextlib.closing(watched(None, "evaluate", progress)) as clock:
        for xs in arrays:
            if isinstance(xs, jax.Array):
                yield _compiled_for(net, "rows", mesh)(xs)
                clock.step("points", xs.size // len(net.inputs))
            else:
                yield _evaluate_array(net, _real_array(xs, net), None, chunk, mesh, clock)


def _evaluate_array(net: MLP, xs: np.ndarray, out: Any, chunk: int | None, mesh: Any, clock: Budget) -> np.ndarray:
    """Evaluates a NumPy array by chunks of points into one array of results."""
    dtype = _float_dtype(xs.dtype)
    shape = (*xs.shape[:-1], net.sizes[-1])
    if out is not None and (not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype):
        got = f"{out.shape} and {out.dtype}" if hasattr(out, "dtype") else shorten(out)
        raise RelucircError(f"out: expected a NumPy array of shape {shape} and dtype {dtype}, got {got}.")
    columns = xs.ndim == 2 and xs.flags.f_contiguous and not xs.flags.c_contiguous
    result = np.empty(shape, dtype, order="F" if columns else "C") if out is None else out
    # Points lie along the first axis, or along the last if that is how they lie in memory.
    points, values = (xs.T, result.T) if columns else (_matrix(xs), _matrix(result, copy=False))
    axis = 1 if columns else 0
    compiled = _compiled_for(net, "features" if columns else "rows", mesh)
    bytes_each = (net.sizes[0] + net.sizes[-1]) * dtype.itemsize
    size = min(chunk or max(FEWEST, CHUNK_BYTES // bytes_each // ALIGNMENT * ALIGNMENT), points.shape[axis])
    with jax.enable_x64(True) if dtype == np.float64 else contextlib.nullcontext():
        if size == points.shape[axis] and size * bytes_each <= FEW_BYTES:
            _store(values, axis, 0, compiled(points.astype(dtype, copy=False)))
            clock.step("points", size)
        else:
            _run_chunks(compiled, points, values, axis, size, dtype, clock)
    return result


def _run_chunks(
    compiled: CompiledNetwork, points: Any, values: Any, axis: int, size: int, dtype: Any, clock: Budget
) -> None:
    """Fills ``values`` chunk by chunk; all chunks have one size, so that only one is compiled."""
    total = points.shape[axis]
    if total == 0:
        return
    starts = _starts(points, axis, size, dtype)
    staging: list[np.ndarray | None] = [None, None]
    waiting: tuple[int, Array] | None = None
    done = 0
    for number, start in enumerate(starts):
        part = points[start : start + size] if axis == 0 else points[:, start : start + size]
        if not _readable_in_place(part, dtype):
            # The chunk before is still being computed: it may be reading the other buffer.
            buffer = staging[number % 2]
            buffer = aligned_empty(part.shape, dtype) if buffer is None else buffer
            staging[number % 2] = buffer
            np.copyto(buffer, part, casting="unsafe")
            part = buffer
        result = compiled(jax.device_put(part))
        if waiting is not None:
            _store(values, axis, *waiting)
        waiting = (start, result)
        clock.step("points", start + size - done)
        done = start + size
    if waiting is not None:
        _store(values, axis, *waiting)


def _starts(points: np.ndarray, axis: int, size: int, dtype: Any) -> list[int]:
    """Returns where chunks start: from the first aligned point on, and two more for the ends.

    The first aligned point is at most one chunk from the start: what lies before it is one chunk.
    """
    total = points.shape[axis]
    first = 0
    if axis == 0 and _readable_in_place(points, dtype, anywhere=True):
        stride, address = points.shape[1] * dtype.itemsize, points.ctypes.data
        first = next((k for k in range(min(ALIGNMENT, size + 1)) if (address + k * stride) % ALIGNMENT == 0), 0)
    starts = list(range(first, total - size + 1, size))
    ends = {0, total - size}
    return sorted({*starts, *ends})


def _readable_in_place(part: np.ndarray, dtype: Any, anywhere: bool = False) -> bool:
    aligned = anywhere or part.ctypes.data % ALIGNMENT == 0
    return part.dtype == dtype and part.dtype.isnative and part.flags.c_contiguous and aligned


def _store(values: np.ndarray, axis: int, start: int, result: Array) -> None:
    array = np.asarray(result)
    if axis == 0:
        values[start : start + len(array)] = array
    else:
        values[:, start : start + array.shape[1]] = array


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Returns an uninitialised array that JAX can read in place."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    first = -raw.ctypes.data % ALIGNMENT
    return raw[first : first + size].view(dtype).reshape(shape)


def _matrix(array: np.ndarray, copy: bool | None = None) -> np.ndarray:
    """Returns an array as a matrix, one point a row; a view where the strides allow one."""
    if array.ndim == 2:
        return array
    try:
        return array.reshape(-1, array.shape[-1], copy=copy)
    except ValueError:
        raise RelucircError(
            f"out: expected an array whose points are evenly spaced in memory, got strides {array.strides} for shape "
            f"{array.shape}; pass a contiguous one."
        ) from None


def _real_array(xs: Any, net: MLP) -> np.ndarray:
    array = np.asarray(real_array(xs, "xs", f"points [..., {len(net.inputs)}]"))
    check_points(array.shape, net.inputs, "rows")
    return array


def _float_dtype(dtype: np.dtype) -> np.dtype:
    """Returns the dtype that a NumPy array of real numbers is evaluated in."""
    if jnp.issubdtype(dtype, jnp.floating):
        return dtype.newbyteorder("=")
    return np.dtype(jnp.result_type(float))


def _compiled_for(net: MLP, layout: str, mesh: Any) -> CompiledNetwork:
    """Returns the compiled network, remembered for each network object."""
    key = (id(net), layout, mesh)
    found = _compiled.get(key)
    if found is None:
        if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(net)):
            return compile_network(net, layout=layout, mesh=mesh, weights="traced")
        found = (net, compile_network(net, layout=layout, mesh=mesh))  # keeps net alive, so its id stays its own
        _compiled[key] = found
        while len(_compiled) > KEPT:
            _compiled.popitem(last=False)
    _compiled.move_to_end(key)
    return found[1]
