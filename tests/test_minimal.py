"""Optimal means proved optimal: the smallest network with one hidden layer, and why there is no smaller one."""

import copy
import itertools
import json
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc.core.budget import Budget
from relucirc.optimal import check_minimal, minimal_network, optimal
from relucirc.optimal.subset_sum import NoSubset, Subset, subset_sum
from relucirc.strategies import networks

SIZES = {
    "x": 2,
    "-x": 2,
    "Abs(x)": 2,
    "x1 + x2": 2,
    "x1 - x2": 2,
    "2*x + 1": 2,
    "Min(x1, x2)": 3,
    "Max(x1, x2)": 3,
    "Max(x1, x2) - Min(x1, x2)": 2,
    "Abs(x1) + Abs(x2)": 4,
    "Abs(x1 - x2) + Abs(x3 - x4)": 4,
    "Max(x1, x2, x3) - Min(x1, x2, x3)": 3,
    "clip(x, 0, 1)": 2,
    "relu(x) - 2*relu(x - 1) + relu(x - 2)": 3,
    "0": 0,
    "7/3": 0,
    "relu(x)": 1,
    "x + Abs(x - 1)": 1,
    "Max(x1, x2, x3) + Min(x1, x2, x3) + median(x1, x2, x3)": 2,
    "Piecewise((x, x > 0), (-x, True))": 2,
}


@pytest.mark.parametrize(("formula", "size"), SIZES.items())
def test_the_minimum_is_as_derived_by_hand_and_certified(formula, size):
    found = minimal_network(formula)
    assert (found.hidden_neurons, found.optimal, found.lower_bound) == (size, True, size)
    assert found.network.hidden_neurons == size
    assert relucirc.prove(found.network, formula).status == "proved"
    certificate = json.loads(json.dumps(found.certificate))
    assert check_minimal(formula, certificate).accepted


def test_several_outputs_share_neurons():
    assert minimal_network(["x1", "x2"]).hidden_neurons == 4
    found = minimal_network(["Min(x1, x2)", "Max(x1, x2)"])
    assert (found.hidden_neurons, found.optimal) == (4, True)
    assert minimal_network(["x1 + x2", "2*x1 + 2*x2"]).hidden_neurons == 2


@pytest.mark.parametrize(
    ("formula", "options", "size"),
    [
        ("x", {"domain": "0 <= x <= 1"}, 1),
        ("x", {"domain": "x >= 0"}, 1),
        ("x", {"domain": "x >= -1"}, 1),
        ("x1 - x2", {"domain": "x1 >= 0, x2 >= 0"}, 2),
        ("x1 + x2", {"domain": "x1 >= 0, x2 >= 0"}, 1),
        ("Min(x1, x2)", {"domain": "0 <= x1 <= 1, 0 <= x2 <= 1"}, 2),
        ("Min(x1, x2)", {"domain": "x1 >= 1, x2 <= 0"}, 1),
        ("clip(x, 0, 1)", {"domain": "0 <= x <= 1"}, 1),
        ("clip(x, 0, 1)", {"domain": "0 <= x <= 2"}, 1),
        ("x - 5", {"domain": "0 <= x <= 10", "output_bias": False}, 2),
        ("x + 1", {"domain": "0 <= x <= 10", "output_bias": False}, 1),
        ("x1 - x2", {"domain": "0 <= x1 <= 9, 0 <= x2 <= 9", "bias": False}, 2),
        ("Max(x1, x2, x3)", {"domain": "x3 <= -2, -1 <= x1 <= 1, -1 <= x2 <= 1"}, 2),
        ("Min(x1, x2)", {"skip": True}, 1),
        ("x1 + 3", {"skip": True}, 0),
        ("Min(x1, x2) + 1", {"skip": True, "output_bias": False}, 2),
        ("Min(x1, x2)", {"bias": False}, 3),
        ("3", {"output_bias": False}, 1),
        ("x + 3", {"output_bias": False}, 2),
        ("relu(x) + 1", {"output_bias": False}, 2),
        (["x1 + x2", "x1 - x2"], {"domain": "0 <= x1 <= 1, 0 <= x2 <= 1"}, 2),
    ],
)
def test_variants_change_the_minimum(formula, options, size):
    found = minimal_network(formula, **options)
    assert (found.hidden_neurons, found.optimal) == (size, True), found.reason
    domain = options.get("domain")
    assert check_minimal(formula, found.certificate, domain).accepted
    if not options.get("skip"):
        assert relucirc.prove(found.network, formula, domain=domain).status == "proved"
    if options.get("bias") is False:
        assert all(layer.bias is None or not any(layer.exact_bias()) for layer in found.network.layers)
    if options.get("output_bias") is False:
        assert not any(found.network.layers[-1].exact_bias())


