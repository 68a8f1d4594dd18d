"""Matrices and vectors of exact numbers, kept sparsely."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.errors import NetworkError, RelucircError, shorten
from relucirc.core.exact import ZERO, rational, text, to_float, to_rational, unmasked, wide


def is_symbolic(value: Any) -> bool:
    """Whether a matrix entry is a SymPy expression with free symbols."""
    return isinstance(value, sympy.Expr) and bool(value.free_symbols)


MAX_DENSE, MAX_FLOATS = 1 << 23, 1 << 29
"""Most entries of an exact matrix that are written out, as exact numbers and as floats."""

Entry = Any
"""A matrix entry: ``fmpq``, or a SymPy expression in sign-definite symbols."""


@jax.tree_util.register_static
@dataclass(frozen=True, eq=True, repr=False)
class ExactMatrix:
    """A matrix of exact rationals, stored sparsely by rows.

    To NumPy it is an array: ``w[0][1]``, ``w[:, 1]``, ``np.array(w)`` and rows in a loop are SymPy's
    rationals, which add to Fractions and ints; ``np.array(w, float)`` rounds each to the nearest float.
    To JAX it is a constant, not a leaf: an exact network can be closed over or passed through
    ``jit``, ``vmap`` and ``grad``, and its weights are baked in.

    Attributes:
        shape: ``(rows, columns)``.
        rows: For every row its non-zero entries ``(column, value)``, columns ascending.

    Example:
        >>> from fractions import Fraction
        >>> w = ExactMatrix.of([["1/3", 2], [0, -1]])
        >>> w[0][0] + Fraction(1, 6), w[-1, 1], np.array(w).sum()
        (1/2, -1, 4/3)
    """

    shape: tuple[int, int]
    rows: tuple[tuple[tuple[int, Entry], ...], ...]

    @staticmethod
    def of(values: Any, what: str = "weight") -> "ExactMatrix":
        """Builds a matrix from nested sequences, a NumPy/JAX array, or a SymPy matrix.

        Raises:
            NetworkError: For ragged rows, NaN, infinity or entries that are not rational.
        """
        if isinstance(values, ExactMatrix):
            return values
        if isinstance(values, sympy.MatrixBase):
            values = values.tolist()
        if isinstance(values, jax.Array | np.ndarray) and values.dtype != object:
            return _from_float_array(values, what)
        rows = [list(row) if _is_row(row) else row for row in values] if _is_row(values) else values
        if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
            raise NetworkError(f"{what}: expected a matrix (a list of rows, out x in), got {shorten(values)}.")
        width, sparse = row_length(rows, what), []
        for i, row in enumerate(rows):
            entries = ((j, _entry(value, f"{what}[{i}][{j}]")) for j, value in enumerate(row))
            sparse.append(tuple((j, value) for j, value in entries if value != 0))
        return ExactMatrix((len(rows), width), tuple(sparse))

    @staticmethod
    def sparse(shape: tuple[int, int], rows: Iterable[dict[int, Entry]]) -> "ExactMatrix":
        """Builds a matrix from one ``{column: value}`` dictionary per row."""
        cleaned = (tuple(sorted((j, v) for j, v in row.items() if v != 0)) for row in rows)
        return ExactMatrix(shape, tuple(cleaned))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.shape, tuple((j, str(v)) for row in self.rows[:64] for j, v in row[:64])))

    def __getitem__(self, index: Any) -> Any:
        """Returns what NumPy would: an entry of two numbers, a row of one, and a part of anything else."""
        if isinstance(index, tuple) and len(index) == 2 and all(map(_is_place, index)):
            i, j = (_place(k, size) for k, size in zip(index, self.shape, strict=True))
            return _public(dict(self.rows[i]).get(j, ZERO))
        if not _is_place(index):
            return np.asarray(self)[index]
        row = np.full(self.shape[1], sympy.S.Zero, dtype=object)
        for j, value in self.rows[_place(index, self.shape[0])]:
            row[j] = _public(value)
        return row

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("an exact matrix has no NumPy array that could be shared; a copy is needed.")
        if dtype is not None and np.dtype(dtype) != object:
            return self.to_numpy(dtype)
        self._refuse_size(MAX_DENSE)
        return np.stack(list(self)) if self.rows else np.empty(self.shape, dtype=object)

    def _refuse_size(self, most: int) -> None:
        if math.prod(self.shape) > most:
            rows, columns = self.shape
            raise NetworkError(
                f"a dense array of {rows} x {columns} numbers is too large to be made; at most {most:,} entries are "
                "written out, and matrix.rows has those that are not zero."
            )

    def __matmul__(self, other: "ExactMatrix") -> "ExactMatrix":
        if self.shape[1] != other.shape[0]:
            raise NetworkError(f"cannot multiply matrices of shapes {self.shape} and {other.shape}.")
        rows = []
        for row in self.rows:
            total: dict[int, Entry] = {}
            for k, a in row:
                for j, b in other.rows[k]:
                    total[j] = total.get(j, ZERO) + a * b
            rows.append(total)
        return ExactMatrix.sparse((self.shape[0], other.shape[1]), rows)

    def apply(self, vector: Sequence[Entry]) -> list[Entry]:
        """Returns the matrix times a vector of exact numbers."""
        return [sum((a * vector[j] for j, a in row), start=ZERO) for row in self.rows]

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """Free symbols of symbolic entries, sorted by name."""
        found = {s for row in self.rows for _, v in row if isinstance(v, sympy.Expr) for s in v.free_symbols}
        return tuple(sorted(found, key=lambda s: s.name))

    @property
    def ndim(self) -> int:
        """2, the number of axes."""
        return len(self.shape)

    def tolist(self) -> list[list[Any]]:
        """Returns the dense entries as nested lists of SymPy's rationals, or expressions."""
        self._refuse_size(MAX_DENSE)
        return [list(row) for row in self]

    def entries(self) -> list[list[Entry]]:
        """Returns the dense entries as nested lists of the numbers that are stored."""
        dense = []
        for row in self.rows:
            entries = [ZERO] * self.shape[1]
            for j, value in row:
                entries[j] = value
            dense.append(entries)
        return dense

    def strings(self) -> list[list[str]]:
        """Returns the dense entries as text, rationals in the form of the JSON network file."""
        return [[text(v) if isinstance(v, fmpq) else str(v) for v in row] for row in self.entries()]

    def to_numpy(self, dtype: Any = np.float64) -> np.ndarray:
        """Rounds every entry to the nearest float of ``dtype``."""
        if self.symbols:
            names = list(map(str, self.symbols))
            raise NetworkError(f"symbolic weights {names} have no float value; substitute first.")
        self._refuse_size(MAX_FLOATS)
        dense = np.zeros(self.shape, dtype=dtype)
        for i, row in enumerate(self.rows):
            for j, value in row:
                dense[i, j] = to_float(value, dtype)
        return dense

    def __repr__(self) -> str:
        return f"ExactMatrix({shorten(self.strings(), 200)})"


