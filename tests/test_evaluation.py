"""``evaluate``: points of any shape, dtype and home give their values in the same shape, dtype and home."""

import io
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, RelucircError, evaluate
from relucirc.evaluation import batch
from relucirc.evaluation.batch import aligned_empty

minimum = relucirc.circuits.minimum()
halves = MLP.from_arrays([([[1, 0], [0, -2], ["1/2", 1]], [0, 1, "-1/4"]), ([[1, 1, -1], [0, 2, 4]], ["1/8", 0])])
"""Two outputs; all its values at halves are short binary numbers, so every float type computes them exactly."""


def exact(net, points):
    """The values by exact arithmetic, one point at a time."""
    flat = [[float(v) for v in net.at(*map(float, point))] for point in np.reshape(points, (-1, len(net.inputs)))]
    return np.array(flat).reshape(*np.shape(points)[:-1], net.sizes[-1])


def half_integers(shape, seed=0):
    return np.random.default_rng(seed).integers(-8, 9, size=shape) / 2


SHAPES = [(2,), (1, 2), (5, 2), (3, 4, 2), (0, 2), (2, 0, 2), (1, 1, 1, 2)]


@pytest.mark.parametrize(
    ("shape", "home"),
    [(shape, home) for shape in SHAPES for home in (np.asarray, jnp.asarray)]
    + [(shape, np.ndarray.tolist) for shape in SHAPES if 0 not in shape],  # an empty list has no shape
)
def test_any_leading_shape_is_kept(shape, home):
    points = half_integers(shape).astype(np.float32)
    result = evaluate(halves, home(points))
    assert isinstance(result, jax.Array if home is jnp.asarray else np.ndarray)
    assert result.shape == (*shape[:-1], 2)
    np.testing.assert_array_equal(result, exact(halves, points))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_floats_keep_their_dtype(dtype):
    points = half_integers((40, 2)).astype(jnp.dtype(dtype))
    result = evaluate(halves, points)
    assert isinstance(result, np.ndarray)
    assert result.dtype == points.dtype
    np.testing.assert_array_equal(result.astype(float), exact(halves, points.astype(float)))
    if dtype != "float64":
        assert evaluate(halves, jnp.asarray(points)).dtype == points.dtype


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16", "bool"])
def test_integers_become_the_default_float(dtype):
    points = np.array([[0, 1], [1, 1], [1, 0]], dtype)
    assert evaluate(minimum, points).dtype == np.float32
    np.testing.assert_array_equal(evaluate(minimum, points), [[0], [1], [0]])
    assert evaluate(minimum, jnp.asarray(points)).dtype == np.float32


def test_float64_is_computed_in_64_bits_where_jax_defaults_to_32():
    third = MLP.from_arrays([([["1/3"]], None)])
    assert evaluate(third, np.array([[1.0]]))[0, 0] == 1 / 3
    assert float(evaluate(third, np.array([[1.0]], np.float32))[0, 0]) == float(np.float32(1 / 3)) != 1 / 3


def test_float64_jax_arrays_are_computed_in_64_bits():
    third = MLP.from_arrays([([["1/3"]], None)])
    with jax.enable_x64(True):
        result = evaluate(third, jnp.array([[1.0]], jnp.float64))
        assert result.dtype == np.float64
        assert float(result[0, 0]) == 1 / 3


def strided(kind, points):
    """The same points, lying in memory in another way."""
    count, inputs = points.shape
    if kind == "columns":
        return np.asfortranarray(points)
    if kind == "every second":
        wide = np.zeros((2 * count, inputs), points.dtype)
        wide[::2] = points
        return wide[::2]
    if kind == "backwards":
        return np.ascontiguousarray(points[::-1])[::-1]
    if kind == "a few columns":
        wide = np.zeros((count, inputs + 3), points.dtype)
        wide[:, 1 : 1 + inputs] = points
        return wide[:, 1 : 1 + inputs]
    if kind == "not aligned":
        raw = aligned_empty((count * inputs + 1,), points.dtype)[1:].reshape(count, inputs)
        raw[:] = points
        return raw
    if kind == "read only":
        points = points.copy()
        points.flags.writeable = False
        return points
    return points.astype(points.dtype.newbyteorder())