@pytest.mark.parametrize(
    ("formula", "options"), [("Abs(x - 1)", {"bias": False}), ("x + 3", {"bias": False}), ("Max(x1, x2, x3)", {})]
)
def test_where_no_network_of_the_kind_exists_the_reason_says_so(formula, options):
    found = minimal_network(formula, **options)
    assert found.network is None
    assert not found.optimal
    assert "no network" in found.reason


def test_what_cannot_be_settled_is_an_interval_and_says_so():
    found = minimal_network(["x1 + x2", "x1 - x2"], domain="x1 >= 0, x2 >= 0")
    assert not found.optimal
    assert found.lower_bound < found.hidden_neurons
    assert "interval" in found.reason
    assert check_minimal(["x1 + x2", "x1 - x2"], found.certificate, "x1 >= 0, x2 >= 0").accepted


def test_a_hard_subset_sum_within_a_small_budget_is_an_interval_not_a_guess():
    weights = [3**i + 7 * i * i + 10**12 + 1 for i in range(44)]
    f = "+".join(f"{w}*relu(x-{i})" for i, w in enumerate(weights)) + f"-{sum(weights[::2]) + 1}*x"
    found = minimal_network(f, budget=4)
    if found.network is not None:
        assert found.lower_bound >= 44
        assert found.optimal == (found.lower_bound == found.hidden_neurons)


def test_more_hyperplanes_than_anyone_would_try_by_hand():
    f = " + ".join(f"Abs(x1 - {i}*x2)" for i in range(1, 25))
    found = minimal_network(f)
    assert found.optimal
    assert found.hidden_neurons == 24  # the signs can be chosen so that the linear part cancels


def test_invalid_questions_are_refused_with_a_sentence():
    with pytest.raises(relucirc.RelucircError, match="hidden_layers"):
        minimal_network("x", hidden_layers=0)
    with pytest.raises(relucirc.DomainError, match="interior"):
        minimal_network("x1", domain="x1 == x2", inputs=("x1", "x2"))
    with pytest.raises(relucirc.DomainError, match="integer"):
        minimal_network("x", domain="x in {0, 1}")
    with pytest.raises(relucirc.DomainError, match="empty"):
        minimal_network("x", domain="x > 1, x < 0")
    with pytest.raises(relucirc.FormulaError, match="discontinuous"):
        minimal_network("sign(x)")
    with pytest.raises(relucirc.FormulaError, match="inputs="):
        minimal_network(lambda x: x)


ORIGINAL = ("identity", "negative_identity", "absolute", "addition", "subtraction", "minimum")


@pytest.mark.parametrize("name", ORIGINAL)
def test_every_network_of_the_original_is_certified_optimal(name):
    circuit = relucirc.circuits.catalogue[name]
    answer = optimal(circuit(), circuit.formula())
    assert answer.optimal is True
    assert answer.certificate["lower_bound"] == circuit().hidden_neurons


def test_a_wasteful_network_gets_a_smaller_one():
    net = relucirc.MLP.from_arrays([([[1], [-1], [2], [0]], [0, 0, 0, 5]), ([["1", "1", "1/2", "1"]], [0])])
    answer = optimal(net)
    assert answer.optimal is False
    assert not answer
    assert answer.smaller.hidden_neurons == 2
    assert relucirc.prove(answer.smaller, net).status == "proved"


def test_optimal_refuses_a_network_that_computes_something_else():
    with pytest.raises(relucirc.RelucircError, match="does not compute"):
        optimal(relucirc.circuits.minimum(), "Max(x1, x2)")


def test_the_package_is_the_verb():
    assert relucirc.optimal(relucirc.circuits.absolute()).optimal


