"""The rules by which bounding is checked, each alone; and its certificates broken in every field.

What is offered here for a false claim would be a proof of it without the one rule that it breaks.
"""

import itertools
import json
import os
from fractions import Fraction
from typing import Any

import certificates
import plain
import pytest
import sympy

import relucirc
from relucirc import MLP, bounds, circuits, max_deviation, prove
from relucirc.checker.bounding import KINDS
from relucirc.checker.check import check
from relucirc.checker.equality import check_claim
from relucirc.language.claim import read_claim

RELU = MLP.from_arrays([([[1]], None), ([[1]], None)])
LARGEST = MLP.from_arrays([([[1, -1], [0, 1], [0, -1]], None), ([[1, 1, -1]], None)])
WIDE = "x >= -1, x <= 2"
"""Constraint 0 is ``x + 1 >= 0``, constraint 1 is ``2 - x >= 0``."""
TRUE, FALSE = "y <= 2", "y <= 1"
TINY = sympy.Rational(1, 2**60)

PART, ON, OFF = ["part", 0, "1"], ["on", 0, "1"], ["off", 0, "1"]
LEFT, RIGHT = ["constraint", 0, "1"], ["constraint", 1, "1"]
ABOVE, BELOW = {"leaf": [PART, ON, RIGHT]}, {"leaf": [PART, OFF]}
SPLIT = [{"hinge": 0}, ABOVE, BELOW]
LOWER, UPPER = ["-1", [LEFT]], ["2", [RIGHT]]
LEMMA = {"hinge": 0, "lower": LOWER, "upper": UPPER}
CHORD = {"leaf": [["part", 0, "3"], ["chord", 0, "1"], ["constraint", 1, "2"]]}
CUT = ["constraint", 2, "1"]


def lemmas(*found: Any) -> dict:
    return {"lemmas": list(found)}


def verdict(relation: str, trees: Any, domain: str = WIDE, net: MLP = RELU, interior: str = "1", **more: Any) -> Any:
    step = {"atom": 0, "scale": "1", "base": {}}
    case = {"atoms": [[{"v0": "1"}]], "left": [step], "right": [], "interior": [interior], "bounding": trees, **more}
    return check_claim(read_claim(net, relation, domain), {"format": "relucirc-certificate-1", "proof": case})


