"""Modules of PyTorch that are easily taken for others: read as PyTorch computes them, or refused."""

import pytest

import relucirc
from relucirc.core.exact import rational
from relucirc.language.lower.from_jax import graph_of_function

torch = pytest.importorskip("torch")
nn = torch.nn


class Point(nn.Module):
    """Of one point, not of a batch."""

    def forward(self, x):
        return torch.relu(x[0] - x[1])


class Gap(nn.Module):
    """Of two arguments."""

    def forward(self, a, b):
        return a - b


class Flat(nn.Module):
    """Loses the batch axis."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x):
        return torch.flatten(self.layer(x))


class Alias(nn.Module):
    """Changes a view, and so what is viewed."""

    def forward(self, x):
        y = x * 1
        z = y.view(-1)
        z += 1
        return y + torch.relu_(y)


class Linear(nn.Linear):
    """Is more than its weight and bias."""

    def forward(self, x):
        return 3 * super().forward(x)


class ReLU(nn.Module):
    """Is none."""

    def forward(self, x):
        return x / 2


def hooked(module):
    module.register_forward_hook(lambda *given: 5 * given[-1])
    return module


@pytest.mark.parametrize("model", [Point(), Gap(), Flat(), nn.Sequential(nn.Linear(2, 4), nn.MaxPool1d(4))])
def test_what_is_no_function_of_a_batch_of_points_is_refused(model):
    with pytest.raises(relucirc.RelucircError):
        graph_of_function(model, ["x1", "x2"])


@pytest.mark.parametrize(
    "model",
    [
        Alias(), nn.Sequential(Linear(2, 2)), nn.Sequential(ReLU()), nn.Sequential(hooked(nn.Linear(2, 2))),
        hooked(nn.Sequential(nn.Linear(2, 2))),
    ],
)  # fmt: skip
def test_what_is_read_is_what_pytorch_computes(model):
    point = [-1.5, 2.0]
    read = graph_of_function(model, ["x1", "x2"]).evaluate([rational(c) for c in point])
    with torch.no_grad():
        computed = model(torch.tensor([point]))[0].tolist()
    assert [float(v) for v in read] == pytest.approx(computed, rel=1e-5)
