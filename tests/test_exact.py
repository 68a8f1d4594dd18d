"""Numbers: every float is read as exactly the rational it is, and written back to the nearest float."""

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from flint import fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc.core.errors import NetworkError, RelucircError
from relucirc.core.exact import (
    MAX_DIGITS,
    approximate,
    common_denominator,
    fraction,
    rational,
    text,
    to_float,
    to_rational,
    written,
)
from relucirc.core.matrix import ExactMatrix, exact_vector
from relucirc.language.network import MLP

HALVES = (np.float16, jnp.bfloat16)
DTYPES = (*HALVES, np.float32, np.float64)
FRACTIONS = st.fractions() | st.builds(lambda m, e: m * Fraction(2) ** e, st.fractions(), st.integers(-1200, 1200))
SHAPES = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))


def decoded(bits, exponent_bits, mantissa_bits):
    """The value of a float's bits by the definition in IEEE 754; None for NaN and infinity."""
    sign = -1 if bits >> (exponent_bits + mantissa_bits) else 1
    exponent = bits >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = bits & (1 << mantissa_bits) - 1
    if exponent == (1 << exponent_bits) - 1:
        return None
    bias = (1 << exponent_bits - 1) - 1
    if exponent == 0:
        return sign * mantissa * Fraction(2) ** (1 - bias - mantissa_bits)
    return sign * ((1 << mantissa_bits) + mantissa) * Fraction(2) ** (exponent - bias - mantissa_bits)


@pytest.mark.parametrize(("dtype", "layout"), [(np.float16, (5, 10)), (jnp.bfloat16, (8, 7))])
def test_all_65536_half_precision_floats_are_lossless_both_ways(dtype, layout):
    floats = np.arange(2**16, dtype=np.uint16).view(dtype)
    expected = [decoded(bits, *layout) for bits in range(2**16)]
    finite = [i for i, value in enumerate(expected) if value is not None]
    (row,) = ExactMatrix.of(floats[finite][None, :]).tolist()
    assert [fraction(v) for v in row] == [expected[i] for i in finite]
    back = np.array([to_float(v, dtype) for v in row])
    assert back.dtype == dtype
    assert (back == floats[finite]).all()


@given(st.integers(0, 2**32 - 1))
def test_float32_is_read_bit_by_bit(bits):
    value, expected = np.uint32(bits).view(np.float32), decoded(bits, 8, 23)
    if expected is None:
        with pytest.raises(RelucircError, match="expected a finite number"):
            rational(value)
    else:
        assert fraction(rational(value)) == fraction(rational(jnp.asarray(value))) == expected
        assert to_float(rational(value), np.float32) == value


@given(st.integers(0, 2**64 - 1))
def test_float64_is_read_bit_by_bit(bits):
    value, expected = np.uint64(bits).view(np.float64), decoded(bits, 11, 52)
    if expected is not None:
        assert fraction(rational(value)) == fraction(rational(float(value))) == expected
        assert to_float(rational(value)) == value


@pytest.mark.parametrize("dtype", DTYPES)
def test_extremes_and_subnormals_are_lossless(dtype):
    info = jnp.finfo(dtype)
    for name in ("max", "min", "tiny", "smallest_subnormal", "eps"):
        value = np.asarray(getattr(info, name), dtype)
        assert to_float(rational(value), dtype) == value != 0
    assert rational(np.asarray(-0.0, dtype)) == 0


