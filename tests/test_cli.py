"""The command line: exit statuses, one sentence for bad input, and JSON with the contract's fields."""

import inspect
import json
import os
import re
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hard import random_network

import relucirc
from relucirc.cli import COMMANDS, build_parser, main, show
from relucirc.training import run_census

UNIT = "0 <= x1 <= 1, 0 <= x2 <= 1, 0 <= x3 <= 1"

MINIMUM = {
    "inputs": ["x1", "x2"],
    "layers": [
        {"weight": [["0", "1"], ["0", "-1"], ["-1", "1"]], "bias": ["0", "0", "0"]},
        {"weight": [["1", "-1", "-1"]], "bias": ["0"]},
    ],
}


@pytest.fixture
def run(capsys):
    def call(*words):
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def minimum_file(tmp_path):
    path = tmp_path / "minimum.json"
    path.write_text(json.dumps(MINIMUM))
    return str(path)


def process(*words, **options):
    command = [sys.executable, "-m", "relucirc", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def test_a_true_claim_exits_0_and_a_false_one_exits_1(run):
    assert run("prove", "minimum", "Min(x1, x2)") == (0, "proved: equal at every real input, by normal form.\n", "")
    status, out, err = run("prove", "minimum", "Max(x1, x2)")
    assert (status, err) == (1, "")
    assert out.startswith("refuted: at x1 = ")


def test_json_has_the_contracts_fields_and_small_witnesses(run):
    status, out, _ = run("prove", "minimum", "Max(x1, x2)", "--json")
    data = json.loads(out)
    assert status == 1
    assert out.count("\n") == 1
    assert data["status"] == "refuted"
    assert set(data) >= {"status", "witness", "network_value", "formula_value", "method", "certificate", "reason"}
    for value in data["witness"].values():
        assert all(int(part) <= 10 for part in re.findall(r"\d+", value))
    assert data["network_value"] != data["formula_value"]
    assert all(isinstance(data[key], str) for key in ("network_value", "formula_value"))


def test_every_command_prints_one_json_object(run, minimum_file, tmp_path):
    proof = str(tmp_path / "proof.json")
    property_file = tmp_path / "property.vnnlib"
    names = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)"
    box = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1)))"
    property_file.write_text(names + box + "(assert (>= Y_0 1.5))", encoding="utf-8")
    calls = {
        "prove": ("prove", minimum_file, "Min(x1, x2)", "--certificate", proof),
        "compare": ("compare", minimum_file, minimum_file),
        "check": ("check", minimum_file, "Min(x1, x2)", proof),
        "theorem": ("theorem", minimum_file, "Min(x1, x2)", "-o", str(tmp_path / "minimum.v")),
        "explain": ("explain", minimum_file),
        "export": ("export", minimum_file, "Min(x1, x2)", "-o", str(tmp_path / "question.smt2")),
        "show": ("show", minimum_file, "--at", "3,-5"),
        "report": ("report", minimum_file, "-o", str(tmp_path / "minimum.html")),
        "verify": ("verify", minimum_file, str(property_file)),
        "deviation": ("deviation", minimum_file, "x2", "--domain", "0 <= x1 <= 1, 0 <= x2 <= 1"),
        "bounds": ("bounds", minimum_file, "--domain", "0 <= x1 <= 1, 0 <= x2 <= 1"),
        "snap": ("snap", minimum_file, "Min(x1, x2)", "-o", str(tmp_path / "snapped.json")),
        "regions": ("regions", minimum_file, "--domain", "x1 >= 0"),
        "minimal": ("minimal", "Min(x1, x2)"),
        "discover": ("discover", "Max(x1, x2, x3)", "--out", str(tmp_path / "found.npz")),
        "train": ("train", "absolute", "--seeds", "8", "--steps", "20"),
        "bench": ("bench", "absolute", "--points", "1000", "--rounds", "1", "--contender", "relucirc"),
        "circuits": ("circuits",),
    }
    assert set(calls) == set(COMMANDS)
    for words in calls.values():
        status, out, err = run(*words, "--json")
        assert (status, err) == (0, "")
        assert isinstance(json.loads(out), dict)


def test_explain_with_a_tolerance_says_the_same_as_the_library(run, tmp_path):
    net, path = relucirc.circuits.trained()["minimum"].network, str(tmp_path / "trained.json")
    relucirc.save(net, path)
    status, out, err = run("explain", path, "--tolerance", "1/1000", "--json")
    found = relucirc.explain(net, tolerance="1/1000")
    assert (status, err) == (0, "")
    assert json.loads(out)["formula"] == str(found.formula) == "Min(x1, x2)"
    assert json.loads(out)["deviation"] == str(found.deviation)
    status, out, _ = run("explain", path, "--tolerance", "1/1000", "--domain", "x1 >= x2, x1 <= 1, x2 >= 0")
    assert (status, out.splitlines()[0]) == (0, "formula   x2")