def row_length(rows: Sequence[Sequence[Any]], what: str) -> int:
    """Returns the length that all rows have, 0 without rows.

    Raises:
        NetworkError: For rows of different lengths.
    """
    widths = [len(row) for row in rows]
    if len(set(widths)) > 1:
        other = next(i for i, width in enumerate(widths) if width != widths[0])
        raise NetworkError(
            f"{what}: expected rows of one length, got a ragged matrix: row 0 has {widths[0]} entries, row {other} has "
            f"{widths[other]}."
        )
    return widths[0] if widths else 0


def exact_vector(values: Any, what: str = "bias") -> tuple[Entry, ...]:
    """Reads a vector of exact numbers."""
    if isinstance(values, ExactMatrix):
        values = [entry for row in values.entries() for entry in row]
    if isinstance(values, jax.Array | np.ndarray) and values.dtype != object:
        if values.ndim != 1:
            raise NetworkError(f"{what}: expected a vector, got an array of shape {values.shape}.")
        return tuple(_from_float_array(_stored(values, what)[None, :], what).entries()[0])
    if isinstance(values, sympy.MatrixBase):
        values = list(values)
    if not _is_row(values):
        raise NetworkError(f"{what}: expected a vector (a list of numbers), got {shorten(values)}.")
    return tuple(_entry(value, f"{what}[{i}]") for i, value in enumerate(values))


def _public(value: Entry) -> Any:
    """Returns an entry as users see it."""
    return to_rational(value) if isinstance(value, fmpq) else value


def _is_place(index: Any) -> bool:
    return isinstance(index, int | np.integer) and not isinstance(index, bool)


def _place(index: Any, size: int) -> int:
    if not -size <= index < size:
        raise IndexError(f"expected an index from {-size} to {size - 1}, got {index}.")
    return int(index) % size


def _is_row(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray | jax.Array) and not isinstance(value, str)


def _entry(value: Any, what: str) -> Entry:
    if is_symbolic(value):
        return value
    try:
        return rational(value, what)
    except RelucircError as error:
        raise NetworkError(str(error)) from None


def _stored(array: Any, what: str) -> np.ndarray:
    """Returns an array of numbers as NumPy's."""
    if jnp.issubdtype(array.dtype, jax.dtypes.extended):
        raise NetworkError(f"{what}: expected real numbers, got an array of dtype {array.dtype}.")
    try:
        return np.asarray(unmasked(array, what))
    except RelucircError as error:
        raise NetworkError(str(error)) from None


def _from_float_array(array: Any, what: str) -> ExactMatrix:
    if array.ndim != 2:
        raise NetworkError(f"{what}: expected a matrix (out x in), got an array of shape {array.shape}.")
    array = _stored(array, what)
    if array.dtype.kind in "iub":
        numbers = array
    elif jnp.issubdtype(array.dtype, jnp.floating):
        numbers = wide(array)
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            where = "][".join(str(int(k)) for k in bad[0])
            raise NetworkError(f"{what}[{where}]: expected a finite number, got {numbers[tuple(bad[0])].item()!r}.")
    else:
        raise NetworkError(f"{what}: expected real numbers, got an array of dtype {array.dtype}.")
    rows: list[dict[int, Entry]] = []
    for row in numbers.tolist():
        tick()
        rows.append({j: fmpq(*value.as_integer_ratio()) for j, value in enumerate(row) if value})
    return ExactMatrix.sparse((array.shape[0], array.shape[1]), rows)
