"""PyTorch models, exported to ONNX by either exporter or given as they are, are what PyTorch computes in float64."""

import contextlib
import io
import logging
import warnings

import numpy as np
import pytest

import relucirc
from relucirc.core.exact import rational

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch_models import CASES, Case  # noqa: E402

NEAR = 1e-6
"""The root of a variance is a float32; everything else is exact here, and in float64 there."""
REFUSED = {"softshrink": "jumps", "rrelu": "", "clamp": ""}
"""What the exporter by torch.export writes in steps that jump, or does not export."""


def agrees(case: Case, at):
    """Compares what is read, evaluated exactly, with the model in float64."""
    model = case.model().double()
    for xs in case.points():
        with torch.no_grad():
            found = model(*(x.double() for x in xs))
        expected = np.concatenate([np.ravel(y) for y in (found if isinstance(found, tuple) else [found])])
        got = [float(v) for v in at([rational(float(v)) for x in xs for v in x.ravel()])]
        np.testing.assert_allclose(got, expected, rtol=NEAR, atol=NEAR)


def export(case: Case, path, *, dynamo):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of exporters about themselves
        torch.onnx.export(case.model(), tuple(case.points()[0]), path, dynamo=dynamo)


@pytest.mark.parametrize("name", CASES)
def test_a_torch_model_that_was_exported_is_read_right(name, tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"
    export(CASES[name], path, dynamo=False)
    agrees(CASES[name], relucirc.load(path).at)


@pytest.mark.slow
def test_torch_models_that_were_exported_the_new_way_are_read_right_or_refused(tmp_path):
    pytest.importorskip("onnxscript")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    for name, case in CASES.items():
        path = tmp_path / f"{name}.onnx"
        try:
            export(case, path, dynamo=True)
            net = relucirc.load(path)
        except Exception as error:  # of the exporter, or a refusal
            assert name in REFUSED, f"{name}: {error}"
            assert not isinstance(error, relucirc.RelucircError) or REFUSED[name] in str(error)
            continue
        agrees(case, net.at)


@pytest.mark.parametrize("activation", ["Hardswish", "Tanh", "GELU", "Softmax"])
def test_an_exported_torch_model_that_is_not_piecewise_linear_is_refused_by_name(activation, tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"
    layer = torch.nn.Softmax(1) if activation == "Softmax" else getattr(torch.nn, activation)()
    export(Case(lambda: torch.nn.Sequential(torch.nn.Linear(2, 3), layer), ((1, 2),)), path, dynamo=False)
    with pytest.raises(relucirc.RelucircError, match=f"(?i){activation}"):
        relucirc.load(path)
