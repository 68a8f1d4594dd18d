"""Points split over many devices: every device evaluates its own, and none talks to another."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import AxisType, Mesh, PartitionSpec

from relucirc.evaluation.arithmetic import Array


def shard_points(run: Callable[[Array], Array], xs: Array, mesh: Any, axis: int) -> Array:
    """Applies a function of points on every device of a mesh to its share of the points.

    Args:
        run: From a matrix of points to their outputs, both with points along ``axis``.
        xs: Points along ``axis`` of two; padded for the call if the devices do not divide them
            (the result is then gathered on every device; otherwise it stays spread out).
        mesh: A ``jax.sharding.Mesh``, of any shape; all of its axes share the points.
        axis: The axis of points.
    """
    # Whatever the sharding of the points, and whether or not their mesh puts it in their type.
    mesh = Mesh(mesh.devices, mesh.axis_names, axis_types=(AxisType.Auto,) * len(mesh.axis_names))
    points = xs.shape[axis]
    missing = -points % mesh.size
    if missing:
        xs = jnp.pad(xs, [(0, missing if k == axis else 0) for k in range(2)])
    names = tuple(mesh.axis_names)
    spec = PartitionSpec(names, None) if axis == 0 else PartitionSpec(None, names)
    split = jax.shard_map(run, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
    result = split(xs)
    return lax.slice_in_dim(result, 0, points, axis=axis) if missing else result
