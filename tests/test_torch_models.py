"""PyTorch models, exported to ONNX by either exporter or given as they are, are what PyTorch computes in float64."""

import logging
import math
import warnings
from pathlib import Path

import pytest

import relucirc
from relucirc.core.names import default_names
from relucirc.language.lower.from_jax import graph_of_function

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch_models import CASES, WAYS, Case, agrees, export, table, verdict  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "onnx.md"
REFUSED = {"softshrink"}
"""What the exporter by torch.export writes in steps that jump."""
UNEXPORTED = {"rrelu", "clamp"}
"""What it does not export."""


@pytest.mark.parametrize("name", CASES)
def test_a_torch_model_that_was_exported_is_read_right(name, tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"
    export(CASES[name], path, dynamo=False)
    agrees(CASES[name], relucirc.load(path).at)


@pytest.mark.slow
def test_of_all_torch_models_none_is_read_wrong_and_the_docs_have_the_counts(tmp_path):
    pytest.importorskip("onnxscript")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    found = {way: {name: verdict(case, way, tmp_path) for name, case in CASES.items()} for way in WAYS}
    said = {way: {name: word for name, (word, _) in verdicts.items()} for way, verdicts in found.items()}
    assert not [(way, name) for way, words in said.items() for name, word in words.items() if word == "wrong"]
    dynamo = "an ONNX file, of the exporter by `torch.export`"
    assert {name for name, word in said[dynamo].items() if word == "refused"} == REFUSED
    assert {name for name, word in said[dynamo].items() if word == "not exported"} == UNEXPORTED
    assert "it jumps, or is not seen to be continuous" in found[dynamo]["softshrink"][1]
    assert all(set(words.values()) == {"right"} for way, words in said.items() if way != dynamo)
    assert "\n".join(table(said)) in PAGE.read_text("utf-8")


@pytest.mark.parametrize("activation", ["Hardswish", "Tanh", "GELU", "Softmax"])
def test_an_exported_torch_model_that_is_not_piecewise_linear_is_refused_by_name(activation, tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"
    layer = torch.nn.Softmax(1) if activation == "Softmax" else getattr(torch.nn, activation)()
    export(Case(lambda: torch.nn.Sequential(torch.nn.Linear(2, 3), layer), ((1, 2),)), path, dynamo=False)
    with pytest.raises(relucirc.RelucircError, match=f"(?i){activation}"):
        relucirc.load(path)


@pytest.mark.parametrize("name", CASES)
def test_a_torch_model_as_torch_export_records_it_is_read_right(name):
    case = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        program = torch.export.export(case.model(), tuple(case.points()[0]))
        decomposed = program.run_decompositions()
    for recorded in (program, decomposed):
        if recorded is not program and name in ("softshrink", "rrelu"):
            continue  # decomposed into steps that jump, and into what is random in training
        graph = graph_of_function(recorded, default_names(sum(map(math.prod, case.shapes))))
        agrees(case, graph.evaluate)


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_torch_export_is_read_right(name, tmp_path):
    agrees(CASES[name], relucirc.load(saved(CASES[name].model(), tmp_path / "net.pt2", *CASES[name].points()[0])).at)


def saved(model, path, *points):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        torch.export.save(torch.export.export(model, points), path)
    return path


class Seen(torch.nn.Module):
    """Changes in place what is seen by another name."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        y = self.inner(x)
        seen = y.view(1, -1)
        torch.relu_(y)
        return seen


def test_a_file_of_torch_export_may_change_in_place_what_nothing_else_reads(tmp_path):
    layers = [
        torch.nn.Linear(3, 4),
        torch.nn.ReLU(inplace=True),
        torch.nn.Linear(4, 2),
        torch.nn.Hardtanh(inplace=True),
    ]
    case = Case(lambda: torch.nn.Sequential(*layers), ((1, 3),))
    agrees(case, relucirc.load(saved(case.model(), tmp_path / "net.pt2", torch.zeros(1, 3))).at)
    for model in (Seen(torch.nn.Linear(3, 3)), Seen(torch.nn.Flatten())):
        with pytest.raises(relucirc.NetworkError, match=r"relu_ \(call 'relu_'\)"):
            relucirc.load(saved(model, tmp_path / "net.pt2", torch.zeros(1, 3)))


def test_a_file_of_torch_export_that_is_not_piecewise_linear_is_refused_by_name(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Hardswish(), torch.nn.Linear(3, 3), torch.nn.Softmax(1))
    with pytest.raises(relucirc.NetworkError, match=r"net.pt2: .*Hardswish \(layer '1'\), Softmax \(layer '3'\)"):
        relucirc.load(saved(model, tmp_path / "net.pt2", torch.zeros(1, 2)))
    with pytest.raises(relucirc.RelucircError, match=r"net.pt2: .*BatchNorm1d"):
        relucirc.load(saved(torch.nn.BatchNorm1d(2), tmp_path / "net.pt2", torch.zeros(3, 2)))


def test_a_file_of_torch_export_with_shared_and_narrow_numbers_is_read_right(tmp_path):
    class Shared(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 4)
            self.register_buffer("turned", self.layer.weight.detach().T[1:])
            self.offset = torch.nn.Parameter(torch.randn(3, dtype=torch.bfloat16))

        def forward(self, x):
            return torch.relu(self.layer(x)) @ self.turned.T + self.offset

    torch.manual_seed(0)
    case = Case(Shared, ((1, 4),))
    agrees(case, relucirc.load(saved(case.model(), tmp_path / "net.pt2", torch.zeros(1, 4))).at)


def test_what_a_torch_model_does_in_place_is_seen_by_all_that_share_its_memory():
    class InPlace(torch.nn.Module):
        def forward(self, x):
            doubled = x * 2
            same = doubled.view(1, -1)
            doubled += 1
            torch.nn.functional.relu_(doubled)
            doubled[:, 0] = x[:, 1]
            return doubled + same

    agrees(Case(InPlace, ((1, 3),)), graph_of_function(InPlace(), ["x1", "x2", "x3"]).evaluate)


def test_a_torch_model_of_two_arguments_is_given_as_torch_export_records_it():
    class Difference(torch.nn.Module):
        def forward(self, a, b):
            return a - b

    with pytest.raises(relucirc.NetworkError, match=r"of one argument, got Difference of 2.*torch.export.export"):
        relucirc.prove(Difference(), "0", inputs=("x1",))
    program = torch.export.export(Difference(), (torch.zeros(1, 1), torch.zeros(1, 1)))
    assert relucirc.prove(program, "x1 - x2").status == "proved"
    assert relucirc.prove(program, "0").status == "refuted"


@pytest.mark.parametrize(
    "call",
    [
        lambda x: torch.nn.functional.interpolate(x[:, None], scale_factor=2.1)[:, 0],  # 10 of 5, but not each twice
        lambda x: x.to(torch.zeros(1, dtype=torch.int32)),
        lambda x: x.long() + x,
        lambda x: torch.sort(x, dim=1)[1] + x,
        lambda x: x * torch.rand(1, 5),
        lambda x: torch.nn.functional.dropout(x, training=True),
        lambda x: x // 2,
        lambda x: x.view(torch.int32) + x,
        lambda x: x if x.sum() > 0 else -x,
    ],
)
def test_what_a_torch_model_rounds_draws_or_decides_is_refused(call):
    class Model(torch.nn.Module):
        def forward(self, x):
            return call(x)

    with pytest.raises(relucirc.RelucircError):
        graph_of_function(Model(), default_names(5))


@pytest.mark.parametrize("transposed", [lambda x: x.T, lambda x: x.sum(), lambda x: x.flatten()])
def test_a_torch_model_without_a_result_for_each_point_is_refused(transposed):
    class Model(torch.nn.Module):
        def forward(self, x):
            return transposed(x)

    with pytest.raises(relucirc.RelucircError, match="for one point in Model"):
        relucirc.prove(Model(), "x1", inputs=("x1", "x2"))


def test_a_torch_model_that_counts_its_calls_is_refused():
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x):
            self.calls += 1
            return x + self.calls

    with pytest.raises(relucirc.RelucircError, match="changes its own numbers when called"):
        relucirc.prove(Counting(), "x1", inputs=("x1",))
