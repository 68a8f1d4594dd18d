"""Theorems within a tolerance and about relations."""

import random
import re

import pytest
import sympy
from certificates import mutants
from test_theorem import needs_rocq, statement, translated
from theorems import AXIOMS_OF_THE_REALS, HEADER, compiled, part_of, question, theory  # noqa: F401

import relucirc
from relucirc.checker.equality import check_claim
from relucirc.circuits import trained
from relucirc.proof.methods import boxes
from relucirc.proof.theorem import stating, theorem

LITTLE = sympy.Rational(1, 2**40)
UNIT = "0 <= x1 <= 1, 0 <= x2 <= 1"
TWO = relucirc.MLP.from_arrays(
    [([[1, 0], [0, 1], [1, -1]], [0, 0, "1/3"]), ([[1, 1, 0], [0, -1, 2]], None)], inputs=("a", "b")
)
CLAIMS = {
    "within": (relucirc.circuits.minimum(), "Min(x1, x2) + 1/20", UNIT, "1/10"),
    "not within": (relucirc.circuits.minimum(), "Min(x1, x2) + 1/10", UNIT, "1/20"),
    "two outputs": (
        TWO,
        ["Max(a, 0) + Max(b, 0) + 1/8", "2*Max(a - b, 0) - Max(b, 0)"],
        "a <= 1, -1 <= a, b < 2, -1 <= b",
        1,
    ),
    "relation": (relucirc.circuits.minimum(), "y <= x1 + 1/2, y < Max(x1, x2) + 1 or y > 1", UNIT, None),
    "unequal": (relucirc.circuits.minimum(), "y != x1 + 1", UNIT, None),
    "absolute": (relucirc.circuits.minimum(), "abs(y - x1) <= 1", UNIT, None),
    "order": (TWO, "y1 >= y2 - 9 or not y1 <= 4", "-1 <= a <= 1, -1 <= b < 2", None),
    "chain": (TWO, "y2 - 9 <= y1 < 4", "-1 <= a <= 1, -1 <= b < 2, a in integers", None),
    "equation": (TWO, "y1 + y2 == 2*Max(a - b + 1/3, 0) + Max(a, 0)", "b <= 1", None),
    "equations": (
        TWO,
        "2*y1 <= 2*Max(a, 0) + 2*Max(b, 0), y2 + Max(b, 0) == 2*Max(a - b + 1/3, 0), y1 >= Max(a, 0) + Max(b, 0)",
        None,
        None,
    ),
    "not above a sign": (relucirc.circuits.minimum(), "y > sign(x1)", UNIT, None),
    "not so": (relucirc.circuits.minimum(), "y < x1", "0 < x1 <= 1, x2 in integers", None),
}
"""A net, what is claimed of it, where, and within what; those called "not" are refuted."""


SHAPE = re.compile(
    r"is not an? (object|list)|has the fields|has no (kind|number)|steps for|trees for|an atom is not used"
)
"""What the Python checker rejects by its look: there are no such words in Rocq, or what nothing reads does no harm."""


def stated(name, **more):
    net, formula, domain, within = CLAIMS[name]
    return theorem(net, formula, domain, within=within, **more)


def test_a_tolerance_is_stated_for_every_output():
    assert statement(stated("two outputs").source, "reals") == (
        "forall a b : R,\n  a <= 1 ->\n  0 <= a + 1 ->\n  b < 2 ->\n  0 <= b + 1 ->\n"
        "  Forall2 (fun y f => Rabs (y - f) <= 1) (run reals network [a; b])\n"
        "    [Rmax 0 a + Rmax 0 b + (1 / 8); - Rmax 0 b + 2 * Rmax 0 (a - b)]."
    )


def test_a_relation_is_stated_in_the_words_of_the_numbers():
    source = stated("relation").source
    hypotheses = "  0 <= x1 ->\n  x1 <= 1 ->\n  0 <= x2 ->\n  x2 <= 1 ->\n"
    assert statement(source, "reals") == (
        f"forall x1 x2 : R,\n{hypotheses}  forall y : R, run reals network [x1; x2] = [y] ->\n"
        "  (y <= x1 + (1 / 2)) /\\ ((y < Rmax x1 x2 + 1) \\/ (1 < y))."
    )
    assert statement(source, "rationals") == (
        f"forall x1 x2 : Q,\n{hypotheses}  forall y : Q, Forall2 Qeq (run rationals network [x1; x2]) [y] ->\n"
        "  (y <= x1 + (1 # 2)) /\\ ((y < Qmax x1 x2 + 1) \\/ (1 < y))."
    )


def test_a_choice_that_is_compared_stands_in_parentheses():
    said = "if ltb reals 0 x1 then 1 else if eqb reals x1 0 then 0 else -1"
    source = theorem(relucirc.circuits.minimum(), "y >= sign(x1) - 5 or y < sign(x1)", UNIT).source
    assert f"(y < ({said}))" in statement(source, "reals").replace("\n", " ")


def test_a_false_relation_is_stated_with_the_outputs_of_the_point():
    found = re.sub(r"Q2R \S+%Q", "Q2R _", statement(stated("not so").source, "reals"))
    assert found == (
        "let x1 := Q2R _ in\n  let x2 := Q2R _ in\n  let y := Q2R _ in\n  x1 <= 1 /\\\n  0 < x1 /\\\n"
        "  (exists z : Z, x2 = IZR z) /\\\n  run reals network [x1; x2] = [y] /\\\n  ~ (y < x1)."
    )


