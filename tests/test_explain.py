"""``explain``: its formula is proved, its circuits compute the same function, its features are the first layer."""

import itertools
import json
from fractions import Fraction

import pytest
import sympy
from hard import random_network
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, circuits, explain, prove
from relucirc.circuits import catalogue
from relucirc.cli import main
from relucirc.core.budget import Budget, OutOfBudget
from relucirc.proof import prover
from relucirc.strategies import networks

ORIGINAL = {name: circuit for name, circuit in catalogue.items() if "Osier" in circuit.source}


@pytest.mark.parametrize("name", ORIGINAL)
def test_every_circuit_of_the_original_is_recognised(name):
    found = explain(ORIGINAL[name]())
    assert name in found.circuits
    assert prove(ORIGINAL[name](), found.formula).status == "proved"
    for other in found.circuits:
        assert prove(MLP(ORIGINAL[name]().layers, catalogue[other]().inputs), catalogue[other]())
    assert len(found.features) == ORIGINAL[name]().sizes[1]


@settings(max_examples=15)
@given(networks(dtypes=[None, "float32"], inputs=2, outputs=1, max_depth=2, max_width=3))
def test_the_formula_is_proved_for_any_network(net):
    found = explain(net)
    assert prove(net, found.formula).status == "proved"
    assert len(found.features) == (net.sizes[1] if net.hidden_neurons else 0)
    for name, circuit in catalogue.items():
        known = circuit()
        if known.sizes[0] == 2 and known.sizes[-1] == 1:
            assert (name in found.circuits) == bool(prove(MLP(net.layers, known.inputs), known))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("minimum", (5,)), ("maximum", (4,)), ("median", (5,)), ("order_statistic", (4, 2)), ("sort", (4,))],
)
def test_circuits_of_any_size_are_recognised_under_any_names(name, parameters):
    net = catalogue[name](*parameters)
    names = tuple(f"in{i}" for i in range(len(net.inputs)))
    found = explain(MLP(net.layers, names))
    assert f"{name}({', '.join(map(str, parameters))})" in found.circuits
    assert prove(MLP(net.layers, names), found.formula)
    plain = catalogue[name].formula(*parameters)
    assert len(str(found.formula)) <= len(str(plain)) + 2 * str(plain).count("x")


def test_a_gate_is_the_gate_everywhere_and_not_the_function_it_has_on_bits():
    assert "and_gate" in explain(circuits.and_gate()).circuits
    assert "and_gate" not in explain(circuits.minimum()).circuits


def test_a_large_minimum_is_recognised():
    found = explain(circuits.minimum(200))
    assert found.circuits == ("minimum(200)",)


@settings(max_examples=25)
@given(
    st.permutations(range(3)),
    st.lists(st.sampled_from([Fraction(1, 3), Fraction(2), Fraction(7, 5)]), min_size=3, max_size=3),
)
def test_a_disguised_minimum_is_recognised(order, scales):
    first, second = circuits.minimum().layers
    rows, (weights,) = first.weight.tolist(), second.weight.tolist()
    hidden = [[relucirc.core.exact.rational(s) * c for c in rows[i]] for i, s in zip(order, scales, strict=True)]
    out = [weights[i] / relucirc.core.exact.rational(s) for i, s in zip(order, scales, strict=True)]
    found = explain(MLP.from_arrays([(hidden, None), ([out], None)]))
    assert "minimum" in found.circuits
    assert found.formula == sympy.Min(*sympy.symbols("x1 x2"))


def test_features_have_the_originals_names():
    assert explain(circuits.minimum()).features == (
        "neuron 1: positiveness detector of x2: relu(x2)",
        "neuron 2: negativeness detector of x2: relu(-x2)",
        "neuron 3: greaterness detector, x2 over x1: relu(-x1 + x2)",
    )
    net = MLP.from_arrays([([[1, 1], [0, 0], [2, -3]], [-1, 0, 0]), ([[1, 1, 1]], None)])
    assert explain(net).features == (
        "neuron 1: threshold detector relu(x1 + x2 - 1)",
        "neuron 2: dead: relu(0)",
        "neuron 3: detector of a combination: relu(2*x1 - 3*x2)",
    )
    assert explain(MLP.from_arrays([([[1, 1]], None)])).features == ()


