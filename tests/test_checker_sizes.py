"""The checkers of size and depth: every rule, alone, by a certificate that breaks that rule and no other.

Certificates are written by hand, for networks with more neurons than needed, so that a bound that is too
high is within reach: each case is accepted but for the one thing that is wrong, and rejected for that.
"""

import copy
import re
from typing import Any

import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc import MLP
from relucirc.checker import depth
from relucirc.checker.minimal import network_to_json
from relucirc.optimal import check_depth, check_minimal, depth_certificate, minimal_network
from relucirc.proof.prover import prove

KIND = {"bias": True, "output_bias": True, "skip": False}


def size(layers: Any, f: Any, bound: int, excluded: dict, domain: Any = None, **more: Any) -> dict:
    """A certificate that no network smaller than ``bound`` computes f, with a network that does."""
    names = more.pop("inputs", None)
    net = MLP.from_arrays(layers, names)
    skip = more.get("skip")
    side: Any = net if skip is None else _beside(net, skip)
    equal = prove(side, f, domain=domain)
    assert equal.status == "proved", equal
    kind = {**KIND, **more.pop("kind", {})}
    return {
        "format": "relucirc-minimal-1",
        "kind": kind,
        "network": network_to_json(net),
        "equal": equal.certificate,
        "lower_bound": bound,
        "excluded": excluded,
        **more,
    }


def _beside(net: MLP, skip: list) -> Any:
    from relucirc.optimal.building import with_skip

    return with_skip(net, tuple(tuple(relucirc.core.exact.rational(c) for c in row) for row in skip))


def rejected(verdict: Any, why: str) -> None:
    assert not verdict
    assert re.search(why, verdict.reason), verdict.reason


TWO = [([[1, 0], [-1, 0], [0, 1], [0, -1]], None), ([[1, 1, 1, -1]], None)]  # |x1| + x2
ABS = [([[1], [-1]], None), ([[1, 1]], None)]
WIDE = [([[1], [-1], [1], [-1]], [0, 0, -9, 0]), ([[1, 1, 0, 0]], None)]  # |x|, two neurons for nothing
MIN = [([[1, -1], [1, 0], [-1, 0]], None), ([[-1, 1, -1]], None)]
WASTED = [([[1, -1], [1, 0], [-1, 0], [1, 1]], [0, 0, 0, 3]), ([[-1, 1, -1, 0]], None)]  # Min(x1, x2)
BOX = "-1 <= x <= 2"
INSIDE = {"interior": ["1/2"], "sides": [{"point": ["0"]}]}
EVIDENCE = {"none": [["1", "1"]], "doubled": [[["1", "1"]]]}


def test_hand_made_certificates_are_accepted():
    """What the cases below change in one place."""
    assert check_minimal("Min(x1, x2)", size(MIN, "Min(x1, x2)", 3, EVIDENCE))
    assert check_minimal("Min(x1, x2)", size(WASTED, "Min(x1, x2)", 3, EVIDENCE))
    assert check_minimal("Abs(x)", size(ABS, "Abs(x)", 2, {"none": [["1"]]}))
    assert check_minimal("Abs(x)", size(ABS, "Abs(x)", 1, {}))
    assert check_minimal("Abs(x)", size(ABS, "Abs(x)", 2, {"none": [["1"]]}, BOX, **INSIDE), BOX)
    assert check_minimal(["x", "Abs(x)"], size(PAIR, ["x", "Abs(x)"], 2, {"all": True}))
    assert check_minimal("Min(x1, x2)", skipped())
    assert check_minimal("relu(x - 1) + x + 1", constant())
    assert check_minimal(SLANTED, always_on(), HALF)


PAIR = [([[1], [-1]], None), ([[1, -1], [1, 1]], None)]
SLANTED, HALF = "relu(x2) + x3", "x1 >= 0"


def skipped(**more: Any) -> dict:
    kind = {"kind": {"skip": True}, "skip": [["1", "0"]], **more}
    return size([([[1, -1]], None), ([[-1]], None)], "Min(x1, x2)", 1, {}, **kind)


