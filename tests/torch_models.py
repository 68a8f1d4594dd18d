"""Small PyTorch models of every piecewise linear kind, made by code: what people export.

Run as a program, it prints the table of ``docs/onnx.md``: how many of them are read right, wrong, or refused, and how
many PyTorch does not export, by the way that they take; with ``-v`` the refusals too.
"""

import contextlib
import io
import logging
import math
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relucirc
from relucirc.core.exact import rational
from relucirc.core.names import default_names
from relucirc.language.lower.from_jax import graph_of_function

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn, F = torch.nn, torch.nn.functional
Shape = tuple[int, ...]


class Function(nn.Module):
    """A model that does to its inputs what a function says, with layers of its own."""

    def __init__(self, function: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        self.function, self.layer = function, nn.ModuleDict(layers)

    def forward(self, *xs: Any) -> Any:
        return self.function(*xs, **self.layer)


class Residual(nn.Module):
    """Two convolutions around which the input is passed on."""

    def __init__(self, channels: int, strides: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 2 * channels, 3, strides, padding=1, bias=False)
        self.norm, self.other = nn.BatchNorm2d(2 * channels), nn.BatchNorm2d(2 * channels)
        self.second = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, bias=False)
        self.short = nn.Sequential(nn.Conv2d(channels, 2 * channels, 1, strides, bias=False))

    def forward(self, x: Any) -> Any:
        inner = F.relu(self.norm(self.first(x)))
        return F.relu(self.other(self.second(inner)) + self.short(x))


@dataclass(frozen=True)
class Case:
    """A model, by what makes it, and the shapes of its inputs, with a batch of one."""

    make: Callable[[], nn.Module]
    shapes: tuple[Shape, ...]

    def model(self) -> nn.Module:
        """The model as it is used, with weights and statistics that are not what they start as."""
        torch.manual_seed(0)
        model = self.make()
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                if module.affine:
                    nn.init.normal_(module.weight)
                    nn.init.normal_(module.bias)
        return model.eval()

    def points(self, count: int = 3) -> list[list[Any]]:
        """Points, as the model takes them."""
        generator = torch.Generator().manual_seed(1)
        return [[torch.randn(shape, generator=generator) for shape in self.shapes] for _ in range(count)]


def of(shape: Shape | list[Shape], function: Callable[..., Any], **layers: Callable[[], nn.Module]) -> Case:
    """A case of a function with layers that are made when it is asked for."""
    shapes = tuple(shape) if isinstance(shape, list) else (shape,)
    return Case(lambda: Function(function, **{name: make() for name, make in layers.items()}), shapes)


def chain(shape: Shape, *parts: Callable[[], nn.Module]) -> Case:
    """A case of layers one after the other."""
    return Case(lambda: nn.Sequential(*(make() for make in parts)), (shape,))


def around(activation: Callable[[], nn.Module]) -> Case:
    """An activation between two linear layers."""
    return chain((1, 3), lambda: nn.Linear(3, 4), activation, lambda: nn.Linear(4, 2))


def conv(*args: Any, dim: int = 2, **options: Any) -> Callable[[], nn.Module]:
    return lambda: (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dim - 1](*args, **options)


def split_unevenly(x: Any) -> Any:
    a, b = torch.split(x, [3, 2], 1)
    return torch.maximum(a, F.pad(b, (0, 1)))


def three_parts(x: Any) -> Any:
    a, b, c = torch.chunk(x, 3, dim=1)
    return torch.minimum(a, b) + c


