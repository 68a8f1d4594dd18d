"""Branch and bound under attack: relations, tolerances, extrema and deviations, judged by z3 and by regions.

The answers of :mod:`relucirc.proof.bounding` go to judges that share no code with it (``hunting_bounds.py``).
``RELUCIRC_CASES`` sets how many are drawn.
"""

import json
import os
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import hunting
import hunting_bounds
import numpy as np
import pytest
import sympy
from hard import StepsLeft, random_network
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, bounds, circuits, max_deviation, prove
from relucirc.core.exact import rational, to_rational
from relucirc.core.graph import Relation
from relucirc.language.claim import read_equality
from relucirc.proof.bounding.question import Question
from relucirc.proof.bounding.search import Search
from relucirc.proof.cells import Cells

CASES = int(os.environ.get("RELUCIRC_CASES", "1000"))
HUNT = settings(deadline=None, suppress_health_check=list(HealthCheck))
TINY = Fraction(1, 2**60)
ABSOLUTE = MLP.from_arrays([([[1, 0], [-1, 0]], None), ([[1, 1]], None)])
"""|x1|, and x2 besides."""


@settings(HUNT, max_examples=CASES // 20)
@given(hunting_bounds.questions(integers=True), st.data())
def test_no_answer_about_a_relation_contradicts_z3(question, data):
    relation = data.draw(hunting_bounds.relations_(len(question.names), len(question.outputs)))
    hunting_bounds.examine_relation(question, relation, Counter())


@settings(HUNT, max_examples=CASES // 25)
@given(hunting_bounds.questions(integers=True), hunting_bounds.TOLERANCES, st.data())
def test_no_answer_about_a_tolerance_contradicts_z3(question, eps, data):
    formulas = [data.draw(hunting.formulas(len(question.names))) for _ in question.outputs]
    hunting_bounds.examine_within(question, formulas, eps, Counter())


@settings(HUNT, max_examples=CASES // 20)
@given(hunting_bounds.questions(integers=True))
def test_bounds_are_what_z3_says(question):
    hunting_bounds.examine_bounds(question, Counter())


@settings(HUNT, max_examples=CASES // 25)
@given(hunting_bounds.questions(bounded=True, integers=True), st.data())
def test_deviations_are_what_z3_says(question, data):
    formulas = [data.draw(hunting.formulas(len(question.names))) for _ in question.outputs]
    hunting_bounds.examine_deviation(question, formulas, Counter())


@settings(HUNT, max_examples=CASES // 25)
@given(hunting_bounds.questions(bounded=True))
def test_bounds_are_the_extremes_of_the_regions_vertices(question):
    question = replace(question, relations=[(a, b, ">=" if op == ">" else op) for a, b, op in question.relations])
    try:
        found = bounds(question.net, question.domain)
    except relucirc.DomainError:
        assert hunting_bounds.is_empty(question)
        return
    vertices = [tuple(map(_fraction, vertex)) for vertex in relucirc.regions(question.net, question.domain).vertices]
    values = list(zip(*(question.values(vertex) for vertex in vertices), strict=True))
    one = len(question.outputs) == 1
    lower, upper = ([found.lower], [found.upper]) if one else (found.lower, found.upper)
    assert [_fraction(v) for v in lower] == [min(each) for each in values]
    assert [_fraction(v) for v in upper] == [max(each) for each in values]


def _fraction(value):
    return Fraction(int(value.p), int(value.q))


@pytest.mark.parametrize("domain", ["-1 < x1, x1 <= 1, 0 <= x2, x2 <= 1", "-1 <= x1, x1 < 1, 0 <= x2, x2 < 1"])
def test_of_two_points_that_have_the_largest_value_the_one_in_the_domain_is_given(domain):
    end = 1 if domain.startswith("-1 <") and "x1 <= 1" in domain else -1
    found = bounds(ABSOLUTE, domain)
    assert (found.upper, found.upper_at["x1"]) == (1, end)
    apart = max_deviation(ABSOLUTE, "0", domain)
    assert (apart.value, apart.attained, apart.witness["x1"]) == (1, True, end)
    certificate = json.loads(json.dumps(apart.certificate))
    assert relucirc.check(ABSOLUTE, "0", certificate, domain).reason.endswith("and the point attains it")


@pytest.mark.parametrize("order", [("x1 < 1", "x1", "1"), ("x1 >= 1", "1", "x1")])
def test_a_value_that_one_case_approaches_and_another_attains_is_attained(order):
    condition, first, second = order
    formula = f"Piecewise(({first}, {condition}), ({second}, True)) + x2"
    net = MLP.from_arrays([([[0, 0]], None)])
    domain = "0 <= x1, x1 <= 2, 0 <= x2, x2 <= 1" if first == "x1" else "0 <= x1, x1 < 2, 0 <= x2, x2 <= 1"
    apart = max_deviation(net, formula, domain)
    found = bounds(formula, domain, inputs=("x1", "x2"))
    assert (apart.value, apart.attained, found.upper) == (2, True, 2)
    assert found.upper_at["x2"] == 1


def test_an_open_domain_has_no_point_that_attains():
    found = bounds(ABSOLUTE, "-1 < x1, x1 < 1, 0 <= x2, x2 < 1")
    assert (found.lower, found.upper, found.upper_at) == (0, 1, None)
    assert found.lower_at["x1"] == 0
    apart = max_deviation(ABSOLUTE, "0", "-1 < x1, x1 < 1, 0 <= x2, x2 < 1")
    assert (apart.value, apart.attained) == (1, False)


@pytest.mark.parametrize("size", [TINY, Fraction(1, 2**200), Fraction(2**60)])
def test_extremes_are_exact_where_floats_see_nothing(size):
    net = MLP.from_arrays([([[-1, 2]], None)])
    domain = f"0 <= x1, x1 <= {size}, -{size} <= x2, x2 <= {size}"
    found = bounds(net, domain)
    assert (_fraction(found.lower), _fraction(found.upper)) == (-3 * size, 2 * size)
    assert _fraction(max_deviation(net, "0", domain).value) == 3 * size


def test_an_output_that_is_negative_and_hard_to_see_has_an_exact_largest_value():
    net = MLP.from_arrays([([[1, 1]], [-1])])
    domain = f"0 <= x1, x1 <= {TINY}, x1 + 3*x2 <= {TINY}, x1 + 3*x2 >= {TINY / 2}, 3*x2 >= {-TINY}"
    found = bounds(net, domain)
    assert found.upper == sympy.Rational(1, 2**60) - 1


def test_a_box_that_floats_call_empty_is_counted_where_the_time_ends():
    """The outer bound is exact: what floats alone leave out is not left out."""
    net = MLP.from_arrays([([[1, -1], [-1, 1]], None), ([[1, 1]], None)])
    claim = read_equality(net, [0], "-1 <= x1, x1 <= 1, -1 <= x2, x2 <= 1")
    (case,) = Cells(claim)
    lowered = case.problem.hinged
    search = Search(
        Question(lowered.hinges, case.problem.relations, (Relation(lowered.differences[0], ">"),)), raising=True
    )
    for branch in search._split(search.root):
        branch.solved = replace(branch.solved, bound=-np.inf)
    number, _ = search.certified()
    assert number >= 2


def test_what_the_checker_rejects_is_no_exact_answer(monkeypatch):
    def lies(search):
        trees = segments(search)
        return trees and [[{"leaf": []} if "leaf" in node else node for node in tree] for tree in trees]

    segments = Search.segments
    monkeypatch.setattr(Search, "segments", lies)
    found = bounds(ABSOLUTE, Box(-1, 1))
    assert not found.exact
    assert found.certificate is None
    assert found.reason.endswith("please report this.")
    assert found.upper >= 1
    apart = max_deviation(ABSOLUTE, "x2", Box(-1, 1))
    assert apart.value is None
    assert (apart.lower, apart.certificate) == (2, None)
    assert apart.reason.endswith("please report this.")
    assert prove(ABSOLUTE, "x2", Box(-1, 1), within=2).status == "unknown"


@pytest.mark.parametrize("steps", [20, 60, 100, 150, 200, 300])
def test_what_is_said_when_the_time_ends_holds(steps):
    """Wherever the search is stopped, the ends of its intervals are beyond what is true, and its points are as said."""
    net = random_network((2, 6, 6, 2), seed=steps).exact()
    box = Box(-1, 1)
    true, apart = bounds(net, box), max_deviation(net, ["x1", "x2"], box)
    for more in range(0, 20, 3):
        with StepsLeft(steps + more):
            found = bounds(net, box)
        for i in range(2 if isinstance(found.lower, list) else 0):  # one pair where nothing was read
            assert found.lower[i] <= true.lower[i] < true.upper[i] <= found.upper[i]
        with StepsLeft(steps + more):
            gap = max_deviation(net, ["x1", "x2"], box)
        assert gap.lower <= apart.value <= gap.upper
        if gap.witness is not None:
            point = [rational(c) for c in gap.witness.values()]
            values = net.trace(point)[-1][1]
            assert to_rational(max(abs(a - b) for a, b in zip(values, point, strict=True))) == gap.lower


NETWORKS = {
    "random": random_network((2, 6, 5, 1), seed=4).exact(),
    "minimum": circuits.minimum(),
    "ties": MLP.from_arrays(
        [([[1, -1], [-1, 1], [1, -1]], None), ([[1, 1, -1], [0, 0, 0]], [0, 1]), ([[1, -1]], None)]
    ),
    "three inputs": MLP.from_arrays([([[1, 2, -1], [-1, 1, 1], [2, 4, -2]], [0, "1/3", 0]), ([[1, -2, "1/2"]], None)]),
}
CLOSED, OPEN = Box(-1, 1), ", ".join(f"-1 < {x}, {x} < 1" for x in ("x1", "x2"))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_exact_supremum_is_a_tolerance_and_a_hair_less_is_none(name):
    net, hair = NETWORKS[name], sympy.Rational(1, 2**60)
    gap = max_deviation(net, "x1", CLOSED)
    assert prove(net, "x1", CLOSED, within=gap.value).status == "proved"
    assert prove(net, "x1", CLOSED, within=gap.value + hair).status == "proved"
    less = prove(net, "x1", CLOSED, within=gap.value - hair)
    assert less.status == "refuted"
    assert abs(less.network_value - less.formula_value) > gap.value - hair
    certificate = prove(net, "x1", CLOSED, within=gap.value).certificate
    assert relucirc.check(net, "x1", certificate, CLOSED, within=gap.value)
    assert not relucirc.check(net, "x1", certificate, CLOSED, within=gap.value - hair)


@pytest.mark.parametrize("name", NETWORKS)
def test_an_extremum_is_reached_and_not_passed(name):
    net, hair = NETWORKS[name], sympy.Rational(1, 2**60)
    for sign, at_most, below in ((1, "<=", "<"), (-1, ">=", ">")):
        found = bounds(net, CLOSED)
        end, at = (found.upper, found.upper_at) if sign > 0 else (found.lower, found.lower_at)
        assert prove(net, f"y {at_most} {end}", CLOSED).status == "proved"
        assert prove(net, f"y {below} {end + sign * hair}", CLOSED).status == "proved"
        strict = prove(net, f"y {below} {end}", CLOSED)
        assert (strict.status, strict.network_value) == ("refuted", end)
        assert prove(net, f"y {at_most} {end - sign * hair}", CLOSED).status == "refuted"
        assert prove(net, f"y != {end}", CLOSED).status == "refuted"
        assert at is not None


def test_on_an_open_domain_an_extremum_may_not_be_reached():
    net = NETWORKS["minimum"]
    assert prove(net, "y < 1", OPEN).status == "proved"
    assert prove(net, "-1 < y", OPEN).status == "proved"
    assert prove(net, f"y < {1 - sympy.Rational(1, 2**60)}", OPEN).status == "refuted"
    assert prove(net, "x1", OPEN, within=2).status == "proved"
    assert prove(net, "x1", OPEN, within=2 - sympy.Rational(1, 2**60)).status == "refuted"
    assert prove(net, "Abs(y - x1) < 2", OPEN).status == "proved"


EMPTY = ["x1 > 1, x1 < 1", "x1 + x2 >= 3, x1 <= 1, x2 <= 1", "x1 == 0, x1 == 1", "x1 in integers, 0 < x1, x1 < 1"]


@pytest.mark.parametrize("domain", EMPTY)
def test_an_empty_domain_is_said_to_be_empty_by_every_verb(domain):
    net = NETWORKS["minimum"]
    certificate, ends = prove(net, "y <= x1").certificate, bounds(net, CLOSED).certificate
    asked = [
        lambda: bounds(net, domain),
        lambda: max_deviation(net, "x1", domain),
        lambda: prove(net, "x1", domain, within=1),
        lambda: prove(net, "y <= x1 - 1", domain),
    ]
    if "integers" not in domain:  # that none of the points is one of integers is for a proof to show
        asked.append(lambda: relucirc.check(net, "y <= x1", certificate, domain))
    for ask in asked:
        with pytest.raises(relucirc.DomainError, match="the domain is empty"):
            ask()
    assert not relucirc.check(net, None, ends, domain)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), sympy.nan, sympy.oo, "nan", None, -1])
def test_what_is_no_number_is_no_tolerance_and_no_domain(number):
    net = NETWORKS["minimum"]
    if number is not None:
        with pytest.raises(relucirc.RelucircError, match=r"[^\n]{10,}\Z"):
            prove(net, "x1", CLOSED, within=number)
    if number not in (None, -1) and str(number) not in ("inf", "oo"):
        with pytest.raises(relucirc.RelucircError, match=r"[^\n]{10,}\Z"):
            bounds(net, Box(0, number))


SIZES = [(Fraction(10) ** 400, 1), (Fraction(1, 10**400), 1), (5e-324, 1.0), (1.7e308, -1.7e308), (1e-300, 1e300)]


@pytest.mark.parametrize("box", [Box(-1, 1), Box(0, Fraction(10) ** 400), Box(0, Fraction(1, 10**400)), None])
@pytest.mark.parametrize("sizes", SIZES)
def test_numbers_beyond_floats_are_bounded_exactly(sizes, box):
    a, b = sizes
    net = MLP.from_arrays([([[a, 1], [1, -a], [b, b]], [0, a, -b]), ([[1, -2, a]], [b])])
    found, apart = bounds(net, box), max_deviation(net, "x1", box)
    assert (found.exact, apart.status) == (True, "exact")
    if found.upper.is_finite:
        assert prove(net, f"y <= {found.upper}", box).status == "proved"
        assert prove(net, f"y < {found.upper}", box).status == "refuted"
        assert prove(net, "x1", box, within=apart.value).status == "proved"
    else:
        assert box is None


def tiny_and_usual(n):
    """One network seen from afar, on a box too small for the tolerances of floats, and the same on a usual box."""
    rng = np.random.default_rng(0)
    rows, biases, above = rng.integers(-9, 10, (18, n)), rng.integers(-3, 4, 18), rng.integers(-3, 4, (1, 18))
    usual = MLP.from_arrays([(rows.tolist(), biases.tolist()), (above.tolist(), None)])
    tiny = MLP.from_arrays([(rows.tolist(), [int(b) * TINY for b in biases]), (above.tolist(), None)])
    return tiny, bounds(usual, Box(-1, 1))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_box_too_small_for_floats_is_bounded_as_soon_as_a_usual_one(n):
    tiny, usual = tiny_and_usual(n)
    found = bounds(tiny, Box(-TINY, TINY), budget=20)
    assert found.exact
    assert (found.lower, found.upper) == (usual.lower / 2**60, usual.upper / 2**60)


def test_a_relation_on_a_polyhedron_too_small_for_floats_is_decided_as_soon_as_on_a_usual_one():
    tiny, _ = tiny_and_usual(3)
    small = f"x1 >= -{TINY}, x2 >= -{TINY}, x3 >= -{TINY}, x1 + x2 + x3 <= {TINY}"
    found = max_deviation(tiny, "x1", small, budget=20)
    assert found.status == "exact"
    assert prove(tiny, "x1", small, within=found.value, budget=20).status == "proved"
    assert prove(tiny, "x1", small, within=found.value * (1 - 1 / sympy.Integer(2**30)), budget=20).status == "refuted"
