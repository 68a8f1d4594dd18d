"""The census: every converged network is proved and checked, all seeds are counted, and failures get their names."""

import json
import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trained import GRID, STUCK, as_float, batch_of, values

import relucirc
from relucirc import MLP
from relucirc.cli import main
from relucirc.core.errors import FileError, RelucircError
from relucirc.interpretation.batch import to_networks
from relucirc.interpretation.target import read_target
from relucirc.language.domain import Box
from relucirc.training import FUNCTIONS, REGIMENS, run_census, train, wilson
from relucirc.training.driver import Trained


@pytest.fixture(scope="module", params=["minimum", "absolute", "clip"])
def census(request):
    """Networks from a short training: some converge, and some are stuck."""
    steps, regimen = {"minimum": (800, "adam"), "absolute": (300, "adam"), "clip": (3000, "best")}[request.param]
    return run_census(request.param, seeds=96, regimen=regimen, steps=steps, batch=200, progress=False)


def grid(n):
    return GRID if n == 2 else np.linspace(-1, 1, 201)[:, None]


# Counting


def test_every_seed_is_counted_once(census):
    assert 0 < census.proved < census.seeds == 96
    assert sum(circuit.count for circuit in census.circuits) == census.proved == census.converged.sum()
    failed = sorted(seed for failure in census.failures for seed in failure.seeds)
    assert failed == np.flatnonzero(~census.converged).tolist()
    assert all(failure.count == len(failure.seeds) for failure in census.failures)
    for place, circuit in enumerate(census.circuits):
        assert (census.circuit_of == place).sum() == circuit.count
    assert sum(census.classes) == census.proved
    assert census.classes == sorted(census.classes, reverse=True)
    assert [c.count for c in census.circuits] == sorted((c.count for c in census.circuits), reverse=True)


def test_every_circuit_is_proved_afresh_and_its_certificate_is_accepted(census):
    formula = census.target
    for circuit in census.circuits:
        domain = None if circuit.where == "everywhere" else Box(-1, 1)
        result = relucirc.prove(circuit.network, formula, domain=domain)
        assert result.status == "proved"
        assert relucirc.check(circuit.network, formula, result.certificate, domain)


def test_a_converged_network_is_near_its_circuit_and_the_others_are_far_from_the_target(census):
    points = grid(len(census.circuits[0].network.inputs))
    wanted = values(as_float(census.circuits[0].network), points)
    for seed in range(census.seeds):
        net, circuit = census.trained.network(seed), census.snapped(seed)
        assert (circuit is not None) == census.converged[seed]
        if circuit is not None:
            np.testing.assert_allclose(values(as_float(circuit), points), wanted, atol=1e-9)
            assert np.abs(values(net, points) - wanted).max() < 0.1
    stuck = {s for f in census.failures if f.kind != "unfinished" for s in f.seeds}
    for seed in stuck:
        assert np.abs(values(census.trained.network(seed), points) - wanted).max() > 0.02


def test_circuits_differ_and_mirror_images_share_a_class(census):
    texts = [str(circuit) for circuit in census.circuits]
    assert len(set(texts)) == len(texts)
    if census.target == "Min(x1, x2)":
        assert set(texts) == {
            "-relu(-x1) - relu(x1 - x2) + relu(x1)",
            "-relu(-x1 + x2) - relu(-x2) + relu(x2)",
        }
        assert {circuit.orbit for circuit in census.circuits} == {1}
        assert all("minimum circuit" in circuit.features for circuit in census.circuits)


def test_the_interval_and_the_json_say_what_the_census_says(census):
    data = json.loads(json.dumps(census.to_json()))
    assert data["proved"] == census.proved
    assert data["interval"] == pytest.approx(wilson(census.proved, 96), abs=1e-6)
    assert sum(c["count"] for c in data["circuits"]) + sum(f["count"] for f in data["failures"]) == 96
    assert sum(data["draws"].values()) == 96
    for circuit in data["circuits"]:
        rows = circuit["network"]["layers"]
        again = MLP.from_arrays([(layer["weight"], layer["bias"]) for layer in rows], circuit["network"]["inputs"])
        assert relucirc.prove(again, census.target).status == "proved"


def test_the_census_and_the_training_are_answers(census):
    assert (census.status, census.certificate) == ("finished", None)
    assert census.reason in str(census)
    assert census.reason.startswith(f"{census.proved} of 96 seeds proved")
    assert census.seconds == census.train_seconds + census.judge_seconds > census.trained.seconds > 0
    data = json.loads(json.dumps(census.trained.to_json()))
    assert (data["status"], data["target"], data["reason"]) == ("trained", census.target, str(census.trained))
    assert "networks" not in data


def test_the_report_shows_the_rate_the_circuits_and_the_failures(census):
    text = str(census)
    low, high = census.interval
    assert f"{census.proved} of 96 seeds proved" in text
    assert f"(95 % interval {low:.1%} to {high:.1%})" in text
    assert str(census.circuits[0]) in text
    assert census.failures[0].kind in text


