"""Networks as models of other libraries: the same weights, run by the library to the same values."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from stored import MINIMUM, SMALL, net_of

import relucirc
from relucirc import MLP
from relucirc.core.errors import NetworkError
from relucirc.files.json_file import from_json


def of_torch(net):
    pytest.importorskip("torch")
    return net.to_torch()


def of_equinox(net):
    pytest.importorskip("equinox")
    return net.to_equinox()


def of_nnx(net):
    pytest.importorskip("flax")
    return net.to_flax()


def of_linen(net):
    pytest.importorskip("flax")
    return net.to_flax(api="linen")


MAKERS = [of_torch, of_equinox, of_nnx, of_linen]
JAX = [of_equinox, of_nnx, of_linen]
AFFINE = net_of(([[1, -2]], [0.5]))
DEEP = net_of(([[0.1], [-3]], None), ([[1, 0.7], [2, 0]], [0, 1e-3]), ([[3, 1], [0, -1]], None))


def run(model, points):
    """The values that the library computes."""
    if type(model).__module__.startswith("torch"):
        import torch

        with torch.no_grad():
            return model(torch.from_numpy(points)).numpy()
    return np.stack([np.asarray(model(jnp.asarray(point))) for point in points])


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("net", [SMALL, AFFINE, DEEP, from_json(MINIMUM), relucirc.circuits.sort(3)])
def test_a_model_is_the_network_and_runs_to_its_values(make, net):
    model = make(net)
    assert relucirc.prove(model, net)
    points = np.random.default_rng(0).integers(-64, 64, (20, len(net.inputs))).astype(np.float32) / 8
    wanted = [[float(v) for v in net.at(*map(Fraction, point.tolist()))] for point in points]
    np.testing.assert_allclose(run(model, points), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", MAKERS)
def test_small_integers_come_out_exactly(make):
    points = np.random.default_rng(1).integers(-9, 9, (50, 2)).astype(np.float32)
    assert run(make(from_json(MINIMUM)), points)[:, 0].tolist() == points.min(axis=1).tolist()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_float_types_are_kept(make, dtype):
    model = make(net_of(([[0.1], [-3]], [1, 2]), ([[1, 0.7]], None), dtype=dtype))
    types = {str(v.dtype).removeprefix("torch.") for v in parameters(model)}
    assert types == {str(np.dtype(dtype))}


def parameters(model):
    if type(model).__module__.startswith("torch"):
        return list(model.parameters())
    if hasattr(model, "variables"):
        return jax.tree.leaves(model.variables)
    if type(model).__module__.startswith("flax"):
        from flax import nnx

        return jax.tree.leaves(nnx.state(model, nnx.Param))
    return [v for v in jax.tree.leaves(model) if hasattr(v, "dtype")]


def test_doubles_are_kept_where_the_library_has_them():
    net = MLP.from_arrays([([[2**-40 + 1], ["1/3"]], None)])
    with pytest.raises(NetworkError, match=r"layer 0: weight\[1, 0\] = 1/3 is not a binary float, so no model"):
        of_equinox(net)
    net = MLP.from_arrays([([[2**-40 + 1]], None)])
    for make in JAX:
        with pytest.raises(NetworkError, match="expected weights that JAX does not round, got float64"):
            make(net)
    with jax.enable_x64(True):
        for make in JAX:
            assert run(make(net), np.array([[1.0]])).tolist() == [[1 + 2**-40]]
            assert relucirc.prove(make(net), net)


def test_doubles_are_kept_in_torch():
    net = MLP.from_arrays([([[2**-40 + 1]], [2**-40])])
    model = of_torch(net)
    assert run(model, np.array([[1.0]])).tolist() == [[1 + 2**-39]]
    assert relucirc.prove(model, net)


@pytest.mark.parametrize("make", MAKERS)
def test_what_no_model_holds_is_refused_in_a_sentence(make):
    import sympy

    w = sympy.Symbol("w", positive=True)
    with pytest.raises(NetworkError, match="have the symbols w"):
        make(MLP.from_arrays([([[w]], None), ([[1 / w]], None)]))
    with pytest.raises(NetworkError, match=r"layer 1: bias\[0\] = 1/3 is not a binary float"):
        make(MLP.from_arrays([([["1/2"]], None), ([[1]], ["1/3"])]))
    with pytest.raises(NetworkError, match="expected layers of at least one neuron"):
        make(MLP.from_arrays([(np.zeros((0, 2), np.float32), None), (np.zeros((1, 0), np.float32), None)]))


def test_types_that_pytorch_does_not_mix_are_refused():
    pytest.importorskip("torch")
    mixed = MLP((net_of(([[1]], None)).layers[0], net_of(([[1]], None), dtype=np.float16).layers[0]), ("x",))
    with pytest.raises(NetworkError, match=r"expected weights of one type among .*, got float16, float32"):
        mixed.to_torch()


def test_an_api_that_flax_does_not_have_is_refused():
    with pytest.raises(NetworkError, match="api: expected 'nnx' or 'linen', got 'haiku'"):
        SMALL.to_flax("haiku")


@pytest.mark.parametrize(("package", "make"), [("torch", "to_torch"), ("equinox", "to_equinox"), ("flax", "to_flax")])
def test_a_missing_library_is_named(monkeypatch, package, make):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NetworkError, match="needs the package: pip install"):
        getattr(SMALL, make)()


def test_torch_draws_no_random_numbers_for_a_model():
    torch = pytest.importorskip("torch")
    before = torch.get_rng_state()
    SMALL.to_torch()
    assert torch.equal(torch.get_rng_state(), before)


@settings(max_examples=20)
@given(relucirc.strategies.networks())
def test_random_networks_survive_the_way_out_and_in(net):
    for make in MAKERS[1:]:
        try:
            model = make(net)
        except NetworkError:
            continue
        assert relucirc.prove(model, net, budget=10)
