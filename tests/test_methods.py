"""Every method proves its own kind of claim, refutes near misses, and its evidence is accepted."""

import inspect
import itertools
import json
import signal
import sys
import threading
import time
from _thread import interrupt_main

import jax.numpy as jnp
import pytest
import sympy
from flint import fmpq
from hard import random_network

import relucirc
from relucirc import MLP, Box, circuits
from relucirc.circuits import compose
from relucirc.core.budget import Budget, tick
from relucirc.language.claim import read_claim
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.proof import prover
from relucirc.proof.answers import Proved, Split, folded
from relucirc.proof.cells import Cells
from relucirc.proof.methods import METHODS

EPS = "1/1099511627776"  # 2^-40
X, Y = sympy.symbols("x y", real=True)


def decided_by(net, formula, domain=None):
    """The methods that answer, each tried alone on the first case of the claim."""
    claim = read_claim(net, formula, domain)
    case = next(iter(Cells(claim)))
    found = set()
    for name, decide in METHODS.items():
        with Budget(20):
            found |= {name} if isinstance(decide(case.problem), Proved) else set()
    return found


def as_graph(text, n):
    return graph_of_formula(text, tuple(f"x{i + 1}" for i in range(n)))


def accept(net, formula, domain=None, method=None):
    result = relucirc.prove(net, formula, domain)
    assert result.status == "proved", result
    if method is not None:
        assert result.method == method
    certificate = json.loads(json.dumps(result.certificate))
    assert relucirc.check(net, formula, certificate, domain)
    return certificate


def refute(net, formula, domain=None):
    result = relucirc.prove(net, formula, domain)
    assert result.status == "refuted", result
    assert result.network_value != result.formula_value
    return result


def clipped(net, low, high):
    return compose(MLP.from_arrays([([[1], [1]], [-low, -high]), ([[1, -1]], [low])]), net)


def subsets(names, k):
    return "Min(" + ", ".join(f"Max({', '.join(s)})" for s in itertools.combinations(names, k)) + ")"


NAMES = [f"x{i + 1}" for i in range(12)]

KINDS = {
    "normal form": (circuits.minimum(5), "Min(x1, x2, x3, x4, x5)"),
    "max-atoms": (circuits.minimum(5), "Min(x1, Min(x5, Min(x3, Min(x2, x4))))"),
    "0-1 principle": (circuits.median(5), subsets(NAMES[:5], 3)),
    "shallow form": (circuits.absolute(), "x", "x >= 0"),
    "1-D sweep": (
        circuits.sawtooth(5),
        f"Min({', '.join(f'Abs(32*x - {2 * k})' for k in range(17))})",
        "0 <= x <= 1",
    ),
    "cuts": (
        as_graph("relu(median(x1, x2, x3) + median(x4, x5, x6) - 1)", 6),
        f"relu({subsets(NAMES[:3], 2)} + {subsets(NAMES[3:6], 2)} - 1)",
    ),
    "bounding": (clipped(random_network((4, 16, 1)), -4, 4), random_network((4, 16, 1)), Box(-1, 1)),
    "regions": (MLP.from_arrays([([[1], [1]], [0, -1]), ([[1, -1]], None)]), "Min(1, Max(0, x))"),
}


@pytest.mark.parametrize("method", [name for name in METHODS if name in KINDS])
def test_every_method_proves_its_kind_alone(method):
    assert method in decided_by(*KINDS[method])
    accept(*KINDS[method])


def test_table_lists_all_methods_and_each_has_a_test():
    assert set(METHODS) - set(KINDS) == {"search", "smt"}  # these only refute


def test_search_and_smt_never_prove():
    assert not {"search", "smt"} & decided_by(*KINDS["normal form"])


@pytest.mark.parametrize("n", [2, 3, 5, 8, 13])
def test_trees_however_associated_are_one_maximum(n):
    names = [f"x{i + 1}" for i in range(n)]
    chain = names[0]
    for name in names[1:]:
        chain = f"Min({chain}, {name})"
    accept(circuits.minimum(n), chain)
    accept(circuits.minimum(n), f"-Max({', '.join('-' + name for name in reversed(names))})")


def test_sorting_network_sorts():
    net = circuits.sort(6)
    names = ", ".join(net.inputs)
    accept(net, [f"order_statistic({k + 1}, {names})" for k in range(6)])
    accept(net, [subsets(net.inputs, k + 1) if k else f"Min({names})" for k in range(6)])
    wrong = [f"order_statistic({k + 1}, {names})" for k in range(6)]
    wrong[2], wrong[3] = wrong[3], wrong[2]
    refute(net, wrong)


def test_median_of_nine_in_both_forms():
    accept(circuits.median(9), subsets(NAMES[:9], 5), method="0-1 principle")


def test_lattice_polynomials_of_affine_forms_by_the_0_1_principle():
    forms = ["(x1 + 2*x2)", "(x2 - x3)", "(3*x3 - 1)", "(x1 + x3)", "(2*x2)"]
    accept(as_graph(f"median({', '.join(forms)})", 3), subsets(forms, 3))