@pytest.mark.parametrize("dtype", DTYPES)
@given(number=FRACTIONS)
def test_writing_takes_the_nearest_float_and_the_even_one_of_two(dtype, number):
    """No float is nearer: neither neighbour of the result is, and on a tie the last bit is 0."""
    result = to_float(rational(number), dtype)
    info = jnp.finfo(dtype)
    if not np.isfinite(np.float64(result)):
        largest = fraction(rational(info.max))
        ulp = Fraction(2) ** (int(info.maxexp) - 1 - int(info.nmant))
        assert abs(number) >= largest + ulp / 2
        return
    bits = np.asarray(result, dtype).view({2: np.uint16, 4: np.uint32, 8: np.uint64}[np.dtype(dtype).itemsize])
    error = abs(fraction(rational(result)) - number)
    for side in (-np.inf, np.inf):
        neighbour = np.nextafter(np.asarray(result, dtype), np.asarray(side, dtype))
        if np.isfinite(np.float64(neighbour)):
            other = abs(fraction(rational(neighbour)) - number)
            assert error < other or (error == other and int(bits) % 2 == 0)


@given(number=FRACTIONS)
def test_float64_agrees_with_pythons_division(number):
    try:
        expected = number.numerator / number.denominator
    except OverflowError:
        expected = math.inf if number > 0 else -math.inf
    assert to_float(rational(number)) == approximate(rational(number)) == expected


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_half_way_between_two_floats_the_even_one_is_taken(dtype, data):
    bits = int(jnp.finfo(dtype).nmant)
    mantissa = data.draw(st.integers(2**bits, 2 ** (bits + 1) - 1))
    unit = Fraction(2) ** data.draw(st.integers(-14 - bits, 8 - bits))
    even = mantissa + mantissa % 2
    for sign in (1, -1):
        half_way = sign * (mantissa + Fraction(1, 2)) * unit
        assert fraction(rational(to_float(rational(half_way), dtype))) == sign * even * unit
        above = sign * (mantissa + Fraction(1, 2) + Fraction(1, 10**30)) * unit
        assert fraction(rational(to_float(rational(above), dtype))) == sign * (mantissa + 1) * unit


def test_rounding_is_not_done_twice():
    """Through float64 this number would become a tie of float32, and round down to 1."""
    number = fmpq(1) + fmpq(1, 2**24) + fmpq(1, 2**80)
    assert np.float32(to_float(number)) == 1
    assert to_float(number, np.float32) == np.nextafter(np.float32(1), np.float32(2))


@given(st.fractions())
def test_every_kind_of_number_is_read_as_itself(q):
    kinds = [q, fmpq(q.numerator, q.denominator), sympy.Rational(q), str(q), f" {q} "]
    assert {rational(kind) for kind in kinds} == {fmpq(q.numerator, q.denominator)}
    assert rational(text(rational(q))) == rational(q)
    assert fraction(rational(to_rational(rational(q)))) == q
    n = q.numerator
    assert rational(n) == rational(fmpz(n)) == rational(sympy.Integer(n)) == n


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
def test_decimal_text_is_exact(decimal):
    assert fraction(rational(str(decimal))) == Fraction(decimal)


def test_tenth_as_text_and_as_float():
    assert rational("0.1") == fmpq(1, 10)
    assert rational(np.float32(0.1)) == fmpq(13421773, 134217728)
    assert rational(sympy.Float("0.1")) == rational(0.1) == fmpq(*(0.1).as_integer_ratio())
    assert [rational(t) for t in ("1e3", "1.5E-2", ".5", "5.", "+3", "-1/2")] == [
        1000,
        fmpq(3, 200),
        fmpq(1, 2),
        5,
        3,
        fmpq(-1, 2),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "e5",
        "nan",
        "inf",
        "1/2/3",
        "1e",
        "--1",
        "0x10",
        "1_0",
        "1 2",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "1e99999999999",
        "9" * (MAX_DIGITS + 1),
        "1e20001",
    ],
)
def test_other_text_is_refused(bad):
    with pytest.raises(RelucircError):
        rational(bad)