def constant(**more: Any) -> dict:
    excluded = {"none": [["1", "1"]], "constant": [["1", "0"]], "doubled": [[["1", "1"]]], **more}
    layers = [([[1], [1], [-1]], [-1, 1, -1]), ([[1, 1, -1]], None)]
    return size(layers, "relu(x - 1) + x + 1", 3, excluded, kind={"output_bias": False})


def always_on(**more: Any) -> dict:
    """relu(x2) + x3 on x1 >= 0: x3 and x2 + x3 have both signs there, in the directions +-e3."""
    layers = [([[0, 1, 0], [0, 0, 1], [0, 0, -1]], None), ([[1, 1, -1]], None)]
    places = [["0", "0", "0", "1"], ["0", "0", "0", "-1"]]
    excluded = {"none": [["0", "0", "1"]], "always_on": places, "doubled": [[["0", "0", "1"]]], **more}
    sides = [{"point": ["1", "0", "0"]}, {"new": True}]
    return size(layers, SLANTED, 3, excluded, HALF, interior=["1", "1", "0"], sides=_sides_of(sides))


def _sides_of(sides: list) -> list:
    return copy.deepcopy(sides)


def edited(certificate: dict, path: tuple, value: Any) -> dict:
    """A copy with one field changed, or taken out where the value is ``...``."""
    result = copy.deepcopy(certificate)
    at: Any = result
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return result


MANY = list(range(1, 46))


def hinges(weights: list, bound_more: int, f_bias: int = 1) -> tuple[str, dict]:
    """``sum w_k relu(x - k) + x``: as many hyperplanes as weights, and a remainder to be paid for."""
    count = len(weights)
    layers = [
        ([[1]] * count + [[1], [-1]], [-k for k in range(count)] + [f_bias, -f_bias]),
        ([[*weights, 1, -1]], None),
    ]
    f = " + ".join(f"{w}*relu(x - {k})" for k, w in enumerate(weights)) + f" + x + {f_bias}"
    return f, size(layers, f, count + bound_more, {"none": [["1"]]})


