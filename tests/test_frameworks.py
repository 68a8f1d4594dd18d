"""Models of other libraries, as they are: every verb takes them, and what is no ReLU network is refused by name."""

import tempfile
import warnings
from pathlib import Path

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import relucirc
from relucirc.core.exact import rational
from relucirc.language.lower.from_jax import graph_of_function

W0, W1 = np.array([[0, 1], [0, -1], [-1, 1]], np.float32), np.array([[1, -1, -1]], np.float32)
"""The minimum of two numbers."""


def of_equinox_mlp(activation=jax.nn.relu):
    model = eqx.nn.MLP(2, 1, 3, 1, activation, key=jax.random.key(0))
    leaves = [jnp.array(W0), jnp.zeros(3), jnp.array(W1), jnp.zeros(1)]
    return eqx.tree_at(lambda m: [v for layer in m.layers for v in (layer.weight, layer.bias)], model, leaves)


def of_equinox_sequential(activation=jax.nn.relu):
    first, last = of_equinox_mlp().layers
    return eqx.nn.Sequential([first, eqx.nn.Lambda(activation), last])


def of_nnx(activation=nnx.relu):
    class Net(nnx.Module):
        def __init__(self):
            self.first, self.last = nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.Linear(3, 1, rngs=nnx.Rngs(1))
            self.first.kernel, self.last.kernel = nnx.Param(jnp.array(W0.T)), nnx.Param(jnp.array(W1.T))

        def __call__(self, x):
            return self.last(activation(self.first(x)))

    return Net()


def of_linen(activation=nn.relu):
    model = nn.Sequential([nn.Dense(3), activation, nn.Dense(1)])
    layers = {"layers_0": {"kernel": W0.T, "bias": np.zeros(3)}, "layers_2": {"kernel": W1.T, "bias": np.zeros(1)}}
    return model.bind({"params": jax.tree.map(lambda v: jnp.asarray(v, jnp.float32), layers)})


def of_torch(activation=None):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), activation or torch.nn.ReLU(), torch.nn.Linear(3, 1))
    with torch.no_grad():
        for layer, weight in ((model[0], W0), (model[2], W1)):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.zero_()
    return model


def of_sklearn(activation="relu"):
    neural = pytest.importorskip("sklearn.neural_network")
    model = neural.MLPRegressor(hidden_layer_sizes=(3,), activation=activation, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.zeros((4, 2)), np.zeros(4))
    model.coefs_, model.intercepts_ = [W0.T.astype(float), W1.T.astype(float)], [np.zeros(3), np.zeros(1)]
    return model


def of_keras(activation="relu"):
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs on another backend")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation), keras.layers.Dense(1)])
    model.set_weights([W0.T, np.zeros(3), W1.T, np.zeros(1)])
    return model


def of_haiku(activation=jax.nn.relu):
    hk = pytest.importorskip("haiku")
    model = hk.without_apply_rng(hk.transform(lambda x: hk.nets.MLP((3, 1), activation=activation)(x).astype(x.dtype)))
    params = model.init(jax.random.key(0), jnp.zeros(2))
    params = {name: {"w": w.T, "b": jnp.zeros(len(w))} for name, w in zip(sorted(params), (W0, W1), strict=True)}
    return lambda x: model.apply(params, x)


def of_function(activation=jax.nn.relu):
    return lambda x: W1 @ activation(W0 @ x)


def of_exported(activation=None):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        return torch.export.export(of_torch(activation), (torch.zeros(1, 2),))


def of_pt2_file(activation=None):
    program = of_exported(activation)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.pt2"
        pytest.importorskip("torch").export.save(program, path)
        return relucirc.load(path)


TABLE = {
    "Equinox": of_equinox_mlp,
    "Flax NNX": of_nnx,
    "Flax Linen": of_linen,
    "Haiku": of_haiku,
    "Keras 3 on JAX": of_keras,
    "PyTorch": of_torch,
    "PyTorch, images or several inputs": of_exported,
    "PyTorch, a file of `torch.export`": of_pt2_file,
    "scikit-learn": of_sklearn,
    "a function": of_function,
}
"""The table of docs/front-doors.md: the first line of each library is what the tests here run."""
MODELS = [*TABLE.values(), of_equinox_sequential]
SIZED = [make for make in MODELS if make not in (of_haiku, of_function)]


def test_the_table_of_the_docs_is_the_one_that_is_tested():
    page = (Path(__file__).parents[1] / "docs" / "front-doors.md").read_text("utf-8")
    table = page.split("| library | the first line | read from |\n|---|---|---|\n")[1].split("\n\n")[0]
    assert [row.split("|")[1].strip() for row in table.splitlines()] == list(TABLE)


@pytest.mark.parametrize("make", MODELS)
def test_a_model_is_proved_as_it_is(make):
    model = make()
    result = relucirc.prove(model, "Min(x1, x2)")
    assert result.status == "proved"
    assert relucirc.check(model, "Min(x1, x2)", result.certificate)
    refuted = relucirc.prove(model, "Max(x1, x2)", "0 <= x1 <= 1, 0 <= x2 <= 1")
    assert refuted.status == "refuted"
    assert relucirc.max_deviation(model, "Min(x1, x2)", "0 <= x1 <= 1, 0 <= x2 <= 1").value == 0