@pytest.mark.parametrize(
    "bad",
    [
        math.nan,
        math.inf,
        -math.inf,
        np.float32("nan"),
        jnp.inf,
        sympy.nan,
        sympy.oo,
        sympy.pi,
        sympy.I,
        1j,
        None,
        [1],
        np.ones(2),
        "1/0",
        sympy.Symbol("x"),
        np.longdouble(1),
    ],
)
def test_what_is_no_rational_number_is_refused_with_its_name(bad):
    with pytest.raises(RelucircError, match=r"^(weight: |floats wider)"):
        rational(bad, "weight")


def test_numbers_longer_than_python_prints_are_written():
    long = sympy.Rational(10**6000 + 1, 3)
    assert written(long) == "1" + "0" * 5999 + "1/3"
    assert written(sympy.Symbol("x")) == "x"
    assert rational(written(long)) == rational(long)


def dense(rows, width):
    return ExactMatrix.of([[Fraction(v) for v in row] for row in rows]) if rows else ExactMatrix((0, width), ())


@given(SHAPES, st.randoms(use_true_random=False))
def test_products_agree_with_sympy_matrices(shape, random):
    n, k, m = shape
    a = [[Fraction(random.randint(-3, 3), random.randint(1, 3)) for _ in range(k)] for _ in range(n)]
    b = [[Fraction(random.randint(-3, 3), random.randint(1, 3)) for _ in range(m)] for _ in range(k)]
    product = dense(a, k) @ dense(b, m)
    expected = sympy.Matrix(n, k, [v for row in a for v in row]) * sympy.Matrix(k, m, [v for row in b for v in row])
    assert product.shape == (n, m)
    assert [[to_rational(v) for v in row] for row in product.tolist()] == expected.tolist()
    if m:
        column = [row[0] for row in dense(b, m).tolist()]
        assert dense(a, k).apply(column) == [row[0] for row in product.tolist()]


@given(st.lists(st.fractions(), min_size=1))
def test_common_denominator_is_the_least(values):
    d = common_denominator(map(rational, values))
    assert all((v * d).denominator == 1 for v in values)
    assert d == math.lcm(*(v.denominator for v in values))


places = st.one_of(st.integers(-4, 3), st.slices(4), st.just(Ellipsis), st.lists(st.integers(-2, 1), max_size=3))
indices = st.one_of(places, st.tuples(places), st.tuples(places, places), st.integers(-4, 3).map(np.int64))


@given(SHAPES, st.randoms(use_true_random=False), indices)
def test_an_exact_matrix_is_indexed_as_the_array_of_its_fractions(shape, random, index):
    n, m = shape[0], max(shape[1], 1)
    numbers = [[Fraction(random.randint(-3, 3), random.randint(1, 3)) for _ in range(m)] for _ in range(n)]
    matrix, array = dense(numbers, m), np.array(numbers, dtype=object).reshape(n, m)
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            matrix[index]
        return
    found = matrix[index]
    assert np.shape(found) == np.shape(expected)
    assert np.all(np.equal(found, expected))
    assert np.all(np.equal(found + Fraction(1, 7), Fraction(1, 7) + expected))
    assert all(isinstance(v, sympy.Rational) for v in np.ravel(np.asarray(found, dtype=object)))


@given(SHAPES, st.randoms(use_true_random=False))
def test_an_exact_matrix_is_an_array_to_numpy(shape, random):
    n, m = shape[0], max(shape[1], 1)
    numbers = [[Fraction(random.randint(-9, 9), random.randint(1, 9)) for _ in range(m)] for _ in range(n)]
    matrix, array = dense(numbers, m), np.array(numbers, dtype=object).reshape(n, m)
    assert (np.shape(matrix), np.ndim(matrix), len(matrix)) == ((n, m), 2, n)
    assert np.array_equal(np.array(matrix), array)
    assert np.array_equal(np.array(matrix, float), array.astype(float))
    assert np.array(matrix, np.float32).dtype == np.float32
    assert matrix.tolist() == [list(row) for row in matrix] == numbers
    assert ExactMatrix.of(np.array(matrix)) == matrix or not n
    if n:
        assert np.array_equal(array.T @ matrix, array.T @ array)
        assert ExactMatrix.of(matrix.tolist()) == matrix