def test_an_input_called_as_a_bound_variable_is_not_caught_by_it():
    net = relucirc.MLP.from_arrays([([[1, 1]], None)], inputs=("z", "k"))
    source = theorem(net, "z + k", "z in integers, k in integers").source
    assert "(exists k : Z, z = IZR k) ->\n  (exists z : Z, k = IZR z) ->" in source


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_claims_are_accepted(name, theory):  # noqa: F811
    found = stated(name, standalone=False)
    assert found.status == ("refuted" if "not" in name.split() else "proved"), found
    checked = compiled(found.source, theory)
    assert checked, checked
    assert [set(axioms) for axioms in checked.assumptions] == [AXIOMS_OF_THE_REALS, set()]


def drawn():
    """A network of three inputs, three hidden layers and two outputs."""
    draw, layers, below = random.Random(1), [], 3
    for width in (6, 6, 6, 2):
        weights = [[f"{draw.randint(-16, 16)}/8" for _ in range(below)] for _ in range(width)]
        layers.append((weights, [f"{draw.randint(-8, 8)}/8" for _ in range(width)]))
        below = width
    return relucirc.MLP.from_arrays(layers)


def on_boxes(monkeypatch, net, formula, domain, within=None):
    """A theorem whose evidence is a tree of boxes, for a network that is small enough for linear programs."""
    monkeypatch.setattr(boxes, "HINGES", 1)
    found = theorem(net, formula, domain, within=within, standalone=False)
    assert "ending := Boxed" in found.source
    return found


@needs_rocq
@pytest.mark.slow
def test_bounds_on_boxes_are_accepted(monkeypatch, theory):  # noqa: F811
    net, where = drawn(), "-1 <= x1 <= 1, x2 == 1/4, -1/2 <= x3 <= 1"
    highest = relucirc.bounds(net, where).upper[0]
    text = HEADER
    for formula, within in (
        (f"y1 <= {highest + 12} or y2 > 1000", None),
        (f"y1 < {highest + 10}, y1 + abs(y2 - x1) < 1000", None),
        (["0", "2*Max(x1, x2)"], 200),
    ):
        found = on_boxes(monkeypatch, net, formula, where, within)
        text += question(found.source, "true")
        evidence = part_of(found.source, "evidence")
        text += question(
            found.source,
            "false",
            evidence=re.sub(r"cover := .*?\|\}", "cover := Settled |}", evidence, flags=re.DOTALL),
        )
    assert "Half" in text
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_the_trained_networks_have_their_exact_deviations(theory):  # noqa: F811
    """They are within them of their formulas, and not within any 2^-40 less; snapped, they are equal."""
    text = HEADER
    for i, given in enumerate(trained().values()):
        deviation = relucirc.max_deviation(given.network, given.formula, relucirc.Box(-1, 1)).value
        found = theorem(given.network, given.formula, relucirc.Box(-1, 1), within=deviation, standalone=False)
        text += question(found.source, "true")
        less = theorem(given.network, given.formula, relucirc.Box(-1, 1), within=deviation - LITTLE, standalone=False)
        assert less.status == "refuted"
        data = less.source[less.source.index("Import List") : less.source.index("Section Reals.")]
        text += f"Module Less{i}.\n{data}End Less{i}.\n"
        text += question(theorem(relucirc.snap(given.network).network, given.formula, standalone=False).source, "true")
    assert text.count("Within") == 12
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_what_is_too_much_to_claim_is_refused(theory):  # noqa: F811
    """The same evidence for a smaller tolerance, and a condition turned around."""
    text = HEADER + f"Definition less (q : Q) : tolerance := Fraction (q - (1 # {2**40})).\n"
    for given in trained().values():
        deviation = relucirc.max_deviation(given.network, given.formula, relucirc.Box(-1, 1)).value
        source = theorem(given.network, given.formula, relucirc.Box(-1, 1), within=deviation, standalone=False).source
        text += question(source.replace("Within (Fraction", "Within (less"), "false")
    source = stated("relation", standalone=False).source
    text += question(source, "false", requirement=part_of(source, "requirement").replace("Rat (1 # 2)", "Rat (-1 # 2)"))
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_broken_trees_of_bounding_are_refused(theory):  # noqa: F811
    text, draw = HEADER, random.Random(0)
    for name in ("within", "two outputs", "relation", "absolute", "order"):
        net, formula, domain, within = CLAIMS[name]
        found = stated(name, standalone=False)
        written = stating.File.read(net, formula, domain, within)
        whole = part_of(found.source, "evidence")
        broken = {}
        for what, path, certificate in mutants(found.certificate):
            if path[:1] != ("proof",) or "interior" in path:
                continue
            evidence = translated(written, certificate["proof"])
            if evidence in (None, whole):
                continue
            verdict = check_claim(written.claim, certificate)
            if not verdict.accepted and not SHAPE.search(verdict.reason):
                broken.setdefault(evidence, what)
        for evidence in draw.sample(sorted(broken), min(40, len(broken))):
            text += question(found.source, "false", evidence=evidence)
    assert text.count("= false") >= 100
    checked = compiled(text, theory)
    assert checked, checked