@pytest.mark.parametrize(
    "kind", ["columns", "every second", "backwards", "a few columns", "not aligned", "read only", "other byte order"]
)
@pytest.mark.parametrize("chunk", [None, 7, 64])
def test_any_memory_order_gives_the_same_values(kind, chunk):
    points = half_integers((203, 2)).astype(np.float32)
    given = strided(kind, points)
    before = given.copy()
    result = evaluate(halves, given, chunk=chunk)
    assert result.dtype == np.float32
    assert result.dtype.isnative
    np.testing.assert_array_equal(result, exact(halves, points))
    np.testing.assert_array_equal(given, before)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 300), chunk=st.integers(1, 310), shift=st.integers(0, 20))
def test_chunks_cover_every_point_once(count, chunk, shift):
    """Every start address modulo 64 and every rest at the end; all values differ, so a shift would show."""
    store = aligned_empty((shift + count, 1), np.float32)
    store[:, 0] = np.arange(shift + count)
    out = np.full((count, 1), np.nan, np.float32)
    assert evaluate(relucirc.circuits.absolute(), store[shift:], chunk=chunk, out=out) is out
    np.testing.assert_array_equal(out, store[shift:])


def test_aligned_chunks_are_read_where_they_lie(monkeypatch):
    copies = []
    real = batch.aligned_empty
    monkeypatch.setattr(batch, "aligned_empty", lambda *a: copies.append(a) or real(*a))
    aligned = real((1024, 2), np.float32)
    aligned[:] = half_integers((1024, 2))
    expected = exact(minimum, aligned)
    np.testing.assert_array_equal(evaluate(minimum, aligned, chunk=64), expected)
    assert copies == []
    shifted = real((1024 * 2 + 1,), np.float32)[1:].reshape(1024, 2)  # no point starts at a multiple of 64 bytes
    shifted[:] = aligned
    np.testing.assert_array_equal(evaluate(minimum, shifted, chunk=64), expected)
    assert len(copies) == 2  # two buffers, however many chunks


def test_results_do_not_share_memory_with_later_ones():
    first = evaluate(minimum, np.ones((100, 2), np.float32))
    evaluate(minimum, np.zeros((100, 2), np.float32))
    assert (first == 1).all()
    first[:] = 5  # and can be written


def test_memory_mapped_points_give_memory_mapped_values(tmp_path):
    points = half_integers((5000, 2)).astype(np.float32)
    np.save(tmp_path / "points.npy", points)
    xs = np.load(tmp_path / "points.npy", mmap_mode="r")
    assert isinstance(xs, np.memmap)
    out = np.lib.format.open_memmap(tmp_path / "values.npy", "w+", np.float32, (5000, 2))
    assert evaluate(halves, xs, out=out, chunk=999) is out
    out.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), exact(halves, points))
    np.testing.assert_array_equal(evaluate(halves, xs), exact(halves, points))


def test_an_iterator_is_taken_one_array_at_a_time():
    taken = []

    def arrays():
        for k, home in enumerate([np.asarray, jnp.asarray, np.ndarray.tolist]):
            taken.append(k)
            yield home(half_integers((k + 2, 2), seed=k).astype(np.float32))

    results = evaluate(halves, arrays())
    assert taken == []
    for k, kind in enumerate([np.ndarray, jax.Array, np.ndarray]):
        result = next(results)
        assert taken == list(range(k + 1))
        assert isinstance(result, kind)
        np.testing.assert_array_equal(result, exact(halves, half_integers((k + 2, 2), seed=k)))
    assert next(results, "end") == "end"