def test_entries_of_an_exact_network_add_to_what_users_add():
    weight, bias = relucirc.circuits.minimum().layers[0].weight, MLP.from_arrays([([["1/3"]], ["2/3"])]).layers[0].bias
    assert weight[0][1] + Fraction(1, 2) == Fraction(3, 2)
    assert weight[0, 1] == 1 == fmpq(1)
    assert Fraction(weight[0][1]) == 1
    assert (bias[0][0] + Fraction(1, 3), bias[0] + 1) == (1, [Fraction(5, 3)])
    family = relucirc.circuits.minimum.family().layers[0].weight
    assert {s for row in family for entry in row for s in sympy.sympify(entry).free_symbols} == set(family.symbols)


def test_a_dense_array_of_a_wide_sparse_matrix_is_refused():
    wide = ExactMatrix.sparse((10**6, 10**6), [{0: fmpq(1)}, *[{}] * (10**6 - 1)])
    assert (wide[0, 0], wide[-1, -1]) == (1, 0)
    for dense_array in (np.array, lambda w: w.tolist(), lambda w: w[:, 0], lambda w: np.array(w, np.float32)):
        with pytest.raises(NetworkError, match=r"1000000 x 1000000 numbers is too large"):
            dense_array(wide)


def test_matrices_are_equal_whatever_they_were_made_of():
    same = [[[1, 0], ["1/2", -3]], np.array([[1, 0], [0.5, -3]]), sympy.Matrix([[1, 0], [sympy.Rational(1, 2), -3]])]
    matrices = [ExactMatrix.of(values) for values in same]
    assert len(set(matrices)) == 1
    assert matrices[0] != ExactMatrix.of([[1, 0], ["1/2", 3]])
    assert matrices[0].strings() == [["1", "0"], ["1/2", "-3"]]
    assert matrices[0][1, 1] == -3
    assert len(matrices[0]) == 2
    assert repr(matrices[0]) == "ExactMatrix([['1', '0'], ['1/2', '-3']])"
    assert (
        exact_vector(matrices[0])
        == exact_vector(np.array([1, 0, 0.5, -3]))
        == exact_vector(sympy.Matrix([1, 0, "1/2", -3]))
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ExactMatrix.of([[1, 2], [3]]), "ragged matrix: row 0 has 2 entries, row 1 has 1"),
        (lambda: ExactMatrix.of([1, 2]), r"expected a matrix \(a list of rows, out x in\), got \[1, 2\]"),
        (lambda: ExactMatrix.of(7), "expected a matrix"),
        (lambda: ExactMatrix.of("12"), "expected a matrix"),
        (lambda: ExactMatrix.of([[1, None]]), r"weight\[0\]\[1\]: expected a rational number"),
        (lambda: ExactMatrix.of([[1, math.nan]]), r"weight\[0\]\[1\]: expected a finite number, got nan"),
        (lambda: ExactMatrix.of(np.array([[1], [np.inf]])), r"weight\[1\]\[0\]: expected a finite number"),
        (lambda: ExactMatrix.of(np.array([[1j]])), "expected real numbers, got an array of dtype complex128"),
        (lambda: ExactMatrix.of(np.ones(3)), r"got an array of shape \(3,\)"),
        (lambda: exact_vector(np.ones((1, 1))), "expected a vector"),
        (lambda: exact_vector(3), "expected a vector"),
        (lambda: ExactMatrix.of([[1]]) @ ExactMatrix.of([[1], [2]]), "cannot multiply matrices of shapes"),
        (lambda: ExactMatrix.of([[sympy.Symbol("p")]]).to_numpy(), r"symbolic weights \['p'\] have no float value"),
    ],
)
def test_wrong_matrices_are_refused_with_their_place(make, words):
    with pytest.raises(NetworkError, match=words):
        make()