def test_what_is_not_in_the_catalogue_has_no_circuit():
    found = explain(MLP.from_arrays([([[1, 2], [3, -1]], [1, 0]), ([[1, 1]], None)]))
    assert found.circuits == ()
    assert str(found).splitlines()[1] == "circuits  none of the catalogue"
    near = MLP.from_arrays([([[0, 1], [0, -1], [-1, 1]], None), ([[1, -1, Fraction(-1) + Fraction(1, 2**40)]], None)])
    assert "minimum" not in explain(near).circuits
    assert explain(circuits.minimum().astype("float32")).circuits == explain(circuits.minimum()).circuits


def test_several_outputs_give_a_list():
    found = explain(circuits.half_adder())
    assert isinstance(found.formula, list)
    assert prove(circuits.half_adder(), found.formula).status == "proved"


def test_the_command_line_says_the_same(capsys):
    assert main(["explain", "minimum", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["formula"] == "Min(x1, x2)"
    assert "minimum" in data["circuits"]
    assert main(["explain", "minimum"]) == 0
    assert "Min(x1, x2)" in capsys.readouterr().out


def test_a_formula_that_is_not_proved_is_not_given(monkeypatch):
    monkeypatch.setattr("relucirc.interpretation.explanation.write_formula", lambda _: sympy.Symbol("x1"))
    unproved = explain(relucirc.MLP.from_arrays([([[1, 2], [3, 5]], None), ([[1, -1]], None)]))
    assert (unproved.status, unproved.formula, unproved.circuits) == ("unknown", None, ())
    assert "was not proved equal to the network" in unproved.reason
    assert explain(circuits.minimum()).formula == sympy.Min(*sympy.symbols("x1 x2"))  # the catalogue's own


def test_a_budgets_end_gives_what_is_known(monkeypatch):
    """Whichever step is the last, what is said is proved, and more steps never say less."""
    net = circuits.minimum(3)
    whole = explain(net)
    assert (whole.status, whole.circuits) == ("proved", ("minimum(3)",))
    step = Budget.step
    statuses = []
    for most in (0, 1, 4, 15, 60, 250, 1000, 10**6):
        seen = itertools.count()

        def limited(clock, counter=None, most=most, seen=seen):
            if next(seen) >= most:
                raise OutOfBudget
            step(clock, counter)

        monkeypatch.setattr(Budget, "step", limited)
        found = explain(net)
        monkeypatch.setattr(Budget, "step", step)
        statuses.append(found.status)
        assert set(found.circuits) <= set(whole.circuits)
        if found.status == "proved":
            assert prove(net, found.formula).status == "proved"
        else:
            assert found.formula is None
            assert "budget of 60 s ended" in found.reason
            assert str(found).startswith("unknown   ")
    assert statuses == sorted(statuses, reverse=True)
    assert statuses[0] == "unknown"
    assert statuses[-1] == "proved"


def test_interruption_inside_a_proof_ends_the_whole_explanation(monkeypatch):
    """The proof inside answers an interruption with "unknown" where it is asked alone, and passes it on here."""
    calls = itertools.count()

    def interrupted(*_args, **_kwargs):
        if next(calls) == 1:
            raise KeyboardInterrupt
        return read(*_args, **_kwargs)

    read = prover.read_claim
    monkeypatch.setattr(prover, "read_claim", interrupted)
    found = explain(circuits.minimum())
    assert next(calls) == 2
    assert (found.status, found.circuits) == ("proved", ())
    assert (
        found.reason == "the formula is proved equal to the network; interrupted before the whole catalogue was tried."
    )


def test_a_formula_too_long_to_read_is_not_printed_and_one_too_long_to_write_is_not_made(monkeypatch, capsys, tmp_path):
    net = random_network((2, 6, 6, 1))
    monkeypatch.setattr("relucirc.interpretation.explanation.PRINTED", 100)
    long = explain(net)
    assert long.status == "proved"
    assert "too long to be printed" in str(long)
    monkeypatch.setattr("relucirc.geometry.lift.MAX_SIZE", 100)
    unwritten = explain(net)
    assert (unwritten.status, unwritten.formula) == ("unknown", None)
    assert "numbers and names" in unwritten.reason
    assert len(unwritten.features) == 6
    path = str(tmp_path / "net.npz")
    relucirc.save(net, path)
    assert main(["explain", path, "--json"]) == 3
    data = json.loads(capsys.readouterr().out)
    assert (data["status"], data["formula"]) == ("unknown", None)
