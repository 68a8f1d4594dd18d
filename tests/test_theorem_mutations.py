"""The checkers in Python and in Gallina about the same broken certificates and false statements: a few of them."""

import pytest
from certificates import SHIFTED_MEDIAN, put, walk
from test_theorem import SMALL, needs_rocq, translated
from test_theorem_claims import CLAIMS
from theorem_mutations import HARMLESS, Asked, Outcome, compared
from theorems import theory  # noqa: F401

import relucirc
from relucirc.proof.theorem import theorem
from relucirc.proof.theorem.stating import File


def test_verdicts_are_compared_both_ways():
    outcome = Outcome()
    outcome.add("certificates", Asked("one", "", accepted=False, reason="a step is wrong"), kernel=True)
    outcome.add("certificates", Asked("two", "", accepted=False, reason="an atom is not used"), kernel=True)
    outcome.add("certificates", Asked("three", "", accepted=True, reason=""), kernel=False)
    outcome.add("statements", Asked("four", "", accepted=True, reason="", false=True), kernel=False)
    outcome.add("statements", Asked("five", "", accepted=False, reason="", false=True), kernel=False)
    assert [line.partition(":")[0] for line in outcome.wrong] == ["one", "four"]
    assert outcome.narrower == ["three"]
    assert outcome.counts.total() == 5


def test_what_is_harmless_is_not_what_is_unsound():
    for reason in ("the normal forms differ", "a difference has a kink", "the multipliers do not show a sign"):
        assert not HARMLESS.search(reason)


def test_a_truth_value_is_not_written_as_the_index_that_it_equals():
    tried = 0
    claims = [*((*claim, None) for claim in SMALL.values()), *CLAIMS.values()]
    for net, formula, domain, within in claims:
        found = theorem(net, formula, domain, within=within, standalone=False)
        if found.status == "proved":
            file, proof = File.read(net, formula, domain, within), found.certificate["proof"]
            for path, part in walk(proof):
                if type(part) is int and part in (0, 1):
                    tried += 1
                    assert translated(file, put(proof, path, bool(part))) is None, path
    assert tried > 100


def test_weights_of_another_shape_are_not_written():
    net, formula = relucirc.MLP.from_arrays(SHIFTED_MEDIAN), "median(2*x1 + 1, x1 - x2, x2)"
    found = theorem(net, formula, standalone=False)
    file, proof = File.read(net, formula, None), found.certificate["proof"]
    assert proof["weights"]
    assert translated(file, proof) is not None
    for weights in ([[]], [row[:-1] for row in proof["weights"]], [[*row, "0"] for row in proof["weights"]]):
        assert translated(file, {**proof, "weights": weights}) is None


@needs_rocq
@pytest.mark.slow
def test_both_checkers_say_the_same(theory):  # noqa: F811
    outcome = compared(46, 12, seed=1, theory=theory)
    assert outcome.counts["certificates", False, False] > 30
    assert outcome.counts["statements", False, False] > 6
    assert not outcome.wrong, outcome