@given(networks(min_depth=1, max_depth=1, max_width=5, max_outputs=2), st.booleans())
@settings(max_examples=150)
def test_the_bound_is_never_above_a_network_that_exists(net, on_box):
    domain = relucirc.Box(-1, 2) if on_box else None
    found = minimal_network(net, domain=domain)
    assert found.network is not None, found.reason
    assert found.lower_bound <= net.hidden_neurons
    assert found.hidden_neurons <= net.hidden_neurons or not found.optimal
    assert found.lower_bound <= found.hidden_neurons
    assert relucirc.prove(found.network, net, domain=domain).status == "proved"


@given(networks(min_depth=1, max_depth=1, max_width=5, outputs=1, biases=False, dtypes=(None,)))
@settings(max_examples=60)
def test_without_biases_the_bound_is_never_above_a_network_that_exists(net):
    found = minimal_network(net, bias=False)
    assert found.optimal
    assert found.hidden_neurons <= net.hidden_neurons
    assert found.hidden_neurons == minimal_network(net).hidden_neurons  # no bias helps a homogeneous function


SMALL = st.integers(-3, 3)


@given(
    st.lists(st.tuples(st.sampled_from([(1, 0), (0, 1), (1, 1), (1, -1), (2, 1)]), SMALL.filter(bool)), max_size=4),
    st.tuples(SMALL, SMALL),
)
@settings(max_examples=120)
def test_the_minimum_equals_a_count_by_hand(folds, slopes):
    planes = {}
    for alpha, kappa in folds:
        planes[alpha] = planes.get(alpha, 0) + kappa
    planes = {alpha: kappa for alpha, kappa in planes.items() if kappa}
    x1, x2 = sympy.symbols("x1 x2")
    f = sympy.Add(
        slopes[0] * x1,
        slopes[1] * x2,
        *(kappa * sympy.Max(0, alpha[0] * x1 + alpha[1] * x2, evaluate=False) for alpha, kappa in planes.items()),
    )
    assert minimal_network(f, inputs=("x1", "x2")).hidden_neurons == _by_hand(planes, slopes)


def _by_hand(planes, slopes):
    """The count of design: k, k + 1 or k + 2, with Fractions and no cleverness."""
    best = 2 if any(slopes) or planes else 0
    for size in range(len(planes) + 1):
        for chosen in itertools.combinations(planes, size):
            rest = [Fraction(s) for s in slopes]
            for alpha in chosen:
                rest = [r + planes[alpha] * a for r, a in zip(rest, alpha, strict=True)]
            if not any(rest):
                best = min(best, 0)
            elif any(rest[0] * a[1] == rest[1] * a[0] for a in planes if a not in chosen):
                best = min(best, 1)
    return len(planes) + best


VECTORS = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        st.lists(st.fractions(-3, 3, max_denominator=2), min_size=d, max_size=d),
        st.lists(st.lists(st.fractions(-3, 3, max_denominator=2), min_size=d, max_size=d), max_size=6),
    )
)


@given(VECTORS)
@settings(max_examples=200)
def test_subset_sums_agree_with_trying_all(case):
    target, vectors = case
    exact = [[relucirc.core.exact.rational(c) for c in v] for v in [target, *vectors]]
    found = subset_sum(exact[0], exact[1:], Budget(None))
    works = [
        chosen
        for size in range(len(vectors) + 1)
        for chosen in itertools.combinations(range(len(vectors)), size)
        if all(target[c] + sum(vectors[i][c] for i in chosen) == 0 for c in range(len(target)))
    ]
    if works:
        assert isinstance(found, Subset)
        assert tuple(sorted(found.members)) in works
    else:
        assert isinstance(found, NoSubset)


def _changed(certificate, path, value):
    broken = copy.deepcopy(certificate)
    place = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return broken