SIZE = {
    "another format": lambda: (
        "Abs(x)",
        edited(size(ABS, "Abs(x)", 1, {}), ("format",), "relucirc-minimal-2"),
        "format",
    ),
    "a field too many": lambda: ("Abs(x)", {**size(ABS, "Abs(x)", 1, {}), "note": "0"}, "a certificate has the fields"),
    "a kind that is a number": lambda: (
        "Abs(x)",
        edited(size(ABS, "Abs(x)", 1, {}), ("kind", "bias"), 1),
        "a kind is not true or false",
    ),
    "two hidden layers": lambda: (
        "Abs(x)",
        size([*ABS[:1], ([[1, 1]], None), ([[1]], None)], "Abs(x)", 1, {}),
        "more than one hidden layer",
    ),
    "no equality": lambda: (
        "Abs(x)",
        edited(size(ABS, "Abs(x)", 1, {}), ("equal",), {}),
        "the network is not proved equal",
    ),
    "a skip connection that is not allowed": lambda: (
        "Min(x1, x2)",
        edited(skipped(), ("kind", "skip"), False),
        "a skip connection is given",
    ),
    "a skip connection that is missing": lambda: (
        "Min(x1, x2)",
        edited(skipped(), ("skip",), ...),
        "a skip connection is given",
    ),
    "a skip connection of another shape": lambda: (
        "Min(x1, x2)",
        edited(skipped(), ("skip",), [["1", "0"], ["0", "0"]]),
        "skip has a wrong shape",
    ),
    "a skip row that is too long": lambda: (
        "Min(x1, x2)",
        edited(skipped(), ("skip",), [["1", "0", "0"]]),
        "skip has a wrong shape",
    ),
    "an output bias that the kind has not": lambda: (
        "Abs(x) + 1",
        size([ABS[0], ([[1, 1]], [1])], "Abs(x) + 1", 1, {}, kind={"output_bias": False}),
        "the network has output biases",
    ),
    "a hidden bias that the kind has not": lambda: (
        "Abs(x)",
        size(WIDE, "Abs(x)", 1, {}, kind={"bias": False}),
        "the network has hidden biases",
    ),
    "weights without hidden neurons": lambda: (
        "2*x",
        size([([[2]], None)], "2*x", 0, {}),
        "a network without hidden neurons has weights",
    ),
    "a bound above the network": lambda: (
        "Abs(x)",
        size(ABS, "Abs(x)", 3, {"none": [["1"]], "doubled": [[["0"]]]}),
        "index out of range",
    ),
    "a bound below 0": lambda: ("Abs(x)", size(ABS, "Abs(x)", -1, {}), "index out of range"),
    "no list of excluded": lambda: ("Abs(x)", size(ABS, "Abs(x)", 2, []), "excluded is not an object"),  # type: ignore[arg-type]
    "evidence that nothing needs": lambda: (
        "Abs(x)",
        size(ABS, "Abs(x)", 1, {"none": [["1"]]}),
        "evidence is given for nothing",
    ),
    "another neuron than Abs(x) needs": lambda: (
        "Abs(x)",
        size(WIDE, "Abs(x)", 3, {"none": [["1"]], "doubled": [[["0"]]]}),
        "some subset leaves nothing",
    ),
    "three more than hyperplanes": lambda: (
        "Abs(x)",
        size(WIDE, "Abs(x)", 4, {"none": [["1"]], "doubled": [[["0"]]]}),
        "the bound is higher than this evidence can show",
    ),
    "all, but not true": lambda: (
        ["x", "Abs(x)"],
        size(PAIR, ["x", "Abs(x)"], 2, {"all": 1}),
        "all is not true",
    ),
    "rows for several outputs, for two more": lambda: (
        ["x", "Abs(x)"],
        size([*_widened(PAIR, 1)], ["x", "Abs(x)"], 3, {"none": [["1", "0"]]}),
        "the bound is higher than this evidence can show",
    ),
    "no rows": lambda: ("Abs(x)", size(ABS, "Abs(x)", 2, {"none": []}), "rows have a wrong length"),
    "rows that are too long": lambda: (
        "Abs(x)",
        size(ABS, "Abs(x)", 2, {"none": [["1", "0"]]}),
        "rows have a wrong length",
    ),
    "a row of zeros": lambda: ("Abs(x)", size(ABS, "Abs(x)", 2, {"none": [["0"]]}), "some subset leaves nothing"),
    "two more with a skip connection": lambda: (
        "Min(x1, x2) + 1",
        _two_more_with_skip(),
        "with a skip connection one more neuron is always enough",
    ),
    "constants on a domain": lambda: (
        SLANTED,
        always_on(constant=[["0", "0", "1"]]),
        "constants are always active",
        HALF,
    ),
    "always-on neurons without a domain": lambda: (
        "Min(x1, x2)",
        size(MIN, "Min(x1, x2)", 3, {**EVIDENCE, "always_on": [["0", "1", "1"]]}),
        "no neuron is always active on all of R",
    ),
    "a row that sees the constant": lambda: (
        "relu(x - 1) + x + 1",
        constant(constant=[["1", "1"]]),
        "a row sees the constant",
    ),
    "constants that are free": lambda: (
        "Min(x1, x2)",
        size(MIN, "Min(x1, x2)", 3, {**EVIDENCE, "constant": [["1", "1"]]}),
        "constants are free",
    ),
    "rows for no hyperplane": lambda: (
        "Min(x1, x2)",
        size(MIN, "Min(x1, x2)", 3, {**EVIDENCE, "doubled": []}),
        "expected rows for each hyperplane",
    ),
    "rows for two hyperplanes": lambda: (
        "Min(x1, x2)",
        size(MIN, "Min(x1, x2)", 3, {**EVIDENCE, "doubled": [[["1", "1"]], [["1", "1"]]]}),
        "expected rows for each hyperplane",
    ),
    "a row that sees the doubled hyperplane": lambda: (
        "Abs(x1 - x2)",
        size(_widened(ABS_OF_TWO, 1), "Abs(x1 - x2)", 3, {"none": [["1", "0"]], "doubled": [[["1", "0"]]]}),
        "a row sees the hyperplane that is doubled",
    ),
    "a place of another dimension": lambda: (
        SLANTED,
        always_on(always_on=[["0", "0", "1"], ["0", "0", "0", "-1"]]),
        "a place is malformed",
        HALF,
    ),
    "a place of another kind": lambda: (
        SLANTED,
        always_on(always_on=[["2", "0", "0", "1"], ["0", "0", "0", "-1"]]),
        "a place is malformed",
        HALF,
    ),
    "an empty place": lambda: (SLANTED, always_on(always_on=[[]]), "malformed evidence", HALF),
    "no places": lambda: (SLANTED, always_on(always_on=[]), "no places are given", HALF),
    "a point where directions count": lambda: (
        SLANTED,
        always_on(always_on=[["1", "1", "0", "1"], ["0", "0", "0", "-1"]]),
        "a point is used where only directions count",
        HALF,
    ),
    "a direction that leaves the domain": lambda: (
        SLANTED,
        always_on(always_on=[["0", "-1", "0", "1"], ["0", "0", "0", "-1"]]),
        "a point is used where only directions count",
        HALF,
    ),
    "a remainder of one sign": lambda: (
        SLANTED,
        always_on(always_on=[["0", "0", "0", "1"], ["0", "1", "0", "0"]]),
        "some remainder has one sign",
        HALF,
    ),
    "an orientation that leaves nothing": lambda: (
        ["relu(x)", "2*relu(x)"],
        size([([[1], [2]], [0, 5]), ([[1, 0], [2, 0]], None)], ["relu(x)", "2*relu(x)"], 2, {"all": True}),
        "some orientation leaves nothing",
    ),
    "an orientation that is cheaper": lambda: (
        ["x", "Abs(x)"],
        size(_widened(PAIR, 1), ["x", "Abs(x)"], 3, {"all": True}),
        "some orientation is cheaper than the bound",
    ),
    "sides without a domain": lambda: (
        "Abs(x)",
        size(ABS, "Abs(x)", 1, {}, sides=[{"point": ["0"]}]),
        "sides are given without a domain",
    ),
    "an interior without a domain": lambda: (
        "Abs(x)",
        size(ABS, "Abs(x)", 1, {}, interior=["0"]),
        "an interior point is given, or not",
    ),
    "a domain without an interior point": lambda: (
        "Abs(x)",
        edited(boxed(), ("interior",), ...),
        "an interior point is given, or not",
        BOX,
    ),
    "an interior point on the boundary": lambda: (
        "Abs(x)",
        edited(boxed(), ("interior",), ["2"]),
        "not in the interior",
        BOX,
    ),
    "a side too few": lambda: ("Abs(x)", edited(boxed(), ("sides",), []), "expected one side for each hyperplane", BOX),
    "a side that says two things": lambda: (
        "Abs(x)",
        edited(boxed(), ("sides", 0), {"point": ["0"], "new": True}),
        "a side is malformed",
        BOX,
    ),
    "a point of another dimension": lambda: (
        "Abs(x)",
        edited(boxed(), ("sides", 0), {"point": ["0", "0"]}),
        "a point has the wrong dimension",
        BOX,
    ),
    "a point beside its hyperplane": lambda: (
        "Abs(x)",
        edited(boxed(), ("sides", 0), {"point": ["1"]}),
        "a point is not on its hyperplane",
        BOX,
    ),
    "a point on the boundary": lambda: (
        "x",
        size(ABS, "x", 1, {}, "x >= 0", interior=["1"], sides=[{"point": ["0"]}]),
        "a point is not inside the domain",
        "x >= 0",
    ),
    "a hyperplane said to be new": lambda: (
        "Abs(x)",
        edited(boxed(), ("sides", 0), {"new": True}),
        "a hyperplane with a jump has no point inside",
        BOX,
    ),
    "an unknown side": lambda: ("Abs(x)", edited(boxed(), ("sides", 0), {"left": []}), "unknown side", BOX),
    "a negative multiplier": lambda: (
        "Abs(x)",
        edited(boxed(), ("sides", 0), {"above": [[0, "-1"]]}),
        "a multiplier is not positive",
        BOX,
    ),
    "multipliers that show no side": lambda: (
        "Abs(x)",
        edited(boxed(), ("sides", 0), {"above": [[0, "1"]]}),
        "the multipliers do not keep a hyperplane out",
        BOX,
    ),
}


