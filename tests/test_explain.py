"""``explain``: its formula is proved, its circuits compute the same function, its features are all hidden neurons."""

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
from relucirc.interpretation.features import features_in
from relucirc.proof import prover
from relucirc.strategies import networks

pytestmark = pytest.mark.usefixtures("few_steps")

ORIGINAL = {name: circuit for name, circuit in catalogue.items() if "Osier" in circuit.source}


@pytest.mark.parametrize("name", ORIGINAL)
def test_every_circuit_of_the_original_is_recognised(name):
    found = explain(ORIGINAL[name]())
    assert name in found.circuits
    assert prove(ORIGINAL[name](), found.formula).status == "proved"
    for other in found.circuits:
        assert prove(MLP(ORIGINAL[name]().layers, catalogue[other]().inputs), catalogue[other]())
    assert len(found.features) == ORIGINAL[name]().hidden_neurons


@pytest.mark.slow
@settings(max_examples=15)
@given(networks(dtypes=[None, "float32"], inputs=2, outputs=1, max_depth=2, max_width=3))
def test_the_formula_is_proved_for_any_network(net):
    found = explain(net)
    assert prove(net, found.formula).status == "proved"
    assert relucirc.check(net, found.formula, found.certificate).accepted
    assert len(found.features) == net.hidden_neurons
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


def lines(net):
    return tuple(map(str, explain(net).features))


def test_features_have_the_originals_names():
    assert lines(circuits.minimum()) == (
        "neuron 1: positiveness detector of x2: relu(x2)",
        "neuron 2: negativeness detector of x2: relu(-x2)",
        "neuron 3: greaterness detector, x2 over x1: relu(-x1 + x2)",
    )
    net = MLP.from_arrays([([[1, 1], [0, 0], [2, -3], [-1, -1]], [-1, 0, 0, 0]), ([[1, 1, 1, 1]], None)])
    assert lines(net) == (
        "neuron 1: threshold detector: relu(x1 + x2 - 1)",
        "neuron 2: dead: relu(0)",
        "neuron 3: other detector: relu(2*x1 - 3*x2)",
        "neuron 4: sum detector of x1 and x2: relu(-x1 - x2)",
    )
    assert lines(MLP.from_arrays([([[1, 1]], None)])) == ()


def test_neurons_of_later_layers_are_named_by_the_variables_below_which_may_never_be_negative():
    rows = [[1, 0], [-1, 0], [-1, -2], [1, -1], ["1/2", "-1/2"], [0, 0], [1, 1]]
    net = MLP.from_arrays(
        [([[1, 0], [1, 1]], None), (rows, [0, 0, -1, 0, 0, 3, -2]), ([[1] * 7], None)],
    )
    found = explain(net)
    assert [str(part.formula) for part in found.variables[:2]] == ["Max(0, x1)", "Max(0, x1 + x2)"]
    assert tuple(map(str, found.features))[2:] == (
        "layer 2, neuron 1: pass-through of u1: relu(u1)",
        "layer 2, neuron 2: dead: relu(-u1)",
        "layer 2, neuron 3: dead: relu(-u1 - 2*u2 - 1)",
        "layer 2, neuron 4: greaterness detector, u1 over u2: relu(u1 - u2)",
        "layer 2, neuron 5: greaterness detector, u1 over u2, duplicate of neuron 4: relu(1/2*u1 - 1/2*u2)",
        "layer 2, neuron 6: constant: relu(3)",
        "layer 2, neuron 7: threshold detector: relu(u1 + u2 - 2)",
    )
    labels = ["u1", "0", "0", "u1 > u2", "u1 > u2", "3", "u1 + u2 > 2"]
    assert [feature.label for feature in found.layers[1]] == labels == found.to_json()["labels"][1]
    assert all(feature.proof.status == "proved" for feature in found.layers[1][:5])


