"""Exact rational numbers: one bit-exact way in, one way out, and sparse matrices of them.

A float *is* a rational number, ``mantissa * 2**exponent``; converting it loses nothing:
float32 ``0.1`` is exactly 13421773/134217728.  Decimal text is exact as well: ``"0.1"`` is 1/10.
The number type inside the library is ``flint.fmpq``; at the edge it is ``sympy.Rational``.
"""

import math
import numbers
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from flint import fmpq, fmpz

from relucirc.core.budget import tick
from relucirc.core.errors import NetworkError, RelucircError, shorten

Number = Any
"""What :func:`rational` reads: int, float, Fraction, NumPy or JAX scalar, SymPy rational, text."""

ZERO, ONE = fmpq(0), fmpq(1)

_TEXT = re.compile(r"\s*([+-]?\d+)(?:\s*/\s*(\d+))?\s*|\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*", re.ASCII)
MAX_DIGITS = 20_000
"""Longest number that is read from text, exponent written out: nobody fills memory with one."""


def rational(value: Number, what: str = "number") -> fmpq:
    """Reads one exact rational number.

    Args:
        value: int, ``Fraction``, ``fmpq``, SymPy rational, a float of any width (taken as exactly
            the binary value it holds), a NumPy or JAX scalar, or text: ``"3"``, ``"-1/2"``,
            ``"0.1"`` (one tenth exactly), ``"1e-3"``.
        what: Name used in error messages.

    Returns:
        The number as ``flint.fmpq``.

    Raises:
        RelucircError: For NaN, infinity, unreadable text, or anything that is not rational.

    Example:
        >>> rational("0.1"), rational(0.5)
        (1/10, 1/2)
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, bool | np.bool_):
        return fmpq(int(value))
    if isinstance(value, int):
        return fmpq(value)
    if isinstance(value, str):
        return _from_text(value, what)
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    if isinstance(value, fmpz):
        return fmpq(value)
    if isinstance(value, sympy.Rational):
        return fmpq(int(value.p), int(value.q))
    if isinstance(value, sympy.Float):
        return rational(sympy.Rational(value), what)
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        if np.ndim(value) != 0:
            raise RelucircError(f"{what}: expected one number, got an array of shape {np.shape(value)}.")
        if jnp.issubdtype(value.dtype, jax.dtypes.extended):
            raise RelucircError(f"{what}: expected a real number, got {shorten(value)}.")
        array = np.asarray(unmasked(value, what))
        if np.issubdtype(array.dtype, np.integer):
            return fmpq(int(array))
        if np.issubdtype(array.dtype, np.complexfloating) or array.dtype.kind == "O":
            raise RelucircError(f"{what}: expected a real number, got {shorten(value)}.")
        return rational(_wide(array).item(), what)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise RelucircError(f"{what}: expected a finite number, got {value!r}.")
        return fmpq(*value.as_integer_ratio())
    if isinstance(value, numbers.Rational):
        return fmpq(int(value.numerator), int(value.denominator))
    raise RelucircError(
        f"{what}: expected a rational number (int, float, Fraction, SymPy rational, or text such as "
        f"'1/3'), got {shorten(value)} of type {type(value).__name__}."
    )


def _wide(array: np.ndarray) -> np.ndarray:
    """Widens floats without loss: to float64, or leaves longdouble to fail on overflow."""
    if array.dtype.itemsize > 8:
        raise RelucircError(f"floats wider than 64 bits are not read (got {array.dtype}); convert them first.")
    return array.astype(np.float64)


def _from_text(text: str, what: str) -> fmpq:
    match = _TEXT.fullmatch(text) if len(text) <= MAX_DIGITS else None
    if match is None or not any(match.group(1, 4, 5)):
        raise RelucircError(
            f"{what}: expected a rational number such as '3', '-1/2', '0.1' or '1e-3', got {shorten(text)!r}."
        )
    whole, denominator, sign, before, after, exponent = match.groups()
    if whole is not None:
        if denominator is not None and not denominator.strip("0"):
            raise RelucircError(f"{what}: division by zero in {shorten(text)!r}.")
        return fmpq(_integer(whole), _integer(denominator or "1"))
    shift = int(exponent or 0) if len(exponent or "") < 9 else MAX_DIGITS + 1
    if abs(shift) > MAX_DIGITS:
        raise RelucircError(f"{what}: exponent too large in {shorten(text)!r}; at most {MAX_DIGITS} digits are read.")
    value = fmpq(_integer((before + after) or "0")) * fmpq(10) ** (shift - len(after))
    return -value if sign == "-" else value


def _integer(digits: str) -> fmpz:
    """Reads digits of any length; Python's own ``int`` stops at 4,300."""
    return fmpz(digits.lstrip("+"))


def fraction(value: fmpq) -> Fraction:
    """Converts to ``fractions.Fraction``."""
    return Fraction(int(value.p), int(value.q))


def sign_of(value: fmpq) -> int:
    """Returns -1, 0 or 1."""
    return (value.p > 0) - (value.p < 0)


