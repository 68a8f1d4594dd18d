"""How many hidden layers a function needs, as far as that is known, with certificates."""

import copy
import json

import pytest
from hypothesis import given, settings

import relucirc
from relucirc.optimal import check_depth, check_minimal, depth_certificate
from relucirc.strategies import networks


def test_the_maximum_of_three_needs_two_hidden_layers():
    answer = depth_certificate("Max(x1, x2, x3)")
    assert answer.lower_bound == 2
    assert answer.one_hidden_layer is False
    assert answer.network is None
    certificate = json.loads(json.dumps(answer.certificate))
    assert check_depth("Max(x1, x2, x3)", certificate).accepted


@pytest.mark.parametrize(
    "formula",
    [
        "Min(x1, x2, x3)",
        "median(x1, x2, x3)",
        "Max(0, x1, x2)",
        "relu(Abs(x1) - 2*x2)",
        "Max(x1 + x2, x3, x4 - 1)",
        "Max(x1, x2, x3, x4, x5, x6, x7, x8, x9)",
        "Piecewise((Max(x1, x2), x3 > 0), (Max(x1, x2) + Max(0, x3), True)) + Max(Min(x1, x3), x2)",
    ],
)
def test_folds_that_change_along_a_hyperplane_are_found(formula):
    answer = depth_certificate(formula)
    assert answer.lower_bound == 2
    assert check_depth(formula, answer.certificate).accepted


@pytest.mark.parametrize(
    ("formula", "layers"),
    [
        ("Max(x1, x2)", 1),
        ("Max(x1, x2, x3) - Min(x1, x2, x3)", 1),
        ("relu(Abs(x1) - Abs(x2))", 1),
        ("Max(Min(x, 1), -1) + Min(Max(x, 3), 4)", 1),
        ("x1 - 3", 0),
        ("5", 0),
        ("Max(x1, x2, x3) + Min(x1, x2, x3) + median(x1, x2, x3)", 0),
    ],
)
def test_what_one_layer_computes_comes_with_the_network(formula, layers):
    answer = depth_certificate(formula)
    assert answer.one_hidden_layer is True
    assert (answer.lower_bound, answer.upper_bound) == (layers, layers)
    assert len(answer.network.layers) == layers + 1
    assert relucirc.prove(answer.network, formula).status == "proved"
    if layers:
        assert check_minimal(formula, answer.certificate).accepted


def test_a_domain_can_make_it_shallow():
    domain = "x3 <= -5, -1 <= x1 <= 1, -1 <= x2 <= 1"
    answer = depth_certificate("Max(x1, x2, x3)", domain=domain)
    assert answer.one_hidden_layer is True
    assert relucirc.prove(answer.network, "Max(x1, x2, x3)", domain=domain).status == "proved"
    answer = depth_certificate("Max(x1, x2, x3)", domain="-1 <= x1 <= 1, -1 <= x2 <= 1, -1 <= x3 <= 1")
    assert answer.lower_bound == 2
    assert check_depth("Max(x1, x2, x3)", answer.certificate, "-1 <= x1 <= 1, -1 <= x2 <= 1, -1 <= x3 <= 1").accepted
    outside = "x1 >= 1000, x2 >= 1000, x3 >= 1000"
    assert not check_depth("Max(x1, x2, x3)", answer.certificate, outside).accepted


@pytest.mark.parametrize(
    ("formula", "layers"),
    [("Max(x1, x2, x3)", 2), ("Min(x1, x2, x3, x4)", 2), ("Max(x1, x2, x3, x4, x5)", 3), ("Max(0, x1, x2, x3, x4)", 3)],
)
def test_integer_weights_have_the_published_bound_where_its_hypotheses_hold(formula, layers):
    answer = depth_certificate(formula)
    assert answer.integer_lower_bound == layers
    assert "Haase" in answer.reference
    assert answer.lower_bound == 2


@pytest.mark.parametrize("formula", ["median(x1, x2, x3)", "Max(x1 + x2, x3, x4)", "2*Max(x1, x2, x3)", "Max(x1, x2)"])
def test_no_integer_bound_is_printed_where_they_do_not(formula):
    assert depth_certificate(formula).integer_lower_bound is None


def test_no_bound_beyond_two_is_ever_claimed_for_real_weights():
    assert depth_certificate("Max(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10)").lower_bound == 2


def _broken(**changes):
    certificate = copy.deepcopy(depth_certificate("Max(x1, x2, x3)").certificate)
    for key, value in changes.items():
        certificate[key] = value(certificate[key]) if callable(value) else value
    return certificate


@pytest.mark.parametrize(
    "changes",
    [
        {"jumps": lambda j: [j[0], j[0]]},
        {"jumps": lambda j: [j[1], j[0]]},
        {"jumps": lambda j: [["2"], j[1]]},
        {"jumps": lambda j: j[:1]},
        {"points": lambda p: [p[0], p[0]]},
        {"points": lambda p: [[*p[0][:2], "7"], p[1]]},
        {"points": lambda p: [["0", "0", "0"], p[1]]},
        {"points": lambda p: [p[0][:2], p[1]]},
        {"points": lambda p: p[:1]},
        {"hyperplane": {"v0": "1", "v1": "-1"}},
        {"hyperplane": {"1": "0"}},
        {"hyperplane": {"v0": "2", "v2": "-2"}},
        {"inputs": ["x1", "x2"]},
        {"inputs": ["x1", "x2", "x3", "x4"]},
        {"inputs": None},
        {"format": "relucirc-depth-0"},
    ],
)
def test_wrong_certificates_are_rejected(changes):
    certificate = _broken()
    assert check_depth("Max(x1, x2, x3)", certificate).accepted
    broken = _broken(**changes)
    if broken["hyperplane"] == {"v0": "1", "v1": "-1"} and certificate["hyperplane"] == broken["hyperplane"]:
        broken["hyperplane"] = {"v1": "1", "v2": "-1"}
    assert not check_depth("Max(x1, x2, x3)", broken).accepted


def test_a_certificate_is_about_one_function():
    certificate = depth_certificate("Max(x1, x2, x3)").certificate
    assert not check_depth("Max(x1, x2) + x3", certificate).accepted
    assert not check_depth("Max(x1, x2)", certificate).accepted
    assert not check_depth("Max(x1, x2, x3) - Min(x1, x2, x3)", certificate).accepted


@pytest.mark.parametrize("bad", [None, 3, [], "text", {}, {"format": 1}])
def test_certificates_of_any_shape_are_rejected_not_an_error(bad):
    assert not check_depth("Max(x1, x2, x3)", bad).accepted


@given(networks(min_depth=1, max_depth=1, max_width=4, max_outputs=2))
@settings(max_examples=60)
def test_a_network_with_one_hidden_layer_is_never_said_to_need_two(net):
    assert depth_certificate(net).lower_bound <= 1


@given(networks(min_depth=2, max_depth=2, max_width=3, max_inputs=2, outputs=1, dtypes=(None,)))
@settings(max_examples=60)
def test_every_answer_about_two_layers_comes_with_evidence(net):
    answer = depth_certificate(net)
    if answer.lower_bound == 2:
        assert check_depth(net, answer.certificate).accepted
    else:
        assert relucirc.prove(answer.network, net).status == "proved"