@pytest.mark.parametrize(
    "extra",
    [
        "relu(Min(x1 - x2, x2 - x3, x3 - x4, x4 - x5, x5 - x6, x6 - x7))",  # in one chamber of 5,040
        "relu(1/1000000 - Abs(x1 - x2 - 12345))",  # on a thin slab
        "relu(Min(x1, x2, x3, x4, x5, x6, x7) - 10**30)",  # far away
    ],
)
def test_median_of_seven_that_is_wrong_somewhere_is_refuted(extra):
    refute(circuits.median(7), f"{subsets(NAMES[:7], 4)} + {EPS}*{extra}")


def test_cuts_prove_what_is_no_lattice_polynomial():
    left = "Abs(median(x1, x2, x3, x4, x5) + 2*median(x6, x7, x8) - 1) - clip(x9 + x1, 0, 1)"
    right = f"Abs({subsets(NAMES[:5], 3)} + 2*{subsets(NAMES[5:8], 2)} - 1) - Min(1, Max(0, x1 + x9))"
    accept(as_graph(left, 9), right, method="cuts")
    refute(as_graph(left, 9), right.replace("- 1)", f"- 1 - {EPS})", 1))


def test_saturating_chain():
    chain, relus = "clip(x1, -1, 1)", "(relu(x1 + 1) - relu(x1 - 1) - 1)"
    for i in range(1, 6):
        chain = f"clip({chain} + x{i + 1}, -{i}, {i + 1})"
        relus = f"(relu({relus} + x{i + 1} + {i}) - relu({relus} + x{i + 1} - {i + 1}) - {i})"
    accept(as_graph(chain, 6), relus)
    refute(as_graph(chain, 6), f"{relus} + {EPS}*relu(x1 - 7)")


def test_symmetric_functions_need_one_order_of_the_inputs():
    names = NAMES[:5]
    pairs = [f"Abs({a} - {b})" for a, b in itertools.combinations(names, 2)]
    left = f"relu({' + '.join(pairs)} - 3*(Max({', '.join(names)}) - Min({', '.join(names)})))"
    total = " + ".join(f"Max({a}, {b}) - Min({a}, {b})" for a, b in itertools.combinations(names, 2))
    span = f"3*(Max({', '.join(names)}) - Min({', '.join(names)}))"
    right = f"Max({total}, {span}) - {span}"
    accept(as_graph(left, 5), right)


def test_equal_in_a_box_only_and_on_integers_only():
    net = MLP.from_arrays([([[1, 1]], [-1]), ([[1]], None)])  # relu(x1 + x2 - 1): "and" on bits
    refute(net, "Min(x1, x2)")
    refute(net, "Min(x1, x2)", Box(0, 1))
    accept(net, "Min(x1, x2)", "x1 in {0, 1}, x2 in {0, 1}")
    x1, x2 = sympy.symbols("x1 x2", integer=True)
    accept(net, sympy.Min(x1, x2), [x1 >= 0, x1 <= 1, x2 >= 0, x2 <= 1])
    accept(net, "Min(x1, x2)", Box(0, 1, integer=True))
    assert refute(net, "Min(x1, x2)", Box(0, 2, integer=True)).witness in ({"x1": 2, "x2": 0}, {"x1": 0, "x2": 2})
    accept(circuits.absolute(), "x", "x >= 0")
    refute(circuits.absolute(), "x", f"x >= -{EPS}")


def test_integer_proof_is_rejected_for_the_reals():
    net = MLP.from_arrays([([[1, 1]], [-1]), ([[1]], None)])
    certificate = accept(net, "Min(x1, x2)", Box(0, 1, integer=True))
    assert not relucirc.check(net, "Min(x1, x2)", certificate, Box(0, 1))
    assert not relucirc.check(net, "Min(x1, x2)", certificate)


def test_unbounded_integers():
    step = MLP.from_arrays([([[1], [1]], [0, -1]), ([[1, -1]], None)])
    accept(step, "Piecewise((1, x > 0), (0, True))", "x in integers")
    refute(step, "Piecewise((1, x > 0), (0, True))")


def test_budget_ends_with_unknown_that_says_what_was_done():
    hard = " + ".join(f"Abs(Abs(x{i % 9 + 1} - {i}/7*x{i % 7 + 2}) - Abs(x{i % 5 + 3} + {i}))" for i in range(1, 40))
    other = hard.replace("Abs(x1", "Max(x1 - x2, x2 - x1, x1", 1)
    result = relucirc.prove(as_graph(hard, 11), other + " + 0*x1", budget=1.0)
    if result.status == "unknown":
        assert "budget" in result.reason
        with pytest.raises(relucirc.RelucircError, match="unknown"):
            bool(result)


def test_interrupt_gives_unknown(monkeypatch):
    def wait(_):
        threading.Timer(0.05, interrupt_main).start()
        while True:
            tick("naps")
            time.sleep(0.01)

    monkeypatch.setitem(METHODS, "normal form", wait)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs start with it ignored
    try:
        result = relucirc.prove(circuits.minimum(), "Min(x1, x2)", budget=20)
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.status == "unknown"
    assert "interrupted" in result.reason


