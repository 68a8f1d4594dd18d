"""Verbs about sizes and depths give one kind of answer, with a status, and also when they are stopped."""

import json

import pytest

import relucirc
from relucirc.core import budget
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget
from relucirc.optimal import discovery

pytest.importorskip("z3", reason="the extra 'smt' is not installed")

MINIMUM = relucirc.circuits.minimum()
CASES = {
    "the smallest": (lambda **k: relucirc.minimal_network("Min(x1, x2)", **k), "optimal"),
    "no layer": (lambda **k: relucirc.minimal_network("Max(x1, x2, x3)", **k), "impossible"),
    "no biases": (lambda **k: relucirc.minimal_network("Max(x1, 1)", bias=False, **k), "impossible"),
    "two layers": (lambda **k: relucirc.minimal_network("Min(x1, x2)", 2, **k), "found"),
    "on a box": (lambda **k: relucirc.minimal_network("Max(x, 1)", 1, "0 <= x <= 2", **k), "optimal"),
    "judged": (lambda **k: relucirc.optimal(MINIMUM, None, "x1 >= 0", **k), "improved"),
    "judged well": (lambda **k: relucirc.optimal(MINIMUM, **k), "optimal"),
    "deep": (lambda **k: relucirc.depth_certificate("Max(x1, x2, x3)", **k), "deep"),
    "shallow on a domain": (lambda **k: relucirc.depth_certificate("Max(x1, x2, x3)", "x3 >= x1 + 1", **k), "shallow"),
    "affine": (lambda **k: relucirc.depth_certificate("x1 + 1", **k), "shallow"),
    "compiled": (lambda **k: relucirc.compile_formula("Max(x1, x2, x3)", **k), "found"),
    "compiled flat": (lambda **k: relucirc.compile_formula("Max(x1, x2)", 1, **k), "optimal"),
    "compiled in vain": (lambda **k: relucirc.compile_formula("Max(x1, x2, x3)", 1, **k), "impossible"),
    "discovered": (lambda **k: relucirc.discover("Max(x1, x2, x3)", **k), "found"),
    "shorter words": (lambda **k: relucirc.discover("Max(x1, x2, x3)", degree=1, **k), "found"),
    "weights": (lambda **k: discovery.search_architecture("Min(x1, x2)", [3], **k), "found"),
    "no weights": (lambda **k: discovery.search_architecture("Min(x1, x2)", [1], **k), "excluded"),
    "chamber": (lambda **k: discovery.order_statistic_in_two_layers(4, **k), "found"),
    "other chamber": (lambda **k: discovery.order_statistic_in_two_layers(7, **k), "excluded"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_answer_has_a_status_and_becomes_data_and_text(name):
    ask, status = CASES[name]
    answer = ask()
    assert isinstance(answer, Answer)
    assert answer.status == status
    data = json.loads(json.dumps(answer.to_json()))
    assert (data["status"], data["reason"], data["certificate"]) == (status, answer.reason, answer.certificate)
    assert answer.seconds > 0
    assert str(answer) == answer.reason
    assert answer.reason in answer._repr_html_().replace("&#x27;", "'").replace("&gt;", ">")


@pytest.mark.parametrize("name", CASES)
def test_an_answer_comes_when_there_is_no_time(name):
    answer = CASES[name][0](budget=0)
    assert answer.status == "unknown"
    assert "the budget of 0 s ended" in str(answer)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_comes_on_ctrl_c(name, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Budget, "step", stop)
    answer = CASES[name][0]()
    assert answer.status == "unknown"
    assert "interrupted" in str(answer)


def test_certificates_of_compilation_and_discovery_are_taken_by_check():
    for formula, ask in (("Max(x1, x2, x3)", relucirc.compile_formula), ("median(x1, x2, x3)", relucirc.discover)):
        found = ask(formula)
        assert relucirc.check(found.network, formula, found.certificate)


def test_a_prover_that_gives_up_is_not_called_the_end_of_the_budget(monkeypatch):
    from relucirc.optimal import shallow_form
    from relucirc.proof.result import Result

    monkeypatch.setattr(shallow_form, "prove", lambda *_, **__: Result("unknown", None, "no method decided it."))
    for ask in (relucirc.minimal_network, relucirc.depth_certificate):
        answer = ask("Max(x, 1)", "x >= 0") if ask is relucirc.depth_certificate else ask("Max(x, 1)", 1, "x >= 0")
        assert answer.status == "unknown"
        assert "budget" not in answer.reason
        assert "found" in answer.reason


def test_progress_is_told_while_a_verb_works(monkeypatch):
    monkeypatch.setattr(budget, "PATIENCE", 0.0)
    monkeypatch.setattr(budget, "INTERVAL", 0.0)
    for name, (ask, _) in CASES.items():
        seen = []
        ask(progress=seen.append)
        assert seen, name
        assert all(isinstance(clock, Budget) for clock in seen)
