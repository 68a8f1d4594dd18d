"""The checkers in Python and in Gallina about the same broken certificates and false statements: a few of them."""

import pytest
from test_theorem import needs_rocq
from theorem_mutations import HARMLESS, Asked, Outcome, compared
from theorems import theory  # noqa: F401


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


@needs_rocq
@pytest.mark.slow
def test_both_checkers_say_the_same(theory):  # noqa: F811
    outcome = compared(46, 12, seed=1, theory=theory)
    assert outcome.counts["certificates", False, False] > 30
    assert outcome.counts["statements", False, False] > 6
    assert not outcome.wrong, outcome
