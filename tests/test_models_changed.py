"""Layers that look linear and compute something else are refused, never read by their weights alone."""

import jax
import pytest

from relucirc import MLP, NetworkError

OWN = r"layer 0: expected a linear layer, got {}, which may compute more than its weight and bias say"


def test_equinox_layers_with_a_call_of_their_own_are_refused():
    eqx = pytest.importorskip("equinox")

    class Doubled(eqx.nn.Linear):
        def __call__(self, x, *, key=None):
            return 2 * super().__call__(x, key=key)

    class Tripled(eqx.Module):
        fn: object = jax.nn.relu

        def __call__(self, x, **_):
            return 3 * self.fn(x)

    key = jax.random.key(0)
    linear = eqx.nn.Linear(2, 2, key=key)
    with pytest.raises(NetworkError, match=OWN.format("Doubled")):
        MLP.from_arrays(eqx.nn.Sequential([Doubled(2, 1, key=key)]))
    with pytest.raises(NetworkError, match="layer 1: expected a linear layer or a ReLU, got Tripled"):
        MLP.from_arrays([linear, Tripled(), linear])


def test_flax_layers_that_are_more_than_linear_are_refused():
    nnx = pytest.importorskip("flax.nnx", exc_type=ImportError)
    rngs = nnx.Rngs(0)
    for layer in (nnx.LoRALinear(2, 3, lora_rank=1, rngs=rngs), nnx.Einsum("ab,bc->ac", (2, 3), (3,), rngs=rngs)):
        with pytest.raises(NetworkError, match=OWN.format(type(layer).__name__)):
            MLP.from_arrays([layer])


def test_torch_layers_that_are_changed_are_refused():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Masked(nn.Linear):
        def forward(self, x):
            return nn.functional.linear(x, self.weight * 0, self.bias)

    class Linear(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.ones(1, 1)), None

        def forward(self, x):
            return 2 * x

    class ReLU(nn.Module):
        def forward(self, x):
            return x / 2

    def hooked(layer):
        layer.register_forward_hook(lambda *given: 2 * given[-1])
        return layer

    for layer in (Masked(1, 1), Linear(), hooked(nn.Linear(1, 1))):
        with pytest.raises(NetworkError, match=OWN.format(type(layer).__name__)):
            MLP.from_arrays(nn.Sequential(layer))
    for activation in (ReLU(), hooked(nn.ReLU())):
        with pytest.raises(NetworkError, match="layer 1: expected a linear layer or a ReLU, got ReLU"):
            MLP.from_arrays(nn.Sequential(nn.Linear(1, 1), activation, nn.Linear(1, 1)))
    with pytest.raises(NetworkError, match="does not show how it calls its layers"):
        MLP.from_arrays(hooked(nn.Sequential(nn.Linear(1, 1))))