def boxed() -> dict:
    return size(ABS, "Abs(x)", 2, {"none": [["1"]]}, BOX, **copy.deepcopy(INSIDE))


ABS_OF_TWO = [([[1, -1], [-1, 1]], None), ([[1, 1]], None)]


def _widened(layers: list, more: int) -> list:
    """More hidden neurons that nothing reads."""
    (weight, bias), (out, last) = layers
    n = len(weight[0])
    return [
        (weight + [[1] * n] * more, [*(bias or [0] * len(weight)), *range(7, 7 + more)]),
        ([row + [0] * more for row in out], last),
    ]


def _two_more_with_skip() -> dict:
    """Min(x1, x2) + 1 beside a skip connection, without output biases: a constant costs one neuron, not two."""
    layers = [([[1, -1], [0, 0], [1, 1]], [0, 1, 9]), ([[-1, 1, 0]], None)]
    kind = {"skip": True, "output_bias": False}
    excluded = {"none": [["1"]], "doubled": [[["1"]]]}
    return size(layers, "Min(x1, x2) + 1", 3, excluded, kind=kind, skip=[["1", "0"]])


@pytest.mark.parametrize("name", SIZE)
def test_a_certificate_of_size_is_rejected_for_the_one_thing_that_is_wrong(name):
    f, certificate, why, *domain = SIZE[name]()
    rejected(check_minimal(f, certificate, *domain), why)