def test_a_method_that_lies_is_not_believed(monkeypatch):
    def lie(problem):
        return Proved("normal form", problem.hinged.evidence)

    monkeypatch.setitem(METHODS, "normal form", lie)
    result = relucirc.prove(circuits.minimum(), "Max(x1, x2)")
    assert result.status == "unknown"
    assert "rejects" in result.reason


def test_progress_is_reported(monkeypatch):
    seen = []
    monkeypatch.setattr("relucirc.core.budget.PATIENCE", 0.0)
    monkeypatch.setattr("relucirc.core.budget.INTERVAL", 0.0)
    relucirc.prove(circuits.median(5), subsets(NAMES[:5], 3), progress=lambda budget: seen.append(budget.method))
    assert "0-1 principle" in seen
    assert seen[-1] == ""  # the line is cleared


def test_witness_of_one_moved_weight():
    for power in (40, 60, 200):
        layers = [([["0", "1"], ["0", "-1"], [fmpq(-1) + fmpq(1, 2**power), "1"]], None), ([[1, -1, -1]], None)]
        assert relucirc.prove(MLP.from_arrays(layers), "Min(x1, x2)").status == "refuted"


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        (sympy.ITE(X > 0, Y > 0, Y <= -1), lambda x, y: jnp.where(x > 0, y > 0, y <= -1)),
        (sympy.Xor(X > 0, Y > 0), lambda x, y: (x > 0) ^ (y > 0)),
        (sympy.Equivalent(X > 0, Y > 0), lambda x, y: (x > 0) == (y > 0)),
        (sympy.Implies(X > 0, Y >= 0), lambda x, y: (x <= 0) | (y >= 0)),
        (sympy.Nand(X > 0, Y > 0), lambda x, y: ~((x > 0) & (y > 0))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_conditions_of_every_boolean_connective(condition, truth):
    def net(point):
        return jnp.where(truth(point[0], point[1]), 1.0, 0.0)

    formula = sympy.Piecewise((1, condition), (0, True))
    assert relucirc.prove(net, formula, inputs=("x", "y"))
    assert relucirc.prove(net, 1 - formula, inputs=("x", "y")).status == "refuted"


def test_a_condition_that_sympy_cannot_evaluate_is_no_obstacle():
    formula = "Piecewise((x, not (0 < 0)), (0, True)) + Piecewise((1, x >= 0), (1, True)) - 1"
    assert relucirc.prove(circuits.identity(), formula)


def test_many_nested_conditions_need_no_deep_python_stack():
    condition = " and ".join(f"x >= {-k}" for k in range(90))
    claim = read_claim(circuits.identity(), f"Piecewise((x, {condition}), (x, True))", None)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 120)
    try:
        cells = Cells(claim)
        for _ in cells:
            cells.put(Proved("none", {"leaf": None}))
        assert folded(cells.steps).keys() == {"split", "positive", "rest"}
    finally:
        sys.setrecursionlimit(limit)


def test_cells_deeper_than_is_written_and_checked_are_unknown_in_a_sentence(monkeypatch):
    """A tree of evidence that is nested deeper than Python's stack could not be written as JSON."""
    condition = " and ".join(f"x >= {-k}" for k in range(12))
    formula = f"Piecewise((x, {condition}), (x, True))"
    monkeypatch.setattr(prover, "MAX_DEPTH", 12)
    assert relucirc.prove(circuits.identity(), formula)
    monkeypatch.setattr(prover, "MAX_DEPTH", 11)
    result = relucirc.prove(circuits.identity(), formula)
    assert (result.status, result.certificate) == ("unknown", None)
    assert result.reason.startswith("the cases are nested too deeply.")


def test_evidence_as_deep_as_is_allowed_is_written_and_read():
    split = Split({"split": {}}, [("positive", None), ("rest", None)])
    steps = [split, Proved("none", {})] * prover.MAX_DEPTH
    deep = folded([*steps, Proved("none", {})])
    assert json.loads(json.dumps(deep)) == deep


def test_a_piecewise_inside_a_condition_is_read_as_written():
    """SymPy's own constructor rewrites this condition without end."""
    step = "Piecewise((0, x1 + x2 < 0), (Piecewise((1/2, x1 + x2 <= 0), (1, True)), True))"
    sign = "sign(Max(0, 2*x1 - x2 - x3/3) - Max(0, -(2*x1 - x2 - x3/3)))"
    middle = f"Min(Max({step}, 0), Max(0, {sign}), Max({step}, {sign}))"
    written_out = f"Piecewise((1, {middle} > 0), (Piecewise((0, {middle} == 0), (-1, True)), True))"
    net = MLP.from_arrays([([[0, 0, 0]], [0])])
    formula = f"sign(median(Heaviside(x1 + x2, 1/2), 0, sign(2*x1 - x2 - x3/3))) - {written_out}"
    assert relucirc.prove(net, formula)
    assert relucirc.prove(net, f"{formula} + relu(x1 - 1000)").status == "refuted"