GOOD = {
    "a split": (TRUE, [SPLIT]),
    "a chord": (TRUE, [[lemmas(LEMMA), CHORD]]),
    "a cut": (
        TRUE,
        [
            [
                {"cut": {"v0": "1"}},
                *(lemmas({"hinge": 0, "lower": ["0", [CUT]]}), ABOVE),
                *(lemmas({"hinge": 0, "upper": ["0", [CUT]]}), BELOW),
            ]
        ],
    ),
    "bounds that are weaker than known": (
        TRUE,
        [[lemmas(LEMMA), lemmas({"hinge": 0, "lower": ["-5", [LEFT]], "upper": ["7", [RIGHT]]}), CHORD]],
    ),
    "a bound in its own node": (TRUE, [[lemmas(LEMMA, {"hinge": 0}), CHORD]]),
    "an equality that is used from both sides": (
        "y != 3",
        [[{"hinge": 0}, {"leaf": [["part", 0, "1"], ON, RIGHT]}, {"leaf": [["part", 0, "1"], OFF]}]],
    ),
    "what was supposed": (
        "y >= x",
        [[{"hinge": 0}, {"leaf": [PART, ["line", 0, "1"]]}, {"leaf": [PART, ["line", 0, "1"]]}]],
    ),
    "on that was supposed": (
        "y >= 0",
        [[{"hinge": 0}, {"leaf": [PART, ["line", 0, "1"], ["active", 0, "1"]]}, {"leaf": [PART, ["zero", 0, "1"]]}]],
    ),
    "off that was supposed": (
        "y >= x",
        [
            [
                {"hinge": 0},
                {"leaf": [PART, ["line", 0, "1"]]},
                {"leaf": [PART, ["zero", 0, "1"], ["inactive", 0, "1"]]},
            ]
        ],
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_each_rule_is_accepted_where_it_holds(name):
    assert verdict(*GOOD[name]), verdict(*GOOD[name])


def leaf(*facts: Any) -> list:
    return [[{"leaf": list(facts)}]]


FAR = ["constraint", 1, "3"]
RULES: dict[str, tuple[str, Any, str]] = {
    "no tree": (FALSE, [], "0 trees for 1 violations"),
    "no trees": (FALSE, None, "bounding is not a list"),
    "a tree too many": (TRUE, [SPLIT, SPLIT], "2 trees for 1 violations"),
    "no node": (FALSE, [[]], "ends too early"),
    "one side of a hinge twice": (FALSE, [[{"hinge": 0}, BELOW, BELOW]], "hinge 0 is not known to be off"),
    "one side of a hinge alone": (TRUE, [[{"hinge": 0}, ABOVE]], "ends too early"),
    "one side of a cut": (
        TRUE,
        [[{"cut": {"v0": "1"}}, lemmas({"hinge": 0, "lower": ["0", [CUT]]}), ABOVE]],
        "too early",
    ),
    "lemmas of nothing": (TRUE, [[lemmas(LEMMA)]], "ends too early"),
    "a node after the end": (TRUE, [[*SPLIT, BELOW]], "goes on after its end"),
    "a node that is no object": (FALSE, [["leaf"]], "is not an object"),
    "a node that is a number": (FALSE, [[5]], "a node of bounding is not an object"),
    "a node of no kind": (FALSE, [[{}]], "a node of bounding has the fields"),
    "a node of two kinds": (FALSE, [[{"leaf": [], "hinge": 0}]], "a leaf has the fields"),
    "a leaf without facts": (FALSE, leaf(), "does not contradict itself"),
    "a leaf that is no constant": (FALSE, leaf(PART), "does not contradict itself"),
    "a leaf that is positive": (FALSE, leaf(LEFT, RIGHT), "does not contradict itself"),
    "a leaf that is nearly a contradiction": (
        f"y <= 2 - {TINY}",
        [[lemmas(LEMMA), CHORD]],
        "does not contradict itself",
    ),
    "a leaf that is zero, nothing being strict": ("y < 2", [[lemmas(LEMMA), CHORD]], "does not contradict itself"),
    "the sides in the wrong order": (TRUE, [[{"hinge": 0}, BELOW, ABOVE]], "is not known to be off"),
    "the sides of a cut in the wrong order": (
        TRUE,
        [
            [
                {"cut": {"v0": "1"}},
                *(lemmas({"hinge": 0, "upper": ["0", [CUT]]}), BELOW),
                *(lemmas({"hinge": 0, "lower": ["0", [CUT]]}), ABOVE),
            ]
        ],
        "the upper bound of hinge 0 does not follow",
    ),
    "a hinge decided twice": (FALSE, [[{"hinge": 0}, {"hinge": 0}]], "hinge 0 is decided twice"),
    "a hinge that is not there": (FALSE, [[{"hinge": 1}]], "index out of range"),
    "a hinge by its opposite": (FALSE, [[{"hinge": -1}]], "index out of range"),
    "a cut through a hinge": (FALSE, [[{"cut": {"v1": "1"}}]], "unknown variable v1"),
    "a fact of two parts": (FALSE, leaf(["part", 0]), "a fact is a kind, a number and a multiplier"),
    "a fact of four parts": (FALSE, leaf([*PART, "1"]), "a fact is a kind, a number and a multiplier"),
    "a fact of no kind": (FALSE, leaf(["whole", 0, "1"]), "a fact is none of"),
    "a fact without a number": (FALSE, leaf(["part", "0", "1"]), "a fact has no number"),
    "a fact that is counted from the end": (FALSE, leaf(["part", -1, "1"]), "a fact has no number"),
    "a fact that is no whole number": (FALSE, leaf(["constraint", True, "1"]), "a fact has no number"),
    "a part that is not there": (FALSE, leaf(["part", 1, "1"]), "there is no part 1"),
    "a constraint that is not there": (FALSE, leaf(["constraint", 2, "1"]), "there is no constraint 2"),
    "a fact about no hinge": (FALSE, leaf(["zero", 1, "1"]), "there is no hinge 1"),
    "a multiplier of 0": (FALSE, leaf(["part", 0, "0"]), "a multiplier has the wrong sign"),
    "a negative multiplier": (
        FALSE,
        [[lemmas(LEMMA), {"leaf": [["part", 0, "1"], ["line", 0, "-1"], RIGHT]}]],
        "a multiplier has the wrong sign",
    ),
    "a negative multiplier of a constraint": (FALSE, leaf(["constraint", 0, "-2"]), "a multiplier has the wrong sign"),
    "a side that was not supposed": (FALSE, leaf(PART, ["active", 0, "1"]), "was not supposed to be active"),
    "the other side": (FALSE, [[{"hinge": 0}, {"leaf": [["inactive", 0, "1"]]}]], "was not supposed to be inactive"),
    "the other side below": (
        TRUE,
        [[{"hinge": 0}, ABOVE, {"leaf": [["active", 0, "1"]]}]],
        "was not supposed to be active",
    ),
    "on where that is open": (FALSE, leaf(PART, ON, RIGHT), "hinge 0 is not known to be on"),
    "on where it is off": (TRUE, [[{"hinge": 0}, ABOVE, ABOVE]], "hinge 0 is not known to be on"),
    "on where it is known from below only": (
        FALSE,
        [[lemmas(LEMMA), {"leaf": [PART, ON, RIGHT]}]],
        "hinge 0 is not known to be on",
    ),
    "off where that is open": (FALSE, leaf(PART, OFF), "hinge 0 is not known to be off"),
    "off where it is known from above only": (FALSE, [[lemmas(LEMMA), BELOW]], "hinge 0 is not known to be off"),
    "off where it is on": (TRUE, [[{"hinge": 0}, BELOW]], "hinge 0 is not known to be off"),
    "a chord of no bounds": (FALSE, [[CHORD]], "hinge 0 has no chord here"),
    "a chord of one bound": (FALSE, [[lemmas({"hinge": 0, "lower": LOWER}), CHORD]], "hinge 0 has no chord here"),
    "a chord of the other bound": (FALSE, [[lemmas({"hinge": 0, "upper": UPPER}), CHORD]], "hinge 0 has no chord here"),
    "a lower bound that does not follow": (
        FALSE,
        [[lemmas({"hinge": 0, "lower": ["-1/2", [LEFT]]}), CHORD]],
        "the lower bound of hinge 0 does not follow",
    ),
    "an upper bound that does not follow": (
        FALSE,
        [[lemmas({"hinge": 0, "upper": ["1", [RIGHT]]}), CHORD]],
        "the upper bound of hinge 0 does not follow",
    ),
    "a bound for no reason": (FALSE, [[lemmas({"hinge": 0, "upper": ["1", []]}), CHORD]], "does not follow"),
    "a bound by too much": (FALSE, [[lemmas({"hinge": 0, "upper": ["1", [FAR]]}), CHORD]], "does not follow"),
    "a bound by the parts": (
        FALSE,
        [[lemmas({"hinge": 0, "lower": ["1", [PART, RIGHT]]})]],
        "there is no part 0",
    ),
    "a bound of no hinge": (FALSE, [[lemmas({"hinge": 1, "lower": LOWER})]], "index out of range"),
    "a bound without its reasons": (FALSE, [[lemmas({"hinge": 0, "lower": ["-1"]})]], "a number and its reasons"),
    "a bound with other fields": (FALSE, [[lemmas({"hinge": 0, "middle": LOWER})]], "a bound has the fields"),
    "a bound of the other side of a hinge": (
        TRUE,
        [
            [
                {"hinge": 0},
                *(lemmas({"hinge": 0, "lower": ["0", [["active", 0, "1"]]]}), ABOVE),
                {"leaf": [PART, ON, ["inactive", 0, "1"]]},
            ]
        ],
        "hinge 0 is not known to be on",
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_needed(name):
    relation, trees, why = RULES[name]
    found = verdict(relation, trees)
    assert not found
    assert why in found.reason


def test_a_chord_is_of_a_hinge_that_bends():
    """With both ends on one side the formula of the chord says something else, and is not used."""
    net, step = MLP.from_arrays([([[1]], None), ([[1]], None)]), "hinge 0 has no chord here"
    found = [lemmas({"hinge": 0, "lower": ["1", [LEFT]], "upper": ["2", [RIGHT]]}), CHORD]
    assert step in verdict("y <= 0", [found], "x >= 1, x <= 2", net, "3/2").reason
    found = [lemmas({"hinge": 0, "lower": ["-2", [LEFT]], "upper": ["-1", [RIGHT]]}), CHORD]
    assert step in verdict("y <= -1", [found], "x >= -2, x <= -1", net, "-3/2").reason
    found = [lemmas({"hinge": 0, "lower": ["-1", [LEFT]], "upper": ["0", [RIGHT]]}), CHORD]
    assert step in verdict("y <= -1", [found], "x >= -1, x <= 0", net, "-1/2").reason
    found = [lemmas({"hinge": 0, "lower": ["0", [LEFT]], "upper": ["2", [RIGHT]]}), CHORD]
    assert step in verdict("y <= 0", [found], "x >= 0, x <= 2", net, "1").reason


def test_hinges_have_one_element():
    relation, domain = "y <= 3", "0 <= x1, x1 <= 3, 0 <= x2, x2 <= 3"
    proof = prove(LARGEST, relation, domain).certificate["proof"]
    more = [*proof["atoms"], [{"v0": "1"}, {"v1": "1"}]]
    k = len(proof["atoms"])
    for trees in ([[{"hinge": k}]], [[lemmas({"hinge": k})]], leaf(["zero", k, "1"]), leaf(["line", k, "1"])):
        claim = read_claim(LARGEST, relation, domain)
        case = {**proof, "atoms": more, "bounding": trees}
        found = check_claim(claim, {"format": "relucirc-certificate-1", "proof": case})
        assert not found
        assert f"atom {k} is no hinge" in found.reason


def test_an_equality_that_holds_may_be_used_from_both_sides():
    domain = "x == 3"
    found = prove(RELU, "y == 3", domain)
    assert check(RELU, "y == 3", found.certificate, domain)
    net = MLP.from_arrays([([[1, 1]], None), ([[1]], None)])
    result = prove(net, "y == 1 or y == 2", "x1 + x2 == 1, 0 <= x1, x1 <= 1")
    assert check(net, "y == 1 or y == 2", result.certificate, "x1 + x2 == 1, 0 <= x1, x1 <= 1")


# Exact extrema.

BOX = "0 <= x1, x1 <= 1, 0 <= x2, x2 <= 2"
ENDS = bounds(LARGEST, BOX).certificate
APART = max_deviation(LARGEST, "x1", BOX).certificate
OTHER_ENDS: dict[str, tuple[dict, str]] = {
    "an upper bound that is too small": ({"upper": ["1"], "upper_at": [None]}, "does not contradict itself"),
    "a hair too small": ({"upper": [str(2 - TINY)], "upper_at": [None]}, "does not contradict itself"),
    "a lower bound that is too large": ({"lower": [str(TINY)], "lower_at": [None]}, "does not contradict itself"),
    "a bound that is not attained": ({"upper": ["3"]}, "a point does not attain its bound"),
    "a lower bound that is not attained": ({"lower": ["-1"]}, "a point does not attain its bound"),
    "a point outside": ({"upper": ["3"], "upper_at": [["3", "3"]]}, "a point is not in the domain"),
    "a point of another dimension": ({"upper_at": [["2"]]}, "a point has the wrong dimension"),
    "a point too long": ({"upper_at": [["0", "2", "0"]]}, "a point has the wrong dimension"),
    "too few bounds": ({"upper": [], "upper_at": []}, "expected one number in upper for each output"),
    "too many bounds": ({"upper": ["2", "2"], "upper_at": [None, None]}, "expected one number in upper"),
    "too few points": ({"upper_at": []}, "expected one number in upper"),
    "a bound less to prove": ({"lower": [None], "lower_at": [None]}, "2 trees for 1 violations"),
    "a number that is none": ({"upper": [2]}, "a number is not text"),
    "no proof": ({"proof": {}}, "a case has the fields"),
    "another field": ({"more": 1}, "bounds has the fields"),
}


@pytest.mark.parametrize("name", OTHER_ENDS)
def test_each_rule_of_bounds_is_needed(name):
    changed, why = OTHER_ENDS[name]
    assert check(LARGEST, None, ENDS, BOX)
    found = check(LARGEST, None, {**ENDS, **changed}, BOX)
    assert not found
    assert why in found.reason


def test_bounds_are_of_one_network_on_a_domain_with_points():
    family = MLP.from_arrays([([[sympy.Symbol("w", positive=True)]], None), ([[1]], None)])
    certificate = bounds(RELU, WIDE).certificate
    assert not check(family, None, certificate, WIDE)
    w = sympy.Symbol("w", positive=True)
    family = MLP.from_arrays([([[w]], None), ([[1 / w]], None)])  # RELU, whatever w is
    assert "a family of networks" in check(family, None, certificate, WIDE).reason
    assert "rejected" in str(check(RELU, None, certificate, "x >= 1, x <= 0"))


OTHER_GAPS: dict[str, tuple[dict, str]] = {
    "a hair less": ({"value": str(2 - TINY), "at": None}, "does not contradict itself"),
    "more than is attained": ({"value": "3"}, "the point does not attain the value"),
    "less than nothing": ({"value": "-2"}, "a deviation is not negative"),
    "a point outside": ({"at": ["0", "3"], "value": "3"}, "a point is not in the domain"),
    "a point of another dimension": ({"at": ["0"]}, "a point has the wrong dimension"),
    "a point that is none": ({"at": "0"}, "a point is not a list"),
    "no proof": ({"within": None}, "a certificate is not an object"),
    "another field": ({"more": 1}, "a certificate of a deviation has the fields"),
    "no number": ({"value": None}, "a number is not text"),
}


@pytest.mark.parametrize("name", OTHER_GAPS)
def test_each_rule_of_deviations_is_needed(name):
    changed, why = OTHER_GAPS[name]
    assert check(LARGEST, "x1", APART, BOX)
    found = check(LARGEST, "x1", {**APART, **changed}, BOX)
    assert not found
    assert why in found.reason


# Broken certificates, offered for what they prove and for what is false.

DEEP = [([[1, -1], [-1, 1], [2, 1]], [0, 1, -1]), ([[1, -2, 1], [-1, 1, 0]], [0, 1]), ([[1, 2]], [0])]
SQUARE = "-1 <= x1, x1 <= 1, -1 <= x2, x2 <= 1"
LARGER = "-1 <= x1, x1 <= 1 + 1/1024, -1 <= x2, x2 <= 1 + 1/1024"
MUTANTS = max(240, int(os.environ.get("RELUCIRC_CASES", "0")))
"""Broken certificates of each kind, besides the facts that have another name."""


def broken(certificate: Any, limit: int = MUTANTS) -> list:
    """Certificates that differ in one field, evenly spread, and all that say one fact by another name."""
    every = list(certificates.mutants(certificate))
    step = max(1, -(-len(every) // limit))
    return [mutant for _, _, mutant in every[::step]] + list(renamed(certificate))


def renamed(certificate: Any) -> Any:
    for path, part in list(certificates.walk(certificate)):
        if isinstance(part, list) and len(part) == 3 and part[0] in KINDS:
            for kind in KINDS:
                if kind != part[0]:
                    yield certificates.put(certificate, path, [kind, *part[1:]])
        if isinstance(part, dict) and {"lower", "upper"} <= part.keys() and "hinge" in part:
            yield certificates.put(certificate, path, {**part, "lower": part["upper"], "upper": part["lower"]})
            for name, sign in itertools.product(("lower", "upper"), (1, -1)):
                end = str(sympy.Rational(part[name][0]) + sign * TINY)
                yield certificates.put(certificate, path, {**part, name: [end, part[name][1]]})


def leaves_dropped(tree: list) -> Any:
    for i in range(len(tree)):
        yield tree[:i] + tree[i + 1 :]


def moved(layers: Any) -> list:
    (rows, biases), *rest = reversed(layers)
    return [*reversed(rest), (rows, [b + TINY for b in biases])]


NET, MOVED = MLP.from_arrays(DEEP), MLP.from_arrays(moved(DEEP))


def test_no_broken_certificate_of_a_tolerance_is_accepted_for_less():
    gap = max_deviation(NET, "x1", SQUARE).value
    proof = prove(NET, "x1", SQUARE, within=gap)
    assert proof.status == "proved"
    false = [
        (net, within, domain)
        for net, within, domain in (
            (NET, gap - TINY, SQUARE),
            (NET, gap, LARGER),
            (MOVED, gap, SQUARE),
            (NET, gap / 2, SQUARE),
        )
        if prove(net, "x1", domain, within=within).status == "refuted"
    ]
    assert len(false) >= 3
    claims = [read_claim(net, "x1", domain, within=within) for net, within, domain in false]
    for mutant in [proof.certificate, *broken(proof.certificate)]:
        for claim in claims:
            assert not check_claim(claim, mutant)


def test_every_node_of_a_proof_is_needed():
    gap = max_deviation(NET, "x1", SQUARE).value
    claim = read_claim(NET, "x1", SQUARE, within=gap)
    proof = prove(NET, "x1", SQUARE, within=gap).certificate
    trees = proof["proof"]["bounding"]
    assert check_claim(claim, json.loads(json.dumps(proof)))
    dropped = 0
    for i, tree in enumerate(trees):
        for shorter in leaves_dropped(tree):
            mutant = {**proof, "proof": {**proof["proof"], "bounding": [*trees[:i], shorter, *trees[i + 1 :]]}}
            lemma = len(shorter) == sum("lemmas" not in node for node in tree)
            assert lemma or not check_claim(claim, mutant)
            dropped += 1
    assert dropped > 5


def test_no_broken_certificate_of_bounds_is_accepted_for_others():
    for net, layers in ((NET, DEEP), (MOVED, moved(DEEP))):
        own = bounds(NET, SQUARE).certificate
        for domain in (SQUARE, LARGER):
            found = bounds(net, domain)
            for mutant in [own, *broken(own, MUTANTS // 3)]:
                if check(net, None, mutant, domain):
                    assert_bounds_hold(mutant, found, layers)


def assert_bounds_hold(certificate: dict, true: Any, layers: Any) -> None:
    """What an accepted certificate says is true, though it may say less than it could."""
    ends = (("upper", true.upper, 1), ("lower", true.lower, -1))
    for name, end, sign in ends:
        for said, at in zip(certificate[name], certificate[f"{name}_at"], strict=True):
            if said is not None:
                assert sign * (sympy.Rational(said) - end) >= 0
                assert at is None or plain.run(_plain(layers), tuple(map(Fraction, at))) == [Fraction(said)]


def _plain(layers: Any) -> plain.Layers:
    return [
        ([[Fraction(str(w)) for w in row] for row in rows], [Fraction(str(b)) for b in biases])
        for rows, biases in layers
    ]


def test_no_broken_certificate_of_a_deviation_is_accepted_for_another():
    own = max_deviation(NET, "x1", SQUARE).certificate
    for net, formula, domain in ((NET, "x1", SQUARE), (MOVED, "x1", SQUARE), (NET, "x1", LARGER), (NET, "x2", SQUARE)):
        true = max_deviation(net, formula, domain).value
        for mutant in [own, *broken(own, MUTANTS // 3)]:
            if check(net, formula, mutant, domain):
                assert sympy.Rational(mutant["value"]) >= true
                assert mutant["at"] is None or sympy.Rational(mutant["value"]) == true


@pytest.mark.parametrize("verb", ["within", "relation", "bounds", "deviation"])
def test_any_data_in_any_place_gets_a_verdict(verb):
    asked: dict[str, tuple[Any, Any, Any]] = {
        "within": ("x1", prove(NET, "x1", SQUARE, within=20).certificate, {"within": 20}),
        "relation": ("y <= 20", prove(NET, "y <= 20", SQUARE).certificate, {}),
        "bounds": (None, bounds(NET, SQUARE).certificate, {}),
        "deviation": ("x1", max_deviation(NET, "x1", SQUARE).certificate, {}),
    }
    formula, certificate, more = asked[verb]
    for path, _ in list(certificates.walk(certificate))[::7]:
        for junk in (None, 10**6000, float("nan"), "9" * 5000, [], {1: 2}, object()):
            mutant = certificates.put(certificate, path, junk)
            assert isinstance(check(NET, formula, mutant, SQUARE, **more), relucirc.Verdict)


def test_no_deviation_at_all_has_a_certificate():
    own = max_deviation(LARGEST, "Max(x1, x2)", BOX).certificate
    assert own["value"] == "0"
    assert check(LARGEST, "Max(x1, x2)", own, BOX)
    assert not check(LARGEST, "Min(x1, x2)", own, BOX)


# Rays.

HALF_PLANE = "x1 <= 1, x1 in integers"
GROWS = bounds(circuits.minimum(), HALF_PLANE).certificate
RAY = GROWS["lower_ray"][0]
OTHER_RAYS: dict[str, tuple[dict, str]] = {
    "the other way": ({"direction": ["2", "2"]}, "a ray leaves the domain"),
    "a direction that is none": ({"direction": ["0", "0"]}, "does not grow on its ray"),
    "along the domain's side": ({"point": ["0", "2"], "direction": ["0", "2"]}, "does not grow on its ray"),
    "a point outside": ({"point": ["2", "2"]}, "a ray leaves the domain"),
    "a point between integers": ({"point": ["-1/2", "-1"]}, "a ray leaves the integers"),
    "a direction between integers": ({"direction": ["-1/2", "-1"]}, "a ray leaves the integers"),
    "a bend": ({"point": ["-1", "-5"], "direction": ["-2", "-1"]}, "a gate bends on a ray"),
    "a bend the other way": ({"point": ["-5", "-1"], "direction": ["-1", "-2"]}, "a gate bends on a ray"),
    "too short": ({"point": ["-1"]}, "a ray has the wrong dimension"),
    "too long": ({"point": ["-1", "-1", "-1"], "direction": ["-1", "-1", "-1"]}, "a ray has the wrong dimension"),
    "no numbers": ({"point": [-1, -1]}, "a number is not text"),
    "another field": ({"more": 1}, "a ray has the fields"),
}


@pytest.mark.parametrize("name", OTHER_RAYS)
def test_each_rule_of_rays_is_needed(name):
    changed, why = OTHER_RAYS[name]
    assert check(circuits.minimum(), None, GROWS, HALF_PLANE)
    found = check(circuits.minimum(), None, {**GROWS, "lower_ray": [{**RAY, **changed}]}, HALF_PLANE)
    assert not found
    assert why in found.reason


def test_a_ray_says_that_one_end_is_infinite_and_no_more():
    net = circuits.minimum()
    for lie, why in (
        ({"upper_ray": [RAY], "lower_ray": [None]}, "has a bound and grows for ever"),
        ({"upper": [None], "upper_at": [None], "upper_ray": [RAY]}, "does not grow on its ray"),
        ({"lower_ray": []}, "one ray or null"),
        ({"lower_ray": RAY}, "rays is not a list"),
        ({"upper": [None], "upper_at": [None]}, "there is no bound to prove"),
        ({"upper": [None], "upper_at": [None], "lower_ray": [None], "proof": None}, ""),
    ):
        found = check(net, None, {**GROWS, **lie}, HALF_PLANE)
        assert why in found.reason
        assert bool(found) is (not why)  # of nothing nothing is claimed
    ended = {**{k: v for k, v in GROWS.items() if not k.endswith("_ray")}, "upper": [None], "upper_at": [None]}
    assert not check(net, None, {**ended, "proof": None}, HALF_PLANE)


def test_a_relation_that_begins_to_hold_along_a_ray_does_not_hold_on_it():
    strict, equal = "x1 > 0", "x1 == x2"
    for domain, point, direction, why in (
        (strict, ["0", "0"], ["1", "1"], "a ray leaves the domain"),
        (strict, ["1", "0"], ["-1", "1"], "a ray leaves the domain"),
        (equal, ["1", "1"], ["1", "2"], "a ray leaves the domain"),
        ("x1 >= 0", ["0", "0"], ["1", "1"], ""),
        (equal, ["1", "2"], ["1", "1"], "a ray leaves the domain"),
        (strict, ["1", "0"], ["1", "1"], ""),
        (equal, ["0", "0"], ["1", "1"], ""),
    ):
        ray = {"format": "relucirc-deviation-1", "ray": {"point": point, "direction": direction}}
        found = check(circuits.minimum(), "0", ray, domain)
        assert bool(found) is (not why)
        assert why in found.reason


def test_the_difference_has_to_grow_along_its_ray_and_guards_keep_their_signs():
    net, step = circuits.identity(), "Piecewise((x, x < 3), (0, True))"
    for formula, point, direction, why in (
        ("x", ["0"], ["1"], "no difference grows on the ray"),
        (step, ["4"], ["1"], ""),
        (step, ["3"], ["1"], "a sign changes on a ray"),
        (step, ["0"], ["1"], "a sign changes on a ray"),
        (step, ["0"], ["-1"], "no difference grows on the ray"),
        ("Max(0, x)", ["-1"], ["-1"], ""),
    ):
        ray = {"format": "relucirc-deviation-1", "ray": {"point": point, "direction": direction}}
        found = check(net, formula, ray)
        assert bool(found) is (not why)
        assert why in found.reason
    assert not check(net, "Max(0, x)", {"format": "relucirc-deviation-1", "ray": None})
    assert not check(net, "Max(0, x)", {"format": "relucirc-deviation-1", "ray": {}, "value": "1"})
