"""Every verb answers in one way: a status, a sentence, data; also when its time is over, and at Ctrl-C."""

import inspect
import json

import jax
import pytest
from hard import random_network

import relucirc
from relucirc import Box, circuits
from relucirc.checker.check import check_claim
from relucirc.core import budget
from relucirc.core.answer import Answer
from relucirc.core.budget import Budget
from relucirc.language.claim import read_claim
from relucirc.optimal import discovery
from relucirc.training import run_census

LEAST, LARGEST = "Min(x1, x2)", "Max(x1, x2, x3)"
NET, TRAINED = circuits.minimum(), circuits.trained()["absolute"].network
PROOF = relucirc.prove(NET, LEAST).certificate
KEY = jax.random.key(0)

VERBS = {
    "prove": (lambda **k: relucirc.prove(NET, LEAST, **k), "proved"),
    "refute": (lambda **k: relucirc.prove(NET, "Max(x1, x2)", **k), "refuted"),
    "explain": (lambda **k: relucirc.explain(NET, **k), "proved"),
    "snap": (lambda **k: relucirc.snap(TRAINED, **k), "snapped"),
    "snap to a formula": (lambda **k: relucirc.snap(TRAINED, "Abs(x)", **k), "proved"),
    "universality": (lambda **k: relucirc.universality([NET], **k), "counted"),
    "regions": (lambda **k: relucirc.regions(NET, Box(-1, 1), **k), "complete"),
    "regions of one input": (lambda **k: relucirc.regions(TRAINED, **k), "complete"),
    "max_deviation": (lambda **k: relucirc.max_deviation(NET, "x1", Box(-1, 1), **k), "exact"),
    "max_deviation from a polynomial": (lambda **k: relucirc.max_deviation(TRAINED, "x**2", Box(0, 1), **k), "exact"),
    "bounds": (lambda **k: relucirc.bounds(NET, Box(-1, 1), **k), "exact"),
    "prove within": (lambda **k: relucirc.prove(NET, "x1", Box(-1, 1), within=2, **k), "proved"),
    "prove a relation": (lambda **k: relucirc.prove(NET, "y <= x1 + 1/10", Box(-1, 1), **k), "proved"),
    "minimal_network": (lambda **k: relucirc.minimal_network(LEAST, **k), "optimal"),
    "minimal_network, none": (lambda **k: relucirc.minimal_network(LARGEST, **k), "impossible"),
    "optimal": (lambda **k: relucirc.optimal(NET, **k), "optimal"),
    "depth_certificate": (lambda **k: relucirc.depth_certificate(LARGEST, **k), "deep"),
    "compile_formula": (lambda **k: relucirc.compile_formula(LARGEST, **k), "found"),
    "discover": (lambda **k: relucirc.discover(LARGEST, **k), "found"),
    "search_architecture": (lambda **k: discovery.search_architecture(LEAST, [3], **k), "found"),
    "order statistic": (lambda **k: discovery.order_statistic_in_two_layers(4, **k), "found"),
    "train": (lambda **k: relucirc.train("Abs(x)", (1, 2, 1), key=KEY, seeds=4, steps=60, **k), "trained"),
}
UNTIMED = {
    "check": (lambda: relucirc.check(NET, LEAST, PROOF), "accepted"),
    "check another": (lambda: relucirc.check(NET, "x1", PROOF), "rejected"),
    "census": (lambda: run_census("absolute", seeds=8, steps=60), "finished"),
}


@pytest.fixture(autouse=True)
def _z3(request):
    if "architecture" in request.node.name:
        pytest.importorskip("z3", reason="the extra 'smt' is not installed")


def assert_is_answer(answer):
    assert isinstance(answer, Answer)
    assert isinstance(answer.status, str)
    assert answer.reason.strip()
    assert answer.seconds >= 0
    assert isinstance(str(answer), str)
    assert str(answer).strip()
    assert len(str(answer)) < 2000
    data = json.loads(json.dumps(answer.to_json()))
    if not isinstance(answer, relucirc.training.Census):  # whose data is a file of its own
        assert (data["status"], data["reason"]) == (answer.status, answer.reason)
        assert data["certificate"] == answer.certificate
    html = answer._repr_html_()
    assert html.startswith("<pre>")
    assert ("<summary>certificate" in html) is (answer.certificate is not None)
    assert ("<summary>more" in html) is ("\n" in str(answer))


@pytest.mark.parametrize("verb", [*VERBS, *UNTIMED])
def test_every_verb_answers_in_one_way(verb):
    ask, status = (VERBS | UNTIMED)[verb]
    answer = ask()
    assert_is_answer(answer)
    assert answer.status == status


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_when_its_time_is_over(verb):
    answer = VERBS[verb][0](budget=0)
    assert_is_answer(answer)
    early = ("unknown", "refuted") if verb == "snap to a formula" else ("unknown",)  # the network itself is no Abs(x)
    assert answer.status in early
    assert "the budget of 0 s ended" in str(answer)
    with Budget(60):  # a verb inside of another leaves the end to it
        assert VERBS[verb][0](budget=0).status in early
    with Budget(0), pytest.raises(budget.OutOfBudget):
        VERBS[verb][0](budget=60)


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_at_ctrl_c(verb, after, monkeypatch):
    step, calls = Budget.step, []

    def interrupted(self, *arguments):
        calls.append(arguments)
        if len(calls) == after + 1:
            raise KeyboardInterrupt
        step(self, *arguments)

    monkeypatch.setattr(Budget, "step", interrupted)
    answer = VERBS[verb][0]()
    assert_is_answer(answer)
    if len(calls) > after and answer.status == "unknown":
        assert "interrupted" in str(answer)
    assert after > 0 or calls


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_a_budget_and_progress_in_one_way(verb):
    seen = []
    VERBS[verb][0](budget=600, progress=False)
    VERBS[verb][0](progress=seen.append)
    assert all(isinstance(clock, relucirc.Budget) for clock in seen)


def test_the_arguments_of_verbs_stand_in_one_order():
    verbs = [
        *(relucirc.prove, relucirc.explain, relucirc.snap, relucirc.regions, relucirc.max_deviation),
        relucirc.bounds,
        *(relucirc.check, relucirc.minimal_network, relucirc.optimal.optimal, relucirc.depth_certificate),
        *(relucirc.compile_formula, relucirc.discover, relucirc.train, run_census),
    ]
    for verb in verbs:
        parameters = inspect.signature(verb).parameters
        for name in ("budget", "inputs", "progress"):
            if name in parameters:
                assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY, (verb, name)
                assert parameters[name].default is None or name == "budget", (verb, name)
        if "domain" in parameters:
            assert parameters["domain"].default is None, verb


def test_a_claim_that_is_checked_inside_a_verb_leaves_ctrl_c_to_it(monkeypatch):
    claim = read_claim(NET, LEAST)
    assert check_claim(claim, PROOF)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("relucirc.checker.equality.check_cells", interrupted)
    assert check_claim(claim, PROOF).status == "unknown"
    assert relucirc.prove(NET, LEAST).status == "unknown"


def test_an_answers_text_stays_short():
    net = random_network((2, 20, 20, 1))
    for answer in (
        relucirc.prove(net, "x1"),
        relucirc.max_deviation(net, "x1", Box(-1, 1)),
        relucirc.regions(net, Box(-1, 1)),
    ):
        assert len(str(answer)) < 400