def nearest_integer(value: fmpq) -> int:
    """Returns the nearest integer; of two, the larger."""
    return int((2 * value.p + value.q) // (2 * value.q))


def to_rational(value: fmpq) -> sympy.Rational:
    """Converts to ``sympy.Rational``, the type that users see."""
    return sympy.Rational(int(value.p), int(value.q))


def text(value: fmpq) -> str:
    """Writes a rational as text that :func:`rational` reads back: ``"-1/2"``."""
    return f"{value.p}" if value.q == 1 else f"{value.p}/{value.q}"


def written(value: Any) -> str:
    """Writes a SymPy value; a rational of any length, where Python's ``str`` stops at 4,300 digits."""
    return text(rational(value)) if isinstance(value, sympy.Rational) else str(value)


def to_float(value: fmpq, dtype: Any = np.float64) -> Any:
    """Rounds to the nearest float of ``dtype``, ties to even; overflow gives an infinity.

    Rounding straight from the rational avoids the double rounding of going through float64.
    """
    info = jnp.finfo(dtype)
    numerator, denominator = abs(int(value.p)), int(value.q)
    if numerator == 0:
        return np.dtype(dtype).type(0)
    exponent = numerator.bit_length() - denominator.bit_length()
    if numerator < denominator << exponent if exponent >= 0 else numerator << -exponent < denominator:
        exponent -= 1
    step = max(exponent, int(info.minexp)) - int(info.nmant)  # weight of the last mantissa bit
    scaled = Fraction(numerator, denominator) / (Fraction(2) ** step)
    mantissa = round(scaled)  # ties to even
    try:
        result = math.ldexp(mantissa, step)
    except OverflowError:
        result = math.inf
    if result > float(info.max):
        result = math.inf
    return np.dtype(dtype).type(-result if value.p < 0 else result)


def approximate(value: fmpq) -> float:
    """Returns the nearest float64, infinite on overflow; for proposals, never for decisions."""
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return math.inf if value.p > 0 else -math.inf


def real_array(value: Any, what: str, expected: str = "an array of real numbers") -> Any:
    """Returns real numbers as an array: JAX's own, and traced ones, as they are, anything else as NumPy's.

    Args:
        value: An array of any library, or nested lists.
        what: Its name in error messages.
        expected: What it should be, in words.

    Raises:
        RelucircError: For what is no array of real numbers, and for masked entries.
    """
    if isinstance(value, jax.Array):
        array = value
    else:
        plain = unmasked(value, what)
        try:
            array = np.asarray(plain)
        except jax.errors.TracerArrayConversionError:  # a list of traced numbers
            array = jnp.asarray(plain)
        except Exception as error:  # whatever the array of another library raises
            reason = shorten((str(error).strip() or type(error).__name__).splitlines()[0])
            ragged = isinstance(value, list | tuple) and isinstance(error, ValueError)
            got = f"ragged data, {shorten(value)}" if ragged else f"{_kind(value)}: {reason}"
            raise RelucircError(f"{what}: expected {expected}, got {got}.") from None
    dtype = array.dtype
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize <= 8:
        return array
    if jnp.issubdtype(dtype, jnp.integer) or jnp.issubdtype(dtype, jnp.bool_):
        return array
    if isinstance(value, np.ndarray | jax.Array | list | tuple):
        raise RelucircError(
            f"{what}: expected real numbers of at most 64 bits, got an array of dtype {dtype}; convert it, as in "
            f"{what}.astype('float64'), or use net.at(...) for exact values."
        )
    advice = f"; convert it, as in {what}.toarray()" if hasattr(value, "toarray") else ""
    raise RelucircError(f"{what}: expected {expected}, got {_kind(value)}{advice}.")


def unmasked(value: Any, what: str) -> Any:
    """Returns the data of a NumPy array that may be masked, and anything else as it is.

    Raises:
        RelucircError: For masked entries, which are no numbers.
    """
    if isinstance(value, list | tuple):
        return [unmasked(item, what) for item in value] if any(map(np.ma.isMaskedArray, value)) else value
    if not np.ma.isMaskedArray(value):
        return value
    count = np.ma.count_masked(value)
    if count:
        raise RelucircError(
            f"{what}: expected numbers, got a masked array with {count} of its {np.size(value)} entries masked; leave "
            "those out, or fill them in with .filled(0)."
        )
    return value.data


def _kind(value: Any) -> str:
    return f"{shorten(value)} of type {type(value).__name__}"


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
        widths = [len(row) for row in rows]
        if len(set(widths)) > 1:
            other = next(i for i, width in enumerate(widths) if width != widths[0])
            raise NetworkError(
                f"{what}: expected rows of one length, got a ragged matrix: row 0 has {widths[0]} "
                f"entries, row {other} has {widths[other]}."
            )
        sparse = []
        for i, row in enumerate(rows):
            entries = ((j, _entry(value, f"{what}[{i}][{j}]")) for j, value in enumerate(row))
            sparse.append(tuple((j, value) for j, value in entries if value != 0))
        return ExactMatrix((len(rows), widths[0] if widths else 0), tuple(sparse))

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
        dense = [["0"] * self.shape[1] for _ in self.rows]
        for line, row in zip(dense, self.rows, strict=True):
            for j, v in row:
                line[j] = text(v) if isinstance(v, fmpq) else str(v)
        return dense

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
        wide = array
    elif jnp.issubdtype(array.dtype, jnp.floating):
        wide = _wide(array)
        bad = np.argwhere(~np.isfinite(wide))
        if len(bad):
            where = "][".join(str(int(k)) for k in bad[0])
            raise NetworkError(f"{what}[{where}]: expected a finite number, got {wide[tuple(bad[0])].item()!r}.")
    else:
        raise NetworkError(f"{what}: expected real numbers, got an array of dtype {array.dtype}.")
    rows: list[dict[int, Entry]] = [{} for _ in range(array.shape[0])]
    for i, j in np.argwhere(wide != 0).tolist():
        tick()
        rows[i][j] = rational(wide[i, j].item())
    return ExactMatrix.sparse((array.shape[0], array.shape[1]), rows)


def common_denominator(values: Iterable[fmpq]) -> int:
    """Returns the least positive integer that makes every value an integer."""
    return math.lcm(*(int(v.q) for v in values))


__all__ = ["ExactMatrix", "Number", "exact_vector", "rational", "text", "to_float", "to_rational"]