WRONG_DOMAINS = {
    "integer points": ("x in {0, 1}", "not on integer points"),
    "unbounded integer points": ("x in integers", "not on integer points"),
    "a point": ("x <= 0, x >= 0", "not in the interior"),
    "an equality": ("x == 0", "not in the interior|no interior"),
    "another box": ("5 <= x <= 6", "not in the interior"),
    "everything": (None, "an interior point is given, or not"),
    "other names": ("y >= 0", "cannot be read"),
}


@pytest.mark.parametrize("name", WRONG_DOMAINS)
def test_a_certificate_of_size_is_about_its_domain(name):
    domain, why = WRONG_DOMAINS[name]
    net = MLP.from_arrays(ABS)
    equal = prove(net, "Abs(x)", domain).certificate if "names" not in name else {}
    rejected(check_minimal("Abs(x)", {**boxed(), "equal": equal}, domain), why)


def test_on_a_domain_without_interior_no_bound_is_accepted():
    """x is 0 on x <= 0, x >= 0, and needs no neuron; |2x - 1| is 1 on the bits."""
    thin = size(
        [([[1]], None), ([[1]], None)], "x", 1, {"none": [["1"]]}, "x <= 0, x >= 0", sides=[{"above": [[1, "1"]]}]
    )
    for interior in ({}, {"interior": ["0"]}, {"interior": ["1"]}, {"interior": []}):
        assert not check_minimal("x", {**thin, **interior}, "x <= 0, x >= 0")
    layers = [([[2], [-2]], [-1, 1]), ([[1, 1]], None)]
    inside = {"interior": ["1/4"], "sides": [{"point": ["1/2"]}]}
    bits = size(layers, "Abs(2*x - 1)", 2, {"none": [["1"]]}, "x in {0, 1}", **inside)
    rejected(check_minimal("Abs(2*x - 1)", bits, "x in {0, 1}"), "not on integer points")


def test_an_equality_among_the_constraints_leaves_no_interior():
    """Even where its form is positive at the point that is given."""
    bad = size(ABS, "Abs(x)", 1, {}, "x == 1", interior=["2"], sides=[{"above": []}])
    rejected(check_minimal("Abs(x)", bad, "x == 1"), "the domain has no interior")


def test_too_many_subsets_are_refused_not_tried():
    doubling = [2**k for k in range(46)]
    for weights in (doubling, [1] * 24 + doubling[:24]):
        f, certificate = hinges(weights, 1)
        rejected(check_minimal(f, certificate), "too many subsets to try again")