IMAGE = (1, 2, 6, 6)
CASES: dict[str, Case] = {
    "linear": chain((1, 3), lambda: nn.Linear(3, 2)),
    "mlp": chain((1, 3), lambda: nn.Linear(3, 5), nn.ReLU, lambda: nn.Linear(5, 4, bias=False), nn.ReLU,
                 lambda: nn.Linear(4, 2)),
    "residual": of((1, 4), lambda x, a, b: x + b(F.relu(a(x))), a=lambda: nn.Linear(4, 6), b=lambda: nn.Linear(6, 4)),
    "leaky relu": around(lambda: nn.LeakyReLU(0.1)),
    "prelu": around(lambda: nn.PReLU(4)),
    "relu6": around(nn.ReLU6),
    "hardtanh": around(lambda: nn.Hardtanh(-0.5, 2)),
    "hardsigmoid": around(nn.Hardsigmoid),
    "softshrink": around(lambda: nn.Softshrink(0.25)),
    "rrelu": around(nn.RReLU),
    "dropout": around(lambda: nn.Sequential(nn.Dropout(), nn.ReLU(), nn.AlphaDropout())),
    "batch norm 1d": around(lambda: nn.Sequential(nn.BatchNorm1d(4), nn.ReLU())),
    "conv 1d": chain((1, 2, 8), conv(2, 3, 3, dim=1), nn.ReLU, nn.Flatten, lambda: nn.Linear(18, 2)),
    "conv 2d": chain(IMAGE, conv(2, 3, 3), nn.ReLU, nn.Flatten, lambda: nn.Linear(48, 2)),
    "conv 3d": chain((1, 1, 3, 3, 3), conv(1, 2, 2, dim=3), nn.ReLU, nn.Flatten),
    "depthwise": chain(IMAGE, conv(2, 4, 3, groups=2, padding=1), nn.ReLU, conv(4, 2, 1)),
    "dilated": chain(IMAGE, conv(2, 2, 2, dilation=(2, 3)), nn.ReLU),
    "strided": chain(IMAGE, conv(2, 2, (3, 2), stride=(2, 1), padding=(1, 0)), nn.ReLU),
    "same padding": chain(IMAGE, conv(2, 2, 4, padding="same", dilation=1), nn.ReLU),
    "reflected padding": chain(IMAGE, conv(2, 2, 3, padding=1, padding_mode="reflect"), nn.ReLU),
    "replicated padding": chain(IMAGE, conv(2, 2, 3, padding=1, padding_mode="replicate"), nn.ReLU),
    "circular padding": chain(IMAGE, conv(2, 2, 3, padding=(2, 1), padding_mode="circular"), nn.ReLU),
    "constant padding": of(IMAGE, lambda x: F.pad(x, (1, 0, 2, 1), value=0.5).relu()),
    "transposed conv": chain(
        IMAGE, lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), nn.ReLU),
    "batch norm 2d": chain(IMAGE, conv(2, 3, 3, bias=False), lambda: nn.BatchNorm2d(3), nn.ReLU),
    "residual block": chain((1, 2, 5, 5), lambda: Residual(2, 2), lambda: nn.AdaptiveAvgPool2d(1), nn.Flatten,
                            lambda: nn.Linear(4, 3)),
    "max pool": chain(IMAGE, conv(2, 2, 3, padding=1), nn.ReLU, lambda: nn.MaxPool2d(3, 2, 1)),
    "max pool, ceiling": chain(IMAGE, lambda: nn.MaxPool2d(3, 2, ceil_mode=True)),
    "average pool": chain(IMAGE, lambda: nn.AvgPool2d(2), nn.ReLU),
    "average pool, padding left out": chain(
        IMAGE, lambda: nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), nn.ReLU),
    "adaptive average pool": chain(IMAGE, lambda: nn.AdaptiveAvgPool2d((3, 2)), nn.ReLU),
    "adaptive max pool": chain(IMAGE, lambda: nn.AdaptiveMaxPool2d(2), nn.Flatten),
    "cat": of((1, 3), lambda x, a, b: torch.cat([F.relu(a(x)), b(x)], 1), a=lambda: nn.Linear(3, 2),
              b=lambda: nn.Linear(3, 1)),
    "split": of((1, 5), split_unevenly),
    "chunk": of((1, 6), three_parts),
    "stack": of((1, 3), lambda x: torch.stack([x, 2 * x.relu(), -x], 1).amax(1)),
    "where": of((1, 3), lambda x: torch.where(x > 0, x, -0.25 * x)),
    "clamp": of((1, 3), lambda x: torch.clamp(x, -0.5, 1) + x.clamp(min=0) - x.clamp(max=0.25)),
    "abs, min, max": of([(1, 3), (1, 3)], lambda a, b: torch.max(torch.abs(a), b) - torch.min(a, b)),
    "sort": of((1, 4), lambda x: torch.sort(x, dim=1, descending=True)[0]),
    "topk": of((1, 4), lambda x: torch.topk(x, 2, dim=1)[0]),
    "mean, sum, amax": of((1, 2, 3), lambda x: x.mean(2) + x.sum((1, 2), keepdim=True)[:, 0] + x.amax(2) - x.amin(2)),
    "largest": of((1, 2, 3), lambda x: torch.max(x, 2)[0] - torch.min(x, dim=2).values),
    "transpose, permute, reshape": of(
        (1, 2, 3, 2),
        lambda x: (x.permute(0, 3, 1, 2).reshape(1, 4, 3).transpose(1, 2) @ torch.eye(4, dtype=x.dtype)[:, 1:]).relu()),
    "pixel shuffle": chain((1, 4, 2, 3), conv(4, 4, 1), lambda: nn.PixelShuffle(2), nn.ReLU),
    "upsample nearest": chain((1, 2, 3, 2), lambda: nn.Upsample(scale_factor=2), nn.ReLU),
    "upsample bilinear": chain((1, 1, 3, 4), lambda: nn.Upsample(size=(5, 6), mode="bilinear"), nn.ReLU),
    "upsample bilinear, corners": chain(
        (1, 1, 3, 4), lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), nn.ReLU),
    "two inputs, two outputs": of(
        [(1, 2), (1, 3)], lambda a, b, first, last: (F.relu(first(a)) + b, last(b.relu())),
        first=lambda: nn.Linear(2, 3), last=lambda: nn.Linear(3, 1)),
    "slices": of((1, 4, 4), lambda x: F.relu(x[:, 1:3, ::2]) + x[:, -2:, [0, 3]]),
    "normalised inputs": of((1, 3), lambda x, a: F.relu(a((x - torch.tensor([0.5, 0.25, 1])) / torch.tensor(3.0))),
                            a=lambda: nn.Linear(3, 2)),
    "wider inside": of((1, 3), lambda x, a: F.relu(a(x)).double().mean(1, keepdim=True).to(x.dtype) - x,
                       a=lambda: nn.Linear(3, 2)),
    "maxout": of((1, 3), lambda x, a: a(x).view(-1, 2, 3).max(dim=2).values, a=lambda: nn.Linear(3, 6)),
}  # fmt: skip
"""Name -> model."""


