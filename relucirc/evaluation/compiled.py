"""``compile_network``: a network as one jitted function, specialised to its shape and weights."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from relucirc.core.errors import RelucircError
from relucirc.core.exact import real_array
from relucirc.evaluation.arithmetic import Array
from relucirc.evaluation.blocks import Layer, dense_layers, in_blocks, run_dense
from relucirc.evaluation.elementwise import run_elementwise
from relucirc.evaluation.gather import run_gather
from relucirc.evaluation.plan import Plan, choose_plan, choose_traced_plan
from relucirc.evaluation.sharding import shard_points
from relucirc.evaluation.traced import current_layers, run_traced
from relucirc.evaluation.windows import WindowLayer, run_windows, window_layers
from relucirc.language.as_network import as_network
from relucirc.language.network import MLP

LAYOUTS = ("rows", "features")


class CompiledNetwork:
    """A jitted evaluation of one network; made by :func:`compile_network`.

    It is a function of JAX (or NumPy) arrays that ``jit``, ``vmap``, ``grad`` and ``jvp`` accept.
    The first call for a new shape or dtype compiles; later ones cost what a jitted function costs.

    Attributes:
        plan: How it is evaluated; ``print(compiled.plan)`` says it in a sentence.
        layout: ``"rows"`` or ``"features"``.
        sizes: Widths of the network from input to output.
    """

    def __init__(self, net: MLP, plan: Plan, layout: str, traced: bool, mesh: Any) -> None:
        """Prepares the jitted functions; nothing is compiled before the first call."""
        self.plan, self.layout, self.sizes = plan, layout, net.sizes
        self._net, self._mesh, self._names = net, mesh, net.inputs
        self._axis = 0 if layout == "features" else 1  # axis of features in a matrix of points
        self._rounded: dict[Any, list[Layer]] = {}
        self._traced = traced
        self._jitted = jax.jit(self._run)
        self._reusing = jax.jit(self._run_into, donate_argnums=1, keep_unused=True)
        self._plain = jax.jit(lambda xs: self._run(xs, None))

    def __call__(self, xs: Array, out: Array | None = None) -> Array:
        """Evaluates points.

        Args:
            xs: ``[..., n_in]`` for rows, ``[n_in, ...]`` for features.  Floats keep their dtype
                and weights are rounded to it; integers become the default float.
            out: A JAX array of the result's shape and dtype whose memory is taken for the result.
                It is deleted.  Filling fresh memory costs more than evaluating a small network.
                (Memory that JAX does not own, such as a NumPy array's, cannot be taken.)

        Returns:
            ``[..., n_out]`` for rows, ``[n_out, ...]`` for features.

        Example:
            >>> net = MLP.from_arrays([([[1], [-1]], None), ([[1, 1]], None)])
            >>> print(compile_network(net, layout="features")(jnp.array([[-2.0, 3.0]])))
            [[2. 3.]]
        """
        xs = real_array(xs, "xs")
        if self._traced:
            return self.apply(self._net, xs, out)
        return self._plain(xs) if out is None else self._reusing(xs, _given_up(out), None)

    def apply(self, net: MLP, xs: Array, out: Array | None = None) -> Array:
        """Evaluates another network of the same sizes with the code compiled for this one.

        The derivative with respect to its weights is that of the network.

        Raises:
            RelucircError: If this was not compiled with ``weights="traced"``, or sizes differ.
        """
        if not self._traced:
            raise RelucircError("apply: weights are baked in; use compile_network(net, weights='traced').")
        if net.sizes != self.sizes:
            raise RelucircError(f"apply: expected a network of sizes {self.sizes}, got {net.sizes}; compile it anew.")
        xs = real_array(xs, "xs")
        layers = current_layers(net, float_dtype(xs))
        return self._jitted(xs, layers) if out is None else self._reusing(xs, _given_up(out), layers)

    def __repr__(self) -> str:
        return f"CompiledNetwork({'-'.join(map(str, self.sizes))}, layout={self.layout!r}, plan={self.plan.kind!r})"

    def _run_into(self, xs: Array, out: Array, layers: list[Layer] | None) -> Array:
        """Evaluates, and checks once for each shape that the result fits the memory given up for it."""
        result = self._run(xs, layers)
        if (out.shape, out.dtype) != (result.shape, result.dtype):
            raise RelucircError(
                f"out: expected an array of shape {result.shape} and dtype {result.dtype}, as the result has, "
                f"got {out.shape} and {out.dtype}."
            )
        return result

    def _run(self, xs: Array, layers: list[Layer] | None) -> Array:
        xs = self._checked(xs)
        where = -1 if self.layout == "rows" else 0
        if self._mesh is None and self.plan.kind == "elementwise" and self.plan.block is None:
            return self._columns(xs, layers, where)
        points = [size for axis, size in enumerate(xs.shape) if axis != where % xs.ndim]
        matrix = xs if xs.ndim == 2 else xs.reshape((-1, xs.shape[-1]) if where else (xs.shape[0], -1))
        local = partial(self._matrix, layers=layers)
        result = local(matrix) if self._mesh is None else shard_points(local, matrix, self._mesh, 1 - self._axis)
        return result if xs.ndim == 2 else result.reshape((*points, -1) if where else (-1, *points))

    def _matrix(self, xs: Array, layers: list[Layer] | None) -> Array:
        """Evaluates a matrix of points on one device."""
        plan, axis = self.plan, self._axis
        block = plan.block
        if plan.kind == "dense" and jax.default_backend() != "cpu":
            block = None  # accelerators want large products, and have the memory

        def run(part: Array) -> Array:
            if plan.kind == "dense":
                return run_dense(self._baked(part.dtype) if layers is None else layers, part, axis)
            if plan.kind == "windows":
                return run_windows(self._windows(part.dtype), part, axis)
            if plan.kind == "gather":
                return run_gather(plan.layout, part, part.dtype, axis)
            return self._columns(part, layers, -axis)

        return run(xs) if block is None else in_blocks(run, xs, self.sizes[-1], block, 1 - axis)

    def _columns(self, xs: Array, layers: list[Layer] | None, where: int) -> Array:
        columns = [xs[i] if where == 0 else xs[..., i] for i in range(self.sizes[0])]
        if layers is not None or self.plan.stages is None:
            outputs = run_traced(layers or [], columns)
        else:
            outputs = run_elementwise(
                self.plan.stages, columns, xs.dtype, xs.shape[1:] if where == 0 else xs.shape[:-1]
            )
        return jnp.expand_dims(outputs[0], where) if len(outputs) == 1 else jnp.stack(outputs, axis=where)

    def _baked(self, dtype: Any) -> list[Layer]:
        if dtype not in self._rounded:
            self._rounded[dtype] = dense_layers(self._net, dtype)
        return self._rounded[dtype]

    def _windows(self, dtype: Any) -> tuple[WindowLayer, ...]:
        if self.plan.windows[0].groups[0].matrix.dtype == dtype:
            return self.plan.windows
        return window_layers(self._net, dtype)

    def _checked(self, xs: Array) -> Array:
        xs = jnp.asarray(xs)
        check_points(xs.shape, self._names, self.layout)
        return xs.astype(float_dtype(xs))


def compile_network(
    net: MLP,
    *,
    layout: str = "rows",
    batch: int | None = None,
    weights: str = "baked",
    plan: str = "auto",
    mesh: Any = None,
    rewrite: bool = True,
) -> CompiledNetwork:
    """Returns a jitted function specialised to a network.

    The plan is chosen from the network: one fused elementwise loop for small ones, slices and
    gathers for sparse ones such as trees of circuits, windows for convolutional ones, cache-sized
    blocks of matrix products for dense ones.  All compute the same function over the reals, each in its own
    order of additions; :func:`relucirc.float_error_bound` covers them all.  Zero weights are skipped, so an infinite
    input that only meets zero weights gives no NaN.

    Args:
        net: The network, exact or float; not symbolic.
        layout: ``"rows"``: points are ``[..., n_in]``.  ``"features"``: ``[n_in, ...]``, each
            input contiguous, the faster one.
        batch: Most points evaluated at a time; chosen by default.
        weights: ``"baked"``: constants, zeros skipped and the network simplified.  ``"traced"``:
            arguments, so that :meth:`CompiledNetwork.apply` can change them without compiling.
        plan: ``"auto"``, ``"elementwise"``, ``"gather"``, ``"windows"`` or ``"dense"``.
        mesh: A ``jax.sharding.Mesh``: points are split over all of its devices.
        rewrite: Whether to simplify the network first.

    Returns:
        A :class:`CompiledNetwork`.

    Raises:
        RelucircError: For an option that is not listed here.
        NetworkError: For a network with symbols as weights.

    Example:
        >>> import relucirc
        >>> compiled = compile_network(relucirc.circuits.minimum(), layout="features")
        >>> print(compiled(jnp.array([[3.0, 2.0], [-5.0, 7.0]])))
        [[-5.  2.]]
    """
    net = as_network(net)
    for name, value, known in (("layout", layout, LAYOUTS), ("weights", weights, ("baked", "traced"))):
        if value not in known:
            raise RelucircError(f"{name}: expected one of {known}, got {value!r}.")
    if weights == "traced":
        return CompiledNetwork(net, choose_traced_plan(net, jnp.float32, plan, batch), layout, True, mesh)
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(net)):
        raise RelucircError(
            "net: its weights are being traced by JAX (jit, grad or vmap), so they cannot be baked in; use "
            "weights='traced', or relucirc.evaluate, which does."
        )
    return CompiledNetwork(net, choose_plan(net, jnp.float32, plan, batch, rewrite), layout, False, mesh)


def float_dtype(xs: Any) -> Any:
    """Returns the dtype that real numbers are evaluated in: their own, or the default float for integers."""
    dtype = jnp.result_type(xs)
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)


def _given_up(out: Any) -> Array:
    if not isinstance(out, jax.Array):
        raise RelucircError(f"out: expected a JAX array whose memory may be taken, got {type(out).__name__}.")
    return out


def check_points(shape: tuple[int, ...], names: Sequence[str], layout: str) -> None:
    """Refuses an array of points that has not one number for each input along the right axis."""
    inputs, rows = len(names), layout == "rows"
    if shape and shape[-1 if rows else 0] == inputs:
        return
    if inputs == 1:
        advice = "add the axis of the one input: xs[..., None] for rows, xs[None] for features."
    elif len(shape) > 1 and shape[0 if rows else -1] == inputs:
        advice = f"transpose it, or use compile_network with layout={'features' if rows else 'rows'!r}."
    else:
        advice = "give one number for each input."
    raise RelucircError(
        f"xs: expected an array of shape {f'[..., {inputs}]' if rows else f'[{inputs}, ...]'} for the inputs "
        f"{list(names)} in the layout {layout!r}, got {tuple(shape)}; {advice}"
    )