def test_too_many_hyperplanes_are_refused_not_tried():
    count = 15
    rows = [[1]] * count + [[1], [-1]]
    biases = [-k for k in range(count)] + [0, 0]
    layers = [(rows, biases), ([[1] * count + [1, -1], [2] * count + [0, 0]], None)]
    sums = " + ".join(f"relu(x - {k})" for k in range(count))
    f = [f"{sums} + x", f"2*({sums})"]
    rejected(check_minimal(f, size(layers, f, count + 1, {"all": True})), "too many hyperplanes")
    count = 19
    rows = [[0, 1, 0]] * count + [[0, 0, 1], [0, 0, -1]]
    layers = [(rows, [-k for k in range(count)] + [0, 0]), ([[1] * count + [1, -1]], None)]
    f = " + ".join(f"relu(x2 - {k})" for k in range(count)) + " + x3"
    places = [["0", "0", "0", "1"], ["0", "0", "0", "-1"]]
    row = [["0", "0", "1"]]
    excluded = {"none": row, "always_on": places, "doubled": [row] * count}
    sides = [{"point": ["1", str(k), "0"]} for k in range(count)] + [{"new": True}]
    certificate = size(layers, f, count + 2, excluded, HALF, interior=["1", "1/2", "1"], sides=sides)
    rejected(check_minimal(f, certificate, HALF), "too many hyperplanes")


def test_on_a_domain_an_orientation_may_leave_too_little():
    """x2 and 2 x2 on x1 >= 0: two outputs of rank one, whose always-on neurons are not tried."""
    layers = [([[0, 1], [0, -1], [1, 7]], [0, 0, 1]), ([[1, -1, 0], [2, -2, 0]], None)]
    sides = [{"new": True}, {"new": True}]
    f = ["x2", "2*x2"]
    certificate = size(layers, f, 2, {"all": True}, "x1 >= 0", interior=["1", "1"], sides=sides)
    rejected(check_minimal(f, certificate, "x1 >= 0"), "some orientation leaves too little")


def test_a_place_that_is_a_point_must_be_in_the_domain():
    """Without output biases the values at points count; the domain's are those that do."""
    f, domain = "relu(x2) + x3", "x1 >= 0"
    layers = [([[0, 1, 0], [0, 0, 1], [0, 0, -1]], None), ([[1, 1, -1]], None)]
    sides = [{"point": ["1", "0", "0"]}, {"new": True}]
    row = [["0", "0", "1", "0"]]
    for first, why in (("-1", "a place is not in the domain"), ("1", None)):
        places = [["1", first, "0", "1"], ["1", "1", "0", "-1"]]
        excluded = {"none": row, "always_on": places, "doubled": [row]}
        kind = {"output_bias": False}
        certificate = size(layers, f, 3, excluded, domain, kind=kind, interior=["1", "1", "1"], sides=sides)
        verdict = check_minimal(f, certificate, domain)
        assert bool(verdict) == (why is None), verdict
        assert why is None or why in verdict.reason


def deep(**changes: Any) -> dict:
    certificate = depth_certificate("Max(x1, x2, x3)").certificate
    return {**copy.deepcopy(certificate), **changes}


PLANE = {"v1": "1", "v2": "-1"}
SPOTS = [["0", "1", "1"], ["2", "1", "1"]]
FOLDS = [["1"], ["0"]]
GOOD = {"hyperplane": PLANE, "points": SPOTS, "jumps": FOLDS}
BITS = "x1 in {0, 1, 2}, x2 in {0, 1, 2}, x3 in {0, 1, 2}"
DEPTH = {
    "another format": ({"format": "relucirc-depth-2"}, "format"),
    "a field too many": ({"note": 1}, "a certificate has the fields"),
    "other inputs": ({"inputs": ["x1", "x2", "y"]}, "the claim cannot be read"),
    "an input twice": ({"inputs": ["x1", "x2", "x3", "x3"]}, "expected unique input names"),
    "inputs that are no list": ({"inputs": "x1"}, "inputs is not a list"),
    "no hyperplane": ({"hyperplane": {"1": "1"}}, "the hyperplane is no hyperplane"),
    "three points": ({"points": [*SPOTS, SPOTS[0]], "jumps": [*FOLDS, FOLDS[0]]}, "expected two points"),
    "a point with a coordinate too many": ({"points": [[*SPOTS[0], "0"], SPOTS[1]]}, "the wrong dimension"),
    "a point beside the hyperplane": ({"points": [["0", "1", "2"], SPOTS[1]], "jumps": [["0"], ["0"]]}, "not on the"),
    "another jump": ({"jumps": [["2"], ["0"]]}, "a jump is not the one"),
    "equal jumps": ({"points": [SPOTS[0], ["0", "2", "2"]], "jumps": [["1"], ["1"]]}, "the jumps are equal"),
    "a point of two kinks": ({"points": [["1", "1", "1"], SPOTS[1]]}, "another kink"),
}


