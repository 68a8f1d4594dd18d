"""Points of a domain, made where they are used: fresh ones for every step, none ever stored.

The numbers are counter-based.  Every seed has random 32-bit words of its own, a for its steps and
c_d for coordinate d, from NumPy's ``SeedSequence`` over the JAX key and the seed's number.  Point
number b of step t gets the bits ``mix(mix(mix(a + t * odd) ^ c_d) + b * odd)``, where ``mix`` is a
bijection of 32-bit integers: two multiplications and three shifts, with constants found by the search
in https://github.com/skeeto/hash-prospector.  Only the outermost ``mix`` is paid for every point: a
tenth of what JAX's own generator (threefry) costs, and it vectorises.  The batch of a seed depends on
its number and on the step alone, not on which other seeds run beside it or where.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from relucirc.core.errors import DomainError, shorten
from relucirc.core.exact import approximate
from relucirc.geometry.cell import Cell, cell_of
from relucirc.language.domain import Box, read_domain

Array = Any

ODD = np.uint32(0x9E3779B9)


@dataclass(frozen=True)
class Sampler:
    """Points distributed uniformly over a bounded polyhedron.

    Attributes:
        draws: How many uniform numbers a point takes.
        place: From that many arrays of numbers in [0, 1), and the module (NumPy or jax.numpy) to do it
            with, to one array per coordinate.
        corners: The vertices, one row each.
    """

    draws: int
    place: Callable[..., list[Array]]
    corners: np.ndarray

    def batch(self, words: Array, step: Array, size: int) -> list[Array]:
        """Returns the batch of one step: an array ``[size, seeds]`` per coordinate.

        Args:
            words: Random 32-bit integers, ``[1 + draws, seeds]``.
            step: The step's number.
            size: Number of points.
        """
        start = mix(words[0] + jnp.uint32(step) * ODD)
        counter = lax.iota(jnp.uint32, size)[:, None] * ODD
        return self.place([to_unit(mix(mix(start ^ words[1 + d]) + counter)) for d in range(self.draws)], jnp)

    def points(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Returns points outside of compiled code, ``[count, coordinates]``."""
        return np.stack(self.place(list(rng.random((self.draws, count), np.float32)), np), axis=-1)


def mix(x: Array) -> Array:
    """Scrambles 32-bit integers, one to one."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x21F0AAAD)
    x = (x ^ (x >> 15)) * jnp.uint32(0xD35A2D97)
    return x ^ (x >> 15)


def to_unit(bits: Array) -> Array:
    """Turns 32 random bits into a float32 in [0, 1), a multiple of 2^-24."""
    return (bits >> 8).astype(jnp.float32) * jnp.float32(2.0**-24)


def read_sampler(domain: Any, names: Sequence[str]) -> Sampler:
    """Returns a sampler of a domain: a box, or any bounded polyhedron with interior.

    Args:
        domain: What :func:`relucirc.prove` reads as a domain; None for the box [-1, 1]^n.
        names: The inputs, in order.

    Raises:
        DomainError: For a domain that is unbounded, flat, or of integer points.
    """
    read = read_domain(Box(-1, 1) if domain is None else domain, names)
    what = f"training draws its points from the domain ({shorten(domain) or 'everything'}), which"
    if read.integers:
        raise DomainError(f"{what} holds integer points only; give the real box around them.")
    if any(relation.op == "==" for relation in read.relations):
        raise DomainError(f"{what} is flat (it has an equation); substitute it, so that the domain has interior.")
    forms = [relation.form for relation in read.relations]
    cell = cell_of(forms, len(names))
    if cell is None:
        raise DomainError(f"{what} has no interior.")
    if cell.lines or cell.directions:
        raise DomainError(f"{what} is unbounded; give every input a lower and an upper bound.")
    corners = np.array([[approximate(c) for c in vertex] for vertex in cell.vertices])
    return _box(corners) if all(len(form.terms) <= 1 for form in forms) else _simplices(corners, cell)


def _box(corners: np.ndarray) -> Sampler:
    lower, upper = corners.min(axis=0), corners.max(axis=0)

    def place(units: Sequence[Array], xp: Any) -> list[Array]:
        del xp
        return [
            unit * np.float32(high - low) + np.float32(low) for unit, low, high in zip(units, lower, upper, strict=True)
        ]

    return Sampler(len(lower), place, corners)


def _simplices(corners: np.ndarray, cell: Cell) -> Sampler:
    """Cuts the polyhedron into simplices: one is drawn by volume, and a point of it by uniform spacings."""
    from scipy.spatial import Delaunay  # noqa: PLC0415  (slow to import, and only polyhedra need it)

    n = cell.dimension
    cuts = corners[Delaunay(corners).simplices] if n > 1 else np.sort(corners, axis=0)[None]
    volumes = np.abs(np.linalg.det(cuts[:, 1:] - cuts[:, :1]))
    keep = volumes > volumes.max() * 1e-12
    cuts, volumes = cuts[keep].astype(np.float32), volumes[keep]
    upper = np.cumsum(volumes / volumes.sum()).astype(np.float32)

    def place(units: Sequence[Array], xp: Any) -> list[Array]:
        which = xp.searchsorted(xp.asarray(upper[:-1]), units[0], side="right")
        spacings = [-xp.log1p(-unit) + np.float32(1e-30) for unit in units[1:]]
        total = sum(spacings[1:], start=spacings[0])
        chosen = xp.asarray(cuts)[which]
        return [sum((s / total) * chosen[..., j, i] for j, s in enumerate(spacings)) for i in range(n)]

    return Sampler(n + 2, place, corners)
