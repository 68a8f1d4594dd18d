"""One check for the certificates of all verbs: the format says what is claimed, and of what."""

import copy
import json

import pytest

import relucirc
from relucirc import circuits
from relucirc.checker.verdict import Verdict, replay
from relucirc.cli import main
from relucirc.core.budget import Budget

LEAST, LARGEST = "Min(x1, x2)", "Max(x1, x2, x3)"
SIZE = relucirc.minimal_network(LEAST)
DEPTH = relucirc.depth_certificate(LARGEST)


def test_a_certificate_of_size_is_checked_for_its_function():
    for f in (LEAST, circuits.minimum(), circuits.minimum_two_layers()):
        certificate = relucirc.minimal_network(f).certificate
        assert relucirc.check(f, None, certificate)
        assert relucirc.check(None, f, certificate)
    assert relucirc.check(SIZE.network, LEAST, SIZE.certificate)
    assert relucirc.check(circuits.minimum(), None, relucirc.optimal(circuits.minimum()).certificate)
    assert not relucirc.check("Max(x1, x2)", None, SIZE.certificate)
    assert not relucirc.check(SIZE.network, "Max(x1, x2)", SIZE.certificate)
    where = "0 <= x1 <= 1, 0 <= x2 <= 1"
    on_a_box = relucirc.minimal_network(LEAST, domain=where).certificate
    assert relucirc.check(LEAST, None, on_a_box, where)
    assert not relucirc.check(LEAST, None, on_a_box)


def test_with_two_functions_the_network_must_be_the_certificates_own():
    for other in (circuits.minimum(), circuits.minimum_two_layers(), LEAST, 3, circuits.minimum):
        verdict = relucirc.check(other, LEAST, SIZE.certificate)
        assert verdict.accepted is (isinstance(other, relucirc.MLP) and other.exact() == SIZE.network)
    skip = relucirc.minimal_network(LEAST, skip=True)
    assert relucirc.check(LEAST, None, skip.certificate)
    assert not relucirc.check(skip.network, LEAST, skip.certificate)  # without its skip connection it is another


def test_a_certificate_of_depth_is_checked_for_its_function():
    assert relucirc.check(LARGEST, None, DEPTH.certificate)
    assert relucirc.check(None, LARGEST, relucirc.minimal_network(LARGEST).certificate)
    deep = relucirc.depth_certificate(circuits.maximum(3)).certificate
    assert relucirc.check(circuits.maximum(3), None, deep)
    assert not relucirc.check(LEAST, None, DEPTH.certificate)
    assert not relucirc.check(circuits.maximum(3), LARGEST, DEPTH.certificate)


@pytest.mark.parametrize("certificate", [None, [], "", {}, {"format": []}, {"format": "relucirc-size-9"}, SIZE, 7])
def test_evidence_of_no_known_format_is_rejected(certificate):
    for claim in ((circuits.minimum(), LEAST), (LEAST, None), (None, None)):
        verdict = relucirc.check(*claim, certificate)
        assert (verdict.accepted, verdict.status) == (False, "rejected")
        assert verdict.reason


def test_one_format_does_not_pass_for_another():
    proof = relucirc.prove(circuits.minimum(), LEAST).certificate
    formats = [c["format"] for c in (proof, SIZE.certificate, DEPTH.certificate)]
    assert len(set(formats)) == 3
    for certificate in (proof, SIZE.certificate, DEPTH.certificate):
        for name in formats:
            changed = copy.deepcopy(certificate) | {"format": name}
            accepted = [bool(relucirc.check(*claim, changed)) for claim in ((LEAST, None), (LARGEST, None))]
            assert any(accepted) is (name == certificate["format"] != formats[0])
    nested = SIZE.certificate | {"equal": SIZE.certificate}
    assert not relucirc.check(LEAST, None, nested)


def test_a_certificate_of_bounds_or_of_a_deviation_proves_its_own_claim_alone():
    net, box = circuits.minimum(), relucirc.Box(-1, 1)
    bounds = relucirc.bounds(net, box).certificate
    deviation = relucirc.max_deviation(net, "x1", box).certificate  # 2
    assert relucirc.check(net, None, bounds, box)
    assert relucirc.check(net, "x1", deviation, box)
    for formula, certificate, within in (
        ("Max(x1, x2)", bounds, None),
        ("y <= 0", bounds, None),
        (None, bounds, "1/10"),
        ("x1", deviation, "1/10"),
        (None, deviation, None),
    ):
        assert relucirc.check(net, formula, certificate, box, within=within).accepted is False
    assert relucirc.check(None, None, bounds, box).accepted is False


def test_a_verdict_is_an_answer():
    verdict = relucirc.check(LEAST, None, SIZE.certificate)
    assert str(verdict) == f"accepted: {verdict.reason}."
    assert json.loads(json.dumps(verdict.to_json()))["status"] == "accepted"
    assert verdict.certificate is None
    assert verdict.seconds > 0


def test_ctrl_c_is_no_acceptance_and_is_left_to_the_verb_around():
    def stop():
        raise KeyboardInterrupt

    verdict = replay(stop, "all")
    assert (verdict.accepted, verdict.status, bool(verdict)) == (None, "unknown", False)
    with Budget(9), pytest.raises(KeyboardInterrupt):
        replay(stop, "all")
    assert replay(lambda: None, "all") == Verdict(True, "all")


def test_the_command_takes_what_the_other_commands_write(tmp_path, capsys):
    def run(*words):
        status = main([str(word) for word in words])
        return status, capsys.readouterr().out

    size, depth, net = tmp_path / "size.json", tmp_path / "depth.json", tmp_path / "net.json"
    assert run("minimal", LEAST, "--certificate", size, "--out", net)[0] == 0
    assert run("minimal", LARGEST, "--certificate", depth)[0] == 1
    for words in (
        (LEAST, size),
        (net, LEAST, size),
        (LARGEST, depth),
        (LARGEST, "--json", depth),
    ):
        status, out = run("check", *words)
        assert status == 0, out
        assert out.startswith(("accepted: ", '{"status": "accepted"'))
    assert run("minimal", net, "--certificate", size)[0] == 0
    assert run("check", net, size)[0] == 0
    for words in ((LARGEST, size), (LEAST, depth), ("maximum", LEAST, size), ("minimum", LEAST, depth)):
        assert run("check", *words)[0] == 1
    where = ("--domain", "x1 >= 0")
    assert run("prove", "minimum", LEAST, "--certificate", size, *where)[0] == 0
    assert run("check", "minimum", LEAST, *where, size)[0] == 0
    assert run("check", *where, "minimum", LEAST, size)[0] == 0
    assert run("check", "minimum", *where, LEAST, size)[0] == 0