WRONG = [
    (("lower_bound",), 4),
    (("lower_bound",), True),
    (("format",), "relucirc-minimal-0"),
    (("excluded", "none"), [["0", "0"]]),
    (("excluded", "none"), [["1", "0"]]),
    (("excluded", "none"), []),
    (("excluded", "doubled"), []),
    (("excluded", "doubled"), [[["1", "0"]]]),
    (("excluded",), {}),
    (("network", "layers", 0, "weight", 0, 0), "2"),
    (("network", "layers", 1, "weight", 0, 1), "1/2"),
    (("network", "layers", 1, "bias", 0), "1"),
    (("kind", "skip"), True),
    (("kind", "bias"), 1),
    (("equal",), {}),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_wrong_certificates_are_rejected(path, value):
    certificate = minimal_network("Min(x1, x2)").certificate
    assert check_minimal("Min(x1, x2)", certificate).accepted
    assert not check_minimal("Min(x1, x2)", _changed(certificate, path, value)).accepted


def test_evidence_that_the_bound_does_not_need_is_rejected():
    found = minimal_network("Abs(x)")
    assert list(found.certificate["excluded"]) == ["none"]
    assert check_minimal("Abs(x)", found.certificate)
    for extra in ({"doubled": []}, {"anything": 1}):
        more = {**found.certificate, "excluded": {**found.certificate["excluded"], **extra}}
        assert not check_minimal("Abs(x)", more).accepted


def test_a_larger_network_is_not_certified_by_another_subset():
    """Abs(x - y) with a wasteful third and fourth neuron: no evidence makes 4 the minimum."""
    certificate = minimal_network("Min(x1, x2)").certificate
    wide = {
        "inputs": ["x1", "x2"],
        "layers": [
            {"weight": [["1", "-1"], ["-1", "1"], ["1", "1"], ["-1", "-1"]], "bias": ["0"] * 4},
            {"weight": [["1", "1", "0", "0"]], "bias": ["0"]},
        ],
    }
    f = "Abs(x1 - x2)"
    equal = relucirc.prove(
        relucirc.MLP.from_arrays([(layer["weight"], layer["bias"]) for layer in wide["layers"]], ("x1", "x2")), f
    ).certificate
    forged = {**certificate, "network": wide, "equal": equal, "lower_bound": 4}
    for rows in ([["1", "0"]], [["0", "1"]], [["1", "1"]], [["1", "-1"]]):
        forged["excluded"] = {"none": [["1", "0"]], "doubled": [rows]}
        assert not check_minimal(f, forged).accepted


def test_a_moved_point_of_the_domain_is_rejected():
    domain = "0 <= x1 <= 1, 0 <= x2 <= 1"
    certificate = minimal_network("Min(x1, x2)", domain=domain).certificate
    assert check_minimal("Min(x1, x2)", certificate, domain).accepted
    for moved in (["1/2", "1/3"], ["2", "2"], ["0", "0"], ["1/2"]):
        assert not check_minimal("Min(x1, x2)", _changed(certificate, ("sides", 0), {"point": moved}), domain).accepted
    assert not check_minimal("Min(x1, x2)", certificate, "5 <= x1 <= 6, 5 <= x2 <= 6").accepted
    assert not check_minimal("Min(x1, x2)", certificate).accepted


JUNK = (None, True, -1, 0, 5, "", "1", "-1", "1/0", "x", [], ["1"], [["1", "2"]], {}, {"v0": "1"}, {"point": ["0"]})


def _paths(data, path=()):
    if path and path[0] == "equal":
        return
    if path:
        yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _paths(value, (*path, key))


@pytest.mark.parametrize(
    ("formula", "domain"), [("Min(x1, x2)", None), ("Min(x1, x2)", "x1 >= 0, x2 >= -1"), (["x", "Abs(x)"], None)]
)
def test_no_change_of_any_field_raises_or_raises_the_bound(formula, domain):
    found = minimal_network(formula, domain=domain)
    assert found.optimal, found.reason
    for path in list(_paths(found.certificate)):
        for junk in JUNK:
            broken = _changed(found.certificate, path, junk)
            verdict = check_minimal(formula, broken, domain)
            if verdict.accepted:
                assert broken["lower_bound"] <= found.hidden_neurons


@pytest.mark.parametrize("bad", [None, 3, [], "text", {}, {"format": 1}])
def test_certificates_of_any_shape_are_rejected_not_an_error(bad):
    assert not check_minimal("Min(x1, x2)", bad).accepted


def test_deeper_minima_are_intervals():
    found = minimal_network("Max(x1, x2, x3)", hidden_layers=2)
    assert found.network.sizes[0] == 3
    assert len(found.network.layers) == 3
    assert found.lower_bound == 4
    assert relucirc.prove(found.network, "Max(x1, x2, x3)").status == "proved"