@pytest.mark.parametrize("make", SIZED)
def test_every_verb_takes_a_model(make):
    model, box = make(), "-1 <= x1 <= 1, -1 <= x2 <= 1"
    assert relucirc.explain(model).formula == relucirc.explain(relucirc.circuits.minimum()).formula
    assert relucirc.to_sympy(model) == relucirc.to_sympy(relucirc.circuits.minimum())
    assert relucirc.bounds(model, box).lower == -1
    assert len(relucirc.regions(model, box).affine_maps) == 2
    assert relucirc.snap(model).network.sizes == (2, 3, 1)
    assert relucirc.minimal_network(model).hidden_neurons == 3
    assert relucirc.evaluate(model, np.array([[1, 2], [5, 3]], np.float32)).tolist() == [[1], [3]]
    assert relucirc.prove(relucirc.circuits.minimum(), model).status == "proved"


@pytest.mark.parametrize("make", MODELS)
def test_a_tanh_network_is_refused_by_name(make):
    if make in (of_torch, of_exported, of_pt2_file):
        activation = pytest.importorskip("torch").nn.Tanh()
    elif make in (of_sklearn, of_keras):
        activation = "tanh"
    else:
        activation = jnp.tanh
    with pytest.raises(relucirc.RelucircError, match=r"(?i)tanh"):
        relucirc.prove(make(activation), "Min(x1, x2)")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: eqx.nn.MLP(2, 1, 3, 1, final_activation=jnp.tanh, key=jax.random.key(0)), "tanh"),
        (lambda: eqx.nn.Sequential([eqx.nn.Linear(2, 1, key=jax.random.key(0)), eqx.nn.Dropout(0.5)]), "training mode"),
        (lambda: nnx.Sequential(nnx.Linear(2, 1, rngs=nnx.Rngs(0)), nnx.BatchNorm(1, rngs=nnx.Rngs(0))), "BatchNorm"),
        (lambda: nn.Dense(1), "without; give model.bind"),
    ],
)
def test_what_is_no_function_of_the_inputs_is_refused_by_name(model, words):
    for ask in (lambda net: relucirc.prove(net, "x1 + x2"), relucirc.explain):
        with pytest.raises(relucirc.RelucircError, match=words):
            ask(model())


def test_a_batch_normalisation_in_evaluation_mode_is_affine():
    model = nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.BatchNorm(3, rngs=nnx.Rngs(0)), nnx.relu,
                           nnx.Linear(3, 1, rngs=nnx.Rngs(1)))  # fmt: skip
    model.eval()
    x = np.array([[0.5, -1.0], [2, 0.25]], np.float32)
    np.testing.assert_allclose(relucirc.evaluate(model, x), model(x), rtol=1e-5)


def test_torch_layers_compute_what_torch_computes():
    torch = pytest.importorskip("torch")
    t = torch.nn

    class Residual(t.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = t.Conv2d(1, 2, 3, padding=1), t.Conv2d(2, 2, 3, padding=1)
            self.norm, self.pool, self.last = t.BatchNorm2d(2), t.MaxPool2d(2), t.Linear(8, 2)

        def forward(self, x):
            x = torch.relu(self.norm(self.first(x.view(x.size(0), 1, 4, 4))))
            x = self.pool(x + t.functional.leaky_relu(self.second(x), 0.25))
            return self.last(torch.flatten(x, 1)).abs()

    activations = [t.LeakyReLU(0.1), t.PReLU(), t.ReLU6(), t.Hardtanh(), t.Hardsigmoid(), t.Softshrink(), t.Dropout()]
    chain = [t.Sequential(t.Linear(16, 4), activation, t.Linear(4, 2)) for activation in activations]
    torch.manual_seed(0)
    for model in (*chain, Residual()):
        model.eval()
        graph, points = graph_of_function(model, [f"x{i + 1}" for i in range(16)]), torch.randn(4, 16)
        ours = [[float(v) for v in graph.evaluate([rational(c) for c in point.tolist()])] for point in points]
        np.testing.assert_allclose(ours, model(points).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_torch_layers_that_are_not_read_are_all_named():
    t = pytest.importorskip("torch").nn
    model = t.Sequential(t.Linear(2, 3), t.Hardswish(), t.Linear(3, 3), t.Softmax(1))
    with pytest.raises(relucirc.NetworkError, match=r"Hardswish \(layer '1'\), Softmax \(layer '3'\)"):
        relucirc.prove(model, "x1")
    with pytest.raises(relucirc.NetworkError, match="Dropout in training mode"):
        relucirc.prove(t.Sequential(t.Linear(2, 1), t.Dropout()), "x1")


def test_names_come_from_what_is_said_where_that_is_clear():
    assert relucirc.prove(lambda a, b: a - jnp.maximum(a - b, 0), "Min(a, b)").status == "proved"
    assert relucirc.prove(lambda a, b: a - jnp.maximum(a - b, 0), "Min(x1, x2)").status == "proved"
    assert relucirc.prove(lambda x: jnp.abs(-x), "Abs(t)").status == "proved"
    assert relucirc.prove(lambda x: x.min(), "Min(x1, x2)", "x1 <= x2").status == "proved"
    for function, formula in ((jnp.minimum, "Min(a, b)"), (lambda x: x.min(), "Min(x1, x3)"), (lambda x: x.sum(), "1")):
        with pytest.raises(relucirc.RelucircError, match="does not name its inputs"):
            relucirc.prove(function, formula)