def test_a_budget_that_ends_exits_3(run):
    status, out, _ = run("prove", "median(9)", "x1", "--domain", "x1 + x2 >= 0", "--budget", "1e-9")
    assert status == 3
    assert out.startswith("unknown: the budget")


BAD_INPUT = {
    "a product of inputs": ("prove", "minimum", "x1*x2"),
    "an unknown symbol": ("prove", "minimum", "Min(x1, y)"),
    "code": ("prove", "minimum", "__import__('os').system('true')"),
    "an empty formula": ("prove", "minimum", ""),
    "a missing file": ("prove", "no-such-file.json", "x"),
    "an unknown circuit": ("prove", "minimun", "x"),
    "a wrong parameter": ("prove", "minimum(0)", "x"),
    "a parameter of the wrong kind": ("prove", "minimum(a)", "x"),
    "too many parameters": ("prove", "minimum(2, 3)", "x"),
    "an empty domain": ("prove", "minimum", "x1", "--domain", "x1 < 0, x1 > 0"),
    "a domain that is no domain": ("prove", "minimum", "x1", "--domain", "x1"),
    "a budget that is no number": ("prove", "minimum", "x1", "--budget", "soon"),
    "a negative budget": ("prove", "minimum", "x1", "--budget", "-1"),
    "no command": (),
    "an unknown command": ("proof",),
    "a missing argument": ("prove", "minimum"),
    "an unknown option": ("prove", "minimum", "x1", "--fast"),
    "an abbreviated option": ("prove", "minimum", "x1", "--js"),
    "a point with too few values": ("show", "minimum", "--at", "3"),
    "a point with a stray name": ("show", "minimum", "--at", "x1=3,y=2"),
    "a point with a word": ("show", "minimum", "--at", "3,five"),
    "a function without widths": ("train", "x1 + x2", "--steps", "1"),
    "widths that are none": ("train", "identity", "--sizes", "wide"),
    "widths that do not fit": ("train", "minimum", "--sizes", "1-3-1", "--steps", "1"),
    "an unknown regimen": ("train", "minimum", "--regimen", "luck"),
    "no seeds": ("train", "minimum", "--seeds", "0"),
    "a folder that cannot be made": ("train", "identity", "--steps", "1", "--seeds", "1", "--out", "/dev/null/out"),
    "no positive number of points": ("bench", "minimum", "--points", "0"),
    "an unknown contender": ("bench", "minimum", "--points", "10", "--contender", "nobody"),
    "a formula without a smallest network": ("minimal", "x1*x2"),
    "an unknown suffix": ("minimal", "Abs(x)", "--out", "net.txt"),
    "a drawing that cannot be written": ("show", "minimum", "--svg", "no/such/folder/net.svg"),
    "a certificate that cannot be written": (
        "prove",
        "minimum",
        "Min(x1, x2)",
        "--certificate",
        "no/such/folder/c.json",
    ),
}