# What is read, by which way.

NEAR = 1e-6
"""The root of a variance is a float32; everything else is exact here, and in float64 there."""


def agrees(case: Case, at: Callable[[list[Any]], Any]) -> None:
    """Compares what is read, evaluated exactly, with the model in float64.

    Raises:
        AssertionError: Where they differ.
    """
    model = case.model().double()
    for xs in case.points():
        with torch.no_grad():
            found = model(*(x.double() for x in xs))
        expected = np.concatenate([np.ravel(y) for y in (found if isinstance(found, tuple) else [found])])
        got = [float(v) for v in at([rational(float(v)) for x in xs for v in x.ravel()])]
        np.testing.assert_allclose(got, expected, rtol=NEAR, atol=NEAR)


def export(case: Case, path: Path, *, dynamo: bool) -> None:
    """Writes an ONNX file by one of PyTorch's exporters."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of exporters about themselves
        torch.onnx.export(case.model(), tuple(case.points()[0]), path, dynamo=dynamo)


def program(case: Case) -> Any:
    """What torch.export records."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        return torch.export.export(case.model(), tuple(case.points()[0]))


def write_program(case: Case, path: Path) -> None:
    """Writes a file of torch.export."""
    torch.export.save(program(case), path)


def _recorded(case: Case, _: Path) -> Callable[[list[Any]], Any]:
    return graph_of_function(program(case), default_names(sum(map(math.prod, case.shapes)))).evaluate


def _filed(suffix: str, write: Callable[[Case, Path], None]) -> Callable[[Case, Path], Any]:
    def read(case: Case, folder: Path) -> Any:
        path = folder / f"net{suffix}"
        path.unlink(missing_ok=True)
        try:
            write(case, path)
        except Exception:  # whatever an exporter raises
            return None
        return relucirc.load(path).at

    return read


WAYS: dict[str, Callable[[Case, Path], Any]] = {
    "an ONNX file, of the exporter by tracing": _filed(".onnx", lambda case, path: export(case, path, dynamo=False)),
    "an ONNX file, of the exporter by `torch.export`": _filed(
        ".onnx", lambda case, path: export(case, path, dynamo=True)
    ),
    "a file of `torch.export.save`": _filed(".pt2", write_program),
    "as they are": _recorded,
}
"""Name -> what gives the function that is read, or None where PyTorch exports nothing."""


def verdict(case: Case, way: str, folder: Path) -> tuple[str, str]:
    """Says right, wrong, refused, or not exported, and why."""
    try:
        at = WAYS[way](case, folder)
    except relucirc.RelucircError as error:
        return "refused", str(error)
    if at is None:
        return "not exported", ""
    try:
        agrees(case, at)
    except AssertionError as error:
        return "wrong", str(error)
    return "right", ""


def table(said: dict[str, dict[str, str]]) -> list[str]:
    """The rows of the docs, given the verdict of each model by each way."""
    kinds = ("right", "wrong", "refused", "not exported")
    rows = [
        f"| {way} | " + " | ".join(str(Counter(found.values())[k]) for k in kinds) + " |" for way, found in said.items()
    ]
    return [f"| {len(CASES)} models as | " + " | ".join(kinds) + " |", "|---|---:|---:|---:|---:|", *rows]


def main() -> None:
    """Prints the table, and every refusal if asked."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    said: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            for name, case in CASES.items():
                said.setdefault(way, {})[name], why = verdict(case, way, Path(folder))
                if "-v" in sys.argv and said[way][name] != "right":
                    print(way, name, said[way][name], why, sep=": ", file=sys.stderr)
    print("\n".join(table(said)))


if __name__ == "__main__":
    main()