def test_a_bar_counts_every_point_once(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    evaluate(minimum, np.zeros((1000, 2), np.float32), progress=True, chunk=300)
    assert "1.00k/1.00k" in shown.getvalue()
    shown.truncate(0)
    list(evaluate(minimum, iter([np.zeros((700, 2)), jnp.zeros((300, 2))]), progress=True))
    assert "1,000 points" in shown.getvalue()
    shown.truncate(0)
    evaluate(minimum, np.zeros((1000, 2), np.float32))
    assert shown.getvalue() == "\x00" * len(shown.getvalue())


def test_no_bar_is_shown_where_standard_error_is_no_terminal(tmp_path, capsys):
    np.save(tmp_path / "points.npy", np.zeros((10, 2)))
    evaluate(minimum, np.load(tmp_path / "points.npy", mmap_mode="r"))
    list(evaluate(minimum, iter([np.zeros((10, 2))])))
    assert capsys.readouterr().err == ""


def test_evaluate_works_inside_jit_grad_and_vmap():
    points = jnp.asarray(half_integers((6, 2)).astype(np.float32))
    expected = exact(halves, points)
    np.testing.assert_array_equal(jax.jit(lambda xs: evaluate(halves, xs))(points), expected)
    np.testing.assert_array_equal(jax.vmap(lambda x: evaluate(halves, x))(points), expected)
    gradient = jax.grad(lambda x: evaluate(minimum, x)[0])(jnp.array([1.0, 2.0]))
    np.testing.assert_array_equal(gradient, [1, 0])


def test_weights_can_be_differentiated_through_evaluate():
    rng = np.random.default_rng(1)
    layers = [
        (rng.normal(size=s).astype(np.float32), rng.normal(size=s[0]).astype(np.float32)) for s in [(5, 2), (1, 5)]
    ]
    net = MLP.from_arrays(layers)
    points = jnp.asarray(rng.normal(size=(20, 2)).astype(np.float32))
    ours = jax.grad(lambda n: jnp.sum(evaluate(n, points) ** 2))(net)
    with jax.default_matmul_precision("highest"):  # on accelerators, JAX's default is fewer bits
        naive = jax.grad(lambda n: jnp.sum(jax.vmap(n)(points) ** 2))(net)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(naive), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_a_network_is_compiled_once():
    net = relucirc.circuits.minimum(3)
    evaluate(net, np.zeros((3, 3)))
    first = batch._compiled_for(net, "rows", None)
    evaluate(net, np.ones((3, 3)))
    assert batch._compiled_for(net, "rows", None) is first
    assert batch._compiled_for(relucirc.circuits.minimum(3), "rows", None) is not first
    assert len(batch._compiled) <= batch.KEPT


REFUSED = {
    "a wrong last axis": (lambda: evaluate(minimum, np.zeros((5, 3))), r"\['x1', 'x2'\].*got \(5, 3\)"),
    "features where rows are expected": (lambda: evaluate(minimum, np.zeros((2, 5))), r"transpose it"),
    "one input without its axis": (lambda: evaluate(relucirc.circuits.absolute(), np.zeros(5)), r"xs\[\.\.\., None\]"),
    "a number": (lambda: evaluate(minimum, 3.0), r"got \(\)"),
    "complex numbers": (lambda: evaluate(minimum, np.zeros((5, 2), complex)), "complex128"),
    "complex JAX numbers": (lambda: evaluate(minimum, jnp.zeros((5, 2), complex)), "complex64"),
    "ragged lists": (lambda: evaluate(minimum, [[1, 2], [3]]), "ragged"),
    "text": (lambda: evaluate(minimum, [["1/3", "2"]]), "dtype <U3"),
    "a chunk of nothing": (lambda: evaluate(minimum, np.zeros((5, 2)), chunk=0), "chunk"),
    "an out of another shape": (lambda: evaluate(minimum, np.zeros((5, 2)), out=np.zeros((5, 2))), r"\(5, 1\)"),
    "an out of another dtype": (
        lambda: evaluate(minimum, np.zeros((5, 2)), out=np.zeros((5, 1), np.float32)),
        "float64, got",
    ),
    "an out for JAX from NumPy": (lambda: evaluate(minimum, jnp.zeros((5, 2)), out=np.zeros((5, 1))), "JAX array"),
    "an out for an iterator": (lambda: evaluate(minimum, iter([]), out=np.zeros((5, 1))), "iterator"),
    "weights that are symbols": (
        lambda: evaluate(_symbolic(), np.zeros((5, 1))),
        "symbols w",
    ),
}


def _symbolic():
    import sympy

    return MLP.from_arrays([([[sympy.Symbol("w", positive=True)]], None)])


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_calls_are_refused_with_advice(case):
    call, message = REFUSED[case]
    with pytest.raises(RelucircError, match=message):
        call()


class Foreign:
    """An array of another library that cannot be read."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach() first\nand read the manual")


NO_NUMBERS = {
    "masked": (lambda: np.ma.masked_array(np.ones((2, 2)), mask=[[1, 0], [0, 0]]), "masked array with 1 of its 4"),
    "masked rows": (lambda: [np.ma.masked_array(np.ones(2), mask=[1, 0]), np.ones(2)], "masked array with 1 of its 2"),
    "objects": (lambda: np.array([[Fraction(1, 3), 1]], dtype=object), "dtype object; convert it"),
    "nothing": (lambda: [[None, 1.0]], "dtype object"),
    "text": (lambda: np.array([["1", "2"]]), "dtype <U1"),
    "complex": (lambda: np.ones((2, 2), complex), "dtype complex128"),
    "dates": (lambda: np.zeros((2, 2), "datetime64[D]"), "dtype datetime64"),
    "records": (lambda: np.zeros(2, [("a", float), ("b", float)]), "dtype .*'a'"),
    "bytes": (lambda: np.zeros((2, 2), "V4"), "dtype"),
    "long floats": (lambda: np.ones((2, 2), np.longdouble), "dtype float"),
    "large integers": (lambda: [[10**30, 1]], "dtype object"),
    "keys": (lambda: jax.random.split(jax.random.key(0)), "dtype key"),
    "ragged": (lambda: [[1.0, 2.0], [3.0]], "ragged data"),
    "another library's": (Foreign, "of type Foreign: call detach.. first"),
    "a dictionary": (lambda: {"x1": 1}, "of type dict"),
    "a function": (lambda: len, "of type builtin_function"),
    "None": (lambda: None, "of type NoneType"),
}
ROUTES = {
    "evaluate": evaluate,
    "an iterator": lambda net, xs: list(evaluate(net, iter([xs]))),
    "compiled": lambda net, xs: relucirc.compile_network(net)(xs),
    "traced": lambda net, xs: relucirc.compile_network(net, weights="traced")(xs),
    "called": lambda net, xs: net(xs),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_array_of_real_numbers_is_refused_in_one_sentence(kind, route):
    if np.finfo(np.longdouble).bits <= 64 and kind == "long floats":
        pytest.skip("no longer float here")
    make, words = NO_NUMBERS[kind]
    with pytest.raises(RelucircError, match=words) as caught:
        ROUTES[route](relucirc.circuits.minimum(), make())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("route", [name for name in ROUTES if name != "called"])
def test_sparse_matrices_are_refused_with_the_way_to_dense_ones(route):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(RelucircError, match=r"of type csr_array; convert it, as in xs.toarray\(\)"):
        ROUTES[route](relucirc.circuits.minimum(), sparse.csr_array(np.ones((2, 2))))


@pytest.mark.parametrize("route", ROUTES)
def test_whatever_makes_an_array_of_numbers_is_one(route):
    net = relucirc.circuits.minimum()
    make = [
        lambda: np.ma.masked_array([3.0, -5.0], mask=False),
        lambda: [3, -5],
        lambda: (3.0, -5.0),
        lambda: np.array([3, -5]),
        lambda: jnp.array([3.0, -5.0]),
        lambda: [np.float32(3), jnp.float32(-5)],
        lambda: memoryview(np.array([3.0, -5.0])),
    ]
    for points in make:
        assert np.ravel(ROUTES[route](net, points())).tolist() == [-5]
    if route in ("compiled", "traced", "called"):
        assert jax.jit(lambda a, b: ROUTES[route](net, [a, b]))(3.0, -5.0).tolist() == [-5]


def test_masked_weights_are_refused():
    masked = np.ma.masked_array([[1.0, 2.0]], mask=[[0, 1]])
    for weight in (masked, np.ma.masked_array([[1, 2]], mask=[[0, 1]]), [masked[0]], [[1, np.ma.masked]]):
        with pytest.raises(RelucircError, match="masked"):
            MLP.from_arrays([(weight, None)])
    with pytest.raises(RelucircError, match="masked"):
        relucirc.circuits.minimum().at(1, np.ma.masked)
    assert MLP.from_arrays([(np.ma.masked_array([[1.0, 2.0]]), None)]).at(1, 2) == (5,)


def test_without_a_standard_error_there_is_no_bar(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)  # as under pythonw
    assert evaluate(minimum, np.zeros((1000, 2)), progress=True).shape == (1000, 1)