def test_a_hand_made_certificate_of_depth_is_accepted():
    assert check_depth("Max(x1, x2, x3)", deep(**GOOD))
    assert check_depth("Max(x1, x2, x3)", deep(**GOOD), "-9 <= x1 <= 9")


@pytest.mark.parametrize("name", DEPTH)
def test_a_certificate_of_depth_is_rejected_for_the_one_thing_that_is_wrong(name):
    changes, why = DEPTH[name]
    rejected(check_depth("Max(x1, x2, x3)", deep(**{**GOOD, **changes})), why)


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        (BITS, "integer points"),
        ("x1 in integers", "integer points"),
        ("x1 == 0", "not inside the domain"),
        ("x1 == x1 + x2 - x3", "not inside the domain"),
        ("x1 >= 1", "not inside the domain"),
        ("x1 <= 0, x1 >= 0", "not inside the domain"),
        ("y >= 0", "cannot be read"),
    ],
)
def test_a_certificate_of_depth_is_about_a_domain_with_room(domain, why):
    rejected(check_depth("Max(x1, x2, x3)", deep(**GOOD), domain), why)


def test_ctrl_c_while_the_function_is_read_leaves_a_certificate_of_depth_unchecked(monkeypatch):
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(depth, "read_function", interrupted)
    assert check_depth("Max(x1, x2, x3)", deep(**GOOD)).status == "unknown"


def test_a_step_has_no_jumps_to_compare():
    f = "Max(x1, x2, x3) + Piecewise((1, x2 > x3), (0, True))"
    rejected(check_depth(f, deep(**GOOD)), "not continuous")


def test_functions_of_position_are_named_by_the_caller():
    def largest(a, b, c):
        return jnp.maximum(a, jnp.maximum(b, c))

    assert check_depth(largest, deep(**GOOD), inputs=("x1", "x2", "x3"))
    rejected(check_depth(largest, deep(**GOOD)), "does not name its inputs")
    rejected(check_depth(largest, deep(**GOOD), inputs=("a", "b", "c")), "the certificate is about the inputs")
    small = minimal_network(lambda a, b: jnp.abs(a) + 0 * b, domain="b >= 0", inputs=("a", "b")).certificate
    f = lambda a, b: jnp.abs(a) + 0 * b  # noqa: E731
    assert check_minimal(f, small, "b >= 0", inputs=("a", "b"))
    rejected(check_minimal(f, small, "b >= 0"), "does not name its inputs")
    rejected(check_minimal(f, small, "b >= 0", inputs=("b", "a")), "the certificate is about the inputs")
    rejected(check_minimal("Abs(a) + 0*b", small, relucirc.Box([None, 0], None)), "the certificate is about the inputs")
    assert check_minimal("Abs(a) + 0*b", small, relucirc.Box([None, 0], None), inputs=("a", "b"))
    assert check_minimal("Abs(a) + 0*b", small, "b >= 0")
    assert check_minimal("Abs(a) + 0*b", small, "b >= 0", inputs=("a", "b"))


class Sly(int):
    """An int that compares as it likes."""

    __ge__ = __le__ = __lt__ = __gt__ = lambda *_: True


class Loose(dict):
    """An object that is not plain data."""


class Long(list):
    """Another."""


class Word(str):
    """A third."""

    __slots__ = ()


def plain(data: Any) -> Any:
    """Exchanges every part of a certificate for a subclass of its type, one at a time."""
    kinds = {int: Sly, dict: Loose, list: Long, str: Word}
    if type(data) in kinds:
        yield kinds[type(data)](data)
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        for changed in plain(value):
            result = copy.copy(data)
            result[key] = changed
            yield result