@settings(max_examples=40)
@given(networks(dtypes=[None], inputs=2, outputs=1, max_depth=3, max_width=3), st.data())
def test_what_a_feature_says_is_true_at_every_point(net, data):
    point = [data.draw(st.integers(-5, 5)) for _ in net.inputs]
    trace = net.trace(net.point(*point))
    values = dict(zip(net.inputs, point, strict=True))
    values |= {f"h{k}.{i}": v for k, (_, after) in enumerate(trace, 1) for i, v in enumerate(after, 1)}
    found = explain(net, budget=5)  # whatever is said when that ends is true, too
    for part in found.variables:
        values[part.variable] = part.formula.subs(values)
    for feature in found.features:
        value = values[f"h{feature.layer}.{feature.neurons[0]}"]
        names = {name.replace(".", "_"): sympy.sympify(v) for name, v in values.items()}
        inside = sympy.sympify(feature.formula.removeprefix("relu").replace(".", "_"), names)
        assert sympy.Max(0, inside) == value
        assert feature.active != "never" or inside <= 0
        assert feature.active != "always" or inside >= 0
        of = [values[name] for name in feature.of]
        if feature.name == "dead":
            assert value == 0
        elif feature.name in ("constant", "pass-through"):
            assert value > 0 or of == [0]
        elif feature.name == "greaterness detector":
            assert (value > 0) == (of[0] > of[1])
        elif feature.name in ("positiveness detector", "negativeness detector"):
            assert (value > 0) == ((of[0] > 0) if feature.name[0] == "p" else (of[0] < 0))
        if feature.mirror is not None:
            assert value == 0 or values[f"h{feature.layer}.{feature.mirror}"] == 0
        if feature.twin is not None:
            assert (value > 0) == (values[f"h{feature.layer}.{feature.twin}"] > 0)


def test_reconstructors_are_detectors_whose_weights_give_the_value_back():
    for name in ("positive_reconstructor", "negative_reconstructor"):
        assert name.replace("_", " ") in {feature.name for feature in features_in(catalogue[name]())}
    assert "negative reconstructor" not in {f.name for f in features_in(circuits.negativeness_detector())}
    assert not [f for f in features_in(circuits.identity()) if "reconstructor" in f.name]


def test_neurons_that_are_multiples_of_each_other_make_up_one_circuit():
    net = MLP.from_arrays([([[1], [2], [-1]], None), ([["1/2", "1/4", -1]], None)])
    assert str(list(features_in(net))[-1]) == "neurons 1, 2 and 3: identity circuit of x"


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
    monkeypatch.setattr("relucirc.interpretation.explanation.shorter_formulas", lambda *_: sympy.Symbol("x2"))
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


@pytest.mark.slow
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
    assert len(unwritten.features) == 12
    path = str(tmp_path / "net.npz")
    relucirc.save(net, path)
    assert main(["explain", path, "--json"]) == 3
    data = json.loads(capsys.readouterr().out)
    assert (data["status"], data["formula"]) == ("unknown", None)


def test_a_domain_is_where_the_formula_and_the_circuits_are_proved():
    found = explain(circuits.absolute(), "x >= 0")
    assert (found.formula, found.status) == (sympy.Symbol("x"), "proved")
    assert "identity" in found.circuits
    assert "on the whole domain" in found.reason
    assert relucirc.check(circuits.absolute(), "x", found.certificate, "x >= 0").accepted
    assert not relucirc.check(circuits.absolute(), "x", found.certificate).accepted
    bits = circuits.and_gate.domain
    assert {"and_gate", "minimum"} <= set(explain(circuits.and_gate(), bits).circuits)


def test_a_family_is_explained_for_all_its_weights():
    family = circuits.minimum.family()
    found = explain(family)
    assert found.circuits[0] == "minimum"
    assert relucirc.check(family, found.formula, found.certificate).accepted


def test_an_adder_of_any_size_is_recognised():
    assert "ripple_adder(3)" in explain(circuits.ripple_adder(3)).circuits


def test_an_explanation_is_an_answer():
    found = explain(circuits.minimum())
    data = found.to_json()
    assert data["features"][0] == "neuron 1: positiveness detector of x2: relu(x2)"
    assert (data["status"], data["formula"], data["certificate"]) == ("proved", "Min(x1, x2)", found.certificate)
    assert "<pre>formula   Min(x1, x2)" in found._repr_html_()


def test_a_budgets_end_among_the_neurons_leaves_those_that_are_named(monkeypatch):
    step, seen = Budget.step, itertools.count()

    def limited(clock, *args):
        if next(seen) >= 9:
            raise OutOfBudget
        step(clock, *args)

    net = circuits.minimum(16)
    monkeypatch.setattr(Budget, "step", limited)
    found = explain(net)
    monkeypatch.setattr(Budget, "step", step)
    assert (found.status, found.formula, found.certificate) == ("unknown", None, None)
    assert 0 < len(found.features) < net.hidden_neurons
    assert found.features == explain(net).features[: len(found.features)]