@pytest.mark.parametrize("words", BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_exits_2_with_one_sentence(run, words):
    status, out, err = run(*words)
    assert_is_one_sentence(status, out, err)


def assert_is_one_sentence(status, out, err):
    assert (status, out) == (2, "")
    assert err.startswith("relucirc: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "internal error" not in err
    assert len(err) < 600


BAD_FILES = {
    "ragged": json.dumps({"inputs": ["x1", "x2"], "layers": [{"weight": [["1", "2"], ["3"]], "bias": ["0", "0"]}]}),
    "NaN as text": json.dumps({"inputs": ["x"], "layers": [{"weight": [["NaN"]], "bias": ["0"]}]}),
    "NaN": '{"inputs": ["x"], "layers": [{"weight": [[NaN]], "bias": ["0"]}]}',
    "a fraction as a number": '{"inputs": ["x"], "layers": [{"weight": [[0.1]], "bias": ["0"]}]}',
    "layers that do not fit": json.dumps({"inputs": ["x"], "layers": [{"weight": [["1"]]}, {"weight": [["1", "1"]]}]}),
    "no layers": json.dumps({"inputs": ["x"], "layers": []}),
    "a list": "[]",
    "cut off": '{"inputs": ["x"], "layers": [',
    "deep": "[" * 100_000,
    "empty": "",
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES)
def test_unreadable_networks_exit_2_with_one_sentence(run, tmp_path, text):
    path = tmp_path / "net.json"
    path.write_text(text)
    for words in (("prove", str(path), "x"), ("show", str(path)), ("explain", str(path))):
        assert_is_one_sentence(*run(*words))


@pytest.mark.parametrize("suffix", [".json", ".npz", ".onnx", ".safetensors"])
def test_binary_junk_exits_2_with_one_sentence(run, tmp_path, suffix):
    pytest.importorskip({".onnx": "onnx", ".safetensors": "safetensors"}.get(suffix, "json"))
    path = tmp_path / f"net{suffix}"
    path.write_bytes(bytes(range(256)) * 8)
    assert_is_one_sentence(*run("prove", str(path), "x"))
    assert_is_one_sentence(*run("prove", str(tmp_path), "x"))
    assert_is_one_sentence(*run("check", "minimum", "Min(x1, x2)", str(path)))
    assert_is_one_sentence(*run("check", "minimum", "Min(x1, x2)", str(tmp_path)))


def test_export_writes_networks_and_questions(run, minimum_file, tmp_path):
    pytest.importorskip("onnx")
    net, question = str(tmp_path / "net.onnx"), str(tmp_path / "question.vnnlib")
    assert run("export", minimum_file, "-o", net) == (0, f"network written to {net}\n", "")
    assert run("prove", net, "Min(x1, x2)")[0] == 0
    assert run("export", net, "-x1", "-o", question) == (0, f"question written to {question}\n", "")
    assert run("verify", str(tmp_path / "question.difference.onnx"), question)[1].startswith("sat\n")
    words = ("export", net, "x1", "--domain", "x1 <= x2", "--version", "2.0", "-o", question)
    assert run(*words)[0] == 0
    both = [str(tmp_path / f"question.{name}.onnx") for name in ("network", "formula")]
    assert run("verify", *both, question)[:2] == (0, "unsat\n")


def test_a_domain_is_read_from_a_file(run, tmp_path):
    box = tmp_path / "box.json"
    box.write_text('{"x1": [0, 1], "x2": [1, null]}', encoding="utf-8")
    assert run("prove", "minimum", "x1", "--domain", str(box))[0] == 0
    assert run("prove", "minimum", "x2", "--domain", str(box))[0] == 1
    assert run("prove", "minimum", "x1", "--domain", '{"x1": [0, 1], "x2": [1, null]}')[0] == 0
    status, _, err = run("prove", "minimum", "x1", "--domain", str(tmp_path / "no.json"))
    assert (status, err.count("\n")) == (2, 1)
    assert "no.json: cannot be read: No such file or directory; see" in err


def test_formulas_and_points_may_start_with_a_minus(run):
    assert run("prove", "negative_identity", "-x")[0] == 0
    assert run("prove", "identity", "-x")[0] == 1
    assert run("show", "minimum", "--at", "-3,-5")[0] == 0
    assert run("deviation", "identity", "-x", "--domain", "-1 <= x, x <= 1")[0] == 0


def test_a_networks_parameters_are_written_two_ways(run):
    assert run("prove", "minimum(3)", "Min(x1, x2, x3)")[0] == 0
    assert run("prove", "minimum:3", "Min(x1, x2, x3)")[0] == 0
    assert run("prove", "clip(0, 1/2)", "clip(x, 0, 1/2)")[0] == 0


def test_a_network_is_proved_equal_to_another_file(run, minimum_file):
    assert run("prove", "minimum_two_layers", minimum_file)[0] == 0
    assert run("prove", "maximum", minimum_file)[0] == 1


def test_a_certificate_is_accepted_for_its_claim_alone(run, tmp_path):
    proof = str(tmp_path / "proof.json")
    assert run("prove", "minimum", "Min(x1, x2)", "--certificate", proof)[0] == 0
    assert run("check", "minimum", "Min(x1, x2)", proof)[0] == 0
    status, out, _ = run("check", "maximum", "Min(x1, x2)", proof)
    assert status == 1
    assert out.startswith("rejected: ")
    status, out, _ = run("check", "minimum", "x2", proof, "--domain", "x2 <= x1")
    assert status == 1


def test_show_prints_the_originals_worked_examples(run):
    status, out, _ = run("show", "minimum", "--at", "3,5", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["formula"] == "Min(x1, x2)"
    assert data["trace"][0] == {"pre_activations": ["5", "-5", "2"], "activations": ["5", "0", "2"]}
    assert data["outputs"] == ["3"]
    _, out, _ = run("show", "minimum", "--at", "x2=-5,x1=3")
    assert "h1.2       5  -> relu ->  5" in out
    assert out.rstrip().endswith("output    -5")
    _, out, _ = run("show", "absolute", "--at", "-5", "--json")
    assert json.loads(out)["outputs"] == ["5"]


def test_show_shows_a_network_whose_formula_is_too_long_or_takes_long(run, monkeypatch):
    status, out, _ = run("show", "sawtooth:20", "--json")
    assert (status, json.loads(out)["formula"]) == (0, None)
    for name, value in (("PRINTED", 2), ("PATIENCE", 0.0)):
        with monkeypatch.context() as patch:
            patch.setattr(show, name, value)
            status, out, _ = run("show", "minimum", "--at", "3,-5")
            assert status == 0
            assert "formula: not written" in out
            assert out.rstrip().endswith("output    -5")


def test_deviation_names_the_value_and_the_place(run):
    status, out, _ = run("deviation", "minimum", "x2", "--domain", "-1 <= x1 <= 1, -1 <= x2 <= 1")
    assert status == 0
    assert out == "largest difference 2, attained at x1 = -1, x2 = 1.\n"
    assert "unbounded" in run("deviation", "minimum", "x2")[1]


def test_deviation_at_a_budgets_end_says_the_interval_and_exits_3(run, tmp_path):
    net = str(tmp_path / "net.json")
    relucirc.save(random_network((8, 60, 60, 1)), net)
    hard = ("deviation", net, "0", "--domain", ", ".join(f"-1 <= x{i} <= 1" for i in range(1, 9)))
    status, out, err = run(*hard, "--budget", "1")
    assert (status, err) == (3, "")
    assert out.startswith("largest difference at least ")
    status, out, err = run(*hard, "--budget", "1", "--json")
    data = json.loads(out)
    assert (status, err, data["status"], data["value"]) == (3, "", "unknown", None)
    assert 0 < Fraction(data["lower"]) <= Fraction(data["upper"])


def test_minimal_says_whether_the_size_is_proved(run, tmp_path):
    out_file, proof = str(tmp_path / "net.json"), str(tmp_path / "proof.json")
    status, out, _ = run("minimal", "Min(x1, x2)", "--out", out_file, "--certificate", proof)
    assert status == 0
    assert out.startswith("3 hidden neurons: ")
    assert relucirc.load(out_file).hidden_neurons == 3
    assert run("prove", out_file, "Min(x1, x2)")[0] == 0
    assert json.loads((tmp_path / "proof.json").read_text())["format"]
    status, out, _ = run("minimal", "Max(x1, x2, x3)", "--json")
    data = json.loads(out)
    assert status == 1
    assert (data["network"], data["optimal"]) == (None, False)
    assert data["certificate"] is not None


def test_snap_writes_the_circuit_that_a_network_is_close_to(run, tmp_path):
    trained, small = str(tmp_path / "trained.json"), str(tmp_path / "small.json")
    relucirc.save(relucirc.circuits.trained()["absolute"].network, trained)
    status, out, _ = run("snap", trained, "-o", small)
    assert status == 0
    assert re.search(r"^moved by .* on \[-1, 1\]", out, re.MULTILINE)
    assert out.endswith(f"network written to {small}\n")
    assert run("prove", small, "Abs(x)")[0] == 0
    assert run("snap", trained, "--domain", "x >= 0", "Abs(x)")[0] == 0
    status, out, _ = run("snap", trained, "x", "--json")
    data = json.loads(out)
    assert (status, data["status"], data["network"]["inputs"]) == (1, "refuted", ["x"])
    assert data["deviation"]["value"]


def test_regions_counts_and_discover_finds_or_excludes(run):
    status, out, _ = run("regions", "minimum")
    assert status == 0
    assert re.search(r"4 activation regions in all\.(.|\n)*\n2 linear pieces, 2 affine maps\n$", out)
    assert run("regions", "minimum", "--domain", "x1 < 0, x1 > 0")[0] == 2
    status, out, _ = run("regions", "median(9)", "--budget", "1e-9")
    assert status == 3
    assert "perhaps not all: the budget" in out
    status, out, _ = run("discover", "Max(x1, x2, x3)")
    assert status == 0
    assert "machine-found, exactly proved" in out
    assert "layer 3: " in out
    status, out, _ = run("discover", "Max(x1, x2, x3, x4, x5)", "--degree", "1", "--json")
    assert (status, json.loads(out)["status"]) == (1, "excluded")


def test_workers_and_a_journal_are_the_same_at_the_command_line(run, tmp_path):
    words = ["prove", "maximum(3)", "Max(x1, x2, x3) + x1/7", "--domain", UNIT, "--within", "1/7", "--certificate"]
    journal, alone, again = (str(tmp_path / name) for name in ("a.journal", "alone.json", "again.json"))
    status, out, err = run(*words, alone, "--workers", "1", "--journal", journal)
    assert (status, err) == (0, "")
    assert out.startswith("proved: within 1/7")
    Path(journal).write_bytes(Path(journal).read_bytes() + b"torn")
    status, _, err = run(*words, again, "--journal", journal)
    assert (status, err) == (0, f"relucirc: the journal {journal}: its last line was cut off, and is dropped.\n")
    assert Path(alone).read_bytes() == Path(again).read_bytes()
    assert run("check", "maximum(3)", words[2], again, *words[3:7], "--workers", "1")[0] == 0
    assert_is_one_sentence(*run("bounds", "sort:3", "--journal", journal))


def test_every_command_offers_workers_and_a_journal_where_its_verb_takes_them():
    verbs = {"deviation": relucirc.max_deviation, "train": run_census, "minimal": relucirc.minimal_network}
    for name, command in COMMANDS.items():
        verb = verbs.get(name) or getattr(relucirc, name, None)
        takes = inspect.signature(verb).parameters if inspect.isfunction(verb) else {}
        offered = {word for words, _ in command.arguments for word in words}
        assert {word for word in ("--workers", "--journal") if word[2:] in takes} == {
            "--workers",
            "--journal",
        } & offered


def test_train_prints_a_census_and_writes_a_folder(run, tmp_path):
    folder = tmp_path / "out"
    status, out, _ = run("train", "absolute", "--seeds", "16", "--steps", "100", "--out", str(folder))
    assert status == 0
    assert "of 16 seeds proved equal after snapping" in out
    assert json.loads((folder / "census.json").read_text())
    assert (folder / "report.txt").exists()


def test_show_writes_a_drawing(run, tmp_path):
    path = tmp_path / "minimum.svg"
    assert run("show", "minimum", "--at", "3,-5", "--draw", str(path))[0] == 0
    assert path.read_text().startswith("<svg")


def test_help_of_every_command_fits_and_exits_0(run):
    for name in COMMANDS:
        status, out, err = run(name, "--help")
        assert (status, err) == (0, "")
        assert out.startswith(f"usage: relucirc {name}")
    assert run("--version")[1] == f"relucirc {relucirc.__version__}\n"
    assert set(COMMANDS) <= set(build_parser().format_help().split())


def test_an_internal_error_is_never_taken_for_a_refutation(run, monkeypatch):
    monkeypatch.setattr(relucirc, "prove", lambda *_, **__: 1 / 0)
    status, out, err = run("prove", "minimum", "x1")
    assert (status, out) == (2, "")
    assert "internal error" in err


def test_the_module_is_the_command_line():
    done = process("prove", "minimum", "Max(x1, x2)")
    assert done.returncode == 1
    assert done.stdout.startswith("refuted: ")
    assert done.stderr == ""


def test_a_closed_pipe_changes_nothing():
    command = f"{sys.executable} -m relucirc show minimum | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_gives_unknown():
    words = ["prove", "minimum", "x1", "--budget", "none"]
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (child.returncode, err) == (3, "")
    assert out.startswith("unknown: interrupted. Reached waiting after ")


ENDLESS = """
import signal, sys, time, relucirc.proof.prover
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs start with it ignored
from relucirc.cli import main
from relucirc.core.budget import tick

def wait(problem):
    print("started", flush=True)
    while True:
        tick("steps")
        time.sleep(0.001)

relucirc.proof.prover.METHODS = {"waiting": wait}
sys.exit(main(sys.argv[1:]))
"""


def test_arrays_that_name_no_activation_are_read_with_one_line_on_standard_error(run, tmp_path):
    path = str(tmp_path / "net.npz")
    np.savez(path, W0=np.array([[1.0], [-1.0]]), W1=np.array([[1.0, 1.0]]))
    status, out, err = run("prove", path, "Abs(x)", "--json")
    assert (status, json.loads(out)["status"]) == (0, "proved")
    said = "the file names no activation; if that is right, say --activation relu."
    assert err == f"relucirc: {path}: read as a ReLU network: {said}\n"
    assert run("prove", path, "Abs(x)", "--activation", "relu")[::2] == (0, "")
    status, out, err = run("prove", path, "Abs(x)", "--activation", "tanh")
    assert (status, out) == (2, "")
    assert "--activation: invalid choice: 'tanh'" in err