def test_certificates_are_plain_data_and_nothing_else():
    net = relucirc.circuits.minimum()
    equal = prove(net, "Min(x1, x2)", "x1 >= 0, x1 + x2 >= 1").certificate
    assert relucirc.check(net, "Min(x1, x2)", equal, "x1 >= 0, x1 + x2 >= 1")
    for changed in plain(equal["proof"]):
        assert not relucirc.check(net, "Min(x1, x2)", {**equal, "proof": changed}, "x1 >= 0, x1 + x2 >= 1")
    forged = {
        "format": "relucirc-certificate-1",
        "proof": {
            "atoms": [[{"v0": "1"}]],
            "left": [{"atom": 0, "scale": "1", "base": {}}],
            "right": [],
            "tree": [Sly(-1), 0, {"shallow": []}, {"thin": [[0, "1"]]}, 0, {"shallow": []}],
        },
    }
    relu = MLP.from_arrays([([[1]], None), ([[1]], None)])
    rejected(relucirc.check(relu, "x", forged), "index out of range")
    for bound in (Sly(2), True, 2.0, "2"):
        rejected(check_minimal("Abs(x)", {**boxed(), "lower_bound": bound}, BOX), "index out of range")


VALUES = (
    None,
    True,
    False,
    -1,
    0,
    1,
    5,
    "",
    "0",
    "1",
    "-1",
    "1/2",
    "1/0",
    "x",
    [],
    [[]],
    ["1"],
    [["1", "2"]],
    {},
    {"v0": "1"},
)


def walk(data: Any, path: tuple = ()) -> Any:
    if path and path[0] == "equal":
        return
    if path:
        yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from walk(value, (*path, key))


SPECIMENS = {
    "minimum": (lambda: size(MIN, "Min(x1, x2)", 3, EVIDENCE), "Min(x1, x2)", None, 3),
    "a wasteful minimum": (lambda: size(WASTED, "Min(x1, x2)", 3, EVIDENCE), "Min(x1, x2)", None, 3),
    "absolute in a box": (boxed, "Abs(x)", BOX, 2),
    "two outputs": (lambda: size(_widened(PAIR, 1), ["x", "Abs(x)"], 2, {"all": True}), ["x", "Abs(x)"], None, 2),
    "a skip connection": (skipped, "Min(x1, x2)", None, 1),
    "constants": (constant, "relu(x - 1) + x + 1", None, 3),
    "always on": (always_on, SLANTED, HALF, 3),
}


@pytest.mark.parametrize("name", SPECIMENS)
def test_no_change_of_any_field_raises_an_error_or_the_bound(name):
    make, f, domain, least = SPECIMENS[name]
    certificate = make()
    assert check_minimal(f, certificate, domain)
    for path in list(walk(certificate)):
        for value in VALUES:
            broken = edited(certificate, path, value)
            if check_minimal(f, broken, domain):
                assert broken["lower_bound"] <= least, (path, value)


SHAPES = ["{0} >= {1}", "{0} == {1}", "{1} <= {0} <= {2}", "{0} in integers", "{0} in {{0, 1}}"]


@given(st.sampled_from(sorted(SPECIMENS)), st.data())
def test_no_wrong_domain_makes_a_bound_of_another(name, data):
    """On integer points, without interior, moved: accepted only where the bound is right there too."""
    make, f, *_ = SPECIMENS[name]
    certificate = make()
    names = certificate["network"]["inputs"]
    few = st.integers(-2, 2)
    parts = []
    for each in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
        a, b = data.draw(few), data.draw(few)
        shape = data.draw(
            st.sampled_from(["{0} >= {1}", "{0} == {1}", "{1} <= {0} <= {2}", "{0} in integers", "{0} in {{0, 1}}"])
        )
        parts.append(shape.format(each, a, max(a, b)))
    other = ", ".join(parts)
    net = MLP.from_arrays([(layer["weight"], layer["bias"]) for layer in certificate["network"]["layers"]], names)
    side = net if "skip" not in certificate else _beside(net, certificate["skip"])
    try:
        equal = prove(side, f, other)
    except relucirc.RelucircError:
        return
    if equal.status != "proved":
        return
    offered = {**certificate, "equal": equal.certificate}
    if check_minimal(f, offered, other):
        kind = certificate["kind"]
        smallest = minimal_network(
            f, domain=other, inputs=names, bias=kind["bias"], output_bias=kind["output_bias"], skip=kind["skip"]
        )
        assert smallest.hidden_neurons is None or certificate["lower_bound"] <= smallest.hidden_neurons
