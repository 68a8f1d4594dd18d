"""Models of other libraries: they are read as ReLU networks only where ReLU is seen, or said."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, NetworkError

W0, B0 = np.array([[1, -2], [3, 4], [0, 1]], np.float32), np.array([0.5, 0, -1], np.float32)
W1, B1 = np.array([[1, 0.25, -1]], np.float32), np.array([0.25], np.float32)
EXPECTED = MLP.from_arrays([(W0, B0), (W1, B1)])


class Linear:
    """A linear layer of some library."""

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def __call__(self, x):
        return self.weight @ x + self.bias


FIRST, LAST = Linear(W0, B0), Linear(W1, B1)


def test_plain_pairs_are_a_relu_network_by_definition():
    assert MLP.from_arrays([(W0, B0), (W1, B1)], activation="relu") == EXPECTED
    assert MLP.from_arrays(EXPECTED.layers) == EXPECTED
    assert MLP.from_arrays(iter([(W0, B0), [W1, B1]])) == EXPECTED


def test_layers_of_a_model_need_the_activation_said_or_shown():
    for layers in ([FIRST, LAST], [(W0, B0), LAST], (layer for layer in (FIRST, LAST))):
        with pytest.raises(NetworkError, match="the activation between the layers, which Linear does not show"):
            MLP.from_arrays(layers)
    assert MLP.from_arrays([FIRST, LAST], activation="relu") == EXPECTED
    assert MLP.from_arrays([FIRST, jax.nn.relu, LAST]) == EXPECTED
    assert MLP.from_arrays([LAST]) == MLP.from_arrays([(W1, B1)])  # nothing is between one layer and itself


@pytest.mark.parametrize("said", ["tanh", "ReLU", "", 1, True, jax.nn.relu, jnp.tanh, ["relu"]])
def test_only_relu_can_be_said(said):
    with pytest.raises(NetworkError, match="activation: expected 'relu', the only one that is read, got"):
        MLP.from_arrays([(W0, B0), (W1, B1)], activation=said)


@given(
    st.lists(st.sampled_from([jnp.tanh, jax.nn.gelu, jax.nn.sigmoid, jnp.abs, jax.nn.relu6, jax.nn.relu]), max_size=3),
    st.integers(1, 4),
    st.sampled_from([None, "relu"]),
)
def test_shown_activations_are_relu_between_all_layers_or_the_model_is_refused(shown, count, said):
    layers = [FIRST, *[Linear(np.eye(3), np.zeros(3))] * (count - 1)]
    parts = [part for pair in zip(layers, [*shown, *[None] * count], strict=False) for part in pair if part is not None]
    if shown[:count] == [jax.nn.relu] * (count - 1):
        assert MLP.from_arrays(parts, activation=said).hidden_neurons == 3 * (count - 1)
    elif shown[:count]:
        with pytest.raises(NetworkError, match=r"expected a (linear layer or a )?ReLU"):
            MLP.from_arrays(parts, activation=said)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ([FIRST, jnp.tanh, LAST], "layer 1: expected a linear layer or a ReLU, got tanh"),
        ([FIRST, jax.nn.relu, LAST, jax.nn.relu], "layer 3: expected a ReLU between two linear layers"),
        ([jax.nn.relu, FIRST, LAST], "layer 0: expected a ReLU between two linear layers"),
        ([FIRST, jax.nn.relu, jax.nn.relu, LAST], "layer 2: expected a ReLU between two linear layers"),
        ([FIRST, jax.nn.relu, Linear(np.eye(3), B0), LAST], "layer 3: expected a ReLU before it"),
        ([FIRST, lambda x: jnp.maximum(x, 0), LAST], "layer 1: expected a linear layer or a ReLU, got <lambda>"),
        ([Linear(B0, B0), LAST], r"layer 0: expected a linear layer, got Linear with a weight of shape \(3,\)"),
        (FIRST, "got .*Linear.* which does not show how it calls its layers"),
        ({"0.weight": W0}, "got dict with the keys .*0.weight.*; save a state dict"),
        ([FIRST, 3], r"layer 1: expected a pair \(weight, bias\), got 3"),
        (jax.nn.relu, "which does not show how it calls"),
    ],
)
def test_other_models_are_refused_by_name(model, words):
    with pytest.raises(NetworkError, match=words) as caught:
        MLP.from_arrays(model, activation="relu")
    assert "\n" not in str(caught.value)


def test_a_model_with_layers_of_its_own_is_not_trusted_to_be_a_chain():
    class Residual:
        layers, activation = [FIRST, LAST], staticmethod(jax.nn.relu)

        def __call__(self, x):
            return x + LAST(jax.nn.relu(FIRST(x)))

    with pytest.raises(NetworkError, match="does not show how it calls its layers"):
        MLP.from_arrays(Residual())


# Equinox.


def test_an_equinox_perceptron_is_read_with_its_activation():
    eqx = pytest.importorskip("equinox", reason="equinox is not installed")
    make = lambda **options: eqx.nn.MLP(2, 1, width_size=3, depth=2, key=jax.random.key(0), **options)  # noqa: E731
    net = MLP.from_arrays(make(), ("a", "b"))
    assert net == MLP.from_arrays([(layer.weight, layer.bias) for layer in make().layers], ("a", "b"))
    assert relucirc.prove(net, make()).status == "proved"
    assert MLP.from_arrays(make(use_bias=False, use_final_bias=False)).layers[0].bias is None
    for activation, name in ((jnp.tanh, "tanh"), (jax.nn.gelu, "gelu"), (eqx.nn.PReLU(), "PReLU")):
        for said in (None, "relu"):
            with pytest.raises(NetworkError, match=f"whose activation is ReLU, got MLP with {name}"):
                MLP.from_arrays(make(activation=activation), activation=said)
    with pytest.raises(NetworkError, match="without a last activation, got MLP with sigmoid"):
        MLP.from_arrays(make(final_activation=jax.nn.sigmoid))
    with pytest.raises(NetworkError, match="which Linear does not show"):
        MLP.from_arrays(make(activation=jnp.tanh).layers)


def test_an_equinox_chain_is_read_with_its_activations():
    eqx = pytest.importorskip("equinox", reason="equinox is not installed")
    keys = jax.random.split(jax.random.key(1))
    first, last = eqx.nn.Linear(2, 3, key=keys[0]), eqx.nn.Linear(3, 1, key=keys[1])
    model = eqx.nn.Sequential([first, eqx.nn.Lambda(jax.nn.relu), last])
    assert relucirc.prove(MLP.from_arrays(model), model).status == "proved"
    with pytest.raises(NetworkError, match="layer 1: expected a linear layer or a ReLU, got tanh"):
        MLP.from_arrays(eqx.nn.Sequential([first, eqx.nn.Lambda(jnp.tanh), last]))
    with pytest.raises(NetworkError, match="got LayerNorm with a weight of shape"):
        MLP.from_arrays([first, eqx.nn.LayerNorm(3), last], activation="relu")


# Flax.


def test_a_flax_nnx_chain_is_read_with_its_activations():
    nnx = pytest.importorskip("flax.nnx", reason="flax is not installed", exc_type=ImportError)
    first, last = nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.Linear(3, 1, use_bias=False, rngs=nnx.Rngs(1))
    net = MLP.from_arrays(nnx.Sequential(first, nnx.relu, last))
    assert net == MLP.from_arrays([first, last], activation="relu")
    x = jnp.array([0.5, -2.0])
    np.testing.assert_allclose(net(x), last(nnx.relu(first(x))), rtol=1e-6)
    with pytest.raises(NetworkError, match="got tanh"):
        MLP.from_arrays(nnx.Sequential(first, nnx.tanh, last))


# PyTorch.


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="the extra 'torch' is not installed")


def test_a_torch_chain_is_read_with_its_activations(torch):
    nn = torch.nn
    first, last = nn.Linear(2, 3), nn.Linear(3, 1, bias=False)
    expected = MLP.from_arrays([(first.weight, first.bias), (last.weight, None)])
    for model in (nn.Sequential(first, nn.ReLU(), last), [first, nn.ReLU(), last], [first, torch.relu, last]):
        assert MLP.from_arrays(model) == expected
    assert MLP.from_arrays(nn.ModuleList([first, last]), activation="relu") == expected
    with pytest.raises(NetworkError, match="which Linear does not show"):
        MLP.from_arrays([first, last])
    for other, name in (
        (nn.Tanh(), "Tanh"),
        (nn.LeakyReLU(), "LeakyReLU"),
        (nn.PReLU(), "PReLU"),
        (nn.ReLU6(), "ReLU6"),
    ):
        for said in (None, "relu"):
            with pytest.raises(NetworkError, match=f"layer 1: expected a linear layer or a ReLU, got {name}"):
                MLP.from_arrays(nn.Sequential(first, other, last), activation=said)
    with pytest.raises(NetworkError, match=r"layer 1: expected a linear layer, got BatchNorm1d with a weight of shape"):
        MLP.from_arrays(nn.Sequential(first, nn.BatchNorm1d(3), nn.ReLU(), last))


def test_a_torch_module_of_its_own_is_not_trusted_to_be_a_chain(torch):
    class Residual(torch.nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    with pytest.raises(NetworkError, match="does not show how it calls its layers"):
        MLP.from_arrays(Residual(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2)))


def test_nothing_is_warned_about_what_was_seen_or_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLP.from_arrays([FIRST, LAST], activation="relu")
        MLP.from_arrays([FIRST, jax.nn.relu, LAST])
