"""The hunt for a wrong "proved" or a wrong "refuted".

Random claims go to the library, and its answer to judges that share no code with it: z3, and plain
fractions on whole segments.  ``RELUCIRC_CASES`` sets how many; ``make hunt`` runs 20,000 fresh ones.
"""

import os
from collections import Counter
from fractions import Fraction

import hunting
import plain
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import relucirc

CASES = int(os.environ.get("RELUCIRC_CASES", "1000"))
HUNT = settings(deadline=None, suppress_health_check=list(HealthCheck))
MINIMUM = [([[0, 1], [0, -1], [-1, 1]], [0, 0, 0]), ([[1, -1, -1]], [0])]
x1, x2 = sympy.symbols("x1 x2")


@settings(HUNT, max_examples=CASES // 5)
@given(hunting.cases())
def test_no_answer_contradicts_z3(case):
    hunting.examine(case, hunting.verdict_of_z3, Counter())


@settings(HUNT, max_examples=CASES)
@given(hunting.cases(), st.data())
def test_no_answer_contradicts_exact_arithmetic_on_segments(case, data):
    segments = data.draw(hunting.segments(len(case.names)))
    hunting.examine(case, lambda case: hunting.verdict_of_segments(case, segments), Counter())


@settings(HUNT, max_examples=CASES // 10)
@given(hunting.cases(max_inputs=2), hunting.cases(max_inputs=2))
def test_a_certificate_is_never_accepted_for_an_unequal_pair(case, other):
    """Every proof found is offered for every other claim over the same inputs."""
    if len(case.names) != len(other.names):
        return
    for mine, theirs in ((case, other), (other, case)):
        try:
            result = relucirc.prove(mine.net, mine.formula, domain=mine.domain, budget=5)
            if result.status != "proved":
                continue
            verdict = relucirc.check(theirs.net, theirs.formula, result.certificate, theirs.domain)
            crossed = relucirc.check(mine.net, theirs.formula, result.certificate, mine.domain)
        except (relucirc.DomainError, relucirc.FormulaError) as error:
            assert "empty" in str(error) or "output" in str(error)  # noqa: PT017
            continue
        if verdict:
            assert not isinstance(hunting.verdict_of_z3(theirs), tuple)
        if crossed:
            both = hunting.Case(mine.layers, None, theirs.plain_side, None, mine.relations, None, "", mine.names)
            assert not isinstance(hunting.verdict_of_z3(both), tuple)


@pytest.mark.parametrize("bits", [1, 40, 60, 200])
@pytest.mark.parametrize(
    "place", [(d, i, j) for d, i, j in [(0, 0, 1), (0, 1, 1), (0, 2, 0), (0, 2, 1), (1, 0, 0), (1, 0, 1), (1, 0, 2)]]
)
def test_one_weight_of_minimum_moved_is_refuted(place, bits):
    d, i, j = place
    for sign in (1, -1):
        layers = [([list(map(Fraction, row)) for row in rows], list(map(Fraction, b))) for rows, b in MINIMUM]
        layers[d][0][i][j] += sign * Fraction(1, 2**bits)
        result = relucirc.prove(relucirc.MLP.from_arrays(layers), sympy.Min(x1, x2))
        assert result.status == "refuted"
        point = tuple(Fraction(int(result.witness[n].p), int(result.witness[n].q)) for n in ("x1", "x2"))
        assert plain.run(layers, point) != [min(point)]
        assert max(abs(part) for v in result.witness.values() for part in (v.p, v.q)) <= 10


@pytest.mark.parametrize("bits", [10, 40, 60])
@pytest.mark.parametrize(
    ("term", "domain"),
    [
        ("relu({e} - abs(x1 - 1/3))", None),  # a slab around x1 = 1/3
        ("relu({e} - abs(x1 - 1/3) - abs(x2 - 1/7))", None),  # a diamond
        ("relu(x1 + x2 - 1/{e})", None),  # far away only
        ("relu(x1 + x2 - 2 + {e})", "0 <= x1 <= 1, 0 <= x2 <= 1"),  # one corner of a box
        ("relu(min(x1 - x2, x2 - {e}, {e}*2 - x1))", None),  # one chamber, a thin part of it
        ("Piecewise(({e}, Eq(x1 - x2, 1/3)), (0, True))", None),  # a line
        ("Piecewise(({e}, Eq(x1, 1/3) & Eq(x2, 1/7)), (0, True))", None),  # a point
        ("Piecewise(({e}, Eq(x1 + x2, 2)), (0, True))", "x1 <= 1, x2 <= 1"),  # a vertex of the domain
        ("Piecewise(({e}, x1 > 1 - {e}), (0, True))", "x1 < 1, x1 > 0"),
    ],
)
def test_a_difference_in_a_small_place_is_found(term, domain, bits):
    text = f"Min(x1, x2) + {term.replace('{e}', f'(1/{2**bits})')}"
    net = relucirc.MLP.from_arrays(MINIMUM)
    result = relucirc.prove(net, text, domain=domain, budget=30)
    assert result.status == "refuted"
    assert result.network_value != result.formula_value


@pytest.mark.parametrize(
    ("term", "domain"),
    [
        ("relu(x1 + x2 - 2)", "0 <= x1 <= 1, 0 <= x2 <= 1"),  # touches a corner
        ("relu(x1 + x2 - 2)", "x1 < 1, x2 < 1"),
        ("relu(x1 - 10**9)", "x1 <= 10**9"),
        ("Piecewise((1, Eq(x1 + x2, 2)), (0, True))", "x1 < 1, x2 <= 1"),
        ("Piecewise((1, x1 >= 1), (0, True))", "x1 < 1"),
        ("relu(min(x1 - x2, x2 - x1))", None),  # a chamber without points
        ("relu(x1 - x2)", "x1 == x2"),
        ("Abs(x1) - x1", "x1 + x2 >= 1, x2 <= 1"),
        ("sign(x1) - 1", "x1 > 0"),
        ("Heaviside(x1) - 1/2", "x1 == 0"),
    ],
)
def test_a_term_that_vanishes_on_the_domain_is_proved_away(term, domain):
    net = relucirc.MLP.from_arrays(MINIMUM)
    assert relucirc.prove(net, f"Min(x1, x2) + ({term})", domain=domain, budget=30).status == "proved"


def test_the_judges_know_right_from_wrong():
    """Both judges find a planted difference, and none where there is none."""
    layers = [([[Fraction(1)], [Fraction(-1)]], None), ([[Fraction(1), Fraction(1)]], None)]
    wrong = [
        (
            "add",
            ("abs", ("input", 0)),
            ("max", ("number", Fraction(0)), ("add", ("input", 0), ("number", Fraction(-5)))),
        )
    ]
    right = [("abs", ("input", 0))]
    segment = [((Fraction(-10),), (Fraction(10),))]
    for formula, expected in ((wrong, False), (right, True)):
        case = hunting.Case(layers, None, formula, None, [], None, "", ("x",))
        assert (hunting.verdict_of_z3(case) == "equal") is expected
        assert (hunting.verdict_of_segments(case, segment) is None) is expected


def test_the_hunt_notices_a_library_that_lies(monkeypatch):
    """A prover that says "proved" and a checker that accepts are caught at the first unequal pair."""
    layers = [([[Fraction(1)], [Fraction(-1)]], None), ([[Fraction(1), Fraction(1)]], None)]
    case = hunting.Case(layers, hunting.mlp(layers, ["x"]), [("input", 0)], "x", [], None, "unrelated", ("x",))
    lie = relucirc.Result("proved", "lie", "", certificate={})
    monkeypatch.setattr(relucirc, "prove", lambda *_, **__: lie)
    monkeypatch.setattr(relucirc, "check", lambda *_: True)
    with pytest.raises(hunting.WrongAnswerError, match="proved, but they differ"):
        hunting.examine(case, hunting.verdict_of_z3, Counter())
    lie = relucirc.Result("refuted", "lie", "", {"x": sympy.Integer(1)}, sympy.Integer(1), sympy.Integer(2))
    with pytest.raises(hunting.WrongAnswerError, match="agree at the witness"):
        hunting.examine(case, hunting.verdict_of_z3, Counter())