def test_the_census_can_be_drawn(census, tmp_path):
    picture = census.draw(tmp_path / "census.svg")
    svg = (tmp_path / "census.svg").read_text("utf-8")
    assert svg == picture
    assert str(census.circuits[0]).replace("-", "\u2212").replace(">", "&gt;") in svg
    assert len(svg) < 250_000
    bars = {shape.hover for shape in picture.scene.shapes if shape.kind == "bar"}
    assert f"{census.circuits[0].count} of 96 seeds" in bars
    with pytest.raises(FileError, match=r"\.svg, \.pdf, \.png or \.tex for a drawing, got '.*census.txt'"):
        census.draw(tmp_path / "census.txt")
    with pytest.raises(FileError, match="cannot write"):
        census.draw(tmp_path / "none" / "census.svg")


# Wilson's interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # the textbook values, to four digits
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (1024, 1024, 0.9963, 1.0),
    ],
)
def test_wilsons_interval_has_its_known_values(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000), st.data())
def test_wilsons_bounds_are_where_the_score_test_just_rejects(trials, data):
    successes = data.draw(st.integers(0, trials))
    p, z = successes / trials, 1.959963984540054
    for bound in wilson(successes, trials):
        if 0 < bound < 1:
            assert abs(p - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / trials), rel=1e-9)
        else:
            assert bound == p


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, 0)])
def test_wilson_refuses_impossible_counts(successes, trials):
    with pytest.raises(RelucircError, match="expected successes among at least one trial"):
        wilson(successes, trials)


# The whole way


def test_named_functions_have_targets_that_fit_their_sizes():
    for name, function in FUNCTIONS.items():
        target = read_target(function.formula, function.sizes)
        assert target.graph is not None, name
        assert len(target.names) == function.sizes[0]


def test_networks_given_by_hand_are_judged_as_trained_ones_are():
    """The census reads nothing but the networks: here two that are right, and two that are not."""
    trained = train("Min(x1, x2)", (2, 3, 1), key=jax.random.key(0), seeds=4, steps=1, batch=10)
    layers = batch_of([
        ([[2, 0], [-3, 0], [1.5, -1.5]], [0.5, -1 / 3, -2 / 3]),
        ([[0, 1], [-1, 1], [0, -1]], [1, -1, -1]),
        STUCK["twin neurons"],
        STUCK["dead neuron"],
    ])  # fmt: skip
    given = {field: getattr(trained, field) for field in Trained.__dataclass_fields__}
    census = Trained(**{**given, "networks": to_networks(layers, ("x1", "x2"))}).census
    assert census.converged.tolist() == [True, True, False, False]
    assert census.classes == [2]


def test_the_command_prints_the_census_and_writes_the_folder(tmp_path, capsys):
    out = tmp_path / "out"
    words = [
        "train",
        "minimum",
        "--seeds",
        "32",
        "--regimen",
        "adam",
        "--steps",
        "600",
        "--seed",
        "3",
        "--out",
        str(out),
    ]
    assert main(words) == 0
    printed, err = capsys.readouterr()
    assert err == ""
    assert "Min(x1, x2): 2-3-1 networks, regimen adam, 600 steps" in printed
    assert "-relu(-x1 + x2) - relu(-x2) + relu(x2)" in printed
    assert f"networks, census and report written to {out}" in printed
    data = json.loads((out / "census.json").read_text())
    assert f"{data['proved']} of 32 seeds proved" in (out / "report.txt").read_text() in printed + "\n"
    assert relucirc.prove(relucirc.load(out / "circuits" / "circuit1.json"), "Min(x1, x2)")
    assert (out / "census.svg").read_text("utf-8").startswith("<svg")
    with np.load(out / "networks.npz") as saved:
        assert saved["layer0.weight"].shape == (32, 3, 2)
        assert saved["losses"].shape == (60, 32)
        assert saved["converged"].sum() == data["proved"]
    assert main([*words, "--json"]) == 0  # the finished run is read from its checkpoint
    again = json.loads(capsys.readouterr().out)
    assert {k: again[k] for k in ("proved", "classes", "circuits")} == {
        k: data[k] for k in ("proved", "classes", "circuits")
    }


def test_the_command_refuses_in_one_sentence(capsys):
    for words, message in (
        (("x1 + x2",), "for a formula of your own say the widths"),
        (("minimum", "--regimen", "luck"), "expected one of original, best"),
        (("minimum", "--sizes", "2-0-1"), "argument --sizes: expected a positive integer, got 0"),
        (("minimum", "--sizes", "2"), "expected widths such as 2-3-1"),
    ):
        assert main(["train", *words]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1


def test_the_commands_help_names_every_regimen(capsys):
    assert main(["train", "--help"]) == 0
    words = capsys.readouterr().out.replace(",", " ").split()
    assert set(REGIMENS) <= set(words)
