"""The search for the shortest formula: its answer is the function, and does not depend on how busy the machine is."""

import time

import pytest
import sympy

from relucirc.core.budget import Budget
from relucirc.interpretation.routes import shorter_terms
from relucirc.interpretation.terms import graph_of_term
from relucirc.language.domain import Domain
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.proof.prover import prove

NAMES = ("x1", "x2", "x3")
FORMULAS = {
    "Abs(Min(2, x2, Max(1, x1)))": 1500,
    "Min(6, Max(3, Min(-2*x2, Max(0, x1))/3))": 1000,
    "x3 + Max(0, 3*Abs(x3 + x1) + 3*Min(x2, x3))": 800,
}
"""With steps that end the search before it is through."""


def found(formula, steps):
    (term,) = shorter_terms(graph_of_formula(formula, NAMES), Domain(), steps)
    return term


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_busy_machine_finds_the_same(formula, monkeypatch):
    steps, quiet = FORMULAS[formula], found(formula, FORMULAS[formula])
    step, count = Budget.step, 0

    def slow(self, *arguments):
        nonlocal count
        count += 1
        if count % 20 == 0:
            time.sleep(0.02)
        step(self, *arguments)

    monkeypatch.setattr(Budget, "step", slow)
    assert found(formula, steps) == quiet
    assert 0.9 * steps < count < 1.3 * steps  # it was the steps that ended it


@pytest.mark.parametrize("formula", FORMULAS)
def test_more_steps_find_nothing_longer_and_always_the_function(formula):
    graph, costs = graph_of_formula(formula, NAMES), []
    for steps in (20, 400, FORMULAS[formula], 10_000):
        terms = shorter_terms(graph, Domain(), steps)
        if terms:
            costs.append(terms[0].cost)
            assert prove(graph_of_term(terms[0], NAMES), formula).status == "proved"
    assert costs == sorted(costs, reverse=True)
    assert costs[-1][0] <= int(sympy.count_ops(sympy.sympify(formula)))


def test_time_is_the_limit_still():
    with Budget(0.2) as clock:
        shorter_terms(graph_of_formula("Abs(Min(2, x2, Max(1, x1)))", NAMES), Domain(), 10**9)
        assert clock.elapsed < 2
