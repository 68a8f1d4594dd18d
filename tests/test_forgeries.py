"""Certificates that someone made up: rejected in bounded time, and nothing that they hold is without a meaning."""

import copy
import json

import pytest

import relucirc
from relucirc.checker import derivation

NET = relucirc.circuits.minimum()
FORMULA = "Min(x1, x2)"


@pytest.fixture(scope="module")
def proof():
    return relucirc.prove(NET, FORMULA).certificate


def test_a_file_of_text_names_no_other_file(proof, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relucirc.save_certificate(proof, "proof.json")
    assert relucirc.check(NET, FORMULA, "proof.json")
    for name, content in (("other.json", "proof.json"), ("itself.json", "itself.json")):
        (tmp_path / name).write_text(json.dumps(content) + "\n")
        verdict = relucirc.check(NET, FORMULA, name)
        assert not verdict
        assert "expected a certificate" in verdict.reason


def test_boxes_beside_another_proof_are_rejected(proof):
    forged = copy.deepcopy(proof)
    forged["proof"]["boxes"] = {"flips": "", "combinations": [], "tree": ""}
    verdict = relucirc.check(NET, FORMULA, forged)
    assert not verdict
    assert verdict.reason == "an equality has no violations"


def test_a_point_beside_no_bound_is_rejected():
    whole = relucirc.bounds(NET, "0 <= x1").certificate
    assert relucirc.check(NET, None, whole, "0 <= x1")
    assert "a value has no point" in relucirc.check(NET, None, {**whole, "upper_at": [["0", "0"]]}, "0 <= x1").reason


def test_a_maximum_that_expands_to_millions_is_rejected(monkeypatch):
    monkeypatch.setattr(derivation, "MOST_ELEMENTS", 1 << 10)
    k = 24
    net = relucirc.MLP.from_arrays([([[i, 1] for i in range(k)], None), ([[1] * k], [-1]), ([[1]], None)])
    hinges = [[{"v0": str(i), "v1": "1"}] for i in range(k)]
    top = [{**{f"v{2 + i}": "1" for i in range(k)}, "1": "-1"}]
    steps = [{"atom": i, "scale": "1", "base": {}} for i in range(k + 1)]
    steps[k]["expand"] = list(range(k))
    forged = {"format": "relucirc-certificate-1", "proof": {"atoms": [*hinges, top], "left": steps, "right": []}}
    assert "expands to more than" in relucirc.check(net, "x1", forged).reason
